/* A gateway that says what is not so: of connections, transports, who asked and what. What it may do while it
 * is broken is use the tokens and proofs that pass through it for what they are; everything else is refused
 * (I8, I9, I10, I15, I20). */
#include "hostile-gateway/people.h"

#include <poll.h>

#include "core/wire/msg_account.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_devices.h"
#include "core/wire/msg_pair.h"
#include "core/wire/msg_sign.h"
#include "core/wire/msg_token.h"

static struct hostile h;
static const char *worker;
static struct hostile_device alice, agent, mallory;
static uint8_t alice_omni[32], alice_anchor[32], mallory_omni[32];
static uint64_t next_conn = 1;

static int make(void **state)
{
    struct ak_msg_session_reply reply;
    (void)state;
    hostile_init(&h, worker);
    hostile_start(&h, true);
    hostile_device_make(&alice, 1);
    hostile_device_make(&agent, 2);
    hostile_device_make(&mallory, 3);
    hostile_sign_in(&h, &alice, "email:alice@demo.example", &reply);
    memcpy(alice_omni, reply.omni_account, 32);
    memcpy(alice_anchor, reply.anchor, 32);
    hostile_sign_in(&h, &mallory, "email:mallory@demo.example", &reply);
    memcpy(mallory_omni, reply.omni_account, 32);
    hostile_pair_agent(&h, &alice, alice_anchor, &agent);
    return 0;
}

static int drop(void **state)
{
    (void)state;
    hostile_stop(&h);
    hostile_done(&h);
    return 0;
}

static struct ak_msg_sign_request sign_request(const uint8_t omni[32])
{
    struct ak_msg_sign_request request = {
        .present = 7, .message = AK_SPAN_LIT("hello"), .path = AK_SPAN_LIT("/agent-1")};
    memcpy(request.omni_account, omni, 32);
    return request;
}

/* A call with a fresh proof on a connection of its own, proved by it. */
static struct hostile_call proved_sign(const struct ak_msg_sign_request *request, uint64_t conn)
{
    struct hostile_call call = {
        .id = AK_CALL_SIGN_MESSAGE, .request = request, .device = &agent, .token = agent.token, .conn = conn};
    struct ak_msg_sign_reply reply;
    hostile_must(&h, &call, &reply);
    call.device = NULL;
    return call;
}

static void a_token_alone_is_not_enough(void **state)
{
    (void)state;
    const struct ak_msg_sign_request request = sign_request(alice_omni);
    for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_PLAIN; transport++) {
        const struct hostile_call call = {.id = AK_CALL_SIGN_MESSAGE,
            .request = &request,
            .token = agent.token,
            .conn = next_conn++,
            .transport = transport};
        hostile_expect(&h, &call, AK_CODE_PROOF_REQUIRED);
    }
}

/* A connection is proved for one device; another's token gains nothing by being put on it. */
static void a_proved_connection_serves_one_device(void **state)
{
    (void)state;
    const struct ak_msg_sign_request request = sign_request(alice_omni);
    uint64_t conn = next_conn++;
    struct hostile_call call = proved_sign(&request, conn);
    hostile_expect(&h, &call, AK_CODE_OK);
    const struct ak_msg_account_request none = {0};
    const struct hostile_call others[] = {
        {.id = AK_CALL_ACCOUNT, .request = &none, .token = alice.token, .conn = conn},
        {.id = AK_CALL_ACCOUNT, .request = &none, .token = mallory.token, .conn = conn},
    };
    for (size_t i = 0; i < AK_COUNT(others); i++) hostile_expect(&h, &others[i], AK_CODE_PROOF_REQUIRED);
    hostile_expect(&h, &call, AK_CODE_OK);
}

static void connections_it_mixes_up(void **state)
{
    (void)state;
    const struct ak_msg_sign_request request = sign_request(alice_omni);
    uint64_t conn = next_conn++;
    struct hostile_call call = proved_sign(&request, conn);
    call.transport = AK_TRANSPORT_PLAIN; /* somebody else's proxy: each request proves itself */
    hostile_expect(&h, &call, AK_CODE_PROOF_REQUIRED);
    call.transport = AK_TRANSPORT_LOOPBACK;
    call.conn = conn + 8192; /* the same place in a table of that size */
    hostile_expect(&h, &call, AK_CODE_PROOF_REQUIRED);
    call.conn = conn;
    hostile_expect(&h, &call, AK_CODE_OK);
    uint8_t memory[16];
    struct ak_buf buf = AK_BUF_ARR(memory);
    const struct ak_frame_closed closed = {.conn = conn};
    assert_int_equal(ak_frame_closed_encode(&closed, &buf), AK_OK);
    hostile_send(&h, ak_buf_span(&buf));
    hostile_expect(&h, &call, AK_CODE_PROOF_REQUIRED); /* closed: its number proves nothing any more */
}

