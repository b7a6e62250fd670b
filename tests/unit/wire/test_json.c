/* From JSON: what each call takes and refuses, with the code and field that the answer names; the flat
 * recogniser and the full parser agree. */
#include "unit/check.h"

#include "base/limits.h"
#include "core/wire/call.h"
#include "core/wire/msg_error.h"
#include "core/wire/msg_ledger.h"
#include "core/wire/msg_vault.h"

#define OMNI "abababababababababababababababababababababababababababababababab"

static uint8_t body_memory[128 * 1024], other_memory[128 * 1024];
static struct ak_msg_fault fault;
static struct ak_msg_param params[4];
static size_t param_count;

static enum ak_err from_text(unsigned call, struct ak_span json, bool strict, struct ak_buf *body)
{
    const struct ak_msg_input input = {
        .json = json, .params = params, .param_count = param_count, .strict = strict};
    enum ak_err err = ak_msg_from_json(ak_call_get(call)->request, &input, body, &fault);
    if (err) assert_int_equal(body->len, 0); /* nothing is left behind */
    if (err) assert_false(body->failed);
    if (err) assert_int_not_equal(fault.code, AK_CODE_OK);
    return err;
}

static enum ak_err from(unsigned call, const char *json, bool strict)
{
    struct ak_buf body = AK_BUF_ARR(body_memory);
    return from_text(call, ak_span_str(json), strict, &body);
}

static void assert_fault(enum ak_code code, const char *field)
{
    assert_string_equal(ak_code_name(fault.code), ak_code_name(code));
    if (field)
        assert_string_equal(fault.field, field);
    else
        assert_null(fault.field);
}

struct bad {
    const char *json;
    enum ak_code code;
    const char *field;
};

static const struct bad bad_sign[] = {
    {"", AK_CODE_INVALID_OMNI_ACCOUNT, "omni_account"},
    {"{}", AK_CODE_INVALID_OMNI_ACCOUNT, "omni_account"},
    {"[]", AK_CODE_INVALID_JSON, NULL},
    {"nul", AK_CODE_INVALID_JSON, NULL},
    {"{\"omni_account\":\"" OMNI "\"", AK_CODE_INVALID_JSON, NULL},
    {"{\"omni_account\":\"" OMNI "\"}x", AK_CODE_INVALID_JSON, NULL},
    {"{\"omni_account\":\"" OMNI "\",\"omni_account\":\"" OMNI "\",\"message_hex\":\"\"}",
        AK_CODE_INVALID_JSON, NULL},
    {"{\"omni_account\":\"" OMNI "\"}", AK_CODE_INVALID_MESSAGE_HEX, "message_hex"},
    {"{\"omni_account\":null,\"message_hex\":\"\"}", AK_CODE_INVALID_OMNI_ACCOUNT, "omni_account"},
    {"{\"omni_account\":12,\"message_hex\":\"\"}", AK_CODE_INVALID_OMNI_ACCOUNT, "omni_account"},
    {"{\"omni_account\":[\"" OMNI "\"],\"message_hex\":\"\"}", AK_CODE_INVALID_OMNI_ACCOUNT, "omni_account"},
    {"{\"omni_account\":\"ABababababababababababababababababababababababababababababababab\",\"message_hex\":"
     "\"\"}",
        AK_CODE_INVALID_OMNI_ACCOUNT, "omni_account"},
    {"{\"omni_account\":\"ab\",\"message_hex\":\"\"}", AK_CODE_INVALID_OMNI_ACCOUNT, "omni_account"},
    {"{\"omni_account\":\"0x" OMNI "\",\"message_hex\":\"\"}", AK_CODE_INVALID_OMNI_ACCOUNT, "omni_account"},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"a\"}", AK_CODE_INVALID_MESSAGE_HEX, "message_hex"},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"0x00\"}", AK_CODE_INVALID_MESSAGE_HEX, "message_hex"},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"AA\"}", AK_CODE_INVALID_MESSAGE_HEX, "message_hex"},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"zz\"}", AK_CODE_INVALID_MESSAGE_HEX, "message_hex"},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"\",\"path\":\"\"}", AK_CODE_INVALID_PATH, "path"},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"\",\"path\":7}", AK_CODE_INVALID_PATH, "path"},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"\",\"path\":\"/a\\u0001\"}", AK_CODE_INVALID_PATH,
        "path"},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"\",\"path\":\"/a\\u0000\"}", AK_CODE_INVALID_JSON,
        NULL},
    {"{\"omni_account\":\"" OMNI "\",\"message_hex\":\"\",\"path\":\"/\xff\"}", AK_CODE_INVALID_JSON, NULL},
};

