/* Proofs that were used, and how often whom. */
#include "core/broker/window.h"
#include "io/signin/internal.h"

enum { PROOF_BYTES = 32 };

enum ak_err ak_signin_db_use_proof(struct ak_signin_db *db, const uint8_t jti_hash[32], uint64_t forget_s)
{
    ak_signin_bind_bytes(db->queries[Q_USE_PROOF], 1, ak_span(jti_hash, PROOF_BYTES));
    ak_signin_bind_number(db->queries[Q_USE_PROOF], 2, forget_s);
    enum ak_err err = ak_signin_run(db, Q_USE_PROOF);
    return err == AK_E_EXISTS ? AK_E_REPLAY : err;
}

static enum ak_err get_uses(struct ak_signin_db *db, const uint8_t key[32], struct ak_window *window)
{
    sqlite3_stmt *stmt = db->queries[Q_GET_USES];
    memset(window, 0, sizeof *window);
    ak_signin_bind_bytes(stmt, 1, ak_span(key, 32));
    enum ak_err err = ak_signin_first_row(stmt);
    if (err) return err == AK_E_NOT_FOUND ? AK_OK : err;
    err = ak_window_read(ak_signin_column_bytes(stmt, 0), window);
    ak_signin_done(stmt);
    return err;
}

static enum ak_err set_uses(
    struct ak_signin_db *db, const uint8_t key[32], const struct ak_window *window, uint64_t forget_s)
{
    uint8_t bytes[AK_WINDOW_BYTES_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    sqlite3_stmt *stmt = db->queries[Q_SET_USES];
    ak_window_put(window, &buf);
    ak_signin_bind_bytes(stmt, 1, ak_span(key, 32));
    ak_signin_bind_bytes(stmt, 2, ak_buf_span(&buf));
    ak_signin_bind_number(stmt, 3, forget_s);
    return ak_signin_run(db, Q_SET_USES);
}

enum ak_err ak_signin_db_count(struct ak_signin_db *db, const uint8_t key[32], uint64_t now_s,
    uint64_t length_s, size_t max, uint64_t *out_retry_s)
{
    struct ak_window window;
    *out_retry_s = 0;
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = get_uses(db, key, &window);
    if (!err && !ak_window_take(&window, now_s, length_s, max, out_retry_s)) err = AK_E_LIMIT;
    if (!err) err = set_uses(db, key, &window, now_s + length_s);
    return ak_signin_finish(db, err);
}
