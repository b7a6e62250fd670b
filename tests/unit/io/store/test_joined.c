/* Joined writes: how many there are, what is read in between, what a full disk and too many VFS do. */
#include "unit/io/store/fault_world.h"

#include <sqlite3.h>

#include "io/store/joined.h"

static struct ak_store *open_store(const char *vfs)
{
    const struct ak_store_options o = {.path = s.path, .reserve_len = 1 << 16, .vfs = vfs};
    struct ak_store *store = NULL;
    fault_reset();
    sample_remove(&s);
    assert_int_equal(ak_store_create(&o, s.log_id), AK_OK);
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    return store;
}

/* Writes and syncs of one batch, the fault VFS being below. */
static unsigned ops_of(struct ak_store *store, struct ak_merkle_frontier *tree, uint64_t count)
{
    unsigned before = fault.op;
    assert_int_equal(sample_append(&s, store, tree, count, false), AK_OK);
    return fault.op - before;
}

static void a_batch_is_one_write_and_one_sync(void **state)
{
    struct ak_merkle_frontier tree;
    (void)state;
    struct ak_store *store = open_store("ak-fault");
    ak_merkle_frontier_init(&tree);
    assert_int_equal(ops_of(store, &tree, 1), 2);
    assert_int_equal(ops_of(store, &tree, 42), 2);
    /* 1000 entries of 240 bytes with their leaves are five times what is gathered at most */
    unsigned ops = ops_of(store, &tree, 1000);
    assert_in_range(ops, 5, 8);
    sample_check(store, tree.size);
    ak_store_close(store);
}

/* Where SQLite pads a commit, its last bytes are written after the sync, and nobody would hand them on. */
static void nothing_is_joined_over_torn_sectors(void **state)
{
    struct ak_merkle_frontier tree;
    (void)state;
    struct ak_store *store = open_store("ak-fault");
    ak_store_close(store);
    const struct ak_store_options o = {.path = s.path, .reserve_len = 1 << 16, .vfs = "ak-fault"};
    fault.torn = true;
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    ak_merkle_frontier_init(&tree);
    assert_true(ops_of(store, &tree, 42) > 10);
    sample_check(store, tree.size);
    ak_store_close(store);
}

static void a_name_is_made_once(void **state)
{
    const char *first = NULL;
    const char *second = NULL;
    (void)state;
    assert_int_equal(ak_joined_vfs(NULL, &first), AK_OK);
    assert_int_equal(ak_joined_vfs(NULL, &second), AK_OK);
    assert_ptr_equal(first, second);
    assert_int_equal(ak_joined_vfs("ak-fault", &second), AK_OK);
    assert_string_equal(second, "ak-fault-joined");
    assert_int_equal(ak_joined_vfs("no such thing", &second), AK_E_NOT_FOUND);
    assert_null(second);
}

static sqlite3_vfs named(const char *name)
{
    sqlite3_vfs vfs = *sqlite3_vfs_find(NULL);
    vfs.zName = name;
    vfs.pNext = NULL;
    return vfs;
}

static void names_and_their_number_are_bounded(void **state)
{
    static const char too_long[] = "a-name-that-leaves-no-room-for-the-ending-that-it-would-be-given";
    static sqlite3_vfs more[8];
    static const char *const names[] = {"v0", "v1", "v2", "v3", "v4", "v5", "v6"};
    const char *name = NULL;
    size_t made = 0;
    (void)state;
    more[7] = named(too_long);
    assert_int_equal(sqlite3_vfs_register(&more[7], 0), SQLITE_OK);
    assert_int_equal(ak_joined_vfs(too_long, &name), AK_E_FULL);
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        more[i] = named(names[i]);
        assert_int_equal(sqlite3_vfs_register(&more[i], 0), SQLITE_OK);
        made += ak_joined_vfs(names[i], &name) == AK_OK;
    }
    assert_int_equal(made, 2); /* four, with the two before */
    assert_int_equal(ak_joined_vfs("v6", &name), AK_E_FULL);
}

/* ---- one file by itself ---- */

static sqlite3_file *open_file(const char *vfs_name, const char *path)
{
    const char *name = NULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_WAL;
    assert_int_equal(ak_joined_vfs(vfs_name, &name), AK_OK);
    sqlite3_vfs *vfs = sqlite3_vfs_find(name);
    assert_non_null(vfs);
    sqlite3_file *file = calloc(1, (size_t)vfs->szOsFile);
    assert_non_null(file);
    assert_int_equal(vfs->xOpen(vfs, path, file, flags, &flags), SQLITE_OK);
    return file;
}

