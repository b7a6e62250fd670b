/* The vault's part of the state: epochs, credentials with their kept versions, definitions of services. Part
 * of the fold (I16). Kept small: a worker may hold a million blobs, at most 200 bytes each with all that
 * leads to it (names of services are shared). Epochs stand in lists by what is to be done with them, so that
 * finding the next piece of work does not depend on how much there is. One thread at a time. */
#ifndef AK_CORE_STATE_VAULT_STATE_H
#define AK_CORE_STATE_VAULT_STATE_H

#include "core/state/state.h"
#include "core/vault/blob.h"
#include "core/vault/epoch.h"
#include "core/vault/name.h"

/* Names of credentials that an account may ever have: a deleted one keeps its record. */
enum { AK_STATE_CREDENTIALS_ACCOUNT = 2 * AK_VAULT_SERVICES_MAX };

enum ak_epoch_status { AK_EPOCH_LIVE = 0, AK_EPOCH_OLD = 1, AK_EPOCH_DESTROYED = 2 };

/* Where an epoch stands in its life; each is in one list, or none. */
enum ak_epoch_list {
    AK_EPOCH_AGING, /* live and used: oldest use first */
    AK_EPOCH_ASKED, /* live and used, and something says that it shall be rotated */
    AK_EPOCH_SWEEP, /* old: has credentials to be moved */
    AK_EPOCH_EMPTY, /* old: can be destroyed */
    AK_EPOCH_LISTS,
    AK_EPOCH_NO_LIST =
        AK_EPOCH_LISTS /* live and never used; old and stuck with what cannot be read; destroyed */
};

/* What a blob is to its epoch. */
enum ak_blob_part {
    AK_BLOB_CURRENT, /* the credential's value: never lost */
    AK_BLOB_REFUSED, /* current, but missing or tampered when it was to be moved */
    AK_BLOB_KEPT,    /* an older version, kept for roll-back while its epoch lives */
    AK_BLOB_PARTS,
    AK_BLOB_FREE = AK_BLOB_PARTS
};

struct ak_epoch_state {
    uint32_t account;
    uint32_t before; /* the account's epoch before */
    uint32_t number; /* from 1 */
    uint8_t status;
    uint8_t list;
    bool erased;
    uint32_t prev, next; /* in its list */
    uint32_t first[AK_BLOB_PARTS], count[AK_BLOB_PARTS];
    uint8_t dek_id[32];
    uint64_t begun_ms, used_ms, rotated_ms, destroyed_ms; /* 0: not yet */
    uint64_t changed_at; /* newest entry that touched it, this run: its DEK stays until that is durable */
};

struct ak_blob_state {
    uint8_t hash[32];
    uint8_t blob_id[16];
    uint64_t written_ms;
    uint32_t credential;
    uint32_t older; /* version, AK_INDEX_NONE ends; where free: the next free one */
    uint32_t epoch; /* its record */
    uint32_t prev, next;
    uint32_t version;
    uint32_t size : 24; /* of the value */
    uint32_t part : 8;
};

struct ak_credential_state {
    const uint8_t *service; /* interned */
    uint64_t last_read_ms;  /* 0: never */
    uint32_t account;
    uint32_t path; /* AK_INDEX_NONE: the account's own */
    uint32_t next; /* of the account */
    uint32_t newest;
    uint32_t last_version;
    uint32_t last_reader; /* path, AK_INDEX_NONE: a session */
    uint8_t service_len;
    uint8_t kept; /* blobs: 0 where it was deleted */
};
_Static_assert(sizeof(struct ak_blob_state) + sizeof(struct ak_credential_state) <= 144,
    "with its places in the index (11 bytes) and its share of a name a blob stays under 200 bytes");

struct ak_service_state {
    const uint8_t *name; /* interned */
    uint8_t *definition;
    uint64_t defined_ms;
    uint32_t account;
    uint32_t next; /* of the account */
    uint16_t definition_len, definition_cap;
    uint8_t name_len;
};

