/* The token endpoint's answer: an error where it has one, else its id_token and nothing else. */
#include "core/rp/token_answer.h"

#include "base/codec/json.h"

/* For a log: a stranger's bytes stay harmless. */
static void put_error(struct ak_span error, char out_error[AK_RP_ERROR_MAX + 1])
{
    size_t len = error.len < AK_RP_ERROR_MAX ? error.len : AK_RP_ERROR_MAX;
    for (size_t i = 0; i < len; i++) {
        uint8_t c = error.ptr[i];
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
        out_error[i] = plain ? (char)c : '?';
    }
    out_error[len] = '\0';
}

enum ak_err ak_rp_token_answer_parse(
    struct ak_span text, struct ak_buf *out_id_token, char out_error[AK_RP_ERROR_MAX + 1])
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    struct ak_span error, id_token;
    if (out_error) out_error[0] = '\0';
    AK_TRY(ak_json_parse(text, AK_RP_ANSWER_MAX, &json));
    struct ak_json_value root = ak_json_root(&json);
    if (ak_json_get(root, "error").node) {
        if (ak_json_string(ak_json_get(root, "error"), &error) != AK_OK) return AK_E_FORMAT;
        if (out_error) put_error(error, out_error);
        return AK_E_MEANING;
    }
    if (ak_json_string(ak_json_get(root, "id_token"), &id_token) != AK_OK) return AK_E_FORMAT;
    if (id_token.len == 0) return AK_E_FORMAT;
    if (id_token.len > AK_RP_ID_TOKEN_MAX) return AK_E_LIMIT;
    uint8_t *place = ak_buf_grow(out_id_token, id_token.len);
    if (!place) return AK_E_FULL;
    memcpy(place, id_token.ptr, id_token.len);
    return AK_OK;
}
