/* secp256k1 verification: Wycheproof in r || s and in DER with low s ("bitcoin"). Ours takes a digest, 64
 * bytes, and low s only: other lengths count as refused, and a valid high s must be named as such and be
 * valid once flipped. */
#include "vectors/vec.h"

#include <secp256k1.h>

#include "base/crypto/k256.h"
#include "base/crypto/sha256.h"

static size_t high_s_seen;

/* s := n - s */
static void flip_s(uint8_t sig[64])
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0,
        0x36, 0x41, 0x41};
    int borrow = 0;
    for (int i = 31; i >= 0; i--) {
        int t = order[i] - sig[32 + i] - borrow;
        borrow = t < 0;
        sig[32 + i] = (uint8_t)t;
    }
}

static enum ak_err verify(const json_t *group, const json_t *test, const uint8_t sig[64])
{
    uint8_t mem[VEC_BYTES_MAX], digest[32];
    struct ak_k256_point point;
    struct ak_span key = vec_hex(json_object_get(group, "publicKey"), "uncompressed", mem);
    assert_int_equal(ak_k256_point_parse(key, &point), AK_OK);
    ak_sha256(vec_hex(test, "msg", mem), digest);
    return ak_k256_verify(digest, sig, &point);
}

static void p1363(const json_t *group, const json_t *test, struct vec_count *count)
{
    uint8_t sig[VEC_BYTES_MAX];
    size_t len = vec_hex(test, "sig", sig).len;
    if (vec_is(test, "result", "valid")) {
        assert_int_equal(len, 64);
        enum ak_err err = verify(group, test, sig);
        if (err == AK_E_MEANING) {
            high_s_seen++;
            flip_s(sig);
            err = verify(group, test, sig);
        }
        assert_int_equal(err, AK_OK);
        count->accepted++;
    } else {
        if (len == 64) assert_int_not_equal(verify(group, test, sig), AK_OK);
        count->refused++;
    }
}

/* The library's reader takes strict DER only. */
static bool from_der(struct ak_span der, uint8_t out_sig[64])
{
    secp256k1_ecdsa_signature sig;
    return secp256k1_ecdsa_signature_parse_der(secp256k1_context_static, &sig, der.ptr, der.len) == 1 &&
           secp256k1_ecdsa_signature_serialize_compact(secp256k1_context_static, out_sig, &sig) == 1;
}

static void bitcoin(const json_t *group, const json_t *test, struct vec_count *count)
{
    uint8_t der[VEC_BYTES_MAX], sig[64];
    bool decoded = from_der(vec_hex(test, "sig", der), sig);
    bool good = decoded && verify(group, test, sig) == AK_OK;
    bool valid = vec_is(test, "result", "valid");
    assert_int_equal(good, valid);
    vec_note(count, valid);
}

static void wycheproof_p1363(void **state)
{
    struct vec_count count = {0};
    high_s_seen = 0;
    vec_each_wycheproof(*state, p1363, &count);
    vec_report("ecdsa_secp256k1_sha256_p1363", count);
    printf("of the accepted, %zu with high s: refused as they are, valid when flipped\n", high_s_seen);
    assert_int_equal(count.accepted, 167);
    assert_int_equal(count.refused, 85);
    assert_true(high_s_seen > 0);
}

static void wycheproof_bitcoin(void **state)
{
    struct vec_count count = {0};
    vec_each_wycheproof(*state, bitcoin, &count);
    vec_report("ecdsa_secp256k1_sha256_bitcoin", count);
    assert_int_equal(count.accepted, 162);
    assert_int_equal(count.refused, 301);
}

int main(void)
{
    json_t *plain = vec_load("wycheproof/ecdsa_secp256k1_sha256_p1363_test.json");
    json_t *low_s = vec_load("wycheproof/ecdsa_secp256k1_sha256_bitcoin_test.json");
    if (plain == NULL || low_s == NULL) return VEC_SKIP;
    const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(wycheproof_p1363, plain),
        cmocka_unit_test_prestate(wycheproof_bitcoin, low_s)};
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    json_decref(plain);
    json_decref(low_s);
    return failed;
}
