/* Faults: a power cut at every write and sync, a sync that fails, a disk that is full, the reserve (I3, I14).
 */
#include "unit/io/store/fault_world.h"

#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>

/* Batches of the workload: small and large, over a tile's border, with a checkpoint every few. */
static const uint64_t counts[] = {1, 3, 64, 250, 2, 40, 1, 17};
enum { CHECKPOINT = 12, RESERVE = 1 << 16 };

static struct ak_store_options options(const char *vfs)
{
    return (struct ak_store_options){
        .path = s.path, .reserve_len = RESERVE, .vfs = vfs, .checkpoint_pages = CHECKPOINT};
}

static void create(void)
{
    struct ak_store_options o = options(NULL);
    fault_reset();
    sample_remove(&s);
    assert_int_equal(ak_store_create(&o, s.log_id), AK_OK);
}

/* Appends until the end or the first failure; how many entries were acknowledged. */
static uint64_t work(struct ak_store *store)
{
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    for (size_t i = 0; i < AK_COUNT(counts); i++) {
        enum ak_err err = sample_append(&s, store, &tree, counts[i], i % 2 == 0);
        if (err == AK_OK) continue;
        assert_int_equal(err, AK_E_IO);
        /* the handle stays dead */
        assert_int_equal(sample_append(&s, store, &tree, counts[i], true), AK_E_IO);
        assert_int_equal(ak_store_meta_put(store, "k", AK_SPAN_LIT("v")), AK_E_IO);
        assert_int_equal(ak_store_wait(store, 0), AK_E_IO);
        break;
    }
    return tree.size;
}

/* What is left after the cut is a prefix of the batches that holds all that was acknowledged, and goes on. */
static void check_left(uint64_t acknowledged)
{
    struct ak_store_options o = options(NULL);
    struct ak_store *store = NULL;
    struct ak_merkle_frontier tree;
    uint64_t size = 0;
    uint64_t border = 0;
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    assert_int_equal(ak_store_height(store, &size), AK_OK);
    assert_true(size >= acknowledged);
    size_t batches = 0;
    ak_merkle_frontier_init(&tree);
    for (; border < size; batches++) {
        assert_true(batches < AK_COUNT(counts));
        sample_batch(&s, &tree, counts[batches]);
        border += counts[batches];
    }
    assert_int_equal(border, size);
    sample_check(store, size);
    for (; batches < AK_COUNT(counts); batches++)
        assert_int_equal(sample_append(&s, store, &tree, counts[batches], false), AK_OK);
    sample_check(store, tree.size);
    uint8_t root[32];
    uint8_t stored[32];
    struct ak_merkle_source source = ak_store_merkle_source(store);
    ak_merkle_root(&tree, root);
    assert_int_equal(ak_merkle_stored_root(&source, tree.size, stored), AK_OK);
    assert_memory_equal(root, stored, 32);
    ak_store_close(store);
}

/* Power fails at operation `at`; false where the workload ended before. */
static bool cut_at(unsigned at, enum fault_keep keep, bool torn)
{
    struct ak_store_options o = options("ak-fault");
    struct ak_store *store = NULL;
    uint64_t acknowledged = 0;
    create();
    fault.torn = torn;
    fault.crash_at = at;
    enum ak_err err = ak_store_open(&o, &store);
    if (err == AK_OK) acknowledged = work(store);
    bool reached = fault.op >= at;
    if (err != AK_OK) assert_true(reached);
    fault.op = at; /* closing must not write any more either */
    ak_store_close(store);
    fault_power_cut(keep, at);
    check_left(acknowledged);
    return reached;
}

static unsigned cut_at_each(bool torn)
{
    unsigned at = 1;
    while (cut_at(at, FAULT_KEEP_NONE, torn) && cut_at(at, FAULT_KEEP_ALL, torn) &&
           cut_at(at, FAULT_KEEP_SOME, torn))
        at++;
    printf("power cut at each of %u writes and syncs\n", at - 1);
    return at;
}

static void power_cut_at_every_operation(void **state)
{
    (void)state;
    assert_true(cut_at_each(false) > 30); /* writes are joined */
    assert_true(cut_at_each(true) > 100);
}

static void failed_sync_kills_the_handle(void **state)
{
    (void)state;
    struct ak_store_options o = options("ak-fault");
    unsigned which = 1;
    for (;; which++) {
        struct ak_store *store = NULL;
        create();
        fault.sync_fail = which;
        enum ak_err err = ak_store_open(&o, &store);
        bool reached = false;
        uint64_t acknowledged = 0;
        if (err == AK_OK) acknowledged = work(store);
        reached = fault.syncs >= which;
        if (err != AK_OK) assert_int_equal(err, AK_E_IO);
        if (err == AK_OK) assert_int_equal(ak_store_wait(store, 0), reached ? AK_E_IO : AK_OK);
        fault.crash_at = fault.op;
        ak_store_close(store);
        fault_power_cut(FAULT_KEEP_NONE, which);
        check_left(acknowledged);
        if (!reached) break;
    }
    printf("each of %u syncs failed once\n", which - 1);
    assert_true(which > AK_COUNT(counts));
}

static uint64_t size_of(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 ? (uint64_t)st.st_size : 0;
}

static uint64_t size_of_all(void)
{
    char wal[160];
    (void)snprintf(wal, sizeof wal, "%s-wal", s.path);
    return size_of(s.path) + size_of(wal) + size_of(s.reserve);
}

