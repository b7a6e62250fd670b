/* Intel TDX: genuine quotes of versions 4 and 5 with Intel's collateral of their time. They give the facts of
 * expected.json, each of them is refused or accepted for its reason, and no byte can be altered. */
#include "vectors/attest/alter.h"

#define UPTODATE_AT_S UINT64_C(1750809600) /* 2025-06-25 */
#define NOLEVEL_AT_S  UINT64_C(1772323200) /* 2026-03-01 */
#define SPR_AT_S      UINT64_C(1688169600) /* 2023-07-01 */

static const char policy_json[] =
    "{\"freshness\":\"none\",\"images\":["
    "{\"mrtd\":"
    "\"91eb2b44d141d4ece09f0c75c2c53d247a3c68edd7fafe8a3520c942a604a407de03ae6dc5f87f27428b2538873118b7\"},"
    "{\"mrtd\":"
    "\"273828c46252fcbdd8ad2dd907130222b03466d52a2911d70c1a5950895d6bd1ae451d382d5a9b1b4c0ed0e5ae9a3dbd\"},"
    "{\"mrtd\":"
    "\"6363b8043668a3ad953278e10389574d326c6749fb78aa810ecd9336923db86f22fc00b8dcd404bc10d5e119d7215cbb\"},"
    "{\"mrtd\":"
    "\"705ee9381b8633a9fbe532b52345e8433343d2868959f57889d84ca377c395b689cac1599ccea1b7d420483a9ce5f031\"},"
    "{\"mrconfigid\":"
    "\"889abf4718f037e38d74464c11e7c91a6e9890b5546409e1e7df9de7a51ca93152bf847bd2440328e90adb18b150ed67\"}"
    "]}";

static struct evidence_file parts[AK_ATTEST_PART_COUNT];
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

static void verify_at(uint64_t at_s)
{
    struct ak_attest_input input = {.kind = AK_ATTEST_TDX, .at_s = at_s, .policy = &policy};
    for (size_t i = 0; i < AK_ATTEST_PART_COUNT; i++) input.parts[i] = evidence_span(&parts[i]);
    assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
}

static void clear(void)
{
    for (size_t i = 0; i < AK_ATTEST_PART_COUNT; i++) parts[i].len = 0;
    evidence_policy(policy_json, &policy);
}

static void load(const char *name, enum ak_attest_part part)
{
    char path[128];
    (void)snprintf(path, sizeof path, "tdx/%s", name);
    if (!evidence_load(path, &parts[part])) skip();
}

static void set_text(enum ak_attest_part part, const char *text)
{
    parts[part].len = strlen(text);
    memcpy(parts[part].bytes, text, parts[part].len);
}

static void set_hex(enum ak_attest_part part, const json_t *object, const char *name)
{
    uint8_t bytes[VEC_BYTES_MAX];
    parts[part].len = vec_hex(object, name, bytes).len;
    memcpy(parts[part].bytes, bytes, parts[part].len);
}

/* Body and signature apart, as that file has them, into the form of Intel's service. */
static void set_signed(enum ak_attest_part part, const json_t *object, const char *name, const char *member)
{
    static char text[EVIDENCE_FILE_MAX];
    char signature[64];
    (void)snprintf(signature, sizeof signature, "%s_signature", member);
    (void)snprintf(text, sizeof text, "{\"%s\":%s,\"signature\":\"%s\"}", name, vec_str(object, member),
        vec_str(object, signature));
    set_text(part, text);
}

static void load_collateral(const char *name)
{
    static struct evidence_file file;
    char path[128];
    (void)snprintf(path, sizeof path, "tdx/%s.collateral.json", name);
    if (!evidence_load(path, &file)) skip();
    json_t *all = json_loadb((const char *)file.bytes, file.len, 0, NULL);
    set_signed(AK_ATTEST_PART_TCB_INFO, all, "tcbInfo", "tcb_info");
    set_signed(AK_ATTEST_PART_QE_IDENTITY, all, "enclaveIdentity", "qe_identity");
    set_text(AK_ATTEST_PART_TCB_CHAIN, vec_str(all, "tcb_info_issuer_chain"));
    set_hex(AK_ATTEST_PART_PCK_CRL, all, "pck_crl");
    set_hex(AK_ATTEST_PART_ROOT_CRL, all, "root_ca_crl");
    json_decref(all);
}

