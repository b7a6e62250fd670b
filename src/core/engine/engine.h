/* The whole worker as one pure machine: a request, the time and randomness go in; entries for the ledger, a
 * job for the key pool and a reply come out. Guarantees: nothing of a reply may leave before what it waits
 * for is done (I3); the state is exactly the fold of the entries (I16). Does no I/O. Secret: roots, service
 * keys. One thread; jobs run elsewhere. */
#ifndef AK_CORE_ENGINE_ENGINE_H
#define AK_CORE_ENGINE_ENGINE_H

#include "core/engine/job.h"
#include "core/engine/vault.h"
#include "core/frames/reply.h"
#include "core/frames/request.h"
#include "core/frames/status.h"
#include "core/ledger/log.h"
#include "core/ledger/note.h"
#include "core/policy/denial.h"
#include "core/policy/logic_time.h"
#include "core/policy/pairing.h"
#include "core/state/state.h"
#include "core/token/cache.h"
#include "core/token/dpop.h"
#include "core/token/nonce.h"
#include "core/token/replay.h"
#include "core/token/token.h"

enum {
    AK_ENGINE_CONNS = 8192, /* connections whose proof is remembered; more only cost proofs */
    AK_ENGINE_CONN_MS = 600 * 1000,
    AK_ENGINE_CACHE = 4096,     /* verified tokens */
    AK_ENGINE_SIGN_INS = 16384, /* sign-in texts, and the broker's answers, that were used in their time */
    AK_ENGINE_INVITES = 1024,
    AK_ENGINE_INVITES_ACCOUNT = 100, /* open ones of an account */
    AK_ENGINE_INVITE_MS = 24 * 3600 * 1000,
    AK_ENGINE_BATCH_BYTES = 512 * 1024,
    AK_ENGINE_ENTRIES_STEP = 8,        /* no step writes more entries */
    AK_ENGINE_CANCELS_PER_MINUTE = 60, /* what one device cancels: another cannot spend it */
    AK_ENGINE_LOGOUTS_PER_MINUTE =
        20, /* a device: each waits for a seal, and moves its next session's second */
    AK_ENGINE_SEALS_PER_MINUTE = 60,    /* checkpoints that an account asks for: each is a seal at once */
    AK_ENGINE_CONTROL_PER_MINUTE = 600, /* control entries an account: spares the counter and the disk */
    /* while the disk is nearly full: the reserve is everybody's */
    AK_ENGINE_CONTROL_PER_MINUTE_LOW = 10,
    AK_ENGINE_CANCELS_PER_MINUTE_LOW = 2,
    AK_ENGINE_DESTROYS_PER_HOUR = 20, /* epochs that an account's people destroy: erasure slots wear */
    AK_VAULT_ROTATE_MS = 7 * 24 * 3600 * 1000, /* default: a data key's age, from its first use */
    AK_VAULT_DEADLINE_MS = 24 * 3600 * 1000, /* default: until an epoch's credentials are moved and it ends */
    AK_ENGINE_ORIGINS = 4,
    AK_ENGINE_WANT_MAX = 512, /* what a pairing request may wish for, in bytes */
};

struct ak_engine_conf {
    uint8_t worker_id[16];
    uint8_t log_id[16];
    struct ak_span issuer;                     /* of tokens; its host is the SIWE domain that is ours */
    struct ak_span origins[AK_ENGINE_ORIGINS]; /* the names under which clients reach us, for `htu` */
    size_t origin_count;
    bool dev; /* the development signer: prefix /dev, user keys only */
    bool verify_before_release;
    bool sign_in_local;
    uint64_t session_secs;
    uint64_t agent_token_secs;
    uint64_t recovery_wait_ms;
    uint64_t recovery_wait_code_ms; /* with the code or a linked wallet, and once a device has seen it */
    struct ak_span broker_url;      /* origin of the broker, for `htu`; empty: nobody signs in by it */
    bool has_broker_key;
    struct ak_p256_pub broker_key; /* whose word counts for e-mail */
    struct ak_span oidc_audience;  /* of a minted token where none is asked for */
    uint64_t oidc_token_secs;
    uint64_t sts_secs; /* the longest that clouds give credentials for such a token */
    uint32_t mints_per_hour;
    struct ak_span version;
    struct ak_span trust;     /* the trust configuration in force, encoded; outlives the engine */
    uint32_t trust_given;     /* its items that the worker's settings give, which no call can change */
    uint64_t vault_rotate_ms; /* 0: the default, here and below */
    uint64_t vault_deadline_ms;
    uint32_t vault_services_max; /* credentials, and definitions, of an account */
};

struct ak_engine_hooks {
    /* Fills with random bytes; never fails. */
    void (*random)(void *ctx, void *out, size_t len);
    void *ctx;
};

/* What a reply waits for. */
enum ak_wait {
    AK_WAIT_JOB = 1,
    AK_WAIT_DURABLE = 2,
    AK_WAIT_SEALED = 4,
    AK_WAIT_READ = 8,
    AK_WAIT_VAULT = 16, /* vault work for the vault's helper; the answer comes by ak_engine_vault_done */
};

/* A question for the stored ledger, answered by read.h on the reader's thread. */
struct ak_read {
    unsigned call; /* AK_CALL_AUDIT, AK_CALL_INCLUSION, AK_CALL_CONSISTENCY, AK_CALL_NOTICES */
    bool has_anchor;
    uint8_t anchor[32];
    uint64_t since, to, limit;
    bool proofs;
    enum ak_entry_type type; /* 0: all */
    uint8_t label[AK_LIMIT_LABEL];
    uint8_t label_len;  /* 0: all */
    uint64_t unseen_ms; /* time that no keeper saw: between seen time and clocks */
    uint64_t size;      /* entries that may be shown … */
    uint8_t root[32];   /* … and the authentic root over them: what is read is held against it (I11) */
    uint8_t ledger_pub[32];
    size_t note_len;
    uint8_t note[AK_NOTE_LEN_MAX]; /* the newest sealed checkpoint */
};

