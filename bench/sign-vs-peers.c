/* sign-vs-anvil, sign-vs-softhsm: signatures a CPU second of the worker (defaults: verified, durable, 64
 * connections) against two programs that sign with a kept secp256k1 key: anvil (`eth_sign` over HTTP, the
 * same client, key in its memory, nothing kept on disk) and SoftHSM (PKCS#11 in this process, no HTTP at
 * all). In turns. A peer that is not installed is left out. usage: sign-vs-peers BUILD [FOLDER [ROUNDS]] */
#include <arpa/inet.h>
#include <dlfcn.h>
#include <glob.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <p11-kit/pkcs11.h>

#include "base/codec/hex.h"
#include "bench/common/fleet.h"
#include "bench/common/load.h"
#include "bench/common/worker.h"

enum { CONNECTIONS = 64, ROUNDS = 5, TRIES = 100 };
static const double warm_s = 0.5, round_s = 2;

/* ---- the worker ---- */

static struct bench_worker worker;
static struct bench_fleet fleet;
static struct bench_load *worker_load;

static void put(size_t connection, bool proof, struct bench_request *out)
{
    struct ak_buf buf = AK_BUF_ARR(out->bytes);
    bench_fleet_request(&fleet, connection, proof, &buf, &out->counter_at);
    out->len = buf.len;
    out->counter_step = 2;
}

static void put_request(void *ctx, size_t connection, struct bench_request *out)
{
    (void)ctx;
    put(connection, false, out);
}

static void put_first(void *ctx, size_t connection, struct bench_request *out)
{
    (void)ctx;
    put(connection, true, out);
}

static void open_worker(const char *build, const char *parent)
{
    bench_worker_init(&worker, build, bench_folder(parent));
    bench_worker_create(&worker);
    bench_worker_start(&worker, NULL);
    bench_fleet_open(&fleet, &worker, CONNECTIONS);
    worker_load = bench_load_open(worker.tcp.origin, CONNECTIONS, put_request, put_first, NULL);
    (void)bench_load_run(worker_load, warm_s);
}

/* Signatures a CPU second. */
static double worker_round(void)
{
    uint64_t before = bench_worker_cpu_ns(&worker);
    struct bench_load_result result = bench_load_run(worker_load, round_s);
    return (double)result.answers * 1e9 / (double)(bench_worker_cpu_ns(&worker) - before);
}

/* ---- anvil ---- */

static pid_t anvil_pid;
static struct bench_load *anvil_load;

static void put_eth_sign(void *ctx, size_t connection, struct bench_request *out)
{
    static const char account[] = "0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266"; /* the first of its own */
    char body[1024];
    char hex[512];
    struct ak_buf text = AK_BUF_ARR(hex);
    (void)ctx;
    (void)connection;
    ak_hex_encode(&text, ak_span_str(bench_message));
    bench_must(ak_buf_terminate(&text) == AK_OK, "message");
    int len = snprintf(body, sizeof body,
        "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"eth_sign\",\"params\":[\"%s\",\"0x%s\"]}", account, hex);
    int all = snprintf(out->bytes, sizeof out->bytes,
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        "%d\r\n\r\n%s",
        len, body);
    out->len = (size_t)all;
    out->counter_at = (size_t)(strstr(out->bytes, hex) - out->bytes) + 2 * (size_t)BENCH_DIGITS_AT;
    out->counter_step = 2;
}

/* The program itself beside its npm launcher, whose folder is in PATH. */
static bool find_anvil(char *out_path, size_t cap)
{
    char pattern[1024];
    const char *at = getenv("PATH");
    while (at && *at) {
        size_t len = strcspn(at, ":");
        glob_t found;
        (void)snprintf(pattern, sizeof pattern, "%.*s/../@foundry-rs/anvil-*/bin/anvil",
            (int)(len < 900 ? len : 900), at);
        if (glob(pattern, 0, NULL, &found) == 0) {
            (void)snprintf(out_path, cap, "%s", found.gl_pathv[0]);
            globfree(&found);
            return true;
        }
        at += len + (at[len] == ':');
    }
    return false;
}

