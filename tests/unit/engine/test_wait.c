/* What an answer waits for (I3), and repeats under an Idempotency-Key. */
#include "unit/engine/world.h"

static enum ak_code suspend(struct world *w, const char *key)
{
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_LIT("agent-1")};
    struct h_how how = {.key = key};
    return h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_SUSPEND, &request, &how);
}

static void test_what_waits_for_what(void **state)
{
    struct world *w = *state;
    w->h.manual = true;
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    assert_int_equal(w->h.out.wait, AK_WAIT_DURABLE | AK_WAIT_JOB);
    assert_int_equal(w->h.out.size, h_size(&w->h));
    assert_int_equal(suspend(w, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.wait, AK_WAIT_DURABLE | AK_WAIT_SEALED);
    uint64_t size = w->h.out.size;
    /* answers that only tell: what they tell must be durable, and what they call done, sealed */
    assert_int_equal(suspend(w, NULL), AK_CODE_ALREADY_DONE);
    assert_int_equal(w->h.out.wait, AK_WAIT_DURABLE | AK_WAIT_SEALED);
    assert_int_equal(w->h.out.size, size);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.wait, AK_WAIT_DURABLE);
    h_take(&w->h);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.wait, AK_WAIT_DURABLE);
    h_durable(&w->h, w->h.batch_count);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.wait, 0);
    assert_int_equal(suspend(w, NULL), AK_CODE_ALREADY_DONE);
    assert_int_equal(w->h.out.wait, AK_WAIT_SEALED);
    h_seal(&w->h);
    assert_int_equal(suspend(w, NULL), AK_CODE_ALREADY_DONE);
    assert_int_equal(w->h.out.wait, 0);
    /* strangers wait for nothing */
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, AK_SPAN_LIT("x"), AK_CALL_ACCOUNT, NULL), AK_CODE_INVALID_TOKEN);
    assert_int_equal(w->h.out.wait, 0);
}

/* Each type that takes rights away is waited for until it is sealed. */
static void test_every_loss_of_rights_is_sealed(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    h_second(&w->h, &w->alice, &phone, 3);
    struct ak_msg_agent_policy_request policy = {
        .label = AK_SPAN_LIT("agent-1"), .rate = 1, .present = 1u << AK_AGENT_POLICY_REQUEST_RATE};
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &policy), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1"), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "agent-1"), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    struct ak_msg_device_remove_request remove = {0};
    memcpy(remove.id, phone.device.jkt, 32);
    assert_int_equal(
        h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_SUSPEND, NULL), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    h_device_done(&phone.device);
}

/* Suspend and sign at once: what came first in the log is what counts. */
static void test_suspend_against_sign(void **state)
{
    struct world *w = *state;
    w->h.manual = true;
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "before"), AK_CODE_OK);
    uint64_t signed_at = w->h.out.size;
    assert_int_equal(suspend(w, NULL), AK_CODE_OK);
    assert_true(w->h.out.size > signed_at);
    assert_int_equal(
        h_agent_sign(&w->h, &w->agent, "after"), AK_CODE_DENIED); /* before it is durable, even */
    assert_string_equal(h_rule(&w->h), "active");
}

/* ---- idempotency ---- */

static void test_a_repeat_changes_nothing(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_change_reply first, again;
    assert_int_equal(suspend(w, "key-1"), AK_CODE_OK);
    h_reply(&w->h, &ak_agent_change_reply_msg, &first);
    uint64_t size = h_size(&w->h);
    assert_int_equal(suspend(w, "key-1"), AK_CODE_OK);
    h_reply(&w->h, &ak_agent_change_reply_msg, &again);
    assert_int_equal(h_size(&w->h), size);
    assert_int_equal(first.entry_index, again.entry_index);
    assert_memory_equal(first.entry_leaf_hash, again.entry_leaf_hash, 32);
    h_restart(&w->h, false);
    h_tick(&w->h, 61000);
    assert_int_equal(suspend(w, "key-1"), AK_CODE_OK);
    h_reply(&w->h, &ak_agent_change_reply_msg, &again);
    assert_int_equal(first.entry_index, again.entry_index);
    assert_int_equal(suspend(w, "key-2"), AK_CODE_ALREADY_DONE);
}

/* A repeat before the first one is durable waits like it. */
static void test_a_repeat_waits(void **state)
{
    struct world *w = *state;
    w->h.manual = true;
    assert_int_equal(suspend(w, "key-1"), AK_CODE_OK);
    assert_int_equal(suspend(w, "key-1"), AK_CODE_OK);
    assert_int_equal(w->h.out.wait, AK_WAIT_DURABLE | AK_WAIT_SEALED);
    assert_int_equal(w->h.out.size, h_size(&w->h));
}

