/* Keys for session and agent tokens, a foreign one, claims of both kinds; minted and verified as a worker
 * does. */
#ifndef AK_TESTS_UNIT_TOKEN_TOKEN_WORLD_H
#define AK_TESTS_UNIT_TOKEN_TOKEN_WORLD_H

#include "base/codec/jose.h"
#include "core/token/token.h"
#include "unit/token/keys.h"

static struct test_key session_signer, agent_signer, other_signer;
static struct ak_token_key session_key, agent_key, other_session_key;
static const struct ak_token_issuer issuer = {TEST_SPAN("http://127.0.0.1:8092"), TEST_SPAN("worker-1")};

static inline int set_up(void **state)
{
    (void)state;
    session_signer = test_key(0x11);
    agent_signer = test_key(0x22);
    other_signer = test_key(0x33);
    assert_int_equal(ak_token_key_init(&session_key, AK_TOKEN_SESSION, &session_signer.pub), AK_OK);
    assert_int_equal(ak_token_key_init(&agent_key, AK_TOKEN_AGENT, &agent_signer.pub), AK_OK);
    assert_int_equal(ak_token_key_init(&other_session_key, AK_TOKEN_SESSION, &other_signer.pub), AK_OK);
    return 0;
}

static inline int tear_down(void **state)
{
    (void)state;
    ak_p256_signer_close(&session_signer.signer);
    ak_p256_signer_close(&agent_signer.signer);
    ak_p256_signer_close(&other_signer.signer);
    return 0;
}

static inline struct ak_token_claims session_claims(void)
{
    struct ak_token_claims c = {.kind = AK_TOKEN_SESSION, .iat = TEST_NOW_S, .exp = TEST_NOW_S + 18000};
    memset(c.anchor, 0xa1, sizeof c.anchor);
    memset(c.jkt, 0xb2, sizeof c.jkt);
    memset(c.jti, 0xc3, sizeof c.jti);
    return c;
}

static inline struct ak_token_claims agent_claims(void)
{
    struct ak_token_claims c = session_claims();
    c.kind = AK_TOKEN_AGENT;
    c.exp = TEST_NOW_S + 600;
    c.generation = 7;
    c.label_len = 7;
    memcpy(c.label, "agent-1", 7);
    c.scope = AK_SPAN_LIT("cap:sign-siwe,openrouter");
    return c;
}

static inline struct ak_span mint(const struct ak_token_claims *claims, char *out, size_t cap)
{
    struct ak_buf buf = ak_buf(out, cap);
    bool session = claims->kind == AK_TOKEN_SESSION;
    assert_int_equal(ak_token_mint(&buf, session ? &session_key : &agent_key,
                         session ? &session_signer.signer : &agent_signer.signer, &issuer, claims),
        AK_OK);
    return ak_buf_span(&buf);
}

static inline enum ak_err verify_at(
    struct ak_span text, enum ak_token_kind kind, uint64_t now_s, struct ak_token_claims *out_claims)
{
    static uint8_t memory[AK_LIMIT_TOKEN];
    struct ak_buf buf = AK_BUF_ARR(memory);
    memset(out_claims, 0xee, sizeof *out_claims);
    enum ak_err err = ak_token_verify(
        text, kind == AK_TOKEN_SESSION ? &session_key : &agent_key, 1, &issuer, now_s, &buf, out_claims);
    if (err != AK_OK) {
        static const struct ak_token_claims none;
        assert_memory_equal(out_claims, &none, sizeof none);
    }
    return err;
}

static inline enum ak_err verify(struct ak_span text, enum ak_token_kind kind)
{
    struct ak_token_claims claims;
    return verify_at(text, kind, TEST_NOW_S + 1, &claims);
}

#endif
