/* Our RFC 6979 nonce against the library's own, byte for byte, over many keys and messages (differential). */
#include "unit/base/crypto/hexlit.h"

#include <secp256k1.h>

#include "base/crypto/k256_nonce.h"

static void check(const uint8_t msg[32], const uint8_t key[32], unsigned int attempt)
{
    uint8_t ours[32], theirs[32];
    assert_int_equal(ak_k256_nonce_rfc6979(ours, msg, key, NULL, NULL, attempt), 1);
    assert_int_equal(secp256k1_nonce_function_rfc6979(theirs, msg, key, NULL, NULL, attempt), 1);
    assert_memory_equal(ours, theirs, 32);
}

static void equals_the_library_at_random(void **state)
{
    (void)state;
    uint8_t msg[32], key[32];
    uint64_t seed = 6;
    for (int i = 0; i < 5000; i++) {
        fill(&seed, msg, 32);
        fill(&seed, key, 32);
        check(msg, key, i % 8 == 0 ? (unsigned int)(i / 8 % 4) : 0);
    }
}

static void equals_the_library_at_the_edges(void **state)
{
    (void)state;
    static const char *const edges[] = {"0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364140",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364142",
        "8000000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"};
    for (size_t m = 0; m < 8; m++) {
        for (size_t k = 0; k < 8; k++) {
            uint8_t msg[32], key[32];
            hex_to(edges[m], msg, 32);
            hex_to(edges[k], key, 32);
            for (unsigned int attempt = 0; attempt < 5; attempt++) check(msg, key, attempt);
        }
    }
}

static void each_byte_of_both_counts(void **state)
{
    (void)state;
    uint8_t in[64] = {0}, first[32], nonce[32];
    assert_int_equal(ak_k256_nonce_rfc6979(first, in, in + 32, NULL, NULL, 0), 1);
    for (size_t i = 0; i < 64; i++) {
        in[i] ^= 1;
        assert_int_equal(ak_k256_nonce_rfc6979(nonce, in, in + 32, NULL, NULL, 0), 1);
        assert_memory_not_equal(nonce, first, 32);
        in[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(equals_the_library_at_random),
        cmocka_unit_test(equals_the_library_at_the_edges), cmocka_unit_test(each_byte_of_both_counts)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
