/* Inside io/store: the handle and what its parts share. */
#ifndef AK_IO_STORE_DB_H
#define AK_IO_STORE_DB_H

#include <sqlite3.h>

#include "core/ledger/record.h"
#include "core/ledger/segment.h"
#include "io/store/store.h"

/* "AKl1" */
#define AK_STORE_APPLICATION_ID 0x414b6c31
#define AK_STORE_USER_VERSION   1

enum {
    AK_STORE_PAGE_SIZE = 4096,
    /* 16 MiB: seldom enough not to matter, small enough to stay in the page cache and to be replayed at once
     */
    AK_STORE_CHECKPOINT_PAGES = 4096,
    AK_STORE_BATCH_BYTES_MAX = AK_SEGMENT_LEN_MAX + AK_SEGMENT_ENTRIES_MAX * 32 + AK_RECORD_LEN_MAX,
};

enum ak_store_query {
    AK_Q_BEGIN,
    AK_Q_COMMIT,
    AK_Q_ROLLBACK,
    AK_Q_BATCH_PUT,
    AK_Q_NODE_PUT,
    AK_Q_META_PUT,
    AK_Q_LET_GO,
    AK_Q_HEIGHT,
    AK_Q_BATCH_GET,
    AK_Q_LEAVES_GET,
    AK_Q_NODES_GET,
    AK_Q_META_GET,
    AK_Q_COUNT_
};

struct ak_store {
    sqlite3 *db;
    sqlite3_stmt *queries[AK_Q_COUNT_];
    bool read_only;
    bool dead;       /* a write or sync failed: nothing may be assumed any more */
    uint64_t height; /* writer: entries stored */
    uint8_t log_id[16];
    int wal_pages; /* after the last commit */
    int checkpoint_pages;
    int reserve_fd;
    uint64_t reserve_len;
    bool reserve_whole;
    struct ak_store_batch batch; /* the batch last read; count 0: none */
    uint8_t *memory;             /* its bytes, AK_STORE_BATCH_BYTES_MAX */
};

/* An SQLite result code as ours; SQLITE_OK, _ROW and _DONE are AK_OK. */
enum ak_err ak_store_map(int rc);
/* Runs a statement without result and resets it. */
AK_MUST_USE enum ak_err ak_store_run(struct ak_store *store, enum ak_store_query query);

/* ---- reserve ---- */
/* Opens the reserve file beside the store, making it where there is room. AK_E_IO. */
AK_MUST_USE enum ak_err ak_reserve_open(struct ak_store *store, const char *path);
void ak_reserve_close(struct ak_store *store);
/* True once the whole reserve is allocated; tries where it is not. */
bool ak_reserve_fill(struct ak_store *store);
/* Gives the space to whoever writes next. AK_E_FULL where there was none to give. */
AK_MUST_USE enum ak_err ak_reserve_release(struct ak_store *store);

#endif
