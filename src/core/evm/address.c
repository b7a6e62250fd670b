/* Addresses from points, their two texts, and the check of a signature against an address. */
#include "core/evm/address.h"

#include "base/codec/hex.h"
#include "base/crypto/keccak.h"

void ak_evm_address(const struct ak_k256_point *point, uint8_t out_address[20])
{
    uint8_t bytes[65];
    uint8_t digest[32];
    ak_k256_point_uncompress(point, bytes);
    ak_keccak256(ak_span(bytes + 1, 64), digest);
    memcpy(out_address, digest + 12, AK_EVM_ADDRESS_LEN);
}

void ak_evm_address_put(struct ak_buf *buf, const uint8_t address[20])
{
    ak_buf_put(buf, AK_SPAN_LIT("0x"));
    ak_hex_encode(buf, ak_span(address, AK_EVM_ADDRESS_LEN));
}

/* A letter is upper case where the nibble at its place in the hash of the lower-case text is 8 or more. */
static void checksum_text(const uint8_t address[20], uint8_t out_text[40])
{
    struct ak_buf text = ak_buf(out_text, 40);
    ak_hex_encode(&text, ak_span(address, AK_EVM_ADDRESS_LEN));
    uint8_t digest[32];
    ak_keccak256(ak_buf_span(&text), digest);
    for (size_t i = 0; i < 40; i++) {
        unsigned nibble = i % 2 == 0 ? digest[i / 2] >> 4 : digest[i / 2] & 15u;
        if (out_text[i] >= 'a' && nibble >= 8) out_text[i] = (uint8_t)(out_text[i] - 'a' + 'A');
    }
}

void ak_evm_address_put_checksum(struct ak_buf *buf, const uint8_t address[20])
{
    uint8_t text[40];
    checksum_text(address, text);
    ak_buf_put(buf, AK_SPAN_LIT("0x"));
    ak_buf_put(buf, AK_SPAN_ARR(text));
}

static enum ak_err hex_part(struct ak_span text, struct ak_span *out_digits)
{
    if (text.len != AK_EVM_ADDRESS_TEXT_LEN || !ak_span_starts(text, AK_SPAN_LIT("0x"))) return AK_E_FORMAT;
    *out_digits = ak_span_sub(text, 2, text.len);
    return AK_OK;
}

enum ak_err ak_evm_address_parse(struct ak_span text, uint8_t out_address[20])
{
    memset(out_address, 0, AK_EVM_ADDRESS_LEN);
    struct ak_span digits;
    AK_TRY(hex_part(text, &digits));
    return ak_hex_decode_fixed(digits, out_address, AK_EVM_ADDRESS_LEN);
}

enum ak_err ak_evm_address_parse_checksum(struct ak_span text, uint8_t out_address[20])
{
    memset(out_address, 0, AK_EVM_ADDRESS_LEN);
    struct ak_span digits;
    uint8_t address[AK_EVM_ADDRESS_LEN];
    uint8_t expected[40];
    size_t len = 0;
    AK_TRY(hex_part(text, &digits));
    AK_TRY(ak_hex_decode_any(digits, address, sizeof address, &len));
    checksum_text(address, expected);
    if (!ak_span_eq(digits, AK_SPAN_ARR(expected))) return AK_E_AUTH;
    memcpy(out_address, address, AK_EVM_ADDRESS_LEN);
    return AK_OK;
}

enum ak_err ak_evm_verify(const uint8_t digest[32], const uint8_t sig[65], const uint8_t address[20])
{
    struct ak_k256_point point;
    uint8_t signer[AK_EVM_ADDRESS_LEN];
    AK_TRY(ak_k256_recover(digest, sig, &point));
    ak_evm_address(&point, signer);
    return memcmp(signer, address, AK_EVM_ADDRESS_LEN) == 0 ? AK_OK : AK_E_AUTH;
}
