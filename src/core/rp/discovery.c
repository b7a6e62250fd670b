/* The discovery document: who it speaks for, then where, then what the provider can do. */
#include "core/rp/discovery.h"

#include "base/codec/json.h"

enum { LIST_MAX = 64 };

enum ak_err ak_rp_discovery_url(struct ak_buf *buf, struct ak_span issuer)
{
    struct ak_span base = issuer;
    if (!ak_rp_url_valid(issuer, true) || ak_span_find(issuer, 0, '?') < issuer.len) return AK_E_ARG;
    if (base.ptr[base.len - 1] == '/') base.len--;
    ak_buf_put(buf, base);
    ak_buf_put_str(buf, "/.well-known/openid-configuration");
    return ak_buf_check(buf);
}

static enum ak_err read_url(
    struct ak_json_value root, const char *key, bool plain, struct ak_rp_text *out_text)
{
    struct ak_span url;
    if (ak_json_string(ak_json_get(root, key), &url) != AK_OK) return AK_E_FORMAT;
    if (!ak_rp_url_valid(url, plain)) return AK_E_MEANING;
    memcpy(out_text->bytes, url.ptr, url.len);
    out_text->len = (uint16_t)url.len;
    return AK_OK;
}

/* Whether a list of names, where it is there, has this one. */
static bool lists(struct ak_json_value root, const char *key, const char *name, bool absent)
{
    struct ak_json_value list = ak_json_get(root, key);
    if (!list.node) return absent;
    if (ak_json_type(list) != AK_JSON_ARRAY) return false;
    for (size_t i = 0; i < ak_json_len(list) && i < LIST_MAX; i++)
        if (ak_json_string_is(ak_json_at(list, i), ak_span_str(name))) return true;
    return false;
}

static enum ak_err read_abilities(struct ak_json_value root, struct ak_rp_discovery *discovery)
{
    static const char methods[] = "token_endpoint_auth_methods_supported";
    static const char algorithms[] = "id_token_signing_alg_values_supported";
    bool right = lists(root, "response_types_supported", "code", true) &&
                 lists(root, "code_challenge_methods_supported", "S256", true) &&
                 (lists(root, algorithms, "RS256", true) || lists(root, algorithms, "ES256", true));
    if (!right) return AK_E_UNSUPPORTED;
    if (lists(root, methods, "client_secret_basic", true))
        discovery->auth = AK_RP_AUTH_BASIC;
    else if (lists(root, methods, "client_secret_post", false))
        discovery->auth = AK_RP_AUTH_POST;
    else if (lists(root, methods, "none", false))
        discovery->auth = AK_RP_AUTH_NONE;
    else
        return AK_E_UNSUPPORTED;
    return AK_OK;
}

static enum ak_err read_flag(struct ak_json_value value, bool *out_flag)
{
    *out_flag = false;
    return value.node ? ak_json_bool(value, out_flag) : AK_OK;
}

static enum ak_err read_document(
    struct ak_json_value root, struct ak_span issuer, struct ak_rp_discovery *discovery)
{
    struct ak_span said;
    bool plain = ak_rp_url_is_plain_loopback(issuer);
    if (ak_json_string(ak_json_get(root, "issuer"), &said) != AK_OK) return AK_E_FORMAT;
    if (!ak_span_eq(said, issuer)) return AK_E_AUTH;
    AK_TRY(read_url(root, "authorization_endpoint", plain, &discovery->authorization));
    AK_TRY(read_url(root, "token_endpoint", plain, &discovery->token));
    AK_TRY(read_url(root, "jwks_uri", plain, &discovery->jwks));
    AK_TRY(read_flag(
        ak_json_get(root, "authorization_response_iss_parameter_supported"), &discovery->iss_parameter));
    return read_abilities(root, discovery);
}

enum ak_err ak_rp_discovery_parse(
    struct ak_span text, struct ak_span issuer, struct ak_rp_discovery *out_discovery)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    struct ak_rp_discovery discovery = {0};
    memset(out_discovery, 0, sizeof *out_discovery);
    AK_TRY(ak_json_parse(text, AK_RP_DISCOVERY_MAX, &json));
    AK_TRY(read_document(ak_json_root(&json), issuer, &discovery));
    *out_discovery = discovery;
    return AK_OK;
}

bool ak_rp_callback_iss_fits(
    const struct ak_rp_discovery *discovery, struct ak_span issuer, struct ak_span iss_parameter)
{
    if (iss_parameter.len == 0) return !discovery->iss_parameter;
    return ak_span_eq(iss_parameter, issuer);
}
