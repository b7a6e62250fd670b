/* Looking up: which item allows, which key does not fit (I4: what no item says is refused). */
#include "core/policy/scope.h"
#include "unit/check.h"

static struct ak_scope_match find(
    const char *scope, enum ak_operation operation, const struct ak_scope_facts *facts)
{
    return ak_scope_find(ak_span_str(scope), operation, facts);
}

static void expect_allowed(struct ak_scope_match m, const char *item)
{
    assert_int_equal(m.result, AK_SCOPE_ALLOWED);
    assert_true(ak_span_eq(m.item, ak_span_str(item)));
    assert_null(m.key);
}

static void expect_narrowed(struct ak_scope_match m, const char *item, const char *key)
{
    assert_int_equal(m.result, AK_SCOPE_NARROWED);
    assert_true(ak_span_eq(m.item, ak_span_str(item)));
    assert_string_equal(m.key, key);
}

static void test_service(void **state)
{
    (void)state;
    const char *scope = "cap:oidc,cap:sign-siwe,open,openrouter,z";
    const char *there[] = {"open", "openrouter", "z"};
    const char *not_there[] = {"", "openroute", "openrouter2", "cap:oidc", "cap:sign-siwe", "open,openrouter",
        "OPEN", "cap", "y", "*"};
    for (size_t i = 0; i < AK_COUNT(there); i++) {
        struct ak_scope_facts facts = {.service = ak_span_str(there[i])};
        expect_allowed(find(scope, AK_OP_READ_CREDENTIAL, &facts), there[i]);
        assert_int_equal(find("", AK_OP_READ_CREDENTIAL, &facts).result, AK_SCOPE_NO_ITEM);
    }
    for (size_t i = 0; i < AK_COUNT(not_there); i++) {
        struct ak_scope_facts facts = {.service = ak_span_str(not_there[i])};
        assert_int_equal(find(scope, AK_OP_READ_CREDENTIAL, &facts).result, AK_SCOPE_NO_ITEM);
    }
}

/* Each capability allows its own operation and no other. */
static void test_caps_do_not_mix(void **state)
{
    (void)state;
    struct ak_scope_facts facts = {.tx = {.priced = true}};
    for (int cap = AK_OP_NONE; cap <= AK_OP_COUNT; cap++) {
        const char *scope = ak_operation_cap((enum ak_operation)cap);
        if (!scope) continue;
        for (int op = AK_OP_NONE; op <= AK_OP_COUNT; op++) {
            enum ak_scope_result result = find(scope, (enum ak_operation)op, &facts).result;
            assert_int_equal(result, op == cap ? AK_SCOPE_ALLOWED : AK_SCOPE_NO_ITEM);
        }
    }
    assert_int_equal(find("sign-siwe,sign-message", AK_OP_SIGN_SIWE, &facts).result, AK_SCOPE_NO_ITEM);
}

static void test_message(void **state)
{
    (void)state;
    const char *bare = "cap:sign-message", *bytes = "cap:sign-message?bytes=1";
    const char *both = "cap:sign-message,cap:sign-message?bytes=1";
    struct ak_scope_facts text = {.content = AK_CONTENT_PLAIN}, digest = {.content = AK_CONTENT_BYTES};
    expect_allowed(find(bare, AK_OP_SIGN_MESSAGE, &text), bare);
    expect_narrowed(find(bare, AK_OP_SIGN_MESSAGE, &digest), bare, "bytes");
    expect_allowed(find(bytes, AK_OP_SIGN_MESSAGE, &text), bytes);
    expect_allowed(find(bytes, AK_OP_SIGN_MESSAGE, &digest), bytes);
    expect_allowed(find(both, AK_OP_SIGN_MESSAGE, &digest), bytes);
    const enum ak_content never[] = {
        AK_CONTENT_LIKE_SIWE, AK_CONTENT_OWN_STATEMENT, AK_CONTENT_OWN_SITE, AK_CONTENT_PERMIT};
    for (size_t i = 0; i < AK_COUNT(never); i++) {
        struct ak_scope_facts facts = {.content = never[i]};
        assert_int_equal(find(both, AK_OP_SIGN_MESSAGE, &facts).result, AK_SCOPE_NARROWED);
    }
}

