/* Whole messages over a socket pair: sizes, cuts, ends and silence. */
#include "unit/check.h"

#include <pthread.h>
#include <sys/socket.h>
#include <unistd.h>

#include "io/proc/message.h"

enum { SOON_MS = 20, LONG_MS = 10000 };

static int fds[2];

static int setup(void **state)
{
    (void)state;
    return socketpair(AF_UNIX, SOCK_STREAM, 0, fds);
}

static int teardown(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++)
        if (fds[i] >= 0) (void)close(fds[i]);
    return 0;
}

static void end_peer(void)
{
    (void)close(fds[0]);
    fds[0] = -1;
}

static void whole_messages_in_order(void **state)
{
    (void)state;
    uint8_t got[8];
    size_t len = 0;
    assert_int_equal(ak_message_write(fds[0], AK_SPAN_LIT("1"), SOON_MS), AK_OK);
    assert_int_equal(ak_message_write(fds[0], AK_SPAN_LIT("12345678"), SOON_MS), AK_OK);
    assert_int_equal(ak_message_read(fds[1], got, sizeof got, SOON_MS, &len), AK_OK);
    assert_true(ak_span_eq(ak_span(got, len), AK_SPAN_LIT("1")));
    assert_int_equal(ak_message_read(fds[1], got, sizeof got, SOON_MS, &len), AK_OK);
    assert_true(ak_span_eq(ak_span(got, len), AK_SPAN_LIT("12345678")));
    end_peer();
    assert_int_equal(ak_message_read(fds[1], got, sizeof got, SOON_MS, &len), AK_E_STATE);
    assert_int_equal(ak_message_write(fds[1], AK_SPAN_LIT("x"), SOON_MS), AK_E_IO);
}

static enum ak_err read_of(const char *bytes, size_t count, bool ended)
{
    uint8_t got[4];
    size_t len = 9;
    assert_int_equal(send(fds[0], bytes, count, 0), (ssize_t)count);
    if (ended) end_peer();
    enum ak_err err = ak_message_read(fds[1], got, sizeof got, SOON_MS, &len);
    assert_int_equal(len, 0);
    return err;
}

static void refuses_no_length(void **state)
{
    (void)state;
    assert_int_equal(read_of("\0\0\0\0", 4, false), AK_E_FORMAT);
}

static void refuses_one_too_long(void **state)
{
    (void)state;
    assert_int_equal(read_of("\0\0\0\5abcde", 9, false), AK_E_LIMIT);
}

static void refuses_the_longest(void **state)
{
    (void)state;
    assert_int_equal(read_of("\377\377\377\377", 4, false), AK_E_LIMIT);
}

static void notices_a_cut_head(void **state)
{
    (void)state;
    assert_int_equal(read_of("\0\0\0", 3, true), AK_E_FORMAT);
}

static void notices_a_cut_message(void **state)
{
    (void)state;
    assert_int_equal(read_of("\0\0\0\4abc", 7, true), AK_E_FORMAT);
}

static void waits_no_longer_than_told(void **state)
{
    (void)state;
    static uint8_t large[4 * 1024 * 1024];
    assert_int_equal(read_of("\0\0\0\4ab", 6, false), AK_E_EXPIRED);
    assert_int_equal(ak_message_write(fds[0], AK_SPAN_ARR(large), SOON_MS), AK_E_EXPIRED);
    assert_int_equal(ak_message_write(fds[0], AK_SPAN_EMPTY, SOON_MS), AK_E_ARG);
}

static void *writer(void *arg)
{
    struct ak_span *bytes = arg;
    return ak_message_write(fds[0], *bytes, LONG_MS) == AK_OK ? arg : NULL;
}

static void a_large_one_comes_in_pieces(void **state)
{
    (void)state;
    static uint8_t sent[3 * 1024 * 1024], got[sizeof sent];
    struct ak_span bytes = AK_SPAN_ARR(sent);
    pthread_t thread;
    void *done = NULL;
    size_t len = 0;
    for (size_t i = 0; i < sizeof sent; i++) sent[i] = (uint8_t)(i >> 8);
    assert_int_equal(pthread_create(&thread, NULL, writer, &bytes), 0);
    assert_int_equal(ak_message_read(fds[1], got, sizeof got, LONG_MS, &len), AK_OK);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    assert_int_equal(len, sizeof sent);
    assert_memory_equal(got, sent, len);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(whole_messages_in_order),
        TEST(refuses_no_length),
        TEST(refuses_one_too_long),
        TEST(refuses_the_longest),
        TEST(notices_a_cut_head),
        TEST(notices_a_cut_message),
        TEST(waits_no_longer_than_told),
        TEST(a_large_one_comes_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