struct ak_outcome {
    enum ak_code code;
    struct ak_buf body; /* over the caller's memory */
    char notice[AK_FRAME_NOTICE_MAX];
    size_t notice_len;
    unsigned wait; /* AK_WAIT_… */
    uint64_t size; /* AK_WAIT_DURABLE, AK_WAIT_SEALED: ledger size that must be reached */
    struct ak_job job;
    struct ak_read read;
    struct ak_vault_work vault; /* AK_VAULT_READ beside AK_WAIT_JOB; else with AK_WAIT_VAULT */
};

/* A batch that was ended and shall become durable. Views live until the second ak_engine_batch_take after
 * this one. */
struct ak_engine_batch {
    struct ak_ledger_batch *batch;
    struct ak_span record;
    bool control;
    uint64_t size; /* ledger size when it is durable */
    uint8_t root[32];
};

struct ak_engine;

/* `root` derives the keys of people and agents, `service_root`, born here, those of the service; the same one
 * unless the first was brought in. Both outlive the engine. */
AK_MUST_USE enum ak_err ak_engine_new(struct ak_engine **out_engine, struct ak_arena *arena,
    const struct ak_engine_conf *conf, struct ak_engine_hooks hooks, const struct ak_root *root,
    const struct ak_root *service_root);
/* Closes keys and wipes. The arena stays the caller's. NULL is fine. */
void ak_engine_free(struct ak_engine *engine);

/* ---- start: either the first entries of a new log, or replay; then ak_engine_start ---- */
/* For a new log: LedgerOpened and RootCreated. */
AK_MUST_USE enum ak_err ak_engine_create(
    struct ak_engine *engine, const uint8_t config[32], uint64_t wall_ms);
/* Takes the next stored batch. Errors as ak_ledger_replay and ak_state_apply. */
AK_MUST_USE enum ak_err ak_engine_replay(
    struct ak_engine *engine, struct ak_span segment, struct ak_span record, uint64_t *out_bad_index);
/* Begins this run: logic time, WorkerStarted. `clean`: how the last stop was; `counter`: the sealed state's
 * n. */
AK_MUST_USE enum ak_err ak_engine_start(
    struct ak_engine *engine, bool clean, uint64_t counter, uint64_t wall_ms, uint64_t mono_ms);

/* ---- running ---- */
/* Moves time on; call before steps and at least once a second. Writes ClockStepped and merged refusals. */
void ak_engine_tick(struct ak_engine *engine, uint64_t wall_ms, uint64_t mono_ms);
/* True where the open batch can take another step. */
bool ak_engine_has_room(const struct ak_engine *engine);
void ak_engine_step(struct ak_engine *engine, const struct ak_frame_request *request, struct ak_outcome *out);
/* A client's connection is gone. */
void ak_engine_closed(struct ak_engine *engine, uint64_t conn);
/* Entries in the open batch. */
uint64_t ak_engine_pending(const struct ak_engine *engine);
/* Ends the open batch (at least one entry) and begins another. `counter` as in ak_engine_start. */
AK_MUST_USE enum ak_err ak_engine_batch_take(
    struct ak_engine *engine, uint64_t counter, struct ak_engine_batch *out_batch);
/* Tells what is durable: entries up to `size`, under `root`, may be shown. */
void ak_engine_durable(struct ak_engine *engine, uint64_t size, const uint8_t root[32]);
/* Signs the checkpoint of a durable batch; give the note out only once it is sealed: ak_engine_sealed. */
AK_MUST_USE enum ak_err ak_engine_checkpoint(
    struct ak_engine *engine, uint64_t size, const uint8_t root[32], struct ak_buf *note);
void ak_engine_sealed(
    struct ak_engine *engine, uint64_t size, const uint8_t root[32], struct ak_span note, uint64_t counter);
/* The disk is nearly full: use entries are refused from now on (507), changes of policy pass. */
void ak_engine_storage_low(struct ak_engine *engine, bool low);
/* Completes an answer whose content is known only once it may leave (checkpoint-seal). */
void ak_engine_late(struct ak_engine *engine, unsigned call, struct ak_outcome *out);
/* The issuer's next key signs from now on. The one before stays published until the last token that it signed
 * has ended, or, where `revoke`, not at all any more. AK_E_STATE while the one before that is still published
 * and not `revoke`; else as an append. Between ak_engine_start and the first step: keys of jobs do not change
 * under way. */
AK_MUST_USE enum ak_err ak_engine_issuer_rotate(struct ak_engine *engine, bool revoke);
/* Writes what must be written before a clean stop. */
void ak_engine_stop(struct ak_engine *engine);

void ak_engine_status(const struct ak_engine *engine, struct ak_frame_status *out_status);
/* For signing the TLS certificate and CertificateVerify: the worker's own key. */
struct ak_p256_signer *ak_engine_tls_signer(struct ak_engine *engine, struct ak_p256_pub *out_pub);
const struct ak_state *ak_engine_state(const struct ak_engine *engine);
const struct ak_ledger_log *ak_engine_log(const struct ak_engine *engine);
void ak_engine_ledger_pub(const struct ak_engine *engine, uint8_t out_pub[32]);
/* The key to which values are sealed, X25519. */
void ak_engine_delivery_pub(const struct ak_engine *engine, uint8_t out_pub[32]);
/* The newest sealed checkpoint; empty before the first. A view until the next one is sealed. */
struct ak_span ak_engine_note(const struct ak_engine *engine);

#endif
