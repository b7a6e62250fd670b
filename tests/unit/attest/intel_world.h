/* A made platform, its quote and a policy that takes it, verified as it stands; for the tests of Intel's
 * quotes. */
#ifndef AK_TESTS_UNIT_ATTEST_INTEL_WORLD_H
#define AK_TESTS_UNIT_ATTEST_INTEL_WORLD_H

#include "unit/check.h"

#include "unit/attest/made_intel.h"

static struct made_intel intel;
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

#define BIT(check) (UINT32_C(1) << AK_ATTEST_CHECK_##check)

static inline void verify_input(const struct ak_attest_input *input)
{
    ak_attest_verdict_init(&verdict, input->kind);
    assert_int_equal(ak_intel_verify(&intel.pinned, input, &verdict), AK_OK);
    ak_attest_conclude(&verdict);
}

static inline void verify_at(uint64_t at_s)
{
    struct ak_attest_input input;
    made_intel_input(&intel, &input);
    input.policy = &policy;
    input.at_s = at_s;
    verify_input(&input);
}

static inline void expect(uint32_t failed)
{
    verify_at(MADE_AT_S);
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++)
        if ((verdict.failed >> i & 1) != (failed >> i & 1))
            fail_msg("%s: %s", ak_attest_check_name((enum ak_attest_check)i), verdict.details[i]);
}

static inline void expect_detail(enum ak_attest_check check, const char *detail)
{
    expect(UINT32_C(1) << check);
    assert_string_equal(verdict.details[check], detail);
}

static inline void set_image(const char *name, uint8_t value, uint8_t len)
{
    memset(&policy, 0, sizeof policy);
    policy.without_freshness = true;
    policy.image_count = policy.register_count = 1;
    (void)snprintf(policy.registers[0].name, sizeof policy.registers[0].name, "%s", name);
    policy.registers[0].len = len;
    memset(policy.registers[0].value, value, len);
}

static inline int make_tdx(void **state)
{
    (void)state;
    made_intel_init(&intel, AK_INTEL_TDX, 4, 0);
    set_image("mrtd", 0x11, 48);
    return 0;
}

static inline int make_sgx(void **state)
{
    (void)state;
    made_intel_init(&intel, AK_INTEL_SGX, 3, 0);
    set_image("mrenclave", 0x11, 32);
    return 0;
}

static inline int drop(void **state)
{
    (void)state;
    made_intel_done(&intel);
    return 0;
}

#define TDX(test) cmocka_unit_test_setup_teardown(test, make_tdx, drop)
#define SGX(test) cmocka_unit_test_setup_teardown(test, make_sgx, drop)

#endif