static void load_uptodate(void)
{
    clear();
    load("v4-uptodate.quote.bin", AK_ATTEST_PART_EVIDENCE);
    load_collateral("v4-uptodate");
}

static void load_nolevel(void)
{
    clear();
    load("v5-nolevel.quote.bin", AK_ATTEST_PART_EVIDENCE);
    load_collateral("v5-nolevel");
}

static void load_spr(void)
{
    clear();
    load("v4-spr.quote.bin", AK_ATTEST_PART_EVIDENCE);
    load("v4-spr.tcbinfo.json", AK_ATTEST_PART_TCB_INFO);
    load("v4-spr.qeidentity.json", AK_ATTEST_PART_QE_IDENTITY);
    load("v4-spr.pckcrl.der", AK_ATTEST_PART_PCK_CRL);
    load("v4-spr.rootcrl.der", AK_ATTEST_PART_ROOT_CRL);
}

/* Its collateral came without the signer's certificates; Intel's of two years later has the same key. */
static void load_spr_with_signer(void)
{
    load_spr();
    load_collateral("v4-uptodate");
    load("v4-spr.tcbinfo.json", AK_ATTEST_PART_TCB_INFO);
    load("v4-spr.qeidentity.json", AK_ATTEST_PART_QE_IDENTITY);
}

/* ---- samples ---- */

static void test_uptodate_is_accepted(void **state)
{
    (void)state;
    load_uptodate();
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, 0);
    evidence_check_facts(&verdict, "tdx/v4-uptodate");
    assert_string_equal(verdict.machine, "Intel TDX, FMSPC b0c06f000000");
    assert_int_equal(verdict.trust[AK_ATTEST_HARDWARE], AK_TRUST_AFFIRMING);
    assert_int_equal(verdict.trust[AK_ATTEST_RUNTIME_OPAQUE], AK_TRUST_AFFIRMING);
}

static void test_no_level_is_refused(void **state)
{
    (void)state;
    load_nolevel();
    verify_at(NOLEVEL_AT_S);
    evidence_check_failed(&verdict, FAILED(TCB) | FAILED(TCB_STATUS));
    evidence_check_facts(&verdict, "tdx/v5-nolevel");
    assert_string_equal(
        verdict.details[AK_ATTEST_CHECK_TCB], "sgx component 7 is 3 and Intel's lowest level has 5");
}

static void test_spr_is_refused(void **state)
{
    (void)state;
    load_spr();
    verify_at(SPR_AT_S);
    evidence_check_failed(&verdict, FAILED(INPUT) | FAILED(PADDING) | FAILED(GUEST_POLICY));
    load_spr_with_signer();
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(
        &verdict, FAILED(TIME) | FAILED(PADDING) | FAILED(GUEST_POLICY) | FAILED(TCB) | FAILED(TCB_STATUS));
    evidence_check_facts(&verdict, "tdx/v4-spr");
    assert_string_equal(
        verdict.details[AK_ATTEST_CHECK_TCB], "sgx component 0 is 3 and Intel's lowest level has 5");
}

static void test_debug_is_refused(void **state)
{
    (void)state;
    clear();
    load("v4-debug.quote.bin", AK_ATTEST_PART_EVIDENCE);
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(INPUT) | FAILED(DEBUG));
    evidence_check_facts(&verdict, "tdx/v4-debug");
}

