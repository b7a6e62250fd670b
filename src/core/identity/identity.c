/* Checks that an identity has exactly one spelling, then hashes it. The types are a closed list because the
 * omni joins type and value without a separator. */
#include "core/identity/identity.h"

#include "base/crypto/sha256.h"
#include "base/limits.h"

#define OAUTH2_PREFIX "oauth2_"

static bool is_lower_alnum(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
}

static bool is_one_of(uint8_t c, const char *set)
{
    return c != 0 && strchr(set, c) != NULL;
}

/* The local part as RFC 5321's dot-string, lower case; where the dots stand is left to the mail server. */
static bool local_part_valid(struct ak_span local)
{
    for (size_t i = 0; i < local.len; i++) {
        if (!is_lower_alnum(local.ptr[i]) && !is_one_of(local.ptr[i], ".!#$%&'*+-/=?^_`{|}~")) return false;
    }
    return local.len > 0;
}

/* Dot-separated labels of letters, digits and inner hyphens, lower case. spec: RFC 1123 2.1 */
static bool mail_domain_valid(struct ak_span domain)
{
    uint8_t before = '.';
    for (size_t i = 0; i < domain.len; i++) {
        uint8_t c = domain.ptr[i];
        if (!is_lower_alnum(c) && c != '.' && c != '-') return false;
        if (c == '.' && !is_lower_alnum(before)) return false;
        if (c == '-' && before == '.') return false;
        before = c;
    }
    return domain.len > 0 && is_lower_alnum(before);
}

/* One "@": quoted local parts, which may hold more, would give one mailbox several spellings. */
static bool email_valid(struct ak_span value)
{
    size_t at = ak_span_find(value, 0, '@');
    return at < value.len && local_part_valid(ak_span_sub(value, 0, at)) &&
           mail_domain_valid(ak_span_sub(value, at + 1, value.len));
}

static bool evm_valid(struct ak_span value)
{
    if (value.len != 42 || value.ptr[0] != '0' || value.ptr[1] != 'x') return false;
    for (size_t i = 2; i < value.len; i++) {
        uint8_t c = value.ptr[i];
        if (!((c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'))) return false;
    }
    return true;
}

/* A provider's `sub` is opaque printable ASCII, case kept. spec: OpenID Connect Core 2 */
static bool subject_valid(struct ak_span value)
{
    for (size_t i = 0; i < value.len; i++) {
        if (value.ptr[i] < 0x20 || value.ptr[i] > 0x7e) return false;
    }
    return true;
}

enum ak_err ak_identity_provider_check(struct ak_span name)
{
    if (name.len < AK_PROVIDER_MIN || name.len > AK_PROVIDER_MAX) return AK_E_FORMAT;
    for (size_t i = 0; i < name.len; i++) {
        if (!is_lower_alnum(name.ptr[i])) return AK_E_FORMAT;
    }
    return AK_OK;
}

static enum ak_err parse_type(struct ak_span text, struct ak_identity *identity)
{
    identity->type_text = text;
    if (ak_span_eq(text, AK_SPAN_LIT("email"))) {
        identity->type = AK_IDENTITY_EMAIL;
        return AK_OK;
    }
    if (ak_span_eq(text, AK_SPAN_LIT("evm"))) {
        identity->type = AK_IDENTITY_EVM;
        return AK_OK;
    }
    if (!ak_span_starts(text, AK_SPAN_LIT(OAUTH2_PREFIX))) return AK_E_UNSUPPORTED;
    identity->type = AK_IDENTITY_OAUTH2;
    identity->provider = ak_span_sub(text, sizeof(OAUTH2_PREFIX) - 1, text.len);
    return ak_identity_provider_check(identity->provider) == AK_OK ? AK_OK : AK_E_UNSUPPORTED;
}

static bool value_valid(enum ak_identity_type type, struct ak_span value)
{
    switch (type) {
    case AK_IDENTITY_EMAIL: return email_valid(value);
    case AK_IDENTITY_EVM: return evm_valid(value);
    case AK_IDENTITY_OAUTH2: return subject_valid(value);
    }
    return false;
}

enum ak_err ak_identity_validate(
    struct ak_span type_text, struct ak_span value, struct ak_identity *out_identity)
{
    *out_identity = (struct ak_identity){0};
    struct ak_identity identity = {.value = value};
    AK_TRY(parse_type(type_text, &identity));
    if (value.len == 0) return AK_E_FORMAT;
    if (value.len > AK_LIMIT_IDENTITY_VALUE) return AK_E_LIMIT;
    if (!value_valid(identity.type, value)) return AK_E_FORMAT;
    *out_identity = identity;
    return AK_OK;
}

enum ak_err ak_identity_parse(struct ak_span text, struct ak_identity *out_identity)
{
    *out_identity = (struct ak_identity){0};
    size_t colon = ak_span_find(text, 0, ':');
    if (colon == text.len) return AK_E_FORMAT;
    return ak_identity_validate(
        ak_span_sub(text, 0, colon), ak_span_sub(text, colon + 1, text.len), out_identity);
}

enum ak_err ak_identity_omni(struct ak_span type_text, struct ak_span value, uint8_t out_omni[32])
{
    memset(out_omni, 0, AK_OMNI_LEN);
    struct ak_identity identity;
    AK_TRY(ak_identity_validate(type_text, value, &identity));
    const struct ak_span parts[] = {AK_SPAN_LIT("agentkeys"), type_text, value};
    ak_sha256_parts(parts, AK_COUNT(parts), out_omni);
    return AK_OK;
}

enum ak_err ak_identity_providers_check(const struct ak_span *names, size_t count)
{
    for (size_t i = 0; i < count; i++) AK_TRY(ak_identity_provider_check(names[i]));
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < count; j++) {
            if (i != j && ak_span_starts(names[i], names[j])) return AK_E_CONFLICT;
        }
    }
    return AK_OK;
}
