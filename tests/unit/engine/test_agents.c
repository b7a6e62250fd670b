/* Agents' records: listing, showing, policy, rotation and its limits; tokens of what was (I5, I6). */
#include "unit/engine/world.h"

static enum ak_code show(struct world *w, struct h_device *device, struct ak_span token, const char *label,
    struct ak_msg_agent_item *out_item)
{
    struct ak_msg_agent_show_request request = {.label = ak_span_str(label)};
    enum ak_code code = h_call(&w->h, device, token, AK_CALL_AGENT_SHOW, &request);
    if (!code) h_reply(&w->h, &ak_agent_item_msg, out_item);
    return code;
}

static enum ak_code alice_shows(struct world *w, const char *label, struct ak_msg_agent_item *out_item)
{
    return show(w, &w->alice.device, h_token(&w->alice), label, out_item);
}

static enum ak_code policy(struct world *w, const struct ak_msg_agent_policy_request *request)
{
    return h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, request);
}

static enum ak_code change_at(struct world *w, unsigned call, const char *label, uint64_t generation)
{
    struct ak_msg_agent_change_request request = {.label = ak_span_str(label),
        .generation = generation,
        .present = 1u << AK_AGENT_CHANGE_REQUEST_GENERATION};
    return h_call(&w->h, &w->alice.device, h_token(&w->alice), call, &request);
}

static void test_show(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_item item;
    const char *spellings[] = {"agent-1", "/agent-1", "/agent-1/0"};
    for (size_t i = 0; i < AK_COUNT(spellings); i++)
        assert_int_equal(alice_shows(w, spellings[i], &item), AK_CODE_OK);
    assert_true(ak_span_eq(item.path, AK_SPAN_LIT("/agent-1/0")));
    assert_true(ak_span_eq(item.status, AK_SPAN_LIT("active")));
    assert_true(ak_span_eq(item.scope, AK_SPAN_LIT(WORLD_SCOPE)));
    assert_memory_equal(item.address, w->agent.address, 20);
    assert_memory_equal(item.device, w->agent.device.jkt, 32);
    assert_int_equal(item.rate, 100);
    assert_int_equal(item.uses_left, 99);
    assert_int_equal(item.key_version, 1);
    assert_int_equal(alice_shows(w, "/agent-1/1", &item), AK_CODE_GENERATION_CONFLICT);
    assert_int_equal(alice_shows(w, "robot", &item), AK_CODE_NOT_FOUND);
    assert_int_equal(alice_shows(w, "Agent", &item), AK_CODE_INVALID_PATH);
    assert_int_equal(alice_shows(w, "/agent-1/00", &item), AK_CODE_INVALID_PATH);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(alice_shows(w, "agent-1", &item), AK_CODE_OK);
    assert_true(ak_span_eq(item.status, AK_SPAN_LIT("suspended")));
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "agent-1"), AK_CODE_OK);
    assert_int_equal(alice_shows(w, "agent-1", &item), AK_CODE_OK);
    assert_true(ak_span_eq(item.status, AK_SPAN_LIT("decommissioned")));
}

/* I5: the token of a suspended, rotated or moved agent is refused by the calls that only read, too. */
static void test_reading_with_a_token_of_before(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_item item;
    struct ak_msg_audit_request audit = {0};
    struct ak_msg_inclusion_request inclusion = {.index = 9};
    const char *rules[] = {"active", "generation", "decommissioned"};
    for (int round = 0; round < 3; round++) {
        assert_int_equal(show(w, &w->agent.device, h_agent_token(&w->agent), "agent-1", &item), AK_CODE_OK);
        assert_int_equal(
            h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_AUDIT, &audit), AK_CODE_OK);
        unsigned call = round == 0   ? AK_CALL_AGENT_SUSPEND
                        : round == 1 ? AK_CALL_AGENT_ROTATE
                                     : AK_CALL_AGENT_DECOMMISSION;
        assert_int_equal(h_change(&w->h, &w->alice, call, "agent-1"), AK_CODE_OK);
        assert_int_equal(
            show(w, &w->agent.device, h_agent_token(&w->agent), "agent-1", &item), AK_CODE_DENIED);
        assert_string_equal(h_rule(&w->h), rules[round]);
        assert_int_equal(
            h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_AUDIT, &audit), AK_CODE_DENIED);
        assert_int_equal(
            h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_INCLUSION, &inclusion),
            AK_CODE_DENIED);
        if (round == 0)
            assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "agent-1"), AK_CODE_OK);
        if (round == 1) assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_OK);
    }
    struct ak_entry entry;
    h_entry(&w->h, h_size(&w->h) - 1, &entry);
    assert_int_equal(entry.type, AK_ENTRY_DENIED);
    assert_true(ak_span_eq(entry.operation, AK_SPAN_LIT("query")));
}

