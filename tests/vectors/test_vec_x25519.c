/* X25519: Wycheproof. "acceptable" there are keys that are not canonical, which X25519 takes, and points of
 * small order, whose secret is zero and is refused. */
#include "vectors/vec.h"

#include "base/crypto/x25519.h"

static void one(const json_t *group, const json_t *test, struct vec_count *count)
{
    (void)group;
    static const uint8_t zero[32];
    struct ak_secret32 scalar, shared;
    uint8_t peer[32], want[32];
    vec_hex_exact(test, "private", scalar.bytes, 32);
    vec_hex_exact(test, "public", peer, 32);
    vec_hex_exact(test, "shared", want, 32);
    bool small = memcmp(want, zero, 32) == 0;
    assert_int_equal(ak_x25519_shared(&scalar, peer, &shared), small ? AK_E_AUTH : AK_OK);
    assert_memory_equal(shared.bytes, want, 32);
    assert_int_equal(ak_x25519_is_small_order(peer), small);
    if (small)
        count->refused++;
    else
        count->accepted++;
}

static void wycheproof(void **state)
{
    struct vec_count count = {0};
    vec_each_wycheproof(*state, one, &count);
    vec_report("x25519", count);
    assert_int_equal(count.accepted + count.refused, 518);
    assert_true(count.refused > 0);
}

VEC_MAIN("wycheproof/x25519_test.json", wycheproof)
