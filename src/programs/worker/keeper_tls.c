/* The worker's TLS key: its certificate, and the one kind of signature the gateway may ask for. */
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include "core/frames/tls_sign.h"
#include "io/log/log.h"
#include "programs/worker/keeper.h"

static void answer(struct ak_keeper *keeper, struct ak_span content)
{
    struct ak_frame_tls_signed done = {0};
    struct ak_p256_pub pub;
    struct ak_p256_signer *signer = ak_engine_tls_signer(keeper->engine, &pub);
    uint8_t memory[128];
    struct ak_buf frame = AK_BUF_ARR(memory);
    done.ok = ak_p256_sign(signer, content, done.signature) == AK_OK;
    if (ak_frame_tls_signed_encode(&done, &frame) != AK_OK ||
        ak_channel_send(&keeper->tls, ak_buf_span(&frame)) != AK_OK)
        keeper->fatal = true;
}

static enum ak_err take_frame(struct ak_keeper *keeper, struct ak_span frame)
{
    struct ak_reader reader = ak_reader(frame);
    struct ak_frame_tls_sign sign;
    unsigned type = 0;
    AK_TRY(ak_frame_read_head(&reader, &type));
    if (!ak_frame_permitted(AK_SENDER_GATEWAY, AK_PHASE_TLS, type)) return AK_E_MEANING;
    AK_TRY(ak_frame_tls_sign_decode(&reader, &sign));
    answer(keeper, sign.content);
    return AK_OK;
}

void ak_keeper_tls_turn(struct ak_keeper *keeper)
{
    struct ak_span frame;
    enum ak_err err = ak_channel_fill(&keeper->tls);
    while (!err && (err = ak_channel_next(&keeper->tls, &frame)) == AK_OK) err = take_frame(keeper, frame);
    if (err == AK_E_NOT_FOUND) err = ak_channel_flush(&keeper->tls);
    if (err == AK_E_STATE || err == AK_E_IO) {
        keeper->stopping = true; /* the gateway ended: both its channels do, in any order */
    } else if (err) {
        ak_log(AK_LOG_ERROR, "tls_channel", ak_log_err(err));
        keeper->fatal = true;
    }
}

/* Clients pin the key, so name and times carry no meaning; the times are fixed, so that a stepped clock
 * breaks nothing. */
static bool fill_certificate(X509 *cert, EVP_PKEY *key)
{
    X509_NAME *name = X509_get_subject_name(cert);
    static const unsigned char cn[] = "agentkeys-worker";
    return X509_set_version(cert, 2) && ASN1_INTEGER_set(X509_get_serialNumber(cert), 1) &&
           X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, cn, (int)sizeof cn - 1, -1, 0) &&
           X509_set_issuer_name(cert, name) &&
           ASN1_TIME_set_string_X509(X509_getm_notBefore(cert), "20200101000000Z") &&
           ASN1_TIME_set_string_X509(X509_getm_notAfter(cert), "99991231235959Z") &&
           X509_set_pubkey(cert, key) && X509_sign(cert, key, EVP_sha256()) > 0;
}

enum ak_err ak_keeper_tls_certificate(
    struct ak_keeper *keeper, struct ak_buf *certificate, uint8_t out_spki[91])
{
    struct ak_p256_pub pub;
    struct ak_p256_signer *signer = ak_engine_tls_signer(keeper->engine, &pub);
    X509 *cert = X509_new();
    enum ak_err err = AK_E_CRYPTO;
    ak_p256_pub_spki(&pub, out_spki);
    if (cert && fill_certificate(cert, signer->key)) {
        int len = i2d_X509(cert, NULL);
        unsigned char *at = len > 0 ? ak_buf_grow(certificate, (size_t)len) : NULL;
        if (at && i2d_X509(cert, &at) == len) err = AK_OK;
    }
    X509_free(cert);
    return err;
}
