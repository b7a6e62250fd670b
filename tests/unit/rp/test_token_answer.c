/* Answers of a token endpoint: the id_token, an error, or neither. */
#include "unit/check.h"

#include "core/rp/token_answer.h"

static char memory[AK_RP_ID_TOKEN_MAX], error[AK_RP_ERROR_MAX + 1];
static struct ak_buf token;

static enum ak_err parse(struct ak_span text)
{
    token = AK_BUF_ARR(memory);
    memset(error, 'E', sizeof error);
    enum ak_err err = ak_rp_token_answer_parse(text, &token, error);
    if (err) assert_int_equal(token.len, 0);
    return err;
}

static enum ak_err parse_str(const char *text)
{
    return parse(ak_span_str(text));
}

static void id_token(void **state)
{
    (void)state;
    assert_int_equal(parse_str("{\"access_token\":\"x\",\"token_type\":\"Bearer\",\"expires_in\":3600,"
                               "\"id_token\":\"a.b.c\"}"),
        AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&token), AK_SPAN_LIT("a.b.c")));
    assert_string_equal(error, "");
    assert_int_equal(ak_rp_token_answer_parse(AK_SPAN_LIT("{\"id_token\":\"a.b.c\"}"), &token, NULL), AK_OK);
    assert_int_equal(token.len, 10);
}

static void errors(void **state)
{
    (void)state;
    char text[200];
    assert_int_equal(parse_str("{\"error\":\"invalid_grant\",\"error_description\":\"x\"}"), AK_E_MEANING);
    assert_string_equal(error, "invalid_grant");
    assert_int_equal(parse_str("{\"id_token\":\"a.b.c\",\"error\":\"X\\n\\u001b[31m\"}"), AK_E_MEANING);
    assert_string_equal(error, "????31m");
    (void)snprintf(text, sizeof text, "{\"error\":\"%0*d\"}", AK_RP_ERROR_MAX + 1, 0);
    assert_int_equal(parse_str(text), AK_E_MEANING);
    assert_int_equal(strlen(error), AK_RP_ERROR_MAX);
    assert_int_equal(parse_str("{\"error\":7}"), AK_E_FORMAT);
    assert_string_equal(error, "");
    assert_int_equal(ak_rp_token_answer_parse(AK_SPAN_LIT("{\"error\":\"x\"}"), &token, NULL), AK_E_MEANING);
}

static void neither(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "{}", "[]", "access_token=x", "{\"access_token\":\"x\"}",
        "{\"id_token\":7}", "{\"id_token\":null}", "{\"id_token\":\"\"}",
        "{\"id_token\":\"a\",\"id_token\":\"b\"}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_int_equal(parse_str(bad[i]), AK_E_FORMAT);
}

static void limits(void **state)
{
    (void)state;
    static char text[AK_RP_ANSWER_MAX + 1];
    static const char start[] = "{\"id_token\":\"";
    memset(text, 'x', sizeof text);
    memcpy(text, start, sizeof start - 1);
    size_t end = sizeof start - 1 + AK_RP_ID_TOKEN_MAX;
    memcpy(text + end, "\"}", 2);
    assert_int_equal(parse(ak_span(text, end + 2)), AK_OK);
    struct ak_buf small = ak_buf(memory, AK_RP_ID_TOKEN_MAX - 1);
    assert_int_equal(ak_rp_token_answer_parse(ak_span(text, end + 2), &small, error), AK_E_FULL);
    memcpy(text + end, "x\"}", 3);
    assert_int_equal(parse(ak_span(text, end + 3)), AK_E_LIMIT);
    memset(text, ' ', sizeof text);
    memcpy(text, "{\"id_token\":\"a\"}", 16);
    assert_int_equal(parse(ak_span(text, AK_RP_ANSWER_MAX)), AK_OK);
    assert_int_equal(parse(ak_span(text, AK_RP_ANSWER_MAX + 1)), AK_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(id_token),
        cmocka_unit_test(errors),
        cmocka_unit_test(neither),
        cmocka_unit_test(limits),
    };
    return cmocka_run_group_tests_name("rp-token-answer", tests, NULL, NULL);
}