static uint16_t free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bench_must(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 &&
                   getsockname(fd, (struct sockaddr *)&address, &len) == 0,
        "port");
    (void)close(fd);
    return ntohs(address.sin_port);
}

static bool answers(uint16_t port)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool ok = fd >= 0 && connect(fd, (struct sockaddr *)&address, sizeof address) == 0;
    if (fd >= 0) (void)close(fd);
    return ok;
}

static bool open_anvil(const char *folder)
{
    char path[1024], port_text[16], where[64], log[700];
    uint16_t port = free_port();
    if (!find_anvil(path, sizeof path)) return false;
    (void)snprintf(port_text, sizeof port_text, "%u", port);
    (void)snprintf(log, sizeof log, "%s/anvil", folder);
    const char *const argv[] = {path, "--host", "127.0.0.1", "--port", port_text, NULL};
    anvil_pid = bench_spawn(argv, log);
    for (int i = 0; i < TRIES && !answers(port); i++) bench_sleep_us(100000);
    bench_must(answers(port), "anvil does not listen");
    (void)snprintf(where, sizeof where, "http://127.0.0.1:%u", port);
    anvil_load = bench_load_open(where, CONNECTIONS, put_eth_sign, NULL, NULL);
    (void)bench_load_run(anvil_load, warm_s);
    return true;
}

static double anvil_round(void)
{
    uint64_t before = bench_process_cpu_ns(anvil_pid);
    struct bench_load_result result = bench_load_run(anvil_load, round_s);
    return (double)result.answers * 1e9 / (double)(bench_process_cpu_ns(anvil_pid) - before);
}

/* ---- SoftHSM ---- */

static CK_FUNCTION_LIST_PTR hsm;
static CK_SESSION_HANDLE hsm_session;
static CK_OBJECT_HANDLE hsm_key;

static void hsm_must(CK_RV rv, const char *what)
{
    bench_must(rv == CKR_OK, what);
}

static void configure_softhsm(const char *folder)
{
    char path[700];
    (void)snprintf(path, sizeof path, "%s/tokens", folder);
    bench_must(mkdir(path, 0700) == 0, path);
    (void)snprintf(path, sizeof path, "%s/softhsm2.conf", folder);
    FILE *file = fopen(path, "we");
    bench_must(file != NULL, path);
    (void)fprintf(
        file, "directories.tokendir = %s/tokens\nobjectstore.backend = file\nlog.level = ERROR\n", folder);
    (void)fclose(file);
    bench_must(setenv("SOFTHSM2_CONF", path, 1) == 0, "setenv");
}

static void make_hsm_key(void)
{
    static CK_BYTE secp256k1[] = {0x06, 0x05, 0x2b, 0x81, 0x04, 0x00, 0x0a};
    CK_BBOOL yes = CK_TRUE;
    CK_MECHANISM mechanism = {.mechanism = CKM_EC_KEY_PAIR_GEN};
    CK_ATTRIBUTE public_part[] = {
        {CKA_EC_PARAMS, secp256k1, sizeof secp256k1}, {CKA_VERIFY, &yes, sizeof yes}};
    CK_ATTRIBUTE secret_part[] = {{CKA_SIGN, &yes, sizeof yes}};
    CK_OBJECT_HANDLE public_key = 0;
    hsm_must(hsm->C_GenerateKeyPair(
                 hsm_session, &mechanism, public_part, 2, secret_part, 1, &public_key, &hsm_key),
        "C_GenerateKeyPair");
}

