#include "unit/attest/made_intel.h"

#include <stdio.h>
#include <stdlib.h>

#include <openssl/x509v3.h>

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"

static void must(bool good, const char *what)
{
    if (good) return;
    (void)fprintf(stderr, "made_intel: %s failed\n", what);
    abort();
}

void made_replace(char text[MADE_TEXT_MAX], const char *from, const char *to)
{
    static char out[MADE_TEXT_MAX];
    char *at = strstr(text, from);
    must(at != NULL, from);
    int len = snprintf(out, sizeof out, "%.*s%s%s", (int)(at - text), text, to, at + strlen(from));
    must(len > 0 && (size_t)len < sizeof out, "replacing");
    memcpy(text, out, (size_t)len + 1);
}

/* ---- revocation lists ---- */

static void revoke(X509_CRL *list, uint8_t serial_above)
{
    X509_REVOKED *entry = X509_REVOKED_new();
    ASN1_INTEGER *serial = ASN1_INTEGER_new();
    ASN1_TIME *time = ASN1_TIME_set(NULL, (time_t)MADE_FROM_S);
    must(entry != NULL && serial != NULL && time != NULL && ASN1_INTEGER_set(serial, 1 + serial_above) == 1,
        "entry");
    must(X509_REVOKED_set_serialNumber(entry, serial) == 1, "serial");
    must(X509_REVOKED_set_revocationDate(entry, time) == 1, "date");
    must(X509_CRL_add0_revoked(list, entry) == 1, "adding");
    ASN1_INTEGER_free(serial);
    ASN1_TIME_free(time);
}

static void add_critical(X509_CRL *list)
{
    X509_EXTENSION *ext =
        X509V3_EXT_conf_nid(NULL, NULL, NID_issuing_distribution_point, "critical,onlyuser:TRUE");
    must(ext != NULL && X509_CRL_add_ext(list, ext, -1) == 1, "extension");
    X509_EXTENSION_free(ext);
}

void made_crl_sign(struct made_crl *crl, const char *issuer, EVP_PKEY *signer)
{
    X509_CRL *list = X509_CRL_new();
    X509_NAME *name = X509_NAME_new();
    ASN1_TIME *from = ASN1_TIME_set(NULL, (time_t)crl->from_s),
              *until = ASN1_TIME_set(NULL, (time_t)crl->until_s);
    unsigned char *at = crl->der;
    must(list != NULL && name != NULL && from != NULL && until != NULL, "list");
    must(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)issuer, -1, -1, 0) == 1,
        "name");
    must(X509_CRL_set_version(list, 1) == 1 && X509_CRL_set_issuer_name(list, name) == 1, "issuer");
    must(X509_CRL_set1_lastUpdate(list, from) == 1, "time");
    if (crl->until_s != 0) must(X509_CRL_set1_nextUpdate(list, until) == 1, "time");
    if (crl->revokes) revoke(list, crl->serial_above);
    if (crl->critical) add_critical(list);
    must(X509_CRL_sign(list, signer, EVP_sha256()) > 0, "signature");
    int len = i2d_X509_CRL(list, NULL);
    must(len > 0 && (size_t)len <= sizeof crl->der && i2d_X509_CRL(list, &at) == len, "DER");
    crl->len = (size_t)len;
    X509_NAME_free(name);
    ASN1_TIME_free(from);
    ASN1_TIME_free(until);
    X509_CRL_free(list);
}

/* ---- the platform's certificate ---- */

/* An element in the shortest form. */
static void put_element(struct ak_buf *out, uint8_t tag, struct ak_span content)
{
    ak_buf_put_u8(out, tag);
    if (content.len >= 0x100) {
        ak_buf_put_u8(out, 0x82);
        ak_buf_put_u16(out, (uint16_t)content.len);
    } else {
        if (content.len >= 0x80) ak_buf_put_u8(out, 0x81);
        ak_buf_put_u8(out, (uint8_t)content.len);
    }
    ak_buf_put(out, content);
}

