/* Export lines: their greatest lengths fit the promised maximum; too little memory is told. The form itself
 * is held by test_example.c. */
#include "unit/check.h"

#include "base/limits.h"
#include "core/ledger/export.h"
#include "core/ledger/note.h"

static uint8_t line[AK_EXPORT_LINE_MAX];

static void longest_lines_fit(void **state)
{
    (void)state;
    static uint8_t entry[AK_LIMIT_ENTRY];
    static uint8_t note[AK_NOTE_LEN_MAX];
    static struct ak_merkle_proof proof = {.count = AK_MERKLE_PROOF_MAX};
    uint8_t leaf[32] = {0};
    struct ak_buf buf = AK_BUF_ARR(line);
    ak_export_put_entry(&buf, UINT64_MAX, AK_SPAN_ARR(entry), leaf, &proof);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_int_equal(line[buf.len - 1], '\n');
    memset(note, '\n', sizeof note); /* two characters each */
    struct ak_export_header header = {.anchor = leaf, .checkpoint = AK_SPAN_ARR(note)};
    buf.len = 0;
    ak_export_put_header(&buf, &header);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
}

static void full_memory_is_told(void **state)
{
    (void)state;
    uint8_t leaf[32] = {0};
    struct ak_buf whole = AK_BUF_ARR(line);
    ak_export_put_entry(&whole, 7, AK_SPAN_LIT("abc"), leaf, NULL);
    for (size_t cap = 0; cap < whole.len; cap++) {
        struct ak_buf buf = ak_buf(line, cap);
        ak_export_put_entry(&buf, 7, AK_SPAN_LIT("abc"), leaf, NULL);
        assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
    }
}

static void an_empty_proof_is_an_empty_array(void **state)
{
    (void)state;
    uint8_t leaf[32] = {0};
    struct ak_merkle_proof proof = {.count = 0};
    struct ak_buf buf = AK_BUF_ARR(line);
    ak_export_put_entry(&buf, 0, AK_SPAN_LIT("\x01"), leaf, &proof);
    ak_export_put_end(&buf, 1);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal((const char *)line,
        "{\"index\":0,\"entry\":\"01\",\"leaf_hash\":"
        "\"0000000000000000000000000000000000000000000000000000000000000000\",\"proof\":[]}\n"
        "{\"end\":true,\"entries\":1}\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(longest_lines_fit),
        cmocka_unit_test(full_memory_is_told),
        cmocka_unit_test(an_empty_proof_is_an_empty_array),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
