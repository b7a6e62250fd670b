#include "bench/common/million.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/crypto/k256.h"
#include "bench/common/bench.h"
#include "core/keys/service.h"
#include "io/conf/boot_fail.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "io/proc/secmem.h"
#include "io/vault/internal.h"
#include "programs/worker/keeper.h"

enum { PATHS_AN_ACCOUNT = 1000, MAX_ACCOUNTS = 1000 * 1000, BATCH = 1024 };

struct account {
    uint64_t seq;
    uint8_t anchor[32];
    uint8_t last_leaf[32];
    uint8_t home_wallet[20];
    struct ak_epoch_key key; /* of the epoch its credentials are in */
};

static struct ak_keeper keeper;
static struct ak_ledger_log ledger;
static struct ak_hmac_key mac_key;
static struct ak_ledger_batch batch;
static uint8_t segment[AK_SEGMENT_LEN_MAX], leaves[BATCH * 32], record_bytes[AK_RECORD_LEN_MAX];
static struct account *accounts;
static uint64_t time_ms;

static void open_folder(const char *data_dir)
{
    char text[700];
    uint8_t purpose_bytes[AK_PURPOSE_MAX];
    struct ak_boot_fail why;
    struct ak_secmem_report report;
    struct ak_secret32 mac;
    struct ak_buf purpose = AK_BUF_ARR(purpose_bytes);
    (void)snprintf(text, sizeof text, "data_dir = %s\npublic_url = http://localhost\n", data_dir);
    ak_log_init(AK_LOG_ERROR, "bench", 2);
    bench_must(ak_conf_load_text(&keeper.conf, &ak_worker_conf_table, ak_span_str(text), &why) == AK_OK,
        "configuration");
    bench_must(ak_secmem_init(AK_SECMEM_POOL_DEFAULT, false, &report) == AK_OK &&
                   ak_secmem_install_openssl() == AK_OK,
        "locked memory");
    ak_keeper_open(&keeper);
    ledger = *ak_engine_log(keeper.engine);
    ak_buf_put_str(&purpose, AK_PURPOSE_LEDGER_MAC);
    ak_hex_encode(&purpose, AK_SPAN_ARR(keeper.state->log_id));
    bench_must(ak_service_secret32(&keeper.root, ak_buf_span(&purpose), &mac) == AK_OK &&
                   ak_hmac_key_open(&mac_key, AK_SPAN_ARR(mac.bytes)) == AK_OK,
        "the ledger's key");
    time_ms = ak_clock_wall_ms();
    ak_ledger_batch_begin(&ledger, &batch, AK_BUF_ARR(segment), AK_BUF_ARR(leaves));
}

static void write_batch(void)
{
    struct ak_buf record = AK_BUF_ARR(record_bytes);
    if (batch.count == 0) return;
    bench_must(ak_ledger_batch_end(&ledger, &batch, &mac_key, keeper.state->n, &record) == AK_OK, "record");
    struct ak_store_batch stored = {batch.first, batch.count, ak_buf_span(&batch.entries),
        ak_buf_span(&batch.leaves), ak_buf_span(&record)};
    bench_must(
        ak_store_append(keeper.store, &stored, batch.subtrees, batch.subtree_count, true) == AK_OK, "append");
    ak_ledger_batch_begin(&ledger, &batch, AK_BUF_ARR(segment), AK_BUF_ARR(leaves));
}

static void put(struct ak_entry *entry, uint64_t account)
{
    struct account *of = &accounts[account];
    struct ak_entry_ref ref;
    entry->time_ms = time_ms;
    entry->has_anchor = true;
    memcpy(entry->anchor, of->anchor, 32);
    entry->seq = ++of->seq;
    memcpy(entry->prev_leaf, of->last_leaf, 32);
    memcpy(entry->random, &ledger.tree.size, sizeof ledger.tree.size);
    enum ak_err err = ak_ledger_append(&ledger, &batch, &mac_key, entry, &ref);
    if (err == AK_E_FULL) {
        write_batch();
        err = ak_ledger_append(&ledger, &batch, &mac_key, entry, &ref);
    }
    bench_must(err == AK_OK, "entry");
    memcpy(of->last_leaf, ref.leaf, 32);
}

