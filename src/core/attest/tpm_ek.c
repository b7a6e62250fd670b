#include "core/attest/tpm_ek.h"

#include "base/crypto/hmac.h"
#include "base/crypto/oaep.h"
#include "base/crypto/p256_dh.h"
#include "base/crypto/sha256.h"
#include "base/wipe.h"
#include "core/attest/tpm_attest.h"
#include "core/attest/tpm_public.h"

enum { STORAGE_KEY_LEN = 16, SEED_LEN = 32 };

/* ---- the certificate ---- */

/* What stands behind the certificate is unwritten NV. */
static bool is_unwritten(struct ak_span rest)
{
    for (size_t i = 0; i < rest.len; i++)
        if (rest.ptr[i] != rest.ptr[0] || (rest.ptr[0] != 0x00 && rest.ptr[0] != 0xff)) return false;
    return true;
}

/* The one certificate at the beginning, by the length of its SEQUENCE. */
static enum ak_err take_certificate(struct ak_span nv, struct ak_x509 *out_cert)
{
    if (nv.len < 4 || nv.len > AK_TPM_EK_NV_MAX || nv.ptr[0] != 0x30 || nv.ptr[1] != 0x82) return AK_E_FORMAT;
    size_t len = 4 + ((size_t)nv.ptr[2] << 8 | nv.ptr[3]);
    if (len > nv.len || !is_unwritten(ak_span_sub(nv, len, nv.len))) return AK_E_FORMAT;
    return ak_x509_parse(ak_span(nv.ptr, len), out_cert) == AK_OK ? AK_OK : AK_E_FORMAT;
}

/* tcg-kp-EKCertificate */
static bool is_for_an_ek(const struct ak_x509 *cert)
{
    static const uint8_t purpose[] = {0x06, 0x05, 0x67, 0x81, 0x05, 0x08, 0x01};
    struct ak_span usage;
    return ak_x509_extension(cert, "2.5.29.37", &usage) == AK_OK &&
           ak_span_contains(usage, AK_SPAN_ARR(purpose));
}

static enum ak_err of_a_maker(const struct ak_x509 *cert, const struct ak_x509_bundle *makers, uint64_t at_s)
{
    enum ak_err worst = AK_E_AUTH;
    for (size_t i = 0; i < makers->count; i++) {
        enum ak_err err = ak_x509_chain_verify(cert, NULL, 0, &makers->certs[i], at_s);
        if (err == AK_OK) return AK_OK;
        if (err != AK_E_AUTH) worst = err; /* signed, but not fit: says more than "of none" */
    }
    return worst;
}

static enum ak_err check_certificate(const struct ak_x509 *cert, const struct ak_x509_bundle *makers,
    uint64_t at_s, enum ak_pubkey_type type, struct ak_pubkey *out_key)
{
    AK_TRY(of_a_maker(cert, makers, at_s));
    if (!is_for_an_ek(cert)) return AK_E_MEANING;
    AK_TRY(ak_x509_key(cert, out_key));
    if (out_key->type == type) return AK_OK;
    ak_pubkey_done(out_key);
    return AK_E_UNSUPPORTED;
}

enum ak_err ak_tpm_ek_certificate(struct ak_span nv, const struct ak_x509_bundle *makers, uint64_t at_s,
    enum ak_pubkey_type type, struct ak_pubkey *out_key)
{
    struct ak_x509 cert = {0};
    *out_key = (struct ak_pubkey){0};
    AK_TRY(take_certificate(nv, &cert));
    enum ak_err err = check_certificate(&cert, makers, at_s, type, out_key);
    ak_x509_done(&cert);
    return err;
}

/* ---- the credential ---- */

/* KDFa with SHA-256: one block suffices for what is asked here. spec: part 1, 11.4.10.2 */
static void kdfa(const uint8_t seed[SEED_LEN], struct ak_span label, struct ak_span context, uint32_t bits,
    uint8_t out_key[32])
{
    const uint8_t one[4] = {0, 0, 0, 1};
    const uint8_t length[4] = {0, 0, (uint8_t)(bits >> 8), (uint8_t)bits};
    const struct ak_span parts[] = {AK_SPAN_ARR(one), label, context, AK_SPAN_ARR(length)};
    ak_hmac_sha256(ak_span(seed, SEED_LEN), parts, AK_COUNT(parts), out_key);
}

