/* SEV-SNP: genuine reports of Milan and Bergamo, VCEK and VLEK. They give the facts of expected.json, each
 * wrong combination is refused for its reason, and no byte of report or certificates can be altered. */
#include "vectors/attest/alter.h"

#include "base/crypto/x509.h"

#define AT_S UINT64_C(1748736000) /* 2025-06-01, when all of them are valid */

static const char open_policy[] =
    "{\"images\":["
    "{\"measurement\":"
    "\"7a1e5c266c0108dbc9bb94fa926951320940915d0aafb42464bd88b579ea158d3e1a0dc39b2c60bd95b9c480cd81841f\"},"
    "{\"measurement\":"
    "\"b07af9620f3b839b47996422ddec6058338951d984e312115131ea82705eaf5b6bdf8a9ece31a5a608eb0cf2e4872b01\"},"
    "{\"measurement\":"
    "\"6a6519d757e68c2e939c9dbbbc1828498e8de35d2766dd05f1a2cca5059d0cf4ae62a36d75c837974dd50b315506e73e\"},"
    "{\"measurement\":\"MEASUREMENT-OF-VLEK\"}"
    "],\"products\":[\"Milan\",\"Genoa\"],\"freshness\":\"none\",\"allow_debug\":true,\"snp\":{\"max_vmpl\":"
    "1},"
    "\"min_tcb\":{\"Milan\":{\"bootloader\":2,\"tee\":0,\"snp\":5,\"microcode\":68},"
    "\"Genoa\":{\"bootloader\":10,\"tee\":0,\"snp\":23,\"microcode\":25}}}";

static struct evidence_file report, leaf, chain;
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

static const struct sample {
    const char *name, *leaf, *chain;
} samples[] = {
    {"milan-v2", "milan-v2.vcek.der", "ask_ark_milan.pem"},
    {"milan-v2-debug", "milan-v2-debug.vcek.der", "ask_ark_milan.pem"},
    {"milan-v3-vlek", "milan-v3-vlek.vlek.der", "ask_ark_milan_vlek.pem"},
    {"bergamo-v3", "bergamo-v3.vcek.der", "ask_ark_genoa.pem"},
};

static bool load(const char *name, struct evidence_file *out_file)
{
    char path[128];
    (void)snprintf(path, sizeof path, "snp/%s", name);
    return evidence_load(path, out_file);
}

static void load_sample(const struct sample *sample)
{
    char name[64];
    (void)snprintf(name, sizeof name, "%s.report.bin", sample->name);
    if (!load(name, &report) || !load(sample->leaf, &leaf) || !load(sample->chain, &chain)) skip();
}

static void verify_at(uint64_t at_s)
{
    const struct ak_attest_input input = {.kind = AK_ATTEST_SNP,
        .parts = {[AK_ATTEST_PART_EVIDENCE] = evidence_span(&report),
            [AK_ATTEST_PART_LEAF] = evidence_span(&leaf),
            [AK_ATTEST_PART_CHAIN] = evidence_span(&chain)},
        .at_s = at_s,
        .policy = &policy};
    assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
}

/* The VLEK report's measurement is taken from expected.json, as it is nowhere else. */
static void set_open_policy(void)
{
    static struct evidence_file expected;
    static char json[4096];
    if (!evidence_load("expected.json", &expected)) skip();
    json_t *all = json_loadb((const char *)expected.bytes, expected.len, 0, NULL);
    const char *measured = vec_str(json_object_get(all, "snp/milan-v3-vlek"), "measurement");
    const char *mark = strstr(open_policy, "MEASUREMENT-OF-VLEK");
    (void)snprintf(json, sizeof json, "%.*s%s%s", (int)(mark - open_policy), open_policy, measured,
        mark + strlen("MEASUREMENT-OF-VLEK"));
    evidence_policy(json, &policy);
    json_decref(all);
}

static void test_facts(void **state)
{
    (void)state;
    set_open_policy();
    for (size_t i = 0; i < AK_COUNT(samples); i++) {
        char name[64];
        load_sample(&samples[i]);
        verify_at(AT_S);
        evidence_check_failed(&verdict, 0);
        (void)snprintf(name, sizeof name, "snp/%s", samples[i].name);
        evidence_check_facts(&verdict, name);
    }
}