static void put_account(uint64_t number)
{
    ak_random_bytes(accounts[number].anchor, 32);
    ak_random_bytes(accounts[number].home_wallet, 20);
    struct ak_entry opened = {.type = AK_ENTRY_ACCOUNT_OPENED, .identity_type = AK_SPAN_LIT("email")};
    memcpy(opened.home_wallet, accounts[number].home_wallet, 20);
    memcpy(opened.omni, accounts[number].anchor, 32);
    put(&opened, number);
    struct ak_entry device = {.type = AK_ENTRY_DEVICE_ENROLLED, .name = AK_SPAN_LIT("first device")};
    memcpy(device.device, accounts[number].anchor, 32);
    put(&device, number);
}

static struct ak_span label_of(uint64_t path, char out_text[32])
{
    (void)snprintf(out_text, 32, "agent-%llu", (unsigned long long)(path % PATHS_AN_ACCOUNT));
    return ak_span_str(out_text);
}

static void put_path(uint64_t path)
{
    char label[32];
    struct ak_entry entry = {.type = AK_ENTRY_PATH_ACTIVATED,
        .label = label_of(path, label),
        .root_version = 1,
        .rate = 60,
        .scope = AK_SPAN_LIT("cap:sign-message,cap:sign-siwe?domain=app.example"),
        .valid_until_ms = time_ms + UINT64_C(365) * 86400000};
    ak_entry_mark(&entry, AK_F_VALID_UNTIL_MS);
    memcpy(entry.device, &path, sizeof path);
    memcpy(entry.address, &path, sizeof path);
    put(&entry, path / PATHS_AN_ACCOUNT);
}

static void put_use(uint64_t path)
{
    char label[32];
    uint64_t account = path / PATHS_AN_ACCOUNT;
    struct ak_entry entry = {.type = AK_ENTRY_MESSAGE_SIGNED,
        .has_request_id = true,
        .label = label_of(path, label),
        .operation = AK_SPAN_LIT("sign-message"),
        .tat_us = time_ms * 1000};
    memcpy(entry.omni, accounts[account].anchor, 32);
    ak_entry_mark(&entry, AK_F_LABEL);
    ak_entry_mark(&entry, AK_F_GENERATION);
    put(&entry, account);
}

static void close_folder(void)
{
    write_batch();
    bench_must(ak_sealed_file_write(&keeper.sealed, keeper.state) == AK_OK, "sealed state");
    ak_keeper_close(&keeper);
}

static void make_accounts(uint64_t count)
{
    bench_must(count > 0 && count <= MAX_ACCOUNTS, "number of accounts");
    accounts = calloc(count, sizeof *accounts);
    bench_must(accounts != NULL, "memory");
}

static void fill(const char *data_dir, uint64_t paths, uint64_t entries)
{
    uint64_t count = (paths + PATHS_AN_ACCOUNT - 1) / PATHS_AN_ACCOUNT;
    if (paths == 0) bench_fail("no paths");
    make_accounts(count);
    open_folder(data_dir);
    for (uint64_t i = 0; i < count; i++) put_account(i);
    for (uint64_t i = 0; i < paths; i++) put_path(i);
    /* a stride without a common factor with the number of paths: each is used in turn, far from the last */
    for (uint64_t at = 0; ledger.tree.size < entries; at = (at + 7919) % paths) {
        if (ledger.tree.size % BATCH == 0) time_ms++;
        put_use(at);
    }
    close_folder();
}

/* ---- credentials ---- */

static struct ak_blob_name staged[BATCH];
static size_t staged_count;

static void commit_files(void)
{
    const struct ak_blob_store *store = &keeper.vaulting.vault.blobs;
    bench_must(store->ops->commit(store->impl, staged, staged_count) == AK_OK, "files");
    staged_count = 0;
}

static void put_epochs(uint64_t count)
{
    struct ak_epoch_key *keys = calloc(count, sizeof *keys);
    struct ak_vault_result result;
    bench_must(keys != NULL, "memory");
    for (uint64_t i = 0; i < count; i++) {
        struct account *account = &accounts[i];
        account->key.epoch = 1;
        memcpy(account->key.anchor, account->anchor, 32);
        ak_random_bytes(account->key.dek_id, 32);
        keys[i] = account->key;
        struct ak_entry entry = {.type = AK_ENTRY_EPOCH_ROTATED, .to = 1};
        memcpy(entry.dek_id, account->key.dek_id, 32);
        put(&entry, i);
    }
    struct ak_vault_work work = {.kind = AK_VAULT_ROTATE, .items = keys, .item_count = (uint32_t)count};
    ak_vault_run(&keeper.vaulting.vault, &work, &result);
    bench_must(result.code == AK_VAULT_DONE, "data keys");
    ak_vault_apply(&keeper.vaulting.vault, &work, &result);
    free(keys);
}

