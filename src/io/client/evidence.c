/* The first question on each connection: evidence, held to what this end sees and to what was enrolled. */
#include "io/client/evidence.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec/hex.h"
#include "core/wire/msg_attestation.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"

enum ak_err ak_client_demand(struct ak_client *client, struct ak_client_evidence *evidence)
{
    free(client->evidence);
    client->evidence = evidence;
    if (!client->target.tls) return AK_E_ARG;
    return ak_guard_open(&client->fetch.guard, client->fetch.curl, client->device);
}

struct ak_client_evidence *ak_client_demand_copy(const struct ak_client *client)
{
    struct ak_client_evidence *copy = client->evidence ? malloc(sizeof *copy) : NULL;
    if (!copy) return NULL;
    *copy = *client->evidence;
    memset(&copy->verdict, 0, sizeof copy->verdict);
    copy->message_len = copy->learnt_len = 0;
    return copy;
}

/* ---- asking ---- */

static enum ak_err put_path(const struct ak_client *client, const uint8_t nonce[32], struct ak_buf *path)
{
    ak_buf_put_str(path, client->target.prefix);
    ak_buf_put_str(path, "/attestation?nonce=");
    ak_hex_encode(path, ak_span(nonce, 32));
    return ak_buf_terminate(path);
}

static enum ak_err no_answer(
    const struct ak_client *client, enum ak_err err, struct ak_client_error *out_error)
{
    const char *reason = client->fetch.reason;
    ak_client_error_set(
        out_error, err == AK_E_AUTH ? "not_the_worker" : "unreachable", reason[0] ? reason : "no answer");
    return err == AK_E_AUTH ? AK_E_AUTH : AK_E_IO;
}

/* The message of a good answer, into the evidence's memory. */
static enum ak_err take_answer(
    struct ak_client *client, const struct ak_fetch_answer *answer, struct ak_client_error *out_error)
{
    struct ak_client_evidence *evidence = client->evidence;
    struct ak_buf decoded = ak_buf(client->decoded, AK_FETCH_BODY_MAX);
    const struct ak_msg_input input = {.json = answer->body};
    struct ak_msg_attestation_reply reply;
    struct ak_msg_fault fault;
    if (answer->status >= 300) {
        ak_client_error_read(answer->status, answer->body, out_error);
        return AK_E_MEANING;
    }
    ak_client_error_set(out_error, "bad_answer", "the answer is no evidence");
    AK_TRY(
        ak_msg_from_json(&ak_attestation_reply_msg, &input, &decoded, &fault) == AK_OK ? AK_OK : AK_E_FORMAT);
    AK_TRY(ak_msg_decode(&ak_attestation_reply_msg, ak_buf_span(&decoded), &reply, NULL) == AK_OK
               ? AK_OK
               : AK_E_FORMAT);
    memcpy(evidence->message, reply.evidence.ptr, reply.evidence.len);
    evidence->message_len = reply.evidence.len;
    memset(out_error, 0, sizeof *out_error);
    return AK_OK;
}

static enum ak_err fetch(struct ak_client *client, struct ak_client_error *out_error)
{
    uint8_t nonce[32];
    char text[128];
    struct ak_buf path = AK_BUF_ARR(text);
    struct ak_fetch_answer answer;
    ak_random_bytes(nonce, sizeof nonce);
    AK_TRY(put_path(client, nonce, &path));
    const struct ak_fetch_ask ask = {.method = "GET", .path = text};
    ak_guard_ask(&client->fetch.guard, nonce);
    enum ak_err err = ak_fetch_do(&client->fetch, &ask, &answer);
    ak_guard_settle(&client->fetch.guard, false, 0);
    if (err || answer.new_connection) ak_client_forget_proof(client);
    if (err) return no_answer(client, err, out_error);
    return take_answer(client, &answer, out_error);
}

/* ---- judging ---- */

