#include "bench/common/load.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { IN_MAX = 16 * 1024, EVENTS = 256, DIGITS = 8 };

struct client {
    int fd;
    bool busy;
    uint64_t started_ns;
    size_t in_len;
    struct bench_request request;
    char in[IN_MAX];
};

struct bench_load {
    int epoll_fd;
    size_t count;
    uint32_t counter;
    bool sending; /* answers are followed by requests */
    uint64_t answers;
    uint32_t latencies[BENCH_LATENCIES_MAX]; /* in 10 ns */
    struct client clients[];
};

static int connect_tcp(const char *port)
{
    struct sockaddr_in address = {.sin_family = AF_INET,
        .sin_port = htons((uint16_t)strtoul(port, NULL, 10)),
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const int on = 1;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    bench_must(setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) == 0, "TCP_NODELAY");
    return fd;
}

static int connect_unix(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    bench_must(strlen(path) < sizeof address.sun_path, "the socket's path is too long");
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0, "connect");
    return fd;
}

static int connect_to(const char *where)
{
    int fd = where[0] == '/' ? connect_unix(where) : connect_tcp(strrchr(where, ':') + 1);
    bench_must(fcntl(fd, F_SETFL, O_NONBLOCK) == 0, "O_NONBLOCK");
    return fd;
}

/* Requests are small and answers are read before the next one: a short write does not happen. */
static void send_request(struct bench_load *load, struct client *client)
{
    struct bench_request *request = &client->request;
    if (request->counter_at) {
        uint32_t rest = load->counter++;
        for (size_t i = DIGITS; i-- > 0; rest /= 10)
            request->bytes[request->counter_at + i * request->counter_step + request->counter_step - 1] =
                (char)('0' + rest % 10);
    }
    client->busy = true;
    client->started_ns = bench_now_ns(CLOCK_MONOTONIC);
    ssize_t sent = send(client->fd, request->bytes, request->len, MSG_NOSIGNAL);
    bench_must(sent == (ssize_t)request->len, "send");
}

/* Length of the answer at the front of the buffer; 0: not whole. */
static size_t answer_len(const struct client *client)
{
    const char *end = memmem(client->in, client->in_len, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - client->in) + 4;
    const char *length = memmem(client->in, head, "Content-Length: ", 16);
    if (!length) length = memmem(client->in, head, "content-length: ", 16);
    if (!length) bench_fail("an answer without Content-Length");
    size_t len = head + strtoul(length + 16, NULL, 10);
    bench_must(len <= IN_MAX, "answer too long");
    return len <= client->in_len ? len : 0;
}

static void take_answer(struct bench_load *load, struct client *client, size_t len)
{
    bench_must(len == client->in_len, "two answers to one request");
    /* JSON-RPC says 200 to what it refuses */
    if (client->in[9] != '2' || memmem(client->in, len, "\"error\"", 7)) {
        (void)fwrite(client->in, 1, client->in_len, stderr);
        bench_must(false, "an answer is an error");
    }
    uint64_t took = bench_now_ns(CLOCK_MONOTONIC) - client->started_ns;
    if (load->answers < BENCH_LATENCIES_MAX) load->latencies[load->answers] = (uint32_t)(took / 10);
    load->answers++;
    client->in_len = 0;
    client->busy = false;
    if (load->sending) send_request(load, client);
}

static void pull(struct bench_load *load, struct client *client)
{
    ssize_t got = recv(client->fd, client->in + client->in_len, IN_MAX - client->in_len, 0);
    if (got < 0 && errno == EAGAIN) return;
    bench_must(got > 0, "the worker closed a connection");
    client->in_len += (size_t)got;
    size_t len = answer_len(client);
    if (len) take_answer(load, client, len);
}

static void turn(struct bench_load *load)
{
    struct epoll_event events[EVENTS];
    int count = epoll_wait(load->epoll_fd, events, EVENTS, 1000);
    bench_must(count >= 0 || errno == EINTR, "epoll_wait");
    for (int i = 0; i < count; i++) pull(load, events[i].data.ptr);
}

static bool any_busy(const struct bench_load *load)
{
    for (size_t i = 0; i < load->count; i++)
        if (load->clients[i].busy) return true;
    return false;
}

static void drain(struct bench_load *load)
{
    load->sending = false;
    while (any_busy(load)) turn(load);
}

struct bench_load *bench_load_open(const char *where, size_t count,
    void (*request)(void *ctx, size_t connection, struct bench_request *out),
    void (*first)(void *ctx, size_t connection, struct bench_request *out), void *ctx)
{
    struct bench_load *load = calloc(1, sizeof *load + count * sizeof load->clients[0]);
    bench_must(load != NULL && count <= BENCH_CONNECTIONS_MAX, "connections");
    load->count = count;
    load->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    for (size_t i = 0; i < count; i++) {
        struct client *client = &load->clients[i];
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = client};
        client->fd = connect_to(where);
        bench_must(epoll_ctl(load->epoll_fd, EPOLL_CTL_ADD, client->fd, &event) == 0, "epoll_ctl");
        if (!first) continue;
        first(ctx, i, &client->request);
        send_request(load, client);
    }
    drain(load);
    for (size_t i = 0; i < count; i++) {
        memset(&load->clients[i].request, 0, sizeof load->clients[i].request);
        request(ctx, i, &load->clients[i].request);
    }
    return load;
}

void bench_load_close(struct bench_load *load)
{
    for (size_t i = 0; i < load->count; i++) (void)close(load->clients[i].fd);
    (void)close(load->epoll_fd);
    free(load);
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

struct bench_load_result bench_load_run(struct bench_load *load, double seconds)
{
    uint64_t begin = bench_now_ns(CLOCK_MONOTONIC);
    uint64_t end = begin + (uint64_t)(seconds * 1e9);
    load->answers = 0;
    load->sending = true;
    for (size_t i = 0; i < load->count; i++) send_request(load, &load->clients[i]);
    while (bench_now_ns(CLOCK_MONOTONIC) < end) turn(load);
    drain(load);
    size_t n = load->answers < BENCH_LATENCIES_MAX ? load->answers : BENCH_LATENCIES_MAX;
    size_t p50 = n / 2, p99 = n * 99 / 100;
    bench_must(n > 0, "no answers");
    qsort(load->latencies, n, sizeof *load->latencies, by_size);
    return (struct bench_load_result){.answers = load->answers,
        .seconds = (double)(bench_now_ns(CLOCK_MONOTONIC) - begin) / 1e9,
        .p50_us = load->latencies[p50] / 100.0,
        .p99_us = load->latencies[p99] / 100.0};
}