static void test_changes_and_repeats(void **state)
{
    struct world *w = *state;
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_RESUME, "agent-1"), AK_CODE_ALREADY_DONE);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "/agent-1"), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    struct ak_msg_agent_change_reply reply;
    h_reply(&w->h, &ak_agent_change_reply_msg, &reply);
    assert_true(ak_span_eq(reply.status, AK_SPAN_LIT("suspended")));
    struct ak_entry entry;
    h_entry(&w->h, reply.entry_index, &entry);
    assert_int_equal(entry.type, AK_ENTRY_PATH_SUSPENDED);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_ALREADY_DONE);
    assert_int_equal(change_at(w, AK_CALL_AGENT_RESUME, "agent-1", 1), AK_CODE_GENERATION_CONFLICT);
    assert_int_equal(change_at(w, AK_CALL_AGENT_RESUME, "agent-1", 0), AK_CODE_OK);
    assert_false(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "nobody"), AK_CODE_NOT_FOUND);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "robot"), AK_CODE_NOT_FOUND);
}

/* Two rotations that believe in the same generation: one wins. */
static void test_two_rotations(void **state)
{
    struct world *w = *state;
    assert_int_equal(change_at(w, AK_CALL_AGENT_ROTATE, "agent-1", 0), AK_CODE_OK);
    assert_int_equal(change_at(w, AK_CALL_AGENT_ROTATE, "agent-1", 0), AK_CODE_GENERATION_CONFLICT);
    assert_int_equal(
        h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "/agent-1/0"), AK_CODE_GENERATION_CONFLICT);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "/agent-1/1"), AK_CODE_OK);
    struct ak_msg_agent_change_reply reply;
    h_reply(&w->h, &ak_agent_change_reply_msg, &reply);
    assert_int_equal(reply.generation, 2);
    assert_true(ak_span_eq(reply.path, AK_SPAN_LIT("/agent-1/2")));
    /* each generation has its own key, and the entry names its address */
    struct ak_entry entry;
    h_entry(&w->h, reply.entry_index, &entry);
    assert_memory_equal(entry.address, reply.address, 20);
    assert_memory_not_equal(entry.address, w->agent.address, 20);
}

static void test_the_last_generation(void **state)
{
    struct world *w = *state;
    const struct ak_state *s = ak_engine_state(w->h.engine);
    uint32_t number = 0;
    assert_non_null(ak_state_account(s, w->alice.anchor, &number));
    struct ak_path_state *path = ak_state_path(s, number, AK_SPAN_LIT("agent-1"), NULL);
    path->generation = UINT32_MAX;
    uint64_t size = h_size(&w->h);
    assert_int_equal(
        h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1"), AK_CODE_GENERATION_EXHAUSTED);
    assert_int_equal(h_size(&w->h), size);
    path->generation = 0;
}

static void test_policy(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_item item;
    struct ak_msg_agent_policy_request request = {.label = AK_SPAN_LIT("agent-1"),
        .scope = AK_SPAN_LIT("cap:sign-message?bytes=1"),
        .present = 1u << AK_AGENT_POLICY_REQUEST_SCOPE};
    assert_int_equal(policy(w, &request), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(alice_shows(w, "agent-1", &item), AK_CODE_OK);
    assert_true(ak_span_eq(item.scope, request.scope));
    assert_int_equal(item.rate, 100);
    request.scope = AK_SPAN_LIT("+openrouter,-cap:sign-message?bytes=1");
    assert_int_equal(policy(w, &request), AK_CODE_OK);
    assert_int_equal(alice_shows(w, "agent-1", &item), AK_CODE_OK);
    assert_true(ak_span_eq(item.scope, AK_SPAN_LIT("openrouter")));
    const char *bad[] = {"+openrouter", "-nothing", "cap:x", "+a,b", "Upper"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        request.scope = ak_span_str(bad[i]);
        assert_int_equal(policy(w, &request), AK_CODE_INVALID_REQUEST);
    }
    request = (struct ak_msg_agent_policy_request){.label = AK_SPAN_LIT("agent-1"),
        .rate = 3,
        .valid_until_at = H_START_MS / 1000 + 60,
        .present = 1u << AK_AGENT_POLICY_REQUEST_RATE | 1u << AK_AGENT_POLICY_REQUEST_VALID_UNTIL_AT};
    assert_int_equal(policy(w, &request), AK_CODE_OK);
    assert_int_equal(alice_shows(w, "agent-1", &item), AK_CODE_OK);
    assert_true(ak_span_eq(item.scope, AK_SPAN_LIT("openrouter")));
    assert_int_equal(item.rate, 3);
    assert_int_equal(item.valid_until_at, H_START_MS / 1000 + 60);
    h_tick(&w->h, 60000);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "valid_until");
    request.valid_until_at = 0;
    assert_int_equal(policy(w, &request), AK_CODE_OK);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_OK);
    assert_int_equal(alice_shows(w, "agent-1", &item), AK_CODE_OK);
    assert_false(ak_msg_has(&item, AK_AGENT_ITEM_VALID_UNTIL_AT));
    request.label = AK_SPAN_LIT("robot");
    assert_int_equal(policy(w, &request), AK_CODE_NOT_FOUND);
    h_restart(&w->h, true);
}

