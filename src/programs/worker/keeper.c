/* The keeper's process: start, the loop, the stop. Order of a turn: time, requests, jobs out, jobs and
 * commits and seals in, replies; one write to the gateway a turn. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "base/codec/json.h"
#include "base/crypto/k256.h"
#include "core/frames/closed.h"
#include "core/frames/hello.h"
#include "io/conf/boot_fail.h"
#include "io/conf/program.h"
#include "io/log/log.h"
#include "io/proc/arena_hooks.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "io/proc/sandbox.h"
#include "io/proc/secmem.h"
#include "io/proc/spawn.h"
#include "io/proc/supervise.h"
#include "programs/worker/keeper.h"
#include "programs/worker/roles.h"

enum {
    CONF_MAX = 64 * 1024,
    LOOP_STACK = 128 * 1024,
    TICK_MS = 1000,
    STORAGE_MS = 1000,
    SNAPSHOT_EVERY = 10000
};

static void take_request(struct ak_keeper *keeper, struct ak_reader *reader)
{
    struct ak_frame_request request;
    if (ak_frame_request_decode(reader, &request) != AK_OK) {
        ak_log_event(AK_LOG_ERROR, "gateway_frame_malformed");
        keeper->fatal = true;
        return;
    }
    ak_keeper_step(keeper, &request);
}

static void take_attest(struct ak_keeper *keeper, struct ak_reader *reader)
{
    struct ak_frame_attest attest;
    if (ak_frame_attest_decode(reader, &attest) == AK_OK)
        ak_keeper_attest_take(keeper, &attest);
    else
        keeper->fatal = true;
}

static void take_frame(struct ak_keeper *keeper, struct ak_span frame)
{
    struct ak_reader reader = ak_reader(frame);
    struct ak_frame_closed closed;
    unsigned type = 0;
    enum ak_err err = ak_frame_read_head(&reader, &type);
    if (err || !ak_frame_permitted(AK_SENDER_GATEWAY, keeper->phase, type)) {
        ak_log(AK_LOG_ERROR, "gateway_frame_refused", ak_log_u64("type", type), ak_log_err(err));
        keeper->fatal = true;
        return;
    }
    if (type == AK_FRAME_REQUEST) take_request(keeper, &reader);
    if (type == AK_FRAME_ATTEST) take_attest(keeper, &reader);
    if (type != AK_FRAME_CLOSED) return;
    if (ak_frame_closed_decode(&reader, &closed) == AK_OK)
        ak_engine_closed(keeper->engine, closed.conn);
    else
        keeper->fatal = true;
}

/* Requests that came together; stops where no answer could be kept or sent, or the batch is full. */
static void take_frames(struct ak_keeper *keeper)
{
    struct ak_span frame;
    enum ak_err err = AK_OK;
    if (keeper->gateway.broken) return; /* it is gone: the stop has begun */
    while (!keeper->fatal && keeper->free_pending && ak_engine_has_room(keeper->engine) &&
           ak_keeper_may_send(keeper) && (err = ak_channel_next(&keeper->gateway, &frame)) == AK_OK)
        take_frame(keeper, frame);
    if (err && err != AK_E_NOT_FOUND) keeper->fatal = true;
}

/* The gateway ends first at every stop, with or without having read all that was written to it; whatever
 * ended it, what was acknowledged is kept and the stop is clean. */
static void gateway_ended(struct ak_keeper *keeper, enum ak_err err)
{
    if (!keeper->stopping) ak_log(AK_LOG_INFO, "gateway_ended", ak_log_err(err));
    keeper->stopping = true;
}

static void fill_gateway(struct ak_keeper *keeper)
{
    enum ak_err err = ak_channel_fill(&keeper->gateway);
    if (err) gateway_ended(keeper, err);
}

static void storage_turn(struct ak_keeper *keeper, uint64_t now_ms)
{
    if (now_ms - keeper->storage_ms < STORAGE_MS || !ak_helper_idle(&keeper->committer)) return;
    keeper->storage_ms = now_ms;
    ak_engine_storage_low(keeper->engine, ak_store_low(keeper->store));
}

static void flush_gateway(struct ak_keeper *keeper)
{
    if (!ak_channel_wants_write(&keeper->gateway)) return;
    enum ak_err err = ak_channel_flush(&keeper->gateway);
    if (err) gateway_ended(keeper, err);
}

