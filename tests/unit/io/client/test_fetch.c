/* One request over TLS to a server in a thread: who is believed, what of an answer is kept, and what is not
 * followed. */
#include "unit/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "io/client/fetch.h"
#include "io/proc/clock.h"

enum { TIMEOUT_MS = 5000, SOON_MS = 200 };

static struct {
    int listener;
    uint16_t port;
    SSL_CTX *tls;
    EVP_PKEY *key;
    pthread_t thread;
    const char *head; /* of each answer; NULL: none at all */
    size_t body_len;
    _Atomic unsigned asked;
} server;
static uint8_t pin[32];
static struct ak_target target;
static struct ak_fetch fetch;
static struct ak_fetch_answer answer;

static X509 *certificate(EVP_PKEY *key)
{
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"127.0.0.1", -1, -1, 0),
        1);
    assert_true(X509_set_version(x, 2) && ASN1_INTEGER_set(X509_get_serialNumber(x), 1));
    assert_non_null(X509_gmtime_adj(X509_getm_notBefore(x), -3600));
    assert_non_null(X509_gmtime_adj(X509_getm_notAfter(x), 3600));
    assert_true(X509_set_issuer_name(x, name) && X509_set_pubkey(x, key));
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    return x;
}

/* ---- the server ---- */

static void say(SSL *ssl)
{
    static char bytes[64 * 1024];
    int len = snprintf(
        bytes, sizeof bytes, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n\r\n", server.head, server.body_len);
    if (SSL_write(ssl, bytes, len) <= 0) return;
    memset(bytes, 'b', sizeof bytes);
    for (size_t left = server.body_len; left;) {
        size_t now = left < sizeof bytes ? left : sizeof bytes;
        if (SSL_write(ssl, bytes, (int)now) <= 0) return;
        left -= now;
    }
}

static void serve_one(SSL *ssl)
{
    char request[8192];
    size_t len = 0;
    if (SSL_accept(ssl) != 1) return;
    for (int got = 1; got > 0 && len < sizeof request - 1;) {
        got = SSL_read(ssl, request + len, (int)(sizeof request - 1 - len));
        if (got > 0) len += (size_t)got;
        request[len] = 0;
        if (!strstr(request, "\r\n\r\n")) continue;
        server.asked++;
        if (server.head) say(ssl);
        len = 0;
    }
}

static void *serve(void *ctx)
{
    (void)ctx;
    for (;;) {
        int fd = accept(server.listener, NULL, NULL);
        if (fd < 0) return NULL;
        SSL *ssl = SSL_new(server.tls);
        SSL_set_fd(ssl, fd);
        serve_one(ssl);
        SSL_free(ssl);
        (void)close(fd);
    }
}

static int begin(void **state)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    uint8_t *der = NULL;
    char url[64];
    const char *reason;
    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    server.key = EVP_EC_gen("P-256");
    server.tls = SSL_CTX_new(TLS_server_method());
    X509 *x = certificate(server.key);
    assert_true(
        SSL_CTX_use_certificate(server.tls, x) == 1 && SSL_CTX_use_PrivateKey(server.tls, server.key) == 1);
    X509_free(x);
    int der_len = i2d_PUBKEY(server.key, &der);
    ak_sha256(ak_span(der, (size_t)der_len), pin);
    OPENSSL_free(der);
    server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(server.listener, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(server.listener, 8), 0);
    assert_int_equal(getsockname(server.listener, (struct sockaddr *)&address, &len), 0);
    server.port = ntohs(address.sin_port);
    (void)snprintf(url, sizeof url, "https://127.0.0.1:%u/tee", server.port);
    assert_int_equal(ak_target_parse(url, &target, &reason), AK_OK);
    server.head = "200 OK";
    server.body_len = 2;
    server.asked = 0;
    return pthread_create(&server.thread, NULL, serve, NULL);
}

static int end(void **state)
{
    (void)state;
    ak_fetch_close(&fetch);
    (void)shutdown(server.listener, SHUT_RDWR);
    assert_int_equal(pthread_join(server.thread, NULL), 0);
    (void)close(server.listener);
    SSL_CTX_free(server.tls);
    EVP_PKEY_free(server.key);
    return 0;
}

/* ---- the client ---- */

static enum ak_err get_with(const uint8_t *believed, uint64_t timeout_ms)
{
    static const struct ak_fetch_ask ask = {.method = "GET", .path = "/v1/x"};
    ak_fetch_close(&fetch);
    assert_int_equal(ak_fetch_open(&fetch, &target, believed, timeout_ms), AK_OK);
    return ak_fetch_do(&fetch, &ask, &answer);
}

static void believes_the_pinned_key_only(void **state)
{
    (void)state;
    uint8_t seen[32];
    assert_int_equal(get_with(pin, TIMEOUT_MS), AK_OK);
    assert_int_equal(answer.status, 200);
    assert_int_equal(server.asked, 1);
    ak_fetch_close(&fetch); /* the server has one connection at a time */
    assert_int_equal(ak_fetch_peer_pin(&target, TIMEOUT_MS, seen), AK_OK);
    assert_memory_equal(seen, pin, 32);
    for (size_t i = 0; i < 32; i += 31) {
        pin[i] ^= 1;
        assert_int_equal(get_with(pin, TIMEOUT_MS), AK_E_AUTH);
        assert_true(fetch.pin_failed);
        pin[i] ^= 1;
    }
    assert_int_equal(get_with(NULL, TIMEOUT_MS), AK_E_AUTH); /* no authority stands behind it */
    assert_false(fetch.pin_failed);
    assert_int_equal(server.asked, 1); /* whoever was not believed was told nothing */
}