/* {OID, value} with one or two numbers below Intel's. */
static void put_member(struct ak_buf *out, struct ak_span below, uint8_t tag, struct ak_span value)
{
    static const uint8_t base[] = {0x2a, 0x86, 0x48, 0x86, 0xf8, 0x4d, 0x01, 0x0d, 0x01};
    uint8_t oid_memory[16], memory[640];
    struct ak_buf oid = AK_BUF_ARR(oid_memory), member = AK_BUF_ARR(memory);
    ak_buf_put(&oid, AK_SPAN_ARR(base));
    ak_buf_put(&oid, below);
    put_element(&member, 0x06, ak_buf_span(&oid));
    put_element(&member, tag, value);
    put_element(out, 0x30, ak_buf_span(&member));
}

static void put_svn(struct ak_buf *out, uint8_t number, uint16_t svn)
{
    const uint8_t below[2] = {2, number};
    uint8_t memory[3];
    struct ak_buf value = AK_BUF_ARR(memory);
    if (svn >= 0x8000) ak_buf_put_u8(&value, 0);
    if (svn >= 0x80) ak_buf_put_u8(&value, (uint8_t)(svn >> 8));
    ak_buf_put_u8(&value, (uint8_t)svn);
    put_member(out, AK_SPAN_ARR(below), 0x02, ak_buf_span(&value));
}

size_t made_intel_pck(const struct ak_intel_pck *platform, uint8_t out[640])
{
    static const uint8_t ppid[1] = {1}, tcb_number[1] = {2}, pce[1] = {3}, fmspc[1] = {4},
                         cpu_svn[2] = {2, 18};
    static const uint8_t zeros[16];
    uint8_t tcb_memory[640], memory[640];
    struct ak_buf tcb = AK_BUF_ARR(tcb_memory), list = AK_BUF_ARR(memory), all = ak_buf(out, 640);
    for (uint8_t i = 0; i < 16; i++) put_svn(&tcb, (uint8_t)(i + 1), platform->svns[i]);
    put_svn(&tcb, 17, platform->pce_svn);
    put_member(&tcb, AK_SPAN_ARR(cpu_svn), 0x04, AK_SPAN_ARR(zeros));
    put_member(&list, AK_SPAN_ARR(ppid), 0x04, AK_SPAN_ARR(zeros));
    put_member(&list, AK_SPAN_ARR(tcb_number), 0x30, ak_buf_span(&tcb));
    put_member(&list, AK_SPAN_ARR(pce), 0x04, AK_SPAN_ARR(platform->pce_id));
    put_member(&list, AK_SPAN_ARR(fmspc), 0x04, AK_SPAN_ARR(platform->fmspc));
    put_element(&all, 0x30, ak_buf_span(&list));
    must(ak_buf_check(&all) == AK_OK, "extension");
    return all.len;
}

void made_intel_certify(struct made_intel *intel)
{
    uint8_t ext[640];
    must(made_cert_sign(&intel->root).len > 0 && made_cert_sign(&intel->ca).len > 0, "certificates");
    intel->pck.ext_count = 0;
    made_cert_ext(&intel->pck, AK_INTEL_PCK_OID, ak_span(ext, made_intel_pck(&intel->platform, ext)));
    must(made_cert_sign(&intel->pck).len > 0 && made_cert_sign(&intel->signer).len > 0, "certificates");
    ak_sha256(made_cert_span(&intel->root), intel->pinned.sha256);
    made_crl_sign(&intel->root_crl, intel->root.subject, intel->root_key);
    made_crl_sign(&intel->pck_crl, intel->ca.subject, intel->ca_key);
    struct ak_buf chain = AK_BUF_ARR(intel->tcb_chain);
    made_pem(made_cert_span(&intel->signer), &chain);
    made_pem(made_cert_span(&intel->root), &chain);
    must(ak_buf_terminate(&chain) == AK_OK, "chain");
    made_intel_quote(intel);
}

/* ---- the quote ---- */

static void put_number(struct ak_buf *out, uint64_t value, size_t len)
{
    for (size_t i = 0; i < len; i++) ak_buf_put_u8(out, (uint8_t)(value >> 8 * i));
}

static size_t body_len(const struct made_intel *intel)
{
    if (intel->tee_type == AK_INTEL_SGX) return AK_SGX_REPORT_LEN;
    return intel->body_type == 3 ? AK_TDX_REPORT_15_LEN : AK_TDX_REPORT_LEN;
}

