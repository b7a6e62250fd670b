/* NV with an endorsement key's certificate, under a maker that the input brings along: what is taken gives a
 * key that a credential can be made for, and an output that is refused is empty. The same bytes as a key's
 * public area and its word. */
#include "fuzz/fuzz.h"

#include "base/reader.h"
#include "core/attest/tpm_ek.h"

enum { AT_S = 1800000000 };

static void check_key(struct ak_pubkey *key, enum ak_pubkey_type type)
{
    static const uint8_t name[AK_ATTEST_TPM_NAME_LEN], secret[AK_TPM_CREDENTIAL_LEN], seeds[64];
    uint8_t id[128], wrapped[AK_TPM_CREDENTIAL_MAX];
    struct ak_buf id_buf = AK_BUF_ARR(id), wrapped_buf = AK_BUF_ARR(wrapped);
    AK_FUZZ_CHECK(key->type == type);
    AK_FUZZ_CHECK(ak_tpm_credential_make(key, name, secret, seeds, &id_buf, &wrapped_buf) == AK_OK);
    AK_FUZZ_CHECK(id_buf.len == 68 && wrapped_buf.len >= (type == AK_PUBKEY_RSA ? 256 : 68));
    ak_pubkey_done(key);
}

static void check_nv(struct ak_span nv, const struct ak_x509_bundle *makers, enum ak_pubkey_type type)
{
    struct ak_pubkey key;
    enum ak_err err = ak_tpm_ek_certificate(nv, makers, AT_S, type, &key);
    AK_FUZZ_CHECK(err != AK_OK || makers->count > 0);
    if (err)
        AK_FUZZ_CHECK(key.key == NULL && key.type == 0);
    else
        check_key(&key, type);
}

static void check_word(struct ak_span bytes)
{
    static const uint8_t object[AK_ATTEST_TPM_NAME_LEN];
    uint8_t name[AK_ATTEST_TPM_NAME_LEN];
    enum ak_err err = ak_tpm_key_name(bytes, name);
    AK_FUZZ_CHECK(err == AK_OK || fuzz_is_empty(name, sizeof name));
    AK_FUZZ_CHECK(ak_tpm_certify_check(bytes, bytes, bytes, AK_SPAN_LIT("nonce"), object) != AK_OK);
}

/* Length of the maker's certificate (2), that certificate, NV. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_x509_bundle makers = {0};
    struct ak_reader reader = ak_reader(ak_span(data, len));
    struct ak_span maker = ak_reader_take(&reader, ak_reader_u16(&reader));
    if (!reader.failed && ak_x509_parse(maker, &makers.certs[0]) == AK_OK) makers.count = 1;
    struct ak_span nv = reader.failed ? AK_SPAN_EMPTY : ak_span(reader.ptr, reader.len);
    check_nv(nv, &makers, AK_PUBKEY_RSA);
    check_nv(nv, &makers, AK_PUBKEY_P256);
    check_word(ak_span(data, len));
    ak_x509_bundle_done(&makers);
    return 0;
}
