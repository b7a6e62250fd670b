/* `agentkeys-worker restore`: a lost worker's keys and ledger on a new machine, in two steps. First a request
 * with an ephemeral key for the holders of recovery shares; then their replies and the old ledger's export
 * make the worker. The sealed state is written last: whatever ends this before may be begun again. */
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "audit/audit.h"
#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "base/crypto/x25519.h"
#include "core/engine/restore.h"
#include "core/recovery/request.h"
#include "io/conf/boot_fail.h"
#include "io/log/log.h"
#include "io/proc/arena_hooks.h"
#include "io/proc/clock.h"
#include "io/proc/durable.h"
#include "io/proc/random.h"
#include "io/proc/secmem.h"
#include "programs/worker/folder.h"
#include "programs/worker/making.h"
#include "programs/worker/roles.h"
#include "programs/worker/take.h"
#include "programs/worker/usage.h"

#define REQUEST_NAME "restore.request" /* in the data folder: what the holders got */
#define KEY_NAME     "restore.key" /* its private key, sealed by the TEE for the counter's present number */
#define AUDIT_CAP    (UINT64_C(4) << 30)

static const char *const see = "docs/operations.md#restore";

struct restore {
    struct ak_conf conf;
    struct ak_making making;
    const char *request, *ledger, *checkpoint, *shares[AK_SHARE_HOLDERS_MAX];
    size_t share_count;
    uint8_t fingerprint[32];
    struct secrets *secrets;
    struct ak_restore log;
    struct ak_audit audit;
    struct ak_audit_report report;
    struct ak_arena audit_arena;
    uint8_t note[AK_AUDIT_NOTE_MAX];
};

/* In locked memory. */
struct secrets {
    struct ak_secret32 scalar;
    struct ak_share shares[AK_SHARE_HOLDERS_MAX];
    uint8_t plain[AK_SHARE_LEN_MAX];
};

AK_NORETURN static void fail(const char *code, const char *setting, const char *value, const char *reason)
{
    ak_boot_fail(code, setting, value, reason, see);
}

static void alloc_secrets(struct restore *restore)
{
    restore->secrets = ak_secmem_alloc(sizeof *restore->secrets);
    if (!restore->secrets) ak_making_fail(&restore->making, "locked_memory", "no locked memory for shares");
}

static enum ak_err read_at(const struct restore *restore, const char *name, struct ak_buf *out)
{
    const struct ak_file_ops ops = ak_file_ops_system();
    out->len = 0;
    return ak_durable_read(&ops, restore->making.data_fd, name, out->ptr, out->cap, &out->len);
}