static void speaks_tls_1_3_only(void **state)
{
    (void)state;
    uint8_t seen[32];
    SSL_CTX_set_max_proto_version(server.tls, TLS1_2_VERSION);
    assert_int_equal(get_with(pin, TIMEOUT_MS), AK_E_IO);
    assert_int_equal(ak_fetch_peer_pin(&target, TIMEOUT_MS, seen), AK_E_IO);
    assert_int_equal(server.asked, 0);
    struct ak_target plain = {.origin = "http://127.0.0.1:1"};
    assert_int_equal(ak_fetch_peer_pin(&plain, TIMEOUT_MS, seen), AK_E_ARG);
}

static void follows_nobody(void **state)
{
    (void)state;
    char head[128];
    (void)snprintf(head, sizeof head, "302 Found\r\nLocation: https://127.0.0.1:%u/else", server.port);
    server.head = head;
    assert_int_equal(setenv("https_proxy", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(setenv("ALL_PROXY", "http://127.0.0.1:1", 1), 0);
    assert_int_equal(get_with(pin, TIMEOUT_MS), AK_OK);
    assert_int_equal(answer.status, 302);
    assert_int_equal(server.asked, 1);
    (void)unsetenv("https_proxy");
    (void)unsetenv("ALL_PROXY");
}

static void bounds_the_answer(void **state)
{
    (void)state;
    for (size_t len = AK_FETCH_BODY_MAX - 1; len <= AK_FETCH_BODY_MAX + 1; len++) {
        server.body_len = len;
        bool fits = len <= AK_FETCH_BODY_MAX;
        assert_int_equal(get_with(pin, TIMEOUT_MS), fits ? AK_OK : AK_E_LIMIT);
        assert_int_equal(answer.body.len, fits ? len : 0);
        if (!fits) assert_string_equal(fetch.reason, "the answer is too long");
    }
    server.body_len = 0;
    server.head = "600 Beyond";
    assert_int_equal(get_with(pin, TIMEOUT_MS), AK_E_IO);
    server.head = NULL;
    assert_int_equal(get_with(pin, SOON_MS), AK_E_IO); /* it says nothing */
}

/* A name is one up to its colon; what is too long is not kept, and nothing moves a terminal's cursor. */
static void keeps_headers_that_fit(void **state)
{
    (void)state;
    char head[512];
    for (int len = AK_FETCH_NONCE_MAX - 1; len <= AK_FETCH_NONCE_MAX + 1; len++) {
        (void)snprintf(head, sizeof head, "200 OK\r\nDPoP-Nonce: %0*d\r\nDPoP-NonceX: other", len, 0);
        server.head = head;
        assert_int_equal(get_with(pin, TIMEOUT_MS), AK_OK);
        assert_int_equal(strlen(fetch.nonce), len <= AK_FETCH_NONCE_MAX ? len : 0);
    }
    server.head = "200 OK\r\nAgentKeys-Notice: a\x1b[2Jb\xc2\x9b";
    assert_int_equal(get_with(pin, TIMEOUT_MS), AK_OK);
    assert_string_equal(fetch.notice, "a?[2Jb??");
    server.head = "200 OK";
    const struct ak_fetch_ask again = {.method = "GET", .path = "/v1/x"};
    assert_int_equal(ak_fetch_do(&fetch, &again, &answer), AK_OK);
    assert_false(answer.new_connection);
    assert_string_equal(fetch.notice, ""); /* of the newest answer */
}

static enum ak_err get_again(void)
{
    static const struct ak_fetch_ask ask = {.method = "GET", .path = "/v1/x"};
    return ak_fetch_do(&fetch, &ask, &answer);
}

/* Evidence before anything else: a request leaves on the connection that has a verdict, while it lasts. */
static void a_guarded_request_needs_a_verdict(void **state)
{
    (void)state;
    static const uint8_t nonce[32] = {1};
    assert_int_equal(ak_fetch_open(&fetch, &target, pin, TIMEOUT_MS), AK_OK);
    assert_int_equal(ak_guard_open(&fetch.guard, fetch.curl, NULL), AK_OK);
    assert_int_equal(get_again(), AK_E_STATE);
    assert_int_equal(server.asked, 0);
    ak_guard_ask(&fetch.guard, nonce);
    assert_int_equal(get_again(), AK_OK); /* the question itself */
    ak_guard_settle(&fetch.guard, false, 0);
    assert_int_equal(get_again(), AK_E_STATE); /* the answer was refused */
    assert_int_equal(server.asked, 1);
    ak_guard_ask(&fetch.guard, nonce);
    assert_int_equal(get_again(), AK_OK);
    ak_guard_settle(&fetch.guard, true, ak_clock_mono_ms());
    assert_int_equal(get_again(), AK_OK);
    assert_false(answer.new_connection);
    ak_guard_settle(&fetch.guard, true, ak_clock_mono_ms() - AK_GUARD_VERDICT_MS);
    assert_int_equal(get_again(), AK_E_STATE); /* it is over */
    assert_int_equal(server.asked, 3);
    ak_guard_ask(&fetch.guard, nonce);
    server.head = "200 OK\r\nConnection: close";
    assert_int_equal(get_again(), AK_OK);
    ak_guard_settle(&fetch.guard, true, ak_clock_mono_ms());
    assert_int_equal(get_again(), AK_E_STATE); /* another connection, that was asked nothing */
    assert_false(ak_guard_is_verified(&fetch.guard, ak_clock_mono_ms()));
    assert_int_equal(server.asked, 4);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(believes_the_pinned_key_only),
        TEST(speaks_tls_1_3_only),
        TEST(follows_nobody),
        TEST(bounds_the_answer),
        TEST(keeps_headers_that_fit),
        TEST(a_guarded_request_needs_a_verdict),
    };
    return cmocka_run_group_tests_name("fetch", tests, NULL, NULL);
}
