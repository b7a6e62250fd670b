/* What our two SQLite files have in common: no code runs out of a file, a PRAGMA's number, statements
 * prepared once. Results are SQLite's, as each file means something else by them; nothing is logged. No
 * secrets. A connection is one thread's. */
#ifndef AK_IO_SQLITE_CONNECTION_H
#define AK_IO_SQLITE_CONNECTION_H

#include <stddef.h>
#include <stdint.h>

#include <sqlite3.h>

/* Before the first statement on tables of the file: no triggers, no views, nothing that its schema names is
 * believed, and no statement of ours can write what SQLite keeps for itself. */
void ak_sqlite_harden(sqlite3 *db);
/* The integer that a PRAGMA answers. SQLITE_ROW; SQLITE_DONE (it answers nothing: 0), or an error. */
int ak_sqlite_number(sqlite3 *db, const char *pragma, int64_t *out_number);
/* Prepares `count` statements for the connection's lifetime, into `out`, whose members are NULL before.
 * SQLITE_OK, or the first error; what was prepared until then is the caller's to finalize. */
int ak_sqlite_prepare(sqlite3 *db, const char *const *texts, size_t count, sqlite3_stmt **out);

#endif
