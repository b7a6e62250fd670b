/* Tokens and proofs, one fault at a time (I9, I10, I15, I20). */
#include "core/token/token.h"
#include "unit/engine/world.h"

static enum ak_code account(
    struct world *w, struct h_device *device, struct ak_span token, const struct h_how *how)
{
    return h_call_how(&w->h, device, token, AK_CALL_ACCOUNT, NULL, how);
}

static enum ak_code suspend(struct world *w, const struct h_how *how)
{
    struct ak_msg_agent_change_request request = {.label = AK_SPAN_LIT("agent-1")};
    return h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_SUSPEND, &request, how);
}

static void test_no_token(void **state)
{
    struct world *w = *state;
    assert_int_equal(account(w, &w->alice.device, AK_SPAN_EMPTY, NULL), AK_CODE_UNAUTHORIZED);
    assert_int_equal(account(w, NULL, AK_SPAN_EMPTY, NULL), AK_CODE_UNAUTHORIZED);
    assert_int_equal(account(w, NULL, h_token(&w->alice), NULL), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(account(w, &w->alice.device, AK_SPAN_LIT("nonsense"), NULL), AK_CODE_INVALID_TOKEN);
}

static void test_every_altered_byte_of_a_token(void **state)
{
    struct world *w = *state;
    for (size_t i = 0; i < w->alice.token_len; i++) {
        uint8_t altered[AK_TOKEN_TEXT_MAX];
        memcpy(altered, w->alice.token, w->alice.token_len);
        altered[i] ^= i % 2 ? 1 : 4;
        struct h_how how = {.wrong_token = true, .proof_token = h_token(&w->alice)};
        enum ak_code code = account(w, &w->alice.device, ak_span(altered, w->alice.token_len), &how);
        assert_true(code == AK_CODE_INVALID_TOKEN || code == AK_CODE_TOKEN_EXPIRED);
    }
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), NULL), AK_CODE_OK);
}

/* I20: an agent's token where a session is asked for, and where the table says session only. */
static void test_agent_token_on_session_calls(void **state)
{
    struct world *w = *state;
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        const struct ak_call *call = ak_call_get(id);
        bool session = call->auth == AK_AUTH_CHANGE || (call->flags & AK_CALL_SESSION);
        if (!session) continue;
        uint64_t size = h_size(&w->h);
        struct h_how how = {.raw_body = true};
        assert_int_equal(h_call_how(&w->h, &w->agent.device, h_agent_token(&w->agent), id, NULL, &how),
            AK_CODE_INVALID_TOKEN);
        assert_int_equal(h_size(&w->h), size);
    }
}

static void test_a_token_where_none_belongs(void **state)
{
    struct world *w = *state;
    struct ak_msg_token_request request = {.label = AK_SPAN_LIT("agent-1")};
    memcpy(request.account, w->alice.anchor, 32);
    assert_int_equal(h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_TOKEN, &request),
        AK_CODE_INVALID_TOKEN);
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_TOKEN, &request), AK_CODE_PROOF_REQUIRED);
}

static void test_expired_and_early(void **state)
{
    struct world *w = *state;
    h_tick(&w->h, (AK_TOKEN_AGENT_SECS - 1) * 1000);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    h_tick(&w->h, 1000);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_TOKEN_EXPIRED);
    h_tick(&w->h, (AK_TOKEN_SESSION_SECS - AK_TOKEN_AGENT_SECS - 1) * UINT64_C(1000));
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), NULL), AK_CODE_OK);
    h_tick(&w->h, 1000);
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), NULL), AK_CODE_TOKEN_EXPIRED);
}

/* A token of an account that this ledger does not know (another worker's, a lost tail). */
static void test_token_of_an_unknown_account(void **state)
{
    struct world *w = *state;
    struct h other;
    struct h_person carol;
    h_open(&other);
    h_person(&other, &carol, "carol", 3);
    assert_int_equal(account(w, &carol.device, h_token(&carol), NULL), AK_CODE_INVALID_TOKEN);
    h_device_done(&carol.device);
    h_close(&other);
}

