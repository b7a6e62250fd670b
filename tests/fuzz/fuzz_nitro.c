/* Nitro documents: a COSE_Sign1 that parses encodes to the same bytes, and a payload keeps every bound; the
 * payload alone is tried, too. */
#include "fuzz/fuzz.h"

#include "base/codec/cbor.h"
#include "core/attest/cose.h"
#include "core/attest/nitro.h"

static uint8_t memory[AK_COSE_MAX + 64];

static void check_within(struct ak_span part, struct ak_span whole)
{
    AK_FUZZ_CHECK(part.len == 0 || (part.ptr >= whole.ptr && part.ptr + part.len <= whole.ptr + whole.len));
}

static void check_doc(struct ak_span payload)
{
    struct ak_nitro_doc doc;
    if (ak_nitro_doc_parse(payload, &doc) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&doc, sizeof doc));
        return;
    }
    AK_FUZZ_CHECK(doc.pcr_mask != 0 && doc.timestamp_ms > 0);
    for (size_t i = 0; i < AK_NITRO_PCRS_MAX; i++) {
        AK_FUZZ_CHECK((doc.pcrs[i] != NULL) == ((doc.pcr_mask >> i & 1) != 0));
        if (doc.pcrs[i] != NULL) check_within(ak_span(doc.pcrs[i], AK_NITRO_PCR_LEN), payload);
    }
    AK_FUZZ_CHECK(doc.cabundle_count >= 1 && doc.cabundle_count <= AK_X509_CHAIN_MAX);
    for (size_t i = 0; i < doc.cabundle_count; i++) check_within(doc.cabundle[i], payload);
    check_within(doc.certificate, payload);
    check_within(doc.module_id, payload);
    AK_FUZZ_CHECK(doc.nonce.bytes.len <= AK_NITRO_FIELD_MAX && (doc.nonce.given || doc.nonce.bytes.len == 0));
}

static void check_cose(struct ak_span bytes)
{
    static const struct ak_pubkey no_key; /* of no kind: the message is put together, nothing is computed */
    struct ak_cose_sign1 sign1;
    struct ak_buf buf = AK_BUF_ARR(memory);
    if (ak_cose_sign1_parse(bytes, &sign1) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&sign1, sizeof sign1));
        return;
    }
    if (bytes.ptr[0] == 0xd2) ak_buf_put_u8(&buf, 0xd2);
    ak_cbor_put_array(&buf, 4);
    ak_buf_put(&buf, sign1.protected_);
    ak_buf_put(&buf, sign1.unprotected);
    ak_cbor_put_bytes(&buf, sign1.payload);
    ak_cbor_put_bytes(&buf, sign1.sig);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), bytes));
    AK_FUZZ_CHECK(ak_cose_sign1_verify(&sign1, &no_key) == AK_E_MEANING);
    check_doc(sign1.payload);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check_cose(ak_span(data, len));
    check_doc(ak_span(data, len));
    return 0;
}
