/* Inside the keeper only: the process that holds the master secret and everything below it. One thread runs
 * the engine; keys are used by the pool, the ledger is written, sealed and read by helpers. It has no
 * network: its only peer is the gateway. */
#ifndef AK_PROGRAMS_WORKER_KEEPER_H
#define AK_PROGRAMS_WORKER_KEEPER_H

#include "core/attest/channel.h"
#include "core/engine/engine.h"
#include "core/engine/read.h"
#include "core/frames/attest.h"
#include "core/trust/trust.h"
#include "io/conf/worker_conf.h"
#include "io/proc/channel.h"
#include "io/store/store.h"
#include "io/tee/sealed_file.h"
#include "io/vault/check.h"
#include "io/vault/vault.h"
#include "programs/worker/archive.h"
#include "programs/worker/helper.h"
#include "programs/worker/pool.h"

enum {
    AK_PENDING_MAX = 4096,      /* requests in flight; the gateway has fewer connections */
    AK_PENDING_BODY = 1024,     /* a body kept inline; larger ones are allocated */
    AK_FEW_IN_FLIGHT = 8,       /* up to so many, waiting for more gathers nothing */
    AK_SEAL_CONTROL_MS = 10000, /* control entries are sealed within, use entries within */
    AK_SEAL_USE_MS = 60000,
    AK_SEAL_CHECK_MS = 4000, /* a hardware counter is read back: with the loop's tick at least every 5 s */
    AK_SEAL_LATE_MS = 10000, /* without an answer for so long nothing more is served */
    AK_ARENA_CAP_MIB = 4096,
    AK_RESTART_AFTER_MS = 500, /* so that the answer to the operator is out */
};

/* An answer that may not leave yet. */
struct ak_pending {
    struct ak_pool_item item;
    struct ak_pending *next_free, *next_durable, *next_sealed;
    uint32_t slot, slot_use;
    uint16_t call;
    enum ak_code code;
    unsigned wait;
    uint64_t size;
    size_t notice_len;
    size_t body_len;
    struct ak_vault_call *vault; /* where it waits for the vault */
    uint8_t *big;                /* where the body does not fit inline */
    struct ak_job job;
    char notice[AK_FRAME_NOTICE_MAX];
    uint8_t body[AK_PENDING_BODY];
};

struct ak_pending_list {
    struct ak_pending *first, *last;
};

/* What the committer gets and gives back. */
struct ak_commit {
    struct ak_store *store;
    struct ak_engine_batch batch;
    enum ak_err result;
    bool low; /* the disk, after it */
};

struct ak_sealing {
    struct ak_sealed_file *file;
    struct ak_seal_state *state; /* in locked memory: it holds the roots */
    bool check;                  /* only read the counter back */
    enum ak_err result;
};

struct ak_reading {
    struct ak_store *store; /* a reader's handle */
    struct ak_read read;
    struct ak_pending *pending;
    struct ak_read_memory memory;
    struct ak_span body;
    enum ak_code code;
    uint64_t bad_index;
    /* in place of a question: one more piece of the background check of old entries */
    bool verifying;
    const struct ak_ledger_archive *archive;
    struct ak_ledger_log verify_log;
    struct ak_hmac_key verify_key;
    uint64_t verify_to;
    uint8_t verify_root[32];
};

/* Names of blobs that are old enough to be orphans. */
struct ak_vault_sweep {
    const struct ak_blob_store *blobs;
    struct ak_blob_walk *walk; /* NULL: from the beginning; and where all were seen */
    uint64_t before_ms;
    size_t count;
    enum ak_err result;
    struct ak_blob_name names[512];
};

/* Work of one kind that is done together. */
struct ak_vault_batch {
    size_t count, taken; /* results that the engine was told */
    struct ak_vault_work works[AK_VAULT_TOGETHER];
    struct ak_vault_result results[AK_VAULT_TOGETHER];
};

