/* A call: encode, prove, send, repeat once where asked, decode. */
#include "io/client/client.h"

#include <stdlib.h>
#include <string.h>

#include "base/codec/hex.h"
#include "base/crypto/x25519.h"
#include "core/token/dpop.h"
#include "io/client/evidence.h"
#include "io/client/trace.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"

enum { REQUEST_MAX = AK_LIMIT_VALUE_BODY, PATH_MAX_LEN = 768, IDEMPOTENCY_BYTES = 16, EVIDENCE_TRIES = 2 };

/* One call under way. */
struct run {
    struct ak_client *client;
    const struct ak_call *call;
    unsigned id;
    struct ak_buf body; /* as the tables have it */
    struct ak_buf json;
    char path[PATH_MAX_LEN]; /* with query */
    char url[AK_DPOP_URL_MAX + 1];
    uint8_t meaning[32];
    bool bound; /* the proof says what the call means */
    char idempotency[2 * IDEMPOTENCY_BYTES + 1];
    struct ak_fetch_answer answer;
};

enum ak_err ak_client_open(struct ak_client *client, const struct ak_target *target,
    struct ak_client_device *device, const uint8_t *pin, uint64_t timeout_ms)
{
    memset(client, 0, sizeof *client);
    client->target = *target;
    client->device = device;
    client->trace_fd = -1;
    client->decoded = malloc(AK_FETCH_BODY_MAX);
    enum ak_err err = client->decoded ? AK_OK : AK_E_FULL;
    if (!err) err = ak_fetch_open(&client->fetch, &client->target, pin, timeout_ms);
    if (err) ak_client_close(client);
    return err;
}

void ak_client_close(struct ak_client *client)
{
    ak_fetch_close(&client->fetch);
    free(client->evidence);
    if (client->decoded) {
        ak_wipe(client->decoded, AK_FETCH_BODY_MAX);
        free(client->decoded);
    }
    ak_wipe(client, sizeof *client);
}

/* What the worker may no longer remember of this connection. */
void ak_client_forget_proof(struct ak_client *client)
{
    client->proved = false;
    client->reader_proved = false;
}

void ak_client_use_token(struct ak_client *client, struct ak_span token)
{
    client->token = token;
    ak_client_forget_proof(client);
}

enum ak_err ak_client_reader(struct ak_client *client, uint8_t out_pub[32])
{
    if (!client->has_reader || !client->reader_proved) {
        ak_random_bytes(&client->reader, sizeof client->reader);
        client->has_reader = ak_x25519_pub(&client->reader, client->reader_pub) == AK_OK;
    }
    memcpy(out_pub, client->reader_pub, 32);
    return client->has_reader ? AK_OK : AK_E_CRYPTO;
}

void ak_client_trace(struct ak_client *client, int fd)
{
    client->trace_fd = fd;
}

static bool takes_token(const struct ak_call *call)
{
    return call->auth == AK_AUTH_USE || call->auth == AK_AUTH_CHANGE;
}

/* ---- before sending ---- */

static enum ak_err put_urls(struct run *run)
{
    struct ak_buf path = AK_BUF_ARR(run->path), url = AK_BUF_ARR(run->url);
    struct ak_span body = ak_buf_span(&run->body);
    const struct ak_target *target = &run->client->target;
    AK_TRY(ak_call_put_path_of(run->call, target->prefix, body, true, &path));
    ak_buf_put_str(&url, target->origin);
    AK_TRY(ak_call_put_path_of(run->call, target->prefix, body, false, &url));
    AK_TRY(ak_buf_terminate(&path));
    return ak_buf_terminate(&url);
}

static enum ak_err prepare(struct run *run, const void *request)
{
    uint8_t random[IDEMPOTENCY_BYTES];
    struct ak_buf key = AK_BUF_ARR(run->idempotency);
    AK_TRY(ak_msg_encode(run->call->request, request, &run->body));
    AK_TRY(put_urls(run));
    if (strcmp(run->call->method, "POST") == 0 || strcmp(run->call->method, "PUT") == 0)
        AK_TRY(ak_msg_to_json(run->call->request, ak_buf_span(&run->body), true, &run->json));
    if (run->call->auth != AK_AUTH_CHANGE) return AK_OK;
    ak_random_bytes(random, sizeof random);
    ak_hex_encode(&key, AK_SPAN_ARR(random));
    AK_TRY(ak_buf_terminate(&key));
    run->bound = true;
    return ak_msg_meaning(run->call->request, run->call->name, ak_buf_span(&run->body), run->meaning);
}

