/* X25519: RFC 7748 6.1; peers of small order. The rest of the published vectors: tests/vectors. */
#include "unit/base/crypto/hexlit.h"

#include "base/crypto/x25519.h"

static void rfc7748_6_1(void **state)
{
    (void)state;
    struct ak_secret32 bob, shared;
    uint8_t alices[32], bobs[32];
    hex_to("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb", bob.bytes, 32);
    hex_to("8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a", alices, 32);
    assert_int_equal(ak_x25519_pub(&bob, bobs), AK_OK);
    assert_hex(bobs, 32, "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
    assert_int_equal(ak_x25519_shared(&bob, alices, &shared), AK_OK);
    assert_hex(shared.bytes, 32, "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742");
}

static void both_sides_agree(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (int i = 0; i < 20; i++) {
        struct ak_secret32 a, b, ab, ba;
        uint8_t pub_a[32], pub_b[32];
        fill(&seed, a.bytes, 32);
        fill(&seed, b.bytes, 32);
        assert_int_equal(ak_x25519_pub(&a, pub_a), AK_OK);
        assert_int_equal(ak_x25519_pub(&b, pub_b), AK_OK);
        assert_int_equal(ak_x25519_shared(&a, pub_b, &ab), AK_OK);
        assert_int_equal(ak_x25519_shared(&b, pub_a, &ba), AK_OK);
        assert_memory_equal(ab.bytes, ba.bytes, 32);
    }
}

/* The points whose secret would be zero whoever asks. spec: RFC 7748 6.1 */
static void refuses_small_order(void **state)
{
    (void)state;
    static const char *const points[] = {"0000000000000000000000000000000000000000000000000000000000000000",
        "0100000000000000000000000000000000000000000000000000000000000000",
        "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
        "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
        "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
        "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"};
    struct ak_secret32 scalar = {{0x40, 1, 2, 3}}, shared;
    for (size_t i = 0; i < AK_COUNT(points); i++) {
        uint8_t peer[32];
        hex_to(points[i], peer, 32);
        memset(&shared, 0xa5, sizeof shared);
        assert_int_equal(ak_x25519_shared(&scalar, peer, &shared), AK_E_AUTH);
        assert_zero(shared.bytes, 32);
        assert_true(ak_x25519_is_small_order(peer));
        peer[31] ^= 0x80; /* a bit that does not count */
        assert_true(ak_x25519_is_small_order(peer));
        assert_int_equal(ak_x25519_shared(&scalar, peer, &shared), AK_E_AUTH);
        for (size_t at = 0; at < 32; at++) {
            peer[at] ^= 0x40;
            assert_false(ak_x25519_is_small_order(peer));
            assert_int_equal(ak_x25519_shared(&scalar, peer, &shared), AK_OK);
            peer[at] ^= 0x40;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rfc7748_6_1),
        cmocka_unit_test(both_sides_agree),
        cmocka_unit_test(refuses_small_order),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
