/* Tokens: a payload that is read writes back to the same bytes, and minted from its claims it verifies to the
 * same claims; a text that is not a token gives none. */
#include "fuzz/fuzz.h"

#include "core/token/token.h"
#include "core/token/token_payload.h"

static const struct ak_token_issuer issuer = {
    {(const uint8_t *)"http://127.0.0.1:8092", 21}, {(const uint8_t *)"worker-1", 8}};

/* A key for tests only. */
static struct ak_p256_signer signer;
static struct ak_token_key keys[2];

static void set_up(void)
{
    if (signer.key) return;
    struct ak_secret32 scalar;
    struct ak_p256_pub pub;
    memset(scalar.bytes, 0x11, sizeof scalar.bytes);
    AK_FUZZ_CHECK(ak_p256_pub_from_scalar(&scalar, &pub) == AK_OK);
    AK_FUZZ_CHECK(ak_p256_signer_open(&signer, &scalar) == AK_OK);
    AK_FUZZ_CHECK(ak_token_key_init(&keys[0], AK_TOKEN_SESSION, &pub) == AK_OK);
    AK_FUZZ_CHECK(ak_token_key_init(&keys[1], AK_TOKEN_AGENT, &pub) == AK_OK);
}

static void check_minted(const struct ak_token_claims *claims)
{
    uint8_t text[AK_TOKEN_TEXT_MAX], memory[AK_TOKEN_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(text), mem = AK_BUF_ARR(memory);
    const struct ak_token_key *key = &keys[claims->kind == AK_TOKEN_AGENT];
    if (ak_token_mint(&buf, key, &signer, &issuer, claims) != AK_OK) {
        AK_FUZZ_CHECK(buf.len == 0);
        return;
    }
    struct ak_token_claims again;
    AK_FUZZ_CHECK(ak_token_verify(ak_buf_span(&buf), keys, 2, &issuer, claims->iat, &mem, &again) == AK_OK);
    AK_FUZZ_CHECK(again.kind == claims->kind && again.exp == claims->exp);
    AK_FUZZ_CHECK(memcmp(again.anchor, claims->anchor, 32) == 0 && memcmp(again.jkt, claims->jkt, 32) == 0);
    AK_FUZZ_CHECK(ak_span_eq(again.scope, claims->scope));
    AK_FUZZ_CHECK(ak_token_peek_kind(ak_buf_span(&buf), keys, 2) == claims->kind);
}

static void check_payload(struct ak_span payload, enum ak_token_kind kind)
{
    struct ak_token_claims claims;
    if (ak_token_payload_read(payload, kind, &issuer, &claims) != AK_OK) {
        AK_FUZZ_CHECK(claims.kind == AK_TOKEN_NONE && claims.exp == 0 && claims.label_len == 0);
        return;
    }
    uint8_t bytes[AK_TOKEN_TEXT_MAX];
    struct ak_buf again = AK_BUF_ARR(bytes);
    ak_token_payload_put(&again, &issuer, &claims);
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&again), payload));
    check_minted(&claims);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    set_up();
    struct ak_span text = ak_span(data, len);
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    struct ak_buf mem = AK_BUF_ARR(memory);
    struct ak_token_claims claims;
    if (ak_token_verify(text, keys, 2, &issuer, 0, &mem, &claims) != AK_OK) {
        AK_FUZZ_CHECK(claims.kind == AK_TOKEN_NONE && claims.exp == 0);
    }
    check_payload(text, AK_TOKEN_SESSION);
    check_payload(text, AK_TOKEN_AGENT);
    return 0;
}
