/* Opening: locked memory, folder, TEE, sealed state, store, engine; every failure is one BOOT_FAIL line that
 * names setting and remedy. There is no silent fall-back. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "core/keys/service.h"
#include "io/conf/boot_fail.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "io/proc/secmem.h"
#include "io/proc/spawn.h"
#include "programs/worker/folder.h"
#include "programs/worker/keeper.h"
#include "programs/worker/roles.h"
#include "programs/worker/trust.h"

static const char *const see = "docs/operations.md#start-up-failures";

static void fail(struct ak_keeper *keeper, const char *code, unsigned key, const char *reason)
{
    ak_boot_fail(code, keeper->conf.table->keys[key].name, ak_conf_text(&keeper->conf, key), reason, see);
}

static void open_folder(struct ak_keeper *keeper)
{
    const char *name = ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR);
    enum ak_err err = ak_folder_open(name, keeper->dev, false, &keeper->data_dir_fd, &keeper->tee_dir_fd);
    if (err == AK_E_NOT_FOUND)
        fail(keeper, "no_sealed_state", AK_WORKER_DATA_DIR,
            "there is no worker here; make one: agentkeys-worker init");
    if (err) fail(keeper, "data_dir", AK_WORKER_DATA_DIR, "must be a folder of this user with mode 0700");
}

static void fail_sealed(struct ak_keeper *keeper, enum ak_sealed_result result, const struct ak_tee_ops *ops)
{
    if (result != AK_SEALED_OK)
        fail(keeper, ak_sealed_result_code(result), AK_WORKER_DATA_DIR, ak_sealed_result_reason(result, ops));
}

static void fail_slots(struct ak_keeper *keeper, const char *code, const char *reason)
{
    ak_boot_fail(
        code, keeper->conf.table->keys[AK_WORKER_VAULT_ERASURE_SLOT].name, keeper->slot_dir, reason, see);
}

/* Where no credential was ever stored a missing folder is made; else it was moved away, and a new one would
 * hide that. */
