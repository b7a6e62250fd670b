/* Making and destroying data keys in the epoch store. */
#include <stdlib.h>

#include "core/keys/service.h"
#include "core/vault/epoch_order.h"
#include "io/proc/random.h"
#include "io/vault/internal.h"

static int compare(const void *a, const void *b)
{
    return ak_epoch_cmp(a, b);
}

/* A key that the store has already (a rotation that was durable before a crash, asked for again) stays. */
static bool is_there(const struct ak_vault *vault, const struct ak_epoch_key *key)
{
    return ak_epoch_find(&vault->epochs.table, key) != NULL;
}

static enum ak_err wrap_new(
    const struct ak_secret32 *shielding, const struct ak_epoch_key *key, struct ak_epoch_record *out_record)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 dek = {{0}};
    uint8_t nonce[12];
    ak_random_bytes(dek.bytes, sizeof dek.bytes);
    ak_random_bytes(nonce, sizeof nonce);
    return ak_dek_wrap(shielding, key, nonce, &dek, out_record);
}

static enum ak_err fill(struct ak_vault *vault, const struct ak_epoch_key *items, size_t count)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 shielding = {{0}};
    AK_TRY(ak_service_secret32(vault->root, AK_SPAN_LIT(AK_PURPOSE_SHIELDING), &shielding));
    for (size_t i = 0; i < count; i++)
        if (!is_there(vault, &items[i]))
            AK_TRY(wrap_new(&shielding, &items[i], &vault->fresh[vault->fresh_count++]));
    qsort(vault->fresh, vault->fresh_count, sizeof *vault->fresh, compare); /* each begins with its key */
    return AK_OK;
}

void ak_vault_forget(struct ak_vault *vault)
{
    if (vault->fresh) ak_wipe(vault->fresh, vault->fresh_count * sizeof *vault->fresh);
    free(vault->fresh);
    free(vault->gone);
    vault->fresh = NULL;
    vault->gone = NULL;
    vault->fresh_count = vault->gone_count = 0;
}

enum ak_err ak_vault_make_deks(struct ak_vault *vault, const struct ak_epoch_key *items, size_t count)
{
    if (count == 0) return AK_OK;
    vault->fresh = calloc(count, sizeof *vault->fresh);
    if (!vault->fresh) return AK_E_IO;
    enum ak_err err = fill(vault, items, count);
    struct ak_epoch_change change = {.extra = vault->fresh, .extra_count = vault->fresh_count};
    if (!err && vault->fresh_count) err = ak_vault_epochs_write(&vault->epochs, &change);
    if (err) ak_vault_forget(vault);
    return err;
}

/* One that goes: the epoch's, and whatever else of that account and epoch, or an older one, was made and then
 * not recorded. A blob may lie encrypted under such a key, too. */
static bool goes_with(const struct ak_epoch_key *key, const struct ak_epoch_key *item)
{
    return memcmp(key->anchor, item->anchor, sizeof key->anchor) == 0 && key->epoch <= item->epoch;
}

/* Both are sorted by account first. */
static size_t choose(const struct ak_epoch_table *table, const struct ak_epoch_key *items, size_t count,
    struct ak_epoch_key *out_gone)
{
    size_t gone = 0, at = 0;
    for (size_t i = 0; i < table->count && at < count; i++) {
        const struct ak_epoch_key *key = &table->records[i].key;
        while (at < count && memcmp(items[at].anchor, key->anchor, sizeof key->anchor) < 0) at++;
        if (at < count && goes_with(key, &items[at])) out_gone[gone++] = *key;
    }
    return gone;
}

enum ak_err ak_vault_destroy_deks(struct ak_vault *vault, const struct ak_epoch_key *items, size_t count)
{
    const struct ak_epoch_table *table = &vault->epochs.table;
    vault->gone = calloc(table->count + 1, sizeof *vault->gone);
    if (!vault->gone) return AK_E_IO;
    vault->gone_count = choose(table, items, count, vault->gone);
    struct ak_epoch_change change = {.without = vault->gone, .without_count = vault->gone_count};
    return ak_vault_epochs_destroy(&vault->epochs, &change);
}
