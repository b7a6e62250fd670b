/* Making, opening and closing the store: schema, settings, prepared statements. */
#include "io/store/db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "io/sqlite/connection.h"
#include "io/store/joined.h"

static const char schema[] =
    "CREATE TABLE meta(key TEXT NOT NULL PRIMARY KEY, value BLOB NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE TABLE batch(first INTEGER PRIMARY KEY, count INTEGER NOT NULL, record BLOB NOT NULL,"
    " leaves BLOB NOT NULL, entries BLOB NOT NULL) STRICT;"
    "CREATE TABLE node(level INTEGER NOT NULL, idx INTEGER NOT NULL, hash BLOB NOT NULL,"
    " PRIMARY KEY(level, idx)) STRICT, WITHOUT ROWID;";

static const char *const texts[AK_Q_COUNT_] = {
    [AK_Q_BEGIN] = "BEGIN IMMEDIATE",
    [AK_Q_COMMIT] = "COMMIT",
    [AK_Q_ROLLBACK] = "ROLLBACK",
    [AK_Q_BATCH_PUT] = "INSERT INTO batch(first, count, record, leaves, entries) VALUES(?1, ?2, ?3, ?4, ?5)",
    [AK_Q_NODE_PUT] = "INSERT INTO node(level, idx, hash) VALUES(?1, ?2, ?3)",
    [AK_Q_META_PUT] = "INSERT INTO meta(key, value) VALUES(?1, ?2)"
                      " ON CONFLICT(key) DO UPDATE SET value = excluded.value",
    [AK_Q_LET_GO] = "UPDATE batch SET entries = x'' WHERE first >= ?1 AND first < ?2"
                    " AND first + count <= ?2",
    [AK_Q_HEIGHT] = "SELECT first, count FROM batch ORDER BY first DESC LIMIT 1",
    [AK_Q_BATCH_GET] = "SELECT first, count, record, leaves, entries FROM batch WHERE first <= ?1"
                       " ORDER BY first DESC LIMIT 1",
    [AK_Q_LEAVES_GET] =
        "SELECT first, count, leaves FROM batch WHERE first <= ?1 ORDER BY first DESC LIMIT 1",
    [AK_Q_NODES_GET] = "SELECT idx, hash FROM node WHERE level = ?1 AND idx >= ?2 ORDER BY idx LIMIT ?3",
    [AK_Q_META_GET] = "SELECT value FROM meta WHERE key = ?1",
};

enum ak_err ak_store_map(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return AK_OK;
    case SQLITE_FULL: return AK_E_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_READONLY: return AK_E_STATE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: /* our statements do not fit the tables */
    case SQLITE_TOOBIG:
    case SQLITE_SCHEMA: return AK_E_FORMAT;
    case SQLITE_CONSTRAINT: return AK_E_EXISTS;
    default: return AK_E_IO;
    }
}

enum ak_err ak_store_run(struct ak_store *store, enum ak_store_query query)
{
    sqlite3_stmt *stmt = store->queries[query];
    int rc = sqlite3_step(stmt);
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
    return ak_store_map(rc);
}

