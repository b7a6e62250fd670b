/* Step 2 of a restore: the old ledger's export, verified as an auditor would and written again entry by
 * entry, and the trust configuration that it leaves in force. */
#include <stdio.h>
#include <string.h>

#include "io/conf/boot_fail.h"
#include "io/proc/arena_hooks.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "programs/worker/restore.h"

#define AUDIT_CAP (UINT64_C(4) << 30)

AK_NORETURN static void fail_ledger(const struct ak_restoring *restore, const char *code, const char *reason)
{
    ak_restoring_fail(code, "ledger", restore->ledger, reason);
}

static void read_note(struct ak_restoring *restore, struct ak_audit_options *options)
{
    if (!restore->checkpoint) return;
    FILE *file = fopen(restore->checkpoint, "rbe");
    if (!file) ak_restoring_fail("checkpoint", "checkpoint", restore->checkpoint, "cannot be opened");
    size_t len = fread(restore->note, 1, sizeof restore->note, file);
    bool good = !ferror(file) && len > 0 && fgetc(file) == EOF;
    (void)fclose(file);
    if (!good) ak_restoring_fail("checkpoint", "checkpoint", restore->checkpoint, "is no checkpoint");
    options->earlier = ak_span(restore->note, len);
}

/* The first line says which log it is; its key is the one that these roots give for it, or it is not ours. */
static void open_log(struct ak_restoring *restore, struct ak_span line)
{
    struct ak_audit_options options = {0};
    struct ak_audit_header *header = &restore->audit.header;
    struct ak_span text = line.len ? ak_span(line.ptr, line.len - 1) : line;
    if (ak_audit_line_header(text, header) != AK_OK)
        fail_ledger(restore, "ledger_unreadable", "is no export");
    if (header->segment)
        fail_ledger(restore, "ledger_unreadable",
            "begins in the middle of the log; give the archive files before it first, each by --ledger");
    if (header->account)
        fail_ledger(restore, "ledger_unreadable",
            "is one account's part; needed is the whole log: agentkeys-worker ledger export");
    if (ak_restore_open(&restore->log, restore->making.engine, &restore->making.root, header->log_id) !=
        AK_OK)
        fail_ledger(restore, "ledger_unreadable", "its keys cannot be derived");
    if (memcmp(restore->log.ledger_pub, header->ledger_key, 32) != 0)
        fail_ledger(restore, "ledger_foreign", "is of another worker: the shares' keys did not sign it");
    options.ledger_key = restore->log.ledger_pub;
    options.log_id = restore->log.log_id;
    ak_random_bytes(&options.hash_seed, sizeof options.hash_seed);
    options.files = restore->ledger_count;
    read_note(restore, &options);
    ak_arena_init(&restore->audit_arena, ak_arena_hooks_mmap(), AUDIT_CAP);
    ak_audit_open(&restore->audit, &options, &restore->audit_arena);
}

static void write_again(struct ak_restoring *restore)
{
    const struct ak_audit_entry_line *line = &restore->audit.entry;
    enum ak_err err = AK_OK;
    if (ak_engine_pending(restore->making.engine) && !ak_engine_has_room(restore->making.engine))
        err = ak_making_append(&restore->making);
    if (err) ak_making_fail(&restore->making, "storage_full", "the ledger cannot be written");
    err = ak_restore_entry(&restore->log, ak_span(line->room + 1, line->entry_len));
    if (err == AK_E_FULL) ak_making_fail(&restore->making, "storage_full", "no memory for the state");
    if (err == AK_E_UNSUPPORTED)
        fail_ledger(
            restore, "ledger_unreadable", "has entries of a later version; restore with that version");
    if (err)
        fail_ledger(restore, "ledger_damaged",
            err == AK_E_AUTH ? "a control entry was not written by this worker's keys, or not there"
                             : "an entry cannot follow those before it, or is of another worker");
}

