/* I8: whatever ids of another account stand in a request, its data stay out of reach. Bob's token meets
 * Alice's ids in every call of the table. */
#include "unit/engine/world.h"

/* A request full of Alice's ids for any call: fields are filled by name and kind. */
struct any {
    uint64_t words[64];
};

static void put_fixed(const struct ak_field *field, struct any *out, const void *bytes, size_t len)
{
    memcpy((uint8_t *)out + field->offset, bytes, len);
}

static void put_span(const struct ak_field *field, struct any *out, const char *text)
{
    struct ak_span span = ak_span_str(text);
    memcpy((uint8_t *)out + field->offset, &span, sizeof span);
}

static uint64_t entry_of_alice(const struct world *w)
{
    struct ak_entry entry = {0};
    uint64_t index = 0;
    for (; index < h_size(&w->h); index++) {
        h_entry(&w->h, index, &entry);
        if (entry.has_anchor && memcmp(entry.anchor, w->alice.anchor, 32) == 0) break;
    }
    assert_true(index < h_size(&w->h));
    return index;
}

static void fill(const struct world *w, const struct ak_msg *msg, const uint8_t pair_id[16],
    const char *pair_code, struct any *out)
{
    uint32_t present = 0;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < msg->count; i++) {
        const struct ak_field *field = &msg->fields[i];
        uint64_t number = field->min;
        bool put = true;
        if (!strcmp(field->name, "omni_account") || !strcmp(field->name, "account"))
            put_fixed(field, out, w->alice.anchor, 32);
        else if (!strcmp(field->name, "request_id") || (!strcmp(field->name, "id") && field->max == 16))
            put_fixed(field, out, pair_id, 16);
        else if (!strcmp(field->name, "id") || !strcmp(field->name, "device"))
            put_fixed(field, out, w->alice.device.jkt, 32);
        else if (!strcmp(field->name, "path"))
            put_span(field, out, "/agent-1");
        else if (!strcmp(field->name, "label") || !strcmp(field->name, "after"))
            put_span(field, out, "agent-1");
        else if (!strcmp(field->name, "code"))
            put_span(field, out, pair_code);
        else if (!strcmp(field->name, "kind"))
            put_span(field, out, "device");
        else if (!strcmp(field->name, "name"))
            put_span(field, out, "mine");
        else if (!strcmp(field->name, "what"))
            put_span(field, out, "device-remove");
        else if (!strcmp(field->name, "operation"))
            put_span(field, out, "sign-message");
        else if (!strcmp(field->name, "aud"))
            put_span(field, out, "sts.amazonaws.com");
        else if (!strcmp(field->name, "identity"))
            put_span(field, out, "email:alice@demo.example");
        else if (!strcmp(field->name, "message_hex"))
            put_span(field, out, "hello");
        else if (!strcmp(field->name, "service") || !strcmp(field->name, "inject"))
            put_span(field, out, "openrouter");
        else if (field->kind == AK_KIND_TEXTS && !(field->flags & AK_MSG_OPTIONAL))
            put_span(field, out, "a.example");
        else if (!strcmp(field->name, "sealed") || !strcmp(field->name, "trust"))
            put_span(field, out, "sixteen bytes of");
        else if (!strcmp(field->name, "identity_type"))
            put_span(field, out, "email");
        else if (!strcmp(field->name, "identity_value"))
            put_span(field, out, "alice@demo.example");
        else if (!strcmp(field->name, "index") || !strcmp(field->name, "size")) {
            number = entry_of_alice(w) + (field->name[0] == 's');
            put_fixed(field, out, &number, sizeof number);
        } else if (field->kind == AK_KIND_U64)
            put_fixed(field, out, &number, sizeof number);
        else
            put = !(field->flags & AK_MSG_OPTIONAL);
        if (put) present |= 1u << i;
    }
    memcpy(out, &present, sizeof present);
}

