/* Vault work: what the engine asks its driver to do with files and data keys, which it itself never sees. A
 * step or ak_engine_vault_next gives a piece of work; the driver does it elsewhere and comes back with
 * ak_engine_vault_done, which looks at everything again before it writes an entry: account, path, epoch and
 * pointer may have moved on meanwhile (compare-and-swap). Guarantees: an entry names only what is durable
 * before it (I14); losing a piece of work (crash, error) loses nothing: the same decision follows again from
 * the ledger. No secret is in it but what is sealed already. One thread.
 * spec: docs/formats/vault.md, Order of steps */
#ifndef AK_CORE_ENGINE_VAULT_H
#define AK_CORE_ENGINE_VAULT_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"
#include "core/ledger/entry.h"
#include "core/vault/blob.h"
#include "core/vault/epoch.h"
#include "core/vault/name.h"

enum ak_vault_kind {
    AK_VAULT_NONE,
    /* Read blob `from`, SHA-256 equal to `hash`, open under `from_dek`, seal by HPKE to `peer` with info
     * ("credential-read", anchor, service, path), and put enc and sealed into the reply's body at enc_at and
     * sealed_at (32 and size + 16 bytes). Runs beside the sync of the entry that the step wrote; the reply
     * waits for both: AK_WAIT_JOB | AK_WAIT_DURABLE. */
    AK_VAULT_READ,
    /* Where `fresh_dek`: a new DEK named `to_dek` into the epoch store, durable. Open `sealed` (enc `peer`)
     * by HPKE under delivery/v1, encrypt under `to_dek` with `nonce`, blob `to` durable. Result: hash, size.
     */
    AK_VAULT_PUT,
    /* A new DEK for each of `items` into the epoch store, in one rewrite, durable. */
    AK_VAULT_ROTATE,
    /* Blob `from` (SHA-256 `hash`, `from_dek`) through the re-encryptor to `to` (`to_dek`, `nonce`),
     * compared, durable. Result: hash, size. */
    AK_VAULT_MOVE,
    /* For all `items`: new EK into the free slot, store rewritten without them and durable, old slot erased
     * and read back. Also where the store has none of them any more. Result: erase. */
    AK_VAULT_DESTROY,
    /* Delete blob `from`; no live pointer names it and its entry is durable. */
    AK_VAULT_DELETE_FILE,
};

/* Who asked, for work whose entry comes later. */
struct ak_vault_asker {
    unsigned call; /* AK_CALL_…; 0 where nobody waits */
    uint8_t anchor[32];
    uint8_t jkt[32];
    uint8_t request_id[16];
    bool has_idempotency;
    uint8_t idempotency_hash[32];
    uint8_t idempotency_call_len;
    uint8_t idempotency_call[AK_ENTRY_IDEMPOTENCY_CALL_MAX];
};

struct ak_vault_work {
    enum ak_vault_kind kind;
    bool has_reply;    /* a request waits for ak_engine_vault_done: AK_WAIT_VAULT */
    bool fresh_dek;    /* PUT: the account's first epoch */
    uint32_t size;     /* READ, MOVE: of the value */
    uint32_t restores; /* MOVE for a roll-back: the version that becomes current again; else 0 */
    struct ak_blob_place from, to;
    uint8_t from_dek[32], to_dek[32]; /* ids */
    uint8_t hash[32];
    uint8_t nonce[12];
    uint8_t peer[32];      /* READ: the reader's public key; PUT: enc */
    struct ak_span sealed; /* PUT: a view into the request's body, which the driver keeps until done */
    uint32_t enc_at, sealed_at;
    struct ak_epoch_key key;          /* ROTATE, DESTROY of one */
    const struct ak_epoch_key *items; /* of more, sorted: the engine's memory, good until done */
    uint32_t item_count;
    struct ak_vault_asker asker;
};

/* The items of a ROTATE or DESTROY. */
static inline const struct ak_epoch_key *ak_vault_items(const struct ak_vault_work *work)
{
    return work->items ? work->items : &work->key;
}

