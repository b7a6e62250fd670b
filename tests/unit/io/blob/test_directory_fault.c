/* Each system call of the folder fails once, or is the last one before a crash, or finds the disk full; and
 * what write says is durable was synced: the file before its name, each new folder in its parent (I14). */
#include "folder.h"

#include <errno.h>

enum { TRACKED = 64 };

/* What was not synced yet, by inode; and the call that fails. */
struct world {
    struct ak_blob_file_ops system;
    unsigned calls, fail_at;
    bool dead; /* a crash: all later calls fail, too */
    int error;
    struct {
        ino_t inode; /* 0: free */
    } dirty[TRACKED];
};
static struct world world;

static bool fails(void)
{
    world.calls++;
    bool now = world.fail_at && (world.dead ? world.calls >= world.fail_at : world.calls == world.fail_at);
    if (now) errno = world.error;
    return now;
}

static ino_t inode_of(int fd)
{
    struct stat st;
    assert_int_equal(fstat(fd, &st), 0);
    return st.st_ino;
}

static void mark(int fd)
{
    ino_t inode = inode_of(fd);
    size_t free_at = TRACKED;
    for (size_t i = 0; i < TRACKED; i++) {
        if (world.dirty[i].inode == inode) return;
        if (!world.dirty[i].inode) free_at = i;
    }
    assert_true(free_at < TRACKED);
    world.dirty[free_at].inode = inode;
}

static bool is_dirty(ino_t inode)
{
    for (size_t i = 0; i < TRACKED; i++)
        if (world.dirty[i].inode == inode) return true;
    return false;
}

static int w_open(void *ctx, int dir_fd, const char *name, int flags, mode_t mode)
{
    if (fails()) return -1;
    int fd = world.system.file.open(ctx, dir_fd, name, flags, mode);
    if (fd >= 0 && (flags & O_CREAT)) mark(dir_fd);
    return fd;
}
static ssize_t w_read(void *ctx, int fd, void *buf, size_t len)
{
    return fails() ? -1 : world.system.file.read(ctx, fd, buf, len);
}
static ssize_t w_write(void *ctx, int fd, const void *buf, size_t len)
{
    if (fails()) return -1;
    mark(fd);
    return world.system.file.write(ctx, fd, buf, len > 3 ? 3 : len); /* short writes */
}
static int w_fsync(void *ctx, int fd)
{
    if (fails()) return -1;
    (void)ctx;
    for (size_t i = 0; i < TRACKED; i++)
        if (world.dirty[i].inode == inode_of(fd)) world.dirty[i].inode = 0;
    return 0;
}
static int w_rename(void *ctx, int dir_fd, const char *from, const char *to)
{
    struct stat st;
    if (fails()) return -1;
    assert_int_equal(fstatat(dir_fd, from, &st, 0), 0);
    assert_false(is_dirty(st.st_ino)); /* the content before the name */
    mark(dir_fd);
    return world.system.file.rename(ctx, dir_fd, from, to);
}
static int w_unlink(void *ctx, int dir_fd, const char *name)
{
    if (fails()) return -1;
    mark(dir_fd);
    return world.system.file.unlink(ctx, dir_fd, name);
}
static int w_close(void *ctx, int fd)
{
    bool failed = fails();
    int result = world.system.file.close(ctx, fd); /* closed all the same */
    if (failed) errno = world.error;
    return failed ? -1 : result;
}
static int w_mkdir(void *ctx, int dir_fd, const char *name, mode_t mode)
{
    if (fails()) return -1;
    mark(dir_fd);
    return world.system.mkdir(ctx, dir_fd, name, mode);
}
static int w_rmdir(void *ctx, int dir_fd, const char *name)
{
    if (fails()) return -1;
    int result = world.system.rmdir(ctx, dir_fd, name);
    if (result == 0) mark(dir_fd);
    return result;
}
static int w_syncfs(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    if (fails()) return -1;
    memset(world.dirty, 0, sizeof world.dirty);
    return 0;
}

