/* What the ledger's entries amount to: accounts, devices, paths, and what waits. A fold: the same entries
 * give the same state, byte for byte (I16). Records are numbered in the order of their first entry. No
 * secrets: keys are derived when used. Memory is the arena's. One thread at a time. */
#ifndef AK_CORE_STATE_STATE_H
#define AK_CORE_STATE_STATE_H

#include "core/keys/derive.h"
#include "core/ledger/entry.h"
#include "core/ledger/log.h"
#include "core/policy/pairing.h"
#include "core/state/index.h"
#include "core/state/vec.h"
#include "core/trust/trust.h"

enum {
    AK_STATE_PATHS_ACCOUNT = 100000,
    AK_STATE_CHANGES_ACCOUNT = 8,    /* that devices have started and that wait */
    AK_STATE_RECOVERIES_ACCOUNT = 4, /* by signing in */
    AK_STATE_WAITING_ACCOUNT = AK_STATE_CHANGES_ACCOUNT + AK_STATE_RECOVERIES_ACCOUNT,
    AK_STATE_LINKED_ACCOUNT = 16,   /* identities beside the one it was opened with */
    AK_STATE_DEVICES_ACCOUNT = 128, /* records, removed ones among them; then the oldest of those gives way */
    AK_STATE_IDEMPOTENT = 4096,
    AK_STATE_EPOCH_LISTS = 4
};

struct ak_account {
    uint8_t anchor[32];
    uint8_t home_wallet[20];
    uint8_t recovery_hash[32];
    bool has_recovery;
    bool suspended;
    bool anchor_unlinked; /* the identity it was opened with signs in no more */
    uint32_t root_version;
    struct ak_span identity_type;
    uint64_t opened_ms;
    uint64_t seq;                        /* of the newest entry */
    uint8_t last_leaf[32];               /* its leaf hash */
    uint64_t tat_us;                     /* bucket of its sessions */
    uint64_t mint_tat_us;                /* bucket of tokens for clouds, an hour's */
    uint64_t cloud_until_ms;             /* cloud credentials of the account end by then */
    uint32_t first_device, device_count; /* enrolled ones; AK_INDEX_NONE ends a list */
    uint32_t first_path, last_path, path_count;
    uint32_t first_waiting, waiting_count;
    uint32_t first_linked, last_linked, linked_count;
    uint32_t epoch, old_epoch; /* AK_INDEX_NONE: none; see vault_state.h */
    uint32_t first_credential, last_credential, credential_names, credential_count;
    uint32_t first_service, last_service, service_count;
    uint64_t control_tat_us; /* not part of the fold: budget of control entries */
    uint64_t destroy_tat_us; /* not part of the fold: budget of epochs that people destroy */
    uint64_t seal_tat_us;    /* not part of the fold: budget of checkpoints that it asks for */
    bool has_points;         /* not part of the fold: computed when first used */
    struct ak_user_points points;
    struct ak_pair_wrong *wrong; /* not part of the fold: wrong pairing codes; NULL before the first */
};

/* No devices, paths, … yet. */
static inline void ak_account_init_lists(struct ak_account *account)
{
    account->first_device = account->first_path = account->last_path = account->first_waiting = AK_INDEX_NONE;
    account->epoch = account->old_epoch = AK_INDEX_NONE;
    account->first_credential = account->last_credential = AK_INDEX_NONE;
    account->first_service = account->last_service = AK_INDEX_NONE;
    account->first_linked = account->last_linked = AK_INDEX_NONE;
}

struct ak_device {
    uint32_t account;
    uint32_t next;
    bool removed;
    bool recovered; /* it came by a recovery, not by another device */
    uint8_t thumbprint[32];
    struct ak_span name;
    uint64_t enrolled_ms;
    uint64_t enrolled_seen_ms;  /* the same in seen time */
    uint64_t sessions_after_ms; /* sessions issued until then have ended */
    uint64_t cancel_tat_us;     /* not part of the fold: its own budget of cancelling */
    uint64_t logout_tat_us;     /* not part of the fold: and of logging out */
    uint8_t name_cap;           /* not part of the fold: bytes of memory behind the name */
};

enum ak_path_flags { AK_PATH_SUSPENDED = 1, AK_PATH_DECOMMISSIONED = 2, AK_PATH_POINTS = 4 };

/* Kept small: a worker may hold a million. */
struct ak_path_state {
    const uint8_t *label;
    const uint8_t *scope; /* interned, or scope_own */
    uint8_t *scope_own;   /* not part of the fold, as scope_cap */
    uint64_t valid_until_ms;
    uint64_t tat_us;
    uint64_t cloud_until_ms; /* cloud credentials of the agent end by then */
    uint32_t account;
    uint32_t next;
    uint32_t generation;
    uint32_t root_version;
    uint16_t scope_len;
    uint16_t scope_cap;
    uint16_t rate;
    uint8_t label_len;
    uint8_t flags; /* AK_PATH_POINTS is not part of the fold */
    uint8_t device[32];
    uint8_t address[20];
    uint8_t base33[33];
    struct ak_k256_point child;
};

/* A change that waits for its time or a second device. One that is over is used again. */
struct ak_waiting {
    uint32_t next; /* of the account's, or of those that are over */
    bool over;
    uint8_t what; /* enum ak_entry_recovery */
    uint8_t device[32];
    uint8_t started_by[32];
    uint64_t ready_at_ms; /* seen time */
};

