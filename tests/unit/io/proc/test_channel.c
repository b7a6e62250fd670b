/* Frames cut at every place, both caps at n-1, n, n+1, a slow peer, a dead peer, many frames a write. */
#include "unit/check.h"

#include <sys/socket.h>
#include <unistd.h>

#include "io/proc/channel.h"

struct pair {
    struct ak_channel a, b;
};
static struct pair pair;
static uint8_t large[AK_CHANNEL_FRAME_MAX + 1];

static int setup(void **state)
{
    (void)state;
    int fds[2];
    if (ak_channel_pair(fds) || ak_channel_init(&pair.a, fds[0], 0) || ak_channel_init(&pair.b, fds[1], 0))
        return -1;
    for (size_t i = 0; i < sizeof large; i++) large[i] = (uint8_t)(i * 7 + i / 251);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_channel_done(&pair.a);
    ak_channel_done(&pair.b);
    ak_channel_done(&pair.b);
    return 0;
}

static void assert_frame(struct ak_channel *channel, struct ak_span want)
{
    struct ak_span got;
    assert_int_equal(ak_channel_wait(channel, 5000, &got), AK_OK);
    assert_true(ak_span_eq(got, want));
}

static void many_frames_in_one_write(void **state)
{
    (void)state;
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(ak_channel_send(&pair.a, ak_span(large + i, i + 1)), AK_OK);
    assert_true(ak_channel_wants_write(&pair.a));
    assert_int_equal(ak_channel_flush(&pair.a), AK_OK);
    assert_false(ak_channel_wants_write(&pair.a));
    for (size_t i = 0; i < 100; i++) assert_frame(&pair.b, ak_span(large + i, i + 1));
    struct ak_span none;
    assert_int_equal(ak_channel_next(&pair.b, &none), AK_E_NOT_FOUND);
    assert_int_equal(ak_channel_fill(&pair.b), AK_OK);
}

static void two_parts_make_one_frame(void **state)
{
    (void)state;
    assert_int_equal(ak_channel_send2(&pair.a, AK_SPAN_LIT("he"), AK_SPAN_LIT("ad")), AK_OK);
    assert_int_equal(ak_channel_send2(&pair.a, AK_SPAN_EMPTY, AK_SPAN_LIT("x")), AK_OK);
    assert_int_equal(ak_channel_drain(&pair.a, 1000), AK_OK);
    assert_frame(&pair.b, AK_SPAN_LIT("head"));
    assert_frame(&pair.b, AK_SPAN_LIT("x"));
}

static void frame_cap(void **state)
{
    (void)state;
    const size_t lens[] = {1, AK_CHANNEL_FRAME_MAX - 1, AK_CHANNEL_FRAME_MAX};
    for (size_t i = 0; i < AK_COUNT(lens); i++) {
        assert_int_equal(ak_channel_send(&pair.a, ak_span(large, lens[i])), AK_OK);
        for (struct ak_span got; ak_channel_next(&pair.b, &got) == AK_E_NOT_FOUND;) {
            assert_int_equal(ak_channel_flush(&pair.a), AK_OK);
            assert_int_equal(ak_channel_fill(&pair.b), AK_OK);
            if (pair.b.in_end - pair.b.in_start < lens[i] + 4) continue;
            assert_int_equal(ak_channel_next(&pair.b, &got), AK_OK);
            assert_true(ak_span_eq(got, ak_span(large, lens[i])));
            break;
        }
    }
    assert_int_equal(ak_channel_send(&pair.a, ak_span(large, AK_CHANNEL_FRAME_MAX + 1)), AK_E_LIMIT);
    assert_int_equal(ak_channel_send(&pair.a, AK_SPAN_EMPTY), AK_E_LIMIT);
    assert_int_equal(
        ak_channel_send2(&pair.a, ak_span(large, AK_CHANNEL_FRAME_MAX), AK_SPAN_LIT("x")), AK_E_LIMIT);
    assert_false(ak_channel_wants_write(&pair.a));
}

