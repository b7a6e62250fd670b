/* Proof of possession per request: DPoP with ES256, a server nonce that is always required, and two claims of
 * our own: `ak_bh` (SHA-256 of what a person approved, I15) and `ak_rk` (the X25519 key to which credentials
 * may be sealed for this client, I1). Verification says who holds the key and that the proof is
 * for this call; single use is replay.h, called by the engine when everything else is checked. Nothing is
 * negotiated: header typ, alg, jwk and no other member; a private part is refused.
 * Not guaranteed: that the key is enrolled. The signer is secret. spec: RFC 9449 4.2, 4.3, 7, 8 */
#ifndef AK_CORE_TOKEN_DPOP_H
#define AK_CORE_TOKEN_DPOP_H

#include "base/buf.h"
#include "base/crypto/p256.h"
#include "base/err.h"
#include "base/limits.h"
#include "core/token/nonce.h"

enum {
    AK_DPOP_IAT_SECS = 300, /* either way: freshness comes from the nonce, this only catches broken clocks */
    AK_DPOP_JTI_MIN = 8,    /* characters */
    AK_DPOP_JTI_MAX = 128,
    AK_DPOP_URL_MAX = 512
};

/* Which check refused; AK_DPOP_FINE where none did. */
enum ak_dpop_fault {
    AK_DPOP_FINE = 0,
    AK_DPOP_MISSING, /* no proof */
    AK_DPOP_FORM,    /* not a compact JWS of JSON, too long, a claim missing or of another type */
    AK_DPOP_HEADER,  /* typ, alg, jwk, an unknown header member */
    AK_DPOP_SIGNATURE,
    AK_DPOP_METHOD,
    AK_DPOP_URL,
    AK_DPOP_NONCE, /* none, or not of a live slot of this start: answer with a new one */
    AK_DPOP_TIME,
    AK_DPOP_TOKEN /* ath missing, of another token, or present without a token */
};

/* What the proof must be for. */
struct ak_dpop_expect {
    struct ak_span method;         /* "POST": exact */
    const struct ak_span *origins; /* "http://127.0.0.1:8092": the names under which we are reached */
    size_t origin_count;
    struct ak_span path;  /* "/v1/token": without query; htu must be origin + path, byte for byte */
    struct ak_span token; /* the token of this request; empty where there is none */
    uint64_t now_s;       /* logic time */
    /* Where `nonces` is NULL: the nonces of another server that are taken. A proof that is passed on to that
     * server is bound to its nonce, not to one of ours. */
    const struct ak_span *relayed;
    size_t relayed_count;
};
struct ak_dpop_proof {
    uint8_t jkt[32];      /* thumbprint of the key that signed */
    uint8_t jti_hash[32]; /* SHA-256(jkt || jti) */
    uint64_t nonce_slot;  /* for ak_replay_use */
    uint64_t iat;
    bool has_bh;
    uint8_t bh[32];
    bool has_rk;
    uint8_t rk[32];
};
/* Checks all but single use. `nonces` may be NULL, see above; nonce_slot is 0 then. AK_E_LIMIT, AK_E_FORMAT,
 * AK_E_AUTH, AK_E_MEANING, AK_E_EXPIRED (nonce, time); *out_fault (may be NULL) says which. The proof is
 * zeroed on failure. */
AK_MUST_USE enum ak_err ak_dpop_verify(struct ak_span text, const struct ak_dpop_expect *expect,
    const struct ak_nonce *nonces, struct ak_dpop_proof *out_proof, enum ak_dpop_fault *out_fault);

/* What the client says. */
struct ak_dpop_make {
    struct ak_span method;
    struct ak_span url;   /* origin and path; a query or fragment is AK_E_ARG */
    struct ak_span nonce; /* as the server gave it; empty: first try */
    struct ak_span token; /* empty: no ath */
    uint64_t iat;         /* Unix seconds */
    uint8_t jti[16];      /* fresh random bytes */
    const uint8_t *bh;    /* 32 bytes, or NULL */
    const uint8_t *rk;    /* 32 bytes, or NULL */
};
/* Appends a compact proof. AK_E_ARG, AK_E_FULL (AK_LIMIT_PROOF is always enough), AK_E_CRYPTO; `buf` is left
 * as it was on failure. `signer` is the secret half of `pub`. */
AK_MUST_USE enum ak_err ak_dpop_make(struct ak_buf *buf, struct ak_p256_signer *signer,
    const struct ak_p256_pub *pub, const struct ak_dpop_make *make);

#endif
