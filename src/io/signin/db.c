/* The file: its tables, opening it, and the statements that every flow runs. */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "io/signin/internal.h"
#include "io/sqlite/connection.h"

/* "AKb1" */
enum { APPLICATION_ID = 0x414b6231, USER_VERSION = 3, BUSY_MS = 5000 };

static const char schema[] =
    "CREATE TABLE signin(id BLOB NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, state INTEGER NOT NULL,"
    " jkt BLOB NOT NULL, expires INTEGER NOT NULL, taken_until INTEGER NOT NULL, token BLOB NOT NULL,"
    " match BLOB NOT NULL, tries INTEGER NOT NULL, sealed BLOB NOT NULL, owner BLOB NOT NULL DEFAULT x'',"
    " failure INTEGER NOT NULL DEFAULT 0, net BLOB NOT NULL DEFAULT x'', source BLOB NOT NULL DEFAULT x'')"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX signin_expires ON signin(expires);"
    "CREATE INDEX signin_from ON signin(net, source, expires);"
    "CREATE TABLE mail(number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, until INTEGER NOT NULL,"
    " next INTEGER NOT NULL, tries INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;"
    "CREATE INDEX mail_next ON mail(next);"
    "CREATE TABLE known(anchor BLOB NOT NULL, hash BLOB NOT NULL, sealed BLOB NOT NULL,"
    " PRIMARY KEY(anchor, hash)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX known_hash ON known(hash);"
    "CREATE TABLE notices(one INTEGER PRIMARY KEY CHECK(one = 1), next INTEGER NOT NULL,"
    " page INTEGER NOT NULL DEFAULT 0, root BLOB NOT NULL DEFAULT x'') STRICT;"
    "INSERT INTO notices(one, next) VALUES(1, 0);"
    "CREATE TABLE proof(jti BLOB NOT NULL PRIMARY KEY, forget INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX proof_forget ON proof(forget);"
    "CREATE TABLE uses(key BLOB NOT NULL PRIMARY KEY, times BLOB NOT NULL, forget INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX uses_forget ON uses(forget);";

/* From the version before sign-ins at providers. */
static const char from_1[] = "ALTER TABLE signin ADD COLUMN owner BLOB NOT NULL DEFAULT x'';"
                             "ALTER TABLE signin ADD COLUMN failure INTEGER NOT NULL DEFAULT 0;";
/* From the one before notices knew their log, and sign-ins their network. */
static const char from_2[] = "ALTER TABLE signin ADD COLUMN net BLOB NOT NULL DEFAULT x'';"
                             "ALTER TABLE signin ADD COLUMN source BLOB NOT NULL DEFAULT x'';"
                             "CREATE INDEX signin_from ON signin(net, source, expires);"
                             "ALTER TABLE notices ADD COLUMN page INTEGER NOT NULL DEFAULT 0;"
                             "ALTER TABLE notices ADD COLUMN root BLOB NOT NULL DEFAULT x'';"
                             "UPDATE notices SET page = next;";

