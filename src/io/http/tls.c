/* TLS with a key that is elsewhere: the certificate is given, each handshake's one signature is asked of the
 * process that has the key. GnuTLS hands out only the hash of what is to be signed, and the other process
 * signs nothing it cannot read; so the transcript is followed here and the text built from it, and it is sent
 * only where its hash is the one GnuTLS asks for. The callbacks carry no context, so there is one server a
 * process; between a session's certificate and its signature no other session runs. */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "io/http/server.h"

/* TLS 1.3 only, suites with SHA-256; no tickets, so no key that outlives a connection. */
const char ak_http_tls_priorities[] =
    "NONE:+VERS-TLS1.3:+AES-128-GCM:+CHACHA20-POLY1305:+AEAD:+ECDHE-ECDSA:"
    "+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ECDSA-SECP256R1-SHA256:+CTYPE-X509:%NO_TICKETS:%SERVER_PRECEDENCE";

static struct {
    const struct ak_http_tls *tls;
    gnutls_privkey_t key;
    gnutls_pcert_st certificate;
    bool has_certificate;
    struct ak_http_transcript *signing; /* whose certificate was the last to be sent */
} process;

/* spec: RFC 8446 4.4.1: a first ClientHello that was answered by a retry counts by its hash. */
static void fold_first_hello(struct ak_http_transcript *transcript)
{
    static const uint8_t message_hash[4] = {254, 0, 0, AK_SHA256_LEN};
    uint8_t digest[AK_SHA256_LEN];
    ak_sha256_stream_final(&transcript->hash, digest);
    ak_sha256_stream_init(&transcript->hash);
    ak_sha256_stream_update(&transcript->hash, AK_SPAN_ARR(message_hash));
    ak_sha256_stream_update(&transcript->hash, AK_SPAN_ARR(digest));
}

/* Messages come without their four bytes of head; a retry goes out as a kind of ServerHello. */
static int follow(
    gnutls_session_t session, unsigned type, unsigned when, unsigned incoming, const gnutls_datum_t *message)
{
    struct ak_http_transcript *transcript = gnutls_db_get_ptr(session);
    (void)when;
    if (!transcript || transcript->done) return 0;
    bool retry = type == GNUTLS_HANDSHAKE_HELLO_RETRY_REQUEST;
    if (retry) fold_first_hello(transcript);
    const uint8_t head[4] = {retry ? GNUTLS_HANDSHAKE_SERVER_HELLO : (uint8_t)type,
        (uint8_t)(message->size >> 16), (uint8_t)(message->size >> 8), (uint8_t)message->size};
    ak_sha256_stream_update(&transcript->hash, AK_SPAN_ARR(head));
    ak_sha256_stream_update(&transcript->hash, ak_span(message->data, message->size));
    if (!incoming && type == GNUTLS_HANDSHAKE_CERTIFICATE_PKT) {
        ak_sha256_stream_final(&transcript->hash, transcript->digest);
        transcript->done = true;
        process.signing = transcript;
    }
    return 0;
}

void ak_http_tls_follow(struct MHD_Connection *mhd, struct ak_http_transcript *transcript)
{
    const union MHD_ConnectionInfo *info = MHD_get_connection_info(mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info || !info->tls_session) return; /* then nothing is signed */
    gnutls_session_t session = info->tls_session;
    ak_sha256_stream_init(&transcript->hash);
    transcript->done = false;
    gnutls_db_set_ptr(session, transcript);
    gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST); /* asked for, not required */
    gnutls_handshake_set_hook_function(session, GNUTLS_HANDSHAKE_ANY, GNUTLS_HOOK_PRE, follow);
}

void ak_http_tls_forget(struct ak_http_transcript *transcript)
{
    if (process.signing == transcript) process.signing = NULL;
    ak_sha256_stream_done(&transcript->hash);
}

/* ---- what evidence is bound to ---- */

static bool hash_spki(const gnutls_datum_t *certificate, uint8_t out_hash[32])
{
    gnutls_x509_crt_t cert = NULL;
    gnutls_pubkey_t key = NULL;
    gnutls_datum_t der = {NULL, 0};
    bool good = gnutls_x509_crt_init(&cert) == 0 &&
                gnutls_x509_crt_import(cert, certificate, GNUTLS_X509_FMT_DER) == 0 &&
                gnutls_pubkey_init(&key) == 0 && gnutls_pubkey_import_x509(key, cert, 0) == 0 &&
                gnutls_pubkey_export2(key, GNUTLS_X509_FMT_DER, &der) == 0;
    if (good) ak_sha256(ak_span(der.data, der.size), out_hash);
    gnutls_free(der.data);
    if (key) gnutls_pubkey_deinit(key);
    if (cert) gnutls_x509_crt_deinit(cert);
    return good;
}