static void open_slots(struct ak_keeper *keeper)
{
    bool used = faccessat(keeper->data_dir_fd, AK_FOLDER_EPOCHS, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
    if (ak_worker_conf_slot_dir(&keeper->conf, keeper->slot_dir, sizeof keeper->slot_dir) != AK_OK)
        fail_slots(keeper, "erasure_slot", "the path is too long");
    enum ak_err err = ak_folder_open_slots(&keeper->conf, keeper->dev, !used, &keeper->slot_dir_fd);
    if (err == AK_E_NOT_FOUND)
        fail_slots(keeper, "erasure_slot_missing",
            "the erasure slots are gone; without them no credential can be opened: bring the folder back");
    if (err) fail_slots(keeper, "erasure_slot", "must be a folder of this user with mode 0700");
}

static void claim_slots(struct ak_keeper *keeper)
{
    enum ak_err err = ak_folder_claim_slots(keeper->slot_dir_fd, keeper->state->worker_id);
    if (err == AK_E_CONFLICT)
        fail_slots(keeper, "erasure_slot_foreign", "holds the erasure slots of another worker");
    if (err) fail_slots(keeper, "erasure_slot", "cannot be written");
}

/* What is sealed: from here on the settings say the same. */
static void put_in_force(struct ak_keeper *keeper)
{
    const struct ak_seal_state *state = keeper->state;
    struct ak_trust trust;
    memcpy(keeper->trust_bytes, state->trust, state->trust_len);
    keeper->trust_len = state->trust_len;
    if (ak_trust_parse(ak_span(keeper->trust_bytes, keeper->trust_len), &trust) != AK_OK)
        fail(keeper, "sealed_state_damaged", AK_WORKER_DATA_DIR, "the trust configuration does not read");
    ak_worker_trust_apply(&trust, &keeper->conf);
}

static void start_sealed(
    struct ak_keeper *keeper, const struct ak_tee_ops *ops, struct ak_worker_trust *trust)
{
    struct ak_trust sealed;
    enum ak_sealed_result result = ak_sealed_file_start(&keeper->sealed, keeper->state);
    if (result == AK_SEALED_CONFIG) ak_worker_trust_fail(trust);
    fail_sealed(keeper, result, ops);
    put_in_force(keeper);
    keeper->engine_conf.trust_given = trust->given & ~(1u << AK_TRUST_EK_ROOTS);
    if (ak_trust_parse(ak_span(keeper->trust_bytes, keeper->trust_len), &sealed) != AK_OK ||
        ak_worker_trust_check_maker(trust, &sealed, &keeper->tee, ak_clock_wall_ms() / 1000) != AK_OK)
        ak_worker_trust_fail(trust);
    ak_worker_trust_done(trust);
    keeper->engine_conf.has_broker_key = trust->wanted.has_broker_key;
    keeper->engine_conf.broker_key = trust->broker_pub;
    if (ops->check_maker && sealed.ek_root_count == 0)
        ak_log_event(AK_LOG_WARN, "tpm_not_shown_to_be_of_a_maker");
}

/* The lock first, so that a second worker touches nothing; then the TEE; then the state, which advances the
 * counter. */
static void open_sealed(struct ak_keeper *keeper)
{
    static struct ak_worker_trust trust;
    char path[600];
    struct ak_tee_open how = {
        .dir_fd = keeper->tee_dir_fd, .tcti = ak_conf_text(&keeper->conf, AK_WORKER_TEE_TCTI)};
    const struct ak_tee_ops *ops = ak_tee_find(ak_span_str(ak_conf_text(&keeper->conf, AK_WORKER_TEE)));
    if (!ops) fail(keeper, "tee_unknown", AK_WORKER_TEE, "this backend is not built");
    keeper->state = ak_secmem_alloc(sizeof *keeper->state);
    if (!keeper->state) fail(keeper, "no_memory", AK_WORKER_DATA_DIR, "locked memory is used up");
    if (ak_worker_trust_read(&keeper->conf, &trust) != AK_OK) ak_boot_fail_exit(&trust.why);
    const struct ak_sealed_trust sealed = ak_worker_trust_sealed(&trust);
    fail_sealed(
        keeper, ak_sealed_file_open(&keeper->sealed, keeper->data_dir_fd, NULL, &keeper->tee, &sealed), ops);
    ak_folder_store_path(ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR), keeper->dev, path, sizeof path);
    ak_store_make_room(path);
    bool slots_are_files = ops->backend == AK_SEAL_SOFTWARE;
    if (slots_are_files) open_slots(keeper);
    how.slot_dir_fd = keeper->slot_dir_fd;
    enum ak_err err = ak_tee_open(ops, &how, &keeper->tee);
    if (err) fail_sealed(keeper, ak_sealed_result_of_tee(err), ops);
    start_sealed(keeper, ops, &trust);
    if (slots_are_files) claim_slots(keeper);
}

/* 64 hex characters from the supervisor's sealed memory file: the development secret. */
static void open_dev_root(struct ak_keeper *keeper)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 msk = {{0}};
    uint8_t text[80];
    size_t len = 0;
    enum ak_err err = ak_spawn_read_all(AK_FD_FIRST + AK_KEEPER_FD_DEV_SECRET, text, sizeof text, &len);
    if (!err) err = ak_hex_decode_fixed(ak_span(text, len), msk.bytes, sizeof msk.bytes);
    ak_wipe(text, sizeof text);
    if (!err) err = ak_root_open(&keeper->root, 1, AK_SUITE_AK1, AK_ROOT_BROUGHT_IN, &msk);
    if (err)
        ak_boot_fail(
            "dev_secret", "DEV_KEY_SERVICE_MASTER_SECRET", "", "must be 64 lower-case hex characters", see);
}

static void open_roots(struct ak_keeper *keeper)
{
    const struct ak_seal_root *sealed = &keeper->state->roots[0];
    if (keeper->state->root_count == 0)
        fail(keeper, "no_root", AK_WORKER_DATA_DIR, "the sealed state holds no root");
    enum ak_err err = ak_root_open(keeper->dev ? &keeper->born : &keeper->root, sealed->version, AK_SUITE_AK1,
        AK_ROOT_BORN, &sealed->secret);
    if (err) fail(keeper, "no_root", AK_WORKER_DATA_DIR, "the root cannot be opened");
    if (keeper->dev) open_dev_root(keeper);
}

