/* The trust configuration: what reads is written to the same bytes, and differs from nothing but itself; as
 * lists of operators and of providers the same input, too. */
#include "fuzz/fuzz.h"

#include "core/trust/trust.h"

static void check_map(struct ak_span bytes)
{
    struct ak_trust trust, other = {0};
    uint8_t memory[AK_TRUST_LEN_MAX];
    char text[AK_TRUST_SHOWN_MAX];
    struct ak_buf again = AK_BUF_ARR(memory);
    enum ak_err err = ak_trust_parse(bytes, &trust);
    if (err) AK_FUZZ_CHECK(fuzz_is_empty(&trust, sizeof trust));
    if (err) return;
    AK_FUZZ_CHECK(ak_trust_encode(&trust, &again) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&again), bytes));
    AK_FUZZ_CHECK(ak_trust_differs(&trust, &trust) == 0);
    AK_FUZZ_CHECK(ak_trust_differs(&trust, &other) != 0); /* no waiting time is 0 */
    for (unsigned item = 0; item < AK_TRUST_ITEM_END; item++) {
        struct ak_buf shown = AK_BUF_ARR(text);
        ak_trust_put_item(&trust, item, &shown);
        AK_FUZZ_CHECK(ak_buf_check(&shown) == AK_OK && (ak_trust_item_name(item) || shown.len == 0));
    }
}

static void check_operators(struct ak_span text)
{
    struct ak_trust trust = {.recovery_wait_secs = 1, .recovery_wait_code_secs = 1};
    uint8_t memory[AK_TRUST_LEN_MAX];
    struct ak_buf bytes = AK_BUF_ARR(memory);
    if (ak_trust_set_operators(&trust, text)) AK_FUZZ_CHECK(trust.operator_count == 0);
    AK_FUZZ_CHECK(ak_trust_encode(&trust, &bytes) == AK_OK);
    for (size_t i = 0; i < trust.operator_count; i++)
        AK_FUZZ_CHECK(ak_trust_is_operator(&trust, trust.operators[i]));
}

static void check_providers(struct ak_span text)
{
    struct ak_trust trust = {.recovery_wait_secs = 1, .recovery_wait_code_secs = 1}, again = trust;
    char shown[AK_TRUST_SHOWN_MAX];
    uint8_t memory[AK_TRUST_LEN_MAX];
    struct ak_buf line = AK_BUF_ARR(shown), bytes = AK_BUF_ARR(memory);
    if (ak_trust_set_providers(&trust, text)) AK_FUZZ_CHECK(trust.provider_count == 0);
    if (ak_trust_encode(&trust, &bytes) != AK_OK) return; /* too long in all */
    ak_trust_put_item(&trust, AK_TRUST_PROVIDERS, &line);
    AK_FUZZ_CHECK(ak_buf_check(&line) == AK_OK);
    AK_FUZZ_CHECK(ak_trust_set_providers(&again, ak_buf_span(&line)) == AK_OK);
    AK_FUZZ_CHECK(ak_trust_providers_same(&trust, &again));
    AK_FUZZ_CHECK(ak_trust_providers_follow(&trust, &again) == AK_OK);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    check_map(ak_span(data, len));
    check_operators(ak_span(data, len));
    check_providers(ak_span(data, len));
    return 0;
}
