/* `agentkeys-broker serve`: opens everything, gives up what it does not need, and runs the loop: one epoll
 * over the HTTP listeners, finished jobs and the stop signal. */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include <curl/curl.h>

#include "io/conf/program.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/notify.h"
#include "io/proc/random.h"
#include "io/proc/sandbox.h"
#include "io/proc/supervise.h"
#include "programs/broker/broker.h"
#include "programs/worker/listen.h"

enum {
    EVENTS_MAX = 16,
    TICK_MS = 1000,
    STOP_WAIT_MS = 5000,
    IDLE_MS = 15000,
    REQUEST_MS = 30000,
    ANSWER_BESIDE_MS = 20000, /* beyond the worker's own time */
    PROVIDER_FETCHES = 4,     /* the most that one answer may need */
    PER_ADDRESS_PART = 4,     /* of the connections, for one remote address */
    FILES_BESIDE = 64,
    FILES_A_THREAD = 8,
    AUTHORITIES_MAX = 256 * 1024,
    WAIT_STOP = 100, /* epoll tags: listeners are 0 and on */
    WAIT_JOBS = 101,
};

#define SEE      "docs/operations.md#broker"
#define DB_FILE  "broker.db"
#define URL_FILE "broker.url"

static struct ak_broker the;
static uint8_t authorities[AUTHORITIES_MAX];
static struct ak_http_config http;
static struct ak_notify notify;
static int stop_fd, epoll_fd;
static int url_fd = -1; /* of broker.url, while it is ours */
static uint64_t tick_ms, stop_ms, watchdog_ms;

static const char *text(unsigned key)
{
    return ak_conf_text(&the.conf, key);
}

/* ---- opening ---- */
static void make_origin(uint16_t port)
{
    char host[64];
    uint16_t asked = 0;
    struct ak_buf url = AK_BUF_ARR(the.origin);
    if (text(AK_BROKER_PUBLIC_URL)[0]) {
        ak_buf_put_str(&url, text(AK_BROKER_PUBLIC_URL));
    } else if (ak_conf_split_listen(text(AK_BROKER_LISTEN), host, &asked) == AK_OK) {
        bool v6 = strchr(host, ':') != NULL;
        ak_buf_put_str(&url, v6 ? "http://[" : "http://");
        ak_buf_put_str(&url, host);
        ak_buf_put_str(&url, v6 ? "]:" : ":");
        ak_buf_put_dec(&url, port);
    }
    if (ak_buf_terminate(&url) != AK_OK) the.origin[0] = 0;
}

/* The file is whose lock it is: of two brokers in one folder the first has it, and one that was killed has
 * left it. -1: another's, or none can be had. */
static int take_url_file(void)
{
    struct stat info;
    int fd = openat(the.data_fd, URL_FILE, O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) return -1;
    bool ours = flock(fd, LOCK_EX | LOCK_NB) == 0 && fstat(fd, &info) == 0 && S_ISREG(info.st_mode) &&
                info.st_nlink == 1; /* else its owner removed it in between */
    if (ours && ftruncate(fd, 0) == 0) return fd;
    (void)close(fd);
    return -1;
}

/* Who chose port 0 finds the address here. */
static void write_url_file(uint16_t port)
{
    char line[AK_CONF_TEXT_MAX];
    struct ak_buf out = AK_BUF_ARR(line);
    ak_buf_put_str(&out, "http://127.0.0.1:");
    ak_buf_put_dec(&out, port);
    ak_buf_put_u8(&out, '\n');
    url_fd = take_url_file();
    if (url_fd < 0 || write(url_fd, line, out.len) != (ssize_t)out.len)
        ak_log_event(AK_LOG_WARN, "url_file_not_written");
}

static void open_listeners(void)
{
    struct ak_boot_fail fail;
    uint16_t port = 0;
    int tcp = -1, local = -1;
    const struct ak_listen_owner owner = {(uid_t)-1, (gid_t)-1};
    enum ak_err err = ak_listen_tcp(text(AK_BROKER_LISTEN), &tcp, &port, &fail);
    if (!err) err = ak_listen_unix("socket", text(AK_BROKER_SOCKET), 0660, &owner, &local, &fail);
    if (err) ak_boot_fail_exit(&fail);
    if (tcp >= 0) http.listeners[http.listener_count++] = (struct ak_http_listener){tcp, false};
    if (local >= 0) http.listeners[http.listener_count++] = (struct ak_http_listener){local, false};
    make_origin(port);
    if (tcp >= 0) write_url_file(port);
    ak_log(AK_LOG_INFO, "listening", ak_log_u64("port", port), ak_log_str("socket", text(AK_BROKER_SOCKET)),
        ak_log_str("origin", the.origin));
}

