/* One DEK, wrapped and unwrapped; and the sorted table of all of them. */
#include "core/vault/epoch.h"

#include "base/crypto/gcm.h"
#include "core/vault/epoch_order.h"

enum { AAD_LEN = 68 };

static struct ak_span put_aad(const struct ak_epoch_key *key, uint8_t memory[AAD_LEN])
{
    struct ak_buf aad = ak_buf(memory, AAD_LEN);
    ak_buf_put(&aad, AK_SPAN_ARR(key->anchor));
    ak_buf_put_u32(&aad, key->epoch);
    ak_buf_put(&aad, AK_SPAN_ARR(key->dek_id));
    return ak_buf_span(&aad);
}

enum ak_err ak_dek_wrap(const struct ak_secret32 *shielding, const struct ak_epoch_key *key,
    const uint8_t nonce[12], const struct ak_secret32 *dek, struct ak_epoch_record *out_record)
{
    uint8_t aad[AAD_LEN];
    memset(out_record, 0, sizeof *out_record);
    enum ak_err err =
        ak_gcm_seal(shielding, nonce, put_aad(key, aad), AK_SPAN_ARR(dek->bytes), out_record->wrapped);
    if (err) return err;
    out_record->key = *key;
    memcpy(out_record->nonce, nonce, sizeof out_record->nonce);
    return AK_OK;
}

enum ak_err ak_dek_unwrap(
    const struct ak_secret32 *shielding, const struct ak_epoch_record *record, struct ak_secret32 *out_dek)
{
    uint8_t aad[AAD_LEN];
    return ak_gcm_open(
        shielding, record->nonce, put_aad(&record->key, aad), AK_SPAN_ARR(record->wrapped), out_dek->bytes);
}

int ak_epoch_cmp(const struct ak_epoch_key *a, const struct ak_epoch_key *b)
{
    int order = memcmp(a->anchor, b->anchor, sizeof a->anchor);
    if (order) return order;
    if (a->epoch != b->epoch) return a->epoch < b->epoch ? -1 : 1;
    return memcmp(a->dek_id, b->dek_id, sizeof a->dek_id);
}

/* The first record that is not before `key`. */
static size_t lower_bound(const struct ak_epoch_table *table, const struct ak_epoch_key *key)
{
    size_t low = 0, high = table->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (ak_epoch_cmp(&table->records[middle].key, key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

const struct ak_epoch_record *ak_epoch_find(
    const struct ak_epoch_table *table, const struct ak_epoch_key *key)
{
    size_t at = lower_bound(table, key);
    return at < table->count && ak_epoch_cmp(&table->records[at].key, key) == 0 ? &table->records[at] : NULL;
}

enum ak_err ak_epoch_add(struct ak_epoch_table *table, const struct ak_epoch_record *record)
{
    size_t at = lower_bound(table, &record->key);
    if (at < table->count && ak_epoch_cmp(&table->records[at].key, &record->key) == 0) return AK_E_EXISTS;
    if (table->count >= table->cap) return AK_E_FULL;
    memmove(&table->records[at + 1], &table->records[at], (table->count - at) * sizeof *record);
    table->records[at] = *record;
    table->count++;
    return AK_OK;
}

size_t ak_epoch_keep(
    struct ak_epoch_table *table, bool (*keep)(void *ctx, const struct ak_epoch_key *key), void *ctx)
{
    size_t kept = 0, gone = 0;
    for (size_t i = 0; i < table->count; i++) {
        if (!keep(ctx, &table->records[i].key)) continue;
        if (kept != i) table->records[kept] = table->records[i];
        kept++;
    }
    gone = table->count - kept;
    if (gone) ak_wipe(&table->records[kept], gone * sizeof *table->records);
    table->count = kept;
    return gone;
}
