/* Personal messages signed by another library: digest, signature byte for byte, recovery. */
#include "vectors/vec_or_skip.h"

#include "base/codec/hex.h"
#include "base/limits.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"

static size_t hex_member(const json_t *object, const char *key, uint8_t *out_bytes, size_t cap)
{
    size_t len = 0;
    const char *text = vec_str(object, key);
    assert_memory_equal(text, "0x", 2);
    assert_int_equal(ak_hex_decode_any(ak_span_str(text + 2), out_bytes, cap, &len), AK_OK);
    return len;
}

static void signs_as_published(void **state)
{
    (void)state;
    json_t *document = vec_load_or_skip("eip191/metamask-personal-sign.json");
    assert_true(json_array_size(document) >= 4);
    for (size_t i = 0; i < json_array_size(document); i++) {
        json_t *item = json_array_get(document, i);
        static uint8_t message[AK_LIMIT_MESSAGE];
        struct ak_secret32 key;
        uint8_t hash[32], digest[32], sig[65], expected[65], address[20];
        size_t len = hex_member(item, "message", message, sizeof message);
        assert_int_equal(hex_member(item, "privateKey", key.bytes, 32), 32);
        assert_int_equal(hex_member(item, "hash", hash, 32), 32);
        assert_int_equal(hex_member(item, "signature", expected, 65), 65);
        assert_int_equal(hex_member(item, "address", address, 20), 20);
        ak_eip191_digest(ak_span(message, len), digest);
        assert_memory_equal(digest, hash, 32);
        assert_int_equal(ak_k256_sign(digest, &key, sig), AK_OK);
        sig[64] = (uint8_t)(sig[64] + 27);
        assert_memory_equal(sig, expected, 65);
        assert_int_equal(ak_evm_verify(digest, expected, address), AK_OK);
    }
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(signs_as_published)};
    return cmocka_run_group_tests_name("eip191", tests, NULL, NULL);
}
