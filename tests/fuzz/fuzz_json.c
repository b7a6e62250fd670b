/* JSON: whatever the recogniser takes the parser takes with the same members; a document written out again
 * parses to the same document; any bytes written as a string parse. */
#include "fuzz/fuzz.h"

#include "base/codec/json.h"
#include "base/codec/utf8.h"
#include "base/num.h"

enum { MAX_LEN = 1 << 16, MAX_OUT = 1 << 19 };

static bool same_value(struct ak_json_value value, const struct ak_json_flat_member *member)
{
    uint64_t number = 0;
    uint64_t digits = 0;
    if (member->is_string) return ak_json_string_is(value, member->value);
    return ak_json_u64(value, &number) == AK_OK &&
           ak_num_parse_u64(member->value, UINT64_MAX, &digits) == AK_OK && number == digits;
}

static void check_flat(struct ak_span text, const struct ak_json *json)
{
    struct ak_json_flat_member members[16];
    size_t count = 9;
    if (ak_json_flat(text, members, AK_COUNT(members), &count) != AK_OK) {
        AK_FUZZ_CHECK(count == 0);
        return;
    }
    struct ak_json_value root = ak_json_root(json);
    AK_FUZZ_CHECK(root.node && ak_json_len(root) == count);
    for (size_t i = 0; i < count; i++) {
        char key[MAX_LEN];
        AK_FUZZ_CHECK(members[i].key.len < sizeof key);
        memcpy(key, members[i].key.ptr, members[i].key.len);
        key[members[i].key.len] = 0;
        AK_FUZZ_CHECK(same_value(ak_json_get(root, key), &members[i]));
    }
}

/* False where the document has what the writer cannot say: a real or a negative number. The depth is the
 * parser's, which bounds the recursion. */
static bool write_value(struct ak_json_writer *w, struct ak_json_value value);

static bool write_members(struct ak_json_writer *w, struct ak_json_value object)
{
    bool whole = true;
    ak_json_open_object(w);
    for (size_t i = 0; i < ak_json_len(object); i++) {
        static char key[MAX_LEN];
        struct ak_span name;
        struct ak_json_value value = ak_json_member(object, i, &name);
        AK_FUZZ_CHECK(name.len < sizeof key);
        memcpy(key, name.ptr, name.len);
        key[name.len] = 0;
        ak_json_key(w, key);
        whole = write_value(w, value) && whole;
    }
    ak_json_close_object(w);
    return whole;
}

static bool write_value(struct ak_json_writer *w, struct ak_json_value value)
{
    struct ak_span text = AK_SPAN_EMPTY;
    uint64_t number = 0;
    bool flag = false;
    bool whole = true;
    switch (ak_json_type(value)) {
    case AK_JSON_STRING:
        AK_FUZZ_CHECK(ak_json_string(value, &text) == AK_OK && ak_utf8_validate(text) == AK_OK);
        ak_json_put_string(w, text);
        return true;
    case AK_JSON_INT:
        whole = ak_json_u64(value, &number) == AK_OK;
        ak_json_put_u64(w, number);
        return whole;
    case AK_JSON_BOOL:
        AK_FUZZ_CHECK(ak_json_bool(value, &flag) == AK_OK);
        ak_json_put_bool(w, flag);
        return true;
    case AK_JSON_ARRAY:
        ak_json_open_array(w);
        for (size_t i = 0; i < ak_json_len(value); i++) whole = write_value(w, ak_json_at(value, i)) && whole;
        ak_json_close_array(w);
        return whole;
    case AK_JSON_OBJECT: return write_members(w, value);
    case AK_JSON_NULL: ak_json_put_null(w); return true;
    case AK_JSON_REAL:
    case AK_JSON_ABSENT: break;
    }
    ak_json_put_null(w);
    return false;
}

/* Writing is a function of the document, so a second round must give the same text as the first. */
static void check_rewrite(const struct ak_json *json)
{
    static char first_text[MAX_OUT], second_text[MAX_OUT];
    struct ak_buf first = AK_BUF_ARR(first_text);
    struct ak_buf second = AK_BUF_ARR(second_text);
    struct ak_json_writer w = ak_json_writer(&first);
    struct ak_json again;
    (void)write_value(&w, ak_json_root(json)); /* what it cannot say becomes 0 or null */
    AK_FUZZ_CHECK(!first.failed);
    AK_FUZZ_CHECK(ak_json_parse(ak_buf_span(&first), MAX_OUT, &again) == AK_OK);
    w = ak_json_writer(&second);
    AK_FUZZ_CHECK(write_value(&w, ak_json_root(&again)));
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&first), ak_buf_span(&second)));
    ak_json_done(&again);
}

static void check_string(struct ak_span bytes)
{
    static char text[6 * MAX_LEN + 64];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    struct ak_json json;
    ak_json_open_object(&w);
    ak_json_key(&w, "s");
    ak_json_put_string(&w, bytes);
    ak_json_key(&w, "h");
    ak_json_put_hex(&w, "0x", ak_span_sub(bytes, 0, 16));
    ak_json_close_object(&w);
    AK_FUZZ_CHECK(!buf.failed);
    enum ak_err err = ak_json_parse(ak_buf_span(&buf), sizeof text, &json);
    if (ak_span_find(bytes, 0, 0) < bytes.len) {
        AK_FUZZ_CHECK(err == AK_E_FORMAT); /* the parser refuses U+0000 */
        return;
    }
    AK_FUZZ_CHECK(err == AK_OK);
    struct ak_json_value value = ak_json_get(ak_json_root(&json), "s");
    AK_FUZZ_CHECK(ak_json_string_is(value, bytes) == (ak_utf8_validate(bytes) == AK_OK));
    ak_json_done(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_json json;
    if (len >= MAX_LEN) return 0;
    enum ak_err err = ak_json_parse(ak_span(data, len), MAX_LEN, &json);
    AK_FUZZ_CHECK((err == AK_OK) == (json.root != NULL));
    check_flat(ak_span(data, len), &json);
    if (err == AK_OK) check_rewrite(&json);
    ak_json_done(&json);
    check_string(ak_span(data, len));
    return 0;
}
