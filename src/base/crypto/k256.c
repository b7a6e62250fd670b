/* Keys and points: scalars, additive tweaks, and the two encodings of a point. The library leaves copies of
 * scalars on the stack, so multiplications on secrets are followed by ak_wipe_stack (I2). */
#include "base/crypto/k256.h"

#include "base/assert.h"
#include "base/crypto/k256_lib.h"
#include "base/declassify.h"

bool ak_k256_scalar_valid(const struct ak_secret32 *scalar)
{
    int ok = secp256k1_ec_seckey_verify(ak_k256_lib(), scalar->bytes);
    /* Out of range are 2^-127 of all scalars; such a one is never used, only its retry or refusal shows. */
    AK_DECLASSIFY(&ok, sizeof ok);
    return ok == 1;
}

enum ak_err ak_k256_scalar_add(struct ak_secret32 *scalar, const uint8_t tweak[32])
{
    int ok = secp256k1_ec_seckey_tweak_add(ak_k256_lib(), scalar->bytes, tweak);
    /* Fails for 2^-127 of all scalars and tweaks only, and then nothing is made of them. */
    AK_DECLASSIFY(&ok, sizeof ok);
    if (ok == 1) return AK_OK;
    ak_secret32_done(scalar);
    return AK_E_MEANING;
}

enum ak_err ak_k256_point_from_scalar(const struct ak_secret32 *scalar, struct ak_k256_point *out_point)
{
    int ok = secp256k1_ec_pubkey_create(ak_k256_lib(), ak_k256_lib_point(out_point), scalar->bytes);
    ak_wipe_stack();
    /* A scalar out of range is 2^-127 of all, is refused, and the caller shows the refusal. */
    AK_DECLASSIFY(&ok, sizeof ok);
    /* A point is public by its type. */
    AK_DECLASSIFY(out_point, sizeof *out_point);
    if (ok == 1) return AK_OK;
    memset(out_point, 0, sizeof *out_point);
    return AK_E_MEANING;
}

enum ak_err ak_k256_point_add(struct ak_k256_point *point, const uint8_t tweak[32])
{
    int ok = secp256k1_ec_pubkey_tweak_add(ak_k256_lib(), ak_k256_lib_point(point), tweak);
    ak_wipe_stack();
    if (ok == 1) return AK_OK;
    memset(point, 0, sizeof *point);
    return AK_E_MEANING;
}

/* The library would take the hybrid form 06/07 too. */
static bool known_form(struct ak_span bytes)
{
    if (bytes.len == 33) return bytes.ptr[0] == 2 || bytes.ptr[0] == 3;
    return bytes.len == 65 && bytes.ptr[0] == 4;
}

enum ak_err ak_k256_point_parse(struct ak_span bytes, struct ak_k256_point *out_point)
{
    if (known_form(bytes) &&
        secp256k1_ec_pubkey_parse(ak_k256_lib(), ak_k256_lib_point(out_point), bytes.ptr, bytes.len) == 1)
        return AK_OK;
    memset(out_point, 0, sizeof *out_point);
    return AK_E_FORMAT;
}

static void serialize(const struct ak_k256_point *point, uint8_t *out, size_t len, unsigned int form)
{
    size_t out_len = len;
    ak_assert(secp256k1_ec_pubkey_serialize(
                  ak_k256_lib(), out, &out_len, ak_k256_lib_point_const(point), form) == 1);
    ak_assert(out_len == len);
}

void ak_k256_point_compress(const struct ak_k256_point *point, uint8_t out_bytes[33])
{
    serialize(point, out_bytes, 33, SECP256K1_EC_COMPRESSED);
}

void ak_k256_point_uncompress(const struct ak_k256_point *point, uint8_t out_bytes[65])
{
    serialize(point, out_bytes, 65, SECP256K1_EC_UNCOMPRESSED);
}
