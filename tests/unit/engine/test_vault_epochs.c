/* Epochs through the engine: how they begin, rotate, empty and end, by hand and by themselves (I14, I16). */
#include "unit/engine/vault_world.h"

static void epoch_lives_and_ends(void **state)
{
    struct world *w = *state;
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_NOT_FOUND);
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(put_text(w, "b", "/agent-1", "B1"), AK_CODE_OK);
    assert_int_equal(put_text(w, "b", "/agent-1", "B2"), AK_CODE_OK);
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_EPOCH_BUSY);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    struct ak_msg_epoch_rotate_reply rotated;
    h_reply(&w->h, &ak_epoch_rotate_reply_msg, &rotated);
    assert_int_equal(rotated.from, 1);
    assert_int_equal(rotated.to, 2);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_EPOCH_BUSY);
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_EPOCH_BUSY);
    assert_int_equal(box_destroy(&w->h, &w->alice, 2), AK_CODE_EPOCH_BUSY);
    assert_int_equal(box_destroy(&w->h, &w->alice, 3), AK_CODE_NOT_FOUND);
    expect_read(w, "a", NULL, 0, "A");
    assert_int_equal(box_drain(&w->h, &box), 2);
    assert_int_equal(box.done[AK_VAULT_MOVE], 2);
    expect_whole(w);
    expect_read(w, "b", "/agent-1", 2, "B2");
    expect_read(w, "b", "/agent-1", 1, "B1"); /* kept while its epoch lives */
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_OK);
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_ALREADY_DONE);
    expect_whole(w);
    assert_int_equal(box.dek_count, 1);
    size_t len = 0;
    assert_int_equal(box_read(&w->h, &w->alice.device, h_token(&w->alice), "b", "/agent-1", 1, value, &len),
        AK_CODE_NOT_FOUND);
    expect_read(w, "b", "/agent-1", 0, "B2");
    h_tick(&w->h, AK_STATE_DROP_MS);
    (void)box_drain(&w->h, &box);
    assert_int_equal(box.file_count, 2);
    h_restart(&w->h, false);
    h_tick(&w->h, 60 * 1000); /* buckets begin empty after a crash */
    expect_whole(w);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
}

static void roll_back_brings_a_value_into_the_new_epoch(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_text(w, "key", NULL, "v1"), AK_CODE_OK);
    assert_int_equal(put_text(w, "key", NULL, "v2"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    assert_int_equal(box_rollback(&w->h, &w->alice, "key", NULL, 1), AK_CODE_OK);
    struct ak_msg_credential_reply reply = put_reply(w);
    assert_int_equal(reply.version, 3);
    assert_int_equal(reply.epoch, 2);
    expect_read(w, "key", NULL, 0, "v1");
    expect_read(w, "key", NULL, 2, "v2");
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_OK); /* v2 was kept only */
    expect_read(w, "key", NULL, 0, "v1");
    expect_whole(w);
}

static void a_read_blob_moves_first(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(put_text(w, "b", NULL, "B"), AK_CODE_OK);
    assert_int_equal(put_text(w, "c", NULL, "C"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    expect_read(w, "a", NULL, 0, "A");
    assert_true(box_background(&w->h, &box));
    expect_read(w, "a", NULL, 0, "A");
    struct ak_msg_credential_read_reply reply;
    h_reply(&w->h, &ak_credential_read_reply_msg, &reply);
    assert_int_equal(reply.epoch, 2);
    expect_read(w, "b", NULL, 0, "B");
    h_reply(&w->h, &ak_credential_read_reply_msg, &reply);
    assert_int_equal(reply.epoch, 1);
}

static void time_rotates_moves_and_destroys(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(box_put(&w->h, &w->bob, "a", NULL, AK_SPAN_LIT("bob's")), AK_CODE_OK);
    h_tick(&w->h, (uint64_t)AK_VAULT_ROTATE_MS - 1);
    assert_int_equal(box_drain(&w->h, &box), 0);
    size_t rewrites = box.rewrites;
    h_tick(&w->h, 1);
    assert_int_equal(box_drain(&w->h, &box), 3); /* one batch for both, two moves */
    assert_int_equal(box.rewrites, rewrites + 1);
    assert_int_equal(box.done[AK_VAULT_MOVE], 2);
    h_tick(&w->h, (uint64_t)AK_VAULT_DEADLINE_MS - 1);
    (void)box_drain(&w->h, &box);
    assert_int_equal(box.done[AK_VAULT_DESTROY], 0);
    h_restart(&w->h, true);
    h_tick(&w->h, 1);
    (void)box_drain(&w->h, &box);
    assert_int_equal(box.done[AK_VAULT_DESTROY], 1);
    assert_int_equal(box.rewrites, rewrites + 2);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_EPOCH_DESTROYED), 2);
    assert_int_equal(box.dek_count, 2);
    h_sign_in(&w->h, &w->alice, "alice");
    expect_read(w, "a", NULL, 0, "A");
}

