/* A connection believes no code in its file; numbers of PRAGMAs; statements up to the first that is none. */
#include "unit/check.h"

#include "base/attr.h"
#include "io/sqlite/connection.h"

static sqlite3 *db;

static int setup(void **state)
{
    (void)state;
    return sqlite3_open(":memory:", &db);
}

static int teardown(void **state)
{
    (void)state;
    return sqlite3_close(db);
}

static int run(const char *sql)
{
    return sqlite3_exec(db, sql, NULL, NULL, NULL);
}

static int64_t count(const char *sql)
{
    int64_t number = 0;
    assert_int_equal(ak_sqlite_number(db, sql, &number), SQLITE_ROW);
    return number;
}

static void no_code_of_the_file_runs(void **state)
{
    (void)state;
    assert_int_equal(run("CREATE TABLE t(a); CREATE TABLE seen(a); CREATE VIEW v AS SELECT a FROM t;"
                         "CREATE TRIGGER x AFTER INSERT ON t BEGIN INSERT INTO seen VALUES(1); END"),
        SQLITE_OK);
    assert_int_equal(run("INSERT INTO t VALUES(1); SELECT * FROM v"), SQLITE_OK);
    assert_int_equal(count("SELECT count(*) FROM seen"), 1);
    ak_sqlite_harden(db);
    assert_int_equal(run("INSERT INTO t VALUES(2)"), SQLITE_OK);
    assert_int_equal(count("SELECT count(*) FROM seen"), 1); /* the trigger is there, and does nothing */
    assert_int_equal(run("SELECT * FROM v"), SQLITE_ERROR);
    assert_int_equal(run("PRAGMA writable_schema = ON"), SQLITE_OK);
    assert_int_not_equal(run("DELETE FROM sqlite_schema"), SQLITE_OK);
    assert_int_equal(count("PRAGMA trusted_schema"), 0);
}

static void numbers_of_pragmas(void **state)
{
    int64_t number = 7;
    (void)state;
    assert_int_equal(run("PRAGMA user_version = -3"), SQLITE_OK);
    assert_int_equal(count("PRAGMA user_version"), -3);
    assert_int_equal(ak_sqlite_number(db, "PRAGMA nothing_of_this_name", &number), SQLITE_DONE);
    assert_int_equal(number, 0);
    number = 7;
    assert_int_equal(ak_sqlite_number(db, "no SQL", &number), SQLITE_ERROR);
    assert_int_equal(number, 0);
}

static void statements_up_to_the_first_that_is_none(void **state)
{
    static const char *const good[] = {"SELECT 1", "SELECT 2"};
    static const char *const bad[] = {"SELECT 1", "no SQL", "SELECT 2"};
    sqlite3_stmt *made[3] = {NULL};
    (void)state;
    assert_int_equal(ak_sqlite_prepare(db, good, 0, made), SQLITE_OK);
    assert_null(made[0]);
    assert_int_equal(ak_sqlite_prepare(db, good, AK_COUNT(good), made), SQLITE_OK);
    assert_int_equal(sqlite3_step(made[1]), SQLITE_ROW);
    assert_int_equal(sqlite3_column_int(made[1], 0), 2);
    for (size_t i = 0; i < AK_COUNT(good); i++) (void)sqlite3_finalize(made[i]);
    made[0] = made[1] = NULL;
    assert_int_equal(ak_sqlite_prepare(db, bad, AK_COUNT(bad), made), SQLITE_ERROR);
    assert_true(made[0] && !made[1] && !made[2]);
    (void)sqlite3_finalize(made[0]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(no_code_of_the_file_runs, setup, teardown),
        cmocka_unit_test_setup_teardown(numbers_of_pragmas, setup, teardown),
        cmocka_unit_test_setup_teardown(statements_up_to_the_first_that_is_none, setup, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
