/* ES256 verification: Wycheproof in r || s. Signatures of other lengths than 64 cannot be given to ours; they
 * are all invalid and count as refused. */
#include "vectors/vec.h"

#include "base/crypto/p256.h"

static void one(const json_t *group, const json_t *test, struct vec_count *count)
{
    uint8_t mem[VEC_BYTES_MAX], sig[VEC_BYTES_MAX];
    struct ak_p256_pub pub;
    struct ak_span key = vec_hex(json_object_get(group, "publicKey"), "uncompressed", mem);
    assert_int_equal(key.len, 65);
    memcpy(pub.xy, key.ptr + 1, 64);
    bool valid = vec_is(test, "result", "valid");
    if (vec_hex(test, "sig", sig).len == 64) {
        enum ak_err err = ak_p256_verify(&pub, vec_hex(test, "msg", mem), sig);
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
    vec_report("ecdsa_secp256r1_sha256_p1363", count);
    assert_int_equal(count.accepted, 173);
    assert_int_equal(count.refused, 89);
}

VEC_MAIN("wycheproof/ecdsa_secp256r1_sha256_p1363_test.json", wycheproof)
