/* Evidence of a connection: accepted by the client of that very connection, refused by every other, and no
 * byte can be altered. */
#include "unit/check.h"

#include "unit/attest/made_channel.h"

static struct made_channel made;
static struct ak_attest_policy policy;
static struct ak_channel_ask ask;
static struct ak_channel_verdict verdict;
static uint8_t config[32], ledger[AK_CHANNEL_LEDGER_LEN];

#define BIT(check) (UINT32_C(1) << AK_CHANNEL_CHECK_##check)

static int make(void **state)
{
    (void)state;
    made_channel_init(&made);
    made_channel_ask(&made, &policy, &ask);
    memcpy(config, made.claims.config, sizeof config);
    memcpy(ledger, made.claims.ledger, sizeof ledger);
    ask.config = config;
    ask.ledger = ledger;
    return 0;
}

static int clean(void **state)
{
    (void)state;
    made_channel_done(&made);
    return 0;
}

static void expect(uint32_t failed)
{
    assert_int_equal(ak_channel_verify(&ask, &verdict), AK_OK);
    if (verdict.failed != failed)
        for (size_t i = 0; i < AK_CHANNEL_CHECK_COUNT; i++)
            if (verdict.failed >> i & 1)
                print_message("%s\n", ak_channel_check_name((enum ak_channel_check)i));
    assert_int_equal(verdict.failed, failed);
    assert_int_equal(verdict.accepted, failed == 0);
    if (!verdict.bound) assert_int_equal(verdict.claims.suite_count, 0);
}

/* Made anew, with the policy as it was. */
static void remake(void)
{
    made_channel_make(&made);
    ask.message = ak_span(made.message, made.message_len);
}

static void takes_its_own_connection(void **state)
{
    (void)state;
    expect(0);
    assert_true(verdict.bound && verdict.evidence.accepted && verdict.counter.accepted);
    assert_memory_equal(verdict.claims.delivery_key, made.claims.delivery_key, 32);
    ask.config = ask.ledger = NULL;
    expect(0);
}

static void takes_every_place_of_a_shared_report(void **state)
{
    (void)state;
    static const struct {
        size_t index, count;
    } places[] = {{0, 2}, {1, 2}, {0, 3}, {1, 3}, {2, 3}, {4, 5}, {6, 7}, {7, 8}, {8, 9}, {0, 1023},
        {1022, 1023}, {0, 1024}, {1023, 1024}};
    for (size_t i = 0; i < AK_COUNT(places); i++) {
        made.index = places[i].index;
        made.count = places[i].count;
        remake();
        expect(0);
    }
}

/* The binding that the client computes differs from the one the evidence was made for. */
static void refuses_another_connection(void **state)
{
    (void)state;
    uint8_t *const parts[] = {
        &ask.binding.role, ask.binding.nonce, ask.binding.worker, ask.binding.client, ask.binding.exporter};
    for (size_t i = 0; i < AK_COUNT(parts); i++) {
        *parts[i] ^= 1;
        expect(BIT(BINDING));
        *parts[i] ^= 1;
    }
    expect(0);
}

static void refuses_a_relay(void **state)
{
    (void)state;
    uint8_t exporter[32];
    memcpy(exporter, made.binding.exporter, 32);
    memset(made.binding.exporter, 0x77, 32); /* the relay's own connection to the worker */
    remake();
    expect(BIT(BINDING));
    memcpy(made.binding.exporter, exporter, 32);
    remake();
    expect(0);
}

static void refuses_evidence_that_was_replayed(void **state)
{
    (void)state;
    memset(ask.binding.nonce, 0x55, 32); /* today's; the evidence has yesterday's */
    expect(BIT(BINDING));
}

static void refuses_a_key_that_was_swapped(void **state)
{
    (void)state;
    memset(made.binding.worker, 0x99, 32);
    remake();
    expect(BIT(BINDING));
}

