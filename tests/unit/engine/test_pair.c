/* Pairing: once, by whom it was shown to, as it was signed; codes, tables (I10, I15, I18). */
#include "unit/engine/world.h"

static enum ak_code ask(struct world *w, struct h_device *device, const char *label, const char *want,
    const uint8_t *account, uint64_t source, struct ak_msg_pair_reply *out_asked)
{
    struct ak_msg_pair_request request = {.label = ak_span_str(label), .want = ak_span_str(want)};
    if (want) request.present |= 1u << AK_PAIR_REQUEST_WANT;
    if (account) {
        memcpy(request.account, account, 32);
        request.present |= 1u << AK_PAIR_REQUEST_ACCOUNT;
    }
    struct h_how how = {.source = source};
    enum ak_code code = h_call_how(&w->h, device, AK_SPAN_EMPTY, AK_CALL_PAIR_REQUEST, &request, &how);
    static char kept[16];
    if (!code) {
        h_reply(&w->h, &ak_pair_reply_msg, out_asked);
        memcpy(kept, out_asked->pairing_code.ptr, out_asked->pairing_code.len);
        out_asked->pairing_code.ptr = (const uint8_t *)kept;
    }
    return code;
}

static struct ak_msg_pair_approve_request grant(const struct ak_msg_pair_reply *asked,
    const struct h_device *device, const char *label, const char *scope)
{
    struct ak_msg_pair_approve_request request = {.kind = AK_SPAN_LIT("agent"),
        .label = ak_span_str(label),
        .scope = ak_span_str(scope),
        .present = 1u << AK_PAIR_APPROVE_REQUEST_SCOPE};
    memcpy(request.request_id, asked->request_id, 16);
    memcpy(request.device, device->jkt, 32);
    return request;
}

static enum ak_code approve(
    struct world *w, struct h_person *by, const struct ak_msg_pair_approve_request *request)
{
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_PAIR_APPROVE, request);
}

static enum ak_code poll(struct world *w, struct h_device *device, const uint8_t id[16],
    struct ak_msg_pair_status_reply *out_reply)
{
    struct ak_msg_pair_status_request request;
    memcpy(request.id, id, 16);
    enum ak_code code = h_call(&w->h, device, AK_SPAN_EMPTY, AK_CALL_PAIR_STATUS, &request);
    if (!code) h_reply(&w->h, &ak_pair_status_reply_msg, out_reply);
    return code;
}

static enum ak_code list(struct world *w, struct h_person *by, struct ak_span code, size_t *out_count)
{
    struct ak_msg_pair_list_request request = {.code = code};
    struct ak_msg_pair_list_reply reply;
    struct ak_msg_pair_item item;
    if (code.len) request.present = 1u << AK_PAIR_LIST_REQUEST_CODE;
    enum ak_code result = h_call(&w->h, &by->device, h_token(by), AK_CALL_PAIR_LIST, &request);
    *out_count = 0;
    if (result) return result;
    h_reply(&w->h, &ak_pair_list_reply_msg, &reply);
    while (ak_list_next(&reply.requests, &ak_pair_item_msg, &item)) ++*out_count;
    return result;
}

