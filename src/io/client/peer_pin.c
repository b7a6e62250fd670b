/* The server's public key, as a connection that sends nothing shows it: for the first meeting, where a person
 * compares it. */
#include <curl/curl.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <string.h>

#include "base/crypto/sha256.h"
#include "io/client/fetch.h"

static enum ak_err hash_spki(const char *pem, uint8_t out_pin[32])
{
    uint8_t *der = NULL;
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *cert = bio ? PEM_read_bio_X509(bio, NULL, NULL, NULL) : NULL;
    int len = cert ? i2d_X509_PUBKEY(X509_get_X509_PUBKEY(cert), &der) : -1;
    if (len > 0) ak_sha256(ak_span(der, (size_t)len), out_pin);
    OPENSSL_free(der);
    X509_free(cert);
    BIO_free(bio);
    return len > 0 ? AK_OK : AK_E_FORMAT;
}

/* The first certificate is the server's own. */
static enum ak_err read_pin(CURL *curl, uint8_t out_pin[32])
{
    struct curl_certinfo *info = NULL;
    if (curl_easy_getinfo(curl, CURLINFO_CERTINFO, &info) || !info || info->num_of_certs < 1)
        return AK_E_FORMAT;
    for (struct curl_slist *line = info->certinfo[0]; line; line = line->next)
        if (strncmp(line->data, "Cert:", 5) == 0) return hash_spki(line->data + 5, out_pin);
    return AK_E_FORMAT;
}

enum ak_err ak_fetch_peer_pin(const struct ak_target *target, uint64_t timeout_ms, uint8_t out_pin[32])
{
    memset(out_pin, 0, 32);
    if (!target->tls) return AK_E_ARG;
    CURL *curl = curl_global_init(CURL_GLOBAL_DEFAULT) ? NULL : curl_easy_init();
    if (!curl) return AK_E_IO;
    bool failed = curl_easy_setopt(curl, CURLOPT_URL, target->origin) ||
                  curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L) || curl_easy_setopt(curl, CURLOPT_PROXY, "") ||
                  curl_easy_setopt(curl, CURLOPT_CERTINFO, 1L) ||
                  curl_easy_setopt(curl, CURLOPT_CONNECT_ONLY, 1L) ||
                  curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3) ||
                  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYPEER, 0L) ||
                  curl_easy_setopt(curl, CURLOPT_SSL_VERIFYHOST, 0L) ||
                  curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)timeout_ms);
    enum ak_err err = failed || curl_easy_perform(curl) ? AK_E_IO : read_pin(curl, out_pin);
    curl_easy_cleanup(curl);
    return err;
}
