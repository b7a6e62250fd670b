/* What a refusal says (snapshot), and that foreign bytes neither break a terminal nor a shell (I19). */
#include "unit/policy/agent.h"

static struct ak_decision decide(const struct ak_policy_request *q, const struct ak_policy_record *r)
{
    struct ak_policy_now now = test_now();
    struct ak_decision d;
    ak_policy_decide(q, r, &now, &d);
    return d;
}

static void expect(const struct ak_policy_request *q, const struct ak_policy_record *r, const char *seen,
    const char *limit, const char *remedy)
{
    struct ak_decision d = decide(q, r);
    assert_string_equal(d.seen.text, seen);
    assert_string_equal(d.limit.text, limit);
    assert_string_equal(d.remedy.text, remedy);
}

static void test_path_rules(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    struct ak_policy_record r = test_agent();
    expect(&q, NULL, "/agent-1", "a path that the account's owner approved",
        "agentkeys-daemon pair --label agent-1");
    r.decommissioned = true;
    expect(&q, &r, "/agent-1 is decommissioned", "a decommissioned path never acts again",
        "agentkeys-daemon pair --label NEW-LABEL");
    r = test_agent();
    q.token_generation = 2;
    expect(&q, &r, "path_retired: token for /agent-1/2", "current: /agent-1/3",
        "agentkeys-daemon token --renew");
    q.has_token_generation = false;
    expect(&q, &r, "a token without generation", "current: /agent-1/3", "agentkeys-daemon token --renew");
    q.has_path_generation = true;
    q.path_generation = 2;
    expect(&q, &r, "path_retired: /agent-1/2", "current: /agent-1/3", "use /agent-1/3");
    q = test_request(AK_OP_SIGN_MESSAGE);
    r.suspended = true;
    expect(&q, &r, "/agent-1 is suspended", "an approved path that is not suspended",
        "agentkeys agents resume agent-1");
    r.active = false;
    expect(&q, &r, "/agent-1 is not approved yet", "an approved path that is not suspended",
        "agentkeys pair approve CODE");
    r.account_suspended = true;
    expect(
        &q, &r, "the account is suspended", "an account that is not suspended", "agentkeys account resume");
}

static void test_time_and_device(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    struct ak_policy_record r = test_agent();
    r.valid_until_ms = TEST_NOW_MS - 86400000;
    expect(&q, &r, "now 2026-01-01T00:00:00.000Z", "valid until 2025-12-31T00:00:00.000Z",
        "agentkeys agents policy agent-1 --valid-for 30d");
    r.valid_until_ms = 0;
    r.valid_until_height = 7;
    expect(&q, &r, "height 10", "valid until height 7", "agentkeys agents policy agent-1 --valid-for 30d");
    r = test_agent();
    q.thumbprint[0] ^= 1;
    expect(&q, &r, "another device key", "the device key approved for /agent-1",
        "agentkeys-daemon pair --label agent-1");
    uint8_t other[32] = {1};
    r = ak_policy_record_session(other, false, 0);
    expect(&q, &r, "another device key", "the device that the session was issued to", "agentkeys device add");
}

static void test_operations(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_NONE);
    struct ak_policy_record r = test_agent();
    expect(&q, &r, "an unknown operation", "only operations that are known", "agentkeys explain --help");
    q.operation = AK_OP_SIGN_MESSAGE;
    q.facts.content = AK_CONTENT_LIKE_SIWE;
    expect(&q, &r, "a message that reads like a sign-in", "sign-ins are signed by sign-siwe only",
        "give the whole EIP-4361 text, with cap:sign-siwe in the scope");
    q.facts.content = AK_CONTENT_OWN_STATEMENT;
    expect(&q, &r, "a statement in the name of AgentKeys", "no generic operation signs those",
        "none: nothing allows it");
    q.facts.content = AK_CONTENT_OWN_SITE;
    expect(&q, &r, "a sign-in to this service itself", "only an owner's session signs in here",
        "agentkeys init");
    q.facts.content = AK_CONTENT_OWN_AUDIENCE;
    expect(&q, &r, "a token for this service itself or its vault", "those are never minted",
        "name the cloud's audience, such as sts.amazonaws.com");
    q.facts.content = AK_CONTENT_PLAIN;
    q.session_on_agent_path = true;
    r = ak_policy_record_session(q.thumbprint, false, 0);
    expect(&q, &r, "a session asks for sign-message", "only the agent's own token acts for its path",
        "agentkeys-daemon sign");
}

