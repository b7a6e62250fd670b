/* A mail server that is down for an hour, by a clock of the test: what is tried until when, what is dropped,
 * what a device is told of a link that came to nothing, and what goes out when the server is back. */
#include "unit/check.h"

#include <unistd.h>

#include "core/broker/retry.h"
#include "io/signin/db.h"

enum { NOW = 1000000, MINUTE = 60, HOUR = 3600, DAY = 86400, LEASE_S = 65, TRIES_MAX = 200, IDLE_S = 2 };

struct outage {
    struct ak_signin_db *db;
    uint64_t now_s, back_s; /* when the server answers again */
    unsigned failures;
    size_t link_tries, notice_tries, sent;
    uint64_t link_s[TRIES_MAX], notice_s[TRIES_MAX]; /* when each was tried */
    uint64_t sent_s;
    bool sent_link;
};

static char dir[64], path[96];

static int open_db(void **state)
{
    static struct outage outage;
    outage = (struct outage){.now_s = NOW, .back_s = NOW + HOUR};
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-outage-XXXXXX");
    if (!mkdtemp(dir)) return -1;
    (void)snprintf(path, sizeof path, "%s/broker.db", dir);
    *state = &outage;
    return ak_signin_db_open(path, &outage.db);
}

static int close_db(void **state)
{
    static const char *const endings[] = {"", "-wal", "-shm"};
    struct outage *outage = *state;
    ak_signin_db_close(outage->db);
    for (size_t i = 0; i < AK_COUNT(endings); i++) {
        char name[128];
        (void)snprintf(name, sizeof name, "%s%s", path, endings[i]);
        (void)unlink(name);
    }
    return rmdir(dir);
}

static void ask_for_link(struct outage *outage, uint8_t number)
{
    struct ak_signin_row row = {.signin = {.kind = AK_SIGNIN_MAIL,
                                    .state = AK_SIGNIN_PENDING,
                                    .id = {number},
                                    .jkt = {9},
                                    .expires_s = outage->now_s + AK_SIGNIN_MAIL_S}};
    assert_int_equal(ak_signin_db_add(outage->db, &row, AK_SPAN_LIT("link"), outage->now_s), AK_OK);
}

static void tell_notice(struct outage *outage)
{
    struct ak_signin_mail notice = {.until_s = outage->now_s + DAY, .sealed_len = 6};
    memcpy(notice.sealed, "notice", 6);
    const struct ak_signin_cursor start = {0}, told = {.next = 1};
    assert_int_equal(ak_signin_db_notice(outage->db, &start, &told, &notice, 1, outage->now_s), AK_OK);
}

static void note(struct outage *outage, const struct ak_signin_mail *mail, bool good)
{
    bool link = mail->sealed_len == 4;
    size_t *tries = link ? &outage->link_tries : &outage->notice_tries;
    assert_true(*tries < TRIES_MAX);
    (link ? outage->link_s : outage->notice_s)[(*tries)++] = outage->now_s;
    if (!good) return;
    outage->sent++;
    outage->sent_s = outage->now_s;
    outage->sent_link = outage->sent_link || link;
}

/* One turn of the thread that sends; the clock goes on by what it would wait. */
static void turn(struct outage *outage)
{
    struct ak_signin_mail mail;
    bool had = ak_signin_db_mail_take(outage->db, outage->now_s, LEASE_S, &mail) == AK_OK;
    if (had) {
        enum ak_err err = outage->now_s < outage->back_s ? AK_E_IO : AK_OK;
        struct ak_retry after = ak_retry_after(err, 0, mail.tries, outage->now_s, &outage->failures);
        assert_true(mail.until_s > outage->now_s); /* nobody is sent what is of no use any more */
        note(outage, &mail, err == AK_OK);
        if (after.end == AK_RETRY_LATER)
            assert_int_equal(
                ak_signin_db_mail_later(outage->db, mail.number, after.tries, after.next_s), AK_OK);
        else
            assert_int_equal(ak_signin_db_mail_done(outage->db, mail.number), AK_OK);
    }
    uint64_t pause_s = outage->failures ? ak_retry_pause_s(outage->failures) : IDLE_S;
    outage->now_s += pause_s;
    assert_int_equal(ak_signin_db_sweep(outage->db, outage->now_s), AK_OK);
}

