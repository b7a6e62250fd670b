/* `agentkeys-worker serve`: reads the settings, opens the sockets, starts re-encryptor, keeper and gateway
 * and keeps them together. It holds no key; the development secret passes through it once
 * (docs/threat-model.md). */
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/wipe.h"
#include "io/conf/program.h"
#include "io/conf/worker_conf.h"
#include "io/log/log.h"
#include "io/proc/channel.h"
#include "io/proc/sandbox.h"
#include "io/proc/supervise.h"
#include "io/tee/tee.h"
#include "programs/worker/listen.h"
#include "programs/worker/roles.h"
#include "programs/worker/usage.h"

/* In the order of their start; they stop in the reverse one. */
enum { REENCRYPTOR, KEEPER, GATEWAY, CHILDREN };
/* Between the keeper and another. */
enum { PEER, TLS_SIGN, REENCRYPT, WARNING, CHANNELS };
enum { KEEPERS_END, OTHER_END, ENDS };
enum { FILES_BESIDE = 64, FILES_OF_KEEPER = 256, ENV_MAX = 8, GROUPS_MAX = 256 };
/* A keeper seals once or twice more when it stops, each of them ten commands of a TPM. */
enum { STOP_MS = 30000 };

#define DEV_SECRET_VARIABLE "DEV_KEY_SERVICE_MASTER_SECRET"
#define URL_FILE            "worker.url"

struct supervisor {
    struct ak_conf conf;
    struct ak_conf_dirs dirs;
    uint8_t conf_text[AK_CONF_FILE_MAX];
    struct ak_span conf_span;
    char url[AK_CONF_TEXT_MAX];
    char url_path[AK_CONF_TEXT_MAX];
    int listeners[AK_GATEWAY_FD_TLS_SIGN]; /* tcp, unix, operator */
    int channels[CHANNELS][ENDS];
    int conf_fds[CHILDREN];
    int dev_secret_fd; /* for every start; -1: none */
    bool confined;
    const char *env[ENV_MAX];
};

static struct supervisor the;

static void close_fd(int *fd)
{
    if (*fd >= 0) (void)close(*fd);
    *fd = -1;
}

static void close_all(void)
{
    for (size_t i = 0; i < CHANNELS; i++)
        for (size_t k = 0; k < ENDS; k++) close_fd(&the.channels[i][k]);
    for (size_t k = 0; k < CHILDREN; k++) close_fd(&the.conf_fds[k]);
}

/* The keeper opens its TPM before it confines itself, under our filter. */
static bool tpm_is_a_socket(void)
{
    return strcmp(ak_conf_text(&the.conf, AK_WORKER_TEE), "tpm2") == 0 &&
           strncmp(ak_conf_text(&the.conf, AK_WORKER_TEE_TCTI), "device:", 7) != 0;
}

/* Once all is open: our own filter binds the children too, so where they still have to change their user it
 * must wait for them. */
static void confine(void)
{
    struct ak_sandbox_report report;
    const struct ak_sandbox sandbox = {.role = AK_ROLE_SUPERVISOR,
        .max_files = (unsigned)ak_conf_number(&the.conf, AK_WORKER_MAX_CONNECTIONS) + FILES_BESIDE,
        .children_connect = tpm_is_a_socket()};
    if (the.confined || (geteuid() == 0 && ak_conf_text(&the.conf, AK_WORKER_USER)[0])) return;
    the.confined = true;
    if (ak_sandbox_enter(&sandbox, &report) != AK_OK) ak_log_event(AK_LOG_WARN, "supervisor_not_confined");
}

static enum ak_err prepare(void *ctx)
{
    (void)ctx;
    close_all();
    confine();
    for (size_t i = 0; i < CHANNELS; i++) AK_TRY(ak_channel_pair(the.channels[i]));
    for (size_t i = 0; i < CHILDREN; i++) AK_TRY(ak_spawn_text_fd(the.conf_span, &the.conf_fds[i]));
    return AK_OK;
}

static void give(struct ak_spawn *spawn, struct ak_spawn_fd *fds, int fd, int child_fd)
{
    if (fd >= 0) fds[spawn->fd_count++] = (struct ak_spawn_fd){fd, child_fd};
}

