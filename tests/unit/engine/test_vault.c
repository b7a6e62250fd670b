/* Credentials and epochs through the engine: what each call does, refuses and records; what follows in the
 * background; what failures and races leave behind (I3, I8, I11, I14, I16). */
#include "core/engine/vault_state.h"
#include "unit/engine/vault_box.h"
#include "unit/engine/world.h"

static struct box box;
static uint8_t value[AK_LIMIT_VALUE];

static int setup(void **state)
{
    (void)world_setup(state);
    struct world *w = *state;
    box_open(&box, &w->h);
    return 0;
}

static int teardown(void **state)
{
    box_close(&box);
    return world_teardown(state);
}

#define VAULT_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

static enum ak_code put_text(struct world *w, const char *service, const char *path, const char *text)
{
    return box_put(&w->h, &w->alice, service, path, ak_span_str(text));
}

static void expect_read(
    struct world *w, const char *service, const char *path, uint64_t version, const char *text)
{
    size_t len = 0;
    assert_int_equal(
        box_read(&w->h, &w->alice.device, h_token(&w->alice), service, path, version, value, &len),
        AK_CODE_OK);
    assert_true(ak_span_eq(ak_span(value, len), ak_span_str(text)));
}

static enum ak_code agent_reads(
    struct world *w, struct h_agent *agent, const char *service, const char *path, size_t *out_len)
{
    return box_read(&w->h, &agent->device, h_agent_token(agent), service, path, 0, value, out_len);
}

static struct ak_msg_credential_reply put_reply(struct world *w)
{
    struct ak_msg_credential_reply reply;
    h_reply(&w->h, &ak_credential_reply_msg, &reply);
    return reply;
}

static const struct ak_account *account_of(struct world *w, const struct h_person *person)
{
    return ak_state_account(ak_engine_state(w->h.engine), person->anchor, NULL);
}

static const char *message(struct world *w)
{
    static char text[512];
    struct ak_msg_error_reply error;
    h_error(&w->h, &error);
    (void)snprintf(text, sizeof text, "%.*s", (int)error.message.len, (const char *)error.message.ptr);
    return text;
}

/* Every current pointer has its file, which opens; the ledger's DEKs are in the store (I14). */
static void expect_whole(struct world *w)
{
    uint64_t cursor = 0;
    uint32_t deks = 0;
    struct ak_blob_place place;
    struct ak_epoch_key key;
    uint8_t hash[32];
    while (ak_engine_vault_next_blob(w->h.engine, &cursor, &place, hash)) {
        struct box_file *file = box_file(&box, place.blob_id);
        struct ak_blob_name name = ak_blob_name_of(&place);
        assert_true(ak_engine_vault_has_blob(w->h.engine, &name));
        assert_true(ak_engine_vault_has_place(w->h.engine, &place));
        place.blob_id[15] ^= 1;
        assert_false(ak_engine_vault_has_place(w->h.engine, &place));
        place.anchor[0] ^= 1;
        assert_false(ak_engine_vault_has_place(w->h.engine, &place));
        assert_non_null(file);
        assert_true(box_open_file(&box, file, value) != SIZE_MAX);
    }
    while (ak_engine_vault_next_dek(w->h.engine, &deks, &key)) {
        assert_true(ak_engine_vault_has_dek(w->h.engine, &key));
        assert_true(box_has_dek(&box, &key));
    }
}

static void first_put_begins_epoch_one(void **state)
{
    struct world *w = *state;
    uint64_t before = h_size(&w->h);
    assert_int_equal(put_text(w, "openrouter", NULL, "sk-1"), AK_CODE_OK);
    struct ak_msg_credential_reply reply = put_reply(w);
    assert_int_equal(reply.version, 1);
    assert_int_equal(reply.epoch, 1);
    assert_int_equal(reply.entry_index, before + 1);
    assert_false(ak_msg_has(&reply, AK_CREDENTIAL_REPLY_PATH));
    struct ak_entry entry;
    h_entry(&w->h, before, &entry);
    assert_int_equal(entry.type, AK_ENTRY_EPOCH_ROTATED);
    assert_int_equal(entry.from, 0);
    assert_int_equal(entry.to, 1);
    h_entry(&w->h, before + 1, &entry);
    assert_int_equal(entry.type, AK_ENTRY_BLOB_WRITTEN);
    assert_int_equal(entry.size, 4);
    assert_false(ak_entry_has(&entry, AK_F_LABEL));
    assert_memory_equal(entry.blob_id, reply.blob_id, 16);
    expect_read(w, "openrouter", NULL, 0, "sk-1");
    expect_whole(w);
}

