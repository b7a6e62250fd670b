/* Identities: the closed list of types, one spelling a person, the omni; mostly what is refused (I4). */
#include "unit/check.h"

#include "base/limits.h"
#include "core/identity/identity.h"

static enum ak_err parse(const char *text)
{
    struct ak_identity identity;
    enum ak_err err = ak_identity_parse(ak_span_str(text), &identity);
    if (err != AK_OK) assert_null(identity.value.ptr);
    return err;
}

static void assert_omni(const char *type, const char *value, const char *expected_hex)
{
    uint8_t omni[32];
    char hex[65];
    assert_int_equal(ak_identity_omni(ak_span_str(type), ak_span_str(value), omni), AK_OK);
    for (size_t i = 0; i < sizeof omni; i++) snprintf(hex + 2 * i, 3, "%02x", omni[i]);
    assert_string_equal(hex, expected_hex);
}

static void hashes_to_published_omnis(void **state)
{
    (void)state;
    assert_omni(
        "email", "alice@demo.example", "c420ac69e33cd22a6e6bdcba9bccd9e90d4a2e645b2527f150df0a0753017fd8");
    assert_omni("evm", "0x7e5f4552091a69125d5dfcb7b8c2659029395bdf",
        "d457789998c7158f596b6aa7a7e1dfba26703f6cd4374a2df43dc0567a042851");
}

static void tells_the_parts(void **state)
{
    (void)state;
    struct ak_identity identity;
    assert_int_equal(ak_identity_parse(AK_SPAN_LIT("oauth2_google:1101:69"), &identity), AK_OK);
    assert_int_equal(identity.type, AK_IDENTITY_OAUTH2);
    assert_true(ak_span_eq(identity.type_text, AK_SPAN_LIT("oauth2_google")));
    assert_true(ak_span_eq(identity.provider, AK_SPAN_LIT("google")));
    assert_true(ak_span_eq(identity.value, AK_SPAN_LIT("1101:69")));
    assert_int_equal(ak_identity_parse(AK_SPAN_LIT("email:a@b"), &identity), AK_OK);
    assert_int_equal(identity.type, AK_IDENTITY_EMAIL);
    assert_int_equal(identity.provider.len, 0);
    assert_int_equal(
        ak_identity_parse(AK_SPAN_LIT("evm:0x7e5f4552091a69125d5dfcb7b8c2659029395bdf"), &identity), AK_OK);
    assert_int_equal(identity.type, AK_IDENTITY_EVM);
}

static void accepts_usual_addresses(void **state)
{
    (void)state;
    static const char *const good[] = {"email:alice@demo.example", "email:a.b+tag@mail.example.org",
        "email:o'hara@x.y", "email:a@localhost", "email:123@1-2.example", "email:a..b@docomo.example"};
    for (size_t i = 0; i < AK_COUNT(good); i++) assert_int_equal(parse(good[i]), AK_OK);
}

static void refuses_other_spellings_of_an_email(void **state)
{
    (void)state;
    static const char *const bad[] = {"email:", "email:a", "email:@", "email:a@", "email:@b", "email:a@b@c",
        "email:Alice@demo.example", "email:alice@Demo.example", "email:alice@demo.examplE", "email: a@b",
        "email:a @b", "email:a@b ", "email:a@b\n", "email:a@b\t", "email:a\x7f@b", "email:\"a b\"@c",
        "email:\"a\"@c", "email:<a@b>", "email:a@b.", "email:a@.b", "email:a@b..c", "email:a@-b",
        "email:a@b-", "email:a@b-.c", "email:a@[1.2.3.4]", "email:a@b_c", "email:a(b)@c", "email:a,b@c",
        "email:a@b;c", "email:\xc3\xa4@b", "email:a@\xc3\xa4", "email:a@b\xff", "email:a:b@c", "email:a\\@b"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (parse(bad[i]) != AK_E_FORMAT) fail_msg("accepted: %s", bad[i]);
    }
}

static void refuses_every_control_and_upper_case_byte(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        uint8_t email[] = "a?c@demo.example";
        uint8_t subject[] = "a?c";
        email[1] = subject[1] = (uint8_t)byte;
        struct ak_identity identity;
        bool printable = byte >= 0x20 && byte < 0x7f;
        bool upper = byte >= 'A' && byte <= 'Z';
        enum ak_err as_email =
            ak_identity_validate(AK_SPAN_LIT("email"), ak_span(email, sizeof email - 1), &identity);
        if (!printable || upper || byte == ' ') assert_int_equal(as_email, AK_E_FORMAT);
        enum ak_err as_subject = ak_identity_validate(
            AK_SPAN_LIT("oauth2_google"), ak_span(subject, sizeof subject - 1), &identity);
        assert_int_equal(as_subject, printable ? AK_OK : AK_E_FORMAT);
    }
}