static void test_siwe(void **state)
{
    (void)state;
    const char *scope = "cap:sign-siwe?domain=a.example,cap:sign-siwe?domain=b.example:8443";
    struct ak_scope_facts facts = {.domain = AK_SPAN_LIT("a.example")};
    expect_allowed(find(scope, AK_OP_SIGN_SIWE, &facts), "cap:sign-siwe?domain=a.example");
    facts.domain = AK_SPAN_LIT("b.example:8443");
    expect_allowed(find(scope, AK_OP_SIGN_SIWE, &facts), "cap:sign-siwe?domain=b.example:8443");
    const char *others[] = {"", "b.example", "a.example:443", "A.example", "a.example.", "x.a.example",
        "a.example.evil", "evil@a.example"};
    for (size_t i = 0; i < AK_COUNT(others); i++) {
        facts.domain = ak_span_str(others[i]);
        expect_narrowed(find(scope, AK_OP_SIGN_SIWE, &facts), "cap:sign-siwe?domain=a.example", "domain");
        expect_allowed(find("cap:sign-siwe", AK_OP_SIGN_SIWE, &facts), "cap:sign-siwe");
    }
    facts.content = AK_CONTENT_BYTES;
    assert_int_equal(find("cap:sign-siwe", AK_OP_SIGN_SIWE, &facts).result, AK_SCOPE_NARROWED);
}

static void test_oidc(void **state)
{
    (void)state;
    struct ak_scope_facts facts = {.aud = AK_SPAN_LIT("sts.amazonaws.com")};
    expect_allowed(find("cap:oidc", AK_OP_OIDC, &facts), "cap:oidc");
    expect_allowed(
        find("cap:oidc?aud=sts.amazonaws.com", AK_OP_OIDC, &facts), "cap:oidc?aud=sts.amazonaws.com");
    expect_narrowed(find("cap:oidc?aud=other", AK_OP_OIDC, &facts), "cap:oidc?aud=other", "aud");
}

static void test_typed_data(void **state)
{
    (void)state;
    struct ak_scope_facts facts = {0};
    expect_allowed(find("cap:sign-typed-data", AK_OP_SIGN_TYPED_DATA, &facts), "cap:sign-typed-data");
    facts.content = AK_CONTENT_PERMIT;
    expect_narrowed(
        find("cap:sign-typed-data", AK_OP_SIGN_TYPED_DATA, &facts), "cap:sign-typed-data", "permit");
    facts.content = AK_CONTENT_OWN_STATEMENT;
    expect_narrowed(
        find("cap:sign-typed-data", AK_OP_SIGN_TYPED_DATA, &facts), "cap:sign-typed-data", "content");
}

#define TO_FF "0x00000000000000000000000000000000000000ff"

static void test_tx(void **state)
{
    (void)state;
    struct ak_scope_facts facts = {.tx = {.chain = 8453, .priced = true}};
    facts.tx.to[19] = 0xff;
    facts.tx.cost[31] = 100;
    const char *all = "cap:sign-tx?chain=8453&to=" TO_FF "&max-value=100";
    expect_allowed(find("cap:sign-tx", AK_OP_SIGN_TX, &facts), "cap:sign-tx");
    expect_allowed(find(all, AK_OP_SIGN_TX, &facts), all);
    facts.tx.cost[31] = 101;
    expect_narrowed(find(all, AK_OP_SIGN_TX, &facts), all, "max-value");
    facts.tx.cost[31] = 100;
    facts.tx.cost[0] = 1;
    expect_narrowed(find(all, AK_OP_SIGN_TX, &facts), all, "max-value");
    facts.tx.cost[0] = 0;
    facts.tx.to[0] = 1;
    expect_narrowed(find(all, AK_OP_SIGN_TX, &facts), all, "to");
    facts.tx.to[0] = 0;
    facts.tx.creates = true;
    expect_narrowed(find(all, AK_OP_SIGN_TX, &facts), all, "to");
    facts.tx.creates = false;
    facts.tx.chain = 1;
    expect_narrowed(find(all, AK_OP_SIGN_TX, &facts), all, "chain");
}

/* What cannot be priced needs an item that names the contract and sets no limit on value. */
static void test_tx_unpriced(void **state)
{
    (void)state;
    struct ak_scope_facts facts = {.tx = {.chain = 1, .priced = false}};
    facts.tx.to[19] = 0xff;
    expect_narrowed(find("cap:sign-tx", AK_OP_SIGN_TX, &facts), "cap:sign-tx", "to");
    expect_narrowed(find("cap:sign-tx?chain=1", AK_OP_SIGN_TX, &facts), "cap:sign-tx?chain=1", "to");
    expect_allowed(find("cap:sign-tx?to=" TO_FF, AK_OP_SIGN_TX, &facts), "cap:sign-tx?to=" TO_FF);
    const char *limited = "cap:sign-tx?to=" TO_FF "&max-value=9";
    expect_narrowed(find(limited, AK_OP_SIGN_TX, &facts), limited, "max-value");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_service), cmocka_unit_test(test_caps_do_not_mix),
        cmocka_unit_test(test_message), cmocka_unit_test(test_siwe), cmocka_unit_test(test_oidc),
        cmocka_unit_test(test_typed_data), cmocka_unit_test(test_tx), cmocka_unit_test(test_tx_unpriced)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
