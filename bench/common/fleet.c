#include "bench/common/fleet.h"

#include <stdio.h>
#include <string.h>

#include "base/codec/hex.h"
#include "base/codec/jose.h"
#include "base/crypto/hpke.h"
#include "bench/common/bench.h"
#include "core/token/dpop.h"
#include "core/vault/delivery.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_pair.h"
#include "core/wire/msg_session.h"
#include "core/wire/msg_vault.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"

enum { RATE = AK_LIMIT_RATE_PER_MINUTE, YEAR_S = 365 * 24 * 3600, TIMEOUT_MS = 30000 };

const char bench_message[] =
    "agent says: order 00000000 of the day, to be delivered at the usual place before noon.";

static void make_device(struct ak_client_device *device)
{
    struct ak_secret32 scalar;
    ak_random_bytes(scalar.bytes, sizeof scalar.bytes);
    scalar.bytes[0] = 0; /* surely under the order */
    bench_must(ak_p256_pub_from_scalar(&scalar, &device->pub) == AK_OK &&
                   ak_p256_signer_open(&device->signer, &scalar) == AK_OK,
        "device key");
    ak_jwk_thumbprint(&device->pub, device->thumbprint);
    ak_secret32_done(&scalar);
}

static void call(struct ak_client *client, unsigned id, const void *request, void *reply)
{
    struct ak_client_error error;
    if (ak_client_call(client, id, request, reply, &error) == AK_OK) return;
    (void)fprintf(stderr, "%s: %s: %s\n", ak_call_get(id)->name, error.code, error.message);
    bench_must(false, "a call was refused");
}

static void open_account(struct bench_fleet *fleet, const struct bench_worker *worker, size_t number)
{
    struct ak_client local;
    struct ak_msg_session_reply reply;
    char identity[64];
    (void)snprintf(identity, sizeof identity, "email:bench-%zu@demo.example", number);
    const struct ak_msg_local_session_request request = {.identity = ak_span_str(identity),
        .device_name = AK_SPAN_LIT("bench"),
        .present = 1u << AK_LOCAL_SESSION_REQUEST_DEVICE_NAME};
    make_device(&fleet->device);
    bench_must(ak_client_open(&local, &worker->operator_socket, &fleet->device, NULL, TIMEOUT_MS) == AK_OK &&
                   ak_client_open(&fleet->person, &worker->tcp, &fleet->device, NULL, TIMEOUT_MS) == AK_OK,
        "client");
    call(&local, AK_CALL_LOCAL_SESSION, &request, &reply);
    bench_must(reply.session_jwt.len < sizeof fleet->session, "session");
    memcpy(fleet->session, reply.session_jwt.ptr, reply.session_jwt.len);
    memcpy(fleet->anchor, reply.anchor, 32);
    ak_client_use_token(&fleet->person, ak_span(fleet->session, reply.session_jwt.len));
    ak_client_close(&local);
}

static void pair(struct bench_fleet *fleet, size_t number)
{
    struct bench_agent *agent = &fleet->agents[number];
    struct ak_client client;
    struct ak_msg_pair_reply asked;
    struct ak_msg_agent_change_reply approved;
    struct ak_msg_pair_status_reply answer;
    (void)snprintf(agent->label, sizeof agent->label, "agent-%zu", number);
    make_device(&agent->device);
    bench_must(ak_client_open(&client, &fleet->target, &agent->device, NULL, TIMEOUT_MS) == AK_OK, "client");
    const struct ak_msg_pair_request ask = {.label = ak_span_str(agent->label)};
    call(&client, AK_CALL_PAIR_REQUEST, &ask, &asked);
    struct ak_msg_pair_approve_request approve = {.kind = AK_SPAN_LIT("agent"),
        .label = ak_span_str(agent->label),
        .scope = ak_span_str(fleet->scope),
        .rate = RATE,
        .valid_until_at = ak_clock_wall_ms() / 1000 + YEAR_S,
        .present = 1u << AK_PAIR_APPROVE_REQUEST_SCOPE | 1u << AK_PAIR_APPROVE_REQUEST_RATE |
                   1u << AK_PAIR_APPROVE_REQUEST_VALID_UNTIL_AT};
    memcpy(approve.request_id, asked.request_id, sizeof approve.request_id);
    memcpy(approve.device, agent->device.thumbprint, 32);
    call(&fleet->person, AK_CALL_PAIR_APPROVE, &approve, &approved);
    struct ak_msg_pair_status_request status;
    memset(&status, 0, sizeof status);
    memcpy(status.id, asked.request_id, sizeof status.id);
    call(&client, AK_CALL_PAIR_STATUS, &status, &answer);
    bench_must(answer.agent_token.len > 0 && answer.agent_token.len < sizeof agent->token, "agent's token");
    memcpy(agent->token, answer.agent_token.ptr, answer.agent_token.len);
    agent->token_len = answer.agent_token.len;
    memcpy(fleet->nonce, client.fetch.nonce, sizeof fleet->nonce);
    ak_client_close(&client);
}

