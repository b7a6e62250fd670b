/* Deciding: each rule refuses alone, and the rules come in their order (I4, I5, I6, I7). */
#include "core/policy/bucket.h"
#include "unit/policy/agent.h"

static struct ak_decision decide(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    struct ak_policy_now now = test_now();
    struct ak_decision d;
    memset(&d, 0xee, sizeof d);
    ak_policy_decide(q, r, &now, &d);
    assert_int_equal(d.allowed, d.rule == AK_RULE_NONE);
    if (d.allowed) {
        assert_int_equal(d.seen.len + d.limit.len + d.remedy.len, 0);
    } else {
        assert_false(d.counted);
        assert_true(d.seen.len > 0 && d.limit.len > 0 && d.remedy.len > 0);
        assert_int_equal(strlen(d.remedy.text), d.remedy.len);
        assert_int_equal(d.tat_us, r ? r->tat_us : 0);
    }
    return d;
}

static void expect_rule(
    const struct ak_policy_request *q, const struct ak_policy_record *r, enum ak_rule rule)
{
    assert_string_equal(ak_rule_name(decide(q, r).rule), ak_rule_name(rule));
}

static void test_names(void **state)
{
    (void)state;
    static const char *names[] = {"none", "path_unknown", "decommissioned", "generation", "active",
        "valid_until", "device", "operation", "scope", "narrowing", "rate", "counter"};
    assert_int_equal(AK_COUNT(names), AK_RULE_COUNT);
    for (int i = 0; i < AK_RULE_COUNT; i++) assert_string_equal(ak_rule_name((enum ak_rule)i), names[i]);
    assert_string_equal(ak_rule_name(AK_RULE_COUNT), "unknown");
    assert_string_equal(ak_rule_name((enum ak_rule) - 1), "unknown");
}

static void test_allowed(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    const enum ak_operation counted[] = {
        AK_OP_SIGN_MESSAGE, AK_OP_SIGN_SIWE, AK_OP_READ_CREDENTIAL, AK_OP_TOKEN};
    for (size_t i = 0; i < AK_COUNT(counted); i++) {
        struct ak_policy_request q = test_request(counted[i]);
        struct ak_decision d = decide(&q, &r);
        assert_true(d.allowed && d.counted);
        assert_int_equal(d.tat_us, TEST_SEEN_US + 600000);
        assert_int_equal(d.day.uses, 1);
    }
    struct ak_policy_request q = test_request(AK_OP_DERIVE_ADDRESS);
    struct ak_decision d = decide(&q, &r);
    assert_true(d.allowed && !d.counted);
    assert_int_equal(d.tat_us, r.tat_us);
    q.has_path_generation = true;
    q.path_generation = 3;
    assert_true(decide(&q, &r).allowed);
}

static void test_path_unknown(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    expect_rule(&q, NULL, AK_RULE_PATH_UNKNOWN);
    struct ak_policy_record r = test_agent();
    r.subject = AK_SUBJECT_NONE;
    expect_rule(&q, &r, AK_RULE_PATH_UNKNOWN);
    r.subject = (enum ak_subject)7;
    expect_rule(&q, &r, AK_RULE_PATH_UNKNOWN);
    struct ak_policy_record zero = {0};
    expect_rule(&q, &zero, AK_RULE_PATH_UNKNOWN);
}

/* I6: only the current generation, wherever it is named. */
static void test_generation(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    const uint32_t wrong[] = {0, 2, 4, UINT32_MAX};
    for (size_t i = 0; i < AK_COUNT(wrong); i++) {
        struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
        q.token_generation = wrong[i];
        expect_rule(&q, &r, AK_RULE_GENERATION);
        q = test_request(AK_OP_SIGN_MESSAGE);
        q.has_path_generation = true;
        q.path_generation = wrong[i];
        expect_rule(&q, &r, AK_RULE_GENERATION);
        q.operation = AK_OP_TOKEN;
        expect_rule(&q, &r, AK_RULE_GENERATION);
        q = test_request(AK_OP_TOKEN); /* proved by the device alone: an old token does not matter */
        q.token_generation = wrong[i];
        assert_true(decide(&q, &r).allowed);
    }
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    q.has_token_generation = false;
    expect_rule(&q, &r, AK_RULE_GENERATION);
    q.operation = AK_OP_TOKEN;
    assert_true(decide(&q, &r).allowed);
}

