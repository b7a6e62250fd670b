/* In the order form, header, key, signature: what it says is not looked at before it was shown who said it.
 */
#include "core/rp/signed.h"

#include "base/codec/jose.h"

static bool is_jwt(struct ak_json_value typ)
{
    return !typ.node || ak_json_string_is(typ, AK_SPAN_LIT("JWT")) ||
           ak_json_string_is(typ, AK_SPAN_LIT("jwt"));
}

/* The key that the header names, if that key's algorithm is the header's. spec: RFC 8725 3.1 */
static enum ak_err find_key(struct ak_span header, const struct ak_rp_jwks *jwks,
    const struct ak_rp_key **out_key, const char **out_rule)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    struct ak_span alg, kid = AK_SPAN_EMPTY;
    AK_TRY(ak_json_parse(header, header.len, &json));
    struct ak_json_value root = ak_json_root(&json), named = ak_json_get(root, "kid");
    *out_rule = "crit";
    if (ak_json_get(root, "crit").node || ak_json_get(root, "b64").node) return AK_E_MEANING;
    *out_rule = "typ";
    if (!is_jwt(ak_json_get(root, "typ"))) return AK_E_MEANING;
    *out_rule = "alg";
    if (ak_json_string(ak_json_get(root, "alg"), &alg) != AK_OK) return AK_E_FORMAT;
    if (!ak_span_eq(alg, AK_SPAN_LIT("RS256")) && !ak_span_eq(alg, AK_SPAN_LIT("ES256"))) return AK_E_MEANING;
    *out_rule = "kid";
    if (named.node && (ak_json_string(named, &kid) != AK_OK || kid.len == 0 || kid.len > AK_RP_KID_MAX))
        return AK_E_FORMAT;
    return ak_rp_jwks_find(jwks, kid, alg, out_key);
}

enum ak_err ak_rp_signed_open(struct ak_span text, size_t max_len, const struct ak_rp_jwks *jwks,
    struct ak_buf *memory, struct ak_span *out_payload, const char **out_rule)
{
    struct ak_jws_parts parts;
    const struct ak_rp_key *key;
    *out_payload = AK_SPAN_EMPTY;
    *out_rule = "form";
    AK_TRY(ak_jws_split_parts(text, max_len, memory, &parts));
    AK_TRY(find_key(parts.header, jwks, &key, out_rule));
    *out_rule = "signature";
    AK_TRY(ak_rp_key_verify(key, parts.signing_input, parts.signature));
    *out_payload = parts.payload;
    return AK_OK;
}
