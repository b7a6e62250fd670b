/* Deterministic CBOR: shortest heads at each border, refusal of every first byte the writer never writes,
 * order of keys, nesting at its limit, each byte altered. */
#include "unit/check.h"

#include "base/codec/cbor.h"
#include "base/codec/hex.h"
#include "unit/cbor_rewrite.h"

static struct ak_span from_hex(const char *hex, uint8_t *memory, size_t cap)
{
    size_t len = 0;
    assert_int_equal(ak_hex_decode(ak_span_str(hex), memory, cap, &len), AK_OK);
    return ak_span(memory, len);
}

static bool skips_whole(struct ak_span bytes)
{
    struct ak_reader reader = ak_reader(bytes);
    struct ak_span item = ak_cbor_skip(&reader);
    return ak_reader_finish(&reader) == AK_OK && item.len == bytes.len;
}

static bool skips_hex(const char *hex)
{
    uint8_t memory[128];
    return skips_whole(from_hex(hex, memory, sizeof memory));
}

struct number {
    uint64_t value;
    const char *hex;
};
static const struct number numbers[] = {
    {0, "00"},
    {23, "17"},
    {24, "1818"},
    {255, "18ff"},
    {256, "190100"},
    {65535, "19ffff"},
    {65536, "1a00010000"},
    {UINT32_MAX, "1affffffff"},
    {(uint64_t)UINT32_MAX + 1, "1b0000000100000000"},
    {UINT64_MAX, "1bffffffffffffffff"},
};

static void integers_at_each_border(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(numbers); i++) {
        uint8_t memory[16];
        uint8_t written[16];
        struct ak_span want = from_hex(numbers[i].hex, memory, sizeof memory);
        struct ak_buf buf = AK_BUF_ARR(written);
        ak_cbor_put_uint(&buf, numbers[i].value);
        assert_true(ak_span_eq(ak_buf_span(&buf), want));
        struct ak_reader reader = ak_reader(want);
        assert_int_equal(ak_cbor_peek(&reader), AK_CBOR_UINT);
        assert_true(ak_cbor_uint(&reader) == numbers[i].value);
        assert_int_equal(ak_reader_finish(&reader), AK_OK);
        buf = AK_BUF_ARR(written);
        ak_cbor_put_nint(&buf, numbers[i].value);
        assert_int_equal(written[0], memory[0] | 0x20);
        reader = ak_reader(ak_buf_span(&buf));
        assert_int_equal(ak_cbor_peek(&reader), AK_CBOR_NINT);
        assert_true(ak_cbor_nint(&reader) == numbers[i].value);
        assert_int_equal(ak_reader_finish(&reader), AK_OK);
        for (size_t cut = 0; cut < want.len; cut++) assert_false(skips_whole(ak_span(memory, cut)));
    }
}

