/* Tokens: what is minted verifies; every altered part, other kind, issuer, audience and time is refused
 * (I4, I20). */
#include "unit/token/token_world.h"

static void test_round_trip(void **state)
{
    (void)state;
    char text[AK_TOKEN_TEXT_MAX];
    struct ak_token_claims in = session_claims(), out;
    assert_int_equal(verify_at(mint(&in, text, sizeof text), AK_TOKEN_SESSION, TEST_NOW_S, &out), AK_OK);
    assert_int_equal(out.kind, AK_TOKEN_SESSION);
    assert_memory_equal(out.anchor, in.anchor, 32);
    assert_memory_equal(out.jkt, in.jkt, 32);
    assert_memory_equal(out.jti, in.jti, 16);
    assert_int_equal(out.iat, in.iat);
    assert_int_equal(out.exp, in.exp);
    assert_int_equal(out.label_len, 0);
    in = agent_claims();
    assert_int_equal(verify_at(mint(&in, text, sizeof text), AK_TOKEN_AGENT, TEST_NOW_S, &out), AK_OK);
    assert_int_equal(out.kind, AK_TOKEN_AGENT);
    assert_int_equal(out.generation, 7);
    assert_int_equal(out.label_len, 7);
    assert_memory_equal(out.label, "agent-1", 7);
    assert_true(ak_span_eq(out.scope, in.scope));
}

/* The layout, as clients that look inside see it (snapshot). */
static void test_layout(void **state)
{
    (void)state;
    char text[AK_TOKEN_TEXT_MAX];
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_token_claims in = agent_claims();
    struct ak_jws jws;
    assert_int_equal(ak_jws_split(mint(&in, text, sizeof text), sizeof text, &buf, &jws), AK_OK);
    assert_true(ak_span_starts(jws.header, AK_SPAN_LIT("{\"alg\":\"ES256\",\"kid\":\"ak-agent-")));
    assert_true(ak_span_ends(jws.header, AK_SPAN_LIT("\",\"typ\":\"ak-agent+jwt\"}")));
    struct ak_span want = AK_SPAN_LIT(
        "{\"iss\":\"http://127.0.0.1:8092\",\"sub\":\""
        "a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1a1/agent-1\",\"aud\":\"worker-1\","
        "\"iat\":1767225600,\"exp\":1767226200,\"jti\":\"w8PDw8PDw8PDw8PDw8PDww\","
        "\"cnf\":{\"jkt\":\"srKysrKysrKysrKysrKysrKysrKysrKysrKysrKysrI\"},\"gen\":7,"
        "\"scope\":\"cap:sign-siwe,openrouter\"}");
    assert_true(ak_span_eq(jws.payload, want));
}

/* Each character of a token changed: none passes. */
static void test_each_character_altered(void **state)
{
    (void)state;
    for (int kind = AK_TOKEN_SESSION; kind <= AK_TOKEN_AGENT; kind++) {
        char text[AK_TOKEN_TEXT_MAX];
        struct ak_token_claims in = kind == AK_TOKEN_SESSION ? session_claims() : agent_claims();
        struct ak_span token = mint(&in, text, sizeof text);
        for (size_t i = 0; i < token.len; i++) {
            char was = text[i];
            text[i] = was == 'A' ? 'B' : 'A';
            assert_int_not_equal(verify(token, (enum ak_token_kind)kind), AK_OK);
            text[i] = was;
        }
        assert_int_equal(verify(token, (enum ak_token_kind)kind), AK_OK);
    }
}

static void test_cut_and_grown(void **state)
{
    (void)state;
    char text[AK_TOKEN_TEXT_MAX + 1];
    struct ak_token_claims in = agent_claims();
    struct ak_span token = mint(&in, text, AK_TOKEN_TEXT_MAX);
    for (size_t len = 0; len < token.len; len++) {
        assert_int_not_equal(verify(ak_span(text, len), AK_TOKEN_AGENT), AK_OK);
    }
    const char *tails[] = {".", "A", "=", " ", "\n", ".AA"};
    for (size_t i = 0; i < AK_COUNT(tails); i++) {
        memcpy(text + token.len, tails[i], strlen(tails[i]));
        assert_int_not_equal(verify(ak_span(text, token.len + strlen(tails[i])), AK_TOKEN_AGENT), AK_OK);
    }
    memset(text, 'A', sizeof text);
    assert_int_equal(verify(ak_span(text, AK_TOKEN_TEXT_MAX + 1), AK_TOKEN_AGENT), AK_E_LIMIT);
    assert_int_equal(verify(ak_span(text, AK_TOKEN_TEXT_MAX), AK_TOKEN_AGENT), AK_E_FORMAT);
}

