/* ECDH on P-256: the exchange of RFC 5903 8.1 from both sides, and what is refused. */
#include "unit/check.h"

#include "base/crypto/p256_dh.h"
#include "unit/base/crypto/hexlit.h"

#define I_SCALAR "c88f01f510d9ac3f70a292daa2316de544e9aab8afe84049c62a9c57862d1433"
#define I_POINT                                                                                              \
    "dad0b65394221cf9b051e1feca5787d098dfe637fc90b9ef945d0c3772581180"                                       \
    "5271a0461cdb8252d61f1c456fa3e59ab1f45b33accf5f58389e0577b8990bb3"
#define R_SCALAR "c6ef9c5d78ae012a011164acb397ce2088685d8f06bf9be0b283ab46476bee53"
#define R_POINT                                                                                              \
    "d12dfb5289c8d4f81208b70270398c342296970a0bccb74c736fc7554494bf63"                                       \
    "56fbf3ca366cc23e8157854c13c58d6aac23f046ada30f8353e74f33039872ab"
#define SHARED "d6840f6b42f6edafd13116e0e12565202fef8e9ece7dce03812464d04b9442de"

static void agree(const char *scalar_hex, const char *point_hex)
{
    struct ak_secret32 scalar, x;
    struct ak_pubkey peer;
    struct ak_p256_pub pub;
    uint8_t point[64], want[32];
    hex_to(scalar_hex, scalar.bytes, 32);
    hex_to(point_hex, point, 64);
    hex_to(SHARED, want, 32);
    assert_int_equal(ak_pubkey_from_point(AK_SPAN_ARR(point), &peer), AK_OK);
    assert_int_equal(ak_p256_pub_of(&peer, &pub), AK_OK);
    assert_memory_equal(pub.xy, point, 64);
    assert_int_equal(ak_p256_dh(&scalar, &peer, &x), AK_OK);
    assert_memory_equal(x.bytes, want, 32);
    memset(scalar.bytes, 0xff, 32); /* above the order */
    assert_int_equal(ak_p256_dh(&scalar, &peer, &x), AK_E_MEANING);
    memset(want, 0, 32);
    assert_memory_equal(x.bytes, want, 32);
    assert_int_equal(ak_p256_dh(&x, &peer, &x), AK_E_MEANING); /* zero */
    ak_pubkey_done(&peer);
}

static void both_sides_agree(void **state)
{
    (void)state;
    agree(I_SCALAR, R_POINT);
    agree(R_SCALAR, I_POINT);
}

static void a_key_of_another_kind(void **state)
{
    (void)state;
    struct ak_secret32 scalar = {{1}}, x;
    struct ak_pubkey none = {0};
    struct ak_p256_pub pub;
    assert_int_equal(ak_p256_dh(&scalar, &none, &x), AK_E_UNSUPPORTED);
    assert_int_equal(ak_p256_pub_of(&none, &pub), AK_E_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(a_key_of_another_kind),
    };
    return cmocka_run_group_tests_name("p256_dh", tests, NULL, NULL);
}