static void test_approved_once_delivered_once(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    struct ak_msg_pair_status_reply reply;
    struct h_device device;
    size_t count = 0;
    h_device(&device, 30);
    assert_int_equal(ask(w, &device, "new", "openrouter", NULL, 1, &asked), AK_CODE_OK);
    assert_int_equal(asked.expires_in_seconds, 600);
    assert_int_equal(list(w, &w->alice, asked.pairing_code, &count), AK_CODE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(poll(w, &device, asked.request_id, &reply), AK_CODE_OK);
    assert_true(ak_span_eq(reply.status, AK_SPAN_LIT("pending")) && reply.agent_token.len == 0);
    struct ak_msg_pair_approve_request yes = grant(&asked, &device, "new", "openrouter");
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_OK);
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(approve(w, &w->bob, &yes), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(poll(w, &w->bob.device, asked.request_id, &reply), AK_CODE_NOT_FOUND);
    assert_int_equal(poll(w, &device, asked.request_id, &reply), AK_CODE_OK);
    assert_true(ak_span_eq(reply.status, AK_SPAN_LIT("approved")) && reply.agent_token.len > 0);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
    assert_int_equal(poll(w, &device, asked.request_id, &reply), AK_CODE_EXPIRED_REQUEST);
    h_device_done(&device);
}

/* I15: what is approved is exactly what was shown. */
static void test_approval_of_something_else(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    struct h_device device;
    h_device(&device, 30);
    assert_int_equal(ask(w, &device, "new", NULL, NULL, 1, &asked), AK_CODE_OK);
    struct ak_msg_pair_approve_request good = grant(&asked, &device, "new", ""), bad = good;
    bad.label = AK_SPAN_LIT("other");
    assert_int_equal(approve(w, &w->alice, &bad), AK_CODE_INVALID_REQUEST);
    bad = good;
    bad.kind = AK_SPAN_LIT("device");
    assert_int_equal(approve(w, &w->alice, &bad), AK_CODE_INVALID_REQUEST);
    for (size_t i = 0; i < 32; i++) {
        bad = good;
        bad.device[i] ^= 1;
        assert_int_equal(approve(w, &w->alice, &bad), AK_CODE_INVALID_REQUEST);
    }
    bad = good;
    bad.request_id[15] ^= 1;
    assert_int_equal(approve(w, &w->alice, &bad), AK_CODE_EXPIRED_REQUEST);
    bad = good;
    bad.scope = AK_SPAN_LIT("cap:rule-the-world");
    assert_int_equal(approve(w, &w->alice, &bad), AK_CODE_INVALID_REQUEST);
    bad = good;
    bad.valid_until_at = H_START_MS / 1000;
    bad.present |= 1u << AK_PAIR_APPROVE_REQUEST_VALID_UNTIL_AT;
    assert_int_equal(approve(w, &w->alice, &bad), AK_CODE_INVALID_REQUEST);
    assert_int_equal(approve(w, &w->alice, &good), AK_CODE_OK);
    h_device_done(&device);
}

static void test_addressed_requests(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    struct h_device device;
    size_t count = 0;
    h_device(&device, 30);
    assert_int_equal(ask(w, &device, "new", NULL, w->bob.anchor, 1, &asked), AK_CODE_OK);
    struct ak_msg_pair_approve_request yes = grant(&asked, &device, "new", "");
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_NOT_FOUND);
    struct ak_msg_pair_refuse_request no;
    memcpy(no.request_id, asked.request_id, 16);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_REFUSE, &no), AK_CODE_NOT_FOUND);
    assert_int_equal(list(w, &w->alice, asked.pairing_code, &count), AK_CODE_NOT_FOUND);
    assert_int_equal(list(w, &w->alice, AK_SPAN_EMPTY, &count), AK_CODE_OK);
    assert_int_equal(count, 0);
    assert_int_equal(list(w, &w->bob, AK_SPAN_EMPTY, &count), AK_CODE_OK);
    assert_int_equal(count, 1);
    assert_int_equal(approve(w, &w->bob, &yes), AK_CODE_OK);
    h_device_done(&device);
}

static void test_refused(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    struct ak_msg_pair_status_reply reply;
    struct h_device device;
    h_device(&device, 30);
    assert_int_equal(ask(w, &device, "new", NULL, NULL, 1, &asked), AK_CODE_OK);
    struct ak_msg_pair_refuse_request no;
    memcpy(no.request_id, asked.request_id, 16);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_REFUSE, &no), AK_CODE_OK);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_REFUSE, &no),
        AK_CODE_ALREADY_CONSUMED);
    struct ak_msg_pair_approve_request yes = grant(&asked, &device, "new", "");
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(poll(w, &device, asked.request_id, &reply), AK_CODE_OK);
    assert_true(ak_span_eq(reply.status, AK_SPAN_LIT("refused")) && reply.agent_token.len == 0);
    h_device_done(&device);
}

static void test_expiry_and_restart(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    struct ak_msg_pair_status_reply reply;
    struct h_device device;
    h_device(&device, 30);
    assert_int_equal(ask(w, &device, "new", NULL, NULL, 1, &asked), AK_CODE_OK);
    struct ak_msg_pair_approve_request yes = grant(&asked, &device, "new", "");
    h_tick(&w->h, 600 * 1000 - 1);
    assert_int_equal(poll(w, &device, asked.request_id, &reply), AK_CODE_OK);
    h_tick(&w->h, 1);
    assert_int_equal(poll(w, &device, asked.request_id, &reply), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(ask(w, &device, "new", NULL, NULL, 1, &asked), AK_CODE_OK);
    yes = grant(&asked, &device, "new", "");
    h_restart(&w->h, true);
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_EXPIRED_REQUEST);
    h_device_done(&device);
}

