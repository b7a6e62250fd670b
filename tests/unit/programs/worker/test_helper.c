/* The helper thread: one piece at a time, told once when it is done, and none is lost at the end. */
#include "unit/check.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "programs/worker/helper.h"

static struct ak_helper helper;
static int event_fd, gate[2]; /* each piece waits for a byte of the gate */
static int pieces;            /* belongs to whoever has the work */

static void work(void *ctx)
{
    char byte;
    if (read(gate[0], &byte, 1) == 1) (*(int *)ctx)++;
}

static int setup(void **state)
{
    (void)state;
    pieces = 0;
    event_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (event_fd < 0 || pipe(gate) != 0) return -1;
    return ak_helper_start(&helper, work, &pieces, event_fd) == AK_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ak_helper_stop(&helper);
    close(event_fd);
    close(gate[0]);
    close(gate[1]);
    return 0;
}

static void open_gate(void)
{
    assert_int_equal(write(gate[1], "x", 1), 1);
}

static bool is_told(int timeout_ms)
{
    struct pollfd fd = {.fd = event_fd, .events = POLLIN};
    return poll(&fd, 1, timeout_ms) == 1;
}

static void one_piece(void **state)
{
    (void)state;
    assert_true(ak_helper_idle(&helper));
    assert_false(ak_helper_done(&helper));
    ak_helper_give(&helper);
    assert_false(ak_helper_idle(&helper));
    assert_false(ak_helper_done(&helper));
    assert_false(is_told(0));
    open_gate();
    assert_true(is_told(-1));
    assert_false(ak_helper_idle(&helper)); /* until it is taken */
    assert_true(ak_helper_done(&helper));
    assert_int_equal(pieces, 1);
    assert_false(ak_helper_done(&helper));
    assert_true(ak_helper_idle(&helper));
}

static void many_pieces(void **state)
{
    (void)state;
    for (int i = 1; i <= 100; i++) {
        ak_helper_give(&helper);
        open_gate();
        assert_true(is_told(-1));
        ak_event_clear(event_fd);
        assert_false(is_told(0));
        assert_true(ak_helper_done(&helper));
        assert_int_equal(pieces, i);
    }
}

static void a_hushed_piece_is_found_done(void **state)
{
    (void)state;
    assert_false(ak_helper_hush(&helper, true));
    ak_helper_give(&helper);
    assert_false(ak_helper_hush(&helper, true));
    open_gate();
    while (!ak_helper_hush(&helper, true)) (void)poll(NULL, 0, 1);
    assert_false(is_told(0));
    assert_true(ak_helper_hush(&helper, false)); /* still there for whoever asks before sleeping */
    assert_true(ak_helper_done(&helper));
    assert_false(ak_helper_hush(&helper, false));
    ak_helper_give(&helper);
    open_gate();
    assert_true(is_told(-1));
}

static void looking_finds_the_end_or_gives_up(void **state)
{
    (void)state;
    assert_false(ak_helper_look(&helper, 1000)); /* nothing in hand */
    ak_helper_give(&helper);
    assert_false(ak_helper_look(&helper, 100000));
    open_gate();
    assert_true(ak_helper_look(&helper, UINT64_C(10000000000)));
    assert_true(ak_helper_look(&helper, 0)); /* not taken yet */
    assert_true(ak_helper_done(&helper));
}

static void stop_waits_for_the_piece_in_hand(void **state)
{
    (void)state;
    ak_helper_give(&helper);
    open_gate();
    ak_helper_stop(&helper);
    assert_int_equal(pieces, 1);
    ak_helper_stop(&helper);
}

/* What warns may say so at any time, in vain, or end; work comes and is done all the same. */
static void warnings_change_nothing(void **state)
{
    int warning[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, warning), 0);
    ak_helper_warned_by(&helper, warning[0]);
    for (int i = 1; i <= 20; i++) {
        if (i == 15) close(warning[1]);
        for (int bytes = 0; i < 15 && bytes < 10 * i; bytes++)
            assert_int_equal(send(warning[1], "x", 1, MSG_NOSIGNAL), 1);
        if (i % 3 == 0) (void)poll(NULL, 0, 1); /* longer than it looks: in vain */
        ak_helper_give(&helper);
        open_gate();
        assert_true(is_told(-1));
        ak_event_clear(event_fd);
        assert_true(ak_helper_done(&helper));
        assert_int_equal(pieces, i);
    }
    ak_helper_stop(&helper);
    close(warning[0]);
}

static uint64_t cpu_ns(void)
{
    struct timespec used;
    assert_int_equal(clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used), 0);
    return (uint64_t)used.tv_sec * 1000000000 + (uint64_t)used.tv_nsec;
}

/* A gateway that is gone must not keep the thread awake. */
static void an_end_is_heard_once(void **state)
{
    int warning[2];
    (void)state;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, warning), 0);
    ak_helper_warned_by(&helper, warning[0]);
    close(warning[1]);
    uint64_t before = cpu_ns();
    (void)poll(NULL, 0, 200);
    assert_true(
        cpu_ns() - before < 20000000); /* a tenth: on a busy machine one that is awake gets little, too */
    ak_helper_stop(&helper);
    close(warning[0]);
}

static void stop_without_a_start(void **state)
{
    (void)state;
    struct ak_helper none = {0};
    ak_helper_stop(&none);
    assert_false(none.started);
}

static void an_event_counts_and_is_cleared(void **state)
{
    (void)state;
    ak_event_clear(event_fd); /* with nothing there it does not block */
    ak_event_signal(event_fd);
    ak_event_signal(event_fd);
    assert_true(is_told(0));
    ak_event_clear(event_fd);
    assert_false(is_told(0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(one_piece, setup, teardown),
        cmocka_unit_test_setup_teardown(many_pieces, setup, teardown),
        cmocka_unit_test_setup_teardown(a_hushed_piece_is_found_done, setup, teardown),
        cmocka_unit_test_setup_teardown(looking_finds_the_end_or_gives_up, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_waits_for_the_piece_in_hand, setup, teardown),
        cmocka_unit_test_setup_teardown(warnings_change_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(an_end_is_heard_once, setup, teardown),
        cmocka_unit_test_setup_teardown(stop_without_a_start, setup, teardown),
        cmocka_unit_test_setup_teardown(an_event_counts_and_is_cleared, setup, teardown),
    };
    return cmocka_run_group_tests_name("worker helper", tests, NULL, NULL);
}
