/* A gateway that lies about a connection to get evidence for another one: it gets what the client refuses. By
 * itself the worker has no TEE, so that there is no evidence; `tpm2/attest` runs this with a software TPM. */
#include "hostile-gateway/hostile.h"

#include "core/attest/channel.h"
#include "core/frames/attest.h"
#include "core/wire/msg_attestation.h"
#include "io/proc/clock.h"

static struct hostile h;
static const char *worker;
static struct ak_channel_verdict verdict;
static struct ak_attest_policy policy;

#define BIT(check) (UINT32_C(1) << AK_CHANNEL_CHECK_##check)

static int make(void **state)
{
    (void)state;
    hostile_init(&h, worker);
    hostile_start(&h, true);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    hostile_stop(&h);
    hostile_done(&h);
    return 0;
}

/* What the client sees of its connection. */
static struct ak_channel_binding client_view(void)
{
    struct ak_channel_binding view = {.role = AK_CHANNEL_WORKER_TO_CLIENT};
    memset(view.nonce, 0x01, sizeof view.nonce);
    memset(view.client, 0x03, sizeof view.client);
    memset(view.exporter, 0x04, sizeof view.exporter);
    memcpy(view.worker, h.worker_key, sizeof view.worker);
    return view;
}

/* The evidence for what this gateway says; its bytes live until the next answer. */
static enum ak_code ask(const struct ak_channel_binding *told, struct ak_span *out_evidence)
{
    struct ak_frame_attest attest = {.slot = ++h.slot, .slot_use = ++h.use};
    struct ak_buf frame = AK_BUF_ARR(h.frame);
    struct ak_frame_reply reply;
    struct ak_msg_attestation_reply body;
    memcpy(attest.nonce, told->nonce, 32);
    memcpy(attest.client, told->client, 32);
    memcpy(attest.exporter, told->exporter, 32);
    assert_int_equal(ak_frame_attest_encode(&attest, &frame), AK_OK);
    hostile_send(&h, ak_buf_span(&frame));
    hostile_reply(&h, &reply);
    assert_int_equal(reply.slot, h.slot);
    assert_int_equal(reply.call, AK_CALL_ATTESTATION);
    *out_evidence = AK_SPAN_EMPTY;
    if (reply.code != AK_CODE_OK) return (enum ak_code)reply.code;
    assert_int_equal(ak_msg_decode(&ak_attestation_reply_msg, reply.body, &body, NULL), AK_OK);
    *out_evidence = body.evidence;
    return AK_CODE_OK;
}

/* Learnt at a first meeting; from then on it stays. */
static void enrol(struct ak_span evidence)
{
    uint8_t text[4096];
    struct ak_attest_policy_fault fault;
    struct ak_buf json = AK_BUF_ARR(text);
    assert_int_equal(ak_channel_learn(evidence, &json), AK_OK);
    assert_int_equal(ak_attest_policy_parse(ak_buf_span(&json), &policy, &fault), AK_OK);
}

static void expect(struct ak_span evidence, const struct ak_channel_binding *view, uint32_t failed)
{
    const struct ak_channel_ask question = {
        .message = evidence, .binding = *view, .policy = &policy, .at_s = ak_clock_wall_ms() / 1000};
    assert_int_equal(ak_channel_verify(&question, &verdict), AK_OK);
    assert_int_equal(verdict.failed, failed);
    assert_int_equal(verdict.accepted, failed == 0);
}