static int w_open_below(void *ctx, int dir_fd, const char *path, int flags)
{
    if (fails()) return -1;
    int fd = world.system.open_below(ctx, dir_fd, path, flags);
    if (fd < 0 || !(flags & O_CREAT)) return fd;
    char folder_path[AK_BLOB_NAME_MAX + 1];
    (void)snprintf(folder_path, sizeof folder_path, "%s", path);
    *strrchr(folder_path, '/') = '\0';
    int folder_fd = openat(dir_fd, folder_path, O_PATH | O_CLOEXEC);
    mark(folder_fd);
    close(folder_fd);
    return fd;
}

static bool one_sync_for_all;
static bool w_syncs_all(void *ctx, int fd)
{
    (void)ctx;
    (void)fd;
    return one_sync_for_all;
}

static const struct ak_blob_file_ops faulty = {
    {w_open, w_read, w_write, w_fsync, w_rename, w_unlink, w_close, NULL}, w_mkdir, w_rmdir, w_open_below,
    w_syncfs, w_syncs_all};

static struct folder folder;

static int setup(void **state)
{
    (void)state;
    folder_make(&folder);
    world = (struct world){.system = ak_blob_file_ops_system(), .error = EIO};
    one_sync_for_all = false;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(&folder);
    return 0;
}

static void arm(unsigned at, bool dead, int error)
{
    world.calls = 0;
    world.fail_at = at;
    world.dead = dead;
    world.error = error;
}

static struct ak_blob_store open_store(void)
{
    struct ak_blob_store store;
    arm(0, false, EIO);
    assert_int_equal(ak_blob_directory_open(folder.fd, &faulty, &store), AK_OK);
    return store;
}

static enum ak_err put(struct ak_blob_store *store, const struct ak_blob_name *name)
{
    return store->ops->write(store->impl, name, AK_SPAN_LIT("a whole blob"));
}

/* `there`: it must be whole; else absent or whole. */
static bool check(struct ak_blob_store *store, const struct ak_blob_name *name)
{
    uint8_t bytes[32];
    size_t len = 0;
    enum ak_err err = store->ops->read(store->impl, name, bytes, sizeof bytes, &len);
    if (err == AK_E_NOT_FOUND) return false;
    assert_int_equal(err, AK_OK);
    assert_int_equal(len, 12);
    assert_memory_equal(bytes, "a whole blob", 12);
    return true;
}

static int open_fds(void)
{
    int count = 0;
    for (int fd = 0; fd < 256; fd++) count += fcntl(fd, F_GETFD) >= 0;
    return count;
}

/* The folders from the blob up: none has a change that is not synced. */
static void assert_synced(const struct ak_blob_name *name)
{
    char path[256];
    uint8_t text[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_blob_name_put(&buf, name);
    (void)snprintf(path, sizeof path, "blobs/%.*s", (int)buf.len, (const char *)text);
    for (char *slash = path + strlen(path); slash; slash = strrchr(path, '/')) {
        struct stat st;
        *slash = '\0';
        assert_int_equal(fstatat(folder.fd, path, &st, 0), 0);
        assert_false(is_dirty(st.st_ino));
    }
    assert_false(is_dirty(inode_of(folder.fd)));
}

static void durable_when_it_says_so(void **state)
{
    (void)state;
    struct ak_blob_store store = open_store();
    const struct ak_blob_name names[] = {
        folder_name(1, 1, 1), folder_name(1, 1, 2), folder_name(1, 2, 1), folder_name(2, 1, 1)};
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        assert_int_equal(put(&store, &names[i]), AK_OK);
        assert_synced(&names[i]);
    }
    assert_int_equal(store.ops->remove(store.impl, &names[1]), AK_OK);
    assert_synced(&names[0]);
    ak_blob_store_close(&store);
}

