/* HPKE by its labelled extract and expand. What is derived lives in one struct that is wiped behind each
 * call. */
#include "base/crypto/hpke.h"

#include "base/buf.h"
#include "base/crypto/gcm.h"
#include "base/crypto/hkdf.h"
#include "base/crypto/x25519.h"

/* spec: RFC 9180 7.1, 7.2, 7.3: X25519 0x0020, HKDF-SHA256 0x0001, AES-256-GCM 0x0002 */
static const uint8_t kem_suite[] = {'K', 'E', 'M', 0x00, 0x20};
static const uint8_t hpke_suite[] = {'H', 'P', 'K', 'E', 0x00, 0x20, 0x00, 0x01, 0x00, 0x02};

enum { LABELLED_MAX = 256 };

struct derived {
    struct ak_secret32 dh, shared, key;
    uint8_t nonce[AK_GCM_NONCE_LEN];
};

static void derived_done(struct derived *derived)
{
    ak_wipe(derived, sizeof *derived);
}

/* spec: RFC 9180 4, LabeledExtract */
static enum ak_err extract(struct ak_hmac_key *out_prk, struct ak_span suite, struct ak_span salt,
    const char *label, struct ak_span ikm)
{
    uint8_t memory[AK_HPKE_INFO_MAX + LABELLED_MAX];
    struct ak_buf labelled = AK_BUF_ARR(memory);
    ak_buf_put_str(&labelled, "HPKE-v1");
    ak_buf_put(&labelled, suite);
    ak_buf_put_str(&labelled, label);
    ak_buf_put(&labelled, ikm);
    enum ak_err err =
        labelled.failed ? AK_E_LIMIT : ak_hkdf_sha256_extract(out_prk, ak_buf_span(&labelled), salt);
    ak_wipe(memory, labelled.len);
    return err;
}

/* spec: RFC 9180 4, LabeledExpand */
static enum ak_err expand(const struct ak_hmac_key *prk, struct ak_span suite, const char *label,
    struct ak_span info, uint8_t *out, size_t out_len)
{
    uint8_t memory[LABELLED_MAX];
    struct ak_buf labelled = AK_BUF_ARR(memory);
    ak_buf_put_u16(&labelled, (uint16_t)out_len);
    ak_buf_put_str(&labelled, "HPKE-v1");
    ak_buf_put(&labelled, suite);
    ak_buf_put_str(&labelled, label);
    ak_buf_put(&labelled, info);
    AK_TRY(ak_buf_check(&labelled));
    return ak_hkdf_sha256_expand(prk, ak_buf_span(&labelled), out, out_len);
}

/* spec: RFC 9180 4.1, ExtractAndExpand; the context is both public keys */
static enum ak_err kem_secret(const struct ak_secret32 *dh, const uint8_t enc[32],
    const uint8_t recipient[32], struct ak_secret32 *out_shared)
{
    uint8_t context[64];
    AK_CLEANUP(ak_hmac_key_close) struct ak_hmac_key prk = {0};
    memcpy(context, enc, 32);
    memcpy(context + 32, recipient, 32);
    AK_TRY(extract(&prk, AK_SPAN_ARR(kem_suite), AK_SPAN_EMPTY, "eae_prk", AK_SPAN_ARR(dh->bytes)));
    return expand(&prk, AK_SPAN_ARR(kem_suite), "shared_secret", AK_SPAN_ARR(context), out_shared->bytes, 32);
}

static enum ak_err decap(
    const struct ak_secret32 *recipient, const uint8_t enc[32], struct ak_secret32 *out_shared)
{
    uint8_t pub[32];
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 dh = {{0}};
    AK_TRY(ak_x25519_pub(recipient, pub));
    AK_TRY(ak_x25519_shared(recipient, enc, &dh));
    return kem_secret(&dh, enc, pub, out_shared);
}

/* LabeledExtract whose output is public: it goes into the context. */
static enum ak_err hash_of(const char *label, struct ak_span bytes, uint8_t out_hash[32])
{
    uint8_t memory[AK_HPKE_INFO_MAX + LABELLED_MAX];
    struct ak_buf labelled = AK_BUF_ARR(memory);
    ak_buf_put_str(&labelled, "HPKE-v1");
    ak_buf_put(&labelled, AK_SPAN_ARR(hpke_suite));
    ak_buf_put_str(&labelled, label);
    ak_buf_put(&labelled, bytes);
    if (labelled.failed) return AK_E_LIMIT;
    struct ak_span all = ak_buf_span(&labelled);
    ak_hmac_sha256(AK_SPAN_EMPTY, &all, 1, out_hash);
    return AK_OK;
}