static void close_file(sqlite3_file *file)
{
    assert_int_equal(file->pMethods->xClose(file), SQLITE_OK);
    free(file);
}

static void what_was_gathered_is_seen(void **state)
{
    char path[128] = {0}; /* SQLite looks for parameters behind the name */
    char bytes[8];
    sqlite3_int64 size = 0;
    (void)state;
    fault_reset();
    (void)snprintf(path, sizeof path, "%s/file.wal", s.folder);
    sqlite3_file *file = open_file("ak-fault", path);
    const sqlite3_io_methods *m = file->pMethods;
    assert_int_equal(m->xWrite(file, "ab", 2, 0), SQLITE_OK);
    assert_int_equal(m->xWrite(file, "cd", 2, 2), SQLITE_OK);
    assert_int_equal(fault.op, 0); /* still gathered */
    assert_int_equal(m->xRead(file, bytes, 4, 0), SQLITE_OK);
    assert_memory_equal(bytes, "abcd", 4);
    assert_int_equal(fault.op, 1);
    assert_int_equal(m->xWrite(file, "x", 1, 1), SQLITE_OK); /* over what is there, and with a gap behind */
    assert_int_equal(m->xWrite(file, "ef", 2, 4), SQLITE_OK);
    assert_int_equal(m->xFileSize(file, &size), SQLITE_OK);
    assert_int_equal(size, 6);
    assert_int_equal(fault.op, 3);
    assert_int_equal(m->xRead(file, bytes, 6, 0), SQLITE_OK);
    assert_memory_equal(bytes, "axcdef", 6);
    assert_int_equal(m->xWrite(file, "gh", 2, 6), SQLITE_OK);
    assert_int_equal(m->xTruncate(file, 7), SQLITE_OK);
    assert_int_equal(m->xFileSize(file, &size), SQLITE_OK);
    assert_int_equal(size, 7);
    assert_int_equal(m->xWrite(file, "z", 1, 7), SQLITE_OK);
    close_file(file);
    file = open_file("ak-fault", path);
    assert_int_equal(m->xRead(file, bytes, 8, 0), SQLITE_OK);
    assert_memory_equal(bytes, "axcdefgz", 8);
    close_file(file);
    assert_int_equal(unlink(path), 0);
}

/* The most that is gathered, one byte beside it on either side, and more than it at once. */
static void the_most_that_is_gathered(void **state)
{
    enum { MOST = 64 * 1024 };
    static uint8_t bytes[2 * MOST];
    static uint8_t got[2 * MOST];
    static const struct {
        size_t first, second;
        unsigned ops; /* before the file is closed */
    } cases[] = {
        {MOST - 2, 1, 0}, {MOST - 1, 1, 0}, {MOST, 1, 1}, {1, MOST, 1}, {1, MOST + 1, 2}, {MOST + 1, 1, 1}};
    char path[128] = {0};
    (void)state;
    (void)snprintf(path, sizeof path, "%s/file.wal", s.folder);
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        int first = (int)cases[i].first;
        int second = (int)cases[i].second;
        fault_reset();
        sqlite3_file *file = open_file("ak-fault", path);
        assert_int_equal(file->pMethods->xWrite(file, bytes, first, 0), SQLITE_OK);
        assert_int_equal(file->pMethods->xWrite(file, bytes + first, second, first), SQLITE_OK);
        assert_int_equal(fault.op, cases[i].ops);
        assert_int_equal(file->pMethods->xRead(file, got, first + second, 0), SQLITE_OK);
        assert_memory_equal(got, bytes, (size_t)(first + second));
        close_file(file);
        assert_int_equal(unlink(path), 0);
    }
}

/* Whichever call hands on says that there was no room, once; nothing of it is tried again, and no sync says
 * that all is there before it was written again. */
