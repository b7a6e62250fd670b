/* Names, the filling of a verdict, the checks that kinds share, and the text and JSON of a verdict as
 * snapshots: a change of them is a change of what people and programs read, and has a line in CHANGELOG.md.
 */
#include "unit/check.h"

#include "base/codec/json.h"
#include "core/attest/verdict.h"

static struct ak_attest_verdict verdict;
static struct ak_attest_policy policy;
static uint8_t memory[64 * 1024];

#define FAILED(check) (UINT32_C(1) << AK_ATTEST_CHECK_##check)

static int begin(void **state)
{
    (void)state;
    ak_attest_verdict_init(&verdict, AK_ATTEST_SNP);
    memset(&policy, 0, sizeof policy);
    return 0;
}

static void test_names(void **state)
{
    enum ak_attest_kind kind;
    (void)state;
    for (int i = 0; i < AK_ATTEST_KIND_COUNT; i++) {
        const char *name = ak_attest_kind_name((enum ak_attest_kind)i);
        assert_int_equal(ak_attest_kind_parse(ak_span_str(name), &kind), AK_OK);
        assert_int_equal(kind, i);
    }
    assert_int_equal(ak_attest_kind_parse(AK_SPAN_LIT("SNP"), &kind), AK_E_NOT_FOUND);
    assert_int_equal(ak_attest_kind_parse(AK_SPAN_LIT("snpx"), &kind), AK_E_NOT_FOUND);
    assert_int_equal(ak_attest_kind_parse(AK_SPAN_EMPTY, &kind), AK_E_NOT_FOUND);
    for (int i = 0; i < AK_ATTEST_CHECK_COUNT; i++) {
        assert_true(strlen(ak_attest_check_name((enum ak_attest_check)i)) > 0);
        assert_true(strlen(ak_attest_check_remedy((enum ak_attest_check)i)) > 0);
        for (int k = 0; k < i; k++)
            assert_string_not_equal(
                ak_attest_check_name((enum ak_attest_check)i), ak_attest_check_name((enum ak_attest_check)k));
    }
}

static void test_details(void **state)
{
    static char name[2 * AK_ATTEST_DETAIL_MAX];
    (void)state;
    ak_attest_fail(&verdict, AK_ATTEST_CHECK_FORMAT, "first");
    ak_attest_fail(&verdict, AK_ATTEST_CHECK_FORMAT, "second");
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_FORMAT], "first");
    ak_attest_fail_about(&verdict, AK_ATTEST_CHECK_CHAIN, "<", AK_SPAN_LIT("a\nb\x7f\xff"), ">");
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_CHAIN], "<a?b?"
                                                                "?>");
    memset(name, 'x', sizeof name - 1);
    ak_attest_fail(
        &verdict, AK_ATTEST_CHECK_TCB, name); /* longer than there is room: the text ends in time */
    assert_true(strlen(verdict.details[AK_ATTEST_CHECK_TCB]) < AK_ATTEST_DETAIL_MAX);
    ak_attest_fail_number(&verdict, AK_ATTEST_CHECK_PRODUCT, "n", 7, "and must be at least", UINT64_MAX);
    assert_string_equal(
        verdict.details[AK_ATTEST_CHECK_PRODUCT], "n is 7 and must be at least 18446744073709551615");
    assert_int_equal(verdict.failed, FAILED(FORMAT) | FAILED(CHAIN) | FAILED(TCB) | FAILED(PRODUCT));
}

static void test_chain_errors(void **state)
{
    static const struct {
        enum ak_err err;
        uint32_t failed;
    } rows[] = {{AK_OK, 0}, {AK_E_EXPIRED, FAILED(TIME)}, {AK_E_MEANING, FAILED(CHAIN)},
        {AK_E_FORMAT, FAILED(CHAIN)}, {AK_E_LIMIT, FAILED(CHAIN)}, {AK_E_AUTH, FAILED(CHAIN)}};
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        begin(state);
        assert_int_equal(ak_attest_fail_chain(&verdict, rows[i].err, "certificate"), AK_OK);
        assert_int_equal(verdict.failed, rows[i].failed);
    }
    begin(state);
    assert_int_equal(ak_attest_fail_chain(&verdict, AK_E_CRYPTO, "certificate"), AK_E_CRYPTO);
    assert_int_equal(verdict.failed, 0);
}

static void add_register(size_t image, const char *name, uint8_t value)
{
    struct ak_attest_register *reg = &policy.registers[policy.register_count++];
    (void)snprintf(reg->name, sizeof reg->name, "%s", name);
    reg->image = (uint8_t)image;
    reg->len = 1;
    reg->value[0] = value;
    policy.image_count = image + 1;
}

