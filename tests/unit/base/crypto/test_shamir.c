/* The field whole, against another way of multiplying; every subset of every split gives the secret back, one
 * share fewer fits every secret; every limit. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/shamir.h"

/* Carry-less product, then long division: nothing of it is how the code does it. */
static uint8_t reference(unsigned a, unsigned b)
{
    unsigned product = 0;
    for (unsigned bit = 0; bit < 8; bit++)
        if (b >> bit & 1) product ^= a << bit;
    for (int top = 14; top >= 8; top--)
        if (product >> top & 1) product ^= 0x11bu << (top - 8);
    return (uint8_t)product;
}

static void every_product(void **state)
{
    (void)state;
    for (unsigned a = 0; a < 256; a++)
        for (unsigned b = 0; b < 256; b++)
            assert_int_equal(ak_gf256_mul((uint8_t)a, (uint8_t)b), reference(a, b));
}

static void examples_of_fips_197(void **state)
{
    (void)state;
    assert_int_equal(ak_gf256_mul(0x57, 0x83), 0xc1);
    assert_int_equal(ak_gf256_mul(0x57, 0x13), 0xfe);
}

static void every_inverse(void **state)
{
    (void)state;
    assert_int_equal(ak_gf256_inv(0), 0);
    for (unsigned a = 1; a < 256; a++) assert_int_equal(reference(a, ak_gf256_inv((uint8_t)a)), 1);
}

enum { LEN = 4 };

static uint8_t secret[LEN], coefficients[15 * LEN], shares[16 * LEN];

static enum ak_err combine(unsigned subset, unsigned n, uint8_t *out)
{
    uint8_t x[16];
    const uint8_t *y[16];
    size_t count = 0;
    for (unsigned i = 0; i < n; i++) {
        if (!(subset >> i & 1)) continue;
        x[count] = (uint8_t)(i + 1);
        y[count++] = shares + (size_t)i * LEN;
    }
    return ak_shamir_combine(x, y, count, LEN, out);
}

static void split(unsigned m, unsigned n, uint64_t seed)
{
    fill(&seed, secret, LEN);
    fill(&seed, coefficients, sizeof coefficients);
    assert_int_equal(
        ak_shamir_split(AK_SPAN_ARR(secret), m, n, ak_span(coefficients, (size_t)(m - 1) * LEN), shares),
        AK_OK);
}

/* All 2^8 subsets for each m of up to 8; of 16, the whole and the m first and last ones. */
static void every_subset_of_enough(void **state)
{
    (void)state;
    uint8_t got[LEN];
    for (unsigned n = 2; n <= 8; n++)
        for (unsigned m = 2; m <= n; m++) {
            split(m, n, n * 16 + m);
            for (unsigned subset = 1; subset < 1u << n; subset++) {
                unsigned count = (unsigned)__builtin_popcount(subset);
                if (count < 2) continue;
                assert_int_equal(combine(subset, n, got), AK_OK);
                assert_int_equal(memcmp(got, secret, LEN) == 0, count >= m);
            }
        }
    for (unsigned m = 2; m <= 16; m++) {
        split(m, 16, m);
        assert_int_equal(combine(0xffff, 16, got), AK_OK);
        assert_memory_equal(got, secret, LEN);
        assert_int_equal(combine(0xffffu >> (16 - m), 16, got), AK_OK);
        assert_memory_equal(got, secret, LEN);
        assert_int_equal(combine(0xffffu << (16 - m) & 0xffffu, 16, got), AK_OK);
        assert_memory_equal(got, secret, LEN);
    }
}

/* For each value of one share, over all coefficients, each secret occurs once: one share says nothing. */
static void one_share_fits_every_secret(void **state)
{
    (void)state;
    for (unsigned x = 1; x <= 16; x++) {
        uint8_t seen[256] = {0}, y[16];
        for (unsigned value = 0; value < 256; value++) {
            uint8_t byte = (uint8_t)value, coefficient = ak_gf256_mul(ak_gf256_inv((uint8_t)x), byte ^ 0x5a);
            assert_int_equal(ak_shamir_split(ak_span(&byte, 1), 2, 16, ak_span(&coefficient, 1), y), AK_OK);
            assert_int_equal(y[x - 1], 0x5a);
            seen[coefficient]++;
        }
        for (unsigned i = 0; i < 256; i++) assert_int_equal(seen[i], 1);
    }
}

static enum ak_err try_split(unsigned m, unsigned n, size_t len, size_t given)
{
    static uint8_t bytes[AK_SHAMIR_LEN_MAX + 1], random[16 * (AK_SHAMIR_LEN_MAX + 1)];
    static uint8_t out[16 * (AK_SHAMIR_LEN_MAX + 1)];
    return ak_shamir_split(ak_span(bytes, len), m, n, ak_span(random, given), out);
}

static void limits_of_a_split(void **state)
{
    (void)state;
    assert_int_equal(try_split(1, 3, 4, 0), AK_E_LIMIT);
    assert_int_equal(try_split(2, 2, 4, 4), AK_OK);
    assert_int_equal(try_split(3, 2, 4, 8), AK_E_LIMIT);
    assert_int_equal(try_split(16, 16, 4, 60), AK_OK);
    assert_int_equal(try_split(2, 17, 4, 4), AK_E_LIMIT);
    assert_int_equal(try_split(2, 3, 0, 0), AK_E_LIMIT);
    assert_int_equal(try_split(2, 3, AK_SHAMIR_LEN_MAX, AK_SHAMIR_LEN_MAX), AK_OK);
    assert_int_equal(try_split(2, 3, AK_SHAMIR_LEN_MAX + 1, AK_SHAMIR_LEN_MAX + 1), AK_E_LIMIT);
    assert_int_equal(try_split(2, 3, 4, 3), AK_E_ARG);
    assert_int_equal(try_split(2, 3, 4, 5), AK_E_ARG);
}

static void limits_of_a_combination(void **state)
{
    (void)state;
    uint8_t got[LEN] = {0x77, 0x77, 0x77, 0x77}, x[17];
    const uint8_t *y[17];
    split(2, 3, 1);
    for (size_t i = 0; i < AK_COUNT(x); i++) x[i] = (uint8_t)(i + 1), y[i] = shares;
    assert_int_equal(ak_shamir_combine(x, y, 1, LEN, got), AK_E_LIMIT);
    assert_int_equal(ak_shamir_combine(x, y, 17, LEN, got), AK_E_LIMIT);
    assert_int_equal(ak_shamir_combine(x, y, 2, 0, got), AK_E_LIMIT);
    assert_int_equal(ak_shamir_combine(x, y, 2, AK_SHAMIR_LEN_MAX + 1, got), AK_E_LIMIT);
    x[1] = 1;
    assert_int_equal(ak_shamir_combine(x, y, 2, LEN, got), AK_E_ARG);
    x[1] = 0;
    assert_int_equal(ak_shamir_combine(x, y, 2, LEN, got), AK_E_ARG);
    for (size_t i = 0; i < LEN; i++) assert_int_equal(got[i], 0x77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_product),
        cmocka_unit_test(examples_of_fips_197),
        cmocka_unit_test(every_inverse),
        cmocka_unit_test(every_subset_of_enough),
        cmocka_unit_test(one_share_fits_every_secret),
        cmocka_unit_test(limits_of_a_split),
        cmocka_unit_test(limits_of_a_combination),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