static enum ak_err learn(struct ak_client_evidence *evidence)
{
    struct ak_attest_policy_fault fault;
    struct ak_buf json = AK_BUF_ARR(evidence->learnt);
    AK_TRY(ak_channel_learn(ak_span(evidence->message, evidence->message_len), &json));
    evidence->learnt_len = json.len;
    return ak_attest_policy_parse(ak_buf_span(&json), &evidence->policy, &fault);
}

/* "the worker's evidence is refused: binding: …" for the first check that failed. */
static void explain(const struct ak_client_evidence *evidence, struct ak_client_error *out_error)
{
    char text[256];
    struct ak_buf out = AK_BUF_ARR(text);
    unsigned first = 0;
    while (first < AK_CHANNEL_CHECK_COUNT - 1 && (evidence->verdict.failed >> first & 1) == 0) first++;
    ak_buf_put_str(&out, "its evidence is refused: ");
    ak_buf_put_str(&out, ak_channel_check_name((enum ak_channel_check)first));
    ak_buf_put_str(&out, ": ");
    ak_buf_put_str(&out, ak_channel_check_text((enum ak_channel_check)first));
    ak_client_error_set(
        out_error, "not_the_worker", ak_buf_terminate(&out) == AK_OK ? text : "its evidence is refused");
}

bool ak_client_evidence_floor(struct ak_client_evidence *evidence, uint64_t counter)
{
    struct ak_attest_policy_tpm *tpm = &evidence->policy.tpm;
    if (tpm->has_min_counter && counter <= tpm->min_counter) return false;
    tpm->has_min_counter = true;
    tpm->min_counter = counter;
    return true;
}

/* A chip's counter never goes back, and the policy names it: who shows less later has turned something back.
 */
static void raise_floor(struct ak_client_evidence *evidence)
{
    const struct ak_attest_fact *counter = ak_attest_fact(&evidence->verdict.counter, "counter");
    if (counter && ak_client_evidence_floor(evidence, counter->number) && evidence->rose)
        evidence->rose(evidence->ctx, counter->number);
}

static enum ak_err judge(struct ak_client *client, struct ak_client_error *out_error)
{
    struct ak_client_evidence *evidence = client->evidence;
    const struct ak_channel_ask ask = {.message = ak_span(evidence->message, evidence->message_len),
        .binding = client->fetch.guard.seen,
        .policy = &evidence->policy,
        .config = evidence->has_config ? evidence->config : NULL,
        .ledger = evidence->has_ledger ? evidence->ledger : NULL,
        .at_s = ak_clock_wall_ms() / 1000};
    enum ak_err err = ak_channel_verify(&ask, &evidence->verdict);
    if (err) {
        ak_client_error_set(out_error, "bad_state", "memory or the crypto library failed");
        return err;
    }
    if (evidence->verdict.accepted) {
        raise_floor(evidence);
        return AK_OK;
    }
    explain(evidence, out_error);
    return AK_E_AUTH;
}

enum ak_err ak_client_attest(struct ak_client *client, struct ak_client_error *out_error)
{
    struct ak_client_evidence *evidence = client->evidence;
    memset(out_error, 0, sizeof *out_error);
    memset(&evidence->verdict, 0, sizeof evidence->verdict);
    AK_TRY(fetch(client, out_error));
    if (evidence->learn && learn(evidence) != AK_OK) {
        ak_client_error_set(
            out_error, "not_the_worker", "its evidence is of no form or backend that is known");
        return AK_E_AUTH;
    }
    enum ak_err err = judge(client, out_error);
    ak_guard_settle(&client->fetch.guard, err == AK_OK, ak_clock_mono_ms());
    return err;
}

enum ak_err ak_client_ensure(struct ak_client *client, struct ak_client_error *out_error)
{
    if (!client->evidence || ak_guard_is_verified(&client->fetch.guard, ak_clock_mono_ms())) return AK_OK;
    return ak_client_attest(client, out_error);
}
