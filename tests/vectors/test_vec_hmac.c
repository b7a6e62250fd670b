/* HMAC-SHA256: Wycheproof, tags cut where the file cuts them. */
#include "vectors/vec.h"

#include "base/crypto/hmac.h"
#include "base/ct.h"

static void one(const json_t *group, const json_t *test, struct vec_count *count)
{
    uint8_t key_mem[VEC_BYTES_MAX], msg_mem[VEC_BYTES_MAX], tag_mem[VEC_BYTES_MAX], mac[32], kept[32];
    struct ak_span key = vec_hex(test, "key", key_mem), msg = vec_hex(test, "msg", msg_mem);
    struct ak_span tag = vec_hex(test, "tag", tag_mem);
    size_t len = (size_t)vec_int(group, "tagSize") / 8;
    assert_true(len <= sizeof mac);
    ak_hmac_sha256(key, &msg, 1, mac);
    struct ak_hmac_key opened;
    assert_int_equal(ak_hmac_key_open(&opened, key), AK_OK);
    ak_hmac_key_mac(&opened, &msg, 1, kept);
    ak_hmac_key_close(&opened);
    assert_memory_equal(kept, mac, sizeof mac);
    bool valid = vec_is(test, "result", "valid");
    assert_int_equal(ak_ct_eq(ak_span(mac, len), tag), valid);
    vec_note(count, valid);
}

static void wycheproof(void **state)
{
    struct vec_count count = {0};
    vec_each_wycheproof(*state, one, &count);
    vec_report("hmac_sha256", count);
    assert_int_equal(count.accepted, 66);
    assert_int_equal(count.refused, 108);
}

VEC_MAIN("wycheproof/hmac_sha256_test.json", wycheproof)