static void refuses_nul_in_every_place(void **state)
{
    (void)state;
    static const char good[] = "alice@demo.example";
    for (size_t i = 0; i < sizeof good - 1; i++) {
        char value[sizeof good];
        uint8_t omni[32];
        static const uint8_t zeros[32] = {0};
        memcpy(value, good, sizeof good);
        value[i] = '\0';
        memset(omni, 0xaa, sizeof omni);
        assert_int_equal(
            ak_identity_omni(AK_SPAN_LIT("email"), ak_span(value, sizeof good - 1), omni), AK_E_FORMAT);
        assert_memory_equal(omni, zeros, 32);
    }
}

static void refuses_other_spellings_of_an_address(void **state)
{
    (void)state;
    static const char *const bad[] = {"evm:", "evm:0x", "evm:0x7E5f4552091a69125d5dfcb7b8c2659029395bdf",
        "evm:0X7e5f4552091a69125d5dfcb7b8c2659029395bdf", "evm:7e5f4552091a69125d5dfcb7b8c2659029395bdf",
        "evm:007e5f4552091a69125d5dfcb7b8c2659029395bdf", "evm:0x7e5f4552091a69125d5dfcb7b8c2659029395bd",
        "evm:0x7e5f4552091a69125d5dfcb7b8c2659029395bdf0", "evm:0x7e5f4552091a69125d5dfcb7b8c2659029395bdg",
        "evm: 0x7e5f4552091a69125d5dfcb7b8c2659029395bd"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (parse(bad[i]) != AK_E_FORMAT) fail_msg("accepted: %s", bad[i]);
    }
}

static void refuses_unknown_types(void **state)
{
    (void)state;
    static const char *const bad[] = {":a@b", "Email:a@b", "EMAIL:a@b", "email :a@b", " email:a@b",
        "mail:a@b", "emai:a@b", "emails:a@b", "phone:123", "evm2:0x", "oauth2:1", "oauth2_:1", "oauth2_g:1",
        "oauth2_Google:1", "oauth2_goo gle:1", "oauth2_goo-gle:1", "oauth2_goo_gle:1",
        "oauth2_abcdefghijklmnopq:1", "OAUTH2_google:1", "oauth3_google:1"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (parse(bad[i]) != AK_E_UNSUPPORTED) fail_msg("accepted: %s", bad[i]);
    }
    assert_int_equal(parse("email"), AK_E_FORMAT);
    assert_int_equal(parse(""), AK_E_FORMAT);
    assert_int_equal(parse("oauth2_ab:1"), AK_OK);
    assert_int_equal(parse("oauth2_abcdefghijklmnop:1"), AK_OK);
}

static void refuses_values_over_320_bytes(void **state)
{
    (void)state;
    uint8_t value[AK_LIMIT_IDENTITY_VALUE + 1];
    memset(value, 'a', sizeof value);
    value[5] = '@';
    for (size_t len = AK_LIMIT_IDENTITY_VALUE - 1; len <= sizeof value; len++) {
        struct ak_identity identity;
        enum ak_err expected = len <= AK_LIMIT_IDENTITY_VALUE ? AK_OK : AK_E_LIMIT;
        assert_int_equal(
            ak_identity_validate(AK_SPAN_LIT("email"), ak_span(value, len), &identity), expected);
        assert_int_equal(
            ak_identity_validate(AK_SPAN_LIT("oauth2_x1"), ak_span(value, len), &identity), expected);
    }
}

static void refuses_providers_that_share_a_beginning(void **state)
{
    (void)state;
    const struct ak_span good[] = {AK_SPAN_LIT("google"), AK_SPAN_LIT("github"), AK_SPAN_LIT("gitlab")};
    const struct ak_span prefix[] = {AK_SPAN_LIT("github"), AK_SPAN_LIT("google"), AK_SPAN_LIT("git")};
    const struct ak_span prefix_first[] = {AK_SPAN_LIT("git"), AK_SPAN_LIT("google"), AK_SPAN_LIT("github")};
    const struct ak_span twice[] = {AK_SPAN_LIT("google"), AK_SPAN_LIT("google")};
    const struct ak_span malformed[] = {AK_SPAN_LIT("google"), AK_SPAN_LIT("Git")};
    assert_int_equal(ak_identity_providers_check(good, 3), AK_OK);
    assert_int_equal(ak_identity_providers_check(good, 0), AK_OK);
    assert_int_equal(ak_identity_providers_check(prefix, 3), AK_E_CONFLICT);
    assert_int_equal(ak_identity_providers_check(prefix_first, 3), AK_E_CONFLICT);
    assert_int_equal(ak_identity_providers_check(twice, 2), AK_E_CONFLICT);
    assert_int_equal(ak_identity_providers_check(malformed, 2), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_to_published_omnis),
        cmocka_unit_test(tells_the_parts),
        cmocka_unit_test(accepts_usual_addresses),
        cmocka_unit_test(refuses_other_spellings_of_an_email),
        cmocka_unit_test(refuses_every_control_and_upper_case_byte),
        cmocka_unit_test(refuses_nul_in_every_place),
        cmocka_unit_test(refuses_other_spellings_of_an_address),
        cmocka_unit_test(refuses_unknown_types),
        cmocka_unit_test(refuses_values_over_320_bytes),
        cmocka_unit_test(refuses_providers_that_share_a_beginning),
    };
    return cmocka_run_group_tests_name("identity", tests, NULL, NULL);
}
