/* The record of calls: JSON kept as it was, secrets of any place and spelling left out (I19), what is not
 * JSON null. */
#include "unit/check.h"

#include <stdio.h>
#include <unistd.h>

#include "core/wire/broker_call.h"
#include "core/wire/call.h"
#include "core/wire/msg_error.h"
#include "core/wire/msg_sign_in.h"
#include "io/client/trace.h"

static char line[8192];

static const char *trace_of(const struct ak_fetch_ask *ask, const struct ak_fetch_answer *answer)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    ak_trace_write(fds[1], ask, answer, 7);
    ssize_t len = read(fds[0], line, sizeof line - 1);
    assert_true(len > 0);
    line[len] = 0;
    close(fds[0]);
    close(fds[1]);
    return line;
}

static const char *trace(const char *request, const char *answer)
{
    struct ak_fetch_ask ask = {.method = "POST", .path = "/v1/pair/redeem", .body = ak_span_str(request)};
    struct ak_fetch_answer got = {.status = 200, .body = ak_span_str(answer), .request_id = ""};
    return trace_of(&ask, &got);
}

static void keeps_what_is_public(void **state)
{
    (void)state;
    assert_string_equal(trace("{\"label\":\"agent-1\"}", "{\"a\":[1,\"x\\\"y\"],\"entry\":{\"index\":4}}"),
        "{\"time_ms\":7,\"method\":\"POST\",\"path\":\"/v1/pair/redeem\",\"request\":{\"label\":\"agent-1\"},"
        "\"status\":200,\"answer\":{\"a\":[1,\"x\\\"y\"],\"entry\":{\"index\":4}}}\n");
}

static void leaves_secrets_out(void **state)
{
    (void)state;
    const char *got = trace("{\"code\":\"inv-SECRET\",\"label\":\"code\"}",
        "{\"session_jwt\":\"SECRET\\\"SECRET\",\"inner\":{\"agent_token\":\"SECRET\",\"pairing_code\":"
        "\"SECRET\"},"
        "\"recovery_code\":\"SECRET\",\"recovery_hash\":\"SECRET\",\"jwt\":\"SECRET\",\"match_code\":"
        "\"SECRET\","
        "\"authorization_url\":\"https://a/?state=SECRET\",\"last\":\"kept\"}");
    assert_null(strstr(got, "SECRET"));
    assert_non_null(strstr(got, "\"label\":\"code\"}"));
    assert_non_null(strstr(got, "\"last\":\"kept\"}"));
    assert_non_null(strstr(got, "\"session_jwt\":\"<redacted>\""));
}

static void leaves_codes_out_of_paths(void **state)
{
    (void)state;
    static const char *const paths[][2] = {{"/v1/pair?code=SECRET", "/v1/pair?code=<redacted>\""},
        {"/v1/pair?code=SECRET&limit=2", "/v1/pair?code=<redacted>&limit=2\""},
        {"/v1/pair?limit=2&code=SECRET", "/v1/pair?limit=2&code=<redacted>\""},
        {"/v1/pair?since=4&email=SECRET", "/v1/pair?since=4&email=<redacted>\""},
        {"/v1/pair?decode=kept", "/v1/pair?decode=kept\""}, {"/v1/code=kept", "/v1/code=kept\""}};
    for (size_t i = 0; i < AK_COUNT(paths); i++) {
        struct ak_fetch_ask ask = {.method = "GET", .path = paths[i][0]};
        struct ak_fetch_answer got = {.status = 200, .request_id = ""};
        assert_non_null(strstr(trace_of(&ask, &got), paths[i][1]));
        assert_null(strstr(line, "SECRET"));
    }
}

/* A proof that was not taken may still work: it stays out. */
static void a_spent_proof_and_the_requests_id(void **state)
{
    (void)state;
    struct ak_fetch_ask ask = {.method = "GET", .path = "/v1/account", .proof = AK_SPAN_LIT("h.p.s")};
    struct ak_fetch_answer got = {.request_id = "00ff"};
    static const unsigned statuses[] = {199, 200, 299, 300, 401, 503};
    for (size_t i = 0; i < AK_COUNT(statuses); i++) {
        got.status = statuses[i];
        (void)trace_of(&ask, &got);
        assert_int_equal(strstr(line, "\"request\":null,\"proof\":\"h.p.s\",\"status\":2") != NULL,
            statuses[i] >= 200 && statuses[i] < 300);
        assert_int_equal(strstr(line, "h.p.s") != NULL, statuses[i] >= 200 && statuses[i] < 300);
        assert_non_null(strstr(line, ",\"request_id\":\"00ff\",\"answer\":null}"));
    }
    got.request_id = "no\"id";
    assert_null(strstr(trace_of(&ask, &got), "request_id"));
}

