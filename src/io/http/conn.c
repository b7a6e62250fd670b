/* Connections: their records, who may come in, and who has to go because nothing comes from them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/attr.h"
#include "base/crypto/sha256.h"
#include "base/num.h"
#include "io/http/server.h"

enum {
    CUSTOMER_BYTES = 8, /* of an IPv6 address */
    NETWORK_BYTES = 6,
    NETWORK_V4_BYTES = 3,
    LOCAL_PART = 16, /* of the connections: no remote client gets these */
    TLS_PART = 4,    /* of a second's handshakes, for one customer */
};

static bool is_loopback(const struct sockaddr *address)
{
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        return ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        return IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
    }
    return false;
}

/* An IPv4 client of a socket that takes both is the one that it is elsewhere. */
static void set_address(struct ak_http_conn *conn, const struct sockaddr *address)
{
    if (!address) return;
    conn->loopback = is_loopback(address);
    if (address->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, address, sizeof in);
        memcpy(conn->address, &in.sin_addr, 4);
        conn->address_len = 4;
    } else if (address->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, address, sizeof in6);
        bool mapped = IN6_IS_ADDR_V4MAPPED(&in6.sin6_addr);
        conn->address_len = mapped ? 4 : 16;
        memcpy(conn->address, in6.sin6_addr.s6_addr + (mapped ? 12 : 0), conn->address_len);
    }
}

struct ak_span ak_http_customer(const struct ak_http_conn *conn)
{
    return ak_span(conn->address, conn->address_len == 16 ? CUSTOMER_BYTES : conn->address_len);
}

struct ak_span ak_http_network(const struct ak_http_conn *conn)
{
    size_t len = conn->address_len == 16 ? NETWORK_BYTES : NETWORK_V4_BYTES;
    return ak_span(conn->address, conn->address_len ? len : 0);
}

static void begin(struct ak_http_door *door, struct MHD_Connection *mhd, void **socket_ctx)
{
    struct ak_http *server = door->server;
    *socket_ctx = NULL;
    if (server->free_conn_count == 0) return; /* its first request is refused */
    uint32_t index = server->free_conns[--server->free_conn_count];
    struct ak_http_conn *conn = &server->conns[index];
    *conn = (struct ak_http_conn){.id = ++server->next_conn_id,
        .listener = (unsigned)(door - server->doors),
        .fd = -1,
        .open = true,
        .deadline_ms = server->now_ms + server->config.request_ms};
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info) conn->fd = info->connect_fd;
    info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_CLIENT_ADDRESS);
    if (info) set_address(conn, info->client_addr);
    if (door->tls) ak_http_tls_follow(mhd, &server->transcripts[index]);
    server->figures.connections++;
    server->figures.accepted++;
    *socket_ctx = conn;
    server->config.hooks.opened(server->config.hooks.ctx, conn);
}

static void end(struct ak_http_door *door, struct ak_http_conn *conn)
{
    struct ak_http *server = door->server;
    if (!conn) return;
    door->ready = true; /* at its limit the library listens again only when it runs once more */
    server->config.hooks.closed(server->config.hooks.ctx, conn);
    if (door->tls) ak_http_tls_forget(&server->transcripts[conn - server->conns]);
    conn->open = false;
    server->figures.connections--;
    server->free_conns[server->free_conn_count++] = (uint32_t)(conn - server->conns);
}

void ak_http_on_connection(
    void *cls, struct MHD_Connection *mhd, void **socket_ctx, enum MHD_ConnectionNotificationCode code)
{
    struct ak_http_door *door = cls;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        begin(door, mhd, socket_ctx);
    } else {
        end(door, *socket_ctx);
        *socket_ctx = NULL;
    }
}

/* The same machine's: operator, broker, tools. */
static bool is_remote(const struct ak_http_conn *from)
{
    return from->address_len && !from->loopback;
}

static bool too_many(const struct ak_http *server, const struct ak_http_conn *from)
{
    unsigned same = 0;
    if (server->config.per_address == 0) return false;
    for (size_t i = 0; i < server->count; i++) {
        const struct ak_http_conn *conn = &server->conns[i];
        same += conn->open && ak_span_eq(ak_http_customer(conn), ak_http_customer(from));
    }
    return same >= server->config.per_address;
}

