/* Items as settings: their names, a value's text, and the list of operators as it is written. */
#include "core/trust/trust.h"

#include "base/codec/hex.h"
#include "core/identity/identity.h"

static const char *const names[AK_TRUST_ITEM_END] = {
    [AK_TRUST_ISSUER] = "issuer",
    [AK_TRUST_RECOVERY_WAIT] = "recovery_wait",
    [AK_TRUST_RECOVERY_WAIT_CODE] = "recovery_wait_code",
    [AK_TRUST_OPERATORS] = "operators",
    [AK_TRUST_BROKER_KEY] = "broker_key",
    [AK_TRUST_BROKER_URL] = "broker_url",
    [AK_TRUST_PROVIDERS] = "identity_providers",
    [AK_TRUST_RECOVERY] = "recovery_shares",
    [AK_TRUST_EK_ROOTS] = "ek_roots",
};

const char *ak_trust_item_name(unsigned item)
{
    return item < AK_TRUST_ITEM_END ? names[item] : NULL;
}

static void put_hashes(struct ak_buf *out_text, const uint8_t list[][32], size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (i) ak_buf_put_u8(out_text, ',');
        ak_hex_encode(out_text, ak_span(list[i], 32));
    }
}

static void put_secs(struct ak_buf *out_text, uint64_t secs)
{
    ak_buf_put_dec(out_text, secs);
    ak_buf_put_u8(out_text, 's');
}

static void put_recovery(struct ak_buf *out_text, const struct ak_trust *trust)
{
    if (trust->recipient_count == 0) return;
    ak_buf_put_dec(out_text, trust->recovery_threshold);
    ak_buf_put_str(out_text, "-of-");
    ak_buf_put_dec(out_text, trust->recipient_count);
    ak_buf_put_u8(out_text, ' ');
    put_hashes(out_text, trust->recipients, trust->recipient_count);
}

static void put_providers(struct ak_buf *out_text, const struct ak_trust *trust)
{
    for (size_t i = 0; i < trust->provider_count; i++) {
        const struct ak_trust_provider *provider = &trust->providers[i];
        if (i) ak_buf_put_str(out_text, ", ");
        ak_buf_put(out_text, provider->name);
        ak_buf_put_u8(out_text, ' ');
        ak_buf_put(out_text, provider->iss);
        if (provider->client_id.len) ak_buf_put_u8(out_text, ' ');
        ak_buf_put(out_text, provider->client_id);
    }
}

void ak_trust_put_item(const struct ak_trust *trust, unsigned item, struct ak_buf *out_text)
{
    switch (item) {
    case AK_TRUST_ISSUER: ak_buf_put(out_text, trust->issuer); break;
    case AK_TRUST_RECOVERY_WAIT: put_secs(out_text, trust->recovery_wait_secs); break;
    case AK_TRUST_RECOVERY_WAIT_CODE: put_secs(out_text, trust->recovery_wait_code_secs); break;
    case AK_TRUST_OPERATORS: put_hashes(out_text, trust->operators, trust->operator_count); break;
    case AK_TRUST_BROKER_KEY:
        if (trust->has_broker_key) ak_hex_encode(out_text, AK_SPAN_ARR(trust->broker_key));
        break;
    case AK_TRUST_BROKER_URL: ak_buf_put(out_text, trust->broker_url); break;
    case AK_TRUST_PROVIDERS: put_providers(out_text, trust); break;
    case AK_TRUST_RECOVERY: put_recovery(out_text, trust); break;
    case AK_TRUST_EK_ROOTS: put_hashes(out_text, trust->ek_roots, trust->ek_root_count); break;
    default: break;
    }
}

static enum ak_err read_omni(struct ak_span text, uint8_t out_omni[32])
{
    struct ak_identity identity;
    if (ak_hex_decode_fixed(text, out_omni, 32) == AK_OK) return AK_OK;
    AK_TRY(ak_identity_parse(text, &identity));
    return ak_identity_omni(identity.type_text, identity.value, out_omni);
}

static struct ak_span trim(struct ak_span text)
{
    while (text.len && text.ptr[0] == ' ') text = ak_span_sub(text, 1, text.len);
    while (text.len && text.ptr[text.len - 1] == ' ') text.len--;
    return text;
}

static enum ak_err add_operators(struct ak_trust *trust, struct ak_span text)
{
    for (size_t from = 0; from <= text.len;) {
        size_t comma = ak_span_find(text, from, ',');
        uint8_t omni[32];
        AK_TRY(read_omni(trim(ak_span_sub(text, from, comma - from)), omni));
        AK_TRY(ak_trust_add_operator(trust, omni));
        from = comma + 1;
    }
    return AK_OK;
}

enum ak_err ak_trust_set_operators(struct ak_trust *trust, struct ak_span text)
{
    trust->operator_count = 0;
    if (trim(text).len == 0) return AK_OK;
    enum ak_err err = add_operators(trust, text);
    if (err) trust->operator_count = 0;
    return err == AK_OK || err == AK_E_LIMIT ? err : AK_E_FORMAT;
}
