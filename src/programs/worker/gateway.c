/* The gateway's process: its start, its loop, its end. One thread; one epoll over the HTTP listeners, the
 * keeper's channel and the stop signal; what one turn gathers leaves with one write. */
#include "programs/worker/gateway.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "io/conf/worker_conf.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "io/proc/sandbox.h"
#include "io/proc/spawn.h"
#include "io/proc/supervise.h"
#include "programs/worker/roles.h"

enum {
    EVENTS_MAX = 16,
    TICK_MS = 1000,
    STOP_WAIT_MS = 5000, /* what was asked is answered, but not for longer */
    IDLE_MS = 30000,
    REQUEST_MS = 60000,
    ANSWER_MS = 30000,
    PER_ADDRESS_PART = 4, /* of the connections, for one remote address */
    TLS_ACCEPTS_PER_S = 100,
    LAST_WAIT_MS = 100,
    EXIT_LOST = 3,     /* not AK_BOOT_FAIL_EXIT: the supervisor starts all again */
    FILES_BESIDE = 64, /* descriptors that are not clients */
    WAIT_KEEPER = 100, /* epoll tags: listeners are 0 and on */
    WAIT_STOP = 101,
};

struct loop {
    struct ak_gateway gw;
    struct ak_conf conf;
    struct ak_http_tls tls;
    int epoll_fd;
    int stop_fd;
    bool given[AK_GATEWAY_FD_TLS_SIGN]; /* which listeners the supervisor passed on */
    bool may_warn;
    bool keeper_waits_write;
    bool said_ready;
    uint64_t tick_ms;
    uint64_t stop_ms;
};

static struct loop the; /* large; one process, one gateway */

static bool fd_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static enum ak_err read_conf(struct ak_conf *conf)
{
    static uint8_t text[AK_CONF_FILE_MAX];
    struct ak_boot_fail fail;
    size_t len = 0;
    AK_TRY(ak_spawn_read_all(AK_FD_CONF, text, sizeof text, &len));
    return ak_conf_load_text(conf, &ak_worker_conf_table, ak_span(text, len), &fail);
}

/* The C library reads the zone once, for the Date header; where there is no file system, that is too late. */
static void warm_up(void)
{
    time_t now = 0;
    struct tm parts;
    (void)gmtime_r(&now, &parts);
    tzset();
}

static enum ak_err watch(int fd, uint32_t events, uint32_t tag, int operation)
{
    struct epoll_event event = {.events = events, .data.u32 = tag};
    return epoll_ctl(the.epoll_fd, operation, fd, &event) ? AK_E_IO : AK_OK;
}

static void add_listener(struct ak_http_config *config, int index, bool tls, enum ak_transport transport)
{
    int fd = AK_FD_FIRST + index;
    if (!the.given[index]) return;
    the.gw.transports[config->listener_count] = (uint8_t)transport;
    config->listeners[config->listener_count++] = (struct ak_http_listener){fd, tls};
}

static enum ak_err open_http(void)
{
    unsigned connections = (unsigned)ak_conf_number(&the.conf, AK_WORKER_MAX_CONNECTIONS);
    bool tls = ak_worker_conf_tls(&the.conf);
    bool loopback = ak_worker_conf_is_loopback(&the.conf);
    enum ak_transport tcp = tls ? AK_TRANSPORT_TLS : loopback ? AK_TRANSPORT_LOOPBACK : AK_TRANSPORT_PLAIN;
    the.tls = (struct ak_http_tls){the.gw.welcome.certificate, ak_gateway_tls_sign, &the.gw};
    struct ak_http_config config = {.max_connections = connections,
        .per_address = connections / PER_ADDRESS_PART,
        .idle_ms = IDLE_MS,
        .request_ms = REQUEST_MS,
        .answer_ms = ANSWER_MS,
        .tls_accepts_per_s = TLS_ACCEPTS_PER_S,
        .tls = &the.tls,
        .hooks = {&the.gw, ak_gateway_opened, ak_gateway_closed, ak_gateway_request, ak_gateway_body_max}};
    add_listener(&config, AK_GATEWAY_FD_TCP, tls, tcp);
    add_listener(&config, AK_GATEWAY_FD_UNIX, false, AK_TRANSPORT_UNIX);
    add_listener(&config, AK_GATEWAY_FD_OPERATOR, false, AK_TRANSPORT_OPERATOR);
    add_listener(&config, AK_GATEWAY_FD_BROKER, false, AK_TRANSPORT_BROKER);
    the.gw.broker_uid = ak_worker_conf_broker_uid(&the.conf);
    AK_TRY(ak_http_open(&config, &the.gw.http));
    for (uint32_t i = 0; i < config.listener_count; i++)
        AK_TRY(watch(ak_http_fd(the.gw.http, i), EPOLLIN, i, EPOLL_CTL_ADD));
    return AK_OK;
}

