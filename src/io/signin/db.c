/* Tables, statements, and one transaction a call. */
#include "io/signin/db.h"

#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/broker/window.h"

/* "AKb1" */
enum { APPLICATION_ID = 0x414b6231, USER_VERSION = 1, BUSY_MS = 5000, PROOF_BYTES = 32 };

static const char schema[] =
    "CREATE TABLE signin(id BLOB NOT NULL PRIMARY KEY, kind INTEGER NOT NULL, state INTEGER NOT NULL,"
    " jkt BLOB NOT NULL, expires INTEGER NOT NULL, taken_until INTEGER NOT NULL, token BLOB NOT NULL,"
    " match BLOB NOT NULL, tries INTEGER NOT NULL, sealed BLOB NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX signin_expires ON signin(expires);"
    "CREATE TABLE mail(number INTEGER PRIMARY KEY AUTOINCREMENT, id BLOB NOT NULL, until INTEGER NOT NULL,"
    " next INTEGER NOT NULL, tries INTEGER NOT NULL, sealed BLOB NOT NULL) STRICT;"
    "CREATE INDEX mail_next ON mail(next);"
    "CREATE TABLE known(anchor BLOB NOT NULL, hash BLOB NOT NULL, sealed BLOB NOT NULL,"
    " PRIMARY KEY(anchor, hash)) STRICT, WITHOUT ROWID;"
    "CREATE INDEX known_hash ON known(hash);"
    "CREATE TABLE notices(one INTEGER PRIMARY KEY CHECK(one = 1), next INTEGER NOT NULL) STRICT;"
    "INSERT INTO notices(one, next) VALUES(1, 0);"
    "CREATE TABLE proof(jti BLOB NOT NULL PRIMARY KEY, forget INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
    "CREATE INDEX proof_forget ON proof(forget);"
    "CREATE TABLE uses(key BLOB NOT NULL PRIMARY KEY, times BLOB NOT NULL, forget INTEGER NOT NULL)"
    " STRICT, WITHOUT ROWID;"
    "CREATE INDEX uses_forget ON uses(forget);";

enum query {
    Q_BEGIN,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_COUNT_SIGNINS,
    Q_ADD,
    Q_GET,
    Q_SET,
    Q_ADD_MAIL,
    Q_GET_MAIL,
    Q_LEASE_MAIL,
    Q_DROP_MAIL,
    Q_DELAY_MAIL,
    Q_COUNT_MAILS,
    Q_KNOW,
    Q_KNOWN,
    Q_FORGET,
    Q_GET_NOTICES,
    Q_SET_NOTICES,
    Q_USE_PROOF,
    Q_GET_USES,
    Q_SET_USES,
    Q_SWEEP_SIGNINS,
    Q_SWEEP_MAILS,
    Q_SWEEP_PROOFS,
    Q_SWEEP_USES,
    Q_COUNT_
};
static const char *const texts[Q_COUNT_] = {
    [Q_BEGIN] = "BEGIN IMMEDIATE",
    [Q_COMMIT] = "COMMIT",
    [Q_ROLLBACK] = "ROLLBACK",
    [Q_COUNT_SIGNINS] = "SELECT count(*) FROM signin WHERE expires > ?1",
    [Q_ADD] = "INSERT INTO signin(id, kind, state, jkt, expires, taken_until, token, match, tries,"
              " sealed) VALUES(?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [Q_GET] = "SELECT kind, state, jkt, expires, taken_until, token, match, tries, sealed"
              " FROM signin WHERE id = ?1",
    [Q_SET] = "UPDATE signin SET state = ?2, taken_until = ?3, tries = ?4 WHERE id = ?1",
    [Q_ADD_MAIL] = "INSERT INTO mail(id, until, next, tries, sealed) VALUES(?1, ?2, ?3, 0, ?4)",
    [Q_GET_MAIL] = "SELECT number, id, until, tries, sealed FROM mail WHERE next <= ?1"
                   " ORDER BY next, number LIMIT 1",
    [Q_LEASE_MAIL] = "UPDATE mail SET next = ?2 WHERE number = ?1",
    [Q_DROP_MAIL] = "DELETE FROM mail WHERE number = ?1",
    [Q_DELAY_MAIL] = "UPDATE mail SET tries = ?2, next = ?3 WHERE number = ?1",
    [Q_COUNT_MAILS] = "SELECT count(*) FROM mail",
    [Q_KNOW] = "INSERT INTO known(anchor, hash, sealed) VALUES(?1, ?2, ?3)"
               " ON CONFLICT(anchor, hash) DO UPDATE SET sealed = excluded.sealed",
    [Q_KNOWN] = "SELECT sealed FROM known WHERE anchor = ?1 LIMIT 16",
    [Q_FORGET] = "DELETE FROM known WHERE hash = ?1",
    [Q_GET_NOTICES] = "SELECT next FROM notices",
    [Q_SET_NOTICES] = "UPDATE notices SET next = ?1",
    [Q_USE_PROOF] = "INSERT INTO proof(jti, forget) VALUES(?1, ?2)",
    [Q_GET_USES] = "SELECT times FROM uses WHERE key = ?1",
    [Q_SET_USES] = "INSERT INTO uses(key, times, forget) VALUES(?1, ?2, ?3)"
                   " ON CONFLICT(key) DO UPDATE SET times = excluded.times, forget = excluded.forget",
    [Q_SWEEP_SIGNINS] = "DELETE FROM signin WHERE expires <= ?1",
    [Q_SWEEP_MAILS] = "DELETE FROM mail WHERE until <= ?1",
    [Q_SWEEP_PROOFS] = "DELETE FROM proof WHERE forget <= ?1",
    [Q_SWEEP_USES] = "DELETE FROM uses WHERE forget <= ?1",
};

