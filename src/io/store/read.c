/* Reading: every length is checked against what it must be, nothing else is believed of the file. */
#include "io/store/db.h"

#include "base/assert.h"
#include "base/reader.h"

static struct ak_span column_blob(sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    int len = sqlite3_column_bytes(stmt, column);
    return bytes && len > 0 ? ak_span(bytes, (size_t)len) : AK_SPAN_EMPTY;
}

/* A non-negative integer; UINT64_MAX for anything else, which fits nowhere. */
static uint64_t column_u64(sqlite3_stmt *stmt, int column)
{
    if (sqlite3_column_type(stmt, column) != SQLITE_INTEGER) return UINT64_MAX;
    int64_t value = sqlite3_column_int64(stmt, column);
    return value < 0 ? UINT64_MAX : (uint64_t)value;
}

/* first and count as a batch can have them. */
static enum ak_err column_place(sqlite3_stmt *stmt, struct ak_store_batch *batch)
{
    batch->first = column_u64(stmt, 0);
    batch->count = column_u64(stmt, 1);
    bool good = batch->first <= INT64_MAX / 2 && batch->count > 0 && batch->count <= AK_SEGMENT_ENTRIES_MAX;
    return good ? AK_OK : AK_E_FORMAT;
}

static enum ak_err end_query(struct ak_store *store, enum ak_store_query query, enum ak_err err)
{
    (void)sqlite3_reset(store->queries[query]);
    (void)sqlite3_clear_bindings(store->queries[query]);
    return err;
}

enum ak_err ak_store_height(struct ak_store *store, uint64_t *out_size)
{
    *out_size = 0;
    if (!store->read_only) {
        *out_size = store->height;
        return AK_OK;
    }
    sqlite3_stmt *stmt = store->queries[AK_Q_HEIGHT];
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW) return end_query(store, AK_Q_HEIGHT, ak_store_map(rc));
    struct ak_store_batch batch = {0};
    enum ak_err err = column_place(stmt, &batch);
    if (err == AK_OK) *out_size = batch.first + batch.count;
    return end_query(store, AK_Q_HEIGHT, err);
}

static struct ak_span keep(struct ak_buf *memory, struct ak_span bytes)
{
    uint8_t *at = ak_buf_grow(memory, bytes.len);
    if (!at || bytes.len == 0) return AK_SPAN_EMPTY;
    memcpy(at, bytes.ptr, bytes.len);
    return ak_span(at, bytes.len);
}

/* The row under the statement, copied so that no read transaction stays open. */
static enum ak_err keep_batch(struct ak_store *store, sqlite3_stmt *stmt, uint64_t index)
{
    struct ak_store_batch batch = {0};
    struct ak_buf memory = ak_buf(store->memory, AK_STORE_BATCH_BYTES_MAX);
    AK_TRY(column_place(stmt, &batch));
    if (index - batch.first >= batch.count) return AK_E_NOT_FOUND;
    batch.record = keep(&memory, column_blob(stmt, 2));
    batch.leaves = keep(&memory, column_blob(stmt, 3));
    batch.entries = keep(&memory, column_blob(stmt, 4));
    if (memory.failed || batch.leaves.len != batch.count * 32) return AK_E_FORMAT;
    if (batch.entries.len > 0 && ak_segment_validate(batch.entries, batch.count) != AK_OK) return AK_E_FORMAT;
    store->batch = batch;
    return AK_OK;
}

enum ak_err ak_store_read_batch(struct ak_store *store, uint64_t index, struct ak_store_batch *out_batch)
{
    *out_batch = (struct ak_store_batch){0};
    if (index > INT64_MAX / 2) return AK_E_NOT_FOUND;
    if (index - store->batch.first >= store->batch.count) {
        store->batch.count = 0;
        sqlite3_stmt *stmt = store->queries[AK_Q_BATCH_GET];
        ak_assert(sqlite3_bind_int64(stmt, 1, (int64_t)index) == SQLITE_OK);
        int rc = sqlite3_step(stmt);
        enum ak_err err = rc == SQLITE_ROW    ? keep_batch(store, stmt, index)
                          : rc == SQLITE_DONE ? AK_E_NOT_FOUND
                                              : ak_store_map(rc);
        AK_TRY(end_query(store, AK_Q_BATCH_GET, err));
    }
    *out_batch = store->batch;
    return AK_OK;
}

enum ak_err ak_store_read_entry(
    struct ak_store *store, uint64_t index, struct ak_span *out_entry, uint8_t out_leaf[32])
{
    struct ak_store_batch batch;
    *out_entry = AK_SPAN_EMPTY;
    memset(out_leaf, 0, 32);
    AK_TRY(ak_store_read_batch(store, index, &batch));
    if (batch.entries.len == 0) return AK_E_STATE;
    struct ak_reader reader = ak_reader(batch.entries);
    for (uint64_t i = batch.first; i <= index; i++) AK_TRY(ak_segment_next(&reader, out_entry));
    ak_assert(batch.leaves.ptr != NULL);
    memcpy(out_leaf, batch.leaves.ptr + (index - batch.first) * 32, 32);
    return AK_OK;
}