static void begin(
    struct bench_fleet *fleet, const struct bench_worker *worker, size_t count, const char *scope)
{
    bench_must(count <= BENCH_AGENTS_MAX, "too many agents");
    memset(fleet, 0, sizeof *fleet);
    fleet->target = worker->tcp;
    fleet->scope = scope;
    fleet->count = count;
}

static void close_account(struct bench_fleet *fleet)
{
    ak_client_close(&fleet->person);
    ak_client_device_close(&fleet->device);
}

void bench_fleet_open(struct bench_fleet *fleet, const struct bench_worker *worker, size_t count)
{
    begin(fleet, worker, count, "bench,cap:sign-message");
    open_account(fleet, worker, 0);
    for (size_t i = 0; i < count; i++) pair(fleet, i);
}

void bench_fleet_open_apart(
    struct bench_fleet *fleet, const struct bench_worker *worker, size_t count, const char *scope)
{
    begin(fleet, worker, count, scope);
    for (size_t i = 0; i < count; i++) {
        if (i) close_account(fleet);
        open_account(fleet, worker, i);
        pair(fleet, i);
    }
}

void bench_fleet_close(struct bench_fleet *fleet)
{
    close_account(fleet);
    for (size_t i = 0; i < fleet->count; i++) ak_client_device_close(&fleet->agents[i].device);
}

static void put_proof(struct bench_fleet *fleet, struct bench_agent *agent, const char *method,
    const char *path, struct ak_buf *out)
{
    char url[AK_TARGET_ORIGIN_MAX + 128];
    (void)snprintf(url, sizeof url, "%s%.*s", fleet->target.origin, (int)strcspn(path, "?"), path);
    struct ak_dpop_make make = {.method = ak_span_str(method),
        .url = ak_span_str(url),
        .nonce = ak_span_str(fleet->nonce),
        .token = ak_span(agent->token, agent->token_len),
        .rk = fleet->reader_key,
        .iat = ak_clock_wall_ms() / 1000};
    ak_random_bytes(make.jti, sizeof make.jti);
    ak_buf_put_str(out, "DPoP: ");
    bench_must(ak_dpop_make(out, &agent->device.signer, &agent->device.pub, &make) == AK_OK, "proof");
    ak_buf_put_str(out, "\r\n");
}

/* Changes of policy have a rate of their own: many are stored with pauses. */
static void store(struct ak_client *client, const struct ak_msg_credential_put_request *put,
    struct ak_msg_credential_reply *out_reply)
{
    struct ak_client_error error;
    while (ak_client_call(client, AK_CALL_CREDENTIAL_PUT, put, out_reply, &error) != AK_OK) {
        bench_must(error.has_retry, "a credential was refused");
        bench_sleep_us(1000000);
    }
}

