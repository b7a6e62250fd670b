#include "programs/worker/making.h"

#include <stdio.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "io/conf/boot_fail.h"
#include "io/conf/program.h"
#include "io/proc/arena_hooks.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "io/proc/secmem.h"
#include "programs/worker/folder.h"

enum { ARENA_CAP_MIB = 4096 }; /* a restored ledger is folded whole */

void ak_making_fail(const struct ak_making *making, const char *code, const char *reason)
{
    ak_boot_fail(code, "data_dir", ak_conf_text(making->conf, AK_WORKER_DATA_DIR), reason, making->see);
}

AK_NORETURN static void fail_sealed(const struct ak_making *making, enum ak_sealed_result result)
{
    ak_making_fail(making, ak_sealed_result_code(result), ak_sealed_result_reason(result, making->tee.ops));
}

static void fail_slots(const struct ak_making *making, const char *code, const char *reason)
{
    char path[600] = "";
    if (ak_worker_conf_slot_dir(making->conf, path, sizeof path) != AK_OK) path[0] = '\0';
    ak_boot_fail(code, "vault.erasure_slot", path, reason, making->see);
}

/* Why a folder cannot be used, and what mends it. */
static const char *folder_reason(enum ak_err err)
{
    if (err == AK_E_MEANING)
        return "is open to other users, or another user's, or no folder: chmod 0700, chown to this user";
    return err == AK_E_FULL ? "cannot be made: no space is left"
                            : "cannot be made; is the folder above it this user's?";
}

static void engine_random(void *ctx, void *out, size_t len)
{
    (void)ctx;
    ak_random_bytes(out, len);
}

void ak_making_memory(struct ak_making *making)
{
    struct ak_secmem_report report;
    if (ak_secmem_init(AK_SECMEM_POOL_DEFAULT, AK_RELEASE, &report) != AK_OK ||
        ak_secmem_install_openssl() != AK_OK)
        ak_conf_program_locked("key memory");
    making->state = ak_secmem_alloc(sizeof *making->state);
    if (!making->state) ak_making_fail(making, "locked_memory", "no locked memory for the master secret");
}

static void open_folders(struct ak_making *making, const struct ak_tee_ops *ops, bool create)
{
    const char *data_dir = ak_conf_text(making->conf, AK_WORKER_DATA_DIR);
    enum ak_err err = ak_folder_open(data_dir, making->dev, create, &making->data_fd, &making->tee_fd);
    if (err == AK_E_NOT_FOUND) ak_making_fail(making, "data_dir", "is not there");
    if (err) ak_making_fail(making, "data_dir", folder_reason(err));
    bool slots_are_files = ops->backend == AK_SEAL_SOFTWARE;
    if (slots_are_files) err = ak_folder_open_slots(making->conf, making->dev, true, &making->slot_fd);
    if (err) fail_slots(making, "erasure_slot", folder_reason(err));
}

void ak_making_open(struct ak_making *making, const struct ak_sealed_trust *trust, bool create)
{
    const struct ak_tee_ops *ops = ak_tee_find(ak_span_str(ak_conf_text(making->conf, AK_WORKER_TEE)));
    if (!ops) ak_making_fail(making, "tee_unknown", "this TEE backend is not built");
    open_folders(making, ops, create);
    struct ak_tee_open how = {.dir_fd = making->tee_fd,
        .create = create,
        .slot_dir_fd = making->slot_fd,
        .tcti = ak_conf_text(making->conf, AK_WORKER_TEE_TCTI)};
    enum ak_sealed_result result =
        ak_sealed_file_open(&making->sealed, making->data_fd, NULL, &making->tee, trust);
    if (result != AK_SEALED_OK) fail_sealed(making, result);
    if (ak_tee_open(ops, &how, &making->tee) == AK_OK) return;
    const char *why = ops->why ? ops->why() : "";
    ak_making_fail(
        making, "tee_unavailable", why[0] ? why : "the TEE's key and counter cannot be made or opened");
}

/* Nothing of another worker's keys is ever overwritten. */
static void claim_slots(const struct ak_making *making)
{
    enum ak_err err = ak_folder_claim_slots(making->slot_fd, making->state->worker_id);
    if (err == AK_E_CONFLICT)
        fail_slots(making, "erasure_slot_foreign",
            "belongs to another worker; choose another folder, or remove it if that worker is gone for good");
    if (err) fail_slots(making, "erasure_slot", "cannot be written");
}

