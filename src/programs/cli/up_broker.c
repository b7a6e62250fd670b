/* The broker of `agentkeys up`: whether there is one, its keys, and what either program has to be told of the
 * other. It lies below the worker's data folder and runs as the same user: on one machine nothing is gained
 * by another. Its settings stand in a file of its own there, so that the next start finds them. */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "io/proc/durable.h"
#include "io/signin/keys.h"
#include "programs/cli/up.h"

#define SOCKET_FILE "broker.sock"
#define CONF_FILE   "broker.conf"
#define SEE         "docs/operations.md#broker-of-agentkeys-up"

enum { HOST_LEN = 64, FILE_LEN = 2 * AK_CONF_TEXT_MAX, FREE_PAUSE_MS = 20, FREE_WAIT_MS = 1000 };

static const char off[] = "agentkeys up --broker off";

static const char *text(const struct ak_up *up, unsigned key)
{
    return ak_conf_text(&up->conf, key);
}

static bool is_given(const struct ak_up *up, unsigned key)
{
    return up->conf.values[key].source != AK_CONF_FROM_DEFAULT && text(up, key)[0];
}

/* The place and the peers of both programs `up` settles; the level of the log they share. */
bool ak_up_is_brokers(size_t key)
{
    if (key == AK_BROKER_WORKER_SOCKET) return false;
    for (size_t i = 0; i < ak_worker_conf_table.count; i++)
        if (strcmp(ak_broker_conf_table.keys[key].name, ak_worker_conf_table.keys[i].name) == 0) return false;
    return true;
}

/* ---- whether ---- */

static bool has_keys(const struct ak_up *up)
{
    char path[AK_CONF_TEXT_MAX + 32];
    (void)snprintf(path, sizeof path, "%s/" AK_SIGNIN_PUB_FILE, up->folder);
    return access(path, F_OK) == 0;
}

static bool has_settings(const struct ak_up *up)
{
    char path[FILE_LEN];
    (void)snprintf(path, sizeof path, "%s/" CONF_FILE, up->folder);
    return access(path, F_OK) == 0;
}

static int decide(struct ak_up *up)
{
    struct ak_cli *cli = up->cli;
    bool others = is_given(up, AK_WORKER_BROKER_SOCKET) || is_given(up, AK_WORKER_BROKER_KEY);
    bool drops = geteuid() == 0 && text(up, AK_WORKER_USER)[0];
    bool old = ak_up_has_sealed_state(up) && !has_keys(up);
    if (up->said == AK_UP_ON && others)
        return ak_cli_fail_usage(cli, "--broker on is not usable here",
            "broker_socket or broker_key is set: the worker has a broker of yours");
    if (up->said == AK_UP_ON && drops)
        return ak_cli_fail_usage(
            cli, "--broker on is not usable here", "with user, each program is started by its own unit");
    if (up->said == AK_UP_ON && old)
        return ak_cli_fail(cli, AK_CATEGORY_CONFLICT, "this worker was made without a broker",
            "whom it believes was sealed at its first start, and an operator changes it", SEE);
    up->with_broker = up->said != AK_UP_OFF && !others && !drops && !old;
    if (old && up->said == AK_UP_UNSAID && !others)
        (void)fprintf(stderr, "agentkeys up: this worker was made without a broker; see " SEE "\n");
    return 0;
}

/* ---- what the broker gets ---- */

/* Not what means another thing to the worker (listen, socket, ...), nor its secret or its service manager. */
static bool is_for_broker(const char *variable)
{
    static const char *const not_its[] = {
        "DEV_KEY_SERVICE_MASTER_SECRET=", "NOTIFY_SOCKET=", "WATCHDOG_USEC=", "WATCHDOG_PID="};
    for (size_t i = 0; i < AK_COUNT(not_its); i++)
        if (strncmp(variable, not_its[i], strlen(not_its[i])) == 0) return false;
    for (size_t key = 0; key < ak_broker_conf_table.count; key++) {
        char name[AK_CONF_ENV_MAX];
        if (ak_up_is_brokers(key) || key == AK_BROKER_LOG_LEVEL) continue;
        ak_conf_env_name(ak_broker_conf_table.keys[key].name, name);
        size_t len = strlen(name);
        if (strncmp(variable, name, len) == 0 && variable[len] == '=') return false;
    }
    return true;
}

static void make_env(struct ak_up *up)
{
    size_t count = 0;
    for (char *const *at = environ; *at && count < AK_UP_ENV_MAX; at++)
        if (is_for_broker(*at)) up->env[count++] = *at;
    up->env[count] = NULL;
}

