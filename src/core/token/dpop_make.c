/* DPoP proofs from the client's side. */
#include "base/codec/base64.h"
#include "base/codec/jose.h"
#include "base/crypto/sha256.h"
#include "core/token/dpop.h"

static bool method_fits(struct ak_span method)
{
    for (size_t i = 0; i < method.len; i++) {
        if (method.ptr[i] < 'A' || method.ptr[i] > 'Z') return false;
    }
    return method.len > 0 && method.len <= 16;
}

/* Origin and path in printable ASCII, without query and fragment. */
static bool url_fits(struct ak_span url)
{
    for (size_t i = 0; i < url.len; i++) {
        uint8_t c = url.ptr[i];
        if (c < 0x21 || c > 0x7e || c == '?' || c == '#' || c == '"' || c == '\\') return false;
    }
    bool http = ak_span_starts(url, AK_SPAN_LIT("http://")) || ak_span_starts(url, AK_SPAN_LIT("https://"));
    return http && url.len <= AK_DPOP_URL_MAX;
}

static void put_text(struct ak_json_writer *w, const char *key, struct ak_span text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, text);
}

static void put_bytes(struct ak_json_writer *w, const char *key, struct ak_span bytes)
{
    uint8_t text[64];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_base64url_encode(&buf, bytes);
    put_text(w, key, ak_buf_span(&buf));
}

static void put_header(struct ak_buf *buf, const struct ak_p256_pub *pub)
{
    struct ak_json_writer w = ak_json_writer(buf);
    ak_json_open_object(&w);
    put_text(&w, "typ", AK_SPAN_LIT("dpop+jwt"));
    put_text(&w, "alg", AK_SPAN_LIT("ES256"));
    ak_json_key(&w, "jwk");
    ak_jwk_put(&w, pub);
    ak_json_close_object(&w);
}

static void put_claims(struct ak_buf *buf, const struct ak_dpop_make *make)
{
    struct ak_json_writer w = ak_json_writer(buf);
    ak_json_open_object(&w);
    put_text(&w, "htm", make->method);
    put_text(&w, "htu", make->url);
    ak_json_key(&w, "iat");
    ak_json_put_u64(&w, make->iat);
    put_bytes(&w, "jti", AK_SPAN_ARR(make->jti));
    if (make->nonce.len > 0) put_text(&w, "nonce", make->nonce);
    if (make->token.len > 0) {
        uint8_t ath[32];
        ak_sha256(make->token, ath);
        put_bytes(&w, "ath", AK_SPAN_ARR(ath));
    }
    if (make->bh) put_bytes(&w, "ak_bh", ak_span(make->bh, 32));
    if (make->rk) put_bytes(&w, "ak_rk", ak_span(make->rk, 32));
    ak_json_close_object(&w);
}

enum ak_err ak_dpop_make(struct ak_buf *buf, struct ak_p256_signer *signer, const struct ak_p256_pub *pub,
    const struct ak_dpop_make *make)
{
    if (!method_fits(make->method) || !url_fits(make->url) || make->nonce.len > 128) return AK_E_ARG;
    uint8_t header_bytes[256], claims_bytes[AK_LIMIT_PROOF];
    struct ak_buf header = AK_BUF_ARR(header_bytes), claims = AK_BUF_ARR(claims_bytes);
    put_header(&header, pub);
    put_claims(&claims, make);
    AK_TRY(ak_buf_check(&header));
    AK_TRY(ak_buf_check(&claims));
    struct ak_buf before = *buf;
    enum ak_err err = ak_jws_sign(buf, ak_buf_span(&header), ak_buf_span(&claims), signer);
    if (err != AK_OK) *buf = before;
    return err;
}
