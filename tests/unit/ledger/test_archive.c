/* What says which entries are in files: only the keeper writes it, of this log, and nothing else reads. */
#include "unit/check.h"

#include "core/ledger/archive.h"
#include "unit/ledger/fixture.h"

static struct fixture f;
static struct ak_ledger_archive archive;
static uint8_t record_bytes[AK_ARCHIVE_RECORD_MAX];
static struct ak_buf record;

/* The log after each batch; the archive of both as two files. */
static struct ak_ledger_log logs[2];

static int setup(void **state)
{
    (void)state;
    struct ak_ledger_log log;
    fixture_open(&f);
    memset(&archive, 0, sizeof archive);
    ak_ledger_log_init(&log, f.log_id);
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(ak_ledger_replay(&log, &f.mac_key, f.segments[i], f.records[i], NULL, NULL), AK_OK);
        logs[i] = log;
        assert_int_equal(ak_ledger_archive_add(&archive, &log), AK_OK);
    }
    record = AK_BUF_ARR(record_bytes);
    assert_int_equal(ak_ledger_archive_seal(&archive, &f.mac_key, &record), AK_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    fixture_close(&f);
    return 0;
}

static enum ak_err open_bytes(struct ak_span bytes)
{
    static struct ak_ledger_archive found;
    enum ak_err err = ak_ledger_archive_open(bytes, &f.mac_key, f.log_id, &found);
    if (err) assert_int_equal(ak_ledger_archived(&found), 0);
    return err;
}

static void comes_back(void **state)
{
    (void)state;
    static struct ak_ledger_archive found;
    assert_int_equal(ak_ledger_archive_open(ak_buf_span(&record), &f.mac_key, f.log_id, &found), AK_OK);
    assert_int_equal(found.count, 2);
    assert_int_equal(found.sizes[0], FIXTURE_FIRST_BATCH);
    assert_int_equal(ak_ledger_archived(&found), FIXTURE_ENTRIES);
    assert_memory_equal(found.log.control_leaf, logs[1].control_leaf, 32);
    assert_memory_equal(found.log.record_mac, logs[1].record_mac, 32);
    assert_int_equal(found.log.time_ms, logs[1].time_ms);
}

static void finds_the_file_of_an_entry(void **state)
{
    (void)state;
    size_t file = 9;
    uint64_t from = 9;
    for (uint64_t i = 0; i < FIXTURE_ENTRIES; i++) {
        assert_int_equal(ak_ledger_archive_find(&archive, i, &file, &from), AK_OK);
        assert_int_equal(file, i >= FIXTURE_FIRST_BATCH);
        assert_int_equal(from, i >= FIXTURE_FIRST_BATCH ? FIXTURE_FIRST_BATCH : 0);
    }
    assert_int_equal(ak_ledger_archive_find(&archive, FIXTURE_ENTRIES, &file, &from), AK_E_NOT_FOUND);
    static const struct ak_ledger_archive none;
    assert_int_equal(ak_ledger_archived(&none), 0);
    assert_int_equal(ak_ledger_archive_find(&none, 0, &file, &from), AK_E_NOT_FOUND);
}

static void each_altered_or_missing_byte_is_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < record.len; at++) {
        record_bytes[at] ^= 1;
        assert_int_equal(open_bytes(ak_buf_span(&record)), AK_E_AUTH);
        record_bytes[at] ^= 1;
    }
    for (size_t len = 0; len < record.len; len++)
        assert_int_equal(open_bytes(ak_span(record_bytes, len)), len <= 32 ? AK_E_FORMAT : AK_E_AUTH);
    assert_int_equal(open_bytes(ak_buf_span(&record)), AK_OK);
    uint8_t other[16];
    memcpy(other, f.log_id, sizeof other);
    other[0] ^= 1;
    static struct ak_ledger_archive found;
    assert_int_equal(ak_ledger_archive_open(ak_buf_span(&record), &f.mac_key, other, &found), AK_E_AUTH);
}

/* Under the right key, but not of the form. */
static enum ak_err open_covered(struct ak_span covered)
{
    static uint8_t bytes[AK_ARCHIVE_RECORD_MAX + 64];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    uint8_t mac[32];
    struct ak_span parts[] = {AK_SPAN_LIT("agentkeys-archive-mac-v1:"), covered};
    ak_hmac_key_mac(&f.mac_key, parts, 2, mac);
    ak_buf_put(&buf, covered);
    ak_buf_put(&buf, AK_SPAN_ARR(mac));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    return open_bytes(ak_buf_span(&buf));
}

