/* Pieces of the vault's work that fail, find damage, or end when the world has moved on (I11, I14). */
#include "unit/engine/vault_world.h"

static void helper_failures_change_nothing(void **state)
{
    struct world *w = *state;
    static const struct {
        enum ak_vault_code fail;
        enum ak_code code;
    } cases[] = {{AK_VAULT_UNAVAILABLE, AK_CODE_NOT_READY}, {AK_VAULT_FULL, AK_CODE_STORAGE_FULL},
        {AK_VAULT_UNOPENED, AK_CODE_INVALID_REQUEST}, {AK_VAULT_NO_DEK, AK_CODE_NOT_READY}};
    size_t len = 0;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        uint64_t before = h_size(&w->h);
        box.fail = cases[i].fail;
        assert_int_equal(put_text(w, "a", NULL, "other"), cases[i].code);
        assert_int_equal(box_rotate(&w->h, &w->alice), cases[i].code);
        assert_int_equal(h_size(&w->h), before);
        assert_int_equal(
            box_read(&w->h, &w->alice.device, h_token(&w->alice), "a", NULL, 0, value, &len), cases[i].code);
        box.fail = AK_VAULT_DONE;
        expect_read(w, "a", NULL, 0, "A");
    }
}

static void background_waits_after_a_failure(void **state)
{
    struct world *w = *state;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    box.fail = AK_VAULT_UNAVAILABLE;
    assert_true(box_background(&w->h, &box));
    assert_false(box_background(&w->h, &box));
    box.fail = AK_VAULT_DONE;
    h_tick(&w->h, 10 * 1000 - 1);
    assert_false(box_background(&w->h, &box));
    h_tick(&w->h, 1);
    assert_true(box_background(&w->h, &box));
    expect_whole(w);
}

static void tampered_and_missing_are_recorded(void **state)
{
    struct world *w = *state;
    struct ak_entry entry;
    size_t len = 0;
    assert_int_equal(put_text(w, "openrouter", NULL, "A"), AK_CODE_OK);
    box.files[0].bytes[60] ^= 1;
    assert_int_equal(agent_reads(w, &w->agent, "openrouter", NULL, &len), AK_CODE_TAMPERED);
    h_entry(&w->h, h_size(&w->h) - 1, &entry);
    assert_int_equal(entry.type, AK_ENTRY_BLOB_REFUSED);
    assert_true(ak_span_eq(entry.rule, AK_SPAN_LIT("tampered")));
    assert_memory_equal(entry.actor, w->agent.device.jkt, 32);
    /* the sweep passes it over, and its epoch is not destroyed */
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    (void)box_drain(&w->h, &box);
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_EPOCH_BUSY);
    assert_string_equal(message(w),
        "a credential of that epoch is missing or tampered; store it anew or delete it, then try again");
    h_tick(&w->h, 2 * (uint64_t)AK_VAULT_DEADLINE_MS);
    (void)box_drain(&w->h, &box);
    assert_int_equal(box.done[AK_VAULT_DESTROY], 0);
    /* mended on the disk: a read finds it whole, and it moves */
    h_sign_in(&w->h, &w->alice, "alice");
    box.files[0].bytes[60] ^= 1;
    h_restart(&w->h, false);
    h_tick(&w->h, 60 * 1000); /* buckets begin empty after a crash */
    expect_read(w, "openrouter", NULL, 0, "A");
    (void)box_drain(&w->h, &box);
    expect_whole(w);
    assert_int_equal(box.done[AK_VAULT_MOVE], 1);
}

static void missing_in_the_sweep_is_recorded_once(void **state)
{
    struct world *w = *state;
    struct ak_entry entry;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(put_text(w, "b", NULL, "B"), AK_CODE_OK);
    box.files[0].place.blob_id[0] ^= 1; /* lost */
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    uint64_t from = h_size(&w->h);
    (void)box_drain(&w->h, &box);
    assert_int_equal(h_count(&w->h, from, AK_ENTRY_BLOB_REFUSED), 1);
    assert_int_equal(h_count(&w->h, from, AK_ENTRY_BLOB_MOVED), 1);
    for (uint64_t i = from; i < h_size(&w->h); i++) {
        h_entry(&w->h, i, &entry);
        if (entry.type == AK_ENTRY_BLOB_REFUSED) assert_true(ak_span_eq(entry.rule, AK_SPAN_LIT("missing")));
    }
    h_restart(&w->h, false);
    h_tick(&w->h, 60 * 1000); /* buckets begin empty after a crash */
    size_t moves = box.done[AK_VAULT_MOVE];
    (void)box_drain(&w->h, &box);
    assert_int_equal(box.done[AK_VAULT_MOVE], moves);
    assert_int_equal(put_text(w, "a", NULL, "anew"), AK_CODE_OK);
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_OK);
    expect_read(w, "a", NULL, 0, "anew");
}

