/* `agentkeys-worker restore`, of which each step is a file: what they have in common. Whatever fails ends the
 * process by a BOOT_FAIL line that refers to docs/operations.md#restore. Secret: what `secrets` points to, in
 * locked memory. Nothing here is freed but by the end of restore.c. One thread. */
#ifndef AK_PROGRAMS_WORKER_RESTORE_H
#define AK_PROGRAMS_WORKER_RESTORE_H

#include "audit/audit.h"
#include "core/engine/restore.h"
#include "core/ledger/archive.h"
#include "core/recovery/share.h"
#include "programs/worker/making.h"

struct ak_restoring_secrets {
    struct ak_secret32 scalar; /* the request's */
    struct ak_share shares[AK_SHARE_HOLDERS_MAX];
    uint8_t plain[AK_SHARE_LEN_MAX];
};

struct ak_restoring {
    struct ak_conf conf;
    struct ak_making making;
    const char *request, *checkpoint, *shares[AK_SHARE_HOLDERS_MAX]; /* files; NULL: not given */
    size_t share_count;
    const char *ledgers[AK_ARCHIVE_FILES_MAX + 1]; /* archive files in order, and what follows them */
    size_t ledger_count;
    const char *ledger;      /* the one that is read */
    uint8_t fingerprint[32]; /* the request's */
    struct ak_restoring_secrets *secrets;
    struct ak_restore log;
    struct ak_audit audit;
    struct ak_audit_report report;
    struct ak_arena audit_arena;
    uint8_t note[AK_AUDIT_NOTE_MAX];
};

/* restore.c */
AK_NORETURN void ak_restoring_fail(
    const char *code, const char *setting, const char *value, const char *reason);

/* restore_request.c: making a request writes it, its copy and its sealed key, and prints what comes next. The
 * data folder is open. */
void ak_restoring_ask(struct ak_restoring *restore);
/* The request made before: its fingerprint, and its key into the secrets. */
void ak_restoring_open_request(struct ak_restoring *restore);
/* Once the worker is made nobody answers it any more. */
void ak_restoring_close_request(const struct ak_restoring *restore);

/* restore_shares.c: opens the replies, prints whose they are, and makes roots and worker_id of the state to
 * be sealed of them, with a new log_id. */
void ak_restoring_combine(struct ak_restoring *restore);

/* restore_ledger.c: verifies the export as an auditor would, under the key that the roots give, and writes
 * each sound entry again; then the report is there, and good. */
void ak_restoring_read_ledger(struct ak_restoring *restore);
/* The trust configuration in force: the newest that the ledger has, else the one that the shares have, if it
 * is the one the ledger opened with. Settings of this machine that say otherwise stop the restore. Points
 * into the engine's state or the shares. */
struct ak_span ak_restoring_find_trust(struct ak_restoring *restore);

#endif
