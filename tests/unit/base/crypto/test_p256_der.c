/* DER of ECDSA signatures: there and back, the shortest and longest forms, and what is no minimal DER. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/p256_der.h"

static void shortest_and_longest(void **state)
{
    (void)state;
    uint8_t sig[64] = {0}, der[AK_P256_DER_MAX], back[64];
    assert_int_equal(ak_p256_der_encode(sig, der), 8);
    assert_hex(der, 8, "3006020100020100");
    memset(sig, 0xff, sizeof sig);
    assert_int_equal(ak_p256_der_encode(sig, der), 72);
    assert_int_equal(ak_p256_der_decode(ak_span(der, 72), back), AK_OK);
    assert_memory_equal(back, sig, 64);
}

static void there_and_back_for_every_length(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (size_t r_zeros = 0; r_zeros <= 32; r_zeros++) {
        for (size_t s_zeros = 0; s_zeros <= 32; s_zeros++) {
            uint8_t sig[64], der[AK_P256_DER_MAX], back[64];
            fill(&seed, sig, sizeof sig);
            memset(sig, 0, r_zeros);
            memset(sig + 32, 0, s_zeros);
            size_t len = ak_p256_der_encode(sig, der);
            assert_int_equal(ak_p256_der_decode(ak_span(der, len), back), AK_OK);
            assert_memory_equal(back, sig, 64);
            for (size_t cut = 0; cut < len; cut++)
                assert_int_equal(ak_p256_der_decode(ak_span(der, cut), back), AK_E_FORMAT);
        }
    }
}

static void refuses(const char *hex)
{
    uint8_t der[128], sig[64];
    size_t len = strlen(hex) / 2;
    hex_to(hex, der, len);
    memset(sig, 0xa5, sizeof sig);
    assert_int_equal(ak_p256_der_decode(ak_span(der, len), sig), AK_E_FORMAT);
    assert_zero(sig, sizeof sig);
}

static void what_is_not_minimal_der(void **state)
{
    (void)state;
    refuses("");
    refuses("3006020100020100ff");   /* rest behind */
    refuses("3007020100020100ff");   /* rest within */
    refuses("3106020100020100");     /* not a SEQUENCE */
    refuses("3006030100020100");     /* not an INTEGER */
    refuses("3006020100020180");     /* negative */
    refuses("300702020001020100");   /* leading zero */
    refuses("30050200020100");       /* empty INTEGER */
    refuses("308106020100020100");   /* long form of a short length */
    refuses("3080020100020100");     /* indefinite length */
    refuses("30070281010002010000"); /* long form inside */
    refuses("3005020100020100");     /* SEQUENCE too short */
    refuses("302602"
            "21010000000000000000000000000000000000000000000000000000000000000000"
            "020100"); /* 2^256 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(shortest_and_longest),
        cmocka_unit_test(there_and_back_for_every_length), cmocka_unit_test(what_is_not_minimal_der)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
