/* Entries into files and back: each system call that fails, and the store's, leaves them in the store or in a
 * file; what is read back is what was there, or is refused. */
#include "unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto/ed25519.h"
#include "core/ledger/note.h"
#include "programs/worker/archive.h"
#include "unit/ledger/fixture.h"

enum { RESERVE = 1 << 16, FIRST = FIXTURE_FIRST_BATCH, ALL = FIXTURE_ENTRIES };

static struct fixture f;
static char folder[64], path[96];
static int dir_fd = -1;
static struct ak_store *store;
static struct ak_ledger_archive archive;
static struct ak_archiving job;
static uint8_t note_bytes[AK_NOTE_LEN_MAX];

/* The system's calls, one of which fails, and all after it: the process is as good as dead. */
static struct {
    struct ak_file_ops ops;
    unsigned calls, fail_at;
    int error;
    bool flips; /* a byte of what is written */
} faulty;

static bool fails(void)
{
    bool bad = faulty.fail_at && ++faulty.calls >= faulty.fail_at;
    if (bad) errno = faulty.error;
    return bad;
}
static int faulty_open(void *ctx, int at, const char *name, int flags, mode_t mode)
{
    return fails() ? -1 : faulty.ops.open(ctx, at, name, flags, mode);
}
static ssize_t faulty_read(void *ctx, int fd, void *buf, size_t len)
{
    return fails() ? -1 : faulty.ops.read(ctx, fd, buf, len < 1000 ? len : 1000);
}
static ssize_t faulty_write(void *ctx, int fd, const void *buf, size_t len)
{
    uint8_t bytes[1000];
    if (len > sizeof bytes) len = sizeof bytes;
    memcpy(bytes, buf, len);
    if (faulty.flips) bytes[len / 2] ^= 1;
    return fails() ? -1 : faulty.ops.write(ctx, fd, bytes, len);
}
static int faulty_fsync(void *ctx, int fd)
{
    return fails() ? -1 : faulty.ops.fsync(ctx, fd);
}
static int faulty_rename(void *ctx, int at, const char *from, const char *to)
{
    return fails() ? -1 : faulty.ops.rename(ctx, at, from, to);
}
static int faulty_unlink(void *ctx, int at, const char *name)
{
    return fails() ? -1 : faulty.ops.unlink(ctx, at, name);
}
static int faulty_close(void *ctx, int fd)
{
    (void)faulty.ops.close(ctx, fd);
    return fails() ? -1 : 0;
}
static const struct ak_file_ops faulty_ops = {
    faulty_open, faulty_read, faulty_write, faulty_fsync, faulty_rename, faulty_unlink, faulty_close, NULL};

static void remove_all(void)
{
    static const char *const names[] = {"ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-reserve",
        "archive.tmp", "ledger-0-5.jsonl", "ledger-5-8.jsonl", "lines"};
    for (size_t i = 0; i < AK_COUNT(names); i++) (void)unlinkat(dir_fd, names[i], 0);
    assert_int_equal(rmdir(folder), 0);
}

static void append(size_t i)
{
    struct ak_store_batch batch = {.first = i ? FIRST : 0,
        .count = i ? ALL - FIRST : FIRST,
        .entries = f.segments[i],
        .leaves = f.leaves[i],
        .record = f.records[i]};
    assert_int_equal(ak_store_append(store, &batch, NULL, 0, true), AK_OK);
}

static void open_store(void)
{
    struct ak_store_options options = {.path = path, .reserve_len = RESERVE};
    assert_int_equal(ak_store_open(&options, &store), AK_OK);
}