/* The worker's issuer, as the worker makes it where none is set. */
static void put_issuer(const struct ak_up *up, struct ak_buf *out)
{
    const char *set = text(up, AK_WORKER_ISSUER), *listen = text(up, AK_WORKER_LISTEN);
    if (!set[0]) set = text(up, AK_WORKER_PUBLIC_URL);
    ak_buf_put_str(out, set);
    if (set[0]) return;
    bool none = strcmp(listen, "none") == 0;
    ak_buf_put_str(out, ak_worker_conf_tls(&up->conf) && !none ? "https://" : "http://");
    ak_buf_put_str(out, none ? "localhost" : listen);
}

/* Beside the worker's other sockets. */
static void put_socket(const struct ak_up *up, struct ak_buf *out)
{
    const char *beside = text(up, AK_WORKER_OPERATOR_SOCKET);
    if (!beside[0]) beside = text(up, AK_WORKER_SOCKET);
    const char *slash = strrchr(beside, '/');
    if (slash)
        ak_buf_put(out, ak_span(beside, (size_t)(slash - beside)));
    else
        ak_buf_put_str(out, up->cli->dirs.run);
    ak_buf_put_str(out, "/" SOCKET_FILE);
}

/* In the environment the variable of that name is the client's, which may mean another worker's broker. */
static bool is_public(const struct ak_up *up)
{
    return is_given(up, AK_WORKER_BROKER_URL) &&
           up->conf.values[AK_WORKER_BROKER_URL].source != AK_CONF_FROM_ENV;
}

static bool make_args(struct ak_up *up, const char *socket_path)
{
    char issuer[AK_CONF_TEXT_MAX], file[FILE_LEN];
    struct ak_buf buf = AK_BUF_ARR(issuer);
    struct ak_up_args *args = &up->broker_args;
    const struct ak_conf_key *keys = ak_broker_conf_table.keys;
    put_issuer(up, &buf);
    (void)snprintf(file, sizeof file, "%s/" CONF_FILE, up->folder);
    bool fits = ak_buf_terminate(&buf) == AK_OK && ak_up_add(args, up->broker) && ak_up_add(args, "serve");
    const char *named = up->broker_file ? up->broker_file : has_settings(up) ? file : NULL;
    if (named) fits = fits && ak_up_add_flag(args, "config", named);
    fits = fits && ak_up_add_flag(args, keys[AK_BROKER_DATA_DIR].name, up->folder) &&
           ak_up_add_flag(args, keys[AK_BROKER_WORKER_SOCKET].name, socket_path) &&
           ak_up_add_flag(args, keys[AK_BROKER_ISSUER].name, issuer);
    if (up->broker_listen)
        fits = fits && ak_up_add_flag(args, keys[AK_BROKER_LISTEN].name, up->broker_listen);
    if (is_public(up))
        fits = fits && ak_up_add_flag(args, keys[AK_BROKER_PUBLIC_URL].name, text(up, AK_WORKER_BROKER_URL));
    for (size_t key = 0; key < ak_broker_conf_table.count; key++)
        if (up->broker_flags[key]) fits = fits && ak_up_add_flag(args, keys[key].name, up->broker_flags[key]);
    return fits;
}

/* As the broker itself will read them. */
static int read_settings(struct ak_up *up)
{
    struct ak_boot_fail fail;
    char *copy[AK_UP_ARGS_MAX + 1];
    struct ak_up_args *args = &up->broker_args;
    copy[0] = args->list[0];
    memcpy(copy + 1, args->list + 2, (args->count - 1) * sizeof *copy); /* without its subcommand */
    struct ak_conf_input in = {.dirs = up->cli->dirs,
        .file = AK_BROKER_CONF_FILE,
        .envp = up->env,
        .argc = (int)args->count - 1,
        .argv = copy};
    if (ak_conf_load(&up->broker_conf, &ak_broker_conf_table, &in, &fail) == AK_OK &&
        ak_broker_conf_validate(&up->broker_conf, &fail) == AK_OK)
        return 0;
    char problem[AK_CONF_FLAG_MAX + 32];
    (void)snprintf(problem, sizeof problem, "the broker's %s is not usable", fail.setting);
    return ak_cli_fail(up->cli, AK_CATEGORY_USAGE, problem, fail.reason, off);
}

