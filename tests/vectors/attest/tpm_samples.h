/* The genuine pieces of TPMs: loading each, with a policy that takes what can be taken of it. */
#ifndef AK_TESTS_VECTORS_ATTEST_TPM_SAMPLES_H
#define AK_TESTS_VECTORS_ATTEST_TPM_SAMPLES_H

#include "vectors/attest/evidence.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/crypto/x509.h"
#include "core/attest/tpm_public.h"

#define AT_S UINT64_C(1798761600) /* 2027-01-01: all certificates of the samples are valid */

static struct evidence_file parts[AK_ATTEST_PART_COUNT];
static struct ak_attest_policy policy;
static struct ak_attest_verdict verdict;

static inline void verify(enum ak_attest_kind kind)
{
    struct ak_attest_input input = {.kind = kind, .at_s = AT_S, .policy = &policy};
    for (size_t i = 0; i < AK_ATTEST_PART_COUNT; i++) input.parts[i] = evidence_span(&parts[i]);
    assert_int_equal(ak_attest_verify(&input, &verdict), AK_OK);
}

static inline void load(const char *name, enum ak_attest_part part)
{
    if (!evidence_load(name, &parts[part])) skip();
}

static inline void clear(void)
{
    for (size_t i = 0; i < AK_ATTEST_PART_COUNT; i++) parts[i].len = 0;
    evidence_policy("{\"freshness\":\"none\"}", &policy);
}

static inline void set(enum ak_attest_part part, const void *bytes, size_t len)
{
    memcpy(parts[part].bytes, bytes, len);
    parts[part].len = len;
}

/* The key as one that the policy names, the root of a certificate, an image of one PCR. */
static inline void name_key(void)
{
    struct ak_tpm_public key;
    assert_int_equal(ak_tpm_public_parse(evidence_span(&parts[AK_ATTEST_PART_AK_PUBLIC]), &key), AK_OK);
    ak_tpm_public_name(&key, policy.tpm.ak_names[0]);
    policy.tpm.ak_name_count = 1;
}

static inline void name_root(struct ak_span certificate)
{
    struct ak_x509_bundle bundle;
    assert_int_equal(ak_x509_bundle_parse(certificate, &bundle), AK_OK);
    ak_x509_fingerprint(&bundle.certs[bundle.count - 1], policy.tpm.roots[0]);
    policy.tpm.root_count = 1;
    ak_x509_bundle_done(&bundle);
}

static inline void name_image(const char *name, size_t at, size_t len)
{
    struct ak_attest_register *image = &policy.registers[0];
    policy.register_count = policy.image_count = 1;
    (void)snprintf(image->name, sizeof image->name, "%s", name);
    image->len = (uint8_t)len;
    memcpy(image->value, parts[AK_ATTEST_PART_PCRS].bytes + at, len);
}

/* ---- Google's ---- */

/* "0 hex" lines, as the sample keeps them. */
static inline void load_gce_pcrs(void)
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

static inline void load_gce(void)
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

/* Another machine's certificates, of its signing key, up to the root. */
static inline void load_gcp_chain(void)
{
    static struct evidence_file root;
    struct evidence_file *chain = &parts[AK_ATTEST_PART_CHAIN];
    load("tpm/gcp-ak-ecc.pem", AK_ATTEST_PART_LEAF);
    load("tpm/gcp-ekak-intermediate.crt", AK_ATTEST_PART_CHAIN);
    if (!evidence_load("tpm/gcp-ekak-root.crt", &root)) skip();
    memcpy(chain->bytes + chain->len, root.bytes, root.len);
    name_root(evidence_span(&root));
    chain->len += root.len;
}

/* ---- swtpm ---- */

static inline void load_swtpm(const char *name)
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

static inline void load_swtpm_quote(void)
{
    load_swtpm("quote");
    load("tpm-swtpm/pcrs.bin", AK_ATTEST_PART_PCRS);
    policy.tpm.pcrs = 1u | 1u << 2 | 1u << 4 | 1u << 7 | 1u << 11 | 1u << 14 | 1u << 16;
    name_image("pcr16", 6 * 32, 32);
}

static inline void load_counter(void)
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

/* ---- two projects' samples: no certificates, so the policy names their keys ---- */

static inline void load_keylime_pcrs(void)
{
    static struct evidence_file blob;
    struct evidence_file *pcrs = &parts[AK_ATTEST_PART_PCRS];
    if (!evidence_load("tpm/keylime-quotepcr.out", &blob)) skip();
    pcrs->len = 0;
    for (size_t at = 0x8e; pcrs->len < (size_t)3 * 32; pcrs->len += 32, at += 66)
        memcpy(pcrs->bytes + pcrs->len, blob.bytes + at, 32);
}

static inline void load_keylime(void)
{
    clear();
    load("tpm/keylime-quote.out", AK_ATTEST_PART_EVIDENCE);
    load("tpm/keylime-quotesig.out", AK_ATTEST_PART_SIGNATURE);
    load("tpm/keylime-ak.pub", AK_ATTEST_PART_AK_PUBLIC);
    load_keylime_pcrs();
    policy.tpm.pcrs = 1u << 15 | 1u << 16 | 1u << 22;
    name_image("pcr16", 32, 32);
    name_key();
}

/* Only the modulus is in the sample; the rest of the public area is that of every such key. */
static inline void set_coco_key(const uint8_t modulus[256])
{
    static const uint8_t head[] = {0x00, 0x01, 0x00, 0x0b, 0x00, 0x05, 0x00, 0x72, 0x00, 0x00, 0x00, 0x10,
        0x00, 0x14, 0x00, 0x0b, 0x08, 0x00, 0x00, 0x00, 0x00, 0x00, 0x01, 0x00};
    set(AK_ATTEST_PART_AK_PUBLIC, head, sizeof head);
    memcpy(parts[AK_ATTEST_PART_AK_PUBLIC].bytes + sizeof head, modulus, 256);
    parts[AK_ATTEST_PART_AK_PUBLIC].len += 256;
}

static inline size_t from_base64(const json_t *object, const char *name, uint8_t *out, size_t cap)
{
    size_t len = 0;
    assert_int_equal(ak_base64_decode(ak_span_str(vec_str(object, name)), out, cap, &len), AK_OK);
    return len;
}

/* Its signature is a TPM's structure in the byte order of the host. */
static inline void load_coco(void)
{
    static struct evidence_file file;
    static const uint8_t head[] = {0x00, 0x14, 0x00, 0x0b, 0x01, 0x00};
    uint8_t bytes[512];
    size_t i = 0;
    json_t *value = NULL;
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
}

#endif
