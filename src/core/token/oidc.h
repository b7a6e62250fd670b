/* Tokens for clouds: OIDC JWTs that an STS takes, and the public keys it checks them with. Guaranteed: what
 * is minted names one account (and one agent) in its tags, never a pattern: tag values are an address or a
 * base path and nothing else, checked before anything is signed. Such a token is of no use to ourselves
 * (I20): its key, kid prefix and typ are none that we verify. Not guaranteed: that the caller may have it;
 * that is policy's. This file makes the bytes that are to be signed; a job of the pool signs them. Nothing is
 * secret but the scalar; a token is a secret of its holder. No time, no randomness of its own. spec:
 * docs/wire.md, Issuer; RFC 7519, OpenID Connect Core 2, Discovery 3; AWS STS session tags */
#ifndef AK_CORE_TOKEN_OIDC_H
#define AK_CORE_TOKEN_OIDC_H

#include "base/crypto/p256_cert.h"
#include "core/token/token.h"

enum {
    AK_OIDC_SECS = 300, /* default and bounds: docs/wire.md, Tokens and lifetimes */
    AK_OIDC_MIN_SECS = 60,
    AK_OIDC_MAX_SECS = 3600,
    AK_OIDC_STS_SECS = 900, /* of the credentials that an STS gives for it */
    AK_OIDC_STS_MIN_SECS = 900,
    AK_OIDC_STS_MAX_SECS = 3600,
    AK_OIDC_AUD_MAX = 200,
    AK_OIDC_SIGNATURE_LEN = 86, /* characters of base64url */
    AK_OIDC_TEXT_MAX = 2560     /* no token is longer */
};

/* Audiences that are never minted: the vault's own, which its bucket alone trusts. */
#define AK_OIDC_AUD_VAULT "agentkeys-vault"

/* One version of the issuer's key, public. */
struct ak_oidc_key {
    uint32_t version;
    struct ak_p256_pub pub;
    char kid[AK_TOKEN_KID_MAX + 1]; /* "ak-oidc-" and the first 16 characters of the thumbprint */
    uint16_t cert_len;
    uint8_t cert[AK_P256_CERT_MAX]; /* self-signed, DER: the same bytes at every start */
};
/* AK_E_MEANING for a scalar out of [1, n-1], AK_E_CRYPTO; the key is zeroed then. */
AK_MUST_USE enum ak_err ak_oidc_key_init(
    struct ak_oidc_key *key, uint32_t version, const struct ak_secret32 *scalar);

struct ak_oidc_claims {
    struct ak_span iss;
    struct ak_span aud;
    uint8_t home_wallet[20];
    uint8_t anchor[32];
    struct ak_span label; /* without the slash; empty for a person */
    uint32_t generation;  /* agents */
    uint64_t iat, exp;
    uint8_t jti[16];
};

/* [A-Za-z0-9._:/-], 1 to 200 characters: as in a scope, so no `*` and nothing that JSON would escape. */
bool ak_oidc_audience_valid(struct ak_span aud);
/* One that is ours: the vault's, or the issuer itself. Refused for everybody. */
bool ak_oidc_audience_own(struct ak_span aud, struct ak_span issuer);
/* "0x" and 40 lower-case hex characters. */
bool ak_oidc_tag_wallet_valid(struct ak_span value);
/* "/" and a label: no `*`, no further slash, no generation. */
bool ak_oidc_tag_path_valid(struct ak_span value);

/* Appends header.payload and a dot: what is to be signed, but for the dot. AK_E_ARG (issuer, audience or a
 * tag's value does not fit), AK_E_LIMIT (lifetime), AK_E_FULL (AK_OIDC_TEXT_MAX is enough with the
 * signature); nothing is appended then. */
AK_MUST_USE enum ak_err ak_oidc_put(
    struct ak_buf *buf, const struct ak_oidc_key *key, const struct ak_oidc_claims *claims);

#endif
