/* The one order of records, in tables and stores: anchor, epoch, DEK id. */
#ifndef AK_CORE_VAULT_EPOCH_ORDER_H
#define AK_CORE_VAULT_EPOCH_ORDER_H

#include "core/vault/epoch.h"

/* Negative, 0, positive. Public bytes. */
int ak_epoch_cmp(const struct ak_epoch_key *a, const struct ak_epoch_key *b);

#endif