static void test_token_of_another_issuer(void **state)
{
    struct world *w = *state;
    struct h other;
    struct h_person alice;
    struct ak_engine_conf conf = h_conf();
    conf.issuer = AK_SPAN_LIT("https://other.example");
    h_open_with(&other, &conf);
    h_person(&other, &alice, "alice", 1);
    assert_int_equal(account(w, &alice.device, h_token(&alice), NULL), AK_CODE_INVALID_TOKEN);
    h_device_done(&alice.device);
    h_close(&other);
}

/* ---- proofs ---- */

static void test_proof_faults(void **state)
{
    struct world *w = *state;
    static const uint8_t bh[32] = {1};
    const struct {
        struct h_how how;
        enum ak_code code;
    } rows[] = {
        {{.no_proof = true}, AK_CODE_PROOF_REQUIRED},
        {{.raw_proof = true, .proof = AK_SPAN_LIT("a.b.c")}, AK_CODE_BAD_SIGNATURE},
        {{.method = "GET"}, AK_CODE_BAD_SIGNATURE},
        {{.method = "PUT"}, AK_CODE_BAD_SIGNATURE},
        {{.path = "/v1/agents/agent-1/resume"}, AK_CODE_BAD_SIGNATURE},
        {{.path = "/v1/agents/robot/suspend"}, AK_CODE_BAD_SIGNATURE},
        {{.path = "/v1/agents/agent-1/suspend/"}, AK_CODE_BAD_SIGNATURE},
        {{.proof_by = &w->bob.device}, AK_CODE_BAD_SIGNATURE},
        {{.wrong_token = true}, AK_CODE_BAD_SIGNATURE},
        {{.wrong_token = true, .proof_token = h_token(&w->bob)}, AK_CODE_BAD_SIGNATURE},
        {{.nonce = AK_SPAN_LIT("AAAAAAAAAAAAAAAAAAAAAA")}, AK_CODE_USE_DPOP_NONCE},
        {{.iat_shift = 301}, AK_CODE_NONCE_EXPIRED},
        {{.iat_shift = -301}, AK_CODE_NONCE_EXPIRED},
        {{.bh = bh}, AK_CODE_BAD_SIGNATURE},
        {{.no_bh = true}, AK_CODE_BAD_SIGNATURE},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        uint64_t size = h_size(&w->h);
        assert_int_equal(suspend(w, &rows[i].how), rows[i].code);
        assert_int_equal(h_size(&w->h), size);
    }
    struct h_how edge = {.iat_shift = -300};
    assert_int_equal(suspend(w, &edge), AK_CODE_OK);
}

/* The last proof with its first segment replaced, or with one byte of its signature altered. */
static enum ak_code with_altered_proof(struct world *w, const char *head)
{
    uint8_t text[AK_LIMIT_PROOF];
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(suspend(w, NULL), AK_CODE_OK);
    struct ak_span proof = ak_span(w->h.proof, w->h.proof_len);
    if (head) {
        ak_buf_put_str(&buf, head);
        proof = ak_span_sub(proof, ak_span_find(proof, 0, '.'), proof.len);
    }
    ak_buf_put(&buf, proof);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    if (!head) text[buf.len - 40] ^= text[buf.len - 40] == 'A' ? 'A' ^ 'B' : text[buf.len - 40] ^ 'A';
    struct h_how how = {.raw_proof = true, .proof = ak_buf_span(&buf)};
    return suspend(w, &how);
}

static void test_an_altered_signature(void **state)
{
    struct world *w = *state;
    struct ak_msg_error_reply error;
    assert_int_equal(with_altered_proof(w, NULL), AK_CODE_BAD_SIGNATURE);
    h_error(&w->h, &error);
    assert_true(ak_span_eq(error.message, AK_SPAN_LIT("the proof's signature does not verify")));
}

static void test_another_kind_of_head(void **state)
{
    struct world *w = *state;
    struct ak_msg_error_reply error;
    assert_int_equal(with_altered_proof(w, "eyJ0eXAiOiJKV1QifQ"), AK_CODE_BAD_SIGNATURE); /* {"typ":"JWT"} */
    h_error(&w->h, &error);
    assert_true(ak_span_starts(error.message, AK_SPAN_LIT("the proof's header is not")));
}

