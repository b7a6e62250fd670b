/* ECDSA over a given digest: recoverable signing, verification against a known point, recovery of one. */
#include "base/crypto/k256.h"

#include <secp256k1_recovery.h>

#include "base/assert.h"
#include "base/crypto/k256_lib.h"
#include "base/crypto/k256_nonce.h"
#include "base/declassify.h"

enum { RS_LEN = 64 };

/* Writes r || s || v, or leaves zeros where the signature would need v 2 or 3. */
static enum ak_err put_signature(const secp256k1_ecdsa_recoverable_signature *sig, uint8_t out_sig[65])
{
    int v = -1;
    ak_assert(secp256k1_ecdsa_recoverable_signature_serialize_compact(ak_k256_lib(), out_sig, &v, sig) == 1);
    if (v != 0 && v != 1) {
        memset(out_sig, 0, RS_LEN + 1);
        return AK_E_CRYPTO;
    }
    out_sig[RS_LEN] = (uint8_t)v;
    return AK_OK;
}

enum ak_err ak_k256_sign(const uint8_t digest[32], const struct ak_secret32 *scalar, uint8_t out_sig[65])
{
    secp256k1_ecdsa_recoverable_signature sig;
    int ok = secp256k1_ecdsa_sign_recoverable(
        ak_k256_lib(), &sig, digest, scalar->bytes, ak_k256_nonce_rfc6979, NULL);
    ak_wipe_stack();
    /* A scalar out of range is 2^-127 of all and is refused; the signature is made to be shown. */
    AK_DECLASSIFY(&ok, sizeof ok);
    AK_DECLASSIFY(&sig, sizeof sig);
    if (ok == 1) return put_signature(&sig, out_sig);
    memset(out_sig, 0, RS_LEN + 1);
    return AK_E_MEANING;
}

enum ak_err ak_k256_verify(const uint8_t digest[32], const uint8_t sig[64], const struct ak_k256_point *point)
{
    const secp256k1_context *lib = ak_k256_lib();
    secp256k1_ecdsa_signature parsed;
    if (secp256k1_ecdsa_signature_parse_compact(lib, &parsed, sig) != 1) return AK_E_AUTH;
    if (secp256k1_ecdsa_signature_normalize(lib, NULL, &parsed) != 0) return AK_E_MEANING;
    bool good = secp256k1_ecdsa_verify(lib, &parsed, digest, ak_k256_lib_point_const(point)) == 1;
    return good ? AK_OK : AK_E_AUTH;
}

/* 0 or 1 for the values of v that wallets send; -1 for any other. */
static int recovery_id(uint8_t v)
{
    if (v == 0 || v == 1) return v;
    return v == 27 || v == 28 ? v - 27 : -1;
}

static enum ak_err parse_recoverable(const uint8_t sig[65], secp256k1_ecdsa_recoverable_signature *out)
{
    const secp256k1_context *lib = ak_k256_lib();
    int id = recovery_id(sig[RS_LEN]);
    if (id < 0) return AK_E_FORMAT;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(lib, out, sig, id) != 1) return AK_E_FORMAT;
    secp256k1_ecdsa_signature plain;
    ak_assert(secp256k1_ecdsa_recoverable_signature_convert(lib, &plain, out) == 1);
    return secp256k1_ecdsa_signature_normalize(lib, NULL, &plain) == 0 ? AK_OK : AK_E_MEANING;
}

enum ak_err ak_k256_recover(const uint8_t digest[32], const uint8_t sig[65], struct ak_k256_point *out_point)
{
    secp256k1_ecdsa_recoverable_signature parsed;
    memset(out_point, 0, sizeof *out_point);
    AK_TRY(parse_recoverable(sig, &parsed));
    if (secp256k1_ecdsa_recover(ak_k256_lib(), ak_k256_lib_point(out_point), &parsed, digest) == 1)
        return AK_OK;
    memset(out_point, 0, sizeof *out_point);
    return AK_E_AUTH;
}
