/* TPM 2.0: genuine quotes of Google's virtual TPM, of swtpm and of two projects' samples, and a certified
 * counter. They give the facts of expected.json, and each wrong key, root, selection and value is refused. */
#include "vectors/attest/evidence.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/crypto/x509.h"
#include "core/attest/tpm_public.h"

#define AT_S UINT64_C(1798761600) /* 2027-01-01: all certificates of the samples are valid */

static struct evidence_file parts[AK_ATTEST_PART_COUNT];
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

static void verify(enum ak_attest_kind kind)
{
    struct ak_attest_input input = {.kind = kind, .at_s = AT_S, .policy = &policy};
    for (size_t i = 0; i < AK_ATTEST_PART_COUNT; i++) input.parts[i] = evidence_span(&parts[i]);
    assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
}

static void load(const char *name, enum ak_attest_part part)
{
    if (!evidence_load(name, &parts[part])) skip();
}

static void clear(void)
{
    for (size_t i = 0; i < AK_ATTEST_PART_COUNT; i++) parts[i].len = 0;
    evidence_policy("{\"freshness\":\"none\"}", &policy);
}

static void set(enum ak_attest_part part, const void *bytes, size_t len)
{
    memcpy(parts[part].bytes, bytes, len);
    parts[part].len = len;
}

/* The key as one that the policy names, the root of a certificate, an image of one PCR. */
static void name_key(void)
{
    struct ak_tpm_public key;
    assert_int_equal(ak_tpm_public_parse(evidence_span(&parts[AK_ATTEST_PART_AK_PUBLIC]), &key), AK_OK);
    ak_tpm_public_name(&key, policy.tpm.ak_names[0]);
    policy.tpm.ak_name_count = 1;
}

static void name_root(struct ak_span certificate)
{
    struct ak_x509_bundle bundle;
    assert_int_equal(ak_x509_bundle_parse(certificate, &bundle), AK_OK);
    ak_x509_fingerprint(&bundle.certs[bundle.count - 1], policy.tpm.roots[0]);
    policy.tpm.root_count = 1;
    ak_x509_bundle_done(&bundle);
}

static void name_image(const char *name, size_t at, size_t len)
{
    struct ak_attest_register *image = &policy.registers[0];
    policy.register_count = policy.image_count = 1;
    (void)snprintf(image->name, sizeof image->name, "%s", name);
    image->len = (uint8_t)len;
    memcpy(image->value, parts[AK_ATTEST_PART_PCRS].bytes + at, len);
}

/* ---- Google's ---- */

/* "0 hex" lines, as the sample keeps them. */
static void load_gce_pcrs(void)
{
    static struct evidence_file text;
    struct evidence_file *pcrs = &parts[AK_ATTEST_PART_PCRS];
    if (!evidence_load("tpm/gce-quote-sha256.pcrs.txt", &text)) skip();
    pcrs->len = 0;
    for (size_t at = 0, end = 0; at < text.len; at = end + 1) {
        end = ak_span_find(evidence_span(&text), at, '\n');
        assert_true(end - at > 64);
        assert_int_equal(
            ak_hex_decode_fixed(ak_span(text.bytes + end - 64, 64), pcrs->bytes + pcrs->len, 32), AK_OK);
        pcrs->len += 32;
    }
    assert_int_equal(pcrs->len, 24 * 32);
}

static void load_gce(void)
{
    clear();
    load("tpm/gce-quote-sha256.attest", AK_ATTEST_PART_EVIDENCE);
    load("tpm/gce-quote-sha256.sig", AK_ATTEST_PART_SIGNATURE);
    load("tpm/gce-ak.tpmt_public", AK_ATTEST_PART_AK_PUBLIC);
    load("tpm/gce-ak.crt.der", AK_ATTEST_PART_LEAF);
    load("tpm/gce-ak-issuer.crt.der", AK_ATTEST_PART_CHAIN);
    load_gce_pcrs();
    name_root(evidence_span(&parts[AK_ATTEST_PART_CHAIN]));
    policy.tpm.pcrs = 0xffffff;
    name_image("pcr0", 0, 32);
}

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
    load("tpm/gcp-ak-ecc.pem", AK_ATTEST_PART_LEAF);
    static struct evidence_file root;
    load("tpm/gcp-ekak-intermediate.crt", AK_ATTEST_PART_CHAIN);
    if (!evidence_load("tpm/gcp-ekak-root.crt", &root)) skip();
    struct evidence_file *chain = &parts[AK_ATTEST_PART_CHAIN];
    memcpy(chain->bytes + chain->len, root.bytes, root.len);
    name_root(evidence_span(&root));
    chain->len += root.len;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(CERTIFICATE));
    name_key(); /* activated with that endorsement key, says the policy */
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, 0);
    load("tpm/gcp-ek-ecc.pem", AK_ATTEST_PART_LEAF);
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, 0);
}