static enum ak_err put_proof(const struct run *run, struct ak_buf *proof)
{
    struct ak_client *client = run->client;
    bool use = run->call->auth == AK_AUTH_USE;
    struct ak_dpop_make make = {.method = ak_span_str(run->call->method),
        .url = ak_span_str(run->url),
        .nonce = ak_span_str(client->fetch.nonce),
        .token = takes_token(run->call) ? client->token : AK_SPAN_EMPTY,
        .iat = ak_clock_wall_ms() / 1000,
        .bh = run->bound ? run->meaning : NULL,
        .rk = use && client->has_reader ? client->reader_pub : NULL};
    ak_random_bytes(make.jti, sizeof make.jti);
    return ak_dpop_make(proof, &client->device->signer, &client->device->pub, &make);
}

static bool needs_proof(const struct run *run)
{
    const struct ak_client *client = run->client;
    if (run->call->auth == AK_AUTH_PUBLIC || !client->device) return false;
    if (run->id == AK_CALL_CREDENTIAL_READ && !client->reader_proved) return true;
    return run->call->auth != AK_AUTH_USE || !client->proved;
}

/* ---- sending ---- */

static enum ak_err no_answer(const struct run *run, enum ak_err err, struct ak_client_error *out_error)
{
    const char *reason = run->client->fetch.reason;
    const char *code = err == AK_E_AUTH ? "not_the_worker" : err == AK_E_LIMIT ? "bad_answer" : "unreachable";
    ak_client_error_set(out_error, code, reason[0] ? reason : "no answer");
    return err == AK_E_LIMIT ? AK_E_FORMAT : err == AK_E_AUTH ? AK_E_AUTH : AK_E_IO;
}

static enum ak_err attempt(struct run *run, bool with_proof, struct ak_client_error *out_error)
{
    uint8_t memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(memory);
    struct ak_client *client = run->client;
    struct ak_fetch_ask ask = {.method = run->call->method,
        .path = run->path,
        .body = ak_buf_span(&run->json),
        .token = takes_token(run->call) ? client->token : AK_SPAN_EMPTY,
        .idempotency = run->call->auth == AK_AUTH_CHANGE ? run->idempotency : NULL};
    if (with_proof && put_proof(run, &proof) != AK_OK) {
        ak_client_error_set(out_error, "bad_state", "the device key does not sign");
        return AK_E_ARG;
    }
    ask.proof = ak_buf_span(&proof);
    enum ak_err err = ak_fetch_do(&client->fetch, &ask, &run->answer);
    if (err || run->answer.new_connection) ak_client_forget_proof(client);
    if (err == AK_E_STATE) return err;
    if (err) return no_answer(run, err, out_error);
    if (client->trace_fd >= 0) ak_trace_write(client->trace_fd, &ask, &run->answer, ak_clock_wall_ms());
    if (run->answer.status < 300 && with_proof && run->call->auth == AK_AUTH_USE) {
        client->proved = true;
        client->reader_proved = client->has_reader;
    }
    return AK_OK;
}

static bool asks_for_proof(const struct ak_client_error *error)
{
    static const char *const codes[] = {"use_dpop_nonce", "proof_required", "nonce_expired"};
    for (size_t i = 0; error->status == 401 && i < AK_COUNT(codes); i++)
        if (strcmp(error->code, codes[i]) == 0) return true;
    return false;
}

static void say_unsteady(struct ak_client_error *out_error)
{
    ak_client_error_set(
        out_error, "unreachable", "the connection ended between its evidence and the request");
}

/* Evidence first. A request that met a connection without a verdict was not sent: it goes once there is one.
 */
static enum ak_err attempt_verified(struct run *run, bool with_proof, struct ak_client_error *out_error)
{
    for (int i = 0; i < EVIDENCE_TRIES; i++) {
        AK_TRY(ak_client_ensure(run->client, out_error));
        enum ak_err err = attempt(run, with_proof || needs_proof(run), out_error);
        if (err != AK_E_STATE) return err;
    }
    say_unsteady(out_error);
    return AK_E_IO;
}

/* AK_E_MEANING where the worker answered an error, which out_error holds. */
static enum ak_err send(struct run *run, struct ak_client_error *out_error)
{
    bool with_proof = false;
    for (int tries = 0;; tries++) {
        AK_TRY(attempt_verified(run, with_proof, out_error));
        if (run->answer.status < 300) return AK_OK;
        ak_client_error_read(run->answer.status, run->answer.body, out_error);
        if (tries > 0 || !asks_for_proof(out_error) || !run->client->device) return AK_E_MEANING;
        with_proof = true;
    }
}

