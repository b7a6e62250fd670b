#include "unit/attest/made.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/codec/base64.h"
#include "base/codec/cbor.h"
#include "base/crypto/sha256.h"

static void must(bool good, const char *what)
{
    if (good) return;
    (void)fprintf(stderr, "made: %s failed\n", what);
    abort();
}

EVP_PKEY *made_ec(const char *curve)
{
    EVP_PKEY *key = EVP_EC_gen(curve);
    must(key != NULL, "EC key");
    return key;
}

EVP_PKEY *made_rsa(unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);
    must(key != NULL, "RSA key");
    return key;
}

/* ---- certificates ---- */

void made_cert_init(
    struct made_cert *cert, const char *subject, EVP_PKEY *key, const char *issuer, EVP_PKEY *signer)
{
    *cert = (struct made_cert){.subject = subject,
        .issuer = issuer,
        .key = key,
        .signer = signer,
        .from_s = MADE_FROM_S,
        .until_s = MADE_UNTIL_S,
        .path_len = -1};
}

void made_cert_ext(struct made_cert *cert, const char *oid, struct ak_span value)
{
    must(cert->ext_count < MADE_EXTS_MAX && value.len <= sizeof cert->exts[0].value, "room for an extension");
    struct made_ext *ext = &cert->exts[cert->ext_count++];
    (void)snprintf(ext->oid, sizeof ext->oid, "%s", oid);
    memcpy(ext->value, value.ptr, value.len);
    ext->len = value.len;
}

static void add_known(X509 *x, int nid, const char *value)
{
    X509_EXTENSION *ext = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    must(ext != NULL && X509_add_ext(x, ext, -1) == 1, "known extension");
    X509_EXTENSION_free(ext);
}

static void add_own(X509 *x, const struct made_ext *own)
{
    ASN1_OBJECT *oid = OBJ_txt2obj(own->oid, 1);
    ASN1_OCTET_STRING *value = ASN1_OCTET_STRING_new();
    must(oid != NULL && value != NULL && ASN1_OCTET_STRING_set(value, own->value, (int)own->len) == 1,
        "extension");
    X509_EXTENSION *ext = X509_EXTENSION_create_by_OBJ(NULL, oid, own->critical, value);
    must(ext != NULL && X509_add_ext(x, ext, -1) == 1, "extension");
    X509_EXTENSION_free(ext);
    ASN1_OCTET_STRING_free(value);
    ASN1_OBJECT_free(oid);
}

static void set_name(X509_NAME *name, const char *common)
{
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)common, -1, -1, 0) == 1,
        "name");
}

static void add_extensions(X509 *x, const struct made_cert *cert)
{
    char constraints[48];
    (void)snprintf(constraints, sizeof constraints,
        cert->path_len < 0 ? "critical,CA:TRUE" : "critical,CA:TRUE,pathlen:%d", cert->path_len);
    if (cert->ca && !cert->no_constraints) add_known(x, NID_basic_constraints, constraints);
    if (cert->ca || cert->usage != NULL)
        add_known(x, NID_key_usage, cert->usage != NULL ? cert->usage : "critical,keyCertSign");
    for (size_t i = 0; i < cert->ext_count; i++) add_own(x, &cert->exts[i]);
}

struct ak_span made_cert_sign(struct made_cert *cert)
{
    X509 *x = X509_new();
    unsigned char *at = cert->der;
    must(x != NULL && X509_set_version(x, 2) == 1, "certificate");
    must(ASN1_INTEGER_set(X509_get_serialNumber(x), 1 + cert->serial_above) == 1, "serial");
    set_name(X509_get_subject_name(x), cert->subject);
    set_name(X509_get_issuer_name(x), cert->issuer);
    must(ASN1_TIME_set(X509_getm_notBefore(x), (time_t)cert->from_s) != NULL, "time");
    must(ASN1_TIME_set(X509_getm_notAfter(x), (time_t)cert->until_s) != NULL, "time");
    must(X509_set_pubkey(x, cert->key) == 1, "key");
    add_extensions(x, cert);
    must(X509_sign(x, cert->signer, EVP_sha384()) > 0, "signature");
    int len = i2d_X509(x, NULL);
    must(len > 0 && (size_t)len <= sizeof cert->der && i2d_X509(x, &at) == len, "DER");
    cert->len = (size_t)len;
    X509_free(x);
    return made_cert_span(cert);
}

