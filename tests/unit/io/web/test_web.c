/* A stranger's web server that says what it should not: each answer of a script over a socket on loopback. */
#include "unit/check.h"

#include <arpa/inet.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/web/web.h"

enum { ASKED_MAX = 4096, BODY_MAX = 64 };

static struct {
    int listener;
    const char *answer; /* NULL: none comes */
    char asked[ASKED_MAX];
    size_t accepted;
    pthread_t thread;
} server;
static char url[64];
static uint8_t memory[BODY_MAX];

static bool whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strstr(text, "Content-Length: ");
    return end && (!length || strlen(end + 4) >= strtoul(length + 16, NULL, 10));
}

static void *serve(void *ctx)
{
    (void)ctx;
    int fd = accept(server.listener, NULL, NULL);
    if (fd < 0) return NULL;
    server.accepted++;
    size_t len = 0;
    ssize_t got = 1;
    while (got > 0 && len < ASKED_MAX - 1 && !whole(server.asked)) {
        got = read(fd, server.asked + len, ASKED_MAX - 1 - len);
        if (got > 0) len += (size_t)got;
        server.asked[len] = 0;
    }
    if (server.answer && write(fd, server.answer, strlen(server.answer)) < 0) abort();
    if (!server.answer) (void)!read(fd, server.asked, 1); /* until the client goes */
    close(fd);
    return NULL;
}

static int open_server(void **state)
{
    (void)state;
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    memset(&server, 0, sizeof server);
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (server.listener < 0 || bind(server.listener, (struct sockaddr *)&address, len) ||
        listen(server.listener, 4) || getsockname(server.listener, (struct sockaddr *)&address, &len))
        return -1;
    (void)snprintf(url, sizeof url, "http://127.0.0.1:%u/x", ntohs(address.sin_port));
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    return close(server.listener);
}

static enum ak_err fetch(const char *answer, const struct ak_web_ask *more, struct ak_buf *body,
    unsigned *out_status, char *reason)
{
    struct ak_web_ask ask = *more;
    *body = AK_BUF_ARR(memory);
    memset(server.asked, 0, sizeof server.asked);
    server.answer = answer;
    if (ask.url.len == 0) ask.url = ak_span_str(url);
    if (ask.timeout_s == 0) ask.timeout_s = 5;
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
    enum ak_err err = ak_web_fetch(&ask, body, out_status, reason);
    (void)shutdown(server.listener, SHUT_RDWR);
    assert_int_equal(pthread_join(server.thread, NULL), 0);
    return err;
}

static void gets_an_answer_whatever_its_status(void **state)
{
    (void)state;
    struct ak_buf body;
    unsigned status = 0;
    char reason[AK_WEB_REASON_MAX];
    const struct ak_web_ask ask = {0};
    assert_int_equal(
        fetch("HTTP/1.1 404 No\r\nContent-Length: 2\r\n\r\n{}", &ask, &body, &status, reason), AK_OK);
    assert_int_equal(status, 404);
    assert_true(ak_span_eq(ak_buf_span(&body), AK_SPAN_LIT("{}")));
    assert_string_equal(reason, "");
    assert_ptr_equal(strstr(server.asked, "GET /x HTTP/1.1\r\n"), server.asked);
    assert_non_null(strstr(server.asked, "\r\nAccept: application/json\r\n"));
    assert_null(strstr(server.asked, "Authorization"));
}