static void test_mrconfigid(void **state)
{
    (void)state;
    clear();
    load("v4-mrconfigid.quote.bin", AK_ATTEST_PART_EVIDENCE);
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(INPUT));
    evidence_check_facts(&verdict, "tdx/v4-mrconfigid");
    load_collateral("v4-uptodate");
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(COLLATERAL));
    assert_string_equal(
        verdict.details[AK_ATTEST_CHECK_COLLATERAL], "the TCB info is of another platform (FMSPC, PCE)");
}

/* ---- reasons ---- */

static void test_default_policy_refuses(void **state)
{
    (void)state;
    load_uptodate();
    evidence_policy("{}", &policy);
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT) | FAILED(FRESHNESS));
}

/* 2025-06-19T10:32:27Z (QE identity) to 2025-07-19T10:00:35Z (the platform CA's list). */
static void test_collateral_window(void **state)
{
    (void)state;
    load_uptodate();
    verify_at(UINT64_C(1750329147));
    evidence_check_failed(&verdict, 0);
    verify_at(UINT64_C(1750329146));
    evidence_check_failed(&verdict, FAILED(TIME));
    verify_at(UINT64_C(1752919235));
    evidence_check_failed(&verdict, 0);
    verify_at(UINT64_C(1752919236));
    evidence_check_failed(&verdict, FAILED(TIME));
}

static void test_missing_parts(void **state)
{
    static const enum ak_attest_part needed[] = {AK_ATTEST_PART_TCB_INFO, AK_ATTEST_PART_QE_IDENTITY,
        AK_ATTEST_PART_TCB_CHAIN, AK_ATTEST_PART_PCK_CRL, AK_ATTEST_PART_ROOT_CRL};
    (void)state;
    for (size_t i = 0; i < AK_COUNT(needed); i++) {
        load_uptodate();
        parts[needed[i]].len = 0;
        verify_at(UPTODATE_AT_S);
        evidence_check_failed(&verdict, FAILED(INPUT));
    }
}

static void test_swapped_parts(void **state)
{
    (void)state;
    load_uptodate();
    parts[AK_ATTEST_PART_PCK_CRL] = parts[AK_ATTEST_PART_ROOT_CRL];
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(COLLATERAL));
    load_uptodate();
    parts[AK_ATTEST_PART_TCB_INFO] = parts[AK_ATTEST_PART_QE_IDENTITY];
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(COLLATERAL));
}

/* The platform's own certificate chains to Intel's root, and must not sign collateral. */
static void test_platform_signs_no_collateral(void **state)
{
    (void)state;
    load_uptodate();
    struct evidence_file *quote = &parts[AK_ATTEST_PART_EVIDENCE];
    const uint8_t *begin = memmem(quote->bytes, quote->len, "-----BEGIN", 10);
    assert_non_null(begin);
    struct evidence_file *chain = &parts[AK_ATTEST_PART_TCB_CHAIN];
    chain->len = (size_t)(quote->bytes + quote->len - begin) - 70;
    memcpy(chain->bytes, begin, chain->len);
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(CHAIN));
}

/* ---- every byte ---- */

static uint64_t sample_at_s;

static void verify_sample(void)
{
    verify_at(sample_at_s);
}

static void alter_part(enum ak_attest_part part, const char *name, enum alter_how how)
{
    struct alter alter = {&parts[part], name, verify_sample, &verdict, 0};
    alter_all(&alter, how);
}

/* Header, body, length of what follows, and that; zeros may be behind it. */
static size_t quote_end(const struct evidence_file *quote)
{
    size_t at = quote->bytes[0] == 5 ? 48 + 6 + 584 : 48 + 584;
    assert_true(quote->bytes[0] == 4 || quote->bytes[0] == 5);
    return at + 4 + (size_t)(quote->bytes[at] | quote->bytes[at + 1] << 8);
}

static void alter_quote(const char *name, enum alter_how how)
{
    struct alter alter = {&parts[AK_ATTEST_PART_EVIDENCE], name, verify_sample, &verdict, 0};
    size_t end = quote_end(alter.file), len = alter.file->len;
    alter_up_to(&alter, how, end);
    for (size_t i = end; i < len; i++) { /* of zero bytes and of others none may become another */
        alter.file->bytes[i] ^= 1;
        verify_sample();
        assert_false(verdict.accepted);
        alter.file->bytes[i] ^= 1;
    }
    alter.file->len = end - 1;
    assert_true(alter_is_covered(&alter));
    alter.file->len = len;
}