/* I5: suspended, not approved, account suspended: nothing at all, a token's renewal included. */
static void test_active(void **state)
{
    (void)state;
    for (int op = AK_OP_NONE; op <= AK_OP_COUNT; op++) {
        struct ak_policy_request q = test_request((enum ak_operation)op);
        struct ak_policy_record r = test_agent();
        r.suspended = true;
        expect_rule(&q, &r, AK_RULE_ACTIVE);
        r = test_agent();
        r.active = false;
        expect_rule(&q, &r, AK_RULE_ACTIVE);
        r = test_agent();
        r.account_suspended = true;
        expect_rule(&q, &r, AK_RULE_ACTIVE);
        r = test_agent();
        r.decommissioned = true;
        r.suspended = true;
        expect_rule(&q, &r, AK_RULE_DECOMMISSIONED);
    }
}

static void test_valid_until(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    struct ak_policy_record r = test_agent();
    r.valid_until_ms = TEST_NOW_MS + 1;
    r.valid_until_height = 11;
    assert_true(decide(&q, &r).allowed);
    r.valid_until_ms = TEST_NOW_MS;
    expect_rule(&q, &r, AK_RULE_VALID_UNTIL);
    r.valid_until_ms = 0;
    assert_true(decide(&q, &r).allowed);
    r.valid_until_height = 10;
    expect_rule(&q, &r, AK_RULE_VALID_UNTIL);
    r.valid_until_height = 1;
    expect_rule(&q, &r, AK_RULE_VALID_UNTIL);
}

static void test_device(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    for (size_t i = 0; i < 32; i++) {
        struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
        q.thumbprint[i] ^= 1;
        expect_rule(&q, &r, AK_RULE_DEVICE);
    }
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    memset(r.device, 0, 32);
    memset(q.thumbprint, 0, 32);
    expect_rule(&q, &r, AK_RULE_DEVICE); /* no device is nobody's */
}

static void test_operation(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    const int unknown[] = {0, AK_OP_COUNT, 99, -1};
    for (size_t i = 0; i < AK_COUNT(unknown); i++) {
        struct ak_policy_request q = test_request((enum ak_operation)unknown[i]);
        expect_rule(&q, &r, AK_RULE_OPERATION);
    }
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    q.session_on_agent_path = true;
    expect_rule(&q, &r, AK_RULE_OPERATION);
    const int never[] = {
        AK_CONTENT_LIKE_SIWE, AK_CONTENT_OWN_STATEMENT, AK_CONTENT_OWN_SITE, AK_CONTENT_OWN_AUDIENCE, 99, -1};
    for (int op = 1; op < AK_OP_COUNT; op++) {
        q = test_request((enum ak_operation)op);
        for (size_t i = 0; i < AK_COUNT(never); i++) {
            q.facts.content = (enum ak_content)never[i];
            expect_rule(&q, &r, AK_RULE_OPERATION);
        }
        q.facts.content = AK_CONTENT_PERMIT;
        if (op != AK_OP_SIGN_TYPED_DATA) expect_rule(&q, &r, AK_RULE_OPERATION);
        q.facts.content = AK_CONTENT_BYTES;
        if (op != AK_OP_SIGN_MESSAGE) expect_rule(&q, &r, AK_RULE_OPERATION);
    }
}

static void test_scope_and_narrowing(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    const enum ak_operation none[] = {AK_OP_OIDC, AK_OP_SIGN_TX, AK_OP_SIGN_TYPED_DATA};
    for (size_t i = 0; i < AK_COUNT(none); i++) {
        struct ak_policy_request q = test_request(none[i]);
        expect_rule(&q, &r, AK_RULE_SCOPE);
    }
    struct ak_policy_request q = test_request(AK_OP_READ_CREDENTIAL);
    q.facts.service = AK_SPAN_LIT("other");
    expect_rule(&q, &r, AK_RULE_SCOPE);
    q.facts.service = AK_SPAN_LIT("cap:sign-message");
    expect_rule(&q, &r, AK_RULE_SCOPE);
    q = test_request(AK_OP_SIGN_SIWE);
    q.facts.domain = AK_SPAN_LIT("b.example");
    expect_rule(&q, &r, AK_RULE_NARROWING);
    q = test_request(AK_OP_SIGN_MESSAGE);
    q.facts.content = AK_CONTENT_BYTES;
    expect_rule(&q, &r, AK_RULE_NARROWING);
    r.scope = AK_SPAN_EMPTY;
    q.facts.content = AK_CONTENT_PLAIN;
    expect_rule(&q, &r, AK_RULE_SCOPE);
    q = test_request(AK_OP_DERIVE_ADDRESS);
    assert_true(decide(&q, &r).allowed);
}

