/* Batches of any number and a folder for a store; shared by the store's tests. */
#ifndef AK_TESTS_UNIT_IO_STORE_SAMPLE_H
#define AK_TESTS_UNIT_IO_STORE_SAMPLE_H

#include <unistd.h>

#include "core/ledger/log.h"
#include "io/store/store.h"

enum { SAMPLE_BATCH_MAX = 1024 };

struct sample {
    char folder[64];
    char path[96];
    char reserve[128];
    uint8_t log_id[16];
    /* the batch made last */
    struct ak_store_batch batch;
    struct ak_merkle_subtree subtrees[AK_BATCH_SUBTREES_MAX];
    size_t subtree_count;
    uint8_t segment[AK_SEGMENT_LEN_MAX];
    uint8_t leaves[SAMPLE_BATCH_MAX * 32];
    uint8_t record[AK_RECORD_LEN_MAX];
};

static inline void sample_open(struct sample *s)
{
    memset(s, 0, sizeof *s);
    /* memory where there is a file system of it: durability is the fault VFS's business, not the disk's */
    const char *base = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    (void)snprintf(s->folder, sizeof s->folder, "%s/ak-store-XXXXXX", base);
    assert_non_null(mkdtemp(s->folder));
    (void)snprintf(s->path, sizeof s->path, "%s/ledger.db", s->folder);
    (void)snprintf(s->reserve, sizeof s->reserve, "%s-reserve", s->path);
    memset(s->log_id, 0x1d, sizeof s->log_id);
}

static inline void sample_remove(struct sample *s)
{
    static const char *const endings[] = {"", "-wal", "-shm", "-reserve", "-new", "-new-wal", "-new-shm"};
    for (size_t i = 0; i < AK_COUNT(endings); i++) {
        char name[160];
        (void)snprintf(name, sizeof name, "%s%s", s->path, endings[i]);
        (void)unlink(name);
    }
}

static inline void sample_close(struct sample *s)
{
    sample_remove(s);
    assert_int_equal(rmdir(s->folder), 0);
}

/* Entry `index` of every sample log: its length and bytes follow from the index. */
static inline struct ak_span sample_entry(uint64_t index, uint8_t memory[512])
{
    size_t len = 40 + (size_t)(index * 37 % 400);
    for (size_t i = 0; i < len; i++) memory[i] = (uint8_t)(index * 31 + i);
    return ak_span(memory, len);
}

static inline void sample_leaf(uint64_t index, uint8_t out_leaf[32])
{
    uint8_t memory[512];
    ak_merkle_leaf(sample_entry(index, memory), out_leaf);
}

static inline void sample_keep(void *ctx, const struct ak_merkle_subtree *subtree)
{
    struct sample *s = (struct sample *)ctx;
    if (subtree->level % AK_MERKLE_TILE_LEVELS == 0) s->subtrees[s->subtree_count++] = *subtree;
}

/* The batch of `count` entries that follows `tree`. */
static inline void sample_batch(struct sample *s, struct ak_merkle_frontier *tree, uint64_t count)
{
    struct ak_buf segment = AK_BUF_ARR(s->segment);
    struct ak_merkle_sink sink = {sample_keep, s};
    s->subtree_count = 0;
    s->batch.first = tree->size;
    s->batch.count = count;
    for (uint64_t i = 0; i < count; i++) {
        uint8_t memory[512];
        ak_segment_put(&segment, sample_entry(tree->size, memory));
        sample_leaf(tree->size, s->leaves + i * 32);
        ak_merkle_append(tree, s->leaves + i * 32, &sink);
    }
    assert_int_equal(ak_buf_check(&segment), AK_OK);
    memset(s->record, (int)(s->batch.first % 251), 100);
    s->batch.entries = ak_buf_span(&segment);
    s->batch.leaves = ak_span(s->leaves, count * 32);
    s->batch.record = ak_span(s->record, 100);
}

static inline enum ak_err sample_append(
    struct sample *s, struct ak_store *store, struct ak_merkle_frontier *tree, uint64_t count, bool control)
{
    struct ak_merkle_frontier before = *tree;
    sample_batch(s, tree, count);
    enum ak_err err = ak_store_append(store, &s->batch, s->subtrees, s->subtree_count, control);
    if (err != AK_OK) *tree = before;
    return err;
}

/* Every entry up to `size` is there, alike, with its leaf hash. */
static inline void sample_check(struct ak_store *store, uint64_t size)
{
    for (uint64_t i = 0; i < size; i++) {
        uint8_t memory[512];
        uint8_t leaf[32];
        uint8_t want[32];
        struct ak_span entry;
        assert_int_equal(ak_store_read_entry(store, i, &entry, leaf), AK_OK);
        assert_true(ak_span_eq(entry, sample_entry(i, memory)));
        sample_leaf(i, want);
        assert_memory_equal(leaf, want, 32);
    }
}

#endif