static void put_signed_part(const struct made_intel *intel, struct ak_buf *out)
{
    static const uint8_t vendor[16] = {
        0x93, 0x9a, 0x72, 0x33, 0xf7, 0x9c, 0x4c, 0xa9, 0x94, 0x0a, 0x0d, 0xb3, 0x95, 0x7f, 0x06, 0x07};
    put_number(out, intel->version, 2);
    put_number(out, 2, 2);
    put_number(out, intel->tee_type, 4);
    put_number(out, 0, 4);
    ak_buf_put(out, AK_SPAN_ARR(vendor));
    for (size_t i = 0; i < 20; i++) ak_buf_put_u8(out, (uint8_t)i);
    if (intel->version == 5) {
        put_number(out, intel->body_type, 2);
        put_number(out, body_len(intel), 4);
    }
    ak_buf_put(out, ak_span(intel->body, body_len(intel)));
}

static void public_point(EVP_PKEY *key, uint8_t out_xy[64])
{
    uint8_t point[65];
    size_t len = 0;
    must(EVP_PKEY_get_octet_string_param(key, "pub", point, sizeof point, &len) == 1 && len == 65, "point");
    memcpy(out_xy, point + 1, 64);
}

/* QE report, its signature, authentication data, certificates. */
static void put_qe(struct made_intel *intel, struct ak_span key, struct ak_buf *out)
{
    static const uint8_t auth[32] = {7};
    const struct ak_span parts[] = {key, AK_SPAN_ARR(auth)};
    uint8_t sig[64];
    memset(intel->qe_report + 320, 0, 64);
    if (!intel->unbound) ak_sha256_parts(parts, 2, intel->qe_report + 320);
    made_sign(intel->pck_key, AK_SPAN_ARR(intel->qe_report), sig, 32);
    ak_buf_put(out, AK_SPAN_ARR(intel->qe_report));
    ak_buf_put(out, AK_SPAN_ARR(sig));
    put_number(out, sizeof auth, 2);
    ak_buf_put(out, AK_SPAN_ARR(auth));
    char text[MADE_TEXT_MAX];
    struct ak_buf pem = AK_BUF_ARR(text);
    made_pem(made_cert_span(&intel->pck), &pem);
    made_pem(made_cert_span(&intel->ca), &pem);
    made_pem(made_cert_span(&intel->root), &pem);
    ak_buf_put_u8(&pem, 0);
    put_number(out, 5, 2);
    put_number(out, pem.len, 4);
    ak_buf_put(out, ak_buf_span(&pem));
}

void made_intel_quote(struct made_intel *intel)
{
    uint8_t key[64], sig[64], memory[MADE_QUOTE_MAX], data_memory[MADE_QUOTE_MAX];
    struct ak_buf out = AK_BUF_ARR(intel->quote), qe = AK_BUF_ARR(memory), data = AK_BUF_ARR(data_memory);
    put_signed_part(intel, &out);
    intel->signed_len = out.len;
    made_sign(intel->attestation_key, ak_buf_span(&out), sig, 32);
    public_point(intel->attestation_key, key);
    put_qe(intel, AK_SPAN_ARR(key), &qe);
    ak_buf_put(&data, AK_SPAN_ARR(sig));
    ak_buf_put(&data, AK_SPAN_ARR(key));
    if (intel->version > 3) {
        put_number(&data, 6, 2);
        put_number(&data, qe.len, 4);
    }
    ak_buf_put(&data, ak_buf_span(&qe));
    put_number(&out, data.len, 4);
    ak_buf_put(&out, ak_buf_span(&data));
    for (size_t i = 0; i < intel->trailing; i++) ak_buf_put_u8(&out, 0);
    must(ak_buf_check(&out) == AK_OK && ak_buf_check(&data) == AK_OK, "quote");
    intel->quote_len = out.len;
}

/* ---- collateral ---- */

static void sign_text(EVP_PKEY *key, const char *name, const char *body, char out[MADE_TEXT_MAX])
{
    uint8_t sig[64];
    char hex[129];
    struct ak_buf text = AK_BUF_ARR(hex);
    made_sign(key, ak_span_str(body), sig, 32);
    ak_hex_encode(&text, AK_SPAN_ARR(sig));
    must(ak_buf_terminate(&text) == AK_OK, "signature");
    int len = snprintf(out, MADE_TEXT_MAX, "{\"%s\":%s,\"signature\":\"%s\"}", name, body, hex);
    must(len > 0 && len < MADE_TEXT_MAX, "text");
}

