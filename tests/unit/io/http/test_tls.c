/* TLS with a key that is elsewhere: 1.3 only, the certificate as given, one signature a handshake, no
 * tickets, new connections limited. The client is OpenSSL in a child process. */
#include "unit/io/http/harness.h"

#include "base/crypto/sha256.h"
#include "io/http/server.h"

#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <signal.h>
#include <sys/wait.h>

enum { CLIENT_OK = 0, CLIENT_NO_HANDSHAKE = 2, CLIENT_WRONG = 3 };

static EVP_PKEY *key;
static uint8_t certificate[1024];
static size_t certificate_len;
static unsigned signatures;
static bool refuse_to_sign;
static struct harness h;

static bool sign(void *ctx, struct ak_span content, uint8_t out_sig[64])
{
    uint8_t der[80];
    size_t der_len = sizeof der;
    (void)ctx;
    if (refuse_to_sign) return false;
    signatures++;
    /* spec: RFC 8446 4.4.3 */
    assert_true(content.len == 98 + 32);
    assert_memory_equal(content.ptr + 64, "TLS 1.3, server CertificateVerify", 34);
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(md, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(md, der, &der_len, content.ptr, content.len), 1);
    EVP_MD_CTX_free(md);
    const uint8_t *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)der_len);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out_sig, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out_sig + 32, 32), 32);
    ECDSA_SIG_free(sig);
    return true;
}

static struct ak_http_tls tls = {.sign = sign};

static int make_certificate(void **state)
{
    (void)state;
    uint8_t *at = certificate;
    X509 *x = X509_new();
    key = EVP_EC_gen("P-256");
    assert_true(key && x);
    assert_int_equal(X509_set_version(x, 2), 1);
    assert_int_equal(ASN1_INTEGER_set(X509_get_serialNumber(x), 1), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), 0);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME *name = X509_get_subject_name(x);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"worker", -1, -1, 0);
    X509_set_issuer_name(x, name);
    X509_set_pubkey(x, key);
    assert_true(X509_sign(x, key, EVP_sha256()) > 0);
    assert_true(i2d_X509(x, NULL) <= (int)sizeof certificate);
    certificate_len = (size_t)i2d_X509(x, &at);
    X509_free(x);
    tls.certificate = ak_span(certificate, certificate_len);
    harness_open(&h, &tls);
    return 0;
}

static int drop_certificate(void **state)
{
    (void)state;
    ak_http_close(h.server);
    EVP_PKEY_free(key);
    return 0;
}

static int check_peer(SSL *ssl, int requests)
{
    static const char get[] = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    char answer[1024];
    X509 *peer = SSL_get1_peer_certificate(ssl);
    if (!peer || !EVP_PKEY_eq(X509_get0_pubkey(peer), key)) return CLIENT_WRONG;
    if (SSL_version(ssl) != TLS1_3_VERSION) return CLIENT_WRONG;
    for (int i = 0; i < requests; i++) {
        if (SSL_write(ssl, get, sizeof get - 1) <= 0) return CLIENT_WRONG;
        size_t len = 0;
        do { /* head and body come in records of their own */
            int n = SSL_read(ssl, answer + len, (int)(sizeof answer - 1 - len));
            if (n <= 0) return CLIENT_WRONG;
            len += (size_t)n;
            answer[len] = 0;
        } while (!strstr(answer, "{\"ok\":true}"));
        if (memcmp(answer, "HTTP/1.1 200", 12) != 0) return CLIENT_WRONG;
    }
    if (SSL_SESSION_has_ticket(SSL_get_session(ssl))) return CLIENT_WRONG;
    X509_free(peer);
    return CLIENT_OK;
}

/* For the test of the binding: the client shows a certificate, and tells its exporter. */
static bool show_certificate;
static int tell_fd = -1;
static uint8_t context[32];
#define LABEL "EXPORTER-test"

static bool tell(SSL *ssl)
{
    uint8_t exporter[32];
    return SSL_export_keying_material(ssl, exporter, 32, LABEL, strlen(LABEL), context, 32, 1) == 1 &&
           write(tell_fd, exporter, 32) == 32;
}

