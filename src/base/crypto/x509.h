/* X.509 certificates of other people's hardware, verified up to a root that the caller pins, at a time that
 * the caller gives. Bounded: nothing longer than AK_X509_DER_MAX reaches the library's parser, and only
 * strict DER passes: what parses encodes back to the same bytes. Guarantees of a verified chain: each
 * signature, the order, validity at the time, CA bit, path length, key usage, no unknown critical extension.
 * Not guaranteed: names (nobody asks for them here) and revocation (give a CRL where the maker has one). The
 * library's strict mode is off: AMD's and AWS's chains lack an authority key identifier. Certificates are
 * owned and given back by done. Threads: any, each certificate by one at a time. spec: RFC 5280 */
#ifndef AK_BASE_CRYPTO_X509_H
#define AK_BASE_CRYPTO_X509_H

#include "base/crypto/pubkey.h"
#include "base/err.h"
#include "base/span.h"

enum {
    AK_X509_DER_MAX = 8 * 1024,     /* one certificate; the largest we know have 2 KiB */
    AK_X509_CHAIN_MAX = 8,          /* certificates of a chain or bundle */
    AK_X509_BUNDLE_MAX = 96 * 1024, /* all of them as PEM */
};

struct ak_x509 {
    void *cert; /* X509 */
};
/* Fine on a zeroed one. */
void ak_x509_done(struct ak_x509 *cert);
/* AK_E_LIMIT, AK_E_FORMAT (not strict DER, rest behind), AK_E_CRYPTO; out is zeroed then. */
AK_MUST_USE enum ak_err ak_x509_parse(struct ak_span der, struct ak_x509 *out_cert);

/* Several certificates, in the order of the bundle. AK_CLEANUP(ak_x509_bundle_done). */
struct ak_x509_bundle {
    struct ak_x509 certs[AK_X509_CHAIN_MAX];
    size_t count;
};
void ak_x509_bundle_done(struct ak_x509_bundle *bundle);
/* PEM (blocks "CERTIFICATE", white space between them and nothing else) or DER one behind the other.
 * AK_E_LIMIT (length, count), AK_E_FORMAT, AK_E_CRYPTO; empty then. spec: RFC 7468 2, 5 */
AK_MUST_USE enum ak_err ak_x509_bundle_parse(struct ak_span bytes, struct ak_x509_bundle *out_bundle);

/* leaf, signed by certs[0], … certs[count - 1], signed by root. The root is trusted as it stands: the caller
 * has compared its fingerprint. Every certificate given must be used. `at_s` is seconds since 1970.
 * AK_E_AUTH: a signature or a name does not fit; AK_E_EXPIRED: one of them is not yet or no longer valid;
 * AK_E_MEANING: CA bit, path length, key usage, critical extension, weak key; AK_E_LIMIT: count. */
AK_MUST_USE enum ak_err ak_x509_chain_verify(const struct ak_x509 *leaf, const struct ak_x509 *certs,
    size_t count, const struct ak_x509 *root, uint64_t at_s);

/* SHA-256 of the DER. */
void ak_x509_fingerprint(const struct ak_x509 *cert, uint8_t out_sha256[32]);
/* AK_E_UNSUPPORTED where it is none of pubkey.h. */
AK_MUST_USE enum ak_err ak_x509_key(const struct ak_x509 *cert, struct ak_pubkey *out_key);
/* The common name of the subject; empty where there is none or more than one. */
struct ak_span ak_x509_subject_cn(const struct ak_x509 *cert);
/* Content of the extension with this dotted OID, a view. AK_E_NOT_FOUND, AK_E_FORMAT (there twice). */
AK_MUST_USE enum ak_err ak_x509_extension(
    const struct ak_x509 *cert, const char *oid, struct ak_span *out_value);
/* Seconds since 1970. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_x509_validity(
    const struct ak_x509 *cert, uint64_t *out_from_s, uint64_t *out_until_s);

#endif