struct ak_span made_cert_span(const struct made_cert *cert)
{
    return ak_span(cert->der, cert->len);
}

void made_pem(struct ak_span der, struct ak_buf *out)
{
    uint8_t text[2 * MADE_CERT_MAX];
    struct ak_buf base64 = AK_BUF_ARR(text);
    ak_base64_encode(&base64, der);
    ak_buf_put_str(out, "-----BEGIN CERTIFICATE-----\n");
    for (size_t at = 0; at < base64.len; at += 64) {
        ak_buf_put(out, ak_span_sub(ak_buf_span(&base64), at, 64));
        ak_buf_put_u8(out, '\n');
    }
    ak_buf_put_str(out, "-----END CERTIFICATE-----\n");
}

void made_sign(EVP_PKEY *key, struct ak_span message, uint8_t *out_sig, size_t half)
{
    uint8_t der[160];
    size_t len = sizeof der;
    const unsigned char *at = der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    must(ctx != NULL &&
             EVP_DigestSignInit(ctx, NULL, half == 32 ? EVP_sha256() : EVP_sha384(), NULL, key) == 1 &&
             EVP_DigestSign(ctx, der, &len, message.ptr, message.len) == 1,
        "signing");
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    must(sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out_sig, (int)half) == (int)half &&
             BN_bn2binpad(ECDSA_SIG_get0_s(sig), out_sig + half, (int)half) == (int)half,
        "signature");
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(ctx);
}

/* ---- SEV-SNP ---- */

static void put_integer(struct made_cert *leaf, const char *oid, uint8_t value)
{
    const uint8_t small[3] = {2, 1, value}, large[4] = {2, 2, 0, value};
    made_cert_ext(leaf, oid, value < 0x80 ? AK_SPAN_ARR(small) : AK_SPAN_ARR(large));
}

static void put_ia5(struct made_cert *leaf, const char *oid, const char *text)
{
    uint8_t value[64] = {0x16, (uint8_t)strlen(text)};
    memcpy(value + 2, text, strlen(text));
    made_cert_ext(leaf, oid, ak_span(value, 2 + strlen(text)));
}

static void put_tcb(struct made_snp *snp)
{
    static const char *const spare[2][4] = {{"1.3.6.1.4.1.3704.1.3.4", "1.3.6.1.4.1.3704.1.3.5",
                                                "1.3.6.1.4.1.3704.1.3.6", "1.3.6.1.4.1.3704.1.3.7"},
        {"1.3.6.1.4.1.3704.1.3.5", "1.3.6.1.4.1.3704.1.3.6", "1.3.6.1.4.1.3704.1.3.7", NULL}};
    bool turin = snp->product == AK_SNP_TURIN;
    const uint8_t *tcb = snp->report + 0x180;
    size_t count = 0;
    const struct ak_snp_component *named = ak_snp_components(snp->product, &count);
    for (size_t i = 0; i < count; i++) put_integer(&snp->leaf, named[i].oid, tcb[named[i].at]);
    for (size_t i = 0; i < 4 && spare[turin][i] != NULL; i++)
        put_integer(&snp->leaf, spare[turin][i], tcb[(turin ? 4 : 2) + i]);
}