struct ak_signin_db {
    sqlite3 *sql;
    sqlite3_stmt *queries[Q_COUNT_];
};

static enum ak_err map(int rc)
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

static enum ak_err exec(sqlite3 *db, const char *sql)
{
    return map(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

/* ---- statements ---- */
static void bind_bytes(sqlite3_stmt *stmt, int index, struct ak_span bytes)
{
    (void)sqlite3_bind_blob(
        stmt, index, bytes.len ? (const void *)bytes.ptr : "", (int)bytes.len, SQLITE_STATIC);
}

static void bind_number(sqlite3_stmt *stmt, int index, uint64_t number)
{
    (void)sqlite3_bind_int64(stmt, index, number > INT64_MAX ? INT64_MAX : (int64_t)number);
}

static uint64_t column_number(sqlite3_stmt *stmt, int column)
{
    int64_t number = sqlite3_column_int64(stmt, column);
    return number > 0 ? (uint64_t)number : 0;
}

static struct ak_span column_bytes(sqlite3_stmt *stmt, int column)
{
    const void *bytes = sqlite3_column_blob(stmt, column);
    return ak_span(bytes, bytes ? (size_t)sqlite3_column_bytes(stmt, column) : 0);
}

static void done(sqlite3_stmt *stmt)
{
    (void)sqlite3_reset(stmt);
    (void)sqlite3_clear_bindings(stmt);
}

/* A statement without rows, its parameters bound. */
static enum ak_err run(struct ak_signin_db *db, enum query query)
{
    int rc = sqlite3_step(db->queries[query]);
    done(db->queries[query]);
    return map(rc);
}

/* AK_OK where there is a row to read before done(). */
static enum ak_err first_row(sqlite3_stmt *stmt)
{
    int rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) return AK_OK;
    done(stmt);
    return rc == SQLITE_DONE ? AK_E_NOT_FOUND : map(rc);
}

/* Commits where all went well; either way nothing stays open. */
static enum ak_err finish(struct ak_signin_db *db, enum ak_err err)
{
    if (!err) err = run(db, Q_COMMIT);
    if (err) (void)!run(db, Q_ROLLBACK);
    return err;
}

/* ---- opening ---- */
static enum ak_err pragma_number(sqlite3 *db, const char *sql, int64_t *out_number)
{
    sqlite3_stmt *stmt = NULL;
    *out_number = 0;
    int rc = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) *out_number = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return map(rc);
}

