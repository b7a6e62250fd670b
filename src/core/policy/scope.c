/* Scope texts: read in any order, written in one. */
#include "core/policy/scope.h"

#include "core/policy/scope_item.h"

static const char *const fault_texts[] = {
    [AK_SCOPE_FINE] = "fine",
    [AK_SCOPE_TEXT_TOO_LONG] = "scope too long",
    [AK_SCOPE_TOO_MANY_ITEMS] = "too many items",
    [AK_SCOPE_ITEM_TOO_LONG] = "item too long",
    [AK_SCOPE_ITEM_EMPTY] = "empty item",
    [AK_SCOPE_BAD_SERVICE] = "not a service name: 1 to 63 of a-z 0-9 -, not beginning with -",
    [AK_SCOPE_UNKNOWN_CAP] = "unknown capability: there are cap:sign-message, cap:sign-siwe, "
                             "cap:sign-typed-data, cap:sign-tx and cap:oidc",
    [AK_SCOPE_UNKNOWN_KEY] = "unknown narrowing: there are bytes (sign-message), domain (sign-siwe), "
                             "aud (oidc), chain, to and max-value (sign-tx)",
    [AK_SCOPE_DUPLICATE_KEY] = "narrowing given twice",
    [AK_SCOPE_BAD_VALUE] = "bad narrowing value: bytes=1, domain=HOST[:PORT] in lower case, aud=TEXT, "
                           "chain=N, to=0x..., max-value=WEI",
    [AK_SCOPE_DUPLICATE] = "item given twice, or there already",
    [AK_SCOPE_SHADOWED] = "already allowed without narrowing",
    [AK_SCOPE_NOT_CANONICAL] = "not in canonical order",
    [AK_SCOPE_NOT_THERE] = "not in the scope",
    [AK_SCOPE_MIXED_EDIT] = "items with and without + or - mixed",
};

const char *ak_scope_fault_text(enum ak_scope_fault fault)
{
    return (unsigned)fault < AK_COUNT(fault_texts) ? fault_texts[fault] : "unknown";
}

/* One item as it was given and in its canonical form. */
struct item {
    struct ak_span given;
    struct ak_span canonical;
};
struct items {
    struct item of[AK_LIMIT_SCOPE_ITEMS];
    size_t count;
    uint8_t memory[AK_LIMIT_SCOPE_TEXT];
};

static enum ak_err refuse(struct ak_scope_error *out_error, enum ak_scope_fault fault, struct ak_span item)
{
    if (out_error) *out_error = (struct ak_scope_error){fault, item};
    if (fault == AK_SCOPE_NOT_THERE) return AK_E_NOT_FOUND;
    bool limit = fault == AK_SCOPE_TEXT_TOO_LONG || fault == AK_SCOPE_TOO_MANY_ITEMS ||
                 fault == AK_SCOPE_ITEM_TOO_LONG;
    return limit ? AK_E_LIMIT : AK_E_FORMAT;
}

static void clear(struct ak_scope_error *out_error)
{
    if (out_error) *out_error = (struct ak_scope_error){AK_SCOPE_FINE, AK_SPAN_EMPTY};
}

bool ak_scope_next(struct ak_span scope, size_t *cursor, struct ak_span *out_item)
{
    if (*cursor >= scope.len) return false;
    size_t end = ak_span_find(scope, *cursor, ',');
    *out_item = ak_span_sub(scope, *cursor, end - *cursor);
    *cursor = end + 1;
    return true;
}

/* As ak_scope_next for text from outside, where an item may be empty, the last one too. */
static bool next_given(struct ak_span text, size_t *cursor, struct ak_span *out_item)
{
    if (text.len == 0 || *cursor > text.len) return false;
    size_t end = ak_span_find(text, *cursor, ',');
    *out_item = ak_span_sub(text, *cursor, end - *cursor);
    *cursor = end + 1;
    return true;
}