/* The store was written without the key, the entry was not: the start must not miss it, and it is done again.
 */
static void a_crash_between_erasure_and_its_entry(void **state)
{
    struct world *w = *state;
    struct ak_epoch_key key;
    uint32_t deks = 0;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    (void)box_drain(&w->h, &box);
    assert_int_equal(box.dek_count, 2);
    if (box.deks[0].key.epoch == 1) box.deks[0] = box.deks[1];
    box.dek_count = 1;
    h_restart(&w->h, false);
    h_tick(&w->h, 60 * 1000); /* buckets begin empty after a crash */
    assert_true(ak_engine_vault_next_dek(w->h.engine, &deks, &key));
    assert_int_equal(key.epoch, 2);
    assert_false(ak_engine_vault_next_dek(w->h.engine, &deks, &key));
    expect_whole(w);
    h_sign_in(&w->h, &w->alice, "alice");
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_OK);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_EPOCH_DESTROYED), 1);
    expect_read(w, "a", NULL, 0, "A");
}

static void suspensions_ask_for_a_new_epoch(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(box_drain(&w->h, &box), 2);
    assert_int_equal(box.done[AK_VAULT_ROTATE], 1);
    /* asked again while two are live: the old one ends at once, then the next begins */
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "agent-1"), AK_CODE_OK);
    h_restart(&w->h, false);
    h_tick(&w->h, 60 * 1000); /* buckets begin empty after a crash */
    (void)box_drain(&w->h, &box);
    assert_int_equal(box.done[AK_VAULT_DESTROY], 1);
    assert_int_equal(box.done[AK_VAULT_ROTATE], 2);
    expect_read(w, "a", NULL, 0, "A");
    expect_whole(w);
    assert_int_equal(put_text(w, "a", "/agent-1", "x"), AK_CODE_ALREADY_DONE);
}

static void rotating_an_agents_key_leaves_its_credentials(void **state)
{
    struct world *w = *state;
    size_t len = 0;
    assert_int_equal(put_text(w, "openrouter", "/agent-1", "its own"), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_OK);
    assert_int_equal(agent_reads(w, &w->agent, "openrouter", NULL, &len), AK_CODE_OK);
    assert_memory_equal(value, "its own", 7);
    assert_int_equal(box.done[AK_VAULT_MOVE], 0);
}

/* A DEK goes only once the moves out of its epoch are durable (I14). */
static void no_key_goes_before_its_moves_are_durable(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    h_tick(&w->h, (uint64_t)AK_VAULT_DEADLINE_MS);
    h_sign_in(&w->h, &w->alice, "alice");
    w->h.manual = true;
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_MOVE], 1);
    assert_false(box_background(&w->h, &box));
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_EPOCH_BUSY);
    h_settle(&w->h);
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_DESTROY], 1);
}

/* More emptied epochs than are looked at in one go, none of them due: the one behind them that is comes up.
 */
static void an_emptied_epoch_behind_many_is_found(void **state)
{
    enum { MANY = 1024 };
    struct world *w = *state;
    static struct h_person person;
    for (unsigned i = 0; i < MANY; i++) {
        char name[16];
        (void)snprintf(name, sizeof name, "p%u", i);
        h_person(&w->h, &person, name, 100 + i);
        assert_int_equal(box_put(&w->h, &person, "a", NULL, AK_SPAN_LIT("x")), AK_CODE_OK);
        assert_int_equal(box_rotate(&w->h, &person), AK_CODE_OK);
        h_device_done(&person.device);
    }
    (void)box_drain(&w->h, &box);
    assert_int_equal(put_text(w, "a", NULL, "x"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    (void)box_drain(&w->h, &box);
    expect_read(w, "a", NULL, 0, "x");
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    (void)box_drain(&w->h, &box); /* a new epoch is asked for, so the old one ends before its time */
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_EPOCH_DESTROYED), 1);
    h_tick(&w->h, AK_VAULT_DEADLINE_MS);
    (void)box_drain(&w->h, &box); /* all of them in one batch, as many as fit */
    assert_int_equal(box.done[AK_VAULT_DESTROY], 2);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_EPOCH_DESTROYED), 1 + MANY);
    expect_whole(w);
}