static int setup(void **state)
{
    (void)state;
    fixture_open(&f);
    memset(&archive, 0, sizeof archive);
    memset(&faulty, 0, sizeof faulty);
    faulty.ops = ak_file_ops_system();
    (void)snprintf(
        folder, sizeof folder, "%s/ak-archive-XXXXXX", access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    assert_non_null(mkdtemp(folder));
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    dir_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct ak_store_options options = {.path = path, .reserve_len = RESERVE};
    assert_int_equal(ak_store_create(&options, f.log_id), AK_OK);
    open_store();
    append(0);
    append(1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_store_close(store);
    remove_all();
    (void)close(dir_fd);
    fixture_close(&f);
    return 0;
}

/* Archives up to `end`. */
static enum ak_err run(uint64_t end)
{
    struct ak_checkpoint checkpoint = {.size = end};
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    for (uint64_t i = 0; i < end && i < ALL; i++) ak_merkle_append(&tree, f.leaf[i], NULL);
    ak_merkle_root(&tree, checkpoint.root);
    memcpy(checkpoint.log_id, f.log_id, 16);
    assert_int_equal(ak_checkpoint_sign(&checkpoint, &f.seed, &note), AK_OK);
    job = (struct ak_archiving){.ops = &faulty_ops,
        .dir_fd = dir_fd,
        .store = store,
        .mac_key = &f.mac_key,
        .archive = &archive,
        .end = end,
        .note = ak_buf_span(&note),
        .notices_old_ms = UINT64_MAX};
    memcpy(job.log_id, f.log_id, 16);
    assert_int_equal(ak_ed25519_pub(&f.seed, job.ledger_pub), AK_OK);
    return ak_archive_run(&job);
}

static bool has_entries(size_t i)
{
    struct ak_store_batch batch;
    assert_int_equal(ak_store_read_batch(store, i ? FIRST : 0, &batch), AK_OK);
    assert_true(ak_span_eq(batch.leaves, f.leaves[i]) && ak_span_eq(batch.record, f.records[i]));
    assert_true(batch.entries.len == 0 || ak_span_eq(batch.entries, f.segments[i]));
    return batch.entries.len > 0;
}

static struct ak_archive_reader reader;

static enum ak_err fill(size_t i, struct ak_store_batch *out_batch)
{
    assert_int_equal(ak_store_read_batch(store, i ? FIRST : 0, out_batch), AK_OK);
    return ak_archive_fill(&reader, &archive, out_batch);
}

static void open_reader(void)
{
    reader = (struct ak_archive_reader){.ops = faulty_ops, .dir_fd = dir_fd};
}

static void batches_move_and_come_back(void **state)
{
    (void)state;
    struct ak_store_batch batch;
    struct stat st;
    assert_int_equal(run(FIRST), AK_OK);
    assert_string_equal(job.name, "ledger-0-5.jsonl");
    assert_true(job.report.ok && job.report.size == FIRST);
    assert_int_equal(fstatat(dir_fd, job.name, &st, 0), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    assert_false(has_entries(0));
    assert_true(has_entries(1));
    assert_int_equal(run(ALL), AK_OK);
    assert_string_equal(job.name, "ledger-5-8.jsonl");
    assert_int_equal(job.report.from, FIRST);
    assert_false(has_entries(1));
    open_reader();
    assert_true(ak_archive_is_whole(&reader, &archive));
    for (int round = 0; round < 2; round++)
        for (size_t i = 0; i < 2; i++) { /* in order, and back again */
            assert_int_equal(fill(i, &batch), AK_OK);
            assert_true(ak_span_eq(batch.entries, f.segments[i]));
        }
    ak_archive_reader_close(&reader);
    struct ak_span entry;
    uint8_t leaf[32];
    assert_int_equal(ak_store_read_entry(store, 2, &entry, leaf), AK_E_STATE);
    static uint8_t record[AK_ARCHIVE_RECORD_MAX];
    static struct ak_ledger_archive found;
    size_t len = 0;
    ak_store_close(store);
    open_store();
    assert_int_equal(ak_store_meta_get(store, AK_ARCHIVE_META, record, sizeof record, &len), AK_OK);
    assert_int_equal(ak_ledger_archive_open(ak_span(record, len), &f.mac_key, f.log_id, &found), AK_OK);
    assert_int_equal(found.count, 2);
    assert_memory_equal(found.log.control_leaf, f.log.control_leaf, 32);
}

static void a_part_of_a_batch_does_not_go(void **state)
{
    (void)state;
    for (uint64_t end = 1; end < ALL; end++) {
        if (end == FIRST) continue;
        assert_int_equal(run(end), AK_E_FORMAT);
        assert_true(has_entries(0) && has_entries(1));
    }
    assert_int_equal(run(ALL + 1), AK_E_NOT_FOUND);
    assert_true(has_entries(0) && has_entries(1));
}

/* Whatever fails, and wherever the process ends: all entries are in the store, and the next run succeeds. */
static void each_call_fails(void **state)
{
    (void)state;
    static const int errors[] = {ENOSPC, EIO};
    unsigned at = 1;
    for (bool failed = true; failed; at++) {
        for (size_t e = 0; e < AK_COUNT(errors); e++) {
            faulty.calls = 0;
            faulty.fail_at = at;
            faulty.error = errors[e];
            enum ak_err err = run(FIRST);
            failed = faulty.calls >= at;
            if (!failed) break;
            assert_true(err == AK_E_IO || err == AK_E_FULL);
            assert_true(has_entries(0) && has_entries(1));
            assert_int_equal(archive.count, 0);
        }
    }
    printf("each of %u system calls failed\n", at - 2);
    assert_true(at > 12);
    assert_false(has_entries(0));
    faulty.fail_at = 0;
    assert_int_equal(run(ALL), AK_OK);
}

/* What a run that was killed left under either name is written anew. */
static void what_was_left_is_no_hindrance(void **state)
{
    (void)state;
    static const char *const names[] = {"archive.tmp", "ledger-0-5.jsonl"};
    for (size_t i = 0; i < 2; i++) {
        int fd = openat(dir_fd, names[i], O_WRONLY | O_CREAT, 0600);
        static uint8_t junk[9000];
        assert_int_equal(write(fd, junk, sizeof junk), sizeof junk);
        (void)close(fd);
    }
    assert_int_equal(run(FIRST), AK_OK);
    struct ak_store_batch batch;
    open_reader();
    assert_int_equal(fill(0, &batch), AK_OK);
    assert_true(ak_span_eq(batch.entries, f.segments[0]));
    ak_archive_reader_close(&reader);
}

/* The disk keeps something else than what was written: the verifier sees it before anything goes. */
static void a_file_that_does_not_verify_moves_nothing(void **state)
{
    (void)state;
    faulty.flips = true;
    assert_int_equal(run(FIRST), AK_E_CONFLICT);
    assert_false(job.report.ok);
    assert_true(has_entries(0));
    assert_int_equal(faccessat(dir_fd, "ledger-0-5.jsonl", F_OK, 0), -1);
    assert_int_equal(faccessat(dir_fd, "archive.tmp", F_OK, 0), -1);
}

static void what_the_ledger_did_not_write_does_not_go(void **state)
{
    (void)state;
    struct ak_hmac_key other;
    uint8_t key[32] = {7};
    assert_int_equal(ak_hmac_key_open(&other, AK_SPAN_ARR(key)), AK_OK);
    struct ak_hmac_key good = f.mac_key;
    f.mac_key = other;
    assert_int_equal(run(FIRST), AK_E_AUTH);
    assert_int_equal(job.bad_index, 0);
    f.mac_key = good;
    ak_hmac_key_close(&other);
    assert_true(has_entries(0));
    archive.count = AK_ARCHIVE_FILES_MAX;
    assert_int_equal(run(FIRST), AK_E_LIMIT);
}

static void a_missing_or_cut_file_is_told(void **state)
{
    (void)state;
    struct ak_store_batch batch;
    struct stat st;
    assert_int_equal(run(FIRST), AK_OK);
    assert_int_equal(fstatat(dir_fd, "ledger-0-5.jsonl", &st, 0), 0);
    int fd = openat(dir_fd, "ledger-0-5.jsonl", O_RDWR);
    for (off_t len = 0; len < st.st_size - 40; len += 97) { /* the last line is not needed for it */
        uint8_t rest[97];
        assert_int_equal(pread(fd, rest, sizeof rest, len), sizeof rest);
        uint8_t flipped = rest[0] ^ 0x80;
        assert_int_equal(pwrite(fd, &flipped, 1, len), 1);
        open_reader();
        enum ak_err err = fill(0, &batch);
        if (len > 700) assert_int_equal(err, AK_E_FORMAT); /* the header is the auditor's business */
        ak_archive_reader_close(&reader);
        assert_int_equal(pwrite(fd, rest, 1, len), 1);
    }
    for (off_t len = st.st_size - 60; len > 0; len -= 131) {
        assert_int_equal(ftruncate(fd, len), 0);
        open_reader();
        assert_int_equal(fill(0, &batch), AK_E_FORMAT);
        ak_archive_reader_close(&reader);
    }
    assert_int_equal(ftruncate(fd, 0), 0);
    open_reader();
    assert_int_equal(fill(0, &batch), AK_E_FORMAT);
    (void)close(fd);
    assert_int_equal(unlinkat(dir_fd, "ledger-0-5.jsonl", 0), 0);
    assert_int_equal(fill(0, &batch), AK_E_NOT_FOUND);
    assert_string_equal(reader.name, "ledger-0-5.jsonl");
    assert_false(ak_archive_is_whole(&reader, &archive));
    reader.dir_fd = -1;
    assert_int_equal(fill(0, &batch), AK_E_NOT_FOUND);
    reader.dir_fd = dir_fd;
    assert_int_equal(symlinkat("ledger.db", dir_fd, "ledger-0-5.jsonl"), 0);
    assert_int_equal(fill(0, &batch), AK_E_IO); /* not followed */
    ak_archive_reader_close(&reader);
}

static void lines_of_any_length_end(void **state)
{
    (void)state;
    static struct ak_archive_lines lines;
    static uint8_t bytes[3 * AK_AUDIT_LINE_MAX];
    struct ak_span line;
    memset(bytes, 'x', sizeof bytes);
    bytes[AK_AUDIT_LINE_MAX - 1] = '\n';
    int fd = openat(dir_fd, "lines", O_RDWR | O_CREAT, 0600);
    assert_int_equal(write(fd, bytes, sizeof bytes), sizeof bytes);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    lines = (struct ak_archive_lines){.ops = &faulty_ops, .fd = fd};
    assert_int_equal(ak_archive_next_line(&lines, &line), AK_OK);
    assert_int_equal(line.len, AK_AUDIT_LINE_MAX);
    assert_int_equal(ak_archive_next_line(&lines, &line), AK_OK);
    assert_int_equal(line.len, AK_AUDIT_LINE_MAX + 1); /* too long, and shown to be */
    while (ak_archive_next_line(&lines, &line) == AK_OK) assert_true(line.len > 0);
    assert_int_equal(ak_archive_next_line(&lines, &line), AK_E_NOT_FOUND);
    (void)close(fd);
    assert_int_equal(ak_archive_next_line(&lines, &line), AK_E_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(batches_move_and_come_back, setup, teardown),
        cmocka_unit_test_setup_teardown(a_part_of_a_batch_does_not_go, setup, teardown),
        cmocka_unit_test_setup_teardown(each_call_fails, setup, teardown),
        cmocka_unit_test_setup_teardown(what_was_left_is_no_hindrance, setup, teardown),
        cmocka_unit_test_setup_teardown(a_file_that_does_not_verify_moves_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(what_the_ledger_did_not_write_does_not_go, setup, teardown),
        cmocka_unit_test_setup_teardown(a_missing_or_cut_file_is_told, setup, teardown),
        cmocka_unit_test_setup_teardown(lines_of_any_length_end, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