static void test_list_in_pages(void **state)
{
    struct world *w = *state;
    struct h_agent more;
    char last[AK_LIMIT_LABEL + 1] = "";
    char label[AK_LIMIT_LABEL + 1];
    for (unsigned i = 0; i < 44; i++) {
        (void)snprintf(label, sizeof label, "agent-%u", 100 + i);
        h_agent(&w->h, &w->alice, &more, 50, label, "", 0);
        h_device_done(&more.device);
    }
    unsigned pages = 0, items = 0;
    for (bool go_on = true; go_on; pages++) {
        struct ak_msg_agent_list_request request = {.after = ak_span_str(last)};
        struct ak_msg_agent_list_reply reply;
        struct ak_msg_agent_item item;
        if (last[0]) request.present = 1u << AK_AGENT_LIST_REQUEST_AFTER;
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LIST, &request), AK_CODE_OK);
        h_reply(&w->h, &ak_agent_list_reply_msg, &reply);
        while (ak_list_next(&reply.agents, &ak_agent_item_msg, &item)) items++;
        go_on = ak_msg_has(&reply, AK_AGENT_LIST_REPLY_NEXT);
        memset(last, 0, sizeof last);
        if (go_on) memcpy(last, reply.next.ptr, reply.next.len);
    }
    assert_int_equal(pages, 3);
    assert_int_equal(items, 45);
    struct ak_msg_agent_list_request request = {
        .after = AK_SPAN_LIT("robot"), .present = 1u << AK_AGENT_LIST_REQUEST_AFTER};
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LIST, &request), AK_CODE_NOT_FOUND);
}

/* Twenty agents with the longest scopes and labels fit one page. */
static void test_the_largest_page(void **state)
{
    struct world *w = *state;
    char scope[AK_LIMIT_SCOPE_TEXT + 1] = "";
    for (unsigned i = 0; i < 31; i++) { /* 31 services of 63 characters, 1983 bytes */
        size_t at = strlen(scope);
        (void)snprintf(scope + at, sizeof scope - at, "%ss%061u%c", i ? "," : "", i, 'x');
    }
    for (unsigned i = 0; i < 20; i++) {
        char label[AK_LIMIT_LABEL + 1];
        struct h_agent more;
        (void)snprintf(label, sizeof label, "a%062u%c", i, 'z');
        h_agent(&w->h, &w->bob, &more, 50, label, scope, 0);
        h_device_done(&more.device);
    }
    struct ak_msg_agent_list_request request = {0};
    assert_int_equal(
        h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_AGENT_LIST, &request), AK_CODE_OK);
    h_restart(&w->h, true);
}

static void test_tokens(void **state)
{
    struct world *w = *state;
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_OK);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    struct ak_entry entry;
    h_entry(&w->h, h_size(&w->h) - 2, &entry);
    assert_int_equal(entry.type, AK_ENTRY_AGENT_TOKEN_ISSUED);
    assert_int_equal(entry.expires_at_ms, H_START_MS + AK_TOKEN_AGENT_SECS * 1000);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "active");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_show),
        WORLD_TEST(test_reading_with_a_token_of_before),
        WORLD_TEST(test_changes_and_repeats),
        WORLD_TEST(test_two_rotations),
        WORLD_TEST(test_the_last_generation),
        WORLD_TEST(test_policy),
        WORLD_TEST(test_list_in_pages),
        WORLD_TEST(test_the_largest_page),
        WORLD_TEST(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
