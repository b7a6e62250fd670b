/* `agentkeys-worker init`: a new master secret, sealed; a new ledger with its first two entries. Never done
 * silently at a start, and refused where a worker is already. */
#include <stdio.h>
#include <stdlib.h>

#include "base/codec/hex.h"
#include "core/engine/engine.h"
#include "io/conf/boot_fail.h"
#include "io/conf/worker_conf.h"
#include "io/proc/arena_hooks.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "io/proc/secmem.h"
#include "io/store/store.h"
#include "io/tee/sealed_file.h"
#include "programs/worker/folder.h"
#include "programs/worker/init.h"
#include "programs/worker/trust.h"

struct init {
    const struct ak_conf *conf;
    bool dev;
    int data_fd, tee_fd, slot_fd;
    struct ak_worker_trust trust;
    uint8_t config[32];
    struct ak_tee tee;
    struct ak_sealed_file sealed;
    struct ak_seal_state *state;
    struct ak_root root;
    struct ak_arena arena;
    struct ak_engine *engine;
};

static void fail(const struct init *init, const char *code, const char *reason)
{
    ak_boot_fail(
        code, "data_dir", ak_conf_text(init->conf, AK_WORKER_DATA_DIR), reason, "docs/operations.md#init");
}

static void fail_slots(const struct init *init, const char *code, const char *reason)
{
    char path[600] = "";
    if (ak_worker_conf_slot_dir(init->conf, path, sizeof path) != AK_OK) path[0] = '\0';
    ak_boot_fail(code, "vault.erasure_slot", path, reason, "docs/operations.md#init");
}

static void engine_random(void *ctx, void *out, size_t len)
{
    (void)ctx;
    ak_random_bytes(out, len);
}

/* Fixed here for good, unless an operator changes it. */
static struct ak_sealed_trust read_trust(struct init *init)
{
    if (ak_worker_trust_read(init->conf, &init->trust) != AK_OK) ak_boot_fail_exit(&init->trust.why);
    struct ak_sealed_trust sealed = ak_worker_trust_sealed(&init->trust);
    ak_trust_hash(sealed.config, init->config);
    return sealed;
}

static void check_maker(struct init *init)
{
    struct ak_worker_trust *trust = &init->trust;
    if (ak_worker_trust_check_maker(trust, &trust->wanted, &init->tee, ak_clock_wall_ms() / 1000) != AK_OK)
        ak_worker_trust_fail(trust);
    ak_worker_trust_done(trust);
    if (init->tee.ops->check_maker && trust->wanted.ek_root_count == 0)
        printf("the TPM is not shown to be of a maker (setting ek_roots): a host can emulate one\n");
}

static void open_all(struct init *init)
{
    const struct ak_sealed_trust trust = read_trust(init);
    const char *data_dir = ak_conf_text(init->conf, AK_WORKER_DATA_DIR);
    if (ak_folder_open(data_dir, init->dev, true, &init->data_fd, &init->tee_fd) != AK_OK)
        fail(init, "data_dir",
            "cannot be made, or is open to other users; it must be this user's with mode 0700");
    const struct ak_tee_ops *ops = ak_tee_find(ak_span_str(ak_conf_text(init->conf, AK_WORKER_TEE)));
    if (!ops) fail(init, "tee_unknown", "this TEE backend is not built");
    bool slots_are_files = ops->backend == AK_SEAL_SOFTWARE;
    if (slots_are_files && ak_folder_open_slots(init->conf, init->dev, true, &init->slot_fd) != AK_OK)
        fail_slots(init, "erasure_slot", "cannot be made, or is open to other users; see vault.erasure_slot");
    struct ak_tee_open how = {.dir_fd = init->tee_fd,
        .create = true,
        .slot_dir_fd = init->slot_fd,
        .tcti = ak_conf_text(init->conf, AK_WORKER_TEE_TCTI)};
    enum ak_sealed_result result =
        ak_sealed_file_open(&init->sealed, init->data_fd, NULL, &init->tee, &trust);
    if (result != AK_SEALED_OK)
        fail(init, ak_sealed_result_code(result), ak_sealed_result_reason(result, init->tee.ops));
    enum ak_err err = ak_tee_open(ops, &how, &init->tee);
    if (err == AK_OK) check_maker(init);
    if (err == AK_OK) return;
    const char *why = ops->why ? ops->why() : "";
    fail(init, "tee_unavailable", why[0] ? why : "the TEE's key and counter cannot be made");
}

static void make_secrets(struct init *init)
{
    init->state = ak_secmem_alloc(sizeof *init->state);
    if (!init->state) fail(init, "locked_memory", "no locked memory for the master secret");
    init->state->root_count = 1;
    init->state->roots[0].version = 1;
    init->state->roots[0].suite = AK_SEAL_ROOT_AK1;
    if (init->tee.ops->random(init->tee.impl, init->state->roots[0].secret.bytes, 32) != AK_OK)
        fail(init, "tee_unavailable", "the TEE gives no random bytes");
    ak_random_bytes(init->state->worker_id, 16);
    ak_random_bytes(init->state->log_id, 16);
    if (ak_root_open(&init->root, 1, AK_SUITE_AK1, AK_ROOT_BORN, &init->state->roots[0].secret) != AK_OK)
        fail(init, "no_root", "the root cannot be opened");
}