void bench_fleet_store(struct bench_fleet *fleet, const char *service, size_t len)
{
    static uint8_t value[AK_LIMIT_VALUE], sealed[AK_WIRE_SEALED_MAX];
    uint8_t memory[AK_VAULT_INFO_MAX];
    struct ak_buf info = AK_BUF_ARR(memory);
    struct ak_msg_delivery_key_request ask = {0};
    struct ak_msg_delivery_key_reply key;
    struct ak_msg_credential_reply reply;
    struct ak_secret32 ephemeral;
    call(&fleet->person, AK_CALL_DELIVERY_KEY, &ask, &key);
    ak_random_bytes(value, len);
    ak_random_bytes(&ephemeral, sizeof ephemeral);
    ak_vault_put_info(&info, "credential-put", fleet->anchor, ak_span_str(service), AK_SPAN_EMPTY);
    struct ak_msg_credential_put_request put = {
        .service = ak_span_str(service), .sealed = ak_span(sealed, len + AK_HPKE_OVERHEAD)};
    bench_must(ak_hpke_seal(key.public_key, &ephemeral, ak_buf_span(&info), AK_SPAN_EMPTY,
                   ak_span(value, len), put.enc, sealed) == AK_OK,
        "seal");
    store(&fleet->person, &put, &reply);
}

void bench_fleet_get(
    struct bench_fleet *fleet, size_t number, const char *path, bool proof, struct ak_buf *out)
{
    struct bench_agent *agent = &fleet->agents[number % fleet->count];
    ak_buf_put_str(out, "GET ");
    ak_buf_put_str(out, path);
    ak_buf_put_str(out, " HTTP/1.1\r\nHost: ");
    ak_buf_put_str(out, strstr(fleet->target.origin, "://") + 3);
    ak_buf_put_str(out, "\r\nAuthorization: DPoP ");
    ak_buf_put(out, ak_span(agent->token, agent->token_len));
    ak_buf_put_str(out, "\r\n");
    if (proof) put_proof(fleet, agent, "GET", path, out);
    ak_buf_put_str(out, "\r\n");
    bench_must(ak_buf_check(out) == AK_OK, "request too long");
}

void bench_fleet_post(struct bench_fleet *fleet, size_t number, const char *path, struct ak_span body,
    bool proof, struct ak_buf *out)
{
    struct bench_agent *agent = &fleet->agents[number % fleet->count];
    ak_buf_put_str(out, "POST ");
    ak_buf_put_str(out, path);
    ak_buf_put_str(out, " HTTP/1.1\r\nHost: ");
    ak_buf_put_str(out, strstr(fleet->target.origin, "://") + 3);
    ak_buf_put_str(out, "\r\nContent-Type: application/json\r\nAuthorization: DPoP ");
    ak_buf_put(out, ak_span(agent->token, agent->token_len));
    ak_buf_put_str(out, "\r\n");
    if (proof) put_proof(fleet, agent, "POST", path, out);
    ak_buf_put_str(out, "Content-Length: ");
    ak_buf_put_dec(out, body.len);
    ak_buf_put_str(out, "\r\n\r\n");
    ak_buf_put(out, body);
    bench_must(ak_buf_check(out) == AK_OK, "request too long");
}

void bench_fleet_request(
    struct bench_fleet *fleet, size_t number, bool proof, struct ak_buf *out, size_t *out_counter_at)
{
    struct bench_agent *agent = &fleet->agents[number % fleet->count];
    uint8_t memory[1024];
    struct ak_buf body = AK_BUF_ARR(memory);
    ak_buf_put_str(&body, "{\"omni_account\":\"");
    ak_hex_encode(&body, AK_SPAN_ARR(fleet->anchor));
    ak_buf_put_str(&body, "\",\"path\":\"/");
    ak_buf_put_str(&body, agent->label);
    ak_buf_put_str(&body, "\",\"message_hex\":\"");
    size_t message_at = body.len;
    ak_hex_encode(&body, ak_span_str(bench_message));
    ak_buf_put_str(&body, "\"}");
    bench_must(ak_buf_check(&body) == AK_OK, "request too long");
    bench_fleet_post(fleet, number, "/tee/sign-message", ak_buf_span(&body), proof, out);
    *out_counter_at = out->len - body.len + message_at + 2 * (size_t)BENCH_DIGITS_AT;
}