void made_snp_certify(struct made_snp *snp)
{
    static const char *const arks[] = {"ARK-Milan", "ARK-Genoa", "ARK-Turin"};
    static const char *const asks[] = {"SEV-Milan", "SEV-Genoa", "SEV-Turin"};
    made_cert_init(&snp->ark, arks[snp->product], snp->ark_key, arks[snp->product], snp->ark_key);
    made_cert_init(&snp->ask, asks[snp->product], snp->ask_key, arks[snp->product], snp->ark_key);
    made_cert_init(
        &snp->leaf, snp->vlek ? "SEV-VLEK" : "SEV-VCEK", snp->leaf_key, asks[snp->product], snp->ask_key);
    snp->ark.ca = snp->ask.ca = true;
    put_ia5(&snp->leaf, "1.3.6.1.4.1.3704.1.2",
        snp->product == AK_SNP_MILAN ? "Milan-B0" : ak_snp_product_name(snp->product));
    put_tcb(snp);
    if (snp->vlek)
        put_ia5(&snp->leaf, "1.3.6.1.4.1.3704.1.5", "CN=cloud.example");
    else
        made_cert_ext(&snp->leaf, "1.3.6.1.4.1.3704.1.4",
            ak_span(snp->report + 0x1a0, snp->product == AK_SNP_TURIN ? 8 : 64));
    (void)made_cert_sign(&snp->leaf);
    struct ak_buf chain = AK_BUF_ARR(snp->chain);
    ak_buf_put(&chain, made_cert_sign(&snp->ask));
    ak_buf_put(&chain, made_cert_sign(&snp->ark));
    snp->chain_len = chain.len;
    ak_sha256(made_cert_span(&snp->ark), snp->roots[snp->product].sha256);
}

void made_snp_sign(struct made_snp *snp)
{
    uint8_t sig[96];
    made_sign(snp->leaf_key, ak_span(snp->report, AK_SNP_SIGNED_LEN), sig, 48);
    for (size_t i = 0; i < 48; i++) {
        snp->report[0x2a0 + i] = sig[47 - i];
        snp->report[0x2e8 + i] = sig[95 - i];
    }
}

static void fill_report(struct made_snp *snp)
{
    static const uint8_t cpuids[AK_SNP_PRODUCT_COUNT][3] = {
        {0x19, 0x01, 1}, {0x19, 0xa0, 2}, {0x1a, 0x02, 1}};
    uint8_t *r = snp->report;
    r[0] = 3;
    r[0x0a] = 0x03;
    r[0x34] = 1;
    r[0x48] = snp->vlek ? 1 << 2 : 0;
    memset(r + 0x50, 0x22, 64);
    memset(r + 0x90, 0x11, 48);
    memcpy(r + 0x188, cpuids[snp->product], 3);
    if (!snp->vlek) memset(r + 0x1a0, 0x33, snp->product == AK_SNP_TURIN ? 8 : 64);
    size_t count = 0;
    const struct ak_snp_component *named = ak_snp_components(snp->product, &count);
    for (size_t i = 0; i < count; i++) r[0x38 + named[i].at] = (uint8_t)(i + 1);
    memcpy(r + 0x180, r + 0x38, 8);
    memcpy(r + 0x1e0, r + 0x38, 8);
    memcpy(r + 0x1f0, r + 0x38, 8);
}

void made_snp_init(struct made_snp *snp, enum ak_snp_product product, bool vlek)
{
    *snp = (struct made_snp){.product = product, .vlek = vlek};
    snp->ark_key = made_ec("P-256"); /* AMD's are RSA; these are quick */
    snp->ask_key = made_ec("P-256");
    snp->leaf_key = made_ec("P-384");
    fill_report(snp);
    made_snp_certify(snp);
    made_snp_sign(snp);
}

void made_snp_done(struct made_snp *snp)
{
    EVP_PKEY_free(snp->ark_key);
    EVP_PKEY_free(snp->ask_key);
    EVP_PKEY_free(snp->leaf_key);
}

/* ---- Nitro ---- */

static void put_pcrs(struct ak_buf *buf)
{
    uint8_t value[48];
    ak_cbor_put_map(buf, 16);
    for (uint8_t i = 0; i < 16; i++) {
        memset(value, 0x10 + i, sizeof value);
        ak_cbor_put_uint(buf, i);
        ak_cbor_put_bytes(buf, AK_SPAN_ARR(value));
    }
}

