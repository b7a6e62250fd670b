/* One file of the broker's state, open twice, in a folder of its own. */
#ifndef AK_TESTS_UNIT_IO_SIGNIN_DB_BOX_H
#define AK_TESTS_UNIT_IO_SIGNIN_DB_BOX_H

#include "unit/check.h"

#include <sqlite3.h>
#include <unistd.h>

#include "io/signin/db.h"

enum { NOW = 1000000 };

static char dir[64], path[96];
static struct ak_signin_db *one, *two;

static inline int open_both(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-signin-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    (void)snprintf(path, sizeof path, "%s/broker.db", dir);
    return ak_signin_db_open(path, &one) || ak_signin_db_open(path, &two);
}

static inline int close_both(void **state)
{
    (void)state;
    char name[128];
    static const char *const endings[] = {"", "-wal", "-shm"};
    ak_signin_db_close(one);
    ak_signin_db_close(two);
    for (size_t i = 0; i < AK_COUNT(endings); i++) {
        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name);
    }
    return rmdir(dir);
}

static inline struct ak_signin_row a_row(uint8_t number)
{
    struct ak_signin_row row = {
        .signin = {.kind = AK_SIGNIN_MAIL, .state = AK_SIGNIN_PENDING, .expires_s = NOW + 600},
        .sealed_len = 3};
    memcpy(row.sealed, "abc", 3);
    row.signin.id[0] = number;
    row.signin.jkt[0] = 9;
    row.signin.token_hash[1] = 8;
    row.signin.match_hash[2] = 7;
    return row;
}

/* A statement of a connection of its own. */
static inline void sql(const char *text)
{
    sqlite3 *db = NULL;
    char *why = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    if (sqlite3_exec(db, text, NULL, NULL, &why) != SQLITE_OK) fail_msg("%s", why);
    (void)sqlite3_close(db);
}

#endif
