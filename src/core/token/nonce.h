/* DPoP nonces of the server: HMAC-SHA256 under a key made at each start, over the worker's id and the number
 * of a 60-s slot of logic time. So no proof outlives a restart, another node or a moved clock (I10). One
 * nonce serves everybody in its slot; single use comes from replay.h. The key is secret, the nonces are not.
 * Accepted: the current slot's and the one before. One thread. spec: RFC 9449 8 */
#ifndef AK_CORE_TOKEN_NONCE_H
#define AK_CORE_TOKEN_NONCE_H

#include "base/span.h"
#include "base/wipe.h"

enum { AK_NONCE_TEXT_LEN = 22, AK_NONCE_SLOT_MS = 60 * 1000 };

struct ak_nonce {
    struct ak_secret32 key;
    uint8_t worker_id[16];
    uint64_t slot;
    char current[AK_NONCE_TEXT_LEN];
    char previous[AK_NONCE_TEXT_LEN];
};
/* `key`: 32 fresh random bytes of this start. */
void ak_nonce_init(
    struct ak_nonce *nonce, const struct ak_secret32 *key, const uint8_t worker_id[16], uint64_t now_ms);
/* Wipes the key. Fine on a zeroed one. */
void ak_nonce_done(struct ak_nonce *nonce);
/* Moves to the slot of `now_ms`; never back. Costs nothing while the slot stays. */
void ak_nonce_advance(struct ak_nonce *nonce, uint64_t now_ms);
/* The nonce to give out now (`DPoP-Nonce`); base64url, 22 characters, valid until the next advance. */
struct ak_span ak_nonce_text(const struct ak_nonce *nonce);
/* True where `text` is the nonce of a live slot, which goes to *out_slot. */
bool ak_nonce_check(const struct ak_nonce *nonce, struct ak_span text, uint64_t *out_slot);

#endif