/* ---- swtpm ---- */

static void load_swtpm(const char *name)
{
    char path[128];
    static struct evidence_file root;
    clear();
    (void)snprintf(path, sizeof path, "tpm-swtpm/%s.attest", name);
    load(path, AK_ATTEST_PART_EVIDENCE);
    (void)snprintf(path, sizeof path, "tpm-swtpm/%s.sig", name);
    load(path, AK_ATTEST_PART_SIGNATURE);
    load("tpm-swtpm/ak.tpm2b_public", AK_ATTEST_PART_AK_PUBLIC);
    load("tpm-swtpm/ek-ecc384.crt.der", AK_ATTEST_PART_LEAF);
    load("tpm-swtpm/ek-issuer.pem", AK_ATTEST_PART_CHAIN);
    if (!evidence_load("tpm-swtpm/ek-root.pem", &root)) skip();
    struct evidence_file *chain = &parts[AK_ATTEST_PART_CHAIN];
    memcpy(chain->bytes + chain->len, root.bytes, root.len);
    chain->len += root.len;
    name_root(evidence_span(&root));
    name_key();
}

static void load_swtpm_quote(void)
{
    load_swtpm("quote");
    load("tpm-swtpm/pcrs.bin", AK_ATTEST_PART_PCRS);
    policy.tpm.pcrs = 1u | 1u << 2 | 1u << 4 | 1u << 7 | 1u << 11 | 1u << 14 | 1u << 16;
    name_image("pcr16", 6 * 32, 32);
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

static void load_counter(void)
{
    load_swtpm("nvcertify");
    policy.tpm.has_nv_name = true;
    assert_int_equal(ak_hex_decode_fixed(
                         AK_SPAN_LIT("000be32bfc6f612d3501faf18ad45492fe6578d4e2e19c8a3dafe2c7082deb0369c9"),
                         policy.tpm.nv_name, sizeof policy.tpm.nv_name),
        AK_OK);
    policy.tpm.has_min_counter = true;
    policy.tpm.min_counter = 4;
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

/* ---- two projects' samples: no certificates, so the policy names their keys ---- */

static void load_keylime_pcrs(void)
{
    static struct evidence_file blob;
    struct evidence_file *pcrs = &parts[AK_ATTEST_PART_PCRS];
    if (!evidence_load("tpm/keylime-quotepcr.out", &blob)) skip();
    pcrs->len = 0;
    for (size_t at = 0x8e; pcrs->len < (size_t)3 * 32; pcrs->len += 32, at += 66)
        memcpy(pcrs->bytes + pcrs->len, blob.bytes + at, 32);
}

static void test_keylime(void **state)
{
    (void)state;
    clear();
    load("tpm/keylime-quote.out", AK_ATTEST_PART_EVIDENCE);
    load("tpm/keylime-quotesig.out", AK_ATTEST_PART_SIGNATURE);
    load("tpm/keylime-ak.pub", AK_ATTEST_PART_AK_PUBLIC);
    load_keylime_pcrs();
    policy.tpm.pcrs = 1u << 15 | 1u << 16 | 1u << 22;
    name_image("pcr16", 32, 32);
    name_key();
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, 0);
    evidence_check_facts(&verdict, "tpm/keylime");
    policy.tpm.ak_names[0][2] ^= 1;
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(CHAIN) | FAILED(CERTIFICATE));
}

/* Only the modulus is in the sample; the rest of the public area is that of every such key. */
static void set_coco_key(const uint8_t modulus[256])
{
    static const uint8_t head[] = {0x00, 0x01, 0x00, 0x0b, 0x00, 0x05, 0x00, 0x72, 0x00, 0x00, 0x00, 0x10,
        0x00, 0x14, 0x00, 0x0b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00};
    set(AK_ATTEST_PART_AK_PUBLIC, head, sizeof head);
    memcpy(parts[AK_ATTEST_PART_AK_PUBLIC].bytes + sizeof head, modulus, 256);
    parts[AK_ATTEST_PART_AK_PUBLIC].len += 256;
}