enum ak_vault_code {
    AK_VAULT_DONE,
    AK_VAULT_TAMPERED,    /* the blob is not what the pointer says, or does not open */
    AK_VAULT_MISSING,     /* no such file */
    AK_VAULT_UNOPENED,    /* PUT: the client's value does not open, or is longer than AK_LIMIT_VALUE */
    AK_VAULT_UNAVAILABLE, /* folder, store, slot or re-encryptor failed: nothing was changed; later again */
    AK_VAULT_NO_DEK,      /* the epoch store has not the DEK that is named: its epoch is over, or the store is
                             damaged */
    AK_VAULT_FULL,        /* no space for a blob or the store */
};
struct ak_vault_result {
    enum ak_vault_code code;
    uint8_t hash[32]; /* PUT, MOVE: SHA-256 of the new blob */
    uint32_t size;    /* PUT, MOVE: of the value */
    bool erase;       /* DESTROY: the slots can really erase */
};

struct ak_engine;
struct ak_outcome;

/* Takes the result of a piece of work. Where a request waits, `out` (its body over the caller's memory)
 * becomes the answer, which then waits as any other (AK_WAIT_DURABLE …), or AK_WAIT_VAULT again with
 * out->vault to be done for the same request. For READ call it only where the code is not AK_VAULT_DONE: it
 * turns the prepared answer into the error. Where nobody waits `out` may be NULL. Needs ak_engine_has_room.
 */
void ak_engine_vault_done(struct ak_engine *engine, const struct ak_vault_work *work,
    const struct ak_vault_result *result, struct ak_outcome *out);

/* The next thing that is due in the background: false where there is none. One at a time: ask again after
 * its ak_engine_vault_done. May write entries itself (EpochDestroyed of a batch), so it needs
 * ak_engine_has_room. */
bool ak_engine_vault_next(struct ak_engine *engine, struct ak_vault_work *out_work);
/* More that may be done together with a MOVE or DELETE_FILE that ak_engine_vault_next gave (works[0]) and
 * nothing was done about yet, up to `max` and AK_VAULT_TOGETHER_BYTES: into works[1] and on. The number of
 * all of them, at least 1. Each has its own ak_engine_vault_done, in this order, before the next thing is
 * asked for; it is decided for each whether it still holds. */
enum { AK_VAULT_TOGETHER = 128, AK_VAULT_TOGETHER_BYTES = 1024 * 1024 };
size_t ak_engine_vault_more(struct ak_engine *engine, struct ak_vault_work *works, size_t max);

/* ---- for reconciling stores with the ledger ---- */
/* Whether a pointer (current or kept for roll-back) names this blob: the store must have it. */
bool ak_engine_vault_has_blob(const struct ak_engine *engine, const struct ak_blob_name *name);
/* The same where the path is known: at once, however many credentials the account has. */
bool ak_engine_vault_has_place(const struct ak_engine *engine, const struct ak_blob_place *place);
/* Whether the ledger knows this DEK and its epoch is not destroyed. */
bool ak_engine_vault_has_dek(const struct ak_engine *engine, const struct ak_epoch_key *key);
/* Walks the DEKs that the epoch store must have: false at the end. Start with *cursor = 0. One whose epoch is
 * to be destroyed and has nothing left is not among them: after a crash it may be gone before its entry. */
bool ak_engine_vault_next_dek(const struct ak_engine *engine, uint32_t *cursor, struct ak_epoch_key *out_key);
/* Walks all blobs that the store must have, with their hash: false at the end. Start with *cursor = 0. */
bool ak_engine_vault_next_blob(
    const struct ak_engine *engine, uint64_t *cursor, struct ak_blob_place *out_place, uint8_t out_hash[32]);

/* What a check found of a blob that the walk above gave: AK_VAULT_DONE, _MISSING, _TAMPERED, _UNAVAILABLE.
 * Kept in memory, for so many, until a later check finds it well or no more; credential-list shows it to the
 * account's own. False, and nothing, where no pointer names the blob any more: it was moved or replaced. */
enum { AK_VAULT_DAMAGE_MAX = 256 };
bool ak_engine_vault_found(
    struct ak_engine *engine, const struct ak_blob_place *place, enum ak_vault_code code);
/* A check has seen everything: what it did not find again is forgotten. */
void ak_engine_vault_checked(struct ak_engine *engine);

#endif