static void fill_the_disk(bool torn)
{
    struct ak_store_options o = options("ak-fault");
    struct ak_store *store = NULL;
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    create();
    fault.torn = torn;
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    assert_int_equal(sample_append(&s, store, &tree, 8, false), AK_OK);
    fault.reserve = s.reserve;
    fault.quota = size_of_all() + 20000;
    size_t more = 0;
    while (sample_append(&s, store, &tree, 8, false) == AK_OK) more++;
    assert_true(more < 50);
    uint64_t size = tree.size;
    assert_int_equal(sample_append(&s, store, &tree, 8, false), AK_E_FULL);
    assert_true(ak_store_reserve_whole(store));
    /* a person can still suspend */
    assert_int_equal(sample_append(&s, store, &tree, 1, true), AK_OK);
    assert_false(ak_store_reserve_whole(store));
    assert_int_equal(tree.size, size + 1);
    sample_check(store, tree.size);
    /* and again, until the reserve is used up too: then it is told, and nothing breaks */
    while (sample_append(&s, store, &tree, 1, true) == AK_OK) assert_true(tree.size < size + 100);
    assert_int_equal(sample_append(&s, store, &tree, 1, true), AK_E_FULL);
    sample_check(store, tree.size);
    /* room again */
    fault.quota = 0;
    assert_int_equal(sample_append(&s, store, &tree, 8, false), AK_OK);
    assert_true(ak_store_reserve_whole(store));
    assert_int_equal(size_of(s.reserve), RESERVE);
    sample_check(store, tree.size);
    ak_store_close(store);
    o.vfs = NULL;
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    sample_check(store, tree.size);
    ak_store_close(store);
}

static void full_disk_leaves_the_reserve_to_control(void **state)
{
    (void)state;
    fill_the_disk(false);
    fill_the_disk(true);
}

/* Entries of the first three batches are let go, with a value that says so. */
static bool let_go_cut_at(unsigned at, enum fault_keep keep)
{
    struct ak_store_options o = options(NULL);
    struct ak_store *store = NULL;
    struct ak_merkle_frontier tree;
    struct ak_store_batch batch;
    uint8_t value[8];
    size_t len = 0;
    create();
    ak_merkle_frontier_init(&tree);
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    for (size_t i = 0; i < 5; i++) assert_int_equal(sample_append(&s, store, &tree, counts[i], false), AK_OK);
    ak_store_close(store);
    fault_reset();
    fault.torn = true; /* nothing is joined: more places to cut at */
    fault.crash_at = at;
    o.vfs = "ak-fault";
    enum ak_err err = ak_store_open(&o, &store);
    if (err == AK_OK) err = ak_store_let_go(store, 0, 68, "gone", AK_SPAN_LIT("68"));
    bool reached = fault.op >= at;
    fault.op = at;
    ak_store_close(store);
    fault_power_cut(keep, at);
    o.vfs = NULL;
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    enum ak_err said = ak_store_meta_get(store, "gone", value, sizeof value, &len);
    assert_true(said == AK_OK || said == AK_E_NOT_FOUND);
    if (err == AK_OK) assert_int_equal(said, AK_OK);
    for (uint64_t i = 0; i < 68; i++) { /* all of them, or none */
        assert_int_equal(ak_store_read_batch(store, i, &batch), AK_OK);
        assert_int_equal(batch.entries.len == 0, said == AK_OK);
    }
    assert_int_equal(ak_store_read_batch(store, 68, &batch), AK_OK);
    assert_true(batch.entries.len > 0);
    ak_store_close(store);
    return reached;
}

static void power_cut_while_entries_are_let_go(void **state)
{
    (void)state;
    unsigned at = 1;
    while (let_go_cut_at(at, FAULT_KEEP_NONE) && let_go_cut_at(at, FAULT_KEEP_ALL) &&
           let_go_cut_at(at, FAULT_KEEP_SOME))
        at++;
    printf("power cut at each of %u writes and syncs\n", at - 1);
    assert_true(at > 4);
}

/* The reserve cannot be made whole (a limit on file sizes stands for the full disk): use entries are refused
 * though they would fit, control entries go on. */
static void use_waits_for_the_reserve(void **state)
{
    (void)state;
    struct ak_store_options o = options(NULL);
    struct ak_store *store = NULL;
    struct ak_merkle_frontier tree;
    struct rlimit before;
    ak_merkle_frontier_init(&tree);
    o.reserve_len = 8 << 20;
    create();
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
    (void)signal(SIGXFSZ, SIG_IGN);
    struct rlimit small = {4 << 20, before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    assert_int_equal(ak_store_open(&o, &store), AK_OK);
    assert_false(ak_store_reserve_whole(store));
    assert_true(ak_store_low(store));
    assert_int_equal(size_of(s.reserve), 0);
    assert_int_equal(sample_append(&s, store, &tree, 4, false), AK_E_FULL);
    assert_int_equal(sample_append(&s, store, &tree, 4, true), AK_OK);
    assert_int_equal(sample_append(&s, store, &tree, 4, false), AK_E_FULL);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
    /* asking is enough to set it aside again: nobody has to append first */
    assert_false(ak_store_low(store));
    assert_true(ak_store_reserve_whole(store));
    ak_store_make_room(s.path);
    assert_int_equal(size_of(s.reserve), 8 << 20);
    assert_int_equal(sample_append(&s, store, &tree, 4, false), AK_OK);
    sample_check(store, tree.size);
    ak_store_close(store);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(power_cut_at_every_operation),
        cmocka_unit_test(failed_sync_kills_the_handle),
        cmocka_unit_test(full_disk_leaves_the_reserve_to_control),
        cmocka_unit_test(use_waits_for_the_reserve),
        cmocka_unit_test(power_cut_while_entries_are_let_go),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