/* A piece of vault work, with what it needs beside itself. */
struct ak_vault_call {
    struct ak_vault_call *next;
    struct ak_pending *pending; /* NULL: nobody waits */
    const struct ak_vault *vault;
    struct ak_vault_work work;
    struct ak_vault_result result;
    struct ak_vault_sweep *sweep; /* in place of work: a look for orphans */
    struct ak_vault_batch *batch; /* more than one of the kind of `work`, which is the first */
    bool orphan;                  /* removal of blobs that the engine does not know */
    struct ak_vault_check *check; /* in place of work: a piece of the check */
    uint64_t turn;
    uint64_t after; /* of an orphan: so many entries must be durable first */
    unsigned round; /* READ: see struct ak_vaulting */
    bool has_dek;
    struct ak_epoch_record dek; /* READ: a copy, as the loop may change the table meanwhile */
    uint8_t sealed[];           /* PUT: what the client sent */
};

/* Reads run on the pool, all else on the helper, one at a time, accounts in turn. A file is
 * removed only once no read that began before it was given up is under way: reads are counted in two rounds,
 * and a removal waits for the round before its own to end. */
struct ak_vaulting {
    struct ak_vault vault;
    struct ak_helper helper;
    struct ak_vault_call *first, *now; /* by turns */
    uint64_t turn;                     /* of the piece last begun */
    unsigned round;
    size_t reads[2];
    bool draining;                   /* a removal waits for reads[!round] */
    bool stack_locked;               /* the helper's, tried at its first piece */
    bool done;                       /* `now` is worked, and waits for room in the engine */
    uint64_t asked_ms;               /* when the engine was last asked for what is due */
    uint64_t swept_ms, sweeps;       /* looks for orphans: newest, how many */
    struct ak_blob_walk *sweep_walk; /* where one goes on */
};

enum { AK_ATTEST_EVERY_MS = 500 }; /* from one report to the next */

/* Who asks for evidence waits here until the TEE is free; all that wait share one report, which the helper
 * asks it for, and are answered as the channel has room. */
struct ak_attesting {
    struct ak_helper helper;
    struct ak_tee *tee;
    struct ak_frame_attest waiting[AK_CHANNEL_TREE_MAX], asked[AK_CHANNEL_TREE_MAX];
    size_t waiting_count;
    size_t asked_count, answered; /* of the report under way, or the one that is answered */
    bool reported;
    uint64_t begun_ms, next_ms; /* the report under way; the next one, at the earliest */
    enum ak_err result;
    char why[192];
    uint8_t root[AK_CHANNEL_RD_LEN];
    uint8_t nodes[AK_CHANNEL_NODES(AK_CHANNEL_TREE_MAX)][AK_CHANNEL_RD_LEN];
    struct ak_buf claims, report;
    uint8_t claims_bytes[AK_CHANNEL_CLAIMS_MAX], report_bytes[AK_CHANNEL_REPORT_MAX];
};

/* The check that ledger and store agree: where it is, and what it found. */
enum ak_check_phase {
    AK_CHECK_RESTS,
    AK_CHECK_STORE,   /* at the vault's helper */
    AK_CHECK_LISTING, /* the same */
    AK_CHECK_KEYS,
    AK_CHECK_BLOBS,
    AK_CHECK_NAMES
};
struct ak_vault_tally {
    uint64_t checked, missing, altered, unreadable; /* blobs that the ledger names */
    uint64_t keys;                                  /* that the epoch store lacks */
    uint64_t orphans;                               /* blobs that nobody names, of more than an hour ago */
};
struct ak_vault_checking {
    struct ak_helper helper;
    struct ak_vault_check *piece;
    enum ak_check_phase phase;
    struct ak_vault_tally now, last;
    uint64_t passes;
    bool suspect;     /* something failed: all is to be looked at again */
    bool after_fault; /* this is that look */
    uint64_t cursor;
    uint32_t key_cursor;
    uint64_t begun_ms, ended_ms, took_ms, given_us, rest_until_ms;
};

struct ak_read_queue {
    struct ak_pending *pending;
    struct ak_read read;
};
enum { AK_READ_QUEUE = 64 };

/* Random bytes drawn ahead; each is wiped as it is given out. */
struct ak_random_store {
    uint8_t bytes[1024];
    size_t left;
};