/* Approved, then not fetched before a crash: the agent's own device key fetches its token. */
static void test_approved_and_crashed(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    struct h_device device;
    h_device(&device, 30);
    assert_int_equal(ask(w, &device, "new", NULL, NULL, 1, &asked), AK_CODE_OK);
    struct ak_msg_pair_approve_request yes = grant(&asked, &device, "new", "");
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_OK);
    h_restart(&w->h, false);
    h_tick(&w->h, 61000);
    struct ak_msg_token_request token = {.label = AK_SPAN_LIT("new")};
    memcpy(token.account, w->alice.anchor, 32);
    assert_int_equal(h_call(&w->h, &device, AK_SPAN_EMPTY, AK_CALL_TOKEN, &token), AK_CODE_OK);
    h_device_done(&device);
}

static void test_labels_and_wishes(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    const char *bad[] = {"Agent", "-a", "a-", ".a", "a.", "_a", "a/b", "/a", "a b", "\xc3\xa4", "a/0"};
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        assert_int_equal(ask(w, &w->agent.device, bad[i], NULL, NULL, i, &asked), AK_CODE_INVALID_PATH);
    char label[66];
    memset(label, 'a', sizeof label);
    label[64] = 0;
    assert_int_equal(ask(w, &w->agent.device, label, NULL, NULL, 50, &asked), AK_CODE_OK);
    label[64] = 'a';
    label[65] = 0;
    uint8_t body[128];
    struct ak_buf buf = AK_BUF_ARR(body);
    ak_buf_put_u32(&buf, 65);
    ak_buf_put(&buf, ak_span(label, 65));
    ak_buf_put_u8(&buf, 0);
    ak_buf_put_u8(&buf, 0);
    struct h_how how = {.raw_body = true, .body = ak_buf_span(&buf)};
    assert_int_equal(h_call_how(&w->h, &w->agent.device, AK_SPAN_EMPTY, AK_CALL_PAIR_REQUEST, NULL, &how),
        AK_CODE_INVALID_REQUEST);
    assert_int_equal(ask(w, &w->agent.device, "a", "no such", NULL, 51, &asked), AK_CODE_INVALID_REQUEST);
    char wish[AK_ENGINE_WANT_MAX + 2] = "";
    for (char c = 'a'; strlen(wish) < AK_ENGINE_WANT_MAX - 63; c++) {
        size_t at = strlen(wish);
        if (at) wish[at++] = ',';
        size_t len = AK_ENGINE_WANT_MAX - at < 63 ? AK_ENGINE_WANT_MAX - at : 63;
        memset(wish + at, c, len);
    }
    size_t len = strlen(wish);
    assert_true(len <= AK_ENGINE_WANT_MAX && len > AK_ENGINE_WANT_MAX - 64);
    assert_int_equal(ask(w, &w->agent.device, "a", wish, NULL, 52, &asked), AK_CODE_OK);
    static char over[2048];
    (void)snprintf(
        over, sizeof over, "%s,%s", wish, "zz0000000000000000000000000000000000000000000000000000000");
    assert_int_equal(ask(w, &w->agent.device, "a", over, NULL, 53, &asked), AK_CODE_INVALID_REQUEST);
}

