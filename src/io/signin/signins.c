/* Sign-ins under way. */
#include "io/signin/internal.h"

enum ak_err ak_signin_count(
    struct ak_signin_db *db, enum ak_signin_query query, uint64_t now_s, uint64_t *out_count)
{
    sqlite3_stmt *stmt = db->queries[query];
    if (query == Q_COUNT_SIGNINS) ak_signin_bind_number(stmt, 1, now_s);
    AK_TRY(ak_signin_first_row(stmt));
    *out_count = ak_signin_column_number(stmt, 0);
    ak_signin_done(stmt);
    return AK_OK;
}

static enum ak_err add(struct ak_signin_db *db, const struct ak_signin_row *row)
{
    sqlite3_stmt *stmt = db->queries[Q_ADD];
    const struct ak_signin *signin = &row->signin;
    ak_signin_bind_bytes(stmt, 1, AK_SPAN_ARR(signin->id));
    ak_signin_bind_number(stmt, 2, signin->kind);
    ak_signin_bind_number(stmt, 3, signin->state);
    ak_signin_bind_bytes(stmt, 4, AK_SPAN_ARR(signin->jkt));
    ak_signin_bind_number(stmt, 5, signin->expires_s);
    ak_signin_bind_number(stmt, 6, signin->taken_until_s);
    ak_signin_bind_bytes(stmt, 7, AK_SPAN_ARR(signin->token_hash));
    ak_signin_bind_bytes(stmt, 8, AK_SPAN_ARR(signin->match_hash));
    ak_signin_bind_number(stmt, 9, signin->tries);
    ak_signin_bind_bytes(stmt, 10, ak_span(row->sealed, row->sealed_len));
    ak_signin_bind_bytes(stmt, 11, AK_SPAN_ARR(signin->owner));
    ak_signin_bind_number(stmt, 12, signin->failure);
    return ak_signin_run(db, Q_ADD);
}

enum ak_err ak_signin_db_add(
    struct ak_signin_db *db, const struct ak_signin_row *row, struct ak_span mail, uint64_t now_s)
{
    uint64_t there = 0;
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = ak_signin_count(db, Q_COUNT_SIGNINS, now_s, &there);
    if (!err && there >= AK_SIGNIN_PENDING_MAX) err = AK_E_LIMIT;
    if (!err) err = add(db, row);
    if (!err && mail.len) err = ak_signin_add_mail(db, row->signin.id, row->signin.expires_s, mail, now_s);
    return ak_signin_finish(db, err);
}

static enum ak_err get(struct ak_signin_db *db, const uint8_t id[16], struct ak_signin_row *row)
{
    sqlite3_stmt *stmt = db->queries[Q_GET];
    struct ak_signin *signin = &row->signin;
    size_t owner_len = 0;
    ak_signin_bind_bytes(stmt, 1, ak_span(id, 16));
    AK_TRY(ak_signin_first_row(stmt));
    memset(row, 0, sizeof *row);
    memcpy(signin->id, id, 16);
    signin->kind = (enum ak_signin_kind)ak_signin_column_number(stmt, 0);
    signin->state = (enum ak_signin_state)ak_signin_column_number(stmt, 1);
    signin->expires_s = ak_signin_column_number(stmt, 3);
    signin->taken_until_s = ak_signin_column_number(stmt, 4);
    signin->tries = (uint8_t)ak_signin_column_number(stmt, 7);
    signin->failure = (enum ak_signin_failure)ak_signin_column_number(stmt, 10);
    bool ok = ak_signin_take_fixed(stmt, 2, signin->jkt, 32) &&
              ak_signin_take_fixed(stmt, 5, signin->token_hash, 32) &&
              ak_signin_take_fixed(stmt, 6, signin->match_hash, 32) &&
              ak_signin_take_up_to(stmt, 8, row->sealed, sizeof row->sealed, &row->sealed_len) &&
              ak_signin_take_up_to(stmt, 9, signin->owner, sizeof signin->owner, &owner_len);
    ak_signin_done(stmt);
    return ok ? AK_OK : AK_E_FORMAT;
}

static enum ak_err set(struct ak_signin_db *db, const struct ak_signin_row *row)
{
    sqlite3_stmt *stmt = db->queries[Q_SET];
    const struct ak_signin *signin = &row->signin;
    ak_signin_bind_bytes(stmt, 1, AK_SPAN_ARR(signin->id));
    ak_signin_bind_number(stmt, 2, signin->state);
    ak_signin_bind_number(stmt, 3, signin->taken_until_s);
    ak_signin_bind_number(stmt, 4, signin->tries);
    ak_signin_bind_bytes(stmt, 5, AK_SPAN_ARR(signin->token_hash));
    ak_signin_bind_bytes(stmt, 6, ak_span(row->sealed, row->sealed_len));
    ak_signin_bind_bytes(stmt, 7, AK_SPAN_ARR(signin->owner));
    ak_signin_bind_number(stmt, 8, signin->failure);
    return ak_signin_run(db, Q_SET);
}

/* Whether a step changed it; token, owner, failure and what is sealed change with the state only. */
static bool is_changed(const struct ak_signin *a, const struct ak_signin *b)
{
    return a->state != b->state || a->taken_until_s != b->taken_until_s || a->tries != b->tries;
}

enum ak_err ak_signin_db_step(struct ak_signin_db *db, const uint8_t id[16], ak_signin_step step, void *ctx,
    struct ak_signin_row *out_row, enum ak_code *out_code)
{
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = get(db, id, out_row);
    if (!err) {
        const struct ak_signin before = out_row->signin;
        *out_code = step(ctx, out_row);
        if (is_changed(&before, &out_row->signin)) err = set(db, out_row);
    }
    err = ak_signin_finish(db, err);
    if (err) memset(out_row, 0, sizeof *out_row);
    return err;
}