static struct ak_vault_work take_work(struct world *w, struct ak_span *sealed)
{
    static uint8_t memory[4096];
    struct ak_vault_work work = w->h.out.vault;
    assert_int_not_equal(w->h.out.wait & AK_WAIT_VAULT, 0);
    memcpy(memory, work.sealed.ptr ? work.sealed.ptr : memory, work.sealed.len);
    *sealed = ak_span(memory, work.sealed.len);
    return work;
}

static void end_work(struct world *w, struct ak_vault_work *work, struct ak_span sealed)
{
    struct ak_vault_result result;
    work->sealed = sealed;
    box_work(&box, work, NULL, &result);
    w->h.out.body = AK_BUF_ARR(w->h.body);
    ak_engine_vault_done(w->h.engine, work, &result, &w->h.out);
}

static void put_follows_the_epoch(void **state)
{
    struct world *w = *state;
    struct ak_span sealed;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    w->h.manual = true;
    assert_int_equal(put_text(w, "a", NULL, "late"), AK_CODE_OK);
    struct ak_vault_work work = take_work(w, &sealed);
    w->h.manual = false;
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.wait, AK_WAIT_VAULT);
    work = w->h.out.vault;
    assert_int_equal(work.to.epoch, 2);
    /* and once more: that epoch is even destroyed before the helper comes to it */
    (void)box_drain(&w->h, &box);
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    (void)box_drain(&w->h, &box);
    assert_int_equal(box_destroy(&w->h, &w->alice, 2), AK_CODE_OK);
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.wait, AK_WAIT_VAULT);
    work = w->h.out.vault;
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.code, AK_CODE_OK);
    h_settle(&w->h);
    expect_read(w, "a", NULL, 0, "late");
    expect_whole(w);
}

static void two_first_puts_share_the_first_epoch(void **state)
{
    struct world *w = *state;
    struct ak_span sealed;
    w->h.manual = true;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    struct ak_vault_work work = take_work(w, &sealed);
    w->h.manual = false;
    assert_int_equal(put_text(w, "b", NULL, "B"), AK_CODE_OK);
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.wait, AK_WAIT_VAULT);
    work = w->h.out.vault;
    assert_false(work.fresh_dek);
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.code, AK_CODE_OK);
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_EPOCH_ROTATED), 1);
    assert_int_equal(box.dek_count, 2); /* one of them unnamed */
    size_t named = 0;
    for (size_t i = 0; i < box.dek_count; i++)
        named += ak_engine_vault_has_dek(w->h.engine, &box.deks[i].key);
    assert_int_equal(named, 1);
    expect_read(w, "a", NULL, 0, "A");
    expect_read(w, "b", NULL, 0, "B");
    expect_whole(w);
}

static void rights_that_ended_meanwhile_count(void **state)
{
    struct world *w = *state;
    struct ak_span sealed;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    w->h.manual = true;
    assert_int_equal(put_text(w, "a", NULL, "late"), AK_CODE_OK);
    struct ak_vault_work work = take_work(w, &sealed);
    w->h.manual = false;
    struct ak_msg_recovery_list_request none = {0};
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_SUSPEND, &none), AK_CODE_OK);
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.code, AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "active");
    h_settle(&w->h);
}

static void two_rotations_at_once(void **state)
{
    struct world *w = *state;
    struct ak_span sealed;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    w->h.manual = true;
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    struct ak_vault_work work = take_work(w, &sealed);
    w->h.manual = false;
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.code, AK_CODE_EPOCH_BUSY);
    h_settle(&w->h);
    (void)box_drain(&w->h, &box);
    expect_whole(w);
    expect_read(w, "a", NULL, 0, "A");
}

