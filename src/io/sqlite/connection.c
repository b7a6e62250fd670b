#include "io/sqlite/connection.h"

void ak_sqlite_harden(sqlite3 *db)
{
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
    (void)sqlite3_db_config(db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
}

int ak_sqlite_number(sqlite3 *db, const char *pragma, int64_t *out_number)
{
    sqlite3_stmt *stmt = NULL;
    *out_number = 0;
    int rc = sqlite3_prepare_v2(db, pragma, -1, &stmt, NULL);
    if (rc == SQLITE_OK) rc = sqlite3_step(stmt);
    if (rc == SQLITE_ROW) *out_number = sqlite3_column_int64(stmt, 0);
    (void)sqlite3_finalize(stmt);
    return rc;
}

int ak_sqlite_prepare(sqlite3 *db, const char *const *texts, size_t count, sqlite3_stmt **out)
{
    int rc = SQLITE_OK;
    for (size_t i = 0; rc == SQLITE_OK && i < count; i++)
        rc = sqlite3_prepare_v3(db, texts[i], -1, SQLITE_PREPARE_PERSISTENT, &out[i], NULL);
    return rc;
}
