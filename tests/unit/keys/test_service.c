/* Service keys against values computed by another program; purposes of the wrong kind or shape refused. */
#include "unit/keys/given.h"

#include "core/keys/service.h"

#define LOG_ID "00112233445566778899aabbccddeeff"

static void gives_the_expected_keys(void **state)
{
    (void)state;
    static const struct {
        const char *purpose;
        enum ak_purpose_kind kind;
        const char *key;
    } cases[] = {
        {AK_PURPOSE_SESSION, AK_PURPOSE_P256,
            "218bcfaf9d03c7050f9fc6a1e2e8b2e191913ed9d56b2deb50a97df50011c67f"},
        {AK_PURPOSE_AGENT_TOKEN, AK_PURPOSE_P256,
            "3728f31d63ac11229a71b0e1b4cbbc92a41e9da1a01c3994f75a79702151d98d"},
        {AK_PURPOSE_OIDC "1", AK_PURPOSE_P256,
            "f62f88112b6a7a86ad4ac8afefb6e3eb7a2ba2fcc35eb16e444af2b63cdd11cb"},
        {AK_PURPOSE_WORKER_TLS "w-1", AK_PURPOSE_P256,
            "6b14d387fb64bc309b633af98098de9445c1dc80a3fee653fcdf533804c48c61"},
        {AK_PURPOSE_DELIVERY, AK_PURPOSE_SECRET32,
            "16e3184ad1fd84e078ab56d7f5c065d8af3a4e5c282f813b06040b6c3ead42de"},
        {AK_PURPOSE_LEDGER LOG_ID, AK_PURPOSE_SECRET32,
            "fc0a7193cba80c0e7f8ab06c7067f9799331ac5c3d1690d33f7f463648e6644b"},
        {AK_PURPOSE_LEDGER_MAC LOG_ID, AK_PURPOSE_SECRET32,
            "0ae2e4faf57f929034427de401cb07c0a12c8de9bc348c6ac04ea81a6de02327"},
        {AK_PURPOSE_SHIELDING, AK_PURPOSE_SECRET32,
            "f78287ec56104d7747ee7f6e179ea6c8626d29a80a235ea3c2fb8ae8e7599982"},
        {AK_PURPOSE_IMPORT, AK_PURPOSE_SECRET32,
            "cb47911e915da3b8c794ad1662fa01946feb3331f4b8a7513c8ad47ad6699ff2"},
        {"shielding/v2", AK_PURPOSE_SECRET32,
            "d5e35e459d94ff36991667a6be8980a5bb2ed9d7fdcc182cb5e585cec9e391fd"},
    };
    static const struct ak_secret32 zeros;
    AK_CLEANUP(ak_root_close) struct ak_root root = {0};
    given_root(&root, AK_SUITE_AK1, AK_ROOT_BORN);
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_span purpose = ak_span_str(cases[i].purpose);
        bool is_p256 = cases[i].kind == AK_PURPOSE_P256;
        struct ak_secret32 key, none;
        assert_int_equal(ak_purpose_kind(purpose), cases[i].kind);
        enum ak_err err =
            is_p256 ? ak_service_p256(&root, purpose, &key) : ak_service_secret32(&root, purpose, &key);
        enum ak_err other =
            is_p256 ? ak_service_secret32(&root, purpose, &none) : ak_service_p256(&root, purpose, &none);
        assert_int_equal(err, AK_OK);
        assert_int_equal(other, AK_E_ARG);
        assert_hex(key.bytes, 32, cases[i].key);
        assert_memory_equal(&none, &zeros, sizeof none);
    }
}

