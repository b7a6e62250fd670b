/* Compact JWS with ES256: split into decoded parts, check what the header must say, verify, sign. */
#include "base/codec/base64.h"
#include "base/codec/jose.h"

/* Decodes one part into the memory; an empty part is refused, as no token of ours has one. */
static enum ak_err decode_part(struct ak_span part, struct ak_buf *memory, struct ak_span *out_bytes)
{
    if (part.len == 0) return AK_E_FORMAT;
    size_t len = 0;
    size_t room = memory->cap - memory->len;
    enum ak_err err = ak_base64url_decode(part, memory->ptr + memory->len, room, &len);
    if (err == AK_E_LIMIT) return AK_E_FULL;
    if (err != AK_OK) return err;
    *out_bytes = ak_span(ak_buf_grow(memory, len), len);
    return AK_OK;
}

/* Header and payload into the memory; the signature as it stands. */
static enum ak_err decode_signed(
    struct ak_span text, struct ak_buf *memory, struct ak_jws_parts *parts, struct ak_span *out_signature)
{
    size_t first = ak_span_find(text, 0, '.');
    size_t second = ak_span_find(text, first + 1, '.');
    if (second >= text.len) return AK_E_FORMAT;
    parts->signing_input = ak_span(text.ptr, second);
    *out_signature = ak_span_sub(text, second + 1, SIZE_MAX);
    AK_TRY(decode_part(ak_span(text.ptr, first), memory, &parts->header));
    return decode_part(ak_span_sub(text, first + 1, second - first - 1), memory, &parts->payload);
}

enum ak_err ak_jws_split_parts(
    struct ak_span text, size_t max_len, struct ak_buf *memory, struct ak_jws_parts *out_parts)
{
    struct ak_jws_parts parts = {0};
    struct ak_span signature;
    size_t used = memory->len;
    *out_parts = parts;
    if (text.len > max_len) return AK_E_LIMIT;
    AK_TRY(ak_buf_check(memory));
    enum ak_err err = decode_signed(text, memory, &parts, &signature);
    if (err == AK_OK) err = decode_part(signature, memory, &parts.signature);
    if (err != AK_OK) {
        memory->len = used;
        return err;
    }
    *out_parts = parts;
    return AK_OK;
}

enum ak_err ak_jws_split(struct ak_span text, size_t max_len, struct ak_buf *memory, struct ak_jws *out_jws)
{
    struct ak_jws_parts parts = {0};
    struct ak_jws jws;
    struct ak_span signature;
    size_t used = memory->len;
    *out_jws = (struct ak_jws){0};
    if (text.len > max_len) return AK_E_LIMIT;
    AK_TRY(ak_buf_check(memory));
    enum ak_err err = decode_signed(text, memory, &parts, &signature);
    if (err == AK_OK) err = ak_base64url_decode_fixed(signature, jws.signature, sizeof jws.signature);
    if (err != AK_OK) {
        memory->len = used;
        return err;
    }
    jws.signing_input = parts.signing_input;
    jws.header = parts.header;
    jws.payload = parts.payload;
    *out_jws = jws;
    return AK_OK;
}

enum ak_err ak_jws_header_open(const struct ak_jws *jws, const char *typ, struct ak_json *out_header)
{
    AK_TRY(ak_json_parse(jws->header, jws->header.len, out_header));
    struct ak_json_value root = ak_json_root(out_header);
    bool good = ak_json_string_is(ak_json_get(root, "alg"), AK_SPAN_LIT("ES256")) &&
                !ak_json_get(root, "crit").node && !ak_json_get(root, "b64").node;
    if (good && typ) good = ak_json_string_is(ak_json_get(root, "typ"), ak_span_str(typ));
    if (good) return AK_OK;
    ak_json_done(out_header);
    return AK_E_MEANING;
}

enum ak_err ak_jws_verify(const struct ak_jws *jws, const struct ak_p256_pub *pub)
{
    return ak_p256_verify(pub, jws->signing_input, jws->signature);
}

enum ak_err ak_jws_sign(
    struct ak_buf *buf, struct ak_span header, struct ak_span payload, struct ak_p256_signer *signer)
{
    size_t start = buf->len;
    ak_base64url_encode(buf, header);
    ak_buf_put_u8(buf, '.');
    ak_base64url_encode(buf, payload);
    uint8_t signature[64];
    enum ak_err err = ak_buf_check(buf);
    if (err == AK_OK) err = ak_p256_sign(signer, ak_span(buf->ptr + start, buf->len - start), signature);
    if (err == AK_OK) {
        ak_buf_put_u8(buf, '.');
        ak_base64url_encode(buf, AK_SPAN_ARR(signature));
        err = ak_buf_check(buf);
    }
    if (err != AK_OK) buf->len = start;
    return err;
}
