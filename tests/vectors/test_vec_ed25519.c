/* Ed25519 verification: Wycheproof. Signatures of other lengths than 64 are all invalid. */
#include "vectors/vec.h"

#include "base/crypto/ed25519.h"

static void one(const json_t *group, const json_t *test, struct vec_count *count)
{
    uint8_t pub[32], mem[VEC_BYTES_MAX], sig[VEC_BYTES_MAX];
    vec_hex_exact(json_object_get(group, "publicKey"), "pk", pub, 32);
    bool valid = vec_is(test, "result", "valid");
    if (vec_hex(test, "sig", sig).len == 64) {
        enum ak_err err = ak_ed25519_verify(pub, vec_hex(test, "msg", mem), sig);
        assert_int_equal(err, valid ? AK_OK : AK_E_AUTH);
    } else {
        assert_false(valid);
    }
    vec_note(count, valid);
}

static void wycheproof(void **state)
{
    struct vec_count count = {0};
    vec_each_wycheproof(*state, one, &count);
    vec_report("ed25519", count);
    assert_int_equal(count.accepted, 88);
    assert_int_equal(count.refused, 63);
}

VEC_MAIN("wycheproof/ed25519_test.json", wycheproof)
