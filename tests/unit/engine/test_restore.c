/* A lost worker's log begun anew: what comes back, that it comes back suspended, that the new log alone gives
 * that state, and that nothing comes in which the old log's keys did not write. */
#include "unit/engine/world.h"

#include "core/engine/internal.h"
#include "core/engine/restore.h"
#include "core/ledger/segment.h"
#include "unit/heap_hooks.h"

enum { BATCHES = 64 };

/* The new worker: an engine of its own under another log id. */
struct target {
    struct ak_arena arena;
    struct ak_engine_conf conf;
    struct ak_engine *engine;
    struct ak_restore restore;
    struct h_batch batches[BATCHES];
    size_t count;
};

static void open_target(struct target *target, struct world *w, uint8_t log)
{
    struct ak_engine_hooks hooks = {h_random, &w->h};
    memset(target, 0, sizeof *target);
    ak_arena_init(&target->arena, ak_test_heap_hooks(), (size_t)256 << 20);
    target->conf = w->h.conf;
    memset(target->conf.log_id, log, 16);
    assert_int_equal(
        ak_engine_new(&target->engine, &target->arena, &target->conf, hooks, &w->h.root, &w->h.root), AK_OK);
    assert_int_equal(ak_restore_open(&target->restore, target->engine, &w->h.root, w->h.conf.log_id), AK_OK);
}

static void close_target(struct target *target)
{
    for (size_t i = 0; i < target->count; i++) free(target->batches[i].bytes);
    ak_restore_close(&target->restore);
    ak_engine_free(target->engine);
    ak_arena_done(&target->arena);
}

static void take(struct target *target)
{
    struct ak_engine_batch batch;
    struct h_batch *kept = &target->batches[target->count++];
    assert_true(target->count <= BATCHES);
    assert_int_equal(ak_engine_batch_take(target->engine, 1, &batch), AK_OK);
    struct ak_span segment = ak_buf_span(&batch.batch->entries);
    kept->bytes = malloc(segment.len + batch.record.len);
    assert_non_null(kept->bytes);
    memcpy(kept->bytes, segment.ptr, segment.len);
    memcpy(kept->bytes + segment.len, batch.record.ptr, batch.record.len);
    kept->segment = ak_span(kept->bytes, segment.len);
    kept->record = ak_span(kept->bytes + segment.len, batch.record.len);
}

/* Entry `index` of the old log as bytes. */
static struct ak_span old_bytes(const struct h *h, uint64_t index)
{
    uint64_t at = 0;
    for (size_t i = 0; i < h->batch_count; i++) {
        struct ak_reader reader = ak_reader(h->batches[i].segment);
        struct ak_span entry;
        for (; ak_segment_next(&reader, &entry) == AK_OK; at++)
            if (at == index) return entry;
    }
    fail();
    return AK_SPAN_EMPTY;
}

static enum ak_err copy(struct target *target, struct world *w, uint64_t index)
{
    if (ak_engine_pending(target->engine) && !ak_engine_has_room(target->engine)) take(target);
    return ak_restore_entry(&target->restore, old_bytes(&w->h, index));
}

static void restore_all(struct target *target, struct world *w)
{
    h_settle(&w->h);
    uint64_t size = h_size(&w->h);
    for (uint64_t i = 0; i < size; i++) assert_int_equal(copy(target, w, i), AK_OK);
    const struct h_batch *last = &w->h.batches[w->h.batch_count - 1];
    assert_int_equal(ak_restore_finish(&target->restore, last->root, w->h.wall_ms), AK_OK);
    take(target);
}

static const struct ak_path_state *path_of(const struct ak_state *state, const struct h_agent *agent)
{
    uint32_t number = 0;
    assert_non_null(ak_state_account(state, agent->anchor, &number));
    return ak_state_path(state, number, ak_span_str(agent->label), NULL);
}

