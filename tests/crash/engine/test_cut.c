/* One history, cut behind every batch: a start from what is left has exactly what was told to clients until
 * then, and nothing that was not (I3, I6, I7, I16). */
#include "unit/engine/world.h"

enum { MOST = 512 };

/* The state as the last answer that may have left by then saw it: one for each batch. */
struct told {
    uint8_t hash[32];
    uint64_t size;
    uint32_t generation;
    bool suspended, account_suspended;
    uint64_t tat_us, account_tat_us;
};
struct history {
    struct world *w;
    struct told told[MOST];
    uint64_t entries[MOST]; /* of answers: index of the entry they named */
    size_t told_count, entry_count;
};

static void note(struct history *history)
{
    struct world *w = history->w;
    const struct ak_state *s = ak_engine_state(w->h.engine);
    uint32_t number = 0;
    const struct ak_account *account = ak_state_account(s, w->alice.anchor, &number);
    const struct ak_path_state *path = ak_state_path(s, number, AK_SPAN_LIT("agent-1"), NULL);
    assert_true(w->h.batch_count < MOST);
    while (history->told_count < w->h.batch_count) {
        struct told *told = &history->told[history->told_count++];
        h_state_hash(w->h.engine, told->hash);
        *told = (struct told){.size = h_size(&w->h),
            .generation = path->generation,
            .suspended = path->flags & AK_PATH_SUSPENDED,
            .account_suspended = account->suspended,
            .tat_us = path->tat_us,
            .account_tat_us = account->tat_us};
        h_state_hash(w->h.engine, told->hash);
    }
}

static void did(struct history *history, enum ak_code code)
{
    assert_int_equal(code, AK_CODE_OK);
    note(history);
}

static void signed_entry(struct history *history)
{
    struct ak_msg_sign_reply reply;
    h_reply(&history->w->h, &ak_sign_reply_msg, &reply);
    history->entries[history->entry_count++] = reply.entry_index;
}

static void make(struct history *history, struct world *w)
{
    memset(history, 0, sizeof *history);
    history->w = w;
    note(history);
    for (unsigned round = 0; round < 4; round++) {
        did(history, h_agent_sign(&w->h, &w->agent, "x"));
        signed_entry(history);
        did(history, h_person_sign(&w->h, &w->alice, "x"));
        signed_entry(history);
        did(history, h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"));
        did(history, h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "agent-1"));
        did(history, h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1"));
        did(history, h_agent_renew(&w->h, &w->agent));
        h_tick(&w->h, 700);
    }
    did(history, h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_SUSPEND, NULL));
}

static void check_cut(struct history *history, size_t cut)
{
    struct world *w = history->w;
    const struct told *told = &history->told[cut - 1];
    struct ak_arena arena;
    struct ak_engine *engine = h_replay(&w->h, cut, &arena);
    const struct ak_state *s = ak_engine_state(engine);
    uint32_t number = 0;
    assert_int_equal(ak_engine_log(engine)->tree.size, w->h.batches[cut - 1].size);
    if (told->size == w->h.batches[cut - 1].size) { /* an answer left at this very point */
        uint8_t hash[32];
        h_state_hash(engine, hash);
        assert_memory_equal(hash, told->hash, 32);
        const struct ak_account *account = ak_state_account(s, w->alice.anchor, &number);
        const struct ak_path_state *path = ak_state_path(s, number, AK_SPAN_LIT("agent-1"), NULL);
        assert_int_equal(path->generation, told->generation);
        assert_int_equal((path->flags & AK_PATH_SUSPENDED) != 0, told->suspended);
        assert_int_equal(account->suspended, told->account_suspended);
        assert_int_equal(path->tat_us, told->tat_us);
        assert_int_equal(account->tat_us, told->account_tat_us);
    }
    /* and it starts from there, whatever stood behind it */
    assert_int_equal(ak_engine_start(engine, false, w->h.counter, w->h.wall_ms, w->h.mono_ms), AK_OK);
    ak_engine_free(engine);
    ak_arena_done(&arena);
}

static void test_cut_behind_every_batch(void **state)
{
    struct world *w = *state;
    static struct history history;
    make(&history, w);
    size_t first = 0;
    while (history.told[first].size != w->h.batches[first].size) first++;
    assert_true(w->h.batch_count - first > 20);
    for (size_t cut = 1; cut <= w->h.batch_count; cut++) check_cut(&history, cut);
}

/* Every answer that named an entry: it is there, in its place, in every start that has as much. */
static void test_named_entries_are_there(void **state)
{
    struct world *w = *state;
    static struct history history;
    make(&history, w);
    assert_int_equal(history.entry_count, 8);
    for (size_t i = 0; i < history.entry_count; i++) {
        struct ak_entry entry;
        h_entry(&w->h, history.entries[i], &entry);
        assert_int_equal(entry.type, AK_ENTRY_MESSAGE_SIGNED);
    }
}

/* Crashing over and over between any two steps: generations only grow, suspension holds, no bucket fills (I6,
 * I7). */
static void test_a_crash_after_every_step(void **state)
{
    struct world *w = *state;
    uint32_t generation = 0;
    for (unsigned round = 0; round < 12; round++) {
        h_restart(&w->h, false);
        assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_RATE_LIMIT_EXCEEDED);
        h_tick(&w->h, 61000);
        assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_OK);
        assert_true(w->agent.generation >= generation);
        generation = (uint32_t)w->agent.generation;
        assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
        h_restart(&w->h, false);
        h_tick(&w->h, 61000);
        assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_DENIED);
        assert_string_equal(h_rule(&w->h), "active");
        assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "agent-1"), AK_CODE_OK);
        h_restart(&w->h, false);
        assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1"), AK_CODE_OK);
        h_restart(&w->h, false);
        h_tick(&w->h, 61000);
        assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_DENIED);
        assert_string_equal(h_rule(&w->h), "generation");
    }
    assert_int_equal(generation, 11);
}

/* Cut inside: a batch whose record or entries are short is no batch. */
static void test_a_torn_batch(void **state)
{
    struct world *w = *state;
    struct ak_arena arena;
    uint64_t bad = 0;
    size_t last = w->h.batch_count - 1;
    struct ak_engine *engine = h_replay(&w->h, last, &arena);
    const struct h_batch *batch = &w->h.batches[last];
    for (size_t len = 0; len < batch->segment.len; len++)
        assert_int_not_equal(
            ak_engine_replay(engine, ak_span(batch->segment.ptr, len), batch->record, &bad), AK_OK);
    for (size_t len = 0; len < batch->record.len; len++)
        assert_int_not_equal(
            ak_engine_replay(engine, batch->segment, ak_span(batch->record.ptr, len), &bad), AK_OK);
    assert_int_equal(ak_engine_replay(engine, batch->segment, batch->record, &bad), AK_OK);
    ak_engine_free(engine);
    ak_arena_done(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_cut_behind_every_batch),
        WORLD_TEST(test_named_entries_are_there),
        WORLD_TEST(test_a_crash_after_every_step),
        WORLD_TEST(test_a_torn_batch),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