static void log_sandbox(const struct ak_sandbox_report *report)
{
    ak_log(AK_LOG_INFO, "sandbox", ak_log_u64("landlock_abi", (uint64_t)report->landlock_abi),
        ak_log_u64("landlock_net", report->landlock_net), ak_log_u64("seccomp", report->seccomp));
}

static enum ak_err open_channels(void)
{
    AK_TRY(ak_channel_init(&the.gw.keeper, AK_FD_PEER, 0));
    if (ak_worker_conf_tls(&the.conf))
        AK_TRY(ak_channel_init(&the.gw.signer, AK_FD_FIRST + AK_GATEWAY_FD_TLS_SIGN, 64 * 1024));
    return AK_OK;
}

static enum ak_err enter_sandbox(void)
{
    struct ak_sandbox_report report;
    const struct ak_sandbox sandbox = {.role = AK_ROLE_GATEWAY,
        .user = ak_conf_text(&the.conf, AK_WORKER_USER),
        .max_files = (unsigned)ak_conf_number(&the.conf, AK_WORKER_MAX_CONNECTIONS) + FILES_BESIDE};
    AK_TRY(ak_sandbox_enter(&sandbox, &report));
    log_sandbox(&report);
    return AK_OK;
}

static enum ak_err start(void)
{
    /* before anything is opened, which may get the number of a listener that is not there */
    for (int i = 0; i < AK_GATEWAY_FD_TLS_SIGN; i++) the.given[i] = fd_is_open(AK_FD_FIRST + i);
    the.may_warn = fd_is_open(AK_FD_FIRST + AK_GATEWAY_FD_WARNING);
    the.gw.keeper.fd = the.gw.signer.fd = -1;
    the.gw.phase = AK_PHASE_START;
    AK_TRY(read_conf(&the.conf));
    ak_log_init((enum ak_log_level)ak_conf_choice(&the.conf, AK_WORKER_LOG_LEVEL), "gateway", 2);
    AK_TRY(ak_stop_fd(false, &the.stop_fd));
    AK_TRY(open_channels());
    warm_up();
    uint64_t seed = 0;
    while (!seed) ak_random_bytes(&seed, sizeof seed);
    ak_json_init(seed);
    ak_random_bytes(the.gw.source_seed, sizeof the.gw.source_seed);
    the.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (the.epoll_fd < 0) return AK_E_IO;
    AK_TRY(watch(the.stop_fd, EPOLLIN, WAIT_STOP, EPOLL_CTL_ADD));
    AK_TRY(watch(AK_FD_PEER, EPOLLIN, WAIT_KEEPER, EPOLL_CTL_ADD));
    return enter_sandbox();
}

static enum ak_err say_hello(void)
{
    uint8_t memory[64];
    struct ak_buf buf = AK_BUF_ARR(memory);
    const struct ak_frame_hello hello = {.version = AK_SPAN_LIT(AK_VERSION)};
    AK_TRY(ak_frame_hello_encode(&hello, &buf));
    AK_TRY(ak_channel_send(&the.gw.keeper, ak_buf_span(&buf)));
    return ak_channel_flush(&the.gw.keeper);
}

/* Alone in flight, a request waits for its entry, and whoever wakes the ledger's writer for it waits until a
 * core that slept is awake. That is done here, where nobody waits for it, and not by the keeper. */
static void warn_writer(void)
{
    const uint8_t byte = 0;
    if (!the.gw.writes || !the.may_warn || ak_http_waiting(the.gw.http) != 1) return;
    (void)!send(AK_FD_FIRST + AK_GATEWAY_FD_WARNING, &byte, sizeof byte, MSG_DONTWAIT | MSG_NOSIGNAL);
}