static void alter_collateral(const char *name)
{
    alter_part(AK_ATTEST_PART_TCB_INFO, name, ALTER_SOME);
    alter_part(AK_ATTEST_PART_QE_IDENTITY, name, ALTER_SOME);
    alter_part(AK_ATTEST_PART_TCB_CHAIN, name, ALTER_SOME);
    alter_part(AK_ATTEST_PART_PCK_CRL, name, ALTER_SOME);
    alter_part(AK_ATTEST_PART_ROOT_CRL, name, ALTER_SOME);
}

static void test_each_byte_of_quotes(void **state)
{
    (void)state;
    load_uptodate();
    sample_at_s = UPTODATE_AT_S;
    alter_quote("v4-uptodate", ALTER_WHOLE);
    load("v4-debug.quote.bin", AK_ATTEST_PART_EVIDENCE);
    alter_quote("v4-debug", ALTER_SOME);
    load("v4-mrconfigid.quote.bin", AK_ATTEST_PART_EVIDENCE);
    alter_quote("v4-mrconfigid", ALTER_SOME);
    load("v4-spr.quote.bin", AK_ATTEST_PART_EVIDENCE);
    alter_quote("v4-spr", ALTER_SOME);
    load_nolevel();
    sample_at_s = NOLEVEL_AT_S;
    alter_quote("v5-nolevel", ALTER_SOME);
}

static void test_each_byte_of_collateral(void **state)
{
    (void)state;
    load_uptodate();
    sample_at_s = UPTODATE_AT_S;
    alter_collateral("v4-uptodate");
    load_nolevel();
    sample_at_s = NOLEVEL_AT_S;
    alter_collateral("v5-nolevel");
    load_spr_with_signer();
    sample_at_s = UPTODATE_AT_S;
    alter_collateral("v4-spr");
    load("v4-spr.pckcrl.der", AK_ATTEST_PART_PCK_CRL);
    load("v4-spr.rootcrl.der", AK_ATTEST_PART_ROOT_CRL);
    alter_part(AK_ATTEST_PART_PCK_CRL, "v4-spr.pckcrl", ALTER_SOME);
    alter_part(AK_ATTEST_PART_ROOT_CRL, "v4-spr.rootcrl", ALTER_SOME);
}

/* What may be altered: how many zero bytes follow the quote, and a line feed behind collateral. */
static void test_free_bytes(void **state)
{
    (void)state;
    load_uptodate();
    parts[AK_ATTEST_PART_EVIDENCE].len -= 70;
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, 0);
    parts[AK_ATTEST_PART_EVIDENCE].len--;
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(FORMAT));
    load_uptodate();
    struct evidence_file *info = &parts[AK_ATTEST_PART_TCB_INFO];
    info->bytes[info->len++] = '\n';
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, 0);
    info->bytes[info->len++] = '\n';
    verify_at(UPTODATE_AT_S);
    evidence_check_failed(&verdict, FAILED(COLLATERAL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_uptodate_is_accepted),
        cmocka_unit_test(test_no_level_is_refused),
        cmocka_unit_test(test_spr_is_refused),
        cmocka_unit_test(test_debug_is_refused),
        cmocka_unit_test(test_mrconfigid),
        cmocka_unit_test(test_default_policy_refuses),
        cmocka_unit_test(test_collateral_window),
        cmocka_unit_test(test_missing_parts),
        cmocka_unit_test(test_swapped_parts),
        cmocka_unit_test(test_platform_signs_no_collateral),
        cmocka_unit_test(test_each_byte_of_quotes),
        cmocka_unit_test(test_each_byte_of_collateral),
        cmocka_unit_test(test_free_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
