/* The broker's table of calls: a snapshot, and every message both ways at its smallest and largest. */
#include "core/wire/broker_call.h"

#include "unit/wire/fill.h"

/* A change of this list is a change of the contract (docs/api/openapi-broker.yaml, CHANGELOG.md). */
static const char snapshot[] = "email-request POST /v1/auth/email/request proof\n"
                               "email-verify POST /v1/auth/email/verify public\n"
                               "email-status GET /v1/auth/email/status/{id} proof\n"
                               "wallet-start POST /v1/auth/wallet/start proof\n"
                               "wallet-verify POST /v1/auth/wallet/verify proof\n"
                               "link POST /v1/wallet/link change\n"
                               "unlink POST /v1/wallet/unlink change\n"
                               "links GET /v1/wallet/links use\n"
                               "oauth2-start POST /v1/auth/oauth2/start proof\n"
                               "oauth2-confirm POST /v1/auth/oauth2/confirm public\n"
                               "oauth2-status GET /v1/auth/oauth2/status/{id} proof\n"
                               "oauth2-identity GET /v1/auth/oauth2/identity/{id} proof\n";
static const char *const auths[] = {"public", "proof", "use", "change"};

static void calls_are_these(void **state)
{
    (void)state;
    char text[1024] = "";
    size_t len = 0;
    for (unsigned i = 0; i < AK_BROKER_CALL_COUNT; i++) {
        const struct ak_call *call = ak_broker_call_get(i);
        assert_true(call->auth <= AK_AUTH_CHANGE);
        assert_int_equal(call->auth >= AK_AUTH_USE, (call->flags & AK_CALL_SESSION) != 0);
        len += (size_t)snprintf(text + len, sizeof text - len, "%s %s %s %s\n", call->name, call->method,
            call->path, auths[call->auth]);
    }
    assert_string_equal(text, snapshot);
    assert_null(ak_broker_call_get(AK_BROKER_CALL_COUNT));
}

static void finds_each_and_nothing_else(void **state)
{
    (void)state;
    struct ak_msg_param params[4];
    size_t count = 0;
    unsigned id = 0;
    const struct ak_span get = AK_SPAN_LIT("GET"), post = AK_SPAN_LIT("POST");
    assert_int_equal(
        ak_broker_call_match(post, AK_SPAN_LIT("/v1/auth/email/verify"), params, &count, &id), AK_OK);
    assert_int_equal(id, AK_BROKER_CALL_EMAIL_VERIFY);
    assert_int_equal(ak_broker_call_match(get, AK_SPAN_LIT("/v1/auth/email/verify"), params, &count, &id),
        AK_E_UNSUPPORTED);
    assert_int_equal(id, AK_BROKER_CALL_COUNT);
    assert_int_equal(
        ak_broker_call_match(get, AK_SPAN_LIT("/v1/auth/email/status/ab"), params, &count, &id), AK_OK);
    assert_int_equal(count, 1);
    assert_true(ak_span_eq(params[0].value, AK_SPAN_LIT("ab")));
    static const char *const none[] = {"", "/", "/v1/auth/email/status/", "/v1/auth/email/status/a/b",
        "/v1/auth/email/requests", "/v1/account", "/internal/v1/identity-answered"};
    for (size_t i = 0; i < AK_COUNT(none); i++)
        assert_int_equal(
            ak_broker_call_match(get, ak_span_str(none[i]), params, &count, &id), AK_E_NOT_FOUND);
}

static void messages_go_both_ways(void **state)
{
    (void)state;
    static struct fill fill;
    static uint8_t body_memory[FILL_BODY], again_memory[FILL_BODY], json_memory[FILL_BODY];
    for (unsigned i = 0; i < 2 * AK_BROKER_CALL_COUNT; i++) {
        const struct ak_call *call = ak_broker_call_get(i / 2);
        const struct ak_msg *msg = i % 2 ? call->request : call->reply;
        struct ak_buf body = AK_BUF_ARR(body_memory), json = AK_BUF_ARR(json_memory);
        struct ak_buf again = AK_BUF_ARR(again_memory);
        struct ak_msg_fault fault;
        fill_message(&fill, msg, FILL_SMALL);
        assert_int_equal(ak_msg_encode(msg, fill.message, &body), AK_OK);
        assert_int_equal(ak_msg_to_json(msg, ak_buf_span(&body), false, &json), AK_OK);
        const struct ak_msg_input input = {.json = ak_buf_span(&json)};
        if (call->request == msg && strchr(call->path, '{')) continue; /* its fields come by the path */
        assert_int_equal(ak_msg_from_json(msg, &input, &again, &fault), AK_OK);
        assert_true(ak_span_eq(ak_buf_span(&body), ak_buf_span(&again)));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(calls_are_these),
        cmocka_unit_test(finds_each_and_nothing_else), cmocka_unit_test(messages_go_both_ways)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