static void a_proof_works_once(void **state)
{
    (void)state;
    uint8_t memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(memory);
    const struct ak_msg_sign_request request = sign_request(alice_omni);
    struct hostile_call call = {.id = AK_CALL_SIGN_MESSAGE,
        .request = &request,
        .device = &agent,
        .token = agent.token,
        .conn = next_conn++};
    hostile_proof(&h, &call, &proof);
    call.proof = ak_buf_span(&proof);
    hostile_expect(&h, &call, AK_CODE_OK);
    call.conn = next_conn++;
    hostile_expect(&h, &call, AK_CODE_PROOF_REPLAYED);
    call.transport = AK_TRANSPORT_PLAIN;
    hostile_expect(&h, &call, AK_CODE_PROOF_REPLAYED);
    call.token = alice.token; /* the proof names its token too */
    hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE);
}

/* What a person approved is what happens: each field altered on the way makes the proof worthless. */
static void changes_what_was_approved(void **state)
{
    (void)state;
    const struct ak_msg_agent_policy_request approved = {.present = 0x0f,
        .label = AK_SPAN_LIT("agent-1"),
        .scope = AK_SPAN_LIT("cap:sign-message"),
        .rate = 1000,
        .valid_until_at = 4000000000};
    struct ak_msg_agent_policy_request altered[5];
    for (size_t i = 0; i < AK_COUNT(altered); i++) altered[i] = approved;
    altered[0].scope = AK_SPAN_LIT("cap:sign-message,cap:sign-siwe");
    altered[1].rate = 1001;
    altered[2].valid_until_at = 0;
    altered[3].present = 0x07;
    altered[4].label = AK_SPAN_LIT("agent-2");
    for (size_t i = 0; i < AK_COUNT(altered); i++) {
        const struct hostile_call call = {.id = AK_CALL_AGENT_POLICY,
            .request = &altered[i],
            .approved = &approved,
            .device = &alice,
            .token = alice.token};
        hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE);
    }
    struct ak_msg_agent_change_reply reply;
    const struct hostile_call call = {
        .id = AK_CALL_AGENT_POLICY, .request = &approved, .device = &alice, .token = alice.token};
    hostile_must(&h, &call, &reply);
}

/* A proof for one call sent along with another. */
static void turns_a_call_into_another(void **state)
{
    (void)state;
    const struct ak_msg_agent_change_request change = {.present = 1, .label = AK_SPAN_LIT("agent-1")};
    static const unsigned others[] = {AK_CALL_AGENT_DECOMMISSION, AK_CALL_AGENT_ROTATE, AK_CALL_AGENT_RESUME};
    for (size_t i = 0; i < AK_COUNT(others); i++) {
        uint8_t memory[AK_LIMIT_PROOF];
        struct ak_buf proof = AK_BUF_ARR(memory);
        struct hostile_call call = {
            .id = AK_CALL_AGENT_SUSPEND, .request = &change, .device = &alice, .token = alice.token};
        hostile_proof(&h, &call, &proof);
        call.id = others[i];
        call.proof = ak_buf_span(&proof);
        hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE);
    }
    const struct ak_msg_account_request none = {0};
    uint8_t memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(memory);
    struct hostile_call use = {
        .id = AK_CALL_ACCOUNT, .request = &none, .device = &alice, .token = alice.token};
    hostile_proof(&h, &use, &proof);
    const struct hostile_call suspend = {.id = AK_CALL_AGENT_SUSPEND,
        .request = &change,
        .token = alice.token,
        .device = &alice,
        .proof = ak_buf_span(&proof)};
    hostile_expect(&h, &suspend, AK_CODE_BAD_SIGNATURE);
}