static void a_failed_write_is_told_once(void **state)
{
    char path[128] = {0};
    char bytes[1];
    sqlite3_int64 size = 0;
    (void)state;
    (void)snprintf(path, sizeof path, "%s/file.wal", s.folder);
    for (int which = 0; which < 5; which++) {
        fault_reset();
        sqlite3_file *file = open_file("ak-fault", path);
        const sqlite3_io_methods *m = file->pMethods;
        fault.quota = 1;
        assert_int_equal(m->xWrite(file, "ab", 2, 0), SQLITE_OK);
        int rc = which == 0   ? m->xSync(file, SQLITE_SYNC_FULL)
                 : which == 1 ? m->xRead(file, bytes, 1, 0)
                 : which == 2 ? m->xFileSize(file, &size)
                 : which == 3 ? m->xTruncate(file, 0)
                              : m->xWrite(file, "x", 1, 9);
        assert_int_equal(rc, SQLITE_FULL);
        fault.quota = 0;
        assert_int_equal(m->xSync(file, SQLITE_SYNC_FULL), SQLITE_IOERR_FSYNC);
        assert_int_equal(m->xFileSize(file, &size), SQLITE_OK);
        assert_int_equal(size, 0);
        assert_int_equal(m->xWrite(file, "cd", 2, 3), SQLITE_OK); /* behind the gap */
        assert_int_equal(m->xSync(file, SQLITE_SYNC_FULL), SQLITE_IOERR_FSYNC);
        assert_int_equal(m->xWrite(file, "a", 1, 2), SQLITE_OK);
        assert_int_equal(m->xSync(file, SQLITE_SYNC_FULL), SQLITE_IOERR_FSYNC);
        assert_int_equal(m->xWrite(file, "ab", 2, 0), SQLITE_OK);
        assert_int_equal(m->xSync(file, SQLITE_SYNC_FULL), SQLITE_OK);
        assert_int_equal(m->xTruncate(file, 0), SQLITE_OK);
        fault.quota = 1;
        assert_int_equal(m->xWrite(file, "ab", 2, 0), SQLITE_OK);
        assert_int_equal(m->xClose(file), SQLITE_FULL);
        free(file);
        assert_int_equal(unlink(path), 0);
    }
}

/* ---- several connections ---- */

static sqlite3 *connect_to(const char *path)
{
    const char *name = NULL;
    sqlite3 *db = NULL;
    assert_int_equal(ak_joined_vfs(NULL, &name), AK_OK);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, name), SQLITE_OK);
    assert_int_equal(sqlite3_exec(db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(
        sqlite3_exec(db, "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0", NULL, NULL, NULL),
        SQLITE_OK);
    return db;
}

static void run(sqlite3 *db, const char *sql)
{
    assert_int_equal(sqlite3_exec(db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* While somebody still reads what was before, a checkpoint copies up to there, is not synced, and yet every
 * reader takes those pages from the file from then on. */
static void a_checkpoint_in_part_is_seen_by_others(void **state)
{
    static const char add[] = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) "
                              "INSERT INTO t(bytes) SELECT randomblob(900) FROM n";
    char path[128];
    int in_wal = 0, copied = 0;
    (void)state;
    (void)snprintf(path, sizeof path, "%s/some", s.folder);
    sqlite3 *writer = connect_to(path), *reader = connect_to(path), *later = NULL;
    run(writer, "CREATE TABLE t(id INTEGER PRIMARY KEY, bytes BLOB)");
    run(writer, add);
    run(reader, "BEGIN; SELECT count(*) FROM t");
    run(writer, add);
    assert_int_equal(
        sqlite3_wal_checkpoint_v2(writer, NULL, SQLITE_CHECKPOINT_PASSIVE, &in_wal, &copied), SQLITE_OK);
    assert_in_range(copied, 1, in_wal - 1);
    later = connect_to(path);
    run(later, "SELECT sum(length(bytes)) FROM t");
    run(reader, "COMMIT");
    run(reader, "SELECT sum(length(bytes)) FROM t");
    (void)sqlite3_close(later);
    (void)sqlite3_close(reader);
    (void)sqlite3_close(writer);
    assert_int_equal(unlink(path), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_batch_is_one_write_and_one_sync),
        cmocka_unit_test(nothing_is_joined_over_torn_sectors), cmocka_unit_test(a_name_is_made_once),
        cmocka_unit_test(what_was_gathered_is_seen), cmocka_unit_test(the_most_that_is_gathered),
        cmocka_unit_test(a_failed_write_is_told_once),
        cmocka_unit_test(a_checkpoint_in_part_is_seen_by_others),
        cmocka_unit_test(names_and_their_number_are_bounded)};
    return cmocka_run_group_tests(tests, setup, teardown);
}