/* I18: 100 a source, 1000 a network, 10000 in all; full tables refuse new ones and keep the old. */
static void test_tables_are_bounded(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply first, asked;
    struct ak_msg_pair_status_reply reply;
    size_t count = 0;
    assert_int_equal(ask(w, &w->agent.device, "first", NULL, w->alice.anchor, 1, &first), AK_CODE_OK);
    for (unsigned i = 1; i < AK_LIMIT_PAIR_PENDING_SOURCE; i++)
        assert_int_equal(ask(w, &w->agent.device, "x", NULL, w->alice.anchor, 1, &asked), AK_CODE_OK);
    assert_int_equal(ask(w, &w->agent.device, "x", NULL, NULL, 1, &asked), AK_CODE_RATE_LIMIT_EXCEEDED);
    for (unsigned i = AK_LIMIT_PAIR_PENDING_SOURCE; i < AK_LIMIT_PAIR_PENDING; i++) {
        if (i % 2000 == 0) h_tick(&w->h, AK_NONCE_SLOT_MS);
        uint64_t net = 1 + i / AK_LIMIT_PAIR_PENDING_NET;
        assert_int_equal(
            ask(w, &w->agent.device, "x", NULL, NULL, net << 32 | (2 + i / 100), &asked), AK_CODE_OK);
    }
    assert_int_equal(
        ask(w, &w->agent.device, "x", NULL, NULL, UINT64_C(5000) << 32, &asked), AK_CODE_RATE_LIMIT_EXCEEDED);
    struct ak_msg_error_reply error;
    h_error(&w->h, &error);
    assert_true(error.retry_after_secs > 0);
    assert_int_equal(poll(w, &w->agent.device, first.request_id, &reply), AK_CODE_OK);
    assert_int_equal(list(w, &w->alice, AK_SPAN_EMPTY, &count), AK_CODE_OK);
    assert_int_equal(count, 50);
    struct ak_msg_pair_approve_request yes = grant(&first, &w->agent.device, "first", "");
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_OK);
    h_tick(&w->h, 600 * 1000);
    assert_int_equal(ask(w, &w->agent.device, "x", NULL, NULL, 1, &asked), AK_CODE_OK);
}

/* Ten wrong codes an hour an account; the right one is then refused too, other accounts are not. */
static void test_eleven_wrong_codes(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    size_t count = 0;
    assert_int_equal(ask(w, &w->agent.device, "new", NULL, NULL, 1, &asked), AK_CODE_OK);
    char code[AK_PAIR_CODE_TEXT_LEN];
    memcpy(code, asked.pairing_code.ptr, sizeof code);
    const char *wrong[] = {"AAAA-AAAA", "nonsense", "", "AAAAAAAAA", "0000-0000"};
    for (unsigned i = 0; i < AK_PAIR_WRONG_MAX; i++)
        assert_int_equal(
            list(w, &w->alice, ak_span_str(i % 5 == 2 ? "x" : wrong[i % 5]), &count), AK_CODE_NOT_FOUND);
    assert_int_equal(list(w, &w->alice, ak_span(code, sizeof code), &count), AK_CODE_RATE_LIMIT_EXCEEDED);
    struct ak_msg_error_reply error;
    h_error(&w->h, &error);
    assert_int_equal(error.retry_after_secs, 3600);
    assert_int_equal(list(w, &w->bob, ak_span(code, sizeof code), &count), AK_CODE_OK);
    for (int i = 0; i < 60; i++) h_tick(&w->h, 60000);
    assert_int_equal(list(w, &w->alice, ak_span(code, sizeof code), &count), AK_CODE_NOT_FOUND);
}

/* After a stolen device: approving a request for an agent that exists is a rotation onto the new device. The
 * policy is what the person said, and where nothing was said, what it was (I15). */
static void test_approval_for_an_agent_that_exists(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    struct ak_msg_pair_status_reply reply;
    struct h_device device;
    h_device(&device, 30);
    assert_int_equal(ask(w, &device, "agent-1", NULL, NULL, 1, &asked), AK_CODE_OK);
    struct ak_msg_pair_approve_request yes = grant(&asked, &device, "agent-1", WORLD_SCOPE);
    yes.present = 0;
    uint64_t size = h_size(&w->h);
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_OK);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_PATH_ROTATED), 1);
    assert_int_equal(h_count(&w->h, size, AK_ENTRY_POLICY_CHANGED), 0);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    /* the old device is out at once */
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_DENIED);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_DENIED);
    assert_int_equal(poll(w, &device, asked.request_id, &reply), AK_CODE_OK);
    assert_int_equal(reply.generation, 1);
    /* with a scope and a rate of its own */
    assert_int_equal(ask(w, &w->agent.device, "agent-1", NULL, NULL, 1, &asked), AK_CODE_OK);
    yes = grant(&asked, &w->agent.device, "agent-1", "openrouter");
    yes.rate = 7;
    yes.present |= 1u << AK_PAIR_APPROVE_REQUEST_RATE;
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_OK);
    struct ak_msg_agent_show_request show = {.label = AK_SPAN_LIT("agent-1")};
    struct ak_msg_agent_item item;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_SHOW, &show), AK_CODE_OK);
    h_reply(&w->h, &ak_agent_item_msg, &item);
    assert_true(ak_span_eq(item.scope, AK_SPAN_LIT("openrouter")));
    assert_int_equal(item.rate, 7);
    assert_int_equal(item.generation, 2);
    h_restart(&w->h, true);
    h_device_done(&device);
}

