/* The record of calls: JSON kept as it was, secrets of any place and spelling left out (I19), what is not
 * JSON null. */
#include "unit/check.h"

#include <unistd.h>

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
        cmocka_unit_test(what_is_not_json_is_null),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