static int client(int max_version, const char *groups, int requests)
{
    (void)signal(SIGPIPE, SIG_IGN);
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_max_proto_version(ctx, max_version);
    char list[64]; /* OpenSSL's macro takes it without const */
    (void)snprintf(list, sizeof list, "%s", groups ? groups : "");
    if (groups && SSL_CTX_set1_groups_list(ctx, list) != 1) return CLIENT_WRONG;
    if (show_certificate && (SSL_CTX_use_certificate_ASN1(ctx, (int)certificate_len, certificate) != 1 ||
                                SSL_CTX_use_PrivateKey(ctx, key) != 1))
        return CLIENT_WRONG;
    SSL *ssl = SSL_new(ctx);
    int fd = harness_connect(&h);
    (void)fcntl(fd, F_SETFL, 0);
    struct timeval limit = {5, 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit);
    SSL_set_fd(ssl, fd);
    if (SSL_connect(ssl) != 1) return CLIENT_NO_HANDSHAKE;
    if (tell_fd >= 0 && !tell(ssl)) return CLIENT_WRONG;
    int result = check_peer(ssl, requests);
    SSL_shutdown(ssl);
    return result;
}

static int run_client_with(int max_version, const char *groups, int requests)
{
    int status = 0;
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(client(max_version, groups, requests));
    while (waitpid(pid, &status, WNOHANG) == 0) harness_turn(&h);
    while (harness_turn(&h)) {
    }
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static int run_client(int max_version, int requests)
{
    return run_client_with(max_version, NULL, requests);
}

static void signs_through_the_callback(void **state)
{
    (void)state;
    unsigned before = signatures;
    h.now_ms += 1000;
    assert_int_equal(run_client(TLS1_3_VERSION, 3), CLIENT_OK);
    assert_int_equal(signatures, before + 1);
    assert_int_equal(h.asked, 3);
}

/* The transcript after a retry begins with the hash of the first hello. */
static void signs_after_a_retry(void **state)
{
    (void)state;
    unsigned before = signatures;
    h.now_ms += 1000;
    assert_int_equal(run_client_with(TLS1_3_VERSION, "P-384:P-256", 1), CLIENT_OK);
    assert_int_equal(signatures, before + 1);
    h.now_ms += 1000;
    assert_int_equal(run_client_with(TLS1_3_VERSION, "P-384", 1), CLIENT_NO_HANDSHAKE);
    assert_int_equal(signatures, before + 1);
}

static void refuses_older_versions(void **state)
{
    (void)state;
    unsigned before = signatures;
    h.now_ms += 1000;
    assert_int_equal(run_client(TLS1_2_VERSION, 1), CLIENT_NO_HANDSHAKE);
    assert_int_equal(signatures, before);
}

static void ends_where_nobody_signs(void **state)
{
    (void)state;
    h.now_ms += 1000;
    refuse_to_sign = true;
    assert_int_equal(run_client(TLS1_3_VERSION, 1), CLIENT_NO_HANDSHAKE);
    refuse_to_sign = false;
    h.now_ms += 1000;
    assert_int_equal(run_client(TLS1_3_VERSION, 1), CLIENT_OK);
}

/* Four a second here; the fifth in the same millisecond is turned away, a second later it comes in. */
static void limits_handshakes(void **state)
{
    (void)state;
    h.now_ms += 1000;
    uint64_t before = ak_http_figures(h.server).refused;
    for (unsigned i = 0; i < 4; i++) assert_int_equal(run_client(TLS1_3_VERSION, 1), CLIENT_OK);
    assert_int_equal(run_client(TLS1_3_VERSION, 1), CLIENT_NO_HANDSHAKE);
    assert_int_equal(ak_http_figures(h.server).refused, before + 1);
    h.now_ms += 1000;
    assert_int_equal(run_client(TLS1_3_VERSION, 1), CLIENT_OK);
}

static void takes_no_plain_text(void **state)
{
    (void)state;
    h.now_ms += 1000;
    unsigned before = h.asked;
    static const char get[] = "GET /x HTTP/1.1\r\nHost: a\r\n\r\n";
    assert_int_equal(harness_talk(&h, get, sizeof get - 1), 0);
    assert_int_equal(h.asked, before);
}

/* ---- what evidence is bound to ---- */

static void own_spki(uint8_t out_hash[32])
{
    uint8_t *der = NULL;
    int len = i2d_PUBKEY(key, &der);
    assert_true(len > 0);
    ak_sha256(ak_span(der, (size_t)len), out_hash);
    OPENSSL_free(der);
}

/* Both ends have one exporter; another context or label gives another one. */
static void check_binding(const struct ak_http_request *request, const uint8_t told[32])
{
    static const uint8_t zeros[32];
    uint8_t client_key[32], exporter[32], other[32], spki[32];
    own_spki(spki);
    memset(other, 0x77, sizeof other);
    assert_true(ak_http_tls_binding(request, AK_SPAN_LIT(LABEL), context, client_key, exporter));
    assert_memory_equal(exporter, told, 32);
    assert_memory_equal(client_key, show_certificate ? spki : zeros, 32);
    assert_true(ak_http_tls_binding(request, AK_SPAN_LIT(LABEL), other, client_key, exporter));
    assert_memory_not_equal(exporter, told, 32);
    assert_true(ak_http_tls_binding(request, AK_SPAN_LIT("EXPORTER-other"), context, client_key, exporter));
    assert_memory_not_equal(exporter, told, 32);
}

static void binds(bool with_certificate)
{
    uint8_t told[32];
    int ends[2], status = 0;
    assert_int_equal(pipe(ends), 0);
    show_certificate = with_certificate;
    h.now_ms += 1000;
    h.defer = true;
    h.kept = NULL;
    tell_fd = ends[1];
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) _exit(client(TLS1_3_VERSION, NULL, 1));
    while (!h.kept && waitpid(pid, &status, WNOHANG) == 0) harness_turn(&h);
    assert_non_null(h.kept);
    assert_int_equal(read(ends[0], told, sizeof told), sizeof told);
    check_binding(h.kept, told);
    harness_answer(&h, h.kept);
    while (waitpid(pid, &status, WNOHANG) == 0) harness_turn(&h);
    while (harness_turn(&h)) {
    }
    assert_int_equal(WEXITSTATUS(status), CLIENT_OK);
    h.defer = show_certificate = false;
    tell_fd = -1;
    close(ends[0]);
    close(ends[1]);
}