static void names_what_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(bad_sign); i++) {
        if (from(AK_CALL_SIGN_MESSAGE, bad_sign[i].json, false) == AK_OK)
            fail_msg("took %s", bad_sign[i].json);
        if (fault.code != bad_sign[i].code) fail_msg("%s: %s", bad_sign[i].json, ak_code_name(fault.code));
        assert_fault(bad_sign[i].code, bad_sign[i].field);
    }
}

static void bounds_the_message(void **state)
{
    (void)state;
    static char json[2 * AK_LIMIT_MESSAGE + 256];
    for (size_t len = AK_LIMIT_MESSAGE - 1; len <= AK_LIMIT_MESSAGE + 1; len++) {
        int at = snprintf(json, sizeof json, "{\"omni_account\":\"" OMNI "\",\"message_hex\":\"");
        memset(json + at, '7', 2 * len);
        memcpy(json + at + 2 * len, "\"}", 3);
        enum ak_err err = from(AK_CALL_SIGN_MESSAGE, json, false);
        assert_int_equal(err, len <= AK_LIMIT_MESSAGE ? AK_OK : AK_E_LIMIT);
        if (err) assert_fault(AK_CODE_INVALID_MESSAGE_HEX, "message_hex");
    }
}

static void bounds_depth(void **state)
{
    (void)state;
    char json[128];
    for (size_t depth = 15; depth <= 17; depth++) { /* with the object around */
        size_t at = (size_t)snprintf(json, sizeof json, "{\"omni_account\":\"" OMNI "\",\"z\":");
        memset(json + at, '[', depth - 1);
        memset(json + at + depth - 1, ']', depth - 1);
        memcpy(json + at + 2 * (depth - 1), "}", 2);
        assert_int_equal(from(AK_CALL_DERIVE_ADDRESS, json, false) == AK_OK, depth <= 16);
        if (depth > 16) assert_fault(AK_CODE_INVALID_JSON, NULL);
    }
}

/* Unknown fields are ignored where nothing changes, and refused where something does. */
static void unknown_fields(void **state)
{
    (void)state;
    static const char *const flat = "{\"generation\":3,\"extra\":1}";
    static const char *const full = "{\"generation\":3,\"extra\":[]}";
    params[0] = (struct ak_msg_param){AK_SPAN_LIT("label"), AK_SPAN_LIT("a")};
    param_count = 1;
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, flat, false), AK_OK);
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, full, false), AK_OK);
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, flat, true), AK_E_FORMAT);
    assert_fault(AK_CODE_INVALID_REQUEST, NULL);
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, full, true), AK_E_FORMAT);
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, "{\"generation\":3}", true), AK_OK);
    /* The URL names the label; a second one in the body is not known there. */
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, "{\"generation\":3,\"label\":\"b\"}", true), AK_E_FORMAT);
    params[1] = (struct ak_msg_param){AK_SPAN_LIT("force"), AK_SPAN_LIT("1")};
    param_count = 2;
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, "{}", true), AK_E_FORMAT);
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, "{}", false), AK_OK);
    param_count = 0;
}

/* A field of the URL is never taken from the body, nor the other way round. */
static void keeps_url_and_body_apart(void **state)
{
    (void)state;
    assert_int_equal(from(AK_CALL_AGENT_SUSPEND, "{\"label\":\"b\"}", false), AK_E_FORMAT);
    assert_fault(AK_CODE_INVALID_REQUEST, "label");
    params[0] = (struct ak_msg_param){AK_SPAN_LIT("omni_account"), AK_SPAN_LIT(OMNI)};
    param_count = 1;
    assert_int_equal(from(AK_CALL_DERIVE_ADDRESS, "{}", false), AK_E_FORMAT);
    param_count = 0;
}

