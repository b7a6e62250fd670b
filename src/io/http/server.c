/* Opening, running and closing: one library daemon a listener, all in the caller's thread. */
#include "io/http/server.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "io/log/log.h"
#include "io/proc/random.h"

enum { OPTIONS_MAX = 20, CLOSE_TURNS = 8, UNSURE_MS = 2, TIMEOUT_BESIDE_MS = 5000 };

/* What the library has to say is for a developer only. */
static void log_library(void *cls, const char *format, va_list args)
{
    char text[AK_LOG_TEXT_MAX];
    (void)cls;
    if (!ak_log_enabled(AK_LOG_DEBUG)) return;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    (void)vsnprintf(text, sizeof text, format, args);
#pragma GCC diagnostic pop
    ak_log(AK_LOG_DEBUG, "http_library", ak_log_str("text", text));
}

static void put(
    struct MHD_OptionItem *items, size_t *count, enum MHD_OPTION option, intptr_t value, void *ptr)
{
    items[(*count)++] = (struct MHD_OptionItem){option, value, ptr};
}

static intptr_t as_int(void (*fn)(void))
{
    return (intptr_t)fn;
}
#define FN(f) as_int((void (*)(void))(f))

static void put_tls(struct MHD_OptionItem *items, size_t *count)
{
    put(items, count, MHD_OPTION_HTTPS_PRIORITIES, 0, (void *)(uintptr_t)ak_http_tls_priorities);
    put(items, count, MHD_OPTION_HTTPS_CERT_CALLBACK, 0, ak_http_tls_callback());
}

/* What waits in place is idle to the library, so its time-out is beyond that of answers. */
static intptr_t timeout_s(const struct ak_http_config *config)
{
    unsigned answer_ms = config->answer_ms + TIMEOUT_BESIDE_MS;
    return (intptr_t)((config->idle_ms > answer_ms ? config->idle_ms : answer_ms) / 1000);
}

static struct MHD_Daemon *start(struct ak_http *server, struct ak_http_door *door)
{
    struct MHD_OptionItem items[OPTIONS_MAX];
    size_t count = 0;
    /* Suspending without the wake-up descriptor: there is no second thread to wake. */
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (MHD_ALLOW_SUSPEND_RESUME & ~MHD_USE_ITC);
    if (door->tls) flags |= MHD_USE_TLS;
    put(items, &count, MHD_OPTION_NOTIFY_CONNECTION, FN(ak_http_on_connection), door);
    put(items, &count, MHD_OPTION_NOTIFY_COMPLETED, FN(ak_http_on_completed), door);
    put(items, &count, MHD_OPTION_URI_LOG_CALLBACK, FN(ak_http_on_target), door);
    put(items, &count, MHD_OPTION_LISTEN_SOCKET, door->listen_fd, NULL);
    put(items, &count, MHD_OPTION_CONNECTION_LIMIT, (intptr_t)server->config.max_connections, NULL);
    put(items, &count, MHD_OPTION_CONNECTION_MEMORY_LIMIT, AK_HTTP_HEAD_MAX, NULL);
    put(items, &count, MHD_OPTION_CONNECTION_TIMEOUT, timeout_s(&server->config), NULL);
    put(items, &count, MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, NULL);
#if MHD_VERSION >= 0x00097700
    put(items, &count, MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1, NULL);
#endif
    if (door->tls) put_tls(items, &count);
    put(items, &count, MHD_OPTION_END, 0, NULL);
    return MHD_start_daemon(flags, 0, ak_http_on_accept, door, ak_http_on_request, door,
        MHD_OPTION_EXTERNAL_LOGGER, log_library, NULL, MHD_OPTION_ARRAY, items, MHD_OPTION_END);
}

static enum ak_err allocate(struct ak_http *server)
{
    size_t n = server->config.max_connections;
    server->count = n;
    server->conns = calloc(n, sizeof *server->conns);
    server->slots = calloc(n, sizeof *server->slots);
    server->transcripts = calloc(n, sizeof *server->transcripts);
    server->free_conns = calloc(n, sizeof *server->free_conns);
    server->free_slots = calloc(n, sizeof *server->free_slots);
    if (!server->conns || !server->slots || !server->transcripts || !server->free_conns ||
        !server->free_slots)
        return AK_E_FULL;
    for (size_t i = 0; i < n; i++) {
        server->free_conns[i] = server->free_slots[i] = (uint32_t)(n - 1 - i);
        server->slots[i].server = server;
        server->slots[i].request.slot = (uint32_t)i;
    }
    server->free_conn_count = server->free_slot_count = n;
    return AK_OK;
}

