/* DEKs and the store of them: wrapped for one place, kept in one order, read back only whole and unaltered.
 */
#include "unit/check.h"

#include "unit/vault/given.h"

enum { RECORDS = 6, FILE_MAX = AK_EPOCH_HEAD_LEN + RECORDS * AK_EPOCH_RECORD_LEN + 16 };

static struct ak_secret32 shielding, ek;
static uint8_t log_id[16], nonce[12];
static uint8_t memory[FILE_MAX + 1], copy[FILE_MAX + 1];
static struct ak_epoch_record records[RECORDS], read_back[RECORDS];
static struct ak_epoch_table table, found;
static struct ak_buf file;

static int setup(void **state)
{
    (void)state;
    shielding = given_secret(0x5e);
    ek = given_secret(0xe4);
    memset(log_id, 0x10, sizeof log_id);
    memset(nonce, 0x0c, sizeof nonce);
    return 0;
}

static struct ak_epoch_record record_of(uint8_t anchor, uint32_t epoch, uint8_t dek_id)
{
    struct ak_epoch_key key = given_key(anchor, epoch, dek_id);
    struct ak_secret32 dek = given_secret(0xde);
    struct ak_epoch_record record;
    assert_int_equal(ak_dek_wrap(&shielding, &key, nonce, &dek, &record), AK_OK);
    return record;
}

static void add(uint8_t anchor, uint32_t epoch, uint8_t dek_id)
{
    struct ak_epoch_record record = record_of(anchor, epoch, dek_id);
    assert_int_equal(ak_epoch_add(&table, &record), AK_OK);
}

static void fill(void)
{
    table = ak_epoch_table(records, RECORDS);
    add(0xa2, 1, 1);
    add(0xa1, 300, 9);
    add(0xa1, 2, 4);
    add(0xa1, 2, 3);
}

static void write_store(const struct ak_epoch_change *change)
{
    file = AK_BUF_ARR(memory);
    assert_int_equal(ak_epoch_store_encode(&table, change, 1, log_id, nonce, &ek, &file), AK_OK);
}

static enum ak_err read_store(size_t len, const uint8_t *log, const struct ak_secret32 *key)
{
    memcpy(copy, memory, len);
    found = ak_epoch_table(read_back, RECORDS);
    enum ak_err err = ak_epoch_store_decode(copy, len, log, key, &found);
    if (err) assert_int_equal(found.count, 0);
    return err;
}

static void dek_opens_for_its_place_only(void **state)
{
    (void)state;
    struct ak_epoch_record record = record_of(0xa1, 2, 0xd2), other;
    struct ak_secret32 dek, expected = given_secret(0xde), wrong = given_secret(0x5f);
    assert_int_equal(ak_dek_unwrap(&shielding, &record, &dek), AK_OK);
    assert_memory_equal(dek.bytes, expected.bytes, 32);
    assert_int_equal(ak_dek_unwrap(&wrong, &record, &dek), AK_E_AUTH);
    for (size_t i = 0; i < sizeof record; i++) {
        other = record;
        ((uint8_t *)&other)[i] ^= 0x80;
        assert_int_equal(ak_dek_unwrap(&shielding, &other, &dek), AK_E_AUTH);
        for (size_t j = 0; j < 32; j++) assert_int_equal(dek.bytes[j], 0);
    }
}

static void table_is_sorted_and_never_replaces(void **state)
{
    (void)state;
    fill();
    assert_int_equal(table.count, 4);
    static const uint8_t ids[] = {3, 4, 9, 1};
    for (size_t i = 0; i < 4; i++) assert_int_equal(records[i].key.dek_id[0], ids[i]);
    struct ak_epoch_record again = record_of(0xa1, 2, 4);
    assert_int_equal(ak_epoch_add(&table, &again), AK_E_EXISTS);
    assert_ptr_equal(ak_epoch_find(&table, &again.key), &records[1]);
    struct ak_epoch_key missing = given_key(0xa1, 2, 5);
    assert_null(ak_epoch_find(&table, &missing));
    missing = given_key(0xff, 1, 1);
    assert_null(ak_epoch_find(&table, &missing));
    add(0xa3, 1, 1);
    add(0xa4, 1, 1);
    again = record_of(0xa5, 1, 1);
    assert_int_equal(ak_epoch_add(&table, &again), AK_E_FULL);
    assert_int_equal(table.count, 6);
}

static bool keep_a1(void *ctx, const struct ak_epoch_key *key)
{
    (*(size_t *)ctx)++;
    return key->anchor[0] == 0xa1 && key->dek_id[0] != 3;
}

static void what_is_not_kept_is_wiped(void **state)
{
    (void)state;
    static const struct ak_epoch_record zero;
    size_t asked = 0;
    fill();
    assert_int_equal(ak_epoch_keep(&table, keep_a1, &asked), 2);
    assert_int_equal(asked, 4);
    assert_int_equal(table.count, 2);
    assert_int_equal(records[0].key.dek_id[0], 4);
    assert_int_equal(records[1].key.dek_id[0], 9);
    assert_memory_equal(&records[2], &zero, sizeof zero);
    assert_memory_equal(&records[3], &zero, sizeof zero);
    asked = 0;
    assert_int_equal(ak_epoch_keep(&table, keep_a1, &asked), 0);
}

static void store_round_trips(void **state)
{
    (void)state;
    struct ak_epoch_store_head head;
    fill();
    write_store(NULL);
    assert_int_equal(file.len, ak_epoch_store_len(4));
    assert_int_equal(ak_epoch_store_parse(ak_buf_span(&file), &head), AK_OK);
    assert_int_equal(head.slot, 1);
    assert_int_equal(head.count, 4);
    assert_int_equal(read_store(file.len, log_id, &ek), AK_OK);
    assert_int_equal(found.count, 4);
    assert_memory_equal(read_back, records, 4 * sizeof *records);
    table.count = 0;
    write_store(NULL);
    assert_int_equal(read_store(file.len, log_id, &ek), AK_OK);
    assert_int_equal(found.count, 0);
}

