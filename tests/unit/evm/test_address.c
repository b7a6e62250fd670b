/* Addresses: from a point, both texts, every changed letter case refused by the checksum. */
#include "unit/check.h"

#include "core/evm/address.h"

static const char *const published[] = {"0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D", "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359", "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb"};

static void gives_the_published_address_of_key_one(void **state)
{
    (void)state;
    const struct ak_secret32 one = {{[31] = 1}};
    struct ak_k256_point point;
    uint8_t address[20];
    uint8_t text[AK_EVM_ADDRESS_TEXT_LEN];
    assert_int_equal(ak_k256_point_from_scalar(&one, &point), AK_OK);
    ak_evm_address(&point, address);
    struct ak_buf lower = AK_BUF_ARR(text);
    ak_evm_address_put(&lower, address);
    assert_true(ak_span_eq(ak_buf_span(&lower), AK_SPAN_LIT("0x7e5f4552091a69125d5dfcb7b8c2659029395bdf")));
    struct ak_buf mixed = AK_BUF_ARR(text);
    ak_evm_address_put_checksum(&mixed, address);
    assert_true(ak_span_eq(ak_buf_span(&mixed), AK_SPAN_LIT("0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf")));
}

static void checksums_published_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(published); i++) {
        uint8_t address[20];
        uint8_t text[AK_EVM_ADDRESS_TEXT_LEN];
        struct ak_buf buf = AK_BUF_ARR(text);
        assert_int_equal(ak_evm_address_parse_checksum(ak_span_str(published[i]), address), AK_OK);
        ak_evm_address_put_checksum(&buf, address);
        assert_true(ak_span_eq(ak_buf_span(&buf), ak_span_str(published[i])));
    }
}

static void refuses_each_letter_in_the_other_case(void **state)
{
    (void)state;
    static const uint8_t zeros[20];
    for (size_t i = 0; i < AK_COUNT(published); i++) {
        for (size_t at = 2; at < 42; at++) {
            char text[43];
            uint8_t address[20];
            memcpy(text, published[i], 43);
            if (text[at] < 'A') continue;
            text[at] ^= 0x20;
            memset(address, 0xaa, sizeof address);
            assert_int_equal(ak_evm_address_parse_checksum(ak_span(text, 42), address), AK_E_AUTH);
            assert_memory_equal(address, zeros, 20);
        }
    }
}

static void refuses_what_is_no_address(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "0x", "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed0", "0X5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "005aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed", "5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
        "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAeg", " 0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAe"};
    uint8_t address[20];
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(ak_evm_address_parse(ak_span_str(bad[i]), address), AK_E_FORMAT);
        assert_int_equal(ak_evm_address_parse_checksum(ak_span_str(bad[i]), address), AK_E_FORMAT);
    }
    assert_int_equal(ak_evm_address_parse(ak_span_str(published[4]), address), AK_E_FORMAT);
    assert_int_equal(ak_evm_address_parse(ak_span_str(published[2]), address), AK_OK);
    assert_int_equal(address[0], 0xde);
    assert_int_equal(
        ak_evm_address_parse_checksum(AK_SPAN_LIT("0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed"), address),
        AK_E_AUTH);
}

static void verifies_by_recovery(void **state)
{
    (void)state;
    const struct ak_secret32 key = {{[0] = 3, [31] = 1}};
    const uint8_t digest[32] = {1, 2, 3};
    uint8_t sig[65];
    uint8_t address[20];
    struct ak_k256_point point;
    assert_int_equal(ak_k256_point_from_scalar(&key, &point), AK_OK);
    ak_evm_address(&point, address);
    assert_int_equal(ak_k256_sign(digest, &key, sig), AK_OK);
    assert_int_equal(ak_evm_verify(digest, sig, address), AK_OK);
    sig[64] = (uint8_t)(sig[64] + 27);
    assert_int_equal(ak_evm_verify(digest, sig, address), AK_OK);
    sig[64] = 2;
    assert_int_equal(ak_evm_verify(digest, sig, address), AK_E_FORMAT);
    assert_int_equal(ak_k256_sign(digest, &key, sig), AK_OK);
    for (size_t i = 0; i < 20; i++) {
        address[i] ^= 1;
        assert_int_equal(ak_evm_verify(digest, sig, address), AK_E_AUTH);
        address[i] ^= 1;
    }
    for (size_t i = 0; i < 65; i++) {
        sig[i] ^= 1;
        assert_int_not_equal(ak_evm_verify(digest, sig, address), AK_OK);
        sig[i] ^= 1;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_published_address_of_key_one),
        cmocka_unit_test(checksums_published_addresses),
        cmocka_unit_test(refuses_each_letter_in_the_other_case),
        cmocka_unit_test(refuses_what_is_no_address),
        cmocka_unit_test(verifies_by_recovery),
    };
    return cmocka_run_group_tests_name("address", tests, NULL, NULL);
}
