/* base/ct and base/crypto with their secrets poisoned. */
#include "constant-time/ct_check.h"

#include "base/attr.h"
#include "base/crypto/hkdf.h"
#include "base/crypto/hmac.h"
#include "base/crypto/k256.h"
#include "base/crypto/k256_nonce.h"
#include "base/crypto/p256_scalar.h"
#include "base/crypto/shamir.h"
#include "base/ct.h"
#include "base/wipe.h"

static uint8_t key[200];
static uint8_t text[100];

static void fill(uint8_t *out, size_t len, uint8_t start)
{
    for (size_t i = 0; i < len; i++) out[i] = (uint8_t)(start + 37 * i);
}

static void compare(void)
{
    uint8_t a[64], b[64];
    fill(a, sizeof a, 1);
    fill(b, sizeof b, 1);
    b[63] ^= 1;
    ct_secret(a, sizeof a);
    bool same = ak_ct_eq(AK_SPAN_ARR(a), AK_SPAN_ARR(a));
    bool differ = ak_ct_eq(AK_SPAN_ARR(a), AK_SPAN_ARR(b));
    bool zero = ak_ct_is_zero(AK_SPAN_ARR(a));
    ct_expect(same & !differ & !zero, "comparison");
}

static void hmac(void)
{
    static const size_t key_lens[] = {0, 32, 64, 65, 128, 129, 200};
    uint8_t mac[64];
    fill(key, sizeof key, 2);
    fill(text, sizeof text, 3);
    ct_secret(key, sizeof key);
    ct_secret(text, sizeof text);
    for (size_t i = 0; i < AK_COUNT(key_lens); i++) {
        struct ak_span parts[] = {ak_span(text, 10), AK_SPAN_EMPTY, ak_span(text + 10, 90)};
        ak_hmac_sha256(ak_span(key, key_lens[i]), parts, 3, mac);
        ak_hmac_sha512(ak_span(key, key_lens[i]), parts, 3, mac);
    }
    struct ak_hmac_key kept;
    struct ak_span all = AK_SPAN_ARR(text);
    ct_expect(ak_hmac_key_open(&kept, ak_span(key, 32)) == AK_OK, "open");
    ak_hmac_key_mac(&kept, &all, 1, mac);
    ak_hmac_key_close(&kept);
}

static void hkdf(void)
{
    uint8_t okm[80];
    struct ak_hmac_key prk;
    fill(key, sizeof key, 4);
    ct_secret(key, sizeof key);
    ct_expect(ak_hkdf_sha256(ak_span(key, 32), AK_SPAN_EMPTY, AK_SPAN_LIT("info"), okm, 80) == AK_OK, "okm");
    ct_expect(ak_hkdf_sha256_extract(&prk, ak_span(key, 32), AK_SPAN_LIT("salt")) == AK_OK, "extract");
    ct_expect(ak_hkdf_sha256_expand(&prk, AK_SPAN_LIT("info"), okm, 80) == AK_OK, "expand");
    ak_hmac_key_close(&prk);
}

static void secret_scalar(struct ak_secret32 *scalar, uint8_t start)
{
    fill(scalar->bytes, 32, start);
    ct_secret(scalar, sizeof *scalar);
}

static void k256_scalar(void)
{
    struct ak_secret32 scalar, tweak;
    secret_scalar(&scalar, 5);
    secret_scalar(&tweak, 6);
    ct_expect(ak_k256_scalar_valid(&scalar), "valid");
    ct_expect(ak_k256_scalar_add(&scalar, tweak.bytes) == AK_OK, "add");
}

static void k256_point(void)
{
    struct ak_secret32 scalar;
    struct ak_k256_point point;
    uint8_t bytes[33];
    secret_scalar(&scalar, 7);
    ct_expect(ak_k256_point_from_scalar(&scalar, &point) == AK_OK, "point");
    ak_k256_point_compress(&point, bytes);
}

static void k256_nonce(void)
{
    struct ak_secret32 scalar;
    uint8_t digest[32], nonce[32];
    secret_scalar(&scalar, 8);
    fill(digest, sizeof digest, 9);
    for (unsigned int attempt = 0; attempt < 3; attempt++)
        ct_expect(ak_k256_nonce_rfc6979(nonce, digest, scalar.bytes, NULL, NULL, attempt) == 1, "nonce");
}

/* libsecp256k1 declares two branches of each signature itself, but Debian compiles it without the valgrind
 * macros that say so: that the nonce is in range (fails once in 2^128) and that the signature was made (r and
 * s not 0), just before it is shown. More than these two a signature is a finding. */
enum { SIGNATURES = 8, LIBRARY_DECLARED = 2 * SIGNATURES };

static void k256_sign(void)
{
    struct ak_secret32 scalar;
    struct ak_k256_point point;
    uint8_t digest[32], sig[65];
    fill(digest, sizeof digest, 10);
    for (uint8_t start = 0; start < SIGNATURES; start++) {
        secret_scalar(&scalar, start);
        ct_expect(ak_k256_sign(digest, &scalar, sig) == AK_OK, "sign");
        ct_expect(ak_k256_point_from_scalar(&scalar, &point) == AK_OK, "point");
        ct_expect(ak_k256_verify(digest, sig, &point) == AK_OK, "verify");
    }
}

static void p256_scalar(void)
{
    uint8_t okm[48];
    struct ak_secret32 scalar;
    fill(okm, sizeof okm, 11);
    ct_secret(okm, sizeof okm);
    ct_expect(ak_p256_scalar_from_48(okm, &scalar) == AK_OK, "reduce");
    ct_expect(ak_p256_scalar_valid(&scalar), "valid");
}

static void shamir(void)
{
    enum { LEN = 38, M = 3, N = 5 };
    static const uint8_t x[] = {5, 2, 4};
    uint8_t secret[LEN], random[(M - 1) * LEN], shares[N * LEN], again[LEN];
    const uint8_t *y[] = {shares + 4 * LEN, shares + 1 * LEN, shares + 3 * LEN};
    fill(secret, sizeof secret, 13);
    fill(random, sizeof random, 14);
    ct_secret(secret, sizeof secret);
    ct_secret(random, sizeof random);
    ct_expect(ak_shamir_split(AK_SPAN_ARR(secret), M, N, AK_SPAN_ARR(random), shares) == AK_OK, "shares");
    ct_expect(ak_shamir_combine(x, y, M, LEN, again) == AK_OK, "combine");
    ct_expect(ak_ct_eq(AK_SPAN_ARR(again), AK_SPAN_ARR(secret)), "the secret again");
}

static void k256_blind(void)
{
    uint8_t blind[32];
    fill(blind, sizeof blind, 12);
    ct_secret(blind, sizeof blind);
    ct_expect(ak_k256_init(blind) == AK_OK, "init");
}

int main(void)
{
    static const struct ct_case cases[] = {{"ct: compare", compare, 0}, {"hmac", hmac, 0}, {"hkdf", hkdf, 0},
        {"k256: blind", k256_blind, 0}, {"k256: scalar", k256_scalar, 0},
        {"k256: point from scalar", k256_point, 0}, {"k256: nonce", k256_nonce, 0},
        {"k256: sign", k256_sign, LIBRARY_DECLARED}, {"p256: scalar from 48 bytes", p256_scalar, 0},
        {"shamir", shamir, 0}};
    return ct_main(cases, AK_COUNT(cases));
}