static enum ak_err make_tables(sqlite3 *db)
{
    char text[96];
    int64_t version = 0, application = 0;
    AK_TRY(pragma_number(db, "PRAGMA application_id", &application));
    AK_TRY(pragma_number(db, "PRAGMA user_version", &version));
    if (application == APPLICATION_ID) return version == USER_VERSION ? AK_OK : AK_E_FORMAT;
    if (application != 0 || version != 0) return AK_E_FORMAT;
    (void)snprintf(text, sizeof text, "PRAGMA application_id = %d; PRAGMA user_version = %d", APPLICATION_ID,
        USER_VERSION);
    AK_TRY(exec(db, schema));
    return exec(db, text);
}

static enum ak_err configure(sqlite3 *db)
{
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
    (void)sqlite3_busy_timeout(db, BUSY_MS);
    AK_TRY(exec(db, "PRAGMA journal_mode = WAL"));
    AK_TRY(exec(db, "PRAGMA synchronous = FULL; PRAGMA temp_store = MEMORY; PRAGMA mmap_size = 0;"
                    "PRAGMA cache_size = -512; PRAGMA cell_size_check = ON; PRAGMA secure_delete = ON"));
    AK_TRY(exec(db, "BEGIN IMMEDIATE"));
    enum ak_err err = make_tables(db);
    enum ak_err ended = exec(db, err ? "ROLLBACK" : "COMMIT");
    return err ? err : ended;
}

/* SQLite makes files by the umask; this one is closed from the start. */
static enum ak_err make_file(const char *path)
{
    int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return AK_E_IO;
    return close(fd) == 0 ? AK_OK : AK_E_IO;
}