/* Leaves with one write; what does not fit waits for the peer. */
static void flush_keeper(void)
{
    if (ak_channel_flush(&the.gw.keeper) != AK_OK) the.gw.failed = true;
    warn_writer();
    the.gw.writes = false;
    bool wants = ak_channel_wants_write(&the.gw.keeper);
    if (wants == the.keeper_waits_write) return;
    the.keeper_waits_write = wants;
    if (watch(AK_FD_PEER, EPOLLIN | (wants ? EPOLLOUT : 0u), WAIT_KEEPER, EPOLL_CTL_MOD) != AK_OK)
        the.gw.failed = true;
}

/* The first welcome opens the doors; the first status that is not "starting" makes us ready. */
static void follow_keeper(void)
{
    if (the.gw.phase == AK_PHASE_SERVE && !the.gw.http && !the.gw.failed) {
        enum ak_err err = open_http();
        if (err) {
            ak_log(AK_LOG_ERROR, "http_failed", ak_log_err(err));
            the.gw.failed = true;
        }
    }
    if (!the.said_ready && the.gw.status_ms && !(the.gw.status.bits & AK_STATUS_STARTING)) {
        the.said_ready = true;
        ak_child_ready();
    }
}

static void read_keeper(void)
{
    struct ak_span frame;
    enum ak_err err = ak_channel_fill(&the.gw.keeper);
    if (err) the.gw.failed = true;
    while (!the.gw.failed && (err = ak_channel_next(&the.gw.keeper, &frame)) == AK_OK) {
        ak_gateway_take_frame(&the.gw, frame);
        follow_keeper();
    }
    if (err != AK_E_NOT_FOUND) the.gw.failed = true;
}

static void tick(void)
{
    if (the.gw.now_ms - the.tick_ms < TICK_MS) return;
    the.tick_ms = the.gw.now_ms;
    ak_child_beat();
    if (the.gw.http) ak_http_tick(the.gw.http, the.gw.now_ms);
}

static void begin_stop(void)
{
    if (the.gw.stopping) return;
    the.gw.stopping = true;
    the.stop_ms = the.gw.now_ms;
    if (the.gw.http) ak_http_quiesce(the.gw.http);
    ak_log_event(AK_LOG_INFO, "stopping");
}

static bool stopped(void)
{
    if (!the.gw.stopping) return false;
    return !the.gw.http || ak_http_waiting(the.gw.http) == 0 || the.gw.now_ms - the.stop_ms > STOP_WAIT_MS;
}

static void turn(void)
{
    struct epoll_event events[EVENTS_MAX];
    int wait_ms = the.gw.http ? ak_http_wait_ms(the.gw.http, TICK_MS) : TICK_MS;
    int count = epoll_wait(the.epoll_fd, events, EVENTS_MAX, wait_ms);
    the.gw.now_ms = ak_clock_mono_ms();
    for (int i = 0; i < count; i++) {
        uint32_t tag = events[i].data.u32;
        if (tag == WAIT_STOP)
            begin_stop();
        else if (tag == WAIT_KEEPER && (events[i].events & ~(uint32_t)EPOLLOUT))
            read_keeper();
        else if (tag != WAIT_KEEPER)
            ak_http_ready(the.gw.http, tag);
    }
    if (the.gw.http) ak_http_run(the.gw.http, the.gw.now_ms);
    if (!the.gw.failed) flush_keeper();
    tick();
}

static int end(void)
{
    the.gw.phase = AK_PHASE_STOP;
    ak_http_close(the.gw.http);
    if (!the.gw.failed) (void)!ak_channel_flush(&the.gw.keeper);
    ak_channel_done(&the.gw.keeper);
    ak_channel_done(&the.gw.signer);
    if (!the.gw.failed) return 0;
    ak_log_event(AK_LOG_ERROR, "keeper_lost");
    /* A keeper that could not start says so by its own exit; let the supervisor see that first. */
    if (!the.said_ready) (void)poll(NULL, 0, LAST_WAIT_MS);
    return EXIT_LOST;
}

int ak_gateway_main(void)
{
    enum ak_err err = start();
    if (!err) err = say_hello();
    if (err) {
        ak_log(AK_LOG_ERROR, "gateway_start_failed", ak_log_err(err));
        return 2;
    }
    the.gw.now_ms = ak_clock_mono_ms();
    while (!the.gw.failed && !stopped()) turn();
    return end();
}
