/* DPoP proofs: what each part must say. The JSON is read by the strict parser; nothing unknown is taken. */
#include "core/token/dpop.h"

#include "base/codec/base64.h"
#include "base/codec/jose.h"
#include "base/crypto/sha256.h"

/* The claims as they stand; views into the parsed payload. */
struct dpop_claims {
    struct ak_span htm, htu, jti, nonce, ath, bh, rk;
    uint64_t iat;
};

static enum ak_err read_header(struct ak_span header, struct ak_p256_pub *out_pub)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    AK_TRY(ak_json_parse(header, AK_LIMIT_PROOF, &json));
    struct ak_json_value root = ak_json_root(&json);
    struct ak_span typ, alg;
    AK_TRY(ak_json_string(ak_json_get(root, "typ"), &typ));
    AK_TRY(ak_json_string(ak_json_get(root, "alg"), &alg));
    bool right = ak_span_eq(typ, AK_SPAN_LIT("dpop+jwt")) && ak_span_eq(alg, AK_SPAN_LIT("ES256"));
    if (!right || ak_json_len(root) != 3) return AK_E_MEANING;
    return ak_jwk_parse(ak_json_get(root, "jwk"), out_pub);
}

/* A claim that may be absent (empty then, and an empty text is none). */
static enum ak_err read_optional(
    struct ak_json_value root, const char *key, struct ak_span *out_text, size_t *count)
{
    struct ak_json_value value = ak_json_get(root, key);
    *out_text = AK_SPAN_EMPTY;
    if (ak_json_type(value) == AK_JSON_ABSENT) return AK_OK;
    *count += 1;
    AK_TRY(ak_json_string(value, out_text));
    return out_text->len > 0 ? AK_OK : AK_E_FORMAT;
}

static enum ak_err read_claims(const struct ak_json *json, struct dpop_claims *out_claims)
{
    struct ak_json_value root = ak_json_root(json);
    size_t count = 4;
    AK_TRY(ak_json_string(ak_json_get(root, "htm"), &out_claims->htm));
    AK_TRY(ak_json_string(ak_json_get(root, "htu"), &out_claims->htu));
    AK_TRY(ak_json_string(ak_json_get(root, "jti"), &out_claims->jti));
    AK_TRY(ak_json_u64(ak_json_get(root, "iat"), &out_claims->iat));
    AK_TRY(read_optional(root, "nonce", &out_claims->nonce, &count));
    AK_TRY(read_optional(root, "ath", &out_claims->ath, &count));
    AK_TRY(read_optional(root, "ak_bh", &out_claims->bh, &count));
    AK_TRY(read_optional(root, "ak_rk", &out_claims->rk, &count));
    if (ak_json_len(root) != count) return AK_E_FORMAT; /* I4: an unknown claim */
    bool jti_fits = out_claims->jti.len >= AK_DPOP_JTI_MIN && out_claims->jti.len <= AK_DPOP_JTI_MAX;
    return jti_fits ? AK_OK : AK_E_FORMAT;
}

static bool url_is(struct ak_span htu, const struct ak_dpop_expect *expect)
{
    for (size_t i = 0; i < expect->origin_count; i++) {
        struct ak_span origin = expect->origins[i];
        if (origin.len > 0 && ak_span_starts(htu, origin) &&
            ak_span_eq(ak_span_sub(htu, origin.len, htu.len), expect->path))
            return true;
    }
    return false;
}

static bool nonce_is(struct ak_span nonce, const struct ak_dpop_expect *expect, const struct ak_nonce *nonces,
    uint64_t *out_slot)
{
    if (nonces) return ak_nonce_check(nonces, nonce, out_slot);
    for (size_t i = 0; i < expect->relayed_count; i++)
        if (nonce.len > 0 && ak_span_eq(nonce, expect->relayed[i])) return true;
    return false;
}

static bool time_fits(uint64_t iat, uint64_t now_s)
{
    return iat > now_s ? iat - now_s <= AK_DPOP_IAT_SECS : now_s - iat <= AK_DPOP_IAT_SECS;
}