static void test_scopes(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_TYPED_DATA);
    struct ak_policy_record r = test_agent();
    expect(&q, &r, "cap:sign-typed-data", "scope cap:sign-message,cap:sign-siwe?domain=a.example,openrouter",
        "agentkeys agents policy agent-1 --scope +cap:sign-typed-data");
    q = test_request(AK_OP_READ_CREDENTIAL);
    q.facts.service = AK_SPAN_LIT("github");
    r.scope = AK_SPAN_EMPTY;
    expect(&q, &r, "github", "an empty scope", "agentkeys agents policy agent-1 --scope +github");
    q.facts.service = AK_SPAN_LIT("$(reboot)\x1b[2J");
    expect(&q, &r, "$(reboot)?[2J", "an empty scope", "agentkeys agents policy agent-1 --scope +SERVICE");
    r = ak_policy_record_session(q.thumbprint, false, 0);
    expect(&q, &r, "$(reboot)?[2J", "a service name of a-z 0-9 -", "give a service name");
}

static void test_narrowings(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    struct ak_policy_record r = test_agent();
    q.facts.content = AK_CONTENT_BYTES;
    expect(&q, &r, "a digest approval: 32 bytes, or not UTF-8", "cap:sign-message",
        "agentkeys agents policy agent-1 --scope '+cap:sign-message?bytes=1'");
    struct ak_policy_record session = ak_policy_record_session(q.thumbprint, false, 0);
    expect(&q, &session, "a digest approval: 32 bytes, or not UTF-8", "cap:sign-message",
        "agentkeys pair approve CODE --scope 'cap:sign-message?bytes=1'");
    q = test_request(AK_OP_SIGN_SIWE);
    q.facts.domain = AK_SPAN_LIT("b.example:8443");
    expect(&q, &r, "domain b.example:8443", "cap:sign-siwe?domain=a.example",
        "agentkeys agents policy agent-1 --scope '+cap:sign-siwe?domain=b.example:8443'");
    q.facts.domain = AK_SPAN_LIT("b'; rm -rf ~ #");
    expect(&q, &r, "domain b'; rm -rf ~ #", "cap:sign-siwe?domain=a.example",
        "agentkeys agents policy agent-1 --scope '+cap:sign-siwe?domain=DOMAIN'");
    q.operation = AK_OP_OIDC;
    q.facts.aud = AK_SPAN_LIT("sts.amazonaws.com");
    r.scope = AK_SPAN_LIT("cap:oidc?aud=x");
    expect(&q, &r, "aud sts.amazonaws.com", "cap:oidc?aud=x",
        "agentkeys agents policy agent-1 --scope '+cap:oidc?aud=sts.amazonaws.com'");
    q.operation = AK_OP_SIGN_TYPED_DATA;
    q.facts.content = AK_CONTENT_PERMIT;
    r.scope = AK_SPAN_LIT("cap:sign-typed-data");
    expect(&q, &r, "a Permit", "cap:sign-typed-data", "none: nothing allows it yet");
}

static void test_tx(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_TX);
    struct ak_policy_record r = test_agent();
    r.scope = AK_SPAN_LIT("cap:sign-tx?chain=1");
    q.facts.tx = (struct ak_tx_facts){.chain = 8453, .priced = true};
    memset(q.facts.tx.cost, 0xff, 32);
    expect(&q, &r, "a transaction on chain 8453", "cap:sign-tx?chain=1",
        "agentkeys agents policy agent-1 --scope "
        "'+cap:sign-tx?chain=8453&to=0x0000000000000000000000000000000000000000&max-value="
        "115792089237316195423570985008687907853269984665640564039457584007913129639935'");
    memset(q.facts.tx.cost, 0, 32);
    q.facts.tx.creates = true;
    expect(&q, &r, "a transaction on chain 8453", "cap:sign-tx?chain=1",
        "agentkeys agents policy agent-1 --scope '+cap:sign-tx?chain=8453&max-value=0'");
    q.facts.tx.priced = false;
    expect(&q, &r, "unpriced calldata on chain 8453", "cap:sign-tx?chain=1", "none: nothing allows it yet");
    q.facts.tx.creates = false;
    r.scope = AK_SPAN_LIT("cap:sign-tx");
    expect(&q, &r, "unpriced calldata on chain 8453", "cap:sign-tx",
        "agentkeys agents policy agent-1 --scope "
        "'-cap:sign-tx,+cap:sign-tx?chain=8453&to=0x0000000000000000000000000000000000000000'");
}

static void test_waits(void **state)
{
    (void)state;
    struct ak_policy_request q = test_request(AK_OP_SIGN_MESSAGE);
    struct ak_policy_record r = test_agent();
    r.rate_per_min = 10;
    r.tat_us = TEST_SEEN_US + 66000000;
    expect(&q, &r, "every use of the last minute is taken", "10/min", "wait 12 s");
    r = test_agent();
    r.uses_per_day = 5;
    r.day = (struct ak_day_counter){TEST_SEEN_US, 5};
    expect(&q, &r, "5 uses today", "5/day", "wait 86400 s");
}

