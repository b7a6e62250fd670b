/* Memory that runs out at each allocation in turn, batches that are never stored: no abort, nothing released,
 * and what was refused was not done (I3, I18). */
#include "unit/engine/world.h"

/* Everything that may need memory, in one small history. Each call may be refused for memory, never for
 * anything else, and never after half of it was done. */
struct story {
    struct h h;
    struct h_person alice;
    struct h_device agent;
    unsigned refused;
};

static enum ak_code tell(struct story *s, enum ak_code code)
{
    if (code == AK_CODE_STORAGE_FULL) s->refused++;
    return code;
}

static bool open_account(struct story *s)
{
    struct ak_msg_local_session_request request = {.identity = AK_SPAN_LIT("email:alice@demo.example")};
    struct ak_msg_session_reply reply;
    h_device(&s->alice.device, 1);
    enum ak_code code =
        tell(s, h_call(&s->h, &s->alice.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request));
    if (code) {
        assert_int_equal(code, AK_CODE_STORAGE_FULL);
        return false;
    }
    h_reply(&s->h, &ak_session_reply_msg, &reply);
    memcpy(s->alice.anchor, reply.anchor, 32);
    memcpy(s->alice.token, reply.session_jwt.ptr, reply.session_jwt.len);
    s->alice.token_len = reply.session_jwt.len;
    return true;
}

