/* RSA 2048 (template L-1), which nearly all chips carry, and P-256 (L-2). Both have the policy
 * PolicySecret(endorsement hierarchy). */
#include "io/tee/tpm2_ek_kind.h"

#define ATTRIBUTES                                                                                           \
    (TPMA_OBJECT_FIXEDTPM | TPMA_OBJECT_FIXEDPARENT | TPMA_OBJECT_SENSITIVEDATAORIGIN |                      \
        TPMA_OBJECT_ADMINWITHPOLICY | TPMA_OBJECT_RESTRICTED | TPMA_OBJECT_DECRYPT)
#define POLICY                                                                                               \
    {                                                                                                        \
        .size = 32, .buffer = {                                                                              \
            0x83,                                                                                            \
            0x71,                                                                                            \
            0x97,                                                                                            \
            0x67,                                                                                            \
            0x44,                                                                                            \
            0x84,                                                                                            \
            0xb3,                                                                                            \
            0xf8,                                                                                            \
            0x1a,                                                                                            \
            0x90,                                                                                            \
            0xcc,                                                                                            \
            0x8d,                                                                                            \
            0x46,                                                                                            \
            0xa5,                                                                                            \
            0xd7,                                                                                            \
            0x24,                                                                                            \
            0xfd,                                                                                            \
            0x52,                                                                                            \
            0xd7,                                                                                            \
            0x6e,                                                                                            \
            0x06,                                                                                            \
            0x52,                                                                                            \
            0x0b,                                                                                            \
            0x64,                                                                                            \
            0xf2,                                                                                            \
            0xa1,                                                                                            \
            0xda,                                                                                            \
            0x1b,                                                                                            \
            0x33,                                                                                            \
            0x14,                                                                                            \
            0x69,                                                                                            \
            0xaa                                                                                             \
        }                                                                                                    \
    }
#define AES_128_CFB                                                                                          \
    {                                                                                                        \
        .algorithm = TPM2_ALG_AES, .keyBits.aes = 128, .mode.aes = TPM2_ALG_CFB                              \
    }

const struct tpm2_ek_kind tpm2_ek_kinds[TPM2_EK_KINDS] = {
    {.name = "RSA 2048",
        .index = 0x01c00002,
        .type = AK_PUBKEY_RSA,
        .template.publicArea = {.type = TPM2_ALG_RSA,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = ATTRIBUTES,
            .authPolicy = POLICY,
            .parameters.rsaDetail = {.symmetric = AES_128_CFB,
                .scheme.scheme = TPM2_ALG_NULL,
                .keyBits = 2048},
            .unique.rsa.size = 256}},
    {.name = "P-256",
        .index = 0x01c0000a,
        .type = AK_PUBKEY_P256,
        .template.publicArea = {.type = TPM2_ALG_ECC,
            .nameAlg = TPM2_ALG_SHA256,
            .objectAttributes = ATTRIBUTES,
            .authPolicy = POLICY,
            .parameters.eccDetail = {.symmetric = AES_128_CFB,
                .scheme.scheme = TPM2_ALG_NULL,
                .curveID = TPM2_ECC_NIST_P256,
                .kdf.scheme = TPM2_ALG_NULL},
            .unique.ecc = {.x.size = 32, .y.size = 32}}},
};
