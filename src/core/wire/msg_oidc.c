/* Tables of the messages in msg_oidc.h. */
#include "core/wire/msg_oidc.h"

#include "base/limits.h"

const struct ak_msg ak_oidc_public_request_msg = {
    .name = "oidc_public_request", .size = sizeof(struct ak_msg_oidc_public_request)};

static const struct ak_field configuration_reply_fields[] = {
    AK_FIELD(ak_msg_oidc_configuration_reply, issuer, "issuer", AK_KIND_TEXT, 0, 1, 256),
    AK_FIELD(ak_msg_oidc_configuration_reply, jwks_uri, "jwks_uri", AK_KIND_TEXT, 0, 1, 320),
    AK_FIELD(
        ak_msg_oidc_configuration_reply, response_types, "response_types_supported", AK_KIND_TEXTS, 0, 1, 64),
    AK_FIELD(
        ak_msg_oidc_configuration_reply, subject_types, "subject_types_supported", AK_KIND_TEXTS, 0, 1, 64),
    AK_FIELD(ak_msg_oidc_configuration_reply, algorithms, "id_token_signing_alg_values_supported",
        AK_KIND_TEXTS, 0, 1, 64),
    AK_FIELD(ak_msg_oidc_configuration_reply, claims, "claims_supported", AK_KIND_TEXTS, 0, 1, 256),
};
const struct ak_msg ak_oidc_configuration_reply_msg =
    AK_MSG("oidc_configuration_reply", ak_msg_oidc_configuration_reply, configuration_reply_fields);

static const struct ak_field jwk_fields[] = {
    AK_FIELD(ak_msg_jwk, kty, "kty", AK_KIND_TEXT, 0, 1, 8),
    AK_FIELD(ak_msg_jwk, crv, "crv", AK_KIND_TEXT, 0, 1, 16),
    AK_FIELD(ak_msg_jwk, x, "x", AK_KIND_PRINT, 0, 0, 32),
    AK_FIELD(ak_msg_jwk, y, "y", AK_KIND_PRINT, 0, 0, 32),
    AK_FIELD(ak_msg_jwk, kid, "kid", AK_KIND_TEXT, 0, 1, 64),
    AK_FIELD(ak_msg_jwk, use, "use", AK_KIND_TEXT, 0, 1, 8),
    AK_FIELD(ak_msg_jwk, alg, "alg", AK_KIND_TEXT, 0, 1, 8),
    AK_FIELD(ak_msg_jwk, x5c, "x5c", AK_KIND_TEXTS, 0, 1, 768),
};
const struct ak_msg ak_jwk_msg = AK_MSG("jwk", ak_msg_jwk, jwk_fields);

static const struct ak_field jwks_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_jwks_reply, keys, "keys", &ak_jwk_msg),
};
const struct ak_msg ak_jwks_reply_msg = AK_MSG("jwks_reply", ak_msg_jwks_reply, jwks_reply_fields);

static const struct ak_field mint_request_fields[] = {
    AK_FIELD(ak_msg_mint_request, aud, "aud", AK_KIND_TEXT, AK_MSG_OPTIONAL, 1, 200),
};
const struct ak_msg ak_mint_request_msg = AK_MSG("mint_request", ak_msg_mint_request, mint_request_fields);

static const struct ak_field mint_reply_fields[] = {
    AK_FIELD(ak_msg_mint_reply, jwt, "jwt", AK_KIND_TEXT, 0, 1, AK_LIMIT_TOKEN),
    AK_FIELD(ak_msg_mint_reply, expires_at, "expires_at", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_mint_reply, aud, "aud", AK_KIND_TEXT, 0, 1, 200),
    AK_FIELD(ak_msg_mint_reply, entry_index, "entry.index", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_mint_reply, entry_leaf_hash, "entry.leaf_hash", AK_KIND_FIXED, 0, 0, 32),
};
const struct ak_msg ak_mint_reply_msg = AK_MSG("mint_reply", ak_msg_mint_reply, mint_reply_fields);