/* A connection proved by a use is no proof for a change. */
static void changes_on_a_proved_connection(void **state)
{
    (void)state;
    const struct ak_msg_account_request none = {0};
    const struct ak_msg_agent_change_request change = {.present = 1, .label = AK_SPAN_LIT("agent-1")};
    struct ak_msg_account_reply reply;
    uint64_t conn = next_conn++;
    const struct hostile_call use = {
        .id = AK_CALL_ACCOUNT, .request = &none, .device = &alice, .token = alice.token, .conn = conn};
    const struct hostile_call suspend = {
        .id = AK_CALL_AGENT_SUSPEND, .request = &change, .token = alice.token, .conn = conn};
    hostile_must(&h, &use, &reply);
    hostile_expect(&h, &suspend, AK_CODE_PROOF_REQUIRED);
}

/* Whatever stands in the request, a token reaches its own account only. */
static void puts_another_account_into_a_call(void **state)
{
    (void)state;
    const struct ak_msg_sign_request request = sign_request(alice_omni);
    struct ak_msg_sign_request own = sign_request(mallory_omni);
    struct ak_msg_token_request token = {.label = AK_SPAN_LIT("agent-1")};
    memcpy(token.account, alice_anchor, 32);
    const struct hostile_call crossed = {
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &mallory, .token = mallory.token};
    const struct hostile_call unknown = {
        .id = AK_CALL_SIGN_MESSAGE, .request = &own, .device = &mallory, .token = mallory.token};
    const struct hostile_call other_device = {.id = AK_CALL_TOKEN, .request = &token, .device = &mallory};
    const struct hostile_call stolen = {
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &mallory, .token = agent.token};
    hostile_expect(&h, &crossed, AK_CODE_ACCOUNT_MISMATCH);
    assert_true(hostile_ask(&h, &unknown, NULL) != AK_CODE_OK);
    assert_true(hostile_ask(&h, &other_device, NULL) != AK_CODE_OK);
    hostile_expect(&h, &stolen, AK_CODE_BAD_SIGNATURE);
}

/* It can say that anybody is the operator. That opens no account that has a device. */
static void claims_to_be_the_operator(void **state)
{
    (void)state;
    struct ak_msg_local_session_request request = {.identity = AK_SPAN_LIT("email:alice@demo.example")};
    struct hostile_call call = {.id = AK_CALL_LOCAL_SESSION,
        .request = &request,
        .device = &mallory,
        .transport = AK_TRANSPORT_OPERATOR};
    hostile_expect(&h, &call, AK_CODE_DEVICE_NOT_ENROLLED);
    call.device = &alice;
    for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_PLAIN; transport++) {
        if (transport == AK_TRANSPORT_OPERATOR) continue;
        call.transport = transport;
        assert_true(hostile_ask(&h, &call, NULL) != AK_CODE_OK);
    }
}

/* An agent's token opens nothing that is a person's. */
static void lets_an_agent_act_as_its_owner(void **state)
{
    (void)state;
    const struct ak_msg_account_request none = {0};
    const struct ak_msg_agent_change_request change = {.present = 1, .label = AK_SPAN_LIT("agent-1")};
    const struct hostile_call calls[] = {
        {.id = AK_CALL_ACCOUNT, .request = &none, .device = &agent, .token = agent.token},
        {.id = AK_CALL_AGENT_RESUME, .request = &change, .device = &agent, .token = agent.token},
        {.id = AK_CALL_AGENT_ROTATE, .request = &change, .device = &agent, .token = agent.token},
        {.id = AK_CALL_LOGOUT, .request = &none, .device = &agent, .token = agent.token},
    };
    for (size_t i = 0; i < AK_COUNT(calls); i++) {
        enum ak_code code = hostile_ask(&h, &calls[i], NULL);
        if (code != AK_CODE_DENIED && code != AK_CODE_INVALID_TOKEN)
            fail_msg("%s: %s", ak_call_get(calls[i].id)->name, ak_code_name(code));
    }
}

/* A body that is not the call's: refused, for every call, and the keeper lives. */
static void sends_bodies_of_its_own(void **state)
{
    (void)state;
    static const struct ak_span bodies[] = {{(const uint8_t *)"", 0}, {(const uint8_t *)"\0", 1},
        {(const uint8_t *)"\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1\1", 16}, {(const uint8_t *)"\377\377\377\377", 4},
        {(const uint8_t *)"\2", 1}};
    for (unsigned id = 0; id < AK_CALL_COUNT; id++)
        for (size_t i = 0; i < AK_COUNT(bodies); i++) {
            uint64_t message[96];
            const struct hostile_call call = {
                .id = id, .raw_body = bodies[i], .device = &alice, .token = alice.token};
            if (ak_msg_decode(ak_call_get(id)->request, bodies[i], message, NULL) == AK_OK) continue;
            if (ak_call_get(id)->request->count == 0) continue; /* a frame that is none: test_frames.c */
            enum ak_code code = hostile_ask(&h, &call, NULL);
            if (code == AK_CODE_OK || code == AK_CODE_INTERNAL)
                fail_msg("%s: %s", ak_call_get(id)->name, ak_code_name(code));
        }
    assert_true(hostile_alive(&h));
}

