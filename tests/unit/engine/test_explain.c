/* explain says what the call would say, and leaves nothing behind. */
#include "unit/engine/world.h"

static enum ak_code explain(struct world *w, struct h_device *device, struct ak_span token,
    const struct ak_msg_explain_request *request, struct ak_msg_explain_reply *out_reply)
{
    uint8_t before[32], after[32];
    h_settle(&w->h);
    uint64_t size = h_size(&w->h);
    h_state_hash(w->h.engine, before);
    enum ak_code code = h_call(&w->h, device, token, AK_CALL_EXPLAIN, request);
    assert_int_equal(h_size(&w->h), size);
    h_state_hash(w->h.engine, after);
    assert_memory_equal(before, after, 32);
    memset(out_reply, 0, sizeof *out_reply);
    if (!code) h_reply(&w->h, &ak_explain_reply_msg, out_reply);
    return code;
}

/* The same message asked and then done, by agent and by owner; an owner who names a path asks as its agent.
 */
static void test_equals_what_is_done(void **state)
{
    struct world *w = *state;
    char siwe[4][1024];
    uint8_t digest[33], text[33] = "0123456789abcdef0123456789abcdef";
    memset(digest, 0xee, sizeof digest);
    struct world_siwe good = {0}, evil = {.domain = "evil.example"}, own = {.domain = "127.0.0.1:8092"};
    size_t len[4] = {world_siwe(&good, w->agent.address, siwe[0], 1024),
        world_siwe(&evil, w->agent.address, siwe[1], 1024), world_siwe(&own, w->agent.address, siwe[2], 1024),
        world_siwe(&good, w->bob.wallet, siwe[3], 1024)};
    const struct ak_span messages[] = {AK_SPAN_LIT("hello"), AK_SPAN_LIT("AgentKeys x"), ak_span(digest, 20),
        ak_span(text, 32), ak_span(siwe[0], len[0]), ak_span(siwe[1], len[1]), ak_span(siwe[2], len[2]),
        ak_span(siwe[3], len[3]), AK_SPAN_LIT("wants you to sign in with your")};
    const char *paths[] = {NULL, "/agent-1", "/agent-1/0", "/agent-1/7", "/other", "not a path"};
    for (int suspended = 0; suspended < 2; suspended++) {
        if (suspended)
            assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
        for (size_t m = 0; m < AK_COUNT(messages); m++)
            for (size_t p = 0; p < AK_COUNT(paths); p++)
                for (int agent = 0; agent < 2; agent++) {
                    struct h_device *device = agent ? &w->agent.device : &w->alice.device;
                    struct ak_span token = agent ? h_agent_token(&w->agent) : h_token(&w->alice);
                    struct ak_msg_explain_request ask = {.message = messages[m],
                        .path = ak_span_str(paths[p]),
                        .present = 1u << AK_EXPLAIN_REQUEST_MESSAGE};
                    struct ak_msg_sign_request sign = {.message = messages[m], .path = ask.path};
                    struct ak_msg_explain_reply reply;
                    memcpy(sign.omni_account, w->alice.anchor, 32);
                    if (paths[p]) ask.present |= 1u << AK_EXPLAIN_REQUEST_PATH;
                    if (paths[p]) sign.present |= 1u << AK_SIGN_REQUEST_PATH;
                    enum ak_code said = explain(w, device, token, &ask, &reply);
                    char rule[33] = {0};
                    if (reply.rule.len) memcpy(rule, reply.rule.ptr, reply.rule.len);
                    bool allow = !said && ak_span_eq(reply.decision, AK_SPAN_LIT("allow"));
                    bool as_agent = !agent && p > 0 && p < 5;
                    /* an owner who names an agent's path asks what that agent may do */
                    if (as_agent) {
                        device = &w->agent.device;
                        token = h_agent_token(&w->agent);
                    }
                    enum ak_code done = h_call(&w->h, device, token, AK_CALL_SIGN_MESSAGE, &sign);
                    /* a suspended agent is refused before its message is read */
                    if (said && suspended && as_agent)
                        assert_true(done == said || done == AK_CODE_DENIED);
                    else if (said)
                        assert_int_equal(done, said);
                    else
                        assert_int_equal(done, allow ? AK_CODE_OK : AK_CODE_DENIED);
                    if (!said && !allow) assert_string_equal(h_rule(&w->h), rule);
                    if (m % 3 == 0) h_tick(&w->h, 2000);
                }
    }
}

