#include "unit/attest/made_tpm.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/core_names.h>
#include <openssl/rsa.h>

#include "base/crypto/sha256.h"

static void must(bool good, const char *what)
{
    if (good) return;
    (void)fprintf(stderr, "made_tpm: %s failed\n", what);
    abort();
}

static void put_sized(struct ak_buf *out, struct ak_span bytes)
{
    ak_buf_put_u16(out, (uint16_t)bytes.len);
    ak_buf_put(out, bytes);
}

/* ---- the key ---- */

static void put_rsa(const struct made_tpm *tpm, struct ak_buf *out)
{
    uint8_t modulus[256];
    BIGNUM *n = NULL;
    must(EVP_PKEY_get_bn_param(tpm->key, OSSL_PKEY_PARAM_RSA_N, &n) == 1, "modulus");
    must(BN_bn2binpad(n, modulus, sizeof modulus) == sizeof modulus, "modulus");
    BN_free(n);
    ak_buf_put_u16(out, 2048);
    ak_buf_put_u32(out, 0);
    put_sized(out, AK_SPAN_ARR(modulus));
}

static void put_ecc(const struct made_tpm *tpm, struct ak_buf *out)
{
    uint8_t point[65];
    size_t len = 0;
    must(EVP_PKEY_get_octet_string_param(tpm->key, "pub", point, sizeof point, &len) == 1 && len == 65,
        "point");
    ak_buf_put_u16(out, 3);
    ak_buf_put_u16(out, AK_TPM_ALG_NULL);
    put_sized(out, ak_span(point + 1, 32));
    put_sized(out, ak_span(point + 33, 32));
}

static void make_public(struct made_tpm *tpm)
{
    struct ak_buf out = AK_BUF_ARR(tpm->public_area);
    bool ecc = tpm->scheme == AK_TPM_ALG_ECDSA;
    ak_buf_put_u16(&out, ecc ? AK_TPM_ALG_ECC : AK_TPM_ALG_RSA);
    ak_buf_put_u16(&out, AK_TPM_ALG_SHA256);
    ak_buf_put_u32(&out, tpm->attributes);
    ak_buf_put_u16(&out, 0);
    ak_buf_put_u16(&out, AK_TPM_ALG_NULL);
    ak_buf_put_u16(&out, tpm->scheme);
    ak_buf_put_u16(&out, tpm->scheme_hash);
    if (ecc)
        put_ecc(tpm, &out);
    else
        put_rsa(tpm, &out);
    must(ak_buf_check(&out) == AK_OK, "public area");
    tpm->public_len = out.len;
}

/* ---- what it signs ---- */

static void put_signer(const struct made_tpm *tpm, struct ak_buf *out)
{
    uint8_t memory[4 + 34], name[34] = {0, 0x0b}, qualified[34] = {0, 0x0b};
    struct ak_buf both = AK_BUF_ARR(memory);
    ak_sha256(ak_span(tpm->public_area, tpm->public_len), name + 2);
    ak_buf_put_u32(&both, tpm->hierarchy);
    ak_buf_put(&both, AK_SPAN_ARR(name));
    ak_sha256(ak_buf_span(&both), qualified + 2);
    put_sized(out, AK_SPAN_ARR(qualified));
}

static void put_quote(const struct made_tpm *tpm, struct ak_buf *out)
{
    uint8_t digest[32];
    ak_buf_put_u32(out, (uint32_t)tpm->selection_count);
    for (size_t i = 0; i < tpm->selection_count; i++) {
        ak_buf_put_u16(out, tpm->selections[i].hash);
        ak_buf_put_u8(out, tpm->select_len);
        for (unsigned k = 0; k < tpm->select_len; k++)
            ak_buf_put_u8(out, k < 4 ? (uint8_t)(tpm->selections[i].pcrs >> 8 * k) : 0);
    }
    ak_sha256(ak_span(tpm->pcrs, tpm->pcrs_len), digest);
    put_sized(out, AK_SPAN_ARR(digest));
}

static void make_attest(struct made_tpm *tpm)
{
    struct ak_buf out = AK_BUF_ARR(tpm->attest);
    ak_buf_put(&out, AK_SPAN_LIT("\xffTCG"));
    ak_buf_put_u16(&out, tpm->type);
    put_signer(tpm, &out);
    put_sized(&out, ak_span(tpm->extra, tpm->extra_len));
    ak_buf_put_u64(&out, 1000);
    ak_buf_put_u32(&out, 2);
    ak_buf_put_u32(&out, 3);
    ak_buf_put_u8(&out, tpm->safe);
    ak_buf_put_u64(&out, 0x20191023);
    if (tpm->type == AK_TPM_ST_QUOTE) {
        put_quote(tpm, &out);
    } else if (tpm->type == AK_TPM_ST_CERTIFY) {
        put_sized(&out, AK_SPAN_ARR(tpm->nv_name));
        put_sized(&out, AK_SPAN_ARR(tpm->nv_name)); /* nobody reads the qualified one */
    } else {
        put_sized(&out, AK_SPAN_ARR(tpm->nv_name));
        ak_buf_put_u16(&out, tpm->nv_offset);
        put_sized(&out, ak_span(tpm->nv, tpm->nv_len));
    }
    must(ak_buf_check(&out) == AK_OK, "attestation");
    tpm->attest_len = out.len;
}

