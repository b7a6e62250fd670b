/* The embedded ledger store: one SQLite file, WAL, synchronous=FULL, one row a batch, and a reserve of disk
 * space that only control entries may use. Guaranteed: after AK_OK of an append the batch is durable, and
 * after any crash the file holds a prefix of the batches appended. Not guaranteed: authenticity; whoever
 * reads checks records, leaves and roots (I11). Holds no secrets. A handle is for one thread at a time; a
 * writer and readers may be open at once in one process. The caller holds the lock on the folder. */
#ifndef AK_IO_STORE_STORE_H
#define AK_IO_STORE_STORE_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "core/ledger/merkle.h"

#define AK_STORE_RESERVE_LEN ((uint64_t)64 * 1024 * 1024)
enum { AK_STORE_META_KEY_MAX = 64, AK_STORE_META_VALUE_MAX = 64 * 1024 };

struct ak_store;
struct ak_store_options {
    const char *path;     /* of the file; the reserve is beside it under "<path>-reserve" */
    bool read_only;       /* a reader: no append, no meta_put */
    uint64_t reserve_len; /* 0: AK_STORE_RESERVE_LEN */
    const char *vfs;      /* name of a registered SQLite VFS; NULL: the default */
    int checkpoint_pages; /* the WAL is copied into the file from this length on; 0: 4096 pages, 16 MiB */
};

/* Makes a new, empty store (mode 0600) durably. AK_E_EXISTS, AK_E_FULL, AK_E_IO. */
AK_MUST_USE enum ak_err ak_store_create(const struct ak_store_options *options, const uint8_t log_id[16]);
/* Opens it, recovers the WAL, and does everything that opens further files, so that a sandbox without files
 * may follow. AK_E_NOT_FOUND, AK_E_UNSUPPORTED (other application or version), AK_E_FORMAT (damaged),
 * AK_E_IO. */
AK_MUST_USE enum ak_err ak_store_open(const struct ak_store_options *options, struct ak_store **out_store);
/* Takes NULL. */
void ak_store_close(struct ak_store *store);

/* Number of entries stored: index of the next one. For a reader: as of now. */
AK_MUST_USE enum ak_err ak_store_height(struct ak_store *store, uint64_t *out_size);
void ak_store_log_id(const struct ak_store *store, uint8_t out_log_id[16]);

struct ak_store_batch {
    uint64_t first;
    uint64_t count;
    struct ak_span entries; /* the segment */
    struct ak_span leaves;  /* 32 * count bytes */
    struct ak_span record;
};
/* Appends one batch with the subtrees it completes; durable at AK_OK. `control`: it holds a control entry
 * and may use the reserve; a batch of use entries is refused (AK_E_FULL) while the reserve is not whole.
 * AK_E_ARG (lengths), AK_E_CONFLICT (first is not the height), AK_E_FULL (nothing changed, try again later),
 * AK_E_IO (nothing may be assumed: the caller ends; the handle refuses everything after it). */
AK_MUST_USE enum ak_err ak_store_append(struct ak_store *store, const struct ak_store_batch *batch,
    const struct ak_merkle_subtree *subtrees, size_t subtree_count, bool control);
/* Returns once `size` entries are durable: at once here. AK_E_STATE where they are not there. */
AK_MUST_USE enum ak_err ak_store_wait(struct ak_store *store, uint64_t size);

/* Lets go of the entries of all batches from the one that begins with `first` to the one that ends before
 * `end`, and puts the named value that says so, in one transaction: durable at AK_OK, and whatever else comes
 * back nothing was let go. Records, leaf hashes and subtrees stay. The file gets no smaller: what is freed is
 * used for entries to come. The caller has them elsewhere. Errors as ak_store_append; AK_E_ARG where `end` is
 * over the height. */
AK_MUST_USE enum ak_err ak_store_let_go(
    struct ak_store *store, uint64_t first, uint64_t end, const char *key, struct ak_span value);

/* The batch that holds entry `index`; views are valid until the next call on this handle. Of one whose
 * entries were let go `entries` is empty. AK_E_NOT_FOUND at or beyond the height, AK_E_FORMAT (lengths do not
 * fit together). */
AK_MUST_USE enum ak_err ak_store_read_batch(
    struct ak_store *store, uint64_t index, struct ak_store_batch *out_batch);
/* One entry and its stored leaf hash, views as above. AK_E_STATE: it was let go. */
AK_MUST_USE enum ak_err ak_store_read_entry(
    struct ak_store *store, uint64_t index, struct ak_span *out_entry, uint8_t out_leaf[32]);
/* `count` leaf hashes from `first` on into 32 * count bytes. AK_E_NOT_FOUND. */
AK_MUST_USE enum ak_err ak_store_read_leaves(
    struct ak_store *store, uint64_t first, uint64_t count, uint8_t *out_leaves);
/* Proofs from this store: any complete subtree in at most 128 hashes. Valid while the store is open. */
struct ak_merkle_source ak_store_merkle_source(struct ak_store *store);

/* Small named values. `out_value` must have room for AK_STORE_META_VALUE_MAX or be known to suffice.
 * AK_E_NOT_FOUND, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_store_meta_get(
    struct ak_store *store, const char *key, uint8_t *out_value, size_t cap, size_t *out_len);
/* Durable at AK_OK; errors as ak_store_append. */
AK_MUST_USE enum ak_err ak_store_meta_put(struct ak_store *store, const char *key, struct ak_span value);

/* True while the whole reserve is set aside. */
bool ak_store_reserve_whole(struct ak_store *store);
/* True where the disk is nearly full: the reserve is not whole and there is no room to set it aside again, or
 * beside it less than an eighth of it is left. Then use entries should wait. */
bool ak_store_low(struct ak_store *store);
/* Before a start, under the folder's lock: where less than 1 MiB is left on the disk, gives the reserve of
 * the store at `path` free, so that the start itself can write. */
void ak_store_make_room(const char *path);

#endif