void made_intel_collateral(struct made_intel *intel)
{
    sign_text(intel->signer_key, "tcbInfo", intel->tcb_body, intel->tcb_info);
    sign_text(intel->signer_key, "enclaveIdentity", intel->qe_body, intel->qe_identity);
}

#define DATES "\"issueDate\":\"2025-01-01T00:00:10Z\",\"nextUpdate\":\"2025-01-01T02:00:00Z\""
#define ZERO48                                                                                               \
    "000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
#define IDENTITY                                                                                             \
    "\"mrsigner\":\"" ZERO48 "\",\"attributes\":\"0000000000000000\",\"attributesMask\":"                    \
    "\"FFFFFFFFFFFFFFFF\""
#define SVN(n) "{\"svn\":" #n "}"
#define SVNS(a, b, c, d)                                                                                     \
    "[" SVN(a) "," SVN(b) "," SVN(c) "," SVN(d) "," SVN(0) "," SVN(0) "," SVN(0) "," SVN(0) "," SVN(         \
        0) "," SVN(0) "," SVN(0) "," SVN(0) "," SVN(0) "," SVN(0) "," SVN(0) "," SVN(0) "]"

/* Two levels: what the platform has, UpToDate, and one below, OutOfDate with advisories. */
static void write_tcb_info(struct made_intel *intel)
{
    bool tdx = intel->tee_type == AK_INTEL_TDX;
    int len = snprintf(intel->tcb_body, MADE_TEXT_MAX,
        "{\"id\":\"%s\",\"version\":3," DATES ",\"fmspc\":\"A0B0C0D0E0F0\",\"pceId\":\"0001\",\"tcbType\":0,"
        "\"tcbEvaluationDataNumber\":17%s,\"tcbLevels\":[{\"tcb\":{\"sgxtcbcomponents\":" SVNS(
            4, 3, 2, 1) ",\"pcesvn\":11%s},\"tcbDate\":\"2024-03-13T00:00:00Z\",\"tcbStatus\":\"UpToDate\"},"
                        "{\"tcb\":{\"sgxtcbcomponents\":" SVNS(
                            3, 3, 2, 1) ",\"pcesvn\":5%s},\"tcbStatus\":\"OutOfDate\","
                                        "\"advisoryIDs\":[\"INTEL-SA-00106\",\"INTEL-SA-00115\"]}]}",
        tdx ? "TDX" : "SGX",
        tdx ? ",\"tdxModule\":{" IDENTITY "},\"tdxModuleIdentities\":[{\"id\":\"TDX_01\"," IDENTITY
              ",\"tcbLevels\":[{\"tcb\":{\"isvsvn\":6},\"tcbStatus\":\"UpToDate\"},"
              "{\"tcb\":{\"isvsvn\":2},\"tcbStatus\":\"OutOfDate\"}]}]"
            : "",
        tdx ? ",\"tdxtcbcomponents\":" SVNS(9, 9, 3, 1) : "",
        tdx ? ",\"tdxtcbcomponents\":" SVNS(2, 0, 2, 1) : "");
    must(len > 0 && len < MADE_TEXT_MAX, "TCB info");
    len = snprintf(intel->qe_body, MADE_TEXT_MAX,
        "{\"id\":\"%s\",\"version\":2," DATES ",\"tcbEvaluationDataNumber\":17,\"miscselect\":\"00000000\","
        "\"miscselectMask\":\"FFFFFFFF\",\"attributes\":\"11000000000000000000000000000000\","
        "\"attributesMask\":\"FBFFFFFFFFFFFFFF0000000000000000\",\"mrsigner\":"
        "\"DCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDCDC\",\"isvprodid\":2,\"tcbLevels\":["
        "{\"tcb\":{\"isvsvn\":4},\"tcbStatus\":\"UpToDate\"},{\"tcb\":{\"isvsvn\":2},\"tcbStatus\":"
        "\"OutOfDate\"}]}",
        tdx ? "TD_QE" : "QE");
    must(len > 0 && len < MADE_TEXT_MAX, "QE identity");
}

/* ---- all ---- */

