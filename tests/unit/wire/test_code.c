/* The stable answer codes under snapshot: clients match on the names. */
#include "unit/check.h"

#include "core/wire/code.h"

static const char snapshot[] =
    "200 ok\n400 invalid_json\n400 invalid_request\n400 invalid_omni_account\n400 invalid_message_hex\n"
    "400 invalid_siwe\n400 invalid_path\n401 unauthorized\n401 invalid_token\n401 token_expired\n"
    "401 proof_required\n401 use_dpop_nonce\n401 proof_replayed\n401 nonce_expired\n401 bad_signature\n"
    "403 denied\n403 account_mismatch\n403 device_not_enrolled\n404 not_found\n404 no_evidence\n"
    "405 method_not_allowed\n409 already_consumed\n409 already_exists\n409 already_done\n"
    "409 generation_conflict\n409 generation_exhausted\n410 expired_request\n413 too_large\n"
    "422 idempotency_mismatch\n429 rate_limit_exceeded\n500 internal\n503 signer_disabled\n"
    "503 signer_auth_not_configured\n503 not_ready\n503 ledger_unavailable\n503 ledger_damaged\n"
    "507 storage_full\n202 pending\n409 epoch_busy\n500 tampered\n403 not_operator\n"
    "409 trust_pinned\n502 upstream_error\n410 ledger_archived\n";

static void is_the_contract(void **state)
{
    (void)state;
    char text[4096];
    size_t len = 0;
    for (unsigned code = 0; code < AK_CODE_COUNT; code++) {
        len += (size_t)snprintf(text + len, sizeof text - len, "%u %s\n", ak_code_status((enum ak_code)code),
            ak_code_name((enum ak_code)code));
        assert_true(strlen(ak_code_text((enum ak_code)code)) > 3);
        assert_true(strlen(ak_code_text((enum ak_code)code)) < 512);
    }
    assert_string_equal(text, snapshot);
}

static void is_internal_beyond(void **state)
{
    (void)state;
    assert_string_equal(ak_code_name((enum ak_code)AK_CODE_COUNT), "internal");
    assert_int_equal(ak_code_status((enum ak_code)AK_CODE_COUNT), 500);
    assert_string_equal(ak_code_name((enum ak_code) - 1), "internal");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(is_the_contract),
        cmocka_unit_test(is_internal_beyond),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
