/* A made SEV-SNP machine under roots of the test's own, and a policy that takes its report. */
#ifndef AK_TESTS_UNIT_ATTEST_SNP_WORLD_H
#define AK_TESTS_UNIT_ATTEST_SNP_WORLD_H

#include "unit/check.h"

#include "core/attest/verdict.h"
#include "unit/attest/made.h"

static struct made_snp made;
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

#define FAILED(check) (UINT32_C(1) << AK_ATTEST_CHECK_##check)

static inline void check_failed(uint32_t wanted)
{
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++)
        if ((verdict.failed >> i & 1) != (wanted >> i & 1))
            fail_msg("check %s: %s", ak_attest_check_name((enum ak_attest_check)i), verdict.details[i]);
    assert_int_equal(verdict.accepted, wanted == 0);
    if (!verdict.authentic) assert_int_equal(verdict.fact_count, 0);
}

static inline void verify_parts(struct ak_span report, struct ak_span leaf, struct ak_span chain)
{
    const struct ak_attest_input input = {.kind = AK_ATTEST_SNP,
        .parts = {[AK_ATTEST_PART_EVIDENCE] = report,
            [AK_ATTEST_PART_LEAF] = leaf,
            [AK_ATTEST_PART_CHAIN] = chain},
        .at_s = MADE_AT_S,
        .policy = &policy};
    ak_attest_verdict_init(&verdict, AK_ATTEST_SNP);
    assert_int_equal(ak_snp_verify(made.roots, &input, &verdict), AK_OK);
    ak_attest_conclude(&verdict);
}

static inline struct ak_span chain_span(void)
{
    return ak_span(made.chain, made.chain_len);
}

static inline void expect(uint32_t failed)
{
    verify_parts(AK_SPAN_ARR(made.report), made_cert_span(&made.leaf), chain_span());
    check_failed(failed);
}

/* A policy that the made report meets. */
static inline void set_policy(void)
{
    size_t count = 0;
    const struct ak_snp_component *named = ak_snp_components(made.product, &count);
    memset(&policy, 0, sizeof policy);
    policy.image_count = policy.register_count = 1;
    (void)snprintf(policy.registers[0].name, sizeof policy.registers[0].name, "measurement");
    policy.registers[0].len = 48;
    memset(policy.registers[0].value, 0x11, 48);
    policy.product_count = 1;
    (void)snprintf(policy.products[0], sizeof policy.products[0], "%s", ak_snp_product_name(made.product));
    for (size_t i = 0; i < count; i++) {
        struct ak_attest_floor *floor = &policy.floors[policy.floor_count++];
        (void)snprintf(floor->product, sizeof floor->product, "%s", ak_snp_product_name(made.product));
        (void)snprintf(floor->component, sizeof floor->component, "%s", named[i].name);
        floor->min = (uint32_t)(i + 1);
    }
    policy.report_data.given = true;
    policy.report_data.len = 64;
    memset(policy.report_data.bytes, 0x22, 64);
}

static inline void begin(enum ak_snp_product product, bool vlek)
{
    made_snp_init(&made, product, vlek);
    set_policy();
}

#endif