static void write_reports(struct made_intel *intel)
{
    static const uint8_t td_svns[AK_INTEL_SVNS] = {6, 1, 3, 1};
    memset(intel->qe_report + 128, 0xdc, 32);
    intel->qe_report[48] = 0x11;
    intel->qe_report[256] = 2;
    intel->qe_report[258] = 4;
    if (intel->tee_type == AK_INTEL_SGX) {
        intel->body[48] = 0x05; /* INIT, MODE64BIT */
        memset(intel->body + 64, 0x11, 32);
        memset(intel->body + 128, 0x33, 32);
        intel->body[256] = 9;
        intel->body[258] = 3;
        memset(intel->body + 320, 0x22, 64);
        return;
    }
    memcpy(intel->body, td_svns, sizeof td_svns);
    intel->body[120 + AK_TD_SEPT_VE_DISABLE / 8] = 1 << AK_TD_SEPT_VE_DISABLE % 8;
    memset(intel->body + 136, 0x11, 48);
    memset(intel->body + 520, 0x22, 64);
}

static void init_certs(struct made_intel *intel)
{
    static const char root[] = "Intel SGX Root CA", ca[] = "Intel SGX PCK Platform CA";
    intel->root_key = made_ec("P-256");
    intel->ca_key = made_ec("P-256");
    intel->pck_key = made_ec("P-256");
    intel->signer_key = made_ec("P-256");
    intel->attestation_key = made_ec("P-256");
    made_cert_init(&intel->root, root, intel->root_key, root, intel->root_key);
    made_cert_init(&intel->ca, ca, intel->ca_key, root, intel->root_key);
    made_cert_init(&intel->pck, "Intel SGX PCK Certificate", intel->pck_key, ca, intel->ca_key);
    made_cert_init(&intel->signer, "Intel SGX TCB Signing", intel->signer_key, root, intel->root_key);
    intel->root.ca = intel->ca.ca = true;
    intel->root.usage = intel->ca.usage = "critical,keyCertSign,cRLSign";
}

void made_intel_init(struct made_intel *intel, uint32_t tee_type, uint16_t version, uint16_t body_type)
{
    static const struct ak_intel_pck platform = {.fmspc = {0xa0, 0xb0, 0xc0, 0xd0, 0xe0, 0xf0},
        .pce_id = {0, 1},
        .svns = {4, 3, 2, 200},
        .pce_svn = 11};
    static const struct made_crl crl = {.from_s = MADE_FROM_S, .until_s = MADE_UNTIL_S};
    memset(intel, 0, sizeof *intel);
    intel->tee_type = tee_type;
    intel->version = version;
    intel->body_type = body_type;
    intel->pinned.name = "root of the test";
    intel->platform = platform;
    intel->root_crl = intel->pck_crl = crl;
    write_reports(intel);
    write_tcb_info(intel);
    init_certs(intel);
    made_intel_certify(intel);
    made_intel_collateral(intel);
}

void made_intel_input(const struct made_intel *intel, struct ak_attest_input *out_input)
{
    bool tdx = intel->tee_type == AK_INTEL_TDX;
    *out_input = (struct ak_attest_input){.kind = tdx ? AK_ATTEST_TDX : AK_ATTEST_SGX, .at_s = MADE_AT_S};
    out_input->parts[AK_ATTEST_PART_EVIDENCE] = ak_span(intel->quote, intel->quote_len);
    out_input->parts[AK_ATTEST_PART_TCB_INFO] = ak_span_str(intel->tcb_info);
    out_input->parts[AK_ATTEST_PART_QE_IDENTITY] = ak_span_str(intel->qe_identity);
    out_input->parts[AK_ATTEST_PART_TCB_CHAIN] = ak_span_str(intel->tcb_chain);
    out_input->parts[AK_ATTEST_PART_PCK_CRL] = ak_span(intel->pck_crl.der, intel->pck_crl.len);
    out_input->parts[AK_ATTEST_PART_ROOT_CRL] = ak_span(intel->root_crl.der, intel->root_crl.len);
}

void made_intel_done(struct made_intel *intel)
{
    EVP_PKEY_free(intel->root_key);
    EVP_PKEY_free(intel->ca_key);
    EVP_PKEY_free(intel->pck_key);
    EVP_PKEY_free(intel->signer_key);
    EVP_PKEY_free(intel->attestation_key);
    memset(intel, 0, sizeof *intel);
}