static void values_of_each_size(void **state)
{
    struct world *w = *state;
    static uint8_t large[AK_LIMIT_VALUE];
    static const size_t lens[] = {0, 1, 1024, AK_LIMIT_VALUE - 1, AK_LIMIT_VALUE};
    for (size_t i = 0; i < sizeof large; i++) large[i] = (uint8_t)(i >> 3);
    for (size_t i = 0; i < AK_COUNT(lens); i++) {
        size_t len = 0;
        assert_int_equal(box_put(&w->h, &w->alice, "large", NULL, ak_span(large, lens[i])), AK_CODE_OK);
        assert_int_equal(
            box_read(&w->h, &w->alice.device, h_token(&w->alice), "large", NULL, 0, value, &len), AK_CODE_OK);
        assert_int_equal(len, lens[i]);
        assert_memory_equal(value, large, len);
    }
}

static void agent_reads_what_its_scope_names(void **state)
{
    struct world *w = *state;
    size_t len = 0;
    struct ak_entry entry;
    assert_int_equal(put_text(w, "openrouter", NULL, "of all"), AK_CODE_OK);
    assert_int_equal(put_text(w, "anthropic", NULL, "other"), AK_CODE_OK);
    assert_int_equal(agent_reads(w, &w->agent, "openrouter", NULL, &len), AK_CODE_OK);
    assert_memory_equal(value, "of all", 6);
    h_entry(&w->h, h_size(&w->h) - 1, &entry);
    assert_int_equal(entry.type, AK_ENTRY_CREDS_READ);
    assert_true(ak_span_eq(entry.label, AK_SPAN_LIT("agent-1")));
    assert_false(ak_entry_has(&entry, AK_F_OWNER));
    assert_int_equal(agent_reads(w, &w->agent, "anthropic", NULL, &len), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "scope");
    assert_int_equal(agent_reads(w, &w->agent, "not-there", NULL, &len), AK_CODE_DENIED);
    /* its own comes before the account's */
    assert_int_equal(put_text(w, "openrouter", "/agent-1", "its own"), AK_CODE_OK);
    assert_int_equal(agent_reads(w, &w->agent, "openrouter", NULL, &len), AK_CODE_OK);
    assert_memory_equal(value, "its own", 7);
    h_entry(&w->h, h_size(&w->h) - 1, &entry);
    assert_true(ak_span_eq(entry.owner, AK_SPAN_LIT("agent-1")));
    assert_int_equal(agent_reads(w, &w->agent, "openrouter", "/agent-1", &len), AK_CODE_OK);
    assert_int_equal(agent_reads(w, &w->agent, "openrouter", "/agent-2", &len), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "path_unknown");
    expect_read(w, "openrouter", NULL, 0, "of all");
    expect_read(w, "openrouter", "/agent-1", 0, "its own");
}

