/* Inside core/ledger: map keys that all entries share, and the check of one field that both directions use.
 */
#ifndef AK_CORE_LEDGER_ENTRY_KEYS_H
#define AK_CORE_LEDGER_ENTRY_KEYS_H

#include "core/ledger/entry.h"

enum ak_entry_key {
    AK_KEY_VERSION = 0,
    AK_KEY_TYPE = 1,
    AK_KEY_TIME = 2,
    AK_KEY_ANCHOR = 3,
    AK_KEY_ACTOR = 4,
    AK_KEY_RANDOM = 5,
    AK_KEY_SEQ = 6,
    AK_KEY_PREV_LEAF = 7,
    AK_KEY_REQUEST_ID = 8,
    AK_KEY_MAC = 9,
    AK_KEY_IDEMPOTENCY_HASH = 10,
    AK_KEY_IDEMPOTENCY_CALL = 11,
    AK_KEY_FIELDS = 16,
};

/* Bytes of key 9 with its value: 0x09, 0x58 0x20, 32 bytes. */
enum { AK_ENTRY_MAC_ITEM_LEN = 35, AK_ENTRY_PAIRS_MAX = 23 };

/* HMAC input: this text, the entry without key 9, the leaf hash of the control entry before. */
#define AK_ENTRY_MAC_DOMAIN "agentkeys-entry-mac-v1:"

/* The rules between common members that hold in both directions; AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_entry_check_common(const struct ak_entry *entry);
/* One field that is there: range, length, UTF-8. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_entry_check_field(const struct ak_entry *entry, enum ak_entry_field field);

#endif
