/* AWS Nitro: genuine documents of a production enclave and of debug ones. They give the facts of
 * expected.json, each of their bytes counts, and the three hours of a certificate are held. */
#include "vectors/attest/alter.h"

#define PROD_AT_S UINT64_C(1665651482)
#define PROD_PCR0                                                                                            \
    "f4d48b81a460c9916d1e685119074bf24660afd3e34fae9fca0a0d28d9d5599936332687e6f66fc890ac8cf150142d8b"
#define PROD_PCR8                                                                                            \
    "8790eb3cce6c83d07e84b126dc61ca923333d6f66615c4a79157de48c5ab2418bdc60746ea7b7afbff03a1c6210201cb"
#define ZERO16 "00000000000000000000000000000000"
#define ZERO48 ZERO16 ZERO16 ZERO16

static struct evidence_file document;
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

static void load(const char *name)
{
    char path[128];
    (void)snprintf(path, sizeof path, "nitro/%s.cose.bin", name);
    if (!evidence_load(path, &document)) skip();
}

static void verify_at(uint64_t at_s)
{
    const struct ak_attest_input input = {.kind = AK_ATTEST_NITRO,
        .parts = {[AK_ATTEST_PART_EVIDENCE] = evidence_span(&document)},
        .at_s = at_s,
        .policy = &policy};
    assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
}

static void set_open_policy(void)
{
    evidence_policy("{\"images\":[{\"pcr0\":\"" PROD_PCR0 "\",\"pcr8\":\"" PROD_PCR8 "\"},{\"pcr0\":\"" ZERO48
                    "\"}],\"allow_debug\":true,\"freshness\":\"none\"}",
        &policy);
}

static const struct sample {
    const char *name;
    uint64_t at_s;
    bool debug;
} samples[] = {{"prod-nonce256", PROD_AT_S, false}, {"debug-hello", UINT64_C(1665582606), true},
    {"debug-maxfields", UINT64_C(1725719886), true}, {"debug-spki", UINT64_C(1695049410), true}};

static void test_facts(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(samples); i++) {
        char name[64];
        set_open_policy();
        load(samples[i].name);
        verify_at(samples[i].at_s);
        evidence_check_failed(&verdict, 0);
        (void)snprintf(name, sizeof name, "nitro/%s", samples[i].name);
        evidence_check_facts(&verdict, name);
        policy.allow_debug = false;
        verify_at(samples[i].at_s);
        evidence_check_failed(&verdict, samples[i].debug ? FAILED(DEBUG) : 0);
    }
}

static void test_default_policy_refuses(void **state)
{
    (void)state;
    evidence_policy("{}", &policy);
    load("prod-nonce256");
    verify_at(PROD_AT_S);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT) | FAILED(FRESHNESS));
}

/* 2022-10-13 08:57:59 to 11:58:02; the library counts the last second as over. */
static void test_three_hours(void **state)
{
    (void)state;
    set_open_policy();
    load("prod-nonce256");
    verify_at(PROD_AT_S - 4);
    evidence_check_failed(&verdict, FAILED(TIME));
    verify_at(PROD_AT_S - 3);
    evidence_check_failed(&verdict, 0);
    verify_at(UINT64_C(1665662281));
    evidence_check_failed(&verdict, 0);
    verify_at(UINT64_C(1665662282));
    evidence_check_failed(&verdict, FAILED(TIME));
}

static void test_binding(void **state)
{
    static struct evidence_file cert;
    static const uint8_t spki_head[4] = {0x30, 0x59, 0x30, 0x13};
    (void)state;
    set_open_policy();
    load("debug-spki");
    if (!evidence_load("nitro/debug-spki.tls-cert.der", &cert)) skip();
    size_t at = 0;
    while (memcmp(cert.bytes + at, spki_head, sizeof spki_head) != 0) at++;
    policy.user_data.given = true;
    policy.user_data.len = 91;
    memcpy(policy.user_data.bytes, cert.bytes + at, 91);
    verify_at(UINT64_C(1695049410));
    evidence_check_failed(&verdict, 0);
    policy.user_data.bytes[90] ^= 1;
    verify_at(UINT64_C(1695049410));
    evidence_check_failed(&verdict, FAILED(REPORT_DATA));
}

static uint64_t sample_at_s;

static void verify_sample(void)
{
    verify_at(sample_at_s);
}

/* Certificates are part of the document. */
static void test_each_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(samples); i++) {
        struct alter alter = {&document, samples[i].name, verify_sample, &verdict, 0};
        set_open_policy();
        load(samples[i].name);
        sample_at_s = samples[i].at_s;
        alter_all(&alter, i == 0 ? ALTER_WHOLE : ALTER_SOME);
    }
}

/* The tag is optional, and no other one is. */
static void test_tag(void **state)
{
    (void)state;
    set_open_policy();
    load("prod-nonce256");
    memmove(document.bytes + 1, document.bytes, document.len++);
    document.bytes[0] = 0xd2;
    verify_at(PROD_AT_S);
    evidence_check_failed(&verdict, 0);
    document.bytes[0] = 0xd1;
    verify_at(PROD_AT_S);
    evidence_check_failed(&verdict, FAILED(FORMAT));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_facts),
        cmocka_unit_test(test_default_policy_refuses),
        cmocka_unit_test(test_three_hours),
        cmocka_unit_test(test_binding),
        cmocka_unit_test(test_each_byte),
        cmocka_unit_test(test_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
