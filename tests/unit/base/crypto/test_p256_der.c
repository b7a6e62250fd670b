/* DER of ECDSA signatures: the shortest and longest forms, and every length as OpenSSL's reader reads it. */
#include "unit/base/crypto/hexlit.h"

#include <openssl/ecdsa.h>

#include "base/crypto/p256_der.h"

static void read_back(const uint8_t *der, size_t len, uint8_t out_sig[64])
{
    const uint8_t *at = der;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &at, (long)len);
    assert_non_null(sig);
    assert_ptr_equal(at, der + len);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), out_sig, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), out_sig + 32, 32), 32);
    uint8_t *again = NULL;
    assert_int_equal(i2d_ECDSA_SIG(sig, &again), len);
    assert_memory_equal(again, der, len); /* the only form */
    OPENSSL_free(again);
    ECDSA_SIG_free(sig);
}

static void shortest_and_longest(void **state)
{
    (void)state;
    uint8_t sig[64] = {0}, der[AK_P256_DER_MAX], back[64];
    assert_int_equal(ak_p256_der_encode(sig, der), 8);
    assert_hex(der, 8, "3006020100020100");
    memset(sig, 0xff, sizeof sig);
    assert_int_equal(ak_p256_der_encode(sig, der), 72);
    read_back(der, 72, back);
    assert_memory_equal(back, sig, 64);
}

static void every_length(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (size_t r_zeros = 0; r_zeros <= 32; r_zeros++) {
        for (size_t s_zeros = 0; s_zeros <= 32; s_zeros++) {
            uint8_t sig[64], der[AK_P256_DER_MAX], back[64];
            fill(&seed, sig, sizeof sig);
            memset(sig, 0, r_zeros);
            memset(sig + 32, 0, s_zeros);
            read_back(der, ak_p256_der_encode(sig, der), back);
            assert_memory_equal(back, sig, 64);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shortest_and_longest), cmocka_unit_test(every_length)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
