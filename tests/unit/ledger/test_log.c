/* The log: what was appended comes back on replay, and nothing else does. */
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

static void same_log(const struct ak_ledger_log *a, const struct ak_ledger_log *b)
{
    uint8_t root_a[32];
    uint8_t root_b[32];
    ak_merkle_root(&a->tree, root_a);
    ak_merkle_root(&b->tree, root_b);
    assert_memory_equal(root_a, root_b, 32);
    assert_int_equal(a->tree.size, b->tree.size);
    assert_memory_equal(a->control_leaf, b->control_leaf, 32);
    assert_memory_equal(a->record_mac, b->record_mac, 32);
    assert_int_equal(a->record_size, b->record_size);
    assert_int_equal(a->counter, b->counter);
    assert_int_equal(a->time_ms, b->time_ms);
}

struct seen {
    struct fixture *f;
    uint64_t next;
    uint64_t stop_at; /* the visitor fails there */
};

static enum ak_err see(
    void *ctx, const struct ak_entry_ref *ref, const struct ak_entry *entry, struct ak_span bytes)
{
    struct seen *seen = (struct seen *)ctx;
    assert_int_equal(ref->index, seen->next);
    assert_memory_equal(ref->leaf, seen->f->leaf[ref->index], 32);
    assert_true(ak_span_eq(bytes, seen->f->entries[ref->index]));
    assert_int_equal(entry->type, fixture_entry(ref->index).type);
    if (ref->index == seen->stop_at) return AK_E_MEANING;
    seen->next++;
    return AK_OK;
}

static void replay_gives_the_same_log(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    struct seen seen = {f, 0, UINT64_MAX};
    struct ak_ledger_visitor visitor = {see, &seen};
    struct ak_ledger_log log;
    ak_ledger_log_init(&log, f->log_id);
    for (size_t b = 0; b < 2; b++)
        assert_int_equal(
            ak_ledger_replay(&log, &f->mac_key, f->segments[b], f->records[b], &visitor, NULL), AK_OK);
    assert_int_equal(seen.next, FIXTURE_ENTRIES);
    same_log(&log, &f->log);
}

static enum ak_err replay(struct fixture *f, struct ak_ledger_log *log, struct ak_span segment,
    struct ak_span record, uint64_t *out_bad)
{
    struct ak_ledger_log before = *log;
    enum ak_err err = ak_ledger_replay(log, &f->mac_key, segment, record, NULL, out_bad);
    if (err != AK_OK) assert_memory_equal(log, &before, sizeof before);
    return err;
}

/* I11: cut out, repeated, swapped, of another log: none is taken, and the log stays as it was. */
static void batches_are_taken_in_their_order_only(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    struct ak_ledger_log log;
    uint64_t bad = 0;
    ak_ledger_log_init(&log, f->log_id);
    assert_int_equal(replay(f, &log, f->segments[1], f->records[1], &bad), AK_E_AUTH);
    assert_int_equal(bad, 0);
    assert_int_equal(replay(f, &log, f->segments[1], f->records[0], &bad), AK_E_FORMAT);
    assert_int_equal(replay(f, &log, f->segments[0], f->records[0], &bad), AK_OK);
    assert_int_equal(replay(f, &log, f->segments[0], f->records[0], &bad), AK_E_AUTH);
    assert_int_equal(bad, FIXTURE_FIRST_BATCH);
    struct ak_ledger_log other = log;
    other.log_id[0] ^= 1;
    assert_int_equal(replay(f, &other, f->segments[1], f->records[1], &bad), AK_E_AUTH);
    other = log;
    other.record_mac[0] ^= 1;
    assert_int_equal(replay(f, &other, f->segments[1], f->records[1], &bad), AK_E_AUTH);
    other = log;
    other.counter = 4;
    assert_int_equal(replay(f, &other, f->segments[1], f->records[1], &bad), AK_E_AUTH);
    other = log;
    other.control_leaf[0] ^= 1;
    assert_int_equal(replay(f, &other, f->segments[1], f->records[1], &bad), AK_E_AUTH);
    assert_int_equal(bad, 7);
    other = log;
    other.time_ms = FIXTURE_TIME_MS + 6500;
    assert_int_equal(replay(f, &other, f->segments[1], f->records[1], &bad), AK_E_AUTH);
    assert_int_equal(bad, 5);
    assert_int_equal(replay(f, &log, f->segments[1], f->records[1], &bad), AK_OK);
}

