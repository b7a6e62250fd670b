/* The store: what is put comes back after reopening, wrong use and damaged files are told apart. */
#include "unit/check.h"

#include "unit/io/store/sample.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <sys/stat.h>

static struct sample s;

static int setup(void **state)
{
    (void)state;
    sample_open(&s);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    sample_close(&s);
    return 0;
}

enum { RESERVE = 1 << 16 };

static struct ak_store_options options(void)
{
    return (struct ak_store_options){.path = s.path, .reserve_len = RESERVE};
}

static struct ak_store *open_store(bool read_only)
{
    struct ak_store_options o = options();
    struct ak_store *store = NULL;
    o.read_only = read_only;
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    return store;
}

static struct ak_store *fresh(void)
{
    struct ak_store_options o = options();
    sample_remove(&s);
    assert_int_equal(ak_store_create(&o, s.log_id), AK_OK);
    return open_store(false);
}

static void created_once_and_private(void **state)
{
    (void)state;
    struct ak_store_options o = options();
    struct ak_store *store = NULL;
    struct stat st;
    sample_remove(&s);
    assert_int_equal(ak_store_open(&o, &store), AK_E_NOT_FOUND);
    assert_null(store);
    assert_int_equal(ak_store_create(&o, s.log_id), AK_OK);
    assert_int_equal(ak_store_create(&o, s.log_id), AK_E_EXISTS);
    assert_int_equal(stat(s.path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    store = open_store(false);
    assert_int_equal(stat(s.reserve, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(st.st_size, RESERVE);
    uint8_t log_id[16];
    uint64_t size = 1;
    ak_store_log_id(store, log_id);
    assert_memory_equal(log_id, s.log_id, 16);
    assert_int_equal(ak_store_height(store, &size), AK_OK);
    assert_int_equal(size, 0);
    assert_true(ak_store_reserve_whole(store));
    ak_store_close(store);
    ak_store_close(NULL);
    char beside[256];
    (void)snprintf(beside, sizeof beside, "%s-wal", s.path);
    assert_int_equal(access(beside, F_OK), 0); /* it stays, so that its place on the disk does */
    assert_int_equal(unlink(s.reserve), 0);
    assert_int_equal(symlink("/etc/passwd", s.reserve), 0); /* what a link names is no reserve */
    assert_int_equal(ak_store_open(&o, &store), AK_E_IO);
    ak_store_make_room(s.path);
    sample_remove(&s);
    (void)snprintf(beside, sizeof beside, "%s-new", s.path);
    assert_int_equal(symlink(s.reserve, beside), 0); /* left by a crash, or by somebody */
    assert_int_equal(ak_store_create(&o, s.log_id), AK_OK);
    assert_int_equal(access(s.reserve, F_OK), -1);
    o.path = "/nonexistent/ledger.db";
    assert_int_equal(ak_store_create(&o, s.log_id), AK_E_IO);
}

static void batches_come_back(void **state)
{
    (void)state;
    static const uint64_t counts[] = {1, 64, 255, 1, 1024, 3};
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    struct ak_store *store = fresh();
    for (size_t i = 0; i < AK_COUNT(counts); i++) {
        assert_int_equal(sample_append(&s, store, &tree, counts[i], i == 0), AK_OK);
        assert_int_equal(ak_store_wait(store, tree.size), AK_OK);
        assert_int_equal(ak_store_wait(store, tree.size + 1), AK_E_STATE);
    }
    sample_check(store, tree.size);
    ak_store_close(store);
    store = open_store(false);
    uint64_t size = 0;
    assert_int_equal(ak_store_height(store, &size), AK_OK);
    assert_int_equal(size, tree.size);
    sample_check(store, tree.size);
    struct ak_store_batch batch;
    assert_int_equal(ak_store_read_batch(store, 64, &batch), AK_OK);
    assert_int_equal(batch.first, 1);
    assert_int_equal(batch.count, 64);
    assert_int_equal(batch.record.len, 100);
    assert_int_equal(batch.record.ptr[99], 1);
    assert_int_equal(ak_store_read_batch(store, tree.size, &batch), AK_E_NOT_FOUND);
    assert_int_equal(ak_store_read_batch(store, UINT64_MAX, &batch), AK_E_NOT_FOUND);
    assert_int_equal(batch.count, 0);
    assert_int_equal(sample_append(&s, store, &tree, 5, false), AK_OK);
    sample_check(store, tree.size);
    ak_store_close(store);
}

static void leaves_across_batches(void **state)
{
    (void)state;
    static uint8_t leaves[700 * 32];
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    struct ak_store *store = fresh();
    for (size_t i = 0; i < 12; i++) assert_int_equal(sample_append(&s, store, &tree, 50 + i, false), AK_OK);
    assert_int_equal(ak_store_read_leaves(store, 13, 600, leaves), AK_OK);
    for (uint64_t i = 0; i < 600; i++) {
        uint8_t want[32];
        sample_leaf(13 + i, want);
        assert_memory_equal(leaves + i * 32, want, 32);
    }
    assert_int_equal(ak_store_read_leaves(store, tree.size - 1, 1, leaves), AK_OK);
    assert_int_equal(ak_store_read_leaves(store, tree.size - 1, 2, leaves), AK_E_NOT_FOUND);
    assert_int_equal(ak_store_read_leaves(store, UINT64_MAX, 1, leaves), AK_E_NOT_FOUND);
    assert_int_equal(ak_store_read_leaves(store, tree.size, 0, leaves), AK_OK);
    ak_store_close(store);
}

/* Proofs out of the store verify against the frontier's root, on both sides of tile borders. */
static void proofs_from_the_store(void **state)
{
    (void)state;
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    struct ak_store *store = fresh();
    while (tree.size < 66000) assert_int_equal(sample_append(&s, store, &tree, 1000, false), AK_OK);
    struct ak_merkle_source source = ak_store_merkle_source(store);
    uint8_t root[32];
    uint8_t stored[32];
    ak_merkle_root(&tree, root);
    assert_int_equal(ak_merkle_stored_root(&source, tree.size, stored), AK_OK);
    assert_memory_equal(stored, root, 32);
    static const uint64_t indexes[] = {0, 1, 255, 256, 257, 4095, 32767, 65279, 65280, 65535, 65536, 65999};
    for (size_t i = 0; i < AK_COUNT(indexes); i++) {
        struct ak_merkle_proof proof;
        uint8_t leaf[32];
        uint8_t past[32];
        sample_leaf(indexes[i], leaf);
        assert_int_equal(ak_merkle_prove_inclusion(&source, indexes[i], tree.size, &proof), AK_OK);
        assert_int_equal(ak_merkle_verify_inclusion(leaf, indexes[i], tree.size, &proof, root), AK_OK);
        assert_int_equal(ak_merkle_past_root(&source, indexes[i] + 1, tree.size, root, past), AK_OK);
    }
    uint8_t hash[32];
    assert_int_equal(source.node(source.ctx, 16, 1, hash), AK_E_NOT_FOUND);
    assert_int_equal(source.node(source.ctx, 17, 0, hash), AK_E_NOT_FOUND);
    assert_int_equal(source.node(source.ctx, 7, UINT64_MAX, hash), AK_E_NOT_FOUND);
    assert_int_equal(source.node(source.ctx, 8, UINT64_MAX, hash), AK_E_NOT_FOUND);
    assert_int_equal(source.node(source.ctx, 64, 0, hash), AK_E_NOT_FOUND);
    ak_store_close(store);
}

static void wrong_appends_are_refused(void **state)
{
    (void)state;
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    struct ak_store *store = fresh();
    assert_int_equal(sample_append(&s, store, &tree, 3, false), AK_OK);
    sample_batch(&s, &tree, 4);
#define REFUSED(want, change)                                                                                \
    do {                                                                                                     \
        struct ak_store_batch batch = s.batch;                                                               \
        change;                                                                                              \
        assert_int_equal(ak_store_append(store, &batch, NULL, 0, false), want);                              \
    } while (0)
    REFUSED(AK_E_CONFLICT, batch.first = 2);
    REFUSED(AK_E_CONFLICT, batch.first = 4);
    REFUSED(AK_E_ARG, batch.first = UINT64_MAX);
    REFUSED(AK_E_ARG, batch.count = 0);
    REFUSED(AK_E_ARG, batch.count = 0; batch.leaves = AK_SPAN_EMPTY);
    REFUSED(AK_E_ARG, batch.count = 3);
    REFUSED(AK_E_ARG, batch.count = 1025; batch.leaves.len = 1025 * 32);
    REFUSED(AK_E_ARG, batch.entries.len = 0);
    REFUSED(AK_E_ARG, batch.entries.len = AK_SEGMENT_LEN_MAX + 1);
    REFUSED(AK_E_ARG, batch.record.len = 0);
    REFUSED(AK_E_ARG, batch.record.len = AK_RECORD_LEN_MAX + 1);
#undef REFUSED
    static const struct ak_merkle_subtree subtrees[AK_SEGMENT_ENTRIES_MAX + 1];
    assert_int_equal(ak_store_append(store, &s.batch, subtrees, AK_COUNT(subtrees), false), AK_E_ARG);
    assert_int_equal(ak_store_append(store, &s.batch, NULL, 0, false), AK_OK);
    ak_store_close(store);
    store = open_store(true);
    assert_int_equal(ak_store_append(store, &s.batch, NULL, 0, false), AK_E_ARG);
    assert_int_equal(ak_store_meta_put(store, "k", AK_SPAN_LIT("v")), AK_E_ARG);
    ak_store_close(store);
}

static void reader_sees_what_the_writer_appends(void **state)
{
    (void)state;
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    struct ak_store *writer = fresh();
    struct ak_store *reader = open_store(true);
    uint64_t size = 1;
    assert_int_equal(ak_store_height(reader, &size), AK_OK);
    assert_int_equal(size, 0);
    for (size_t i = 0; i < 30; i++) {
        assert_int_equal(sample_append(&s, writer, &tree, 7, false), AK_OK);
        assert_int_equal(ak_store_height(reader, &size), AK_OK);
        assert_int_equal(size, tree.size);
        sample_check(reader, size);
    }
    ak_store_close(reader);
    ak_store_close(writer);
}

static void meta_values(void **state)
{
    (void)state;
    static uint8_t big[AK_STORE_META_VALUE_MAX + 1];
    static uint8_t back[AK_STORE_META_VALUE_MAX];
    size_t len = 0;
    struct ak_store *store = fresh();
    assert_int_equal(ak_store_meta_get(store, "k", back, sizeof back, &len), AK_E_NOT_FOUND);
    assert_int_equal(ak_store_meta_put(store, "k", AK_SPAN_LIT("one")), AK_OK);
    assert_int_equal(ak_store_meta_put(store, "k", AK_SPAN_LIT("second")), AK_OK);
    assert_int_equal(ak_store_meta_get(store, "k", back, 5, &len), AK_E_LIMIT);
    assert_int_equal(len, 0);
    assert_int_equal(ak_store_meta_get(store, "k", back, 6, &len), AK_OK);
    assert_int_equal(len, 6);
    assert_memory_equal(back, "second", 6);
    assert_int_equal(ak_store_meta_put(store, "big", ak_span(big, AK_STORE_META_VALUE_MAX)), AK_OK);
    assert_int_equal(ak_store_meta_get(store, "big", back, sizeof back, &len), AK_OK);
    assert_int_equal(len, AK_STORE_META_VALUE_MAX);
    assert_int_equal(ak_store_meta_put(store, "big", AK_SPAN_ARR(big)), AK_E_ARG);
    assert_int_equal(ak_store_meta_put(store, "none", AK_SPAN_EMPTY), AK_E_ARG);
    char key[AK_STORE_META_KEY_MAX + 2];
    memset(key, 'k', sizeof key);
    key[AK_STORE_META_KEY_MAX + 1] = 0;
    assert_int_equal(ak_store_meta_put(store, key, AK_SPAN_LIT("v")), AK_E_ARG);
    key[AK_STORE_META_KEY_MAX] = 0;
    assert_int_equal(ak_store_meta_put(store, key, AK_SPAN_LIT("v")), AK_OK);
    ak_store_close(store);
    store = open_store(false);
    assert_int_equal(ak_store_meta_get(store, "k", back, sizeof back, &len), AK_OK);
    assert_memory_equal(back, "second", 6);
    ak_store_close(store);
}

/* ---- foreign and damaged files ---- */
static void sql(const char *text)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(s.path, &db), SQLITE_OK);
    int rc = sqlite3_exec(db, text, NULL, NULL, NULL);
    if (rc != SQLITE_OK) print_error("%s: %s\n", text, sqlite3_errmsg(db));
    assert_int_equal(rc, SQLITE_OK);
    assert_int_equal(sqlite3_close(db), SQLITE_OK);
}

static enum ak_err open_only(void)
{
    struct ak_store_options o = options();
    struct ak_store *store = NULL;
    enum ak_err err = ak_store_open(&o, &store);
    ak_store_close(store);
    return err;
}

static void foreign_files_are_refused(void **state)
{
    (void)state;
    ak_store_close(fresh());
    sql("PRAGMA user_version = 2");
    assert_int_equal(open_only(), AK_E_UNSUPPORTED);
    sql("PRAGMA user_version = 1; PRAGMA application_id = 7");
    assert_int_equal(open_only(), AK_E_UNSUPPORTED);
    ak_store_close(fresh());
    sql("DROP TABLE node");
    assert_int_equal(open_only(), AK_E_FORMAT);
    ak_store_close(fresh());
    sql("DELETE FROM meta WHERE key = 'log_id'");
    assert_int_equal(open_only(), AK_E_FORMAT);
    ak_store_close(fresh());
    sql("UPDATE meta SET value = x'00' WHERE key = 'log_id'");
    assert_int_equal(open_only(), AK_E_FORMAT);
    sample_remove(&s);
    int fd = open(s.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    assert_true(fd >= 0);
    for (int i = 0; i < 1000; i++) assert_int_equal(write(fd, "no database here", 16), 16);
    assert_int_equal(close(fd), 0);
    assert_int_equal(open_only(), AK_E_FORMAT);
}

/* What a file brings beside its tables is not run. */
static void foreign_triggers_sleep(void **state)
{
    (void)state;
    struct ak_merkle_frontier tree;
    uint8_t value[8];
    size_t len = 0;
    ak_merkle_frontier_init(&tree);
    ak_store_close(fresh());
    sql("CREATE TRIGGER t AFTER INSERT ON batch BEGIN INSERT INTO meta VALUES('awake', x'01'); END");
    struct ak_store *store = open_store(false);
    assert_int_equal(sample_append(&s, store, &tree, 4, false), AK_OK);
    assert_int_equal(ak_store_meta_get(store, "awake", value, sizeof value, &len), AK_E_NOT_FOUND);
    ak_store_close(store);
}

/* One row is altered; reading entry 5 (batches of 4) gives this. */
static enum ak_err read_after(const char *change)
{
    struct ak_merkle_frontier tree;
    struct ak_span entry;
    uint8_t leaf[32];
    ak_merkle_frontier_init(&tree);
    struct ak_store *store = fresh();
    for (size_t i = 0; i < 3; i++) assert_int_equal(sample_append(&s, store, &tree, 4, false), AK_OK);
    ak_store_close(store);
    sql(change);
    store = open_store(true);
    enum ak_err err = ak_store_read_entry(store, 5, &entry, leaf);
    ak_store_close(store);
    return err;
}

static void damaged_rows_are_refused(void **state)
{
    (void)state;
    assert_int_equal(read_after("SELECT 1"), AK_OK);
    assert_int_equal(read_after("UPDATE batch SET count = 5 WHERE first = 4"), AK_E_FORMAT);
    assert_int_equal(read_after("UPDATE batch SET count = 0 WHERE first = 4"), AK_E_FORMAT);
    assert_int_equal(read_after("UPDATE batch SET count = -1 WHERE first = 4"), AK_E_FORMAT);
    assert_int_equal(read_after("UPDATE batch SET leaves = x'00' WHERE first = 4"), AK_E_FORMAT);
    assert_int_equal(read_after("UPDATE batch SET leaves = zeroblob(0) WHERE first = 4"), AK_E_FORMAT);
    assert_int_equal(read_after("UPDATE batch SET entries = zeroblob(9) WHERE first = 4"), AK_E_FORMAT);
    assert_int_equal(read_after("UPDATE batch SET entries = zeroblob(1048577) WHERE first = 4"), AK_E_FORMAT);
    assert_int_equal(read_after("UPDATE batch SET entries = zeroblob(2000000) WHERE first = 4"), AK_E_FORMAT);
    assert_int_equal(
        read_after("UPDATE batch SET entries = substr(entries, 1, length(entries) - 1) WHERE first = 4"),
        AK_E_FORMAT);
    assert_int_equal(read_after("DELETE FROM batch WHERE first = 4"), AK_E_NOT_FOUND);
    assert_int_equal(read_after("UPDATE batch SET first = -4 WHERE first = 4"), AK_E_NOT_FOUND);
}

/* The newest row decides the height: with an impossible place the store does not open. */
/* Entries go, all else stays; in a store that is open for reading, too. */
static void entries_are_let_go(void **state)
{
    (void)state;
    static const uint64_t counts[] = {3, 300, 2, 5};
    struct ak_merkle_frontier tree;
    struct ak_store_batch batch;
    uint8_t root[32], stored[32], value[8];
    size_t len = 0;
    ak_merkle_frontier_init(&tree);
    struct ak_store *store = fresh();
    for (size_t i = 0; i < AK_COUNT(counts); i++)
        assert_int_equal(sample_append(&s, store, &tree, counts[i], false), AK_OK);
    struct ak_store *reader = open_store(true);
    assert_int_equal(ak_store_let_go(reader, 0, 3, "k", AK_SPAN_LIT("v")), AK_E_ARG);
    assert_int_equal(ak_store_let_go(store, 3, 3, "k", AK_SPAN_LIT("v")), AK_E_ARG);
    assert_int_equal(ak_store_let_go(store, 0, tree.size + 1, "k", AK_SPAN_LIT("v")), AK_E_ARG);
    assert_int_equal(ak_store_let_go(store, 0, 3, "k", AK_SPAN_EMPTY), AK_E_ARG);
    sample_check(store, tree.size);
    assert_int_equal(ak_store_read_batch(store, 1, &batch), AK_OK); /* kept in memory, and gone from there */
    assert_int_equal(ak_store_let_go(store, 0, 304, "k", AK_SPAN_LIT("v1")), AK_OK); /* not half a batch */
    for (int again = 0; again < 2; again++) {
        assert_int_equal(ak_store_read_batch(store, 1, &batch), AK_OK);
        assert_int_equal(batch.entries.len, 0);
        assert_int_equal(batch.leaves.len, 96);
        assert_int_equal(batch.record.len, 100);
        assert_int_equal(ak_store_read_batch(reader, 302, &batch), AK_OK);
        assert_int_equal(batch.entries.len, 0);
        assert_int_equal(ak_store_read_batch(store, 303, &batch), AK_OK);
        assert_true(batch.entries.len > 0);
        struct ak_merkle_source source = ak_store_merkle_source(store);
        ak_merkle_root(&tree, root);
        assert_int_equal(ak_merkle_stored_root(&source, tree.size, stored), AK_OK);
        assert_memory_equal(root, stored, 32);
        assert_int_equal(ak_store_meta_get(reader, "k", value, sizeof value, &len), AK_OK);
        assert_int_equal(len, 2);
        ak_store_close(store);
        store = open_store(false);
    }
    assert_int_equal(ak_store_let_go(store, 303, tree.size, "k", AK_SPAN_LIT("v2")), AK_OK);
    assert_int_equal(sample_append(&s, store, &tree, 7, false), AK_OK); /* the height is what it was */
    ak_store_close(reader);
    ak_store_close(store);
}

static void impossible_height_is_refused(void **state)
{
    (void)state;
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    struct ak_store *store = fresh();
    assert_int_equal(sample_append(&s, store, &tree, 4, false), AK_OK);
    ak_store_close(store);
    sql("UPDATE batch SET count = 100000");
    assert_int_equal(open_only(), AK_E_FORMAT);
    sql("UPDATE batch SET count = 4, first = 9223372036854775807");
    assert_int_equal(open_only(), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(created_once_and_private),
        cmocka_unit_test(batches_come_back),
        cmocka_unit_test(leaves_across_batches),
        cmocka_unit_test(proofs_from_the_store),
        cmocka_unit_test(wrong_appends_are_refused),
        cmocka_unit_test(reader_sees_what_the_writer_appends),
        cmocka_unit_test(meta_values),
        cmocka_unit_test(foreign_triggers_sleep),
        cmocka_unit_test(foreign_files_are_refused),
        cmocka_unit_test(damaged_rows_are_refused),
        cmocka_unit_test(entries_are_let_go),
        cmocka_unit_test(impossible_height_is_refused),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