static void reads_query_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool ok;
    } values[] = {{"0", true}, {"1", true}, {"18446744073709551615", true}, {"18446744073709551616", false},
        {"", false}, {"-1", false}, {"+1", false}, {"01", false}, {" 1", false}, {"1 ", false},
        {"1e3", false}, {"0x1", false}};
    params[0].name = AK_SPAN_LIT("index");
    param_count = 1;
    for (size_t i = 0; i < AK_COUNT(values); i++) {
        params[0].value = ak_span_str(values[i].value);
        if ((from(AK_CALL_INCLUSION, "", false) == AK_OK) != values[i].ok) fail_msg("%s", values[i].value);
    }
    param_count = 0;
}

/* As OpenAPI writes a boolean, and as our own clients do. */
static void reads_booleans_of_urls(void **state)
{
    (void)state;
    static const struct {
        const char *value;
        bool ok, is;
    } values[] = {{"1", true, true}, {"true", true, true}, {"0", true, false}, {"false", true, false},
        {"", false, false}, {"True", false, false}, {"TRUE", false, false}, {"tru", false, false},
        {"true1", false, false}, {"yes", false, false}, {"2", false, false}, {"01", false, false}};
    params[0].name = AK_SPAN_LIT("proofs");
    param_count = 1;
    for (size_t i = 0; i < AK_COUNT(values); i++) {
        params[0].value = ak_span_str(values[i].value);
        struct ak_buf body = AK_BUF_ARR(body_memory);
        enum ak_err err = from_text(AK_CALL_AUDIT, AK_SPAN_LIT(""), false, &body);
        if ((err == AK_OK) != values[i].ok) fail_msg("%s", values[i].value);
        if (err) continue;
        struct ak_msg_audit_request request;
        assert_int_equal(ak_msg_decode(&ak_audit_request_msg, ak_buf_span(&body), &request, NULL), AK_OK);
        assert_int_equal(request.proofs, values[i].is);
    }
    param_count = 0;
}

static void reads_numbers(void **state)
{
    (void)state;
    static const struct {
        const char *rate;
        bool ok;
    } rates[] = {{"1", true}, {"10000", true}, {"0", false}, {"10001", false}, {"-1", false}, {"1.0", false},
        {"1e2", false}, {"\"5\"", false}, {"true", false}, {"null", true}, {"[]", false},
        {"9223372036854775808", false}, {"01", false}};
    char json[128];
    params[0] = (struct ak_msg_param){AK_SPAN_LIT("label"), AK_SPAN_LIT("a")};
    param_count = 1;
    for (size_t i = 0; i < AK_COUNT(rates); i++) {
        (void)snprintf(json, sizeof json, "{\"rate\":%s}", rates[i].rate);
        if ((from(AK_CALL_AGENT_POLICY, json, true) == AK_OK) != rates[i].ok) fail_msg("%s", json);
    }
    param_count = 0;
}

#define ENC "CAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAg"

static enum ak_err put_value(const char *enc, const char *sealed)
{
    char json[256];
    (void)snprintf(json, sizeof json, "{\"enc\":%s,\"sealed\":%s}", enc, sealed);
    return from(AK_CALL_CREDENTIAL_PUT, json, true);
}