/* The same key while the first put is on its way: one value, one answer. */
static void a_key_repeats_a_put_on_its_way_once(void **state)
{
    struct world *w = *state;
    struct ak_span kept;
    uint8_t sealed[5 + AK_HPKE_TAG_LEN] = "value";
    struct ak_msg_credential_put_request request = {
        .service = AK_SPAN_LIT("a"), .sealed = AK_SPAN_ARR(sealed)};
    struct h_how how = {.key = "once"};
    w->h.manual = true;
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CREDENTIAL_PUT, &request, &how),
        AK_CODE_OK);
    struct ak_vault_work work = take_work(w, &kept);
    w->h.manual = false;
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CREDENTIAL_PUT, &request, &how),
        AK_CODE_OK);
    end_work(w, &work, kept);
    assert_int_equal(w->h.out.code, AK_CODE_OK);
    assert_int_equal(put_reply(w).version, 1);
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_WRITTEN), 1);
}

static void a_blob_that_moved_under_a_read_is_no_tampering(void **state)
{
    struct world *w = *state;
    struct ak_span none;
    size_t len = 0;
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    w->h.manual = true;
    assert_int_equal(
        box_read(&w->h, &w->alice.device, h_token(&w->alice), "a", NULL, 0, value, &len), AK_CODE_OK);
    struct ak_vault_work work = w->h.out.vault;
    w->h.manual = false;
    (void)box_drain(&w->h, &box);
    h_tick(&w->h, AK_STATE_DROP_MS);
    (void)box_drain(&w->h, &box);
    none = AK_SPAN_EMPTY;
    end_work(w, &work, none);
    assert_int_equal(w->h.out.code, AK_CODE_NOT_READY);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_REFUSED), 0);
    expect_read(w, "a", NULL, 0, "A");
}

static void a_roll_back_that_lost_its_epoch_is_asked_again(void **state)
{
    struct world *w = *state;
    struct ak_span none;
    assert_int_equal(put_text(w, "a", "/agent-1", "v1"), AK_CODE_OK);
    assert_int_equal(put_text(w, "a", "/agent-1", "v2"), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    w->h.manual = true;
    assert_int_equal(box_rollback(&w->h, &w->alice, "a", "/agent-1", 1), AK_CODE_OK);
    struct ak_vault_work work = take_work(w, &none);
    w->h.manual = false;
    work.to_dek[0] ^= 1; /* as if another DEK had become current */
    struct ak_vault_result result = {.code = AK_VAULT_DONE, .size = 2};
    w->h.out.body = AK_BUF_ARR(w->h.body);
    ak_engine_vault_done(w->h.engine, &work, &result, &w->h.out);
    assert_int_equal(w->h.out.code, AK_CODE_EPOCH_BUSY);
    h_settle(&w->h);
    expect_read(w, "a", "/agent-1", 0, "v2");
    assert_int_equal(box_delete(&w->h, &w->alice, "a", "/agent-1"), AK_CODE_OK);
}

static void a_device_that_was_removed_meanwhile_stores_nothing(void **state)
{
    struct world *w = *state;
    static struct h_person phone;
    struct ak_span sealed;
    struct ak_msg_device_remove_request remove = {.present = 1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE};
    h_second(&w->h, &w->alice, &phone, 30);
    w->h.manual = true;
    assert_int_equal(box_put(&w->h, &phone, "a", NULL, AK_SPAN_LIT("late")), AK_CODE_OK);
    struct ak_vault_work work = take_work(w, &sealed);
    w->h.manual = false;
    memcpy(remove.id, phone.device.jkt, 32);
    h_seal_code(&w->h, &w->alice.device, w->alice.recovery_code, remove.recovery_code);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.code, AK_CODE_DEVICE_NOT_ENROLLED);
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_WRITTEN), 0);
    h_device_done(&phone.device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VAULT_TEST(helper_failures_change_nothing),
        VAULT_TEST(background_waits_after_a_failure),
        VAULT_TEST(tampered_and_missing_are_recorded),
        VAULT_TEST(missing_in_the_sweep_is_recorded_once),
        VAULT_TEST(put_follows_the_epoch),
        VAULT_TEST(two_first_puts_share_the_first_epoch),
        VAULT_TEST(rights_that_ended_meanwhile_count),
        VAULT_TEST(two_rotations_at_once),
        VAULT_TEST(a_key_repeats_a_put_on_its_way_once),
        VAULT_TEST(a_blob_that_moved_under_a_read_is_no_tampering),
        VAULT_TEST(a_roll_back_that_lost_its_epoch_is_asked_again),
        VAULT_TEST(a_device_that_was_removed_meanwhile_stores_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
