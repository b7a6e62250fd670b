/* The map: one function writes it, one reads it, and both hold to the same rules. */
#include "core/trust/trust.h"

#include "base/codec/cbor.h"
#include "base/crypto/sha256.h"

static enum ak_err add_rising(uint8_t list[][32], size_t *count, size_t max, const uint8_t value[32])
{
    size_t at = 0;
    while (at < *count && memcmp(list[at], value, 32) < 0) at++;
    if (at < *count && memcmp(list[at], value, 32) == 0) return AK_OK;
    if (*count >= max) return AK_E_LIMIT;
    memmove(list[at + 1], list[at], (*count - at) * 32);
    memcpy(list[at], value, 32);
    (*count)++;
    return AK_OK;
}

enum ak_err ak_trust_add_operator(struct ak_trust *trust, const uint8_t omni[32])
{
    return add_rising(trust->operators, &trust->operator_count, AK_TRUST_OPERATORS_MAX, omni);
}

enum ak_err ak_trust_add_ek_root(struct ak_trust *trust, const uint8_t hash[32])
{
    return add_rising(trust->ek_roots, &trust->ek_root_count, AK_TRUST_EK_ROOTS_MAX, hash);
}

static bool is_rising(const uint8_t list[][32], size_t count)
{
    for (size_t i = 1; i < count; i++)
        if (memcmp(list[i - 1], list[i], 32) >= 0) return false;
    return true;
}

static bool is_distinct(const uint8_t list[][32], size_t count)
{
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            if (memcmp(list[i], list[k], 32) == 0) return false;
    return true;
}

enum ak_err ak_trust_validate(const struct ak_trust *trust)
{
    if (trust->issuer.len > AK_TRUST_TEXT_MAX || trust->broker_url.len > AK_TRUST_TEXT_MAX ||
        trust->operator_count > AK_TRUST_OPERATORS_MAX || trust->recipient_count > AK_TRUST_RECIPIENTS_MAX ||
        trust->ek_root_count > AK_TRUST_EK_ROOTS_MAX)
        return AK_E_LIMIT;
    uint64_t wait = trust->recovery_wait_secs, wait_code = trust->recovery_wait_code_secs;
    if (wait == 0 || wait > AK_TRUST_WAIT_MAX_SECS || wait_code == 0 || wait_code > wait) return AK_E_MEANING;
    if (!is_rising(trust->operators, trust->operator_count)) return AK_E_MEANING;
    if (!is_rising(trust->ek_roots, trust->ek_root_count)) return AK_E_MEANING;
    if (!is_distinct(trust->recipients, trust->recipient_count)) return AK_E_MEANING;
    AK_TRY(ak_trust_providers_validate(trust));
    if ((trust->recovery_threshold == 0) != (trust->recipient_count == 0)) return AK_E_MEANING;
    return trust->recovery_threshold <= trust->recipient_count ? AK_OK : AK_E_MEANING;
}

/* ---- writing ---- */

static void put_text(struct ak_buf *buf, unsigned item, struct ak_span text)
{
    if (text.len == 0) return;
    ak_cbor_put_uint(buf, item);
    ak_cbor_put_text(buf, text);
}

static void put_hashes(struct ak_buf *buf, const uint8_t list[][32], size_t count)
{
    ak_cbor_put_array(buf, count);
    for (size_t i = 0; i < count; i++) ak_cbor_put_bytes(buf, ak_span(list[i], 32));
}

static void put_list(struct ak_buf *buf, unsigned item, const uint8_t list[][32], size_t count)
{
    if (count == 0) return;
    ak_cbor_put_uint(buf, item);
    put_hashes(buf, list, count);
}

static void put_providers(struct ak_buf *buf, const struct ak_trust *trust)
{
    if (trust->provider_count == 0) return;
    ak_cbor_put_uint(buf, AK_TRUST_PROVIDERS);
    ak_cbor_put_array(buf, trust->provider_count);
    for (size_t i = 0; i < trust->provider_count; i++) {
        const struct ak_trust_provider *provider = &trust->providers[i];
        ak_cbor_put_array(buf, provider->client_id.len ? 3 : 2);
        ak_cbor_put_text(buf, provider->name);
        ak_cbor_put_text(buf, provider->iss);
        if (provider->client_id.len) ak_cbor_put_text(buf, provider->client_id);
    }
}