static void test_a_use_proved_by_another_key(void **state)
{
    struct world *w = *state;
    struct h_how how = {.proof_by = &w->bob.device};
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &how), AK_CODE_BAD_SIGNATURE);
}

static void test_a_body_that_is_no_message(void **state)
{
    struct world *w = *state;
    static const uint8_t bh[32] = {1};
    struct h_how how = {
        .raw_body = true, .body = AK_SPAN_LIT("\xff"), .bh = bh, .path = "/v1/agents/agent-1/suspend"};
    assert_int_equal(suspend(w, &how), AK_CODE_INVALID_REQUEST); /* no URL can be made of it */
    how.path = "/v1/pair/approve";                               /* the URL has no field */
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, NULL, &how),
        AK_CODE_INVALID_REQUEST);
}

/* I15: a gateway that changes one field of what was signed is refused. */
static void test_another_body_than_was_signed(void **state)
{
    struct world *w = *state;
    struct ak_msg_agent_policy_request shown = {.label = AK_SPAN_LIT("agent-1"),
        .scope = AK_SPAN_LIT("cap:sign-siwe"),
        .rate = 5,
        .present = 1u << AK_AGENT_POLICY_REQUEST_SCOPE | 1u << AK_AGENT_POLICY_REQUEST_RATE};
    struct ak_msg_agent_policy_request sent[3] = {shown, shown, shown};
    uint8_t body[512], meaning[32];
    struct ak_buf buf = AK_BUF_ARR(body);
    const struct ak_call *call = ak_call_get(AK_CALL_AGENT_POLICY);
    assert_int_equal(ak_msg_encode(call->request, &shown, &buf), AK_OK);
    assert_int_equal(ak_msg_meaning(call->request, call->name, ak_buf_span(&buf), meaning), AK_OK);
    sent[0].rate = 6;
    sent[1].scope = AK_SPAN_LIT("cap:sign-message");
    sent[2].present |= 1u << AK_AGENT_POLICY_REQUEST_VALID_UNTIL_AT;
    struct h_how how = {.bh = meaning};
    for (size_t i = 0; i < AK_COUNT(sent); i++)
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &sent[i], &how),
            AK_CODE_BAD_SIGNATURE);
    assert_int_equal(
        h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &shown, &how),
        AK_CODE_OK);
}

/* I10: a proof works once; in the slot after it, too; and never after a restart. */
static void test_replay(void **state)
{
    struct world *w = *state;
    uint8_t old[AK_LIMIT_PROOF];
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), NULL), AK_CODE_OK);
    struct h_how how = {.raw_proof = true, .proof = ak_span(old, w->h.proof_len)};
    memcpy(old, w->h.proof, w->h.proof_len);
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &how), AK_CODE_PROOF_REPLAYED);
    h_tick(&w->h, AK_NONCE_SLOT_MS);
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &how), AK_CODE_PROOF_REPLAYED);
    h_tick(&w->h, AK_NONCE_SLOT_MS);
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &how), AK_CODE_USE_DPOP_NONCE);
    struct h_how same = {.reuse_jti = true};
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), NULL), AK_CODE_OK);
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &same), AK_CODE_PROOF_REPLAYED);
    memcpy(old, w->h.proof, w->h.proof_len);
    how.proof = ak_span(old, w->h.proof_len);
    h_restart(&w->h, false);
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &how), AK_CODE_USE_DPOP_NONCE);
}

/* A proof that did not get in is not used up by the fault of the token beside it. */
static void test_a_refused_call_does_not_fill_the_replay_set(void **state)
{
    struct world *w = *state;
    struct h_how how = {.no_bh = true};
    assert_int_equal(suspend(w, &how), AK_CODE_BAD_SIGNATURE);
    struct h_how same = {.reuse_jti = true};
    assert_int_equal(suspend(w, &same), AK_CODE_OK);
}

/* ---- connections ---- */

