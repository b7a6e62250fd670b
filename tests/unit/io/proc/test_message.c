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

static struct ak_message_in reading(void *memory, size_t cap)
{
    return (struct ak_message_in){.fd = fds[1], .memory = memory, .cap = cap, .max = cap - AK_MESSAGE_HEAD};
}

static void put(struct ak_buf *buf, struct ak_span bytes)
{
    size_t begun = ak_message_begin(buf);
    ak_buf_put(buf, bytes);
    ak_message_end(buf, begun);
}

static enum ak_err say(struct ak_span bytes)
{
    static uint8_t memory[64];
    struct ak_buf buf = AK_BUF_ARR(memory);
    put(&buf, bytes);
    return ak_message_send(fds[0], &buf, SOON_MS);
}

static void assert_next(struct ak_message_in *in, struct ak_span want)
{
    struct ak_span got;
    assert_int_equal(ak_message_next(in, SOON_MS, &got), AK_OK);
    assert_true(ak_span_eq(got, want));
}

static void whole_messages_in_order(void **state)
{
    (void)state;
    uint8_t memory[AK_MESSAGE_HEAD + 8];
    struct ak_message_in in = reading(memory, sizeof memory);
    struct ak_span got;
    assert_int_equal(say(AK_SPAN_LIT("1")), AK_OK);
    assert_int_equal(say(AK_SPAN_LIT("12345678")), AK_OK);
    assert_next(&in, AK_SPAN_LIT("1"));
    assert_next(&in, AK_SPAN_LIT("12345678"));
    end_peer();
    assert_int_equal(ak_message_next(&in, SOON_MS, &got), AK_E_STATE);
    struct ak_buf buf = AK_BUF_ARR(memory);
    put(&buf, AK_SPAN_LIT("x"));
    assert_int_equal(ak_message_send(fds[1], &buf, SOON_MS), AK_E_IO);
}

/* Many in one go, of sizes that end anywhere in the reader's memory. */
static void many_at_once(void **state)
{
    (void)state;
    uint8_t sent[1024], memory[AK_MESSAGE_HEAD + 40], bytes[40];
    struct ak_message_in in = reading(memory, sizeof memory);
    struct ak_buf buf = AK_BUF_ARR(sent);
    for (uint8_t i = 0; i < 40; i++) {
        memset(bytes, i, sizeof bytes);
        put(&buf, ak_span(bytes, i % 17 + 1));
    }
    assert_int_equal(ak_message_send(fds[0], &buf, SOON_MS), AK_OK);
    assert_false(ak_message_is_there(&in));
    for (uint8_t i = 0; i < 40; i++) {
        memset(bytes, i, sizeof bytes);
        assert_next(&in, ak_span(bytes, i % 17 + 1));
        if (i == 0) assert_true(ak_message_is_there(&in));
    }
    assert_false(ak_message_is_there(&in));
    assert_int_equal(in.len, 0);
}

static bool has(const uint8_t *memory, size_t len, uint8_t byte)
{
    return memchr(memory, byte, len) != NULL;
}

/* What was given out is nowhere in the memory any more, also where the rest was moved to the front. */
static void nothing_stays_behind(void **state)
{
    (void)state;
    uint8_t memory[AK_MESSAGE_HEAD + 12] = {0};
    struct ak_message_in in = reading(memory, sizeof memory);
    assert_int_equal(say(AK_SPAN_LIT("aaaa")), AK_OK);
    assert_int_equal(say(AK_SPAN_LIT("bbbbbbbb")), AK_OK);
    assert_next(&in, AK_SPAN_LIT("aaaa"));
    ak_message_forget(&in);
    assert_false(has(memory, sizeof memory, 'a'));
    assert_true(has(memory, sizeof memory, 'b'));
    assert_next(&in, AK_SPAN_LIT("bbbbbbbb"));
    assert_int_equal(say(AK_SPAN_LIT("c")), AK_OK);
    assert_next(&in, AK_SPAN_LIT("c"));
    assert_false(has(memory, sizeof memory, 'b'));
    ak_message_forget(&in);
    assert_false(has(memory, sizeof memory, 'c'));
}

