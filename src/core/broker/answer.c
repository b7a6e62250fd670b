#include "core/broker/answer.h"

#include "base/codec/jose.h"

static void put_text(struct ak_json_writer *w, const char *key, struct ak_span text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, text);
}

static void put_number(struct ak_json_writer *w, const char *key, uint64_t number)
{
    ak_json_key(w, key);
    ak_json_put_u64(w, number);
}

enum ak_err ak_answer_put(const struct ak_answer *answer, struct ak_p256_signer *signer, struct ak_buf *out)
{
    uint8_t memory[AK_ANSWER_MAX];
    struct ak_buf claims = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&claims);
    ak_json_open_object(&w);
    put_text(&w, "iss", answer->issuer);
    put_text(&w, "aud", answer->audience);
    put_number(&w, "iat", answer->now_s);
    put_number(&w, "exp", answer->now_s + AK_ANSWER_LIFETIME_S);
    ak_json_key(&w, "jti");
    ak_json_put_hex(&w, "", ak_span(answer->jti, 16));
    put_text(&w, "identity_type", answer->identity_type);
    put_text(&w, "identity_value", answer->identity_value);
    ak_json_key(&w, "jkt");
    ak_json_put_base64url(&w, ak_span(answer->jkt, 32));
    ak_json_close_object(&w);
    AK_TRY(ak_buf_check(&claims));
    return ak_jws_sign(
        out, AK_SPAN_LIT("{\"typ\":\"ak-identity+jwt\",\"alg\":\"ES256\"}"), ak_buf_span(&claims), signer);
}
