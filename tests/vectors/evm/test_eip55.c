/* Addresses with checksums: the EIP's own list and accounts of another library, from key to text. */
#include "vectors/vec_or_skip.h"

#include "base/codec/hex.h"
#include "core/evm/address.h"

static void assert_round_trip(const char *text)
{
    uint8_t address[20];
    uint8_t memory[AK_EVM_ADDRESS_TEXT_LEN];
    struct ak_buf buf = AK_BUF_ARR(memory);
    assert_int_equal(ak_evm_address_parse_checksum(ak_span_str(text), address), AK_OK);
    ak_evm_address_put_checksum(&buf, address);
    assert_true(ak_span_eq(ak_buf_span(&buf), ak_span_str(text)));
}

static void checksums_the_list_of_the_eip(void **state)
{
    (void)state;
    json_t *document = vec_load_or_skip("eip55/eip55-spec.json");
    json_t *list = json_object_get(document, "valid");
    assert_true(json_array_size(list) >= 8);
    for (size_t i = 0; i < json_array_size(list); i++)
        assert_round_trip(json_string_value(json_array_get(list, i)));
    json_decref(document);
}

static void derives_the_addresses_of_accounts(void **state)
{
    (void)state;
    json_t *document = vec_load_or_skip("eip55/ethers-accounts.json");
    size_t with_key = 0;
    assert_true(json_array_size(document) > 200);
    for (size_t i = 0; i < json_array_size(document); i++) {
        json_t *account = json_array_get(document, i);
        const char *text = vec_str(account, "address");
        const char *key = json_string_value(json_object_get(account, "privateKey"));
        assert_round_trip(text);
        if (key == NULL) continue;
        struct ak_secret32 scalar;
        struct ak_k256_point point;
        uint8_t address[20], expected[20];
        assert_int_equal(ak_hex_decode_fixed(ak_span_str(key + 2), scalar.bytes, 32), AK_OK);
        assert_int_equal(ak_k256_point_from_scalar(&scalar, &point), AK_OK);
        ak_evm_address(&point, address);
        assert_int_equal(ak_evm_address_parse_checksum(ak_span_str(text), expected), AK_OK);
        assert_memory_equal(address, expected, 20);
        with_key++;
    }
    assert_true(with_key > 200);
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(checksums_the_list_of_the_eip),
        cmocka_unit_test(derives_the_addresses_of_accounts),
    };
    return cmocka_run_group_tests_name("eip55", tests, NULL, NULL);
}