/* Leaf hashes of one batch from `first` on, at most `count`; how many there were. */
static enum ak_err read_some_leaves(
    struct ak_store *store, uint64_t first, uint64_t count, uint8_t *out_leaves, uint64_t *out_got)
{
    sqlite3_stmt *stmt = store->queries[AK_Q_LEAVES_GET];
    struct ak_store_batch batch = {0};
    ak_assert(sqlite3_bind_int64(stmt, 1, (int64_t)first) == SQLITE_OK);
    int rc = sqlite3_step(stmt);
    if (rc != SQLITE_ROW) return rc == SQLITE_DONE ? AK_E_NOT_FOUND : ak_store_map(rc);
    AK_TRY(column_place(stmt, &batch));
    struct ak_span leaves = column_blob(stmt, 2);
    if (!leaves.ptr || leaves.len != batch.count * 32) return AK_E_FORMAT;
    if (first - batch.first >= batch.count) return AK_E_NOT_FOUND;
    uint64_t got = batch.count - (first - batch.first);
    if (got > count) got = count;
    memcpy(out_leaves, leaves.ptr + (first - batch.first) * 32, got * 32);
    *out_got = got;
    return AK_OK;
}

enum ak_err ak_store_read_leaves(struct ak_store *store, uint64_t first, uint64_t count, uint8_t *out_leaves)
{
    while (count > 0) {
        uint64_t got = 0;
        if (first > INT64_MAX / 2) return AK_E_NOT_FOUND;
        enum ak_err err = read_some_leaves(store, first, count, out_leaves, &got);
        AK_TRY(end_query(store, AK_Q_LEAVES_GET, err));
        first += got;
        count -= got;
        out_leaves += got * 32;
    }
    return AK_OK;
}

/* `count` stored subtrees of a level that is a multiple of 8. */
static enum ak_err read_nodes(
    struct ak_store *store, unsigned level, uint64_t first, uint64_t count, uint8_t *out_hashes)
{
    sqlite3_stmt *stmt = store->queries[AK_Q_NODES_GET];
    if (first > INT64_MAX / 2) return AK_E_NOT_FOUND;
    ak_assert(sqlite3_bind_int64(stmt, 1, (int64_t)level) == SQLITE_OK);
    ak_assert(sqlite3_bind_int64(stmt, 2, (int64_t)first) == SQLITE_OK);
    ak_assert(sqlite3_bind_int64(stmt, 3, (int64_t)count) == SQLITE_OK);
    for (uint64_t i = 0; i < count; i++) {
        int rc = sqlite3_step(stmt);
        if (rc != SQLITE_ROW) return rc == SQLITE_DONE ? AK_E_NOT_FOUND : ak_store_map(rc);
        struct ak_span hash = column_blob(stmt, 1);
        if (column_u64(stmt, 0) != first + i) return AK_E_NOT_FOUND;
        if (hash.len != 32) return AK_E_FORMAT;
        memcpy(out_hashes + i * 32, hash.ptr, 32);
    }
    return AK_OK;
}

/* Any complete subtree: the stored hashes at the multiple of 8 below, folded. */
static enum ak_err source_node(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    struct ak_store *store = (struct ak_store *)ctx;
    uint8_t hashes[1 << (AK_MERKLE_TILE_LEVELS - 1)][32];
    unsigned up = level % AK_MERKLE_TILE_LEVELS;
    unsigned base = level - up;
    uint64_t count = UINT64_C(1) << up;
    memset(out_hash, 0, 32);
    if (level >= AK_MERKLE_LEVELS || index > (uint64_t)INT64_MAX >> up) return AK_E_NOT_FOUND;
    if (base == 0) {
        AK_TRY(ak_store_read_leaves(store, index << up, count, hashes[0]));
    } else {
        enum ak_err err = read_nodes(store, base, index << up, count, hashes[0]);
        AK_TRY(end_query(store, AK_Q_NODES_GET, err));
    }
    for (; count > 1; count /= 2)
        for (uint64_t i = 0; i < count / 2; i++) ak_merkle_node(hashes[2 * i], hashes[2 * i + 1], hashes[i]);
    memcpy(out_hash, hashes[0], 32);
    return AK_OK;
}

struct ak_merkle_source ak_store_merkle_source(struct ak_store *store)
{
    return (struct ak_merkle_source){source_node, store};
}

enum ak_err ak_store_meta_get(
    struct ak_store *store, const char *key, uint8_t *out_value, size_t cap, size_t *out_len)
{
    *out_len = 0;
    sqlite3_stmt *stmt = store->queries[AK_Q_META_GET];
    ak_assert(sqlite3_bind_text(stmt, 1, key, -1, SQLITE_STATIC) == SQLITE_OK);
    int rc = sqlite3_step(stmt);
    enum ak_err err = rc == SQLITE_ROW ? AK_OK : rc == SQLITE_DONE ? AK_E_NOT_FOUND : ak_store_map(rc);
    if (err == AK_OK) {
        struct ak_span value = column_blob(stmt, 0);
        if (value.len > cap) {
            err = AK_E_LIMIT;
        } else {
            if (value.len) memcpy(out_value, value.ptr, value.len);
            *out_len = value.len;
        }
    }
    return end_query(store, AK_Q_META_GET, err);
}