static enum ak_err exec(sqlite3 *db, const char *sql)
{
    return ak_store_map(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static enum ak_err require_wal(sqlite3 *db)
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "PRAGMA journal_mode = WAL", -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    enum ak_err err = ak_store_map(rc);
    if (err == AK_OK) {
        const char *mode = rc == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : NULL;
        if (!mode || strcmp(mode, "wal") != 0) err = AK_E_IO;
    }
    (void)sqlite3_finalize(stmt);
    return err;
}

/* What holds for every connection: bounded memory, every commit synced. */
static enum ak_err configure(sqlite3 *db)
{
    int on = 1;
    ak_sqlite_harden(db);
    (void)sqlite3_limit(db, SQLITE_LIMIT_LENGTH, 2 * AK_STORE_BATCH_BYTES_MAX);
    (void)sqlite3_file_control(db, NULL, SQLITE_FCNTL_PERSIST_WAL, &on);
    AK_TRY(exec(db, "PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0; PRAGMA cache_size = -1024;"
                    "PRAGMA cell_size_check = ON; PRAGMA wal_autocheckpoint = 0"));
    AK_TRY(require_wal(db));
    return exec(db, "PRAGMA synchronous = FULL");
}

static enum ak_err connect_db(const struct ak_store_options *options, const char *path, sqlite3 **out_db)
{
    *out_db = NULL;
    const char *vfs = NULL;
    AK_TRY(ak_joined_vfs(options->vfs, &vfs));
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    int rc = sqlite3_open_v2(path, out_db, flags, vfs);
    if (rc == SQLITE_OK) (void)sqlite3_busy_timeout(*out_db, 1000);
    enum ak_err err = ak_store_map(rc);
    if (err != AK_OK) {
        (void)sqlite3_close(*out_db);
        *out_db = NULL;
    }
    return err;
}

/* ---- create ---- */
static enum ak_err put_log_id(sqlite3 *db, const uint8_t log_id[16])
{
    sqlite3_stmt *stmt = NULL;
    int rc = sqlite3_prepare_v2(db, "INSERT INTO meta(key, value) VALUES('log_id', ?1)", -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_bind_blob(stmt, 1, log_id, 16, SQLITE_STATIC);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    (void)sqlite3_finalize(stmt);
    return ak_store_map(rc);
}

static enum ak_err write_new(sqlite3 *db, const uint8_t log_id[16])
{
    char text[128];
    (void)snprintf(text, sizeof text,
        "PRAGMA page_size = %d; PRAGMA application_id = %d; PRAGMA user_version = %d", AK_STORE_PAGE_SIZE,
        AK_STORE_APPLICATION_ID, AK_STORE_USER_VERSION);
    AK_TRY(exec(db, text));
    AK_TRY(require_wal(db));
    AK_TRY(exec(db, "PRAGMA synchronous = FULL"));
    AK_TRY(exec(db, "BEGIN IMMEDIATE"));
    AK_TRY(exec(db, schema));
    AK_TRY(put_log_id(db, log_id));
    AK_TRY(exec(db, "COMMIT"));
    return ak_store_map(sqlite3_wal_checkpoint_v2(db, NULL, SQLITE_CHECKPOINT_TRUNCATE, NULL, NULL));
}

static enum ak_err sync_folder_of(const char *path)
{
    char folder[PATH_MAX];
    struct ak_buf buf = AK_BUF_ARR(folder);
    const char *slash = strrchr(path, '/');
    if (slash)
        ak_buf_put(&buf, ak_span(path, (size_t)(slash - path) + 1));
    else
        ak_buf_put_str(&buf, ".");
    AK_TRY(ak_buf_terminate(&buf));
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return AK_E_IO;
    int rc = fsync(fd);
    (void)close(fd);
    return rc == 0 ? AK_OK : AK_E_IO;
}

/* Built under another name and renamed when whole, so that a crash leaves no half store. */
static enum ak_err build(const struct ak_store_options *options, const char *path, const uint8_t log_id[16])
{
    int fd = open(path, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return errno == ENOSPC ? AK_E_FULL : AK_E_IO;
    (void)close(fd);
    sqlite3 *db = NULL;
    AK_TRY(connect_db(options, path, &db));
    enum ak_err err = write_new(db, log_id);
    int rc = sqlite3_close(db);
    return err != AK_OK ? err : ak_store_map(rc);
}

static void remove_all(const char *path)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    for (size_t i = 0; i < AK_COUNT(endings); i++) {
        char name[PATH_MAX];
        struct ak_buf buf = AK_BUF_ARR(name);
        ak_buf_put_str(&buf, path);
        ak_buf_put_str(&buf, endings[i]);
        if (ak_buf_terminate(&buf) == AK_OK) (void)unlink(name);
    }
}

enum ak_err ak_store_create(const struct ak_store_options *options, const uint8_t log_id[16])
{
    char fresh[PATH_MAX];
    struct ak_buf buf = AK_BUF_ARR(fresh);
    ak_buf_put_str(&buf, options->path);
    ak_buf_put_str(&buf, "-new");
    if (ak_buf_terminate(&buf) != AK_OK) return AK_E_ARG;
    if (access(options->path, F_OK) == 0) return AK_E_EXISTS;
    remove_all(fresh);
    enum ak_err err = build(options, fresh, log_id);
    if (err == AK_OK && rename(fresh, options->path) != 0) err = AK_E_IO;
    if (err != AK_OK) {
        remove_all(fresh);
        return err;
    }
    return sync_folder_of(options->path);
}

/* ---- open ---- */
static enum ak_err check_identity(sqlite3 *db)
{
    int64_t application = 0;
    int64_t version = 0;
    AK_TRY(ak_store_map(ak_sqlite_number(db, "PRAGMA application_id", &application)));
    AK_TRY(ak_store_map(ak_sqlite_number(db, "PRAGMA user_version", &version)));
    if (application != AK_STORE_APPLICATION_ID || version != AK_STORE_USER_VERSION) return AK_E_UNSUPPORTED;
    return AK_OK;
}

static int on_commit(void *ctx, sqlite3 *db, const char *name, int pages)
{
    (void)db;
    (void)name;
    ((struct ak_store *)ctx)->wal_pages = pages;
    return SQLITE_OK;
}

/* A write at once makes WAL and shared memory exist and shows a read-only disk now and not at the first
 * suspend. A full disk is no reason not to start. */
static enum ak_err first_write(struct ak_store *store)
{
    enum ak_err err = ak_store_meta_put(store, "opened", AK_SPAN_LIT("1"));
    if (err != AK_E_FULL) return err;
    return AK_OK;
}

static enum ak_err open_parts(struct ak_store *store, const struct ak_store_options *options)
{
    AK_TRY(connect_db(options, options->path, &store->db));
    AK_TRY(check_identity(store->db));
    AK_TRY(configure(store->db));
    AK_TRY(ak_store_map(ak_sqlite_prepare(store->db, texts, AK_Q_COUNT_, store->queries)));
    size_t len = 0;
    enum ak_err err = ak_store_meta_get(store, "log_id", store->log_id, sizeof store->log_id, &len);
    if (err == AK_E_NOT_FOUND || err == AK_E_LIMIT || len != sizeof store->log_id) return AK_E_FORMAT;
    AK_TRY(err);
    if (store->read_only) return ak_store_height(store, &store->height);
    (void)sqlite3_wal_hook(store->db, on_commit, store);
    AK_TRY(ak_reserve_open(store, options->path));
    store->read_only = true; /* not yet the writer: ask the file */
    err = ak_store_height(store, &store->height);
    store->read_only = false;
    AK_TRY(err);
    return first_write(store);
}

enum ak_err ak_store_open(const struct ak_store_options *options, struct ak_store **out_store)
{
    *out_store = NULL;
    if (access(options->path, F_OK) != 0) return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
    struct ak_store *store = (struct ak_store *)calloc(1, sizeof *store);
    if (!store) return AK_E_FULL;
    store->reserve_fd = -1;
    store->reserve_len = options->reserve_len ? options->reserve_len : AK_STORE_RESERVE_LEN;
    store->checkpoint_pages =
        options->checkpoint_pages ? options->checkpoint_pages : AK_STORE_CHECKPOINT_PAGES;
    store->read_only = options->read_only;
    store->memory = (uint8_t *)malloc(AK_STORE_BATCH_BYTES_MAX);
    enum ak_err err = store->memory ? open_parts(store, options) : AK_E_FULL;
    if (err != AK_OK) {
        ak_store_close(store);
        return err;
    }
    *out_store = store;
    return AK_OK;
}

void ak_store_close(struct ak_store *store)
{
    if (!store) return;
    for (size_t i = 0; i < AK_Q_COUNT_; i++) (void)sqlite3_finalize(store->queries[i]);
    (void)sqlite3_close(store->db);
    ak_reserve_close(store);
    free(store->memory);
    free(store);
}

void ak_store_log_id(const struct ak_store *store, uint8_t out_log_id[16])
{
    memcpy(out_log_id, store->log_id, 16);
}
