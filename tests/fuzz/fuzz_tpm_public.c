/* TPMT_PUBLIC: with and without the length before it the same key and name; a signature of nobody's fits
 * none. */
#include "fuzz/fuzz.h"

#include "core/attest/tpm_attest.h"

enum { AREA_MAX = 1024 };

static void check_wrapped(const struct ak_tpm_public *key)
{
    uint8_t wrapped[2 + AREA_MAX], name[AK_ATTEST_TPM_NAME_LEN], again[AK_ATTEST_TPM_NAME_LEN];
    struct ak_tpm_public other;
    AK_FUZZ_CHECK(key->area.len <= AREA_MAX);
    wrapped[0] = (uint8_t)(key->area.len >> 8);
    wrapped[1] = (uint8_t)key->area.len;
    memcpy(wrapped + 2, key->area.ptr, key->area.len);
    AK_FUZZ_CHECK(ak_tpm_public_parse(ak_span(wrapped, 2 + key->area.len), &other) == AK_OK);
    ak_tpm_public_name(key, name);
    ak_tpm_public_name(&other, again);
    AK_FUZZ_CHECK(memcmp(name, again, sizeof name) == 0);
    AK_FUZZ_CHECK(ak_tpm_public_hierarchy(key, ak_span(name, sizeof name)) == NULL);
    AK_FUZZ_CHECK((ak_tpm_public_unfit(key) == NULL) == (ak_tpm_public_unfit(&other) == NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct ak_tpm_signature nobodys = {.alg = AK_TPM_ALG_ECDSA, .hash = AK_TPM_ALG_SHA256};
    struct ak_tpm_public key;
    struct ak_pubkey pub;
    if (ak_tpm_public_parse(ak_span(data, len < AREA_MAX ? len : AREA_MAX), &key) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&key, sizeof key));
        return 0;
    }
    check_wrapped(&key);
    if (ak_tpm_public_key(&key, &pub) == AK_OK) ak_pubkey_done(&pub);
    AK_FUZZ_CHECK(ak_tpm_signature_verify(&nobodys, &key, ak_span(data, len)) != AK_OK);
    return 0;
}
