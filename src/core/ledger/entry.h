/* Entries of the ledger: one flat struct, its deterministic CBOR, and the one table of types and fields that
 * drives encoding, decoding, JSON and the check against docs/formats/ledger.cddl.
 * Guaranteed: what is encoded here decodes here to the same struct, and what decodes is exactly what would be
 * encoded; nothing allocates. Not guaranteed: meaning (labels, scopes, amounts): that is the fold's.
 * The MAC key is secret; entries are private to their account, their hashes are public. Texts of a decoded
 * entry are views into the decoded bytes. Threads: any; a `struct ak_hmac_key` is for one at a time. */
#ifndef AK_CORE_LEDGER_ENTRY_H
#define AK_CORE_LEDGER_ENTRY_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/crypto/hmac.h"
#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

enum {
    AK_ENTRY_VERSION = 1,
    AK_ENTRY_RANDOM_LEN = 16,
    AK_ENTRY_REQUEST_ID_LEN = 16,
    AK_ENTRY_SERVICE_MAX = 32,          /* short name of a service as actor */
    AK_ENTRY_IDEMPOTENCY_CALL_MAX = 64, /* name of an HTTP call */
    AK_ENTRY_DOMAIN_MAX = 255,          /* of a sign-in text; EIP-4361 has no limit */
    AK_ENTRY_NONCE_MAX = 128,           /* of the same, or of a token */
    AK_ENTRY_CONTROL_END = 128,         /* control types are 1..127 */
    AK_ENTRY_USE_END = 256,             /* use types are 128..255 */
};

/* No number in an entry is greater: JSON readers and databases hold it. */
#define AK_ENTRY_UINT_MAX ((uint64_t)INT64_MAX)

/* Numbers are fixed for ever. An unknown control type stops the start, an unknown use type is passed over. */
enum ak_entry_type {
    /* control: change state, carry the HMAC */
    AK_ENTRY_LEDGER_OPENED = 1,
    AK_ENTRY_ROOT_CREATED = 2,
    AK_ENTRY_ACCOUNT_OPENED = 3,
    AK_ENTRY_ACCOUNT_SUSPENDED = 4,
    AK_ENTRY_ACCOUNT_RESUMED = 5,
    AK_ENTRY_IDENTITY_LINKED = 6,
    AK_ENTRY_DEVICE_ENROLLED = 7,
    AK_ENTRY_DEVICE_REMOVED = 8,
    AK_ENTRY_RECOVERY_STARTED = 9,
    AK_ENTRY_RECOVERY_CANCELLED = 10,
    AK_ENTRY_RECOVERY_DONE = 11,
    AK_ENTRY_PATH_ACTIVATED = 12,
    AK_ENTRY_POLICY_CHANGED = 13,
    AK_ENTRY_PATH_SUSPENDED = 14,
    AK_ENTRY_PATH_RESUMED = 15,
    AK_ENTRY_PATH_ROTATED = 16,
    AK_ENTRY_PATH_DECOMMISSIONED = 17,
    AK_ENTRY_SNAPSHOT = 18,
    AK_ENTRY_EPOCH_ROTATED = 19,
    AK_ENTRY_EPOCH_DESTROYED = 20,
    AK_ENTRY_SERVICE_DEFINED = 21,
    AK_ENTRY_BLOB_WRITTEN = 22,
    AK_ENTRY_BLOB_MOVED = 23,
    AK_ENTRY_BLOB_DELETED = 24,
    AK_ENTRY_ISSUER_KEY_ROTATED = 25,
    AK_ENTRY_TRUST_CHANGED = 26,
    AK_ENTRY_RECOVERY_SEEN = 27,
    AK_ENTRY_IDENTITY_UNLINKED = 28,
    AK_ENTRY_STATE_RESTORED = 29,
    AK_ENTRY_RECOVERY_CODE_SET = 30, /* in place of the one before; without a hash: the account has none */
    /* use */
    AK_ENTRY_SESSION_ISSUED = 128,
    AK_ENTRY_AGENT_TOKEN_ISSUED = 129,
    AK_ENTRY_MESSAGE_SIGNED = 130,
    AK_ENTRY_DENIED = 131,
    AK_ENTRY_CLOCK_STEPPED = 132,
    AK_ENTRY_WORKER_STARTED = 133,
    AK_ENTRY_SESSION_ENDED = 134, /* all sessions of a device issued until then */
    AK_ENTRY_CREDS_READ = 135,
    AK_ENTRY_BLOB_REFUSED = 136, /* a stored blob that is missing or not what its entry says */
    AK_ENTRY_OIDC_MINTED = 137,
};