static uint64_t count_items(const struct ak_trust *trust)
{
    enum { ALWAYS = 3 }; /* version and the two waiting times */
    return ALWAYS + (trust->issuer.len > 0) + (trust->operator_count > 0) + trust->has_broker_key +
           (trust->broker_url.len > 0) + (trust->provider_count > 0) + (trust->recipient_count > 0) +
           (trust->ek_root_count > 0);
}

static void put_map(struct ak_buf *buf, const struct ak_trust *trust)
{
    ak_cbor_put_map(buf, count_items(trust));
    ak_cbor_put_uint(buf, 0);
    ak_cbor_put_uint(buf, AK_TRUST_VERSION);
    put_text(buf, AK_TRUST_ISSUER, trust->issuer);
    ak_cbor_put_uint(buf, AK_TRUST_RECOVERY_WAIT);
    ak_cbor_put_uint(buf, trust->recovery_wait_secs);
    ak_cbor_put_uint(buf, AK_TRUST_RECOVERY_WAIT_CODE);
    ak_cbor_put_uint(buf, trust->recovery_wait_code_secs);
    put_list(buf, AK_TRUST_OPERATORS, trust->operators, trust->operator_count);
    if (trust->has_broker_key) {
        ak_cbor_put_uint(buf, AK_TRUST_BROKER_KEY);
        ak_cbor_put_bytes(buf, AK_SPAN_ARR(trust->broker_key));
    }
    put_text(buf, AK_TRUST_BROKER_URL, trust->broker_url);
    put_providers(buf, trust);
    if (trust->recipient_count) {
        ak_cbor_put_uint(buf, AK_TRUST_RECOVERY);
        ak_cbor_put_array(buf, 2);
        ak_cbor_put_uint(buf, trust->recovery_threshold);
        put_hashes(buf, trust->recipients, trust->recipient_count);
    }
    put_list(buf, AK_TRUST_EK_ROOTS, trust->ek_roots, trust->ek_root_count);
}

enum ak_err ak_trust_encode(const struct ak_trust *trust, struct ak_buf *out_bytes)
{
    uint8_t memory[AK_TRUST_LEN_MAX];
    struct ak_buf map = AK_BUF_ARR(memory);
    AK_TRY(ak_trust_validate(trust));
    if (ak_utf8_validate(trust->issuer) != AK_OK || ak_utf8_validate(trust->broker_url) != AK_OK)
        return AK_E_FORMAT;
    put_map(&map, trust);
    if (map.failed) return AK_E_LIMIT;
    uint8_t *at = ak_buf_grow(out_bytes, map.len);
    if (!at) return AK_E_FULL;
    memcpy(at, map.ptr, map.len);
    return AK_OK;
}

/* ---- reading ---- */

static struct ak_span read_text(struct ak_reader *reader)
{
    struct ak_span text = ak_cbor_text(reader);
    if (text.len == 0) reader->failed = true; /* what is not set is absent */
    return text;
}

static size_t read_hashes(struct ak_reader *reader, uint8_t list[][32], size_t max)
{
    uint64_t count = ak_cbor_array(reader);
    if (count == 0 || count > max) reader->failed = true;
    for (size_t i = 0; i < count && !reader->failed; i++) ak_cbor_bytes_fixed(reader, list[i], 32);
    return reader->failed ? 0 : (size_t)count;
}

static void read_recovery(struct ak_reader *reader, struct ak_trust *trust)
{
    if (ak_cbor_array(reader) != 2) reader->failed = true;
    trust->recovery_threshold = ak_cbor_uint(reader);
    trust->recipient_count = read_hashes(reader, trust->recipients, AK_TRUST_RECIPIENTS_MAX);
}

static void read_providers(struct ak_reader *reader, struct ak_trust *trust)
{
    uint64_t count = ak_cbor_array(reader);
    if (count == 0 || count > AK_TRUST_PROVIDERS_MAX) reader->failed = true;
    for (size_t i = 0; i < count && !reader->failed; i++) {
        struct ak_trust_provider *provider = &trust->providers[i];
        uint64_t members = ak_cbor_array(reader);
        if (members < 2 || members > 3) reader->failed = true;
        provider->name = read_text(reader);
        provider->iss = read_text(reader);
        if (members == 3) provider->client_id = read_text(reader);
    }
    trust->provider_count = reader->failed ? 0 : (size_t)count;
}

