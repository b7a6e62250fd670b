/* Policies of attestation: what is refused leaves a policy that refuses everything and a reason; what is
 * accepted keeps every bound and every name is a text. */
#include "fuzz/fuzz.h"

#include "core/attest/attest.h"

static void check_name(const char *name)
{
    AK_FUZZ_CHECK(memchr(name, 0, AK_ATTEST_NAME_MAX) != NULL && name[0] != 0);
}

static void check_data(const struct ak_attest_data *data)
{
    AK_FUZZ_CHECK(data->len <= AK_ATTEST_DATA_MAX && data->given == (data->len > 0));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static struct ak_attest_policy policy;
    struct ak_attest_policy_fault fault;
    if (ak_attest_policy_parse(ak_span(data, len), &policy, &fault) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&policy, sizeof policy) && fault.reason[0] != 0);
        AK_FUZZ_CHECK(memchr(fault.member, 0, sizeof fault.member) != NULL);
        return 0;
    }
    AK_FUZZ_CHECK(
        policy.register_count <= AK_ATTEST_REGISTERS_MAX && policy.image_count <= AK_ATTEST_IMAGES_MAX);
    AK_FUZZ_CHECK(policy.register_count >= policy.image_count);
    for (size_t i = 0; i < policy.register_count; i++) {
        check_name(policy.registers[i].name);
        AK_FUZZ_CHECK(policy.registers[i].len >= 1 && policy.registers[i].len <= AK_ATTEST_VALUE_MAX);
        AK_FUZZ_CHECK(policy.registers[i].image < policy.image_count);
    }
    AK_FUZZ_CHECK(
        policy.product_count <= AK_ATTEST_PRODUCTS_MAX && policy.floor_count <= AK_ATTEST_FLOORS_MAX);
    for (size_t i = 0; i < policy.product_count; i++) check_name(policy.products[i]);
    for (size_t i = 0; i < policy.floor_count; i++) check_name(policy.floors[i].component);
    check_data(&policy.report_data);
    check_data(&policy.nonce);
    check_data(&policy.user_data);
    check_data(&policy.public_key);
    AK_FUZZ_CHECK(policy.snp.max_vmpl <= 3);
    return 0;
}