/* I8: names of another account lead nowhere. */
static void another_account_reads_nothing(void **state)
{
    struct world *w = *state;
    size_t len = 0;
    assert_int_equal(put_text(w, "openrouter", NULL, "alice's"), AK_CODE_OK);
    assert_int_equal(box_read(&w->h, &w->bob.device, h_token(&w->bob), "openrouter", NULL, 0, value, &len),
        AK_CODE_NOT_FOUND);
    assert_int_equal(
        box_read(&w->h, &w->bob.device, h_token(&w->bob), "openrouter", "/agent-1", 0, value, &len),
        AK_CODE_NOT_FOUND);
    assert_int_equal(box_delete(&w->h, &w->bob, "openrouter", NULL), AK_CODE_NOT_FOUND);
    assert_int_equal(box_rollback(&w->h, &w->bob, "openrouter", NULL, 1), AK_CODE_NOT_FOUND);
    assert_int_equal(box_put(&w->h, &w->bob, "openrouter", "/agent-1", AK_SPAN_LIT("x")), AK_CODE_NOT_FOUND);
    assert_int_equal(box_rotate(&w->h, &w->bob), AK_CODE_NOT_FOUND);
    assert_int_equal(box_destroy(&w->h, &w->bob, 1), AK_CODE_NOT_FOUND);
    assert_int_equal(box_put(&w->h, &w->bob, "openrouter", NULL, AK_SPAN_LIT("bob's")), AK_CODE_OK);
    expect_read(w, "openrouter", NULL, 0, "alice's");
}

static void hostile_names_are_refused(void **state)
{
    struct world *w = *state;
    static const char *const bad[] = {"-a", "A", "a_b", "..", "a.b", "a~"};
    size_t len = 0;
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        assert_int_equal(put_text(w, bad[i], NULL, "x"), AK_CODE_INVALID_REQUEST);
        enum ak_code code =
            box_read(&w->h, &w->alice.device, h_token(&w->alice), bad[i], NULL, 0, value, &len);
        assert_true(code == AK_CODE_DENIED || code == AK_CODE_INVALID_REQUEST);
    }
    assert_int_equal(put_text(w, "a", "/nobody", "x"), AK_CODE_NOT_FOUND);
    assert_int_equal(put_text(w, "a", "//", "x"), AK_CODE_INVALID_PATH);
    assert_int_equal(put_text(w, "a", "/agent-1/7", "x"), AK_CODE_GENERATION_CONFLICT);
    assert_int_equal(box.file_count, 0);
}

static void three_versions_are_kept(void **state)
{
    struct world *w = *state;
    size_t len = 0;
    static const char *const texts[] = {"v1", "v2", "v3", "v4"};
    for (size_t i = 0; i < 4; i++) assert_int_equal(put_text(w, "key", NULL, texts[i]), AK_CODE_OK);
    assert_int_equal(put_reply(w).version, 4);
    expect_read(w, "key", NULL, 0, "v4");
    expect_read(w, "key", NULL, 2, "v2");
    assert_int_equal(box_read(&w->h, &w->alice.device, h_token(&w->alice), "key", NULL, 1, value, &len),
        AK_CODE_NOT_FOUND);
    assert_int_equal(box.file_count, 4);
    assert_int_equal(box_drain(&w->h, &box), 0); /* a read that began before may still be at it */
    h_tick(&w->h, AK_STATE_DROP_MS);
    assert_int_equal(box_drain(&w->h, &box), 1);
    assert_int_equal(box.file_count, 3);
    /* back to v2: a new version, the same blob */
    assert_int_equal(box_rollback(&w->h, &w->alice, "key", NULL, 2), AK_CODE_OK);
    assert_int_equal(put_reply(w).version, 5);
    expect_read(w, "key", NULL, 0, "v2");
    expect_read(w, "key", NULL, 4, "v4");
    expect_read(w, "key", NULL, 3, "v3");
    assert_int_equal(box_rollback(&w->h, &w->alice, "key", NULL, 2), AK_CODE_NOT_FOUND);
    assert_int_equal(box_rollback(&w->h, &w->alice, "key", NULL, 5), AK_CODE_ALREADY_DONE);
    assert_int_equal(box_rollback(&w->h, &w->alice, "none", NULL, 5), AK_CODE_NOT_FOUND);
    h_tick(&w->h, AK_STATE_DROP_MS);
    assert_int_equal(box_drain(&w->h, &box), 0);
    assert_int_equal(box.file_count, 3);
    expect_whole(w);
    h_restart(&w->h, false);
    h_tick(&w->h, 60 * 1000); /* buckets begin empty after a crash */
    expect_read(w, "key", NULL, 3, "v3");
}