/* Under the right key and after the right record, but for another place. */
static void a_record_of_another_place_is_refused(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t bytes[AK_RECORD_LEN_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_ledger_log log;
    struct ak_batch_record record;
    uint64_t bad = 0;
    ak_ledger_log_init(&log, f->log_id);
    assert_int_equal(replay(f, &log, f->segments[0], f->records[0], &bad), AK_OK);
    assert_int_equal(ak_batch_record_open(f->records[1], &f->mac_key, f->log_id, &record), AK_OK);
    record.first++;
    record.size++;
    assert_int_equal(ak_batch_record_seal(&record, &f->mac_key, &buf), AK_OK);
    assert_int_equal(replay(f, &log, f->segments[1], ak_buf_span(&buf), &bad), AK_E_AUTH);
}

static void each_altered_byte_of_a_segment_is_refused(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    static uint8_t bytes[16384];
    struct ak_span segment = ak_span(bytes, f->segments[0].len);
    struct ak_ledger_log log;
    uint64_t bad = 0;
    ak_ledger_log_init(&log, f->log_id);
    memcpy(bytes, f->segments[0].ptr, segment.len);
    for (size_t at = 0; at < segment.len; at++) {
        bytes[at] ^= 0x01;
        enum ak_err err = replay(f, &log, segment, f->records[0], &bad);
        assert_true(err == AK_E_AUTH || err == AK_E_FORMAT);
        bytes[at] ^= 0x01;
    }
    for (size_t len = 0; len < segment.len; len++)
        assert_int_equal(replay(f, &log, ak_span(bytes, len), f->records[0], &bad), AK_E_FORMAT);
    assert_int_equal(replay(f, &log, segment, f->records[0], &bad), AK_OK);
}

static void visitor_stops_the_replay(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    struct seen seen = {f, 0, 3};
    struct ak_ledger_visitor visitor = {see, &seen};
    struct ak_ledger_log log;
    struct ak_ledger_log before;
    uint64_t bad = 0;
    ak_ledger_log_init(&log, f->log_id);
    before = log;
    assert_int_equal(
        ak_ledger_replay(&log, &f->mac_key, f->segments[0], f->records[0], &visitor, &bad), AK_E_MEANING);
    assert_int_equal(bad, 3);
    assert_memory_equal(&log, &before, sizeof log);
}

/* A batch made by hand, with a good record over whatever entry bytes are given. */
static enum ak_err replay_of(struct fixture *f, struct ak_span entry)
{
    static uint8_t segment_bytes[8192];
    uint8_t record_bytes[AK_RECORD_LEN_MAX];
    struct ak_buf segment = AK_BUF_ARR(segment_bytes);
    struct ak_buf record = AK_BUF_ARR(record_bytes);
    struct ak_ledger_log log;
    uint64_t bad = 9;
    ak_ledger_log_init(&log, f->log_id);
    ak_segment_put(&segment, entry);
    struct ak_batch_record r = {.first = 0, .count = 1, .size = 1};
    memcpy(r.log_id, f->log_id, 16);
    ak_merkle_leaf(entry, r.root);
    assert_int_equal(ak_batch_record_seal(&r, &f->mac_key, &record), AK_OK);
    enum ak_err err = replay(f, &log, ak_buf_span(&segment), ak_buf_span(&record), &bad);
    assert_int_equal(bad, 0);
    return err;
}

/* Even under a good record a control entry needs its own HMAC, and an unknown one stops the start. */
static void entries_are_checked_under_a_good_record(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t bytes[AK_LIMIT_ENTRY] = {0};
    assert_int_equal(replay_of(f, f->entries[0]), AK_OK);
    assert_int_equal(replay_of(f, f->entries[1]), AK_E_AUTH);
    assert_int_equal(replay_of(f, f->entries[5]), AK_OK);
    struct ak_span first = f->entries[0];
    memcpy(bytes, first.ptr, first.len);
    bytes[4] = 2; /* the type */
    assert_int_equal(replay_of(f, ak_span(bytes, first.len)), AK_E_FORMAT);
    bytes[4] = 0x18; /* of two bytes: 100 */
    bytes[5] = 100;
    memcpy(bytes + 6, first.ptr + 5, first.len - 5);
    assert_int_equal(replay_of(f, ak_span(bytes, first.len + 1)), AK_E_UNSUPPORTED);
}

static void append_refuses_and_leaves_all_as_it_was(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    static uint8_t segment_bytes[8192];
    uint8_t leaf_bytes[64];
    uint8_t record_bytes[AK_RECORD_LEN_MAX];
    struct ak_ledger_log log = f->log;
    struct ak_ledger_batch batch;
    struct ak_entry_ref ref;
    ak_ledger_batch_begin(&log, &batch, AK_BUF_ARR(segment_bytes), AK_BUF_ARR(leaf_bytes));
    struct ak_buf record = AK_BUF_ARR(record_bytes);
    assert_int_equal(ak_ledger_batch_end(&log, &batch, &f->mac_key, 9, &record), AK_E_STATE);

    struct ak_entry entry = fixture_entry(1);
    entry.time_ms = log.time_ms - 1;
    assert_int_equal(ak_ledger_append(&log, &batch, &f->mac_key, &entry, &ref), AK_E_ARG);
    entry.time_ms = log.time_ms;
    assert_int_equal(ak_ledger_append(&log, &batch, NULL, &entry, &ref), AK_E_ARG);
    assert_int_equal(batch.entries.len, 0);
    assert_int_equal(ak_ledger_append(&log, &batch, &f->mac_key, &entry, &ref), AK_OK);
    assert_int_equal(ref.index, FIXTURE_ENTRIES);
    size_t len = batch.entries.len;

    struct ak_buf entries = batch.entries;
    batch.entries.cap = len + 3;
    assert_int_equal(ak_ledger_append(&log, &batch, &f->mac_key, &entry, &ref), AK_E_FULL);
    batch.entries.cap = 2 * len - 1;
    assert_int_equal(ak_ledger_append(&log, &batch, &f->mac_key, &entry, &ref), AK_E_FULL);
    assert_int_equal(batch.entries.len, len);
    assert_int_equal(log.tree.size, FIXTURE_ENTRIES + 1);
    batch.entries.cap = 2 * len;
    assert_int_equal(ak_ledger_append(&log, &batch, &f->mac_key, &entry, &ref), AK_OK);
    batch.entries.cap = entries.cap;
    assert_int_equal(ak_ledger_append(&log, &batch, &f->mac_key, &entry, &ref), AK_E_FULL); /* leaves */
    assert_int_equal(batch.count, 2);

    assert_int_equal(ak_ledger_batch_end(&log, &batch, &f->mac_key, 2, &record), AK_E_ARG);
    struct ak_buf small = ak_buf(record_bytes, 20);
    assert_int_equal(ak_ledger_batch_end(&log, &batch, &f->mac_key, 3, &small), AK_E_FULL);
    assert_int_equal(log.record_size, FIXTURE_ENTRIES);
    assert_int_equal(ak_ledger_batch_end(&log, &batch, &f->mac_key, 3, &record), AK_OK);
    struct ak_ledger_log back = f->log;
    assert_int_equal(replay(f, &back, ak_buf_span(&batch.entries), ak_buf_span(&record), NULL), AK_OK);
    same_log(&back, &log);
}

/* A batch of the greatest count, over a place where a tile completes. */
static void greatest_batch(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    static uint8_t segment_bytes[AK_SEGMENT_LEN_MAX + 1];
    static uint8_t leaf_bytes[(AK_SEGMENT_ENTRIES_MAX + 1) * 32];
    uint8_t record_bytes[AK_RECORD_LEN_MAX];
    struct ak_ledger_log log;
    struct ak_ledger_batch batch;
    struct ak_entry_ref ref;
    ak_ledger_log_init(&log, f->log_id);
    log.tree.size = 65536 - 300; /* peaks of such a tree do not matter here */
    log.record_size = log.tree.size;
    struct ak_ledger_log before = log;
    ak_ledger_batch_begin(&log, &batch, AK_BUF_ARR(segment_bytes), AK_BUF_ARR(leaf_bytes));
    assert_int_equal(batch.entries.cap, AK_SEGMENT_LEN_MAX);
    struct ak_entry entry = fixture_entry(1);
    for (size_t i = 0; i < AK_SEGMENT_ENTRIES_MAX; i++)
        assert_int_equal(ak_ledger_append(&log, &batch, &f->mac_key, &entry, &ref), AK_OK);
    assert_int_equal(ak_ledger_append(&log, &batch, &f->mac_key, &entry, &ref), AK_E_FULL);
    assert_int_equal(batch.subtree_count, 5); /* level 8 at 65280, 65536, 65792, 66048; level 16 at 65536 */
    assert_int_equal(batch.subtrees[1].level, 8);
    assert_int_equal(batch.subtrees[1].index, 255);
    assert_int_equal(batch.subtrees[2].level, 16);
    assert_int_equal(batch.subtrees[2].index, 0);
    struct ak_buf record = AK_BUF_ARR(record_bytes);
    assert_int_equal(ak_ledger_batch_end(&log, &batch, &f->mac_key, 0, &record), AK_OK);
    assert_int_equal(replay(f, &before, ak_buf_span(&batch.entries), ak_buf_span(&record), NULL), AK_OK);
    same_log(&before, &log);
}

static void state_round_trips(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t bytes[AK_LEDGER_LOG_STATE_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_ledger_log log;
    ak_ledger_log_put(&f->log, &buf);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    struct ak_reader reader = ak_reader(ak_buf_span(&buf));
    assert_int_equal(ak_ledger_log_read(&reader, &log), AK_OK);
    assert_int_equal(ak_reader_finish(&reader), AK_OK);
    same_log(&log, &f->log);
    for (size_t len = 0; len < buf.len; len++) {
        reader = ak_reader(ak_span(bytes, len));
        assert_int_equal(ak_ledger_log_read(&reader, &log), AK_E_FORMAT);
        assert_int_equal(log.tree.size, 0);
    }
    bytes[0] = 2;
    reader = ak_reader(ak_buf_span(&buf));
    assert_int_equal(ak_ledger_log_read(&reader, &log), AK_E_FORMAT);
}

static void greatest_state_fits(void **state)
{
    struct fixture *f = (struct fixture *)*state;
    uint8_t bytes[AK_LEDGER_LOG_STATE_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_ledger_log log = f->log;
    log.tree.size = (UINT64_C(1) << 63) - 1;
    log.record_size = log.tree.size;
    ak_ledger_log_put(&log, &buf);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    struct ak_reader reader = ak_reader(ak_buf_span(&buf));
    assert_int_equal(ak_ledger_log_read(&reader, &log), AK_OK);
    bytes[17] |= 0x80; /* 2^63 leaves: impossible */
    reader = ak_reader(ak_buf_span(&buf));
    assert_int_equal(ak_ledger_log_read(&reader, &log), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(replay_gives_the_same_log),
        cmocka_unit_test(batches_are_taken_in_their_order_only),
        cmocka_unit_test(a_record_of_another_place_is_refused),
        cmocka_unit_test(each_altered_byte_of_a_segment_is_refused),
        cmocka_unit_test(visitor_stops_the_replay),
        cmocka_unit_test(entries_are_checked_under_a_good_record),
        cmocka_unit_test(append_refuses_and_leaves_all_as_it_was),
        cmocka_unit_test(greatest_batch),
        cmocka_unit_test(state_round_trips),
        cmocka_unit_test(greatest_state_fits),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