/* I20: a token of one kind where the other is expected, even under the other's key. */
static void test_other_kind(void **state)
{
    (void)state;
    char text[AK_TOKEN_TEXT_MAX];
    struct ak_token_claims session = session_claims(), agent = agent_claims();
    assert_int_equal(verify(mint(&session, text, sizeof text), AK_TOKEN_AGENT), AK_E_MEANING);
    assert_int_equal(verify(mint(&agent, text, sizeof text), AK_TOKEN_SESSION), AK_E_MEANING);
    struct ak_buf buf = AK_BUF_ARR(text);
    assert_int_equal(ak_token_mint(&buf, &agent_key, &agent_signer.signer, &issuer, &session), AK_E_ARG);
    assert_int_equal(buf.len, 0);
}

static void test_other_key(void **state)
{
    (void)state;
    char text[AK_TOKEN_TEXT_MAX];
    struct ak_token_claims in = session_claims();
    struct ak_buf buf = AK_BUF_ARR(text);
    /* Our header, another key. */
    assert_int_equal(ak_token_mint(&buf, &session_key, &other_signer.signer, &issuer, &in), AK_OK);
    assert_int_equal(verify(ak_buf_span(&buf), AK_TOKEN_SESSION), AK_E_AUTH);
    /* Another key with its own kid. */
    buf.len = 0;
    assert_int_equal(ak_token_mint(&buf, &other_session_key, &other_signer.signer, &issuer, &in), AK_OK);
    assert_int_equal(verify(ak_buf_span(&buf), AK_TOKEN_SESSION), AK_E_MEANING);
}

static void test_two_key_versions(void **state)
{
    (void)state;
    char text[AK_TOKEN_TEXT_MAX];
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    const struct ak_token_key keys[] = {other_session_key, session_key};
    struct ak_token_claims in = session_claims(), out;
    struct ak_span token = mint(&in, text, sizeof text);
    struct ak_buf buf = AK_BUF_ARR(memory);
    assert_int_equal(ak_token_verify(token, keys, 2, &issuer, TEST_NOW_S, &buf, &out), AK_OK);
    buf.len = 0;
    assert_int_equal(ak_token_verify(token, keys, 1, &issuer, TEST_NOW_S, &buf, &out), AK_E_MEANING);
    buf.len = 0;
    assert_int_equal(ak_token_verify(token, keys, 0, &issuer, TEST_NOW_S, &buf, &out), AK_E_MEANING);
    const struct ak_token_key zero = {0};
    buf.len = 0;
    assert_int_equal(ak_token_verify(token, &zero, 1, &issuer, TEST_NOW_S, &buf, &out), AK_E_MEANING);
    assert_int_equal(ak_token_peek_kind(token, keys, 2), AK_TOKEN_SESSION);
    assert_int_equal(ak_token_peek_kind(token, keys, 1), AK_TOKEN_NONE);
    assert_int_equal(
        ak_token_peek_kind(ak_span_sub(token, 0, session_key.header64_len), keys, 2), AK_TOKEN_NONE);
}