static void refuses_other_claims(void **state)
{
    (void)state;
    made.claims.config[0] ^= 1;
    remake();
    expect(BIT(CONFIG));
    made.claims.config[0] ^= 1;
    made.claims.ledger[0] ^= 1;
    remake();
    expect(BIT(LEDGER));
    made.claims.ledger[0] ^= 1;
    made.claims.ledger[47] ^= 1;
    remake();
    expect(BIT(LEDGER));
    made.claims.ledger[47] ^= 1;
    made.claims.measurement[31] ^= 1;
    remake();
    expect(BIT(MEASUREMENT));
    made.claims.measurement[31] ^= 1;
    remake();
    expect(0);
}

/* Where the message has these bytes. */
static uint8_t *find(const uint8_t *bytes, size_t len)
{
    size_t at = 0;
    while (at + len <= made.message_len && memcmp(made.message + at, bytes, len) != 0) at++;
    assert_true(at + len <= made.message_len);
    return made.message + at;
}

/* Claims that the evidence was not made for: put in place of the right ones. */
static void refuses_claims_that_are_not_bound(void **state)
{
    (void)state;
    uint8_t *at = find(made.claims.delivery_key, 32);
    at[0] ^= 1;
    expect(BIT(BINDING));
}

static void refuses_another_machine(void **state)
{
    (void)state;
    policy.tpm.ak_names[0][33] ^= 1;
    expect(BIT(EVIDENCE) | BIT(COUNTER));
    assert_false(verdict.bound);
    policy.tpm.ak_names[0][33] ^= 1;
    policy.registers[0].value[0] ^= 1;
    expect(BIT(EVIDENCE));
    assert_true(verdict.bound);
    policy.registers[0].value[0] ^= 1;
    policy.tpm.nv_name[33] ^= 1;
    expect(BIT(COUNTER));
    policy.tpm.nv_name[33] ^= 1;
    expect(0);
}

static void refuses_a_counter_that_went_back(void **state)
{
    (void)state;
    assert_true(policy.tpm.has_min_counter);
    assert_int_equal(policy.tpm.min_counter, 7);
    policy.tpm.min_counter = 8;
    expect(BIT(COUNTER));
    made.counter.nv[7] = 8;
    remake();
    expect(0);
}

/* A policy that waives freshness for files does not waive it here. */
static void requires_the_binding_whatever_the_policy_says(void **state)
{
    (void)state;
    policy.without_freshness = true;
    expect(0);
    ask.binding.nonce[0] ^= 1;
    expect(BIT(BINDING));
    ask.binding.nonce[0] ^= 1;
    policy.nonce.given = true;
    policy.nonce.len = 4;
    expect(0);
}

/* Quote of this connection, counter of another one. */
static void refuses_halves_of_two_connections(void **state)
{
    (void)state;
    uint8_t quote[640], signature[640];
    size_t len = made.quote.attest_len, signature_len = made.quote.signature_len;
    memcpy(quote, made.quote.attest, len);
    memcpy(signature, made.quote.signature, signature_len);
    made.binding.nonce[0] ^= 1;
    remake();
    memcpy(find(made.quote.attest, len), quote, len);
    memcpy(find(made.quote.signature, made.quote.signature_len), signature, signature_len);
    expect(BIT(BINDING));
    assert_true(verdict.evidence.accepted);
    assert_false(verdict.counter.accepted);
}

static void refuses_every_altered_byte(void **state)
{
    (void)state;
    for (size_t i = 0; i < made.message_len; i += AK_EACH_BYTE) {
        made.message[i] ^= 0x01;
        assert_int_equal(ak_channel_verify(&ask, &verdict), AK_OK);
        if (verdict.accepted) fail_msg("byte %zu", i);
        made.message[i] ^= 0x01;
    }
    expect(0);
}