static enum ak_err child(
    void *ctx, size_t index, struct ak_spawn *spawn, struct ak_spawn_fd *fds, size_t fd_cap)
{
    (void)ctx;
    if (fd_cap < AK_GATEWAY_FD_COUNT + 3) return AK_E_ARG;
    spawn->env = the.env;
    if (index == REENCRYPTOR) {
        give(spawn, fds, the.channels[REENCRYPT][OTHER_END], AK_FD_PEER);
        return AK_OK;
    }
    give(spawn, fds, the.conf_fds[index], AK_FD_CONF);
    if (index == KEEPER) {
        give(spawn, fds, the.channels[PEER][KEEPERS_END], AK_FD_PEER);
        give(spawn, fds, the.channels[TLS_SIGN][KEEPERS_END], AK_FD_FIRST + AK_KEEPER_FD_TLS_SIGN);
        give(spawn, fds, the.channels[REENCRYPT][KEEPERS_END], AK_FD_FIRST + AK_KEEPER_FD_REENCRYPT);
        give(spawn, fds, the.channels[WARNING][KEEPERS_END], AK_FD_FIRST + AK_KEEPER_FD_WARNING);
        give(spawn, fds, the.dev_secret_fd, AK_FD_FIRST + AK_KEEPER_FD_DEV_SECRET);
        return AK_OK;
    }
    give(spawn, fds, the.channels[PEER][OTHER_END], AK_FD_PEER);
    for (int i = 0; i < AK_GATEWAY_FD_TLS_SIGN; i++) give(spawn, fds, the.listeners[i], AK_FD_FIRST + i);
    give(spawn, fds, the.channels[TLS_SIGN][OTHER_END], AK_FD_FIRST + AK_GATEWAY_FD_TLS_SIGN);
    give(spawn, fds, the.channels[WARNING][OTHER_END], AK_FD_FIRST + AK_GATEWAY_FD_WARNING);
    return AK_OK;
}

static void started(void *ctx)
{
    (void)ctx;
    close_all();
}

/* The address clients use, with the port the system chose. */
static void make_url(uint16_t port)
{
    char host[64];
    uint16_t asked = 0;
    struct ak_buf url = AK_BUF_ARR(the.url);
    if (ak_conf_split_listen(ak_conf_text(&the.conf, AK_WORKER_LISTEN), host, &asked) != AK_OK) host[0] = 0;
    bool v6 = strchr(host, ':') != NULL;
    ak_buf_put_str(&url, ak_worker_conf_tls(&the.conf) && host[0] ? "https://" : "http://");
    ak_buf_put_str(&url, v6 ? "[" : "");
    ak_buf_put_str(&url, host[0] ? host : "localhost");
    ak_buf_put_str(&url, v6 ? "]" : "");
    if (host[0]) {
        ak_buf_put_u8(&url, ':');
        ak_buf_put_dec(&url, port);
    }
    if (ak_buf_terminate(&url) != AK_OK) the.url[0] = 0;
}

/* The children get the configuration as text, with the origin that proofs have to name filled in. */
static enum ak_err make_conf_text(void)
{
    struct ak_conf_value *origin = &the.conf.values[AK_WORKER_PUBLIC_URL];
    struct ak_buf text = AK_BUF_ARR(the.conf_text);
    if (origin->text[0] == 0) memcpy(origin->text, the.url, sizeof origin->text);
    ak_conf_print_given(&the.conf, &text);
    the.conf_span = ak_buf_span(&text);
    return ak_buf_check(&text);
}

/* Who chose port 0 finds the address here: beside the sockets, or in the run folder. */
static void write_url_file(void)
{
    const char *beside = ak_conf_text(&the.conf, AK_WORKER_OPERATOR_SOCKET);
    if (!beside[0]) beside = ak_conf_text(&the.conf, AK_WORKER_SOCKET);
    const char *slash = strrchr(beside, '/');
    struct ak_buf path = AK_BUF_ARR(the.url_path);
    if (slash)
        ak_buf_put(&path, ak_span(beside, (size_t)(slash - beside)));
    else
        ak_buf_put_str(&path, the.dirs.run);
    ak_buf_put_str(&path, "/" URL_FILE);
    if (ak_buf_terminate(&path) != AK_OK || ak_listen_make_parent(the.url_path) != AK_OK) return;
    char line[AK_CONF_TEXT_MAX + 1];
    struct ak_buf text = AK_BUF_ARR(line);
    ak_buf_put_str(&text, the.url);
    ak_buf_put_u8(&text, '\n');
    (void)unlink(the.url_path);
    int fd = open(the.url_path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0644);
    if (fd < 0 || write(fd, line, text.len) != (ssize_t)text.len)
        ak_log(AK_LOG_WARN, "url_file_not_written", ak_log_str("path", the.url_path));
    if (fd >= 0) (void)close(fd);
}

