/* The broker's state over two handles of one file: once is once, whoever asks; a reopened file goes on. */
#include "unit/io/signin/db_box.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static enum ak_code same(void *ctx, struct ak_signin_row *row)
{
    (void)ctx;
    (void)row;
    return AK_CODE_DENIED;
}

static enum ak_code take(void *ctx, struct ak_signin_row *row)
{
    (void)ctx;
    return ak_signin_take(&row->signin, row->signin.jkt, NOW);
}

static enum ak_code answer(void *ctx, struct ak_signin_row *row)
{
    (void)ctx;
    return ak_signin_answer(&row->signin, row->signin.token_hash, row->signin.match_hash, NOW);
}

static enum ak_code step(struct ak_signin_db *db, uint8_t number, ak_signin_step how)
{
    struct ak_signin_row want = a_row(number), row;
    enum ak_code code = AK_CODE_INTERNAL;
    assert_int_equal(ak_signin_db_step(db, want.signin.id, how, NULL, &row, &code), AK_OK);
    return code;
}

static void keeps_what_it_was_given(void **state)
{
    (void)state;
    struct ak_signin_row row = a_row(1), got;
    enum ak_code code = AK_CODE_OK;
    assert_int_equal(ak_signin_db_add(one, &row, AK_SPAN_EMPTY, NOW), AK_OK);
    assert_int_equal(ak_signin_db_add(two, &row, AK_SPAN_EMPTY, NOW), AK_E_EXISTS);
    assert_int_equal(ak_signin_db_step(two, row.signin.id, same, NULL, &got, &code), AK_OK);
    assert_int_equal(code, AK_CODE_DENIED);
    assert_memory_equal(&got, &row, sizeof row);
    row.signin.id[0] = 2;
    assert_int_equal(ak_signin_db_step(one, row.signin.id, same, NULL, &got, &code), AK_E_NOT_FOUND);
    struct stat info;
    assert_int_equal(stat(path, &info), 0);
    assert_int_equal(info.st_mode & 0777, 0600);
}

