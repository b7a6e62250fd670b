/* Scopes: the canonical form of what is taken is valid, its own canonical form, and no longer than the text;
 * what is looked up in it is found as an item of it. Edits agree with whole texts. */
#include "fuzz/fuzz.h"

#include "core/policy/scope.h"

static void check_lookups(struct ak_span scope)
{
    struct ak_span item;
    size_t cursor = 0, count = 0;
    while (ak_scope_next(scope, &cursor, &item)) {
        struct ak_scope_facts facts = {.service = item, .tx = {.priced = true}};
        enum ak_scope_result read = ak_scope_find(scope, AK_OP_READ_CREDENTIAL, &facts).result;
        AK_FUZZ_CHECK((read == AK_SCOPE_ALLOWED) == !ak_span_starts(item, AK_SPAN_LIT("cap:")));
        AK_FUZZ_CHECK(item.len <= AK_LIMIT_SCOPE_ITEM);
        count++;
    }
    AK_FUZZ_CHECK(count <= AK_LIMIT_SCOPE_ITEMS);
    for (int op = AK_OP_NONE; op <= AK_OP_COUNT; op++) {
        struct ak_scope_facts facts = {.domain = AK_SPAN_LIT("a.example"), .tx = {.chain = 1}};
        struct ak_scope_match match = ak_scope_find(scope, (enum ak_operation)op, &facts);
        AK_FUZZ_CHECK((match.result == AK_SCOPE_NO_ITEM) == (match.item.len == 0));
        AK_FUZZ_CHECK((match.result == AK_SCOPE_NARROWED) == (match.key != NULL));
        if (match.result != AK_SCOPE_NO_ITEM) AK_FUZZ_CHECK(ak_span_contains(scope, match.item));
    }
}

/* The text as additions to the empty scope gives the same, or fails the same way. */
static void check_as_edit(struct ak_span text, enum ak_err want, struct ak_span canonical)
{
    uint8_t edit_bytes[2 * AK_LIMIT_SCOPE_TEXT + 2], out_bytes[AK_LIMIT_SCOPE_TEXT];
    struct ak_buf edit = AK_BUF_ARR(edit_bytes), out = AK_BUF_ARR(out_bytes);
    if (text.len == 0 || text.len > AK_LIMIT_SCOPE_TEXT) return;
    ak_buf_put_u8(&edit, '+');
    for (size_t i = 0; i < text.len; i++) {
        ak_buf_put_u8(&edit, text.ptr[i]);
        if (text.ptr[i] == ',') ak_buf_put_u8(&edit, '+');
    }
    enum ak_err err = ak_scope_edit(AK_SPAN_EMPTY, ak_buf_span(&edit), &out, NULL);
    AK_FUZZ_CHECK((err == AK_OK) == (want == AK_OK));
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&out), canonical));
}

/* The first line as a scope, the rest as an edit of it. */
static void check_lines(struct ak_span text)
{
    size_t line = ak_span_find(text, 0, '\n');
    if (line == text.len) return;
    uint8_t bytes[AK_LIMIT_SCOPE_TEXT];
    struct ak_buf out = AK_BUF_ARR(bytes);
    struct ak_scope_error error;
    struct ak_span edit = ak_span_sub(text, line + 1, text.len);
    enum ak_err err = ak_scope_edit(ak_span_sub(text, 0, line), edit, &out, &error);
    AK_FUZZ_CHECK((err == AK_OK) == (error.fault == AK_SCOPE_FINE));
    if (err == AK_OK) AK_FUZZ_CHECK(ak_scope_validate(ak_buf_span(&out), NULL) == AK_OK);
    if (err != AK_OK) AK_FUZZ_CHECK(out.len == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_span text = ak_span(data, len);
    uint8_t bytes[AK_LIMIT_SCOPE_TEXT];
    struct ak_buf canonical = AK_BUF_ARR(bytes);
    struct ak_scope_error error;
    enum ak_err err = ak_scope_canonicalise(text, &canonical, &error);
    AK_FUZZ_CHECK((err == AK_OK) == (error.fault == AK_SCOPE_FINE));
    if (err != AK_OK) AK_FUZZ_CHECK(canonical.len == 0 && ak_scope_validate(text, NULL) != AK_OK);
    if (err == AK_OK) {
        AK_FUZZ_CHECK(canonical.len == len);
        AK_FUZZ_CHECK(ak_scope_validate(ak_buf_span(&canonical), NULL) == AK_OK);
        check_lookups(ak_buf_span(&canonical));
    }
    check_as_edit(text, err, ak_buf_span(&canonical));
    check_lines(text);
    return 0;
}