enum ak_err ak_signin_db_open(const char *path, struct ak_signin_db **out_db)
{
    *out_db = NULL;
    AK_TRY(make_file(path));
    struct ak_signin_db *db = calloc(1, sizeof *db);
    if (!db) return AK_E_FULL;
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE;
    enum ak_err err = map(sqlite3_open_v2(path, &db->sql, flags, NULL));
    if (!err) err = configure(db->sql);
    for (size_t i = 0; !err && i < Q_COUNT_; i++)
        err =
            map(sqlite3_prepare_v3(db->sql, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &db->queries[i], NULL));
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

/* ---- sign-ins ---- */
static enum ak_err count(struct ak_signin_db *db, enum query query, uint64_t now_s, uint64_t *out_count)
{
    sqlite3_stmt *stmt = db->queries[query];
    if (query == Q_COUNT_SIGNINS) bind_number(stmt, 1, now_s);
    AK_TRY(first_row(stmt));
    *out_count = column_number(stmt, 0);
    done(stmt);
    return AK_OK;
}

static enum ak_err add(struct ak_signin_db *db, const struct ak_signin_row *row)
{
    sqlite3_stmt *stmt = db->queries[Q_ADD];
    const struct ak_signin *signin = &row->signin;
    bind_bytes(stmt, 1, AK_SPAN_ARR(signin->id));
    bind_number(stmt, 2, signin->kind);
    bind_number(stmt, 3, signin->state);
    bind_bytes(stmt, 4, AK_SPAN_ARR(signin->jkt));
    bind_number(stmt, 5, signin->expires_s);
    bind_number(stmt, 6, signin->taken_until_s);
    bind_bytes(stmt, 7, AK_SPAN_ARR(signin->token_hash));
    bind_bytes(stmt, 8, AK_SPAN_ARR(signin->match_hash));
    bind_number(stmt, 9, signin->tries);
    bind_bytes(stmt, 10, ak_span(row->sealed, row->sealed_len));
    return run(db, Q_ADD);
}

static enum ak_err add_mail(
    struct ak_signin_db *db, const uint8_t id[16], uint64_t until_s, struct ak_span mail, uint64_t now_s)
{
    sqlite3_stmt *stmt = db->queries[Q_ADD_MAIL];
    bind_bytes(stmt, 1, ak_span(id, 16));
    bind_number(stmt, 2, until_s);
    bind_number(stmt, 3, now_s);
    bind_bytes(stmt, 4, mail);
    return run(db, Q_ADD_MAIL);
}

enum ak_err ak_signin_db_add(
    struct ak_signin_db *db, const struct ak_signin_row *row, struct ak_span mail, uint64_t now_s)
{
    uint64_t there = 0;
    AK_TRY(run(db, Q_BEGIN));
    enum ak_err err = count(db, Q_COUNT_SIGNINS, now_s, &there);
    if (!err && there >= AK_SIGNIN_PENDING_MAX) err = AK_E_LIMIT;
    if (!err) err = add(db, row);
    if (!err && mail.len) err = add_mail(db, row->signin.id, row->signin.expires_s, mail, now_s);
    return finish(db, err);
}

static bool take_fixed(sqlite3_stmt *stmt, int column, uint8_t *out_bytes, size_t len)
{
    struct ak_span bytes = column_bytes(stmt, column);
    if (bytes.len != len) return false;
    memcpy(out_bytes, bytes.ptr, len);
    return true;
}

static bool take_up_to(sqlite3_stmt *stmt, int column, void *out_bytes, size_t cap, size_t *out_len)
{
    struct ak_span bytes = column_bytes(stmt, column);
    if (bytes.len > cap) return false;
    if (bytes.len) memcpy(out_bytes, bytes.ptr, bytes.len);
    *out_len = bytes.len;
    return true;
}

static enum ak_err get(struct ak_signin_db *db, const uint8_t id[16], struct ak_signin_row *row)
{
    sqlite3_stmt *stmt = db->queries[Q_GET];
    struct ak_signin *signin = &row->signin;
    bind_bytes(stmt, 1, ak_span(id, 16));
    AK_TRY(first_row(stmt));
    memset(row, 0, sizeof *row);
    memcpy(signin->id, id, 16);
    signin->kind = (enum ak_signin_kind)column_number(stmt, 0);
    signin->state = (enum ak_signin_state)column_number(stmt, 1);
    signin->expires_s = column_number(stmt, 3);
    signin->taken_until_s = column_number(stmt, 4);
    signin->tries = (uint8_t)column_number(stmt, 7);
    bool ok = take_fixed(stmt, 2, signin->jkt, 32) && take_fixed(stmt, 5, signin->token_hash, 32) &&
              take_fixed(stmt, 6, signin->match_hash, 32) &&
              take_up_to(stmt, 8, row->sealed, sizeof row->sealed, &row->sealed_len);
    done(stmt);
    return ok ? AK_OK : AK_E_FORMAT;
}

static enum ak_err set(struct ak_signin_db *db, const struct ak_signin *signin)
{
    sqlite3_stmt *stmt = db->queries[Q_SET];
    bind_bytes(stmt, 1, AK_SPAN_ARR(signin->id));
    bind_number(stmt, 2, signin->state);
    bind_number(stmt, 3, signin->taken_until_s);
    bind_number(stmt, 4, signin->tries);
    return run(db, Q_SET);
}

/* What a step may change. */
static bool is_changed(const struct ak_signin *a, const struct ak_signin *b)
{
    return a->state != b->state || a->taken_until_s != b->taken_until_s || a->tries != b->tries;
}

enum ak_err ak_signin_db_step(struct ak_signin_db *db, const uint8_t id[16], ak_signin_step step, void *ctx,
    struct ak_signin_row *out_row, enum ak_code *out_code)
{
    AK_TRY(run(db, Q_BEGIN));
    enum ak_err err = get(db, id, out_row);
    if (!err) {
        const struct ak_signin before = out_row->signin;
        *out_code = step(ctx, out_row);
        if (is_changed(&before, &out_row->signin)) err = set(db, &out_row->signin);
    }
    err = finish(db, err);
    if (err) memset(out_row, 0, sizeof *out_row);
    return err;
}

/* ---- proofs and limits ---- */
enum ak_err ak_signin_db_use_proof(struct ak_signin_db *db, const uint8_t jti_hash[32], uint64_t forget_s)
{
    bind_bytes(db->queries[Q_USE_PROOF], 1, ak_span(jti_hash, PROOF_BYTES));
    bind_number(db->queries[Q_USE_PROOF], 2, forget_s);
    enum ak_err err = run(db, Q_USE_PROOF);
    return err == AK_E_EXISTS ? AK_E_REPLAY : err;
}

static enum ak_err get_uses(struct ak_signin_db *db, const uint8_t key[32], struct ak_window *window)
{
    sqlite3_stmt *stmt = db->queries[Q_GET_USES];
    memset(window, 0, sizeof *window);
    bind_bytes(stmt, 1, ak_span(key, 32));
    enum ak_err err = first_row(stmt);
    if (err) return err == AK_E_NOT_FOUND ? AK_OK : err;
    err = ak_window_read(column_bytes(stmt, 0), window);
    done(stmt);
    return err;
}

static enum ak_err set_uses(
    struct ak_signin_db *db, const uint8_t key[32], const struct ak_window *window, uint64_t forget_s)
{
    uint8_t bytes[AK_WINDOW_BYTES_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    sqlite3_stmt *stmt = db->queries[Q_SET_USES];
    ak_window_put(window, &buf);
    bind_bytes(stmt, 1, ak_span(key, 32));
    bind_bytes(stmt, 2, ak_buf_span(&buf));
    bind_number(stmt, 3, forget_s);
    return run(db, Q_SET_USES);
}

enum ak_err ak_signin_db_count(struct ak_signin_db *db, const uint8_t key[32], uint64_t now_s,
    uint64_t length_s, size_t max, uint64_t *out_retry_s)
{
    struct ak_window window;
    *out_retry_s = 0;
    AK_TRY(run(db, Q_BEGIN));
    enum ak_err err = get_uses(db, key, &window);
    if (!err && !ak_window_take(&window, now_s, length_s, max, out_retry_s)) err = AK_E_LIMIT;
    if (!err) err = set_uses(db, key, &window, now_s + length_s);
    return finish(db, err);
}

/* ---- mails ---- */
static enum ak_err get_mail(struct ak_signin_db *db, uint64_t now_s, struct ak_signin_mail *mail)
{
    sqlite3_stmt *stmt = db->queries[Q_GET_MAIL];
    bind_number(stmt, 1, now_s);
    AK_TRY(first_row(stmt));
    memset(mail, 0, sizeof *mail);
    mail->number = sqlite3_column_int64(stmt, 0);
    mail->until_s = column_number(stmt, 2);
    mail->tries = (unsigned)column_number(stmt, 3);
    bool ok = take_fixed(stmt, 1, mail->id, sizeof mail->id) &&
              take_up_to(stmt, 4, mail->sealed, sizeof mail->sealed, &mail->sealed_len);
    done(stmt);
    return ok ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_signin_db_mail_take(
    struct ak_signin_db *db, uint64_t now_s, uint64_t lease_s, struct ak_signin_mail *out_mail)
{
    AK_TRY(run(db, Q_BEGIN));
    enum ak_err err = get_mail(db, now_s, out_mail);
    if (!err) {
        (void)sqlite3_bind_int64(db->queries[Q_LEASE_MAIL], 1, out_mail->number);
        bind_number(db->queries[Q_LEASE_MAIL], 2, now_s + lease_s);
        err = run(db, Q_LEASE_MAIL);
    }
    return finish(db, err);
}

enum ak_err ak_signin_db_mail_done(struct ak_signin_db *db, int64_t number)
{
    (void)sqlite3_bind_int64(db->queries[Q_DROP_MAIL], 1, number);
    return run(db, Q_DROP_MAIL);
}

enum ak_err ak_signin_db_mail_later(struct ak_signin_db *db, int64_t number, unsigned tries, uint64_t next_s)
{
    (void)sqlite3_bind_int64(db->queries[Q_DELAY_MAIL], 1, number);
    bind_number(db->queries[Q_DELAY_MAIL], 2, tries);
    bind_number(db->queries[Q_DELAY_MAIL], 3, next_s);
    return run(db, Q_DELAY_MAIL);
}

/* ---- who is told of recoveries ---- */
enum ak_err ak_signin_db_know(
    struct ak_signin_db *db, const uint8_t anchor[32], const uint8_t hash[32], struct ak_span sealed)
{
    sqlite3_stmt *stmt = db->queries[Q_KNOW];
    if (sealed.len > AK_SIGNIN_KNOWN_LEN) return AK_E_LIMIT;
    bind_bytes(stmt, 1, ak_span(anchor, 32));
    bind_bytes(stmt, 2, ak_span(hash, 32));
    bind_bytes(stmt, 3, sealed);
    return run(db, Q_KNOW);
}

enum ak_err ak_signin_db_forget(struct ak_signin_db *db, const uint8_t hash[32])
{
    bind_bytes(db->queries[Q_FORGET], 1, ak_span(hash, 32));
    return run(db, Q_FORGET);
}

enum ak_err ak_signin_db_known(
    struct ak_signin_db *db, const uint8_t anchor[32], struct ak_signin_known *out_known)
{
    sqlite3_stmt *stmt = db->queries[Q_KNOWN];
    int rc = SQLITE_ROW;
    bool fits = true;
    out_known->count = 0;
    bind_bytes(stmt, 1, ak_span(anchor, 32));
    while (fits && (rc = sqlite3_step(stmt)) == SQLITE_ROW && out_known->count < AK_SIGNIN_KNOWN_MAX) {
        size_t at = out_known->count;
        fits = take_up_to(stmt, 0, out_known->sealed[at], AK_SIGNIN_KNOWN_LEN, &out_known->lens[at]);
        out_known->count += fits;
    }
    done(stmt);
    return fits ? map(rc) : AK_E_FORMAT;
}

enum ak_err ak_signin_db_notices(struct ak_signin_db *db, uint64_t *out_since)
{
    *out_since = 0;
    AK_TRY(first_row(db->queries[Q_GET_NOTICES]));
    *out_since = column_number(db->queries[Q_GET_NOTICES], 0);
    done(db->queries[Q_GET_NOTICES]);
    return AK_OK;
}

enum ak_err ak_signin_db_notice(struct ak_signin_db *db, uint64_t since, uint64_t next,
    const struct ak_signin_mail *mails, size_t mail_count, uint64_t now_s)
{
    uint64_t there = 0;
    AK_TRY(run(db, Q_BEGIN));
    enum ak_err err = ak_signin_db_notices(db, &there);
    if (!err && there != since) err = AK_E_CONFLICT;
    for (size_t i = 0; !err && i < mail_count; i++)
        err =
            add_mail(db, mails[i].id, mails[i].until_s, ak_span(mails[i].sealed, mails[i].sealed_len), now_s);
    bind_number(db->queries[Q_SET_NOTICES], 1, next);
    if (!err) err = run(db, Q_SET_NOTICES);
    return finish(db, err);
}

enum ak_err ak_signin_db_sweep(struct ak_signin_db *db, uint64_t now_s)
{
    AK_TRY(run(db, Q_BEGIN));
    enum ak_err err = AK_OK;
    for (enum query query = Q_SWEEP_SIGNINS; !err && query <= Q_SWEEP_USES; query++) {
        bind_number(db->queries[query], 1, now_s);
        err = run(db, query);
    }
    return finish(db, err);
}

enum ak_err ak_signin_db_figures(
    struct ak_signin_db *db, uint64_t now_s, struct ak_signin_figures *out_figures)
{
    *out_figures = (struct ak_signin_figures){0};
    AK_TRY(count(db, Q_COUNT_SIGNINS, now_s, &out_figures->signins));
    return count(db, Q_COUNT_MAILS, now_s, &out_figures->mails);
}