static enum ak_err read_item(struct ak_reader *reader, uint64_t item, struct ak_trust *trust)
{
    switch (item) {
    case AK_TRUST_ISSUER: trust->issuer = read_text(reader); break;
    case AK_TRUST_RECOVERY_WAIT: trust->recovery_wait_secs = ak_cbor_uint(reader); break;
    case AK_TRUST_RECOVERY_WAIT_CODE: trust->recovery_wait_code_secs = ak_cbor_uint(reader); break;
    case AK_TRUST_OPERATORS:
        trust->operator_count = read_hashes(reader, trust->operators, AK_TRUST_OPERATORS_MAX);
        break;
    case AK_TRUST_BROKER_KEY:
        trust->has_broker_key = true;
        ak_cbor_bytes_fixed(reader, trust->broker_key, 32);
        break;
    case AK_TRUST_BROKER_URL: trust->broker_url = read_text(reader); break;
    case AK_TRUST_PROVIDERS: read_providers(reader, trust); break;
    case AK_TRUST_RECOVERY: read_recovery(reader, trust); break;
    case AK_TRUST_EK_ROOTS:
        trust->ek_root_count = read_hashes(reader, trust->ek_roots, AK_TRUST_EK_ROOTS_MAX);
        break;
    default: return AK_E_UNSUPPORTED;
    }
    return reader->failed ? AK_E_FORMAT : AK_OK;
}

static enum ak_err read_map(struct ak_reader *reader, struct ak_trust *trust)
{
    uint64_t count = ak_cbor_map(reader), last = 0;
    if (count == 0 || ak_cbor_uint(reader) != 0) return AK_E_FORMAT;
    uint64_t version = ak_cbor_uint(reader);
    if (reader->failed) return AK_E_FORMAT;
    if (version != AK_TRUST_VERSION) return AK_E_UNSUPPORTED;
    while (--count) {
        uint64_t item = ak_cbor_uint(reader);
        if (reader->failed || item <= last) return AK_E_FORMAT;
        AK_TRY(read_item(reader, item, trust));
        last = item;
    }
    AK_TRY(ak_reader_finish(reader));
    return ak_trust_validate(trust);
}

enum ak_err ak_trust_parse(struct ak_span bytes, struct ak_trust *out_trust)
{
    struct ak_reader reader = ak_reader(bytes);
    memset(out_trust, 0, sizeof *out_trust);
    if (bytes.len > AK_TRUST_LEN_MAX) return AK_E_LIMIT;
    enum ak_err err = read_map(&reader, out_trust);
    if (err) memset(out_trust, 0, sizeof *out_trust);
    return err;
}

void ak_trust_hash(struct ak_span bytes, uint8_t out_hash[32])
{
    ak_sha256(bytes, out_hash);
}

/* ---- comparing ---- */

static bool same_list(
    const uint8_t one[][32], size_t one_count, const uint8_t other[][32], size_t other_count)
{
    return one_count == other_count && memcmp(one, other, one_count * 32) == 0;
}

uint32_t ak_trust_differs(const struct ak_trust *one, const struct ak_trust *other)
{
    uint32_t bits = 0;
    if (!ak_span_eq(one->issuer, other->issuer)) bits |= 1u << AK_TRUST_ISSUER;
    if (one->recovery_wait_secs != other->recovery_wait_secs) bits |= 1u << AK_TRUST_RECOVERY_WAIT;
    if (one->recovery_wait_code_secs != other->recovery_wait_code_secs)
        bits |= 1u << AK_TRUST_RECOVERY_WAIT_CODE;
    if (!same_list(one->operators, one->operator_count, other->operators, other->operator_count))
        bits |= 1u << AK_TRUST_OPERATORS;
    if (one->has_broker_key != other->has_broker_key ||
        memcmp(one->broker_key, other->broker_key, sizeof one->broker_key) != 0)
        bits |= 1u << AK_TRUST_BROKER_KEY;
    if (!ak_span_eq(one->broker_url, other->broker_url)) bits |= 1u << AK_TRUST_BROKER_URL;
    if (!ak_trust_providers_same(one, other)) bits |= 1u << AK_TRUST_PROVIDERS;
    if (one->recovery_threshold != other->recovery_threshold ||
        !same_list(one->recipients, one->recipient_count, other->recipients, other->recipient_count))
        bits |= 1u << AK_TRUST_RECOVERY;
    if (!same_list(one->ek_roots, one->ek_root_count, other->ek_roots, other->ek_root_count))
        bits |= 1u << AK_TRUST_EK_ROOTS;
    return bits;
}

bool ak_trust_is_operator(const struct ak_trust *trust, const uint8_t anchor[32])
{
    for (size_t i = 0; i < trust->operator_count; i++)
        if (memcmp(trust->operators[i], anchor, 32) == 0) return true;
    return false;
}
