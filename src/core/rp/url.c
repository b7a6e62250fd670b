/* URLs by the grammar of RFC 3986, and values that are percent-encoded one and all. */
#include "core/rp/url.h"

#include "base/codec/base64.h"
#include "base/wipe.h"
#include "core/evm/uri.h"

static bool is_unreserved(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '.' || c == '_' || c == '~';
}

void ak_rp_put_encoded(struct ak_buf *buf, struct ak_span value)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if (is_unreserved(c)) {
            ak_buf_put_u8(buf, c);
            continue;
        }
        ak_buf_put_u8(buf, '%');
        ak_buf_put_u8(buf, (uint8_t)digits[c >> 4]);
        ak_buf_put_u8(buf, (uint8_t)digits[c & 15]);
    }
}

bool ak_rp_url_is_plain_loopback(struct ak_span url)
{
    return ak_uri_is_plain_loopback(url);
}

bool ak_rp_url_valid(struct ak_span url, bool plain)
{
    return url.len <= AK_RP_URL_MAX && ak_uri_is_web(url, plain);
}

/* ---- parameters ---- */

static bool fits(struct ak_span value, size_t max)
{
    return value.len > 0 && value.len <= max;
}

static void put_param(struct ak_buf *buf, const char *name, struct ak_span value)
{
    ak_buf_put_str(buf, name);
    ak_rp_put_encoded(buf, value);
}

/* What failed half way leaves nothing behind. */
static enum ak_err finish(struct ak_buf *buf, size_t before)
{
    if (!buf->failed) return AK_OK;
    ak_wipe(buf->ptr + before, buf->len - before);
    buf->len = before;
    return AK_E_FULL;
}

enum ak_err ak_rp_authorize_url(struct ak_buf *buf, const struct ak_rp_authorize *authorize)
{
    const struct ak_rp_authorize *a = authorize;
    size_t before = buf->len;
    bool good = ak_rp_url_valid(a->endpoint, true) && fits(a->client_id, AK_RP_VALUE_MAX) &&
                fits(a->redirect_uri, AK_RP_VALUE_MAX) && fits(a->scope, AK_RP_VALUE_MAX) &&
                fits(a->state, AK_RP_VALUE_MAX) && fits(a->nonce, AK_RP_VALUE_MAX) &&
                fits(a->challenge, AK_RP_VALUE_MAX);
    if (!good) return AK_E_ARG;
    ak_buf_put(buf, a->endpoint);
    bool has_query = ak_span_find(a->endpoint, 0, '?') < a->endpoint.len;
    put_param(buf, has_query ? "&response_type=" : "?response_type=", AK_SPAN_LIT("code"));
    put_param(buf, "&client_id=", a->client_id);
    put_param(buf, "&redirect_uri=", a->redirect_uri);
    put_param(buf, "&scope=", a->scope);
    put_param(buf, "&state=", a->state);
    put_param(buf, "&nonce=", a->nonce);
    put_param(buf, "&code_challenge=", a->challenge);
    put_param(buf, "&code_challenge_method=", AK_SPAN_LIT("S256"));
    return finish(buf, before);
}

enum ak_err ak_rp_exchange_form(struct ak_buf *buf, const struct ak_rp_exchange *exchange)
{
    size_t before = buf->len;
    bool good = fits(exchange->client_id, AK_RP_VALUE_MAX) && fits(exchange->redirect_uri, AK_RP_VALUE_MAX) &&
                fits(exchange->code, AK_RP_CODE_MAX) && fits(exchange->verifier, AK_RP_VALUE_MAX) &&
                exchange->secret.len <= AK_RP_VALUE_MAX;
    if (!good) return AK_E_ARG;
    put_param(buf, "grant_type=", AK_SPAN_LIT("authorization_code"));
    put_param(buf, "&code=", exchange->code);
    put_param(buf, "&redirect_uri=", exchange->redirect_uri);
    put_param(buf, "&client_id=", exchange->client_id);
    put_param(buf, "&code_verifier=", exchange->verifier);
    if (exchange->secret.len) put_param(buf, "&client_secret=", exchange->secret);
    return finish(buf, before);
}

enum ak_err ak_rp_basic(struct ak_buf *buf, struct ak_span client_id, struct ak_span secret)
{
    uint8_t memory[2 * 3 * AK_RP_VALUE_MAX + 1];
    struct ak_buf pair = AK_BUF_ARR(memory);
    size_t before = buf->len;
    if (!fits(client_id, AK_RP_VALUE_MAX) || !fits(secret, AK_RP_VALUE_MAX)) return AK_E_ARG;
    ak_rp_put_encoded(&pair, client_id);
    ak_buf_put_u8(&pair, ':');
    ak_rp_put_encoded(&pair, secret);
    ak_buf_put_str(buf, "Basic ");
    ak_base64_encode(buf, ak_buf_span(&pair));
    ak_wipe(memory, sizeof memory);
    return finish(buf, before);
}