static bool open_softhsm(const char *folder)
{
    static const char *const names[] = {
        "/usr/lib/softhsm/libsofthsm2.so", "/usr/lib64/pkcs11/libsofthsm2.so", "libsofthsm2.so"};
    void *library = NULL;
    CK_SLOT_ID slot = 0;
    CK_ULONG count = 1;
    CK_BYTE label[32], pin[] = "1234";
    CK_C_GetFunctionList get = NULL;
    for (size_t i = 0; i < AK_COUNT(names) && !library; i++) library = dlopen(names[i], RTLD_NOW);
    if (!library) return false;
    void *symbol = dlsym(library, "C_GetFunctionList");
    memcpy(&get, &symbol, sizeof get);
    configure_softhsm(folder);
    memset(label, ' ', sizeof label);
    hsm_must(get ? get(&hsm) : CKR_GENERAL_ERROR, "C_GetFunctionList");
    hsm_must(hsm->C_Initialize(NULL), "C_Initialize");
    hsm_must(hsm->C_GetSlotList(CK_TRUE, &slot, &count), "C_GetSlotList");
    hsm_must(hsm->C_InitToken(slot, pin, 4, label), "C_InitToken");
    hsm_must(hsm->C_OpenSession(slot, CKF_SERIAL_SESSION | CKF_RW_SESSION, NULL, NULL, &hsm_session),
        "C_OpenSession");
    hsm_must(hsm->C_Login(hsm_session, CKU_SO, pin, 4), "C_Login");
    hsm_must(hsm->C_InitPIN(hsm_session, pin, 4), "C_InitPIN");
    hsm_must(hsm->C_Logout(hsm_session), "C_Logout");
    hsm_must(hsm->C_Login(hsm_session, CKU_USER, pin, 4), "C_Login");
    make_hsm_key();
    return true;
}

static double softhsm_round(void)
{
    CK_MECHANISM mechanism = {.mechanism = CKM_ECDSA};
    CK_BYTE digest[32] = {0}, signature[64];
    uint64_t signatures = 0;
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID), now = begin;
    while ((double)(now - begin) < round_s * 1e9 / 2) {
        CK_ULONG len = sizeof signature;
        memcpy(digest, &signatures, sizeof signatures);
        hsm_must(hsm->C_SignInit(hsm_session, &mechanism, hsm_key), "C_SignInit");
        hsm_must(hsm->C_Sign(hsm_session, digest, sizeof digest, signature, &len), "C_Sign");
        signatures++;
        now = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    }
    return (double)signatures * 1e9 / (double)(now - begin);
}

/* ---- both ---- */

static void compare(const char *name, double (*peer_round)(void), long rounds, const char *note)
{
    static struct bench_sample ours, peer, ratio;
    ours.count = peer.count = ratio.count = 0;
    for (long i = 0; i < rounds; i++) {
        double mine = worker_round();
        double theirs = peer_round();
        bench_add(&ours, mine);
        bench_add(&peer, theirs);
        bench_add(&ratio, mine / theirs);
    }
    double median = bench_median(&ratio);
    bench_figure(name, bench_median(&ours), bench_median(&peer), median, "signatures/CPU s",
        "%s; %zu rounds, ratio %.2f to %.2f", note, ratio.count, bench_least(&ratio), bench_most(&ratio));
}

int main(int argc, char **argv)
{
    bench_name("sign-vs-peers");
    bench_must(argc > 1, "usage: sign-vs-peers BUILD [FOLDER [ROUNDS]]");
    const char *parent = argc > 2 ? argv[2] : "/var/tmp";
    long rounds = argc > 3 ? strtol(argv[3], NULL, 10) : ROUNDS;
    const char *folder = bench_folder(parent);
    open_worker(argv[1], parent);
    if (open_anvil(folder))
        compare("sign-vs-anvil", anvil_round, rounds,
            "eth_sign over HTTP, 64 connections each; want >= 3, goal 5");
    else
        bench_skip("sign-vs-anvil", "anvil (npm @foundry-rs/anvil) is not installed");
    if (open_softhsm(folder))
        compare("sign-vs-softhsm", softhsm_round, rounds,
            "C_SignInit and C_Sign in one thread; want >= 4, goal 6");
    else
        bench_skip("sign-vs-softhsm", "libsofthsm2.so is not installed");
    bench_end(anvil_pid);
    bench_load_close(worker_load);
    bench_fleet_close(&fleet);
    bench_worker_stop(&worker);
    return 0;
}