/* An identity that is, or was, linked to an account beside the one it was opened with. */
struct ak_linked {
    uint32_t account;
    uint32_t next;
    bool live;
    bool derived; /* the account's own address: signs in, but never opens or recovers */
    bool has_address;
    uint8_t omni[32];
    uint8_t address[20];
    struct ak_span identity_type;
    uint64_t linked_ms;
    uint64_t linked_seen_ms; /* the same in seen time */
};

/* What an Idempotency-Key did. */
struct ak_idempotent {
    uint32_t account;
    uint8_t key_hash[32];
    uint8_t call_len;
    uint8_t call[AK_ENTRY_IDEMPOTENCY_CALL_MAX];
    uint64_t time_ms;
    uint64_t index;
    uint8_t leaf[32];
};

struct ak_state_drop; /* vault_state.c */
struct ak_state_list {
    uint32_t first, last;
};

struct ak_state {
    struct ak_arena *arena;
    struct ak_vec accounts, devices, paths, waiting, texts, epochs, blobs, credentials, services, linked;
    struct ak_index by_anchor, by_path, by_text, by_wallet, by_credential, by_linked;
    struct ak_state_list epoch_lists[AK_STATE_EPOCH_LISTS];
    uint32_t free_blob, free_waiting;
    uint64_t blob_count;         /* in use */
    struct ak_state_drop *drops; /* ring; not part of the fold */
    uint32_t drop_first, drop_count;
    struct ak_idempotent *idempotent; /* ring */
    uint32_t idempotent_next, idempotent_count;
    uint32_t root_version; /* newest */
    bool opened;           /* LedgerOpened was seen */
    uint64_t last_ms;      /* logic time of the newest entry */
    uint64_t unseen_ms;    /* see core/policy/logic_time.h */
    uint64_t floor_us;     /* of all buckets, after an unclean stop */
    uint64_t control_count;
    uint32_t issuer_version;           /* of the key that signs tokens for clouds, from 1 */
    uint64_t minted_until_ms;          /* the last such token ends then */
    uint64_t issuer_previous_until_ms; /* until when the key before it is published, too */
    uint64_t snapshot_size;            /* of the newest Snapshot entry; 0: none */
    uint8_t snapshot_hash[32];
    uint64_t trust_size; /* log size with the newest TrustChanged; 0: there was none */
    uint8_t trust_config[32];
    uint8_t trust[AK_TRUST_LEN_MAX]; /* what it put in force */
    size_t trust_len;
};

AK_MUST_USE enum ak_err ak_state_init(struct ak_state *state, struct ak_arena *arena, const uint64_t seed[2]);

/* Folds one entry that stands in the log at `ref`. AK_E_MEANING where it cannot follow the state (a broken or
 * foreign log), AK_E_FULL. On an error the state is not to be used further. */
AK_MUST_USE enum ak_err ak_state_apply(
    struct ak_state *state, const struct ak_entry_ref *ref, const struct ak_entry *entry);

/* Makes sure that applying one more entry finds its memory. AK_E_FULL. */
AK_MUST_USE enum ak_err ak_state_reserve(struct ak_state *state);

/* A zeroed record for a change that waits; AK_INDEX_NONE where memory is used up. And back, when it is over.
 */
uint32_t ak_state_new_waiting(struct ak_state *state);
void ak_state_free_waiting(struct ak_state *state, uint32_t number);
/* The path's scope becomes `text`: interned where it is the `first` one, and where that text is kept already;
 * else in memory of the path's own, so that a policy which is changed again and again takes no more.
 * AK_E_FULL, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_state_set_scope(
    struct ak_state *state, struct ak_path_state *path, struct ak_span text, bool first);

/* NULL where there is none. */
struct ak_account *ak_state_account(
    const struct ak_state *state, const uint8_t anchor[32], uint32_t *out_number);
struct ak_account *ak_state_account_at(const struct ak_state *state, uint32_t number);
struct ak_path_state *ak_state_path(
    const struct ak_state *state, uint32_t account, struct ak_span label, uint32_t *out_number);
struct ak_path_state *ak_state_path_at(const struct ak_state *state, uint32_t number);
/* An enrolled device of the account; a removed one is not found. */
struct ak_device *ak_state_device(
    const struct ak_state *state, const struct ak_account *account, const uint8_t thumbprint[32]);
struct ak_waiting *ak_state_waiting(
    const struct ak_state *state, const struct ak_account *account, uint64_t what, const uint8_t *device);
const struct ak_idempotent *ak_state_idempotent(
    const struct ak_state *state, uint32_t account, const uint8_t key_hash[32], uint64_t now_ms);

/* For snapshot.c only: records as they were, in their order. */
AK_MUST_USE enum ak_err ak_state_intern(
    struct ak_state *state, struct ak_span text, struct ak_span *out_kept);
AK_MUST_USE enum ak_err ak_state_index_account(struct ak_state *state, uint32_t number);
/* AK_E_EXISTS where the account has a path of this label already. */
AK_MUST_USE enum ak_err ak_state_index_path(struct ak_state *state, uint32_t number);
/* All paths at once, where none is indexed yet. AK_E_EXISTS, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_state_index_paths(struct ak_state *state);

#endif
