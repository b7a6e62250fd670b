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

enum ak_err ak_signin_db_notices(struct ak_signin_db *db, struct ak_signin_cursor *out_cursor)
{
    size_t len = 0;
    sqlite3_stmt *stmt = db->queries[Q_GET_NOTICES];
    memset(out_cursor, 0, sizeof *out_cursor);
    AK_TRY(ak_signin_first_row(stmt));
    out_cursor->next = ak_signin_column_number(stmt, 0);
    out_cursor->page = ak_signin_column_number(stmt, 1);
    bool fits = ak_signin_take_up_to(stmt, 2, out_cursor->root, sizeof out_cursor->root, &len);
    out_cursor->has_root = len == sizeof out_cursor->root;
    ak_signin_done(stmt);
    return fits && (len == 0 || out_cursor->has_root) ? AK_OK : AK_E_FORMAT;
}

static bool is_same(const struct ak_signin_cursor *a, const struct ak_signin_cursor *b)
{
    return a->next == b->next && a->page == b->page && a->has_root == b->has_root &&
           memcmp(a->root, b->root, sizeof a->root) == 0;
}

enum ak_err ak_signin_db_notice(struct ak_signin_db *db, const struct ak_signin_cursor *from,
    const struct ak_signin_cursor *to, const struct ak_signin_mail *mails, size_t mail_count, uint64_t now_s)
{
    struct ak_signin_cursor there;
    sqlite3_stmt *stmt = db->queries[Q_SET_NOTICES];
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = ak_signin_db_notices(db, &there);
    if (!err && !is_same(&there, from)) err = AK_E_CONFLICT;
    for (size_t i = 0; !err && i < mail_count; i++)
        err = ak_signin_add_mail(
            db, mails[i].id, mails[i].until_s, ak_span(mails[i].sealed, mails[i].sealed_len), now_s);
    ak_signin_bind_number(stmt, 1, to->next);
    ak_signin_bind_number(stmt, 2, to->page);
    ak_signin_bind_bytes(stmt, 3, ak_span(to->root, to->has_root ? sizeof to->root : 0));
    if (!err) err = ak_signin_run(db, Q_SET_NOTICES);
    return ak_signin_finish(db, err);
}