/* alg none, HMAC with the public key, other typ, reordered and extra header members, each signed well. */
static void test_headers(void **state)
{
    (void)state;
    char text[AK_TOKEN_TEXT_MAX], header[256];
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_token_claims in = session_claims();
    struct ak_jws jws;
    assert_int_equal(ak_jws_split(mint(&in, text, sizeof text), sizeof text, &buf, &jws), AK_OK);
    const char *formats[] = {
        "{\"alg\":\"none\",\"kid\":\"%s\",\"typ\":\"ak-session+jwt\"}",
        "{\"alg\":\"HS256\",\"kid\":\"%s\",\"typ\":\"ak-session+jwt\"}",
        "{\"alg\":\"ES384\",\"kid\":\"%s\",\"typ\":\"ak-session+jwt\"}",
        "{\"alg\":\"es256\",\"kid\":\"%s\",\"typ\":\"ak-session+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"ak-agent+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"JWT\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\"}",
        "{\"alg\":\"ES256\",\"typ\":\"ak-session+jwt\"}",
        "{\"kid\":\"%s\",\"alg\":\"ES256\",\"typ\":\"ak-session+jwt\"}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"ak-session+jwt\",\"crit\":[]}",
        "{\"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"ak-session+jwt\",\"jwk\":{}}",
        "{\"alg\":\"ES256\",\"kid\":\"%s2\",\"typ\":\"ak-session+jwt\"}",
        "{ \"alg\":\"ES256\",\"kid\":\"%s\",\"typ\":\"ak-session+jwt\"}",
        "{}",
        "null",
    };
    for (size_t i = 0; i < AK_COUNT(formats); i++) {
        char forged[AK_TOKEN_TEXT_MAX];
        const char *at = strstr(formats[i], "%s");
        struct ak_buf h = AK_BUF_ARR(header);
        ak_buf_put(&h, ak_span(formats[i], at ? (size_t)(at - formats[i]) : strlen(formats[i])));
        if (at) ak_buf_put_str(&h, session_key.kid);
        if (at) ak_buf_put_str(&h, at + 2);
        struct ak_span token = test_jws(&session_signer, ak_buf_span(&h), jws.payload, forged, sizeof forged);
        assert_int_equal(verify(token, AK_TOKEN_SESSION), AK_E_MEANING);
    }
    char none[AK_TOKEN_TEXT_MAX]; /* unsigned: nothing after the second dot */
    struct ak_buf u = AK_BUF_ARR(none);
    ak_base64url_encode(&u, AK_SPAN_LIT("{\"alg\":\"none\"}"));
    ak_buf_put_u8(&u, '.');
    ak_base64url_encode(&u, jws.payload);
    ak_buf_put_u8(&u, '.');
    assert_int_equal(verify(ak_buf_span(&u), AK_TOKEN_SESSION), AK_E_FORMAT);
}

static void test_times(void **state)
{
    (void)state;
    char text[AK_TOKEN_TEXT_MAX];
    struct ak_token_claims in = agent_claims(), out;
    struct ak_span token = mint(&in, text, sizeof text);
    assert_int_equal(verify_at(token, AK_TOKEN_AGENT, in.exp - 1, &out), AK_OK);
    assert_int_equal(verify_at(token, AK_TOKEN_AGENT, in.exp, &out), AK_E_EXPIRED);
    assert_int_equal(verify_at(token, AK_TOKEN_AGENT, UINT64_MAX, &out), AK_E_EXPIRED);
    assert_int_equal(verify_at(token, AK_TOKEN_AGENT, in.iat - AK_TOKEN_EARLY_SECS, &out), AK_OK);
    assert_int_equal(verify_at(token, AK_TOKEN_AGENT, in.iat - AK_TOKEN_EARLY_SECS - 1, &out), AK_E_EXPIRED);
    assert_int_equal(verify_at(token, AK_TOKEN_AGENT, 0, &out), AK_E_EXPIRED);
}

