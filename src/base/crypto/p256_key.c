/* Keys of P-256: scalar to point, the check that a point is on the curve, and SubjectPublicKeyInfo. */
#include "base/crypto/p256.h"

#include <pthread.h>

#include <openssl/ec.h>

#include "base/assert.h"
#include "base/crypto/ossl.h"
#include "base/crypto/p256_scalar.h"

enum { POINT_LEN = 65 };

static EC_GROUP *the_group;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_group(void)
{
    the_group = EC_GROUP_new_by_curve_name(NID_X9_62_prime256v1);
}

static const EC_GROUP *group(void)
{
    ak_assert(pthread_once(&once, make_group) == 0);
    return the_group;
}

static void bn_free(BIGNUM **bn)
{
    BN_clear_free(*bn);
}

static void point_free(EC_POINT **point)
{
    EC_POINT_free(*point);
}

static enum ak_err multiply(const struct ak_secret32 *scalar, struct ak_p256_pub *out_pub)
{
    const EC_GROUP *curve = group();
    if (curve == NULL) return ak_ossl_failed(AK_E_CRYPTO);
    AK_CLEANUP(bn_free) BIGNUM *k = BN_bin2bn(scalar->bytes, sizeof scalar->bytes, NULL);
    AK_CLEANUP(point_free) EC_POINT *point = EC_POINT_new(curve);
    if (k == NULL || point == NULL) return ak_ossl_failed(AK_E_CRYPTO);
    BN_set_flags(k, BN_FLG_CONSTTIME);
    uint8_t bytes[POINT_LEN];
    if (EC_POINT_mul(curve, point, k, NULL, NULL, NULL) != 1 ||
        EC_POINT_point2oct(curve, point, POINT_CONVERSION_UNCOMPRESSED, bytes, sizeof bytes, NULL) !=
            POINT_LEN)
        return ak_ossl_failed(AK_E_CRYPTO);
    memcpy(out_pub->xy, bytes + 1, sizeof out_pub->xy);
    return AK_OK;
}

enum ak_err ak_p256_pub_from_scalar(const struct ak_secret32 *scalar, struct ak_p256_pub *out_pub)
{
    memset(out_pub, 0, sizeof *out_pub);
    if (!ak_p256_scalar_valid(scalar)) return AK_E_MEANING;
    enum ak_err err = multiply(scalar, out_pub);
    ak_wipe_stack();
    return err;
}

enum ak_err ak_p256_pub_validate(const struct ak_p256_pub *pub)
{
    const EC_GROUP *curve = group();
    AK_CLEANUP(point_free) EC_POINT *point = curve == NULL ? NULL : EC_POINT_new(curve);
    if (point == NULL) return ak_ossl_failed(AK_E_CRYPTO);
    uint8_t bytes[POINT_LEN] = {POINT_CONVERSION_UNCOMPRESSED};
    memcpy(bytes + 1, pub->xy, sizeof pub->xy);
    if (EC_POINT_oct2point(curve, point, bytes, sizeof bytes, NULL) != 1) return ak_ossl_failed(AK_E_MEANING);
    return AK_OK;
}

void ak_p256_pub_spki(const struct ak_p256_pub *pub, uint8_t out_der[91])
{
    /* SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING 04 || x || y } */
    static const uint8_t head[27] = {0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02,
        0x01, 0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00, 0x04};
    memcpy(out_der, head, sizeof head);
    memcpy(out_der + sizeof head, pub->xy, sizeof pub->xy);
}
