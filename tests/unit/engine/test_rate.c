/* Rates: never refilled by a rotation, a restart, a crash or a clock (I7); refusals leave a small log (I18).
 */
#include "unit/engine/world.h"

/* Signs until it is refused; the number that passed. */
static unsigned drain(struct world *w, struct h_agent *agent)
{
    for (unsigned n = 0; n < 20000; n++) {
        enum ak_code code = h_agent_sign(&w->h, agent, "x");
        if (code == AK_CODE_RATE_LIMIT_EXCEEDED) return n;
        assert_int_equal(code, AK_CODE_OK);
    }
    return UINT32_MAX;
}

static void five_a_minute(struct world *w, struct h_agent *agent)
{
    h_agent(&w->h, &w->alice, agent, 14, "five", "cap:sign-message", 5);
}

static void test_rate_and_when_to_come_back(void **state)
{
    struct world *w = *state;
    struct h_agent five;
    struct ak_msg_error_reply error;
    five_a_minute(w, &five);
    assert_int_equal(drain(w, &five), 4); /* the token was the first use */
    assert_string_equal(h_rule(&w->h), "rate");
    h_error(&w->h, &error);
    assert_int_equal(error.retry_after_secs, 12);
    h_tick(&w->h, 11999);
    assert_int_equal(h_agent_sign(&w->h, &five, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(&w->h, 1);
    assert_int_equal(drain(w, &five), 1);
    h_tick(&w->h, 3600000);
    assert_int_equal(h_agent_renew(&w->h, &five), AK_CODE_OK);
    assert_int_equal(drain(w, &five), 4);
    h_device_done(&five.device);
}

static void test_a_rotation_refills_nothing(void **state)
{
    struct world *w = *state;
    struct h_agent five;
    five_a_minute(w, &five);
    assert_int_equal(drain(w, &five), 4);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "five"), AK_CODE_OK);
    assert_int_equal(h_agent_renew(&w->h, &five), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(&w->h, 24000);
    assert_int_equal(h_agent_renew(&w->h, &five), AK_CODE_OK);
    assert_int_equal(drain(w, &five), 1);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "five"), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "five"), AK_CODE_OK);
    assert_int_equal(drain(w, &five), 0);
    h_device_done(&five.device);
}

static void test_a_clean_stop_keeps_the_debt(void **state)
{
    struct world *w = *state;
    struct h_agent five;
    five_a_minute(w, &five);
    assert_int_equal(drain(w, &five), 4);
    w->h.wall_ms += 3600000; /* an hour that nobody saw */
    h_restart(&w->h, true);
    assert_int_equal(h_agent_renew(&w->h, &five), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(&w->h, 12000);
    assert_int_equal(h_agent_renew(&w->h, &five), AK_CODE_OK);
    assert_int_equal(drain(w, &five), 0);
    h_device_done(&five.device);
}

static void test_a_crash_empties_the_buckets(void **state)
{
    struct world *w = *state;
    h_restart(&w->h, false);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_restart(&w->h, false);
    h_restart(&w->h, true);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(&w->h, 61000);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
}

/* The wall clock steps while we run, and between two runs. */
static void test_clock_steps(void **state)
{
    struct world *w = *state;
    struct h_agent five;
    five_a_minute(w, &five);
    assert_int_equal(drain(w, &five), 4);
    uint64_t size = h_size(&w->h);
    w->h.wall_ms += H_DAY_MS;
    h_tick(&w->h, 0);
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_CLOCK_STEPPED), 1);
    w->h.wall_ms -= 2 * H_DAY_MS;
    h_tick(&w->h, 0);
    h_tick(&w->h, 0);
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_CLOCK_STEPPED), 2);
    struct ak_entry entry;
    h_entry(&w->h, h_size(&w->h) - 1, &entry);
    assert_int_equal(entry.from_ms - entry.to_ms, 2 * H_DAY_MS);
    w->h.wall_ms += H_DAY_MS;
    h_tick(&w->h, 0);
    assert_int_equal(drain(w, &five), 0);
    w->h.wall_ms -= H_DAY_MS; /* back at the next start: logic time stays */
    uint64_t before = ak_engine_state(w->h.engine)->last_ms;
    h_restart(&w->h, true);
    assert_true(ak_engine_state(w->h.engine)->last_ms >= before);
    w->h.wall_ms += H_DAY_MS;
    assert_int_equal(h_agent_renew(&w->h, &five), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_device_done(&five.device);
}

/* A changed rate keeps the debt. */
static void test_a_changed_rate(void **state)
{
    struct world *w = *state;
    struct h_agent five;
    five_a_minute(w, &five);
    assert_int_equal(drain(w, &five), 4);
    struct ak_msg_agent_policy_request request = {
        .label = AK_SPAN_LIT("five"), .rate = 10000, .present = 1u << AK_AGENT_POLICY_REQUEST_RATE};
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &request), AK_CODE_OK);
    assert_int_equal(drain(w, &five), 0);
    h_tick(&w->h, 6);
    assert_int_equal(drain(w, &five), 1);
    h_device_done(&five.device);
}

static void test_sessions_have_a_bucket_of_their_own(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 100; i++) assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &w->bob, "x"), AK_CODE_OK);
    h_restart(&w->h, true);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_RATE_LIMIT_EXCEEDED);
}

/* ---- refusals ---- */

enum { MANY = 1000000, A_SECOND = 2500 }; /* within the ten minutes of one proof */