static void cut_at_every_byte(void **state)
{
    (void)state;
    const uint8_t wire[] = {0, 0, 0, 3, 'a', 'b', 'c', 0, 0, 0, 1, 'd'};
    for (size_t cut = 1; cut < sizeof wire; cut++) {
        assert_int_equal(write(pair.a.fd, wire, cut), cut);
        assert_int_equal(ak_channel_fill(&pair.b), AK_OK);
        struct ak_span got = AK_SPAN_EMPTY;
        enum ak_err first = ak_channel_next(&pair.b, &got);
        assert_int_equal(first, cut >= 7 ? AK_OK : AK_E_NOT_FOUND);
        if (cut >= 7) assert_true(ak_span_eq(got, AK_SPAN_LIT("abc")));
        assert_int_equal(write(pair.a.fd, wire + cut, sizeof wire - cut), sizeof wire - cut);
        if (cut < 7) assert_frame(&pair.b, AK_SPAN_LIT("abc"));
        assert_frame(&pair.b, AK_SPAN_LIT("d"));
    }
}

/* A bad length ends the channel before anything of the frame is kept. */
static void bad_lengths_break_it(void **state)
{
    (void)state;
    const uint8_t bad[][4] = {{0, 0, 0, 0}, {0, 2, 0, 1}, {0xff, 0xff, 0xff, 0xff}, {0x80, 0, 0, 1}};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (i) setup(NULL);
        struct ak_span got;
        assert_int_equal(write(pair.a.fd, bad[i], 4), 4);
        assert_int_equal(ak_channel_fill(&pair.b), AK_OK);
        assert_int_equal(ak_channel_next(&pair.b, &got), AK_E_FORMAT);
        assert_int_equal(ak_channel_next(&pair.b, &got), AK_E_FORMAT);
        assert_int_equal(ak_channel_fill(&pair.b), AK_E_IO);
        assert_int_equal(ak_channel_send(&pair.b, AK_SPAN_LIT("x")), AK_E_STATE);
        teardown(NULL);
    }
    setup(NULL);
}

/* No room is no end: the frames that are there come out, and the ones behind them after that. */
static void full_queue_is_not_the_end(void **state)
{
    (void)state;
    struct ak_span longest = ak_span(large, AK_CHANNEL_FRAME_MAX), got;
    for (int sent = 0; sent < 3; sent++) {
        assert_int_equal(ak_channel_send(&pair.a, longest), AK_OK);
        for (int turn = 0; ak_channel_wants_write(&pair.a) && turn < 1000; turn++) {
            assert_int_equal(ak_channel_flush(&pair.a), AK_OK);
            assert_int_equal(ak_channel_fill(&pair.b), AK_OK);
        }
        if (ak_channel_wants_write(&pair.a)) break; /* the third waits for the other two */
    }
    assert_int_equal(pair.b.in_end - pair.b.in_start, pair.b.in_cap);
    assert_int_equal(ak_channel_fill(&pair.b), AK_OK);
    assert_false(pair.b.eof);
    for (int taken = 0; taken < 2; taken++) {
        assert_int_equal(ak_channel_next(&pair.b, &got), AK_OK);
        assert_true(ak_span_eq(got, longest));
    }
}

static void slow_peer_fills_the_queue(void **state)
{
    (void)state;
    int fds[2];
    struct ak_channel small;
    assert_int_equal(ak_channel_pair(fds), AK_OK);
    assert_int_equal(ak_channel_init(&small, fds[0], 20), AK_OK);
    assert_int_equal(ak_channel_room(&small), 16);
    assert_int_equal(ak_channel_send(&small, ak_span(large, 17)), AK_E_FULL);
    assert_int_equal(ak_channel_send(&small, ak_span(large, 10)), AK_OK);
    assert_int_equal(ak_channel_room(&small), 2);
    assert_int_equal(ak_channel_send(&small, ak_span(large, 3)), AK_E_FULL);
    assert_int_equal(ak_channel_send(&small, ak_span(large, 2)), AK_OK);
    assert_int_equal(ak_channel_room(&small), 0);
    assert_int_equal(ak_channel_flush(&small), AK_OK);
    assert_int_equal(ak_channel_room(&small), 16);
    ak_channel_done(&small);
    close(fds[1]);
    assert_int_equal(ak_channel_init(&small, 0, 4), AK_E_ARG);
    assert_int_equal(ak_channel_init(&small, -1, 0), AK_E_ARG);
    assert_int_equal(ak_channel_init(&small, 999, 0), AK_E_IO);
}

