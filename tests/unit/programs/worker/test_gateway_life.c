/* Starts and ends: before the keeper speaks, while it stops, when it dies, and when it breaks the protocol.
 */
#include "gateway_harness.h"

#include <poll.h>
#include <signal.h>

#include "base/limits.h"
#include "core/wire/call.h"

static void serves_the_development_signer(void **state)
{
    (void)state;
    gw_serve(true);
    int fd = gw_dial(NULL);
    gw_say(fd, "POST /dev/sign-message HTTP/1.1\r\n" HEADERS SIGN_BODY);
    struct ak_frame_request request = gw_take_request();
    assert_int_equal(request.call, AK_CALL_SIGN_MESSAGE);
    gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), NULL);
    assert_int_equal(gw_hear(fd), 200);
    close(fd);
    assert_int_equal(gw_ask(NULL, SIGN), 503);
    gw_assert_error("signer_disabled");
    assert_int_equal(gw_ask(NULL, "GET /v1/agents" H TOKEN "\r\n"), 404);
    assert_int_equal(gw_end_with(SIGTERM), 0);
}

static void is_not_ready_before_the_first_status(void **state)
{
    (void)state;
    gw_start();
    gw_welcome(false);
    assert_int_equal(gw_ask(NULL, SIGN), 503);
    gw_assert_error("not_ready");
    assert_int_equal(gw_ask(NULL, "GET /healthz" H "\r\n"), 503);
    assert_int_equal(gw_ask(NULL, "GET /readyz" H "\r\n"), 503);
    assert_non_null(strstr(gw.answer, "\"keeper\":\"silent\""));
    assert_int_equal(gw_end_with(SIGTERM), 0);
}

static void takes_nothing_while_the_keeper_stops(void **state)
{
    (void)state;
    gw_serve(false);
    int fd = gw_dial(NULL);
    gw_say(fd, SIGN);
    struct ak_frame_request request = gw_take_request();
    gw_push_status(AK_STATUS_STOPPING);
    unsigned status = 0;
    for (unsigned tries = 0; tries < 1000 && status != 503; tries++)
        status = gw_ask(NULL, "GET /readyz" H "\r\n");
    assert_int_equal(gw_ask(NULL, SIGN), 503);
    gw_assert_error("not_ready");
    gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), NULL); /* what it has is still answered */
    assert_int_equal(gw_hear(fd), 200);
    close(fd);
    assert_int_equal(gw_end_with(SIGTERM), 0);
}

static void answer_frame(struct ak_span frame)
{
    struct ak_frame_request got;
    struct ak_reader reader = ak_reader(frame);
    unsigned type = 0;
    assert_int_equal(ak_frame_read_head(&reader, &type), AK_OK);
    assert_int_equal(type, AK_FRAME_REQUEST);
    assert_int_equal(ak_frame_request_decode(&reader, &got), AK_OK);
    gw_push_reply(&got, AK_CODE_OK, gw_sign_reply(), NULL);
}

/* A keeper that does not read: what does not fit the queue is answered 503, the rest waits, nothing is lost
 * (I18). */
static void refuses_what_the_keeper_cannot_take(void **state)
{
    (void)state;
    enum { CLIENTS = 220, MESSAGE = AK_LIMIT_MESSAGE };
    static char request[2 * MESSAGE + 1024];
    static int fds[CLIENTS];
    static struct pollfd polls[CLIENTS];
    unsigned answered = 0;
    unsigned refused = 0;
    gw_serve(false);
    int head = snprintf(request, sizeof request,
        "POST /tee/sign-message" H TOKEN JSON "Content-Length: %d\r\n\r\n{\"omni_account\":\"" OMNI
        "\",\"message_hex\":\"",
        98 + 2 * MESSAGE + 2);
    memset(request + head, '7', 2 * MESSAGE);
    memcpy(request + head + 2 * MESSAGE, "\"}", 3);
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = gw_dial(NULL);
        polls[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        gw_say(fds[i], request);
    }
    while (answered + refused < CLIENTS) {
        struct ak_span frame; /* the keeper begins to read once enough are refused */
        while (refused > 20 && ak_channel_wait(&gw.channel, 10, &frame) == AK_OK) answer_frame(frame);
        assert_true(poll(polls, CLIENTS, GW_WAIT_MS) > 0);
        for (unsigned i = 0; i < CLIENTS; i++) {
            if (polls[i].fd < 0 || !polls[i].revents) continue;
            unsigned status = gw_hear(fds[i]);
            if (status == 503) gw_assert_error("not_ready");
            if (status != 503) assert_int_equal(status, 200);
            refused += status == 503;
            answered += status == 200;
            polls[i].fd = -1;
        }
    }
    assert_true(answered > 20);
    for (unsigned i = 0; i < CLIENTS; i++) close(fds[i]);
    assert_int_equal(gw_end_with(SIGTERM), 0);
}

