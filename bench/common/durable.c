#include "bench/common/durable.h"

#include <stdio.h>

#include "bench/common/bench.h"
#include "core/ledger/log.h"
#include "io/store/store.h"

enum { BATCHES = 200 };

static uint8_t segment[AK_SEGMENT_LEN_MAX];
static uint8_t leaves[BENCH_DURABLE_BATCH_MAX * 32];
static uint8_t record_bytes[AK_RECORD_LEN_MAX];
static struct ak_hmac_key key;
static struct ak_ledger_log ledger;
static struct ak_ledger_batch batch;
static struct ak_store *store;
static char path[600];

void bench_durable_init(const char *folder)
{
    const uint8_t bytes[32] = {1};
    (void)snprintf(path, sizeof path, "%s/durable.db", folder);
    const struct ak_store_options options = {.path = path};
    bench_must(ak_hmac_key_open(&key, AK_SPAN_ARR(bytes)) == AK_OK, "key");
    ak_ledger_log_init(&ledger, bytes);
    bench_must(
        ak_store_create(&options, bytes) == AK_OK && ak_store_open(&options, &store) == AK_OK, "store");
}

static void append(const struct ak_entry *entry, unsigned count)
{
    struct ak_buf record = AK_BUF_ARR(record_bytes);
    struct ak_entry_ref ref;
    ak_ledger_batch_begin(&ledger, &batch, AK_BUF_ARR(segment), AK_BUF_ARR(leaves));
    for (unsigned i = 0; i < count; i++)
        bench_must(ak_ledger_append(&ledger, &batch, &key, entry, &ref) == AK_OK, "append");
    bench_must(ak_ledger_batch_end(&ledger, &batch, &key, 0, &record) == AK_OK, "batch");
    const struct ak_store_batch done = {batch.first, batch.count, ak_buf_span(&batch.entries),
        ak_buf_span(&batch.leaves), ak_buf_span(&record)};
    bench_must(ak_store_append(store, &done, batch.subtrees, batch.subtree_count, false) == AK_OK, "store");
}

double bench_durable_us(const struct ak_entry *entry, unsigned count)
{
    bench_must(count > 0 && count <= BENCH_DURABLE_BATCH_MAX, "batch");
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (unsigned i = 0; i < BATCHES; i++) append(entry, count);
    return (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / BATCHES / count;
}