static void turn(struct ak_keeper *keeper)
{
    uint64_t now_ms = ak_clock_mono_ms();
    ak_engine_tick(keeper->engine, ak_clock_wall_ms(), now_ms);
    flush_gateway(keeper);
    ak_keeper_send_held(keeper);
    ak_keeper_commit_done(keeper);
    take_frames(keeper);
    ak_keeper_send_jobs(keeper);
    ak_keeper_release_jobs(keeper);
    ak_keeper_check_turn(keeper, now_ms);
    ak_keeper_vault_turn(keeper, now_ms);
    ak_keeper_seal_done(keeper);
    ak_keeper_read_done(keeper);
    storage_turn(keeper, now_ms);
    ak_keeper_commit_if_due(keeper, ak_clock_mono_ns() / 1000);
    ak_keeper_seal_if_due(keeper, now_ms);
    ak_keeper_check_if_due(keeper, now_ms);
    ak_keeper_attest_turn(keeper, now_ms);
    ak_keeper_read_next(keeper);
    if (keeper->restart_ms && now_ms >= keeper->restart_ms) keeper->stopping = true;
    if (now_ms - keeper->status_ms >= TICK_MS) {
        keeper->status_ms = now_ms;
        ak_keeper_send_status(keeper);
        ak_child_beat();
    }
    flush_gateway(keeper);
}

static void watch(struct ak_keeper *keeper, int fd, uint32_t events)
{
    struct epoll_event event = {.events = events, .data.fd = fd};
    if (epoll_ctl(keeper->epoll_fd, EPOLL_CTL_ADD, fd, &event)) keeper->fatal = true;
}

/* Writability of the gateway's channel is asked for only while something waits to be written. */
static void rewatch_gateway(struct ak_keeper *keeper, bool *watching_write)
{
    bool wants = ak_channel_wants_write(&keeper->gateway);
    if (wants == *watching_write) return;
    struct epoll_event event = {.events = EPOLLIN | (wants ? EPOLLOUT : 0), .data.fd = keeper->gateway.fd};
    if (epoll_ctl(keeper->epoll_fd, EPOLL_CTL_MOD, keeper->gateway.fd, &event)) keeper->fatal = true;
    *watching_write = wants;
}

/* While many are in flight and the pool is at work, which wakes the loop before long, a batch that became
 * durable is taken then: one wake less a batch. */
static bool commit_waits_for_loop(struct ak_keeper *keeper)
{
    bool hush = keeper->in_flight > AK_FEW_IN_FLIGHT && ak_pool_busy(&keeper->pool);
    return ak_helper_hush(&keeper->committer, hush) && !hush;
}

/* While a batch waits for more entries, the loop comes back within its time. */
static int sleep_ms(struct ak_keeper *keeper)
{
    if (commit_waits_for_loop(keeper)) return 0;
    if (ak_engine_pending(keeper->engine) && ak_helper_idle(&keeper->committer)) return 1;
    int most_ms = ak_keeper_attest_wait_ms(keeper, TICK_MS);
    return ak_keeper_check_sleep_ms(keeper, ak_clock_mono_ms(), most_ms);
}

static void take_event(struct ak_keeper *keeper, int fd)
{
    if (fd == keeper->gateway.fd) fill_gateway(keeper);
    if (fd == keeper->event_fd) ak_event_clear(fd);
    if (fd == keeper->stop_fd) keeper->stopping = true;
    if (keeper->has_tls && fd == keeper->tls.fd) ak_keeper_tls_turn(keeper);
}

static void loop(struct ak_keeper *keeper)
{
    struct epoll_event events[8];
    bool watching_write = false;
    watch(keeper, keeper->gateway.fd, EPOLLIN);
    watch(keeper, keeper->event_fd, EPOLLIN);
    watch(keeper, keeper->stop_fd, EPOLLIN);
    if (keeper->has_tls) watch(keeper, keeper->tls.fd, EPOLLIN);
    while (!keeper->fatal && !keeper->stopping) {
        int count = epoll_wait(keeper->epoll_fd, events, (int)AK_COUNT(events), sleep_ms(keeper));
        if (count < 0 && errno != EINTR) break;
        for (int i = 0; i < count; i++) take_event(keeper, events[i].data.fd);
        turn(keeper);
        rewatch_gateway(keeper, &watching_write);
    }
}

/* ---- start ---- */

static void read_conf(struct ak_keeper *keeper)
{
    static uint8_t text[CONF_MAX];
    struct ak_boot_fail why;
    size_t len = 0;
    if (ak_spawn_read_all(AK_FD_CONF, text, sizeof text, &len) != AK_OK)
        ak_boot_fail("bad_config", "", "", "the supervisor gave no configuration", "docs/operations.md");
    if (ak_conf_load_text(&keeper->conf, &ak_worker_conf_table, ak_span(text, len), &why) != AK_OK)
        ak_boot_fail_exit(&why);
}

static bool fd_is_open(int fd)
{
    return fcntl(fd, F_GETFD) >= 0;
}

