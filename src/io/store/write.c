/* Appending: one transaction a batch, space from the reserve for control entries, checkpoints of the WAL. */
#include "io/store/db.h"

#include "base/assert.h"

static void bind_blob(sqlite3_stmt *stmt, int at, struct ak_span bytes)
{
    int rc = sqlite3_bind_blob64(stmt, at, bytes.ptr, bytes.len, SQLITE_STATIC);
    ak_assert(rc == SQLITE_OK);
}

static void bind_u64(sqlite3_stmt *stmt, int at, uint64_t value)
{
    ak_assert(value <= INT64_MAX);
    int rc = sqlite3_bind_int64(stmt, at, (int64_t)value);
    ak_assert(rc == SQLITE_OK);
}

/* What a batch or a meta value writes, so that both share the way a transaction fails. */
struct change {
    const struct ak_store_batch *batch;
    const struct ak_merkle_subtree *subtrees;
    size_t subtree_count;
    const char *key;
    struct ak_span value;
    uint64_t let_go_first, let_go_end; /* equal: nothing is let go */
};

static enum ak_err put_batch(struct ak_store *store, const struct change *change)
{
    sqlite3_stmt *stmt = store->queries[AK_Q_BATCH_PUT];
    bind_u64(stmt, 1, change->batch->first);
    bind_u64(stmt, 2, change->batch->count);
    bind_blob(stmt, 3, change->batch->record);
    bind_blob(stmt, 4, change->batch->leaves);
    bind_blob(stmt, 5, change->batch->entries);
    AK_TRY(ak_store_run(store, AK_Q_BATCH_PUT));
    for (size_t i = 0; i < change->subtree_count; i++) {
        stmt = store->queries[AK_Q_NODE_PUT];
        bind_u64(stmt, 1, change->subtrees[i].level);
        bind_u64(stmt, 2, change->subtrees[i].index);
        bind_blob(stmt, 3, AK_SPAN_ARR(change->subtrees[i].hash));
        AK_TRY(ak_store_run(store, AK_Q_NODE_PUT));
    }
    return AK_OK;
}

static enum ak_err let_go(struct ak_store *store, const struct change *change)
{
    sqlite3_stmt *stmt = store->queries[AK_Q_LET_GO];
    bind_u64(stmt, 1, change->let_go_first);
    bind_u64(stmt, 2, change->let_go_end);
    return ak_store_run(store, AK_Q_LET_GO);
}

static enum ak_err put_meta(struct ak_store *store, const struct change *change)
{
    if (change->let_go_first < change->let_go_end) AK_TRY(let_go(store, change));
    sqlite3_stmt *stmt = store->queries[AK_Q_META_PUT];
    int rc = sqlite3_bind_text(stmt, 1, change->key, -1, SQLITE_STATIC);
    ak_assert(rc == SQLITE_OK);
    bind_blob(stmt, 2, change->value);
    return ak_store_run(store, AK_Q_META_PUT);
}

static enum ak_err try_once(struct ak_store *store, const struct change *change)
{
    AK_TRY(ak_store_run(store, AK_Q_BEGIN));
    enum ak_err err = change->batch ? put_batch(store, change) : put_meta(store, change);
    if (err == AK_OK) err = ak_store_run(store, AK_Q_COMMIT);
    if (err == AK_OK) return AK_OK;
    /* a full disk may have ended the transaction already */
    if (sqlite3_get_autocommit(store->db)) return err;
    return ak_store_run(store, AK_Q_ROLLBACK) == AK_OK ? err : AK_E_IO;
}

/* Not under SQLite's own hook, which swallows the error: a failed sync of the file must not be tried again.
 */
static enum ak_err checkpoint(struct ak_store *store)
{
    if (store->wal_pages < store->checkpoint_pages) return AK_OK;
    int rc = sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
    enum ak_err err = ak_store_map(rc);
    /* a reader in the way or no room for the file: the WAL keeps everything, later will do */
    return err == AK_E_STATE || err == AK_E_FULL ? AK_OK : err;
}

static enum ak_err write_change(struct ak_store *store, const struct change *change, bool control)
{
    enum ak_err err = try_once(store, change);
    if (err == AK_E_FULL && control) {
        AK_TRY(ak_reserve_release(store));
        err = try_once(store, change);
    }
    if (err == AK_E_FULL) return err;
    if (err == AK_OK) err = checkpoint(store);
    if (err == AK_OK) return AK_OK;
    store->dead = true;
    return AK_E_IO;
}

static bool batch_is_good(const struct ak_store_batch *batch, size_t subtree_count)
{
    return batch->count > 0 && batch->count <= AK_SEGMENT_ENTRIES_MAX && batch->first <= INT64_MAX / 2 &&
           batch->leaves.len == batch->count * 32 && batch->entries.len > 0 &&
           batch->entries.len <= AK_SEGMENT_LEN_MAX && batch->record.len > 0 &&
           batch->record.len <= AK_RECORD_LEN_MAX && subtree_count <= AK_SEGMENT_ENTRIES_MAX;
}

enum ak_err ak_store_append(struct ak_store *store, const struct ak_store_batch *batch,
    const struct ak_merkle_subtree *subtrees, size_t subtree_count, bool control)
{
    if (store->dead) return AK_E_IO;
    if (store->read_only || !batch_is_good(batch, subtree_count)) return AK_E_ARG;
    if (batch->first != store->height) return AK_E_CONFLICT;
    if (!control && !ak_reserve_fill(store)) return AK_E_FULL;
    struct change change = {.batch = batch, .subtrees = subtrees, .subtree_count = subtree_count};
    AK_TRY(write_change(store, &change, control));
    store->height += batch->count;
    return AK_OK;
}

static bool meta_is_good(const char *key, struct ak_span value)
{
    return strlen(key) <= AK_STORE_META_KEY_MAX && value.len > 0 && value.len <= AK_STORE_META_VALUE_MAX;
}

enum ak_err ak_store_let_go(
    struct ak_store *store, uint64_t first, uint64_t end, const char *key, struct ak_span value)
{
    if (store->dead) return AK_E_IO;
    if (store->read_only || !meta_is_good(key, value)) return AK_E_ARG;
    if (first >= end || end > store->height) return AK_E_ARG;
    struct change change = {.key = key, .value = value, .let_go_first = first, .let_go_end = end};
    store->batch.count = 0;
    return write_change(store, &change, false);
}

enum ak_err ak_store_meta_put(struct ak_store *store, const char *key, struct ak_span value)
{
    if (store->dead) return AK_E_IO;
    if (store->read_only || !meta_is_good(key, value)) return AK_E_ARG;
    struct change change = {.key = key, .value = value};
    return write_change(store, &change, false);
}

enum ak_err ak_store_wait(struct ak_store *store, uint64_t size)
{
    if (store->dead) return AK_E_IO;
    uint64_t height = 0;
    AK_TRY(ak_store_height(store, &height));
    return size <= height ? AK_OK : AK_E_STATE;
}