static void posts_a_form_with_its_header(void **state)
{
    (void)state;
    struct ak_buf body;
    unsigned status = 0;
    const struct ak_web_ask ask = {
        .form = AK_SPAN_LIT("a=b&c=d"), .authorization = AK_SPAN_LIT("Basic eDp5")};
    assert_int_equal(
        fetch("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &ask, &body, &status, NULL), AK_OK);
    assert_ptr_equal(strstr(server.asked, "POST /x HTTP/1.1\r\n"), server.asked);
    assert_non_null(strstr(server.asked, "\r\nAuthorization: Basic eDp5\r\n"));
    assert_non_null(strstr(server.asked, "\r\nContent-Type: application/x-www-form-urlencoded\r\n"));
    assert_non_null(strstr(server.asked, "\r\n\r\na=b&c=d"));
}

static void an_answer_fits_or_is_none(void **state)
{
    (void)state;
    static const enum ak_err want[] = {AK_OK, AK_OK, AK_E_LIMIT};
    for (size_t i = 0; i < AK_COUNT(want); i++) {
        struct ak_buf body;
        unsigned status = 0;
        char text[256], reason[AK_WEB_REASON_MAX];
        const struct ak_web_ask ask = {0};
        int len = BODY_MAX - 1 + (int)i;
        (void)close_server(state);
        (void)open_server(state);
        (void)snprintf(
            text, sizeof text, "HTTP/1.1 200 OK\r\n\r\n%0*d", len, 7); /* ends with the connection */
        assert_int_equal(fetch(text, &ask, &body, &status, reason), want[i]);
        assert_int_equal(body.len, want[i] ? 0 : len);
        assert_int_equal(body.failed, false);
        assert_int_equal(status, want[i] ? 0 : 200);
        if (want[i]) assert_non_null(strstr(reason, "too long"));
    }
}

static void follows_nobody_and_takes_no_nonsense(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/\r\nContent-Length: 0\r\n\r\n",
        "HTTP/1.1 307 Moved\r\nLocation: /y\r\nContent-Length: 2\r\n\r\n{}", "\x01\x02nonsense\r\n\r\n", "",
        "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{}"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        struct ak_buf body;
        unsigned status = 9;
        char reason[AK_WEB_REASON_MAX];
        const struct ak_web_ask ask = {0};
        (void)close_server(state);
        (void)open_server(state);
        assert_int_equal(fetch(bad[i], &ask, &body, &status, reason), AK_E_IO);
        assert_int_equal(body.len, 0);
        assert_int_equal(status, 0);
        assert_int_equal(server.accepted, 1);
        assert_true(reason[0] != 0);
    }
}

static uint64_t now_ms(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static void silence_ends_by_the_time_out(void **state)
{
    (void)state;
    struct ak_buf body;
    unsigned status = 0;
    const struct ak_web_ask ask = {.timeout_s = 1};
    uint64_t from = now_ms();
    assert_int_equal(fetch(NULL, &ask, &body, &status, NULL), AK_E_IO);
    assert_in_range(now_ms() - from, 900, 3000);
}

static void stops_when_told(void **state)
{
    (void)state;
    struct ak_buf body;
    unsigned status = 0;
    const atomic_bool stop = true;
    const struct ak_web_ask ask = {.timeout_s = 30, .stop = &stop};
    uint64_t from = now_ms();
    assert_int_equal(fetch(NULL, &ask, &body, &status, NULL), AK_E_IO);
    assert_in_range(now_ms() - from, 0, 3000);
}

/* No other scheme, no plain text off loopback, and TLS means TLS. */
static void asks_only_where_it_may(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "http://example.org/", "ftp://127.0.0.1/", "file:///etc/passwd",
        "https://user@example.org/", "https://example.org/#x", "127.0.0.1"};
    struct ak_buf body = AK_BUF_ARR(memory);
    unsigned status = 0;
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        const struct ak_web_ask ask = {.url = ak_span_str(bad[i]), .timeout_s = 1};
        assert_int_equal(ak_web_fetch(&ask, &body, &status, NULL), AK_E_ARG);
    }
    char text[80];
    (void)snprintf(text, sizeof text, "https%s", url + 4);
    const struct ak_web_ask ask = {.url = ak_span_str(text), .timeout_s = 1};
    enum ak_err err = fetch("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &ask, &body, &status, NULL);
    assert_true(err == AK_E_AUTH || err == AK_E_IO);
    const struct ak_web_ask nonsense = {
        .url = ak_span_str(text), .authorities = AK_SPAN_LIT("no PEM"), .timeout_s = 1};
    (void)close_server(state);
    (void)open_server(state);
    (void)snprintf(text, sizeof text, "https%s", url + 4);
    err = fetch("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", &nonsense, &body, &status, NULL);
    assert_int_not_equal(err, AK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(gets_an_answer_whatever_its_status, open_server, close_server),
        cmocka_unit_test_setup_teardown(posts_a_form_with_its_header, open_server, close_server),
        cmocka_unit_test_setup_teardown(an_answer_fits_or_is_none, open_server, close_server),
        cmocka_unit_test_setup_teardown(follows_nobody_and_takes_no_nonsense, open_server, close_server),
        cmocka_unit_test_setup_teardown(silence_ends_by_the_time_out, open_server, close_server),
        cmocka_unit_test_setup_teardown(stops_when_told, open_server, close_server),
        cmocka_unit_test_setup_teardown(asks_only_where_it_may, open_server, close_server)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
