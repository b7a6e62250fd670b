/* Mails that wait, each leased to one sender. */
#include "io/signin/internal.h"

enum ak_err ak_signin_add_mail(
    struct ak_signin_db *db, const uint8_t id[16], uint64_t until_s, struct ak_span mail, uint64_t now_s)
{
    sqlite3_stmt *stmt = db->queries[Q_ADD_MAIL];
    ak_signin_bind_bytes(stmt, 1, ak_span(id, 16));
    ak_signin_bind_number(stmt, 2, until_s);
    ak_signin_bind_number(stmt, 3, now_s);
    ak_signin_bind_bytes(stmt, 4, mail);
    return ak_signin_run(db, Q_ADD_MAIL);
}

static enum ak_err get_mail(struct ak_signin_db *db, uint64_t now_s, struct ak_signin_mail *mail)
{
    sqlite3_stmt *stmt = db->queries[Q_GET_MAIL];
    ak_signin_bind_number(stmt, 1, now_s);
    AK_TRY(ak_signin_first_row(stmt));
    memset(mail, 0, sizeof *mail);
    mail->number = sqlite3_column_int64(stmt, 0);
    mail->until_s = ak_signin_column_number(stmt, 2);
    mail->tries = (unsigned)ak_signin_column_number(stmt, 3);
    bool ok = ak_signin_take_fixed(stmt, 1, mail->id, sizeof mail->id) &&
              ak_signin_take_up_to(stmt, 4, mail->sealed, sizeof mail->sealed, &mail->sealed_len);
    ak_signin_done(stmt);
    return ok ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_signin_db_mail_take(
    struct ak_signin_db *db, uint64_t now_s, uint64_t lease_s, struct ak_signin_mail *out_mail)
{
    AK_TRY(ak_signin_transact(db));
    enum ak_err err = get_mail(db, now_s, out_mail);
    if (!err) {
        (void)sqlite3_bind_int64(db->queries[Q_LEASE_MAIL], 1, out_mail->number);
        ak_signin_bind_number(db->queries[Q_LEASE_MAIL], 2, now_s + lease_s);
        err = ak_signin_run(db, Q_LEASE_MAIL);
    }
    return ak_signin_finish(db, err);
}

enum ak_err ak_signin_db_mail_done(struct ak_signin_db *db, int64_t number)
{
    (void)sqlite3_bind_int64(db->queries[Q_DROP_MAIL], 1, number);
    return ak_signin_run(db, Q_DROP_MAIL);
}

enum ak_err ak_signin_db_mail_later(struct ak_signin_db *db, int64_t number, unsigned tries, uint64_t next_s)
{
    (void)sqlite3_bind_int64(db->queries[Q_DELAY_MAIL], 1, number);
    ak_signin_bind_number(db->queries[Q_DELAY_MAIL], 2, tries);
    ak_signin_bind_number(db->queries[Q_DELAY_MAIL], 3, next_s);
    return ak_signin_run(db, Q_DELAY_MAIL);
}