static void agents_ask_for_no_version(void **state)
{
    struct world *w = *state;
    size_t len = 0;
    assert_int_equal(put_text(w, "openrouter", NULL, "x"), AK_CODE_OK);
    assert_int_equal(
        box_read(&w->h, &w->agent.device, h_agent_token(&w->agent), "openrouter", NULL, 1, value, &len),
        AK_CODE_INVALID_REQUEST);
}

static void deleted_is_gone_and_comes_back_as_new(void **state)
{
    struct world *w = *state;
    size_t len = 0;
    assert_int_equal(put_text(w, "key", NULL, "one"), AK_CODE_OK);
    assert_int_equal(put_text(w, "key", NULL, "two"), AK_CODE_OK);
    assert_int_equal(box_delete(&w->h, &w->alice, "key", NULL), AK_CODE_OK);
    assert_int_equal(box_read(&w->h, &w->alice.device, h_token(&w->alice), "key", NULL, 0, value, &len),
        AK_CODE_NOT_FOUND);
    assert_int_equal(box_delete(&w->h, &w->alice, "key", NULL), AK_CODE_NOT_FOUND);
    h_tick(&w->h, AK_STATE_DROP_MS);
    assert_int_equal(box_drain(&w->h, &box), 2);
    assert_int_equal(box.file_count, 0);
    assert_int_equal(ak_engine_state(w->h.engine)->blob_count, 0);
    h_restart(&w->h, true);
    assert_int_equal(put_text(w, "key", NULL, "three"), AK_CODE_OK);
    assert_int_equal(put_reply(w).version, 3);
    assert_int_equal(ak_engine_state(w->h.engine)->blob_count, 1);
    assert_int_equal(account_of(w, &w->alice)->credential_count, 1);
}

/* ---- epochs ---- */

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

/* ---- many moves at once ---- */

static void put_many(struct world *w, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char service[16];
        (void)snprintf(service, sizeof service, "many-%u", i);
        assert_int_equal(put_text(w, service, NULL, "value"), AK_CODE_OK);
    }
}

static void many_are_moved_in_one_go(void **state)
{
    struct world *w = *state;
    put_many(w, 7);
    assert_int_equal(box_put(&w->h, &w->bob, "a", NULL, AK_SPAN_LIT("bob's")), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->bob), AK_CODE_OK);
    box.together = 5;
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_MOVE], 5);
    expect_read(w, "many-0", NULL, 0, "value"); /* one that waits is moved first, the rest with it */
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_MOVE], 8);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_MOVED), 8);
    expect_whole(w);
    h_tick(&w->h, AK_STATE_DROP_MS - 1);
    assert_false(box_background(&w->h, &box));
    h_tick(&w->h, 1);
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_DELETE_FILE], 5);
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_DELETE_FILE], 8);
    assert_int_equal(box.file_count, 8);
    assert_false(box_background(&w->h, &box));
}

/* Of a batch each is looked at again by itself: one was replaced meanwhile, one deleted, one is damaged. */
static void each_of_many_stands_alone(void **state)
{
    struct world *w = *state;
    static struct ak_vault_work works[8];
    struct ak_vault_result results[8];
    put_many(w, 4);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    assert_true(ak_engine_vault_next(w->h.engine, works));
    assert_int_equal(ak_engine_vault_more(w->h.engine, works, AK_COUNT(works)), 4);
    for (size_t i = 0; i < 4; i++) box_work(&box, &works[i], NULL, &results[i]);
    assert_int_equal(put_text(w, "many-0", NULL, "newer"), AK_CODE_OK);
    assert_int_equal(box_delete(&w->h, &w->alice, "many-1", NULL), AK_CODE_OK);
    for (size_t i = 0; i < 4; i++) {
        if (works[i].from.service[5] == '2') results[i].code = AK_VAULT_TAMPERED;
        ak_engine_vault_done(w->h.engine, &works[i], &results[i], NULL);
    }
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_MOVED), 1);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_REFUSED), 1);
    expect_read(w, "many-0", NULL, 0, "newer");
    expect_read(w, "many-3", NULL, 0, "value");
    assert_false(ak_engine_vault_next(w->h.engine, works)); /* the damaged one is passed over */
}

