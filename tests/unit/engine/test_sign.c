/* What may be signed by whom: scopes, sign-ins, texts that only look harmless (I4), limits. */
#include "base/codec/base64.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "unit/engine/world.h"

static enum ak_code sign(
    struct world *w, struct h_device *device, struct ak_span token, struct ak_span message)
{
    struct ak_msg_sign_request request = {.message = message};
    memcpy(request.omni_account, w->alice.anchor, 32);
    return h_call(&w->h, device, token, AK_CALL_SIGN_MESSAGE, &request);
}

static enum ak_code agent_signs(struct world *w, struct ak_span message)
{
    return sign(w, &w->agent.device, h_agent_token(&w->agent), message);
}

static enum ak_code alice_signs(struct world *w, struct ak_span message)
{
    return sign(w, &w->alice.device, h_token(&w->alice), message);
}

static enum ak_code agent_siwe(struct world *w, const struct world_siwe *parts)
{
    char text[2048];
    size_t len = world_siwe(parts, w->agent.address, text, sizeof text);
    return agent_signs(w, ak_span(text, len));
}

static void test_sign_in(void **state)
{
    struct world *w = *state;
    struct world_siwe good = {.expires = "2026-01-01T00:10:00Z", .statement = "Welcome"};
    assert_int_equal(agent_siwe(w, &good), AK_CODE_OK);
    struct ak_entry entry;
    h_entry(&w->h, h_size(&w->h) - 1, &entry);
    assert_true(ak_span_eq(entry.operation, AK_SPAN_LIT("sign-siwe")));
    assert_true(ak_span_eq(entry.domain, AK_SPAN_LIT("example.org")));
    assert_true(ak_span_eq(entry.nonce, AK_SPAN_LIT("0123456789abcdef")));
}

static void test_sign_in_refused(void **state)
{
    struct world *w = *state;
    const struct {
        struct world_siwe parts;
        enum ak_code code;
        const char *rule;
    } rows[] = {
        {{.domain = "evil.example"}, AK_CODE_DENIED, "narrowing"},
        {{.domain = "example.org.evil.example"}, AK_CODE_DENIED, "narrowing"},
        {{.domain = "example.org:8443"}, AK_CODE_DENIED, "narrowing"},
        {{.domain = "user@example.org"}, AK_CODE_DENIED, "narrowing"},
        {{.domain = "EXAMPLE.org"}, AK_CODE_DENIED, "narrowing"},
        {{.domain = "127.0.0.1:8092"}, AK_CODE_DENIED, "operation"}, /* our own issuer */
        {{.domain = "x@127.0.0.1:8092"}, AK_CODE_DENIED, "operation"},
        {{.expires = "2026-01-01T00:00:00Z"}, AK_CODE_INVALID_SIWE, ""}, /* over at this moment */
        {{.expires = "2025-12-31T23:59:59Z"}, AK_CODE_INVALID_SIWE, ""},
        {{.nonce = "short"}, AK_CODE_INVALID_SIWE, ""},
        {{.issued = "yesterday"}, AK_CODE_INVALID_SIWE, ""},
        {{.statement = "one\ntwo"}, AK_CODE_INVALID_SIWE, ""},
        {{.resources = "\n- https://a.example\n\nmore"}, AK_CODE_INVALID_SIWE, ""},
        {{.uri = "not a uri"}, AK_CODE_INVALID_SIWE, ""},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        assert_int_equal(agent_siwe(w, &rows[i].parts), rows[i].code);
        assert_string_equal(h_rule(&w->h), rows[i].rule);
    }
    char text[2048];
    struct world_siwe good = {0};
    size_t len = world_siwe(&good, w->alice.wallet, text, sizeof text);
    assert_int_equal(agent_signs(w, ak_span(text, len)), AK_CODE_INVALID_SIWE); /* another's address */
    len = world_siwe(&good, w->agent.address, text, sizeof text);
    memcpy(text + len, "\n", 1);
    assert_int_equal(agent_signs(w, ak_span(text, len + 1)), AK_CODE_INVALID_SIWE); /* a further line */
    assert_int_equal(agent_signs(w, ak_span(text, len - 1)), AK_CODE_INVALID_SIWE);
}

static enum ak_code alice_siwe(struct world *w, const struct world_siwe *parts)
{
    char text[2048];
    size_t len = world_siwe(parts, w->alice.wallet, text, sizeof text);
    return alice_signs(w, ak_span(text, len));
}

/* Whether the last answer's sentence begins so. */
static bool says(struct world *w, const char *sentence)
{
    struct ak_msg_error_reply error;
    h_error(&w->h, &error);
    return ak_span_starts(error.message, ak_span_str(sentence));
}

