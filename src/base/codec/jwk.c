/* Public P-256 JWKs: writing, reading strictly, and their thumbprint. */
#include "base/assert.h"
#include "base/codec/base64.h"
#include "base/codec/jose.h"
#include "base/crypto/sha256.h"

void ak_jwk_thumbprint(const struct ak_p256_pub *pub, uint8_t out_thumbprint[32])
{
    char text[160];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_buf_put_str(&buf, "{\"crv\":\"P-256\",\"kty\":\"EC\",\"x\":\"");
    ak_base64url_encode(&buf, ak_span(pub->xy, 32));
    ak_buf_put_str(&buf, "\",\"y\":\"");
    ak_base64url_encode(&buf, ak_span(pub->xy + 32, 32));
    ak_buf_put_str(&buf, "\"}");
    ak_assert(!buf.failed);
    ak_sha256(ak_buf_span(&buf), out_thumbprint);
}

static void put_coordinate(struct ak_json_writer *w, const char *key, const uint8_t bytes[32])
{
    char text[43];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_base64url_encode(&buf, ak_span(bytes, 32));
    ak_json_key(w, key);
    ak_json_put_string(w, ak_buf_span(&buf));
}

void ak_jwk_put_members(struct ak_json_writer *w, const struct ak_p256_pub *pub)
{
    ak_json_key(w, "kty");
    ak_json_put_string(w, AK_SPAN_LIT("EC"));
    ak_json_key(w, "crv");
    ak_json_put_string(w, AK_SPAN_LIT("P-256"));
    put_coordinate(w, "x", pub->xy);
    put_coordinate(w, "y", pub->xy + 32);
}

void ak_jwk_put(struct ak_json_writer *w, const struct ak_p256_pub *pub)
{
    ak_json_open_object(w);
    ak_jwk_put_members(w, pub);
    ak_json_close_object(w);
}

static bool absent_or(struct ak_json_value jwk, const char *key, struct ak_span want)
{
    struct ak_json_value value = ak_json_get(jwk, key);
    return !value.node || ak_json_string_is(value, want);
}

/* key_ops is absent, or an array that has "verify" in it. */
static bool has_verify(struct ak_json_value jwk)
{
    struct ak_json_value ops = ak_json_get(jwk, "key_ops");
    if (!ops.node) return true;
    for (size_t i = 0; i < ak_json_len(ops); i++)
        if (ak_json_string_is(ak_json_at(ops, i), AK_SPAN_LIT("verify"))) return true;
    return false;
}

bool ak_jwk_may_verify(struct ak_json_value jwk, struct ak_span alg)
{
    return !ak_json_get(jwk, "d").node && absent_or(jwk, "alg", alg) &&
           absent_or(jwk, "use", AK_SPAN_LIT("sig")) && has_verify(jwk);
}

/* The kind of key, as far as it can be told before its numbers. */
static enum ak_err check_kind(struct ak_json_value jwk)
{
    if (ak_json_type(jwk) != AK_JSON_OBJECT) return AK_E_FORMAT;
    if (!ak_json_string_is(ak_json_get(jwk, "kty"), AK_SPAN_LIT("EC")) ||
        !ak_json_string_is(ak_json_get(jwk, "crv"), AK_SPAN_LIT("P-256")))
        return AK_E_UNSUPPORTED;
    return ak_jwk_may_verify(jwk, AK_SPAN_LIT("ES256")) ? AK_OK : AK_E_MEANING;
}

static enum ak_err read_coordinate(struct ak_json_value jwk, const char *key, uint8_t out_bytes[32])
{
    struct ak_span text;
    if (ak_json_string(ak_json_get(jwk, key), &text) != AK_OK) return AK_E_FORMAT;
    return ak_base64url_decode_fixed(text, out_bytes, 32);
}

enum ak_err ak_jwk_parse(struct ak_json_value jwk, struct ak_p256_pub *out_pub)
{
    *out_pub = (struct ak_p256_pub){0};
    struct ak_p256_pub pub;
    AK_TRY(check_kind(jwk));
    AK_TRY(read_coordinate(jwk, "x", pub.xy));
    AK_TRY(read_coordinate(jwk, "y", pub.xy + 32));
    AK_TRY(ak_p256_pub_validate(&pub));
    *out_pub = pub;
    return AK_OK;
}
