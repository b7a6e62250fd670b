/* Operators as they are written, and items as texts. */
#include "unit/check.h"

#include "core/identity/identity.h"
#include "core/trust/trust.h"

#define HEX64 "0101010101010101010101010101010101010101010101010101010101010101"

static struct ak_trust trust;

static enum ak_err set(const char *text)
{
    return ak_trust_set_operators(&trust, ak_span_str(text));
}

static void operators_by_anchor_or_identity(void **state)
{
    (void)state;
    uint8_t alice[32], ones[32];
    memset(ones, 1, sizeof ones);
    assert_int_equal(ak_identity_omni(AK_SPAN_LIT("email"), AK_SPAN_LIT("alice@demo.example"), alice), AK_OK);
    assert_int_equal(set("email:alice@demo.example"), AK_OK);
    assert_int_equal(trust.operator_count, 1);
    assert_memory_equal(trust.operators[0], alice, 32);
    assert_int_equal(set(" " HEX64 " , email:alice@demo.example,email:alice@demo.example"), AK_OK);
    assert_int_equal(trust.operator_count, 2);
    assert_true(ak_trust_is_operator(&trust, alice));
    assert_true(ak_trust_is_operator(&trust, ones));
    assert_int_equal(set("  "), AK_OK);
    assert_int_equal(trust.operator_count, 0);
}

static void what_names_nobody(void **state)
{
    (void)state;
    static const char *const bad[] = {",", HEX64 ",", "," HEX64, "alice", HEX64 "00",
        "email:", "email:Alice@demo.example", "phone:1", HEX64 " " HEX64};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        trust.operator_count = 1;
        assert_int_equal(set(bad[i]), AK_E_FORMAT);
        assert_int_equal(trust.operator_count, 0);
    }
}

static void as_many_as_fit(void **state)
{
    (void)state;
    char text[600] = "";
    for (unsigned i = 0; i <= AK_TRUST_OPERATORS_MAX; i++) {
        size_t len = strlen(text);
        (void)snprintf(text + len, sizeof text - len, "%semail:a%u@demo.example", i ? "," : "", i);
        assert_int_equal(set(text), i < AK_TRUST_OPERATORS_MAX ? AK_OK : AK_E_LIMIT);
    }
    assert_int_equal(trust.operator_count, 0);
}

static void assert_item(unsigned item, const char *want)
{
    char text[AK_TRUST_SHOWN_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_trust_put_item(&trust, item, &buf);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(text, want);
}

static void items_as_texts(void **state)
{
    (void)state;
    trust = (struct ak_trust){0};
    static const char *const empty[AK_TRUST_ITEM_END] = {
        [AK_TRUST_RECOVERY_WAIT] = "0s", [AK_TRUST_RECOVERY_WAIT_CODE] = "0s"};
    for (unsigned item = 0; item < AK_TRUST_ITEM_END; item++)
        assert_item(item, empty[item] ? empty[item] : "");
    trust.issuer = AK_SPAN_LIT("https://a.example");
    trust.broker_url = AK_SPAN_LIT("https://b.example");
    trust.recovery_wait_secs = 604800;
    trust.has_broker_key = true;
    trust.recovery_threshold = 1;
    trust.recipient_count = 2;
    trust.ek_root_count = 1;
    memset(trust.broker_key, 1, 32);
    memset(trust.recipients, 1, 64);
    memset(trust.ek_roots, 1, 32);
    assert_item(AK_TRUST_ISSUER, "https://a.example");
    assert_item(AK_TRUST_BROKER_URL, "https://b.example");
    assert_item(AK_TRUST_RECOVERY_WAIT, "604800s");
    assert_item(AK_TRUST_BROKER_KEY, HEX64);
    assert_item(AK_TRUST_RECOVERY, "1-of-2 " HEX64 "," HEX64);
    assert_item(AK_TRUST_EK_ROOTS, HEX64);
    assert_string_equal(ak_trust_item_name(AK_TRUST_OPERATORS), "operators");
    assert_null(ak_trust_item_name(0));
    assert_null(ak_trust_item_name(AK_TRUST_ITEM_END));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(operators_by_anchor_or_identity),
        cmocka_unit_test(what_names_nobody),
        cmocka_unit_test(as_many_as_fit),
        cmocka_unit_test(items_as_texts),
    };
    return cmocka_run_group_tests_name("trust settings", tests, NULL, NULL);
}