static void insert_sorted(struct items *items, struct item item)
{
    size_t i = items->count++;
    for (; i > 0 && ak_span_cmp(item.canonical, items->of[i - 1].canonical) < 0; i--) {
        items->of[i] = items->of[i - 1];
    }
    items->of[i] = item;
}

static enum ak_err read_items(struct ak_span text, struct items *items, struct ak_scope_error *out_error)
{
    if (text.len > AK_LIMIT_SCOPE_TEXT) return refuse(out_error, AK_SCOPE_TEXT_TOO_LONG, AK_SPAN_EMPTY);
    struct ak_buf memory = AK_BUF_ARR(items->memory);
    items->count = 0;
    struct ak_span given;
    for (size_t cursor = 0; next_given(text, &cursor, &given);) {
        if (items->count == AK_LIMIT_SCOPE_ITEMS) return refuse(out_error, AK_SCOPE_TOO_MANY_ITEMS, given);
        size_t start = memory.len;
        enum ak_scope_fault fault = ak_scope_put_item(&memory, given);
        if (fault != AK_SCOPE_FINE) return refuse(out_error, fault, given);
        insert_sorted(items, (struct item){given, ak_span(memory.ptr + start, memory.len - start)});
    }
    return AK_OK;
}

/* True where the bare item `a` makes the narrowed `b` mean nothing; sorted, they stand side by side. */
static bool shadows(struct ak_span a, struct ak_span b)
{
    return ak_span_starts(b, a) && b.len > a.len && b.ptr[a.len] == '?' &&
           !ak_span_eq(a, AK_SPAN_LIT("cap:sign-message"));
}

static enum ak_err check_pairs(const struct items *items, struct ak_scope_error *out_error)
{
    for (size_t i = 1; i < items->count; i++) {
        const struct item *a = &items->of[i - 1], *b = &items->of[i];
        if (ak_span_eq(a->canonical, b->canonical)) return refuse(out_error, AK_SCOPE_DUPLICATE, b->given);
        if (shadows(a->canonical, b->canonical)) return refuse(out_error, AK_SCOPE_SHADOWED, b->given);
    }
    return AK_OK;
}

enum ak_err ak_scope_canonicalise(struct ak_span text, struct ak_buf *out, struct ak_scope_error *out_error)
{
    clear(out_error);
    struct items items;
    AK_TRY(read_items(text, &items, out_error));
    AK_TRY(check_pairs(&items, out_error));
    uint8_t joined_bytes[AK_LIMIT_SCOPE_TEXT];
    struct ak_buf joined = AK_BUF_ARR(joined_bytes);
    for (size_t i = 0; i < items.count; i++) {
        if (i > 0) ak_buf_put_u8(&joined, ',');
        ak_buf_put(&joined, items.of[i].canonical);
    }
    AK_TRY(ak_buf_check(&joined));
    AK_TRY(ak_buf_check(out));
    if (out->cap - out->len < joined.len) return AK_E_FULL;
    ak_buf_put(out, ak_buf_span(&joined));
    return ak_buf_check(out);
}

enum ak_err ak_scope_validate(struct ak_span text, struct ak_scope_error *out_error)
{
    uint8_t bytes[AK_LIMIT_SCOPE_TEXT];
    struct ak_buf canonical = AK_BUF_ARR(bytes);
    AK_TRY(ak_scope_canonicalise(text, &canonical, out_error));
    if (ak_span_eq(text, ak_buf_span(&canonical))) return AK_OK;
    return refuse(out_error, AK_SCOPE_NOT_CANONICAL, AK_SPAN_EMPTY);
}

/* ---- edits ---- */

static bool is_signed(struct ak_span item)
{
    return item.len > 0 && (item.ptr[0] == '+' || item.ptr[0] == '-');
}

