/* Texts that tests sign. */
#include "unit/engine/world.h"

#include "core/evm/address.h"

void world_address(const uint8_t address[20], char out_text[43])
{
    struct ak_buf buf = ak_buf(out_text, 42);
    ak_evm_address_put_checksum(&buf, address);
    H_CHECK(buf.len == 42);
    out_text[42] = 0;
}

size_t world_siwe(const struct world_siwe *parts, const uint8_t address[20], char *out_text, size_t cap)
{
    char who[43];
    world_address(address, who);
    int len = snprintf(out_text, cap,
        "%s wants you to sign in with your Ethereum account:\n%s\n\n%s%sURI: %s\nVersion: 1\nChain ID: 1\n"
        "Nonce: %s\nIssued At: %s%s%s%s%s",
        parts->domain ? parts->domain : "example.org", who, parts->statement ? parts->statement : "",
        parts->statement ? "\n\n" : "\n", parts->uri ? parts->uri : "https://example.org/login",
        parts->nonce ? parts->nonce : "0123456789abcdef",
        parts->issued ? parts->issued : "2026-01-01T00:00:00Z", parts->expires ? "\nExpiration Time: " : "",
        parts->expires ? parts->expires : "", parts->resources ? "\nResources:" : "",
        parts->resources ? parts->resources : "");
    H_CHECK(len > 0 && (size_t)len < cap);
    return (size_t)len;
}