/* ---- finding; NULL where there is none ---- */
/* The epoch that is written to, and the one before while it is not destroyed. */
struct ak_epoch_state *ak_state_epoch_current(const struct ak_state *state, const struct ak_account *account);
struct ak_epoch_state *ak_state_epoch_old(const struct ak_state *state, const struct ak_account *account);
struct ak_epoch_state *ak_state_epoch_at(const struct ak_state *state, uint32_t number);
/* `path` AK_INDEX_NONE: the account's own. Deleted ones are found, too: kept is 0 then. */
struct ak_credential_state *ak_state_credential(const struct ak_state *state, uint32_t account, uint32_t path,
    struct ak_span service, uint32_t *out_number);
struct ak_credential_state *ak_state_credential_at(const struct ak_state *state, uint32_t number);
/* The current blob of a credential that has one; a kept one by its version. */
struct ak_blob_state *ak_state_blob(
    const struct ak_state *state, const struct ak_credential_state *credential);
struct ak_blob_state *ak_state_blob_version(
    const struct ak_state *state, const struct ak_credential_state *credential, uint64_t version);
struct ak_blob_state *ak_state_blob_at(const struct ak_state *state, uint32_t number);
struct ak_service_state *ak_state_service(
    const struct ak_state *state, const struct ak_account *account, struct ak_span name);
/* The account whose blobs lie under this name. */
struct ak_account *ak_state_account_by_wallet(
    const struct ak_state *state, const uint8_t home_wallet[20], uint32_t *out_number);
/* Whether a pointer, current or kept, names this blob. Takes the fewer of the account's paths and
 * credentials. */
bool ak_state_has_blob(const struct ak_state *state, const struct ak_blob_name *name);

struct ak_blob_place ak_state_blob_place(const struct ak_state *state, const struct ak_blob_state *blob);
static inline struct ak_span ak_credential_service(const struct ak_credential_state *credential)
{
    return ak_span(credential->service, credential->service_len);
}

/* ---- files that no pointer names any more ---- */
enum { AK_STATE_DROP_MS = 5000 }; /* a read that began before may still be at it */
/* The oldest that is durable (`durable` entries are) and old enough, taken; false where there is none. What
 * does not fit is forgotten: the sweep of orphans finds it. */
/* How many more are remembered. */
uint32_t ak_state_drop_room(const struct ak_state *state);
bool ak_state_take_drop(
    struct ak_state *state, uint64_t durable, uint64_t now_ms, struct ak_blob_place *out_place);

/* ---- for the fold and snapshot.c only ---- */
AK_MUST_USE enum ak_err ak_state_vault_init(struct ak_state *state, const uint64_t seed[2]);
AK_MUST_USE enum ak_err ak_state_vault_reserve(struct ak_state *state);
AK_MUST_USE enum ak_err ak_state_index_wallet(struct ak_state *state, uint32_t account);
AK_MUST_USE enum ak_err ak_state_index_credential(struct ak_state *state, uint32_t number);
/* Put the record at the end of its account's list. */
void ak_credential_append(struct ak_state *state, uint32_t number);
void ak_service_append(struct ak_state *state, uint32_t number);
/* Keeps a definition of up to 2048 bytes. AK_E_LIMIT, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_service_set_definition(
    struct ak_state *state, struct ak_service_state *service, struct ak_span text);
void ak_epoch_list_add(struct ak_state *state, uint8_t list, uint32_t number);
void ak_epoch_list_remove(struct ak_state *state, uint32_t number);
/* Puts an epoch into the list that its facts ask for. */
void ak_epoch_settle(struct ak_state *state, uint32_t number);
void ak_blob_link(struct ak_state *state, uint32_t number, uint32_t epoch, uint8_t part);
void ak_blob_unlink(struct ak_state *state, uint32_t number);
/* A zeroed blob record, perhaps a used one; AK_INDEX_NONE where memory is full. */
uint32_t ak_blob_new(struct ak_state *state);
/* Takes it out of epoch and versions, gives its record back and its file to the drops. `at`: the entry. */
void ak_blob_drop(struct ak_state *state, uint32_t number, uint64_t at, uint64_t now_ms);

#endif
