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
#include "programs/worker/keeper.h"

enum { PATHS_AN_ACCOUNT = 1000, MAX_ACCOUNTS = 2000, BATCH = 1024 };

struct account {
    uint64_t seq;
    uint8_t anchor[32];
    uint8_t last_leaf[32];
};

static struct ak_keeper keeper;
static struct ak_ledger_log ledger;
static struct ak_hmac_key mac_key;
static struct ak_ledger_batch batch;
static uint8_t segment[AK_SEGMENT_LEN_MAX], leaves[BATCH * 32], record_bytes[AK_RECORD_LEN_MAX];
static struct account accounts[MAX_ACCOUNTS];
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
    struct ak_entry opened = {.type = AK_ENTRY_ACCOUNT_OPENED, .identity_type = AK_SPAN_LIT("email")};
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

static void fill(const char *data_dir, uint64_t paths, uint64_t entries)
{
    uint64_t count = (paths + PATHS_AN_ACCOUNT - 1) / PATHS_AN_ACCOUNT;
    bench_must(paths > 0 && count <= MAX_ACCOUNTS, "number of paths");
    open_folder(data_dir);
    for (uint64_t i = 0; i < count; i++) put_account(i);
    for (uint64_t i = 0; i < paths; i++) put_path(i);
    /* a stride without a common factor with the number of paths: each is used in turn, far from the last */
    for (uint64_t at = 0; ledger.tree.size < entries; at = (at + 7919) % paths) {
        if (ledger.tree.size % BATCH == 0) time_ms++;
        put_use(at);
    }
    write_batch();
    bench_must(ak_sealed_file_write(&keeper.sealed, keeper.state) == AK_OK, "sealed state");
    ak_keeper_close(&keeper);
}

void bench_million_fill(const char *data_dir, uint64_t paths, uint64_t entries)
{
    int status = -1;
    pid_t pid = fork();
    bench_must(pid >= 0, "fork");
    if (pid == 0) {
        fill(data_dir, paths, entries);
        _exit(0);
    }
    bench_must(waitpid(pid, &status, 0) == pid && status == 0, "filling the ledger");
}