/* EIP-4361 bounds neither; the ledger does, and says so. */
static void test_longest_sign_in(void **state)
{
    struct world *w = *state;
    enum { DOMAIN = 255, NONCE = 128 };
    char domain[DOMAIN + 2], nonce[NONCE + 2];
    struct ak_entry entry;
    for (size_t len = DOMAIN - 1; len <= DOMAIN + 1; len++) {
        memset(domain, 'a', len);
        domain[len] = 0;
        /* a domain that the scope does not have: denied, and no entry of a signature */
        enum ak_code code = agent_siwe(w, &(struct world_siwe){.domain = domain});
        assert_int_equal(code, len <= DOMAIN ? AK_CODE_DENIED : AK_CODE_INVALID_SIWE);
        assert_true(says(w, "line 1 has a domain of over 255 bytes, ") == (len > DOMAIN));
        assert_int_equal(alice_siwe(w, &(struct world_siwe){.domain = domain}),
            len <= DOMAIN ? AK_CODE_OK : AK_CODE_INVALID_SIWE);
    }
    for (size_t len = NONCE - 1; len <= NONCE + 1; len++) {
        memset(nonce, 'a', len);
        nonce[len] = 0;
        enum ak_code code = agent_siwe(w, &(struct world_siwe){.nonce = nonce});
        assert_int_equal(code, len <= NONCE ? AK_CODE_OK : AK_CODE_INVALID_SIWE);
        if (code == AK_CODE_OK) {
            h_entry(&w->h, h_size(&w->h) - 1, &entry);
            assert_true(ak_span_eq(entry.nonce, ak_span_str(nonce)));
        } else {
            assert_true(says(w, "the line \"Nonce: \" has over 128 letters and digits, "));
        }
    }
}

/* Near-sign-ins are no plain messages, in whatever dress. */
static void test_near_sign_ins(void **state)
{
    struct world *w = *state;
    const char *texts[] = {
        "example.org wants you to sign in with your Ethereum account:",
        "please note: WANTS YOU TO SIGN IN WITH YOUR ethereum account",
        "wants\tyou\nto  sign in with your",
        "w\xef\xbd\x81nts you to sign in with your", /* fullwidth a: NFKC */
        "wants you to \xc5\xbfign in with your",     /* long s */
        "wantsyoutosigninwithyour",
    };
    for (size_t i = 0; i < AK_COUNT(texts); i++) {
        assert_int_equal(agent_signs(w, ak_span_str(texts[i])), AK_CODE_INVALID_SIWE);
        assert_int_equal(alice_signs(w, ak_span_str(texts[i])), AK_CODE_INVALID_SIWE);
    }
}

/* 32 bytes or no text: a digest approval, which needs its own narrowing; sessions have none. */
static void test_digest_approvals(void **state)
{
    struct world *w = *state;
    uint8_t bytes[33];
    memset(bytes, 'a', sizeof bytes);
    assert_int_equal(agent_signs(w, ak_span(bytes, 31)), AK_CODE_OK);
    assert_int_equal(agent_signs(w, ak_span(bytes, 33)), AK_CODE_OK);
    assert_int_equal(agent_signs(w, ak_span(bytes, 32)), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "narrowing");
    assert_int_equal(alice_signs(w, ak_span(bytes, 32)), AK_CODE_DENIED);
    bytes[5] = 0xff;
    assert_int_equal(agent_signs(w, ak_span(bytes, 20)), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "narrowing");
    struct h_agent digests;
    h_agent(&w->h, &w->alice, &digests, 12, "digests", "cap:sign-message?bytes=1", 0);
    assert_int_equal(sign(w, &digests.device, h_agent_token(&digests), ak_span(bytes, 32)), AK_CODE_OK);
    h_device_done(&digests.device);
}

/* Our own statements, through no generic operation, by nobody. */
static void test_own_statements(void **state)
{
    struct world *w = *state;
    const char *texts[] = {"AgentKeys recovery", "AgentKeys "};
    for (size_t i = 0; i < AK_COUNT(texts); i++) {
        assert_int_equal(agent_signs(w, ak_span_str(texts[i])), AK_CODE_DENIED);
        assert_string_equal(h_rule(&w->h), "operation");
        assert_int_equal(alice_signs(w, ak_span_str(texts[i])), AK_CODE_DENIED);
    }
    assert_int_equal(agent_signs(w, AK_SPAN_LIT("AgentKey")), AK_CODE_OK);
}

/* A sign-in to our own issuer: only the text that the keeper composes for this device, and only by a session.
 */
