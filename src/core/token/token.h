/* Our own bearer-with-proof tokens: sessions (typ ak-session+jwt) and agents' tokens (ak-agent+jwt), compact
 * JWS with ES256 and fixed bytes. A token says who asks; what is allowed is in the record, so the scope
 * inside is for reading only. Each kind has its own key, kid prefix and typ, and is refused where the other
 * is expected (I20). Verification takes nothing that minting would not have written: header byte-equal,
 * members in this order, no others (I4):
 *
 *   {"alg":"ES256","kid":"ak-session-…","typ":"ak-session+jwt"}
 *   {"iss":…,"sub":"<anchor
 * hex>[/<label>]","aud":…,"iat":…,"exp":…,"jti":…,"cnf":{"jkt":…}[,"gen":…,"scope":…]}
 *
 * Not guaranteed: that the device is still enrolled, the path active, the session not logged out: the caller
 * looks at its state at every use. The signer is secret; a token is a secret of its holder (never logged).
 * No allocation, no time, no randomness of its own. spec: docs/wire.md, Tokens and lifetimes; RFC 7519, 7800
 */
#ifndef AK_CORE_TOKEN_TOKEN_H
#define AK_CORE_TOKEN_TOKEN_H

#include "base/buf.h"
#include "base/crypto/p256.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

enum ak_token_kind { AK_TOKEN_NONE = 0, AK_TOKEN_SESSION = 1, AK_TOKEN_AGENT = 2 };

enum {
    AK_TOKEN_SESSION_SECS = 5 * 3600, /* defaults and bounds: docs/wire.md */
    AK_TOKEN_SESSION_MIN_SECS = 60,
    AK_TOKEN_SESSION_MAX_SECS = 24 * 3600,
    AK_TOKEN_AGENT_SECS = 600,
    AK_TOKEN_AGENT_MIN_SECS = 60,
    AK_TOKEN_AGENT_MAX_SECS = 3600,
    AK_TOKEN_EARLY_SECS = 30, /* an `iat` this far ahead is still taken; `exp` has no tolerance */
    AK_TOKEN_ISS_MAX = 256,   /* issuer and audience: an origin */
    AK_TOKEN_KID_MAX = 32,
    AK_TOKEN_HEADER_MAX = 96,
    AK_TOKEN_TEXT_MAX = 4096 /* no token of ours is longer */
};

/* One key version of one kind: public key and the header that goes with it. Public. */
struct ak_token_key {
    enum ak_token_kind kind;
    struct ak_p256_pub pub;
    uint8_t header_len;
    char header[AK_TOKEN_HEADER_MAX]; /* JSON bytes */
    uint8_t header64_len;
    char header64[AK_TOKEN_HEADER_MAX * 4 / 3 + 1]; /* the same as it stands in a token */
    char kid[AK_TOKEN_KID_MAX + 1];                 /* prefix and the first 16 characters of the thumbprint */
};
/* AK_E_ARG for another kind, AK_E_MEANING for a point off the curve. */
AK_MUST_USE enum ak_err ak_token_key_init(
    struct ak_token_key *key, enum ak_token_kind kind, const struct ak_p256_pub *pub);

/* Who issues and for whom; the spans stay the caller's. Printable ASCII without quote and backslash. */
struct ak_token_issuer {
    struct ak_span iss;
    struct ak_span aud;
};

struct ak_token_claims {
    enum ak_token_kind kind;
    uint8_t anchor[32];
    uint8_t label_len; /* 0 for a session */
    char label[AK_LIMIT_LABEL];
    uint32_t generation; /* agents */
    struct ak_span
        scope;       /* agents: canonical text; after verify a view into `memory`, empty from the cache */
    uint8_t jkt[32]; /* thumbprint of the device's key */
    uint64_t iat;    /* Unix seconds */
    uint64_t exp;
    uint8_t jti[16];
};

/* Appends the compact token. AK_E_ARG (label, scope, issuer or kind do not fit, exp <= iat), AK_E_LIMIT
 * (lifetime out of bounds), AK_E_FULL (AK_TOKEN_TEXT_MAX is always enough), AK_E_CRYPTO. `buf` is left as it
 * was on failure. `signer` is the secret half of `key`. */
AK_MUST_USE enum ak_err ak_token_mint(struct ak_buf *buf, const struct ak_token_key *key,
    struct ak_p256_signer *signer, const struct ak_token_issuer *issuer,
    const struct ak_token_claims *claims);

/* Verifies a token against up to two versions of the kind's key. `memory` (at least text.len bytes left)
 * holds what the scope points to. Checked in order: size, form, header (AK_E_FORMAT; another kind, alg, kid
 * or extra member: AK_E_MEANING), signature (AK_E_AUTH), form of the payload (AK_E_FORMAT), iss and aud
 * (AK_E_MEANING), times (AK_E_EXPIRED: over, or too early; AK_E_MEANING: lifetime out of bounds). Claims are
 * zeroed on failure. */
AK_MUST_USE enum ak_err ak_token_verify(struct ak_span text, const struct ak_token_key *keys,
    size_t key_count, const struct ak_token_issuer *issuer, uint64_t now_s, struct ak_buf *memory,
    struct ak_token_claims *out_claims);
/* The times alone, for claims from the cache: AK_OK or AK_E_EXPIRED. */
AK_MUST_USE enum ak_err ak_token_check_times(const struct ak_token_claims *claims, uint64_t now_s);
/* Which kind the text's header claims to be, by its first bytes against the keys' headers, unverified: for
 * choosing what to verify with. AK_TOKEN_NONE where it is none of them. */
enum ak_token_kind ak_token_peek_kind(struct ak_span text, const struct ak_token_key *keys, size_t key_count);

#endif