static struct ak_blob_place place_of(uint64_t number, uint64_t service)
{
    const struct account *account = &accounts[number];
    uint8_t random[10];
    char name[32];
    struct ak_blob_place place = {.epoch = 1};
    ak_random_bytes(random, sizeof random);
    ak_blob_id_make(time_ms, random, place.blob_id);
    memcpy(place.anchor, account->anchor, 32);
    memcpy(place.home_wallet, account->home_wallet, 20);
    (void)snprintf(name, sizeof name, "service-%llu", (unsigned long long)service);
    place.service_len = (uint8_t)strlen(name);
    memcpy(place.service, name, place.service_len);
    return place;
}

static void put_blob(uint64_t number, uint64_t service, const struct ak_secret32 *dek, size_t len)
{
    static const uint8_t value[AK_LIMIT_VALUE];
    static uint8_t memory[AK_BLOB_LEN_MAX];
    struct ak_buf blob = AK_BUF_ARR(memory);
    struct ak_blob_head head;
    struct ak_vault_result result;
    struct ak_blob_place place = place_of(number, service);
    memcpy(head.dek_id, accounts[number].key.dek_id, 32);
    ak_random_bytes(head.nonce, sizeof head.nonce);
    bench_must(ak_blob_seal(&head, &place, dek, ak_span(value, len), &blob) == AK_OK &&
                   ak_vault_stage(&keeper.vaulting.vault, &place, ak_buf_span(&blob), &result) == AK_OK,
        "blob");
    staged[staged_count++] = ak_blob_name_of(&place);
    if (staged_count == BATCH) commit_files();
    struct ak_entry entry = {.type = AK_ENTRY_BLOB_WRITTEN,
        .credential = ak_span(place.service, place.service_len),
        .epoch = 1,
        .value_version = 1,
        .size = len};
    memcpy(entry.blob_id, place.blob_id, 16);
    memcpy(entry.hash, result.hash, 32);
    put(&entry, number);
}

static void fill_blobs(const char *data_dir, const struct bench_blobs *blobs)
{
    make_accounts(blobs->accounts);
    open_folder(data_dir);
    for (uint64_t i = 0; i < blobs->accounts; i++) {
        put_account(i);
        put_path(i * PATHS_AN_ACCOUNT);
    }
    put_epochs(blobs->accounts);
    for (uint64_t i = 0; i < blobs->accounts; i++) {
        struct ak_secret32 dek;
        bench_must(ak_vault_dek(&keeper.root,
                       ak_epoch_find(&keeper.vaulting.vault.epochs.table, &accounts[i].key), &dek) == AK_OK,
            "data key");
        for (uint64_t n = 0; n < blobs->each; n++) put_blob(i, n, &dek, blobs->len);
        ak_secret32_done(&dek);
    }
    commit_files();
    close_folder();
}

/* Suspending an agent asks for a new epoch. */
static void suspend_all(const char *data_dir)
{
    char label[32];
    open_folder(data_dir);
    const struct ak_state *state = ak_engine_state(keeper.engine);
    make_accounts(state->accounts.count);
    for (uint32_t i = 0; i < state->accounts.count; i++) {
        const struct ak_account *account = ak_state_account_at(state, i);
        accounts[i].seq = account->seq;
        memcpy(accounts[i].anchor, account->anchor, 32);
        memcpy(accounts[i].last_leaf, account->last_leaf, 32);
        struct ak_entry entry = {.type = AK_ENTRY_PATH_SUSPENDED, .label = label_of(0, label)};
        put(&entry, i);
    }
    close_folder();
}

/* ---- in a process of its own ---- */

static pid_t begin(void)
{
    pid_t pid = fork();
    bench_must(pid >= 0, "fork");
    return pid;
}

static void end(pid_t pid)
{
    int status = -1;
    bench_must(waitpid(pid, &status, 0) == pid && status == 0, "filling the ledger");
}

void bench_million_fill(const char *data_dir, uint64_t paths, uint64_t entries)
{
    pid_t pid = begin();
    if (pid == 0) {
        fill(data_dir, paths, entries);
        _exit(0);
    }
    end(pid);
}

void bench_million_fill_blobs(const char *data_dir, const struct bench_blobs *blobs)
{
    pid_t pid = begin();
    if (pid == 0) {
        fill_blobs(data_dir, blobs);
        _exit(0);
    }
    end(pid);
}

void bench_million_ask_epochs(const char *data_dir)
{
    pid_t pid = begin();
    if (pid == 0) {
        suspend_all(data_dir);
        _exit(0);
    }
    end(pid);
}
