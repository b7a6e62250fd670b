/* Key sets: each key is read for itself, and one that is not for this purpose is left out. */
#include "core/rp/jwks.h"

#include "base/codec/base64.h"
#include "base/codec/jose.h"

static struct ak_span alg_name(enum ak_sig_alg alg)
{
    return alg == AK_SIG_P256_SHA256 ? AK_SPAN_LIT("ES256") : AK_SPAN_LIT("RS256");
}

/* ---- one key ---- */

static bool read_kid(struct ak_json_value jwk, struct ak_rp_key *key)
{
    struct ak_span kid;
    struct ak_json_value value = ak_json_get(jwk, "kid");
    if (!value.node) return true;
    if (ak_json_string(value, &kid) != AK_OK || kid.len == 0 || kid.len > sizeof key->kid) return false;
    memcpy(key->kid, kid.ptr, kid.len);
    key->kid_len = (uint8_t)kid.len;
    return true;
}

/* base64url member into the key's bytes. */
static bool read_bytes(struct ak_json_value jwk, const char *name, struct ak_rp_key *key)
{
    struct ak_span text;
    size_t len = 0;
    if (ak_json_string(ak_json_get(jwk, name), &text) != AK_OK) return false;
    if (ak_base64url_decode(text, key->bytes + key->len, sizeof key->bytes - key->len, &len) != AK_OK)
        return false;
    key->len = (uint16_t)(key->len + len);
    return true;
}

static bool read_exponent(struct ak_json_value jwk, struct ak_rp_key *key)
{
    struct ak_span text;
    uint8_t bytes[4];
    size_t len = 0;
    if (ak_json_string(ak_json_get(jwk, "e"), &text) != AK_OK ||
        ak_base64url_decode(text, bytes, sizeof bytes, &len) != AK_OK)
        return false;
    for (size_t i = 0; i < len; i++) key->exponent = key->exponent << 8 | bytes[i];
    return true;
}

/* The numbers, and the algorithm that goes with the kind. */
static bool read_numbers(struct ak_json_value jwk, struct ak_rp_key *key)
{
    if (ak_json_string_is(ak_json_get(jwk, "kty"), AK_SPAN_LIT("RSA"))) {
        key->alg = AK_SIG_RSA_PKCS1_SHA256;
        return read_exponent(jwk, key) && read_bytes(jwk, "n", key);
    }
    key->alg = AK_SIG_P256_SHA256;
    return ak_json_string_is(ak_json_get(jwk, "kty"), AK_SPAN_LIT("EC")) &&
           ak_json_string_is(ak_json_get(jwk, "crv"), AK_SPAN_LIT("P-256")) && read_bytes(jwk, "x", key) &&
           key->len == 32 && read_bytes(jwk, "y", key) && key->len == 64;
}

static enum ak_err open_key(const struct ak_rp_key *key, struct ak_pubkey *out_pubkey)
{
    struct ak_span bytes = ak_span(key->bytes, key->len);
    if (key->alg == AK_SIG_P256_SHA256) return ak_pubkey_from_point(bytes, out_pubkey);
    return ak_pubkey_from_rsa(bytes, key->exponent, out_pubkey);
}

static bool read_key(struct ak_json_value jwk, struct ak_rp_key *key)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey pubkey = {0};
    *key = (struct ak_rp_key){0};
    if (ak_json_type(jwk) != AK_JSON_OBJECT || !read_kid(jwk, key) || !read_numbers(jwk, key)) return false;
    return ak_jwk_may_verify(jwk, alg_name(key->alg)) && open_key(key, &pubkey) == AK_OK;
}

/* ---- the set ---- */

static struct ak_span kid_of(const struct ak_rp_key *key)
{
    return ak_span(key->kid, key->kid_len);
}

static bool has_twin(const struct ak_rp_jwks *jwks, const struct ak_rp_key *key)
{
    for (size_t i = 0; i < jwks->count; i++)
        if (jwks->keys[i].alg == key->alg && ak_span_eq(kid_of(&jwks->keys[i]), kid_of(key))) return true;
    return false;
}

static enum ak_err read_keys(struct ak_json_value list, struct ak_rp_jwks *jwks)
{
    struct ak_rp_key key;
    if (ak_json_type(list) != AK_JSON_ARRAY) return AK_E_FORMAT;
    if (ak_json_len(list) > AK_RP_JWKS_MEMBERS) return AK_E_LIMIT;
    for (size_t i = 0; i < ak_json_len(list); i++) {
        if (!read_key(ak_json_at(list, i), &key)) continue;
        if (has_twin(jwks, &key)) return AK_E_CONFLICT;
        if (jwks->count == AK_RP_KEYS_MAX) return AK_E_LIMIT;
        jwks->keys[jwks->count++] = key;
    }
    return jwks->count ? AK_OK : AK_E_MEANING;
}

enum ak_err ak_rp_jwks_parse(struct ak_span text, struct ak_rp_jwks *out_jwks)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    memset(out_jwks, 0, sizeof *out_jwks);
    AK_TRY(ak_json_parse(text, AK_RP_JWKS_MAX, &json));
    enum ak_err err = read_keys(ak_json_get(ak_json_root(&json), "keys"), out_jwks);
    if (err) memset(out_jwks, 0, sizeof *out_jwks);
    return err;
}

enum ak_err ak_rp_jwks_find(
    const struct ak_rp_jwks *jwks, struct ak_span kid, struct ak_span alg, const struct ak_rp_key **out_key)
{
    bool named = false;
    *out_key = NULL;
    if (kid.len == 0 && jwks->count != 1) return AK_E_MEANING;
    for (size_t i = 0; i < jwks->count; i++) {
        const struct ak_rp_key *key = &jwks->keys[i];
        if (kid.len && !ak_span_eq(kid_of(key), kid)) continue;
        named = true;
        if (!ak_span_eq(alg_name(key->alg), alg)) continue;
        *out_key = key;
        return AK_OK;
    }
    return named ? AK_E_MEANING : AK_E_NOT_FOUND;
}

enum ak_err ak_rp_key_verify(const struct ak_rp_key *key, struct ak_span message, struct ak_span signature)
{
    AK_CLEANUP(ak_pubkey_done) struct ak_pubkey pubkey = {0};
    AK_TRY(open_key(key, &pubkey));
    return ak_pubkey_verify(&pubkey, key->alg, message, signature);
}