static void one_delivery_over_two_handles(void **state)
{
    (void)state;
    struct ak_signin_row row = a_row(1);
    assert_int_equal(ak_signin_db_add(one, &row, AK_SPAN_EMPTY, NOW), AK_OK);
    assert_int_equal(step(one, 1, take), AK_CODE_PENDING);
    assert_int_equal(step(two, 1, answer), AK_CODE_OK);
    assert_int_equal(step(one, 1, answer), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(step(one, 1, take), AK_CODE_OK);
    assert_int_equal(step(two, 1, take), AK_CODE_PENDING);
    ak_signin_db_close(one); /* as after a kill */
    assert_int_equal(ak_signin_db_open(path, &one), AK_OK);
    assert_int_equal(step(one, 1, take), AK_CODE_PENDING);
}

static void proofs_work_once(void **state)
{
    (void)state;
    uint8_t jti[32] = {1};
    assert_int_equal(ak_signin_db_use_proof(one, jti, NOW + 10), AK_OK);
    assert_int_equal(ak_signin_db_try_write(one), AK_OK); /* and changes nothing */
    assert_int_equal(ak_signin_db_use_proof(one, jti, NOW + 10), AK_E_REPLAY);
    assert_int_equal(ak_signin_db_use_proof(two, jti, NOW + 10), AK_E_REPLAY);
    assert_int_equal(ak_signin_db_sweep(two, NOW + 9), AK_OK);
    assert_int_equal(ak_signin_db_use_proof(one, jti, NOW + 10), AK_E_REPLAY);
    assert_int_equal(ak_signin_db_sweep(two, NOW + 10), AK_OK);
    assert_int_equal(ak_signin_db_use_proof(one, jti, NOW + 10), AK_OK);
}

static void limits_hold_over_two_handles(void **state)
{
    (void)state;
    const uint8_t key[32] = {1}, other[32] = {2};
    uint64_t retry_s = 0;
    for (int i = 0; i < 5; i++)
        assert_int_equal(ak_signin_db_count(i % 2 ? one : two, key, NOW, 3600, 5, &retry_s), AK_OK);
    assert_int_equal(ak_signin_db_count(one, key, NOW + 1, 3600, 5, &retry_s), AK_E_LIMIT);
    assert_int_equal(retry_s, 3599);
    assert_int_equal(ak_signin_db_count(one, other, NOW + 1, 3600, 5, &retry_s), AK_OK);
    assert_int_equal(ak_signin_db_sweep(one, NOW + 3599), AK_OK);
    assert_int_equal(ak_signin_db_count(two, key, NOW + 3599, 3600, 5, &retry_s), AK_E_LIMIT);
    assert_int_equal(ak_signin_db_count(two, key, NOW + 3600, 3600, 5, &retry_s), AK_OK);
}

static void mails_are_leased(void **state)
{
    (void)state;
    struct ak_signin_row first = a_row(1), second = a_row(2);
    struct ak_signin_mail mail, next;
    assert_int_equal(ak_signin_db_mail_take(one, NOW, 60, &mail), AK_E_NOT_FOUND);
    assert_int_equal(ak_signin_db_add(one, &first, AK_SPAN_LIT("m1"), NOW), AK_OK);
    assert_int_equal(ak_signin_db_add(one, &second, AK_SPAN_LIT("m2"), NOW + 1), AK_OK);
    assert_int_equal(ak_signin_db_mail_take(one, NOW + 1, 60, &mail), AK_OK);
    assert_int_equal(mail.id[0], 1);
    assert_int_equal(mail.until_s, NOW + 600);
    assert_true(ak_span_eq(ak_span(mail.sealed, mail.sealed_len), AK_SPAN_LIT("m1")));
    assert_int_equal(ak_signin_db_mail_take(two, NOW + 1, 60, &next), AK_OK);
    assert_int_equal(next.id[0], 2);
    assert_int_equal(ak_signin_db_mail_take(two, NOW + 1, 60, &next), AK_E_NOT_FOUND);
    assert_int_equal(ak_signin_db_mail_done(two, mail.number + 1), AK_OK);
    /* the first one's process died: another takes it */
    assert_int_equal(ak_signin_db_mail_take(two, NOW + 60, 60, &next), AK_E_NOT_FOUND);
    assert_int_equal(ak_signin_db_mail_take(two, NOW + 61, 60, &next), AK_OK);
    assert_int_equal(next.number, mail.number);
    assert_int_equal(ak_signin_db_mail_later(two, next.number, 3, NOW + 100), AK_OK);
    assert_int_equal(ak_signin_db_mail_take(one, NOW + 99, 60, &next), AK_E_NOT_FOUND);
    assert_int_equal(ak_signin_db_mail_take(one, NOW + 100, 60, &next), AK_OK);
    assert_int_equal(next.tries, 3);
    assert_int_equal(ak_signin_db_sweep(one, NOW + 600), AK_OK);
    assert_int_equal(ak_signin_db_mail_take(one, NOW + 700, 60, &next), AK_E_NOT_FOUND);
}

static void knows_and_forgets_addresses(void **state)
{
    (void)state;
    static struct ak_signin_known known;
    const uint8_t anchor[32] = {1}, other[32] = {2};
    uint8_t hash[32] = {0}, sealed[AK_SIGNIN_KNOWN_LEN + 1] = {0};
    /* the first ones stay, whatever the order of their hashes */
    for (uint8_t i = 0; i < AK_SIGNIN_KNOWN_MAX; i++) {
        hash[0] = (uint8_t)(AK_SIGNIN_KNOWN_MAX - i);
        assert_int_equal(ak_signin_db_know(one, anchor, hash, ak_span(&i, 1)), AK_OK);
        assert_int_equal(ak_signin_db_know(two, anchor, hash, AK_SPAN_LIT("again")), AK_OK);
    }
    hash[0] = 0;
    assert_int_equal(ak_signin_db_know(two, anchor, hash, AK_SPAN_LIT("late")), AK_E_LIMIT);
    assert_int_equal(ak_signin_db_know(one, other, hash, ak_span(sealed, AK_SIGNIN_KNOWN_LEN)), AK_OK);
    assert_int_equal(ak_signin_db_know(one, other, hash, AK_SPAN_ARR(sealed)), AK_E_LIMIT);
    assert_int_equal(ak_signin_db_known(one, anchor, &known), AK_OK);
    assert_int_equal(known.count, AK_SIGNIN_KNOWN_MAX);
    for (size_t i = 0; i < known.count; i++)
        assert_true(ak_span_eq(ak_span(known.sealed[i], known.lens[i]), AK_SPAN_LIT("again")));
    assert_int_equal(ak_signin_db_known(two, other, &known), AK_OK);
    assert_int_equal(known.count, 1);
    assert_int_equal(known.lens[0], AK_SIGNIN_KNOWN_LEN);
    assert_int_equal(ak_signin_db_forget(one, hash), AK_OK);
    assert_int_equal(ak_signin_db_known(two, other, &known), AK_OK);
    assert_int_equal(known.count, 0);
    assert_int_equal(ak_signin_db_sweep(two, NOW * 2), AK_OK);
    assert_int_equal(ak_signin_db_known(two, anchor, &known), AK_OK);
    assert_int_equal(known.count, AK_SIGNIN_KNOWN_MAX);
    hash[0] = 1; /* one that ended makes room for one */
    assert_int_equal(ak_signin_db_forget(one, hash), AK_OK);
    hash[0] = 0;
    assert_int_equal(ak_signin_db_know(two, anchor, hash, AK_SPAN_LIT("late")), AK_OK);
    assert_int_equal(ak_signin_db_know(two, anchor, hash, AK_SPAN_LIT("late")), AK_OK);
}

static struct ak_signin_cursor a_cursor(uint64_t next, uint64_t page, uint8_t root)
{
    struct ak_signin_cursor cursor = {.next = next, .page = page, .has_root = root != 0};
    memset(cursor.root, root, sizeof cursor.root);
    return cursor;
}

static void expect_cursor(struct ak_signin_db *db, const struct ak_signin_cursor *want)
{
    struct ak_signin_cursor got;
    assert_int_equal(ak_signin_db_notices(db, &got), AK_OK);
    assert_int_equal(got.next, want->next);
    assert_int_equal(got.page, want->page);
    assert_int_equal(got.has_root, want->has_root);
    assert_memory_equal(got.root, want->root, sizeof got.root);
}

static void a_notice_is_told_once(void **state)
{
    (void)state;
    struct ak_signin_mail mails[2] = {
        {.until_s = NOW + 10, .sealed_len = 1}, {.until_s = NOW + 10, .sealed_len = 2}};
    struct ak_signin_mail mail;
    const struct ak_signin_cursor start = a_cursor(0, 0, 0);
    const struct ak_signin_cursor first = a_cursor(5, 0, 0), end = a_cursor(7, 7, 3);
    expect_cursor(one, &start);
    assert_int_equal(ak_signin_db_notice(one, &start, &first, mails, 2, NOW), AK_OK);
    assert_int_equal(ak_signin_db_notice(two, &start, &first, mails, 2, NOW), AK_E_CONFLICT);
    expect_cursor(two, &first);
    assert_int_equal(ak_signin_db_notice(two, &first, &end, NULL, 0, NOW), AK_OK);
    expect_cursor(one, &end);
    /* each part of it counts: another page, root, or none */
    const struct ak_signin_cursor others[] = {
        a_cursor(7, 6, 3), a_cursor(7, 7, 4), a_cursor(7, 7, 0), a_cursor(8, 7, 3)};
    for (size_t i = 0; i < AK_COUNT(others); i++)
        assert_int_equal(ak_signin_db_notice(two, &others[i], &first, mails, 2, NOW), AK_E_CONFLICT);
    assert_int_equal(ak_signin_db_mail_take(one, NOW, 60, &mail), AK_OK);
    assert_int_equal(ak_signin_db_mail_take(one, NOW, 60, &mail), AK_OK);
    assert_int_equal(mail.sealed_len, 2);
    assert_int_equal(ak_signin_db_mail_take(one, NOW, 60, &mail), AK_E_NOT_FOUND);
}

static void counts_what_is_there(void **state)
{
    (void)state;
    struct ak_signin_figures figures;
    for (uint8_t i = 0; i < 3; i++) {
        struct ak_signin_row row = a_row(i);
        assert_int_equal(ak_signin_db_add(one, &row, i ? AK_SPAN_LIT("m") : AK_SPAN_EMPTY, NOW), AK_OK);
    }
    assert_int_equal(ak_signin_db_figures(two, NOW, &figures), AK_OK);
    assert_int_equal(figures.signins, 3);
    assert_int_equal(figures.mails, 2);
    assert_int_equal(ak_signin_db_figures(two, NOW + 600, &figures), AK_OK);
    assert_int_equal(figures.signins, 0);
    assert_int_equal(ak_signin_db_sweep(two, NOW + 600), AK_OK);
    assert_int_equal(ak_signin_db_figures(one, 0, &figures), AK_OK);
    assert_int_equal(figures.signins + figures.mails, 0);
}

/* Another process that opens and closes the file, as a second broker does: how many sign-ins it saw. */
static int visit(void)
{
    int how = 0;
    pid_t pid = fork();
    if (pid == 0) {
        (void)execl("/proc/self/exe", "test-db", "visit", path, (char *)NULL);
        _exit(127);
    }
    assert_int_equal(waitpid(pid, &how, 0), pid);
    assert_true(WIFEXITED(how));
    return WEXITSTATUS(how);
}

static int visitor(const char *where)
{
    struct ak_signin_db *db;
    struct ak_signin_figures figures = {0};
    if (ak_signin_db_open(where, &db) != AK_OK) return 126;
    enum ak_err err = ak_signin_db_figures(db, NOW, &figures);
    ak_signin_db_close(db);
    return err ? 125 : (int)figures.signins;
}

/* A file that is opened and closed beside SQLite loses SQLite's locks: a visitor took itself for the last one
 * and removed the log, and what was committed later was in no file. */
static void a_second_process_takes_nothing_away(void **state)
{
    (void)state;
    for (uint8_t i = 1; i < 4; i++) {
        struct ak_signin_row row = a_row(i);
        assert_int_equal(ak_signin_db_add(i % 2 ? one : two, &row, AK_SPAN_EMPTY, NOW), AK_OK);
        assert_int_equal(visit(), i);
    }
}

static void a_link_is_no_state(void **state)
{
    (void)state;
    char name[128];
    struct ak_signin_db *db;
    (void)snprintf(name, sizeof name, "%s/link.db", dir);
    assert_int_equal(symlink(path, name), 0);
    assert_int_equal(ak_signin_db_open(name, &db), AK_E_IO);
    assert_int_equal(unlink(name), 0);
}

static enum ak_code begin(void *ctx, struct ak_signin_row *row)
{
    return ak_signin_begin(&row->signin, ctx, 20, NOW);
}

static enum ak_code confirm(void *ctx, struct ak_signin_row *row)
{
    const uint8_t token[32] = {4, 5, 6};
    row->sealed_len = 5;
    memcpy(row->sealed, "abcde", 5);
    return ak_signin_confirm(&row->signin, ctx, token, NOW);
}

static enum ak_code fail_it(void *ctx, struct ak_signin_row *row)
{
    return ak_signin_fail(&row->signin, ctx, AK_SIGNIN_ID_TOKEN_INVALID, NOW);
}

/* Two brokers with one store: one of them exchanges the code, and its word is kept. */
static void one_owner_over_two_handles(void **state)
{
    (void)state;
    uint8_t mine[AK_SIGNIN_OWNER_LEN] = {1}, other[AK_SIGNIN_OWNER_LEN] = {2};
    struct ak_signin_row row = a_row(1), second = a_row(2), out;
    enum ak_code code = AK_CODE_INTERNAL;
    row.signin.kind = second.signin.kind = AK_SIGNIN_OAUTH2;
    assert_int_equal(ak_signin_db_add(one, &row, AK_SPAN_EMPTY, NOW), AK_OK);
    assert_int_equal(ak_signin_db_add(one, &second, AK_SPAN_EMPTY, NOW), AK_OK);
    assert_int_equal(ak_signin_db_step(one, row.signin.id, begin, mine, &out, &code), AK_OK);
    assert_int_equal(code, AK_CODE_OK);
    assert_int_equal(ak_signin_db_step(two, row.signin.id, begin, other, &out, &code), AK_OK);
    assert_int_equal(code, AK_CODE_PENDING);
    assert_int_equal(ak_signin_db_step(two, row.signin.id, confirm, other, &out, &code), AK_OK);
    assert_int_equal(code, AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(ak_signin_db_step(two, row.signin.id, confirm, mine, &out, &code), AK_OK);
    assert_int_equal(code, AK_CODE_OK);
    assert_int_equal(ak_signin_db_step(one, row.signin.id, same, NULL, &out, &code), AK_OK);
    assert_int_equal(out.signin.state, AK_SIGNIN_CONFIRMED);
    assert_int_equal(out.signin.token_hash[1], 5);
    assert_int_equal(out.sealed_len, 5);
    assert_memory_equal(out.sealed, "abcde", 5);
    assert_memory_equal(out.signin.owner, mine, sizeof mine);
    assert_int_equal(ak_signin_db_step(one, second.signin.id, begin, mine, &out, &code), AK_OK);
    assert_int_equal(ak_signin_db_step(one, second.signin.id, fail_it, mine, &out, &code), AK_OK);
    assert_int_equal(ak_signin_db_step(two, second.signin.id, same, NULL, &out, &code), AK_OK);
    assert_int_equal(out.signin.state, AK_SIGNIN_FAILED);
    assert_int_equal(out.signin.failure, AK_SIGNIN_ID_TOKEN_INVALID);
}

/* A file of a version before: what waits there goes on. */
static void an_older_file_is_taken_over(void **state)
{
    (void)state;
    static const char *const older[] = {
        "DROP INDEX signin_from; ALTER TABLE signin DROP COLUMN net; ALTER TABLE signin DROP COLUMN source;"
        "ALTER TABLE notices DROP COLUMN page; ALTER TABLE notices DROP COLUMN root;"
        "UPDATE notices SET next = 40; PRAGMA user_version = 2",
        "ALTER TABLE signin DROP COLUMN owner; ALTER TABLE signin DROP COLUMN failure;"
        "PRAGMA user_version = 1"};
    const struct ak_signin_row row = a_row(1);
    const struct ak_signin_cursor read_to = a_cursor(40, 40, 0);
    assert_int_equal(ak_signin_db_add(one, &row, AK_SPAN_EMPTY, NOW), AK_OK);
    for (size_t steps = 1; steps <= AK_COUNT(older); steps++) {
        struct ak_signin_db *db = NULL;
        struct ak_signin_row out;
        enum ak_code code = AK_CODE_INTERNAL;
        for (size_t i = 0; i < steps; i++) sql(older[i]);
        assert_int_equal(ak_signin_db_open(path, &db), AK_OK);
        assert_int_equal(ak_signin_db_step(db, row.signin.id, same, NULL, &out, &code), AK_OK);
        assert_int_equal(out.signin.token_hash[1], 8);
        assert_int_equal(out.signin.failure, AK_SIGNIN_NOT_FAILED);
        expect_cursor(db, &read_to);
        ak_signin_db_close(db);
    }
    struct ak_signin_db *db = NULL;
    sql("PRAGMA user_version = 4");
    assert_int_equal(ak_signin_db_open(path, &db), AK_E_FORMAT);
}

static void foreign_files_are_refused(void **state)
{
    (void)state;
    struct ak_signin_db *db = NULL;
    char other[96];
    (void)snprintf(other, sizeof other, "%s/other", dir);
    int fd = open(other, O_WRONLY | O_CREAT, 0600);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, "this is no database, but a text that is long", 44), 44);
    close(fd);
    assert_int_equal(ak_signin_db_open(other, &db), AK_E_FORMAT);
    assert_null(db);
    assert_int_equal(ak_signin_db_open("/nowhere/at/all", &db), AK_E_IO);
    (void)unlink(other);
}

