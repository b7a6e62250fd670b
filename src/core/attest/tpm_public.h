/* Public areas of TPM 2.0 keys and what binds a name to them. RSA and ECC, SHA-256 names. Parsing is strict:
 * what is accepted encodes to the same bytes in one way only. Internal to core/attest. spec: TCG TPM 2.0
 * Library, part 2, 12.2.4 (TPMT_PUBLIC), 8.3 (TPMA_OBJECT); part 1, 16 (names), 26.5 (qualified names) */
#ifndef AK_CORE_ATTEST_TPM_PUBLIC_H
#define AK_CORE_ATTEST_TPM_PUBLIC_H

#include "base/crypto/pubkey.h"
#include "core/attest/attest.h"

enum {
    AK_TPM_ALG_RSA = 0x0001,
    AK_TPM_ALG_AES = 0x0006,
    AK_TPM_ALG_SHA256 = 0x000b,
    AK_TPM_ALG_SHA384 = 0x000c,
    AK_TPM_ALG_NULL = 0x0010,
    AK_TPM_ALG_RSASSA = 0x0014,
    AK_TPM_ALG_RSAPSS = 0x0016,
    AK_TPM_ALG_ECDSA = 0x0018,
    AK_TPM_ALG_ECC = 0x0023,
};
/* Bits of a key's attributes. */
enum {
    AK_TPMA_FIXED_TPM = 1 << 1,
    AK_TPMA_FIXED_PARENT = 1 << 4,
    AK_TPMA_SENSITIVE_DATA_ORIGIN = 1 << 5,
    AK_TPMA_RESTRICTED = 1 << 16,
    AK_TPMA_DECRYPT = 1 << 17,
    AK_TPMA_SIGN = 1 << 18,
};

struct ak_tpm_public {
    struct ak_span area; /* TPMT_PUBLIC, which the name is of */
    uint16_t type;       /* RSA, ECC */
    uint32_t attributes;
    uint16_t symmetric; /* of storage keys; NULL for signing ones */
    uint16_t scheme;    /* RSASSA, RSAPSS, ECDSA, NULL */
    uint16_t scheme_hash;
    struct ak_span modulus; /* RSA */
    uint32_t exponent;
    struct ak_span x, y; /* ECC, 32 or 48 bytes at most each */
    size_t coordinate_len;
};
/* TPMT_PUBLIC, or TPM2B_PUBLIC around one. AK_E_FORMAT; AK_E_UNSUPPORTED (another algorithm, curve, hash);
 * zeroed then. */
AK_MUST_USE enum ak_err ak_tpm_public_parse(struct ak_span bytes, struct ak_tpm_public *out_public);
/* Algorithm and hash of the area. */
void ak_tpm_public_name(const struct ak_tpm_public *key, uint8_t out_name[AK_ATTEST_TPM_NAME_LEN]);
/* As ak_pubkey_from_point and ak_pubkey_from_rsa. */
AK_MUST_USE enum ak_err ak_tpm_public_key(const struct ak_tpm_public *key, struct ak_pubkey *out_key);
/* NULL, or why it is no key that signs only what the TPM itself has made. */
const char *ak_tpm_public_unfit(const struct ak_tpm_public *key);
/* Whether a qualified name is the one of this key as a primary key of the hierarchy that is given back:
 * "owner", "endorsement", "platform"; NULL where it is none. */
const char *ak_tpm_public_hierarchy(const struct ak_tpm_public *key, struct ak_span qualified_name);

#endif
