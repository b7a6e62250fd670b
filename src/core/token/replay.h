/* Single use of proofs: the set of (device, jti) seen in the two live nonce slots (I10). A proof is bound to
 * its nonce's slot, so what is older cannot come back and is forgotten whole. Fixed memory of the caller;
 * full refuses and never forgets a live one: with 65536 places a slot (2 MiB for both) 49152 proofs a minute
 * pass, 819 a second. Call it last, after token, device and state were checked, so that strangers cannot fill
 * it. Not guaranteed across restarts: there the nonce's key has changed. One thread. spec: RFC 9449 11.1 */
#ifndef AK_CORE_TOKEN_REPLAY_H
#define AK_CORE_TOKEN_REPLAY_H

#include "base/err.h"
#include "base/span.h"

enum { AK_REPLAY_PLACES = 65536 }; /* a slot; a program may take another power of two */

struct ak_replay_place {
    uint64_t hash[2]; /* 0,0: free */
};
struct ak_replay {
    struct ak_replay_place *places[2]; /* for the even and the odd slot numbers */
    uint32_t used[2];
    uint32_t mask;
    uint64_t slot;    /* current; the one before is live too */
    uint64_t seed[2]; /* where a hash goes: random, so nobody can aim at one place */
};
/* `places`: 2 * count of the caller's memory, count a power of two from 4. AK_E_ARG. */
AK_MUST_USE enum ak_err ak_replay_init(struct ak_replay *replay, struct ak_replay_place *places,
    uint32_t count, const uint8_t seed[16], uint64_t slot);
/* Uses `jti_hash` (of struct ak_dpop_proof) in `slot` (of ak_nonce_check) while `current_slot` is the
 * nonce's. AK_E_REPLAY, AK_E_FULL, AK_E_EXPIRED (the slot is no longer live), AK_E_ARG (slot ahead of
 * current). */
AK_MUST_USE enum ak_err ak_replay_use(
    struct ak_replay *replay, const uint8_t jti_hash[32], uint64_t slot, uint64_t current_slot);

#endif