static void test_rate(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    for (int i = 0; i < 100; i++) {
        struct ak_decision d = decide(&q, &r);
        assert_true(d.allowed);
        r.tat_us = d.tat_us;
        r.day = d.day;
    }
    struct ak_decision d = decide(&q, &r);
    assert_int_equal(d.rule, AK_RULE_RATE);
    assert_int_equal(d.retry_after_secs, 1);
    q.operation = AK_OP_DERIVE_ADDRESS;
    assert_true(decide(&q, &r).allowed);
    q.operation = AK_OP_TOKEN;
    expect_rule(&q, &r, AK_RULE_RATE);
    r.rate_per_min = 0;
    r.tat_us = 0;
    expect_rule(&q, &r, AK_RULE_RATE);
}

/* I7: after an unclean stop there is no credit. */
static void test_floor(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    struct ak_policy_now now = test_now();
    now.floor_us = ak_bucket_floor(now.seen_us);
    struct ak_decision d;
    ak_policy_decide(&q, &r, &now, &d);
    assert_int_equal(d.rule, AK_RULE_RATE);
    now.seen_us += 1000000;
    ak_policy_decide(&q, &r, &now, &d);
    assert_true(d.allowed);
}

static void test_counter(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    r.uses_per_day = 2;
    r.day = (struct ak_day_counter){TEST_SEEN_US - 1000000, 1};
    struct ak_decision d = decide(&q, &r);
    assert_true(d.allowed);
    assert_int_equal(d.day.uses, 2);
    r.day = d.day;
    d = decide(&q, &r);
    assert_int_equal(d.rule, AK_RULE_COUNTER);
    assert_int_equal(d.retry_after_secs, 86399);
    assert_int_equal(d.day.uses, 2);
    r.uses_per_day = 0;
    assert_true(decide(&q, &r).allowed);
}

/* Everything is wrong at once; mended one by one, the rules show in their order. */
static void test_order(void **state)
{
    (void)state;
    struct ak_policy_record r = test_agent();
    struct ak_policy_request q = test_request(AK_OP_NONE);
    r.decommissioned = r.suspended = true;
    q.token_generation = 9;
    r.valid_until_ms = 1;
    q.thumbprint[0] ^= 1;
    r.scope = AK_SPAN_EMPTY;
    r.tat_us = UINT64_MAX;
    r.uses_per_day = 1;
    r.day = (struct ak_day_counter){TEST_SEEN_US, 1};
    expect_rule(&q, NULL, AK_RULE_PATH_UNKNOWN);
    expect_rule(&q, &r, AK_RULE_DECOMMISSIONED);
    r.decommissioned = false;
    expect_rule(&q, &r, AK_RULE_GENERATION);
    q.token_generation = 3;
    expect_rule(&q, &r, AK_RULE_ACTIVE);
    r.suspended = false;
    expect_rule(&q, &r, AK_RULE_VALID_UNTIL);
    r.valid_until_ms = 0;
    expect_rule(&q, &r, AK_RULE_DEVICE);
    q.thumbprint[0] ^= 1;
    expect_rule(&q, &r, AK_RULE_OPERATION);
    q.operation = AK_OP_SIGN_SIWE;
    expect_rule(&q, &r, AK_RULE_SCOPE);
    r.scope = AK_SPAN_LIT("cap:sign-siwe?domain=b.example");
    expect_rule(&q, &r, AK_RULE_NARROWING);
    r.scope = AK_SPAN_LIT("cap:sign-siwe");
    expect_rule(&q, &r, AK_RULE_RATE);
    r.tat_us = 0;
    expect_rule(&q, &r, AK_RULE_COUNTER);
    r.uses_per_day = 2;
    assert_true(decide(&q, &r).allowed);
}

