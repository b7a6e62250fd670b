/* Sign-in texts of EIP-4361's reference library: reading, rendering, refusing, verifying. */
#include "vectors/vec_or_skip.h"

#include "base/codec/hex.h"
#include "base/limits.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "core/evm/rfc3339.h"
#include "core/evm/siwe.h"

static void assert_member(const json_t *fields, const char *key, struct ak_span value)
{
    const char *expected = json_string_value(json_object_get(fields, key));
    if (expected == NULL) {
        assert_null(value.ptr);
        return;
    }
    if (!ak_span_eq(value, ak_span_str(expected))) fail_msg("%s is not %s", key, expected);
}

static void assert_fields(const json_t *fields, const struct ak_siwe *siwe)
{
    uint8_t memory[AK_EVM_ADDRESS_TEXT_LEN];
    struct ak_buf address = AK_BUF_ARR(memory);
    ak_evm_address_put_checksum(&address, siwe->address);
    assert_member(fields, "scheme", siwe->scheme);
    assert_member(fields, "domain", siwe->domain);
    assert_member(fields, "address", ak_buf_span(&address));
    assert_member(fields, "statement", siwe->statement);
    assert_member(fields, "uri", siwe->uri);
    assert_member(fields, "nonce", siwe->nonce);
    assert_member(fields, "issuedAt", siwe->issued_at);
    assert_member(fields, "expirationTime", siwe->expiration_time);
    assert_member(fields, "notBefore", siwe->not_before);
    assert_member(fields, "requestId", siwe->request_id);
    assert_int_equal(siwe->chain_id, json_integer_value(json_object_get(fields, "chainId")));
    const json_t *resources = json_object_get(fields, "resources");
    assert_int_equal(siwe->resource_count, json_array_size(resources));
    for (size_t i = 0; i < siwe->resource_count; i++) {
        const char *resource = json_string_value(json_array_get(resources, i));
        assert_true(ak_span_eq(siwe->resources[i], ak_span_str(resource)));
    }
}

static void reads_and_renders_good_texts(void **state)
{
    (void)state;
    json_t *document = vec_load_or_skip("siwe/parsing_positive.json");
    static uint8_t memory[AK_LIMIT_MESSAGE];
    const char *name = NULL;
    json_t *item = NULL;
    assert_true(json_object_size(document) >= 19);
    json_object_foreach(document, name, item)
    {
        const char *text = vec_str(item, "message");
        struct ak_siwe siwe;
        struct ak_buf buf = AK_BUF_ARR(memory);
        if (ak_siwe_parse(ak_span_str(text), &siwe) != AK_OK) fail_msg("refused: %s", name);
        assert_fields(json_object_get(item, "fields"), &siwe);
        ak_siwe_put(&buf, &siwe);
        assert_true(ak_span_eq(ak_buf_span(&buf), ak_span_str(text)));
        assert_true(ak_eip191_check_plain(ak_span_str(text)) & AK_EIP191_NEAR_SIWE);
    }
    json_decref(document);
}

static void refuses_bad_texts(void **state)
{
    (void)state;
    json_t *document = vec_load_or_skip("siwe/parsing_negative.json");
    const char *name = NULL;
    json_t *item = NULL;
    assert_true(json_object_size(document) >= 25);
    json_object_foreach(document, name, item)
    {
        struct ak_siwe siwe;
        if (ak_siwe_parse(ak_span_str(json_string_value(item)), &siwe) == AK_OK)
            fail_msg("accepted: %s", name);
    }
    json_decref(document);
}

static struct ak_span member(const json_t *object, const char *key)
{
    return ak_span_str(json_string_value(json_object_get(object, key)));
}

/* Composes the text of a set of fields. */
static struct ak_span composed(const json_t *item, uint8_t *memory, size_t cap)
{
    struct ak_siwe siwe = {.scheme = member(item, "scheme"),
        .domain = member(item, "domain"),
        .statement = member(item, "statement"),
        .uri = member(item, "uri"),
        .chain_id = (uint64_t)json_integer_value(json_object_get(item, "chainId")),
        .nonce = member(item, "nonce"),
        .issued_at = member(item, "issuedAt"),
        .expiration_time = member(item, "expirationTime"),
        .not_before = member(item, "notBefore"),
        .request_id = member(item, "requestId")};
    const json_t *resources = json_object_get(item, "resources");
    siwe.has_resources = resources != NULL;
    for (; siwe.resource_count < json_array_size(resources); siwe.resource_count++) {
        const char *resource = json_string_value(json_array_get(resources, siwe.resource_count));
        siwe.resources[siwe.resource_count] = ak_span_str(resource);
    }
    struct ak_buf buf = ak_buf(memory, cap);
    if (ak_evm_address_parse_checksum(member(item, "address"), siwe.address) != AK_OK) return AK_SPAN_EMPTY;
    ak_siwe_put(&buf, &siwe);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    return ak_buf_span(&buf);
}

/* Fields of bad form give a text that is refused, or no text at all. */
static void refuses_bad_fields(void **state)
{
    (void)state;
    json_t *document = vec_load_or_skip("siwe/parsing_negative_objects.json");
    static uint8_t memory[AK_LIMIT_MESSAGE];
    const char *name = NULL;
    json_t *item = NULL;
    size_t seen = 0;
    json_object_foreach(document, name, item)
    {
        const char *version = json_string_value(json_object_get(item, "version"));
        struct ak_siwe siwe;
        /* Version and a chain id that is no number cannot be said in our fields. */
        if (version == NULL || strcmp(version, "1") != 0) continue;
        if (!json_is_integer(json_object_get(item, "chainId"))) continue;
        seen++;
        if (ak_siwe_parse(composed(item, memory, sizeof memory), &siwe) == AK_OK)
            fail_msg("accepted: %s", name);
    }
    assert_true(seen >= 12);
    json_decref(document);
}

static void verifies_signed_texts(void **state)
{
    (void)state;
    json_t *document = vec_load_or_skip("siwe/verification_positive.json");
    static uint8_t memory[AK_LIMIT_MESSAGE];
    const char *name = NULL;
    json_t *item = NULL;
    assert_true(json_object_size(document) >= 4);
    json_object_foreach(document, name, item)
    {
        struct ak_siwe siwe;
        uint8_t sig[65], digest[32];
        uint64_t now_ms = UINT64_C(1700000000000);
        struct ak_span text = composed(item, memory, sizeof memory);
        struct ak_span time = member(item, "time");
        if (time.ptr != NULL) assert_int_equal(ak_rfc3339_parse(time, &now_ms), AK_OK);
        assert_int_equal(ak_siwe_parse(text, &siwe), AK_OK);
        assert_int_equal(ak_siwe_check_time(&siwe, now_ms), AK_OK);
        assert_int_equal(ak_hex_decode_fixed(ak_span_str(vec_str(item, "signature") + 2), sig, 65), AK_OK);
        ak_eip191_digest(text, digest);
        if (ak_evm_verify(digest, sig, siwe.address) != AK_OK) fail_msg("not verified: %s", name);
        digest[31] ^= 1;
        assert_int_not_equal(ak_evm_verify(digest, sig, siwe.address), AK_OK);
    }
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_renders_good_texts),
        cmocka_unit_test(refuses_bad_texts),
        cmocka_unit_test(refuses_bad_fields),
        cmocka_unit_test(verifies_signed_texts),
    };
    return cmocka_run_group_tests_name("siwe", tests, NULL, NULL);
}
