/* I2: after each operation no copy of its secret is in any writable memory of the process. Secrets are made
 * from a number when needed, so that the search itself keeps none. */
#include "unit/base/crypto/hexlit.h"

#include <fcntl.h>
#include <unistd.h>

#include "base/crypto/ed25519.h"
#include "base/crypto/gcm.h"
#include "base/crypto/hkdf.h"
#include "base/crypto/k256.h"
#include "base/crypto/p256.h"

enum form { PLAIN, REVERSED, IPAD, OPAD, FORMS };

/* Limbs of big numbers lie in memory as the reversed bytes; HMAC keys as the key with a mask. */
static void planted(uint64_t seed, enum form form, uint8_t out[32])
{
    uint8_t bytes[32];
    fill(&seed, bytes, sizeof bytes);
    for (int i = 0; i < 32; i++) {
        uint8_t mask = form == IPAD ? 0x36 : form == OPAD ? 0x5c : 0;
        out[i] = (uint8_t)(bytes[form == REVERSED ? 31 - i : i] ^ mask);
    }
    ak_wipe(bytes, sizeof bytes);
}

static uint8_t window[1 << 16];

static size_t search_range(int mem, unsigned long from, unsigned long to, const uint8_t half[16])
{
    size_t found = 0;
    for (unsigned long at = from; at < to; at += sizeof window - 16) {
        size_t len = to - at < sizeof window ? to - at : sizeof window;
        if (pread(mem, window, len, (off_t)at) != (ssize_t)len) break;
        const uint8_t *p = window, *hit;
        while ((hit = memmem(p, len - (size_t)(p - window), half, 16)) != NULL) {
            const uint8_t *where = (const uint8_t *)(uintptr_t)(at + (unsigned long)(hit - window));
            bool own = (where >= window && where < window + sizeof window) || where == half;
            found += own ? 0 : 1;
            p = hit + 1;
        }
    }
    return found;
}

static size_t search_all(const uint8_t half[16])
{
    size_t found = 0;
    char line[512];
    FILE *maps = fopen("/proc/self/maps", "r");
    int mem = open("/proc/self/mem", O_RDONLY | O_CLOEXEC);
    assert_true(maps != NULL && mem >= 0);
    while (fgets(line, sizeof line, maps) != NULL) {
        unsigned long from, to;
        char mode[5];
        assert_int_equal(sscanf(line, "%lx-%lx %4s", &from, &to, mode), 3);
        if (mode[0] == 'r' && mode[1] == 'w') found += search_range(mem, from, to, half);
    }
    (void)fclose(maps);
    (void)close(mem);
    return found;
}

static size_t copies(uint64_t seed)
{
    size_t found = 0;
    for (int form = PLAIN; form < FORMS; form++) {
        uint8_t pattern[32], half[16];
        for (int h = 0; h < 2; h++) {
            planted(seed, (enum form)form, pattern);
            memcpy(half, pattern + 16 * h, 16);
            ak_wipe(pattern, sizeof pattern);
            found += search_all(half);
            ak_wipe(half, sizeof half);
        }
    }
    return found;
}

static void finds_one_that_is_left(void **state)
{
    (void)state;
    struct ak_secret32 left;
    for (int form = PLAIN; form < FORMS; form++) {
        planted(1, (enum form)form, left.bytes);
        assert_int_equal(copies(1), 2);
    }
    ak_secret32_done(&left);
    assert_int_equal(copies(1), 0);
}

static void after_mac_and_kdf(void **state)
{
    (void)state;
    struct ak_secret32 s;
    struct ak_secret64 out;
    struct ak_span text = AK_SPAN_LIT("text"), secret = AK_SPAN_ARR(s.bytes);
    planted(2, PLAIN, s.bytes);
    ak_hmac_sha256(secret, &text, 1, out.bytes);
    ak_hmac_sha512(secret, &text, 1, out.bytes);
    ak_hmac_sha256(text, &secret, 1, out.bytes);
    ak_hmac_sha512(text, &secret, 1, out.bytes);
    assert_int_equal(ak_hkdf_sha256(secret, text, text, out.bytes, 64), AK_OK);
    ak_secret32_done(&s);
    ak_wipe_stack();
    assert_int_equal(copies(2), 0);
}

static void after_k256(void **state)
{
    (void)state;
    struct ak_secret32 s, tweak;
    struct ak_k256_point point;
    uint8_t digest[32] = {1}, sig[65];
    planted(3, PLAIN, s.bytes);
    assert_int_equal(ak_k256_point_from_scalar(&s, &point), AK_OK);
    assert_int_equal(ak_k256_sign(digest, &s, sig), AK_OK);
    planted(4, PLAIN, tweak.bytes);
    assert_int_equal(ak_k256_point_add(&point, tweak.bytes), AK_OK);
    assert_int_equal(ak_k256_scalar_add(&s, tweak.bytes), AK_OK);
    assert_int_equal(ak_k256_sign(digest, &s, sig), AK_OK);
    ak_secret32_done(&s);
    ak_secret32_done(&tweak);
    assert_int_equal(copies(3), 0);
    assert_int_equal(copies(4), 0);
}

static void after_p256(void **state)
{
    (void)state;
    struct ak_secret32 s;
    struct ak_p256_signer signer;
    struct ak_p256_pub pub;
    uint8_t sig[64];
    planted(5, PLAIN, s.bytes);
    assert_int_equal(ak_p256_pub_from_scalar(&s, &pub), AK_OK);
    assert_int_equal(ak_p256_signer_open(&signer, &s), AK_OK);
    ak_secret32_done(&s);
    assert_true(copies(5) > 0); /* the signer keeps it */
    assert_int_equal(ak_p256_sign(&signer, AK_SPAN_LIT("text"), sig), AK_OK);
    ak_p256_signer_close(&signer);
    assert_int_equal(copies(5), 0);
}

static void after_ed25519_and_gcm(void **state)
{
    (void)state;
    struct ak_secret32 s;
    uint8_t bytes[64], nonce[12] = {1};
    planted(6, PLAIN, s.bytes);
    assert_int_equal(ak_ed25519_pub(&s, bytes), AK_OK);
    assert_int_equal(ak_ed25519_sign(&s, AK_SPAN_LIT("text"), bytes), AK_OK);
    assert_int_equal(ak_gcm_seal(&s, nonce, AK_SPAN_EMPTY, AK_SPAN_LIT("text"), bytes), AK_OK);
    assert_int_equal(ak_gcm_open(&s, nonce, AK_SPAN_EMPTY, ak_span(bytes, 20), bytes), AK_OK);
    ak_secret32_done(&s);
    assert_int_equal(copies(6), 0);
}

#if defined(__SANITIZE_ADDRESS__)
enum { SANITIZED = 1 };
#else
enum { SANITIZED = 0 };
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(finds_one_that_is_left),
        cmocka_unit_test(after_mac_and_kdf), cmocka_unit_test(after_k256), cmocka_unit_test(after_p256),
        cmocka_unit_test(after_ed25519_and_gcm)};
    if (SANITIZED) {
        printf("skipped: AddressSanitizer keeps copies of freed memory of its own\n");
        return 77;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