bool ak_http_tls_binding(const struct ak_http_request *request, struct ak_span label,
    const uint8_t context[32], uint8_t out_client[32], uint8_t out_exporter[32])
{
    const struct ak_http_slot *slot = (const struct ak_http_slot *)(const void *)request;
    unsigned count = 0;
    memset(out_client, 0, 32);
    memset(out_exporter, 0, 32);
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(slot->mhd, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (!info || !info->tls_session) return false;
    gnutls_session_t session = info->tls_session;
    const gnutls_datum_t *peers = gnutls_certificate_get_peers(session, &count);
    if (peers && count > 0 && !hash_spki(&peers[0], out_client)) return false;
    return gnutls_prf_rfc5705(session, label.len, (const char *)label.ptr, 32, (const char *)context, 32,
               (char *)out_exporter) == 0;
}

/* ---- the signature ---- */

/* spec: RFC 8446 4.4.3 */
static struct ak_span verify_content(const struct ak_http_transcript *transcript, uint8_t out_content[130])
{
    static const char context[] = "TLS 1.3, server CertificateVerify"; /* with its zero */
    memset(out_content, ' ', 64);
    memcpy(out_content + 64, context, sizeof context);
    memcpy(out_content + 64 + sizeof context, transcript->digest, AK_SHA256_LEN);
    return ak_span(out_content, 64 + sizeof context + AK_SHA256_LEN);
}

static int sign_hash(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *userdata, unsigned flags,
    const gnutls_datum_t *hash, gnutls_datum_t *signature)
{
    const struct ak_http_tls *tls = userdata;
    uint8_t content[130];
    uint8_t digest[AK_SHA256_LEN];
    uint8_t rs[64];
    (void)key;
    (void)flags;
    if (algorithm != GNUTLS_SIGN_ECDSA_SECP256R1_SHA256) return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    if (!process.signing) return GNUTLS_E_PK_SIGN_FAILED;
    struct ak_span text = verify_content(process.signing, content);
    process.signing = NULL;
    ak_sha256(text, digest);
    if (!ak_span_eq(AK_SPAN_ARR(digest), ak_span(hash->data, hash->size))) return GNUTLS_E_PK_SIGN_FAILED;
    if (!tls->sign(tls->ctx, text, rs)) return GNUTLS_E_PK_SIGN_FAILED;
    const gnutls_datum_t r = {rs, 32};
    const gnutls_datum_t s = {rs + 32, 32};
    return gnutls_encode_rs_value(signature, &r, &s);
}

static int key_info(gnutls_privkey_t key, unsigned flags, void *userdata)
{
    (void)key;
    (void)userdata;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO) return GNUTLS_PK_ECDSA;
    if (flags & GNUTLS_PRIVKEY_INFO_PK_ALGO_BITS)
        return (int)GNUTLS_CURVE_TO_BITS(GNUTLS_ECC_CURVE_SECP256R1);
    if (flags & GNUTLS_PRIVKEY_INFO_HAVE_SIGN_ALGO)
        return GNUTLS_FLAGS_TO_SIGN_ALGO(flags) == GNUTLS_SIGN_ECDSA_SECP256R1_SHA256;
    return -1;
}

static int retrieve(gnutls_session_t session, const gnutls_datum_t *names, int name_count,
    const gnutls_pk_algorithm_t *algorithms, int algorithm_count, gnutls_pcert_st **out_certificates,
    unsigned *out_count, gnutls_privkey_t *out_key)
{
    (void)session;
    (void)names;
    (void)name_count;
    (void)algorithms;
    (void)algorithm_count;
    if (!process.has_certificate) return -1;
    *out_certificates = &process.certificate;
    *out_count = 1;
    *out_key = process.key;
    return 0;
}

enum ak_err ak_http_tls_open(const struct ak_http_tls *tls)
{
    unsigned char copy[2048];
    if (process.tls) return AK_E_STATE;
    if (tls->certificate.len == 0 || tls->certificate.len > sizeof copy) return AK_E_LIMIT;
    memcpy(copy, tls->certificate.ptr, tls->certificate.len);
    const gnutls_datum_t der = {copy, (unsigned)tls->certificate.len};
    process.tls = tls;
    if (gnutls_pcert_import_x509_raw(&process.certificate, &der, GNUTLS_X509_FMT_DER, 0) < 0) {
        ak_http_tls_close();
        return AK_E_FORMAT;
    }
    process.has_certificate = true;
    void *ctx = (void *)(uintptr_t)tls;
    if (gnutls_privkey_init(&process.key) < 0 ||
        gnutls_privkey_import_ext4(process.key, ctx, NULL, sign_hash, NULL, NULL, key_info, 0) < 0) {
        ak_http_tls_close();
        return AK_E_CRYPTO;
    }
    return AK_OK;
}

void ak_http_tls_close(void)
{
    if (process.key) gnutls_privkey_deinit(process.key);
    if (process.has_certificate) gnutls_pcert_deinit(&process.certificate);
    memset(&process, 0, sizeof process);
}

void *ak_http_tls_callback(void)
{
    union {
        gnutls_certificate_retrieve_function2 *fn;
        void *ptr;
    } as = {.fn = retrieve};
    return as.ptr;
}
