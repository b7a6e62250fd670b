/* Revocation lists of the makers whose certificates x509.h verifies: complete lists of one issuer, signed by
 * it, valid at a time that the caller gives. Nothing is fetched. Owned, given back by done. Threads: any,
 * each list by one at a time. spec: RFC 5280 5 */
#ifndef AK_BASE_CRYPTO_X509_CRL_H
#define AK_BASE_CRYPTO_X509_CRL_H

#include "base/crypto/x509.h"

enum { AK_X509_CRL_MAX = 64 * 1024 }; /* the largest we know has 4 KiB */

struct ak_x509_crl {
    void *crl; /* X509_CRL */
};
/* Fine on a zeroed one. */
void ak_x509_crl_done(struct ak_x509_crl *crl);
/* AK_E_LIMIT, AK_E_FORMAT (not strict DER, rest behind); zeroed then. */
AK_MUST_USE enum ak_err ak_x509_crl_parse(struct ak_span der, struct ak_x509_crl *out_crl);
/* AK_E_AUTH: of another issuer, or not signed by it; AK_E_MEANING: a critical extension, so that it may be no
 * complete list; AK_E_EXPIRED: not yet or no longer valid, or without an end; AK_E_LIMIT: the time. */
AK_MUST_USE enum ak_err ak_x509_crl_verify(
    const struct ak_x509_crl *crl, const struct ak_x509 *issuer, uint64_t at_s);
/* Whether it names the certificate. Only meaningful for the issuer's own certificates. */
bool ak_x509_crl_has(const struct ak_x509_crl *crl, const struct ak_x509 *cert);

#endif
