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

static void forget(struct ak_vault *vault)
{
    free(vault->fresh);
    vault->fresh = NULL;
    vault->fresh_count = 0;
}

enum ak_err ak_vault_make_deks(struct ak_vault *vault, const struct ak_epoch_key *items, size_t count)
{
    if (count == 0) return AK_OK;
    vault->fresh = calloc(count, sizeof *vault->fresh);
    if (!vault->fresh) return AK_E_IO;
    enum ak_err err = fill(vault, items, count);
    struct ak_epoch_change change = {.extra = vault->fresh, .extra_count = vault->fresh_count};
    if (!err && vault->fresh_count) err = ak_vault_epochs_write(&vault->epochs, &change);
    if (err) forget(vault);
    return err;
}

enum ak_err ak_vault_destroy_deks(struct ak_vault *vault, const struct ak_epoch_key *items, size_t count)
{
    struct ak_epoch_key *sorted = calloc(count ? count : 1, sizeof *sorted);
    if (!sorted) return AK_E_IO;
    memcpy(sorted, items, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, compare);
    struct ak_epoch_change change = {.without = sorted, .without_count = count};
    enum ak_err err = ak_vault_epochs_destroy(&vault->epochs, &change);
    free(sorted);
    return err;
}