static void a_good_mac_alone_is_not_enough(void **state)
{
    (void)state;
    enum { COUNT_AT = 1, SIZES_AT = 5 };
    static uint8_t bytes[AK_ARCHIVE_RECORD_MAX + 8];
    struct ak_span covered = ak_span(bytes, record.len - 32);
    memcpy(bytes, record_bytes, record.len);
    assert_int_equal(open_covered(covered), AK_OK);
    static const struct {
        size_t at;
        uint8_t value;
    } bad[] = {{0, 2}, {COUNT_AT + 3, 0}, {COUNT_AT + 2, 5}, {COUNT_AT + 3, 1}, {COUNT_AT + 3, 3},
        {SIZES_AT + 7, 0}, {SIZES_AT + 7, FIXTURE_ENTRIES}, {SIZES_AT + 15, FIXTURE_ENTRIES + 1},
        {SIZES_AT + 16, 9}};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        uint8_t before = bytes[bad[i].at];
        bytes[bad[i].at] = bad[i].value;
        assert_int_equal(open_covered(covered), AK_E_FORMAT);
        bytes[bad[i].at] = before;
    }
    for (size_t len = 0; len < covered.len; len++)
        assert_int_equal(open_covered(ak_span(bytes, len)), AK_E_FORMAT);
    assert_int_equal(open_covered(ak_span(bytes, covered.len + 1)), AK_E_FORMAT);
}

static void files_are_added_up_to_the_limit(void **state)
{
    (void)state;
    static struct ak_ledger_archive many, found;
    struct ak_ledger_log log = logs[1];
    memset(&many, 0, sizeof many);
    assert_int_equal(ak_ledger_archive_seal(&many, &f.mac_key, &record), AK_E_ARG);
    for (size_t i = 0; i < AK_ARCHIVE_FILES_MAX; i++) {
        log.tree.size = log.record_size = 3 * i + 8;
        assert_int_equal(ak_ledger_archive_add(&many, &log), AK_OK);
        assert_int_equal(ak_ledger_archive_add(&many, &log), AK_E_ARG);
    }
    record.len = 0;
    assert_int_equal(ak_ledger_archive_seal(&many, &f.mac_key, &record), AK_OK);
    assert_int_equal(ak_ledger_archive_open(ak_buf_span(&record), &f.mac_key, f.log_id, &found), AK_OK);
    assert_int_equal(found.count, AK_ARCHIVE_FILES_MAX);
    struct ak_buf small = ak_buf(record_bytes, record.len - 1);
    assert_int_equal(ak_ledger_archive_seal(&many, &f.mac_key, &small), AK_E_FULL);
    log.tree.size++;
    assert_int_equal(ak_ledger_archive_add(&many, &log), AK_E_FULL);
}

/* ---- batches by their hashes ---- */

static void hashes_replay_as_entries_do(void **state)
{
    (void)state;
    struct ak_ledger_log log;
    ak_ledger_log_init(&log, f.log_id);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(ak_ledger_replay_leaves(&log, &f.mac_key, f.leaves[i], f.records[i]), AK_OK);
    assert_int_equal(log.tree.size, FIXTURE_ENTRIES);
    assert_memory_equal(log.record_mac, logs[1].record_mac, 32);
    assert_int_equal(log.counter, logs[1].counter);
    ak_ledger_log_init(&log, f.log_id);
    assert_int_equal(ak_ledger_replay_leaves(&log, &f.mac_key, f.leaves[0], f.records[0]), AK_OK);
    log.control_leaf[0] ^= 1; /* from the record of the archive it is right */
    uint64_t bad = 0;
    assert_int_equal(ak_ledger_replay(&log, &f.mac_key, f.segments[1], f.records[1], NULL, &bad), AK_E_AUTH);
    memcpy(log.control_leaf, logs[0].control_leaf, 32);
    assert_int_equal(ak_ledger_replay(&log, &f.mac_key, f.segments[1], f.records[1], NULL, &bad), AK_OK);
}

static void each_altered_hash_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[1024];
    struct ak_ledger_log log, before;
    struct ak_span leaves = ak_span(bytes, f.leaves[0].len);
    memcpy(bytes, f.leaves[0].ptr, leaves.len);
    ak_ledger_log_init(&log, f.log_id);
    before = log;
    for (size_t at = 0; at < leaves.len; at++) {
        bytes[at] ^= 1;
        assert_int_equal(ak_ledger_replay_leaves(&log, &f.mac_key, leaves, f.records[0]), AK_E_AUTH);
        bytes[at] ^= 1;
    }
    assert_int_equal(
        ak_ledger_replay_leaves(&log, &f.mac_key, ak_span_sub(leaves, 0, leaves.len - 32), f.records[0]),
        AK_E_FORMAT);
    assert_int_equal(ak_ledger_replay_leaves(&log, &f.mac_key, f.leaves[1], f.records[1]), AK_E_AUTH);
    assert_memory_equal(&log, &before, sizeof log);
    assert_int_equal(ak_ledger_replay_leaves(&log, &f.mac_key, leaves, f.records[0]), AK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(comes_back, setup, teardown),
        cmocka_unit_test_setup_teardown(finds_the_file_of_an_entry, setup, teardown),
        cmocka_unit_test_setup_teardown(each_altered_or_missing_byte_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_good_mac_alone_is_not_enough, setup, teardown),
        cmocka_unit_test_setup_teardown(files_are_added_up_to_the_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(hashes_replay_as_entries_do, setup, teardown),
        cmocka_unit_test_setup_teardown(each_altered_hash_is_refused, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