static void test_the_same_key_for_something_else(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_LIT("agent-1")};
    struct h_how how = {.key = "key-1"};
    assert_int_equal(suspend(w, "key-1"), AK_CODE_OK);
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_ROTATE, &request, &how),
        AK_CODE_IDEMPOTENCY_MISMATCH);
    request.generation = 0;
    request.present = 1u << AK_AGENT_CHANGE_REQUEST_GENERATION;
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_SUSPEND, &request, &how),
        AK_CODE_IDEMPOTENCY_MISMATCH);
    /* another device and another account have keys of their own */
    struct h_person phone;
    h_second(&w->h, &w->alice, &phone, 3);
    request.present = 0;
    assert_int_equal(
        h_call_how(&w->h, &phone.device, h_token(&phone), AK_CALL_AGENT_ROTATE, &request, &how), AK_CODE_OK);
    request.label = AK_SPAN_LIT("robot");
    assert_int_equal(
        h_call_how(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_AGENT_ROTATE, &request, &how),
        AK_CODE_OK);
    h_device_done(&phone.device);
}

static void test_a_key_lives_a_day(void **state)
{
    struct world *w = *state;
    assert_int_equal(suspend(w, "key-1"), AK_CODE_OK);
    for (int i = 0; i < 24; i++) h_tick(&w->h, i < 23 ? 3600000 : 3599999);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    assert_int_equal(suspend(w, "key-1"), AK_CODE_OK);
    h_tick(&w->h, 1);
    assert_int_equal(suspend(w, "key-1"), AK_CODE_ALREADY_DONE);
}

/* A rotation twice under one key is one rotation; the answer says what is now. */
static void test_repeated_rotation(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_LIT("/agent-1")};
    struct h_how how = {.key = "rotate-once"};
    struct ak_msg_agent_change_reply reply;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_ROTATE, &request, &how),
            AK_CODE_OK);
        h_reply(&w->h, &ak_agent_change_reply_msg, &reply);
        assert_int_equal(reply.generation, 1);
    }
}

/* Approvals of agents and of devices; and changes that answer "done". */
static void test_repeated_approvals(void **state)
{
    struct world *w = *state;
    for (int device = 0; device < 2; device++) {
        struct h_device asker;
        struct ak_msg_pair_reply asked;
        struct ak_msg_agent_change_reply reply;
        h_device(&asker, 60 + (unsigned)device);
        if (device) {
            struct ak_msg_device_request request = {.name = AK_SPAN_LIT("agent-1")};
            memcpy(request.account, w->alice.anchor, 32);
            assert_int_equal(
                h_call(&w->h, &asker, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
        } else {
            struct ak_msg_pair_request request = {.label = AK_SPAN_LIT("new")};
            assert_int_equal(
                h_call(&w->h, &asker, AK_SPAN_EMPTY, AK_CALL_PAIR_REQUEST, &request), AK_CODE_OK);
        }
        h_reply(&w->h, &ak_pair_reply_msg, &asked);
        struct ak_msg_pair_approve_request yes = {
            .kind = device ? AK_SPAN_LIT("device") : AK_SPAN_LIT("agent"),
            .label = device ? AK_SPAN_LIT("agent-1") : AK_SPAN_LIT("new")};
        memcpy(yes.request_id, asked.request_id, 16);
        memcpy(yes.device, asker.jkt, 32);
        struct h_how how = {.key = device ? "device" : "agent"};
        uint64_t index = 0;
        for (int i = 0; i < 2; i++) {
            assert_int_equal(
                h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, &yes, &how),
                AK_CODE_OK);
            h_reply(&w->h, &ak_agent_change_reply_msg, &reply);
            if (i) assert_int_equal(reply.entry_index, index);
            index = reply.entry_index;
            assert_true(ak_span_eq(reply.path, device ? AK_SPAN_LIT("device") : AK_SPAN_LIT("/new/0")));
        }
        h_device_done(&asker);
    }
    struct h_how how = {.key = "all"};
    struct ak_msg_done_reply done;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_SUSPEND, NULL, &how),
            AK_CODE_OK);
        h_reply(&w->h, &ak_done_reply_msg, &done);
        struct ak_entry entry;
        h_entry(&w->h, done.entry_index, &entry);
        assert_int_equal(entry.type, AK_ENTRY_ACCOUNT_SUSPENDED);
    }
}

/* The ring holds the newest 4096; older keys are decided anew. */
static void test_the_ring_turns(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_LIT("robot")};
    assert_int_equal(suspend(w, "first"), AK_CODE_OK);
    for (unsigned i = 0; i < AK_STATE_IDEMPOTENT; i++) {
        char key[32];
        (void)snprintf(key, sizeof key, "k%u", i);
        struct h_how how = {.key = key};
        if (i % 500 == 0) h_tick(&w->h, 60000);
        assert_int_equal(
            h_call_how(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_AGENT_ROTATE, &request, &how),
            AK_CODE_OK);
        if (i == AK_STATE_IDEMPOTENT - 2) assert_int_equal(suspend(w, "first"), AK_CODE_OK);
    }
    assert_int_equal(suspend(w, "first"), AK_CODE_ALREADY_DONE);
    h_restart(&w->h, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_what_waits_for_what),
        WORLD_TEST(test_every_loss_of_rights_is_sealed),
        WORLD_TEST(test_suspend_against_sign),
        WORLD_TEST(test_a_repeat_changes_nothing),
        WORLD_TEST(test_a_repeat_waits),
        WORLD_TEST(test_the_same_key_for_something_else),
        WORLD_TEST(test_a_key_lives_a_day),
        WORLD_TEST(test_repeated_rotation),
        WORLD_TEST(test_repeated_approvals),
        WORLD_TEST(test_the_ring_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
