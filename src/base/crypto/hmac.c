/* HMAC as RFC 2104 writes it: H(key ^ opad || H(key ^ ipad || text)). The key's own block is hashed first and
 * the states kept, so that a kept key saves two of the four compressions of a short message. */
#include "base/crypto/sha2_lib.h"

#include "base/crypto/hmac.h"
#include "base/wipe.h"

enum { BLOCK256 = 64, BLOCK512 = 128, IPAD = 0x36, OPAD_TO_IPAD = 0x36 ^ 0x5c };

static void flip(uint8_t *block, size_t len, uint8_t mask)
{
    for (size_t i = 0; i < len; i++) block[i] ^= mask;
}

static void key256(SHA256_CTX *inner, SHA256_CTX *outer, struct ak_span key)
{
    uint8_t block[BLOCK256] = {0};
    if (key.len > BLOCK256)
        ak_sha256(key, block);
    else if (key.len > 0)
        memcpy(block, key.ptr, key.len);
    flip(block, sizeof block, IPAD);
    ak_sha2_256_start(inner);
    ak_sha2_256_add(inner, AK_SPAN_ARR(block));
    flip(block, sizeof block, OPAD_TO_IPAD);
    ak_sha2_256_start(outer);
    ak_sha2_256_add(outer, AK_SPAN_ARR(block));
    ak_wipe(block, sizeof block);
}

enum ak_err ak_hmac_key_open(struct ak_hmac_key *key, struct ak_span secret)
{
    key256((SHA256_CTX *)key->inner.opaque, (SHA256_CTX *)key->outer.opaque, secret);
    return AK_OK;
}

void ak_hmac_key_mac(
    const struct ak_hmac_key *key, const struct ak_span *parts, size_t count, uint8_t out_mac[32])
{
    uint8_t inner_digest[32];
    SHA256_CTX ctx;
    memcpy(&ctx, &key->inner, sizeof ctx);
    for (size_t i = 0; i < count; i++) ak_sha2_256_add(&ctx, parts[i]);
    ak_sha2_256_end(&ctx, inner_digest);
    memcpy(&ctx, &key->outer, sizeof ctx);
    ak_sha2_256_add(&ctx, AK_SPAN_ARR(inner_digest));
    ak_sha2_256_end(&ctx, out_mac);
    ak_wipe(inner_digest, sizeof inner_digest);
    ak_wipe(&ctx, sizeof ctx);
}

void ak_hmac_key_close(struct ak_hmac_key *key)
{
    ak_wipe(key, sizeof *key);
}

void ak_hmac_sha256(struct ak_span key, const struct ak_span *parts, size_t count, uint8_t out_mac[32])
{
    struct ak_hmac_key kept;
    ak_assert(ak_hmac_key_open(&kept, key) == AK_OK);
    ak_hmac_key_mac(&kept, parts, count, out_mac);
    ak_hmac_key_close(&kept);
}

static void block512(uint8_t block[BLOCK512], struct ak_span key)
{
    SHA512_CTX ctx;
    memset(block, 0, BLOCK512);
    if (key.len > BLOCK512) {
        ak_sha2_512_start(&ctx);
        ak_sha2_512_add(&ctx, key);
        ak_sha2_512_end(&ctx, block);
        ak_wipe(&ctx, sizeof ctx);
    } else if (key.len > 0) {
        memcpy(block, key.ptr, key.len);
    }
}

void ak_hmac_sha512(struct ak_span key, const struct ak_span *parts, size_t count, uint8_t out_mac[64])
{
    uint8_t block[BLOCK512];
    uint8_t inner_digest[64];
    SHA512_CTX ctx;
    block512(block, key);
    flip(block, sizeof block, IPAD);
    ak_sha2_512_start(&ctx);
    ak_sha2_512_add(&ctx, AK_SPAN_ARR(block));
    for (size_t i = 0; i < count; i++) ak_sha2_512_add(&ctx, parts[i]);
    ak_sha2_512_end(&ctx, inner_digest);
    flip(block, sizeof block, OPAD_TO_IPAD);
    ak_sha2_512_start(&ctx);
    ak_sha2_512_add(&ctx, AK_SPAN_ARR(block));
    ak_sha2_512_add(&ctx, AK_SPAN_ARR(inner_digest));
    ak_sha2_512_end(&ctx, out_mac);
    ak_wipe(block, sizeof block);
    ak_wipe(inner_digest, sizeof inner_digest);
    ak_wipe(&ctx, sizeof ctx);
}