static struct ak_listen_owner socket_owner(void)
{
    const char *user = ak_conf_text(&the.conf, AK_WORKER_USER);
    struct ak_listen_owner owner = {(uid_t)-1, (gid_t)-1};
    if (geteuid() != 0 || !user[0]) return owner;
    const struct passwd *entry = getpwnam(user);
    if (!entry)
        ak_boot_fail("no_user", "user", user, "there is no such user", "docs/operations.md#configuration");
    owner.uid = entry->pw_uid;
    owner.gid = entry->pw_gid;
    return owner;
}

static bool is_in_group(gid_t gid)
{
    gid_t groups[GROUPS_MAX];
    int count = getgroups(GROUPS_MAX, groups);
    for (int i = 0; i < count; i++)
        if (groups[i] == gid) return true;
    return getegid() == gid;
}

/* The broker's user gets the socket; where we are not root and cannot give it away, his group does, and the
 * gateway asks who it is. */
static mode_t give_to_broker(const struct passwd *broker, struct ak_listen_owner *owner)
{
    if (geteuid() == 0 || broker->pw_uid == geteuid()) {
        if (geteuid() == 0) owner->uid = broker->pw_uid;
        return 0600;
    }
    if (!is_in_group(broker->pw_gid))
        ak_boot_fail("listen_failed", "broker_user", broker->pw_name,
            "the worker's user must be in that user's group, or the broker could not open the socket",
            "docs/operations.md#its-health-and-its-own-unit");
    *owner = (struct ak_listen_owner){geteuid(), broker->pw_gid};
    return 0660;
}

/* The children see a number: where they are, no list of users can be read. */
static enum ak_err open_broker_listener(const struct ak_listen_owner *own, struct ak_boot_fail *out_fail)
{
    struct ak_conf_value *user = &the.conf.values[AK_WORKER_BROKER_USER];
    struct ak_listen_owner owner = *own;
    mode_t mode = 0600;
    if (user->text[0]) {
        const struct passwd *entry = getpwnam(user->text);
        if (!entry)
            ak_boot_fail("no_user", "broker_user", user->text, "there is no such user",
                "docs/operations.md#configuration");
        mode = give_to_broker(entry, &owner);
        struct ak_buf number = AK_BUF_ARR(user->text);
        ak_buf_put_dec(&number, entry->pw_uid);
        if (ak_buf_terminate(&number) != AK_OK) return AK_E_FULL;
    }
    return ak_listen_unix("broker_socket", ak_conf_text(&the.conf, AK_WORKER_BROKER_SOCKET), mode, &owner,
        &the.listeners[AK_GATEWAY_FD_BROKER], out_fail);
}

static void open_listeners(void)
{
    struct ak_boot_fail fail;
    uint16_t port = 0;
    const struct ak_listen_owner owner = socket_owner();
    const char *socket_path = ak_conf_text(&the.conf, AK_WORKER_SOCKET);
    const char *operator_path = ak_conf_text(&the.conf, AK_WORKER_OPERATOR_SOCKET);
    enum ak_err err = ak_listen_tcp(
        ak_conf_text(&the.conf, AK_WORKER_LISTEN), &the.listeners[AK_GATEWAY_FD_TCP], &port, &fail);
    if (!err)
        err = ak_listen_unix("socket", socket_path, 0660, &owner, &the.listeners[AK_GATEWAY_FD_UNIX], &fail);
    if (!err)
        err = ak_listen_unix(
            "operator_socket", operator_path, 0600, &owner, &the.listeners[AK_GATEWAY_FD_OPERATOR], &fail);
    if (!err) err = open_broker_listener(&owner, &fail);
    if (err) ak_boot_fail_exit(&fail);
    make_url(port);
    write_url_file();
    ak_log(AK_LOG_INFO, "listening", ak_log_str("url", the.url), ak_log_str("socket", socket_path),
        ak_log_str("operator_socket", operator_path));
}

static void remove_files(void)
{
    const char *paths[] = {ak_conf_text(&the.conf, AK_WORKER_SOCKET),
        ak_conf_text(&the.conf, AK_WORKER_OPERATOR_SOCKET), ak_conf_text(&the.conf, AK_WORKER_BROKER_SOCKET),
        the.url_path};
    for (size_t i = 0; i < AK_COUNT(paths); i++)
        if (paths[i][0]) (void)unlink(paths[i]);
}