/* base64url(SHA-256(token)), or nothing where there is no token. */
static bool token_is(struct ak_span ath, struct ak_span token)
{
    if (token.len == 0) return ath.len == 0;
    uint8_t said[32], is[32];
    if (ak_base64url_decode_fixed(ath, said, sizeof said) != AK_OK) return false;
    ak_sha256(token, is);
    return memcmp(said, is, sizeof is) == 0;
}

/* 32 bytes as base64url, or none. */
static bool take_bytes(struct ak_span text, bool *out_has, uint8_t out_bytes[32])
{
    *out_has = text.len > 0;
    return !*out_has || ak_base64url_decode_fixed(text, out_bytes, 32) == AK_OK;
}

static enum ak_err refuse(enum ak_dpop_fault *out_fault, enum ak_dpop_fault fault, enum ak_err err)
{
    *out_fault = fault;
    return err;
}

/* Is the proof for this call, and of now? */
static enum ak_err check_claims(const struct dpop_claims *claims, const struct ak_dpop_expect *expect,
    const struct ak_nonce *nonces, struct ak_dpop_proof *proof, enum ak_dpop_fault *out_fault)
{
    if (!ak_span_eq(claims->htm, expect->method)) return refuse(out_fault, AK_DPOP_METHOD, AK_E_MEANING);
    if (!url_is(claims->htu, expect)) return refuse(out_fault, AK_DPOP_URL, AK_E_MEANING);
    if (!nonce_is(claims->nonce, expect, nonces, &proof->nonce_slot)) {
        return refuse(out_fault, AK_DPOP_NONCE, AK_E_EXPIRED);
    }
    if (!time_fits(claims->iat, expect->now_s)) return refuse(out_fault, AK_DPOP_TIME, AK_E_EXPIRED);
    if (!token_is(claims->ath, expect->token)) return refuse(out_fault, AK_DPOP_TOKEN, AK_E_MEANING);
    proof->iat = claims->iat;
    if (!take_bytes(claims->bh, &proof->has_bh, proof->bh) ||
        !take_bytes(claims->rk, &proof->has_rk, proof->rk)) {
        return refuse(out_fault, AK_DPOP_FORM, AK_E_FORMAT);
    }
    struct ak_span parts[] = {AK_SPAN_ARR(proof->jkt), claims->jti};
    ak_sha256_parts(parts, AK_COUNT(parts), proof->jti_hash);
    return AK_OK;
}

static enum ak_err verify(struct ak_span text, const struct ak_dpop_expect *expect,
    const struct ak_nonce *nonces, struct ak_dpop_proof *proof, enum ak_dpop_fault *out_fault)
{
    uint8_t bytes[AK_LIMIT_PROOF];
    struct ak_buf memory = AK_BUF_ARR(bytes);
    struct ak_jws jws;
    if (text.len == 0) return refuse(out_fault, AK_DPOP_MISSING, AK_E_FORMAT);
    enum ak_err err = ak_jws_split(text, AK_LIMIT_PROOF, &memory, &jws);
    if (err != AK_OK) return refuse(out_fault, AK_DPOP_FORM, err);
    struct ak_p256_pub pub;
    err = read_header(jws.header, &pub);
    if (err != AK_OK) return refuse(out_fault, AK_DPOP_HEADER, err);
    err = ak_jws_verify(&jws, &pub);
    if (err != AK_OK) return refuse(out_fault, AK_DPOP_SIGNATURE, err);
    ak_jwk_thumbprint(&pub, proof->jkt);
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    struct dpop_claims claims;
    err = ak_json_parse(jws.payload, AK_LIMIT_PROOF, &json);
    if (err == AK_OK) err = read_claims(&json, &claims);
    if (err != AK_OK) return refuse(out_fault, AK_DPOP_FORM, err);
    return check_claims(&claims, expect, nonces, proof, out_fault);
}

enum ak_err ak_dpop_verify(struct ak_span text, const struct ak_dpop_expect *expect,
    const struct ak_nonce *nonces, struct ak_dpop_proof *out_proof, enum ak_dpop_fault *out_fault)
{
    enum ak_dpop_fault fault = AK_DPOP_FINE;
    struct ak_dpop_proof proof = {0};
    enum ak_err err = verify(text, expect, nonces, &proof, &fault);
    *out_proof = err == AK_OK ? proof : (struct ak_dpop_proof){0};
    if (out_fault) *out_fault = fault;
    return err;
}
