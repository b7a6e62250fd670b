/* No byte of a quote or of collateral can be altered, but for white space in the signer's PEM and a line feed
 * behind collateral. */
#include "unit/attest/intel_world.h"

static void test_each_byte(void **state)
{
    (void)state;
    intel.trailing = 3;
    made_intel_quote(&intel);
    expect(0);
    for (size_t i = 0; i < intel.quote_len; i += AK_EACH_BYTE) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        intel.quote[i] ^= bit;
        verify_at(MADE_AT_S);
        if (verdict.failed == 0) fail_msg("byte %zu can be altered", i);
        intel.quote[i] ^= bit;
    }
    size_t len = intel.quote_len - intel.trailing;
    for (intel.quote_len = 0; intel.quote_len < len; intel.quote_len += AK_EACH_BYTE) {
        verify_at(MADE_AT_S);
        assert_int_equal(verdict.failed, BIT(FORMAT));
    }
}

static void test_each_byte_of_collateral(void **state)
{
    (void)state;
    expect(0);
    for (size_t i = 0; i < strlen(intel.qe_identity); i++) {
        intel.qe_identity[i] ^= 1;
        verify_at(MADE_AT_S);
        if (verdict.failed == 0) fail_msg("byte %zu can be altered", i);
        intel.qe_identity[i] ^= 1;
    }
}

/* What may be altered: white space between and inside the PEM blocks of the signer's chain, nothing else. */
static void test_each_byte_of_chain(void **state)
{
    (void)state;
    for (size_t i = 0; i < strlen(intel.tcb_chain); i++) {
        const char before = intel.tcb_chain[i], others[] = {(char)(before ^ 1), ' ', '\n', '\t'};
        for (size_t k = 0; k < (before == '\n' || i % 16 == 0 ? AK_COUNT(others) : 1); k++) {
            intel.tcb_chain[i] = others[k];
            verify_at(MADE_AT_S);
            bool free_byte = before == others[k] || (before == '\n' && k > 0);
            if ((verdict.failed == 0) != free_byte) fail_msg("byte %zu as %d", i, others[k]);
        }
        intel.tcb_chain[i] = before;
    }
}

/* One line feed behind collateral; none of its bytes. */
static void test_free_bytes(void **state)
{
    (void)state;
    size_t len = strlen(intel.tcb_info);
    intel.tcb_info[len] = '\n';
    intel.tcb_info[len + 1] = 0;
    expect(0);
    intel.tcb_info[len + 1] = '\n';
    intel.tcb_info[len + 2] = 0;
    expect(BIT(COLLATERAL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TDX(test_each_byte),
        SGX(test_each_byte),
        TDX(test_each_byte_of_collateral),
        TDX(test_each_byte_of_chain),
        TDX(test_free_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