/* What a recovery waits for. */
enum ak_entry_recovery {
    AK_RECOVERY_DEVICE_REMOVE = 1,
    AK_RECOVERY_ACCOUNT_RESUME = 2,
    AK_RECOVERY_SIGN_IN = 3,      /* a device that is none of the account's, by an identity of it */
    AK_RECOVERY_SIGN_IN_CODE = 4, /* the same with the recovery code */
    AK_RECOVERY_TRUST_CHANGE = 5, /* its `device` is the hash of the trust configuration that is proposed */
    AK_RECOVERY_IDENTITY_UNLINK = 6, /* its `device` is the omni of the identity */
    AK_RECOVERY_SIGN_IN_TWO = 7,     /* as SIGN_IN, by two identities of the account */
    AK_RECOVERY_CODE = 8, /* another recovery code, without the one before; its `device` asks for it */
};

/* The fields of the types, in the order of their map keys: the key is 16 + the value here. */
enum ak_entry_field {
    AK_F_OMNI,           /* 16: bytes 32, whose key signed */
    AK_F_LABEL,          /* 17: text, base path without its slash */
    AK_F_GENERATION,     /* 18: u32 */
    AK_F_OPERATION,      /* 19: text */
    AK_F_MESSAGE_HASH,   /* 20: bytes 32, SHA-256 of the message */
    AK_F_DOMAIN,         /* 21: text */
    AK_F_NONCE,          /* 22: text; of a minted token its jti */
    AK_F_TAT_US,         /* 23: the path's (or session's) bucket after this use, us */
    AK_F_LOG_ID,         /* 24: bytes 16 */
    AK_F_WORKER_ID,      /* 25: text */
    AK_F_CONFIG,         /* 26: bytes 32 */
    AK_F_FORMAT,         /* 27: uint, format of the log: 1 */
    AK_F_ROOT_VERSION,   /* 28: u32 */
    AK_F_SUITE,          /* 29: text */
    AK_F_IDENTITY_TYPE,  /* 30: text */
    AK_F_HOME_WALLET,    /* 31: bytes 20 */
    AK_F_RECOVERY_HASH,  /* 32: bytes 32 */
    AK_F_DEVICE,         /* 33: bytes 32, thumbprint */
    AK_F_NAME,           /* 34: text */
    AK_F_WHAT,           /* 35: enum ak_entry_recovery */
    AK_F_READY_AT_MS,    /* 36 */
    AK_F_SCOPE,          /* 37: text, may be empty */
    AK_F_RATE,           /* 38: uses a minute */
    AK_F_VALID_UNTIL_MS, /* 39; of a minted token: until when credentials that a cloud gave for it may last */
    AK_F_VALID_UNTIL_HEIGHT, /* 40 */
    AK_F_ADDRESS,            /* 41: bytes 20 */
    AK_F_FROM,               /* 42: u32, generation or version of a key */
    AK_F_TO,                 /* 43: u32, likewise */
    AK_F_SIZE,               /* 44: entries covered */
    AK_F_HASH,               /* 45: bytes 32 */
    AK_F_BYTES,              /* 46: length of the snapshot */
    AK_F_EXPIRES_AT_MS,      /* 47 */
    AK_F_HOW,                /* 48: text, how the session, or a linked identity, was proved */
    AK_F_RULE,               /* 49: text */
    AK_F_COUNT,              /* 50 */
    AK_F_FROM_MS,            /* 51 */
    AK_F_TO_MS,              /* 52 */
    AK_F_COUNTER,            /* 53 */
    AK_F_CLEAN,              /* 54: 0 or 1 */
    AK_F_VERSION,            /* 55: text */
    AK_F_SIZE_BEFORE,        /* 56: entries in the log at start */
    AK_F_CREDENTIAL,         /* 57: text, a service's name */
    AK_F_DEFINITION,         /* 58: text, five lines: core/vault/service.h */
    AK_F_EPOCH,              /* 59: u32, from 1 */
    AK_F_BLOB_ID,            /* 60: bytes 16 */
    AK_F_OLD_BLOB_ID,        /* 61: bytes 16 */
    AK_F_DEK_ID,             /* 62: bytes 32 */
    AK_F_VALUE_VERSION,      /* 63: u32, of a credential's values, from 1 */
    AK_F_RESTORES,           /* 64: u32, the version whose value is current again */
    AK_F_OWNER,              /* 65: text, label of the agent whose credential it is */
    AK_F_ERASE,              /* 66: 0 or 1: the slot can really erase */
    AK_F_AUDIENCE,           /* 67: text */
    AK_F_MINT_TAT_US,        /* 68: the account's bucket of minted tokens after this one, us */
    AK_F_OLD_CONFIG,         /* 69: bytes 32 */
    AK_F_TRUST,              /* 70: bytes, a trust configuration: core/trust/trust.h */
    AK_F_COUNT_
};

