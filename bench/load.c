/* A load client: keeps N connections busy with prepared requests and counts the answers. It knows no more of
 * HTTP than where an answer ends. One thread, one epoll; prints one JSON object.
 * usage: load (HOST PORT | unix:PATH) CONNECTIONS SECONDS REQUESTS_FILE [FIRST_FILE]
 * REQUESTS_FILE has one or more whole requests, used in turn by every connection; FIRST_FILE has one for each
 * connection (again in turn), sent once before the others and not counted. Example:
 *   load 127.0.0.1 8092 64 5 sign.http first.http */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

enum { IN_MAX = 64 * 1024, REQUESTS_MAX = 65536, LATENCIES = 1 << 22, EVENTS = 256 };

struct requests {
    char *bytes;
    size_t starts[REQUESTS_MAX + 1];
    size_t count;
};

struct client {
    int fd;
    size_t next;       /* request to send next */
    size_t sent, want; /* bytes of the present one */
    const char *bytes;
    bool first;
    uint64_t started_ns;
    size_t in_len;
    char in[IN_MAX];
};

static struct requests all, firsts;
static uint32_t *latencies; /* in 100 ns */
static uint64_t answers, by_class[6], failures;
static bool counting;

static void die(const char *what)
{
    (void)fprintf(stderr, "load: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

/* Length of the message at `text`: head and body. 0: not whole. */
static size_t message_len(const char *text, size_t len)
{
    const char *end = memmem(text, len, "\r\n\r\n", 4);
    if (!end) return 0;
    size_t head = (size_t)(end - text) + 4;
    size_t body = 0;
    for (const char *at = text; at < end; at++) {
        if (*at != '\n' || strncasecmp(at + 1, "content-length:", 15) != 0) continue;
        body = strtoul(at + 16, NULL, 10);
        break;
    }
    return head + body <= len ? head + body : 0;
}

static void read_requests(const char *path, struct requests *out)
{
    FILE *file = fopen(path, "rb");
    if (!file) die(path);
    if (fseek(file, 0, SEEK_END)) die(path);
    long len = ftell(file);
    rewind(file);
    out->bytes = calloc(1, (size_t)len + 1);
    if (!out->bytes || fread(out->bytes, 1, (size_t)len, file) != (size_t)len) die(path);
    (void)fclose(file);
    for (size_t at = 0; at < (size_t)len && out->count < REQUESTS_MAX;) {
        size_t one = message_len(out->bytes + at, (size_t)len - at);
        if (one == 0) break;
        out->starts[out->count++] = at;
        at += one;
        out->starts[out->count] = at;
    }
    if (out->count == 0) {
        (void)fprintf(stderr, "load: no whole request in %s\n", path);
        exit(1);
    }
}

static int connect_to(const char *host, const char *port)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_un un;
    } address;
    const int on = 1;
    memset(&address, 0, sizeof address);
    socklen_t len = sizeof address.in;
    if (strncmp(host, "unix:", 5) == 0) {
        address.un.sun_family = AF_UNIX;
        if (strlen(host + 5) >= sizeof address.un.sun_path) die("path too long");
        memcpy(address.un.sun_path, host + 5, strlen(host + 5));
        len = sizeof address.un;
    } else {
        address.in.sin_family = AF_INET;
        address.in.sin_port = htons((uint16_t)strtoul(port, NULL, 10));
        if (inet_pton(AF_INET, host, &address.in.sin_addr) != 1) die("address");
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, &address.any, len)) die("connect");
    if (address.any.sa_family == AF_INET) (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (fcntl(fd, F_SETFL, O_NONBLOCK)) die("fcntl");
    return fd;
}

static void next_request(struct client *client)
{
    size_t at = client->next++ % all.count;
    client->bytes = all.bytes + all.starts[at];
    client->want = all.starts[at + 1] - all.starts[at];
    client->sent = 0;
    client->first = false;
}

static bool push(struct client *client)
{
    if (client->sent == 0) client->started_ns = now_ns();
    while (client->sent < client->want) {
        ssize_t n = send(client->fd, client->bytes + client->sent, client->want - client->sent, MSG_NOSIGNAL);
        if (n < 0) return errno == EAGAIN;
        client->sent += (size_t)n;
    }
    return true;
}