static void test_session(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    q.has_token_generation = false;
    struct ak_policy_record r = ak_policy_record_session(q.thumbprint, false, 0);
    assert_int_equal(ak_scope_validate(r.scope, NULL), AK_OK);
    for (int op = 1; op < AK_OP_COUNT; op++) {
        q.operation = (enum ak_operation)op;
        q.facts.tx.priced = true;
        if (op == AK_OP_TOKEN) {
            expect_rule(&q, &r, AK_RULE_OPERATION);
        } else {
            assert_true(decide(&q, &r).allowed);
        }
    }
    q.operation = AK_OP_READ_CREDENTIAL;
    q.facts.service = AK_SPAN_LIT("Not A Service");
    expect_rule(&q, &r, AK_RULE_SCOPE);
    q.operation = AK_OP_SIGN_MESSAGE;
    q.facts.content = AK_CONTENT_BYTES;
    expect_rule(&q, &r, AK_RULE_NARROWING);
    q.facts.content = AK_CONTENT_LIKE_SIWE;
    expect_rule(&q, &r, AK_RULE_OPERATION);
    q.facts.content = AK_CONTENT_OWN_SITE;
    expect_rule(&q, &r, AK_RULE_OPERATION);
    q.operation = AK_OP_SIGN_SIWE;
    assert_true(decide(&q, &r).allowed);
    q.facts.content = AK_CONTENT_PLAIN;
    q.thumbprint[31] ^= 1;
    expect_rule(&q, &r, AK_RULE_DEVICE);
    q.thumbprint[31] ^= 1;
    r.account_suspended = true;
    expect_rule(&q, &r, AK_RULE_ACTIVE);
    r.account_suspended = false;
    unsigned uses = 0;
    for (struct ak_decision d = decide(&q, &r); d.allowed; d = decide(&q, &r)) {
        r.tat_us = d.tat_us;
        uses++;
    }
    assert_int_equal(uses, 100);
}

/* A session derives the address of an agent's path, and signs nothing with it. */
static void test_session_on_agent_path(void **state)
{
    (void)state;
    struct ak_policy_record agent = test_agent();
    struct ak_policy_request q = test_request(AK_OP_DERIVE_ADDRESS);
    struct ak_policy_record session = ak_policy_record_session(q.thumbprint, false, 0);
    q.session_on_agent_path = true;
    q.has_token_generation = false;
    q.has_path_generation = true;
    q.path_generation = 3;
    struct ak_decision d;
    assert_true(ak_policy_check_path(&q, &agent, &d));
    assert_true(d.allowed);
    assert_true(decide(&q, &session).allowed);
    for (int op = AK_OP_DERIVE_ADDRESS + 1; op < AK_OP_COUNT; op++) {
        q.operation = (enum ak_operation)op;
        expect_rule(&q, &session, AK_RULE_OPERATION);
    }
    q.path_generation = 2;
    assert_false(ak_policy_check_path(&q, &agent, &d));
    assert_int_equal(d.rule, AK_RULE_GENERATION);
    q.has_path_generation = false;
    agent.suspended = true;
    assert_false(ak_policy_check_path(&q, &agent, &d));
    assert_int_equal(d.rule, AK_RULE_ACTIVE);
    agent.decommissioned = true;
    assert_false(ak_policy_check_path(&q, &agent, &d));
    assert_int_equal(d.rule, AK_RULE_DECOMMISSIONED);
    assert_false(ak_policy_check_path(&q, NULL, &d));
    assert_int_equal(d.rule, AK_RULE_PATH_UNKNOWN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_names), cmocka_unit_test(test_allowed),
        cmocka_unit_test(test_path_unknown), cmocka_unit_test(test_generation), cmocka_unit_test(test_active),
        cmocka_unit_test(test_valid_until), cmocka_unit_test(test_device), cmocka_unit_test(test_operation),
        cmocka_unit_test(test_scope_and_narrowing), cmocka_unit_test(test_rate), cmocka_unit_test(test_floor),
        cmocka_unit_test(test_counter), cmocka_unit_test(test_order), cmocka_unit_test(test_session),
        cmocka_unit_test(test_session_on_agent_path)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