#define AK_F_BIT(field) (UINT64_C(1) << (field))

/* All numbers are uint64_t whatever their range; see ak_entry_field for which type has what. */
struct ak_entry {
    enum ak_entry_type type;
    bool unknown_use; /* decoded: a use type of a later version, its own fields not read; never encoded */
    uint64_t time_ms; /* logic time */
    bool has_anchor;  /* then seq and prev_leaf are present too */
    uint8_t anchor[32];
    struct ak_span service; /* actor: a service's short name, or empty and then: */
    uint8_t actor[32];      /* actor: thumbprint of a device */
    uint8_t random[AK_ENTRY_RANDOM_LEN];
    uint64_t seq;          /* of the account, from 1, without gaps */
    uint8_t prev_leaf[32]; /* leaf hash of the account's entry before; zeros exactly at seq 1 */
    bool has_request_id;
    uint8_t request_id[AK_ENTRY_REQUEST_ID_LEN];
    uint8_t mac[32];      /* control, decoded: key 9. Encoding computes its own. */
    bool has_idempotency; /* control only */
    uint8_t idempotency_hash[32];
    struct ak_span idempotency_call;

    /* Bit AK_F_BIT(field) for each field that is there. Encoding takes required fields as there. */
    uint64_t present;
    uint8_t omni[32];
    struct ak_span label;
    uint64_t generation;
    struct ak_span operation;
    uint8_t message_hash[32];
    struct ak_span domain;
    struct ak_span nonce;
    uint64_t tat_us;
    uint8_t log_id[16];
    struct ak_span worker_id;
    uint8_t config[32];
    uint64_t format;
    uint64_t root_version;
    struct ak_span suite;
    struct ak_span identity_type;
    uint8_t home_wallet[20];
    uint8_t recovery_hash[32];
    uint8_t device[32];
    struct ak_span name;
    uint64_t what;
    uint64_t ready_at_ms;
    struct ak_span scope;
    uint64_t rate;
    uint64_t valid_until_ms;
    uint64_t valid_until_height;
    uint8_t address[20];
    uint64_t from;
    uint64_t to;
    uint64_t size;
    uint8_t hash[32];
    uint64_t bytes;
    uint64_t expires_at_ms;
    struct ak_span how;
    struct ak_span rule;
    uint64_t count;
    uint64_t from_ms;
    uint64_t to_ms;
    uint64_t counter;
    uint64_t clean;
    struct ak_span version;
    uint64_t size_before;
    struct ak_span credential;
    struct ak_span definition;
    uint64_t epoch;
    uint8_t blob_id[16];
    uint8_t old_blob_id[16];
    uint8_t dek_id[32];
    uint64_t value_version;
    uint64_t restores;
    struct ak_span owner;
    uint64_t erase;
    struct ak_span audience;
    uint64_t mint_tat_us;
    uint8_t old_config[32];
    struct ak_span trust;
};