static void test_named_operations(void **state)
{
    struct world *w = *state;
    const struct {
        const char *operation, *domain, *rule;
    } rows[] = {
        {"sign-message", NULL, ""}, {"sign-siwe", "example.org", ""},
        {"sign-siwe", "evil.example", "narrowing"}, {"sign-siwe", NULL, "narrowing"},
        {"sign-typed-data", NULL, "scope"}, {"derive-address", NULL, ""}, {"openrouter", NULL, ""},
        {"anthropic", NULL, "scope"}, {"Export Key!", NULL, "operation"}, /* I4 */
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct ak_msg_explain_reply reply;
        struct ak_msg_explain_request ask = {.operation = ak_span_str(rows[i].operation),
            .domain = ak_span_str(rows[i].domain),
            .present = 1u << AK_EXPLAIN_REQUEST_OPERATION};
        if (rows[i].domain) ask.present |= 1u << AK_EXPLAIN_REQUEST_DOMAIN;
        assert_int_equal(explain(w, &w->agent.device, h_agent_token(&w->agent), &ask, &reply), AK_CODE_OK);
        assert_true(ak_span_eq(reply.rule, ak_span_str(rows[i].rule)));
        assert_true(ak_span_eq(reply.decision, rows[i].rule[0] ? AK_SPAN_LIT("deny") : AK_SPAN_LIT("allow")));
        if (rows[i].rule[0]) assert_true(reply.seen.len && reply.limit.len && reply.remedy.len);
    }
    struct ak_msg_explain_reply reply;
    struct ak_msg_explain_request nothing = {.present = 0};
    assert_int_equal(
        explain(w, &w->agent.device, h_agent_token(&w->agent), &nothing, &reply), AK_CODE_INVALID_REQUEST);
}

static void test_digest_approval_is_called_what_it_is(void **state)
{
    struct world *w = *state;
    struct ak_msg_explain_reply reply;
    struct ak_msg_explain_request ask = {.message = AK_SPAN_LIT("0123456789abcdef0123456789abcdef"),
        .present = 1u << AK_EXPLAIN_REQUEST_MESSAGE};
    assert_int_equal(explain(w, &w->agent.device, h_agent_token(&w->agent), &ask, &reply), AK_CODE_OK);
    assert_true(ak_span_contains(reply.note, AK_SPAN_LIT("approves a digest")));
    assert_true(ak_span_eq(reply.rule, AK_SPAN_LIT("narrowing")));
}

static void test_rate(void **state)
{
    struct world *w = *state;
    struct ak_msg_explain_reply reply;
    struct ak_msg_explain_request ask = {
        .operation = AK_SPAN_LIT("sign-message"), .present = 1u << AK_EXPLAIN_REQUEST_OPERATION};
    while (h_agent_sign(&w->h, &w->agent, "x") == AK_CODE_OK) continue;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(explain(w, &w->agent.device, h_agent_token(&w->agent), &ask, &reply), AK_CODE_OK);
        assert_true(ak_span_eq(reply.rule, AK_SPAN_LIT("rate")) && reply.retry_after_secs == 1);
    }
    h_tick(&w->h, 600);
    assert_int_equal(explain(w, &w->agent.device, h_agent_token(&w->agent), &ask, &reply), AK_CODE_OK);
    assert_true(ak_span_eq(reply.decision, AK_SPAN_LIT("allow")));
    assert_int_equal(explain(w, &w->agent.device, h_agent_token(&w->agent), &ask, &reply), AK_CODE_OK);
    assert_true(ak_span_eq(reply.decision, AK_SPAN_LIT("allow"))); /* asking took nothing */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_equals_what_is_done),
        WORLD_TEST(test_named_operations),
        WORLD_TEST(test_digest_approval_is_called_what_it_is),
        WORLD_TEST(test_rate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