struct ak_keeper {
    struct ak_conf conf;
    struct ak_engine_conf engine_conf;
    struct ak_tee tee;
    struct ak_sealed_file sealed;
    struct ak_seal_state *state;
    uint8_t trust_bytes[AK_TRUST_LEN_MAX]; /* the trust configuration in force */
    size_t trust_len;
    bool trust_sealed; /* another one was sealed: it counts from a restart, which is due at … */
    uint64_t restart_ms;
    struct ak_root root; /* user keys */
    struct ak_root born; /* service keys, where the root above was brought in */
    struct ak_store *store;
    struct ak_ledger_archive archive;       /* what of it is in files */
    struct ak_archive_reader archive_files; /* used before serving only */
    struct ak_arena arena;
    struct ak_random_store random;
    struct ak_engine *engine;
    int data_dir_fd, tee_dir_fd, slot_dir_fd;
    char slot_dir[600]; /* where the erasure slots are files; else empty */
    bool dev;
    bool warned; /* the gateway may say that an entry is about to come */

    struct ak_channel gateway, tls;
    bool has_tls;
    enum ak_frame_phase phase;
    int epoll_fd, event_fd, stop_fd;
    bool stopping, fatal;

    struct ak_pool pool;
    struct ak_helper committer, sealer, reader;
    struct ak_commit commit;
    struct ak_sealing sealing;
    struct ak_reading reading;
    struct ak_read_queue read_queue[AK_READ_QUEUE];
    size_t read_first, read_count;

    struct ak_vaulting vaulting;
    struct ak_attesting attesting;
    struct ak_vault_checking checking;
    struct ak_pending *pendings, *free_pending;
    struct ak_pending_list durable, sealing_list, held;
    struct ak_pool_item *jobs_first, *jobs_last;
    struct ak_job_keys job_keys; /* of the jobs that the loop runs itself */
    size_t job_count, in_flight;
    size_t peak_in_flight; /* of late */
    unsigned lone_misses, lone_skipped;

    uint64_t durable_size, sealed_size;
    uint8_t durable_root[32];
    uint64_t batch_since_us, unsealed_since_ms, status_ms, storage_ms;
    uint64_t counter_ms, counter_asked_ms; /* the counter was ours; when it was last asked */
    bool unsealed_control, start_batch;
    uint64_t verified_to;
    bool damaged;
    struct ak_outcome outcome;
    uint8_t frame[AK_FRAME_MAX];
    uint8_t body[AK_FRAME_BODY_MAX];
};

/* keeper_open.c: from the configuration to an engine that has replayed its log. Ends the process with a
 * BOOT_FAIL line where it cannot. */
void ak_keeper_open(struct ak_keeper *keeper);
/* Writes WorkerStarted and the first checkpoint, so that serving may begin. */
void ak_keeper_begin(struct ak_keeper *keeper);
void ak_keeper_close(struct ak_keeper *keeper);

/* command.c: the same for a subcommand, by the settings of its arguments and with every entry verified. */
void ak_worker_open_folder(struct ak_keeper *keeper, const char *command, int argc, char **argv);

/* keeper_archive.c: entries that were moved to files. */
/* Reads the store's record of them, under verify_key. AK_E_AUTH, AK_E_FORMAT, AK_E_IO. */
AK_MUST_USE enum ak_err ak_keeper_archive_open(struct ak_keeper *keeper);
void ak_keeper_archive_close(struct ak_keeper *keeper);
/* The batch that holds entry `at`, from the store, its entries from the file where they were moved to one.
 * Errors as ak_store_read_batch and ak_archive_fill. */
AK_MUST_USE enum ak_err ak_keeper_read_batch(
    struct ak_keeper *keeper, struct ak_store *store, uint64_t at, struct ak_store_batch *out_batch);
/* Ends the process: the file that was used last is not there, or not what it was. */
AK_NORETURN void ak_keeper_archive_fail(struct ak_keeper *keeper, enum ak_err err, uint64_t entry);

/* keeper_load.c */
/* Snapshot and tail, or the whole log, into a fresh engine. *out_bad_index names the entry at fault. Where
 * every entry is to be verified and some are in files that are not all there, the snapshot is used all the
 * same, and reading.verify_to says what is left to be verified by hashes. */
AK_MUST_USE enum ak_err ak_keeper_load(struct ak_keeper *keeper, uint64_t *out_bad_index);
/* Of a batch that does not verify: the first entry that is not the one of the leaf beside it. A leaf is
 * believed only for saying where to look; where all fit, *bad_index stays. */