/* Calls that say nothing of an account, or only of the caller's own, and may so succeed. */
static bool may_succeed(unsigned id)
{
    switch (id) {
    case AK_CALL_LOGOUT:
    case AK_CALL_ACCOUNT:
    case AK_CALL_ACCOUNT_SUSPEND:
    case AK_CALL_RECOVERY_LIST:
    case AK_CALL_DEVICE_REQUEST:
    case AK_CALL_DEVICE_LIST:
    case AK_CALL_PAIR_REQUEST:
    case AK_CALL_PAIR_INVITE:    /* of the label, in the caller's account */
    case AK_CALL_MINT_OIDC_JWT:  /* of the caller itself */
    case AK_CALL_EXPLAIN:        /* answers path_unknown */
    case AK_CALL_CREDENTIAL_PUT: /* these of the caller's own account */
    case AK_CALL_CREDENTIAL_LIST:
    case AK_CALL_SERVICE_DEFINE:
    case AK_CALL_SERVICE_LIST:
    case AK_CALL_EPOCH_LIST:
    case AK_CALL_LINK_LIST:
    case AK_CALL_AUDIT:
    case AK_CALL_CHECKPOINT:
    case AK_CALL_CHECKPOINT_SEAL:
    case AK_CALL_CONSISTENCY: return true;
    default: return false;
    }
}

/* Bytes of Alice's that must never stand in an answer to Bob. */
static void check_no_word_of_alice(const struct world *w)
{
    struct ak_span body = ak_buf_span(&w->h.out.body);
    assert_false(ak_span_contains(body, AK_SPAN_ARR(w->alice.anchor)));
    assert_false(ak_span_contains(body, AK_SPAN_ARR(w->alice.wallet)));
    assert_false(ak_span_contains(body, AK_SPAN_ARR(w->agent.address)));
    assert_false(ak_span_contains(body, AK_SPAN_ARR(w->agent.device.jkt)));
    assert_false(ak_span_contains(body, AK_SPAN_ARR(w->alice.device.jkt)));
}

static void ask_device(struct world *w, struct h_device *device, struct ak_msg_pair_reply *out_asked)
{
    struct ak_msg_device_request request = {.name = AK_SPAN_LIT("mine")};
    memcpy(request.account, w->alice.anchor, 32);
    assert_int_equal(h_call(&w->h, device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_pair_reply_msg, out_asked);
}

/* Alice's records as bytes: Bob's calls must leave them alone. */
static void alices_records(const struct world *w, uint8_t out[2048], size_t *out_len)
{
    const struct ak_state *s = ak_engine_state(w->h.engine);
    struct ak_buf buf = ak_buf(out, 2048);
    const struct ak_account *account = ak_state_account(s, w->alice.anchor, NULL);
    assert_non_null(account);
    ak_buf_put(&buf, ak_span(account, offsetof(struct ak_account, has_points)));
    for (uint32_t at = account->first_path; at != AK_INDEX_NONE; at = ak_state_path_at(s, at)->next)
        ak_buf_put(&buf, ak_span(ak_state_path_at(s, at), offsetof(struct ak_path_state, base33)));
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    *out_len = buf.len;
}

static void with_token(struct world *w, struct h_device *device, struct ak_span token, const uint8_t id[16],
    const char *code_text)
{
    for (unsigned id_of_call = 0; id_of_call < AK_CALL_COUNT; id_of_call++) {
        const struct ak_call *call = ak_call_get(id_of_call);
        if (call->auth != AK_AUTH_USE && call->auth != AK_AUTH_CHANGE) continue;
        if (id_of_call == AK_CALL_LOGOUT || id_of_call == AK_CALL_ACCOUNT_SUSPEND)
            continue; /* ends the loop */
        struct any message;
        uint8_t before[2048], after[2048];
        size_t before_len = 0, after_len = 0;
        fill(w, call->request, id, code_text, &message);
        alices_records(w, before, &before_len);
        enum ak_code code = h_call(&w->h, device, token, id_of_call, &message);
        if (code == AK_CODE_OK && (w->h.out.wait & AK_WAIT_READ)) code = h_read(&w->h);
        if (code == AK_CODE_OK && !may_succeed(id_of_call))
            fail_msg("%s answered ok with another account's ids", call->name);
        check_no_word_of_alice(w);
        alices_records(w, after, &after_len);
        assert_int_equal(before_len, after_len);
        assert_memory_equal(before, after, before_len);
    }
}

static void test_every_call_with_foreign_ids(void **state)
{
    struct world *w = *state;
    struct h_device device;
    struct ak_msg_pair_reply asked;
    char code[AK_PAIR_CODE_TEXT_LEN + 1] = {0};
    h_device(&device, 77);
    ask_device(w, &device, &asked);
    memcpy(code, asked.pairing_code.ptr, asked.pairing_code.len);
    uint8_t id[16];
    memcpy(id, asked.request_id, 16);
    h_seal(&w->h); /* there are proofs to ask for */
    with_token(w, &w->bob.device, h_token(&w->bob), id, code);
    with_token(w, &w->bobs.device, h_agent_token(&w->bobs), id, code);
    h_device_done(&device);
}

/* The same by device proof alone. */
static void test_calls_by_proof(void **state)
{
    struct world *w = *state;
    struct ak_msg_token_request token = {.label = AK_SPAN_LIT("agent-1")};
    memcpy(token.account, w->alice.anchor, 32);
    assert_int_equal(h_call(&w->h, &w->bobs.device, AK_SPAN_EMPTY, AK_CALL_TOKEN, &token), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "path_unknown");
    check_no_word_of_alice(w);
    assert_int_equal(w->h.out.notice_len, 0);
    struct ak_msg_local_session_request session = {.identity = AK_SPAN_LIT("email:alice@demo.example")};
    uint64_t size = h_size(&w->h);
    assert_int_equal(h_call(&w->h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &session),
        AK_CODE_DEVICE_NOT_ENROLLED);
    assert_int_equal(h_size(&w->h), size);
    struct ak_msg_pair_reply asked;
    ask_device(w, &w->agent.device, &asked);
    struct ak_msg_pair_status_request status = {0};
    memcpy(status.id, asked.request_id, 16);
    assert_int_equal(
        h_call(&w->h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_PAIR_STATUS, &status), AK_CODE_NOT_FOUND);
}

/* A text names the caller's address, or it is refused: no account signs for another. */
static void test_omni_of_another_account(void **state)
{
    struct world *w = *state;
    struct ak_msg_sign_request request = {.message = AK_SPAN_LIT("x")};
    memcpy(request.omni_account, w->alice.anchor, 32);
    assert_int_equal(h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_SIGN_MESSAGE, &request),
        AK_CODE_ACCOUNT_MISMATCH);
    assert_int_equal(h_call(&w->h, &w->bobs.device, h_agent_token(&w->bobs), AK_CALL_SIGN_MESSAGE, &request),
        AK_CODE_ACCOUNT_MISMATCH);
    for (size_t i = 0; i < 32; i++) {
        memcpy(request.omni_account, w->bob.anchor, 32);
        request.omni_account[i] ^= 1;
        assert_int_equal(h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_SIGN_MESSAGE, &request),
            AK_CODE_ACCOUNT_MISMATCH);
    }
}