/* For people, before any log line. */
static void warn(void)
{
    const struct ak_tee_ops *tee = ak_tee_find(ak_span_str(ak_conf_text(&the.conf, AK_WORKER_TEE)));
    const char *text = tee && tee->warning ? tee->warning() : NULL;
    if (text) (void)fprintf(stderr, "%s\n", text);
    if (the.dev_secret_fd >= 0)
        (void)fprintf(stderr,
            "DEV ONLY: replaced by the TEE in production. $%s is set: this worker is the "
            "development signer, /dev is live and /tee is off.\n",
            DEV_SECRET_VARIABLE);
}

/* The secret leaves the environment at once, so that no child and no /proc reader finds it there later. It
 * waits for each start of the keeper in a file of memory, not among the supervisor's own. */
static void take_dev_secret(void)
{
    char *value = getenv(DEV_SECRET_VARIABLE);
    if (!value || !value[0]) return;
    if (strlen(value) != 64)
        ak_boot_fail("bad_dev_secret", DEV_SECRET_VARIABLE, "", "must be 32 bytes as 64 hex characters",
            "docs/operations.md#development-signer");
    enum ak_err err = ak_spawn_text_fd(ak_span_str(value), &the.dev_secret_fd);
    ak_wipe(value, strlen(value));
    (void)unsetenv(DEV_SECRET_VARIABLE);
    if (err)
        ak_boot_fail("no_memory", DEV_SECRET_VARIABLE, "", "no memory file for the secret",
            "docs/operations.md#development-signer");
}

/* One arena keeps the children small; a sanitizer's settings pass in development builds. */
static void choose_env(void)
{
    size_t count = 0;
    the.env[count++] = "MALLOC_ARENA_MAX=1";
    the.env[count++] = "GLIBC_TUNABLES=glibc.malloc.tcache_count=512";
#if !AK_RELEASE
    static char kept[2][256];
    static const char *const names[] = {"ASAN_OPTIONS", "UBSAN_OPTIONS"};
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        const char *value = getenv(names[i]);
        struct ak_buf text = AK_BUF_ARR(kept[i]);
        if (!value) continue;
        ak_buf_put_str(&text, names[i]);
        ak_buf_put_u8(&text, '=');
        ak_buf_put_str(&text, value);
        if (ak_buf_terminate(&text) == AK_OK) the.env[count++] = kept[i];
    }
#endif
    the.env[count] = NULL;
}

static void load(int argc, char **argv)
{
    struct ak_boot_fail fail;
    ak_worker_load(argc, argv, "serve", &the.conf, &the.dirs);
    if (ak_worker_conf_validate(&the.conf, &fail) != AK_OK) ak_boot_fail_exit(&fail);
    ak_log_init((enum ak_log_level)ak_conf_choice(&the.conf, AK_WORKER_LOG_LEVEL), "supervisor", 2);
    the.dev_secret_fd = -1;
    for (int i = 0; i < AK_GATEWAY_FD_TLS_SIGN; i++) the.listeners[i] = -1;
    for (size_t i = 0; i < CHANNELS; i++) the.channels[i][KEEPERS_END] = the.channels[i][OTHER_END] = -1;
    for (size_t k = 0; k < CHILDREN; k++) the.conf_fds[k] = -1;
}

/* Children inherit the limit, and lower it to what each needs. */
static void check_files(void)
{
    uint64_t gateway = ak_conf_number(&the.conf, AK_WORKER_MAX_CONNECTIONS) + FILES_BESIDE;
    ak_conf_program_files(
        &the.conf, AK_WORKER_MAX_CONNECTIONS, gateway > FILES_OF_KEEPER ? gateway : FILES_OF_KEEPER);
}

int ak_worker_serve(int argc, char **argv)
{
    static const struct ak_supervise plan = {.count = CHILDREN,
        .roles = {[REENCRYPTOR] = "reencryptor", [KEEPER] = "keeper", [GATEWAY] = "gateway"},
        .prepare = prepare,
        .child = child,
        .started = started,
        .require_beats = true,
        .stop_ms = STOP_MS};
    load(argc, argv);
    check_files();
    take_dev_secret();
    choose_env();
    warn();
    open_listeners();
    if (make_conf_text() != AK_OK)
        ak_boot_fail("bad_config", "", "", "the configuration is too long", "docs/operations.md");
    int status = ak_supervise_run(&plan);
    remove_files();
    return status;
}