static void refuses_what_is_no_purpose(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "session", "session/", "session/v", "session/v0", "session/v01",
        "session/v1/", "session/v1/x", "session/v1 ", "Session/v1", "session/w1", "session/v4294967296",
        "ledger/v1", "ledger/v1/", "ledger/v1/a/b", "ledger/v1/a b", "ledger/v1/a:b", "ledger-mac/v1",
        "worker-tls/v1", "worker-tls/v1/", "oidc/v1", "oidc/issuer", "evm/v1", "agentkeys-evm-wallet-v1:"};
    struct ak_secret32 key;
    AK_CLEANUP(ak_root_close) struct ak_root root = {0};
    given_root(&root, AK_SUITE_AK1, AK_ROOT_BORN);
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (ak_purpose_kind(ak_span_str(bad[i])) != AK_PURPOSE_UNKNOWN) fail_msg("accepted: %s", bad[i]);
        assert_int_equal(ak_service_secret32(&root, ak_span_str(bad[i]), &key), AK_E_ARG);
        assert_int_equal(ak_service_p256(&root, ak_span_str(bad[i]), &key), AK_E_ARG);
    }
}

static void takes_ids_up_to_64(void **state)
{
    (void)state;
    char purpose[sizeof(AK_PURPOSE_LEDGER_MAC) - 1 + 65] = AK_PURPOSE_LEDGER_MAC;
    size_t prefix = sizeof(AK_PURPOSE_LEDGER_MAC) - 1;
    memset(purpose + prefix, 'Z', 65);
    assert_int_equal(ak_purpose_kind(ak_span(purpose, prefix)), AK_PURPOSE_UNKNOWN);
    assert_int_equal(ak_purpose_kind(ak_span(purpose, prefix + 1)), AK_PURPOSE_SECRET32);
    assert_int_equal(ak_purpose_kind(ak_span(purpose, prefix + 64)), AK_PURPOSE_SECRET32);
    assert_int_equal(ak_purpose_kind(ak_span(purpose, prefix + 65)), AK_PURPOSE_UNKNOWN);
}

/* A secret that somebody else has known gives no service keys. */
static void roots_from_outside_give_none(void **state)
{
    (void)state;
    struct ak_secret32 key;
    AK_CLEANUP(ak_root_close) struct ak_root brought = {0};
    AK_CLEANUP(ak_root_close) struct ak_root old = {0};
    given_root(&brought, AK_SUITE_AK1, AK_ROOT_BROUGHT_IN);
    given_root(&old, AK_SUITE_SIGNER_V0, AK_ROOT_BROUGHT_IN);
    assert_int_equal(ak_service_p256(&brought, AK_SPAN_LIT(AK_PURPOSE_SESSION), &key), AK_E_STATE);
    assert_int_equal(ak_service_secret32(&brought, AK_SPAN_LIT(AK_PURPOSE_SHIELDING), &key), AK_E_STATE);
    assert_int_equal(ak_service_p256(&old, AK_SPAN_LIT(AK_PURPOSE_SESSION), &key), AK_E_STATE);
}

/* Version by version, and none of version 0. */
static void issuer_keys_have_versions(void **state)
{
    (void)state;
    struct ak_secret32 one, same, two;
    AK_CLEANUP(ak_root_close) struct ak_root root = {0};
    given_root(&root, AK_SUITE_AK1, AK_ROOT_BORN);
    assert_int_equal(ak_service_oidc(&root, 1, &one), AK_OK);
    assert_int_equal(ak_service_p256(&root, AK_SPAN_LIT("oidc/issuer/v1"), &same), AK_OK);
    assert_memory_equal(one.bytes, same.bytes, 32);
    assert_int_equal(ak_service_oidc(&root, 2, &two), AK_OK);
    assert_memory_not_equal(one.bytes, two.bytes, 32);
    assert_int_equal(ak_service_oidc(&root, UINT32_MAX, &two), AK_OK);
    assert_int_equal(ak_service_oidc(&root, 0, &two), AK_E_ARG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_expected_keys),
        cmocka_unit_test(refuses_what_is_no_purpose),
        cmocka_unit_test(takes_ids_up_to_64),
        cmocka_unit_test(roots_from_outside_give_none),
        cmocka_unit_test(issuer_keys_have_versions),
    };
    return cmocka_run_group_tests_name("service", tests, NULL, NULL);
}