static void count(const struct client *client)
{
    unsigned class = client->in_len > 9 ? (unsigned)(client->in[9] - '0') : 0;
    if (!counting || client->first) return;
    if (answers < LATENCIES) latencies[answers] = (uint32_t)((now_ns() - client->started_ns) / 100);
    answers++;
    by_class[class < 6 ? class : 0]++;
}

/* False where the connection is lost. */
static bool pull(struct client *client)
{
    for (;;) {
        ssize_t n = recv(client->fd, client->in + client->in_len, IN_MAX - client->in_len, 0);
        if (n < 0) return errno == EAGAIN;
        if (n == 0) return false;
        client->in_len += (size_t)n;
        size_t one = message_len(client->in, client->in_len);
        if (one == 0) continue;
        count(client);
        memmove(client->in, client->in + one, client->in_len - one);
        client->in_len -= one;
        next_request(client);
        if (!push(client)) return false;
    }
}

static int by_size(const void *a, const void *b)
{
    uint32_t x = *(const uint32_t *)a;
    uint32_t y = *(const uint32_t *)b;
    return (x > y) - (x < y);
}

static void report(double seconds)
{
    size_t n = answers < LATENCIES ? answers : LATENCIES;
    struct rusage use;
    (void)getrusage(RUSAGE_SELF, &use);
    qsort(latencies, n, sizeof *latencies, by_size);
    (void)printf(
        "{\"answers\":%llu,\"seconds\":%.3f,\"per_second\":%.0f,\"2xx\":%llu,\"4xx\":%llu,\"5xx\":%llu,"
        "\"lost\":%llu,\"p50_us\":%.1f,\"p90_us\":%.1f,\"p99_us\":%.1f,\"client_cpu_us\":%.2f}\n",
        (unsigned long long)answers, seconds, (double)answers / seconds, (unsigned long long)by_class[2],
        (unsigned long long)by_class[4], (unsigned long long)by_class[5], (unsigned long long)failures,
        n ? latencies[n / 2] / 10.0 : 0, n ? latencies[n * 9 / 10] / 10.0 : 0,
        n ? latencies[n * 99 / 100] / 10.0 : 0,
        answers ? ((double)(use.ru_utime.tv_sec + use.ru_stime.tv_sec) * 1e6 +
                      (double)(use.ru_utime.tv_usec + use.ru_stime.tv_usec)) /
                      (double)answers
                : 0);
}

static void run(int epoll_fd, double seconds)
{
    struct epoll_event events[EVENTS];
    uint64_t begin = now_ns();
    uint64_t end = begin + (uint64_t)(seconds * 1e9);
    counting = true;
    while (now_ns() < end) {
        int n = epoll_wait(epoll_fd, events, EVENTS, 100);
        for (int i = 0; i < n; i++) {
            struct client *client = events[i].data.ptr;
            if (client->fd < 0) continue;
            if (push(client) && pull(client)) continue;
            failures++;
            (void)close(client->fd);
            client->fd = -1;
        }
    }
    report((double)(now_ns() - begin) / 1e9);
}

int main(int argc, char **argv)
{
    bool is_unix = argc > 1 && strncmp(argv[1], "unix:", 5) == 0;
    int shift = is_unix ? 0 : 1;
    if (argc < 5 + shift) {
        (void)fprintf(stderr, "usage: load (HOST PORT | unix:PATH) CONNECTIONS SECONDS REQUESTS [FIRST]\n");
        return 2;
    }
    size_t count_of = strtoul(argv[2 + shift], NULL, 10);
    read_requests(argv[4 + shift], &all);
    if (argc > 5 + shift) read_requests(argv[5 + shift], &firsts);
    latencies = calloc(LATENCIES, sizeof *latencies);
    struct client *clients = calloc(count_of, sizeof *clients);
    int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!latencies || !clients || epoll_fd < 0 || count_of == 0) die("start");
    for (size_t i = 0; i < count_of; i++) {
        struct client *client = &clients[i];
        client->fd = connect_to(argv[1], argv[2]);
        client->next = i;
        next_request(client);
        if (firsts.count) {
            size_t at = i % firsts.count;
            client->next--;
            client->bytes = firsts.bytes + firsts.starts[at];
            client->want = firsts.starts[at + 1] - firsts.starts[at];
            client->first = true;
        }
        struct epoll_event event = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = client};
        if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, client->fd, &event)) die("epoll");
    }
    run(epoll_fd, strtod(argv[3 + shift], NULL));
    return failures ? 1 : 0;
}
