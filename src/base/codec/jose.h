/* Compact JWS with ES256, as our tokens and DPoP proofs use it: splitting, signing, verifying; JWK
 * thumbprints. No negotiation: the algorithm is ES256 and nothing else; only the split of other people's
 * tokens leaves it open. Claims are the caller's business.
 * The signer's scalar is secret, all else is public. Threads: any, but one at a time for a signer or a
 * buffer. spec: RFC 7515, 7517, 7638 */
#ifndef AK_BASE_CODEC_JOSE_H
#define AK_BASE_CODEC_JOSE_H

#include "base/buf.h"
#include "base/codec/json.h"
#include "base/crypto/p256.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_THUMBPRINT_LEN = 32, AK_THUMBPRINT_TEXT_LEN = 43 };

/* A compact JWS of any algorithm, split and decoded. Views point into the text and into `memory`. */
struct ak_jws_parts {
    struct ak_span signing_input; /* header.payload as it stands in the text */
    struct ak_span header;        /* decoded JSON bytes */
    struct ak_span payload;       /* decoded JSON bytes */
    struct ak_span signature;
};
/* Exactly three parts, none empty, strict base64url, decoded into `memory` (at least text.len bytes).
 * AK_E_FORMAT, AK_E_LIMIT (over max_len), AK_E_FULL (memory); nothing is verified. spec: RFC 7515 5.2 */
AK_MUST_USE enum ak_err ak_jws_split_parts(
    struct ak_span text, size_t max_len, struct ak_buf *memory, struct ak_jws_parts *out_parts);

/* The same with the 64-byte signature of ES256. */
struct ak_jws {
    struct ak_span signing_input; /* header.payload as it stands in the text */
    struct ak_span header;        /* decoded JSON bytes */
    struct ak_span payload;       /* decoded JSON bytes */
    uint8_t signature[64];
};
/* As ak_jws_split_parts, and the signature has 64 bytes. The algorithm is not looked at: see
 * ak_jws_header_open. */
AK_MUST_USE enum ak_err ak_jws_split(
    struct ak_span text, size_t max_len, struct ak_buf *memory, struct ak_jws *out_jws);
/* Parses the header: "alg" is ES256, no "crit", no "b64", and "typ" is `typ` unless that is NULL. The
 * document is the caller's to end. As ak_json_parse, AK_E_MEANING. spec: RFC 7515 4.1, RFC 8725 3.1, 3.11 */
AK_MUST_USE enum ak_err ak_jws_header_open(
    const struct ak_jws *jws, const char *typ, struct ak_json *out_header);
/* The signature over signing_input, as ES256 whatever the header says. AK_E_AUTH; AK_E_MEANING for a point
 * off the curve. */
AK_MUST_USE enum ak_err ak_jws_verify(const struct ak_jws *jws, const struct ak_p256_pub *pub);
/* Appends base64url(header) . base64url(payload) . base64url(signature); nothing on failure. AK_E_FULL,
 * AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_jws_sign(
    struct ak_buf *buf, struct ak_span header, struct ak_span payload, struct ak_p256_signer *signer);

/* SHA-256 of the canonical JWK {"crv":"P-256","kty":"EC","x":…,"y":…}. spec: RFC 7638 */
void ak_jwk_thumbprint(const struct ak_p256_pub *pub, uint8_t out_thumbprint[32]);
/* The public JWK as JSON: {"kty":"EC","crv":"P-256","x":…,"y":…}. */
void ak_jwk_put(struct ak_json_writer *w, const struct ak_p256_pub *pub);
/* The same members into an object that the caller has open, for a JWK with further members (kid, use, x5c).
 */
void ak_jwk_put_members(struct ak_json_writer *w, const struct ak_p256_pub *pub);
/* Reads a public EC P-256 JWK. AK_E_UNSUPPORTED (other kty or crv), AK_E_FORMAT (not an object, a coordinate
 * that is not 32 bytes), AK_E_MEANING (a private part "d", "alg", "use" or "key_ops" for something else than
 * ES256 verification, a point off the curve). Other members are not looked at. */
AK_MUST_USE enum ak_err ak_jwk_parse(struct ak_json_value jwk, struct ak_p256_pub *out_pub);
/* True where a JWK, an object of any kind of key, says nothing against verifying signatures of `alg` by it:
 * no private part "d"; "alg", "use" and "key_ops" absent, or for just that. spec: RFC 7517 4.2 to 4.4 */
bool ak_jwk_may_verify(struct ak_json_value jwk, struct ak_span alg);

#endif
