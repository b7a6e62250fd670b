/* A server in this process and a raw socket to talk to it, driven turn by turn with a clock of the test's. */
#ifndef AK_TESTS_UNIT_IO_HTTP_HARNESS_H
#define AK_TESTS_UNIT_IO_HTTP_HARNESS_H

#include "unit/check.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/limits.h"
#include "io/http/http.h"

enum { HARNESS_ANSWER_MAX = 64 * 1024, HARNESS_QUIET_TURNS = 40 };

struct harness {
    struct ak_http *server;
    uint16_t port;
    uint64_t now_ms;
    unsigned opened, closed, asked;
    size_t (*body_max)(void *ctx, const struct ak_http_request *request);
    bool defer; /* keep requests instead of answering */
    struct ak_http_request *kept;
    /* what the hook saw last */
    char path[AK_HTTP_TARGET_MAX + 1];
    char query[AK_HTTP_TARGET_MAX + 1];
    size_t body_len;
    uint8_t body_sum; /* xor of all bytes */
    size_t token_len;
    /* what came back last */
    char answer[HARNESS_ANSWER_MAX];
    size_t answer_len;
    bool ended; /* the server closed the connection */
};

static void harness_copy(char *out, struct ak_span text)
{
    if (text.len) memcpy(out, text.ptr, text.len);
    out[text.len] = 0;
}

static void harness_opened(void *ctx, struct ak_http_conn *conn)
{
    (void)conn;
    ((struct harness *)ctx)->opened++;
}

static void harness_closed(void *ctx, struct ak_http_conn *conn)
{
    (void)conn;
    ((struct harness *)ctx)->closed++;
}

static void harness_answer(struct harness *h, struct ak_http_request *request)
{
    struct ak_http_reply reply = {.status = 200, .body = AK_SPAN_LIT("{\"ok\":true}")};
    reply.names[reply.extra] = "X-Test";
    reply.values[reply.extra++] = "1";
    ak_http_answer(h->server, request, &reply);
}

static void harness_request(void *ctx, struct ak_http_request *request)
{
    struct harness *h = ctx;
    h->asked++;
    harness_copy(h->path, request->path);
    harness_copy(h->query, request->query);
    h->body_len = request->body.len;
    h->body_sum = 0;
    for (size_t i = 0; i < request->body.len; i++) h->body_sum ^= request->body.ptr[i];
    h->token_len = request->headers[AK_HTTP_AUTHORIZATION].len;
    if (h->defer)
        h->kept = request;
    else
        harness_answer(h, request);
}

static size_t harness_body_max(void *ctx, const struct ak_http_request *request)
{
    const struct harness *h = ctx;
    return h->body_max ? h->body_max(ctx, request) : AK_LIMIT_BODY;
}

static inline int harness_listen(uint16_t *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 64), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    *out_port = ntohs(address.sin_port);
    return fd;
}

/* With a second listener, in plain text, where its port is asked for. */
static inline void harness_open_two(struct harness *h, const struct ak_http_tls *tls, uint16_t *second_port)
{
    *h = (struct harness){.now_ms = 1000000};
    struct ak_http_config config = {.max_connections = 16,
        .idle_ms = 30000,
        .request_ms = 60000,
        .answer_ms = 30000,
        .tls_accepts_per_s = 4,
        .tls = tls,
        .hooks = {h, harness_opened, harness_closed, harness_request, harness_body_max}};
    config.listeners[0] = (struct ak_http_listener){harness_listen(&h->port), tls != NULL};
    config.listener_count = 1;
    if (second_port) config.listeners[config.listener_count++].fd = harness_listen(second_port);
    assert_int_equal(ak_http_open(&config, &h->server), AK_OK);
}

static inline void harness_open(struct harness *h, const struct ak_http_tls *tls)
{
    harness_open_two(h, tls, NULL);
}

static inline int harness_connect(const struct harness *h)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(h->port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_true(fd >= 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

#define HARNESS_GET "GET /x HTTP/1.1\r\nHost: a\r\n\r\n"

/* A new connection, nothing answered on it yet. */
static inline int harness_begin(struct harness *h)
{
    h->answer_len = 0;
    h->answer[0] = 0;
    h->ended = false;
    return harness_connect(h);
}

/* One turn of the loop: at most a few milliseconds. True where something happened. */
static inline bool harness_turn(struct harness *h)
{
    struct pollfd pfd = {ak_http_fd(h->server, 0), POLLIN, 0};
    bool ready = poll(&pfd, 1, ak_http_wait_ms(h->server, 2)) > 0;
    if (ready) ak_http_ready(h->server, 0);
    bool any = ak_http_wait_ms(h->server, 2) == 0;
    if (ak_http_wait_ms(h->server, 1000) == 2)
        h->now_ms += 2; /* a run that is only perhaps needed comes due */
    ak_http_run(h->server, h->now_ms);
    return any;
}

/* Reads what has come; notes the end. */
static inline void harness_read(struct harness *h, int fd)
{
    for (;;) {
        ssize_t n = recv(fd, h->answer + h->answer_len, sizeof h->answer - 1 - h->answer_len, 0);
        if (n == 0) h->ended = true;
        if (n < 0 && errno == ECONNRESET) h->ended = true;
        if (n <= 0) break;
        h->answer_len += (size_t)n;
    }
    h->answer[h->answer_len] = 0;
}

/* Whole answers in what was read. */
static inline unsigned harness_answers(const struct harness *h)
{
    unsigned count = 0;
    for (const char *at = h->answer; (at = strstr(at, "HTTP/1.1 ")) != NULL; at += 9) count++;
    return count;
}

static inline void harness_send(struct harness *h, int fd, const char *bytes, size_t len)
{
    for (size_t sent = 0; sent < len;) {
        ssize_t n = send(fd, bytes + sent, len - sent, MSG_NOSIGNAL);
        if (n > 0) sent += (size_t)n;
        if (n < 0 && errno != EAGAIN) return; /* the server has closed: the answer says why */
        if (n < 0) harness_turn(h);
    }
}

/* Runs until the connection ends or `want` answers are there, or nothing happens any more. */
static inline void harness_settle(struct harness *h, int fd, unsigned want)
{
    unsigned quiet = 0;
    while (!h->ended && quiet < HARNESS_QUIET_TURNS) {
        quiet = harness_turn(h) ? 0 : quiet + 1;
        harness_read(h, fd);
        if (harness_answers(h) >= want && strstr(h->answer, "\r\n\r\n")) break;
    }
}

static inline unsigned harness_status(const struct harness *h)
{
    return h->answer_len > 12 ? (unsigned)strtoul(h->answer + 9, NULL, 10) : 0;
}

/* One connection, these bytes, one answer. Gives its status, 0 for none. */
static inline unsigned harness_talk(struct harness *h, const char *bytes, size_t len)
{
    int fd = harness_begin(h);
    harness_send(h, fd, bytes, len);
    harness_settle(h, fd, 1);
    close(fd);
    while (harness_turn(h)) {
    }
    return harness_status(h);
}

#endif
