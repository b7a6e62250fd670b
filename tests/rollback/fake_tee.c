#include "rollback/fake_tee.h"

#include <string.h>

#include "base/crypto/gcm.h"
#include "core/seal/seal.h"
#include "io/proc/random.h"

void fake_tee_init(struct fake_tee *fake, uint8_t number)
{
    memset(fake, 0, sizeof *fake);
    memset(fake->id, number, sizeof fake->id);
    memset(fake->key.bytes, number, sizeof fake->key.bytes);
    fake->caps = AK_TEE_SEAL_HW | AK_TEE_COUNTER_HW;
    fake->counter = 1000;
}

static enum ak_err call(struct fake_tee *fake)
{
    fake->calls++;
    return fake->fail_at && fake->calls >= fake->fail_at ? AK_E_IO : AK_OK;
}

static uint32_t fake_caps(void *impl)
{
    return ((const struct fake_tee *)impl)->caps;
}

static enum ak_err fake_measurement(void *impl, uint8_t out_measurement[32])
{
    (void)impl;
    memset(out_measurement, 0, 32);
    return AK_E_UNSUPPORTED;
}

static struct ak_span number_aad(uint64_t n, uint8_t out[8])
{
    struct ak_buf buf = ak_buf(out, 8);
    ak_buf_put_u64(&buf, n);
    return ak_span(out, 8);
}

static enum ak_err fake_seal(void *impl, const struct ak_secret32 *kek, uint64_t n, struct ak_buf *out_blob)
{
    struct fake_tee *fake = impl;
    uint8_t aad[8];
    AK_TRY(call(fake));
    uint8_t *at = ak_buf_grow(out_blob, AK_GCM_NONCE_LEN + 32 + AK_GCM_TAG_LEN);
    if (!at) return AK_E_FULL;
    ak_random_bytes(at, AK_GCM_NONCE_LEN);
    return ak_gcm_seal(&fake->key, at, number_aad(n, aad), AK_SPAN_ARR(kek->bytes), at + AK_GCM_NONCE_LEN);
}

/* As the TPM's policy has it: opens while the counter is at most n. */
static enum ak_err fake_unseal(void *impl, struct ak_span blob, uint64_t n, struct ak_secret32 *out_kek)
{
    struct fake_tee *fake = impl;
    uint8_t aad[8];
    AK_TRY(call(fake));
    if (fake->counter > n || blob.len != AK_GCM_NONCE_LEN + 32 + AK_GCM_TAG_LEN) return AK_E_AUTH;
    struct ak_span sealed = ak_span(blob.ptr + AK_GCM_NONCE_LEN, blob.len - AK_GCM_NONCE_LEN);
    return ak_gcm_open(&fake->key, blob.ptr, number_aad(n, aad), sealed, out_kek->bytes);
}

static enum ak_err fake_counter_read(void *impl, uint8_t out_id[16], uint64_t *out_value)
{
    struct fake_tee *fake = impl;
    fake->reads++;
    AK_TRY(call(fake));
    memcpy(out_id, fake->id, sizeof fake->id);
    *out_value = fake->counter;
    return AK_OK;
}

static enum ak_err fake_counter_advance(void *impl, uint64_t expected)
{
    struct fake_tee *fake = impl;
    AK_TRY(call(fake));
    if (fake->counter != expected) return AK_E_CONFLICT;
    fake->counter++;
    return AK_OK;
}

static enum ak_err fake_random(void *impl, void *out_bytes, size_t len)
{
    (void)impl;
    ak_random_bytes(out_bytes, len);
    return AK_OK;
}

const struct ak_tee_ops fake_tee_ops = {
    .name = "fake",
    .backend = AK_SEAL_TPM2,
    .caps = fake_caps,
    .measurement = fake_measurement,
    .seal = fake_seal,
    .unseal = fake_unseal,
    .counter_read = fake_counter_read,
    .counter_advance = fake_counter_advance,
    .random = fake_random,
};