/* True where `edit` takes this canonical item away. */
static bool taken_away(struct ak_span edit, struct ak_span item)
{
    uint8_t bytes[AK_LIMIT_SCOPE_ITEM];
    struct ak_span change;
    for (size_t cursor = 0; next_given(edit, &cursor, &change);) {
        if (change.ptr[0] != '-') continue;
        struct ak_buf canonical = AK_BUF_ARR(bytes);
        enum ak_scope_fault fault = ak_scope_put_item(&canonical, ak_span_sub(change, 1, change.len));
        if (fault == AK_SCOPE_FINE && ak_span_eq(ak_buf_span(&canonical), item)) return true;
    }
    return false;
}

static bool has_item(struct ak_span scope, struct ak_span wanted)
{
    struct ak_span item;
    for (size_t cursor = 0; ak_scope_next(scope, &cursor, &item);) {
        if (ak_span_eq(item, wanted)) return true;
    }
    return false;
}

/* Every change has a sign and a good item, and what is taken away is there. */
static enum ak_err check_edit(struct ak_span scope, struct ak_span edit, struct ak_scope_error *out_error)
{
    uint8_t bytes[AK_LIMIT_SCOPE_ITEM];
    struct ak_span change;
    for (size_t cursor = 0; next_given(edit, &cursor, &change);) {
        if (!is_signed(change)) return refuse(out_error, AK_SCOPE_MIXED_EDIT, change);
        struct ak_span item = ak_span_sub(change, 1, change.len);
        struct ak_buf canonical = AK_BUF_ARR(bytes);
        enum ak_scope_fault fault = ak_scope_put_item(&canonical, item);
        if (fault != AK_SCOPE_FINE) return refuse(out_error, fault, item);
        if (change.ptr[0] == '-' && !has_item(scope, ak_buf_span(&canonical))) {
            return refuse(out_error, AK_SCOPE_NOT_THERE, item);
        }
    }
    return AK_OK;
}

static void put_listed(struct ak_buf *buf, struct ak_span item)
{
    if (buf->len > 0) ak_buf_put_u8(buf, ',');
    ak_buf_put(buf, item);
}

/* What is kept of the scope, then what is added. */
static enum ak_err join_edit(struct ak_span scope, struct ak_span edit, struct ak_buf *joined)
{
    struct ak_span item;
    for (size_t cursor = 0; ak_scope_next(scope, &cursor, &item);) {
        if (!taken_away(edit, item)) put_listed(joined, item);
    }
    for (size_t cursor = 0; next_given(edit, &cursor, &item);) {
        if (item.ptr[0] == '+') put_listed(joined, ak_span_sub(item, 1, item.len));
    }
    return ak_buf_check(joined);
}

/* The same bytes where the caller can see them: in the edit, else in the scope. */
static void point_into(struct ak_scope_error *error, struct ak_span edit, struct ak_span scope)
{
    struct ak_span found = AK_SPAN_EMPTY, item;
    for (size_t cursor = 0; ak_scope_next(scope, &cursor, &item);) {
        if (ak_span_eq(item, error->item)) found = item;
    }
    for (size_t cursor = 0; next_given(edit, &cursor, &item);) {
        struct ak_span bare = ak_span_sub(item, 1, item.len);
        if (ak_span_eq(bare, error->item)) found = bare;
    }
    error->item = found;
}

enum ak_err ak_scope_edit(
    struct ak_span scope, struct ak_span edit, struct ak_buf *out, struct ak_scope_error *out_error)
{
    clear(out_error);
    if (!is_signed(edit)) return ak_scope_canonicalise(edit, out, out_error);
    AK_TRY(ak_scope_validate(scope, out_error));
    AK_TRY(check_edit(scope, edit, out_error));
    uint8_t bytes[AK_LIMIT_SCOPE_TEXT + 1];
    struct ak_buf joined = AK_BUF_ARR(bytes);
    if (join_edit(scope, edit, &joined) != AK_OK) {
        return refuse(out_error, AK_SCOPE_TEXT_TOO_LONG, AK_SPAN_EMPTY);
    }
    struct ak_scope_error error;
    enum ak_err err = ak_scope_canonicalise(ak_buf_span(&joined), out, &error);
    if (err != AK_OK) point_into(&error, edit, scope);
    if (out_error) *out_error = error;
    return err;
}