/* The same argument in a longer head, for each major type that has one. */
static void longer_heads_are_refused(void **state)
{
    (void)state;
    const char *bad[] = {"1800", "1817", "190000", "1900ff", "1a00000000", "1a0000ffff", "1b0000000000000000",
        "1b00000000ffffffff", "3817", "5800", "580161", "59000161", "7800", "780161", "790000", "9800",
        "980100", "b800", "b8010000", "f814", "f815", "f816"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_false(skips_hex(bad[i]));
}

static bool is_known(unsigned first)
{
    if (first < 0xc0) return (first & 31) <= 27;
    return first == 0xf4 || first == 0xf5 || first == 0xf6;
}

/* Each first byte with zeros behind it: what is known by its first byte is peeked, all else is refused. */
static void every_first_byte(void **state)
{
    (void)state;
    for (unsigned first = 0; first < 256; first++) {
        uint8_t bytes[64] = {(uint8_t)first};
        struct ak_reader reader = ak_reader(AK_SPAN_ARR(bytes));
        assert_int_equal(ak_cbor_peek(&reader) != AK_CBOR_NONE, is_known(first));
        (void)ak_cbor_skip(&reader);
        if (!is_known(first)) assert_true(reader.failed);
    }
}

static void strings(void **state)
{
    (void)state;
    uint8_t memory[300];
    uint8_t long_bytes[256];
    uint8_t fixed[3] = {9, 9, 9};
    memset(long_bytes, 'x', sizeof long_bytes);
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_cbor_put_bytes(&buf, AK_SPAN_LIT("abc"));
    ak_cbor_put_text(&buf, AK_SPAN_LIT("\xc3\xbc"));
    ak_cbor_put_text(&buf, AK_SPAN_EMPTY);
    ak_cbor_put_bytes(&buf, AK_SPAN_ARR(long_bytes));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_memory_equal(memory, "\x43\x61\x62\x63\x62\xc3\xbc\x60\x59\x01\x00", 11);
    struct ak_reader reader = ak_reader(ak_buf_span(&buf));
    ak_cbor_bytes_fixed(&reader, fixed, 3);
    assert_memory_equal(fixed, "abc", 3);
    assert_true(ak_span_eq(ak_cbor_text(&reader), AK_SPAN_LIT("\xc3\xbc")));
    assert_int_equal(ak_cbor_text(&reader).len, 0);
    assert_true(ak_span_eq(ak_cbor_bytes(&reader), AK_SPAN_ARR(long_bytes)));
    assert_int_equal(ak_reader_finish(&reader), AK_OK);
}

static void text_is_utf8(void **state)
{
    (void)state;
    assert_false(skips_hex("61ff"));
    assert_false(skips_hex("61c3"));
    assert_false(skips_hex("63eda080"));
    assert_true(skips_hex("62c380"));
    assert_true(skips_hex("41ff"));
    uint8_t memory[2];
    struct ak_reader reader = ak_reader(from_hex("61ff", memory, 2));
    assert_int_equal(ak_cbor_text(&reader).len, 0);
    assert_true(reader.failed);
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_cbor_put_text(&buf, AK_SPAN_LIT("\xff"));
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
    assert_int_equal(buf.len, 0);
}

static void fixed_bytes_have_their_length(void **state)
{
    (void)state;
    for (size_t len = 2; len <= 4; len++) {
        uint8_t fixed[4] = {9, 9, 9, 9};
        struct ak_reader reader = ak_reader(AK_SPAN_LIT("\x43"
                                                        "abc"));
        ak_cbor_bytes_fixed(&reader, fixed, len);
        assert_int_equal(reader.failed, len != 3);
        if (reader.failed)
            for (size_t i = 0; i < len; i++) assert_int_equal(fixed[i], 0);
    }
}

static void cut_short(void **state)
{
    (void)state;
    const char *bad[] = {"41", "61", "4261", "81", "a1", "a100", "8200", "5affffffff", "5bffffffffffffffff",
        "9affffffff00", "9bffffffffffffffff00", "baffffffff0000", "bb80000000000000010000",
        "bbffffffffffffffff0000"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) assert_false(skips_hex(bad[i]));
    struct ak_reader reader = ak_reader(AK_SPAN_EMPTY);
    assert_int_equal(ak_cbor_peek(&reader), AK_CBOR_NONE);
    assert_int_equal(ak_cbor_skip(&reader).len, 0);
    assert_true(reader.failed);
}

/* A count is believed only as far as the bytes behind it can hold it. */
static void counts_fit_what_is_left(void **state)
{
    (void)state;
    uint8_t memory[8];
    struct ak_reader reader = ak_reader(from_hex("820000", memory, 8));
    assert_int_equal(ak_cbor_array(&reader), 2);
    reader = ak_reader(from_hex("830000", memory, 8));
    assert_int_equal(ak_cbor_array(&reader), 0);
    assert_true(reader.failed);
    reader = ak_reader(from_hex("a1000000", memory, 8));
    assert_int_equal(ak_cbor_map(&reader), 1);
    reader = ak_reader(from_hex("a2000000", memory, 8));
    assert_int_equal(ak_cbor_map(&reader), 0);
    assert_true(reader.failed);
}

static void keys_in_order_and_once(void **state)
{
    (void)state;
    assert_true(skips_hex("a200000100"));
    assert_true(skips_hex("a300001818002000"));
    assert_true(skips_hex("a2617a0062616100")); /* "z" before "aa": the head of the shorter comes first */
    assert_false(skips_hex("a262616100617a00"));
    assert_false(skips_hex("a201000000")); /* 1, 0 */
    assert_false(skips_hex("a200000000")); /* twice */
    assert_false(skips_hex("a3000001000100"));
    assert_true(skips_hex("a2810000810100")); /* arrays as keys */
    assert_false(skips_hex("a2810100810000"));
    assert_false(skips_hex("81a200000000")); /* inside of an array */
    assert_false(skips_hex("a100a200000000"));
    assert_true(skips_hex("a200a101000100")); /* the inner map does not count for the outer */
    assert_true(skips_hex("82a10100a10000"));
}

static struct ak_span nested(uint8_t *memory, size_t depth, uint8_t container, uint8_t last)
{
    size_t at = 0;
    for (size_t i = 0; i < depth; i++) {
        memory[at++] = container;
        if (container == 0xa1) memory[at++] = 0;
    }
    memory[at++] = last;
    return ak_span(memory, at);
}

static void nesting_at_its_limit(void **state)
{
    (void)state;
    uint8_t memory[80];
    for (size_t depth = 15; depth <= 17; depth++) {
        assert_int_equal(skips_whole(nested(memory, depth, 0x81, 0)), depth <= AK_LIMIT_CBOR_DEPTH);
        assert_int_equal(skips_whole(nested(memory, depth, 0xa1, 0)), depth <= AK_LIMIT_CBOR_DEPTH);
        assert_int_equal(skips_whole(nested(memory, depth - 1, 0x81, 0x80)), depth <= AK_LIMIT_CBOR_DEPTH);
        assert_int_equal(skips_whole(nested(memory, depth - 1, 0xa1, 0xa0)), depth <= AK_LIMIT_CBOR_DEPTH);
    }
}

static void typed_reads_take_their_type(void **state)
{
    (void)state;
    const char *items[] = {"01", "20", "4101", "6161", "8100", "a10000", "f5", "f6"};
    for (size_t have = 0; have < AK_COUNT(items); have++) {
        for (size_t want = 0; want < AK_COUNT(items); want++) {
            uint8_t memory[8];
            struct ak_reader reader = ak_reader(from_hex(items[have], memory, sizeof memory));
            bool empty = false;
            assert_int_equal(ak_cbor_peek(&reader), have);
            switch ((enum ak_cbor_type)want) {
            case AK_CBOR_UINT: empty = ak_cbor_uint(&reader) == 0; break;
            case AK_CBOR_NINT: empty = ak_cbor_nint(&reader) == 0; break;
            case AK_CBOR_BYTES: empty = ak_cbor_bytes(&reader).len == 0; break;
            case AK_CBOR_TEXT: empty = ak_cbor_text(&reader).len == 0; break;
            case AK_CBOR_ARRAY: empty = ak_cbor_array(&reader) == 0; break;
            case AK_CBOR_MAP: empty = ak_cbor_map(&reader) == 0; break;
            case AK_CBOR_BOOL: empty = !ak_cbor_bool(&reader); break;
            case AK_CBOR_NULL:
            case AK_CBOR_NONE:
                ak_cbor_null(&reader);
                empty = true;
                break;
            }
            assert_int_equal(reader.failed, have != want);
            if (have != want) assert_true(empty);
        }
    }
    struct ak_reader reader = ak_reader(AK_SPAN_LIT("\xf4"));
    assert_false(ak_cbor_bool(&reader));
    assert_int_equal(ak_reader_finish(&reader), AK_OK);
}

static void failure_sticks(void **state)
{
    (void)state;
    struct ak_reader reader = ak_reader(AK_SPAN_LIT("\xff\x01\x01"));
    assert_int_equal(ak_cbor_uint(&reader), 0);
    assert_int_equal(ak_cbor_uint(&reader), 0);
    assert_int_equal(ak_cbor_peek(&reader), AK_CBOR_NONE);
    assert_int_equal(ak_cbor_skip(&reader).len, 0);
    assert_int_equal(ak_reader_finish(&reader), AK_E_FORMAT);
}

static void skip_takes_one_item(void **state)
{
    (void)state;
    uint8_t memory[16];
    struct ak_reader reader = ak_reader(from_hex("820102f6", memory, sizeof memory));
    struct ak_span item = ak_cbor_skip(&reader);
    assert_int_equal(item.len, 3);
    assert_ptr_equal(item.ptr, memory);
    assert_int_equal(ak_cbor_skip(&reader).len, 1);
    assert_int_equal(ak_reader_finish(&reader), AK_OK);
}

static void writer_runs_full(void **state)
{
    (void)state;
    for (size_t cap = 0; cap <= 4; cap++) {
        uint8_t memory[4];
        struct ak_buf buf = ak_buf(memory, cap);
        ak_cbor_put_map(&buf, 1);
        ak_cbor_put_null(&buf);
        ak_cbor_put_array(&buf, 1);
        ak_cbor_put_bool(&buf, true);
        assert_int_equal(ak_buf_check(&buf), cap < 4 ? AK_E_FULL : AK_OK);
        if (cap == 4) assert_memory_equal(memory, "\xa1\xf6\x81\xf5", 4);
    }
}

/* Each byte of a record set to each value: refused, or exactly what the writer writes. */
static void every_byte_altered(void **state)
{
    (void)state;
    uint8_t good[64];
    struct ak_span item = from_hex("a50001011820024261620363c3bc630482f5a120f6", good, sizeof good);
    size_t accepted = 0;
    assert_true(skips_whole(item));
    for (size_t at = 0; at < item.len; at++) {
        uint8_t before = good[at];
        for (unsigned value = 0; value < 256; value++) {
            good[at] = (uint8_t)value;
            if (!skips_whole(item)) continue;
            uint8_t written[64];
            struct ak_buf buf = AK_BUF_ARR(written);
            struct ak_reader reader = ak_reader(item);
            ak_test_cbor_rewrite(&reader, &buf);
            assert_int_equal(ak_buf_check(&buf), AK_OK);
            assert_true(ak_span_eq(ak_buf_span(&buf), item));
            accepted++;
        }
        good[at] = before;
    }
    assert_true(accepted > item.len);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(integers_at_each_border),
        cmocka_unit_test(longer_heads_are_refused),
        cmocka_unit_test(every_first_byte),
        cmocka_unit_test(strings),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(fixed_bytes_have_their_length),
        cmocka_unit_test(cut_short),
        cmocka_unit_test(counts_fit_what_is_left),
        cmocka_unit_test(keys_in_order_and_once),
        cmocka_unit_test(nesting_at_its_limit),
        cmocka_unit_test(typed_reads_take_their_type),
        cmocka_unit_test(failure_sticks),
        cmocka_unit_test(skip_takes_one_item),
        cmocka_unit_test(writer_runs_full),
        cmocka_unit_test(every_byte_altered),
    };
    return cmocka_run_group_tests_name("cbor", tests, NULL, NULL);
}