/* Seeded, and by a hash that mixes whole: nobody chooses whose place is the own one, too, and a neighbour's
 * is no likelier than any other. */
static uint8_t *share_of(struct ak_http *server, const struct ak_http_conn *from)
{
    const struct ak_span parts[] = {AK_SPAN_ARR(server->tls_seed), ak_http_customer(from)};
    uint8_t hash[AK_SHA256_LEN];
    _Static_assert(AK_HTTP_TLS_SHARES == UINT8_MAX + 1, "a byte names one");
    ak_sha256_parts(parts, AK_COUNT(parts), hash);
    return &server->tls_shares[hash[0]];
}

/* One that only comes and goes leaves most handshakes of a second to others. */
static bool tls_share_takes(struct ak_http *server, const struct ak_http_conn *from)
{
    unsigned most = server->config.tls_accepts_per_s / TLS_PART;
    if (server->config.tls_accepts_per_s == 0 || !is_remote(from)) return true;
    if (ak_num_sub_sat(server->now_ms, server->tls_shares_ms) >= 1000) {
        memset(server->tls_shares, 0, sizeof server->tls_shares);
        server->tls_shares_ms = server->now_ms;
    }
    uint8_t *taken = share_of(server, from);
    if (*taken >= (most ? most : 1) || *taken == UINT8_MAX) return false;
    (*taken)++;
    return true;
}

/* A TLS handshake costs as much as a hundred requests, so new ones come from a bucket of one second's worth.
 */
static bool tls_bucket_takes(struct ak_http *server)
{
    if (server->config.tls_accepts_per_s == 0) return true;
    uint64_t cost = server->config.tls_accepts_per_s < 1000 ? 1000 / server->config.tls_accepts_per_s : 1;
    server->tls_tokens_ms += ak_num_sub_sat(server->now_ms, server->tls_refill_ms);
    server->tls_refill_ms = server->now_ms;
    if (server->tls_tokens_ms > 1000) server->tls_tokens_ms = 1000;
    if (server->tls_tokens_ms < cost) return false;
    server->tls_tokens_ms -= cost;
    return true;
}

enum MHD_Result ak_http_on_accept(void *cls, const struct sockaddr *address, socklen_t len)
{
    struct ak_http_door *door = cls;
    struct ak_http *server = door->server;
    struct ak_http_conn from = {0};
    (void)len;
    set_address(&from, address);
    bool room = !is_remote(&from) ||
                (server->free_conn_count > server->count / LOCAL_PART && !too_many(server, &from));
    if (room && (!door->tls || (tls_share_takes(server, &from) && tls_bucket_takes(server)))) return MHD_YES;
    server->figures.refused++;
    return MHD_NO;
}

static void end_unanswered(struct ak_http *server)
{
    for (size_t i = 0; i < server->count && server->waiting; i++) {
        struct ak_http_slot *slot = &server->slots[i];
        if ((slot->state != AK_SLOT_SUSPENDED && slot->state != AK_SLOT_ASKED) ||
            server->now_ms - slot->asked_ms < server->config.answer_ms)
            continue;
        server->figures.unanswered++;
        ak_http_answer_error(server, &slot->request, AK_CODE_NOT_READY, "no answer in time", true);
    }
}

/* The library's own time-out starts anew with each byte; this one does not. */
void ak_http_tick(struct ak_http *server, uint64_t now_ms)
{
    server->now_ms = now_ms;
    end_unanswered(server);
    for (size_t i = 0; i < server->count; i++) {
        struct ak_http_conn *conn = &server->conns[i];
        if (!conn->open || conn->busy || conn->fd < 0 || now_ms < conn->deadline_ms) continue;
        conn->deadline_ms = UINT64_MAX;
        server->figures.timed_out++;
        (void)shutdown(conn->fd, SHUT_RDWR);
    }
    for (size_t i = 0; i < server->config.listener_count; i++) server->doors[i].ready = true;
}