/* base64url has one text for each byte string: no padding, no foreign character, no unused bits. */
static void reads_base64url(void **state)
{
    (void)state;
    static const struct {
        const char *sealed;
        bool ok;
    } values[] = {{"\"AAAAAAAAAAAAAAAAAAAAAA\"", true}, {"\"____________________-w\"", true},
        {"\"AAAAAAAAAAAAAAAAAAAAAAA\"", true}, {"\"AAAAAAAAAAAAAAAAAAAAAAAA\"", true},
        {"\"AAAAAAAAAAAAAAAAAAAAA\"", false}, {"\"AAAAAAAAAAAAAAAAAAAA\"", false},
        {"\"AAAAAAAAAAAAAAAAAAAAAA==\"", false}, {"\"AAAAAAAAAAAAAAAAAAAAAB\"", false},
        {"\"////////////////////Aw\"", false}, {"\"AAAAAAAAAAAAAAAAAAAA A\"", false}, {"\"\"", false},
        {"16", false}, {"[]", false}, {"null", false}};
    params[0] = (struct ak_msg_param){AK_SPAN_LIT("service"), AK_SPAN_LIT("openrouter")};
    param_count = 1;
    for (size_t i = 0; i < AK_COUNT(values); i++) {
        if ((put_value("\"" ENC "\"", values[i].sealed) == AK_OK) != values[i].ok)
            fail_msg("%s", values[i].sealed);
        if (!values[i].ok) assert_fault(AK_CODE_INVALID_REQUEST, "sealed");
    }
    assert_int_equal(put_value("\"" ENC "A\"", values[0].sealed), AK_E_FORMAT);
    assert_fault(AK_CODE_INVALID_REQUEST, "enc");
    param_count = 0;
}

/* The largest value fits a credential's body; one byte more is refused by name. */
static void bounds_the_value(void **state)
{
    (void)state;
    static char json[AK_LIMIT_VALUE_BODY + 256];
    params[0] = (struct ak_msg_param){AK_SPAN_LIT("service"), AK_SPAN_LIT("openrouter")};
    param_count = 1;
    for (size_t len = AK_WIRE_SEALED_MAX - 1; len <= AK_WIRE_SEALED_MAX + 1; len++) {
        size_t text = (len * 4 + 2) / 3;
        int at = snprintf(json, sizeof json, "{\"enc\":\"" ENC "\",\"sealed\":\"");
        memset(json + at, 'A', text);
        memcpy(json + at + text, "\"}", 3);
        assert_true(strlen(json) <= AK_LIMIT_VALUE_BODY);
        assert_int_equal(
            from(AK_CALL_CREDENTIAL_PUT, json, true), len <= AK_WIRE_SEALED_MAX ? AK_OK : AK_E_LIMIT);
    }
    assert_fault(AK_CODE_INVALID_REQUEST, "sealed");
    param_count = 0;
}

static void reads_texts(void **state)
{
    (void)state;
    static const struct {
        const char *scope;
        bool ok;
    } scopes[] = {{"[]", true}, {"[\"a\"]", true}, {"[\"a\",\"b\"]", true}, {"[\"a,b\"]", false},
        {"[\"\"]", false}, {"[1]", false}, {"\"a\"", false}, {"{}", false}, {"[\"a\\u0001\"]", false},
        {"[\"a\\n\"]", false}, {"[[\"a\"]]", false}, {"[\"\\u00e9\"]", true}, {"[null]", false}};
    char json[128];
    params[0] = (struct ak_msg_param){AK_SPAN_LIT("label"), AK_SPAN_LIT("a")};
    param_count = 1;
    for (size_t i = 0; i < AK_COUNT(scopes); i++) {
        struct ak_buf body = AK_BUF_ARR(body_memory);
        uint64_t message[32];
        (void)snprintf(json, sizeof json, "{\"scope\":%s}", scopes[i].scope);
        enum ak_err err = from_text(AK_CALL_AGENT_POLICY, ak_span_str(json), true, &body);
        if ((err == AK_OK) != scopes[i].ok) fail_msg("%s", json);
        /* What goes out here is taken at the other end. */
        if (!err)
            assert_int_equal(
                ak_msg_decode(ak_call_get(AK_CALL_AGENT_POLICY)->request, ak_buf_span(&body), message, NULL),
                AK_OK);
    }
    param_count = 0;
}