static bool is_allowed(void)
{
    verdict.failed = 0;
    ak_attest_check_images(&verdict, &policy);
    assert_int_equal(verdict.trust[AK_ATTEST_EXECUTABLES],
        verdict.failed ? AK_TRUST_UNRECOGNIZED_RUNTIME : AK_TRUST_AFFIRMING);
    return verdict.failed == 0;
}

/* All registers of one image; not some of one and some of another. */
static void test_images(void **state)
{
    static const uint8_t one[2] = {1, 1}, two[1] = {2};
    (void)state;
    assert_false(is_allowed());
    ak_attest_measure(&verdict, "pcr0", ak_span(one, 1));
    ak_attest_measure(&verdict, "pcr1", ak_span(two, 1));
    assert_false(is_allowed());
    add_register(0, "pcr0", 1);
    add_register(0, "pcr1", 3);
    add_register(1, "pcr0", 4);
    add_register(1, "pcr1", 2);
    assert_false(is_allowed());
    add_register(2, "pcr1", 2);
    assert_true(is_allowed());
    policy.register_count = 0; /* an image without a register is none */
    assert_false(is_allowed());
    add_register(0, "pcr9", 1); /* not measured at all */
    assert_false(is_allowed());
    policy.register_count = 0;
    add_register(0, "pcr0", 1);
    policy.registers[0].len = 2; /* of another length */
    policy.registers[0].value[1] = 0;
    assert_false(is_allowed());
}

/* Only what is authentic and failed nowhere. */
static void test_conclusion(void **state)
{
    for (int authentic = 0; authentic < 2; authentic++)
        for (int failed = 0; failed < 2; failed++) {
            begin(state);
            verdict.authentic = authentic;
            verdict.failed = failed ? FAILED(FORMAT) : 0;
            ak_attest_conclude(&verdict);
            assert_int_equal(verdict.accepted, authentic && !failed);
            assert_int_equal(verdict.trust[AK_ATTEST_HARDWARE], AK_TRUST_NONE);
        }
}

/* The door: sizes before anything else, kinds without a verifier. */
static void test_door(void **state)
{
    static uint8_t large[1024 * 1024 + 1];
    struct ak_attest_input input = {.kind = AK_ATTEST_SNP, .policy = &policy};
    (void)state;
    for (size_t i = 0; i < AK_ATTEST_PART_COUNT; i++) {
        input.parts[i] = ak_span(large, sizeof large);
        assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
        assert_false(verdict.accepted);
        assert_string_equal(verdict.details[AK_ATTEST_CHECK_FORMAT], "a file is longer than 1 MiB");
        input.parts[i] = AK_SPAN_EMPTY;
    }
    input.parts[0] = ak_span(large, sizeof large - 1);
    assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
    assert_string_equal(verdict.details[AK_ATTEST_CHECK_FORMAT], "a report has 1184 bytes");
}

/* ---- snapshots ---- */

static void fill(void)
{
    static const uint8_t measured[4] = {0xde, 0xad, 0xbe, 0xef}, zeros[4];
    verdict.authentic = true;
    (void)snprintf(verdict.machine, sizeof verdict.machine, "AMD EPYC Genoa, VCEK");
    ak_attest_measure(&verdict, "measurement", AK_SPAN_ARR(measured));
    ak_attest_measure(&verdict, "pcr9", AK_SPAN_ARR(zeros));
    ak_attest_fact_text(&verdict, "tcb", AK_SPAN_LIT("snp 23, microcode 25"));
    ak_attest_fact_number(&verdict, "vmpl", 0);
    ak_attest_fact_bool(&verdict, "debug", true);
    ak_attest_fact_null(&verdict, "nonce");
    verdict.trust[AK_ATTEST_INSTANCE_IDENTITY] = AK_TRUST_AFFIRMING;
    policy.allow_debug = true;
    ak_attest_check_debug(&verdict, &policy, true);
    ak_attest_check_images(&verdict, &policy);
    ak_attest_check_product(&verdict, &policy, "Milan", true);
    ak_attest_check_floor(&verdict, &policy, "Milan", "snp", 8);
    policy.without_freshness = true;
    ak_attest_check_fresh(&verdict, &policy, false);
    ak_attest_conclude(&verdict);
}

static const char *text(void)
{
    struct ak_buf out = AK_BUF_ARR(memory);
    ak_attest_verdict_put_text(&out, &verdict);
    assert_int_equal(ak_buf_terminate(&out), AK_OK);
    return (const char *)memory;
}

