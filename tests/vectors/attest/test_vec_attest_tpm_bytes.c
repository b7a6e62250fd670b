/* TPM 2.0: no byte of a genuine quote, certified counter, signature, key, register or certificate can be
 * altered. */
#include "vectors/attest/alter.h"
#include "vectors/attest/tpm_samples.h"

static enum ak_attest_kind kind;

static void verify_sample(void)
{
    verify(kind);
}

static void alter_parts(const char *name, enum ak_attest_kind of_kind, enum alter_how how)
{
    kind = of_kind;
    for (int part = 0; part < AK_ATTEST_PART_COUNT; part++) {
        struct alter alter = {&parts[part], name, verify_sample, &verdict, 0};
        if (parts[part].len > 0) alter_all(&alter, how);
    }
}

static void test_gce(void **state)
{
    (void)state;
    load_gce();
    alter_parts("gce-quote-sha256", AK_ATTEST_TPM, ALTER_WHOLE);
}

static void test_counter(void **state)
{
    (void)state;
    load_counter();
    alter_parts("swtpm nvcertify", AK_ATTEST_TPM_CERTIFY, ALTER_WHOLE);
}

static void test_swtpm_quote(void **state)
{
    (void)state;
    load_swtpm_quote();
    alter_parts("swtpm quote", AK_ATTEST_TPM, ALTER_SOME);
}

/* Certificates of the signing key, and of the endorsement key, up to the same root. */
static void test_gcp_chains(void **state)
{
    (void)state;
    load_gce();
    name_key();
    load_gcp_chain();
    alter_parts("gcp-ak-ecc", AK_ATTEST_TPM, ALTER_SOME);
    load("tpm/gcp-ek-ecc.pem", AK_ATTEST_PART_LEAF);
    alter_parts("gcp-ek-ecc", AK_ATTEST_TPM, ALTER_SOME);
}

static void test_projects(void **state)
{
    (void)state;
    load_keylime();
    alter_parts("keylime", AK_ATTEST_TPM, ALTER_SOME);
    load_coco();
    alter_parts("coco", AK_ATTEST_TPM, ALTER_SOME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gce),
        cmocka_unit_test(test_counter),
        cmocka_unit_test(test_swtpm_quote),
        cmocka_unit_test(test_gcp_chains),
        cmocka_unit_test(test_projects),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