static void epochs_are_listed_newest_first(void **state)
{
    struct world *w = *state;
    struct ak_msg_epoch_list_reply reply;
    struct ak_msg_epoch_item item;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    box.no_erase = true;
    for (unsigned i = 1; i <= 2; i++) {
        assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
        if (i == 2) break;
        (void)box_drain(&w->h, &box);
        assert_int_equal(box_destroy(&w->h, &w->alice, i), AK_CODE_OK);
    }
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_EPOCH_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_epoch_list_reply_msg, &reply);
    static const char *const states[] = {"live", "old", "destroyed"};
    for (unsigned i = 0; i < 3; i++) {
        assert_true(ak_list_next(&reply.epochs, &ak_epoch_item_msg, &item));
        assert_int_equal(item.epoch, 3 - i);
        assert_true(ak_span_eq(item.state, ak_span_str(states[i])));
        assert_int_equal(item.blobs, i == 1);
        assert_int_equal(ak_msg_has(&item, AK_EPOCH_ITEM_DEADLINE_AT), i == 1);
        if (i == 2) assert_false(item.erased);
    }
    assert_false(ak_list_next(&reply.epochs, &ak_epoch_item_msg, &item));
    struct ak_msg_epoch_list_request request = {.before = 2, .present = 1u << AK_EPOCH_LIST_REQUEST_BEFORE};
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_EPOCH_LIST, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_epoch_list_reply_msg, &reply);
    assert_true(ak_list_next(&reply.epochs, &ak_epoch_item_msg, &item));
    assert_int_equal(item.epoch, 1);
}

static void many_epochs_come_in_pages(void **state)
{
    struct world *w = *state;
    struct ak_msg_epoch_list_request request = {0};
    struct ak_msg_epoch_list_reply reply;
    struct ak_msg_epoch_item item;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    for (unsigned i = 1; i <= AK_WIRE_EPOCH_PAGE; i++) {
        assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
        (void)box_drain(&w->h, &box);
        assert_int_equal(box_destroy(&w->h, &w->alice, i), AK_CODE_OK);
        h_tick(&w->h, 3600 * 1000 / AK_ENGINE_DESTROYS_PER_HOUR);
        assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    }
    uint64_t expected = AK_WIRE_EPOCH_PAGE + 1;
    for (unsigned page = 0; page < 2; page++) {
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_EPOCH_LIST, &request), AK_CODE_OK);
        h_reply(&w->h, &ak_epoch_list_reply_msg, &reply);
        for (; ak_list_next(&reply.epochs, &ak_epoch_item_msg, &item); expected--)
            assert_int_equal(item.epoch, expected);
        assert_int_equal(ak_msg_has(&reply, AK_EPOCH_LIST_REPLY_NEXT), page == 0);
        request.before = reply.next;
        request.present = 1u << AK_EPOCH_LIST_REQUEST_BEFORE;
    }
    assert_int_equal(expected, 0);
    expect_read(w, "a", NULL, 0, "A");
}

/* Each destruction rewrites erasure slots, which wear: an account's people have so many an hour. */
static void nobody_wears_out_the_slots(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    for (unsigned i = 1; i <= AK_ENGINE_DESTROYS_PER_HOUR + 1; i++) {
        bool more = i > AK_ENGINE_DESTROYS_PER_HOUR;
        assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
        (void)box_drain(&w->h, &box);
        assert_int_equal(box_destroy(&w->h, &w->alice, i), more ? AK_CODE_RATE_LIMIT_EXCEEDED : AK_CODE_OK);
    }
    expect_read(w, "a", NULL, 0, "A");
    h_tick(&w->h, 3600 * 1000 / AK_ENGINE_DESTROYS_PER_HOUR);
    assert_int_equal(box_destroy(&w->h, &w->alice, AK_ENGINE_DESTROYS_PER_HOUR + 1), AK_CODE_OK);
}

/* The account's budget of changes is spent: nothing is destroyed, and nothing of the hour's share is taken.
 */
static void a_destruction_is_paid_for_whole(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_policy_request policy = {
        .label = AK_SPAN_LIT("agent-1"), .rate = 30, .present = 1u << AK_AGENT_POLICY_REQUEST_RATE};
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    (void)box_drain(&w->h, &box);
    h_tick(&w->h, 60000);
    for (unsigned i = 0; i < AK_ENGINE_CONTROL_PER_MINUTE; i++)
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &policy), AK_CODE_OK);
    for (unsigned i = 0; i <= AK_ENGINE_DESTROYS_PER_HOUR; i++)
        assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_RATE_LIMIT_EXCEEDED);
    h_tick(&w->h, 60000 / AK_ENGINE_CONTROL_PER_MINUTE);
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_OK);
}