/* The remedy of a scope refusal, done, allows the use: what it says is true. */
static void test_remedy_mends(void **state)
{
    (void)state;
    static const struct {
        enum ak_operation operation;
        enum ak_content content;
        const char *scope;
        bool priced;
    } cases[] = {
        {AK_OP_SIGN_MESSAGE, AK_CONTENT_PLAIN, "", true},
        {AK_OP_SIGN_MESSAGE, AK_CONTENT_BYTES, "cap:sign-message", true},
        {AK_OP_SIGN_SIWE, AK_CONTENT_PLAIN, "openrouter", true},
        {AK_OP_SIGN_SIWE, AK_CONTENT_PLAIN, "cap:sign-siwe?domain=zz", true},
        {AK_OP_OIDC, AK_CONTENT_PLAIN, "", true},
        {AK_OP_OIDC, AK_CONTENT_PLAIN, "cap:oidc?aud=zz", true},
        {AK_OP_SIGN_TX, AK_CONTENT_PLAIN, "", true},
        {AK_OP_SIGN_TX, AK_CONTENT_PLAIN, "cap:sign-tx?chain=2", true},
        {AK_OP_SIGN_TX, AK_CONTENT_PLAIN, "cap:sign-tx?max-value=0", true},
        {AK_OP_SIGN_TX, AK_CONTENT_PLAIN, "cap:sign-tx", false},
        {AK_OP_SIGN_TYPED_DATA, AK_CONTENT_PLAIN, "", true},
        {AK_OP_READ_CREDENTIAL, AK_CONTENT_PLAIN, "", true},
    };
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_policy_record r = test_agent();
        struct ak_policy_request q = test_request(cases[i].operation);
        q.facts.content = cases[i].content;
        q.facts.aud = AK_SPAN_LIT("sts.amazonaws.com");
        q.facts.tx = (struct ak_tx_facts){.chain = 1, .priced = cases[i].priced, .cost = {[31] = 9}};
        r.scope = ak_span_str(cases[i].scope);
        struct ak_decision d = decide(&q, &r);
        assert_true(d.rule == AK_RULE_SCOPE || d.rule == AK_RULE_NARROWING);
        const char *edit = strstr(d.remedy.text, "--scope ");
        assert_non_null(edit);
        edit += strlen("--scope ");
        size_t len = strlen(edit);
        if (*edit == '\'') edit++, len -= 2;
        char out[AK_LIMIT_SCOPE_TEXT];
        struct ak_buf mended = AK_BUF_ARR(out);
        assert_int_equal(ak_scope_edit(r.scope, ak_span(edit, len), &mended, NULL), AK_OK);
        r.scope = ak_buf_span(&mended);
        assert_true(decide(&q, &r).allowed);
    }
}

/* Whatever bytes come in, texts are printable, bounded and terminated. */
static void test_foreign_bytes(void **state)
{
    (void)state;
    uint8_t junk[2048];
    for (size_t i = 0; i < sizeof junk; i++) junk[i] = (uint8_t)(i * 7);
    for (int op = 0; op <= AK_OP_COUNT; op++) {
        for (size_t len = 0; len <= sizeof junk; len = len * 2 + 1) {
            struct ak_policy_request q = test_request((enum ak_operation)op);
            q.label = q.facts.service = q.facts.domain = q.facts.aud = ak_span(junk, len);
            struct ak_policy_record r = test_agent();
            r.scope = AK_SPAN_LIT("cap:oidc?aud=a,cap:sign-siwe?domain=a");
            for (int with_record = 0; with_record < 2; with_record++) {
                struct ak_decision d = decide(&q, with_record ? &r : NULL);
                const struct ak_policy_text *texts[] = {&d.seen, &d.limit, &d.remedy};
                for (size_t t = 0; t < 3; t++) {
                    assert_int_equal(strlen(texts[t]->text), texts[t]->len);
                    for (size_t i = 0; i < texts[t]->len; i++) {
                        assert_true(texts[t]->text[i] >= 0x20 && texts[t]->text[i] < 0x7f);
                    }
                }
                assert_null(strpbrk(d.remedy.text, "$`\\;|<>\"#~*"));
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_path_rules),
        cmocka_unit_test(test_time_and_device), cmocka_unit_test(test_operations),
        cmocka_unit_test(test_scopes), cmocka_unit_test(test_narrowings), cmocka_unit_test(test_tx),
        cmocka_unit_test(test_waits), cmocka_unit_test(test_remedy_mends),
        cmocka_unit_test(test_foreign_bytes)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