static void sign_rsa(const struct made_tpm *tpm, struct ak_buf *out)
{
    uint8_t sig[256];
    size_t len = sizeof sig;
    EVP_PKEY_CTX *pkey = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx != NULL && EVP_DigestSignInit(ctx, &pkey, EVP_sha256(), NULL, tpm->key) == 1, "signing");
    if (tpm->scheme == AK_TPM_ALG_RSAPSS)
        must(EVP_PKEY_CTX_set_rsa_padding(pkey, RSA_PKCS1_PSS_PADDING) == 1 &&
                 EVP_PKEY_CTX_set_rsa_pss_saltlen(pkey, RSA_PSS_SALTLEN_DIGEST) == 1,
            "padding");
    must(EVP_DigestSign(ctx, sig, &len, tpm->attest, tpm->attest_len) == 1, "signature");
    EVP_MD_CTX_free(ctx);
    put_sized(out, ak_span(sig, len));
}

static void make_signature(struct made_tpm *tpm)
{
    struct ak_buf out = AK_BUF_ARR(tpm->signature);
    uint8_t rs[64];
    ak_buf_put_u16(&out, tpm->scheme);
    ak_buf_put_u16(&out, AK_TPM_ALG_SHA256);
    if (tpm->scheme == AK_TPM_ALG_ECDSA) {
        made_sign(tpm->key, ak_span(tpm->attest, tpm->attest_len), rs, 32);
        put_sized(&out, ak_span(rs, 32));
        put_sized(&out, ak_span(rs + 32, 32));
    } else {
        sign_rsa(tpm, &out);
    }
    tpm->signature_len = out.len;
}

/* ---- all ---- */

void made_tpm_make(struct made_tpm *tpm)
{
    make_public(tpm);
    make_attest(tpm);
    make_signature(tpm);
    made_cert_init(&tpm->root, "TPM maker", tpm->root_key, "TPM maker", tpm->root_key);
    made_cert_init(
        &tpm->leaf, "TPM key", tpm->of_other ? tpm->other_key : tpm->key, "TPM maker", tpm->root_key);
    tpm->root.ca = true;
    if (tpm->purposes.len > 0) made_cert_ext(&tpm->leaf, "2.5.29.37", tpm->purposes);
    must(made_cert_sign(&tpm->root).len > 0 && made_cert_sign(&tpm->leaf).len > 0, "certificates");
}

void made_tpm_init(struct made_tpm *tpm, uint16_t scheme)
{
    memset(tpm, 0, sizeof *tpm);
    tpm->scheme = scheme;
    tpm->scheme_hash = AK_TPM_ALG_SHA256;
    tpm->attributes = 0x00050072;
    tpm->key = scheme == AK_TPM_ALG_ECDSA ? made_ec("P-256") : made_rsa(2048);
    tpm->root_key = made_ec("P-384");
    tpm->other_key = made_ec("P-256");
    tpm->type = AK_TPM_ST_QUOTE;
    tpm->selection_count = 1;
    tpm->selections[0] = (struct ak_tpm_selection){AK_TPM_ALG_SHA256, 0x81};
    tpm->select_len = 3;
    memset(tpm->pcrs, 0x10, 32);
    memset(tpm->pcrs + 32, 0x17, 32);
    tpm->pcrs_len = 64;
    memcpy(tpm->extra, "nonce", 5);
    tpm->extra_len = 5;
    tpm->safe = 1;
    memset(tpm->nv_name, 0x0b, sizeof tpm->nv_name);
    tpm->nv[7] = 7;
    tpm->nv_len = 8;
    tpm->hierarchy = 0x4000000b;
    made_tpm_make(tpm);
}

void made_tpm_input(const struct made_tpm *tpm, struct ak_attest_input *out_input)
{
    bool quote = tpm->type == AK_TPM_ST_QUOTE;
    *out_input =
        (struct ak_attest_input){.kind = quote ? AK_ATTEST_TPM : AK_ATTEST_TPM_CERTIFY, .at_s = MADE_AT_S};
    out_input->parts[AK_ATTEST_PART_EVIDENCE] = ak_span(tpm->attest, tpm->attest_len);
    out_input->parts[AK_ATTEST_PART_SIGNATURE] = ak_span(tpm->signature, tpm->signature_len);
    out_input->parts[AK_ATTEST_PART_AK_PUBLIC] = ak_span(tpm->public_area, tpm->public_len);
    out_input->parts[AK_ATTEST_PART_LEAF] = made_cert_span(&tpm->leaf);
    out_input->parts[AK_ATTEST_PART_CHAIN] = made_cert_span(&tpm->root);
    if (quote) out_input->parts[AK_ATTEST_PART_PCRS] = ak_span(tpm->pcrs, tpm->pcrs_len);
}

void made_tpm_done(struct made_tpm *tpm)
{
    EVP_PKEY_free(tpm->key);
    EVP_PKEY_free(tpm->root_key);
    EVP_PKEY_free(tpm->other_key);
    memset(tpm, 0, sizeof *tpm);
}