static size_t own_text(struct world *w, const char *change, char *out, size_t cap)
{
    char resources[256];
    uint8_t print[44];
    struct ak_buf buf = AK_BUF_ARR(print);
    ak_base64url_encode(&buf, AK_SPAN_ARR(w->alice.device.jkt));
    (void)snprintf(resources, sizeof resources,
        "\n- urn:agentkeys:client:agentkeys\n- urn:agentkeys:device:%.*s%s", (int)buf.len,
        (const char *)print, !strcmp(change, "resource") ? "\n- https://evil.example" : "");
    struct world_siwe parts = {.domain = "127.0.0.1:8092",
        .uri = !strcmp(change, "uri") ? "http://127.0.0.1:8092/x" : H_ISSUER,
        .expires = !strcmp(change, "time") ? "2026-01-01T00:44:59Z" : "2026-01-01T00:45:00Z",
        .statement = !strcmp(change, "statement") ? "Hello" : NULL,
        .resources = !strcmp(change, "none") ? NULL : resources};
    size_t len = world_siwe(&parts, w->alice.wallet, out, cap);
    return len;
}

static void test_own_site(void **state)
{
    struct world *w = *state;
    char text[2048];
    const char *changes[] = {"uri", "time", "statement", "resource", "none"};
    for (size_t i = 0; i < AK_COUNT(changes); i++) {
        size_t len = own_text(w, changes[i], text, sizeof text);
        assert_int_equal(alice_signs(w, ak_span(text, len)), AK_CODE_INVALID_SIWE);
    }
    size_t len = own_text(w, "", text, sizeof text);
    assert_int_equal(alice_signs(w, ak_span(text, len)), AK_CODE_OK);
    /* from another device of hers the text names the wrong one */
    struct h_person phone;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(sign(w, &phone.device, h_token(&phone), ak_span(text, len)), AK_CODE_INVALID_SIWE);
    h_device_done(&phone.device);
}

static void test_scope(void **state)
{
    struct world *w = *state;
    struct h_agent none;
    h_agent(&w->h, &w->alice, &none, 13, "none", "", 0);
    assert_int_equal(sign(w, &none.device, h_agent_token(&none), AK_SPAN_LIT("x")), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "scope");
    struct ak_msg_error_reply error;
    h_error(&w->h, &error);
    assert_true(error.seen.len && error.limit.len && error.remedy.len);
    h_device_done(&none.device);
}

static void test_message_sizes(void **state)
{
    struct world *w = *state;
    static uint8_t big[AK_LIMIT_MESSAGE + 1];
    memset(big, 'a', sizeof big);
    assert_int_equal(agent_signs(w, AK_SPAN_EMPTY), AK_CODE_OK);
    assert_int_equal(agent_signs(w, ak_span(big, AK_LIMIT_MESSAGE)), AK_CODE_OK);
    /* beyond: the body is made by hand, as our own encoder refuses it */
    static uint8_t body[AK_LIMIT_MESSAGE + 128];
    struct ak_buf buf = AK_BUF_ARR(body);
    ak_buf_put(&buf, AK_SPAN_ARR(w->alice.anchor));
    ak_buf_put_u32(&buf, AK_LIMIT_MESSAGE + 1);
    ak_buf_put(&buf, AK_SPAN_ARR(big));
    ak_buf_put_u8(&buf, 0);
    struct h_how how = {.raw_body = true, .body = ak_buf_span(&buf)};
    assert_int_equal(
        h_call_how(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_SIGN_MESSAGE, NULL, &how),
        AK_CODE_INVALID_REQUEST);
}

/* Every call refuses a body that is cut, grown or random, without writing anything. */
static void test_bad_bodies(void **state)
{
    struct world *w = *state;
    uint8_t noise[64];
    for (size_t i = 0; i < sizeof noise; i++) noise[i] = (uint8_t)(0xff - i);
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        const struct ak_call *call = ak_call_get(id);
        if (id == AK_CALL_ATTESTATION || id == AK_CALL_CHECKPOINT)
            continue; /* take nothing, look at nothing */
        bool token = call->auth == AK_AUTH_USE || call->auth == AK_AUTH_CHANGE;
        for (size_t len = 1; len <= sizeof noise; len += 9) {
            struct h_how how = {.raw_body = true, .body = ak_span(noise, len), .path = call->path};
            uint64_t size = h_size(&w->h);
            enum ak_code code = h_call_how(&w->h, call->auth == AK_AUTH_PUBLIC ? NULL : &w->alice.device,
                token ? h_token(&w->alice) : AK_SPAN_EMPTY, id, NULL, &how);
            if (call->request->count == 0) continue;
            assert_int_not_equal(code, AK_CODE_OK);
            assert_int_equal(h_size(&w->h), size);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_sign_in),
        WORLD_TEST(test_sign_in_refused),
        WORLD_TEST(test_longest_sign_in),
        WORLD_TEST(test_near_sign_ins),
        WORLD_TEST(test_digest_approvals),
        WORLD_TEST(test_own_statements),
        WORLD_TEST(test_own_site),
        WORLD_TEST(test_scope),
        WORLD_TEST(test_message_sizes),
        WORLD_TEST(test_bad_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
