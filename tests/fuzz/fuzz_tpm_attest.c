/* TPMS_ATTEST and TPMT_SIGNATURE: what parses is its fields one behind the other, and nothing more or less.
 */
#include "fuzz/fuzz.h"

#include "core/attest/tpm_attest.h"

/* Behind the part that all types share. */
static size_t head_len(const struct ak_tpm_attest *attest)
{
    return 4 + 2 + 2 + attest->qualified_signer.len + 2 + attest->extra_data.len + 8 + 4 + 4 + 1 + 8;
}

static void check_attest(const struct ak_tpm_attest *attest, struct ak_span bytes)
{
    size_t head = head_len(attest);
    AK_FUZZ_CHECK(attest->firmware.ptr + 8 == bytes.ptr + head);
    if (attest->type == AK_TPM_ST_NV) {
        AK_FUZZ_CHECK(head + 2 + attest->nv_name.len + 2 + 2 + attest->nv_contents.len == bytes.len);
        return;
    }
    AK_FUZZ_CHECK(attest->type == AK_TPM_ST_QUOTE && attest->selection_count <= AK_TPM_BANKS_MAX);
    AK_FUZZ_CHECK(head + 4 + 3 * attest->selection_count + 2 + attest->pcr_digest.len <= bytes.len);
    for (size_t i = 0; i < attest->selection_count; i++)
        AK_FUZZ_CHECK(attest->selections[i].pcrs >> AK_TPM_PCRS == 0);
}

/* The generator of P-256, and a modulus that nobody has made. */
static const uint8_t point[2][32] = {
    {0x6b, 0x17, 0xd1, 0xf2, 0xe1, 0x2c, 0x42, 0x47, 0xf8, 0xbc, 0xe6, 0xe5, 0x63, 0xa4, 0x40, 0xf2, 0x77,
        0x03, 0x7d, 0x81, 0x2d, 0xeb, 0x33, 0xa0, 0xf4, 0xa1, 0x39, 0x45, 0xd8, 0x98, 0xc2, 0x96},
    {0x4f, 0xe3, 0x42, 0xe2, 0xfe, 0x1a, 0x7f, 0x9b, 0x8e, 0xe7, 0xeb, 0x4a, 0x7c, 0x0f, 0x9e, 0x16, 0x2b,
        0xce, 0x33, 0x57, 0x6b, 0x31, 0x5e, 0xce, 0xcb, 0xb6, 0x40, 0x68, 0x37, 0xbf, 0x51, 0xf5}};
static uint8_t modulus[256];

static struct ak_tpm_public key_of(uint16_t scheme)
{
    struct ak_tpm_public key = {.type = AK_TPM_ALG_RSA, .scheme = scheme, .scheme_hash = AK_TPM_ALG_SHA256};
    if (scheme == AK_TPM_ALG_ECDSA) {
        key.type = AK_TPM_ALG_ECC;
        key.x = ak_span(point[0], 32);
        key.y = ak_span(point[1], 32);
        key.coordinate_len = 32;
        return key;
    }
    modulus[0] = 0xc1;
    modulus[255] = 1;
    key.modulus = ak_span(modulus, sizeof modulus);
    key.exponent = 65537;
    return key;
}

/* The seeds have no signature by these keys, and nobody forges one. */
static void check_nobodys(const struct ak_tpm_signature *signature)
{
    static const uint16_t schemes[] = {AK_TPM_ALG_ECDSA, AK_TPM_ALG_RSASSA, AK_TPM_ALG_RSAPSS};
    for (size_t i = 0; i < 3; i++) {
        struct ak_tpm_public key = key_of(schemes[i]);
        AK_FUZZ_CHECK(ak_tpm_signature_verify(signature, &key, AK_SPAN_LIT("message")) != AK_OK);
    }
}

static void check_signature(const struct ak_tpm_signature *signature, struct ak_span bytes)
{
    size_t body =
        signature->alg == AK_TPM_ALG_ECDSA ? 4 + signature->r.len + signature->s.len : 2 + signature->rsa.len;
    AK_FUZZ_CHECK(4 + body == bytes.len);
    check_nobodys(signature);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_tpm_attest attest;
    struct ak_tpm_signature signature;
    struct ak_span bytes = ak_span(data, len);
    if (ak_tpm_attest_parse(bytes, &attest) == AK_OK)
        check_attest(&attest, bytes);
    else
        AK_FUZZ_CHECK(fuzz_is_empty(&attest, sizeof attest));
    bool is_object = ak_tpm_attest_parse_object(bytes, &attest) == AK_OK;
    if (is_object)
        AK_FUZZ_CHECK(
            head_len(&attest) + 4 + attest.object_name.len + attest.object_qualified_name.len == len);
    else
        AK_FUZZ_CHECK(fuzz_is_empty(&attest, sizeof attest));
    if (ak_tpm_signature_parse(bytes, &signature) == AK_OK)
        check_signature(&signature, bytes);
    else
        AK_FUZZ_CHECK(fuzz_is_empty(&signature, sizeof signature));
    return 0;
}