static void binds_to_the_connection_and_the_certificate(void **state)
{
    (void)state;
    memset(context, 0x55, sizeof context);
    binds(false);
    binds(true);
}

/* The library's callbacks know no server, so there is one a process; who comes second takes nothing away. */
static void another_server_leaves_the_first(void **state)
{
    (void)state;
    struct ak_http *other;
    uint16_t port = 0;
    struct ak_http_config config = {.max_connections = 4, .listener_count = 1, .tls = h.server->config.tls};
    config.listeners[0] = (struct ak_http_listener){harness_listen(&port), true};
    assert_int_equal(ak_http_open(&config, &other), AK_E_STATE);
    assert_null(other);
    config.listeners[0].tls = false;
    config.hooks = h.server->config.hooks;
    assert_int_equal(ak_http_open(&config, &other), AK_OK);
    ak_http_close(other);
    h.now_ms += 1000;
    assert_int_equal(run_client(TLS1_3_VERSION, 1), CLIENT_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(signs_through_the_callback),
        cmocka_unit_test(signs_after_a_retry),
        cmocka_unit_test(refuses_older_versions),
        cmocka_unit_test(ends_where_nobody_signs),
        cmocka_unit_test(limits_handshakes),
        cmocka_unit_test(takes_no_plain_text),
        cmocka_unit_test(binds_to_the_connection_and_the_certificate),
        cmocka_unit_test(another_server_leaves_the_first),
    };
    return cmocka_run_group_tests(tests, make_certificate, drop_certificate);
}