/* A folder with a worker, whole or in part, is left alone. */
static void refuse_worker(const struct restore *restore)
{
    struct stat st;
    if (fstatat(restore->making.data_fd, AK_SEALED_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
        ak_making_fail(&restore->making, "sealed_state_exists",
            "there is a worker already; restore into a new folder (a restore that was cut off at its very "
            "end "
            "is finished: start it)");
}

static void finish(struct restore *restore)
{
    if (restore->secrets) ak_wipe(restore->secrets, sizeof *restore->secrets);
    ak_secmem_free(restore->secrets);
    ak_restore_close(&restore->log);
    ak_arena_done(&restore->audit_arena);
    ak_making_done(&restore->making);
}

/* ---- step 1: the request ---- */

static void refuse_second(const struct restore *restore)
{
    struct stat st;
    char path[600];
    ak_folder_store_path(ak_conf_text(&restore->conf, AK_WORKER_DATA_DIR), false, path, sizeof path);
    if (fstatat(restore->making.data_fd, REQUEST_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
        ak_making_fail(&restore->making, "restore_request",
            "a request is open here already; go on with it, or remove the folder to begin anew");
    if (stat(path, &st) == 0)
        ak_making_fail(&restore->making, "data_dir", "is not empty; restore into a new folder");
}

/* The evidence is for the fingerprint, and that for the key. */
static void add_evidence(
    const struct restore *restore, struct ak_recovery_request *request, struct ak_buf *out)
{
    const struct ak_tee *tee = &restore->making.tee;
    uint8_t report_data[64];
    ak_recovery_report_data(restore->fingerprint, report_data);
    enum ak_err err = tee->ops->report(tee->impl, report_data, out);
    if (err && err != AK_E_UNSUPPORTED)
        ak_making_fail(&restore->making, "tee_unavailable", "the TEE gives no evidence for the request");
    if (!err) request->evidence = ak_buf_span(out);
}

static void seal_key(struct restore *restore)
{
    const struct ak_tee *tee = &restore->making.tee;
    const struct ak_file_ops ops = ak_file_ops_system();
    uint8_t id[AK_TEE_COUNTER_ID_LEN], memory[AK_TEE_KEK_BLOB_MAX];
    struct ak_buf blob = AK_BUF_ARR(memory);
    uint64_t n = 0;
    enum ak_err err = tee->ops->counter_read(tee->impl, id, &n);
    if (!err) err = tee->ops->seal(tee->impl, &restore->secrets->scalar, n, &blob);
    if (!err) err = ak_durable_write(&ops, restore->making.data_fd, KEY_NAME, ak_buf_span(&blob));
    if (err) ak_making_fail(&restore->making, "tee_unavailable", "the request's key cannot be sealed");
}

static void write_request(const struct restore *restore, struct ak_span bytes)
{
    const struct ak_file_ops ops = ak_file_ops_system();
    FILE *file = fopen(restore->request, "wbxe");
    if (!file) fail("restore_request", "request", restore->request, "cannot be made, or is there already");
    bool good = fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    if (fclose(file) != 0 || !good) fail("restore_request", "request", restore->request, "cannot be written");
    if (ak_durable_write(&ops, restore->making.data_fd, REQUEST_NAME, bytes) != AK_OK)
        ak_making_fail(&restore->making, "data_dir", "cannot be written");
}

static void print_request(const struct restore *restore, bool evidence)
{
    uint8_t text[64];
    struct ak_buf hex = AK_BUF_ARR(text);
    ak_hex_encode(&hex, AK_SPAN_ARR(restore->fingerprint));
    printf("request:      %s\nfingerprint:  %.*s\nevidence:     %s\n\n"
           "Send the request to the holders of the shares, and tell them the fingerprint on another way.\n"
           "Each runs: agentkeys recovery share --open SHARE --key KEY.pem --for REQUEST\n"
           "With enough of their replies: agentkeys-worker restore --share REPLY... --ledger EXPORT\n",
        restore->request, (int)hex.len, (const char *)text,
        evidence ? "of this machine's TEE, in the request"
                 : "none: this backend cannot prove what runs here");
}

static int ask(struct restore *restore)
{
    static uint8_t evidence[AK_RECOVERY_EVIDENCE_MAX], bytes[AK_RECOVERY_REQUEST_MAX];
    struct ak_making *making = &restore->making;
    struct ak_buf evidence_buf = AK_BUF_ARR(evidence), buf = AK_BUF_ARR(bytes);
    ak_making_open(making, NULL, true);
    refuse_worker(restore);
    refuse_second(restore);
    struct ak_recovery_request request = {
        .time_ms = ak_clock_wall_ms(), .backend = ak_span_str(making->tee.ops->name)};
    enum ak_err err = making->tee.ops->random(
        making->tee.impl, restore->secrets->scalar.bytes, sizeof restore->secrets->scalar.bytes);
    ak_random_bytes(request.random, sizeof request.random);
    if (!err) err = ak_x25519_pub(&restore->secrets->scalar, request.key);
    if (!err) err = ak_recovery_fingerprint(&request, restore->fingerprint);
    if (err) ak_making_fail(making, "tee_unavailable", "the request's key cannot be made");
    add_evidence(restore, &request, &evidence_buf);
    if (ak_recovery_request_encode(&request, &buf) != AK_OK)
        ak_making_fail(making, "tee_unavailable", "the TEE's evidence is too long for a request");
    seal_key(restore);
    write_request(restore, ak_buf_span(&buf));
    print_request(restore, request.evidence.len > 0);
    finish(restore);
    return 0;
}

/* ---- step 2: replies ---- */

static void open_request(struct restore *restore)
{
    static uint8_t bytes[AK_RECOVERY_REQUEST_MAX];
    const struct ak_tee *tee = &restore->making.tee;
    uint8_t id[AK_TEE_COUNTER_ID_LEN], memory[AK_TEE_KEK_BLOB_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes), blob = AK_BUF_ARR(memory);
    struct ak_recovery_request request;
    uint64_t n = 0;
    if (read_at(restore, REQUEST_NAME, &buf) != AK_OK || read_at(restore, KEY_NAME, &blob) != AK_OK)
        ak_making_fail(&restore->making, "restore_request",
            "no request was made here; begin with: agentkeys-worker restore --request FILE");
    enum ak_err err = ak_recovery_request_parse(ak_buf_span(&buf), &request);
    if (!err) err = ak_recovery_fingerprint(&request, restore->fingerprint);
    if (!err) err = tee->ops->counter_read(tee->impl, id, &n);
    if (!err) err = tee->ops->unseal(tee->impl, ak_buf_span(&blob), n, &restore->secrets->scalar);
    if (err)
        ak_making_fail(&restore->making, "restore_request",
            "the request's key does not open: it was made on another machine or in another state of it");
}

static size_t read_reply(const char *path, uint8_t *out, size_t cap)
{
    FILE *file = fopen(path, "rbe");
    if (!file) fail("share_unreadable", "share", path, "cannot be opened");
    size_t len = fread(out, 1, cap, file);
    bool good = !ferror(file);
    (void)fclose(file);
    if (!good) fail("share_unreadable", "share", path, "cannot be read");
    return len;
}

AK_NORETURN static void fail_reply(const char *path, enum ak_err err)
{
    if (err == AK_E_MEANING)
        fail(
            "share_other_request", "share", path, "answers another request than the one made in this folder");
    if (err == AK_E_AUTH)
        fail("share_altered", "share", path, "was altered on its way; ask its holder to send it again");
    fail("share_unreadable", "share", path, "is no reply of agentkeys recovery share");
}

AK_NORETURN static void fail_share(const char *path, enum ak_err err)
{
    if (err == AK_E_MEANING)
        fail("share_zero", "share", path, "is a zero share: it says nothing of the keys");
    if (err == AK_E_AUTH) fail("share_altered", "share", path, "is not what its set committed to at init");
    fail("share_unreadable", "share", path, "holds no share that this version reads");
}

static void refuse_misfit(const char *path, const struct ak_share *share, enum ak_share_fit fit)
{
    static const struct {
        const char *code, *why;
    } said[] = {
        [AK_SHARE_FOREIGN] = {"share_foreign", "is of another worker than those before it"},
        [AK_SHARE_OTHER_SET] = {"share_other_set", "is of another set than those before it"},
        [AK_SHARE_TWICE] = {"share_duplicate", "is given twice"},
    };
    char reason[160];
    struct ak_span holder = ak_share_holder(share);
    if (fit == AK_SHARE_FITS) return;
    (void)snprintf(reason, sizeof reason, "share %u of %u (%.*s) %s", share->x, share->set.n, (int)holder.len,
        (const char *)holder.ptr, said[fit].why);
    fail(said[fit].code, "share", path, reason);
}

static void take_share(struct restore *restore, size_t i)
{
    static uint8_t bytes[AK_RECOVERY_REPLY_MAX + 1];
    struct secrets *secrets = restore->secrets;
    const char *path = restore->shares[i];
    size_t len = read_reply(path, bytes, sizeof bytes);
    struct ak_buf plain = AK_BUF_ARR(secrets->plain);
    enum ak_err err =
        ak_recovery_reply_open(ak_span(bytes, len), restore->fingerprint, &secrets->scalar, &plain);
    if (err) fail_reply(path, err);
    err = ak_share_parse(ak_buf_span(&plain), &secrets->shares[i]);
    if (err) fail_share(path, err);
    refuse_misfit(path, &secrets->shares[i], ak_share_fits(secrets->shares, i, &secrets->shares[i]));
    struct ak_span holder = ak_share_holder(&secrets->shares[i]);
    printf("share %u of %u: %.*s\n", secrets->shares[i].x, secrets->shares[i].set.n, (int)holder.len,
        (const char *)holder.ptr);
}

static void combine(struct restore *restore)
{
    struct secrets *secrets = restore->secrets;
    struct ak_seal_state *state = restore->making.state;
    char reason[160];
    for (size_t i = 0; i < restore->share_count; i++) take_share(restore, i);
    unsigned m = secrets->shares[0].set.m;
    (void)snprintf(reason, sizeof reason, "%zu given, %u are needed", restore->share_count, m);
    if (restore->share_count < m) fail("shares_too_few", "share", restore->shares[0], reason);
    if (ak_share_combine(secrets->shares, restore->share_count, state) != AK_OK)
        fail("share_altered", "share", restore->shares[0], "these shares do not fit together");
    memcpy(state->worker_id, secrets->shares[0].set.worker_id, sizeof state->worker_id);
    ak_random_bytes(state->log_id, sizeof state->log_id);
}

/* ---- step 2: the ledger ---- */

AK_NORETURN static void fail_ledger(const struct restore *restore, const char *code, const char *reason)
{
    fail(code, "ledger", restore->ledger, reason);
}

static void read_note(struct restore *restore, struct ak_audit_options *options)
{
    if (!restore->checkpoint) return;
    FILE *file = fopen(restore->checkpoint, "rbe");
    if (!file) fail("checkpoint", "checkpoint", restore->checkpoint, "cannot be opened");
    size_t len = fread(restore->note, 1, sizeof restore->note, file);
    bool good = !ferror(file) && len > 0 && fgetc(file) == EOF;
    (void)fclose(file);
    if (!good) fail("checkpoint", "checkpoint", restore->checkpoint, "is no checkpoint");
    options->earlier = ak_span(restore->note, len);
}

/* The first line says which log it is; its key is the one that these roots give for it, or it is not ours. */
static void open_log(struct restore *restore, struct ak_span line)
{
    struct ak_audit_options options = {0};
    struct ak_audit_header *header = &restore->audit.header;
    struct ak_span text = line.len ? ak_span(line.ptr, line.len - 1) : line;
    if (ak_audit_line_header(text, header) != AK_OK)
        fail_ledger(restore, "ledger_unreadable", "is no export");
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
    read_note(restore, &options);
    ak_arena_init(&restore->audit_arena, ak_arena_hooks_mmap(), AUDIT_CAP);
    ak_audit_open(&restore->audit, &options, &restore->audit_arena);
}

static void write_again(struct restore *restore)
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
static void take_line(struct restore *restore, struct ak_span line, bool first)
{
    if (first) open_log(restore, line);
    uint64_t before = restore->audit.next_index;
    enum ak_err err = ak_audit_line(&restore->audit, line);
    if (err && err != AK_E_STATE)
        ak_making_fail(&restore->making, "storage_full", "no memory to verify the ledger");
    bool sound = restore->audit.report.finding.fault == AK_AUDIT_SOUND;
    if (sound && restore->audit.next_index > before) write_again(restore);
}

static void read_lines(struct restore *restore)
{
    static char line[AK_AUDIT_LINE_MAX + 2];
    size_t len = 0;
    bool first = true;
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

static void check_report(struct restore *restore)
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

/* A configuration that names makers of TPMs is not put on a machine of another one. */
static void check_settings(struct restore *restore, const struct ak_trust *sealed)
{
    struct ak_making *making = &restore->making;
    struct ak_worker_trust *trust = &making->trust;
    if (ak_worker_trust_read(&restore->conf, trust) != AK_OK) ak_boot_fail_exit(&trust->why);
    if (ak_worker_trust_compare(trust, sealed)) ak_worker_trust_fail(trust);
    if (ak_worker_trust_check_maker(trust, sealed, &making->tee, ak_clock_wall_ms() / 1000) != AK_OK)
        ak_worker_trust_fail(trust);
    ak_worker_trust_done(trust);
}

/* The trust configuration in force: the newest that the ledger has, else the one that the shares have, if it
 * is the one the ledger opened with. Settings of this machine that say otherwise stop the restore. */
static struct ak_span find_trust(struct restore *restore)
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

/* What an earlier try left: a ledger without a sealed state is nobody's. */
static void clear_ledger(const struct restore *restore)
{
    static const char *const names[] = {
        "ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-journal", "ledger.db-reserve"};
    for (size_t i = 0; i < AK_COUNT(names); i++) (void)unlinkat(restore->making.data_fd, names[i], 0);
}

static void close_request(const struct restore *restore)
{
    const struct ak_file_ops ops = ak_file_ops_system();
    (void)!ak_durable_erase(&ops, restore->making.data_fd, KEY_NAME); /* the TEE does not open it any more */
    (void)unlinkat(restore->making.data_fd, REQUEST_NAME, 0);
}

static void print_result(const struct restore *restore)
{
    const struct ak_state *state = ak_engine_state(restore->making.engine);
    uint8_t text[32];
    struct ak_buf hex = AK_BUF_ARR(text);
    ak_hex_encode(&hex, AK_SPAN_ARR(restore->log.log_id));
    ak_making_print(&restore->making, "worker restored in");
    printf("restored from: log %.*s at %llu entries%s\n", (int)hex.len, (const char *)text,
        (unsigned long long)restore->report.size,
        restore->checkpoint ? ", which goes on from the checkpoint"
                            : " (whether it is the newest was not checked: --checkpoint)");
    printf("accounts:      %u\nagents:        %u, all suspended until their owners resume them\n",
        state->accounts.count, state->paths.count);
    printf("credentials:   none; they come back by agentkeys import, from agentkeys export\n");
    printf("\nThe ledger's key is new: owners compare it, and remove ledger.pin and checkpoint.note of their "
           "profile.\n");
}

static int restore_all(struct restore *restore)
{
    struct ak_making *making = &restore->making;
    if (restore->share_count == 0) fail("shares_too_few", "share", "", "none given: --share FILE for each");
    if (!restore->ledger) fail("ledger_unreadable", "ledger", "", "none given: --ledger EXPORT");
    ak_making_open(making, NULL, false);
    refuse_worker(restore);
    open_request(restore);
    combine(restore);
    clear_ledger(restore);
    ak_making_begin(making);
    read_lines(restore);
    check_report(restore);
    enum ak_err err = AK_OK;
    if (!ak_engine_has_room(making->engine)) err = ak_making_append(making);
    if (!err) err = ak_restore_finish(&restore->log, restore->report.root, ak_clock_wall_ms());
    if (err) ak_making_fail(making, "ledger", "the ledger cannot be made");
    making->sealed.trust.config = find_trust(restore);
    ak_making_end(making);
    close_request(restore);
    print_result(restore);
    finish(restore);
    return 0;
}

static int usage(void)
{
    (void)fputs(
        "usage: agentkeys-worker restore --request FILE [OPTIONS]\n"
        "       agentkeys-worker restore --share REPLY... --ledger EXPORT [--checkpoint FILE] [OPTIONS]\n\n"
        "  --request FILE     make a request for the holders of recovery shares, in a new data_dir\n"
        "  --share REPLY      a holder's reply to it; once for each, as many as init said\n"
        "  --ledger EXPORT    the whole log, as agentkeys-worker ledger export wrote it\n"
        "  --checkpoint FILE  a checkpoint that somebody kept: an older ledger is refused\n\n"
        "Every agent comes back suspended, every session is over. example:\n"
        "  agentkeys-worker restore --request restore.request --data-dir /var/lib/agentkeys\n",
        stderr);
    return 2;
}

int ak_worker_restore(int argc, char **argv)
{
    static struct restore restore = {.making = {.data_fd = -1, .tee_fd = -1, .slot_fd = -1}};
    struct ak_conf_dirs dirs;
    restore.request = ak_take_option(&argc, argv, "request");
    restore.ledger = ak_take_option(&argc, argv, "ledger");
    restore.checkpoint = ak_take_option(&argc, argv, "checkpoint");
    restore.share_count = ak_take_options(&argc, argv, "share", restore.shares, AK_SHARE_HOLDERS_MAX);
    bool second = restore.share_count || restore.ledger || restore.checkpoint;
    if ((restore.request != NULL) == second) return usage();
    ak_worker_load(argc, argv, "restore", &restore.conf, &dirs);
    ak_log_init(AK_LOG_ERROR, "restore", 2);
    restore.making.conf = &restore.conf;
    restore.making.see = see;
    ak_making_memory(&restore.making);
    alloc_secrets(&restore);
    return restore.request ? ask(&restore) : restore_all(&restore);
}