/* A folder that could not be synced is synced before the next blob in it counts as durable. */
static void doubt_is_remembered(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 1, 1);
    for (unsigned n = 1;; n++) {
        struct ak_blob_store store = open_store();
        arm(n, false, EIO);
        enum ak_err err = put(&store, &name);
        unsigned calls = world.calls;
        arm(0, false, EIO);
        assert_int_equal(put(&store, &name), AK_OK);
        assert_synced(&name);
        assert_true(check(&store, &name));
        assert_int_equal(store.ops->remove(store.impl, &name), AK_OK);
        ak_blob_store_close(&store);
        if (calls < n) {
            assert_int_equal(err, AK_OK);
            assert_true(n > 15);
            return;
        }
    }
}

/* What an earlier process made and did not live to sync. */
static void opening_syncs_what_was_there(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 1, 1);
    for (unsigned n = 1; n < 40; n++) {
        struct ak_blob_store store = open_store();
        arm(n, true, EIO);
        (void)put(&store, &name);
        ak_blob_store_close(&store);
        store = open_store();
        assert_int_equal(put(&store, &name), AK_OK);
        assert_synced(&name);
        assert_int_equal(store.ops->remove(store.impl, &name), AK_OK);
        ak_blob_store_close(&store);
    }
}

static void a_crash_after_each_call_of_write(void **state)
{
    (void)state;
    unsigned absent = 0, whole = 0;
    for (unsigned n = 1;; n++) {
        const struct ak_blob_name kept = folder_name(1, 1, 1), name = folder_name(1, 2, 2);
        struct ak_blob_store store = open_store();
        assert_int_equal(put(&store, &kept), AK_OK);
        arm(n, true, EIO);
        enum ak_err err = put(&store, &name);
        unsigned calls = world.calls;
        ak_blob_store_close(&store);
        store = open_store();
        bool there = check(&store, &name);
        there ? whole++ : absent++;
        assert_true(err || there);
        assert_true(check(&store, &kept));
        struct folder_seen seen = {.count = 0};
        assert_int_equal(store.ops->list(store.impl, folder_see, &seen), AK_OK);
        assert_int_equal(seen.count, there ? 2 : 1);
        assert_int_equal(store.ops->remove(store.impl, &name), AK_OK);
        ak_blob_store_close(&store);
        if (calls < n) break;
    }
    assert_true(absent > 8 && whole > 1);
}

static void no_descriptor_is_lost(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 1, 1);
    struct ak_blob_store store = open_store();
    uint8_t bytes[32];
    size_t len = 0;
    int before = open_fds();
    for (unsigned n = 1; n < 40; n++) {
        arm(n, false, EIO);
        (void)put(&store, &name);
        arm(n, false, EMFILE);
        (void)store.ops->read(store.impl, &name, bytes, sizeof bytes, &len);
        struct folder_seen seen = {.count = 0};
        arm(n, false, EMFILE);
        (void)store.ops->list(store.impl, folder_see, &seen);
        arm(n, false, EIO);
        (void)store.ops->remove(store.impl, &name);
        assert_int_equal(open_fds(), before);
    }
    arm(0, false, EIO);
    ak_blob_store_close(&store);
}

static void a_full_disk_says_so(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 1, 1);
    const int errors[] = {ENOSPC, EDQUOT};
    for (size_t i = 0; i < AK_COUNT(errors); i++) {
        unsigned full = 0;
        for (unsigned n = 1; n < 40; n++) {
            struct ak_blob_store store = open_store();
            arm(n, true, errors[i]);
            enum ak_err err = put(&store, &name);
            full += err == AK_E_FULL;
            assert_true(err == AK_OK || err == AK_E_FULL || err == AK_E_IO);
            arm(0, false, EIO);
            assert_int_equal(store.ops->remove(store.impl, &name), AK_OK);
            ak_blob_store_close(&store);
        }
        assert_true(full > 8);
    }
}

/* Removing goes on from wherever it was cut off; a blob is never half there. */
static void a_crash_after_each_call_of_remove(void **state)
{
    (void)state;
    for (unsigned n = 1;; n++) {
        const struct ak_blob_name name = folder_name(1, 1, 1);
        struct ak_blob_store store = open_store();
        assert_int_equal(put(&store, &name), AK_OK);
        arm(n, true, EIO);
        enum ak_err err = store.ops->remove(store.impl, &name);
        unsigned calls = world.calls;
        arm(0, false, EIO);
        if (!err) assert_false(check(&store, &name));
        assert_int_equal(store.ops->remove(store.impl, &name), AK_OK);
        assert_false(check(&store, &name));
        ak_blob_store_close(&store);
        if (calls < n) break;
    }
}

