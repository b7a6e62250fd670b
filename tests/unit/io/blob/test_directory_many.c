/* Many blobs at once, written and removed: the same faults, and durable together or not taken for stored
 * (I14). */
#include "fault.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {T(many_are_durable_together), T(a_crash_after_each_call_of_many),
        T(many_of_which_one_fails), T(a_crash_after_each_call_of_remove_all)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