static void test_default_policy_refuses(void **state)
{
    (void)state;
    evidence_policy("{}", &policy);
    load_sample(&samples[3]);
    verify_at(AT_S);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT) | FAILED(TCB) | FAILED(FRESHNESS));
    load_sample(&samples[1]);
    verify_at(AT_S);
    evidence_check_failed(
        &verdict, FAILED(MEASUREMENT) | FAILED(TCB) | FAILED(FRESHNESS) | FAILED(PRODUCT) | FAILED(DEBUG));
    load_sample(&samples[2]);
    verify_at(AT_S);
    evidence_check_failed(&verdict,
        FAILED(MEASUREMENT) | FAILED(TCB) | FAILED(FRESHNESS) | FAILED(PRODUCT) | FAILED(GUEST_POLICY));
}

static void test_wrong_chain(void **state)
{
    static const struct {
        size_t sample;
        const char *leaf, *chain;
        uint32_t failed;
    } rows[] = {
        {0, NULL, "ask_ark_genoa.pem", FAILED(CHAIN)},
        {0, NULL, "ask_ark_turin_vcek.pem", FAILED(CHAIN)},
        {0, NULL, "ask_ark_milan_vlek.pem", FAILED(CHAIN)},
        {3, NULL, "ask_ark_milan.pem", FAILED(CHAIN)},
        {3, "milan-v2.vcek.der", "ask_ark_milan.pem", FAILED(CERTIFICATE)},           /* Milan as Genoa */
        {0, "milan-v3-vlek.vlek.der", "ask_ark_milan_vlek.pem", FAILED(CERTIFICATE)}, /* VLEK as VCEK */
        {2, "milan-v2.vcek.der", "ask_ark_milan.pem", FAILED(CERTIFICATE)},           /* VCEK as VLEK */
        {0, "milan-v2-debug.vcek.der", "ask_ark_milan.pem", FAILED(CERTIFICATE)},     /* another chip */
        {0, "bergamo-v3.vcek.der", "ask_ark_genoa.pem", FAILED(CERTIFICATE)},
        {0, "turin.vcek.der", "ask_ark_turin_vcek.pem", FAILED(CERTIFICATE)},
        {0, "negative-vcek-altered-1.der", "ask_ark_milan.pem", FAILED(CHAIN)},
    };
    (void)state;
    set_open_policy();
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        load_sample(&samples[rows[i].sample]);
        if (rows[i].leaf != NULL && !load(rows[i].leaf, &leaf)) skip();
        if (!load(rows[i].chain, &chain)) skip();
        verify_at(AT_S);
        evidence_check_failed(&verdict, rows[i].failed);
        assert_int_equal(verdict.fact_count, 0);
    }
}

static void test_time(void **state)
{
    static const struct {
        size_t sample;
        uint64_t last_s; /* the second in which the certificate ends */
    } rows[] = {{0, UINT64_C(1901474623)}, {2, UINT64_C(1765404861)}, {3, UINT64_C(1969293423)}};
    (void)state;
    set_open_policy();
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        load_sample(&samples[rows[i].sample]);
        verify_at(rows[i].last_s - 1);
        evidence_check_failed(&verdict, 0);
        verify_at(rows[i].last_s + 1);
        evidence_check_failed(&verdict, FAILED(TIME));
        verify_at(0);
        evidence_check_failed(&verdict, FAILED(TIME));
        verify_at(UINT64_MAX);
        assert_false(verdict.accepted);
    }
}

static void verify_sample(void)
{
    verify_at(AT_S);
}

static void alter_part(struct evidence_file *file, const char *name, enum alter_how how)
{
    struct alter alter = {file, name, verify_sample, &verdict, 0};
    alter_all(&alter, how);
}

static void test_each_byte_of_reports(void **state)
{
    (void)state;
    set_open_policy();
    for (size_t i = 0; i < AK_COUNT(samples); i++) {
        load_sample(&samples[i]);
        alter_part(&report, samples[i].name, i == 3 ? ALTER_WHOLE : ALTER_SOME);
    }
}