static void test_proof_holds_for_a_connection(void **state)
{
    struct world *w = *state;
    struct h_how with = {.conn = 7}, without = {.conn = 7, .no_proof = true};
    struct h_how other = {.conn = 7 + AK_ENGINE_CONNS, .no_proof = true};
    struct h_how none = {.conn = 0, .no_proof = true};
    assert_int_equal(account(w, NULL, h_token(&w->alice), &without), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &with), AK_CODE_OK);
    assert_int_equal(account(w, NULL, h_token(&w->alice), &without), AK_CODE_OK);
    /* not for another device's token, connection or for none */
    assert_int_equal(account(w, NULL, h_token(&w->bob), &without), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(account(w, NULL, h_token(&w->alice), &other), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(account(w, NULL, h_token(&w->alice), &none), AK_CODE_PROOF_REQUIRED);
    /* ten minutes, not a millisecond more */
    h_tick(&w->h, AK_ENGINE_CONN_MS - 1);
    assert_int_equal(account(w, NULL, h_token(&w->alice), &without), AK_CODE_OK);
    h_tick(&w->h, 1);
    assert_int_equal(account(w, NULL, h_token(&w->alice), &without), AK_CODE_PROOF_REQUIRED);
    /* not after it was closed */
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &with), AK_CODE_OK);
    ak_engine_closed(w->h.engine, 8);
    assert_int_equal(account(w, NULL, h_token(&w->alice), &without), AK_CODE_OK);
    ak_engine_closed(w->h.engine, 7);
    assert_int_equal(account(w, NULL, h_token(&w->alice), &without), AK_CODE_PROOF_REQUIRED);
}

static void test_connections_by_transport(void **state)
{
    struct world *w = *state;
    for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_PLAIN; transport++) {
        struct h_how with = {.conn = transport, .transport = transport};
        struct h_how without = {.conn = transport, .transport = transport, .no_proof = true};
        assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &with), AK_CODE_OK);
        assert_int_equal(account(w, NULL, h_token(&w->alice), &without),
            transport == AK_TRANSPORT_PLAIN ? AK_CODE_PROOF_REQUIRED : AK_CODE_OK);
    }
}

/* A change takes a fresh proof whatever the connection has shown. */
static void test_a_change_is_never_proved_by_its_connection(void **state)
{
    struct world *w = *state;
    struct h_how with = {.conn = 7}, without = {.conn = 7, .no_proof = true};
    assert_int_equal(account(w, &w->alice.device, h_token(&w->alice), &with), AK_CODE_OK);
    assert_int_equal(suspend(w, &without), AK_CODE_PROOF_REQUIRED);
}

static void test_too_many_proofs(void **state)
{
    struct world *w = *state;
    struct ak_msg_pair_status_request request = {0};
    for (unsigned i = 0; i < AK_REPLAY_PLACES / 4 * 3 + 8; i++) {
        enum ak_code code = h_call(&w->h, &w->agent.device, AK_SPAN_EMPTY, AK_CALL_PAIR_STATUS, &request);
        if (code == AK_CODE_EXPIRED_REQUEST) continue;
        struct ak_msg_error_reply error;
        assert_int_equal(code, AK_CODE_RATE_LIMIT_EXCEEDED);
        h_error(&w->h, &error);
        assert_int_equal(error.retry_after_secs, 60);
        assert_true(i > 49000);
        return;
    }
    fail();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_no_token),
        WORLD_TEST(test_every_altered_byte_of_a_token),
        WORLD_TEST(test_agent_token_on_session_calls),
        WORLD_TEST(test_a_token_where_none_belongs),
        WORLD_TEST(test_expired_and_early),
        WORLD_TEST(test_token_of_an_unknown_account),
        WORLD_TEST(test_token_of_another_issuer),
        WORLD_TEST(test_proof_faults),
        WORLD_TEST(test_an_altered_signature),
        WORLD_TEST(test_another_kind_of_head),
        WORLD_TEST(test_a_use_proved_by_another_key),
        WORLD_TEST(test_a_body_that_is_no_message),
        WORLD_TEST(test_another_body_than_was_signed),
        WORLD_TEST(test_replay),
        WORLD_TEST(test_a_refused_call_does_not_fill_the_replay_set),
        WORLD_TEST(test_proof_holds_for_a_connection),
        WORLD_TEST(test_connections_by_transport),
        WORLD_TEST(test_a_change_is_never_proved_by_its_connection),
        WORLD_TEST(test_too_many_proofs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
