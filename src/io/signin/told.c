/* Who is told of recoveries, and how far the notices were read. */
#include "io/signin/internal.h"

enum ak_err ak_signin_db_know(
    struct ak_signin_db *db, const uint8_t anchor[32], const uint8_t hash[32], struct ak_span sealed)
{
    sqlite3_stmt *stmt = db->queries[Q_KNOW];
    if (sealed.len > AK_SIGNIN_KNOWN_LEN) return AK_E_LIMIT;
    ak_signin_bind_bytes(stmt, 1, ak_span(anchor, 32));
    ak_signin_bind_bytes(stmt, 2, ak_span(hash, 32));
    ak_signin_bind_bytes(stmt, 3, sealed);
    ak_signin_bind_number(stmt, 4, AK_SIGNIN_KNOWN_MAX);
    AK_TRY(ak_signin_run(db, Q_KNOW));
    return sqlite3_changes(db->sql) ? AK_OK : AK_E_LIMIT;
}

enum ak_err ak_signin_db_forget(struct ak_signin_db *db, const uint8_t hash[32])
{
    ak_signin_bind_bytes(db->queries[Q_FORGET], 1, ak_span(hash, 32));
    return ak_signin_run(db, Q_FORGET);
}

enum ak_err ak_signin_db_known(
    struct ak_signin_db *db, const uint8_t anchor[32], struct ak_signin_known *out_known)
{
    sqlite3_stmt *stmt = db->queries[Q_KNOWN];
    int rc = SQLITE_ROW;
    bool fits = true;
    out_known->count = 0;
    ak_signin_bind_bytes(stmt, 1, ak_span(anchor, 32));
    while (fits && (rc = sqlite3_step(stmt)) == SQLITE_ROW && out_known->count < AK_SIGNIN_KNOWN_MAX) {
        size_t at = out_known->count;
        fits =
            ak_signin_take_up_to(stmt, 0, out_known->sealed[at], AK_SIGNIN_KNOWN_LEN, &out_known->lens[at]);
        out_known->count += fits;
    }
    ak_signin_done(stmt);
    return fits ? ak_signin_map(rc) : AK_E_FORMAT;
}

enum ak_err ak_signin_db_notices(struct ak_signin_db *db, uint64_t *out_since)
{
    *out_since = 0;
    AK_TRY(ak_signin_first_row(db->queries[Q_GET_NOTICES]));
    *out_since = ak_signin_column_number(db->queries[Q_GET_NOTICES], 0);
    ak_signin_done(db->queries[Q_GET_NOTICES]);
    return AK_OK;
}

enum ak_err ak_signin_db_notice(struct ak_signin_db *db, uint64_t since, uint64_t next,
    const struct ak_signin_mail *mails, size_t mail_count, uint64_t now_s)
{
    uint64_t there = 0;
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = ak_signin_db_notices(db, &there);
    if (!err && there != since) err = AK_E_CONFLICT;
    for (size_t i = 0; !err && i < mail_count; i++)
        err = ak_signin_add_mail(
            db, mails[i].id, mails[i].until_s, ak_span(mails[i].sealed, mails[i].sealed_len), now_s);
    ak_signin_bind_number(db->queries[Q_SET_NOTICES], 1, next);
    if (!err) err = ak_signin_run(db, Q_SET_NOTICES);
    return ak_signin_finish(db, err);
}