int main(int argc, char **argv)
{
    if (argc == 3 && strcmp(argv[1], "visit") == 0) return visitor(argv[2]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeps_what_it_was_given, open_both, close_both),
        cmocka_unit_test_setup_teardown(one_delivery_over_two_handles, open_both, close_both),
        cmocka_unit_test_setup_teardown(proofs_work_once, open_both, close_both),
        cmocka_unit_test_setup_teardown(limits_hold_over_two_handles, open_both, close_both),
        cmocka_unit_test_setup_teardown(a_second_process_takes_nothing_away, open_both, close_both),
        cmocka_unit_test_setup_teardown(a_link_is_no_state, open_both, close_both),
        cmocka_unit_test_setup_teardown(mails_are_leased, open_both, close_both),
        cmocka_unit_test_setup_teardown(knows_and_forgets_addresses, open_both, close_both),
        cmocka_unit_test_setup_teardown(a_notice_is_told_once, open_both, close_both),
        cmocka_unit_test_setup_teardown(counts_what_is_there, open_both, close_both),
        cmocka_unit_test_setup_teardown(one_owner_over_two_handles, open_both, close_both),
        cmocka_unit_test_setup_teardown(an_older_file_is_taken_over, open_both, close_both),
        cmocka_unit_test_setup_teardown(foreign_files_are_refused, open_both, close_both)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