/* Values of 64 KiB: not more than a MiB of them together. */
static void many_have_a_bound_in_bytes(void **state)
{
    struct world *w = *state;
    static struct ak_vault_work works[AK_VAULT_TOGETHER];
    for (unsigned i = 0; i < 18; i++) {
        char service[16];
        (void)snprintf(service, sizeof service, "big-%u", i);
        assert_int_equal(box_put(&w->h, &w->alice, service, NULL, AK_SPAN_ARR(value)), AK_CODE_OK);
    }
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    assert_true(ak_engine_vault_next(w->h.engine, works));
    assert_int_equal(ak_engine_vault_more(w->h.engine, works, AK_COUNT(works)), 16);
    assert_int_equal(ak_engine_vault_more(w->h.engine, works, 1), 1);
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

/* ---- failures ---- */

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

/* ---- races ---- */

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

static void a_key_repeats_a_put_once(void **state)
{
    struct world *w = *state;
    uint8_t sealed[5 + AK_HPKE_TAG_LEN] = "value";
    struct ak_msg_credential_put_request request = {
        .service = AK_SPAN_LIT("a"), .sealed = AK_SPAN_ARR(sealed)};
    struct h_how how = {.key = "once"};
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CREDENTIAL_PUT, &request, &how),
            AK_CODE_OK);
        assert_int_equal(put_reply(w).version, 1);
    }
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_WRITTEN), 1);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    how.key = "twice";
    (void)box_drain(&w->h, &box);
    assert_int_equal(box_destroy(&w->h, &w->alice, 1), AK_CODE_OK);
    for (size_t i = 0; i < 2; i++)
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_EPOCH_ROTATE, NULL, &how),
            AK_CODE_OK);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_EPOCH_ROTATED), 3);
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

/* ---- limits and lists ---- */

static void number_of_credentials_is_bounded(void **state)
{
    (void)state;
    static struct h h;
    static struct h_person person;
    struct ak_engine_conf conf = h_conf();
    conf.vault_services_max = 3;
    h_open_with(&h, &conf);
    box_open(&box, &h);
    h_person(&h, &person, "alice", 1);
    char name[] = "s0";
    for (unsigned i = 0; i < 4; i++) {
        name[1] = (char)('0' + i);
        assert_int_equal(
            box_put(&h, &person, name, NULL, AK_SPAN_LIT("x")), i < 3 ? AK_CODE_OK : AK_CODE_STORAGE_FULL);
    }
    assert_int_equal(box_put(&h, &person, "s1", NULL, AK_SPAN_LIT("y")), AK_CODE_OK);
    assert_int_equal(box_delete(&h, &person, "s0", NULL), AK_CODE_OK);
    assert_int_equal(box_put(&h, &person, "s3", NULL, AK_SPAN_LIT("x")), AK_CODE_OK);
    ak_engine_storage_low(h.engine, true);
    assert_int_equal(box_put(&h, &person, "s3", NULL, AK_SPAN_LIT("x")), AK_CODE_STORAGE_FULL);
    h_device_done(&person.device);
    h_close(&h);
    box_close(&box);
}

static void lists_never_show_values(void **state)
{
    struct world *w = *state;
    struct ak_msg_credential_list_reply reply;
    struct ak_msg_credential_item item;
    size_t len = 0, count = 0;
    assert_int_equal(put_text(w, "anthropic", NULL, "secret-1"), AK_CODE_OK);
    assert_int_equal(put_text(w, "openrouter", NULL, "secret-2"), AK_CODE_OK);
    assert_int_equal(put_text(w, "openrouter", "/agent-1", "secret-3"), AK_CODE_OK);
    assert_int_equal(agent_reads(w, &w->agent, "openrouter", NULL, &len), AK_CODE_OK);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CREDENTIAL_LIST, NULL), AK_CODE_OK);
    assert_false(ak_span_contains(ak_buf_span(&w->h.out.body), AK_SPAN_LIT("secret")));
    h_reply(&w->h, &ak_credential_list_reply_msg, &reply);
    for (; ak_list_next(&reply.credentials, &ak_credential_item_msg, &item); count++) {
        assert_int_equal(item.size, 8);
        assert_int_equal(item.versions, 1);
        bool own = ak_msg_has(&item, AK_CREDENTIAL_ITEM_PATH);
        assert_int_equal(own, count == 2);
        if (own) assert_true(ak_span_eq(item.last_reader, AK_SPAN_LIT("/agent-1")));
        assert_int_equal(ak_msg_has(&item, AK_CREDENTIAL_ITEM_LAST_READ_AT), own);
    }
    assert_int_equal(count, 3);
    /* the agent sees its scope only */
    assert_int_equal(
        h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_CREDENTIAL_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_credential_list_reply_msg, &reply);
    for (count = 0; ak_list_next(&reply.credentials, &ak_credential_item_msg, &item); count++)
        assert_true(ak_span_eq(item.service, AK_SPAN_LIT("openrouter")));
    assert_int_equal(count, 2);
}

