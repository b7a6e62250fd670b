/* What an attestation answers: message, claims and report are encoded in one way only. */
#include "fuzz/fuzz.h"

#include "core/attest/channel.h"

static uint8_t memory[AK_CHANNEL_MESSAGE_MAX + 64];

static void check_claims(struct ak_span bytes)
{
    struct ak_channel_claims claims;
    struct ak_buf out = AK_BUF_ARR(memory);
    if (ak_channel_claims_parse(bytes, &claims) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&claims, sizeof claims));
        return;
    }
    AK_FUZZ_CHECK(ak_channel_claims_encode(&claims, &out) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&out), bytes));
}

static void check_report(struct ak_span bytes)
{
    struct ak_channel_tpm2 parts;
    if (ak_channel_tpm2_parse(bytes, &parts) != AK_OK) AK_FUZZ_CHECK(fuzz_is_empty(&parts, sizeof parts));
}

static void check_message(struct ak_span bytes)
{
    struct ak_channel_message message;
    struct ak_buf out = AK_BUF_ARR(memory);
    if (ak_channel_message_parse(bytes, &message) != AK_OK) {
        AK_FUZZ_CHECK(fuzz_is_empty(&message, sizeof message));
        return;
    }
    AK_FUZZ_CHECK(ak_channel_message_encode(&message, &out) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&out), bytes));
    check_claims(message.claims);
    check_report(message.report);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    struct ak_span bytes = ak_span(data, len);
    check_message(bytes);
    check_claims(bytes);
    check_report(bytes);
    return 0;
}