/* An agent reaches no other path of its own account either. */
static void test_other_path_of_the_account(void **state)
{
    struct world *w = *state;
    struct h_agent second;
    h_agent(&w->h, &w->alice, &second, 11, "agent-2", "cap:sign-message", 0);
    struct ak_msg_sign_request sign = {
        .message = AK_SPAN_LIT("x"), .path = AK_SPAN_LIT("/agent-2"), .present = 1u << AK_SIGN_REQUEST_PATH};
    memcpy(sign.omni_account, w->alice.anchor, 32);
    assert_int_equal(h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &sign),
        AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "path_unknown");
    sign.path = AK_SPAN_LIT("/agent-1");
    assert_int_equal(
        h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, &sign), AK_CODE_OK);
    struct ak_msg_agent_show_request show = {.label = AK_SPAN_LIT("agent-2")};
    assert_int_equal(h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_AGENT_SHOW, &show),
        AK_CODE_NOT_FOUND);
    show.label = AK_SPAN_LIT("/agent-1/0");
    assert_int_equal(
        h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_AGENT_SHOW, &show), AK_CODE_OK);
    /* its device's key gives no token of the other path */
    struct ak_msg_token_request token = {.label = AK_SPAN_LIT("agent-2")};
    memcpy(token.account, w->alice.anchor, 32);
    assert_int_equal(h_call(&w->h, &w->agent.device, AK_SPAN_EMPTY, AK_CALL_TOKEN, &token), AK_CODE_DENIED);
    h_device_done(&second.device);
}

/* The owner's session does not sign with an agent's key. */
static void test_session_on_an_agents_path(void **state)
{
    struct world *w = *state;
    struct ak_msg_sign_request sign = {
        .message = AK_SPAN_LIT("x"), .path = AK_SPAN_LIT("/agent-1"), .present = 1u << AK_SIGN_REQUEST_PATH};
    memcpy(sign.omni_account, w->alice.anchor, 32);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SIGN_MESSAGE, &sign), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "operation");
    sign.path = AK_SPAN_LIT("/robot");
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_SIGN_MESSAGE, &sign), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "path_unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_every_call_with_foreign_ids),
        WORLD_TEST(test_calls_by_proof),
        WORLD_TEST(test_omni_of_another_account),
        WORLD_TEST(test_other_path_of_the_account),
        WORLD_TEST(test_session_on_an_agents_path),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
