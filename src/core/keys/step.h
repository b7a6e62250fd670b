/* Inside of core/keys: choosing among candidates and one step of the soft derivation. Everything here takes
 * or gives secrets; only derive.c and tests include it.
 * spec: docs/formats/keys.md, Agents' keys */
#ifndef AK_CORE_KEYS_STEP_H
#define AK_CORE_KEYS_STEP_H

#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

/* A candidate is out of range with probability 2^-128, so real input never needs a second one; the number of
 * the attempt is one byte. */
enum { AK_KEYS_ATTEMPTS = 256 };

/* Gives candidate number `attempt`; number 0 has no byte appended, number i has the byte i. */
struct ak_keys_candidates {
    enum ak_err (*make)(const void *ctx, unsigned attempt, struct ak_secret64 *out_candidate);
    const void *ctx;
};
/* The first candidate whose left half is in [1, n-1]: that half, and the right half as chain code.
 * AK_E_CRYPTO where none is, and what `make` answers; zeros then. */
AK_MUST_USE enum ak_err ak_keys_pick_user(const struct ak_keys_candidates *candidates,
    struct ak_secret32 *out_scalar, struct ak_secret32 *out_chain_code);
/* The first candidate whose left half is under n and gives a sum with `scalar` that is not 0: the sum, and
 * the right half as chain code. Both are replaced in place, zeros on failure. Errors as above. */
AK_MUST_USE enum ak_err ak_keys_pick_child(
    const struct ak_keys_candidates *candidates, struct ak_secret32 *scalar, struct ak_secret32 *chain_code);

/* One step down for `component`, in place. `point33` is the compressed point of `scalar`, NULL where it is
 * not at hand. AK_E_MEANING (invalid scalar), AK_E_CRYPTO; zeros then. */
AK_MUST_USE enum ak_err ak_keys_step(struct ak_secret32 *scalar, struct ak_secret32 *chain_code,
    const uint8_t *point33, struct ak_span component);
/* The component of a generation: its canonical decimal. */
AK_MUST_USE enum ak_err ak_keys_step_generation(
    struct ak_secret32 *scalar, struct ak_secret32 *chain_code, const uint8_t *point33, uint32_t generation);

#endif
