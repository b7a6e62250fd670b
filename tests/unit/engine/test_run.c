/* The life of an engine around its steps: starts that are refused, stops, low storage, batches, status, the
 * development signer. */
#include "core/frames/status.h"
#include "core/wire/msg_vault.h"
#include "unit/engine/world.h"

static void test_starts_that_are_refused(void **state)
{
    struct world *w = *state;
    struct ak_arena arena;
    struct ak_engine *fresh = h_replay(&w->h, 0, &arena);
    assert_int_equal(ak_engine_start(fresh, true, 9, w->h.wall_ms, w->h.mono_ms), AK_E_STATE); /* no ledger */
    ak_engine_free(fresh);
    ak_arena_done(&arena);
    /* the ledger knows a later sealed state than the one that was opened: an old one was put back */
    fresh = h_replay(&w->h, w->h.durable, &arena);
    uint64_t counter = ak_engine_log(fresh)->counter;
    assert_int_equal(ak_engine_start(fresh, true, counter - 1, w->h.wall_ms, w->h.mono_ms), AK_E_STATE);
    assert_int_equal(ak_engine_start(fresh, true, counter, w->h.wall_ms, w->h.mono_ms), AK_OK);
    ak_engine_free(fresh);
    ak_arena_done(&arena);
    ak_engine_free(NULL);
}

/* A batch that was altered, cut, left out or put twice stops the replay and changes nothing (I11). */
static void test_replays_that_are_refused(void **state)
{
    struct world *w = *state;
    struct ak_arena arena;
    uint64_t bad = 0;
    struct ak_engine *fresh = h_replay(&w->h, 3, &arena);
    const struct h_batch *next = &w->h.batches[3];
    for (size_t at = 0; at < next->segment.len; at++) {
        next->bytes[at] ^= 1;
        assert_int_not_equal(ak_engine_replay(fresh, next->segment, next->record, &bad), AK_OK);
        assert_int_equal(bad, next->first);
        next->bytes[at] ^= 1;
    }
    for (size_t at = 0; at < next->record.len; at++) {
        uint8_t *byte = next->bytes + next->segment.len + next->leaves.len + at;
        *byte ^= 1;
        assert_int_not_equal(ak_engine_replay(fresh, next->segment, next->record, &bad), AK_OK);
        *byte ^= 1;
    }
    for (size_t other = 0; other < w->h.batch_count; other++) {
        if (other == 3) continue;
        const struct h_batch *batch = &w->h.batches[other];
        assert_int_not_equal(ak_engine_replay(fresh, batch->segment, batch->record, &bad), AK_OK);
    }
    assert_int_equal(ak_engine_replay(fresh, next->segment, next->record, &bad), AK_OK);
    ak_engine_free(fresh);
    ak_arena_done(&arena);
}

/* The disk is nearly full: uses answer storage_full and nothing is released; a person still gets in and
 * suspends. */
static void test_storage_low(void **state)
{
    struct world *w = *state;
    struct ak_frame_status status;
    ak_engine_storage_low(w->h.engine, true);
    ak_engine_status(w->h.engine, &status);
    assert_true(status.bits & AK_STATUS_STORAGE_LOW);
    uint64_t size = h_size(&w->h);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_STORAGE_FULL);
    assert_int_equal(w->h.out.job.kind, AK_JOB_NONE);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_STORAGE_FULL);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_STORAGE_FULL);
    struct ak_msg_agent_show_request lineage = {.label = AK_SPAN_LIT("agent-1")};
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &lineage),
        AK_CODE_STORAGE_FULL);
    assert_int_equal(
        h_agent_sign(&w->h, &w->agent, "AgentKeys x"), AK_CODE_DENIED); /* no entry, still a refusal */
    assert_int_equal(h_size(&w->h), size);
    w->h.wall_ms += 10000; /* a step, which is not written either */
    h_tick(&w->h, 70000);
    assert_int_equal(h_size(&w->h), size);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    assert_true(w->h.batches[w->h.batch_count - 1].control); /* may use the reserve */
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    ak_engine_storage_low(w->h.engine, false);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_OK);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    assert_false(w->h.batches[w->h.batch_count - 1].control);
}

/* The reserve is everybody's: nobody writes it full by changing his policy or by signing in, and still he
 * suspends, and no device of his keeps another one out (I18). */
