/* 48 bytes to a P-256 scalar: the edges of the modulus, and random values against BIGNUM (differential). */
#include "unit/base/crypto/hexlit.h"

#include <openssl/bn.h>

#include "base/crypto/p256_scalar.h"

static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";

static void with_bignum(const uint8_t okm[48], uint8_t out[32])
{
    BN_CTX *ctx = BN_CTX_new();
    BIGNUM *m = NULL, *x = BN_bin2bn(okm, 48, NULL), *r = BN_new();
    assert_int_equal(BN_hex2bn(&m, order_hex), 64);
    assert_int_equal(BN_sub_word(m, 1), 1);
    assert_int_equal(BN_mod(r, x, m, ctx), 1);
    assert_int_equal(BN_add_word(r, 1), 1);
    assert_int_equal(BN_bn2binpad(r, out, 32), 32);
    BN_free(m);
    BN_free(x);
    BN_free(r);
    BN_CTX_free(ctx);
}

static void check(const uint8_t okm[48])
{
    struct ak_secret32 ours;
    uint8_t expected[32];
    assert_int_equal(ak_p256_scalar_from_48(okm, &ours), AK_OK);
    with_bignum(okm, expected);
    assert_memory_equal(ours.bytes, expected, 32);
    assert_true(ak_p256_scalar_valid(&ours));
}

static void typed_values(void **state)
{
    (void)state;
    uint8_t okm[48] = {0};
    struct ak_secret32 s;
    assert_int_equal(ak_p256_scalar_from_48(okm, &s), AK_OK);
    assert_hex(s.bytes, 32, "0000000000000000000000000000000000000000000000000000000000000001");
    hex_to(order_hex, okm + 16, 32);
    okm[47] -= 1; /* n - 1 is 0 mod n - 1 */
    assert_int_equal(ak_p256_scalar_from_48(okm, &s), AK_OK);
    assert_hex(s.bytes, 32, "0000000000000000000000000000000000000000000000000000000000000001");
    okm[47] -= 1; /* n - 2 gives the largest, n - 1 */
    assert_int_equal(ak_p256_scalar_from_48(okm, &s), AK_OK);
    assert_hex(s.bytes, 32, "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632550");
}

static void edges_equal_bignum(void **state)
{
    (void)state;
    uint8_t okm[48];
    for (int step = -3; step <= 3; step++) {
        memset(okm, 0, sizeof okm);
        hex_to(order_hex, okm + 16, 32);
        okm[47] = (uint8_t)(okm[47] + step);
        check(okm);
    }
    memset(okm, 0xff, sizeof okm);
    check(okm);
    for (size_t bit = 0; bit < 384; bit++) {
        memset(okm, 0, sizeof okm);
        okm[bit / 8] = (uint8_t)(1 << bit % 8);
        check(okm);
        memset(okm, 0xff, sizeof okm);
        okm[bit / 8] ^= (uint8_t)(1 << bit % 8);
        check(okm);
    }
}

/* Carries of the final plus 1 run through limbs of all ones. */
static void carries_equal_bignum(void **state)
{
    (void)state;
    for (size_t ones = 0; ones <= 24; ones++) {
        uint8_t okm[48] = {0};
        memset(okm + 48 - ones, 0xff, ones);
        check(okm);
    }
}

static void random_values_equal_bignum(void **state)
{
    (void)state;
    uint64_t seed = 10;
    for (int i = 0; i < 2000; i++) {
        uint8_t okm[48];
        fill(&seed, okm, sizeof okm);
        check(okm);
    }
}

static void valid_only_from_1_to_n_minus_1(void **state)
{
    (void)state;
    struct ak_secret32 s = {{0}};
    assert_false(ak_p256_scalar_valid(&s));
    s.bytes[31] = 1;
    assert_true(ak_p256_scalar_valid(&s));
    hex_to(order_hex, s.bytes, 32);
    assert_false(ak_p256_scalar_valid(&s));
    s.bytes[31]++;
    assert_false(ak_p256_scalar_valid(&s));
    s.bytes[31] -= 2;
    assert_true(ak_p256_scalar_valid(&s));
    memset(s.bytes, 0xff, 32);
    assert_false(ak_p256_scalar_valid(&s));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(typed_values), cmocka_unit_test(edges_equal_bignum),
        cmocka_unit_test(carries_equal_bignum), cmocka_unit_test(random_values_equal_bignum),
        cmocka_unit_test(valid_only_from_1_to_n_minus_1)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