static int make_url(struct ak_up *up)
{
    char host[HOST_LEN];
    uint16_t port = 0;
    const char *set = ak_conf_text(&up->broker_conf, AK_BROKER_PUBLIC_URL);
    const char *listen = ak_conf_text(&up->broker_conf, AK_BROKER_LISTEN);
    if (!set[0] && (ak_conf_split_listen(listen, host, &port) != AK_OK || port == 0))
        return ak_cli_fail_usage(up->cli, "the broker's listen is not usable",
            "it needs a port, as its address is part of what the worker seals");
    (void)snprintf(up->url, sizeof up->url, "%s%s", set[0] ? "" : "http://", set[0] ? set : listen);
    return 0;
}

/* ---- keys ---- */

/* A port that nobody has; *port 0: any, and which it was. IPv6 is left to the program itself. */
static bool find_port(const char *host, uint16_t *port)
{
    const int yes = 1;
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(*port)};
    socklen_t len = sizeof at;
    if (strchr(host, ':')) return *port != 0;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool found = fd >= 0 && inet_pton(AF_INET, host, &at.sin_addr) == 1 &&
                 setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes) == 0 &&
                 bind(fd, (const struct sockaddr *)&at, len) == 0 && listen(fd, 1) == 0 &&
                 getsockname(fd, (struct sockaddr *)&at, &len) == 0;
    if (fd >= 0) (void)close(fd);
    *port = ntohs(at.sin_port);
    return found;
}

/* A moment for the broker of an `up` that was killed just now. */
static bool is_free(const struct ak_up *up)
{
    char host[HOST_LEN];
    uint16_t port = 0;
    const struct timespec pause = {0, FREE_PAUSE_MS * 1000000L};
    const char *listen = ak_conf_text(&up->broker_conf, AK_BROKER_LISTEN);
    if (ak_conf_split_listen(listen, host, &port) != AK_OK || !host[0] || port == 0) return true;
    for (unsigned waited_ms = 0; !find_port(host, &port); waited_ms += FREE_PAUSE_MS) {
        if (waited_ms >= FREE_WAIT_MS) return false;
        (void)nanosleep(&pause, NULL);
    }
    return true;
}

/* Its address is sealed with its key, so it has to be free before either is made. Later, the broker says it
 * itself. */
static int check_free(struct ak_up *up, bool is_new)
{
    char problem[AK_CONF_TEXT_MAX + 48];
    const char *listen = ak_conf_text(&up->broker_conf, AK_BROKER_LISTEN);
    if (is_free(up) || !is_new) return 0;
    (void)snprintf(problem, sizeof problem, "the broker cannot listen on %s", listen);
    return ak_cli_fail(up->cli, AK_CATEGORY_CONFLICT, problem,
        "another program does, and the address becomes part of what the worker seals; nothing was made",
        "agentkeys up --broker-listen 127.0.0.1:PORT, or without a broker: --broker off");
}

static int make_keys(struct ak_up *up)
{
    struct ak_up_args args = {.count = 0};
    bool fits = ak_up_add(&args, up->broker) && ak_up_add(&args, "init") &&
                ak_up_add_flag(&args, ak_broker_conf_table.keys[AK_BROKER_DATA_DIR].name, up->folder);
    (void)fprintf(stderr, "agentkeys up: no broker in %s: making its keys\n", up->folder);
    if (fits && ak_up_run(up->broker, args.list, up->env)) return 0;
    return ak_cli_fail(up->cli, AK_CATEGORY_FAILURE, "the broker's keys were not made",
        "agentkeys-broker init failed; its own message stands above", off);
}

/* So that the next start has the address that was sealed, and a person a place for the mail server. */
static int keep_settings(struct ak_up *up)
{
    char lines[FILE_LEN];
    struct ak_buf file = AK_BUF_ARR(lines);
    const struct ak_file_ops ops = ak_file_ops_system();
    int fd = -1;
    if (has_settings(up)) return 0;
    ak_buf_put_str(&file,
        "; The broker of `agentkeys up`. All settings: agentkeys-broker(1), CONFIGURATION.\nlisten = ");
    ak_buf_put_str(&file, ak_conf_text(&up->broker_conf, AK_BROKER_LISTEN));
    if (ak_conf_text(&up->broker_conf, AK_BROKER_PUBLIC_URL)[0]) {
        ak_buf_put_str(&file, "\npublic_url = ");
        ak_buf_put_str(&file, ak_conf_text(&up->broker_conf, AK_BROKER_PUBLIC_URL));
    }
    ak_buf_put_str(&file, "\n; For sign-in by mail, from the next start on:\n"
                          ";mail.url = smtps://mail.example.org\n;mail.from = keys@example.org\n"
                          ";mail.user = keys\n;mail.password_file = /path/of/a/file/with/mode/0600\n");
    enum ak_err err = ak_durable_open_dir(up->folder, false, &fd);
    if (!err) err = ak_buf_check(&file);
    if (!err) err = ak_durable_write(&ops, fd, CONF_FILE, ak_buf_span(&file));
    if (fd >= 0) (void)close(fd);
    return err ? ak_cli_fail(up->cli, AK_CATEGORY_FAILURE, "the broker's settings cannot be written",
                     "the system refused", up->folder)
               : 0;
}