static void fail_ledger(const struct ak_making *making, enum ak_err err)
{
    if (err == AK_E_EXISTS)
        ak_making_fail(making, "sealed_state_exists",
            "there is a worker already, or a broken-off init; nothing was changed (remove the folder to "
            "begin anew)");
    ak_making_fail(making, err == AK_E_FULL ? "storage_full" : "ledger", "the ledger cannot be made");
}

static enum ak_err make_engine(struct ak_making *making)
{
    struct ak_seal_state *state = making->state;
    struct ak_engine_hooks hooks = {engine_random, NULL};
    struct ak_engine_conf conf = {.issuer = AK_SPAN_LIT("init"), .version = AK_SPAN_LIT(AK_VERSION)};
    memcpy(conf.worker_id, state->worker_id, 16);
    memcpy(conf.log_id, state->log_id, 16);
    ak_arena_init(&making->arena, ak_arena_hooks_mmap(), (size_t)ARENA_CAP_MIB << 20);
    AK_TRY(ak_root_open(
        &making->root, state->roots[0].version, AK_SUITE_AK1, AK_ROOT_BORN, &state->roots[0].secret));
    return ak_engine_new(&making->engine, &making->arena, &conf, hooks, &making->root, &making->root);
}

static enum ak_err make_store(struct ak_making *making)
{
    char path[600];
    ak_folder_store_path(ak_conf_text(making->conf, AK_WORKER_DATA_DIR), making->dev, path, sizeof path);
    struct ak_store_options options = {.path = path};
    AK_TRY(ak_store_create(&options, making->state->log_id));
    return ak_store_open(&options, &making->store);
}

void ak_making_begin(struct ak_making *making)
{
    if (make_engine(making) != AK_OK) ak_making_fail(making, "no_root", "the root cannot be opened");
    enum ak_err err = make_store(making);
    if (err) fail_ledger(making, err);
}

enum ak_err ak_making_append(struct ak_making *making)
{
    struct ak_engine_batch batch;
    AK_TRY(ak_engine_batch_take(making->engine, 1, &batch));
    struct ak_store_batch stored = {.first = batch.batch->first,
        .count = batch.batch->count,
        .entries = ak_buf_span(&batch.batch->entries),
        .leaves = ak_buf_span(&batch.batch->leaves),
        .record = batch.record};
    AK_TRY(ak_store_append(making->store, &stored, batch.batch->subtrees, batch.batch->subtree_count, true));
    making->state->checkpoint_size = batch.size;
    memcpy(making->state->checkpoint_root, batch.root, 32);
    return AK_OK;
}

static enum ak_err sign_checkpoint(struct ak_making *making)
{
    struct ak_seal_state *state = making->state;
    struct ak_buf note = AK_BUF_ARR(state->note);
    AK_TRY(ak_engine_checkpoint(making->engine, state->checkpoint_size, state->checkpoint_root, &note));
    state->note_len = note.len;
    state->clean = true; /* nothing was used yet: buckets are as the ledger says */
    state->clean_size = state->checkpoint_size;
    return AK_OK;
}

void ak_making_end(struct ak_making *making)
{
    enum ak_err err = ak_making_append(making);
    if (!err) err = sign_checkpoint(making);
    if (err) fail_ledger(making, err);
    ak_store_close(making->store);
    making->store = NULL;
    if (making->tee.ops->backend == AK_SEAL_SOFTWARE) claim_slots(making);
    enum ak_sealed_result result = ak_sealed_file_create(&making->sealed, making->state);
    if (result != AK_SEALED_OK) fail_sealed(making, result);
}

void ak_making_print(const struct ak_making *making, const char *headline)
{
    uint8_t pub[32];
    uint8_t text[240];
    struct ak_buf line = AK_BUF_ARR(text);
    ak_engine_ledger_pub(making->engine, pub);
    ak_hex_encode(&line, AK_SPAN_ARR(making->state->worker_id));
    ak_buf_put_str(&line, "\nledger key:    ");
    ak_hex_encode(&line, AK_SPAN_ARR(pub));
    ak_buf_put_str(&line, "\ntrust config:  ");
    ak_hex_encode(&line, AK_SPAN_ARR(making->sealed.config));
    printf("%s %s%s\nworker id:     %.*s\n", headline, ak_conf_text(making->conf, AK_WORKER_DATA_DIR),
        making->dev ? "/dev (development signer)" : "", (int)line.len, (const char *)line.ptr);
}

void ak_making_done(struct ak_making *making)
{
    ak_store_close(making->store);
    ak_engine_free(making->engine);
    ak_root_close(&making->root);
    ak_seal_state_done(making->state);
    ak_secmem_free(making->state);
    ak_sealed_file_close(&making->sealed);
    ak_tee_close(&making->tee);
    ak_arena_done(&making->arena);
}
