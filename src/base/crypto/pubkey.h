/* Verification of signatures that other people's hardware makes: ECDSA on P-256 and P-384, RSA with PKCS #1
 * v1.5 or PSS. Public bytes only; nothing here signs. A key is owned, lives in the library's heap and is
 * given back by done. Guarantees: a point is on its curve, an RSA key has 2048 to 4096 bits and an odd
 * exponent of 3 to 2^32 - 1; an algorithm is never negotiated: the caller names it and a key of another kind
 * is refused. Threads: any, each key by one at a time. */
#ifndef AK_BASE_CRYPTO_PUBKEY_H
#define AK_BASE_CRYPTO_PUBKEY_H

#include "base/err.h"
#include "base/span.h"

enum ak_pubkey_type { AK_PUBKEY_NONE, AK_PUBKEY_P256, AK_PUBKEY_P384, AK_PUBKEY_RSA };

/* What a signature is. ECDSA: r || s, big-endian, 64 or 96 bytes. RSA: as long as the modulus; PSS has MGF1
 * with the same hash and a salt as long as the hash. */
enum ak_sig_alg {
    AK_SIG_P256_SHA256,
    AK_SIG_P384_SHA384,
    AK_SIG_RSA_PKCS1_SHA256,
    AK_SIG_RSA_PKCS1_SHA384,
    AK_SIG_RSA_PSS_SHA256,
    AK_SIG_RSA_PSS_SHA384,
    AK_SIG_COUNT
};

struct ak_pubkey {
    void *key; /* EVP_PKEY */
    enum ak_pubkey_type type;
};
/* Fine on a zeroed one. */
void ak_pubkey_done(struct ak_pubkey *key);

/* x || y: 64 bytes are P-256, 96 are P-384. AK_E_LIMIT (another length), AK_E_MEANING (not on the curve),
 * AK_E_CRYPTO; out is zeroed then. spec: SEC 1 2.3.3 */
AK_MUST_USE enum ak_err ak_pubkey_from_point(struct ak_span xy, struct ak_pubkey *out_key);
/* Modulus and exponent, big-endian. AK_E_LIMIT (not 2048 to 4096 bits), AK_E_MEANING (exponent), AK_E_CRYPTO.
 */
AK_MUST_USE enum ak_err ak_pubkey_from_rsa(
    struct ak_span modulus, uint32_t exponent, struct ak_pubkey *out_key);
/* DER SubjectPublicKeyInfo of such a key. AK_E_LIMIT, AK_E_FORMAT, AK_E_UNSUPPORTED (another kind of key). */
AK_MUST_USE enum ak_err ak_pubkey_from_spki(struct ak_span der, struct ak_pubkey *out_key);
/* The same point or the same modulus and exponent. */
bool ak_pubkey_eq(const struct ak_pubkey *a, const struct ak_pubkey *b);

/* AK_E_AUTH; AK_E_MEANING where the key is of another kind than the algorithm, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_pubkey_verify(
    const struct ak_pubkey *key, enum ak_sig_alg alg, struct ak_span message, struct ak_span sig);

#endif
