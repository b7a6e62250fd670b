/* A server on a Unix socket that answers from a script and keeps what it was asked. One a test program. */
#ifndef AK_TEST_SCRIPTED_H
#define AK_TEST_SCRIPTED_H

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

enum { STEPS = 8, REQUEST_MAX = 16 * 1024 };

struct step {
    const char *head; /* "401 Unauthorized\r\nDPoP-Nonce: n1" */
    const char *body;
    bool close; /* end the connection after it */
};
static struct {
    struct step steps[STEPS];
    char requests[STEPS][REQUEST_MAX];
    size_t count, served, connections;
    int listener;
    pthread_t thread;
} server;

static bool whole(const char *text)
{
    const char *end = strstr(text, "\r\n\r\n");
    const char *length = strstr(text, "Content-Length: ");
    return end && (!length || strlen(end + 4) >= strtoul(length + 16, NULL, 10));
}

static bool read_request(int fd, char *out)
{
    size_t len = 0;
    while (len < REQUEST_MAX - 1) {
        ssize_t got = read(fd, out + len, REQUEST_MAX - 1 - len);
        if (got <= 0) return false;
        len += (size_t)got;
        out[len] = 0;
        if (whole(out)) return true;
    }
    return false;
}

static void answer(int fd, const struct step *step)
{
    char text[8192];
    int len = snprintf(text, sizeof text, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n%s", step->head,
        strlen(step->body), step->close ? "Connection: close\r\n" : "", step->body);
    if (write(fd, text, (size_t)len) != len) abort();
}

static void *serve(void *ctx)
{
    (void)ctx;
    while (server.served < server.count) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0) return NULL;
        server.connections++;
        while (server.served < server.count && read_request(fd, server.requests[server.served])) {
            const struct step *step = &server.steps[server.served];
            answer(fd, step);
            server.served++;
            if (step->close) break;
        }
        (void)close(fd);
    }
    return NULL;
}

static void script(const struct step *steps, size_t count)
{
    memset(server.requests, 0, sizeof server.requests);
    memcpy(server.steps, steps, count * sizeof *steps);
    server.count = count;
    server.served = server.connections = 0;
    assert_int_equal(pthread_create(&server.thread, NULL, serve, NULL), 0);
}
#define SCRIPT(...)                                                                                          \
    do {                                                                                                     \
        const struct step steps_[] = {__VA_ARGS__};                                                          \
        script(steps_, AK_COUNT(steps_));                                                                    \
    } while (0)

static void finish(size_t served)
{
    assert_int_equal(pthread_join(server.thread, NULL), 0);
    assert_int_equal(server.served, served);
}

/* Listens on `path`; false where that fails. */
static bool server_open(const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    memcpy(address.sun_path, path, strlen(path) + 1);
    server.listener = socket(AF_UNIX, SOCK_STREAM, 0);
    return server.listener >= 0 && bind(server.listener, (struct sockaddr *)&address, sizeof address) == 0 &&
           listen(server.listener, 4) == 0;
}

#endif