/* What waits for an old epoch that cannot end holds up nobody else. */
static void a_stuck_account_holds_up_no_other(void **state)
{
    struct world *w = *state;
    struct ak_blob_name name = {.service_len = 1, .service = "a", .epoch = 1};
    assert_false(ak_engine_vault_has_blob(w->h.engine, &name));
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    memcpy(name.home_wallet, w->alice.wallet, 20);
    assert_false(ak_engine_vault_has_blob(w->h.engine, &name)); /* by the list, and below by the paths */
    assert_int_equal(put_text(w, "b", NULL, "B"), AK_CODE_OK);
    assert_false(ak_engine_vault_has_blob(w->h.engine, &name));
    box.files[0].bytes[60] ^= 1;
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    (void)box_drain(&w->h, &box);
    h_tick(&w->h, AK_VAULT_ROTATE_MS); /* alice's epoch is old enough, but two are live */
    (void)box_drain(&w->h, &box);
    assert_int_equal(account_of(w, &w->alice)->old_epoch != AK_INDEX_NONE, true);
    h_sign_in(&w->h, &w->bob, "bob");
    assert_int_equal(box_put(&w->h, &w->bob, "a", NULL, AK_SPAN_LIT("bob's")), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->bob, AK_CALL_AGENT_SUSPEND, "robot"), AK_CODE_OK);
    uint64_t from = h_size(&w->h);
    (void)box_drain(&w->h, &box);
    assert_int_equal(h_count(&w->h, from, AK_ENTRY_EPOCH_ROTATED), 1);
    h_restart(&w->h, true);
    h_sign_in(&w->h, &w->alice, "alice");
    assert_int_equal(box_delete(&w->h, &w->alice, "a", NULL), AK_CODE_OK);
    from = h_size(&w->h);
    (void)box_drain(&w->h, &box); /* now hers ends, and the next begins */
    assert_int_equal(h_count(&w->h, from, AK_ENTRY_EPOCH_DESTROYED), 1);
    assert_int_equal(h_count(&w->h, from, AK_ENTRY_EPOCH_ROTATED), 1);
    expect_whole(w);
}

static void refuse_snapshot(struct world *w, const struct h_bytes *bytes)
{
    struct ak_arena arena;
    struct ak_engine *again = h_replay(&w->h, 0, &arena);
    assert_int_equal(ak_engine_snapshot_read(again, ak_span(bytes->ptr, bytes->len)), AK_E_FORMAT);
    ak_engine_free(again);
    ak_arena_done(&arena);
}

/* I11: of the form of a snapshot, and no state: two epochs that take new values, two versions of one number.
 */
static void snapshots_of_no_state_are_refused(void **state)
{
    struct world *w = *state;
    struct h_bytes bytes;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(put_text(w, "a", NULL, "B"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    h_snapshot(w->h.engine, &bytes);
    const struct ak_epoch_state *old = ak_state_epoch_at(ak_engine_state(w->h.engine), 0);
    uint8_t *at = memmem(bytes.ptr, bytes.len, old->dek_id, sizeof old->dek_id);
    assert_non_null(at);
    assert_int_equal(at[-2], AK_EPOCH_OLD); /* before the mark of an erasure */
    at[-2] = AK_EPOCH_LIVE;
    refuse_snapshot(w, &bytes);
    at[-2] = AK_EPOCH_OLD;
    const struct ak_blob_state *first = ak_state_blob_at(ak_engine_state(w->h.engine), 0);
    at = memmem(bytes.ptr, bytes.len, first->blob_id, sizeof first->blob_id);
    assert_non_null(at);
    assert_int_equal(at[-6], 1); /* the version's last byte, before epoch and part */
    at[-6] = 2;
    refuse_snapshot(w, &bytes);
    free(bytes.ptr);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VAULT_TEST(epoch_lives_and_ends),
        VAULT_TEST(roll_back_brings_a_value_into_the_new_epoch),
        VAULT_TEST(a_read_blob_moves_first),
        VAULT_TEST(time_rotates_moves_and_destroys),
        VAULT_TEST(a_crash_between_erasure_and_its_entry),
        VAULT_TEST(suspensions_ask_for_a_new_epoch),
        VAULT_TEST(rotating_an_agents_key_leaves_its_credentials),
        VAULT_TEST(no_key_goes_before_its_moves_are_durable),
        VAULT_TEST(an_emptied_epoch_behind_many_is_found),
        VAULT_TEST(epochs_are_listed_newest_first),
        VAULT_TEST(many_epochs_come_in_pages),
        VAULT_TEST(nobody_wears_out_the_slots),
        VAULT_TEST(a_destruction_is_paid_for_whole),
        VAULT_TEST(a_stuck_account_holds_up_no_other),
        VAULT_TEST(snapshots_of_no_state_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