static void pair_one(struct story *s, unsigned i)
{
    char label[16], scope[AK_LIMIT_SCOPE_TEXT + 1] = "";
    struct ak_msg_pair_request request = {.label = AK_SPAN_EMPTY};
    struct ak_msg_pair_reply asked;
    struct h_how how = {.source = i};
    (void)snprintf(label, sizeof label, "agent-%u", i);
    for (unsigned k = 0; k < 31; k++) { /* a scope of its own, as long as they may be */
        size_t at = strlen(scope);
        (void)snprintf(scope + at, sizeof scope - at, "%ss%030u-%030u", k ? "," : "", k, i);
    }
    request.label = ak_span_str(label);
    assert_int_equal(
        h_call_how(&s->h, &s->agent, AK_SPAN_EMPTY, AK_CALL_PAIR_REQUEST, &request, &how), AK_CODE_OK);
    h_reply(&s->h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request yes = {.kind = AK_SPAN_LIT("agent"),
        .label = request.label,
        .scope = ak_span_str(scope),
        .present = 1u << AK_PAIR_APPROVE_REQUEST_SCOPE};
    memcpy(yes.request_id, asked.request_id, 16);
    memcpy(yes.device, s->agent.jkt, 32);
    uint64_t size = h_size(&s->h);
    uint32_t paths = ak_engine_state(s->h.engine)->paths.count;
    enum ak_code code =
        tell(s, h_call(&s->h, &s->alice.device, h_token(&s->alice), AK_CALL_PAIR_APPROVE, &yes));
    if (code) {
        assert_int_equal(code, AK_CODE_STORAGE_FULL);
        assert_int_equal(h_size(&s->h), size);
        assert_int_equal(ak_engine_state(s->h.engine)->paths.count, paths);
    }
}

/* A scope long enough that now and then it is this call that runs out of memory. */
static void invite_one(struct story *s, unsigned i)
{
    char scope[600];
    size_t len = 0;
    for (unsigned k = 0; k < 9; k++)
        len += (size_t)snprintf(scope + len, sizeof scope - len, "%si%u-%u-%s", k ? "," : "", i, k,
            "abcdefghijklmnopqrstuvwxyzabcdefghijklmnopqrstuvwxyz");
    struct ak_msg_pair_invite_request request = {.label = AK_SPAN_LIT("invited"),
        .scope = ak_span_str(scope),
        .present = 1u << AK_PAIR_INVITE_REQUEST_SCOPE};
    enum ak_code code =
        tell(s, h_call(&s->h, &s->alice.device, h_token(&s->alice), AK_CALL_PAIR_INVITE, &request));
    assert_true(code == AK_CODE_OK || code == AK_CODE_STORAGE_FULL);
}

static void live(struct story *s)
{
    if (!open_account(s)) return;
    for (unsigned i = 0; i < 90; i++) {
        pair_one(s, i);
        invite_one(s, i);
    }
    /* uses need no memory */
    assert_int_equal(h_person_sign(&s->h, &s->alice, "x"), AK_CODE_OK);
    enum ak_code code =
        tell(s, h_call(&s->h, &s->alice.device, h_token(&s->alice), AK_CALL_ACCOUNT_SUSPEND, NULL));
    assert_true(code == AK_CODE_OK || code == AK_CODE_STORAGE_FULL);
}

static void done(struct story *s)
{
    h_device_done(&s->alice.device);
    h_device_done(&s->agent);
    h_close(&s->h);
}

/* The n-th allocation after the start fails, and all after it, for every n until none fails. h_restart
 * compares the state with a replay of what was written. */
static void test_each_allocation_fails(void **state)
{
    (void)state;
    static struct story story;
    uint64_t n = 0;
    for (;; n++) {
        memset(&story, 0, sizeof story);
        h_open(&story.h);
        h_device(&story.agent, 10);
        story.h.allocs_left = n;
        live(&story);
        bool none = story.refused == 0;
        h_settle(&story.h);
        h_restart(&story.h, true);
        done(&story);
        if (none) break;
        assert_true(n < 100);
    }
    printf("%llu allocations\n", (unsigned long long)n);
    assert_true(n >= 3);
}

/* The same by the arena's cap, and memory that comes back. */
static void test_memory_that_comes_back(void **state)
{
    (void)state;
    static struct story story;
    memset(&story, 0, sizeof story);
    h_open(&story.h);
    h_device(&story.agent, 10);
    assert_true(open_account(&story));
    size_t cap = story.h.arena.cap;
    for (unsigned i = 0; i < 3000 && story.refused == 0; i++) {
        story.h.arena.cap = story.h.arena.held;
        pair_one(&story, i);
        if (i % 100 == 0) h_tick(&story.h, 61000);
    }
    assert_int_equal(story.refused, 1);
    assert_int_equal(h_person_sign(&story.h, &story.alice, "x"), AK_CODE_OK);
    story.h.arena.cap = cap;
    pair_one(&story, 5000);
    assert_int_equal(story.refused, 1);
    h_restart(&story.h, true);
    done(&story);
}

/* An engine that cannot be made says so and leaves nothing open. */
static void test_an_engine_without_memory(void **state)
{
    (void)state;
    static struct h h;
    h_open(&h);
    bool made = false;
    for (uint64_t n = 0; !made && n < 100; n++) {
        struct ak_arena arena;
        struct ak_engine *engine = NULL;
        h.allocs_left = n;
        ak_arena_init(&arena, h.arena.hooks, h.arena_cap);
        enum ak_err err =
            ak_engine_new(&engine, &arena, &h.conf, (struct ak_engine_hooks){h_random, &h}, &h.root, &h.root);
        made = err == AK_OK;
        assert_true(made || (err == AK_E_FULL && engine == NULL));
        ak_engine_free(engine);
        ak_arena_done(&arena);
    }
    assert_true(made);
    h.allocs_left = UINT64_MAX;
    h_close(&h);
}

/* Replays and snapshots at each failing allocation: an error, never another state. */
static void test_starts_without_memory(void **state)
{
    struct world *w = *state;
    struct h_bytes bytes;
    h_snapshot(w->h.engine, &bytes);
    for (int snapshot = 0; snapshot < 2; snapshot++) {
        bool through = false;
        for (uint64_t n = 0; !through && n < 200; n++) {
            struct ak_arena arena;
            struct ak_engine *engine = h_replay(&w->h, 0, &arena);
            struct ak_arena_hooks good = arena.hooks;
            arena.hooks = w->h.arena.hooks;
            w->h.allocs_left = n;
            uint64_t bad = 0;
            enum ak_err err = AK_OK;
            if (snapshot) err = ak_engine_snapshot_read(engine, ak_span(bytes.ptr, bytes.len));
            for (size_t i = 0; !snapshot && !err && i < w->h.batch_count; i++)
                err = ak_engine_replay(engine, w->h.batches[i].segment, w->h.batches[i].record, &bad);
            through = err == AK_OK;
            assert_true(through || err == AK_E_FULL);
            arena.hooks = good;
            w->h.allocs_left = UINT64_MAX;
            ak_engine_free(engine);
            ak_arena_done(&arena);
        }
        assert_true(through);
    }
    free(bytes.ptr);
}

/* ---- the store ---- */

/* A batch that was taken and never became durable: every answer in it still waits, and after the start that
 * follows nothing of it is there. */
static void test_an_append_that_fails(void **state)
{
    struct world *w = *state;
    uint8_t before[32], after[32];
    h_settle(&w->h);
    struct ak_arena arena;
    struct ak_engine *durable = h_replay(&w->h, w->h.durable, &arena);
    h_state_hash(durable, before);
    ak_engine_free(durable);
    ak_arena_done(&arena);
    uint64_t size = h_size(&w->h);
    w->h.manual = true;
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    assert_true((w->h.out.wait & AK_WAIT_DURABLE) && w->h.out.size > size);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1"), AK_CODE_OK);
    assert_true((w->h.out.wait & AK_WAIT_DURABLE) && w->h.out.size > size);
    h_take(&w->h);
    /* not durable: no checkpoint covers it, and readers are not shown it */
    struct ak_msg_audit_request audit = {.present = 0};
    assert_int_equal(
        h_step(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AUDIT, &audit, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.read.size, size);
    durable = h_replay(&w->h, w->h.durable, &arena);
    h_state_hash(durable, after);
    assert_memory_equal(before, after, 32);
    ak_engine_free(durable);
    ak_arena_done(&arena);
    h_restart(&w->h, false);
    h_tick(&w->h, 61000);
    assert_int_equal(
        h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK); /* generation 0, as nobody was told else */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_allocation_fails),
        cmocka_unit_test(test_memory_that_comes_back),
        cmocka_unit_test(test_an_engine_without_memory),
        WORLD_TEST(test_starts_without_memory),
        WORLD_TEST(test_an_append_that_fails),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