static void leaves_secrets_out_however_they_are_spelled(void **state)
{
    (void)state;
    const char *got = trace("{ \"code\" : \"SECRET\" , \"\\u006awt\":\"SECRET\"}",
        "{\"jwt\"\n:\t\"SECRET\",\"email\":\r\n\"SECRET\",\"empty\":\"\",\"last\": \"kept\"}");
    assert_null(strstr(got, "SECRET"));
    assert_non_null(strstr(got, "\"request\":{ \"code\" : \"<redacted>\" , \"")); /* it is there, and read */
    assert_non_null(strstr(got, "\"last\": \"kept\"}"));
}

/* Every member that a call may carry and that nobody has to hide. One that is in no list is a new one: hide
 * it in trace.c where it is a token, a code, or says who somebody is. */
static const char *const shown[] = {"account", "address", "after", "agent_address", "agent_signature", "alg",
    "anchor", "aud", "base_path", "blob_id", "checkpoint", "config", "crv", "decision", "dek_id", "device",
    "device_name", "digest", "domain", "enc", "entry", "error", "evidence", "from", "home_wallet", "how",
    "id", "identity_type", "inject", "issuer", "items", "jwks_uri", "key", "kid", "kind", "kty", "label",
    "last_reader", "leaf_hash", "limit", "message", "message_hex", "name", "next", "nonce", "note",
    "omni_account", "operation", "path", "poll_path", "poll_url", "proposed", "provider", "public_key",
    "reason", "remedy", "request_id", "root_hash", "since_root_hash", "rule", "sealed", "seen", "service",
    "signature", "siwe_message", "started_by", "state", "status", "stored", "template", "to", "trust", "type",
    "use", "user_address", "user_signature", "wallet_address", "what", "x", "y"};
static const char *const hidden[] = {"session_jwt", "agent_token", "jwt", "token", "answer", "recovery_code",
    "recovery_hash", "pairing_code", "code", "match_code", "authorization_url", "email", "identity",
    "identity_value"};

static bool is_in(const char *const *names, size_t count, const char *name)
{
    for (size_t i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0) return true;
    return false;
}

static void check_field(const struct ak_field *field)
{
    char json[128];
    const char *dot = strrchr(field->name, '.'), *name = dot ? dot + 1 : field->name;
    if (field->kind == AK_KIND_U64 || field->kind == AK_KIND_BOOL || field->kind == AK_KIND_TEXTS) return;
    bool hide = is_in(hidden, AK_COUNT(hidden), name);
    if (hide == is_in(shown, AK_COUNT(shown), name)) fail_msg("%s is in no list, or in both", name);
    (void)snprintf(json, sizeof json, "{\"%s\":\"VALUE\"}", name);
    assert_int_equal(strstr(trace("", json), "VALUE") == NULL, hide);
}

static void check_message(const struct ak_msg *msg)
{
    for (size_t i = 0; i < msg->count; i++) {
        if (msg->fields[i].kind == AK_KIND_LIST)
            check_message(msg->fields[i].item);
        else
            check_field(&msg->fields[i]);
    }
}

static void each_member_is_shown_or_hidden_on_purpose(void **state)
{
    (void)state;
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        check_message(ak_call_get(id)->request);
        check_message(ak_call_get(id)->reply);
    }
    for (unsigned id = 0; id < AK_BROKER_CALL_COUNT; id++) {
        check_message(ak_broker_call_get(id)->request);
        check_message(ak_broker_call_get(id)->reply);
    }
    check_message(&ak_error_reply_msg);
}

static void what_is_not_json_is_null(void **state)
{
    (void)state;
    assert_non_null(strstr(trace("", "<html>SECRET"), "\"request\":null,\"status\":200,\"answer\":null}"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_what_is_public),
        cmocka_unit_test(leaves_secrets_out),
        cmocka_unit_test(leaves_codes_out_of_paths),
        cmocka_unit_test(a_spent_proof_and_the_requests_id),
        cmocka_unit_test(leaves_secrets_out_however_they_are_spelled),
        cmocka_unit_test(each_member_is_shown_or_hidden_on_purpose),
        cmocka_unit_test(what_is_not_json_is_null),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