static const char *const texts[Q_COUNT_] = {
    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_COUNT_SIGNINS] = "SELECT count(*) FROM signin WHERE expires > ?1",
    [Q_ADD] = "INSERT INTO signin(id, kind, state, jkt, expires, taken_until, token, match, tries,"
              " sealed, owner, failure, net, source)"
              " VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)",
    [Q_COUNT_FROM] = "SELECT count(*), ifnull(sum(source = ?3), 0) FROM signin"
                     " WHERE net = ?2 AND expires > ?1",
    [Q_FULLEST_NET] = "SELECT net, count(*) FROM signin WHERE expires > ?1"
                      " GROUP BY net ORDER BY 2 DESC LIMIT 1",
    [Q_FULLEST_SOURCE] = "SELECT source, count(*) FROM signin WHERE net = ?2 AND expires > ?1"
                         " GROUP BY source ORDER BY 2 DESC LIMIT 1",
    /* what a thread is at now (3 taken, 6 processing) is left to it */
    [Q_GIVE_WAY] = "DELETE FROM signin WHERE id = (SELECT id FROM signin WHERE net = ?1 AND source = ?2"
                   " AND (state NOT IN (3, 6) OR taken_until <= ?3) ORDER BY expires LIMIT 1)",
    [Q_GET] = "SELECT kind, state, jkt, expires, taken_until, token, match, tries, sealed,"
              " owner, failure FROM signin WHERE id = ?1",
    [Q_SET] =
        "UPDATE signin SET state = ?2, taken_until = ?3, tries = ?4, token = ?5, sealed = ?6, owner = ?7,"
        " failure = ?8 WHERE id = ?1",
    [Q_ADD_MAIL] = "INSERT INTO mail(id, until, next, tries, sealed) VALUES(?1, ?2, ?3, 0, ?4)",
    [Q_GET_MAIL] = "SELECT number, id, until, tries, sealed FROM mail WHERE next <= ?1"
                   " ORDER BY next, number LIMIT 1",
    [Q_LEASE_MAIL] = "UPDATE mail SET next = ?2 WHERE number = ?1",
    [Q_DROP_MAIL] = "DELETE FROM mail WHERE number = ?1",
    [Q_DELAY_MAIL] = "UPDATE mail SET tries = ?2, next = ?3 WHERE number = ?1",
    [Q_COUNT_MAILS] = "SELECT count(*) FROM mail",
    [Q_KNOW] = "INSERT INTO known(anchor, hash, sealed) SELECT ?1, ?2, ?3"
               " WHERE (SELECT count(*) FROM known WHERE anchor = ?1 AND hash <> ?2) < ?4"
               " ON CONFLICT(anchor, hash) DO UPDATE SET sealed = excluded.sealed",
    [Q_KNOWN] = "SELECT sealed FROM known WHERE anchor = ?1",
    [Q_FORGET] = "DELETE FROM known WHERE hash = ?1",
    [Q_GET_NOTICES] = "SELECT next, page, root FROM notices",
    [Q_SET_NOTICES] = "UPDATE notices SET next = ?1, page = ?2, root = ?3",
    [Q_USE_PROOF] = "INSERT INTO proof(jti, forget) VALUES(?1, ?2)",
    [Q_GET_USES] = "SELECT times FROM uses WHERE key = ?1",
    [Q_SET_USES] = "INSERT INTO uses(key, times, forget) VALUES(?1, ?2, ?3)"
                   " ON CONFLICT(key) DO UPDATE SET times = excluded.times, forget = excluded.forget",
    [Q_SWEEP_SIGNINS] = "DELETE FROM signin WHERE expires <= ?1",
    [Q_SWEEP_MAILS] = "DELETE FROM mail WHERE until <= ?1",
    [Q_SWEEP_PROOFS] = "DELETE FROM proof WHERE forget <= ?1",
    [Q_SWEEP_USES] = "DELETE FROM uses WHERE forget <= ?1",
};

enum ak_err ak_signin_map(int rc)
{
    switch (rc & 0xff) {
    case SQLITE_OK:
    case SQLITE_ROW:
    case SQLITE_DONE: return AK_OK;
    case SQLITE_FULL: return AK_E_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED: return AK_E_STATE;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_ERROR: return AK_E_FORMAT;
    case SQLITE_CONSTRAINT: return AK_E_EXISTS;
    default: return AK_E_IO;
    }
}

/* ---- statements ---- */
void ak_signin_bind_bytes(sqlite3_stmt *stmt, int index, struct ak_span bytes)
{
    (void)sqlite3_bind_blob(
        stmt, index, bytes.len ? (const void *)bytes.ptr : "", (int)bytes.len, SQLITE_STATIC);
}