static void load_keys(void)
{
    enum ak_err err = ak_signin_keys_load(the.data_fd, &the.keys);
    if (err == AK_E_NOT_FOUND)
        ak_boot_fail("no_keys", "data_dir", text(AK_BROKER_DATA_DIR),
            "there are no keys; run agentkeys-broker init first", SEE);
    if (err)
        ak_boot_fail("bad_keys", "data_dir", text(AK_BROKER_DATA_DIR),
            "broker.key and file.key must be 64 hex characters each, owned by this user and closed to others",
            SEE);
}

static void open_mail(void)
{
    struct ak_mail_server *mail = &the.mail;
    *mail = (struct ak_mail_server){.url = text(AK_BROKER_MAIL_URL),
        .plain = !ak_conf_on(&the.conf, AK_BROKER_MAIL_STARTTLS),
        .from = text(AK_BROKER_MAIL_FROM),
        .user = text(AK_BROKER_MAIL_USER),
        .timeout_s = (unsigned)ak_conf_number(&the.conf, AK_BROKER_MAIL_TIMEOUT)};
    if (mail->url[0] && text(AK_BROKER_MAIL_CA_FILE)[0])
        mail->authorities = ak_span(authorities,
            ak_broker_read_file(&the.conf, AK_BROKER_MAIL_CA_FILE, authorities, sizeof authorities, false));
    if (mail->url[0] && text(AK_BROKER_MAIL_PASSWORD_FILE)[0])
        ak_broker_read_secret(&the.conf, AK_BROKER_MAIL_PASSWORD_FILE, mail->password, sizeof mail->password);
}

static void open_state(void)
{
    struct ak_buf path = AK_BUF_ARR(the.db_path);
    ak_buf_put_str(&path, text(AK_BROKER_DATA_DIR));
    ak_buf_put_str(&path, "/" DB_FILE);
    enum ak_err err = ak_buf_terminate(&path);
    if (!err) err = ak_signin_db_open(the.db_path, &the.front_db);
    if (err == AK_E_FULL)
        ak_boot_fail("storage_full", "data_dir", text(AK_BROKER_DATA_DIR), "no room to open broker.db", SEE);
    if (err)
        ak_boot_fail("bad_state", "data_dir", text(AK_BROKER_DATA_DIR),
            "broker.db cannot be opened for writing, or is of another version", SEE);
}

static void open_worker(void)
{
    struct ak_buf origin = AK_BUF_ARR(the.worker.origin), path = AK_BUF_ARR(the.worker.socket);
    ak_buf_put_str(&origin, "http://localhost");
    ak_buf_put_str(&path, text(AK_BROKER_WORKER_SOCKET));
    if (ak_buf_terminate(&origin) != AK_OK || ak_buf_terminate(&path) != AK_OK)
        ak_boot_fail("bad_value", "worker_socket", text(AK_BROKER_WORKER_SOCKET), "too long", SEE);
    the.worker.local = true;
}

static uint64_t files_needed(void)
{
    size_t threads = (size_t)ak_conf_number(&the.conf, AK_BROKER_THREADS);
    return ak_conf_number(&the.conf, AK_BROKER_MAX_CONNECTIONS) + FILES_BESIDE +
           (threads + the.providers_count * AK_PROVIDER_THREADS) * FILES_A_THREAD;
}

static void confine(void)
{
    struct ak_sandbox_report report;
    const struct ak_sandbox sandbox = {.role = AK_ROLE_BROKER,
        .data_dir = text(AK_BROKER_DATA_DIR),
        .user = text(AK_BROKER_USER),
        .max_files = (unsigned)files_needed()};
    if (ak_sandbox_enter(&sandbox, &report) != AK_OK)
        ak_boot_fail("sandbox", "user", text(AK_BROKER_USER), "the sandbox cannot be entered", SEE);
    ak_log(AK_LOG_INFO, "sandbox", ak_log_u64("landlock_abi", (uint64_t)report.landlock_abi),
        ak_log_u64("seccomp", report.seccomp));
}

/* What libraries read once and late: the zone, and the hash seed of JSON documents. */
static void warm_up(void)
{
    time_t now = 0;
    struct tm parts;
    uint64_t seed = 0;
    (void)gmtime_r(&now, &parts);
    tzset();
    while (!seed) ak_random_bytes(&seed, sizeof seed);
    ak_json_init(seed);
    if (curl_global_init(CURL_GLOBAL_DEFAULT))
        ak_boot_fail("no_memory", "", "", "libcurl does not start", SEE);
}

static bool watch(int fd, uint32_t tag)
{
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = tag};
    return epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event) == 0;
}