static void open_store(struct ak_keeper *keeper)
{
    char path[600];
    uint8_t log_id[16];
    ak_folder_store_path(ak_conf_text(&keeper->conf, AK_WORKER_DATA_DIR), keeper->dev, path, sizeof path);
    struct ak_store_options options = {.path = path};
    enum ak_err err = ak_store_open(&options, &keeper->store);
    if (err == AK_E_FULL)
        fail(keeper, "storage_full", AK_WORKER_DATA_DIR, "no room to open the ledger; free some space");
    if (err) fail(keeper, "ledger_damaged", AK_WORKER_DATA_DIR, "the ledger's file cannot be opened");
    ak_store_log_id(keeper->store, log_id);
    if (memcmp(log_id, keeper->state->log_id, 16) != 0)
        fail(keeper, "ledger_damaged", AK_WORKER_DATA_DIR, "the ledger is not the one of this sealed state");
    options.read_only = true;
    if (ak_store_open(&options, &keeper->reading.store) != AK_OK)
        fail(keeper, "ledger_damaged", AK_WORKER_DATA_DIR, "the ledger cannot be opened for reading");
}

static struct ak_span url_origin(const char *url)
{
    struct ak_span text = ak_span_str(url);
    return ak_span_ends(text, AK_SPAN_LIT("/")) ? ak_span_sub(text, 0, text.len - 1) : text;
}

static void fill_engine_conf(struct ak_keeper *keeper)
{
    struct ak_engine_conf *conf = &keeper->engine_conf;
    conf->origin_count = 0;
    const char *issuer = ak_conf_text(&keeper->conf, AK_WORKER_ISSUER);
    const char *public_url = ak_conf_text(&keeper->conf, AK_WORKER_PUBLIC_URL);
    memcpy(conf->worker_id, keeper->state->worker_id, 16);
    memcpy(conf->log_id, keeper->state->log_id, 16);
    if (public_url[0]) conf->origins[conf->origin_count++] = url_origin(public_url);
    conf->origins[conf->origin_count++] = AK_SPAN_LIT("http://localhost"); /* clients of the Unix sockets */
    conf->issuer = issuer[0] ? url_origin(issuer) : conf->origins[0];
    conf->dev = keeper->dev;
    conf->verify_before_release = ak_conf_on(&keeper->conf, AK_WORKER_VERIFY_BEFORE_RELEASE);
    conf->sign_in_local = ak_worker_conf_sign_in_local(&keeper->conf);
    conf->session_secs = ak_conf_number(&keeper->conf, AK_WORKER_SESSION_LIFETIME);
    conf->agent_token_secs = ak_conf_number(&keeper->conf, AK_WORKER_AGENT_TOKEN_LIFETIME);
    conf->recovery_wait_ms = ak_conf_ms(&keeper->conf, AK_WORKER_RECOVERY_WAIT);
    conf->recovery_wait_code_ms = ak_conf_ms(&keeper->conf, AK_WORKER_RECOVERY_WAIT_CODE);
    conf->broker_url = url_origin(ak_conf_text(&keeper->conf, AK_WORKER_BROKER_URL));
    conf->oidc_audience = ak_span_str(ak_conf_text(&keeper->conf, AK_WORKER_OIDC_AUDIENCE));
    conf->oidc_token_secs = ak_conf_number(&keeper->conf, AK_WORKER_OIDC_TOKEN_LIFETIME);
    conf->sts_secs = ak_conf_number(&keeper->conf, AK_WORKER_CLOUD_STS_LIFETIME);
    conf->mints_per_hour = (uint32_t)ak_conf_number(&keeper->conf, AK_WORKER_OIDC_MINTS_PER_HOUR);
    conf->vault_rotate_ms = ak_conf_ms(&keeper->conf, AK_WORKER_VAULT_ROTATE);
    conf->vault_deadline_ms = ak_conf_ms(&keeper->conf, AK_WORKER_VAULT_SWEEP_DEADLINE);
    conf->vault_services_max = (uint32_t)ak_conf_number(&keeper->conf, AK_WORKER_VAULT_SERVICES_MAX);
    conf->version = AK_SPAN_LIT(AK_VERSION);
    conf->trust = ak_span(keeper->trust_bytes, keeper->trust_len);
}