static void init_memory(struct ak_keeper *keeper)
{
    struct ak_secmem_report report;
    if (ak_secmem_init(AK_SECMEM_POOL_DEFAULT, AK_RELEASE, &report) != AK_OK ||
        ak_secmem_install_openssl() != AK_OK)
        ak_conf_program_locked("key memory");
    if (!report.locked) ak_log_event(AK_LOG_WARN, "key_memory_not_locked");
    uint8_t blind[32];
    uint64_t seed = 0;
    ak_random_bytes(blind, sizeof blind);
    ak_random_bytes(&seed, sizeof seed);
    ak_json_init((uint32_t)seed);
    if (ak_secmem_stack_lock(LOOP_STACK, AK_RELEASE) != AK_OK)
        ak_conf_program_locked("the stack of the keeper's loop");
    if (ak_k256_init(blind) != AK_OK) ak_boot_fail("crypto", "", "", "libsecp256k1 cannot be set up", "");
    ak_wipe(blind, sizeof blind);
    struct ak_arena_hooks hooks = ak_arena_hooks_mmap();
    keeper->pendings = hooks.grow(hooks.ctx, AK_PENDING_MAX * sizeof *keeper->pendings);
    if (!keeper->pendings) ak_boot_fail("no_memory", "", "", "no memory for requests", "");
    for (size_t i = AK_PENDING_MAX; i-- > 0;) {
        keeper->pendings[i].next_free = keeper->free_pending;
        keeper->free_pending = &keeper->pendings[i];
    }
}

static void enter_sandbox(struct ak_keeper *keeper)
{
    struct ak_sandbox_report report;
    struct ak_sandbox sandbox = {.role = AK_ROLE_KEEPER,
        .data_dir = ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR),
        .slot_dir = keeper->slot_dir[0] ? keeper->slot_dir : NULL,
        .user = ak_conf_text(&keeper->conf, AK_WORKER_USER)};
    if (ak_sandbox_enter(&sandbox, &report) != AK_OK)
        ak_boot_fail("sandbox", "", "", "seccomp or limits cannot be set", "docs/operations.md#sandbox");
    ak_log(AK_LOG_INFO, "sandboxed", ak_log_u64("landlock_abi", (uint64_t)report.landlock_abi),
        ak_log_u64("seccomp", report.seccomp));
}

static size_t thread_count(const struct ak_keeper *keeper)
{
    uint64_t threads = ak_conf_number(&keeper->conf, AK_WORKER_THREADS);
    long cores = threads ? (long)threads : sysconf(_SC_NPROCESSORS_ONLN);
    return cores > 0 ? (size_t)cores : 1;
}

/* A stack that cannot be locked and a thread that cannot be had are not told apart. */
static void start_pool(struct ak_keeper *keeper)
{
    size_t count = thread_count(keeper);
    char text[24];
    (void)snprintf(text, sizeof text, "%zu", count);
    if (ak_pool_start(&keeper->pool, count, AK_RELEASE, keeper->event_fd) != AK_OK)
        ak_boot_fail("threads", "threads", text,
            "so many cannot be started, each with 128 KiB of locked memory: raise RLIMIT_MEMLOCK and the "
            "limit "
            "on tasks, or lower it",
            "docs/operations.md#locked-memory");
}

static void start_threads(struct ak_keeper *keeper)
{
    enum ak_err err = ak_keeper_writers_start(keeper);
    if (!err && keeper->warned) ak_helper_warned_by(&keeper->committer, AK_FD_FIRST + AK_KEEPER_FD_WARNING);
    if (!err) start_pool(keeper);
    if (!err) err = ak_keeper_reader_open(keeper);
    if (!err) err = ak_keeper_vault_start(keeper);
    if (!err) err = ak_keeper_attest_start(keeper);
    if (!err) err = ak_keeper_check_start(keeper);
    if (err) ak_boot_fail("threads", "threads", "", "threads cannot be started", "docs/operations.md");
}

static void wait_for_hello(struct ak_keeper *keeper)
{
    struct ak_span frame;
    struct ak_frame_hello hello = {0};
    unsigned type = 0;
    enum ak_err err = ak_channel_wait(&keeper->gateway, 60000, &frame);
    struct ak_reader reader = ak_reader(frame);
    if (!err) err = ak_frame_read_head(&reader, &type);
    if (!err && !ak_frame_permitted(AK_SENDER_GATEWAY, AK_PHASE_START, type)) err = AK_E_MEANING;
    if (!err) err = ak_frame_hello_decode(&reader, &hello);
    if (!err && !ak_span_eq(hello.version, AK_SPAN_LIT(AK_VERSION))) err = AK_E_UNSUPPORTED;
    if (err) {
        ak_log(AK_LOG_ERROR, "gateway_hello", ak_log_err(err));
        keeper->fatal = true;
    }
}