static void store_takes_a_change(void **state)
{
    (void)state;
    struct ak_epoch_record extra[2] = {record_of(0xa1, 5, 1), record_of(0xa3, 1, 1)};
    struct ak_epoch_key without[2] = {
        given_key(0xa1, 2, 3), given_key(0xa1, 7, 7)}; /* the second is not there */
    struct ak_epoch_change change = {extra, 2, without, 2};
    fill();
    write_store(&change);
    assert_int_equal(read_store(file.len, log_id, &ek), AK_OK);
    static const uint8_t anchors[] = {0xa1, 0xa1, 0xa1, 0xa2, 0xa3};
    static const uint16_t epochs[] = {2, 5, 300, 1, 1};
    assert_int_equal(found.count, 5);
    for (size_t i = 0; i < 5; i++) {
        assert_int_equal(read_back[i].key.anchor[0], anchors[i]);
        assert_int_equal(read_back[i].key.epoch, epochs[i]);
    }
    assert_int_equal(table.count, 4);
}

static enum ak_err change_refused(const struct ak_epoch_change *change, size_t cap)
{
    file = ak_buf(memory, cap);
    enum ak_err err = ak_epoch_store_encode(&table, change, 1, log_id, nonce, &ek, &file);
    assert_int_equal(file.len, 0);
    assert_false(file.failed);
    return err;
}

static void bad_changes_are_refused(void **state)
{
    (void)state;
    struct ak_epoch_record there = record_of(0xa1, 2, 4);
    struct ak_epoch_record falling[2] = {record_of(0xa3, 1, 1), record_of(0xa1, 5, 1)};
    struct ak_epoch_key keys[2] = {given_key(0xa1, 7, 7), given_key(0xa1, 2, 3)};
    fill();
    struct ak_epoch_change change = {&there, 1, NULL, 0};
    assert_int_equal(change_refused(&change, FILE_MAX), AK_E_EXISTS);
    change = (struct ak_epoch_change){falling, 2, NULL, 0};
    assert_int_equal(change_refused(&change, FILE_MAX), AK_E_ARG);
    change = (struct ak_epoch_change){NULL, 0, keys, 2};
    assert_int_equal(change_refused(&change, FILE_MAX), AK_E_ARG);
    assert_int_equal(change_refused(NULL, ak_epoch_store_len(4) - 1), AK_E_FULL);
    assert_int_equal(change_refused(NULL, ak_epoch_store_len(4) - 17), AK_E_FULL);
    file = AK_BUF_ARR(memory);
    assert_int_equal(ak_epoch_store_encode(&table, NULL, 2, log_id, nonce, &ek, &file), AK_E_ARG);
}

static void each_byte_and_cut_of_the_store_is_refused(void **state)
{
    (void)state;
    fill();
    write_store(NULL);
    for (size_t i = 0; i < file.len; i++) {
        memory[i] ^= 0x01;
        enum ak_err err = read_store(file.len, log_id, &ek);
        assert_true(err == AK_E_AUTH || err == AK_E_FORMAT || err == AK_E_UNSUPPORTED || err == AK_E_LIMIT);
        memory[i] ^= 0x01;
    }
    for (size_t len = 0; len < file.len; len++) assert_int_equal(read_store(len, log_id, &ek), AK_E_FORMAT);
    memory[file.len] = 0;
    assert_int_equal(read_store(file.len + 1, log_id, &ek), AK_E_FORMAT);
}

static void another_key_or_log_does_not_open(void **state)
{
    (void)state;
    struct ak_secret32 other = given_secret(0xe5);
    uint8_t other_log[16] = {0};
    fill();
    write_store(NULL);
    assert_int_equal(read_store(file.len, log_id, &other), AK_E_AUTH);
    assert_int_equal(read_store(file.len, other_log, &ek), AK_E_AUTH);
    memcpy(copy, memory, file.len);
    found = ak_epoch_table(read_back, 3);
    assert_int_equal(ak_epoch_store_decode(copy, file.len, log_id, &ek, &found), AK_E_FULL);
}

/* Under a valid tag, too: order and count. */
static void records_out_of_order_are_refused(void **state)
{
    (void)state;
    struct ak_epoch_record swap;
    fill();
    swap = records[0];
    records[0] = records[1];
    records[1] = swap;
    write_store(NULL);
    assert_int_equal(read_store(file.len, log_id, &ek), AK_E_FORMAT);
    records[0] = records[1];
    write_store(NULL);
    assert_int_equal(read_store(file.len, log_id, &ek), AK_E_FORMAT);
}

static void count_over_the_limit_is_refused(void **state)
{
    (void)state;
    struct ak_epoch_store_head head;
    fill();
    write_store(NULL);
    memory[24] = 0xff;
    assert_int_equal(ak_epoch_store_parse(ak_buf_span(&file), &head), AK_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(dek_opens_for_its_place_only),
        cmocka_unit_test(table_is_sorted_and_never_replaces),
        cmocka_unit_test(what_is_not_kept_is_wiped),
        cmocka_unit_test(store_round_trips),
        cmocka_unit_test(store_takes_a_change),
        cmocka_unit_test(bad_changes_are_refused),
        cmocka_unit_test(each_byte_and_cut_of_the_store_is_refused),
        cmocka_unit_test(another_key_or_log_does_not_open),
        cmocka_unit_test(records_out_of_order_are_refused),
        cmocka_unit_test(count_over_the_limit_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