void ak_keeper_name_damage(const struct ak_store_batch *batch, uint64_t *bad_index);
/* Whether the snapshot that the state names is there, whole. */
bool ak_keeper_has_snapshot(struct ak_keeper *keeper);
/* Writes a snapshot where enough was added since the last one. Between batches. */
void ak_keeper_snapshot(struct ak_keeper *keeper, uint64_t at_least);

/* keeper_write.c: commits and seals. */
/* The event descriptor and both helpers; to be ended with ak_helper_stop. */
AK_MUST_USE enum ak_err ak_keeper_writers_start(struct ak_keeper *keeper);
void ak_keeper_commit_if_due(struct ak_keeper *keeper, uint64_t now_us);
void ak_keeper_commit_done(struct ak_keeper *keeper);
void ak_keeper_seal_if_due(struct ak_keeper *keeper, uint64_t now_ms);
void ak_keeper_seal_done(struct ak_keeper *keeper);
/* The sealer's work: one sealed state, or the counter read back. `ctx` is a struct ak_sealing. */
void ak_keeper_seal_work(void *ctx);
/* Has a hardware counter read back in time; a copy that runs beside this worker has moved it (I12). */
void ak_keeper_check_if_due(struct ak_keeper *keeper, uint64_t now_ms);
/* The trust configuration that the ledger's newest TrustChanged put in force goes into what is sealed next,
 * once that entry is durable. True where it is another one than before. */
bool ak_keeper_take_trust(struct ak_keeper *keeper);
/* Commits everything, waiting for it; not sealed by that. AK_E_IO: the keeper is at its end. */
AK_MUST_USE enum ak_err ak_keeper_commit_all(struct ak_keeper *keeper);
/* Commits and seals everything, waiting for it; for start and stop. */
AK_MUST_USE enum ak_err ak_keeper_flush(struct ak_keeper *keeper, bool clean);

/* keeper_read.c */
void ak_keeper_read_later(struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_read *read);
void ak_keeper_read_next(struct ak_keeper *keeper);
void ak_keeper_read_done(struct ak_keeper *keeper);
AK_MUST_USE enum ak_err ak_keeper_reader_open(struct ak_keeper *keeper);
/* The whole check of old entries at once, before serving. False: `bad_index` does not verify. */
bool ak_keeper_verify_old(struct ak_reading *reading);

/* keeper_reply.c */
void ak_keeper_step(struct ak_keeper *keeper, const struct ak_frame_request *request);
void ak_keeper_release_durable(struct ak_keeper *keeper);
void ak_keeper_release_sealed(struct ak_keeper *keeper);
void ak_keeper_release_jobs(struct ak_keeper *keeper);
void ak_keeper_release(struct ak_keeper *keeper, struct ak_pending *pending, unsigned wait);
/* Answers a question to the ledger: with `body`, or with the error of `code`. */
void ak_keeper_answer_read(
    struct ak_keeper *keeper, struct ak_pending *pending, enum ak_code code, struct ak_span body);
/* Whether the channel has room for any answer; and sends those that waited for it. */
bool ak_keeper_may_send(const struct ak_keeper *keeper);
void ak_keeper_send_held(struct ak_keeper *keeper);
/* Gives the collected jobs to the pool, or runs the one that is alone. */
void ak_keeper_send_jobs(struct ak_keeper *keeper);
/* The answer to what was no request of the engine: `body` with AK_CODE_OK, else the code's error. */
void ak_keeper_reply(struct ak_keeper *keeper, uint32_t slot, uint32_t slot_use, uint16_t call,
    enum ak_code code, struct ak_span body);
/* Answers everything that waits with `code`; for failures and stops. */
void ak_keeper_fail_all(struct ak_keeper *keeper, enum ak_code code);
void ak_keeper_send_status(struct ak_keeper *keeper);

/* Makes the engine's answer to what was late the one of `pending`, and lets it wait for what it needs. */
void ak_keeper_answer_late(
    struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_outcome *out);
/* The same, but it waits for what it waited for already: for errors, which release nothing. */
void ak_keeper_replace_answer(struct ak_pending *pending, const struct ak_outcome *out);
/* Where an answer's body lies. */
uint8_t *ak_keeper_body(struct ak_pending *pending);

