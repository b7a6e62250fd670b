/* Payloads of tokens: members in one order, strings without escapes, so a payload has one spelling. */
#include "core/token/token_payload.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/num.h"
#include "base/reader.h"
#include "core/keys/path.h"

enum { JTI_TEXT_LEN = 22, JKT_TEXT_LEN = 43, ANCHOR_TEXT_LEN = 64 };

void ak_token_payload_put(
    struct ak_buf *buf, const struct ak_token_issuer *issuer, const struct ak_token_claims *claims)
{
    ak_buf_put_str(buf, "{\"iss\":\"");
    ak_buf_put(buf, issuer->iss);
    ak_buf_put_str(buf, "\",\"sub\":\"");
    ak_hex_encode(buf, AK_SPAN_ARR(claims->anchor));
    if (claims->label_len > 0) {
        ak_buf_put_u8(buf, '/');
        ak_buf_put(buf, ak_span(claims->label, claims->label_len));
    }
    ak_buf_put_str(buf, "\",\"aud\":\"");
    ak_buf_put(buf, issuer->aud);
    ak_buf_put_str(buf, "\",\"iat\":");
    ak_buf_put_dec(buf, claims->iat);
    ak_buf_put_str(buf, ",\"exp\":");
    ak_buf_put_dec(buf, claims->exp);
    ak_buf_put_str(buf, ",\"jti\":\"");
    ak_base64url_encode(buf, AK_SPAN_ARR(claims->jti));
    ak_buf_put_str(buf, "\",\"cnf\":{\"jkt\":\"");
    ak_base64url_encode(buf, AK_SPAN_ARR(claims->jkt));
    ak_buf_put_str(buf, "\"}");
    if (claims->kind == AK_TOKEN_AGENT) {
        ak_buf_put_str(buf, ",\"gen\":");
        ak_buf_put_dec(buf, claims->generation);
        ak_buf_put_str(buf, ",\"scope\":\"");
        ak_buf_put(buf, claims->scope);
        ak_buf_put_u8(buf, '"');
    }
    ak_buf_put_u8(buf, '}');
}

/* ---- reading ---- */

static void expect(struct ak_reader *r, const char *literal)
{
    struct ak_span want = ak_span_str(literal);
    if (!ak_span_eq(ak_reader_take(r, want.len), want)) r->failed = true;
}

/* Up to the closing quote, which is taken too. The layout has no escapes. */
static struct ak_span take_string(struct ak_reader *r)
{
    struct ak_span rest = ak_span(r->ptr, r->failed ? 0 : r->len);
    struct ak_span text = ak_reader_take(r, ak_span_find(rest, 0, '"'));
    expect(r, "\"");
    return r->failed ? AK_SPAN_EMPTY : text;
}

static uint64_t take_number(struct ak_reader *r, uint64_t max)
{
    size_t len = 0;
    while (!r->failed && len < r->len && r->ptr[len] >= '0' && r->ptr[len] <= '9') len++;
    uint64_t value = 0;
    if (ak_num_parse_u64(ak_reader_take(r, len), max, &value) != AK_OK) r->failed = true;
    return value;
}

static void take_base64url(struct ak_reader *r, uint8_t *out_bytes, size_t len)
{
    if (ak_base64url_decode_fixed(take_string(r), out_bytes, len) != AK_OK) r->failed = true;
}

/* "<anchor hex>" or "<anchor hex>/<label>" */
static void take_subject(struct ak_reader *r, struct ak_token_claims *claims)
{
    struct ak_span sub = take_string(r);
    struct ak_span anchor = ak_span_sub(sub, 0, ANCHOR_TEXT_LEN);
    if (ak_hex_decode_fixed(anchor, claims->anchor, sizeof claims->anchor) != AK_OK) r->failed = true;
    if (claims->kind == AK_TOKEN_SESSION) {
        if (sub.len != ANCHOR_TEXT_LEN) r->failed = true;
        return;
    }
    struct ak_span label = ak_span_sub(sub, ANCHOR_TEXT_LEN + 1, sub.len);
    if (sub.len <= ANCHOR_TEXT_LEN || sub.ptr[ANCHOR_TEXT_LEN] != '/' || !ak_path_label_valid(label)) {
        r->failed = true;
        return;
    }
    memcpy(claims->label, label.ptr, label.len);
    claims->label_len = (uint8_t)label.len;
}

static void take_agent_members(struct ak_reader *r, struct ak_token_claims *claims)
{
    expect(r, ",\"gen\":");
    claims->generation = (uint32_t)take_number(r, UINT32_MAX);
    expect(r, ",\"scope\":\"");
    claims->scope = take_string(r);
    if (claims->scope.len > AK_LIMIT_SCOPE_TEXT) r->failed = true;
}

enum ak_err ak_token_payload_read(struct ak_span payload, enum ak_token_kind kind,
    const struct ak_token_issuer *issuer, struct ak_token_claims *out_claims)
{
    *out_claims = (struct ak_token_claims){0};
    struct ak_token_claims claims = {.kind = kind};
    struct ak_reader r = ak_reader(payload);
    expect(&r, "{\"iss\":\"");
    struct ak_span iss = take_string(&r);
    expect(&r, ",\"sub\":\"");
    take_subject(&r, &claims);
    expect(&r, ",\"aud\":\"");
    struct ak_span aud = take_string(&r);
    expect(&r, ",\"iat\":");
    claims.iat = take_number(&r, UINT64_MAX);
    expect(&r, ",\"exp\":");
    claims.exp = take_number(&r, UINT64_MAX);
    expect(&r, ",\"jti\":\"");
    take_base64url(&r, claims.jti, sizeof claims.jti);
    expect(&r, ",\"cnf\":{\"jkt\":\"");
    take_base64url(&r, claims.jkt, sizeof claims.jkt);
    expect(&r, "}");
    if (kind == AK_TOKEN_AGENT) take_agent_members(&r, &claims);
    expect(&r, "}");
    AK_TRY(ak_reader_finish(&r));
    if (!ak_span_eq(iss, issuer->iss) || !ak_span_eq(aud, issuer->aud)) return AK_E_MEANING;
    *out_claims = claims;
    return AK_OK;
}
