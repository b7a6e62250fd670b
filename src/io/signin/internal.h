/* Inside io/signin: the handle, its statements, and what every flow does with them. */
#ifndef AK_IO_SIGNIN_INTERNAL_H
#define AK_IO_SIGNIN_INTERNAL_H

#include <sqlite3.h>

#include "io/signin/db.h"

enum ak_signin_query {
    Q_BEGIN,
    Q_COMMIT,
    Q_ROLLBACK,
    Q_COUNT_SIGNINS,
    Q_ADD,
    Q_COUNT_FROM,
    Q_FULLEST_NET,
    Q_FULLEST_SOURCE,
    Q_GIVE_WAY,
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
struct ak_signin_db {
    sqlite3 *sql;
    sqlite3_stmt *queries[Q_COUNT_];
};

/* An SQLite result code as ours; SQLITE_OK, _ROW and _DONE are AK_OK. */
enum ak_err ak_signin_map(int rc);
/* Parameters count from 1, columns from 0. Bytes must live until the statement ran. A number over 2^63 - 1 is
 * stored as that one; a negative one is read as 0. */
void ak_signin_bind_bytes(sqlite3_stmt *stmt, int index, struct ak_span bytes);
void ak_signin_bind_number(sqlite3_stmt *stmt, int index, uint64_t number);
uint64_t ak_signin_column_number(sqlite3_stmt *stmt, int column);
/* A view that ends with the row. */
struct ak_span ak_signin_column_bytes(sqlite3_stmt *stmt, int column);
/* False where the column has another length, or more than fits. */
bool ak_signin_take_fixed(sqlite3_stmt *stmt, int column, uint8_t *out_bytes, size_t len);
bool ak_signin_take_up_to(sqlite3_stmt *stmt, int column, void *out_bytes, size_t cap, size_t *out_len);
/* Resets it and forgets its parameters. */
void ak_signin_done(sqlite3_stmt *stmt);
/* A statement without rows, its parameters bound. */
AK_MUST_USE enum ak_err ak_signin_run(struct ak_signin_db *db, enum ak_signin_query query);
/* AK_OK where there is a row to read before ak_signin_done. */
AK_MUST_USE enum ak_err ak_signin_first_row(sqlite3_stmt *stmt);
/* Begins a write; where that went well, ak_signin_finish ends it on each path. */
AK_MUST_USE enum ak_err ak_signin_transact(struct ak_signin_db *db);
/* Commits where all went well; either way nothing stays open. */
AK_MUST_USE enum ak_err ak_signin_finish(struct ak_signin_db *db, enum ak_err err);

/* signins.c: how many are not over. */
AK_MUST_USE enum ak_err ak_signin_count(
    struct ak_signin_db *db, enum ak_signin_query query, uint64_t now_s, uint64_t *out_count);
/* mails.c: within a transaction. */
AK_MUST_USE enum ak_err ak_signin_add_mail(
    struct ak_signin_db *db, const uint8_t id[16], uint64_t until_s, struct ak_span mail, uint64_t now_s);

#endif