/* A great many refusals over several minutes: two entries a minute and rule. Suspend works in the midst of
 * them. Proofs are not made anew: what is many is what is refused, on a connection that was proved. */
static void test_a_million_refusals(void **state)
{
    struct world *w = *state;
    struct ak_msg_sign_request request = {.message = AK_SPAN_LIT("AgentKeys x")};
    struct h_how with = {.conn = 5}, without = {.conn = 5, .no_proof = true};
    memcpy(request.omni_account, w->alice.anchor, 32);
    assert_int_equal(
        h_call_how(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &request, &with),
        AK_CODE_DENIED);
    uint64_t size = h_size(&w->h);
    for (unsigned i = 0; i < MANY; i++) {
        assert_int_equal(
            h_step(&w->h, NULL, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &request, &without),
            AK_CODE_DENIED);
        if (i % A_SECOND == 0) h_tick(&w->h, 1000);
        if (i % 50000 == 0) h_settle(&w->h);
    }
    h_settle(&w->h);
    uint64_t minutes = MANY / A_SECOND / 60 + 2;
    assert_true(h_size(&w->h) - size <= 2 * minutes);
    assert_true(h_size(&w->h) - size >= minutes - 2);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    /* every one of them is counted in an entry, but for the open minute's, which a clean stop writes */
    h_restart(&w->h, true);
    uint64_t counted = 0;
    for (uint64_t i = 0; i < h_size(&w->h); i++) {
        struct ak_entry entry;
        h_entry(&w->h, i, &entry);
        if (entry.type != AK_ENTRY_DENIED) continue;
        counted += entry.count;
        if (entry.service.len) assert_true(ak_span_eq(entry.label, AK_SPAN_LIT("agent-1")));
    }
    assert_int_equal(counted, MANY + 1);
}

/* Refusals of no path belong to the account; of nobody, to nobody. */
static void test_whose_refusals(void **state)
{
    struct world *w = *state;
    struct ak_msg_derive_request request = {
        .path = AK_SPAN_LIT("/unknown"), .present = 1u << AK_DERIVE_REQUEST_PATH};
    memcpy(request.omni_account, w->alice.anchor, 32);
    uint64_t size = h_size(&w->h);
    for (int i = 0; i < 3; i++)
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DERIVE_ADDRESS, &request),
            AK_CODE_DENIED);
    h_tick(&w->h, 60000);
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_DENIED), 2);
    struct ak_entry entry;
    h_entry(&w->h, h_size(&w->h) - 1, &entry);
    assert_memory_equal(entry.anchor, w->alice.anchor, 32);
    assert_int_equal(entry.count, 2);
    assert_false(ak_entry_has(&entry, AK_F_LABEL));
    /* strangers leave no entry at all */
    size = h_size(&w->h);
    struct ak_msg_token_request token = {.label = AK_SPAN_LIT("agent-1")};
    memcpy(token.account, w->alice.anchor, 32);
    assert_int_not_equal(h_call(&w->h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_TOKEN, &token), AK_CODE_OK);
    assert_int_equal(h_size(&w->h), size);
    /* a renewal that policy refuses is on record */
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    size = h_size(&w->h);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_DENIED);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_DENIED), 1);
}

static void spend_changes(struct h *h, struct h_person *person)
{
    unsigned made = 0;
    while (made < 2 * AK_ENGINE_CONTROL_PER_MINUTE && !h_change(h, person, AK_CALL_AGENT_ROTATE, "agent-1"))
        made++;
    assert_int_equal(h->out.code, AK_CODE_RATE_LIMIT_EXCEEDED);
}

/* A stolen device that spends them all is removed all the same, at its beginning and at its end. */
static void test_spent_changes_keep_no_device(void **state)
{
    struct world *w = *state;
    struct h_person stolen;
    struct ak_msg_device_remove_request remove = {0};
    h_second(&w->h, &w->alice, &stolen, 70);
    memcpy(remove.id, stolen.device.jkt, 32);
    spend_changes(&w->h, &stolen);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_PENDING);
    h_tick(&w->h, H_DAY_MS);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    spend_changes(&w->h, &w->alice);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    h_device_done(&stolen.device);
}

/* A stolen session does not wear out the counter: changes of policy have a budget; suspending passes. */
static void test_budget_of_changes(void **state)
{
    struct world *w = *state;
    unsigned made = 0;
    for (; made < 2 * AK_ENGINE_CONTROL_PER_MINUTE; made++)
        if (h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1")) break;
    assert_int_equal(w->h.out.code, AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_in_range(made, AK_ENGINE_CONTROL_PER_MINUTE - 5, AK_ENGINE_CONTROL_PER_MINUTE);
    struct ak_msg_error_reply error;
    h_error(&w->h, &error);
    assert_true(error.retry_after_secs >= 1);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(
        h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "agent-1"), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(h_change(&w->h, &w->bob, AK_CALL_AGENT_ROTATE, "robot"), AK_CODE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_rate_and_when_to_come_back),
        WORLD_TEST(test_a_rotation_refills_nothing),
        WORLD_TEST(test_a_clean_stop_keeps_the_debt),
        WORLD_TEST(test_a_crash_empties_the_buckets),
        WORLD_TEST(test_clock_steps),
        WORLD_TEST(test_a_changed_rate),
        WORLD_TEST(test_sessions_have_a_bucket_of_their_own),
        WORLD_TEST(test_a_million_refusals),
        WORLD_TEST(test_whose_refusals),
        WORLD_TEST(test_budget_of_changes),
        WORLD_TEST(test_spent_changes_keep_no_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