/* keeper_vault.c */
/* Opens blobs and epoch store and holds them against the ledger. */
void ak_keeper_vault_open(struct ak_keeper *keeper);
AK_MUST_USE enum ak_err ak_keeper_vault_start(struct ak_keeper *keeper);
/* Takes over work that an outcome brings: gives a read to the pool (by queueing pending->item), else queues
 * it. False where there is no memory. */
bool ak_keeper_vault_take(
    struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_vault_work *work);
/* A read that the pool has done. */
void ak_keeper_vault_read_done(struct ak_keeper *keeper, struct ak_pending *pending);
/* Finishes and begins work of the helper; in the background what the engine has due. */
void ak_keeper_vault_turn(struct ak_keeper *keeper, uint64_t now_ms);
void ak_keeper_vault_stop(struct ak_keeper *keeper);
/* For keeper_sweep.c: a piece of work, NULL where there is no memory; and its place in the helper's queue. */
struct ak_vault_call *ak_keeper_vault_call(
    struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_vault_work *work);
void ak_keeper_vault_queue(struct ak_keeper *keeper, struct ak_vault_call *call);
/* Work that is done together with the call's own, which it is given a batch for; NULL where there is no
 * memory. */
struct ak_vault_batch *ak_keeper_vault_batch(struct ak_vault_call *call);
/* Removes blobs that the engine does not name (up to AK_VAULT_TOGETHER), once all that was decided until now
 * is durable and reads that are under way are over. */
void ak_keeper_vault_remove(struct ak_keeper *keeper, const struct ak_blob_place *places, size_t count);

/* keeper_sweep.c */
struct ak_vault_call *ak_keeper_sweep_due(struct ak_keeper *keeper, uint64_t now_ms);
void ak_vault_sweep_list(struct ak_vault_sweep *sweep);
/* Once the helper has stopped. */
void ak_keeper_sweep_end(struct ak_vaulting *vaulting);
void ak_keeper_sweep_done(struct ak_keeper *keeper, struct ak_vault_call *call);

/* keeper_attest.c */
AK_MUST_USE enum ak_err ak_keeper_attest_start(struct ak_keeper *keeper);
/* A client asks for evidence of its connection. */
void ak_keeper_attest_take(struct ak_keeper *keeper, const struct ak_frame_attest *asked);
/* Begins a report where one is due, and answers from one that is done. */
void ak_keeper_attest_turn(struct ak_keeper *keeper, uint64_t now_ms);
/* How long until the next report is due, at most `most_ms`. */
int ak_keeper_attest_wait_ms(struct ak_keeper *keeper, int most_ms);
/* Ends the helper; answers all that wait with 503. */
void ak_keeper_attest_stop(struct ak_keeper *keeper);
/* keeper_check.c: whether ledger and store agree. */
AK_MUST_USE enum ak_err ak_keeper_check_start(struct ak_keeper *keeper);
void ak_keeper_check_stop(struct ak_keeper *keeper);
/* Once the vault's helper has stopped, too; before the vault is closed. */
void ak_keeper_check_free(struct ak_keeper *keeper);
void ak_keeper_check_turn(struct ak_keeper *keeper, uint64_t now_ms);
/* How long the loop may sleep for the check's sake. */
int ak_keeper_check_sleep_ms(struct ak_keeper *keeper, uint64_t now_ms, int most_ms);
/* Work of the vault failed: what is shown of it is no longer to be trusted. */
void ak_keeper_check_suspect(struct ak_keeper *keeper);
/* A piece that the vault's helper has done. */
void ak_keeper_check_called(struct ak_keeper *keeper, struct ak_vault_call *call);
void ak_keeper_check_status(const struct ak_keeper *keeper, struct ak_frame_status *status);

/* keeper_tls.c */
void ak_keeper_tls_turn(struct ak_keeper *keeper);
/* The self-signed certificate of the worker's TLS key, DER. */
AK_MUST_USE enum ak_err ak_keeper_tls_certificate(
    struct ak_keeper *keeper, struct ak_buf *certificate, uint8_t out_spki[91]);

#endif
