/* The epoch store opened, blobs read and hashed, names listed. */
#include "io/vault/check.h"

#include "base/crypto/sha256.h"

static enum ak_vault_code look(struct ak_vault_check *check, const struct ak_vault_check_blob *item)
{
    const struct ak_blob_store *blobs = &check->vault->blobs;
    struct ak_blob_name name = ak_blob_name_of(&item->place);
    uint8_t found[32];
    size_t len = 0;
    enum ak_err err = blobs->ops->read(blobs->impl, &name, check->memory, sizeof check->memory, &len);
    if (err == AK_E_NOT_FOUND) return AK_VAULT_MISSING;
    if (err == AK_E_LIMIT) return AK_VAULT_TAMPERED;
    if (err) return AK_VAULT_UNAVAILABLE;
    ak_sha256(ak_span(check->memory, len), found);
    return memcmp(found, item->hash, sizeof found) == 0 ? AK_VAULT_DONE : AK_VAULT_TAMPERED;
}

static enum ak_err list(struct ak_vault_check *check)
{
    const struct ak_blob_store *blobs = &check->vault->blobs;
    if (!check->walk) AK_TRY(blobs->ops->walk(blobs->impl, &check->walk));
    while (check->count < AK_VAULT_CHECK_NAMES) {
        AK_TRY(blobs->ops->walk_next(check->walk, &check->names[check->count]));
        check->count++;
    }
    return AK_OK;
}

void ak_vault_check_end(struct ak_vault_check *check)
{
    if (check->walk) check->vault->blobs.ops->walk_end(check->walk);
    check->walk = NULL;
}

void ak_vault_check_run(struct ak_vault_check *check)
{
    check->result = AK_OK;
    switch (check->what) {
    case AK_VAULT_CHECK_STORE: check->result = ak_vault_epochs_check(&check->vault->epochs); return;
    case AK_VAULT_CHECK_BLOB_FILES:
        for (size_t i = 0; i < check->count; i++) check->items[i].found = look(check, &check->items[i]);
        return;
    case AK_VAULT_CHECK_LIST: break;
    }
    check->count = 0;
    check->result = list(check);
    if (check->result) ak_vault_check_end(check);
}
