/* The broker's word that somebody answered for an identity on a device: a compact JWS with ES256 by the one
 * key that the trust configuration names, and all that the broker can say (I9).
 *
 *   {"typ":"ak-identity+jwt","alg":"ES256"}
 *   {"iss":<broker_url>,"aud":<issuer>,"iat":…,"exp":…,"jti":<32 hex>,"identity_type":…,"identity_value":…,
 *    "jkt":<43 base64url>}
 *
 * and for an identity at a provider (oauth2_<name>), and only there, "identity_iss": the provider's issuer.
 * Order of members is free, others are refused (I4). Lifetime at most 60 s. Single use is the caller's, by
 * `jti_hash`. The signer is secret. No allocation but the JSON reader's, no time of its own.
 * spec: docs/wire.md, Sign-in; RFC 7515 */
#ifndef AK_CORE_TOKEN_IDENTITY_ANSWER_H
#define AK_CORE_TOKEN_IDENTITY_ANSWER_H

#include "base/buf.h"
#include "base/crypto/p256.h"
#include "base/limits.h"

enum {
    AK_IDENTITY_ANSWER_MAX = 2048,
    AK_IDENTITY_ANSWER_SECS = 60,      /* exp - iat, at most */
    AK_IDENTITY_ANSWER_EARLY_SECS = 30 /* an `iat` this far ahead is still taken */
};

struct ak_identity_answer {
    uint8_t type_len;
    uint16_t value_len;
    uint8_t type[32];
    uint8_t value[AK_LIMIT_IDENTITY_VALUE];
    uint8_t iss_len; /* 0: the identity is at no provider */
    uint8_t iss[127];
    uint8_t jkt[32]; /* thumbprint of the device that it answered on */
    uint8_t jti[16];
    uint64_t iat, exp; /* Unix seconds */
};

/* Appends the compact text. AK_E_ARG (a text that needs escapes in JSON, times), AK_E_FULL, AK_E_CRYPTO;
 * nothing is appended then. */
AK_MUST_USE enum ak_err ak_identity_answer_make(struct ak_buf *buf, struct ak_p256_signer *signer,
    struct ak_span iss, struct ak_span aud, const struct ak_identity_answer *answer);
/* AK_E_LIMIT, AK_E_FORMAT (form), AK_E_MEANING (header, iss, aud, lifetime), AK_E_AUTH (signature),
 * AK_E_EXPIRED (over, or too early). `out_answer` is zeros then. */
AK_MUST_USE enum ak_err ak_identity_answer_verify(struct ak_span text, const struct ak_p256_pub *pub,
    struct ak_span iss, struct ak_span aud, uint64_t now_s, struct ak_identity_answer *out_answer);

#endif