static void welcome(struct ak_keeper *keeper)
{
    uint8_t spki[91];
    struct ak_frame_welcome message = {.dev = keeper->dev, .caps = keeper->tee.ops->caps(keeper->tee.impl)};
    struct ak_buf certificate = ak_buf(keeper->body, AK_WELCOME_CERTIFICATE_MAX);
    struct ak_buf frame = AK_BUF_ARR(keeper->frame);
    memcpy(message.worker_id, keeper->state->worker_id, 16);
    if (keeper->has_tls) {
        if (ak_keeper_tls_certificate(keeper, &certificate, spki) != AK_OK) keeper->fatal = true;
        message.spki = AK_SPAN_ARR(spki);
        message.certificate = ak_buf_span(&certificate);
    }
    if (ak_frame_welcome_encode(&message, &frame) != AK_OK ||
        ak_channel_send(&keeper->gateway, ak_buf_span(&frame)) != AK_OK)
        keeper->fatal = true;
    keeper->phase = AK_PHASE_SERVE;
    ak_keeper_send_status(keeper);
    if (ak_channel_flush(&keeper->gateway) != AK_OK) keeper->fatal = true;
}

/* ---- stop ---- */

/* All that was acknowledged becomes durable and sealed, in one seal where no snapshot is due. A stop that
 * cannot do that says so, also by its exit status; the next start takes up what is durable. */
static void keep_all(struct ak_keeper *keeper)
{
    ak_keeper_release_jobs(keeper);
    ak_engine_stop(keeper->engine);
    if (ak_keeper_commit_all(keeper) == AK_OK) {
        ak_keeper_snapshot(keeper, SNAPSHOT_EVERY);
        if (ak_keeper_flush(keeper, true) == AK_OK) {
            ak_log_event(AK_LOG_INFO, "stopped_clean");
            return;
        }
    }
    keeper->fatal = true;
}

static void stop(struct ak_keeper *keeper)
{
    ak_pool_stop(&keeper->pool);
    ak_job_keys_done(&keeper->job_keys);
    if (!keeper->fatal) keep_all(keeper);
    if (keeper->fatal)
        ak_log(AK_LOG_ERROR, "stopped_unsealed", ak_log_u64("durable", keeper->durable_size),
            ak_log_u64("sealed", keeper->sealed_size));
    ak_keeper_attest_stop(keeper);
    ak_keeper_fail_all(keeper, AK_CODE_NOT_READY);
    do { /* the gateway may be gone already */
        ak_keeper_send_held(keeper);
    } while (ak_channel_drain(&keeper->gateway, 200) == AK_OK && keeper->held.first);
    ak_helper_stop(&keeper->committer);
    ak_helper_stop(&keeper->sealer);
    ak_helper_stop(&keeper->reader);
    ak_keeper_check_stop(keeper);
    ak_keeper_vault_stop(keeper);
}

static void open_channels(struct ak_keeper *keeper)
{
    keeper->has_tls = fd_is_open(AK_FD_FIRST + AK_KEEPER_FD_TLS_SIGN);
    enum ak_err err = ak_channel_init(&keeper->gateway, AK_FD_PEER, 0);
    if (!err && keeper->has_tls)
        err = ak_channel_init(&keeper->tls, AK_FD_FIRST + AK_KEEPER_FD_TLS_SIGN, 64 * 1024);
    keeper->epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    if (!err) err = ak_stop_fd(false, &keeper->stop_fd);
    if (err || keeper->epoll_fd < 0) ak_boot_fail("channels", "", "", "no channel to the gateway", "");
}

int ak_keeper_main(void)
{
    static struct ak_keeper keeper;
    keeper.tls.fd = -1;
    read_conf(&keeper);
    ak_log_init((enum ak_log_level)ak_conf_choice(&keeper.conf, AK_WORKER_LOG_LEVEL), "keeper", 2);
    keeper.dev = fd_is_open(AK_FD_FIRST + AK_KEEPER_FD_DEV_SECRET);
    keeper.warned = fd_is_open(AK_FD_FIRST + AK_KEEPER_FD_WARNING);
    init_memory(&keeper);
    open_channels(&keeper);
    ak_keeper_open(&keeper);
    enter_sandbox(&keeper);
    start_threads(&keeper);
    ak_keeper_begin(&keeper);
    wait_for_hello(&keeper);
    welcome(&keeper);
    ak_child_ready();
    loop(&keeper);
    stop(&keeper);
    bool failed = keeper.fatal;
    ak_keeper_close(&keeper);
    return failed ? AK_STOP_FAIL_EXIT : 0;
}
