/* One certificate: strict DER in, views of its parts out. */
#include "base/crypto/x509.h"

#include <openssl/x509.h>

#include "base/crypto/ossl.h"
#include "base/crypto/sha256.h"

void ak_x509_done(struct ak_x509 *cert)
{
    X509_free(cert->cert);
    cert->cert = NULL;
}

/* What the library parsed encodes to the same bytes: no BER, no forms that differ and mean the same. */
static bool is_strict(X509 *cert, struct ak_span der)
{
    uint8_t again[AK_X509_DER_MAX];
    unsigned char *at = again;
    int len = i2d_X509(cert, NULL);
    if (len < 0 || (size_t)len != der.len) return false;
    return i2d_X509(cert, &at) == len && ak_span_eq(ak_span(again, der.len), der);
}

enum ak_err ak_x509_parse(struct ak_span der, struct ak_x509 *out_cert)
{
    out_cert->cert = NULL;
    if (der.len == 0 || der.len > AK_X509_DER_MAX) return AK_E_LIMIT;
    const unsigned char *at = der.ptr;
    X509 *cert = d2i_X509(NULL, &at, (long)der.len);
    if (cert == NULL || at != der.ptr + der.len || !is_strict(cert, der)) {
        X509_free(cert);
        return ak_ossl_failed(AK_E_FORMAT);
    }
    out_cert->cert = cert;
    return AK_OK;
}

void ak_x509_fingerprint(const struct ak_x509 *cert, uint8_t out_sha256[32])
{
    uint8_t der[AK_X509_DER_MAX];
    unsigned char *at = der;
    int len = i2d_X509(cert->cert, &at);
    ak_sha256(ak_span(der, len > 0 ? (size_t)len : 0), out_sha256);
}

enum ak_err ak_x509_key(const struct ak_x509 *cert, struct ak_pubkey *out_key)
{
    return ak_pubkey_from_evp(X509_get_pubkey(cert->cert), out_key);
}

static struct ak_span common_name(const X509_NAME *name)
{
    int at = X509_NAME_get_index_by_NID(name, NID_commonName, -1);
    if (at < 0 || X509_NAME_get_index_by_NID(name, NID_commonName, at) >= 0) return AK_SPAN_EMPTY;
    const ASN1_STRING *text = X509_NAME_ENTRY_get_data(X509_NAME_get_entry(name, at));
    return ak_span(ASN1_STRING_get0_data(text), (size_t)ASN1_STRING_length(text));
}

struct ak_span ak_x509_subject_cn(const struct ak_x509 *cert)
{
    return common_name(X509_get_subject_name(cert->cert));
}

enum ak_err ak_x509_extension(const struct ak_x509 *cert, const char *oid, struct ak_span *out_value)
{
    *out_value = AK_SPAN_EMPTY;
    ASN1_OBJECT *wanted = OBJ_txt2obj(oid, 1);
    if (wanted == NULL) return ak_ossl_failed(AK_E_ARG);
    int at = X509_get_ext_by_OBJ(cert->cert, wanted, -1);
    int next = at < 0 ? -1 : X509_get_ext_by_OBJ(cert->cert, wanted, at);
    ASN1_OBJECT_free(wanted);
    if (at < 0) return AK_E_NOT_FOUND;
    if (next >= 0) return AK_E_FORMAT;
    const ASN1_OCTET_STRING *value = X509_EXTENSION_get_data(X509_get_ext(cert->cert, at));
    *out_value = ak_span(ASN1_STRING_get0_data(value), (size_t)ASN1_STRING_length(value));
    return AK_OK;
}

/* Seconds from 1970 to the time. */
static bool seconds_of(const ASN1_TIME *time, uint64_t *out_s)
{
    ASN1_TIME *start = ASN1_TIME_set(NULL, 0);
    int days = 0, rest = 0;
    bool good = start != NULL && ASN1_TIME_diff(&days, &rest, start, time) == 1 && days >= 0 && rest >= 0;
    ASN1_TIME_free(start);
    *out_s = good ? (uint64_t)days * 86400 + (uint64_t)rest : 0;
    return good;
}

enum ak_err ak_x509_validity(const struct ak_x509 *cert, uint64_t *out_from_s, uint64_t *out_until_s)
{
    const X509 *x = cert->cert;
    *out_until_s = 0;
    if (seconds_of(X509_get0_notBefore(x), out_from_s) && seconds_of(X509_get0_notAfter(x), out_until_s))
        return AK_OK;
    *out_from_s = 0;
    return ak_ossl_failed(AK_E_FORMAT);
}
