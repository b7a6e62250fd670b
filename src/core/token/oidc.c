/* The claims of tokens for clouds, in one order; strings need no escape, so a payload has one spelling. */
#include "core/token/oidc.h"

#include "base/assert.h"
#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/codec/jose.h"
#include "core/keys/path.h"

enum { WALLET_TEXT_LEN = 42, PAYLOAD_MAX = 1536 };

static const char cert_name[] = "agentkeys-oidc";

enum ak_err ak_oidc_key_init(struct ak_oidc_key *key, uint32_t version, const struct ak_secret32 *scalar)
{
    struct ak_p256_pub pub;
    uint8_t thumbprint[32];
    *key = (struct ak_oidc_key){0};
    AK_TRY(ak_p256_pub_from_scalar(scalar, &pub));
    struct ak_buf cert = AK_BUF_ARR(key->cert);
    AK_TRY(ak_p256_cert_put(&cert, scalar, cert_name, version));
    ak_jwk_thumbprint(&pub, thumbprint);
    struct ak_buf kid = AK_BUF_ARR(key->kid);
    ak_buf_put_str(&kid, "ak-oidc-");
    ak_base64url_encode(&kid, ak_span(thumbprint, 12)); /* 16 characters */
    ak_assert(ak_buf_terminate(&kid) == AK_OK);
    key->version = version;
    key->pub = pub;
    key->cert_len = (uint16_t)cert.len;
    return AK_OK;
}

/* ---- what may stand in a token ---- */

static bool audience_char(uint8_t c)
{
    bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    return alnum || c == '.' || c == '_' || c == ':' || c == '/' || c == '-';
}

bool ak_oidc_audience_valid(struct ak_span aud)
{
    for (size_t i = 0; i < aud.len; i++)
        if (!audience_char(aud.ptr[i])) return false;
    return aud.len > 0 && aud.len <= AK_OIDC_AUD_MAX;
}

/* With a slash at its end, an issuer is still itself. */
bool ak_oidc_audience_own(struct ak_span aud, struct ak_span issuer)
{
    struct ak_span host = ak_span_ends(aud, AK_SPAN_LIT("/")) ? ak_span_sub(aud, 0, aud.len - 1) : aud;
    return ak_span_eq(aud, AK_SPAN_LIT(AK_OIDC_AUD_VAULT)) || ak_span_eq(host, issuer);
}

bool ak_oidc_tag_wallet_valid(struct ak_span value)
{
    uint8_t address[20];
    return value.len == WALLET_TEXT_LEN && ak_span_starts(value, AK_SPAN_LIT("0x")) &&
           ak_hex_decode_fixed(ak_span_sub(value, 2, value.len), address, sizeof address) == AK_OK;
}

bool ak_oidc_tag_path_valid(struct ak_span value)
{
    return ak_span_starts(value, AK_SPAN_LIT("/")) && ak_path_label_valid(ak_span_sub(value, 1, value.len));
}

static bool issuer_valid(struct ak_span iss)
{
    for (size_t i = 0; i < iss.len; i++)
        if (iss.ptr[i] < 0x21 || iss.ptr[i] > 0x7e || iss.ptr[i] == '"' || iss.ptr[i] == '\\') return false;
    return iss.len > 0 && iss.len <= AK_TOKEN_ISS_MAX;
}

/* ---- writing ---- */

static void put_text(struct ak_buf *buf, const char *key, struct ak_span value)
{
    ak_buf_put_str(buf, key);
    ak_buf_put(buf, value);
    ak_buf_put_u8(buf, '"');
}

/* The tags by which a cloud's policies know account and agent; both go on when a role assumes another. */
static void put_tags(struct ak_buf *buf, struct ak_span wallet, struct ak_span path)
{
    put_text(
        buf, ",\"https://aws.amazon.com/tags\":{\"principal_tags\":{\"agentkeys_user_wallet\":[\"", wallet);
    ak_buf_put_u8(buf, ']');
    if (path.len) {
        put_text(buf, ",\"agentkeys_path\":[\"", path);
        ak_buf_put_u8(buf, ']');
    }
    ak_buf_put_str(buf, "},\"transitive_tag_keys\":[\"agentkeys_user_wallet\"");
    if (path.len) ak_buf_put_str(buf, ",\"agentkeys_path\"");
    ak_buf_put_str(buf, "]}");
}

