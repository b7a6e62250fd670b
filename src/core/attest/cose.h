/* COSE_Sign1, the part that attestation documents use: ES256 or ES384 named in the protected header and
 * nothing else there, a payload inside, an optional tag 18. Definite lengths and shortest heads only; every
 * byte is covered by the signature or fixed. Does not own. Internal to core/attest. spec: RFC 9052 4.2, 4.4
 */
#ifndef AK_CORE_ATTEST_COSE_H
#define AK_CORE_ATTEST_COSE_H

#include "base/crypto/pubkey.h"

enum { AK_COSE_MAX = 32 * 1024 };

struct ak_cose_sign1 {
    enum ak_sig_alg alg;        /* AK_SIG_P256_SHA256 or AK_SIG_P384_SHA384 */
    struct ak_span protected_;  /* with the head of its byte string */
    struct ak_span unprotected; /* one map; its content is not authenticated */
    struct ak_span payload;
    struct ak_span payload_item; /* with the head of its byte string */
    struct ak_span sig;
};
/* AK_E_LIMIT, AK_E_FORMAT (another structure, indefinite or not shortest lengths, rest behind, no payload),
 * AK_E_UNSUPPORTED (the protected header is not {1: -7} or {1: -35}). */
AK_MUST_USE enum ak_err ak_cose_sign1_parse(struct ak_span bytes, struct ak_cose_sign1 *out_sign1);
/* Over Sig_structure with no external data. As ak_pubkey_verify. */
AK_MUST_USE enum ak_err ak_cose_sign1_verify(const struct ak_cose_sign1 *sign1, const struct ak_pubkey *key);

#endif
