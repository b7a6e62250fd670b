/* Recoverable ECDSA: a published signature, low s only, each byte altered, the values of v. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/k256.h"

static const char n[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";
static const char half_n[] = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0";
static const char half_n_plus_1[] = "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a1";

struct signed_digest {
    struct ak_secret32 scalar;
    struct ak_k256_point point;
    uint8_t digest[32];
    uint8_t sig[65];
};

static struct signed_digest sign_some(uint64_t seed)
{
    struct signed_digest d;
    fill(&seed, d.scalar.bytes, 32);
    fill(&seed, d.digest, 32);
    assert_int_equal(ak_k256_point_from_scalar(&d.scalar, &d.point), AK_OK);
    assert_int_equal(ak_k256_sign(d.digest, &d.scalar, d.sig), AK_OK);
    return d;
}

/* s := n - s */
static void flip_s(uint8_t sig[64])
{
    uint8_t order[32];
    hex_to(n, order, 32);
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int t = order[i] - sig[32 + i] - borrow;
        borrow = t < 0;
        sig[32 + i] = (uint8_t)t;
    }
}

static void published_signature(void **state)
{
    (void)state;
    struct ak_secret32 scalar;
    uint8_t digest[32], sig[65];
    hex_to("fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140", scalar.bytes, 32);
    hex_to("5e9f0a0d593efdcf78ac923bc3313e4e7d408d574354ee2b3288c0da9fbba6ed", digest, 32);
    assert_int_equal(ak_k256_sign(digest, &scalar, sig), AK_OK);
    assert_hex(sig, 65,
        "54c4a33c6423d689378f160a7ff8b61330444abb58fb470f96ea16d99d4a2fed"
        "07082304410efa6b2943111b6a4e0aaa7b7db55a07e9861d1fb3cb1f421044a500");
}

static void signs_verifies_and_recovers(void **state)
{
    (void)state;
    bool seen[2] = {false, false};
    for (uint64_t seed = 0; seed < 40; seed++) {
        struct signed_digest d = sign_some(seed);
        struct ak_k256_point recovered;
        assert_true(d.sig[64] <= 1);
        seen[d.sig[64]] = true;
        assert_int_equal(ak_k256_verify(d.digest, d.sig, &d.point), AK_OK);
        assert_int_equal(ak_k256_recover(d.digest, d.sig, &recovered), AK_OK);
        assert_memory_equal(&recovered, &d.point, sizeof recovered);
        d.sig[64] += 27;
        assert_int_equal(ak_k256_recover(d.digest, d.sig, &recovered), AK_OK);
        assert_memory_equal(&recovered, &d.point, sizeof recovered);
    }
    assert_true(seen[0] && seen[1]);
}

static void invalid_scalars_sign_nothing(void **state)
{
    (void)state;
    struct ak_secret32 scalar = {{0}};
    uint8_t digest[32] = {1}, sig[65];
    memset(sig, 0xa5, sizeof sig);
    assert_int_equal(ak_k256_sign(digest, &scalar, sig), AK_E_MEANING);
    assert_zero(sig, sizeof sig);
    hex_to(n, scalar.bytes, 32);
    memset(sig, 0xa5, sizeof sig);
    assert_int_equal(ak_k256_sign(digest, &scalar, sig), AK_E_MEANING);
    assert_zero(sig, sizeof sig);
}

static void each_altered_byte_is_refused(void **state)
{
    (void)state;
    struct signed_digest d = sign_some(100);
    for (size_t i = 0; i < 64; i++) {
        d.sig[i] ^= 1;
        enum ak_err err = ak_k256_verify(d.digest, d.sig, &d.point);
        assert_true(err == AK_E_AUTH || err == AK_E_MEANING);
        d.sig[i] ^= 1;
    }
    for (size_t i = 0; i < 32; i++) {
        d.digest[i] ^= 1;
        assert_int_equal(ak_k256_verify(d.digest, d.sig, &d.point), AK_E_AUTH);
        d.digest[i] ^= 1;
    }
    assert_int_equal(ak_k256_verify(d.digest, d.sig, &d.point), AK_OK);
}

static void another_key_is_refused(void **state)
{
    (void)state;
    struct signed_digest d = sign_some(101), other = sign_some(102);
    assert_int_equal(ak_k256_verify(d.digest, d.sig, &other.point), AK_E_AUTH);
}

static void high_s_is_refused(void **state)
{
    (void)state;
    struct signed_digest d = sign_some(103);
    struct ak_k256_point point;
    flip_s(d.sig);
    d.sig[64] ^= 1;
    assert_int_equal(ak_k256_verify(d.digest, d.sig, &d.point), AK_E_MEANING);
    assert_int_equal(ak_k256_recover(d.digest, d.sig, &point), AK_E_MEANING);
    assert_zero(&point, sizeof point);
    hex_to(half_n_plus_1, d.sig + 32, 32);
    assert_int_equal(ak_k256_verify(d.digest, d.sig, &d.point), AK_E_MEANING);
    hex_to(half_n, d.sig + 32, 32);
    assert_int_equal(ak_k256_verify(d.digest, d.sig, &d.point), AK_E_AUTH);
}

static void r_and_s_out_of_range_are_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < 64; at += 32) {
        struct signed_digest d = sign_some(104);
        struct ak_k256_point point;
        memset(d.sig + at, 0, 32);
        assert_int_equal(ak_k256_verify(d.digest, d.sig, &d.point), AK_E_AUTH);
        assert_int_equal(ak_k256_recover(d.digest, d.sig, &point), AK_E_AUTH);
        assert_zero(&point, sizeof point);
        hex_to(n, d.sig + at, 32);
        assert_int_equal(ak_k256_verify(d.digest, d.sig, &d.point), AK_E_AUTH);
        assert_int_equal(ak_k256_recover(d.digest, d.sig, &point), AK_E_FORMAT);
        assert_zero(&point, sizeof point);
    }
}

static void only_four_values_of_v(void **state)
{
    (void)state;
    struct signed_digest d = sign_some(105);
    uint8_t right = d.sig[64];
    for (int v = 0; v < 256; v++) {
        struct ak_k256_point point;
        d.sig[64] = (uint8_t)v;
        enum ak_err err = ak_k256_recover(d.digest, d.sig, &point);
        bool known = v == 0 || v == 1 || v == 27 || v == 28;
        assert_int_equal(err, known ? AK_OK : AK_E_FORMAT);
        bool same = memcmp(&point, &d.point, sizeof point) == 0;
        assert_int_equal(same, v == right || v == right + 27);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(published_signature),
        cmocka_unit_test(signs_verifies_and_recovers), cmocka_unit_test(invalid_scalars_sign_nothing),
        cmocka_unit_test(each_altered_byte_is_refused), cmocka_unit_test(another_key_is_refused),
        cmocka_unit_test(high_s_is_refused), cmocka_unit_test(r_and_s_out_of_range_are_refused),
        cmocka_unit_test(only_four_values_of_v)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