/* spec: RFC 9180 5.1, KeySchedule in mode base (no PSK) or psk */
static enum ak_err schedule(struct derived *d, const struct ak_hpke_psk *psk, struct ak_span info)
{
    static const struct ak_hpke_psk none;
    uint8_t context[65] = {psk ? 1 : 0}; /* mode, psk_id_hash, info_hash */
    if (!psk) psk = &none;
    AK_CLEANUP(ak_hmac_key_close) struct ak_hmac_key secret = {0};
    struct ak_span suite = AK_SPAN_ARR(hpke_suite);
    if (info.len > AK_HPKE_INFO_MAX) return AK_E_LIMIT;
    AK_TRY(hash_of("psk_id_hash", psk->id, context + 1));
    AK_TRY(hash_of("info_hash", info, context + 33));
    AK_TRY(extract(&secret, suite, AK_SPAN_ARR(d->shared.bytes), "secret", psk->secret));
    AK_TRY(expand(&secret, suite, "key", AK_SPAN_ARR(context), d->key.bytes, 32));
    return expand(&secret, suite, "base_nonce", AK_SPAN_ARR(context), d->nonce, sizeof d->nonce);
}

static enum ak_err seal_one(const uint8_t recipient[32], const struct ak_secret32 *ephemeral,
    const struct ak_hpke_psk *psk, struct ak_span info, struct ak_span aad, struct ak_span plain,
    uint8_t out_enc[32], uint8_t *out_sealed)
{
    AK_CLEANUP(derived_done) struct derived d = {0};
    AK_TRY(ak_x25519_pub(ephemeral, out_enc));
    AK_TRY(ak_x25519_shared(ephemeral, recipient, &d.dh));
    AK_TRY(kem_secret(&d.dh, out_enc, recipient, &d.shared));
    AK_TRY(schedule(&d, psk, info));
    return ak_gcm_seal(&d.key, d.nonce, aad, plain, out_sealed);
}

enum ak_err ak_hpke_seal_psk(const uint8_t recipient[32], const struct ak_secret32 *ephemeral,
    const struct ak_hpke_psk *psk, struct ak_span info, struct ak_span aad, struct ak_span plain,
    uint8_t out_enc[32], uint8_t *out_sealed)
{
    enum ak_err err = seal_one(recipient, ephemeral, psk, info, aad, plain, out_enc, out_sealed);
    ak_wipe_stack();
    if (!err) return AK_OK;
    memset(out_enc, 0, 32);
    ak_wipe(out_sealed, plain.len + AK_HPKE_OVERHEAD);
    return err;
}

enum ak_err ak_hpke_seal(const uint8_t recipient[32], const struct ak_secret32 *ephemeral,
    struct ak_span info, struct ak_span aad, struct ak_span plain, uint8_t out_enc[32], uint8_t *out_sealed)
{
    return ak_hpke_seal_psk(recipient, ephemeral, NULL, info, aad, plain, out_enc, out_sealed);
}

static enum ak_err open_one(const struct ak_secret32 *recipient, const uint8_t enc[32],
    const struct ak_hpke_psk *psk, struct ak_span info, struct ak_span aad, struct ak_span sealed,
    uint8_t *out_plain)
{
    AK_CLEANUP(derived_done) struct derived d = {0};
    AK_TRY(decap(recipient, enc, &d.shared));
    AK_TRY(schedule(&d, psk, info));
    return ak_gcm_open(&d.key, d.nonce, aad, sealed, out_plain);
}

enum ak_err ak_hpke_open_psk(const struct ak_secret32 *recipient, const uint8_t enc[32],
    const struct ak_hpke_psk *psk, struct ak_span info, struct ak_span aad, struct ak_span sealed,
    uint8_t *out_plain)
{
    if (sealed.len < AK_HPKE_OVERHEAD) return AK_E_FORMAT;
    enum ak_err err = open_one(recipient, enc, psk, info, aad, sealed, out_plain);
    ak_wipe_stack();
    if (err) ak_wipe(out_plain, sealed.len - AK_HPKE_OVERHEAD);
    return err;
}

enum ak_err ak_hpke_open(const struct ak_secret32 *recipient, const uint8_t enc[32], struct ak_span info,
    struct ak_span aad, struct ak_span sealed, uint8_t *out_plain)
{
    return ak_hpke_open_psk(recipient, enc, NULL, info, aad, sealed, out_plain);
}