static void test_text(void **state)
{
    (void)state;
    fill();
    assert_string_equal(text(),
        "verdict           refused\n"
        "kind              AMD SEV-SNP report\n"
        "machine           AMD EPYC Genoa, VCEK\n"
        "measurement       deadbeef\n"
        "tcb               snp 23, microcode 25\n"
        "trust             instance-identity 2 (affirming), executables 33 (warning), hardware 32 (warning), "
        "runtime-opaque 96 (contraindicated)\n"
        "waived            debug: the host can read its memory, and the policy allows that\n"
        "waived            freshness: this may be a replay, and the policy allows that\n"
        "failed            product: Milan is refused unless the policy names it\n"
        "  what to do      run on another machine, or name this one in the policy's products\n"
        "failed            measurement: the policy allows no image\n"
        "  what to do      if you know this image, add its measurement to the policy's images; if not, do "
        "not trust "
        "it\n"
        "failed            tcb: the policy has no floor for snp\n"
        "  what to do      update the machine's firmware; a component without a floor needs one in "
        "min_tcb\n");
}

/* A text out of evidence makes no row of its own, and moves no terminal. */
static void test_text_of_strangers(void **state)
{
    (void)state;
    verdict.authentic = true;
    ak_attest_fact_text(
        &verdict, "tcb", AK_SPAN_LIT("x\nverdict           accepted\x1b[8m\xc2\x9b\xe2\x80\x8e"));
    ak_attest_check_images(&verdict, &policy);
    ak_attest_conclude(&verdict);
    assert_non_null(
        strstr(text(), "\ntcb               x\?verdict           accepted\?[8m\?\?\?\?\?\ntrust "));
    assert_null(strstr(text(), "\nverdict"));
}

static void test_text_of_what_is_not_authentic(void **state)
{
    (void)state;
    ak_attest_fail(&verdict, AK_ATTEST_CHECK_SIGNATURE, "altered");
    ak_attest_conclude(&verdict);
    assert_string_equal(text(),
        "verdict           refused\n"
        "kind              AMD SEV-SNP report\n"
        "machine           unknown\n"
        "measurement       unknown: nothing in this evidence can be believed\n"
        "trust             instance-identity 97 (contraindicated), hardware 99 (contraindicated)\n"
        "failed            signature: altered\n"
        "  what to do      do not trust it: the evidence was altered, or is of another machine\n");
    begin(state);
    verdict.authentic = true;
    ak_attest_conclude(&verdict);
    assert_string_equal(text(),
        "verdict           accepted\n"
        "kind              AMD SEV-SNP report\n"
        "machine           unknown\n"
        "trust             no claim\n"
        "what to do        nothing: it is evidence of a machine that the policy takes\n");
    verdict.unchecked = FAILED(FRESHNESS);
    assert_non_null(strstr(text(), "what to do        see what was waived before you rely on it\n"));
}

static void test_json(void **state)
{
    AK_CLEANUP(ak_json_done) struct ak_json document;
    struct ak_buf out = AK_BUF_ARR(memory);
    (void)state;
    fill();
    ak_attest_verdict_put_json(&out, &verdict);
    assert_int_equal(ak_json_parse(ak_buf_span(&out), sizeof memory, &document), AK_OK);
    assert_int_equal(ak_buf_terminate(&out), AK_OK);
    assert_string_equal((const char *)memory,
        "{\"kind\":\"snp\",\"accepted\":false,\"authentic\":true,\"machine\":\"AMD EPYC Genoa, "
        "VCEK\",\"trust\":{"
        "\"instance-identity\":2,\"configuration\":0,\"executables\":33,\"file-system\":0,\"hardware\":32,"
        "\"runtime-opaque\":96,\"storage-opaque\":0,\"sourced-data\":0},\"failed\":[{\"check\":\"product\","
        "\"detail\":"
        "\"Milan is refused unless the policy names it\",\"remedy\":\"run on another machine, or name this "
        "one in the "
        "policy's products\"},{\"check\":\"measurement\",\"detail\":\"the policy allows no "
        "image\",\"remedy\":\"if you "
        "know this image, add its measurement to the policy's images; if not, do not trust "
        "it\"},{\"check\":\"tcb\","
        "\"detail\":\"the policy has no floor for snp\",\"remedy\":\"update the machine's firmware; a "
        "component "
        "without a floor needs one in "
        "min_tcb\"}],\"waived\":[\"debug\",\"freshness\"],\"facts\":{\"measurement\":"
        "\"deadbeef\",\"pcr9\":\"00000000\",\"tcb\":\"snp 23, microcode "
        "25\",\"vmpl\":0,\"debug\":true,\"nonce\":null}}");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test_setup(test_details, begin),
        cmocka_unit_test_setup(test_chain_errors, begin),
        cmocka_unit_test_setup(test_images, begin),
        cmocka_unit_test_setup(test_conclusion, begin),
        cmocka_unit_test_setup(test_door, begin),
        cmocka_unit_test_setup(test_text, begin),
        cmocka_unit_test_setup(test_text_of_strangers, begin),
        cmocka_unit_test_setup(test_text_of_what_is_not_authentic, begin),
        cmocka_unit_test_setup(test_json, begin),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
