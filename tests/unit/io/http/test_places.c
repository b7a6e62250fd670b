/* Who has a place with the server: how many, for how long, and who waits for one. */
#include "unit/io/http/harness.h"

static struct harness h;

static int open_server(void **state)
{
    (void)state;
    harness_open(&h, NULL);
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    ak_http_close(h.server);
    return 0;
}

/* A byte now and then keeps no place: the request as a whole has a time. */
static void ends_slow_clients(void **state)
{
    (void)state;
    uint64_t before = ak_http_figures(h.server).timed_out;
    int fd = harness_begin(&h);
    harness_send(&h, fd, "GET /x HT", 9);
    harness_settle(&h, fd, 1);
    h.now_ms += 59999;
    ak_http_tick(h.server, h.now_ms);
    harness_send(&h, fd, "TP", 2);
    harness_settle(&h, fd, 1);
    assert_false(h.ended);
    h.now_ms += 1;
    ak_http_tick(h.server, h.now_ms);
    ak_http_tick(h.server, h.now_ms); /* before the library saw the end: counted once */
    harness_settle(&h, fd, 1);
    assert_true(h.ended);
    assert_int_equal(ak_http_figures(h.server).timed_out, before + 1);
    close(fd);
}

/* Places are bounded; those that are free again are used again. */
static void bounds_connections(void **state)
{
    (void)state;
    int fds[24];
    for (size_t i = 0; i < AK_COUNT(fds); i++) fds[i] = harness_connect(&h);
    for (unsigned i = 0; i < 20; i++) harness_turn(&h);
    assert_true(ak_http_figures(h.server).connections <= 16);
    for (size_t i = 0; i < AK_COUNT(fds); i++) close(fds[i]);
    for (unsigned i = 0; i < 20; i++) harness_turn(&h);
    assert_int_equal(ak_http_figures(h.server).connections, 0);
    assert_int_equal(h.opened, h.closed);
    assert_int_equal(harness_talk(&h, HARNESS_GET, sizeof HARNESS_GET - 1), 200);
}

/* At the limit a client waits for a place and is not turned away. */
static void who_finds_no_place_waits(void **state)
{
    (void)state;
    int fds[16];
    for (size_t i = 0; i < AK_COUNT(fds); i++) {
        fds[i] = harness_connect(&h);
        for (unsigned turn = 0; turn < 3; turn++) harness_turn(&h);
    }
    int late = harness_begin(&h);
    harness_send(&h, late, HARNESS_GET, sizeof HARNESS_GET - 1);
    harness_settle(&h, late, 1);
    assert_false(h.ended);
    assert_int_equal(h.answer_len, 0);
    close(fds[0]);
    harness_settle(&h, late, 1);
    assert_int_equal(harness_status(&h), 200);
    for (size_t i = 1; i < AK_COUNT(fds); i++) close(fds[i]);
    close(late);
    for (unsigned i = 0; i < 20; i++) harness_turn(&h);
    assert_int_equal(ak_http_figures(h.server).connections, 0);
}

/* Each listener takes as many as all have places together: who finds none gets no answer and disturbs nobody.
 */
static void listeners_share_the_places(void **state)
{
    (void)state;
    static struct harness two;
    uint16_t second = 0;
    int fds[16];
    harness_open_two(&two, NULL, &second);
    for (size_t i = 0; i < AK_COUNT(fds); i++) {
        fds[i] = harness_connect(&two);
        for (unsigned turn = 0; turn < 5; turn++) harness_turn(&two);
    }
    assert_int_equal(ak_http_figures(two.server).connections, AK_COUNT(fds));
    uint16_t first = two.port;
    two.port = second;
    int late = harness_connect(&two);
    harness_send(&two, late, HARNESS_GET, sizeof HARNESS_GET - 1);
    for (unsigned turn = 0; turn < HARNESS_QUIET_TURNS && !two.ended; turn++) {
        ak_http_ready(two.server, 1);
        harness_turn(&two);
        harness_read(&two, late);
    }
    assert_true(two.ended);
    assert_int_equal(two.answer_len, 0);
    assert_int_equal(two.asked, 0);
    assert_int_equal(ak_http_figures(two.server).connections, AK_COUNT(fds));
    two.port = first;
    two.ended = false;
    harness_send(&two, fds[0], HARNESS_GET, sizeof HARNESS_GET - 1);
    harness_settle(&two, fds[0], 1);
    assert_int_equal(harness_status(&two), 200);
    for (size_t i = 0; i < AK_COUNT(fds); i++) close(fds[i]);
    close(late);
    ak_http_close(two.server);
    assert_int_equal(two.opened, two.closed);
    assert_int_equal(ak_http_fd(h.server, 1), -1);
}

/* The time of a request ends with it: whoever waits for us is not slow. */
static void who_waits_for_an_answer_is_not_slow(void **state)
{
    (void)state;
    h.defer = true;
    int fd = harness_begin(&h);
    harness_settle(&h, fd, 1);
    h.now_ms += 59000;
    harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
    harness_settle(&h, fd, 1);
    assert_int_equal(ak_http_waiting(h.server), 1);
    h.now_ms += 5000;
    ak_http_tick(h.server, h.now_ms);
    harness_settle(&h, fd, 1);
    assert_false(h.ended);
    harness_answer(&h, h.kept);
    ak_http_tick(h.server, h.now_ms); /* before it was sent */
    harness_settle(&h, fd, 1);
    assert_int_equal(harness_status(&h), 200);
    h.defer = false;
    h.now_ms += 59000; /* and the next one's begins with the answer */
    ak_http_tick(h.server, h.now_ms);
    harness_settle(&h, fd, 1);
    assert_false(h.ended);
    close(fd);
}

static void numbers_connections_anew(void **state)
{
    (void)state;
    h.defer = true;
    uint64_t last = 0;
    for (unsigned i = 0; i < 20; i++) {
        int fd = harness_begin(&h);
        harness_send(&h, fd, HARNESS_GET, sizeof HARNESS_GET - 1);
        harness_settle(&h, fd, 1);
        assert_true(h.kept->conn->id > last);
        assert_true(h.kept->conn->loopback);
        assert_int_equal(h.kept->conn->address_len, 4);
        last = h.kept->conn->id;
        harness_answer(&h, h.kept);
        harness_settle(&h, fd, 1);
        close(fd);
        while (harness_turn(&h)) {
        }
    }
    h.defer = false;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ends_slow_clients),
        cmocka_unit_test(bounds_connections),
        cmocka_unit_test(who_finds_no_place_waits),
        cmocka_unit_test(listeners_share_the_places),
        cmocka_unit_test(who_waits_for_an_answer_is_not_slow),
        cmocka_unit_test(numbers_connections_anew),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