static inline void ak_entry_mark(struct ak_entry *entry, enum ak_entry_field field)
{
    entry->present |= AK_F_BIT(field);
}
static inline bool ak_entry_has(const struct ak_entry *entry, enum ak_entry_field field)
{
    return (entry->present & AK_F_BIT(field)) != 0;
}
static inline bool ak_entry_is_control(enum ak_entry_type type)
{
    return type > 0 && (uint64_t)type < AK_ENTRY_CONTROL_END;
}

/* ---- the table ---- */
enum ak_entry_kind { AK_ENTRY_UINT, AK_ENTRY_FIXED, AK_ENTRY_TEXT, AK_ENTRY_BYTES };
struct ak_entry_field_info {
    const char *name; /* in JSON and in the CDDL */
    enum ak_entry_kind kind;
    uint16_t offset; /* in struct ak_entry: uint64_t, uint8_t[max], struct ak_span */
    uint64_t min;    /* least number; least length of a text or of bytes */
    uint64_t max;    /* greatest number; length of fixed bytes; greatest length of a text or of bytes */
};
struct ak_entry_type_info {
    enum ak_entry_type type;
    const char *name;
    bool account;      /* must have an anchor (and so seq and prev_leaf) */
    uint64_t required; /* AK_F_BITs */
    uint64_t optional;
};
const struct ak_entry_field_info *ak_entry_field_info(enum ak_entry_field field);
/* NULL for a number without a built type. */
const struct ak_entry_type_info *ak_entry_type_info(uint64_t type);
/* The i-th built type in order of numbers, NULL after the last. */
const struct ak_entry_type_info *ak_entry_type_at(size_t i);
/* "PathActivated"; "unknown" for a number without a built type. */
const char *ak_entry_type_name(uint64_t type);
AK_MUST_USE enum ak_err ak_entry_type_parse(struct ak_span name, enum ak_entry_type *out_type);

/* ---- bytes ---- */
/* Appends the entry to `buf` (at most AK_LIMIT_ENTRY bytes) and gives its leaf hash. A control entry needs
 * `mac_key` (ledger-mac/v1 of this log) and the leaf hash of the control entry before it in the log (zeros
 * for the first); for use entries both may be NULL. AK_E_ARG (unknown type, a field missing or of wrong
 * range, an optional field the type does not have), AK_E_LIMIT (too long), AK_E_FULL; nothing is appended
 * then. spec: docs/formats/ledger.md, Entries */
AK_MUST_USE enum ak_err ak_entry_encode(const struct ak_entry *entry, struct ak_hmac_key *mac_key,
    const uint8_t *prev_control_leaf, struct ak_buf *buf, uint8_t out_leaf[32]);
/* Reads exactly one entry. AK_E_LIMIT (over AK_LIMIT_ENTRY), AK_E_FORMAT, AK_E_UNSUPPORTED (an unknown
 * control type or format version). The MAC is read, not checked. */
AK_MUST_USE enum ak_err ak_entry_decode(struct ak_span bytes, struct ak_entry *out_entry);
/* Checks key 9 of an encoded control entry that decodes. AK_E_AUTH; AK_E_FORMAT where it has none. */
AK_MUST_USE enum ak_err ak_entry_mac_check(
    struct ak_span bytes, struct ak_hmac_key *mac_key, const uint8_t prev_control_leaf[32]);

#endif