static void test_the_reserve_is_shared(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct ak_msg_agent_policy_request policy = {
        .label = AK_SPAN_LIT("agent-1"), .rate = 5, .present = 1u << AK_AGENT_POLICY_REQUEST_RATE};
    h_second(&w->h, &w->alice, &phone, 3);
    h_tick(&w->h, 60000);
    ak_engine_storage_low(w->h.engine, true);
    for (unsigned i = 0; i <= AK_ENGINE_CONTROL_PER_MINUTE_LOW; i++)
        assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &policy),
            i < AK_ENGINE_CONTROL_PER_MINUTE_LOW ? AK_CODE_OK : AK_CODE_RATE_LIMIT_EXCEEDED);
    for (unsigned i = 0; i <= AK_ENGINE_CANCELS_PER_MINUTE_LOW; i++)
        assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"),
            i < AK_ENGINE_CANCELS_PER_MINUTE_LOW ? AK_CODE_OK : AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(h_sign_in(&w->h, &phone, "alice"), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &phone, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    h_tick(&w->h, 60000);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    h_device_done(&phone.device);
}

/* A full batch takes no step until it was taken; nothing is half written. */
static void test_a_full_batch(void **state)
{
    struct world *w = *state;
    struct ak_msg_sign_request request = {.message = AK_SPAN_LIT("x")};
    struct h_how with = {.conn = 5}, without = {.conn = 5, .no_proof = true};
    struct ak_msg_agent_policy_request fast = {
        .label = AK_SPAN_LIT("agent-1"), .rate = 10000, .present = 1u << AK_AGENT_POLICY_REQUEST_RATE};
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &fast), AK_CODE_OK);
    h_tick(&w->h, 60000);
    w->h.manual = true;
    memcpy(request.omni_account, w->alice.anchor, 32);
    assert_int_equal(
        h_call_how(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &request, &with),
        AK_CODE_OK);
    unsigned made = 1;
    while (ak_engine_has_room(w->h.engine)) {
        assert_int_equal(
            h_step(&w->h, NULL, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &request, &without),
            AK_CODE_OK);
        made++;
        if (made % 500 == 0) h_tick(&w->h, 3000);
    }
    assert_int_equal(ak_engine_pending(w->h.engine), made);
    assert_int_equal(made, AK_SEGMENT_ENTRIES_MAX - AK_ENGINE_ENTRIES_STEP + 1);
    assert_int_equal(h_step(&w->h, NULL, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &request, &without),
        AK_CODE_NOT_READY);
    assert_int_equal(ak_engine_pending(w->h.engine), made);
    h_tick(&w->h, 70000); /* its own entries wait, too */
    assert_int_equal(ak_engine_pending(w->h.engine), made);
    h_settle(&w->h);
    assert_int_equal(
        h_step(&w->h, NULL, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &request, &without), AK_CODE_OK);
    h_settle(&w->h);
    h_restart(&w->h, true);
}

static void test_stopping(void **state)
{
    struct world *w = *state;
    struct ak_frame_status status;
    struct ak_engine_batch batch;
    assert_int_equal(
        ak_engine_batch_take(w->h.engine, w->h.counter, &batch), AK_E_STATE); /* nothing to take */
    ak_engine_stop(w->h.engine);
    ak_engine_status(w->h.engine, &status);
    assert_true(status.bits & AK_STATUS_STOPPING);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_NOT_READY);
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_CHECKPOINT, NULL), AK_CODE_NOT_READY);
}

static void test_an_unknown_call(void **state)
{
    struct world *w = *state;
    struct ak_frame_request request = {.call = AK_CALL_COUNT, .transport = AK_TRANSPORT_UNIX};
    w->h.out.body = AK_BUF_ARR(w->h.body);
    ak_engine_step(w->h.engine, &request, &w->h.out);
    assert_int_equal(w->h.out.code, AK_CODE_NOT_READY);
    request.call = UINT16_MAX;
    ak_engine_step(w->h.engine, &request, &w->h.out);
    assert_int_equal(w->h.out.code, AK_CODE_NOT_READY);
}

/* An answer that does not fit is an error, not a cut one. */
static void test_no_room_for_an_answer(void **state)
{
    struct world *w = *state;
    uint8_t small[40];
    struct h_how with = {.conn = 3};
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT, NULL, &with), AK_CODE_OK);
    struct ak_frame_request request = {
        .call = AK_CALL_ACCOUNT, .transport = AK_TRANSPORT_LOOPBACK, .conn = 3, .token = h_token(&w->alice)};
    w->h.out.body = AK_BUF_ARR(small);
    ak_engine_step(w->h.engine, &request, &w->h.out);
    assert_int_equal(w->h.out.code, AK_CODE_INTERNAL);
}

