/* An id_token's claims, once it was shown whose word they are. */
#include "core/rp/id_token.h"

#include "base/codec/json.h"
#include "base/num.h"
#include "core/rp/signed.h"

/* One that is being checked: `rule` names what is looked at. */
struct check {
    const struct ak_rp_expected *expected;
    const char *rule;
};

/* One audience, or a list that has the client; who else is in it then needs `azp` to be the client. */
static enum ak_err check_audience(struct check *check, struct ak_json_value root)
{
    struct ak_span client_id = check->expected->client_id;
    struct ak_json_value aud = ak_json_get(root, "aud"), azp = ak_json_get(root, "azp");
    bool is_list = ak_json_type(aud) == AK_JSON_ARRAY, found = ak_json_string_is(aud, client_id);
    check->rule = "aud";
    if (is_list && ak_json_len(aud) > AK_RP_AUD_MAX) return AK_E_LIMIT;
    for (size_t i = 0; is_list && i < ak_json_len(aud); i++) {
        if (ak_json_type(ak_json_at(aud, i)) != AK_JSON_STRING) return AK_E_FORMAT;
        found = found || ak_json_string_is(ak_json_at(aud, i), client_id);
    }
    if (!found) return AK_E_MEANING;
    check->rule = "azp";
    if (!azp.node) return is_list && ak_json_len(aud) > 1 ? AK_E_MEANING : AK_OK;
    return ak_json_string_is(azp, client_id) ? AK_OK : AK_E_MEANING;
}

static enum ak_err read_time(
    struct check *check, struct ak_json_value root, const char *claim, uint64_t absent, uint64_t *out_time_s)
{
    struct ak_json_value value = ak_json_get(root, claim);
    *out_time_s = absent;
    check->rule = claim;
    if (!value.node && absent) return AK_OK;
    return ak_json_u64(value, out_time_s) == AK_OK ? AK_OK : AK_E_FORMAT;
}

static enum ak_err check_times(struct check *check, struct ak_json_value root)
{
    uint64_t exp = 0, iat = 0, nbf = 0, now = check->expected->now_s;
    uint64_t latest = ak_num_add_sat(now, AK_RP_SKEW_SECS);
    AK_TRY(read_time(check, root, "iat", 0, &iat));
    if (iat > latest) return AK_E_EXPIRED;
    AK_TRY(read_time(check, root, "nbf", 1, &nbf));
    if (nbf > latest) return AK_E_EXPIRED;
    AK_TRY(read_time(check, root, "exp", 0, &exp));
    return now < ak_num_add_sat(exp, AK_RP_SKEW_SECS) ? AK_OK : AK_E_EXPIRED;
}

/* Printable, and nothing that the broker's own word would have to escape. */
static bool is_plain(uint8_t c)
{
    return c >= 0x20 && c <= 0x7e && c != '"' && c != '\\';
}

static enum ak_err read_subject(
    struct check *check, struct ak_json_value root, struct ak_rp_subject *out_subject)
{
    struct ak_span sub;
    check->rule = "sub";
    if (ak_json_string(ak_json_get(root, "sub"), &sub) != AK_OK) return AK_E_FORMAT;
    if (sub.len == 0 || sub.len > sizeof out_subject->sub) return AK_E_MEANING;
    for (size_t i = 0; i < sub.len; i++)
        if (!is_plain(sub.ptr[i])) return AK_E_MEANING;
    memcpy(out_subject->sub, sub.ptr, sub.len);
    out_subject->len = (uint16_t)sub.len;
    return AK_OK;
}

static enum ak_err check_claims(
    struct check *check, struct ak_span payload, struct ak_rp_subject *out_subject)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    check->rule = "form";
    AK_TRY(ak_json_parse(payload, AK_RP_ID_TOKEN_MAX, &json));
    struct ak_json_value root = ak_json_root(&json);
    check->rule = "iss";
    if (!ak_json_string_is(ak_json_get(root, "iss"), check->expected->issuer)) return AK_E_MEANING;
    AK_TRY(check_audience(check, root));
    AK_TRY(check_times(check, root));
    check->rule = "nonce";
    if (!ak_json_string_is(ak_json_get(root, "nonce"), check->expected->nonce)) return AK_E_MEANING;
    return read_subject(check, root, out_subject);
}

enum ak_err ak_rp_id_token_verify(struct ak_span token, const struct ak_rp_jwks *jwks,
    const struct ak_rp_expected *expected, struct ak_rp_subject *out_subject, const char **out_rule)
{
    uint8_t bytes[AK_RP_ID_TOKEN_MAX];
    struct ak_buf memory = AK_BUF_ARR(bytes);
    struct ak_span payload;
    struct check check = {.expected = expected};
    memset(out_subject, 0, sizeof *out_subject);
    enum ak_err err = ak_rp_signed_open(token, AK_RP_ID_TOKEN_MAX, jwks, &memory, &payload, &check.rule);
    if (!err) err = check_claims(&check, payload, out_subject);
    if (out_rule) *out_rule = err ? check.rule : "";
    return err;
}
