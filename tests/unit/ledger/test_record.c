/* Batch records: every altered bit, every cut, another log and another key are refused. */
#include "unit/check.h"

#include "unit/ledger/fixture.h"

static int setup(void **state)
{
    static struct fixture f;
    fixture_open(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close((struct fixture *)*state);
    return 0;
}

static void opens_what_was_sealed(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    struct ak_batch_record r;
    assert_int_equal(ak_batch_record_open(f->records[1], &f->mac_key, f->log_id, &r), AK_OK);
    assert_int_equal(r.first, FIXTURE_FIRST_BATCH);
    assert_int_equal(r.count, FIXTURE_ENTRIES - FIXTURE_FIRST_BATCH);
    assert_int_equal(r.size, FIXTURE_ENTRIES);
    assert_int_equal(r.counter, 3);
    struct ak_batch_record before;
    assert_int_equal(ak_batch_record_open(f->records[0], &f->mac_key, f->log_id, &before), AK_OK);
    assert_memory_equal(r.prev_mac, before.mac, 32);
}

/* I11 */
static void each_altered_bit_is_refused(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t bytes[AK_RECORD_LEN_MAX] = {0};
    struct ak_span record = ak_span(bytes, f->records[1].len);
    memcpy(bytes, f->records[1].ptr, record.len);
    for (size_t bit = 0; bit < record.len * 8; bit++) {
        struct ak_batch_record r = {.size = 9};
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        enum ak_err err = ak_batch_record_open(record, &f->mac_key, f->log_id, &r);
        assert_true(err == AK_E_AUTH || err == AK_E_FORMAT || err == AK_E_UNSUPPORTED);
        assert_int_equal(r.size, 0);
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_int_equal(
        ak_batch_record_open(record, &f->mac_key, f->log_id, &(struct ak_batch_record){0}), AK_OK);
}

static void cut_and_grown_are_refused(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t bytes[AK_RECORD_LEN_MAX + 1] = {0};
    struct ak_batch_record r;
    memcpy(bytes, f->records[0].ptr, f->records[0].len);
    for (size_t len = 0; len < f->records[0].len; len++)
        assert_int_equal(ak_batch_record_open(ak_span(bytes, len), &f->mac_key, f->log_id, &r), AK_E_FORMAT);
    assert_int_equal(ak_batch_record_decode(ak_span(bytes, f->records[0].len + 1), &r), AK_E_FORMAT);
    assert_int_equal(ak_batch_record_decode(ak_span(bytes, AK_RECORD_LEN_MAX + 1), &r), AK_E_LIMIT);
}

static void other_log_and_key_are_refused(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    struct ak_batch_record r;
    uint8_t log_id[16];
    memcpy(log_id, f->log_id, 16);
    log_id[0] ^= 1;
    assert_int_equal(ak_batch_record_open(f->records[0], &f->mac_key, log_id, &r), AK_E_AUTH);
    struct ak_hmac_key key;
    assert_int_equal(ak_hmac_key_open(&key, AK_SPAN_ARR(log_id)), AK_OK);
    assert_int_equal(ak_batch_record_open(f->records[0], &key, f->log_id, &r), AK_E_AUTH);
    ak_hmac_key_close(&key);
}

static void sizes_must_fit(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t bytes[AK_RECORD_LEN_MAX] = {0};
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_batch_record r = {.first = 3, .count = 0, .size = 3};
    assert_int_equal(ak_batch_record_seal(&r, &f->mac_key, &buf), AK_E_ARG);
    r = (struct ak_batch_record){.first = 3, .count = 2, .size = 6};
    assert_int_equal(ak_batch_record_seal(&r, &f->mac_key, &buf), AK_E_ARG);
    r = (struct ak_batch_record){.first = UINT64_MAX, .count = 1, .size = 0};
    assert_int_equal(ak_batch_record_seal(&r, &f->mac_key, &buf), AK_E_ARG);
    assert_int_equal(buf.len, 0);
    r = (struct ak_batch_record){
        .first = UINT64_MAX - 1, .count = 1, .size = UINT64_MAX, .counter = UINT64_MAX};
    assert_int_equal(ak_batch_record_seal(&r, &f->mac_key, &buf), AK_OK);
    assert_int_equal(ak_batch_record_decode(ak_buf_span(&buf), &r), AK_OK);
    struct ak_buf small = ak_buf(bytes, buf.len - 1);
    assert_int_equal(ak_batch_record_seal(&r, &f->mac_key, &small), AK_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(opens_what_was_sealed),
        cmocka_unit_test(each_altered_bit_is_refused),
        cmocka_unit_test(cut_and_grown_are_refused),
        cmocka_unit_test(other_log_and_key_are_refused),
        cmocka_unit_test(sizes_must_fit),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
