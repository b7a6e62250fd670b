/* Framing: exact counts, each cut, each limit. */
#include "unit/check.h"

#include "base/limits.h"
#include "core/ledger/segment.h"

static uint8_t memory[AK_SEGMENT_LEN_MAX + 16];

static void put(struct ak_buf *buf, size_t len, size_t times)
{
    static const uint8_t bytes[AK_LIMIT_ENTRY + 1] = {1};
    for (size_t i = 0; i < times; i++) ak_segment_put(buf, ak_span(bytes, len));
    assert_int_equal(ak_buf_check(buf), AK_OK);
}

static void walks_what_was_put(void **state)
{
    (void)state;
    struct ak_buf buf = AK_BUF_ARR(memory);
    put(&buf, 1, 1);
    put(&buf, 300, 1);
    put(&buf, AK_LIMIT_ENTRY, 1);
    assert_int_equal(ak_segment_validate(ak_buf_span(&buf), 3), AK_OK);
    assert_int_equal(ak_segment_validate(ak_buf_span(&buf), 2), AK_E_FORMAT);
    assert_int_equal(ak_segment_validate(ak_buf_span(&buf), 4), AK_E_FORMAT);
    struct ak_reader reader = ak_reader(ak_buf_span(&buf));
    struct ak_span entry;
    static const size_t lens[] = {1, 300, AK_LIMIT_ENTRY};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(ak_segment_next(&reader, &entry), AK_OK);
        assert_int_equal(entry.len, lens[i]);
    }
    assert_int_equal(ak_segment_next(&reader, &entry), AK_E_NOT_FOUND);
    assert_int_equal(entry.len, 0);
}

static void each_cut_is_refused(void **state)
{
    (void)state;
    struct ak_buf buf = AK_BUF_ARR(memory);
    put(&buf, 5, 3);
    for (size_t len = 0; len < buf.len; len++)
        assert_int_equal(ak_segment_validate(ak_span(memory, len), 3), AK_E_FORMAT);
    struct ak_reader reader = ak_reader(ak_span(memory, 3));
    struct ak_span entry;
    assert_int_equal(ak_segment_next(&reader, &entry), AK_E_FORMAT);
    assert_int_equal(ak_segment_next(&reader, &entry), AK_E_FORMAT);
}

static void lengths_are_bounded(void **state)
{
    (void)state;
    struct ak_buf buf = AK_BUF_ARR(memory);
    put(&buf, AK_LIMIT_ENTRY + 1, 1);
    assert_int_equal(ak_segment_validate(ak_buf_span(&buf), 1), AK_E_FORMAT);
    buf.len = 0;
    put(&buf, 0, 1);
    assert_int_equal(ak_segment_validate(ak_buf_span(&buf), 1), AK_E_FORMAT);
    buf.len = 0;
    put(&buf, 1, AK_SEGMENT_ENTRIES_MAX);
    assert_int_equal(ak_segment_validate(ak_buf_span(&buf), AK_SEGMENT_ENTRIES_MAX), AK_OK);
    put(&buf, 1, 1);
    assert_int_equal(ak_segment_validate(ak_buf_span(&buf), AK_SEGMENT_ENTRIES_MAX + 1), AK_E_LIMIT);
    assert_int_equal(ak_segment_validate(ak_span(memory, AK_SEGMENT_LEN_MAX + 1), 1), AK_E_LIMIT);
}

static void full_memory_is_told(void **state)
{
    (void)state;
    struct ak_buf buf = ak_buf(memory, 8);
    ak_segment_put(&buf, AK_SPAN_LIT("abcd"));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    buf.len = 0;
    ak_segment_put(&buf, AK_SPAN_LIT("abcde"));
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(walks_what_was_put),
        cmocka_unit_test(each_cut_is_refused),
        cmocka_unit_test(lengths_are_bounded),
        cmocka_unit_test(full_memory_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
