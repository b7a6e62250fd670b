/* ES256 signatures. A signer is a key kept ready, because making it costs as much as signing. It signs by the
 * library's older call, marked deprecated for new designs: the same nonce, mixed from key, digest and random
 * bytes, and the same arithmetic as EVP's, but r and s come as numbers; EVP writes them as DER first, which
 * is read again, and looks up the algorithm at each signature: a tenth of its time. A verification copies a
 * prepared key without a point, a third of the cost of building one from parameters. */
#define OPENSSL_SUPPRESS_DEPRECATED
#include "base/crypto/p256.h"

#include <pthread.h>

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/params.h>

#include "base/assert.h"
#include "base/crypto/ossl.h"
#include "base/crypto/p256_der.h"
#include "base/crypto/p256_scalar.h"
#include "base/crypto/sha256.h"

enum { POINT_LEN = 65, UNCOMPRESSED = 4 };

static char group_name[] = "P-256";
static EVP_PKEY *the_template;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static EVP_PKEY *from_params(int selection, OSSL_PARAM *params)
{
    AK_CLEANUP(ak_ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    EVP_PKEY *key = NULL;
    if (ctx != NULL && EVP_PKEY_fromdata_init(ctx) == 1 &&
        EVP_PKEY_fromdata(ctx, &key, selection, params) == 1)
        return key;
    return NULL;
}

static void make_template(void)
{
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group_name, 0),
        OSSL_PARAM_construct_end()};
    the_template = from_params(EVP_PKEY_KEY_PARAMETERS, params);
}

static void point_bytes(const struct ak_p256_pub *pub, uint8_t out[POINT_LEN])
{
    out[0] = UNCOMPRESSED;
    memcpy(out + 1, pub->xy, sizeof pub->xy);
}

static EVP_PKEY *key_pair(const struct ak_secret32 *scalar, const struct ak_p256_pub *pub)
{
    uint8_t point[POINT_LEN];
    point_bytes(pub, point);
    /* A big number as a parameter is in the byte order of the machine. */
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 native;
    for (int i = 0; i < 32; i++)
        native.bytes[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? 31 - i : i] = scalar->bytes[i];
    OSSL_PARAM params[] = {OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group_name, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, sizeof point),
        OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_PRIV_KEY, native.bytes, sizeof native.bytes),
        OSSL_PARAM_construct_end()};
    return from_params(EVP_PKEY_KEYPAIR, params);
}

enum ak_err ak_p256_signer_open(struct ak_p256_signer *signer, const struct ak_secret32 *scalar)
{
    struct ak_p256_pub pub;
    memset(signer, 0, sizeof *signer);
    AK_TRY(ak_p256_pub_from_scalar(scalar, &pub));
    signer->key = key_pair(scalar, &pub);
    ak_wipe_stack();
    signer->pair = signer->key == NULL ? NULL : EVP_PKEY_get1_EC_KEY(signer->key);
    if (signer->pair != NULL) return AK_OK;
    ak_p256_signer_close(signer);
    return ak_ossl_failed(AK_E_CRYPTO);
}

void ak_p256_signer_close(struct ak_p256_signer *signer)
{
    EC_KEY_free(signer->pair);
    EVP_PKEY_free(signer->key);
    memset(signer, 0, sizeof *signer);
}

static void sig_free(ECDSA_SIG **sig)
{
    ECDSA_SIG_free(*sig);
}

enum ak_err ak_p256_sign_digest(struct ak_p256_signer *signer, const uint8_t digest[32], uint8_t out_sig[64])
{
    memset(out_sig, 0, 64);
    ak_assert(signer->pair != NULL);
    AK_CLEANUP(sig_free) ECDSA_SIG *sig = ECDSA_do_sign(digest, AK_SHA256_LEN, signer->pair);
    ak_wipe_stack();
    if (sig != NULL && BN_bn2binpad(ECDSA_SIG_get0_r(sig), out_sig, 32) == 32 &&
        BN_bn2binpad(ECDSA_SIG_get0_s(sig), out_sig + 32, 32) == 32)
        return AK_OK;
    memset(out_sig, 0, 64);
    return ak_ossl_failed(AK_E_CRYPTO);
}

enum ak_err ak_p256_sign(struct ak_p256_signer *signer, struct ak_span message, uint8_t out_sig[64])
{
    uint8_t digest[AK_SHA256_LEN];
    ak_sha256(message, digest);
    return ak_p256_sign_digest(signer, digest, out_sig);
}

enum ak_err ak_p256_verify(const struct ak_p256_pub *pub, struct ak_span message, const uint8_t sig[64])
{
    ak_assert(pthread_once(&once, make_template) == 0);
    AK_CLEANUP(ak_ossl_pkey_free) EVP_PKEY *key = the_template == NULL ? NULL : EVP_PKEY_dup(the_template);
    if (key == NULL) return ak_ossl_failed(AK_E_CRYPTO);
    uint8_t point[POINT_LEN];
    point_bytes(pub, point);
    if (EVP_PKEY_set1_encoded_public_key(key, point, sizeof point) != 1) return ak_ossl_failed(AK_E_MEANING);
    AK_CLEANUP(ak_ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, key, NULL);
    if (ctx == NULL || EVP_PKEY_verify_init(ctx) != 1) return ak_ossl_failed(AK_E_CRYPTO);
    uint8_t digest[AK_SHA256_LEN];
    uint8_t der[AK_P256_DER_MAX];
    ak_sha256(message, digest);
    size_t der_len = ak_p256_der_encode(sig, der);
    bool good = EVP_PKEY_verify(ctx, der, der_len, digest, sizeof digest) == 1;
    return good ? AK_OK : ak_ossl_failed(AK_E_AUTH);
}