static void test_each_byte_of_certificates(void **state)
{
    (void)state;
    set_open_policy();
    for (size_t i = 0; i < AK_COUNT(samples); i++) {
        load_sample(&samples[i]);
        alter_part(&leaf, samples[i].leaf, i == 0 ? ALTER_WHOLE : ALTER_SOME);
        alter_part(&chain, samples[i].chain, ALTER_SOME);
    }
}

/* ---- chains of which there is no report ---- */

static uint8_t root_print[32];

static bool bundle_leads_to_root(const struct ak_x509_bundle *bundle)
{
    uint8_t print[32];
    size_t last = bundle->count - 1;
    ak_x509_fingerprint(&bundle->certs[last], print);
    return last >= 1 && memcmp(print, root_print, sizeof print) == 0 &&
           ak_x509_chain_verify(&bundle->certs[0], bundle->certs + 1, last - 1, &bundle->certs[last], AT_S) ==
               AK_OK;
}

/* Into the verdict, as if it were of evidence. */
static void verify_chain(void)
{
    struct ak_x509_bundle bundle = {.count = 0};
    struct ak_x509 parsed = {0};
    bool good = leaf.len == 0 || ak_x509_parse(evidence_span(&leaf), &parsed) == AK_OK;
    good = good && ak_x509_bundle_parse(evidence_span(&chain), &bundle) == AK_OK &&
           bundle_leads_to_root(&bundle);
    if (good && leaf.len > 0)
        good = ak_x509_chain_verify(
                   &parsed, bundle.certs, bundle.count - 1, &bundle.certs[bundle.count - 1], AT_S) == AK_OK;
    verdict.accepted = good;
    verdict.failed = good ? 0 : FAILED(CHAIN);
    ak_x509_done(&parsed);
    ak_x509_bundle_done(&bundle);
}

static void pin_root(void)
{
    struct ak_x509_bundle bundle;
    assert_int_equal(ak_x509_bundle_parse(evidence_span(&chain), &bundle), AK_OK);
    ak_x509_fingerprint(&bundle.certs[bundle.count - 1], root_print);
    ak_x509_bundle_done(&bundle);
}

static void test_each_byte_of_other_chains(void **state)
{
    static const struct {
        const char *leaf, *chain;
    } rows[] = {{"turin.vcek.der", "ask_ark_turin_vcek.pem"}, {NULL, "ask_ark_turin_vlek.pem"},
        {NULL, "ask_ark_genoa_vlek.pem"}};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct alter of_chain = {&chain, rows[i].chain, verify_chain, &verdict, 0};
        struct alter of_leaf = {&leaf, rows[i].leaf, verify_chain, &verdict, 0};
        leaf.len = 0;
        if (!load(rows[i].chain, &chain)) skip();
        if (rows[i].leaf != NULL && !load(rows[i].leaf, &leaf)) skip();
        pin_root();
        verify_chain();
        assert_true(verdict.accepted);
        alter_all(&of_chain, ALTER_SOME);
        if (rows[i].leaf != NULL) alter_all(&of_leaf, ALTER_SOME);
    }
}

static void test_policy(void **state)
{
    (void)state;
    set_open_policy();
    load_sample(&samples[3]);
    policy.floors[policy.floor_count - 1].min++;
    verify_at(AT_S);
    evidence_check_failed(&verdict, FAILED(TCB));
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_TCB], "microcode is 25 and must be at least 26");
    set_open_policy();
    policy.report_data.given = true;
    policy.report_data.len = 64;
    memcpy(policy.report_data.bytes, report.bytes + 0x50, 64);
    verify_at(AT_S);
    evidence_check_failed(&verdict, 0);
    policy.report_data.bytes[63] ^= 1;
    verify_at(AT_S);
    evidence_check_failed(&verdict, FAILED(REPORT_DATA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_default_policy_refuses),
        cmocka_unit_test(test_wrong_chain),
        cmocka_unit_test(test_time),
        cmocka_unit_test(test_each_byte_of_reports),
        cmocka_unit_test(test_each_byte_of_certificates),
        cmocka_unit_test(test_each_byte_of_other_chains),
        cmocka_unit_test(test_policy),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
