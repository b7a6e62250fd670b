/* TLS with a key that is elsewhere: the certificate is given, each handshake's one signature is asked of the
 * process that has the key. The library's callback carries no context, so there is one a process. */
#include <gnutls/abstract.h>
#include <gnutls/crypto.h>
#include <gnutls/gnutls.h>

#include "io/http/server.h"

/* TLS 1.3 only; no tickets, so no key that outlives a connection. */
const char ak_http_tls_priorities[] =
    "NONE:+VERS-TLS1.3:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:+AEAD:+ECDHE-ECDSA:"
    "+GROUP-X25519:+GROUP-SECP256R1:+SIGN-ECDSA-SECP256R1-SHA256:+CTYPE-X509:%NO_TICKETS";

static struct {
    const struct ak_http_tls *tls;
    gnutls_privkey_t key;
    gnutls_pcert_st certificate;
    bool has_certificate;
} process;

static int sign_data(gnutls_privkey_t key, gnutls_sign_algorithm_t algorithm, void *userdata, unsigned flags,
    const gnutls_datum_t *data, gnutls_datum_t *signature)
{
    const struct ak_http_tls *tls = userdata;
    uint8_t rs[64];
    (void)key;
    (void)flags;
    if (algorithm != GNUTLS_SIGN_ECDSA_SECP256R1_SHA256) return GNUTLS_E_UNSUPPORTED_SIGNATURE_ALGORITHM;
    if (!tls->sign(tls->ctx, ak_span(data->data, data->size), rs)) return GNUTLS_E_PK_SIGN_FAILED;
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
        gnutls_privkey_import_ext4(process.key, ctx, sign_data, NULL, NULL, NULL, key_info, 0) < 0) {
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
