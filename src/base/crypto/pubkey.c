/* Public keys through EVP. The algorithm's row says which kind of key, which hash and which padding; nothing
 * of it comes from the key or the signature. */
#include "base/crypto/pubkey.h"

#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/params.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>

#include "base/crypto/ossl.h"

enum {
    SPKI_MAX = 1024,
    RSA_BITS_MIN = 2048,
    RSA_BITS_MAX = 4096,
    COORDINATE_MAX = 48,
    ECDSA_DER_MAX = 2 * (COORDINATE_MAX + 3) + 3,
    UNCOMPRESSED = 4
};

static const struct algorithm {
    enum ak_pubkey_type type;
    const char *digest;
    size_t half_len; /* of an ECDSA signature */
    bool pss;
} algorithms[AK_SIG_COUNT] = {
    [AK_SIG_P256_SHA256] = {AK_PUBKEY_P256, "SHA256", 32, false},
    [AK_SIG_P384_SHA384] = {AK_PUBKEY_P384, "SHA384", 48, false},
    [AK_SIG_RSA_PKCS1_SHA256] = {AK_PUBKEY_RSA, "SHA256", 0, false},
    [AK_SIG_RSA_PKCS1_SHA384] = {AK_PUBKEY_RSA, "SHA384", 0, false},
    [AK_SIG_RSA_PSS_SHA256] = {AK_PUBKEY_RSA, "SHA256", 0, true},
    [AK_SIG_RSA_PSS_SHA384] = {AK_PUBKEY_RSA, "SHA384", 0, true},
};

void ak_pubkey_done(struct ak_pubkey *key)
{
    EVP_PKEY_free(key->key);
    *key = (struct ak_pubkey){0};
}

/* ---- making ---- */

static EVP_PKEY *from_params(const char *kind, OSSL_PARAM *params)
{
    AK_CLEANUP(ak_ossl_pkey_ctx_free) EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, kind, NULL);
    EVP_PKEY *key = NULL;
    if (ctx == NULL || EVP_PKEY_fromdata_init(ctx) != 1) return NULL;
    return EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params) == 1 ? key : NULL;
}

enum ak_err ak_pubkey_from_point(struct ak_span xy, struct ak_pubkey *out_key)
{
    char p256[] = "P-256", p384[] = "P-384";
    uint8_t point[1 + 2 * COORDINATE_MAX] = {UNCOMPRESSED};
    *out_key = (struct ak_pubkey){0};
    if (xy.len != 64 && xy.len != 96) return AK_E_LIMIT;
    memcpy(point + 1, xy.ptr, xy.len);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, xy.len == 64 ? p256 : p384, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, point, 1 + xy.len),
        OSSL_PARAM_construct_end()};
    out_key->key = from_params("EC", params);
    if (out_key->key == NULL) return ak_ossl_failed(AK_E_MEANING);
    out_key->type = xy.len == 64 ? AK_PUBKEY_P256 : AK_PUBKEY_P384;
    return AK_OK;
}

/* Big-endian bytes in the byte order of the machine, as a big number's parameter wants them. */
static void to_native(struct ak_span big_endian, uint8_t *out)
{
    for (size_t i = 0; i < big_endian.len; i++)
        out[__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ ? big_endian.len - 1 - i : i] = big_endian.ptr[i];
}

enum ak_err ak_pubkey_from_rsa(struct ak_span modulus, uint32_t exponent, struct ak_pubkey *out_key)
{
    uint8_t native[RSA_BITS_MAX / 8];
    *out_key = (struct ak_pubkey){0};
    if (modulus.len < RSA_BITS_MIN / 8 || modulus.len > RSA_BITS_MAX / 8) return AK_E_LIMIT;
    if (exponent < 3 || exponent % 2 == 0) return AK_E_MEANING;
    if ((modulus.ptr[0] & 0x80) == 0 || (modulus.ptr[modulus.len - 1] & 1) == 0) return AK_E_MEANING;
    to_native(modulus, native);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, native, modulus.len),
        OSSL_PARAM_construct_uint32(OSSL_PKEY_PARAM_RSA_E, &exponent), OSSL_PARAM_construct_end()};
    out_key->key = from_params("RSA", params);
    if (out_key->key == NULL) return ak_ossl_failed(AK_E_CRYPTO);
    out_key->type = AK_PUBKEY_RSA;
    return AK_OK;
}

/* Named curves only: of parameters that are written out the library looks over what it does not need. spec:
 * RFC 5480 2.1.1 */
static enum ak_pubkey_type ec_type(EVP_PKEY *key)
{
    char group[32];
    size_t len = 0;
    int explicit = 0;
    (void)EVP_PKEY_get_int_param(key, OSSL_PKEY_PARAM_EC_DECODED_FROM_EXPLICIT_PARAMS, &explicit);
    if (explicit != 0) return AK_PUBKEY_NONE;
    if (EVP_PKEY_get_group_name(key, group, sizeof group, &len) != 1) return AK_PUBKEY_NONE;
    if (strcmp(group, "prime256v1") == 0 || strcmp(group, "P-256") == 0) return AK_PUBKEY_P256;
    if (strcmp(group, "secp384r1") == 0 || strcmp(group, "P-384") == 0) return AK_PUBKEY_P384;
    return AK_PUBKEY_NONE;
}