static void policy_comes_back_and_suspended(void **state)
{
    struct world *w = *state;
    struct target target;
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "once"), AK_CODE_OK);
    open_target(&target, w, 0x77);
    restore_all(&target, w);
    const struct ak_state *now = ak_engine_state(target.engine), *then = ak_engine_state(w->h.engine);
    assert_int_equal(now->accounts.count, then->accounts.count);
    assert_int_equal(now->devices.count, then->devices.count);
    assert_int_equal(now->paths.count, then->paths.count);
    for (uint32_t i = 0; i < now->accounts.count; i++) {
        const struct ak_account *a = ak_state_account_at(now, i), *b = ak_state_account_at(then, i);
        assert_memory_equal(a->anchor, b->anchor, 32);
        assert_memory_equal(a->home_wallet, b->home_wallet, 20);
        assert_memory_equal(a->recovery_hash, b->recovery_hash, 32);
        assert_int_equal(a->opened_ms, b->opened_ms);
        assert_int_equal(a->credential_count, 0);
    }
    const struct ak_path_state *path = path_of(now, &w->agent), *was = path_of(then, &w->agent);
    assert_true(path->flags & AK_PATH_SUSPENDED);
    assert_false(was->flags & AK_PATH_SUSPENDED);
    assert_memory_equal(path->address, was->address, 20);
    assert_memory_equal(path->device, was->device, 32);
    assert_int_equal(path->rate, was->rate);
    assert_true(ak_span_eq(ak_span(path->scope, path->scope_len), ak_span(was->scope, was->scope_len)));
    assert_true(path_of(now, &w->bobs)->flags & AK_PATH_SUSPENDED);
    close_target(&target);
}

static void sessions_are_over_and_buckets_empty(void **state)
{
    struct world *w = *state;
    struct target target;
    open_target(&target, w, 0x77);
    restore_all(&target, w);
    const struct ak_state *now = ak_engine_state(target.engine);
    for (uint32_t i = 0; i < now->devices.count; i++) {
        const struct ak_device *device = ak_vec_at(&now->devices, i);
        assert_true(device->sessions_after_ms > w->h.wall_ms); /* also one of this very second */
        assert_int_equal(device->enrolled_seen_ms, w->h.wall_ms);
    }
    assert_true(now->floor_us > 0);
    assert_int_equal(now->idempotent_count, 0);
    close_target(&target);
}

static void what_waits_is_dropped(void **state)
{
    struct world *w = *state;
    struct target target;
    struct h_person second;
    h_second(&w->h, &w->alice, &second, 30);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "agent-1"), AK_CODE_OK);
    assert_int_equal(
        h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_ACCOUNT_SUSPEND, NULL), AK_CODE_OK);
    (void)h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_ACCOUNT_RESUME, NULL);
    assert_true(ak_engine_state(w->h.engine)->waiting.count > 0);
    open_target(&target, w, 0x77);
    restore_all(&target, w);
    const struct ak_state *now = ak_engine_state(target.engine);
    for (uint32_t i = 0; i < now->waiting.count; i++)
        assert_true(((const struct ak_waiting *)ak_vec_at(&now->waiting, i))->over);
    for (uint32_t i = 0; i < now->accounts.count; i++)
        assert_int_equal(ak_state_account_at(now, i)->waiting_count, 0);
    assert_int_equal(path_of(now, &w->agent)->flags & (AK_PATH_SUSPENDED | AK_PATH_DECOMMISSIONED),
        AK_PATH_DECOMMISSIONED);
    h_device_done(&second.device);
    close_target(&target);
}

/* I16: the new log, replayed alone, gives the very state; and it begins and ends as documented. */
static void the_new_log_alone_gives_the_state(void **state)
{
    struct world *w = *state;
    struct target target, again;
    uint8_t one[32], other[32];
    struct ak_entry entry;
    open_target(&target, w, 0x77);
    restore_all(&target, w);
    open_target(&again, w, 0x77);
    uint64_t bad = 0;
    for (size_t i = 0; i < target.count; i++)
        assert_int_equal(
            ak_engine_replay(again.engine, target.batches[i].segment, target.batches[i].record, &bad), AK_OK);
    h_state_hash(target.engine, one);
    h_state_hash(again.engine, other);
    assert_memory_equal(one, other, 32);
    struct ak_reader reader = ak_reader(target.batches[0].segment);
    struct ak_span bytes, last = AK_SPAN_EMPTY;
    assert_int_equal(ak_segment_next(&reader, &bytes), AK_OK);
    assert_int_equal(ak_entry_decode(bytes, &entry), AK_OK);
    assert_int_equal(entry.type, AK_ENTRY_LEDGER_OPENED);
    assert_memory_equal(entry.log_id, target.conf.log_id, 16);
    while (ak_segment_next(&reader, &bytes) == AK_OK) last = bytes;
    assert_int_equal(ak_entry_decode(last, &entry), AK_OK);
    assert_int_equal(entry.type, AK_ENTRY_STATE_RESTORED);
    assert_memory_equal(entry.log_id, w->h.conf.log_id, 16);
    assert_int_equal(entry.size, h_size(&w->h));
    close_target(&again);
    close_target(&target);
}

