/* TPM 2.0: genuine quotes of Google's virtual TPM, of swtpm and of two projects' samples, and a certified
 * counter. They give the facts of expected.json, and each wrong key, root, selection and value is refused. */
#include "vectors/attest/tpm_samples.h"

static void test_certified_key_is_accepted(void **state)
{
    (void)state;
    load_gce();
    policy.nonce.given = true;
    policy.nonce.len = 2;
    policy.nonce.bytes[0] = 0x90;
    policy.nonce.bytes[1] = 0x09;
    policy.without_freshness = false;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, 0);
    evidence_check_facts(&verdict, "tpm/gce-quote-sha256");
    assert_true(ak_span_eq(
        ak_attest_fact_value(&verdict, ak_attest_fact(&verdict, "certificate")), AK_SPAN_LIT("ak")));
    policy.nonce.bytes[1] ^= 1;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(FRESHNESS));
}

static void test_gce_policy(void **state)
{
    (void)state;
    load_gce();
    policy.tpm.root_count = 0;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(CHAIN));
    load_gce();
    policy.tpm.roots[0][0] ^= 1; /* emulated by its host */
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(CHAIN));
    assert_int_equal(verdict.fact_count, 0);
    load_gce();
    policy.tpm.pcrs = 0xfffffe;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(SELECTION));
    load_gce();
    policy.tpm.pcrs = 0;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(SELECTION));
    load_gce();
    policy.tpm.bank_sha384 = true;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(SELECTION));
    load_gce();
    policy.registers[0].value[0] ^= 1;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT));
}

/* Chain, key and quote of two machines of one maker. */
static void test_key_of_another_machine(void **state)
{
    (void)state;
    load_gce();
    load_gcp_chain();
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(CERTIFICATE));
    name_key(); /* activated with that endorsement key, says the policy */
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, 0);
    load("tpm/gcp-ek-ecc.pem", AK_ATTEST_PART_LEAF);
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, 0);
}

/* Fresh from the box its PCR 0 is zero, which is refused by itself. */
static void test_zero_pcr0_is_refused(void **state)
{
    (void)state;
    load_swtpm_quote();
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT));
    evidence_check_facts(&verdict, "tpm-swtpm/quote");
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_MEASUREMENT],
        "PCR 0 is zero: no firmware has measured itself into this TPM");
}

static void test_counter(void **state)
{
    (void)state;
    load_counter();
    verify(AK_ATTEST_TPM_CERTIFY);
    evidence_check_failed(&verdict, 0);
    evidence_check_facts(&verdict, "tpm-swtpm/nvcertify");
    assert_int_equal(ak_attest_fact(&verdict, "counter")->number, 4);
    policy.tpm.min_counter = 5;
    verify(AK_ATTEST_TPM_CERTIFY);
    evidence_check_failed(&verdict, FAILED(FRESHNESS));
    load_counter();
    policy.tpm.nv_name[33] ^= 1;
    verify(AK_ATTEST_TPM_CERTIFY);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT));
    policy.tpm.has_nv_name = false;
    verify(AK_ATTEST_TPM_CERTIFY);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT));
    load_counter();
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(FORMAT));
}

/* Its maker's root is not in the policy, or its key was never activated. */
static void test_emulated_tpm_is_refused(void **state)
{
    (void)state;
    load_counter();
    policy.tpm.roots[0][31] ^= 1;
    verify(AK_ATTEST_TPM_CERTIFY);
    evidence_check_failed(&verdict, FAILED(CHAIN));
    load_counter();
    policy.tpm.ak_name_count = 0;
    verify(AK_ATTEST_TPM_CERTIFY);
    evidence_check_failed(&verdict, FAILED(CERTIFICATE));
    load_counter();
    parts[AK_ATTEST_PART_CHAIN].len = 0;
    verify(AK_ATTEST_TPM_CERTIFY);
    evidence_check_failed(&verdict, FAILED(INPUT));
}

static void test_keylime(void **state)
{
    (void)state;
    load_keylime();
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, 0);
    evidence_check_facts(&verdict, "tpm/keylime");
    policy.tpm.ak_names[0][2] ^= 1;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(CHAIN) | FAILED(CERTIFICATE));
}

static void test_coco(void **state)
{
    (void)state;
    load_coco();
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT)); /* PCR 0 is zero */
    evidence_check_facts(&verdict, "tpm/coco");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_certified_key_is_accepted),
        cmocka_unit_test(test_gce_policy),
        cmocka_unit_test(test_key_of_another_machine),
        cmocka_unit_test(test_zero_pcr0_is_refused),
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_emulated_tpm_is_refused),
        cmocka_unit_test(test_keylime),
        cmocka_unit_test(test_coco),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
