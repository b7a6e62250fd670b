/* The worker as OIDC issuer: what it publishes, and minting a token for a cloud.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_OIDC_H
#define AK_CORE_WIRE_MSG_OIDC_H

#include "core/wire/field.h"

struct ak_msg_oidc_public_request {
    uint32_t present;
};
extern const struct ak_msg ak_oidc_public_request_msg;

/* spec: OpenID Connect Discovery 3; what STS implementations ask for, and no endpoint that is not there. */
struct ak_msg_oidc_configuration_reply {
    uint32_t present;
    struct ak_span issuer;
    struct ak_span jwks_uri;
    struct ak_span response_types;
    struct ak_span subject_types;
    struct ak_span algorithms;
    struct ak_span claims;
};
enum ak_oidc_configuration_reply_field {
    AK_OIDC_CONFIGURATION_REPLY_ISSUER,
    AK_OIDC_CONFIGURATION_REPLY_JWKS_URI,
    AK_OIDC_CONFIGURATION_REPLY_RESPONSE_TYPES,
    AK_OIDC_CONFIGURATION_REPLY_SUBJECT_TYPES,
    AK_OIDC_CONFIGURATION_REPLY_ALGORITHMS,
    AK_OIDC_CONFIGURATION_REPLY_CLAIMS,
};
extern const struct ak_msg ak_oidc_configuration_reply_msg;

/* spec: RFC 7517 4, RFC 7518 6.2.1 */
struct ak_msg_jwk {
    uint32_t present;
    struct ak_span kty;
    struct ak_span crv;
    uint8_t x[32];
    uint8_t y[32];
    struct ak_span kid;
    struct ak_span use;
    struct ak_span alg;
    struct ak_span x5c; /* one certificate, base64 */
};
enum ak_jwk_field {
    AK_JWK_KTY,
    AK_JWK_CRV,
    AK_JWK_X,
    AK_JWK_Y,
    AK_JWK_KID,
    AK_JWK_USE,
    AK_JWK_ALG,
    AK_JWK_X5C,
};
extern const struct ak_msg ak_jwk_msg;

struct ak_msg_jwks_reply {
    uint32_t present;
    struct ak_list keys; /* of struct ak_msg_jwk; the one that signs first */
};
enum ak_jwks_reply_field {
    AK_JWKS_REPLY_KEYS,
};
extern const struct ak_msg ak_jwks_reply_msg;

struct ak_msg_mint_request {
    uint32_t present;
    struct ak_span aud;
};
enum ak_mint_request_field {
    AK_MINT_REQUEST_AUD,
};
extern const struct ak_msg ak_mint_request_msg;

/* The token stands first: its signature is written into the encoded body once the job is done. */
struct ak_msg_mint_reply {
    uint32_t present;
    struct ak_span jwt;
    uint64_t expires_at;
    struct ak_span aud;
    uint64_t entry_index;
    uint8_t entry_leaf_hash[32];
};
enum ak_mint_reply_field {
    AK_MINT_REPLY_JWT,
    AK_MINT_REPLY_EXPIRES_AT,
    AK_MINT_REPLY_AUD,
    AK_MINT_REPLY_ENTRY_INDEX,
    AK_MINT_REPLY_ENTRY_LEAF_HASH,
};
extern const struct ak_msg ak_mint_reply_msg;

#endif