static void full_socket_does_not_block(void **state)
{
    (void)state;
    while (ak_channel_send(&pair.a, ak_span(large, 1000)) == AK_OK) {
    }
    size_t queued = pair.a.out_end;
    assert_int_equal(ak_channel_flush(&pair.a), AK_OK);
    assert_int_equal(ak_channel_flush(&pair.a), AK_OK);
    assert_true(ak_channel_wants_write(&pair.a));
    assert_int_equal(ak_channel_drain(&pair.a, 1), AK_E_EXPIRED);
    size_t frames = 0;
    struct ak_span got;
    while (frames < queued / 1004) {
        assert_int_equal(ak_channel_flush(&pair.a), AK_OK);
        assert_int_equal(ak_channel_wait(&pair.b, 5000, &got), AK_OK);
        assert_true(ak_span_eq(got, ak_span(large, 1000)));
        frames++;
    }
    assert_false(ak_channel_wants_write(&pair.a));
}

static void end_comes_after_the_last_frame(void **state)
{
    (void)state;
    assert_int_equal(ak_channel_send(&pair.a, AK_SPAN_LIT("last")), AK_OK);
    assert_int_equal(ak_channel_flush(&pair.a), AK_OK);
    ak_channel_done(&pair.a);
    assert_frame(&pair.b, AK_SPAN_LIT("last"));
    struct ak_span got;
    assert_int_equal(ak_channel_wait(&pair.b, 1000, &got), AK_E_STATE);
    assert_int_equal(ak_channel_fill(&pair.b), AK_E_STATE);
    assert_int_equal(ak_channel_send(&pair.b, AK_SPAN_LIT("x")), AK_OK);
    assert_int_equal(ak_channel_flush(&pair.b), AK_E_IO); /* and no SIGPIPE */
    assert_int_equal(ak_channel_drain(&pair.b, 10), AK_E_IO);
}

static void half_a_frame_at_the_end(void **state)
{
    (void)state;
    const uint8_t half[] = {0, 0, 0, 9, 'x'};
    assert_int_equal(write(pair.a.fd, half, sizeof half), sizeof half);
    ak_channel_done(&pair.a);
    struct ak_span got;
    assert_int_equal(ak_channel_wait(&pair.b, 1000, &got), AK_E_STATE);
}

static void waiting_ends(void **state)
{
    (void)state;
    struct ak_span got;
    assert_int_equal(ak_channel_wait(&pair.b, 1, &got), AK_E_EXPIRED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(many_frames_in_one_write, setup, teardown),
        cmocka_unit_test_setup_teardown(two_parts_make_one_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(frame_cap, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_at_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(bad_lengths_break_it, setup, teardown),
        cmocka_unit_test_setup_teardown(full_queue_is_not_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(slow_peer_fills_the_queue, setup, teardown),
        cmocka_unit_test_setup_teardown(full_socket_does_not_block, setup, teardown),
        cmocka_unit_test_setup_teardown(end_comes_after_the_last_frame, setup, teardown),
        cmocka_unit_test_setup_teardown(half_a_frame_at_the_end, setup, teardown),
        cmocka_unit_test_setup_teardown(waiting_ends, setup, teardown),
    };
    return cmocka_run_group_tests_name("channel", tests, NULL, NULL);
}