static void fail_damaged(struct ak_keeper *keeper, uint64_t entry, const char *reason)
{
    char text[32];
    (void)snprintf(text, sizeof text, "entry %llu", (unsigned long long)entry);
    (void)keeper;
    ak_boot_fail("ledger_damaged", "ledger", text, reason, see);
}

/* The sealed checkpoint must be part of what was loaded, and after a clean stop nothing may be missing. */
static void check_checkpoint(struct ak_keeper *keeper)
{
    const struct ak_merkle_frontier *tree = &ak_engine_log(keeper->engine)->tree;
    const struct ak_seal_state *state = keeper->state;
    struct ak_merkle_source source = ak_store_merkle_source(keeper->store);
    uint8_t root[32], past[32];
    if (tree->size < state->checkpoint_size || (state->clean && tree->size < state->clean_size))
        fail_damaged(keeper, tree->size, "entries that were sealed are missing from the end");
    if (state->checkpoint_size == 0) return;
    ak_merkle_root(tree, root);
    if (ak_merkle_past_root(&source, state->checkpoint_size, tree->size, root, past) != AK_OK ||
        memcmp(past, state->checkpoint_root, 32) != 0)
        fail_damaged(keeper, state->checkpoint_size, "the ledger is not the one that was sealed");
}

static void load(struct ak_keeper *keeper)
{
    uint64_t bad = 0;
    enum ak_err err = ak_keeper_load(keeper, &bad);
    if (err == AK_E_FULL) fail(keeper, "no_memory", AK_WORKER_DATA_DIR, "the state does not fit into memory");
    bool archived = bad < ak_ledger_archived(&keeper->archive);
    if (err && archived && err != AK_E_UNSUPPORTED) ak_keeper_archive_fail(keeper, err, bad);
    if (err == AK_E_UNSUPPORTED) fail_damaged(keeper, bad, "an entry of a later version changes state");
    if (err) fail_damaged(keeper, bad, "does not verify: altered, cut, or written by another key");
    check_checkpoint(keeper);
}

/* Whether what was just sealed is about keys and certificates in files, which were held against what was
 * sealed before. */
static bool names_other_files(const struct ak_keeper *keeper)
{
    struct ak_trust before, now;
    const struct ak_seal_state *state = keeper->state;
    return ak_trust_parse(ak_span(keeper->trust_bytes, keeper->trust_len), &before) != AK_OK ||
           ak_trust_parse(ak_span(state->trust, state->trust_len), &now) != AK_OK ||
           (ak_trust_differs(&before, &now) & (1u << AK_TRUST_BROKER_KEY | 1u << AK_TRUST_EK_ROOTS));
}

/* A crash between the entry of a change and its seal: the entry is the worker's own and durable, so the step
 * is finished here, and the log read again under the new configuration. */
static void finish_trust_change(struct ak_keeper *keeper)
{
    enum { RESTART = 2 }; /* not a start that failed: the supervisor starts all again */
    keeper->durable_size = ak_engine_log(keeper->engine)->tree.size;
    if (!ak_keeper_take_trust(keeper)) return;
    bool clean = keeper->state->clean;
    uint64_t clean_size = keeper->state->clean_size;
    keeper->state->clean = false;
    keeper->state->clean_size = 0;
    if (ak_sealed_file_write(&keeper->sealed, keeper->state) != AK_OK)
        fail(keeper, "data_dir_io", AK_WORKER_DATA_DIR, "the changed trust configuration cannot be sealed");
    keeper->state->clean = clean;
    keeper->state->clean_size = clean_size;
    if (names_other_files(keeper)) {
        ak_log_event(AK_LOG_ERROR, "trust_changed_start_again");
        exit(RESTART);
    }
    put_in_force(keeper);
    fill_engine_conf(keeper);
    ak_log(AK_LOG_WARN, "trust_changed", ak_log_hex("config", AK_SPAN_ARR(keeper->sealed.config)));
    load(keeper);
}

