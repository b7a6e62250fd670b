/* JSON documents through jansson, with its accidents kept inside: nesting is bounded before it parses, and
 * only an object may be on top. */
#include "base/codec/json.h"

#include <jansson.h>

#include "base/limits.h"

void ak_json_init(uint64_t seed)
{
    json_object_seed((size_t)seed);
}

void ak_json_set_memory(void *(*alloc)(size_t len), void (*release)(void *block))
{
    json_set_alloc_funcs(alloc, release);
}

/* Index after the string that starts at `at`; the text's end where it does not end. */
static size_t string_end(struct ak_span text, size_t at)
{
    for (at++; at < text.len; at++) {
        if (text.ptr[at] == '"') return at + 1;
        if (text.ptr[at] == '\\') at++;
    }
    return text.len;
}

/* Deepest nesting of brackets outside of strings. Where the text is malformed the count may be wrong behind
 * the first error, but the parser stops there. */
static size_t nesting(struct ak_span text)
{
    size_t depth = 0;
    size_t deepest = 0;
    for (size_t at = 0; at < text.len;) {
        uint8_t c = text.ptr[at];
        if (c == '"') {
            at = string_end(text, at);
            continue;
        }
        if ((c == '{' || c == '[') && ++depth > deepest) deepest = depth;
        if ((c == '}' || c == ']') && depth > 0) depth--;
        at++;
    }
    return deepest;
}

/* Where the first blocks are refused the library names no cause. */
static enum ak_err why_refused(enum json_error_code code)
{
    return code == json_error_out_of_memory || code == json_error_unknown ? AK_E_FULL : AK_E_FORMAT;
}

enum ak_err ak_json_parse(struct ak_span text, size_t max_len, struct ak_json *out_json)
{
    out_json->root = NULL;
    if (text.len > max_len) return AK_E_LIMIT;
    if (text.len == 0) return AK_E_FORMAT;
    if (nesting(text) > AK_LIMIT_JSON_DEPTH) return AK_E_LIMIT;
    json_error_t error = {0}; /* not all failures set it */
    json_t *root = json_loadb((const char *)text.ptr, text.len, JSON_REJECT_DUPLICATES, &error);
    if (!root) return why_refused(json_error_code(&error));
    if (!json_is_object(root)) {
        json_decref(root);
        return AK_E_FORMAT;
    }
    out_json->root = root;
    return AK_OK;
}

void ak_json_done(struct ak_json *json)
{
    if (!json || !json->root) return;
    json_decref(json->root);
    json->root = NULL;
}

struct ak_json_value ak_json_root(const struct ak_json *json)
{
    return (struct ak_json_value){json->root};
}

enum ak_json_type ak_json_type(struct ak_json_value value)
{
    const json_t *node = value.node;
    if (!node) return AK_JSON_ABSENT;
    switch (json_typeof(node)) {
    case JSON_OBJECT: return AK_JSON_OBJECT;
    case JSON_ARRAY: return AK_JSON_ARRAY;
    case JSON_STRING: return AK_JSON_STRING;
    case JSON_INTEGER: return AK_JSON_INT;
    case JSON_REAL: return AK_JSON_REAL;
    case JSON_TRUE:
    case JSON_FALSE: return AK_JSON_BOOL;
    case JSON_NULL: return AK_JSON_NULL;
    }
    return AK_JSON_ABSENT;
}

struct ak_json_value ak_json_get(struct ak_json_value object, const char *key)
{
    return (struct ak_json_value){json_object_get(object.node, key)};
}

size_t ak_json_len(struct ak_json_value array_or_object)
{
    const json_t *node = array_or_object.node;
    return json_is_array(node) ? json_array_size(node) : json_object_size(node);
}

struct ak_json_value ak_json_at(struct ak_json_value array, size_t index)
{
    return (struct ak_json_value){json_array_get(array.node, index)};
}

struct ak_json_value ak_json_member(struct ak_json_value object, size_t index, struct ak_span *out_key)
{
    *out_key = AK_SPAN_EMPTY;
    if (index >= json_object_size(object.node)) return (struct ak_json_value){NULL};
    /* The library's iterators take the object without const although they only look. */
    json_t *node = (json_t *)(uintptr_t)object.node;
    void *at = json_object_iter(node);
    while (index-- > 0) at = json_object_iter_next(node, at);
    *out_key = ak_span_str(json_object_iter_key(at));
    return (struct ak_json_value){json_object_iter_value(at)};
}

enum ak_err ak_json_string(struct ak_json_value value, struct ak_span *out_text)
{
    *out_text = AK_SPAN_EMPTY;
    if (!value.node) return AK_E_NOT_FOUND;
    if (!json_is_string((const json_t *)value.node)) return AK_E_FORMAT;
    *out_text = ak_span(json_string_value(value.node), json_string_length(value.node));
    return AK_OK;
}

bool ak_json_string_is(struct ak_json_value value, struct ak_span text)
{
    struct ak_span got;
    return ak_json_string(value, &got) == AK_OK && ak_span_eq(got, text);
}

enum ak_err ak_json_u64(struct ak_json_value value, uint64_t *out_number)
{
    *out_number = 0;
    if (!value.node) return AK_E_NOT_FOUND;
    if (!json_is_integer((const json_t *)value.node)) return AK_E_FORMAT;
    json_int_t number = json_integer_value(value.node);
    if (number < 0) return AK_E_FORMAT;
    *out_number = (uint64_t)number;
    return AK_OK;
}

enum ak_err ak_json_bool(struct ak_json_value value, bool *out_bool)
{
    *out_bool = false;
    if (!value.node) return AK_E_NOT_FOUND;
    if (!json_is_boolean((const json_t *)value.node)) return AK_E_FORMAT;
    *out_bool = json_is_true((const json_t *)value.node);
    return AK_OK;
}
