/* Addresses of EVM accounts: from a public point, as lower-case text (the wire) and with the checksum of
 * EIP-55 (where people read it). No secret arguments, owns nothing. Threads: any. */
#ifndef AK_CORE_EVM_ADDRESS_H
#define AK_CORE_EVM_ADDRESS_H

#include "base/buf.h"
#include "base/crypto/k256.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_EVM_ADDRESS_LEN = 20, AK_EVM_ADDRESS_TEXT_LEN = 42 };

/* Last 20 bytes of Keccak-256 of the 64-byte public key. */
void ak_evm_address(const struct ak_k256_point *point, uint8_t out_address[20]);
/* "0x" and 40 lower-case hex digits. */
void ak_evm_address_put(struct ak_buf *buf, const uint8_t address[20]);
/* "0x" and 40 hex digits whose case is the checksum. spec: EIP-55 */
void ak_evm_address_put_checksum(struct ak_buf *buf, const uint8_t address[20]);
/* Exactly the lower-case form. AK_E_FORMAT; zeros then. */
AK_MUST_USE enum ak_err ak_evm_address_parse(struct ak_span text, uint8_t out_address[20]);
/* Exactly the checksummed form. AK_E_FORMAT (not hex), AK_E_AUTH (wrong case); zeros then. */
AK_MUST_USE enum ak_err ak_evm_address_parse_checksum(struct ak_span text, uint8_t out_address[20]);

/* Whether r || s || v (v 0, 1, 27 or 28) over `digest` is by the key of `address`. AK_E_AUTH, AK_E_FORMAT
 * (v), AK_E_MEANING (high s). */
AK_MUST_USE enum ak_err ak_evm_verify(
    const uint8_t digest[32], const uint8_t sig[65], const uint8_t address[20]);

#endif
