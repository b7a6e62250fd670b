/* Lengths of 1 GiB and of almost 4 GiB in each place where evidence, certificates and the sealed state have
 * one of four bytes: refused by what is there, from memory that ends where the bytes end. */
#include "unit/check.h"

#include <stdlib.h>

#include "base/crypto/x509_crl.h"
#include "core/attest/channel.h"
#include "core/attest/cose.h"
#include "core/attest/intel_quote.h"
#include "core/attest/tpm_ek.h"
#include "core/seal/seal.h"
#include "unit/attest/made_intel.h"

static const uint32_t lengths[] = {0x40000000, 0x7fffffff, 0x80000000, 0xffffffff};

/* ---- DER and CBOR: whatever begins with such a head ---- */

/* A parser that fills in a struct. */
#define PARSER(name, type, parse)                                                                            \
    static enum ak_err name(struct ak_span bytes)                                                            \
    {                                                                                                        \
        struct type parsed;                                                                                  \
        return parse(bytes, &parsed);                                                                        \
    }
PARSER(certificate, ak_x509, ak_x509_parse)
PARSER(bundle, ak_x509_bundle, ak_x509_bundle_parse)
PARSER(revocations, ak_x509_crl, ak_x509_crl_parse)
PARSER(public_key, ak_pubkey, ak_pubkey_from_spki)
PARSER(sign1, ak_cose_sign1, ak_cose_sign1_parse)
PARSER(message, ak_channel_message, ak_channel_message_parse)
PARSER(claims, ak_channel_claims, ak_channel_claims_parse)
PARSER(report, ak_channel_tpm2, ak_channel_tpm2_parse)

static enum ak_err endorsement(struct ak_span bytes)
{
    static const struct ak_x509_bundle nobody;
    struct ak_pubkey key;
    return ak_tpm_ek_certificate(bytes, &nobody, 0, AK_PUBKEY_RSA, &key);
}

/* The length follows the head. */
struct row {
    const char *name;
    enum ak_err (*parse)(struct ak_span bytes);
    struct ak_span head;
};

/* Head, length, a few bytes; in a block of exactly that size. */
static void refuse(const struct row *row, uint32_t length)
{
    size_t len = row->head.len + 4 + 300;
    uint8_t *bytes = calloc(1, len);
    assert_non_null(bytes);
    struct ak_buf buf = ak_buf(bytes, len);
    ak_buf_put(&buf, row->head);
    ak_buf_put_u32(&buf, length);
    if (row->parse(ak_span(bytes, len)) == AK_OK) fail_msg("%s", row->name);
    if (row->parse(ak_buf_span(&buf)) == AK_OK) fail_msg("%s, cut", row->name);
    free(bytes);
}

static void behind_a_head(void **state)
{
    (void)state;
    const struct row rows[] = {
        {"certificate", certificate, AK_SPAN_LIT("\x30\x84")},
        {"certificate inside", certificate, AK_SPAN_LIT("\x30\x82\x01\x00\x30\x84")},
        {"bundle", bundle, AK_SPAN_LIT("\x30\x84")},
        {"revocation list", revocations, AK_SPAN_LIT("\x30\x84")},
        {"public key", public_key, AK_SPAN_LIT("\x30\x84")},
        {"endorsement certificate", endorsement, AK_SPAN_LIT("\x30\x84")},
        {"COSE, protected header", sign1, AK_SPAN_LIT("\x84\x5a")},
        {"COSE, array", sign1, AK_SPAN_LIT("\x9a")},
        {"message, array", message, AK_SPAN_LIT("\x9a")},
        {"message, media type", message, AK_SPAN_LIT("\x82\x7a")},
        {"message, map", message,
            AK_SPAN_LIT("\x82\x78\x2a"
                        "application/vnd.agentkeys.attestation+cbor\x5a")},
        {"claims, map", claims, AK_SPAN_LIT("\xba")},
        {"claims, version", claims, AK_SPAN_LIT("\xa9\x01\x7a")},
        {"report, media type", report, AK_SPAN_LIT("\x82\x7a")},
        {"report, map", report,
            AK_SPAN_LIT("\x82\x78\x23"
                        "application/vnd.agentkeys.tpm2+cbor\x5a")},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++)
        for (size_t k = 0; k < AK_COUNT(lengths); k++) refuse(&rows[i], lengths[k]);
}

/* ---- fixed places ---- */

static struct made_intel intel;

static void put_little(uint8_t *at, uint32_t value)
{
    for (unsigned i = 0; i < 4; i++) at[i] = (uint8_t)(value >> 8 * i);
}

static void in_a_quote(void **state)
{
    (void)state;
    static const size_t places[] = {0, 4 + 128 + 2, 4 + 128 + 6 + 384 + 64 + 2 + 32 + 2};
    struct ak_intel_quote quote;
    uint8_t before[4];
    made_intel_init(&intel, AK_INTEL_TDX, 4, 0);
    made_intel_quote(&intel);
    assert_int_equal(ak_intel_quote_parse(ak_span(intel.quote, intel.quote_len), &quote), AK_OK);
    for (size_t i = 0; i < AK_COUNT(places); i++) {
        uint8_t *at = intel.quote + intel.signed_len + places[i];
        memcpy(before, at, sizeof before);
        for (size_t k = 0; k < AK_COUNT(lengths); k++) {
            put_little(at, lengths[k]);
            assert_int_equal(
                ak_intel_quote_parse(ak_span(intel.quote, intel.quote_len), &quote), AK_E_FORMAT);
        }
        memcpy(at, before, sizeof before);
    }
    assert_int_equal(ak_intel_quote_parse(ak_span(intel.quote, intel.quote_len), &quote), AK_OK);
    made_intel_done(&intel);
}

static void in_the_sealed_state(void **state)
{
    (void)state;
    uint8_t bytes[AK_SEAL_HEADER_LEN + 1 + 200] = "AKSEALED";
    struct ak_seal_header header;
    bytes[9] = AK_SEAL_FORMAT;
    bytes[10] = bytes[11] = 1;
    bytes[145] = 1; /* one byte of sealed key */
    bytes[150] = 200;
    assert_int_equal(ak_seal_parse_header(AK_SPAN_ARR(bytes), &header), AK_OK);
    for (size_t k = 0; k < AK_COUNT(lengths); k++) {
        struct ak_buf at = ak_buf(bytes + 147, 4);
        ak_buf_put_u32(&at, lengths[k]);
        assert_int_equal(ak_seal_parse_header(AK_SPAN_ARR(bytes), &header), AK_E_FORMAT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(behind_a_head),
        cmocka_unit_test(in_a_quote),
        cmocka_unit_test(in_the_sealed_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
