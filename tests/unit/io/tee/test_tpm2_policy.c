/* Policies as tpm2_policypcr and tpm2_policynv of tpm2-tools 5.4 compute them on a TPM. */
#include "unit/check.h"

#include "base/codec/hex.h"
#include "io/tee/tpm2_policy.h"

#define COUNTER_NAME "000ba23ee17c8b261d537bda642f3a8c69b9fc6acbaa4673801cda1e2196cbdf7bff"
#define POLICY_7     "f832467394b38ff1b37bcd5a3295c478809295354afc585b4acd06acb915c07f"

static struct ak_tpm2_pcr_values pcrs;
static uint8_t name[AK_TPM2_NAME_LEN];

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_TPM2_PCRS; i++) memset(pcrs.digests[i], 0, 32);
    return ak_hex_decode_fixed(AK_SPAN_LIT(COUNTER_NAME), name, sizeof name) == AK_OK ? 0 : -1;
}

static void policy_is(uint64_t n, const char *hex)
{
    uint8_t want[32], got[32];
    assert_int_equal(ak_hex_decode_fixed(ak_span_str(hex), want, sizeof want), AK_OK);
    ak_tpm2_policy(&pcrs, name, n, got);
    assert_memory_equal(got, want, sizeof want);
}

static void as_a_tpm_has_it(void **state)
{
    (void)state;
    policy_is(7, POLICY_7);
}

static void each_part_counts(void **state)
{
    (void)state;
    uint8_t first[32], other[32];
    ak_tpm2_policy(&pcrs, name, 7, first);
    ak_tpm2_policy(&pcrs, name, 8, other);
    assert_memory_not_equal(first, other, 32);
    ak_tpm2_policy(&pcrs, name, UINT64_MAX, other);
    assert_memory_not_equal(first, other, 32);
    for (size_t i = 0; i < sizeof name; i++) {
        name[i] ^= 1;
        ak_tpm2_policy(&pcrs, name, 7, other);
        assert_memory_not_equal(first, other, 32);
        name[i] ^= 1;
    }
    for (size_t i = 0; i < AK_TPM2_PCRS; i++) {
        pcrs.digests[i][31] ^= 1;
        ak_tpm2_policy(&pcrs, name, 7, other);
        assert_memory_not_equal(first, other, 32);
        pcrs.digests[i][31] ^= 1;
        assert_true(strlen(ak_tpm2_pcr_meaning(i)) > 5);
    }
}

static void selection_is_marshalled(void **state)
{
    (void)state;
    static const uint8_t want[AK_TPM2_SELECTION_LEN] = {0, 0, 0, 1, 0, 0x0b, 3, 0x95, 0x00, 0x80};
    uint8_t got[AK_TPM2_SELECTION_LEN];
    ak_tpm2_selection(got);
    assert_memory_equal(got, want, sizeof want);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(as_a_tpm_has_it, setup),
        cmocka_unit_test_setup(each_part_counts, setup),
        cmocka_unit_test(selection_is_marshalled),
    };
    return cmocka_run_group_tests_name("tpm2_policy", tests, NULL, NULL);
}