static enum ak_err open_http(void)
{
    unsigned connections = (unsigned)ak_conf_number(&the.conf, AK_BROKER_MAX_CONNECTIONS);
    http.max_connections = connections;
    http.per_address = connections / PER_ADDRESS_PART;
    http.idle_ms = IDLE_MS;
    http.request_ms = REQUEST_MS;
    http.answer_ms = (unsigned)(ak_conf_ms(&the.conf, AK_BROKER_WORKER_TIMEOUT) +
                                PROVIDER_FETCHES * ak_conf_ms(&the.conf, AK_BROKER_OAUTH2_TIMEOUT)) +
                     ANSWER_BESIDE_MS;
    http.hooks = (struct ak_http_hooks){&the, ak_front_opened, ak_front_closed, ak_front_request, NULL};
    AK_TRY(ak_http_open(&http, &the.http));
    for (uint32_t i = 0; i < http.listener_count; i++)
        if (!watch(ak_http_fd(the.http, i), i)) return AK_E_IO;
    return watch(the.wake_fd, WAIT_JOBS) && watch(stop_fd, WAIT_STOP) ? AK_OK : AK_E_IO;
}

static void start(void)
{
    the.data_fd = ak_broker_open_folder(&the.conf, false);
    load_keys();
    open_mail();
    ak_providers_load(&the, &the.conf);
    open_listeners();
    ak_providers_open(&the);
    if (ak_source_nets_parse(ak_span_str(text(AK_BROKER_TRUSTED_PROXIES)), &the.proxies) != AK_OK)
        ak_boot_fail("bad_value", "trusted_proxies", "", "cannot be read", SEE);
    open_worker();
    ak_conf_program_files(&the.conf, AK_BROKER_MAX_CONNECTIONS, files_needed());
    warm_up();
    if (ak_stop_fd(true, &stop_fd) != AK_OK || ak_notify_open(&notify) != AK_OK)
        ak_boot_fail("no_memory", "", "", "no signals, or NOTIFY_SOCKET is no path", SEE);
    confine();
    open_state();
    epoll_fd = epoll_create1(EPOLL_CLOEXEC);
    enum ak_err err = epoll_fd < 0 ? AK_E_IO : ak_pool_start(&the);
    if (!err) err = open_http();
    if (err) ak_boot_fail("no_memory", "threads", "", "threads or listeners cannot be started", SEE);
}

/* ---- the loop ---- */
static void tick(void)
{
    if (the.now_ms - tick_ms < TICK_MS) return;
    tick_ms = the.now_ms;
    ak_http_tick(the.http, the.now_ms);
    if (!notify.watchdog_period_ms || the.now_ms - watchdog_ms < notify.watchdog_period_ms) return;
    watchdog_ms = the.now_ms;
    ak_notify_send(&notify, "WATCHDOG=1");
}

static void begin_stop(void)
{
    if (the.stopping) return;
    the.stopping = true;
    stop_ms = the.now_ms;
    ak_http_quiesce(the.http);
    ak_notify_send(&notify, "STOPPING=1");
    ak_log_event(AK_LOG_INFO, "stopping");
}

static bool stopped(void)
{
    return the.stopping && (ak_http_waiting(the.http) == 0 || the.now_ms - stop_ms > STOP_WAIT_MS);
}

static void turn(void)
{
    struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, ak_http_wait_ms(the.http, TICK_MS));
    the.now_ms = ak_clock_mono_ms();
    for (int i = 0; i < count; i++) {
        uint32_t tag = events[i].data.u32;
        if (tag == WAIT_STOP)
            begin_stop();
        else if (tag == WAIT_JOBS)
            ak_front_finished(&the);
        else
            ak_http_ready(the.http, tag);
    }
    ak_http_run(the.http, the.now_ms);
    tick();
}

static void end(void)
{
    ak_http_close(the.http);
    ak_pool_stop(&the);
    ak_signin_db_close(the.front_db);
    ak_signin_keys_done(&the.keys);
    ak_wipe(&the.mail, sizeof the.mail);
    if (text(AK_BROKER_SOCKET)[0]) (void)unlink(text(AK_BROKER_SOCKET));
    if (url_fd >= 0) (void)unlinkat(the.data_fd, URL_FILE, 0);
}

int ak_broker_serve(int argc, char **argv)
{
    struct ak_boot_fail fail;
    struct ak_conf_dirs dirs;
    ak_broker_load(argc, argv, "serve", &the.conf, &dirs);
    if (ak_broker_conf_validate(&the.conf, &fail) != AK_OK) ak_boot_fail_exit(&fail);
    ak_log_init((enum ak_log_level)ak_conf_choice(&the.conf, AK_BROKER_LOG_LEVEL), "broker", 2);
    start();
    the.now_ms = ak_clock_mono_ms();
    ak_notify_send(&notify, "READY=1\nSTATUS=serving");
    ak_log_event(AK_LOG_INFO, "ready");
    while (!stopped()) turn();
    end();
    return 0;
}
