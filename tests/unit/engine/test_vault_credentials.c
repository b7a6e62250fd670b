/* Credentials through the engine: what storing, reading, listing, rolling back and deleting do, refuse and
 * record (I3, I8). */
#include "unit/engine/vault_world.h"

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

/* A put costs the disk before it has an entry: it is paid for before, whether it succeeds or not. */
static void puts_draw_on_the_budget_of_changes(void **state)
{
    struct world *w = *state;
    unsigned made = 0;
    box.fail = AK_VAULT_UNOPENED;
    assert_int_equal(put_text(w, "a", NULL, "x"), AK_CODE_INVALID_REQUEST);
    box.fail = AK_VAULT_DONE;
    for (; made < 2 * AK_ENGINE_CONTROL_PER_MINUTE; made++)
        if (put_text(w, "a", NULL, "x")) break;
    assert_int_equal(w->h.out.code, AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_in_range(made, AK_ENGINE_CONTROL_PER_MINUTE - 6, AK_ENGINE_CONTROL_PER_MINUTE - 1);
    struct ak_msg_error_reply error;
    h_error(&w->h, &error);
    assert_true(error.retry_after_secs >= 1);
    assert_int_equal(box.done[AK_VAULT_PUT], made); /* the refused one cost nothing */
    assert_int_equal(box_rollback(&w->h, &w->alice, "a", NULL, made - 1), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(box.done[AK_VAULT_ROTATE], 0);
    expect_read(w, "a", NULL, 0, "x");
    assert_int_equal(box_put(&w->h, &w->bob, "a", NULL, AK_SPAN_LIT("bob's")), AK_CODE_OK);
    h_tick(&w->h, error.retry_after_secs * 1000);
    assert_int_equal(put_text(w, "a", NULL, "y"), AK_CODE_OK);
}

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
        VAULT_TEST(a_key_repeats_a_put_once),
        VAULT_TEST(puts_draw_on_the_budget_of_changes),
        cmocka_unit_test(number_of_credentials_is_bounded),
        VAULT_TEST(lists_never_show_values),
        VAULT_TEST(long_lists_come_in_pages),
        VAULT_TEST(delivery_key_is_the_same_after_a_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
