/* The hooks in libcurl and OpenSSL. */
#include "io/client/guard.h"

#include <curl/curl.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <pthread.h>
#include <string.h>

#include "base/crypto/sha256.h"
#include "io/proc/clock.h"

/* ---- marks on TLS sessions ---- */

static int mark_index = -1;

static void make_index(void)
{
    mark_index = SSL_get_ex_new_index(0, NULL, NULL, NULL, NULL);
}

static bool has_index(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    return pthread_once(&once, make_index) == 0 && mark_index >= 0;
}

/* The session of the connection that the running request got; NULL where it has none. */
static SSL *session_of(CURL *curl)
{
    struct curl_tlssessioninfo *info = NULL;
    if (curl_easy_getinfo(curl, CURLINFO_TLS_SSL_PTR, &info) || !info) return NULL;
    return info->backend == CURLSSLBACKEND_OPENSSL ? info->internals : NULL;
}

/* ---- what this end sees ---- */

static bool see_peer(SSL *ssl, uint8_t out_hash[32])
{
    uint8_t *der = NULL;
    X509 *cert = SSL_get0_peer_certificate(ssl);
    int len = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;
    if (len > 0) ak_sha256(ak_span(der, (size_t)len), out_hash);
    OPENSSL_free(der);
    return len > 0;
}

static bool see(struct ak_guard *guard, SSL *ssl)
{
    static const char label[] = AK_CHANNEL_EXPORTER_LABEL;
    struct ak_channel_binding *seen = &guard->seen;
    uint8_t spki[91];
    seen->role = AK_CHANNEL_WORKER_TO_CLIENT;
    memset(seen->client, 0, sizeof seen->client);
    if (guard->device) {
        ak_p256_pub_spki(&guard->device->pub, spki);
        ak_sha256(AK_SPAN_ARR(spki), seen->client);
    }
    return SSL_version(ssl) == TLS1_3_VERSION && see_peer(ssl, seen->worker) &&
           SSL_export_keying_material(ssl, seen->exporter, sizeof seen->exporter, label, sizeof label - 1,
               seen->nonce, sizeof seen->nonce, 1) == 1;
}

/* ---- before each request ---- */

static bool mark(struct ak_guard *guard, SSL *ssl)
{
    guard->asked_on = ++guard->newest;
    return SSL_set_ex_data(ssl, mark_index, (void *)(uintptr_t)guard->asked_on) == 1;
}

static bool is_marked(const struct ak_guard *guard, const SSL *ssl)
{
    uint64_t found = (uintptr_t)SSL_get_ex_data(ssl, mark_index);
    return found != 0 && found == guard->verified && ak_guard_is_verified(guard, ak_clock_mono_ms());
}

/* Called with the connection made and nothing sent. */
static int before_request(void *ctx, char *peer, char *local, int peer_port, int local_port)
{
    struct ak_guard *guard = ctx;
    (void)peer;
    (void)local;
    (void)peer_port;
    (void)local_port;
    SSL *ssl = session_of(guard->curl);
    bool may = ssl && (guard->asking ? mark(guard, ssl) && see(guard, ssl) : is_marked(guard, ssl));
    guard->stopped = !may;
    if (!may) guard->verified = 0;
    return may ? CURL_PREREQFUNC_OK : CURL_PREREQFUNC_ABORT;
}

/* ---- the certificate ---- */

/* The worker looks at nothing but the key. */
static bool fill(X509 *cert, EVP_PKEY *key)
{
    static const unsigned char cn[] = "agentkeys-client";
    X509_NAME *name = X509_get_subject_name(cert);
    return X509_set_version(cert, 2) && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, cn, (int)sizeof cn - 1, -1, 0) &&
           X509_set_issuer_name(cert, name) &&
           ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20200101000000Z") &&
           ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "99991231235959Z") &&
           X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()) > 0;
}

static CURLcode on_context(CURL *curl, void *context, void *ctx)
{
    const struct ak_guard *guard = ctx;
    SSL_CTX *tls = context;
    (void)curl;
    if (!guard->device) return CURLE_OK;
    bool good = SSL_CTX_use_certificate(tls, guard->certificate) == 1 &&
                SSL_CTX_use_PrivateKey(tls, guard->device->signer.key) == 1;
    return good ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* ---- the rest ---- */

enum ak_err ak_guard_open(struct ak_guard *guard, void *curl, struct ak_client_device *device)
{
    ak_guard_close(guard);
    if (!has_index()) return AK_E_CRYPTO;
    guard->curl = curl;
    guard->device = device;
    guard->certificate = device ? X509_new() : NULL;
    if (device && (!guard->certificate || !fill(guard->certificate, device->signer.key))) {
        ak_guard_close(guard);
        return AK_E_CRYPTO;
    }
    guard->on = true;
    bool failed = curl_easy_setopt(curl, CURLOPT_PREREQFUNCTION, before_request) ||
                  curl_easy_setopt(curl, CURLOPT_PREREQDATA, guard) ||
                  curl_easy_setopt(curl, CURLOPT_SSL_CTX_FUNCTION, on_context) ||
                  curl_easy_setopt(curl, CURLOPT_SSL_CTX_DATA, guard) ||
                  curl_easy_setopt(curl, CURLOPT_SSL_SESSIONID_CACHE, 0L);
    return failed ? AK_E_IO : AK_OK;
}

void ak_guard_close(struct ak_guard *guard)
{
    X509_free(guard->certificate);
    memset(guard, 0, sizeof *guard);
}

void ak_guard_ask(struct ak_guard *guard, const uint8_t nonce[32])
{
    guard->asking = true;
    guard->verified = guard->asked_on = 0;
    memset(&guard->seen, 0, sizeof guard->seen);
    memcpy(guard->seen.nonce, nonce, sizeof guard->seen.nonce);
}

void ak_guard_settle(struct ak_guard *guard, bool accepted, uint64_t now_ms)
{
    guard->asking = false;
    guard->verified = accepted ? guard->asked_on : 0;
    guard->verified_ms = now_ms;
}

bool ak_guard_is_verified(const struct ak_guard *guard, uint64_t now_ms)
{
    return guard->verified != 0 && now_ms - guard->verified_ms < AK_GUARD_VERDICT_MS;
}
