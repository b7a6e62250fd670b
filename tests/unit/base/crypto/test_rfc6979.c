/* The nonce of RFC 6979: both of A.2.5 for SHA-256, digests around the order, one candidate after another.
 * The same against the library's over many keys: test_k256_nonce.c. */
#include "unit/base/crypto/hexlit.h"

#include "base/attr.h"
#include "base/crypto/rfc6979.h"
#include "base/crypto/sha256.h"

static const char order_hex[] = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
static const char key_hex[] = "c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721";
static uint8_t order[32], key[32];

static int read_curve(void **state)
{
    (void)state;
    hex_to(order_hex, order, 32);
    hex_to(key_hex, key, 32);
    return 0;
}

static void are_those_of_the_rfc(void **state)
{
    static const struct {
        const char *message, *nonce;
    } rows[] = {
        {"sample", "a6e3c57dd01abe90086538398355dd4c3b17aa873382b0f24d6129493d8aad60"},
        {"test", "d16b6ae827f17175e040871a1c7ec3500192c4c92677336ec2537acaee0008e0"},
    };
    uint8_t digest[32], nonce[32];
    (void)state;
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        ak_sha256(ak_span_str(rows[i].message), digest);
        ak_rfc6979_nonce(order, digest, key, 0, nonce);
        assert_hex(nonce, 32, rows[i].nonce);
    }
}

static void nonce_of(const uint8_t number[32], int more, uint8_t out_nonce[32])
{
    uint8_t digest[32];
    memcpy(digest, number, 32);
    digest[31] = (uint8_t)(digest[31] + more); /* no carry: the order ends with 0x51 */
    ak_rfc6979_nonce(order, digest, key, 0, out_nonce);
}

/* bits2octets takes the digest modulo n: n is as 0, n + 1 as 1, n - 1 stays what it is. */
static void a_digest_counts_modulo_the_order(void **state)
{
    static const uint8_t zero[32];
    uint8_t a[32], b[32], most[32];
    (void)state;
    for (int more = 0; more < 3; more++) {
        nonce_of(order, more, a);
        nonce_of(zero, more, b);
        assert_memory_equal(a, b, 32);
    }
    nonce_of(zero, 0, b);
    nonce_of(order, -1, a);
    assert_memory_not_equal(a, b, 32);
    /* 2^256 - 1 less n, by hand */
    static const char rest_hex[] = "00000000ffffffff00000000000000004319055258e8617b0c46353d039cdaae";
    uint8_t rest[32];
    hex_to(rest_hex, rest, 32);
    memset(most, 0xff, 32);
    nonce_of(most, 0, a);
    nonce_of(rest, 0, b);
    assert_memory_equal(a, b, 32);
}

static void each_attempt_is_another(void **state)
{
    uint8_t nonces[8][32];
    static const uint8_t digest[32] = {1};
    (void)state;
    for (unsigned i = 0; i < AK_COUNT(nonces); i++) {
        ak_rfc6979_nonce(order, digest, key, i, nonces[i]);
        for (unsigned k = 0; k < i; k++) assert_memory_not_equal(nonces[i], nonces[k], 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(are_those_of_the_rfc),
        cmocka_unit_test(a_digest_counts_modulo_the_order),
        cmocka_unit_test(each_attempt_is_another),
    };
    return cmocka_run_group_tests(tests, read_curve, NULL);
}