static void only_control_entries_come_over(void **state)
{
    struct world *w = *state;
    struct target target;
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "once"), AK_CODE_OK);
    open_target(&target, w, 0x77);
    restore_all(&target, w);
    struct ak_reader reader = ak_reader(target.batches[0].segment);
    struct ak_span bytes;
    struct ak_entry entry;
    while (ak_segment_next(&reader, &bytes) == AK_OK) {
        assert_int_equal(ak_entry_decode(bytes, &entry), AK_OK);
        assert_true(ak_entry_is_control(entry.type));
        assert_false(entry.has_idempotency);
        assert_int_not_equal(entry.type, AK_ENTRY_EPOCH_ROTATED);
        assert_int_not_equal(entry.type, AK_ENTRY_SNAPSHOT);
    }
    close_target(&target);
}

/* Credentials lie in stores that are gone, and a snapshot is another log's. */
static void what_lay_beside_the_log_is_left_out(void **state)
{
    struct world *w = *state;
    struct target target;
    struct ak_entry_ref ref;
    struct ak_entry epoch = {.type = AK_ENTRY_EPOCH_ROTATED, .has_anchor = true, .to = 1};
    struct ak_entry snapshot = {.type = AK_ENTRY_SNAPSHOT, .size = 1, .bytes = 1};
    memcpy(epoch.anchor, w->alice.anchor, 32);
    assert_int_equal(ak_engine_emit(w->h.engine, &epoch, &ref), AK_OK);
    assert_int_equal(ak_engine_emit(w->h.engine, &snapshot, &ref), AK_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    open_target(&target, w, 0x77);
    restore_all(&target, w);
    assert_int_equal(ak_engine_state(w->h.engine)->epochs.count, 1);
    assert_int_equal(ak_engine_state(target.engine)->epochs.count, 0);
    assert_int_equal(ak_engine_state(target.engine)->snapshot_size, 0);
    close_target(&target);
}

/* The second loss: from the restored log alone. */
static void a_restored_log_is_restored_again(void **state)
{
    struct world *w = *state;
    struct target first, second;
    struct ak_span bytes;
    uint8_t root[32] = {1};
    open_target(&first, w, 0x77);
    restore_all(&first, w);
    open_target(&second, w, 0x78);
    ak_restore_close(&second.restore);
    assert_int_equal(ak_restore_open(&second.restore, second.engine, &w->h.root, first.conf.log_id), AK_OK);
    for (size_t i = 0; i < first.count; i++)
        for (struct ak_reader reader = ak_reader(first.batches[i].segment);
             ak_segment_next(&reader, &bytes) == AK_OK;)
            assert_int_equal(ak_restore_entry(&second.restore, bytes), AK_OK);
    assert_int_equal(ak_restore_finish(&second.restore, root, w->h.wall_ms), AK_OK);
    const struct ak_path_state *path = path_of(ak_engine_state(second.engine), &w->agent);
    assert_memory_equal(path->address, w->agent.address, 20);
    assert_true(path->flags & AK_PATH_SUSPENDED);
    close_target(&second);
    close_target(&first);
}

/* ---- what does not come in ---- */

static void a_control_entry_left_out_or_doubled(void **state)
{
    struct world *w = *state;
    struct target target;
    h_settle(&w->h);
    open_target(&target, w, 0x77);
    assert_int_equal(copy(&target, w, 0), AK_OK);
    assert_int_equal(copy(&target, w, 0), AK_E_AUTH);
    close_target(&target);
    open_target(&target, w, 0x77);
    assert_int_equal(copy(&target, w, 0), AK_OK);
    uint64_t third = 0;
    struct ak_entry entry;
    for (uint64_t i = 2; !third; i++) {
        h_entry(&w->h, i, &entry);
        if (ak_entry_is_control(entry.type)) third = i;
    }
    assert_int_equal(copy(&target, w, third), AK_E_AUTH);
    close_target(&target);
}

static void one_that_was_altered(void **state)
{
    struct world *w = *state;
    struct target target;
    uint8_t bytes[AK_LIMIT_ENTRY];
    h_settle(&w->h);
    struct ak_span whole = old_bytes(&w->h, 1);
    for (size_t i = 0; i < whole.len; i += AK_EACH_BYTE) {
        open_target(&target, w, 0x77);
        assert_int_equal(copy(&target, w, 0), AK_OK);
        memcpy(bytes, whole.ptr, whole.len);
        bytes[i] ^= 1;
        assert_int_not_equal(ak_restore_entry(&target.restore, ak_span(bytes, whole.len)), AK_OK);
        close_target(&target);
    }
}

static void the_first_entry_must_open_this_log_of_this_worker(void **state)
{
    struct world *w = *state;
    struct target target;
    uint64_t use = 0;
    struct ak_entry entry;
    h_settle(&w->h);
    for (h_entry(&w->h, use, &entry); ak_entry_is_control(entry.type); h_entry(&w->h, ++use, &entry))
        ;
    open_target(&target, w, 0x77);
    assert_int_equal(copy(&target, w, use), AK_E_MEANING);
    close_target(&target);
    open_target(&target, w, 0x77);
    memset(target.restore.log_id, 1, 16);
    assert_int_equal(copy(&target, w, 0), AK_E_MEANING);
    close_target(&target);
    open_target(&target, w, 0x77);
    target.conf.worker_id[0] ^= 1;
    struct ak_engine_hooks hooks = {h_random, &w->h};
    ak_engine_free(target.engine);
    assert_int_equal(
        ak_engine_new(&target.engine, &target.arena, &target.conf, hooks, &w->h.root, &w->h.root), AK_OK);
    target.restore.engine = target.engine;
    assert_int_equal(copy(&target, w, 0), AK_E_MEANING);
    close_target(&target);
}

static void another_master_secret(void **state)
{
    struct world *w = *state;
    struct target target;
    struct ak_root root;
    struct ak_secret32 msk = {{9}};
    uint8_t pub[32];
    h_settle(&w->h);
    open_target(&target, w, 0x77);
    ak_engine_ledger_pub(w->h.engine, pub);
    assert_memory_equal(target.restore.ledger_pub, pub, 32);
    ak_restore_close(&target.restore);
    assert_int_equal(ak_root_open(&root, 1, AK_SUITE_AK1, AK_ROOT_BORN, &msk), AK_OK);
    assert_int_equal(ak_restore_open(&target.restore, target.engine, &root, w->h.conf.log_id), AK_OK);
    assert_memory_not_equal(target.restore.ledger_pub, pub, 32);
    assert_int_equal(copy(&target, w, 0), AK_E_AUTH);
    ak_root_close(&root);
    close_target(&target);
}

static void nothing_is_no_log(void **state)
{
    struct world *w = *state;
    struct target target;
    uint8_t root[32] = {0};
    open_target(&target, w, 0x77);
    assert_int_equal(ak_restore_finish(&target.restore, root, w->h.wall_ms), AK_E_STATE);
    assert_int_equal(ak_restore_entry(&target.restore, AK_SPAN_LIT("\xa0")), AK_E_FORMAT);
    close_target(&target);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(policy_comes_back_and_suspended),
        WORLD_TEST(sessions_are_over_and_buckets_empty),
        WORLD_TEST(what_waits_is_dropped),
        WORLD_TEST(the_new_log_alone_gives_the_state),
        WORLD_TEST(only_control_entries_come_over),
        WORLD_TEST(what_lay_beside_the_log_is_left_out),
        WORLD_TEST(a_restored_log_is_restored_again),
        WORLD_TEST(a_control_entry_left_out_or_doubled),
        WORLD_TEST(one_that_was_altered),
        WORLD_TEST(the_first_entry_must_open_this_log_of_this_worker),
        WORLD_TEST(another_master_secret),
        WORLD_TEST(nothing_is_no_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
