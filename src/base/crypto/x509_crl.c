/* One list: strict DER in, then signature, critical extensions and times. */
#include "base/crypto/x509_crl.h"

#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "base/crypto/ossl.h"

#define LAST_SECOND UINT64_C(253402300799) /* of the year 9999 */

void ak_x509_crl_done(struct ak_x509_crl *crl)
{
    X509_CRL_free(crl->crl);
    crl->crl = NULL;
}

static bool is_strict(X509_CRL *crl, struct ak_span der)
{
    uint8_t again[AK_X509_CRL_MAX];
    unsigned char *at = again;
    int len = i2d_X509_CRL(crl, NULL);
    if (len < 0 || (size_t)len != der.len) return false;
    return i2d_X509_CRL(crl, &at) == len && ak_span_eq(ak_span(again, der.len), der);
}

enum ak_err ak_x509_crl_parse(struct ak_span der, struct ak_x509_crl *out_crl)
{
    const unsigned char *at = der.ptr;
    out_crl->crl = NULL;
    if (der.len == 0 || der.len > AK_X509_CRL_MAX) return AK_E_LIMIT;
    X509_CRL *crl = d2i_X509_CRL(NULL, &at, (long)der.len);
    if (crl == NULL || at != der.ptr + der.len || !is_strict(crl, der)) {
        X509_CRL_free(crl);
        return ak_ossl_failed(AK_E_FORMAT);
    }
    out_crl->crl = crl;
    return AK_OK;
}

static bool is_signed(X509_CRL *crl, X509 *issuer)
{
    EVP_PKEY *key = X509_get0_pubkey(issuer);
    return key != NULL && X509_NAME_cmp(X509_CRL_get_issuer(crl), X509_get_subject_name(issuer)) == 0 &&
           X509_CRL_verify(crl, key) == 1;
}

/* Lists of a part, of changes or of other issuers say so in critical extensions. */
static bool is_complete(X509_CRL *crl)
{
    return X509_CRL_get_ext_by_critical(crl, 1, -1) < 0;
}

enum ak_err ak_x509_crl_verify(const struct ak_x509_crl *crl, const struct ak_x509 *issuer, uint64_t at_s)
{
    X509_CRL *list = crl->crl;
    if (at_s > LAST_SECOND) return AK_E_LIMIT;
    if (!is_signed(list, issuer->cert)) return ak_ossl_failed(AK_E_AUTH);
    if (!is_complete(list)) return AK_E_MEANING;
    const ASN1_TIME *from = X509_CRL_get0_lastUpdate(list), *until = X509_CRL_get0_nextUpdate(list);
    int begun = from == NULL ? 1 : ASN1_TIME_cmp_time_t(from, (time_t)at_s);
    int ended = until == NULL ? -1 : ASN1_TIME_cmp_time_t(until, (time_t)at_s);
    bool now = (begun == 0 || begun == -1) && (ended == 0 || ended == 1); /* -2 is no time */
    return now ? AK_OK : ak_ossl_failed(AK_E_EXPIRED);
}

bool ak_x509_crl_has(const struct ak_x509_crl *crl, const struct ak_x509 *cert)
{
    X509_REVOKED *found = NULL;
    return X509_CRL_get0_by_cert(crl->crl, &found, cert->cert) != 0;
}
