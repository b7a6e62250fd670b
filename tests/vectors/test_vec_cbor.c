/* RFC 8949 appendix A: what deterministic CBOR can say round-trips with the published value; all else is
 * refused. The same items as base64 and hex hold those codecs too. */
#include "vectors/vec.h"

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "unit/cbor_rewrite.h"

/* By the published fields alone: definite and shortest, no tag, no float, no other simple value. */
static bool is_ours(json_t *entry, uint8_t first)
{
    bool simple = first == 0xf4 || first == 0xf5 || first == 0xf6;
    return json_is_true(json_object_get(entry, "roundtrip")) && (first < 0xc0 || simple);
}

static json_t *to_json(struct ak_reader *reader)
{
    struct ak_span text;
    json_t *json = NULL;
    uint64_t count = 0;
    switch (ak_cbor_peek(reader)) {
    case AK_CBOR_UINT: return json_real((double)ak_cbor_uint(reader));
    case AK_CBOR_NINT: return json_real(-1.0 - (double)ak_cbor_nint(reader));
    case AK_CBOR_BOOL: return json_boolean(ak_cbor_bool(reader));
    case AK_CBOR_NULL: ak_cbor_null(reader); return json_null();
    case AK_CBOR_TEXT: text = ak_cbor_text(reader); return json_stringn((const char *)text.ptr, text.len);
    case AK_CBOR_ARRAY:
        json = json_array();
        for (count = ak_cbor_array(reader); count > 0; count--) json_array_append_new(json, to_json(reader));
        return json;
    case AK_CBOR_MAP:
        json = json_object();
        for (count = ak_cbor_map(reader); count > 0; count--) {
            text = ak_cbor_text(reader);
            char key[16] = {0};
            assert_true(text.len < sizeof key);
            memcpy(key, text.ptr, text.len);
            json_object_set_new(json, key, to_json(reader));
        }
        return json;
    case AK_CBOR_BYTES:
    case AK_CBOR_NONE: break;
    }
    fail_msg("no JSON for this type");
    return NULL;
}

static void check_accepted(json_t *entry, struct ak_span item)
{
    uint8_t written[64];
    struct ak_buf buf = AK_BUF_ARR(written);
    struct ak_reader reader = ak_reader(item);
    ak_test_cbor_rewrite(&reader, &buf);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_true(ak_span_eq(ak_buf_span(&buf), item));
    json_t *want = json_object_get(entry, "decoded");
    if (!want) return;
    reader = ak_reader(item);
    json_t *got = to_json(&reader);
    assert_true(json_equal(got, want));
    json_decref(got);
}

static void appendix_a(void **state)
{
    json_t *all = *state;
    size_t at = 0;
    size_t accepted = 0;
    size_t refused = 0;
    json_t *entry = NULL;
    json_array_foreach(all, at, entry)
    {
        size_t len = 0;
        uint8_t item[64];
        uint8_t again[64];
        struct ak_span hex = ak_span_str(json_string_value(json_object_get(entry, "hex")));
        struct ak_span base64 = ak_span_str(json_string_value(json_object_get(entry, "cbor")));
        assert_int_equal(ak_hex_decode(hex, item, sizeof item, &len), AK_OK);
        size_t again_len = 0;
        assert_int_equal(ak_base64_decode(base64, again, sizeof again, &again_len), AK_OK);
        assert_true(ak_span_eq(ak_span(item, len), ak_span(again, again_len)));
        struct ak_reader reader = ak_reader(ak_span(item, len));
        (void)ak_cbor_skip(&reader);
        bool taken = ak_reader_finish(&reader) == AK_OK;
        if (taken != is_ours(entry, item[0])) fail_msg("%.*s", (int)hex.len, (const char *)hex.ptr);
        if (taken) check_accepted(entry, ak_span(item, len));
        accepted += taken;
        refused += !taken;
    }
    vec_report("RFC 8949 appendix A", (struct vec_count){accepted, refused, 0});
    assert_int_equal(accepted, 37);
    assert_int_equal(refused, 45);
}

int main(void)
{
    /* Some integers are beyond what the JSON library keeps exactly. */
    json_t *root = vec_load_with("cbor/appendix_a.json", JSON_DECODE_INT_AS_REAL);
    if (root == NULL) return VEC_SKIP;
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(appendix_a, root)};
    int failed = cmocka_run_group_tests_name("vec_cbor", tests, NULL, NULL);
    json_decref(root);
    return failed;
}
