#include "io/conf/provider_conf.h"

#include "core/identity/identity.h"
#include "core/rp/url.h"

enum { ISSUER_MAX = 127 }; /* as the broker's word names it: core/token/identity_answer.h */

static const struct ak_conf_key keys[AK_PROVIDER_KEY_COUNT] = {
    [AK_PROVIDER_ISSUER] = {"issuer", AK_CONF_URL, "", 0, 0, NULL,
        "The provider's issuer, exactly as it writes it; https, on loopback http, too."},
    [AK_PROVIDER_CLIENT_ID] = {"client_id", AK_CONF_TEXT, "", 0, 255, NULL,
        "What the provider calls this broker."},
    [AK_PROVIDER_SECRET_FILE] = {"client_secret_file", AK_CONF_PATH, "", 0, 0, NULL,
        "File whose first line is the client's secret; closed to others. Empty: a public client."},
    [AK_PROVIDER_SCOPE] = {"scope", AK_CONF_TEXT, "openid", 1, 255, NULL,
        "What is asked for, with openid among it; nothing else is needed."},
    [AK_PROVIDER_CA_FILE] = {"ca_file", AK_CONF_PATH, "", 0, 0, NULL,
        "PEM file of the authorities that the provider's certificate must come from; empty: the system's."},
};

const struct ak_conf_table ak_provider_conf_table = {
    "oauth2.conf", "docs/operations.md#providers", keys, AK_PROVIDER_KEY_COUNT};

static struct ak_span trim(struct ak_span text)
{
    while (text.len && text.ptr[0] == ' ') text = ak_span_sub(text, 1, text.len);
    while (text.len && text.ptr[text.len - 1] == ' ') text.len--;
    return text;
}

enum ak_err ak_provider_names(
    struct ak_span text, struct ak_span out_names[AK_PROVIDERS_MAX], size_t *out_count)
{
    size_t count = 0;
    *out_count = 0;
    if (trim(text).len == 0) return AK_OK;
    for (size_t from = 0; from <= text.len;) {
        size_t to = ak_span_find(text, from, ',');
        if (count == AK_PROVIDERS_MAX) return AK_E_LIMIT;
        out_names[count++] = trim(ak_span_sub(text, from, to - from));
        from = to + 1;
    }
    AK_TRY(ak_identity_providers_check(out_names, count));
    *out_count = count;
    return AK_OK;
}

static enum ak_err refuse(
    const struct ak_conf *conf, unsigned key, const char *reason, struct ak_boot_fail *out_fail)
{
    ak_boot_fail_set(
        out_fail, "bad_value", keys[key].name, ak_conf_text(conf, key), reason, conf->table->see);
    return AK_E_MEANING;
}

static bool has_word(struct ak_span text, struct ak_span word)
{
    for (size_t from = 0; from <= text.len;) {
        size_t to = ak_span_find(text, from, ' ');
        if (ak_span_eq(ak_span_sub(text, from, to - from), word)) return true;
        from = to + 1;
    }
    return false;
}

enum ak_err ak_provider_conf_load(
    struct ak_conf *out_conf, const char *file, const char *name, struct ak_boot_fail *out_fail)
{
    struct ak_conf_input in = {.file = file, .file_required = true, .section = name};
    AK_TRY(ak_conf_load(out_conf, &ak_provider_conf_table, &in, out_fail));
    if (strlen(ak_conf_text(out_conf, AK_PROVIDER_ISSUER)) > ISSUER_MAX)
        return refuse(out_conf, AK_PROVIDER_ISSUER, "has more than 127 characters", out_fail);
    if (!ak_rp_url_valid(ak_span_str(ak_conf_text(out_conf, AK_PROVIDER_ISSUER)), true))
        return refuse(out_conf, AK_PROVIDER_ISSUER, "must be an https URL (http on loopback only)", out_fail);
    if (!ak_conf_text(out_conf, AK_PROVIDER_CLIENT_ID)[0])
        return refuse(out_conf, AK_PROVIDER_CLIENT_ID, "must be set", out_fail);
    if (!has_word(ak_span_str(ak_conf_text(out_conf, AK_PROVIDER_SCOPE)), AK_SPAN_LIT("openid")))
        return refuse(out_conf, AK_PROVIDER_SCOPE, "must have openid among it", out_fail);
    return AK_OK;
}