/* ---- what the worker gets ---- */

/* The broker has to know the worker's address before either runs. */
static int choose_port(struct ak_up *up)
{
    char host[HOST_LEN];
    uint16_t port = 0;
    struct ak_conf_value *listen = &up->conf.values[AK_WORKER_LISTEN];
    if (ak_conf_split_listen(listen->text, host, &port) != AK_OK || !host[0] || port) return 0;
    if (!find_port(host, &port))
        return ak_cli_fail_usage(up->cli, "listen is not usable", "no free port; give one");
    (void)snprintf(listen->text, sizeof listen->text, "%s:%u", host, (unsigned)port);
    return ak_up_add_flag(&up->worker_args, ak_worker_conf_table.keys[AK_WORKER_LISTEN].name, listen->text)
               ? 0
               : ak_cli_fail_usage(up->cli, "too many arguments", "at most 60");
}

/* The local operator's sign-in stays on: the same user holds the broker's key. */
static int tell_worker(struct ak_up *up, const char *socket_path)
{
    char key[AK_CONF_TEXT_MAX + 32];
    const struct ak_conf_key *keys = ak_worker_conf_table.keys;
    struct ak_up_args *args = &up->worker_args;
    (void)snprintf(key, sizeof key, "%s/" AK_SIGNIN_PUB_FILE, up->folder);
    bool fits = ak_up_add_flag(args, keys[AK_WORKER_BROKER_SOCKET].name, socket_path) &&
                ak_up_add_flag(args, keys[AK_WORKER_BROKER_URL].name, up->url) &&
                ak_up_add_flag(args, keys[AK_WORKER_BROKER_KEY].name, key);
    if (up->conf.values[AK_WORKER_SIGN_IN_LOCAL].source == AK_CONF_FROM_DEFAULT)
        fits = fits && ak_up_add_flag(args, keys[AK_WORKER_SIGN_IN_LOCAL].name, "on");
    return fits ? 0 : ak_cli_fail_usage(up->cli, "too many arguments", "at most 60");
}

static void say(const struct ak_up *up)
{
    bool mail = ak_conf_text(&up->broker_conf, AK_BROKER_MAIL_URL)[0];
    const char *providers = ak_conf_text(&up->broker_conf, AK_BROKER_OAUTH2_PROVIDERS);
    (void)fprintf(stderr, "agentkeys up: the broker is at %s: sign-in by wallet", up->url);
    if (providers[0]) (void)fprintf(stderr, ", at %s", providers);
    (void)fprintf(stderr, "%s", mail ? " and by mail\n" : "; by mail once it has a mail server: ");
    if (!mail) (void)fprintf(stderr, "mail.url and mail.from in %s/" CONF_FILE "\n", up->folder);
}

int ak_up_prepare_broker(struct ak_up *up)
{
    char path[AK_CONF_TEXT_MAX];
    struct ak_buf socket_path = AK_BUF_ARR(path);
    (void)snprintf(up->folder, sizeof up->folder, "%.480s/broker", text(up, AK_WORKER_DATA_DIR));
    int status = decide(up);
    if (status || !up->with_broker) return status;
    if (!ak_cli_find_program("agentkeys-broker", up->broker))
        return ak_cli_fail(up->cli, AK_CATEGORY_FAILURE, "there is no agentkeys-broker",
            "it is neither beside this program nor on PATH",
            "meson install -C build, or without one: --broker off");
    make_env(up);
    put_socket(up, &socket_path);
    status = choose_port(up);
    if (!status && (ak_buf_terminate(&socket_path) != AK_OK || !make_args(up, path)))
        status = ak_cli_fail_usage(up->cli, "the broker's arguments are too many", "or too long");
    if (!status) status = read_settings(up);
    if (!status) status = make_url(up);
    bool is_new = !has_keys(up);
    if (!status) status = check_free(up, is_new);
    if (!status && is_new) status = make_keys(up);
    if (!status && is_new) status = keep_settings(up);
    if (!status) status = tell_worker(up, path);
    if (!status) say(up);
    return status;
}
