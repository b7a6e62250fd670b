/* A provider's public keys. What a key is good for is said by the key: RSA is RS256, P-256 is ES256, and
 * nothing else is taken. Keys for another use, algorithm or curve, symmetric and private ones, RSA below 2048
 * or above 4096 bits are left out, as RFC 7517 5 wants it. Public bytes; the set is a plain value that any
 * number of threads may read. Pure but for the libraries' memory. spec: RFC 7517, 7518 6 */
#ifndef AK_CORE_RP_JWKS_H
#define AK_CORE_RP_JWKS_H

#include "base/crypto/pubkey.h"

enum {
    AK_RP_JWKS_MAX = 131072, /* length of the document */
    AK_RP_JWKS_MEMBERS = 64, /* keys of all kinds in it */
    AK_RP_KEYS_MAX = 16,     /* keys that are taken */
    AK_RP_KID_MAX = 128,
    AK_RP_KEY_BYTES = 512, /* modulus of RSA 4096 */
};

struct ak_rp_key {
    enum ak_sig_alg alg; /* AK_SIG_RSA_PKCS1_SHA256 or AK_SIG_P256_SHA256 */
    uint32_t exponent;   /* RSA */
    uint16_t len;
    uint8_t kid_len; /* 0: the key has none */
    uint8_t kid[AK_RP_KID_MAX];
    uint8_t bytes[AK_RP_KEY_BYTES]; /* modulus, or x || y */
};
struct ak_rp_jwks {
    size_t count;
    struct ak_rp_key keys[AK_RP_KEYS_MAX];
};

/* AK_E_LIMIT (length, number of keys), AK_E_FORMAT (not a key set), AK_E_CONFLICT (two keys of one algorithm
 * with the same kid), AK_E_MEANING (no key that is taken). out is zeroed then. */
AK_MUST_USE enum ak_err ak_rp_jwks_parse(struct ak_span text, struct ak_rp_jwks *out_jwks);
/* The key with this kid and algorithm ("RS256", "ES256"); an empty kid finds the only key of the set. NULL in
 * *out_key on failure. AK_E_NOT_FOUND: no key has this kid, a newer set may; AK_E_MEANING: one has, for
 * another algorithm, or the token names none among several. */
AK_MUST_USE enum ak_err ak_rp_jwks_find(
    const struct ak_rp_jwks *jwks, struct ak_span kid, struct ak_span alg, const struct ak_rp_key **out_key);
/* AK_E_AUTH, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_rp_key_verify(
    const struct ak_rp_key *key, struct ak_span message, struct ak_span signature);

#endif