static void lies_about_a_connection(void **state)
{
    (void)state;
    const struct ak_channel_binding view = client_view();
    struct ak_channel_binding told = view, seen = view;
    struct ak_span evidence;
    if (!getenv("AGENTKEYS_TEE_TCTI")) {
        assert_int_equal(ask(&told, &evidence), AK_CODE_NO_EVIDENCE);
        return;
    }
    assert_int_equal(ask(&told, &evidence), AK_CODE_OK);
    enrol(evidence);
    expect(evidence, &view, 0);
    seen.worker[0] ^= 1; /* the gateway ends TLS with a key of its own: the keeper names the right one */
    expect(evidence, &seen, BIT(BINDING));
    seen = view;
    seen.nonce[0] ^= 1; /* what it kept from before */
    expect(evidence, &seen, BIT(BINDING));
    told.exporter[0] ^= 1; /* the exporter of its own connection */
    assert_int_equal(ask(&told, &evidence), AK_CODE_OK);
    expect(evidence, &view, BIT(BINDING));
    told = view;
    memset(told.client, 0, sizeof told.client); /* the client's key is swapped or left out */
    assert_int_equal(ask(&told, &evidence), AK_CODE_OK);
    expect(evidence, &view, BIT(BINDING));
}

/* The handshake key signs for the gateway wherever it is used, here for a connection that ends with a thief.
 * The thief has no keeper to ask for evidence of that connection; the evidence that it can relay is of its
 * own connection to the worker. */
static void has_a_handshake_signed_for_a_thief(void **state)
{
    (void)state;
    uint8_t memory[256], content[130];
    struct ak_buf frame = AK_BUF_ARR(memory);
    struct ak_span answer, evidence;
    struct ak_frame_tls_signed done;
    unsigned type = 0;
    memset(content, ' ', 64);
    memcpy(content + 64, "TLS 1.3, server CertificateVerify", 34);
    memset(content + 98, 0x5a, 32); /* the transcript of the thief's handshake with the client */
    const struct ak_frame_tls_sign sign = {.content = AK_SPAN_ARR(content)};
    assert_int_equal(ak_frame_tls_sign_encode(&sign, &frame), AK_OK);
    assert_int_equal(ak_channel_send(&h.tls, ak_buf_span(&frame)), AK_OK);
    assert_int_equal(ak_channel_drain(&h.tls, HOSTILE_WAIT_MS), AK_OK);
    assert_int_equal(ak_channel_wait(&h.tls, HOSTILE_WAIT_MS, &answer), AK_OK);
    struct ak_reader reader = ak_reader(answer);
    assert_int_equal(ak_frame_read_head(&reader, &type), AK_OK);
    assert_int_equal(ak_frame_tls_signed_decode(&reader, &done), AK_OK);
    assert_true(done.ok); /* the client sees the worker's key */
    if (!getenv("AGENTKEYS_TEE_TCTI")) return;
    struct ak_channel_binding with_thief = client_view(), of_thief = client_view();
    memset(of_thief.exporter, 0x66, sizeof of_thief.exporter);
    assert_int_equal(ask(&of_thief, &evidence), AK_CODE_OK);
    expect(evidence, &of_thief, 0);
    expect(evidence, &with_thief, BIT(BINDING));
}

/* More questions than wait in one report: the rest is told to come again, and all are answered. */
static void asks_without_end(void **state)
{
    (void)state;
    enum { QUESTIONS = AK_CHANNEL_TREE_MAX + 200 };
    struct ak_frame_attest attest = {.slot = 1};
    struct ak_frame_reply reply;
    size_t good = 0;
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        struct ak_buf frame = AK_BUF_ARR(h.frame);
        attest.slot_use = i;
        assert_int_equal(ak_frame_attest_encode(&attest, &frame), AK_OK);
        hostile_send(&h, ak_buf_span(&frame));
    }
    for (uint32_t i = 0; i < QUESTIONS; i++) {
        hostile_reply(&h, &reply);
        good += reply.code == AK_CODE_OK;
        assert_true(
            reply.code == AK_CODE_OK || reply.code == AK_CODE_NOT_READY || reply.code == AK_CODE_NO_EVIDENCE);
    }
    if (getenv("AGENTKEYS_TEE_TCTI")) assert_true(good >= AK_CHANNEL_TREE_MAX);
    assert_true(hostile_alive(&h));
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lies_about_a_connection),
        cmocka_unit_test(has_a_handshake_signed_for_a_thief),
        cmocka_unit_test(asks_without_end),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
