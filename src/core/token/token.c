/* Tokens: minting and verifying around one payload layout and one header per key. */
#include "core/token/token.h"

#include "base/assert.h"
#include "base/codec/base64.h"
#include "base/codec/jose.h"
#include "core/keys/path.h"
#include "core/policy/scope.h"
#include "core/token/token_payload.h"

struct kind_row {
    const char *kid_prefix;
    const char *typ;
    uint64_t min_secs, max_secs;
};
static const struct kind_row kinds[] = {
    [AK_TOKEN_SESSION] = {"ak-session-", "ak-session+jwt", AK_TOKEN_SESSION_MIN_SECS,
        AK_TOKEN_SESSION_MAX_SECS},
    [AK_TOKEN_AGENT] = {"ak-agent-", "ak-agent+jwt", AK_TOKEN_AGENT_MIN_SECS, AK_TOKEN_AGENT_MAX_SECS},
};

static bool known_kind(enum ak_token_kind kind)
{
    return kind == AK_TOKEN_SESSION || kind == AK_TOKEN_AGENT;
}

static void put_kid(struct ak_token_key *key)
{
    uint8_t thumbprint[32];
    ak_jwk_thumbprint(&key->pub, thumbprint);
    struct ak_buf kid = ak_buf(key->kid, AK_TOKEN_KID_MAX + 1);
    ak_buf_put_str(&kid, kinds[key->kind].kid_prefix);
    ak_base64url_encode(&kid, ak_span(thumbprint, 12)); /* 16 characters */
    ak_assert(ak_buf_terminate(&kid) == AK_OK);
}

enum ak_err ak_token_key_init(
    struct ak_token_key *key, enum ak_token_kind kind, const struct ak_p256_pub *pub)
{
    *key = (struct ak_token_key){0};
    if (!known_kind(kind)) return AK_E_ARG;
    AK_TRY(ak_p256_pub_validate(pub));
    key->kind = kind;
    key->pub = *pub;
    put_kid(key);
    struct ak_buf header = AK_BUF_ARR(key->header);
    ak_buf_put_str(&header, "{\"alg\":\"ES256\",\"kid\":\"");
    ak_buf_put_str(&header, key->kid);
    ak_buf_put_str(&header, "\",\"typ\":\"");
    ak_buf_put_str(&header, kinds[kind].typ);
    ak_buf_put_str(&header, "\"}");
    struct ak_buf header64 = AK_BUF_ARR(key->header64);
    ak_base64url_encode(&header64, ak_buf_span(&header));
    ak_assert(!header.failed && !header64.failed);
    key->header_len = (uint8_t)header.len;
    key->header64_len = (uint8_t)header64.len;
    return AK_OK;
}

/* Printable ASCII that needs no escape in JSON. */
static bool plain(struct ak_span text)
{
    for (size_t i = 0; i < text.len; i++) {
        uint8_t c = text.ptr[i];
        if (c < 0x21 || c > 0x7e || c == '"' || c == '\\') return false;
    }
    return text.len > 0 && text.len <= AK_TOKEN_ISS_MAX;
}

static bool subject_fits(const struct ak_token_claims *claims)
{
    if (claims->kind == AK_TOKEN_SESSION) {
        return claims->label_len == 0 && claims->generation == 0 && claims->scope.len == 0;
    }
    return claims->label_len <= AK_LIMIT_LABEL &&
           ak_path_label_valid(ak_span(claims->label, claims->label_len)) &&
           ak_scope_validate(claims->scope, NULL) == AK_OK;
}

static bool lifetime_fits(const struct ak_token_claims *claims)
{
    if (claims->exp <= claims->iat) return false;
    uint64_t secs = claims->exp - claims->iat;
    return secs >= kinds[claims->kind].min_secs && secs <= kinds[claims->kind].max_secs;
}

enum ak_err ak_token_mint(struct ak_buf *buf, const struct ak_token_key *key, struct ak_p256_signer *signer,
    const struct ak_token_issuer *issuer, const struct ak_token_claims *claims)
{
    if (!known_kind(claims->kind) || claims->kind != key->kind) return AK_E_ARG;
    if (!plain(issuer->iss) || !plain(issuer->aud) || !subject_fits(claims)) return AK_E_ARG;
    if (claims->exp <= claims->iat) return AK_E_ARG;
    if (!lifetime_fits(claims)) return AK_E_LIMIT;
    uint8_t bytes[AK_TOKEN_TEXT_MAX];
    struct ak_buf payload = AK_BUF_ARR(bytes);
    ak_token_payload_put(&payload, issuer, claims);
    AK_TRY(ak_buf_check(&payload));
    struct ak_buf before = *buf;
    enum ak_err err = ak_jws_sign(buf, ak_span(key->header, key->header_len), ak_buf_span(&payload), signer);
    if (err == AK_OK && buf->len - before.len > AK_TOKEN_TEXT_MAX) err = AK_E_LIMIT;
    if (err != AK_OK) *buf = before;
    return err;
}

static bool header_is(struct ak_span text, const struct ak_token_key *key)
{
    return ak_span_starts(text, ak_span(key->header64, key->header64_len)) && text.len > key->header64_len &&
           text.ptr[key->header64_len] == '.';
}

static const struct ak_token_key *key_of(
    struct ak_span text, const struct ak_token_key *keys, size_t key_count)
{
    for (size_t i = 0; i < key_count; i++) {
        if (known_kind(keys[i].kind) && header_is(text, &keys[i])) return &keys[i];
    }
    return NULL;
}

enum ak_token_kind ak_token_peek_kind(struct ak_span text, const struct ak_token_key *keys, size_t key_count)
{
    const struct ak_token_key *key = key_of(text, keys, key_count);
    return key ? key->kind : AK_TOKEN_NONE;
}

enum ak_err ak_token_check_times(const struct ak_token_claims *claims, uint64_t now_s)
{
    bool over = now_s >= claims->exp;
    bool early = claims->iat > now_s && claims->iat - now_s > AK_TOKEN_EARLY_SECS;
    return over || early ? AK_E_EXPIRED : AK_OK;
}

enum ak_err ak_token_verify(struct ak_span text, const struct ak_token_key *keys, size_t key_count,
    const struct ak_token_issuer *issuer, uint64_t now_s, struct ak_buf *memory,
    struct ak_token_claims *out_claims)
{
    *out_claims = (struct ak_token_claims){0};
    struct ak_jws jws;
    AK_TRY(ak_jws_split(text, AK_TOKEN_TEXT_MAX, memory, &jws));
    const struct ak_token_key *key = key_of(text, keys, key_count);
    if (!key) return AK_E_MEANING;
    AK_TRY(ak_jws_verify(&jws, &key->pub));
    struct ak_token_claims claims;
    AK_TRY(ak_token_payload_read(jws.payload, key->kind, issuer, &claims));
    if (!lifetime_fits(&claims)) return AK_E_MEANING;
    AK_TRY(ak_token_check_times(&claims, now_s));
    *out_claims = claims;
    return AK_OK;
}
