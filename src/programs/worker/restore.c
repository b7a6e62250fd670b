/* `agentkeys-worker restore`: a lost worker's keys and ledger on a new machine, in two steps. First a request
 * with an ephemeral key for the holders of recovery shares; then their replies and the old ledger's export
 * make the worker. The sealed state is written last: whatever ends this before may be begun again. */
#include "programs/worker/restore.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "io/conf/boot_fail.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/secmem.h"
#include "programs/worker/roles.h"
#include "programs/worker/take.h"
#include "programs/worker/usage.h"

static const char *const see = "docs/operations.md#restore";

AK_NORETURN void ak_restoring_fail(
    const char *code, const char *setting, const char *value, const char *reason)
{
    ak_boot_fail(code, setting, value, reason, see);
}

static void alloc_secrets(struct ak_restoring *restore)
{
    restore->secrets = ak_secmem_alloc(sizeof *restore->secrets);
    if (!restore->secrets) ak_making_fail(&restore->making, "locked_memory", "no locked memory for shares");
}

/* A folder with a worker, whole or in part, is left alone. */
static void refuse_worker(const struct ak_restoring *restore)
{
    struct stat st;
    if (fstatat(restore->making.data_fd, AK_SEALED_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
        ak_making_fail(&restore->making, "sealed_state_exists",
            "there is a worker already; restore into a new folder (a restore that was cut off at its very "
            "end is finished: start it)");
}

static void finish(struct ak_restoring *restore)
{
    if (restore->secrets) ak_wipe(restore->secrets, sizeof *restore->secrets);
    ak_secmem_free(restore->secrets);
    ak_restore_close(&restore->log);
    ak_arena_done(&restore->audit_arena);
    ak_making_done(&restore->making);
}

/* What an earlier try left: a ledger without a sealed state is nobody's. */
static void clear_ledger(const struct ak_restoring *restore)
{
    static const char *const names[] = {
        "ledger.db", "ledger.db-wal", "ledger.db-shm", "ledger.db-journal", "ledger.db-reserve"};
    for (size_t i = 0; i < AK_COUNT(names); i++) (void)unlinkat(restore->making.data_fd, names[i], 0);
}

static void print_result(const struct ak_restoring *restore)
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

static int ask(struct ak_restoring *restore)
{
    ak_making_open(&restore->making, NULL, true);
    refuse_worker(restore);
    ak_restoring_ask(restore);
    finish(restore);
    return 0;
}

static int restore_all(struct ak_restoring *restore)
{
    struct ak_making *making = &restore->making;
    if (restore->share_count == 0)
        ak_restoring_fail("shares_too_few", "share", "", "none given: --share FILE for each");
    if (restore->ledger_count == 0)
        ak_restoring_fail("ledger_unreadable", "ledger", "", "none given: --ledger EXPORT");
    ak_making_open(making, NULL, false);
    refuse_worker(restore);
    ak_restoring_open_request(restore);
    ak_restoring_combine(restore);
    clear_ledger(restore);
    ak_making_begin(making);
    ak_restoring_read_ledger(restore);
    enum ak_err err = AK_OK;
    if (!ak_engine_has_room(making->engine)) err = ak_making_append(making);
    if (!err) err = ak_restore_finish(&restore->log, restore->report.root, ak_clock_wall_ms());
    if (err) ak_making_fail(making, "ledger", "the ledger cannot be made");
    making->sealed.trust.config = ak_restoring_find_trust(restore);
    ak_making_end(making);
    ak_restoring_close_request(restore);
    print_result(restore);
    finish(restore);
    return 0;
}

static int usage(void)
{
    (void)fputs("usage: agentkeys-worker restore --request FILE [OPTIONS]\n"
                "       agentkeys-worker restore --share REPLY... --ledger EXPORT... [--checkpoint FILE] "
                "[OPTIONS]\n\n"
                "  --request FILE     make a request for the holders of recovery shares, in a new data_dir\n"
                "  --share REPLY      a holder's reply to it; once for each, as many as init said\n"
                "  --ledger EXPORT    the whole log, as agentkeys-worker ledger export wrote it; or in order "
                "each archive\n"
                "                     file, and what ledger export --from wrote after them\n"
                "  --checkpoint FILE  a checkpoint that somebody kept: an older ledger is refused\n\n"
                "Every agent comes back suspended, every session is over. example:\n"
                "  agentkeys-worker restore --request restore.request --data-dir /var/lib/agentkeys\n",
        stderr);
    return 2;
}

int ak_worker_restore(int argc, char **argv)
{
    static struct ak_restoring restore = {.making = {.data_fd = -1, .tee_fd = -1, .slot_fd = -1}};
    struct ak_conf_dirs dirs;
    restore.request = ak_take_option(&argc, argv, "request");
    restore.ledger_count = ak_take_options(&argc, argv, "ledger", restore.ledgers, AK_COUNT(restore.ledgers));
    restore.checkpoint = ak_take_option(&argc, argv, "checkpoint");
    restore.share_count = ak_take_options(&argc, argv, "share", restore.shares, AK_SHARE_HOLDERS_MAX);
    bool second = restore.share_count || restore.ledger_count || restore.checkpoint;
    if ((restore.request != NULL) == second) return usage();
    ak_worker_load(argc, argv, "restore", &restore.conf, &dirs);
    ak_log_init(AK_LOG_ERROR, "restore", 2);
    restore.making.conf = &restore.conf;
    restore.making.see = see;
    ak_making_memory(&restore.making);
    alloc_secrets(&restore);
    return restore.request ? ask(&restore) : restore_all(&restore);
}
