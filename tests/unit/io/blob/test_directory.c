/* The folder of blobs on the real file system: what is written is there, whole, under its name, and nothing
 * else is taken for a blob. */
#include "folder.h"

#include <errno.h>
#include <pthread.h>

#include "io/blob/directory.h"

static struct folder folder;
static struct ak_blob_store store;
static struct ak_blob_file_ops ops; /* the system's, or those of a kernel without openat2 */

static int with_system(void **state)
{
    (void)state;
    ops = ak_blob_file_ops_system();
    return 0;
}

static int without_openat2(void **state)
{
    ops = ak_blob_file_ops_system();
    ops.open_below = ak_blob_open_by_steps;
    (void)state;
    return 0;
}

static int setup(void **state)
{
    (void)state;
    folder_make(&folder);
    assert_int_equal(ak_blob_directory_open(folder.fd, &ops, &store), AK_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_blob_store_close(&store);
    ak_blob_store_close(&store);
    folder_remove(&folder);
    return 0;
}

static enum ak_err put(const struct ak_blob_name *name, struct ak_span blob)
{
    return store.ops->write(store.impl, name, blob);
}

static void assert_blob(const struct ak_blob_name *name, struct ak_span want)
{
    static uint8_t bytes[AK_BLOB_LEN_MAX];
    size_t len = 0;
    assert_int_equal(store.ops->read(store.impl, name, bytes, sizeof bytes, &len), AK_OK);
    assert_int_equal(len, want.len);
    assert_memory_equal(bytes, want.ptr, len);
}

static size_t count_all(void)
{
    struct folder_seen seen = {.count = 0};
    assert_int_equal(store.ops->list(store.impl, folder_see, &seen), AK_OK);
    return seen.count;
}

#define BLOB_PATH                                                                                            \
    "blobs/3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a/s1/00000002/01a0c4506c0070078000000000000000.enc"
#define WALLET "blobs/3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a"

static void path_of(const struct ak_blob_name *name, char out[256])
{
    uint8_t text[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_blob_name_put(&buf, name);
    (void)snprintf(out, 256, "blobs/%.*s", (int)buf.len, (const char *)text);
}

static void written_under_its_name(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 2, 7);
    char path[256];
    struct stat st;
    path_of(&name, path);
    assert_int_equal(put(&name, AK_SPAN_LIT("first")), AK_OK);
    assert_blob(&name, AK_SPAN_LIT("first"));
    assert_int_equal(put(&name, AK_SPAN_LIT("second, longer")), AK_OK);
    assert_blob(&name, AK_SPAN_LIT("second, longer"));
    assert_int_equal(fstatat(folder.fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
        *slash = '\0';
        assert_int_equal(fstatat(folder.fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
        assert_int_equal(st.st_mode, S_IFDIR | 0700);
    }
}

/* Its owner must be able to read it: root, as whom tests often run, reads whatever the mode. */
static void staged_with_the_same_mode(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 2, 7);
    char path[256];
    struct stat st;
    path_of(&name, path);
    assert_int_equal(store.ops->stage(store.impl, &name, AK_SPAN_LIT("x")), AK_OK);
    assert_int_equal(store.ops->commit(store.impl, &name, 1), AK_OK);
    assert_int_equal(fstatat(folder.fd, path, &st, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(st.st_mode, S_IFREG | 0600);
    assert_blob(&name, AK_SPAN_LIT("x"));
}

static void every_size(void **state)
{
    (void)state;
    static uint8_t bytes[AK_BLOB_LEN_MAX];
    static const size_t sizes[] = {0, 1, AK_BLOB_OVERHEAD, 4096, AK_BLOB_LEN_MAX - 1, AK_BLOB_LEN_MAX};
    const struct ak_blob_name name = folder_name(1, 1, 1);
    memset(bytes, 0x5c, sizeof bytes);
    for (size_t i = 0; i < AK_COUNT(sizes); i++) {
        assert_int_equal(put(&name, ak_span(bytes, sizes[i])), AK_OK);
        assert_blob(&name, ak_span(bytes, sizes[i]));
    }
    size_t len = 9;
    uint8_t small[8];
    assert_int_equal(put(&name, ak_span(bytes, 9)), AK_OK);
    assert_int_equal(store.ops->read(store.impl, &name, small, 8, &len), AK_E_LIMIT);
    assert_int_equal(len, 0);
}

static void missing_at_each_level(void **state)
{
    (void)state;
    const struct ak_blob_name there = folder_name(1, 1, 1),
                              others[] = {folder_name(1, 1, 2), folder_name(1, 2, 1), folder_name(2, 1, 1)};
    uint8_t bytes[8];
    size_t len = 9;
    assert_int_equal(put(&there, AK_SPAN_LIT("x")), AK_OK);
    for (size_t i = 0; i < AK_COUNT(others); i++) {
        assert_int_equal(store.ops->read(store.impl, &others[i], bytes, 8, &len), AK_E_NOT_FOUND);
        assert_int_equal(len, 0);
        assert_int_equal(store.ops->remove(store.impl, &others[i]), AK_OK);
    }
    assert_blob(&there, AK_SPAN_LIT("x"));
}

static void removed_with_empty_folders(void **state)
{
    (void)state;
    const struct ak_blob_name a = folder_name(1, 1, 1), b = folder_name(1, 1, 2), c = folder_name(1, 2, 3);
    struct stat st;
    assert_int_equal(put(&a, AK_SPAN_LIT("a")), AK_OK);
    assert_int_equal(put(&b, AK_SPAN_LIT("b")), AK_OK);
    assert_int_equal(put(&c, AK_SPAN_LIT("c")), AK_OK);
    assert_int_equal(store.ops->remove(store.impl, &a), AK_OK);
    assert_int_equal(store.ops->remove(store.impl, &a), AK_OK);
    assert_blob(&b, AK_SPAN_LIT("b"));
    assert_int_equal(store.ops->remove(store.impl, &b), AK_OK);
    assert_int_equal(fstatat(folder.fd, WALLET "/s1/00000001", &st, 0), -1);
    assert_blob(&c, AK_SPAN_LIT("c"));
    assert_int_equal(store.ops->remove(store.impl, &c), AK_OK);
    assert_int_equal(fstatat(folder.fd, WALLET, &st, 0), -1);
    assert_int_equal(fstatat(folder.fd, "blobs", &st, 0), 0);
    assert_int_equal(put(&a, AK_SPAN_LIT("again")), AK_OK);
    assert_blob(&a, AK_SPAN_LIT("again"));
}

static void touch(const char *path)
{
    int fd = openat(folder.fd, path, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    close(fd);
}

static void list_shows_ours_only(void **state)
{
    (void)state;
    const struct ak_blob_name names[] = {
        folder_name(1, 1, 1), folder_name(1, 1, 2), folder_name(1, 2, 3), folder_name(2, 1, 4)};
    for (size_t i = 0; i < AK_COUNT(names); i++) assert_int_equal(put(&names[i], AK_SPAN_LIT("x")), AK_OK);
    touch("blobs/a file where a folder belongs");
    touch("blobs/.hidden");
    touch(WALLET "/s1/00000001/notes.txt");
    touch(WALLET "/s1/00000001/notes.tmp");
    touch(WALLET "/s1/00000001/01a0c4506c0070078000000000000000.ENC");
    assert_int_equal(mkdirat(folder.fd, "blobs/not-a-wallet", 0700), 0);
    assert_int_equal(symlinkat("/etc", folder.fd, WALLET "/s3"), 0);
    struct folder_seen seen = {.count = 0};
    assert_int_equal(store.ops->list(store.impl, folder_see, &seen), AK_OK);
    assert_int_equal(seen.count, AK_COUNT(names));
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        size_t found = 0;
        for (size_t k = 0; k < seen.count; k++)
            found += memcmp(&names[i], &seen.names[k], sizeof names[i]) == 0;
        assert_int_equal(found, 1);
    }
    seen = (struct folder_seen){.stop_after = 2};
    assert_int_equal(store.ops->list(store.impl, folder_see, &seen), AK_OK);
    assert_int_equal(seen.count, 2);
    assert_int_equal(faccessat(folder.fd, WALLET "/s1/00000001/notes.tmp", F_OK, 0), 0);
}

static void list_may_remove_what_it_shows(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < 9; i++) {
        const struct ak_blob_name name = folder_name(i % 2, 1 + i % 3, i);
        assert_int_equal(put(&name, AK_SPAN_LIT("x")), AK_OK);
    }
    struct folder_seen seen = {.removes = &store};
    assert_int_equal(store.ops->list(store.impl, folder_see, &seen), AK_OK);
    assert_int_equal(seen.count, 9);
    assert_int_equal(count_all(), 0);
}

static void leftovers_of_a_crash_go(void **state)
{
    (void)state;
    const struct ak_blob_name kept = folder_name(1, 1, 1), cut = folder_name(1, 1, 2);
    char path[256];
    struct stat st;
    assert_int_equal(put(&kept, AK_SPAN_LIT("x")), AK_OK);
    path_of(&cut, path);
    memcpy(path + strlen(path), ".tmp", 5);
    touch(path);
    assert_int_equal(mkdirat(folder.fd, WALLET "/s1/00000009", 0700), 0);
    assert_int_equal(count_all(), 1);
    assert_int_equal(fstatat(folder.fd, path, &st, 0), -1);
    assert_int_equal(fstatat(folder.fd, WALLET "/s1/00000009", &st, 0), -1);
    assert_blob(&kept, AK_SPAN_LIT("x"));
}

/* Somebody who may write to the folder does not lead us out of it. */
static void links_are_not_followed(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 1, 1), other = folder_name(2, 1, 1);
    char path[256];
    uint8_t bytes[8];
    size_t len;
    path_of(&name, path);
    assert_int_equal(put(&name, AK_SPAN_LIT("x")), AK_OK);
    assert_int_equal(unlinkat(folder.fd, path, 0), 0);
    assert_int_equal(symlinkat("/etc/hostname", folder.fd, path), 0);
    assert_int_equal(store.ops->read(store.impl, &name, bytes, 8, &len), AK_E_IO);
    assert_int_equal(symlinkat("s1", folder.fd, WALLET "/s2"), 0);
    assert_int_equal(put(&other, AK_SPAN_LIT("y")), AK_E_IO);
    assert_int_equal(store.ops->read(store.impl, &other, bytes, 8, &len), AK_E_IO);
    assert_int_equal(store.ops->remove(store.impl, &other), AK_E_IO);
    assert_int_equal(store.ops->stage(store.impl, &other, AK_SPAN_LIT("y")), AK_E_IO);
    const struct ak_blob_name epoch = folder_name(1, 2, 1);
    assert_int_equal(symlinkat("00000001", folder.fd, WALLET "/s1/00000002"), 0);
    assert_int_equal(store.ops->stage(store.impl, &epoch, AK_SPAN_LIT("y")), AK_E_IO);
    assert_int_equal(store.ops->remove(store.impl, &epoch), AK_E_IO);
}

static void a_file_where_a_folder_belongs(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 1, 1);
    uint8_t bytes[8];
    size_t len;
    touch(WALLET);
    assert_int_equal(put(&name, AK_SPAN_LIT("x")), AK_E_IO);
    assert_int_equal(store.ops->read(store.impl, &name, bytes, 8, &len), AK_E_IO);
    struct ak_blob_store second = {0};
    struct folder other;
    folder_make(&other);
    int fd = openat(other.fd, "blobs", O_WRONLY | O_CREAT, 0600);
    close(fd);
    assert_int_equal(ak_blob_directory_open(other.fd, NULL, &second), AK_E_IO);
    assert_null(second.ops);
    folder_remove(&other);
}

/* The whole store gone says nothing about one blob: no entry "missing" may come of it. */
static void a_store_that_is_gone(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 1, 1);
    uint8_t bytes[8];
    size_t len;
    assert_int_equal(unlinkat(folder.fd, "blobs", AT_REMOVEDIR), 0);
    assert_int_equal(store.ops->read(store.impl, &name, bytes, 8, &len), AK_E_IO);
    assert_int_equal(put(&name, AK_SPAN_LIT("x")), AK_E_IO);
}

static void opened_again(void **state)
{
    (void)state;
    const struct ak_blob_name name = folder_name(1, 1, 1);
    assert_int_equal(put(&name, AK_SPAN_LIT("x")), AK_OK);
    ak_blob_store_close(&store);
    assert_int_equal(ak_blob_directory_open(folder.fd, &ops, &store), AK_OK);
    assert_blob(&name, AK_SPAN_LIT("x"));
}

static void *read_many(void *arg)
{
    const struct ak_blob_name *name = arg;
    static const uint8_t want[64];
    for (int i = 0; i < 300; i++) {
        uint8_t bytes[64];
        size_t len = 0;
        enum ak_err err = store.ops->read(store.impl, name, bytes, sizeof bytes, &len);
        if (err || len != sizeof bytes || memcmp(bytes, want, sizeof want) != 0) return arg;
    }
    return NULL;
}

static void read_while_others_are_written(void **state)
{
    (void)state;
    static const uint8_t zeros[64];
    struct ak_blob_name name = folder_name(1, 1, 1);
    pthread_t threads[3];
    assert_int_equal(put(&name, AK_SPAN_ARR(zeros)), AK_OK);
    for (size_t i = 0; i < AK_COUNT(threads); i++)
        assert_int_equal(pthread_create(&threads[i], NULL, read_many, &name), 0);
    for (uint8_t i = 2; i < 60; i++) {
        const struct ak_blob_name other = folder_name(1, 1, i);
        assert_int_equal(put(&other, AK_SPAN_LIT("x")), AK_OK);
        assert_int_equal(store.ops->remove(store.impl, &other), AK_OK);
    }
    for (size_t i = 0; i < AK_COUNT(threads); i++) {
        void *bad = &name;
        assert_int_equal(pthread_join(threads[i], &bad), 0);
        assert_null(bad);
    }
}

/* A walk goes on where it stopped, while others come and go. */
static void a_walk_in_pieces(void **state)
{
    (void)state;
    enum { NAMES = 12 };
    struct ak_blob_name names[NAMES], seen;
    struct ak_blob_walk *walk = NULL;
    unsigned shown[NAMES] = {0};
    for (uint8_t i = 0; i < NAMES; i++) {
        names[i] = folder_name(i / 4, 1 + i % 2, (uint8_t)(1 + i));
        assert_int_equal(put(&names[i], AK_SPAN_LIT("blob")), AK_OK);
    }
    assert_int_equal(store.ops->walk(store.impl, &walk), AK_OK);
    enum ak_err err = AK_OK;
    for (size_t n = 0; (err = store.ops->walk_next(walk, &seen)) == AK_OK; n++) {
        size_t at = 0;
        while (at < NAMES && memcmp(&names[at], &seen, sizeof seen) != 0) at++;
        assert_true(at < NAMES || seen.epoch == 9);
        if (at == NAMES) continue;
        shown[at]++;
        const struct ak_blob_name other = folder_name(9, 9, (uint8_t)(100 + n));
        assert_int_equal(put(&other, AK_SPAN_LIT("other")), AK_OK);
        assert_int_equal(store.ops->remove(store.impl, &seen), AK_OK);
    }
    assert_int_equal(err, AK_E_NOT_FOUND);
    assert_int_equal(store.ops->walk_next(walk, &seen), AK_E_NOT_FOUND);
    store.ops->walk_end(walk);
    store.ops->walk_end(NULL);
    for (size_t i = 0; i < NAMES; i++) assert_int_equal(shown[i], 1);
    assert_int_equal(store.ops->walk(store.impl, &walk), AK_OK);
    assert_int_equal(store.ops->walk_next(walk, &seen), AK_OK);
    store.ops->walk_end(walk); /* in the middle */
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(written_under_its_name), T(staged_with_the_same_mode), T(every_size),
        T(missing_at_each_level), T(removed_with_empty_folders), T(list_shows_ours_only),
        T(list_may_remove_what_it_shows), T(leftovers_of_a_crash_go), T(links_are_not_followed),
        T(a_file_where_a_folder_belongs), T(a_store_that_is_gone), T(opened_again),
        T(read_while_others_are_written), T(a_walk_in_pieces)};
    return cmocka_run_group_tests(tests, with_system, NULL) +
           cmocka_run_group_tests(tests, without_openat2, NULL);
}