/* Tokens and proofs altered on the way, a byte at a time: never taken, never harmful. */
static void alters_tokens_and_proofs(void **state)
{
    (void)state;
    const struct ak_msg_sign_request request = sign_request(alice_omni);
    static char token[HOSTILE_TOKEN_MAX];
    size_t len = strlen(agent.token);
    for (size_t i = 0; i < len; i += 3) {
        struct hostile_call call = {.id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &agent};
        memcpy(token, agent.token, len + 1);
        token[i] = token[i] == 'A' ? 'B' : 'A';
        if (strcmp(token, agent.token) == 0) continue;
        call.token = token;
        if (hostile_ask(&h, &call, NULL) == AK_CODE_OK) fail_msg("token byte %zu", i);
    }
    uint8_t memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(memory);
    struct hostile_call call = {
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &agent, .token = agent.token};
    hostile_proof(&h, &call, &proof);
    for (size_t i = 0; i < proof.len; i += 3) {
        uint8_t was = memory[i];
        memory[i] = was == 'A' ? 'B' : 'A';
        call.proof = ak_buf_span(&proof);
        call.conn = next_conn++;
        if (hostile_ask(&h, &call, NULL) == AK_CODE_OK) fail_msg("proof byte %zu", i);
        memory[i] = was;
    }
}

/* What the keeper gave in one run proves nothing in the next: the nonce's key is new. */
static void keeps_proofs_over_a_restart(void **state)
{
    (void)state;
    uint8_t memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(memory);
    const struct ak_msg_sign_request request = sign_request(alice_omni);
    struct hostile_call call = {
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &agent, .token = agent.token};
    hostile_proof(&h, &call, &proof);
    hostile_stop(&h);
    hostile_start(&h, true);
    call.proof = ak_buf_span(&proof);
    hostile_expect(&h, &call, AK_CODE_USE_DPOP_NONCE);
    call.proof = AK_SPAN_EMPTY;
    hostile_expect(&h, &call, AK_CODE_OK);
}

/* It ends whenever it likes, with answers unread or still to be written: the keeper seals all and says that
 * its stop was clean. */
static void ends_before_it_has_read_all(void **state)
{
    (void)state;
    const struct ak_msg_sign_request request = sign_request(alice_omni);
    const struct hostile_call call = proved_sign(&request, next_conn++);
    for (unsigned round = 0; round < 12; round++) {
        for (unsigned i = 0; i < 1 + round; i++) hostile_tell(&h, &call);
        struct pollfd pfd = {h.channel.fd, POLLIN, 0};
        if (round % 2 == 0) assert_int_equal(poll(&pfd, 1, HOSTILE_WAIT_MS), 1);
        ak_channel_done(round % 4 < 2 ? &h.channel : &h.tls);
        ak_channel_done(&h.channel);
        assert_true(hostile_ended(&h));
        assert_int_equal(h.exit_status, 0);
        hostile_start(&h, true);
        (void)proved_sign(&request, call.conn);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_token_alone_is_not_enough),
        cmocka_unit_test(a_proved_connection_serves_one_device),
        cmocka_unit_test(connections_it_mixes_up),
        cmocka_unit_test(a_proof_works_once),
        cmocka_unit_test(changes_what_was_approved),
        cmocka_unit_test(turns_a_call_into_another),
        cmocka_unit_test(changes_on_a_proved_connection),
        cmocka_unit_test(puts_another_account_into_a_call),
        cmocka_unit_test(claims_to_be_the_operator),
        cmocka_unit_test(lets_an_agent_act_as_its_owner),
        cmocka_unit_test(sends_bodies_of_its_own),
        cmocka_unit_test(alters_tokens_and_proofs),
        cmocka_unit_test(keeps_proofs_over_a_restart),
        cmocka_unit_test(ends_before_it_has_read_all),
    };
    return cmocka_run_group_tests(tests, make, drop);
}