static void refuses_every_other_length(void **state)
{
    (void)state;
    for (size_t len = 0; len < made.message_len; len += AK_EACH_BYTE) {
        ask.message.len = len;
        expect(BIT(FORMAT));
    }
    made.message[made.message_len] = 0;
    ask.message.len = made.message_len + 1;
    expect(BIT(FORMAT));
}

static void refuses_a_path_that_leads_elsewhere(void **state)
{
    (void)state;
    made.index = 1;
    made.count = 4;
    remake();
    expect(0);
    struct ak_channel_message message;
    assert_int_equal(ak_channel_message_parse(ask.message, &message), AK_OK);
    uint8_t bytes[AK_CHANNEL_MESSAGE_MAX];
    for (uint64_t index = 0; index < 4; index++) {
        struct ak_buf out = AK_BUF_ARR(bytes);
        message.index = index;
        assert_int_equal(ak_channel_message_encode(&message, &out), AK_OK);
        ask.message = ak_buf_span(&out);
        expect(index == 1 ? 0 : BIT(BINDING));
    }
    struct ak_buf out = AK_BUF_ARR(bytes);
    message.index = 1;
    message.path.len -= AK_CHANNEL_RD_LEN;
    assert_int_equal(ak_channel_message_encode(&message, &out), AK_OK);
    ask.message = ak_buf_span(&out);
    expect(BIT(FORMAT));
}

static void learns_only_what_it_knows(void **state)
{
    (void)state;
    uint8_t text[2048];
    struct ak_buf out = AK_BUF_ARR(text);
    assert_int_equal(ak_channel_learn(ak_span(made.message, made.message_len - 1), &out), AK_E_FORMAT);
    made.quote.selections[0].hash = AK_TPM_ALG_SHA384;
    remake();
    assert_int_equal(ak_channel_learn(ask.message, &out), AK_E_UNSUPPORTED);
    made.quote.selections[0].hash = AK_TPM_ALG_SHA256;
    made.counter.nv_len = 9;
    remake();
    assert_int_equal(ak_channel_learn(ask.message, &out), AK_E_FORMAT);
    made.counter.nv_len = 8;
    made.counter.type = AK_TPM_ST_QUOTE;
    remake();
    assert_int_equal(ak_channel_learn(ask.message, &out), AK_E_FORMAT);
    made.counter.type = AK_TPM_ST_NV;
    remake();
    struct ak_buf small = ak_buf(text, 40);
    assert_int_equal(ak_channel_learn(ask.message, &small), AK_E_FULL);
    assert_int_equal(ak_channel_learn(ask.message, &out), AK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(takes_its_own_connection, make, clean),
        cmocka_unit_test_setup_teardown(takes_every_place_of_a_shared_report, make, clean),
        cmocka_unit_test_setup_teardown(refuses_another_connection, make, clean),
        cmocka_unit_test_setup_teardown(refuses_a_relay, make, clean),
        cmocka_unit_test_setup_teardown(refuses_evidence_that_was_replayed, make, clean),
        cmocka_unit_test_setup_teardown(refuses_a_key_that_was_swapped, make, clean),
        cmocka_unit_test_setup_teardown(refuses_other_claims, make, clean),
        cmocka_unit_test_setup_teardown(refuses_claims_that_are_not_bound, make, clean),
        cmocka_unit_test_setup_teardown(refuses_another_machine, make, clean),
        cmocka_unit_test_setup_teardown(refuses_a_counter_that_went_back, make, clean),
        cmocka_unit_test_setup_teardown(requires_the_binding_whatever_the_policy_says, make, clean),
        cmocka_unit_test_setup_teardown(refuses_halves_of_two_connections, make, clean),
        cmocka_unit_test_setup_teardown(refuses_every_altered_byte, make, clean),
        cmocka_unit_test_setup_teardown(refuses_every_other_length, make, clean),
        cmocka_unit_test_setup_teardown(refuses_a_path_that_leads_elsewhere, make, clean),
        cmocka_unit_test_setup_teardown(learns_only_what_it_knows, make, clean),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