static void long_lists_come_in_pages(void **state)
{
    struct world *w = *state;
    enum { MANY = 2 * AK_WIRE_CREDENTIAL_PAGE + 1 };
    char name[16];
    size_t count = 0, pages = 0;
    for (unsigned i = 0; i < MANY; i++) {
        (void)snprintf(name, sizeof name, "s%u", i);
        assert_int_equal(put_text(w, name, i % 2 ? "/agent-1" : NULL, "x"), AK_CODE_OK);
    }
    struct ak_msg_credential_list_request request = {0};
    uint8_t cursor[160];
    for (bool more = true; more; pages++) {
        struct ak_msg_credential_list_reply reply;
        struct ak_msg_credential_item item;
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CREDENTIAL_LIST, &request),
            AK_CODE_OK);
        h_reply(&w->h, &ak_credential_list_reply_msg, &reply);
        while (ak_list_next(&reply.credentials, &ak_credential_item_msg, &item)) count++;
        more = ak_msg_has(&reply, AK_CREDENTIAL_LIST_REPLY_NEXT);
        if (more) memcpy(cursor, reply.next.ptr, reply.next.len);
        request.after = ak_span(cursor, reply.next.len);
        request.present = 1u << AK_CREDENTIAL_LIST_REQUEST_AFTER;
    }
    assert_int_equal(count, MANY);
    assert_int_equal(pages, 3);
    request.after = AK_SPAN_LIT("nothing");
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CREDENTIAL_LIST, &request),
        AK_CODE_NOT_FOUND);
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

static struct ak_msg_service_define_request definition(void)
{
    return (struct ak_msg_service_define_request){.service = AK_SPAN_LIT("openrouter"),
        .hosts = AK_SPAN_LIT("openrouter.ai"),
        .methods = AK_SPAN_LIT("GET,POST"),
        .path_prefixes = AK_SPAN_LIT("/api/v1/"),
        .inject = AK_SPAN_LIT("header"),
        .template = AK_SPAN_LIT("Authorization: Bearer {value}")};
}

static void services_are_defined_and_seen(void **state)
{
    struct world *w = *state;
    struct ak_msg_service_define_request define = definition();
    struct ak_msg_service_item item;
    struct ak_msg_service_list_reply list;
    struct ak_msg_service_show_request show = {.service = AK_SPAN_LIT("openrouter")};
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    define.service = AK_SPAN_LIT("anthropic");
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    define.inject = AK_SPAN_LIT("basic");
    define.template = AK_SPAN_EMPTY;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    h_restart(&w->h, false);
    h_tick(&w->h, 60 * 1000); /* buckets begin empty after a crash */
    assert_int_equal(
        h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SERVICE_SHOW, &show), AK_CODE_OK);
    h_reply(&w->h, &ak_service_item_msg, &item);
    assert_true(ak_span_eq(item.template, AK_SPAN_LIT("Authorization: Bearer {value}")));
    show.service = AK_SPAN_LIT("anthropic");
    assert_int_equal(h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SERVICE_SHOW, &show),
        AK_CODE_NOT_FOUND);
    assert_int_equal(
        h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_SERVICE_SHOW, &show), AK_CODE_NOT_FOUND);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_service_list_reply_msg, &list);
    size_t count = 0;
    for (; ak_list_next(&list.services, &ak_service_item_msg, &item); count++)
        if (count == 1) assert_true(ak_span_eq(item.inject, AK_SPAN_LIT("basic")));
    assert_int_equal(count, 2);
}