/* Nothing of another worker's keys is ever overwritten. */
static void claim_slots(const struct init *init)
{
    enum ak_err err = ak_folder_claim_slots(init->slot_fd, init->state->worker_id);
    if (err == AK_E_CONFLICT)
        fail_slots(init, "erasure_slot_foreign",
            "belongs to another worker; choose another folder, or remove it if that worker is gone for good");
    if (err) fail_slots(init, "erasure_slot", "cannot be written");
}

static enum ak_err append_first(struct init *init, struct ak_store *store)
{
    struct ak_engine_batch batch;
    AK_TRY(ak_engine_create(init->engine, init->config, ak_clock_wall_ms()));
    AK_TRY(ak_engine_batch_take(init->engine, 1, &batch));
    struct ak_store_batch stored = {.first = batch.batch->first,
        .count = batch.batch->count,
        .entries = ak_buf_span(&batch.batch->entries),
        .leaves = ak_buf_span(&batch.batch->leaves),
        .record = batch.record};
    AK_TRY(ak_store_append(store, &stored, batch.batch->subtrees, batch.batch->subtree_count, true));
    struct ak_buf note = AK_BUF_ARR(init->state->note);
    init->state->checkpoint_size = batch.size;
    memcpy(init->state->checkpoint_root, batch.root, 32);
    AK_TRY(ak_engine_checkpoint(init->engine, batch.size, batch.root, &note));
    init->state->note_len = note.len;
    init->state->clean = true; /* nothing was used yet: the first start has full buckets */
    init->state->clean_size = batch.size;
    return AK_OK;
}

static void make_ledger(struct init *init)
{
    char path[600];
    struct ak_store *store = NULL;
    struct ak_engine_hooks hooks = {engine_random, NULL};
    struct ak_engine_conf conf = {.issuer = AK_SPAN_LIT("init"), .version = AK_SPAN_LIT(AK_VERSION)};
    memcpy(conf.worker_id, init->state->worker_id, 16);
    memcpy(conf.log_id, init->state->log_id, 16);
    ak_arena_init(&init->arena, ak_arena_hooks_mmap(), (size_t)64 << 20);
    ak_folder_store_path(ak_conf_text(init->conf, AK_WORKER_DATA_DIR), init->dev, path, sizeof path);
    struct ak_store_options options = {.path = path};
    enum ak_err err = ak_engine_new(&init->engine, &init->arena, &conf, hooks, &init->root, &init->root);
    if (!err) err = ak_store_create(&options, init->state->log_id);
    if (!err) err = ak_store_open(&options, &store);
    if (!err) err = append_first(init, store);
    ak_store_close(store);
    if (err == AK_E_EXISTS)
        fail(init, "sealed_state_exists",
            "there is a worker already, or a broken-off init; nothing was changed (remove the folder to "
            "begin anew)");
    if (err) fail(init, err == AK_E_FULL ? "storage_full" : "ledger", "the ledger cannot be made");
}

static void print_result(const struct init *init)
{
    uint8_t pub[32];
    uint8_t text[240];
    struct ak_buf line = AK_BUF_ARR(text);
    ak_engine_ledger_pub(init->engine, pub);
    ak_hex_encode(&line, AK_SPAN_ARR(init->state->worker_id));
    ak_buf_put_str(&line, "\nledger key:    ");
    ak_hex_encode(&line, AK_SPAN_ARR(pub));
    ak_buf_put_str(&line, "\ntrust config:  ");
    ak_hex_encode(&line, AK_SPAN_ARR(init->config));
    printf("worker made in %s%s\nworker id:     %.*s\n", ak_conf_text(init->conf, AK_WORKER_DATA_DIR),
        init->dev ? "/dev (development signer)" : "", (int)line.len, (const char *)line.ptr);
    if (init->trust.wanted.operator_count == 0)
        printf("no operator is named (setting operators): the trust configuration can never be changed\n");
    const char *warning = init->tee.ops->warning ? init->tee.ops->warning() : NULL;
    if (warning) printf("\n%s\n", warning);
}

int ak_init_run(const struct ak_conf *conf, bool dev)
{
    struct ak_secmem_report report;
    struct init init = {.conf = conf, .dev = dev, .data_fd = -1, .tee_fd = -1, .slot_fd = -1};
    if (ak_secmem_init(AK_SECMEM_POOL_DEFAULT, AK_RELEASE, &report) != AK_OK ||
        ak_secmem_install_openssl() != AK_OK)
        fail(&init, "locked_memory", "key memory cannot be locked; raise RLIMIT_MEMLOCK to 8 MiB");
    open_all(&init);
    make_secrets(&init);
    make_ledger(&init);
    if (init.tee.ops->backend == AK_SEAL_SOFTWARE) claim_slots(&init);
    enum ak_sealed_result result = ak_sealed_file_create(&init.sealed, init.state);
    if (result != AK_SEALED_OK)
        fail(&init, ak_sealed_result_code(result), ak_sealed_result_reason(result, init.tee.ops));
    print_result(&init);
    ak_engine_free(init.engine);
    ak_root_close(&init.root);
    ak_seal_state_done(init.state);
    ak_secmem_free(init.state);
    ak_sealed_file_close(&init.sealed);
    ak_tee_close(&init.tee);
    ak_arena_done(&init.arena);
    return 0;
}
