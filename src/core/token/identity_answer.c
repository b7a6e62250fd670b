/* The broker's answers: one header, eight claims, and a ninth for an identity at a provider. */
#include "core/token/identity_answer.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/codec/jose.h"
#include "base/num.h"

enum { CLAIMS = 8, HEADER_MEMBERS = 2 };

static const char typ[] = "ak-identity+jwt";

/* ---- making ---- */

static bool plain(struct ak_span text, size_t max)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < 0x20 || c > 0x7e || c == '"' || c == '\\') return false;
    }
    return text.len > 0 && text.len <= max;
}

static void put_text(struct ak_json_writer *w, const char *key, struct ak_span value)
{
    ak_json_key(w, key);
    ak_json_put_string(w, value);
}

static void put_number(struct ak_json_writer *w, const char *key, uint64_t value)
{
    ak_json_key(w, key);
    ak_json_put_u64(w, value);
}

static void put_claims(
    struct ak_buf *buf, struct ak_span iss, struct ak_span aud, const struct ak_identity_answer *answer)
{
    struct ak_json_writer w = ak_json_writer(buf);
    ak_json_open_object(&w);
    put_text(&w, "iss", iss);
    put_text(&w, "aud", aud);
    put_number(&w, "iat", answer->iat);
    put_number(&w, "exp", answer->exp);
    ak_json_key(&w, "jti");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(answer->jti));
    put_text(&w, "identity_type", ak_span(answer->type, answer->type_len));
    put_text(&w, "identity_value", ak_span(answer->value, answer->value_len));
    if (answer->iss_len) put_text(&w, "identity_iss", ak_span(answer->iss, answer->iss_len));
    ak_json_key(&w, "jkt");
    ak_json_put_base64url(&w, AK_SPAN_ARR(answer->jkt));
    ak_json_close_object(&w);
}

static bool is_at_provider(const struct ak_identity_answer *answer)
{
    return ak_span_starts(ak_span(answer->type, answer->type_len), AK_SPAN_LIT("oauth2_"));
}

static bool issuer_fits(const struct ak_identity_answer *answer)
{
    if (!is_at_provider(answer)) return answer->iss_len == 0;
    return plain(ak_span(answer->iss, answer->iss_len), sizeof answer->iss);
}

static bool times_fit(uint64_t iat, uint64_t exp)
{
    return exp > iat && exp - iat <= AK_IDENTITY_ANSWER_SECS;
}

enum ak_err ak_identity_answer_make(struct ak_buf *buf, struct ak_p256_signer *signer, struct ak_span iss,
    struct ak_span aud, const struct ak_identity_answer *answer)
{
    uint8_t memory[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf claims = AK_BUF_ARR(memory);
    bool fits = plain(iss, AK_LIMIT_IDENTITY_VALUE) && plain(aud, AK_LIMIT_IDENTITY_VALUE) &&
                plain(ak_span(answer->type, answer->type_len), sizeof answer->type) &&
                plain(ak_span(answer->value, answer->value_len), sizeof answer->value) &&
                issuer_fits(answer) && times_fit(answer->iat, answer->exp);
    if (!fits) return AK_E_ARG;
    put_claims(&claims, iss, aud, answer);
    AK_TRY(ak_buf_check(&claims));
    return ak_jws_sign(
        buf, AK_SPAN_LIT("{\"typ\":\"ak-identity+jwt\",\"alg\":\"ES256\"}"), ak_buf_span(&claims), signer);
}

/* ---- reading ---- */

static enum ak_err check_header(const struct ak_jws *jws)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    AK_TRY(ak_jws_header_open(jws, typ, &json));
    return ak_json_len(ak_json_root(&json)) == HEADER_MEMBERS ? AK_OK : AK_E_MEANING;
}

static enum ak_err copy_text(
    struct ak_json_value root, const char *key, uint8_t *out_bytes, size_t cap, size_t *out_len)
{
    struct ak_span text;
    AK_TRY(ak_json_string(ak_json_get(root, key), &text));
    if (!plain(text, cap)) return AK_E_FORMAT;
    memcpy(out_bytes, text.ptr, text.len);
    *out_len = text.len;
    return AK_OK;
}

static enum ak_err read_claims(struct ak_json_value root, struct ak_identity_answer *answer)
{
    struct ak_span jti, jkt;
    size_t type_len = 0, value_len = 0, iss_len = 0;
    AK_TRY(copy_text(root, "identity_type", answer->type, sizeof answer->type, &type_len));
    AK_TRY(copy_text(root, "identity_value", answer->value, sizeof answer->value, &value_len));
    AK_TRY(ak_json_string(ak_json_get(root, "jti"), &jti));
    AK_TRY(ak_json_string(ak_json_get(root, "jkt"), &jkt));
    AK_TRY(ak_json_u64(ak_json_get(root, "iat"), &answer->iat));
    AK_TRY(ak_json_u64(ak_json_get(root, "exp"), &answer->exp));
    if (ak_hex_decode_fixed(jti, answer->jti, sizeof answer->jti) != AK_OK ||
        ak_base64url_decode_fixed(jkt, answer->jkt, sizeof answer->jkt) != AK_OK)
        return AK_E_FORMAT;
    answer->type_len = (uint8_t)type_len;
    answer->value_len = (uint16_t)value_len;
    if (!is_at_provider(answer)) return ak_json_len(root) == CLAIMS ? AK_OK : AK_E_FORMAT;
    AK_TRY(copy_text(root, "identity_iss", answer->iss, sizeof answer->iss, &iss_len));
    answer->iss_len = (uint8_t)iss_len;
    return ak_json_len(root) == CLAIMS + 1 ? AK_OK : AK_E_FORMAT;
}

static enum ak_err read_payload(
    struct ak_span payload, struct ak_span iss, struct ak_span aud, struct ak_identity_answer *answer)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    AK_TRY(ak_json_parse(payload, AK_IDENTITY_ANSWER_MAX, &json));
    struct ak_json_value root = ak_json_root(&json);
    if (read_claims(root, answer) != AK_OK) return AK_E_FORMAT; /* one that is missing, too */
    bool right = ak_json_string_is(ak_json_get(root, "iss"), iss) &&
                 ak_json_string_is(ak_json_get(root, "aud"), aud) && times_fit(answer->iat, answer->exp);
    return right ? AK_OK : AK_E_MEANING;
}

enum ak_err ak_identity_answer_verify(struct ak_span text, const struct ak_p256_pub *pub, struct ak_span iss,
    struct ak_span aud, uint64_t now_s, struct ak_identity_answer *out_answer)
{
    uint8_t bytes[AK_IDENTITY_ANSWER_MAX];
    struct ak_buf memory = AK_BUF_ARR(bytes);
    struct ak_identity_answer answer = {0};
    struct ak_jws jws;
    *out_answer = answer;
    AK_TRY(ak_jws_split(text, AK_IDENTITY_ANSWER_MAX, &memory, &jws));
    AK_TRY(check_header(&jws));
    AK_TRY(ak_jws_verify(&jws, pub));
    AK_TRY(read_payload(jws.payload, iss, aud, &answer));
    if (now_s >= answer.exp || answer.iat > ak_num_add_sat(now_s, AK_IDENTITY_ANSWER_EARLY_SECS))
        return AK_E_EXPIRED;
    *out_answer = answer;
    return AK_OK;
}