/* A false line shows in the report. */
static void take_line(struct ak_restoring *restore, struct ak_span line, bool first)
{
    if (first) open_log(restore, line);
    uint64_t before = restore->audit.next_index;
    enum ak_err err = ak_audit_line(&restore->audit, line);
    if (err && err != AK_E_STATE)
        ak_making_fail(&restore->making, "storage_full", "no memory to verify the ledger");
    bool sound = restore->audit.report.finding.fault == AK_AUDIT_SOUND;
    if (sound && restore->audit.next_index > before) write_again(restore);
}

static void read_lines(struct ak_restoring *restore, bool first)
{
    static char line[AK_AUDIT_LINE_MAX + 2];
    size_t len = 0;
    int c;
    FILE *file = fopen(restore->ledger, "rbe");
    if (!file) fail_ledger(restore, "ledger_unreadable", "cannot be opened");
    while ((c = getc(file)) != EOF) {
        line[len++] = (char)c;
        if (c != '\n' && len < sizeof line - 1) continue;
        take_line(restore, ak_span(line, len), first);
        first = false;
        len = 0;
    }
    if (len || first) take_line(restore, ak_span(line, len), first);
    bool good = !ferror(file);
    (void)fclose(file);
    if (!good) fail_ledger(restore, "ledger_unreadable", "cannot be read");
}

static void check_report(struct ak_restoring *restore)
{
    char reason[190];
    if (ak_audit_finish(&restore->audit, &restore->report) != AK_OK)
        ak_making_fail(&restore->making, "storage_full", "no memory to verify the ledger");
    if (restore->report.ok) return;
    const struct ak_audit_finding *finding = &restore->report.finding;
    (void)snprintf(reason, sizeof reason, "%s: %s (entry %lld)", ak_audit_fault_name(finding->fault),
        finding->text, finding->has_index ? (long long)finding->index : -1);
    bool old = finding->fault == AK_AUDIT_ROLLED_BACK || finding->fault == AK_AUDIT_FORKED;
    fail_ledger(restore, old ? "ledger_stale" : "ledger_damaged", reason);
}

void ak_restoring_read_ledger(struct ak_restoring *restore)
{
    for (size_t i = 0; i < restore->ledger_count; i++) {
        if (i > 0 && ak_audit_next_file(&restore->audit) == AK_E_STATE) break; /* the report says why */
        restore->ledger = restore->ledgers[i];
        read_lines(restore, i == 0);
    }
    check_report(restore);
}

/* A configuration that names makers of TPMs is not put on a machine of another one. */
static void check_settings(struct ak_restoring *restore, const struct ak_trust *sealed)
{
    struct ak_making *making = &restore->making;
    struct ak_worker_trust *trust = &making->trust;
    if (ak_worker_trust_read(&restore->conf, trust) != AK_OK) ak_boot_fail_exit(&trust->why);
    if (ak_worker_trust_compare(trust, sealed)) ak_worker_trust_fail(trust);
    if (ak_worker_trust_check_maker(trust, sealed, &making->tee, ak_clock_wall_ms() / 1000) != AK_OK)
        ak_worker_trust_fail(trust);
    ak_worker_trust_done(trust);
}

struct ak_span ak_restoring_find_trust(struct ak_restoring *restore)
{
    const struct ak_state *state = ak_engine_state(restore->making.engine);
    const struct ak_share_set *set = &restore->secrets->shares[0].set;
    struct ak_span config = ak_span(set->trust, set->trust_len);
    uint8_t hash[32];
    struct ak_trust sealed;
    ak_trust_hash(config, hash);
    if (state->trust_size)
        config = ak_span(state->trust, state->trust_len);
    else if (memcmp(hash, restore->log.config, 32) != 0)
        fail_ledger(
            restore, "ledger_foreign", "opened with another trust configuration than the shares have");
    if (ak_trust_parse(config, &sealed) != AK_OK)
        fail_ledger(restore, "ledger_unreadable", "its trust configuration is of a later version");
    check_settings(restore, &sealed);
    return config;
}
