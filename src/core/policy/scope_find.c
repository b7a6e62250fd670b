/* Looking an operation up in a canonical scope: one pass, the first item that fits allows. */
#include "base/num.h"
#include "core/policy/scope_item.h"

/* The first key that does not fit; NULL where the narrowing allows. Values are of a canonical scope. */
typedef const char *fits_fn(const struct ak_scope_values *values, const struct ak_scope_facts *facts);

static const char *message_misfit(const struct ak_scope_values *values, const struct ak_scope_facts *facts)
{
    if (facts->content == AK_CONTENT_PLAIN) return NULL;
    if (facts->content != AK_CONTENT_BYTES) return "content";
    return values->of[0].ptr ? NULL : "bytes";
}

static const char *siwe_misfit(const struct ak_scope_values *values, const struct ak_scope_facts *facts)
{
    if (facts->content != AK_CONTENT_PLAIN && facts->content != AK_CONTENT_OWN_SITE) return "content";
    if (!values->of[0].ptr || ak_span_eq(values->of[0], facts->domain)) return NULL;
    return "domain";
}

static const char *typed_data_misfit(const struct ak_scope_values *values, const struct ak_scope_facts *facts)
{
    (void)values;
    if (facts->content == AK_CONTENT_PERMIT) return "permit";
    return facts->content == AK_CONTENT_PLAIN ? NULL : "content";
}

static const char *oidc_misfit(const struct ak_scope_values *values, const struct ak_scope_facts *facts)
{
    return !values->of[0].ptr || ak_span_eq(values->of[0], facts->aud) ? NULL : "aud";
}

static bool chain_fits(struct ak_span value, const struct ak_tx_facts *tx)
{
    uint64_t chain = 0;
    return ak_num_parse_u64(value, UINT64_MAX, &chain) == AK_OK && chain == tx->chain;
}

static bool to_fits(struct ak_span value, const struct ak_tx_facts *tx)
{
    uint8_t to[20];
    return !tx->creates && ak_scope_parse_address(value, to) && memcmp(to, tx->to, sizeof to) == 0;
}

static bool max_value_fits(struct ak_span value, const struct ak_tx_facts *tx)
{
    uint8_t wei[32];
    return tx->priced && ak_scope_parse_wei(value, wei) && memcmp(tx->cost, wei, sizeof wei) <= 0;
}

/* What cannot be priced needs an item that names the contract, and no limit on value can hold it. */
static const char *tx_misfit(const struct ak_scope_values *values, const struct ak_scope_facts *facts)
{
    struct ak_span chain = values->of[0], to = values->of[1], max_value = values->of[2];
    if (facts->content != AK_CONTENT_PLAIN) return "content";
    if (chain.ptr && !chain_fits(chain, &facts->tx)) return "chain";
    if (to.ptr && !to_fits(to, &facts->tx)) return "to";
    if (max_value.ptr && !max_value_fits(max_value, &facts->tx)) return "max-value";
    return facts->tx.priced || to.ptr ? NULL : "to";
}

static fits_fn *misfit_of(enum ak_operation operation)
{
    switch ((unsigned)operation) {
    case AK_OP_SIGN_MESSAGE: return message_misfit;
    case AK_OP_SIGN_SIWE: return siwe_misfit;
    case AK_OP_SIGN_TYPED_DATA: return typed_data_misfit;
    case AK_OP_SIGN_TX: return tx_misfit;
    case AK_OP_OIDC: return oidc_misfit;
    default: return NULL;
    }
}

static struct ak_scope_match find_service(struct ak_span scope, struct ak_span service)
{
    struct ak_span item;
    /* The name must be one: "cap:oidc" is an item, but no service. */
    if (!ak_scope_is_service(service)) return (struct ak_scope_match){AK_SCOPE_NO_ITEM, AK_SPAN_EMPTY, NULL};
    for (size_t cursor = 0; ak_scope_next(scope, &cursor, &item);) {
        if (ak_span_eq(item, service)) return (struct ak_scope_match){AK_SCOPE_ALLOWED, item, NULL};
    }
    return (struct ak_scope_match){AK_SCOPE_NO_ITEM, AK_SPAN_EMPTY, NULL};
}

static bool item_is_of(struct ak_span item, struct ak_span cap)
{
    return ak_span_starts(item, cap) && (item.len == cap.len || item.ptr[cap.len] == '?');
}

/* The key of `item` that does not fit; NULL where it allows. */
static const char *item_misfit(
    struct ak_span item, size_t cap_len, fits_fn *misfit, const struct ak_scope_facts *facts)
{
    struct ak_scope_values values = {0};
    if (item.len > cap_len) {
        struct ak_span narrowing = ak_span_sub(item, cap_len + 1, item.len);
        const struct ak_scope_cap *cap = ak_scope_cap_of(item);
        if (!cap || ak_scope_split_narrowing(narrowing, cap, &values) != AK_SCOPE_FINE) return "content";
    }
    return misfit(&values, facts);
}

struct ak_scope_match ak_scope_find(
    struct ak_span scope, enum ak_operation operation, const struct ak_scope_facts *facts)
{
    if (operation == AK_OP_READ_CREDENTIAL) return find_service(scope, facts->service);
    struct ak_scope_match match = {AK_SCOPE_NO_ITEM, AK_SPAN_EMPTY, NULL};
    fits_fn *misfit = misfit_of(operation);
    if (!misfit) return match;
    struct ak_span cap = ak_span_str(ak_operation_cap(operation)), item;
    for (size_t cursor = 0; ak_scope_next(scope, &cursor, &item);) {
        if (!item_is_of(item, cap)) continue;
        const char *key = item_misfit(item, cap.len, misfit, facts);
        if (!key) return (struct ak_scope_match){AK_SCOPE_ALLOWED, item, NULL};
        if (match.result == AK_SCOPE_NO_ITEM) match = (struct ak_scope_match){AK_SCOPE_NARROWED, item, key};
    }
    return match;
}