/* ---- after ---- */

static enum ak_err decode(struct run *run, void *out_reply, struct ak_client_error *out_error)
{
    struct ak_client *client = run->client;
    struct ak_buf decoded = ak_buf(client->decoded, AK_FETCH_BODY_MAX);
    const struct ak_msg_input input = {.json = run->answer.body};
    struct ak_msg_fault fault;
    const struct ak_msg *msg = run->call->reply;
    client->raw = run->answer.body;
    client->status = run->answer.status;
    if (ak_msg_from_json(msg, &input, &decoded, &fault) == AK_OK &&
        ak_msg_decode(msg, ak_buf_span(&decoded), out_reply, NULL) == AK_OK)
        return AK_OK;
    ak_client_error_set(out_error, "bad_answer", "the answer is not what the contract says");
    out_error->status = run->answer.status;
    return AK_E_FORMAT;
}

static enum ak_err run_call(
    struct run *run, const void *request, void *out_reply, struct ak_client_error *out_error)
{
    if (prepare(run, request) != AK_OK) {
        ak_client_error_set(
            out_error, "invalid_request", "a value is too long or has a form that no call takes");
        out_error->status = 400;
        return AK_E_ARG;
    }
    AK_TRY(send(run, out_error));
    return decode(run, out_reply, out_error);
}

static enum ak_err call_with_memory(
    struct run *run, const void *request, void *out_reply, struct ak_client_error *out_error)
{
    uint8_t *memory = malloc(2 * REQUEST_MAX);
    memset(out_error, 0, sizeof *out_error);
    run->client->raw = AK_SPAN_EMPTY;
    run->client->status = 0;
    if (!memory || !run->call) {
        free(memory);
        ak_client_error_set(out_error, "bad_state", "no memory");
        return AK_E_FULL;
    }
    memset(out_reply, 0, run->call->reply->size);
    run->body = ak_buf(memory, REQUEST_MAX);
    run->json = ak_buf(memory + REQUEST_MAX, REQUEST_MAX);
    enum ak_err err = run_call(run, request, out_reply, out_error);
    ak_wipe(memory, 2 * REQUEST_MAX); /* a recovery code may have been in it */
    free(memory);
    return err;
}

enum ak_err ak_client_call(struct ak_client *client, unsigned call, const void *request, void *out_reply,
    struct ak_client_error *out_error)
{
    struct run run = {.client = client, .id = call, .call = ak_call_get(call)};
    return call_with_memory(&run, request, out_reply, out_error);
}

static bool sign_in_meaning(const struct ak_msg_sign_in *says, uint8_t out_meaning[32])
{
    uint8_t memory[256];
    struct ak_buf body = AK_BUF_ARR(memory);
    bool made = ak_msg_encode(&ak_sign_in_msg, says, &body) == AK_OK &&
                ak_msg_meaning(&ak_sign_in_msg, AK_SIGN_IN_CALL, ak_buf_span(&body), out_meaning) == AK_OK;
    ak_wipe(memory, sizeof memory);
    return made;
}

enum ak_err ak_client_broker_call(struct ak_client *client, unsigned call, const struct ak_msg_sign_in *says,
    const void *request, void *out_reply, struct ak_client_error *out_error)
{
    struct run run = {.client = client, .id = AK_CALL_COUNT, .call = ak_broker_call_get(call)};
    run.bound = says && sign_in_meaning(says, run.meaning);
    enum ak_err err = call_with_memory(&run, request, out_reply, out_error);
    if (err == AK_E_MEANING) ak_client_error_of_broker(out_error);
    return err;
}

enum ak_err ak_client_get(struct ak_client *client, const char *path, struct ak_client_error *out_error)
{
    struct ak_fetch_answer answer;
    const struct ak_fetch_ask ask = {.method = "GET", .path = path};
    struct run run = {.client = client};
    memset(out_error, 0, sizeof *out_error);
    client->raw = AK_SPAN_EMPTY;
    enum ak_err err = AK_E_STATE;
    for (int i = 0; err == AK_E_STATE && i < EVIDENCE_TRIES; i++) {
        AK_TRY(ak_client_ensure(client, out_error));
        err = ak_fetch_do(&client->fetch, &ask, &answer);
    }
    if (err || answer.new_connection) ak_client_forget_proof(client);
    if (err == AK_E_STATE) {
        say_unsteady(out_error);
        return AK_E_IO;
    }
    if (err) return no_answer(&run, err, out_error);
    client->raw = answer.body;
    client->status = answer.status;
    return AK_OK;
}