static size_t mails(const struct outage *outage)
{
    struct ak_signin_figures figures;
    assert_int_equal(ak_signin_db_figures(outage->db, outage->now_s, &figures), AK_OK);
    return (size_t)figures.mails;
}

static void a_link_is_tried_until_it_has_expired(void **state)
{
    struct outage *outage = *state;
    static const uint64_t first[] = {0, 1, 3, 7, 15, 31, 63, 123, 183};
    ask_for_link(outage, 1);
    while (outage->now_s < NOW + HOUR) turn(outage);
    for (size_t i = 0; i < AK_COUNT(first); i++) assert_int_equal(outage->link_s[i], NOW + first[i]);
    assert_int_equal(outage->link_tries, 15);
    assert_int_equal(outage->link_s[14], NOW + 543); /* the next would be after the link's end */
    assert_int_equal(mails(outage), 0);
    while (outage->now_s < NOW + 2 * HOUR) turn(outage);
    assert_int_equal(outage->sent, 0);
}

static enum ak_code poll(void *ctx, struct ak_signin_row *row)
{
    const uint8_t jkt[32] = {9};
    return ak_signin_take(&row->signin, jkt, ((struct outage *)ctx)->now_s);
}

static void its_device_is_told_that_it_is_over(void **state)
{
    struct outage *outage = *state;
    const uint8_t id[16] = {1};
    struct ak_signin_row row;
    enum ak_code code = AK_CODE_OK;
    ask_for_link(outage, 1);
    outage->now_s = NOW + AK_SIGNIN_MAIL_S - 1;
    assert_int_equal(ak_signin_db_step(outage->db, id, poll, outage, &row, &code), AK_OK);
    assert_int_equal(code, AK_CODE_PENDING);
    outage->now_s++;
    assert_int_equal(ak_signin_db_step(outage->db, id, poll, outage, &row, &code), AK_OK);
    assert_int_equal(code, AK_CODE_EXPIRED_REQUEST);
}

static void a_notice_outlasts_the_hour_and_goes_once(void **state)
{
    struct outage *outage = *state;
    tell_notice(outage);
    while (outage->now_s < NOW + 2 * HOUR) turn(outage);
    assert_int_equal(outage->sent, 1);
    assert_true(outage->sent_s >= NOW + HOUR && outage->sent_s < NOW + HOUR + MINUTE);
    assert_int_equal(mails(outage), 0);
    for (size_t i = 1; i < outage->notice_tries; i++)
        assert_true(outage->notice_s[i] - outage->notice_s[i - 1] <= MINUTE);
}

static void a_notice_is_dropped_after_a_day(void **state)
{
    struct outage *outage = *state;
    outage->back_s = UINT64_MAX;
    tell_notice(outage);
    outage->now_s = NOW + DAY - 1;
    turn(outage);
    assert_int_equal(outage->notice_tries, 1);
    outage->now_s = NOW + DAY;
    turn(outage);
    assert_int_equal(outage->notice_tries, 1);
    assert_int_equal(mails(outage), 0);
}

/* Whoever asked for a link while the server was down has it within a minute of its return. */
static void who_asked_last_is_served_when_it_is_back(void **state)
{
    struct outage *outage = *state;
    ask_for_link(outage, 1);
    while (outage->now_s < NOW + HOUR - 5 * MINUTE) turn(outage);
    ask_for_link(outage, 2);
    tell_notice(outage);
    while (outage->now_s < NOW + HOUR + 2 * MINUTE) turn(outage);
    assert_int_equal(outage->sent, 2);
    assert_true(outage->sent_link);
    assert_true(outage->sent_s < NOW + HOUR + 2 * MINUTE);
    assert_int_equal(mails(outage), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_link_is_tried_until_it_has_expired, open_db, close_db),
        cmocka_unit_test_setup_teardown(its_device_is_told_that_it_is_over, open_db, close_db),
        cmocka_unit_test_setup_teardown(a_notice_outlasts_the_hour_and_goes_once, open_db, close_db),
        cmocka_unit_test_setup_teardown(a_notice_is_dropped_after_a_day, open_db, close_db),
        cmocka_unit_test_setup_teardown(who_asked_last_is_served_when_it_is_back, open_db, close_db),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
