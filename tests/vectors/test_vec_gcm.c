/* AES-256-GCM: Wycheproof, those with 256-bit keys and 96-bit nonces. */
#include "vectors/vec.h"

#include "base/crypto/gcm.h"

static void check_valid(const struct ak_secret32 *key, const uint8_t nonce[12], struct ak_span aad,
    struct ak_span msg, struct ak_span sealed)
{
    uint8_t out[VEC_BYTES_MAX];
    assert_int_equal(ak_gcm_seal(key, nonce, aad, msg, out), AK_OK);
    assert_memory_equal(out, sealed.ptr, sealed.len);
    assert_int_equal(ak_gcm_open(key, nonce, aad, sealed, out), AK_OK);
    assert_memory_equal(out, msg.ptr, msg.len);
}

static void one(const json_t *group, const json_t *test, struct vec_count *count)
{
    if (vec_int(group, "keySize") != 256 || vec_int(group, "ivSize") != 96 ||
        vec_int(group, "tagSize") != 128) {
        count->not_applicable++;
        return;
    }
    struct ak_secret32 key;
    uint8_t nonce[12], aad_mem[VEC_BYTES_MAX], msg_mem[VEC_BYTES_MAX], sealed[2 * VEC_BYTES_MAX];
    uint8_t out[VEC_BYTES_MAX];
    vec_hex_exact(test, "key", key.bytes, 32);
    vec_hex_exact(test, "iv", nonce, 12);
    struct ak_span aad = vec_hex(test, "aad", aad_mem), msg = vec_hex(test, "msg", msg_mem);
    size_t ct_len = vec_hex(test, "ct", sealed).len;
    vec_hex_exact(test, "tag", sealed + ct_len, AK_GCM_TAG_LEN);
    struct ak_span all = ak_span(sealed, ct_len + AK_GCM_TAG_LEN);
    if (vec_is(test, "result", "valid")) {
        check_valid(&key, nonce, aad, msg, all);
        count->accepted++;
    } else {
        assert_int_equal(ak_gcm_open(&key, nonce, aad, all, out), AK_E_AUTH);
        count->refused++;
    }
}

static void wycheproof(void **state)
{
    struct vec_count count = {0};
    vec_each_wycheproof(*state, one, &count);
    vec_report("aes_gcm", count);
    assert_int_equal(count.accepted, 39);
    assert_int_equal(count.refused, 27);
}

VEC_MAIN("wycheproof/aes_gcm_test.json", wycheproof)