static enum ak_err mint_err(const struct ak_token_claims *c, const struct ak_token_issuer *from)
{
    char text[AK_TOKEN_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    bool session = c->kind == AK_TOKEN_SESSION;
    enum ak_err err = ak_token_mint(&buf, session ? &session_key : &agent_key,
        session ? &session_signer.signer : &agent_signer.signer, from, c);
    if (err != AK_OK) assert_int_equal(buf.len, 0);
    return err;
}

static void test_lifetime_bounds(void **state)
{
    (void)state;
    const struct {
        enum ak_token_kind kind;
        uint64_t min, max;
    } bounds[] = {{AK_TOKEN_SESSION, 60, 86400}, {AK_TOKEN_AGENT, 60, 3600}};
    for (size_t i = 0; i < AK_COUNT(bounds); i++) {
        struct ak_token_claims c = bounds[i].kind == AK_TOKEN_SESSION ? session_claims() : agent_claims();
        c.exp = c.iat + bounds[i].min - 1;
        assert_int_equal(mint_err(&c, &issuer), AK_E_LIMIT);
        c.exp = c.iat + bounds[i].min;
        assert_int_equal(mint_err(&c, &issuer), AK_OK);
        c.exp = c.iat + bounds[i].max;
        assert_int_equal(mint_err(&c, &issuer), AK_OK);
        c.exp = c.iat + bounds[i].max + 1;
        assert_int_equal(mint_err(&c, &issuer), AK_E_LIMIT);
        c.exp = c.iat;
        assert_int_equal(mint_err(&c, &issuer), AK_E_ARG);
    }
}

static void test_mint_refuses(void **state)
{
    (void)state;
    struct ak_token_claims c = session_claims();
    c.kind = AK_TOKEN_NONE;
    assert_int_equal(mint_err(&c, &issuer), AK_E_ARG);
    c = session_claims();
    c.label_len = 1;
    c.label[0] = 'a';
    assert_int_equal(mint_err(&c, &issuer), AK_E_ARG);
    c = agent_claims();
    c.label_len = 0;
    assert_int_equal(mint_err(&c, &issuer), AK_E_ARG);
    c = agent_claims();
    c.label[0] = '"';
    assert_int_equal(mint_err(&c, &issuer), AK_E_ARG);
    c = agent_claims();
    c.label_len = 255;
    assert_int_equal(mint_err(&c, &issuer), AK_E_ARG);
    const char *scopes[] = {"b,a", "a,a", "x\"y", "cap:nothing", ","};
    for (size_t i = 0; i < AK_COUNT(scopes); i++) {
        c = agent_claims();
        c.scope = ak_span_str(scopes[i]);
        assert_int_equal(mint_err(&c, &issuer), AK_E_ARG);
    }
    c = session_claims();
    const char *texts[] = {"", "a\"", "a\\", "a b", "a\n", "\xc3\xa4"};
    for (size_t i = 0; i < AK_COUNT(texts); i++) {
        struct ak_token_issuer bad = {ak_span_str(texts[i]), issuer.aud};
        assert_int_equal(mint_err(&c, &bad), AK_E_ARG);
        bad = (struct ak_token_issuer){issuer.iss, ak_span_str(texts[i])};
        assert_int_equal(mint_err(&c, &bad), AK_E_ARG);
    }
}

/* The largest token that can be: label of 64, scope of 2048, issuer and audience of 256. */
static void test_largest(void **state)
{
    (void)state;
    static char text[AK_TOKEN_TEXT_MAX], scope[AK_LIMIT_SCOPE_TEXT], longest[AK_TOKEN_ISS_MAX + 1];
    memset(longest, 'x', sizeof longest);
    size_t at = 0;
    for (unsigned i = 0; i < 32; i++) {
        memset(scope + at, 'a', 64);
        scope[at + 61] = (char)('a' + i / 26);
        scope[at + 62] = (char)('a' + i % 26);
        scope[at + 63] = ',';
        at += 64;
    }
    struct ak_token_claims c = agent_claims();
    memset(c.label, 'z', sizeof c.label);
    c.label_len = sizeof c.label;
    c.generation = UINT32_MAX;
    c.scope = ak_span(scope, at - 1);
    struct ak_token_issuer full = {ak_span(longest, AK_TOKEN_ISS_MAX), ak_span(longest, AK_TOKEN_ISS_MAX)};
    assert_int_equal(mint_err(&c, &full), AK_OK);
    struct ak_token_issuer over = {ak_span(longest, AK_TOKEN_ISS_MAX + 1), issuer.aud};
    assert_int_equal(mint_err(&c, &over), AK_E_ARG);
    for (size_t cap = 0; cap < 700; cap += 7) {
        struct ak_token_claims small = session_claims();
        struct ak_buf buf = ak_buf(text, cap);
        enum ak_err err = ak_token_mint(&buf, &session_key, &session_signer.signer, &issuer, &small);
        if (err == AK_OK) break;
        assert_int_equal(err, AK_E_FULL);
        assert_int_equal(buf.len, 0);
        assert_false(buf.failed);
    }
}

static void test_key_init_refuses(void **state)
{
    (void)state;
    struct ak_token_key key;
    assert_int_equal(ak_token_key_init(&key, AK_TOKEN_NONE, &session_signer.pub), AK_E_ARG);
    assert_int_equal(ak_token_key_init(&key, (enum ak_token_kind)3, &session_signer.pub), AK_E_ARG);
    struct ak_p256_pub off = session_signer.pub;
    off.xy[63] ^= 1;
    assert_int_equal(ak_token_key_init(&key, AK_TOKEN_SESSION, &off), AK_E_MEANING);
    assert_int_equal(key.kind, AK_TOKEN_NONE);
    assert_int_equal(strncmp(session_key.kid, "ak-session-", 11), 0);
    assert_int_equal(strlen(session_key.kid), 11 + 16);
    assert_int_equal(strncmp(agent_key.kid, "ak-agent-", 9), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_layout),
        cmocka_unit_test(test_each_character_altered),
        cmocka_unit_test(test_cut_and_grown),
        cmocka_unit_test(test_other_kind),
        cmocka_unit_test(test_other_key),
        cmocka_unit_test(test_two_key_versions),
        cmocka_unit_test(test_headers),
        cmocka_unit_test(test_times),
        cmocka_unit_test(test_lifetime_bounds),
        cmocka_unit_test(test_mint_refuses),
        cmocka_unit_test(test_largest),
        cmocka_unit_test(test_key_init_refuses),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