static void open_ledger_key(struct ak_keeper *keeper)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 mac = {{0}};
    uint8_t text[96];
    struct ak_buf purpose = AK_BUF_ARR(text);
    ak_buf_put_str(&purpose, AK_PURPOSE_LEDGER_MAC);
    ak_hex_encode(&purpose, AK_SPAN_ARR(keeper->state->log_id));
    const struct ak_root *root = keeper->dev ? &keeper->born : &keeper->root;
    if (ak_service_secret32(root, ak_buf_span(&purpose), &mac) != AK_OK ||
        ak_hmac_key_open(&keeper->reading.verify_key, AK_SPAN_ARR(mac.bytes)) != AK_OK)
        fail(keeper, "no_root", AK_WORKER_DATA_DIR, "the ledger's key cannot be derived");
}

static void open_archive(struct ak_keeper *keeper)
{
    open_ledger_key(keeper);
    if (ak_keeper_archive_open(keeper) != AK_OK)
        fail_damaged(keeper, 0, "what says which entries were archived does not verify");
}

/* What stands before the snapshot: later, beside serving; now, where all was to be verified and archived
 * entries are not there to be replayed. */
static void check_old(struct ak_keeper *keeper)
{
    struct ak_reading *reading = &keeper->reading;
    ak_ledger_log_init(&reading->verify_log, keeper->state->log_id);
    if (reading->verify_to == 0 || !ak_conf_on(&keeper->conf, AK_WORKER_VERIFY_ALL)) return;
    ak_log(AK_LOG_WARN, "archive_not_read", ak_log_u64("entries", ak_ledger_archived(&keeper->archive)),
        ak_log_str("missing", keeper->archive_files.name));
    if (!ak_keeper_verify_old(reading))
        fail_damaged(keeper, reading->bad_index, "does not verify: altered, cut, or written by another key");
    keeper->verified_to = reading->verify_to;
}

void ak_keeper_open(struct ak_keeper *keeper)
{
    open_folder(keeper);
    open_sealed(keeper);
    open_roots(keeper);
    open_store(keeper);
    fill_engine_conf(keeper);
    open_archive(keeper);
    load(keeper);
    finish_trust_change(keeper);
    ak_keeper_vault_open(keeper);
    check_old(keeper);
}

void ak_keeper_begin(struct ak_keeper *keeper)
{
    enum { LONG_TAIL = 200000 };
    bool clean = keeper->state->clean;
    keeper->start_batch = true;
    enum ak_err err =
        ak_engine_start(keeper->engine, clean, keeper->state->n, ak_clock_wall_ms(), ak_clock_mono_ms());
    if (!err) err = ak_keeper_flush(keeper, false);
    if (err) fail(keeper, "start_failed", AK_WORKER_DATA_DIR, ak_err_name(err));
    ak_keeper_snapshot(keeper, LONG_TAIL);
    ak_log(AK_LOG_INFO, "keeper_started", ak_log_u64("ledger_size", keeper->durable_size),
        ak_log_u64("counter", keeper->state->n), ak_log_u64("clean", clean));
}

void ak_keeper_close(struct ak_keeper *keeper)
{
    ak_engine_free(keeper->engine);
    ak_keeper_archive_close(keeper);
    ak_hmac_key_close(&keeper->reading.verify_key);
    ak_root_close(&keeper->root);
    ak_root_close(&keeper->born);
    ak_store_close(keeper->reading.store);
    ak_store_close(keeper->store);
    if (keeper->state) {
        ak_seal_state_done(keeper->state);
        ak_secmem_free(keeper->state);
    }
    ak_sealed_file_close(&keeper->sealed);
    ak_tee_close(&keeper->tee);
    ak_arena_done(&keeper->arena);
}
