/* secp256k1 keys and points: the limits of scalars, tweaks on both sides, encodings. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/k256.h"

static const char n_minus_2[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd036413f";
static const char n_minus_1[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140";
static const char n[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
static const char n_plus_1[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142";
static const char all_ones[] = "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff";
static const char zero[] = "0000000000000000000000000000000000000000000000000000000000000000";
static const char one[] = "0000000000000000000000000000000000000000000000000000000000000001";
static const char g_compressed[] = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798";
static const char g_uncompressed[] = "0479be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
                                     "483ada7726a3c4655da4fbfc0e1108a8fd17b448a68554199c47d08ffb10d4b8";

static struct ak_secret32 scalar(const char *hex)
{
    struct ak_secret32 s;
    hex_to(hex, s.bytes, 32);
    return s;
}

static void scalar_limits(void **state)
{
    (void)state;
    const struct {
        const char *hex;
        bool valid;
    } cases[] = {
        {zero, false}, {one, true}, {n_minus_1, true}, {n, false}, {n_plus_1, false}, {all_ones, false}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_secret32 s = scalar(cases[i].hex);
        struct ak_k256_point point;
        assert_int_equal(ak_k256_scalar_valid(&s), cases[i].valid);
        enum ak_err err = ak_k256_point_from_scalar(&s, &point);
        assert_int_equal(err, cases[i].valid ? AK_OK : AK_E_MEANING);
        if (!cases[i].valid) assert_zero(&point, sizeof point);
    }
}

static void scalar_add_limits(void **state)
{
    (void)state;
    const struct {
        const char *scalar, *tweak, *sum;
        enum ak_err err;
    } cases[] = {{one, zero, one, AK_OK}, {n_minus_2, one, n_minus_1, AK_OK},
        {n_minus_1, n_minus_1, n_minus_2, AK_OK}, {n_minus_1, one, zero, AK_E_MEANING},
        {one, n_minus_1, zero, AK_E_MEANING}, {one, n, zero, AK_E_MEANING},
        {one, all_ones, zero, AK_E_MEANING}, {zero, one, zero, AK_E_MEANING}, {n, one, zero, AK_E_MEANING}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_secret32 s = scalar(cases[i].scalar), tweak = scalar(cases[i].tweak);
        assert_int_equal(ak_k256_scalar_add(&s, tweak.bytes), cases[i].err);
        assert_hex(s.bytes, 32, cases[i].sum);
    }
}

static void one_times_g_is_g(void **state)
{
    (void)state;
    struct ak_secret32 s = scalar(one);
    struct ak_k256_point point;
    uint8_t bytes[65];
    assert_int_equal(ak_k256_point_from_scalar(&s, &point), AK_OK);
    ak_k256_point_compress(&point, bytes);
    assert_hex(bytes, 33, g_compressed);
    ak_k256_point_uncompress(&point, bytes);
    assert_hex(bytes, 65, g_uncompressed);
}

static void tweaks_agree_on_both_sides(void **state)
{
    (void)state;
    uint64_t seed = 8;
    for (int i = 0; i < 50; i++) {
        struct ak_secret32 s;
        struct ak_k256_point from_scalar, from_point;
        uint8_t tweak[32];
        fill(&seed, s.bytes, 32);
        fill(&seed, tweak, 32);
        assert_int_equal(ak_k256_point_from_scalar(&s, &from_point), AK_OK);
        assert_int_equal(ak_k256_point_add(&from_point, tweak), AK_OK);
        assert_int_equal(ak_k256_scalar_add(&s, tweak), AK_OK);
        assert_int_equal(ak_k256_point_from_scalar(&s, &from_scalar), AK_OK);
        assert_memory_equal(&from_scalar, &from_point, sizeof from_point);
    }
}

static void point_add_limits(void **state)
{
    (void)state;
    struct ak_secret32 s = scalar(one);
    const struct {
        const char *tweak;
        enum ak_err err;
    } cases[] = {{zero, AK_OK}, {n_minus_2, AK_OK}, {n_minus_1, AK_E_MEANING}, {n, AK_E_MEANING},
        {all_ones, AK_E_MEANING}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_k256_point point;
        struct ak_secret32 tweak = scalar(cases[i].tweak);
        assert_int_equal(ak_k256_point_from_scalar(&s, &point), AK_OK);
        assert_int_equal(ak_k256_point_add(&point, tweak.bytes), cases[i].err);
        if (cases[i].err != AK_OK) assert_zero(&point, sizeof point);
    }
}

static void both_encodings_parse_back(void **state)
{
    (void)state;
    uint8_t bytes[65], again[65];
    struct ak_k256_point a, b;
    hex_to(g_uncompressed, bytes, 65);
    assert_int_equal(ak_k256_point_parse(ak_span(bytes, 65), &a), AK_OK);
    ak_k256_point_compress(&a, again);
    assert_int_equal(ak_k256_point_parse(ak_span(again, 33), &b), AK_OK);
    assert_memory_equal(&a, &b, sizeof a);
    again[0] ^= 1;
    assert_int_equal(ak_k256_point_parse(ak_span(again, 33), &b), AK_OK);
    assert_memory_not_equal(&a, &b, sizeof a);
}

static void bad_encodings_are_refused(void **state)
{
    (void)state;
    uint8_t good[66] = {0}, bytes[66];
    struct ak_k256_point point;
    hex_to(g_uncompressed, good, 65);
    for (size_t len = 0; len <= sizeof good; len++) {
        if (len == 65) continue;
        assert_int_equal(ak_k256_point_parse(ak_span(good, len), &point), AK_E_FORMAT);
        assert_zero(&point, sizeof point);
    }
    for (int form = 0; form < 256; form++) {
        memcpy(bytes, good, sizeof bytes);
        bytes[0] = (uint8_t)form;
        enum ak_err uncompressed = ak_k256_point_parse(ak_span(bytes, 65), &point);
        assert_int_equal(uncompressed, form == 4 ? AK_OK : AK_E_FORMAT);
        enum ak_err compressed = ak_k256_point_parse(ak_span(bytes, 33), &point);
        assert_int_equal(compressed, form == 2 || form == 3 ? AK_OK : AK_E_FORMAT);
    }
    for (size_t i = 1; i < 65; i++) {
        memcpy(bytes, good, sizeof bytes);
        bytes[i] ^= 1;
        assert_int_equal(ak_k256_point_parse(ak_span(bytes, 65), &point), AK_E_FORMAT);
    }
    assert_int_equal(ak_k256_point_parse(AK_SPAN_EMPTY, &point), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(scalar_limits), cmocka_unit_test(scalar_add_limits),
        cmocka_unit_test(one_times_g_is_g), cmocka_unit_test(tweaks_agree_on_both_sides),
        cmocka_unit_test(point_add_limits), cmocka_unit_test(both_encodings_parse_back),
        cmocka_unit_test(bad_encodings_are_refused)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
