/* A compact JWS by one of a provider's keys. Guarantees on AK_OK: RS256 or ES256, as the key that its kid
 * names says itself, never as the token wants it; no extension that would have to be understood; it is a JWT
 * or says nothing of its type. Public bytes. Pure but for the libraries' memory. spec: RFC 7515; RFC
 * 8725 3.1, 3.11 */
#ifndef AK_CORE_RP_SIGNED_H
#define AK_CORE_RP_SIGNED_H

#include "base/buf.h"
#include "core/rp/jwks.h"

/* `memory`: at least text.len bytes; the payload is a view into it. AK_E_NOT_FOUND: the kid is not in the
 * set. AK_E_LIMIT (over max_len), AK_E_FORMAT, AK_E_MEANING (header), AK_E_AUTH (signature), AK_E_CRYPTO,
 * AK_E_FULL. *out_rule is a constant word for what was looked at: "form", "crit", "typ", "alg", "kid",
 * "signature". */
AK_MUST_USE enum ak_err ak_rp_signed_open(struct ak_span text, size_t max_len, const struct ak_rp_jwks *jwks,
    struct ak_buf *memory, struct ak_span *out_payload, const char **out_rule);

#endif