static enum ak_err open_doors(struct ak_http *server)
{
    for (size_t i = 0; i < server->config.listener_count; i++) {
        struct ak_http_door *door = &server->doors[i];
        *door = (struct ak_http_door){.server = server,
            .listen_fd = server->config.listeners[i].fd,
            .tls = server->config.listeners[i].tls,
            .epoll_fd = -1};
        door->daemon = start(server, door);
        if (!door->daemon) return AK_E_IO;
        const union MHD_DaemonInfo *info = MHD_get_daemon_info(door->daemon, MHD_DAEMON_INFO_EPOLL_FD);
        if (!info) return AK_E_IO;
        door->epoll_fd = info->epoll_fd;
    }
    return AK_OK;
}

static enum ak_err open_tls(struct ak_http *server)
{
    if (!server->config.tls) return AK_E_ARG;
    AK_TRY(ak_http_tls_open(server->config.tls));
    server->has_tls = true;
    return AK_OK;
}

enum ak_err ak_http_open(const struct ak_http_config *config, struct ak_http **out_server)
{
    *out_server = NULL;
    if (config->listener_count > AK_HTTP_LISTENERS_MAX || config->max_connections == 0) return AK_E_ARG;
    struct ak_http *server = calloc(1, sizeof *server);
    if (!server) return AK_E_FULL;
    server->config = *config;
    server->random_used = sizeof server->random;
    server->tls_tokens_ms = 1000;
    ak_random_bytes(server->tls_seed, sizeof server->tls_seed);
    enum ak_err err = allocate(server);
    for (size_t i = 0; i < config->listener_count && !err; i++)
        if (config->listeners[i].tls) err = open_tls(server);
    if (!err) err = open_doors(server);
    if (err) {
        ak_http_close(server);
        return err;
    }
    *out_server = server;
    return AK_OK;
}

void ak_http_quiesce(struct ak_http *server)
{
    for (size_t i = 0; i < server->config.listener_count; i++) {
        struct ak_http_door *door = &server->doors[i];
        int fd = door->daemon ? MHD_quiesce_daemon(door->daemon) : -1;
        if (fd >= 0) (void)close(fd);
    }
}

void ak_http_close(struct ak_http *server)
{
    if (!server) return;
    if (server->slots) ak_http_answer_all(server, AK_CODE_NOT_READY);
    for (size_t i = 0; i < server->config.listener_count; i++) {
        struct ak_http_door *door = &server->doors[i];
        for (unsigned turn = 0; door->daemon && turn < CLOSE_TURNS; turn++) (void)MHD_run(door->daemon);
        if (door->daemon) MHD_stop_daemon(door->daemon);
    }
    if (server->has_tls) ak_http_tls_close();
    free(server->conns);
    free(server->slots);
    free(server->transcripts);
    free(server->free_conns);
    free(server->free_slots);
    free(server);
}

int ak_http_fd(const struct ak_http *server, size_t index)
{
    return index < server->config.listener_count ? server->doors[index].epoll_fd : -1;
}

void ak_http_ready(struct ak_http *server, size_t index)
{
    if (index < server->config.listener_count) server->doors[index].ready = true;
}

/* The library says that it has work while anything waits in place, and cannot say whether there is more. So
 * where something waits, only a body that goes on brings the next run at once, and for the rest (a head
 * larger than one read) a short while passes. */
static void run(struct ak_http_door *door, uint64_t now_ms)
{
    MHD_UNSIGNED_LONG_LONG wait = 1;
    door->ready = door->more = door->unsure = false;
    door->ran_ms = now_ms;
    (void)MHD_run(door->daemon);
    if (MHD_get_timeout(door->daemon, &wait) != MHD_YES || wait != 0) return;
    if (door->waiting == 0 || door->more)
        door->ready = true;
    else
        door->unsure = true;
}

/* Each at most once a turn, so that one busy listener does not starve the others. */
void ak_http_run(struct ak_http *server, uint64_t now_ms)
{
    server->now_ms = now_ms;
    for (size_t i = 0; i < server->config.listener_count; i++) {
        struct ak_http_door *door = &server->doors[i];
        if (door->ready || (door->unsure && now_ms - door->ran_ms >= UNSURE_MS)) run(door, now_ms);
    }
}

int ak_http_wait_ms(const struct ak_http *server, int most_ms)
{
    for (size_t i = 0; i < server->config.listener_count; i++) {
        if (server->doors[i].ready) return 0;
        if (server->doors[i].unsure && most_ms > UNSURE_MS) most_ms = UNSURE_MS;
    }
    return most_ms;
}

struct ak_http_request *ak_http_find(struct ak_http *server, uint32_t slot, uint32_t use)
{
    if (slot >= server->count) return NULL;
    struct ak_http_slot *at = &server->slots[slot];
    bool asked = at->state == AK_SLOT_ASKED || at->state == AK_SLOT_SUSPENDED;
    return asked && at->request.use == use ? &at->request : NULL;
}

size_t ak_http_waiting(const struct ak_http *server)
{
    return server->waiting;
}

struct ak_http_figures ak_http_figures(const struct ak_http *server)
{
    return server->figures;
}