static void test_status(void **state)
{
    struct world *w = *state;
    struct ak_frame_status status;
    struct ak_p256_pub pub;
    ak_engine_status(w->h.engine, &status);
    assert_int_equal(status.bits, 0);
    assert_int_equal(status.figures[AK_FIGURE_ACCOUNTS], 2);
    assert_int_equal(status.figures[AK_FIGURE_PATHS], 2);
    assert_int_equal(status.figures[AK_FIGURE_LEDGER_SIZE], h_size(&w->h));
    assert_int_equal(status.figures[AK_FIGURE_CHECKPOINT_SIZE], h_size(&w->h));
    assert_int_equal(status.figures[AK_FIGURE_COUNTER], w->h.counter);
    assert_non_null(ak_engine_tls_signer(w->h.engine, &pub));
    assert_int_equal(ak_p256_pub_validate(&pub), AK_OK);
    struct ak_arena arena;
    struct ak_engine *fresh = h_replay(&w->h, 1, &arena);
    ak_engine_status(fresh, &status);
    assert_true(status.bits & AK_STATUS_STARTING);
    ak_engine_free(fresh);
    ak_arena_done(&arena);
}

/* The development signer: user keys only; everything about agents is absent. */
static void test_the_development_signer(void **state)
{
    (void)state;
    static struct h h;
    struct ak_engine_conf conf = h_conf();
    struct h_person alice;
    conf.dev = true;
    h_open_with(&h, &conf);
    memset(&alice, 0, sizeof alice);
    h_device(&alice.device, 1);
    assert_int_equal(h_sign_in(&h, &alice, "alice"), AK_CODE_OK);
    struct ak_msg_sign_request request = {.message = AK_SPAN_LIT("x")};
    memcpy(request.omni_account, alice.anchor, 32);
    struct h_how tee = {.path = "/tee/sign-message"}, dev = {.path = "/dev/sign-message"};
    assert_int_equal(h_call_how(&h, &alice.device, h_token(&alice), AK_CALL_SIGN_MESSAGE, &request, &tee),
        AK_CODE_BAD_SIGNATURE);
    assert_int_equal(
        h_call_how(&h, &alice.device, h_token(&alice), AK_CALL_SIGN_MESSAGE, &request, &dev), AK_CODE_OK);
    unsigned alive = 0;
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        struct h_how raw = {.raw_body = true};
        if (ak_call_get(id)->flags & AK_CALL_DEV) {
            alive++;
            continue;
        }
        assert_int_equal(h_call_how(&h, NULL, AK_SPAN_EMPTY, id, NULL, &raw), AK_CODE_NOT_FOUND);
    }
    assert_int_equal(alive, 5);
    h_device_done(&alice.device);
    h_close(&h);
}

static void some_random(void *ctx, void *out, size_t len)
{
    (void)ctx;
    memset(out, 3, len);
}

/* A root that was brought in gives no service keys. */
static void test_a_foreign_service_root(void **state)
{
    (void)state;
    struct ak_root root;
    struct ak_secret32 msk = {{1}};
    struct ak_arena arena;
    struct ak_engine *engine = NULL;
    static struct h h;
    h_open(&h);
    assert_int_equal(ak_root_open(&root, 1, AK_SUITE_AK1, AK_ROOT_BROUGHT_IN, &msk), AK_OK);
    ak_arena_init(&arena, h.arena.hooks, h.arena_cap);
    struct ak_engine_conf conf = h_conf();
    struct ak_engine_hooks hooks = {some_random, NULL};
    assert_int_equal(ak_engine_new(&engine, &arena, &conf, hooks, &root, &root), AK_E_STATE);
    assert_null(engine);
    ak_arena_done(&arena);
    ak_root_close(&root);
    h_close(&h);
}

/* What the keeper claims in evidence is what the calls say. */
static void test_claims(void **state)
{
    struct world *w = *state;
    struct ak_msg_delivery_key_reply key;
    struct ak_msg_checkpoint_reply checkpoint;
    uint8_t pub[32];
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_DELIVERY_KEY, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_delivery_key_reply_msg, &key);
    ak_engine_delivery_pub(w->h.engine, pub);
    assert_memory_equal(pub, key.public_key, 32);
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_CHECKPOINT, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_checkpoint_reply_msg, &checkpoint);
    assert_true(ak_span_eq(ak_engine_note(w->h.engine), checkpoint.checkpoint));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_starts_that_are_refused),
        WORLD_TEST(test_replays_that_are_refused),
        WORLD_TEST(test_storage_low),
        WORLD_TEST(test_the_reserve_is_shared),
        WORLD_TEST(test_a_full_batch),
        WORLD_TEST(test_stopping),
        WORLD_TEST(test_an_unknown_call),
        WORLD_TEST(test_no_room_for_an_answer),
        WORLD_TEST(test_status),
        WORLD_TEST(test_claims),
        cmocka_unit_test(test_the_development_signer),
        cmocka_unit_test(test_a_foreign_service_root),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