static size_t from_base64(const json_t *object, const char *name, uint8_t *out, size_t cap)
{
    size_t len = 0;
    assert_int_equal(ak_base64_decode(ak_span_str(vec_str(object, name)), out, cap, &len), AK_OK);
    return len;
}

/* Its signature is a TPM's structure in the byte order of the host. */
static void test_coco(void **state)
{
    static struct evidence_file file;
    static const uint8_t head[] = {0x00, 0x14, 0x00, 0x0b, 0x01, 0x00};
    uint8_t bytes[512];
    size_t i = 0;
    json_t *value = NULL;
    (void)state;
    clear();
    if (!evidence_load("tpm/coco-tpm_evidence.json", &file)) skip();
    json_t *all = json_loadb((const char *)file.bytes, file.len, 0, NULL);
    json_t *quote = json_object_get(all, "tpm_quote");
    set(AK_ATTEST_PART_EVIDENCE, bytes, from_base64(quote, "message", bytes, sizeof bytes));
    assert_int_equal(from_base64(quote, "signature", bytes, sizeof bytes), sizeof head + 256);
    memcpy(bytes, head, sizeof head);
    set(AK_ATTEST_PART_SIGNATURE, bytes, sizeof head + 256);
    assert_int_equal(from_base64(all, "ak_public", bytes, sizeof bytes), 294);
    set_coco_key(bytes + 33);
    json_array_foreach(json_object_get(quote, "pcrs"), i, value)
    {
        assert_int_equal(ak_hex_decode_fixed(ak_span_str(json_string_value(value)),
                             parts[AK_ATTEST_PART_PCRS].bytes + 32 * i, 32),
            AK_OK);
        parts[AK_ATTEST_PART_PCRS].len += 32;
    }
    json_decref(all);
    policy.tpm.pcrs = 0xffffff;
    name_image("pcr17", (size_t)17 * 32, 32);
    name_key();
    verify(AK_ATTEST_TPM);
    evidence_check_failed(&verdict, FAILED(MEASUREMENT)); /* PCR 0 is zero */
    evidence_check_facts(&verdict, "tpm/coco");
}

/* ---- every byte ---- */

static void check_each_byte(enum ak_attest_kind kind, enum ak_attest_part part)
{
    struct evidence_file *file = &parts[part];
    verify(kind);
    evidence_check_failed(&verdict, 0);
    for (size_t i = 0; i < file->len; i += AK_EACH_BYTE) {
        uint8_t bit = (uint8_t)(1u << i % 8);
        file->bytes[i] ^= bit;
        verify(kind);
        if (verdict.accepted) fail_msg("part %d: byte %zu can be altered", (int)part, i);
        file->bytes[i] ^= bit;
    }
    file->len--;
    verify(kind);
    assert_false(verdict.accepted);
    file->len += 2;
    verify(kind);
    assert_false(verdict.accepted);
    file->len--;
}

static void test_each_byte(void **state)
{
    (void)state;
    load_gce();
    check_each_byte(AK_ATTEST_TPM, AK_ATTEST_PART_EVIDENCE);
    check_each_byte(AK_ATTEST_TPM, AK_ATTEST_PART_SIGNATURE);
    check_each_byte(AK_ATTEST_TPM, AK_ATTEST_PART_AK_PUBLIC);
    check_each_byte(AK_ATTEST_TPM, AK_ATTEST_PART_PCRS);
    check_each_byte(AK_ATTEST_TPM, AK_ATTEST_PART_LEAF);
    load_counter();
    check_each_byte(AK_ATTEST_TPM_CERTIFY, AK_ATTEST_PART_EVIDENCE);
    check_each_byte(AK_ATTEST_TPM_CERTIFY, AK_ATTEST_PART_SIGNATURE);
    check_each_byte(AK_ATTEST_TPM_CERTIFY, AK_ATTEST_PART_AK_PUBLIC);
    check_each_byte(AK_ATTEST_TPM_CERTIFY, AK_ATTEST_PART_LEAF);
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
        cmocka_unit_test(test_each_byte),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