static void bad_definitions_are_refused(void **state)
{
    struct world *w = *state;
    for (unsigned i = 0; i < 6; i++) {
        struct ak_msg_service_define_request define = definition();
        if (i == 0) define.hosts = AK_SPAN_LIT("Openrouter.ai");
        if (i == 1) define.methods = AK_SPAN_LIT("get");
        if (i == 2) define.path_prefixes = AK_SPAN_LIT("/a/../b");
        if (i == 3) define.inject = AK_SPAN_LIT("cookie");
        if (i == 4) define.template = AK_SPAN_LIT("Bearer {value}");
        if (i == 5) define.service = AK_SPAN_LIT("Open");
        assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SERVICE_DEFINE, &define),
            AK_CODE_INVALID_REQUEST);
    }
}

static void delivery_key_is_the_same_after_a_start(void **state)
{
    struct world *w = *state;
    struct ak_msg_delivery_key_reply reply;
    uint8_t key[32];
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_DELIVERY_KEY, NULL), AK_CODE_OK);
        h_reply(&w->h, &ak_delivery_key_reply_msg, &reply);
        assert_int_equal(reply.kid.len, 16);
        if (i) assert_memory_equal(reply.public_key, key, 32);
        memcpy(key, reply.public_key, 32);
        h_restart(&w->h, true);
    }
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
    memcpy(remove.recovery_code, w->alice.recovery_code, 32);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    end_work(w, &work, sealed);
    assert_int_equal(w->h.out.code, AK_CODE_DEVICE_NOT_ENROLLED);
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_WRITTEN), 0);
    h_device_done(&phone.device);
}

