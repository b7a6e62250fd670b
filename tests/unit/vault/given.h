/* Fixed inputs of the vault's tests; the worked example of docs/formats/vault.md is made of them. */
#ifndef AK_TESTS_UNIT_VAULT_GIVEN_H
#define AK_TESTS_UNIT_VAULT_GIVEN_H

#include "core/vault/blob.h"
#include "core/vault/epoch.h"

static inline struct ak_secret32 given_secret(uint8_t fill)
{
    struct ak_secret32 secret;
    memset(secret.bytes, fill, sizeof secret.bytes);
    return secret;
}

/* Of account a1.., agent "agent-1" or the account (label NULL), service "openrouter", epoch 2. */
static inline struct ak_blob_place given_place(const char *label)
{
    static const uint8_t random[10] = {0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x18, 0x19};
    struct ak_blob_place place = {.service_len = 10, .epoch = 2};
    memset(place.anchor, 0xa1, sizeof place.anchor);
    memset(place.home_wallet, 0x3a, sizeof place.home_wallet);
    memcpy(place.service, "openrouter", 10);
    if (label) {
        place.label_len = (uint8_t)strlen(label);
        memcpy(place.label, label, place.label_len);
    }
    ak_blob_id_make(1790000000000, random, place.blob_id);
    return place;
}

static inline struct ak_blob_head given_head(uint8_t dek_id)
{
    struct ak_blob_head head;
    memset(head.dek_id, dek_id, sizeof head.dek_id);
    memset(head.nonce, 0x0e, sizeof head.nonce);
    return head;
}

static inline struct ak_epoch_key given_key(uint8_t anchor, uint32_t epoch, uint8_t dek_id)
{
    struct ak_epoch_key key = {.epoch = epoch};
    memset(key.anchor, anchor, sizeof key.anchor);
    memset(key.dek_id, dek_id, sizeof key.dek_id);
    return key;
}

/* Two values. */
#define GIVEN_SCRATCH (2 * AK_LIMIT_VALUE)

#endif
