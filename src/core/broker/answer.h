/* What the broker tells the keeper: this identity answered, for this device. A compact JWS by the broker's
 * key, for one keeper, for a minute, once. The keeper takes it for opening accounts and starting recoveries
 * only. Secret: the signer. Pure. spec: docs/wire.md, Broker */
#ifndef AK_CORE_BROKER_ANSWER_H
#define AK_CORE_BROKER_ANSWER_H

#include "base/buf.h"
#include "base/crypto/p256.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_ANSWER_LIFETIME_S = 60, AK_ANSWER_MAX = 2048 };

struct ak_answer {
    struct ak_span issuer;   /* the broker's origin */
    struct ak_span audience; /* the keeper's issuer */
    struct ak_span identity_type, identity_value;
    const uint8_t *jkt; /* 32 bytes */
    const uint8_t *jti; /* 16 random bytes */
    uint64_t now_s;
};

/* AK_E_FULL, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_answer_put(
    const struct ak_answer *answer, struct ak_p256_signer *signer, struct ak_buf *out);

#endif