/* A list that could not see everything must not say that it did: blobs would look missing. */
static void a_list_that_fails_says_so(void **state)
{
    (void)state;
    const struct ak_blob_name names[] = {folder_name(1, 1, 1), folder_name(1, 2, 2), folder_name(2, 1, 3)};
    struct ak_blob_store store = open_store();
    for (size_t i = 0; i < AK_COUNT(names); i++) assert_int_equal(put(&store, &names[i]), AK_OK);
    unsigned failed = 0;
    for (unsigned n = 1; n < 40; n++) {
        struct folder_seen seen = {.count = 0};
        arm(n, true, EIO);
        enum ak_err err = store.ops->list(store.impl, folder_see, &seen);
        if (err)
            failed++;
        else
            assert_int_equal(seen.count, AK_COUNT(names));
    }
    arm(0, false, EIO);
    assert_true(failed > 5);
    ak_blob_store_close(&store);
}

/* ---- many at once ---- */

enum { MANY = 4 };
static const struct ak_blob_name *many(void)
{
    static struct ak_blob_name names[MANY];
    for (uint8_t i = 0; i < MANY; i++) names[i] = folder_name((uint8_t)(1 + i / 2), 1, (uint8_t)(1 + i));
    return names;
}

/* As the keeper does it: what could not be staged is left out. */
static enum ak_err put_many(struct ak_blob_store *store)
{
    struct ak_blob_name staged[MANY];
    size_t count = 0;
    enum ak_err err = AK_OK;
    for (size_t i = 0; i < MANY; i++) {
        enum ak_err one = store->ops->stage(store->impl, &many()[i], AK_SPAN_LIT("a whole blob"));
        if (one)
            err = one;
        else
            staged[count++] = many()[i];
    }
    enum ak_err committed = store->ops->commit(store->impl, staged, count);
    return committed ? committed : err;
}

static size_t count_many(struct ak_blob_store *store)
{
    size_t there = 0;
    for (size_t i = 0; i < MANY; i++) there += check(store, &many()[i]);
    return there;
}

/* Of those that nobody may name yet: cut off, perhaps, but never with other bytes. */
static size_t count_parts(struct ak_blob_store *store)
{
    size_t there = 0;
    for (size_t i = 0; i < MANY; i++) {
        uint8_t bytes[32];
        size_t len = 0;
        enum ak_err err = store->ops->read(store->impl, &many()[i], bytes, sizeof bytes, &len);
        assert_true(err == AK_OK || err == AK_E_NOT_FOUND);
        assert_true(len <= 12);
        assert_memory_equal(bytes, "a whole blob", len);
        there += err == AK_OK;
    }
    return there;
}

static void many_are_durable_together(void **state)
{
    (void)state;
    for (int together = 0; together < 2; together++) {
        one_sync_for_all = together != 0;
        struct ak_blob_store store = open_store();
        assert_int_equal(put_many(&store), AK_OK);
        for (size_t i = 0; i < MANY; i++) assert_synced(&many()[i]);
        assert_int_equal(count_many(&store), MANY);
        assert_int_equal(store.ops->remove_all(store.impl, many(), MANY), AK_OK);
        assert_false(is_dirty(inode_of(folder.fd)));
        assert_int_equal(count_many(&store), 0);
        ak_blob_store_close(&store);
    }
}