/* What waits for an old epoch that cannot end holds up nobody else. */
static void a_stuck_account_holds_up_no_other(void **state)
{
    struct world *w = *state;
    struct ak_blob_name name = {.service_len = 1, .service = "a", .epoch = 1};
    assert_false(ak_engine_vault_has_blob(w->h.engine, &name));
    assert_int_equal(put_text(w, "a", NULL, "A"), AK_CODE_OK);
    assert_int_equal(put_text(w, "b", NULL, "B"), AK_CODE_OK);
    memcpy(name.home_wallet, w->alice.wallet, 20);
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

static void services_come_in_pages_and_are_bounded(void **state)
{
    (void)state;
    static struct h h;
    static struct h_person person;
    static char text[1024];
    struct ak_engine_conf conf = h_conf();
    struct ak_msg_service_define_request define = definition();
    struct ak_msg_service_list_request request = {0};
    struct ak_msg_service_list_reply reply;
    struct ak_msg_service_item item;
    char name[16];
    conf.vault_services_max = AK_WIRE_SERVICE_PAGE + 1;
    h_open_with(&h, &conf);
    h_person(&h, &person, "alice", 1);
    for (unsigned i = 0; i < AK_WIRE_SERVICE_PAGE + 2; i++) {
        (void)snprintf(name, sizeof name, "s%u", i);
        define.service = ak_span_str(name);
        enum ak_code code = h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_DEFINE, &define);
        assert_int_equal(code, i <= AK_WIRE_SERVICE_PAGE ? AK_CODE_OK : AK_CODE_STORAGE_FULL);
    }
    memset(text, 'a', sizeof text);
    text[0] = '/';
    define.service = AK_SPAN_LIT("s0");
    define.path_prefixes = define.template = AK_SPAN_ARR(text);
    define.inject = AK_SPAN_LIT("query");
    memcpy(text + 1, "k={value}", 9);
    define.path_prefixes = AK_SPAN_LIT("/v1");
    define.hosts = ak_span(text + 20, 200);
    define.template = ak_span(text + 1, 1000);
    assert_int_equal(
        h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_DEFINE, &define), AK_CODE_OK);
    define.hosts = AK_SPAN_EMPTY;
    static uint8_t hosts[1024];
    for (size_t i = 0; i < sizeof hosts; i++) hosts[i] = i % 2 ? ',' : 'a';
    define.hosts = ak_span(hosts, 1023);
    define.template = ak_span(text + 1, 1020);
    assert_int_equal(h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_DEFINE, &define),
        AK_CODE_INVALID_REQUEST);
    size_t count = 0;
    for (unsigned page = 0; page < 2; page++) {
        assert_int_equal(
            h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_LIST, &request), AK_CODE_OK);
        h_reply(&h, &ak_service_list_reply_msg, &reply);
        while (ak_list_next(&reply.services, &ak_service_item_msg, &item)) count++;
        assert_int_equal(ak_msg_has(&reply, AK_SERVICE_LIST_REPLY_NEXT), page == 0);
        request.after = page == 0 ? AK_SPAN_LIT("s19") : AK_SPAN_LIT("none");
        request.present = 1u << AK_SERVICE_LIST_REQUEST_AFTER;
    }
    assert_int_equal(count, AK_WIRE_SERVICE_PAGE + 1);
    assert_int_equal(
        h_call(&h, &person.device, h_token(&person), AK_CALL_SERVICE_LIST, &request), AK_CODE_NOT_FOUND);
    h_device_done(&person.device);
    h_close(&h);
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        VAULT_TEST(first_put_begins_epoch_one),
        VAULT_TEST(values_of_each_size),
        VAULT_TEST(agent_reads_what_its_scope_names),
        VAULT_TEST(another_account_reads_nothing),
        VAULT_TEST(hostile_names_are_refused),
        VAULT_TEST(three_versions_are_kept),
        VAULT_TEST(agents_ask_for_no_version),
        VAULT_TEST(deleted_is_gone_and_comes_back_as_new),
        VAULT_TEST(epoch_lives_and_ends),
        VAULT_TEST(roll_back_brings_a_value_into_the_new_epoch),
        VAULT_TEST(a_read_blob_moves_first),
        VAULT_TEST(many_are_moved_in_one_go),
        VAULT_TEST(each_of_many_stands_alone),
        VAULT_TEST(many_have_a_bound_in_bytes),
        VAULT_TEST(time_rotates_moves_and_destroys),
        VAULT_TEST(a_crash_between_erasure_and_its_entry),
        VAULT_TEST(suspensions_ask_for_a_new_epoch),
        VAULT_TEST(rotating_an_agents_key_leaves_its_credentials),
        VAULT_TEST(helper_failures_change_nothing),
        VAULT_TEST(background_waits_after_a_failure),
        VAULT_TEST(tampered_and_missing_are_recorded),
        VAULT_TEST(missing_in_the_sweep_is_recorded_once),
        VAULT_TEST(put_follows_the_epoch),
        VAULT_TEST(two_first_puts_share_the_first_epoch),
        VAULT_TEST(rights_that_ended_meanwhile_count),
        VAULT_TEST(two_rotations_at_once),
        VAULT_TEST(no_key_goes_before_its_moves_are_durable),
        VAULT_TEST(a_key_repeats_a_put_once),
        VAULT_TEST(a_key_repeats_a_put_on_its_way_once),
        cmocka_unit_test(number_of_credentials_is_bounded),
        VAULT_TEST(lists_never_show_values),
        VAULT_TEST(long_lists_come_in_pages),
        VAULT_TEST(epochs_are_listed_newest_first),
        VAULT_TEST(services_are_defined_and_seen),
        VAULT_TEST(bad_definitions_are_refused),
        VAULT_TEST(delivery_key_is_the_same_after_a_start),
        VAULT_TEST(a_blob_that_moved_under_a_read_is_no_tampering),
        VAULT_TEST(a_roll_back_that_lost_its_epoch_is_asked_again),
        VAULT_TEST(a_device_that_was_removed_meanwhile_stores_nothing),
        VAULT_TEST(a_stuck_account_holds_up_no_other),
        cmocka_unit_test(services_come_in_pages_and_are_bounded),
        VAULT_TEST(many_epochs_come_in_pages),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