void ak_signin_bind_number(sqlite3_stmt *stmt, int index, uint64_t number)
{
    (void)sqlite3_bind_int64(stmt, index, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

uint64_t ak_signin_column_number(sqlite3_stmt *stmt, int column)
{
    int64_t number = sqlite3_column_int64(stmt, column);
    return number > 0 ? (uint64_t)number : 0;
}

struct ak_span ak_signin_column_bytes(sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    return ak_span(bytes, bytes ? (size_t)sqlite3_column_bytes(stmt, column) : 0);
}

bool ak_signin_take_fixed(sqlite3_stmt *stmt, int column, uint8_t *out_bytes, size_t len)
{
    struct ak_span bytes = ak_signin_column_bytes(stmt, column);
    if (bytes.len != len || !bytes.ptr) return false;
    memcpy(out_bytes, bytes.ptr, len);
    return true;
}

bool ak_signin_take_up_to(sqlite3_stmt *stmt, int column, void *out_bytes, size_t cap, size_t *out_len)
{
    struct ak_span bytes = ak_signin_column_bytes(stmt, column);
    if (bytes.len > cap) return false;
    if (bytes.len) memcpy(out_bytes, bytes.ptr, bytes.len);
    *out_len = bytes.len;
    return true;
}

void ak_signin_done(sqlite3_stmt *stmt)
{
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
}

/* A statement without rows, its parameters bound. */
enum ak_err ak_signin_run(struct ak_signin_db *db, enum ak_signin_query query)
{
    int rc = sqlite3_step(db->queries[query]);
    ak_signin_done(db->queries[query]);
    return ak_signin_map(rc);
}

/* AK_OK where there is a row to read before ak_signin_done(). */
enum ak_err ak_signin_first_row(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) return AK_OK;
    ak_signin_done(stmt);
    return rc == SQLITE_DONE ? AK_E_NOT_FOUND : ak_signin_map(rc);
}

/* Threads of this process take turns: SQLite sleeps and looks again, longer each time, so that under load one
 * of them can come too late for ever. Another process's writers it waits for all the same. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

enum ak_err ak_signin_transact(struct ak_signin_db *db)
{
    (void)pthread_mutex_lock(&turn);
    enum ak_err err = ak_signin_run(db, Q_BEGIN);
    if (err) (void)pthread_mutex_unlock(&turn);
    return err;
}

/* Commits where all went well; either way nothing stays open. */
enum ak_err ak_signin_finish(struct ak_signin_db *db, enum ak_err err)
{
    if (!err) err = ak_signin_run(db, Q_COMMIT);
    if (err) (void)!ak_signin_run(db, Q_ROLLBACK);
    (void)pthread_mutex_unlock(&turn);
    return err;
}

/* ---- opening ---- */
static enum ak_err exec(sqlite3 *db, const char *sql)
{
    return ak_signin_map(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

static enum ak_err make_tables(sqlite3 *db)
{
    char text[96];
    int64_t version = 0, application = 0;
    AK_TRY(ak_signin_map(ak_sqlite_number(db, "PRAGMA application_id", &application)));
    AK_TRY(ak_signin_map(ak_sqlite_number(db, "PRAGMA user_version", &version)));
    if (application == APPLICATION_ID && version == USER_VERSION) return AK_OK;
    bool before = application == APPLICATION_ID && (version == 1 || version == 2);
    if (!before && (application != 0 || version != 0)) return AK_E_FORMAT;
    (void)snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
        USER_VERSION);
    if (version == 1) AK_TRY(exec(db, from_1));
    AK_TRY(exec(db, before ? from_2 : schema));
    return exec(db, text);
}

static enum ak_err configure(sqlite3 *db)
{
    ak_sqlite_harden(db);
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    AK_TRY(exec(db, "PRAGMA journal_mode = WAL"));
    AK_TRY(exec(db, "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                    "PRAGMA cache_size = -512; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON"));
    AK_TRY(exec(db, "BEGIN IMMEDIATE"));
    enum ak_err err = make_tables(db);
    enum ak_err ended = exec(db, err ? "ROLLBACK" : "COMMIT");
    return err ? err : ended;
}

/* SQLite makes files by the umask; this one is closed from the start. One that is there is not opened:
 * closing it would drop the locks that SQLite has on it in this process, and whoever closes it next elsewhere
 * would remove the log beneath us. */
static enum ak_err make_file(const char *path)
{
    struct stat info;
    int fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd >= 0) return close(fd) == 0 ? AK_OK : AK_E_IO;
    return errno == EEXIST && lstat(path, &info) == 0 && S_ISREG(info.st_mode) ? AK_OK : AK_E_IO;
}

enum ak_err ak_signin_db_open(const char *path, struct ak_signin_db **out_db)
{
    *out_db = NULL;
    AK_TRY(make_file(path));
    struct ak_signin_db *db = calloc(1, sizeof *db);
    if (!db) return AK_E_FULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    enum ak_err err = ak_signin_map(sqlite3_open_v2(path, &db->sql, flags, NULL));
    if (!err) err = configure(db->sql);
    if (!err) err = ak_signin_map(ak_sqlite_prepare(db->sql, texts, Q_COUNT_, db->queries));
    if (err)
        ak_signin_db_close(db);
    else
        *out_db = db;
    return err;
}

void ak_signin_db_close(struct ak_signin_db *db)
{
    if (!db) return;
    for (size_t i = 0; i < Q_COUNT_; i++) (void)sqlite3_finalize(db->queries[i]);
    (void)sqlite3_close(db->sql);
    free(db);
}

enum ak_err ak_signin_db_sweep(struct ak_signin_db *db, uint64_t now_s)
{
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = AK_OK;
    for (enum ak_signin_query query = Q_SWEEP_SIGNINS; !err && query <= Q_SWEEP_USES; query++) {
        ak_signin_bind_number(db->queries[query], 1, now_s);
        err = ak_signin_run(db, query);
    }
    return ak_signin_finish(db, err);
}

enum ak_err ak_signin_db_try_write(struct ak_signin_db *db)
{
    char text[48];
    (void)snprintf(text, sizeof text, "PRAGMA user_version = %d", USER_VERSION);
    return exec(db->sql, text);
}

enum ak_err ak_signin_db_figures(
    struct ak_signin_db *db, uint64_t now_s, struct ak_signin_figures *out_figures)
{
    *out_figures = (struct ak_signin_figures){0};
    AK_TRY(ak_signin_count(db, Q_COUNT_SIGNINS, now_s, &out_figures->signins));
    return ak_signin_count(db, Q_COUNT_MAILS, now_s, &out_figures->mails);
}
