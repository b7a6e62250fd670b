/* Who gives way where all places for sign-ins are taken: the network that fills them, and in it the source.
 */
#include "unit/io/signin/db_box.h"

/* `count` sign-ins of the network `net`, of `each` sources in turn, each ending a second later. */
static void fill(unsigned count, unsigned net, unsigned each)
{
    char text[600];
    (void)snprintf(text, sizeof text,
        "WITH RECURSIVE c(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM c WHERE i + 1 < %u)"
        "INSERT INTO signin(id, kind, state, jkt, expires, taken_until, token, match, tries, sealed, net,"
        " source) SELECT randomblob(16), 1, 1, zeroblob(32), %u + i, 0, zeroblob(32), zeroblob(32), 0, x'',"
        " x'%032x', CAST(printf('%%016d', i %% %u) AS BLOB) FROM c",
        count, NOW + 100, net, each);
    sql(text);
}

static enum ak_err start_from(uint8_t net, unsigned source)
{
    static uint8_t number;
    char name[AK_SIGNIN_FROM_LEN + 1];
    struct ak_signin_row row = a_row(++number);
    row.signin.expires_s = NOW + 50000;
    row.from.net[AK_SIGNIN_FROM_LEN - 1] = net;
    (void)snprintf(name, sizeof name, "%016u", source);
    memcpy(row.from.source, name, sizeof row.from.source);
    return ak_signin_db_add(one, &row, AK_SPAN_EMPTY, NOW);
}

static unsigned count(const char *where)
{
    char text[200];
    sqlite3 *db = NULL;
    sqlite3_stmt *stmt = NULL;
    (void)snprintf(text, sizeof text, "SELECT count(*) FROM signin WHERE %s", where);
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &stmt, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(stmt), SQLITE_ROW);
    unsigned found = (unsigned)sqlite3_column_int(stmt, 0);
    (void)sqlite3_finalize(stmt);
    (void)sqlite3_close(db);
    return found;
}

/* One network floods from 500 sources: it keeps out itself, and nobody else. */
static void a_flood_keeps_out_itself(void **state)
{
    (void)state;
    fill(AK_SIGNIN_PENDING_MAX - 1, 1, 500);
    assert_int_equal(start_from(1, 7), AK_OK); /* the last place; source 7 has 21 now, most have 20, one 19 */
    assert_int_equal(count("1"), AK_SIGNIN_PENDING_MAX);
    assert_int_equal(start_from(1, 7), AK_E_LIMIT);
    assert_int_equal(count("1"), AK_SIGNIN_PENDING_MAX);
    /* from elsewhere: the fullest source's first to end gives way */
    assert_int_equal(start_from(2, 7), AK_OK);
    assert_int_equal(count("1"), AK_SIGNIN_PENDING_MAX);
    assert_int_equal(count("substr(net, 16) = x'01' AND expires = 1000107"), 0);
    assert_int_equal(count("substr(net, 16) = x'02'"), 1);
    /* from the same network: who has fewer than the fullest source */
    assert_int_equal(start_from(1, 9999), AK_OK);
    assert_int_equal(start_from(1, 3), AK_E_LIMIT); /* 20, as many as the fullest has */
    assert_int_equal(start_from(1, 499), AK_OK);    /* 19 */
    assert_int_equal(count("1"), AK_SIGNIN_PENDING_MAX);
    assert_int_equal(count("source = CAST('0000000000009999' AS BLOB)"), 1);
}

/* Networks with as many share on: the newcomer's own has no fewer than any. */
static void full_networks_share(void **state)
{
    (void)state;
    fill(AK_SIGNIN_PENDING_MAX / 2, 1, 1);
    fill(AK_SIGNIN_PENDING_MAX / 2, 2, 1);
    assert_int_equal(start_from(1, 0), AK_E_LIMIT);
    assert_int_equal(start_from(2, 0), AK_E_LIMIT);
    assert_int_equal(start_from(2, 1), AK_OK); /* a source of its own, beside the one that has all */
    for (unsigned i = 0; i < 3; i++) assert_int_equal(start_from(3, i), AK_OK);
    assert_int_equal(count("substr(net, 16) = x'03'"), 3);
    assert_int_equal(count("1"), AK_SIGNIN_PENDING_MAX);
    /* what is over holds no place */
    sql("UPDATE signin SET expires = 1000000 WHERE substr(net, 16) = x'01'");
    assert_int_equal(start_from(2, 0), AK_OK);
    assert_int_equal(count("1"), AK_SIGNIN_PENDING_MAX + 1);
}

/* A sign-in that a thread asks the worker for, or a provider, is left to it, as long as its lease lasts. */
static void what_is_worked_at_stays(void **state)
{
    (void)state;
    fill(AK_SIGNIN_PENDING_MAX, 1, 1);
    sql("UPDATE signin SET state = 3 + 3 * (expires % 2), taken_until = 1000001");
    assert_int_equal(start_from(2, 0), AK_E_LIMIT);
    sql("UPDATE signin SET taken_until = 1000000 WHERE expires = 1000200");
    assert_int_equal(start_from(2, 0), AK_OK);
    assert_int_equal(count("expires = 1000200"), 0);
    assert_int_equal(start_from(2, 0), AK_E_LIMIT);
    sql("UPDATE signin SET state = 4 WHERE expires = 1000300"); /* delivered */
    assert_int_equal(start_from(2, 0), AK_OK);
    assert_int_equal(count("expires = 1000300"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_flood_keeps_out_itself, open_both, close_both),
        cmocka_unit_test_setup_teardown(full_networks_share, open_both, close_both),
        cmocka_unit_test_setup_teardown(what_is_worked_at_stays, open_both, close_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
