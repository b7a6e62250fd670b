/* A provider's id_token: whose it is, for this client and this request. Guarantees on AK_OK: signed by one of
 * the issuer's keys with that key's own algorithm, from the issuer, for the client (alone, or as authorized
 * party), with the nonce, valid now with 60 s of skew; `sub` is 1 to 320 printable ASCII characters without
 * quotes and backslashes. The provider's e-mail address is not looked at. Public bytes, but the token is for
 * nobody else. Pure but for the libraries' memory. spec: OpenID Connect Core 2, 3.1.3.7; RFC 7519; RFC 8725
 */
#ifndef AK_CORE_RP_ID_TOKEN_H
#define AK_CORE_RP_ID_TOKEN_H

#include "base/limits.h"
#include "core/rp/jwks.h"

enum {
    AK_RP_ID_TOKEN_MAX = 16384,
    AK_RP_SKEW_SECS = 60,
    AK_RP_AUD_MAX = 16, /* audiences */
};

struct ak_rp_expected {
    struct ak_span issuer;
    struct ak_span client_id;
    struct ak_span nonce;
    uint64_t now_s;
};
struct ak_rp_subject {
    uint16_t len;
    uint8_t sub[AK_LIMIT_IDENTITY_VALUE];
};

/* AK_E_NOT_FOUND: its kid is not in the set, fetch it anew and ask again (nothing else is worth that).
 * AK_E_LIMIT, AK_E_FORMAT (form), AK_E_MEANING (algorithm, issuer, audience, nonce, subject), AK_E_AUTH
 * (signature), AK_E_EXPIRED (over, or not yet), AK_E_CRYPTO, AK_E_FULL (memory). out_subject is zeroed then,
 * and *out_rule, which may be NULL, is a constant word for the log: "form", "crit", "typ", "alg", "kid",
 * "signature", "iss", "aud", "azp", "exp", "iat", "nbf", "nonce", "sub". */
AK_MUST_USE enum ak_err ak_rp_id_token_verify(struct ak_span token, const struct ak_rp_jwks *jwks,
    const struct ak_rp_expected *expected, struct ak_rp_subject *out_subject, const char **out_rule);

#endif