static void put_payload(
    struct ak_buf *buf, const struct ak_oidc_claims *claims, struct ak_span wallet, struct ak_span path)
{
    put_text(buf, "{\"iss\":\"", claims->iss);
    ak_buf_put_str(buf, ",\"sub\":\"agentkeys:agent:");
    ak_buf_put(buf, wallet);
    if (path.len)
        put_text(buf, ":", claims->label);
    else
        ak_buf_put_u8(buf, '"');
    put_text(buf, ",\"aud\":\"", claims->aud);
    ak_buf_put_str(buf, ",\"iat\":");
    ak_buf_put_dec(buf, claims->iat);
    ak_buf_put_str(buf, ",\"exp\":");
    ak_buf_put_dec(buf, claims->exp);
    ak_buf_put_str(buf, ",\"jti\":\"");
    ak_base64url_encode(buf, AK_SPAN_ARR(claims->jti));
    put_text(buf, "\",\"agentkeys_user_wallet\":\"", wallet);
    ak_buf_put_str(buf, ",\"agentkeys_anchor\":\"");
    ak_hex_encode(buf, AK_SPAN_ARR(claims->anchor));
    ak_buf_put_u8(buf, '"');
    if (path.len) {
        put_text(buf, ",\"agentkeys_path\":\"", path);
        ak_buf_put_str(buf, ",\"agentkeys_generation\":");
        ak_buf_put_dec(buf, claims->generation);
    }
    put_tags(buf, wallet, path);
    ak_buf_put_u8(buf, '}');
}

static void put_header(struct ak_buf *buf, const struct ak_oidc_key *key)
{
    char text[AK_TOKEN_HEADER_MAX];
    struct ak_buf header = AK_BUF_ARR(text);
    put_text(&header, "{\"alg\":\"ES256\",\"kid\":\"", ak_span_str(key->kid));
    ak_buf_put_str(&header, ",\"typ\":\"JWT\"}");
    ak_assert(!header.failed);
    ak_base64url_encode(buf, ak_buf_span(&header));
}

enum ak_err ak_oidc_put(
    struct ak_buf *buf, const struct ak_oidc_key *key, const struct ak_oidc_claims *claims)
{
    uint8_t wallet_text[WALLET_TEXT_LEN], path_text[1 + AK_LIMIT_LABEL], payload_bytes[PAYLOAD_MAX];
    struct ak_buf wallet = AK_BUF_ARR(wallet_text), path = AK_BUF_ARR(path_text);
    struct ak_buf payload = AK_BUF_ARR(payload_bytes), before = *buf;
    ak_buf_put_str(&wallet, "0x");
    ak_hex_encode(&wallet, AK_SPAN_ARR(claims->home_wallet));
    if (claims->label.len) {
        ak_buf_put_u8(&path, '/');
        ak_buf_put(&path, claims->label);
    }
    if (!issuer_valid(claims->iss) || !ak_oidc_audience_valid(claims->aud) || path.failed ||
        !ak_oidc_tag_wallet_valid(ak_buf_span(&wallet)) ||
        (path.len && !ak_oidc_tag_path_valid(ak_buf_span(&path))))
        return AK_E_ARG;
    if (claims->exp < claims->iat || claims->exp - claims->iat < AK_OIDC_MIN_SECS ||
        claims->exp - claims->iat > AK_OIDC_MAX_SECS)
        return AK_E_LIMIT;
    put_payload(&payload, claims, ak_buf_span(&wallet), ak_buf_span(&path));
    ak_assert(!payload.failed); /* bounded by what was checked */
    put_header(buf, key);
    ak_buf_put_u8(buf, '.');
    ak_base64url_encode(buf, ak_buf_span(&payload));
    ak_buf_put_u8(buf, '.');
    enum ak_err err = ak_buf_check(buf);
    if (err) *buf = before;
    return err;
}