static enum ak_pubkey_type rsa_type(EVP_PKEY *key)
{
    BIGNUM *e = NULL;
    int bits = EVP_PKEY_get_bits(key);
    bool good = bits >= RSA_BITS_MIN && bits <= RSA_BITS_MAX &&
                EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_RSA_E, &e) == 1 && BN_is_odd(e) && !BN_is_one(e) &&
                BN_num_bits(e) <= 32;
    BN_free(e);
    return good ? AK_PUBKEY_RSA : AK_PUBKEY_NONE;
}

/* Takes the key over; NULL is a kind that is not known. */
static enum ak_err adopt(EVP_PKEY *key, struct ak_pubkey *out_key)
{
    struct ak_pubkey got = {.key = key};
    *out_key = (struct ak_pubkey){0};
    if (key != NULL && EVP_PKEY_is_a(key, "EC")) got.type = ec_type(key);
    if (key != NULL && EVP_PKEY_is_a(key, "RSA")) got.type = rsa_type(key);
    if (got.type == AK_PUBKEY_NONE) {
        ak_pubkey_done(&got);
        return ak_ossl_failed(AK_E_UNSUPPORTED);
    }
    *out_key = got;
    return AK_OK;
}

enum ak_err ak_pubkey_from_evp(void *evp_pkey, struct ak_pubkey *out_key)
{
    return adopt(evp_pkey, out_key);
}

enum ak_err ak_pubkey_from_spki(struct ak_span der, struct ak_pubkey *out_key)
{
    const unsigned char *at = der.ptr;
    *out_key = (struct ak_pubkey){0};
    if (der.len == 0 || der.len > SPKI_MAX) return AK_E_LIMIT;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &at, (long)der.len);
    if (key == NULL || at != der.ptr + der.len) {
        EVP_PKEY_free(key);
        return ak_ossl_failed(AK_E_FORMAT);
    }
    return adopt(key, out_key);
}

bool ak_pubkey_eq(const struct ak_pubkey *a, const struct ak_pubkey *b)
{
    bool same = a->type == b->type && a->type != AK_PUBKEY_NONE && EVP_PKEY_eq(a->key, b->key) == 1;
    ERR_clear_error();
    return same;
}

/* ---- verifying ---- */

/* r || s as the DER that the library takes; 0 where memory fails. */
static size_t ecdsa_der(struct ak_span sig, uint8_t out_der[ECDSA_DER_MAX])
{
    ECDSA_SIG *pair = ECDSA_SIG_new();
    BIGNUM *r = BN_bin2bn(sig.ptr, (int)(sig.len / 2), NULL);
    BIGNUM *s = BN_bin2bn(sig.ptr + sig.len / 2, (int)(sig.len / 2), NULL);
    int len = 0;
    if (pair != NULL && r != NULL && s != NULL && ECDSA_SIG_set0(pair, r, s) == 1) {
        unsigned char *at = out_der;
        len = i2d_ECDSA_SIG(pair, &at);
    } else {
        BN_free(r);
        BN_free(s);
    }
    ECDSA_SIG_free(pair);
    return len > 0 ? (size_t)len : 0;
}

static bool set_padding(EVP_PKEY_CTX *ctx, const struct algorithm *alg)
{
    if (alg->type != AK_PUBKEY_RSA) return true;
    if (!alg->pss) return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PADDING) == 1;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING) == 1 &&
           EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, RSA_PSS_SALTLEN_DIGEST) == 1;
}

static enum ak_err digest_verify(
    EVP_PKEY *key, const struct algorithm *alg, struct ak_span message, struct ak_span sig)
{
    AK_CLEANUP(ak_ossl_md_ctx_free) EVP_MD_CTX *md = EVP_MD_CTX_new();
    EVP_PKEY_CTX *ctx = NULL;
    if (md == NULL || EVP_DigestVerifyInit_ex(md, &ctx, alg->digest, NULL, NULL, key, NULL) != 1 ||
        !set_padding(ctx, alg))
        return ak_ossl_failed(AK_E_CRYPTO);
    bool good = EVP_DigestVerify(md, sig.ptr, sig.len, message.ptr, message.len) == 1;
    return good ? AK_OK : ak_ossl_failed(AK_E_AUTH);
}

enum ak_err ak_pubkey_verify(
    const struct ak_pubkey *key, enum ak_sig_alg alg, struct ak_span message, struct ak_span sig)
{
    const struct algorithm *row = &algorithms[alg];
    uint8_t der[ECDSA_DER_MAX];
    if (key->type != row->type) return AK_E_MEANING;
    if (row->type == AK_PUBKEY_RSA) {
        if (sig.len != (size_t)EVP_PKEY_get_size(key->key)) return AK_E_AUTH;
        return digest_verify(key->key, row, message, sig);
    }
    if (sig.len != 2 * row->half_len) return AK_E_AUTH;
    size_t len = ecdsa_der(sig, der);
    if (len == 0) return ak_ossl_failed(AK_E_CRYPTO);
    return digest_verify(key->key, row, message, ak_span(der, len));
}