/* I6: a decommissioned label is never given again, by approval or invite. */
static void test_decommissioned_label(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "agent-1"), AK_CODE_OK);
    assert_int_equal(ask(w, &w->agent.device, "agent-1", NULL, NULL, 1, &asked), AK_CODE_OK);
    struct ak_msg_pair_approve_request yes = grant(&asked, &w->agent.device, "agent-1", "");
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_ALREADY_EXISTS);
    h_restart(&w->h, false);
    h_tick(&w->h, 61000);
    assert_int_equal(ask(w, &w->agent.device, "agent-1", NULL, NULL, 1, &asked), AK_CODE_OK);
    yes = grant(&asked, &w->agent.device, "agent-1", "");
    assert_int_equal(approve(w, &w->alice, &yes), AK_CODE_ALREADY_EXISTS);
    assert_int_equal(approve(w, &w->bob, &yes), AK_CODE_OK); /* a label of Bob's is another path */
    const unsigned calls[] = {AK_CALL_AGENT_SUSPEND, AK_CALL_AGENT_RESUME, AK_CALL_AGENT_ROTATE,
        AK_CALL_AGENT_POLICY, AK_CALL_AGENT_DECOMMISSION};
    for (size_t i = 0; i < AK_COUNT(calls); i++) {
        struct ak_msg_agent_policy_request policy = {.label = AK_SPAN_LIT("agent-1")};
        if (calls[i] == AK_CALL_AGENT_POLICY)
            assert_int_equal(
                h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &policy),
                AK_CODE_ALREADY_DONE);
        else
            assert_int_equal(h_change(&w->h, &w->alice, calls[i], "agent-1"), AK_CODE_ALREADY_DONE);
    }
}

/* An approval changes the policy and the device, or neither: the old device gets no new scope because the
 * budget ended between the two (I15). */
static void test_approval_is_whole(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_reply asked;
    struct ak_msg_agent_policy_request policy = {.label = AK_SPAN_LIT("agent-1"),
        .scope = AK_SPAN_LIT("openrouter"),
        .present = 1u << AK_AGENT_POLICY_REQUEST_SCOPE};
    struct h_device device;
    h_device(&device, 30);
    h_tick(&w->h, 60000);
    for (unsigned i = 1; i < AK_ENGINE_CONTROL_PER_MINUTE; i++)
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &policy), AK_CODE_OK);
    for (unsigned i = 0; i < 2; i++) { /* one change is left, then none */
        uint64_t size = h_size(&w->h);
        assert_int_equal(ask(w, &device, "agent-1", NULL, NULL, 1, &asked), AK_CODE_OK);
        struct ak_msg_pair_approve_request yes =
            grant(&asked, &device, "agent-1", i ? "cap:sign-message" : WORLD_SCOPE);
        assert_int_equal(approve(w, &w->alice, &yes), i ? AK_CODE_RATE_LIMIT_EXCEEDED : AK_CODE_OK);
        assert_int_equal(h_count(&w->h, size, AK_ENTRY_POLICY_CHANGED), 1 - i);
        assert_int_equal(h_count(&w->h, size, AK_ENTRY_PATH_ROTATED), 1 - i);
    }
    h_device_done(&device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_approved_once_delivered_once),
        WORLD_TEST(test_approval_of_something_else),
        WORLD_TEST(test_addressed_requests),
        WORLD_TEST(test_refused),
        WORLD_TEST(test_expiry_and_restart),
        WORLD_TEST(test_approved_and_crashed),
        WORLD_TEST(test_labels_and_wishes),
        WORLD_TEST(test_tables_are_bounded),
        WORLD_TEST(test_eleven_wrong_codes),
        WORLD_TEST(test_approval_for_an_agent_that_exists),
        WORLD_TEST(test_decommissioned_label),
        WORLD_TEST(test_approval_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
