/* The libraries that the roles use, used inside of the sandbox: SQLite in WAL mode and OpenSSL in the keeper,
 * the HTTP server in the gateway. A call that one of them needs and the lists forget shows here. */
#include "unit/check.h"

#include <arpa/inet.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <microhttpd.h>
#include <openssl/ec.h>
#include <openssl/evp.h>
#include <sqlite3.h>

#include "io/proc/sandbox.h"
#include "io/proc/secmem.h"

static char dir[64];

static int setup(void **state)
{
    (void)state;
    (void)snprintf(dir, sizeof dir, "/tmp/agentkeys-libs-XXXXXX");
    return mkdtemp(dir) ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    const char *names[] = {"l.db", "l.db-wal", "l.db-shm", "l.db-journal"};
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        char path[96];
        snprintf(path, sizeof path, "%s/%s", dir, names[i]);
        unlink(path);
    }
    return rmdir(dir);
}

static bool enter(enum ak_role role)
{
    struct ak_sandbox_report report;
    const struct ak_sandbox sandbox = {.role = role, .data_dir = role == AK_ROLE_KEEPER ? dir : NULL};
    return ak_sandbox_enter(&sandbox, &report) == AK_OK;
}

static int exit_status(pid_t pid)
{
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) print_error("killed by signal %d\n", WTERMSIG(status));
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int use_sqlite(void)
{
    char path[96];
    sqlite3 *db = NULL;
    snprintf(path, sizeof path, "%s/l.db", dir);
    if (sqlite3_open_v2(path, &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL)) return 10;
    const char *steps[] = {"PRAGMA journal_mode=WAL", "PRAGMA synchronous=FULL", "CREATE TABLE t (x BLOB)",
        "INSERT INTO t VALUES (zeroblob(100000))", "PRAGMA wal_checkpoint(TRUNCATE)", "DELETE FROM t",
        "SELECT count(*) FROM t", "VACUUM"};
    for (int i = 0; i < (int)AK_COUNT(steps); i++)
        if (sqlite3_exec(db, steps[i], NULL, NULL, NULL)) return 20 + i;
    return sqlite3_close(db) ? 40 : 0;
}

static int use_openssl(void)
{
    uint8_t signature[128];
    size_t len = sizeof signature;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    if (!key || !context || EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key) != 1) return 50;
    if (EVP_DigestSign(context, signature, &len, (const uint8_t *)"message", 7) != 1) return 51;
    EVP_MD_CTX_free(context);
    EVP_PKEY_free(key);
    return ak_secmem_used() > 0 ? 0 : 52;
}

static void keeper_runs_sqlite_and_openssl(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        struct ak_secmem_report report;
        if (ak_secmem_init(AK_SECMEM_POOL_DEFAULT, false, &report) || ak_secmem_install_openssl()) _exit(1);
        if (!enter(AK_ROLE_KEEPER)) _exit(2);
        int status = use_sqlite();
        _exit(status ? status : use_openssl());
    }
    assert_int_equal(exit_status(pid), 0);
}

static enum MHD_Result answer(void *ctx, struct MHD_Connection *connection, const char *url,
    const char *method, const char *version, const char *data, size_t *data_len, void **request)
{
    (void)url, (void)method, (void)version, (void)data, (void)data_len, (void)request;
    static char body[] = "{}";
    struct MHD_Response *response = MHD_create_response_from_buffer(2, body, MHD_RESPMEM_PERSISTENT);
    enum MHD_Result result = MHD_queue_response(connection, MHD_HTTP_OK, response);
    MHD_destroy_response(response);
    *(int *)ctx = 1;
    return result;
}

static int serve_one(int listener, unsigned flags)
{
    int answered = 0;
    struct MHD_Daemon *daemon = MHD_start_daemon(flags | MHD_USE_ERROR_LOG, 0, NULL, NULL, answer, &answered,
        MHD_OPTION_LISTEN_SOCKET, listener, MHD_OPTION_END);
    if (!daemon) return 60;
    bool external = !(flags & MHD_USE_INTERNAL_POLLING_THREAD);
    for (int i = 0; i < 500 && !*(volatile int *)&answered; i++)
        if (external ? MHD_run_wait(daemon, 10) != MHD_YES : usleep(10000)) return 61;
    for (int i = 0; external && i < 10; i++) (void)MHD_run_wait(daemon, 10);
    MHD_stop_daemon(daemon);
    return answered ? 0 : 62;
}

static void serve_in_the_sandbox(unsigned flags)
{
    struct sockaddr_in addr = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr *any = (struct sockaddr *)(void *)&addr;
    socklen_t len = sizeof addr;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(listener, any, len), 0);
    assert_int_equal(listen(listener, 4), 0);
    assert_int_equal(getsockname(listener, any, &len), 0);
    pid_t pid = fork();
    if (pid == 0) _exit(enter(AK_ROLE_GATEWAY) ? serve_one(listener, flags) : 2);
    static const char request[] = "GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    char reply[512] = "";
    int client = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(client, any, len), 0);
    close(listener);
    assert_int_equal(send(client, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    assert_true(recv(client, reply, sizeof reply - 1, 0) > 0);
    assert_non_null(strstr(reply, "200 OK"));
    close(client);
    assert_int_equal(exit_status(pid), 0);
}

static void gateway_serves_http(void **state)
{
    (void)state;
    serve_in_the_sandbox(MHD_USE_EPOLL);
    serve_in_the_sandbox(MHD_USE_EPOLL | MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_ITC);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(keeper_runs_sqlite_and_openssl, setup, teardown),
        cmocka_unit_test(gateway_serves_http),
    };
    return cmocka_run_group_tests_name("sandbox_libs", tests, NULL, NULL);
}
