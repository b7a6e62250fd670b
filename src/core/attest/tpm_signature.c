/* TPMT_SIGNATURE, checked with the scheme of the key: the signature's own word on its scheme decides nothing.
 */
#include "base/reader.h"
#include "core/attest/tpm_attest.h"

enum { SIG_MAX = 512, COORDINATE_MAX = 48 };

static enum ak_err read_signature(struct ak_span bytes, struct ak_tpm_signature *out)
{
    struct ak_reader in = ak_reader(bytes);
    out->alg = ak_reader_u16(&in);
    out->hash = ak_reader_u16(&in);
    if (in.failed) return AK_E_FORMAT;
    if (out->alg == AK_TPM_ALG_RSASSA || out->alg == AK_TPM_ALG_RSAPSS) {
        out->rsa = ak_reader_take(&in, ak_reader_u16(&in));
    } else if (out->alg == AK_TPM_ALG_ECDSA) {
        out->r = ak_reader_take(&in, ak_reader_u16(&in));
        out->s = ak_reader_take(&in, ak_reader_u16(&in));
    } else {
        return AK_E_UNSUPPORTED;
    }
    if (out->rsa.len > SIG_MAX || out->r.len > COORDINATE_MAX || out->s.len > COORDINATE_MAX)
        return AK_E_FORMAT;
    return ak_reader_finish(&in);
}

enum ak_err ak_tpm_signature_parse(struct ak_span bytes, struct ak_tpm_signature *out_signature)
{
    *out_signature = (struct ak_tpm_signature){0};
    enum ak_err err = read_signature(bytes, out_signature);
    if (err != AK_OK) *out_signature = (struct ak_tpm_signature){0};
    return err;
}

/* Coordinates of a full length only, so that there is one way to write a signature. */
static enum ak_err verify_ecdsa(const struct ak_tpm_signature *signature, const struct ak_pubkey *key,
    size_t coordinate_len, struct ak_span message)
{
    uint8_t rs[2 * COORDINATE_MAX];
    if (key->type != AK_PUBKEY_P256) return AK_E_UNSUPPORTED;
    if (signature->r.len != coordinate_len || signature->s.len != coordinate_len) return AK_E_AUTH;
    memcpy(rs, signature->r.ptr, coordinate_len);
    memcpy(rs + coordinate_len, signature->s.ptr, coordinate_len);
    return ak_pubkey_verify(key, AK_SIG_P256_SHA256, message, ak_span(rs, 2 * coordinate_len));
}

enum ak_err ak_tpm_signature_verify(
    const struct ak_tpm_signature *signature, const struct ak_tpm_public *key, struct ak_span message)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey pub = {.key = NULL};
    if (key->scheme_hash != AK_TPM_ALG_SHA256) return AK_E_UNSUPPORTED;
    if (signature->alg != key->scheme || signature->hash != key->scheme_hash) return AK_E_MEANING;
    AK_TRY(ak_tpm_public_key(key, &pub));
    if (key->type == AK_TPM_ALG_ECC) return verify_ecdsa(signature, &pub, key->coordinate_len, message);
    enum ak_sig_alg alg = key->scheme == AK_TPM_ALG_RSAPSS ? AK_SIG_RSA_PSS_SHA256 : AK_SIG_RSA_PKCS1_SHA256;
    return ak_pubkey_verify(&pub, alg, message, signature->rsa);
}
