/* Compact JWS with ES256, as our tokens and DPoP proofs use it: splitting, signing, verifying; JWK
 * thumbprints. No negotiation: the algorithm is ES256 and nothing else. Claims are the caller's business.
 * spec: RFC 7515, 7517, 7638 */
#ifndef AK_BASE_CODEC_JOSE_H
#define AK_BASE_CODEC_JOSE_H

#include "base/buf.h"
#include "base/codec/json.h"
#include "base/crypto/p256.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_THUMBPRINT_LEN = 32, AK_THUMBPRINT_TEXT_LEN = 43 };

/* A compact JWS, split and decoded. Views point into the text and into `memory`. */
struct ak_jws {
    struct ak_span signing_input; /* header.payload as it stands in the text */
    struct ak_span header;        /* decoded JSON bytes */
    struct ak_span payload;       /* decoded JSON bytes */
    uint8_t signature[64];
};
/* Splits and decodes into `memory` (at least text.len bytes). Exactly three parts, strict base64url, a
 * 64-byte signature. AK_E_FORMAT, AK_E_LIMIT (over max_len). Nothing is verified. */
AK_MUST_USE enum ak_err ak_jws_split(
    struct ak_span text, size_t max_len, struct ak_buf *memory, struct ak_jws *out_jws);
/* The signature over signing_input. AK_E_AUTH. */
AK_MUST_USE enum ak_err ak_jws_verify(const struct ak_jws *jws, const struct ak_p256_pub *pub);
/* Appends base64url(header) . base64url(payload) . base64url(signature). */
AK_MUST_USE enum ak_err ak_jws_sign(
    struct ak_buf *buf, struct ak_span header, struct ak_span payload, struct ak_p256_signer *signer);

/* SHA-256 of the canonical JWK {"crv":"P-256","kty":"EC","x":…,"y":…}. spec: RFC 7638 */
void ak_jwk_thumbprint(const struct ak_p256_pub *pub, uint8_t out_thumbprint[32]);
/* The public JWK as JSON: {"kty":"EC","crv":"P-256","x":…,"y":…}. */
void ak_jwk_put(struct ak_json_writer *w, const struct ak_p256_pub *pub);
/* Reads a public EC P-256 JWK; refuses other kty or crv, wrong lengths, a private part ("d"), a point off the
 * curve. */
AK_MUST_USE enum ak_err ak_jwk_parse(struct ak_json_value jwk, struct ak_p256_pub *out_pub);

#endif