static void refuses_what_is_no_message(void **state)
{
    (void)state;
    uint8_t memory[8];
    struct ak_buf none = AK_BUF_ARR(memory), empty = AK_BUF_ARR(memory), large = AK_BUF_ARR(memory);
    assert_int_equal(ak_message_send(fds[0], &none, SOON_MS), AK_E_ARG);
    put(&empty, AK_SPAN_EMPTY);
    assert_int_equal(ak_message_send(fds[0], &empty, SOON_MS), AK_E_ARG);
    put(&large, AK_SPAN_LIT("12345"));
    assert_int_equal(ak_message_send(fds[0], &large, SOON_MS), AK_E_ARG);
    assert_int_equal(recv(fds[1], memory, sizeof memory, MSG_DONTWAIT), -1);
}

static enum ak_err read_of(const char *bytes, size_t count, bool ended)
{
    uint8_t memory[AK_MESSAGE_HEAD + 4];
    struct ak_message_in in = reading(memory, sizeof memory);
    struct ak_span got = AK_SPAN_LIT("x");
    assert_int_equal(send(fds[0], bytes, count, 0), (ssize_t)count);
    if (ended) end_peer();
    enum ak_err err = ak_message_next(&in, SOON_MS, &got);
    assert_int_equal(got.len, 0);
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

/* The one before it is a good one. */
static void refuses_a_second_one_too_long(void **state)
{
    (void)state;
    uint8_t memory[32];
    struct ak_message_in in = reading(memory, sizeof memory);
    struct ak_span got;
    in.max = 4;
    assert_int_equal(send(fds[0], "\0\0\0\4abcd\0\0\0\5abcde", 17, 0), 17);
    assert_next(&in, AK_SPAN_LIT("abcd"));
    assert_int_equal(ak_message_next(&in, SOON_MS, &got), AK_E_LIMIT);
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

static uint8_t large[AK_MESSAGE_HEAD + 3 * 1024 * 1024];

static void waits_no_longer_than_told(void **state)
{
    (void)state;
    struct ak_buf buf = AK_BUF_ARR(large);
    assert_int_equal(read_of("\0\0\0\4ab", 6, false), AK_E_EXPIRED);
    size_t begun = ak_message_begin(&buf);
    assert_non_null(ak_buf_grow(&buf, sizeof large - AK_MESSAGE_HEAD));
    ak_message_end(&buf, begun);
    assert_int_equal(ak_message_send(fds[0], &buf, SOON_MS), AK_E_EXPIRED);
}

static void *writer(void *arg)
{
    return ak_message_send(fds[0], arg, LONG_MS) == AK_OK ? arg : NULL;
}

static void a_large_one_comes_in_pieces(void **state)
{
    (void)state;
    static uint8_t got_memory[sizeof large];
    struct ak_message_in in = reading(got_memory, sizeof got_memory);
    struct ak_buf buf = AK_BUF_ARR(large);
    struct ak_span got;
    pthread_t thread;
    void *done = NULL;
    size_t begun = ak_message_begin(&buf), len = sizeof large - AK_MESSAGE_HEAD;
    uint8_t *bytes = ak_buf_grow(&buf, len);
    assert_non_null(bytes);
    for (size_t i = 0; i < len; i++) bytes[i] = (uint8_t)(i >> 8);
    ak_message_end(&buf, begun);
    assert_int_equal(pthread_create(&thread, NULL, writer, &buf), 0);
    assert_int_equal(ak_message_next(&in, LONG_MS, &got), AK_OK);
    assert_int_equal(pthread_join(thread, &done), 0);
    assert_non_null(done);
    assert_true(ak_span_eq(got, ak_span(bytes, len)));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(whole_messages_in_order),
        TEST(many_at_once),
        TEST(nothing_stays_behind),
        TEST(refuses_what_is_no_message),
        TEST(refuses_no_length),
        TEST(refuses_one_too_long),
        TEST(refuses_a_second_one_too_long),
        TEST(refuses_the_longest),
        TEST(notices_a_cut_head),
        TEST(notices_a_cut_message),
        TEST(waits_no_longer_than_told),
        TEST(a_large_one_comes_in_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
