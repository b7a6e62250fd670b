/* Each system call of the folder fails once, or is the last one before a crash, or finds the disk full; and
 * what write says is durable was synced: the file before its name, each new folder in its parent (I14). */
#include "fault.h"

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
    const struct CMUnitTest tests[] = {T(durable_when_it_says_so), T(doubt_is_remembered),
        T(opening_syncs_what_was_there), T(a_crash_after_each_call_of_write), T(no_descriptor_is_lost),
        T(a_full_disk_says_so), T(a_crash_after_each_call_of_remove), T(a_list_that_fails_says_so),
        T(an_opening_that_fails)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