/* Asked to stop, it answers what waits: here nobody does, so the client reads 503 after the keeper's end. */
static void answers_what_waits_when_the_keeper_ends(void **state)
{
    (void)state;
    gw_serve(false);
    int fd = gw_dial(NULL);
    gw_say(fd, SIGN);
    gw_take_request();
    assert_int_equal(gw_end_with(0), GW_EXIT_LOST);
    assert_int_equal(gw_hear(fd), 503);
    close(fd);
}

/* Each of these ends the gateway: a keeper that does not keep to the table is not the keeper. */
static void ends_on_a_frame_it_may_not_get(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } frames[] = {
#define FRAME(text) {text, sizeof(text) - 1}
        FRAME("\1"),                                                         /* cut in the head */
        FRAME("\2\6"),                                                       /* another version */
        FRAME("\1\0"),                                                       /* no type */
        FRAME("\1\1\0\0\0\0"),                                               /* hello: the gateway's own */
        FRAME("\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), /* welcome a second time */
        FRAME("\1\3"),                                                       /* a request */
        FRAME("\1\4"),                                                       /* a reply, cut */
        FRAME("\1\5\0\0\0\0\0\0\0\1"),                                       /* closed: the gateway's own */
        FRAME("\1\6\0\0\0\0"),                                               /* a status, cut */
        FRAME("\1\10\0"),                                                    /* signed, on this channel */
        FRAME("\1\377"),                                                     /* unknown */
    };
    for (size_t i = 0; i < AK_COUNT(frames); i++) {
        gw_serve(false);
        assert_int_equal(ak_channel_send(&gw.channel, ak_span(frames[i].bytes, frames[i].len)), AK_OK);
        assert_int_equal(ak_channel_drain(&gw.channel, GW_WAIT_MS), AK_OK);
        struct ak_span frame;
        while (ak_channel_wait(&gw.channel, GW_WAIT_MS, &frame) == AK_OK) {
        }
        if (gw_end_with(0) != GW_EXIT_LOST) fail_msg("frame %zu", i);
    }
}

static void ends_on_an_answer_to_another_call(void **state)
{
    (void)state;
    gw_serve(false);
    int fd = gw_dial(NULL);
    gw_say(fd, SIGN);
    struct ak_frame_request request = gw_take_request();
    request.call = AK_CALL_TOKEN;
    gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), NULL);
    struct ak_span frame;
    while (ak_channel_wait(&gw.channel, GW_WAIT_MS, &frame) == AK_OK) {
    }
    assert_int_equal(gw_end_with(0), GW_EXIT_LOST);
    assert_int_equal(gw_hear(fd), 503);
    close(fd);
}

static void ends_on_a_first_frame_that_is_no_welcome(void **state)
{
    (void)state;
    gw_start();
    gw_push_status(0);
    struct ak_span frame;
    while (ak_channel_wait(&gw.channel, GW_WAIT_MS, &frame) == AK_OK) {
    }
    assert_int_equal(gw_end_with(0), GW_EXIT_LOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(serves_the_development_signer),
        cmocka_unit_test(is_not_ready_before_the_first_status),
        cmocka_unit_test(takes_nothing_while_the_keeper_stops),
        cmocka_unit_test(refuses_what_the_keeper_cannot_take),
        cmocka_unit_test(answers_what_waits_when_the_keeper_ends),
        cmocka_unit_test(ends_on_a_frame_it_may_not_get),
        cmocka_unit_test(ends_on_an_answer_to_another_call),
        cmocka_unit_test(ends_on_a_first_frame_that_is_no_welcome),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