void made_nitro_payload(struct made_nitro *nitro)
{
    struct ak_buf buf = AK_BUF_ARR(nitro->payload);
    ak_cbor_put_map(&buf, 9);
    ak_cbor_put_text(&buf, AK_SPAN_LIT("module_id"));
    ak_cbor_put_text(&buf, AK_SPAN_LIT("i-made-enc01"));
    ak_cbor_put_text(&buf, AK_SPAN_LIT("digest"));
    ak_cbor_put_text(&buf, AK_SPAN_LIT("SHA384"));
    ak_cbor_put_text(&buf, AK_SPAN_LIT("timestamp"));
    ak_cbor_put_uint(&buf, MADE_AT_S * 1000);
    ak_cbor_put_text(&buf, AK_SPAN_LIT("pcrs"));
    put_pcrs(&buf);
    ak_cbor_put_text(&buf, AK_SPAN_LIT("certificate"));
    ak_cbor_put_bytes(&buf, made_cert_span(&nitro->leaf));
    ak_cbor_put_text(&buf, AK_SPAN_LIT("cabundle"));
    ak_cbor_put_array(&buf, 2);
    ak_cbor_put_bytes(&buf, made_cert_span(&nitro->root));
    ak_cbor_put_bytes(&buf, made_cert_span(&nitro->ca));
    ak_cbor_put_text(&buf, AK_SPAN_LIT("public_key"));
    ak_cbor_put_null(&buf);
    ak_cbor_put_text(&buf, AK_SPAN_LIT("user_data"));
    ak_cbor_put_bytes(&buf, AK_SPAN_LIT("data"));
    ak_cbor_put_text(&buf, AK_SPAN_LIT("nonce"));
    ak_cbor_put_bytes(&buf, AK_SPAN_LIT("nonce"));
    nitro->payload_len = buf.len;
}

void made_nitro_sign(struct made_nitro *nitro)
{
    static const uint8_t header[4] = {0xa1, 0x01, 0x38, 0x22};
    static uint8_t signed_bytes[MADE_DOC_MAX];
    struct ak_span payload = ak_span(nitro->payload, nitro->payload_len);
    struct ak_buf tbs = AK_BUF_ARR(signed_bytes), doc = AK_BUF_ARR(nitro->doc);
    uint8_t sig[96];
    ak_cbor_put_array(&tbs, 4);
    ak_cbor_put_text(&tbs, AK_SPAN_LIT("Signature1"));
    ak_cbor_put_bytes(&tbs, AK_SPAN_ARR(header));
    ak_cbor_put_bytes(&tbs, AK_SPAN_EMPTY);
    ak_cbor_put_bytes(&tbs, payload);
    made_sign(nitro->leaf_key, ak_buf_span(&tbs), sig, 48);
    ak_cbor_put_array(&doc, 4);
    ak_cbor_put_bytes(&doc, AK_SPAN_ARR(header));
    ak_cbor_put_map(&doc, 0);
    ak_cbor_put_bytes(&doc, payload);
    ak_cbor_put_bytes(&doc, AK_SPAN_ARR(sig));
    must(!doc.failed && !tbs.failed, "document");
    nitro->doc_len = doc.len;
}

void made_nitro_init(struct made_nitro *nitro)
{
    *nitro = (struct made_nitro){.payload_len = 0};
    nitro->root_key = made_ec("P-384");
    nitro->ca_key = made_ec("P-384");
    nitro->leaf_key = made_ec("P-384");
    made_cert_init(&nitro->root, "made root", nitro->root_key, "made root", nitro->root_key);
    made_cert_init(&nitro->ca, "made ca", nitro->ca_key, "made root", nitro->root_key);
    made_cert_init(&nitro->leaf, "i-made-enc01", nitro->leaf_key, "made ca", nitro->ca_key);
    nitro->root.ca = nitro->ca.ca = true;
    ak_sha256(made_cert_sign(&nitro->root), nitro->pinned.sha256);
    (void)made_cert_sign(&nitro->ca);
    (void)made_cert_sign(&nitro->leaf);
    made_nitro_payload(nitro);
    made_nitro_sign(nitro);
}

void made_nitro_done(struct made_nitro *nitro)
{
    EVP_PKEY_free(nitro->root_key);
    EVP_PKEY_free(nitro->ca_key);
    EVP_PKEY_free(nitro->leaf_key);
}
