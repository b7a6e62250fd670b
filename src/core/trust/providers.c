/* Identity providers: what one is, and that a name never comes to mean another issuer. */
#include "core/evm/uri.h"
#include "core/identity/identity.h"
#include "core/trust/trust.h"

const struct ak_trust_provider *ak_trust_provider(const struct ak_trust *trust, struct ak_span name)
{
    for (size_t i = 0; i < trust->provider_count; i++)
        if (ak_span_eq(trust->providers[i].name, name)) return &trust->providers[i];
    return NULL;
}

/* What stands in settings, in the broker's word and in JSON as it is. */
static bool is_plain(struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c <= 0x20 || c > 0x7e || c == ',' || c == '"' || c == '\\') return false;
    }
    return true;
}

static enum ak_err validate(const struct ak_trust_provider *provider)
{
    struct ak_span iss = provider->iss;
    if (iss.len > AK_TRUST_ISS_MAX || provider->client_id.len > AK_TRUST_CLIENT_ID_MAX) return AK_E_LIMIT;
    bool right = ak_identity_provider_check(provider->name) == AK_OK && ak_uri_is_web(iss, true) &&
                 is_plain(iss) && ak_span_find(iss, 0, '?') == iss.len && is_plain(provider->client_id);
    return right ? AK_OK : AK_E_MEANING;
}

/* In a rising list a name stands right before those that start with it, if there are any. */
enum ak_err ak_trust_providers_validate(const struct ak_trust *trust)
{
    const struct ak_trust_provider *list = trust->providers;
    if (trust->provider_count > AK_TRUST_PROVIDERS_MAX) return AK_E_LIMIT;
    for (size_t i = 0; i < trust->provider_count; i++) {
        AK_TRY(validate(&list[i]));
        if (i == 0) continue;
        if (ak_span_cmp(list[i - 1].name, list[i].name) >= 0) return AK_E_MEANING;
        if (ak_span_starts(list[i].name, list[i - 1].name)) return AK_E_MEANING;
    }
    return AK_OK;
}

enum ak_err ak_trust_providers_follow(const struct ak_trust *now, const struct ak_trust *next)
{
    for (size_t i = 0; i < now->provider_count; i++) {
        const struct ak_trust_provider *then = ak_trust_provider(next, now->providers[i].name);
        if (!then || !ak_span_eq(then->iss, now->providers[i].iss)) return AK_E_CONFLICT;
    }
    return AK_OK;
}

/* In its place; a name that is there already stays before it, and is refused by the rules. */
static enum ak_err add(struct ak_trust *trust, const struct ak_trust_provider *provider)
{
    size_t at = 0;
    if (trust->provider_count == AK_TRUST_PROVIDERS_MAX) return AK_E_LIMIT;
    while (at < trust->provider_count && ak_span_cmp(trust->providers[at].name, provider->name) <= 0) at++;
    memmove(&trust->providers[at + 1], &trust->providers[at],
        (trust->provider_count - at) * sizeof trust->providers[0]);
    trust->providers[at] = *provider;
    trust->provider_count++;
    return AK_OK;
}

enum ak_err ak_trust_providers_retire(const struct ak_trust *now, struct ak_trust *next)
{
    for (size_t i = 0; i < now->provider_count; i++) {
        struct ak_trust_provider gone = now->providers[i];
        if (ak_trust_provider(next, gone.name)) continue;
        gone.client_id = AK_SPAN_EMPTY;
        AK_TRY(add(next, &gone));
    }
    return AK_OK;
}

bool ak_trust_providers_same(const struct ak_trust *one, const struct ak_trust *other)
{
    if (one->provider_count != other->provider_count) return false;
    for (size_t i = 0; i < one->provider_count; i++) {
        const struct ak_trust_provider *a = &one->providers[i], *b = &other->providers[i];
        if (!ak_span_eq(a->name, b->name) || !ak_span_eq(a->iss, b->iss) ||
            !ak_span_eq(a->client_id, b->client_id))
            return false;
    }
    return true;
}

/* ---- as a setting ---- */

static struct ak_span next_word(struct ak_span text, size_t *at)
{
    while (*at < text.len && text.ptr[*at] == ' ') (*at)++;
    size_t from = *at;
    while (*at < text.len && text.ptr[*at] != ' ') (*at)++;
    return ak_span_sub(text, from, *at - from);
}

static enum ak_err add_written(struct ak_trust *trust, struct ak_span text)
{
    size_t at = 0;
    struct ak_trust_provider provider;
    provider.name = next_word(text, &at);
    provider.iss = next_word(text, &at);
    provider.client_id = next_word(text, &at);
    if (provider.iss.len == 0 || next_word(text, &at).len > 0) return AK_E_FORMAT;
    return add(trust, &provider);
}

static enum ak_err add_all(struct ak_trust *trust, struct ak_span text)
{
    for (size_t from = 0; from <= text.len;) {
        size_t comma = ak_span_find(text, from, ',');
        AK_TRY(add_written(trust, ak_span_sub(text, from, comma - from)));
        from = comma + 1;
    }
    return ak_trust_providers_validate(trust);
}

enum ak_err ak_trust_set_providers(struct ak_trust *trust, struct ak_span text)
{
    size_t at = 0;
    trust->provider_count = 0;
    if (next_word(text, &at).len == 0) return AK_OK;
    enum ak_err err = add_all(trust, text);
    if (err) trust->provider_count = 0;
    return err;
}