/* The same members by the recogniser and, made not flat by one unknown member, by the full parser. */
static void both_parsers_agree(void **state)
{
    (void)state;
    static const char *const members[] = {
        "\"omni_account\":\"" OMNI "\",\"message_hex\":\"00ff\",\"path\":\"/a/0\"",
        "\"message_hex\":\"\", \"omni_account\" : \"" OMNI "\"",
        "\"omni_account\":\"" OMNI "\",\"message_hex\":12",
        "\"omni_account\":\"" OMNI "\",\"message_hex\":\"zz\"",
        "\"omni_account\":\"" OMNI "\",\"message_hex\":\"00\",\"path\":\"/\"",
        "\"omni_account\":123456789012345678,\"message_hex\":\"00\"",
        "\"path\":\"/a\",\"extra\":\"x\",\"omni_account\":\"" OMNI "\",\"message_hex\":\"00\"",
    };
    for (size_t i = 0; i < AK_COUNT(members); i++) {
        char flat[512];
        char full[512];
        struct ak_buf a = AK_BUF_ARR(body_memory);
        struct ak_buf b = AK_BUF_ARR(other_memory);
        (void)snprintf(flat, sizeof flat, "{%s}", members[i]);
        (void)snprintf(full, sizeof full, "{\"not flat\":[],%s}", members[i]);
        enum ak_err err_a = from_text(AK_CALL_SIGN_MESSAGE, ak_span_str(flat), false, &a);
        struct ak_msg_fault fault_a = fault;
        enum ak_err err_b = from_text(AK_CALL_SIGN_MESSAGE, ak_span_str(full), false, &b);
        assert_int_equal(err_a, err_b);
        assert_int_equal(fault_a.code, fault.code);
        assert_true(ak_span_eq(ak_buf_span(&a), ak_buf_span(&b)));
    }
}

static void says_when_there_is_no_room(void **state)
{
    (void)state;
    static const char json[] = "{\"omni_account\":\"" OMNI "\",\"message_hex\":\"00ff\"}";
    const size_t need = 32 + 4 + 2 + 1;
    for (size_t cap = 0; cap < need; cap++) {
        struct ak_buf body = ak_buf(body_memory, cap);
        assert_int_equal(from_text(AK_CALL_SIGN_MESSAGE, AK_SPAN_LIT(json), false, &body), AK_E_FULL);
    }
    struct ak_buf body = ak_buf(body_memory, need);
    assert_int_equal(from_text(AK_CALL_SIGN_MESSAGE, AK_SPAN_LIT(json), false, &body), AK_OK);
    assert_int_equal(body.len, need);
}

/* Answers as clients see them: byte for byte, so that a change is seen here. */
static void writes_answers(void **state)
{
    (void)state;
    static const uint8_t error[] = "\0\0\0\006denied"
                                   "\0\0\0\002no"
                                   "\1\0\0\0\004rate"
                                   "\1\0\0\0\003"
                                   "101"
                                   "\1\0\0\0\003"
                                   "100"
                                   "\0"
                                   "\1\0\0\0\0\0\0\0\074";
    struct ak_buf json = AK_BUF_ARR(body_memory);
    assert_int_equal(
        ak_msg_to_json(&ak_error_reply_msg, ak_span(error, sizeof error - 1), false, &json), AK_OK);
    static const char want[] =
        "{\"error\":\"denied\",\"message\":\"no\",\"denial\":{\"rule\":\"rate\",\"seen\":\"101\","
        "\"limit\":\"100\"},\"retry_after_secs\":60}";
    assert_int_equal(json.len, sizeof want - 1);
    assert_memory_equal(json.ptr, want, json.len);
    json.len = 0;
    assert_int_equal(
        ak_msg_to_json(&ak_error_reply_msg, ak_span(error, sizeof error - 2), false, &json), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_what_is_wrong),
        cmocka_unit_test(bounds_the_message),
        cmocka_unit_test(bounds_depth),
        cmocka_unit_test(unknown_fields),
        cmocka_unit_test(keeps_url_and_body_apart),
        cmocka_unit_test(reads_query_numbers),
        cmocka_unit_test(reads_booleans_of_urls),
        cmocka_unit_test(reads_numbers),
        cmocka_unit_test(reads_base64url),
        cmocka_unit_test(bounds_the_value),
        cmocka_unit_test(reads_texts),
        cmocka_unit_test(both_parsers_agree),
        cmocka_unit_test(says_when_there_is_no_room),
        cmocka_unit_test(writes_answers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
