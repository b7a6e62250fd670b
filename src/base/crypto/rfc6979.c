/* HMAC-DRBG of RFC 6979 over key || message mod n. */
#include "base/crypto/rfc6979.h"

#include "base/assert.h"
#include "base/crypto/hmac.h"
#include "base/wipe.h"

/* K and V of the RFC; K only as a keyed HMAC. */
struct drbg {
    struct ak_hmac_key k;
    uint8_t v[32];
};

static void drbg_done(struct drbg *d)
{
    ak_wipe(d, sizeof *d);
}

static void set_k(struct drbg *d, const uint8_t k[32])
{
    ak_assert(ak_hmac_key_open(&d->k, ak_span(k, 32)) == AK_OK);
}

static void next_v(struct drbg *d)
{
    struct ak_span v = AK_SPAN_ARR(d->v);
    ak_hmac_key_mac(&d->k, &v, 1, d->v);
}

/* K = HMAC(K, V || mark || seed), V = HMAC(K, V): steps d to g, and the retry of step h. */
static void reseed(struct drbg *d, uint8_t mark, struct ak_span key, struct ak_span msg)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 k;
    struct ak_span parts[] = {AK_SPAN_ARR(d->v), ak_span(&mark, 1), key, msg};
    ak_hmac_key_mac(&d->k, parts, AK_COUNT(parts), k.bytes);
    set_k(d, k.bytes);
    next_v(d);
}

/* bits2octets of the RFC: one subtraction is enough, for 2^256 < 2 n. */
static void reduce(const uint8_t order[32], const uint8_t msg[32], uint8_t out[32])
{
    uint8_t less[32];
    unsigned int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        unsigned int t = 0x100u + msg[i] - order[i] - borrow;
        less[i] = (uint8_t)t;
        borrow = (t >> 8) ^ 1;
    }
    uint8_t keep = (uint8_t)(0u - borrow);
    for (int i = 0; i < 32; i++) out[i] = (uint8_t)((msg[i] & keep) | (less[i] & ~keep));
}

void ak_rfc6979_nonce(const uint8_t order[32], const uint8_t digest[32], const uint8_t key[32],
    unsigned int attempt, uint8_t out_nonce[32])
{
    static const uint8_t zero_k[32] = {0};
    uint8_t reduced[32];
    reduce(order, digest, reduced);
    struct ak_span secret = ak_span(key, 32), msg = AK_SPAN_ARR(reduced);
    AK_CLEANUP(drbg_done) struct drbg d;
    memset(d.v, 0x01, sizeof d.v);
    set_k(&d, zero_k);
    reseed(&d, 0x00, secret, msg);
    reseed(&d, 0x01, secret, msg);
    next_v(&d);
    for (unsigned int i = 0; i < attempt; i++) {
        reseed(&d, 0x00, AK_SPAN_EMPTY, AK_SPAN_EMPTY);
        next_v(&d);
    }
    memcpy(out_nonce, d.v, sizeof d.v);
}
