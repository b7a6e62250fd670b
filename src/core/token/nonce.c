/* Server nonces: two MACs kept, made anew when the slot changes. */
#include "core/token/nonce.h"

#include "base/assert.h"
#include "base/codec/base64.h"
#include "base/crypto/hmac.h"
#include "base/ct.h"

static void nonce_of(const struct ak_nonce *nonce, uint64_t slot, char out_text[AK_NONCE_TEXT_LEN])
{
    uint8_t slot_bytes[8], mac[32];
    struct ak_buf slot_buf = AK_BUF_ARR(slot_bytes);
    ak_buf_put_u64(&slot_buf, slot);
    struct ak_span parts[] = {
        AK_SPAN_LIT("agentkeys-dpop-nonce-v1:"), AK_SPAN_ARR(nonce->worker_id), ak_buf_span(&slot_buf)};
    ak_hmac_sha256(AK_SPAN_ARR(nonce->key.bytes), parts, AK_COUNT(parts), mac);
    struct ak_buf text = ak_buf(out_text, AK_NONCE_TEXT_LEN);
    ak_base64url_encode(&text, ak_span(mac, 16));
    ak_assert(!text.failed && text.len == AK_NONCE_TEXT_LEN);
}

static void move_to(struct ak_nonce *nonce, uint64_t slot)
{
    nonce->slot = slot;
    nonce_of(nonce, slot, nonce->current);
    nonce_of(nonce, slot > 0 ? slot - 1 : 0, nonce->previous);
}

void ak_nonce_init(
    struct ak_nonce *nonce, const struct ak_secret32 *key, const uint8_t worker_id[16], uint64_t now_ms)
{
    *nonce = (struct ak_nonce){.key = *key};
    memcpy(nonce->worker_id, worker_id, sizeof nonce->worker_id);
    move_to(nonce, now_ms / AK_NONCE_SLOT_MS);
}

void ak_nonce_done(struct ak_nonce *nonce)
{
    ak_wipe(nonce, sizeof *nonce);
}

void ak_nonce_advance(struct ak_nonce *nonce, uint64_t now_ms)
{
    uint64_t slot = now_ms / AK_NONCE_SLOT_MS;
    if (slot > nonce->slot) move_to(nonce, slot);
}

struct ak_span ak_nonce_text(const struct ak_nonce *nonce)
{
    return AK_SPAN_ARR(nonce->current);
}

bool ak_nonce_check(const struct ak_nonce *nonce, struct ak_span text, uint64_t *out_slot)
{
    *out_slot = 0;
    bool current = ak_ct_eq(text, AK_SPAN_ARR(nonce->current));
    bool previous = ak_ct_eq(text, AK_SPAN_ARR(nonce->previous));
    if (!current && !previous) return false;
    *out_slot = current ? nonce->slot : nonce->slot - 1;
    return true;
}
