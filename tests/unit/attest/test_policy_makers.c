/* The members "intel" and "tpm" of a policy: each value, each limit, each malformed one. */
#include "unit/check.h"

#include "core/attest/attest.h"
#include "core/attest/intel_status.h"

static struct ak_attest_policy policy;
static struct ak_attest_policy_fault fault;

#define FINGERPRINT "4444444444444444444444444444444444444444444444444444444444444444"
#define KEY_NAME    "000b" FINGERPRINT

static enum ak_err parse(const char *json)
{
    return ak_attest_policy_parse(ak_span_str(json), &policy, &fault);
}

static void test_intel(void **state)
{
    (void)state;
    assert_int_equal(
        parse("{\"intel\":{\"tcb_statuses\":[\"SWHardeningNeeded\",\"OutOfDateConfigurationNeeded\"],"
              "\"min_tcb_evaluation\":17,\"allow_migration\":true,\"allow_sept_ve\":true,"
              "\"isv_prod_id\":65535,\"min_isv_svn\":65535}}"),
        AK_OK);
    assert_int_equal(policy.intel.statuses,
        1u << AK_INTEL_SW_HARDENING_NEEDED | 1u << AK_INTEL_OUT_OF_DATE_CONFIGURATION_NEEDED);
    assert_int_equal(policy.intel.min_tcb_evaluation, 17);
    assert_true(policy.intel.allow_migration && policy.intel.allow_sept_ve && policy.intel.has_isv_prod_id);
    assert_int_equal(policy.intel.isv_prod_id, 65535);
    assert_int_equal(policy.intel.min_isv_svn, 65535);
}

static void test_tpm(void **state)
{
    (void)state;
    assert_int_equal(
        parse("{\"tpm\":{\"roots\":[\"" FINGERPRINT "\"],\"ak_names\":[\"" KEY_NAME "\",\"" KEY_NAME
              "\"],\"bank\":\"sha384\",\"pcrs\":[0,23,7],\"nv_name\":\"" KEY_NAME "\",\"min_counter\":9}}"),
        AK_OK);
    assert_int_equal(policy.tpm.root_count, 1);
    assert_int_equal(policy.tpm.roots[0][31], 0x44);
    assert_int_equal(policy.tpm.ak_name_count, 2);
    assert_int_equal(policy.tpm.ak_names[1][1], 0x0b);
    assert_true(policy.tpm.bank_sha384 && policy.tpm.has_nv_name && policy.tpm.has_min_counter);
    assert_int_equal(policy.tpm.pcrs, 0x800081);
    assert_int_equal(policy.tpm.min_counter, 9);
    assert_int_equal(parse("{\"tpm\":{\"bank\":\"sha256\"}}"), AK_OK);
    assert_false(policy.tpm.bank_sha384);
}

static void test_registers(void **state)
{
    static const char *const names[] = {"mrtd", "rtmr3", "mrconfigid", "mrowner", "mrownerconfig", "mrseam",
        "mrservicetd", "mrenclave", "mrsigner", "pcr23"};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        char json[96];
        (void)snprintf(json, sizeof json, "{\"images\":[{\"%s\":\"00\"}]}", names[i]);
        assert_int_equal(parse(json), AK_OK);
        assert_string_equal(policy.registers[0].name, names[i]);
    }
}

static void test_refused(void **state)
{
    static const struct {
        const char *json, *member;
    } rows[] = {
        {"{\"intel\":{\"tcb_statuses\":\"OutOfDate\"}}", "intel.tcb_statuses"},
        {"{\"intel\":{\"tcb_statuses\":[1]}}", "intel.tcb_statuses"},
        {"{\"intel\":{\"tcb_statuses\":[\"UpToDate\"]}}", "intel.tcb_statuses"},
        {"{\"intel\":{\"tcb_statuses\":[\"Revoked\"]}}", "intel.tcb_statuses"},
        {"{\"intel\":{\"tcb_statuses\":[\"no matching level\"]}}", "intel.tcb_statuses"},
        {"{\"intel\":{\"isv_prod_id\":65536}}", "intel.isv_prod_id"},
        {"{\"intel\":{\"min_isv_svn\":65536}}", "intel.min_isv_svn"},
        {"{\"intel\":{\"min_tcb_evaluation\":4294967296}}", "intel.min_tcb_evaluation"},
        {"{\"intel\":{\"allow\":true}}", "intel.allow"},
        {"{\"tpm\":{\"roots\":[]}}", "tpm.roots"},
        {"{\"tpm\":{\"roots\":[\"44\"]}}", "tpm.roots"},
        {"{\"tpm\":{\"ak_names\":[\"" FINGERPRINT "\"]}}", "tpm.ak_names"},
        {"{\"tpm\":{\"ak_names\":{}}}", "tpm.ak_names"},
        {"{\"tpm\":{\"bank\":\"sha1\"}}", "tpm.bank"},
        {"{\"tpm\":{\"pcrs\":[]}}", "tpm.pcrs"},
        {"{\"tpm\":{\"pcrs\":[24]}}", "tpm.pcrs"},
        {"{\"tpm\":{\"pcrs\":[3,3]}}", "tpm.pcrs"},
        {"{\"tpm\":{\"pcrs\":[\"3\"]}}", "tpm.pcrs"},
        {"{\"tpm\":{\"nv_name\":\"00\"}}", "tpm.nv_name"},
        {"{\"tpm\":{\"min_counter\":-1}}", "tpm.min_counter"},
    };
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        assert_int_not_equal(parse(rows[i].json), AK_OK);
        assert_string_equal(fault.member, rows[i].member);
        assert_int_equal(policy.tpm.root_count + policy.tpm.pcrs + policy.intel.statuses, 0);
    }
}

static void test_limits(void **state)
{
    static const struct {
        const char *name, *value;
        size_t max;
    } rows[] = {
        {"roots", FINGERPRINT, AK_ATTEST_TPM_ROOTS_MAX}, {"ak_names", KEY_NAME, AK_ATTEST_TPM_NAMES_MAX}};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        for (size_t count = rows[i].max; count <= rows[i].max + 1; count++) {
            char json[2048];
            size_t len = (size_t)snprintf(json, sizeof json, "{\"tpm\":{\"%s\":[", rows[i].name);
            for (size_t k = 0; k < count; k++)
                len += (size_t)snprintf(
                    json + len, sizeof json - len, "%s\"%s\"", k > 0 ? "," : "", rows[i].value);
            (void)snprintf(json + len, sizeof json - len, "]}}");
            assert_int_equal(parse(json), count > rows[i].max ? AK_E_LIMIT : AK_OK);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_intel),
        cmocka_unit_test(test_tpm),
        cmocka_unit_test(test_registers),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
