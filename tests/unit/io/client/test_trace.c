/* The record of calls: JSON kept as it was, secrets of any place and spelling left out (I19), what is not
 * JSON null. */
#include "unit/check.h"

#include <unistd.h>

#include "io/client/trace.h"

static char line[8192];

static const char *trace(const char *request, const char *answer)
{
    int fds[2];
    assert_int_equal(pipe(fds), 0);
    struct ak_fetch_ask ask = {.method = "POST", .path = "/v1/pair/redeem", .body = ak_span_str(request)};
    struct ak_fetch_answer got = {.status = 200, .body = ak_span_str(answer)};
    ak_trace_write(fds[1], &ask, &got, 7);
    ssize_t len = read(fds[0], line, sizeof line - 1);
    assert_true(len > 0);
    line[len] = 0;
    close(fds[0]);
    close(fds[1]);
    return line;
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
        "\"recovery_code\":\"SECRET\",\"recovery_hash\":\"SECRET\",\"last\":\"kept\"}");
    assert_null(strstr(got, "SECRET"));
    assert_non_null(strstr(got, "\"label\":\"code\"}"));
    assert_non_null(strstr(got, "\"last\":\"kept\"}"));
    assert_non_null(strstr(got, "\"session_jwt\":\"<redacted>\""));
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
        cmocka_unit_test(what_is_not_json_is_null),
    };
    return cmocka_run_group_tests_name("trace", tests, NULL, NULL);
}