/* HMAC, then the credential encrypted: integrity covers the name, too. */
static enum ak_err protect(const uint8_t seed[SEED_LEN], struct ak_span name,
    const uint8_t secret[AK_TPM_CREDENTIAL_LEN], struct ak_buf *out_id)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 storage = {{0}}, integrity = {{0}};
    uint8_t identity[2 + AK_TPM_CREDENTIAL_LEN] = {0, AK_TPM_CREDENTIAL_LEN}, mac[32];
    /* labels count with the NUL at their end */
    kdfa(seed, ak_span("STORAGE", 8), name, 8 * STORAGE_KEY_LEN, storage.bytes);
    kdfa(seed, ak_span("INTEGRITY", 10), AK_SPAN_EMPTY, 256, integrity.bytes);
    memcpy(identity + 2, secret, AK_TPM_CREDENTIAL_LEN);
    enum ak_err err = ak_aes128_cfb_encrypt(storage.bytes, AK_SPAN_ARR(identity), identity);
    if (err) ak_wipe(identity, sizeof identity);
    if (err) return err;
    const struct ak_span parts[] = {AK_SPAN_ARR(identity), name};
    ak_hmac_sha256(AK_SPAN_ARR(integrity.bytes), parts, AK_COUNT(parts), mac);
    ak_buf_put_u16(out_id, sizeof mac);
    ak_buf_put(out_id, AK_SPAN_ARR(mac));
    ak_buf_put(out_id, AK_SPAN_ARR(identity));
    return ak_buf_check(out_id);
}

/* KDFe with SHA-256, one block: the seed both sides know. spec: part 1, 11.4.10.3 and C.6.1 */
static void kdfe(const struct ak_secret32 *x, const struct ak_p256_pub *ours,
    const struct ak_p256_pub *theirs, uint8_t out_seed[SEED_LEN])
{
    const uint8_t one[4] = {0, 0, 0, 1};
    const struct ak_span parts[] = {AK_SPAN_ARR(one), AK_SPAN_ARR(x->bytes), ak_span("IDENTITY", 9),
        ak_span(ours->xy, 32), ak_span(theirs->xy, 32)};
    ak_sha256_parts(parts, AK_COUNT(parts), out_seed);
}

/* The point of a key pair of its own, as TPMS_ECC_POINT, and the seed that follows from both. */
static enum ak_err agree(const struct ak_pubkey *ek, const uint8_t random[64], struct ak_secret32 *out_seed,
    struct ak_buf *out_wrapped)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}}, x = {{0}};
    struct ak_p256_pub ours, theirs;
    AK_TRY(ak_p256_pub_of(ek, &theirs));
    AK_TRY(ak_p256_scalar_from_48(random, &scalar));
    AK_TRY(ak_p256_pub_from_scalar(&scalar, &ours));
    AK_TRY(ak_p256_dh(&scalar, ek, &x));
    kdfe(&x, &ours, &theirs, out_seed->bytes);
    for (size_t at = 0; at < sizeof ours.xy; at += 32) {
        ak_buf_put_u16(out_wrapped, 32);
        ak_buf_put(out_wrapped, ak_span(ours.xy + at, 32));
    }
    return ak_buf_check(out_wrapped);
}

enum ak_err ak_tpm_credential_make(const struct ak_pubkey *ek, const uint8_t name[AK_ATTEST_TPM_NAME_LEN],
    const uint8_t secret[AK_TPM_CREDENTIAL_LEN], const uint8_t seeds[64], struct ak_buf *out_id,
    struct ak_buf *out_wrapped)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 seed = {{0}};
    memcpy(seed.bytes, seeds, SEED_LEN);
    enum ak_err err = ek->type == AK_PUBKEY_P256
                          ? agree(ek, seeds, &seed, out_wrapped)
                          : ak_rsa_oaep_encrypt(ek, ak_span("IDENTITY", 9), seeds + SEED_LEN,
                                AK_SPAN_ARR(seed.bytes), out_wrapped);
    if (err) return err;
    return protect(seed.bytes, ak_span(name, AK_ATTEST_TPM_NAME_LEN), secret, out_id);
}

/* ---- the key, and what it says ---- */

static enum ak_err parse_fit(struct ak_span public_area, struct ak_tpm_public *out_key)
{
    AK_TRY(ak_tpm_public_parse(public_area, out_key));
    return ak_tpm_public_unfit(out_key) ? AK_E_MEANING : AK_OK;
}

enum ak_err ak_tpm_key_name(struct ak_span public_area, uint8_t out_name[AK_ATTEST_TPM_NAME_LEN])
{
    struct ak_tpm_public key;
    memset(out_name, 0, AK_ATTEST_TPM_NAME_LEN);
    AK_TRY(parse_fit(public_area, &key));
    ak_tpm_public_name(&key, out_name);
    return AK_OK;
}

enum ak_err ak_tpm_certify_check(struct ak_span public_area, struct ak_span attest, struct ak_span signature,
    struct ak_span qualifying, const uint8_t object_name[AK_ATTEST_TPM_NAME_LEN])
{
    struct ak_tpm_public key;
    struct ak_tpm_attest said;
    struct ak_tpm_signature sig;
    AK_TRY(parse_fit(public_area, &key));
    AK_TRY(ak_tpm_signature_parse(signature, &sig));
    AK_TRY(ak_tpm_signature_verify(&sig, &key, attest));
    AK_TRY(ak_tpm_attest_parse_object(attest, &said));
    if (!ak_span_eq(said.extra_data, qualifying)) return AK_E_MEANING;
    return ak_span_eq(said.object_name, ak_span(object_name, AK_ATTEST_TPM_NAME_LEN)) ? AK_OK : AK_E_MEANING;
}