static void a_crash_after_each_call_of_many(void **state)
{
    (void)state;
    unsigned none = 0, some = 0, all = 0;
    one_sync_for_all = true;
    for (unsigned n = 1;; n++) {
        struct ak_blob_store store = open_store();
        arm(n, true, EIO);
        enum ak_err err = put_many(&store);
        unsigned calls = world.calls;
        ak_blob_store_close(&store);
        store = open_store();
        size_t there = err ? count_parts(&store) : count_many(&store);
        assert_true(err || there == MANY);
        there == 0 ? none++ : there == MANY ? all++ : some++;
        struct folder_seen seen = {.count = 0};
        assert_int_equal(
            store.ops->list(store.impl, folder_see, &seen), AK_OK); /* no stray is taken for one */
        assert_int_equal(seen.count, there);
        assert_int_equal(store.ops->remove_all(store.impl, many(), MANY), AK_OK);
        ak_blob_store_close(&store);
        if (calls < n) break;
    }
    assert_true(none > 7 && some > 20 && all > 1);
}

/* What failed leaves nothing behind as far as the disk lets us, loses no descriptor, and what was not synced
 * is not relied on. True where the call was reached. */
static bool many_with_a_failure(unsigned n, bool lasting)
{
    const struct ak_blob_name one = folder_name(1, 1, 9);
    struct ak_blob_store store = open_store();
    int before = open_fds();
    arm(n, lasting, n % 2 ? EIO : ENOSPC);
    enum ak_err err = put_many(&store);
    bool reached = world.calls >= n;
    arm(0, false, EIO);
    assert_int_equal(open_fds(), before);
    assert_true(err == AK_OK || err == AK_E_IO || err == AK_E_FULL);
    if (err && !lasting) assert_int_not_equal(count_many(&store), MANY);
    assert_int_equal(put(&store, &one), AK_OK);
    assert_synced(&one);
    assert_int_equal(store.ops->remove_all(store.impl, many(), MANY), AK_OK);
    assert_int_equal(store.ops->remove(store.impl, &one), AK_OK);
    struct folder_seen seen = {.count = 0};
    assert_int_equal(store.ops->list(store.impl, folder_see, &seen), AK_OK); /* strays and empty folders go */
    assert_int_equal(seen.count, 0);
    ak_blob_store_close(&store);
    return reached;
}

static void many_of_which_one_fails(void **state)
{
    (void)state;
    one_sync_for_all = true;
    for (unsigned n = 1; many_with_a_failure(n, false);) n++;
    for (unsigned n = 1; many_with_a_failure(n, true);) n++;
}

static void a_crash_after_each_call_of_remove_all(void **state)
{
    (void)state;
    one_sync_for_all = true;
    for (unsigned n = 1;; n++) {
        struct ak_blob_store store = open_store();
        assert_int_equal(put_many(&store), AK_OK);
        arm(n, true, EIO);
        enum ak_err err = store.ops->remove_all(store.impl, many(), MANY);
        unsigned calls = world.calls;
        arm(0, false, EIO);
        if (!err) assert_int_equal(count_many(&store), 0);
        assert_int_equal(store.ops->remove_all(store.impl, many(), MANY), AK_OK);
        assert_int_equal(count_many(&store), 0);
        ak_blob_store_close(&store);
        if (calls < n) return;
    }
}

static void an_opening_that_fails(void **state)
{
    (void)state;
    int before = open_fds();
    for (unsigned n = 1; n < 4; n++) {
        struct ak_blob_store store;
        arm(n, true, n == 2 ? ENOSPC : EIO);
        assert_int_equal(ak_blob_directory_open(folder.fd, &faulty, &store), n == 2 ? AK_E_FULL : AK_E_IO);
        assert_null(store.ops);
        assert_int_equal(open_fds(), before);
        (void)unlinkat(folder.fd, "blobs", AT_REMOVEDIR);
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(durable_when_it_says_so), T(doubt_is_remembered),
        T(opening_syncs_what_was_there), T(a_crash_after_each_call_of_write), T(no_descriptor_is_lost),
        T(a_full_disk_says_so), T(a_crash_after_each_call_of_remove), T(a_list_that_fails_says_so),
        T(an_opening_that_fails), T(many_are_durable_together), T(a_crash_after_each_call_of_many),
        T(many_of_which_one_fails), T(a_crash_after_each_call_of_remove_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
