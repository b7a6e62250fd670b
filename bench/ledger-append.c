/* ledger-append: durable entries a second at batches of 64 against raw write and fdatasync of the same bytes
 * to a growing file of the same folder. Blocks of batches alternate between the two, because the disk's speed
 * swings within a minute; each ratio is of two neighbours, and the median of them is the figure. usage:
 * ledger-append [FOLDER [BLOCKS]]; prints one JSON object. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "core/ledger/log.h"
#include "io/store/store.h"

enum { BATCH = 64, BLOCK = 24, BLOCKS = 40, BLOCKS_MAX = 1000 };

static uint8_t segment[AK_SEGMENT_LEN_MAX];
static uint8_t leaves[BATCH * 32];
static uint8_t record_bytes[AK_RECORD_LEN_MAX];
static struct ak_hmac_key key;
static struct ak_ledger_log ledger;
static struct ak_ledger_batch batch;

static void must(bool good, const char *what)
{
    if (good) return;
    (void)fprintf(stderr, "ledger-append: %s\n", what);
    exit(1);
}

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static struct ak_store_batch make_batch(void)
{
    struct ak_entry entry = {.type = AK_ENTRY_MESSAGE_SIGNED,
        .time_ms = 1767225600000,
        .has_anchor = true,
        .seq = 2,
        .prev_leaf = {1},
        .has_request_id = true,
        .label = AK_SPAN_LIT("agent-1"),
        .operation = AK_SPAN_LIT("sign-siwe"),
        .domain = AK_SPAN_LIT("example.org"),
        .nonce = AK_SPAN_LIT("kEWepMt9knR6lWJ6A"),
        .tat_us = 1767225600000000,
        .present =
            AK_F_BIT(AK_F_LABEL) | AK_F_BIT(AK_F_GENERATION) | AK_F_BIT(AK_F_DOMAIN) | AK_F_BIT(AK_F_NONCE)};
    struct ak_buf record = AK_BUF_ARR(record_bytes);
    struct ak_entry_ref ref;
    ak_ledger_batch_begin(&ledger, &batch, AK_BUF_ARR(segment), AK_BUF_ARR(leaves));
    for (int i = 0; i < BATCH; i++)
        must(ak_ledger_append(&ledger, &batch, &key, &entry, &ref) == AK_OK, "append");
    must(ak_ledger_batch_end(&ledger, &batch, &key, 0, &record) == AK_OK, "batch end");
    return (struct ak_store_batch){batch.first, batch.count, ak_buf_span(&batch.entries),
        ak_buf_span(&batch.leaves), ak_buf_span(&record)};
}

static double store_block(struct ak_store *store)
{
    double sum = 0;
    for (int i = 0; i < BLOCK; i++) {
        struct ak_store_batch b = make_batch();
        double start = seconds();
        must(ak_store_append(store, &b, batch.subtrees, batch.subtree_count, false) == AK_OK, "store");
        sum += seconds() - start;
    }
    return sum;
}

static double raw_block(int fd, struct ak_span bytes)
{
    double start = seconds();
    for (int i = 0; i < BLOCK; i++) {
        must(write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len, "write");
        must(fdatasync(fd) == 0, "fdatasync");
    }
    return seconds() - start;
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a;
    double y = *(const double *)b;
    return x < y ? -1 : x > y;
}

static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, by_size);
    return values[count / 2];
}

int main(int argc, char **argv)
{
    static double ratios[BLOCKS_MAX];
    static double ours[BLOCKS_MAX];
    static double raw[BLOCKS_MAX];
    char folder[512];
    char path[600];
    char raw_path[600];
    uint8_t bytes[32] = {1};
    (void)snprintf(folder, sizeof folder, "%s/ak-bench-XXXXXX", argc > 2 ? argv[2] : "/var/tmp");
    long blocks = argc > 3 ? strtol(argv[3], NULL, 10) : BLOCKS;
    must(blocks > 0 && blocks <= BLOCKS_MAX && mkdtemp(folder) != NULL, "folder");
    (void)snprintf(path, sizeof path, "%s/ledger.db", folder);
    (void)snprintf(raw_path, sizeof raw_path, "%s/raw", folder);
    must(ak_hmac_key_open(&key, AK_SPAN_ARR(bytes)) == AK_OK, "key");
    ak_ledger_log_init(&ledger, bytes);
    struct ak_store_options options = {.path = path};
    struct ak_store *store = NULL;
    must(ak_store_create(&options, bytes) == AK_OK && ak_store_open(&options, &store) == AK_OK, "store");
    int fd = open(raw_path, O_WRONLY | O_CREAT | O_CLOEXEC | O_APPEND, 0600);
    must(fd >= 0, "raw file");
    struct ak_span same = make_batch().entries;
    ak_ledger_log_init(&ledger, bytes); /* that batch was for the raw file only */
    static uint8_t copy[AK_SEGMENT_LEN_MAX];
    memcpy(copy, same.ptr, same.len);
    for (long i = 0; i < blocks; i++) {
        ours[i] = store_block(store);
        raw[i] = raw_block(fd, ak_span(copy, same.len));
        ratios[i] = raw[i] / ours[i];
    }
    double ratio = median(ratios, (size_t)blocks);
    double per_block = (double)BLOCK * BATCH;
    printf("{\"name\": \"ledger-append\", \"ours\": %.0f, \"reference\": %.0f, \"ratio\": %.3f, "
           "\"unit\": \"entries/s\", \"note\": \"batches of %d, median of %ld neighbouring blocks, ratio "
           "%.2f to "
           "%.2f (quartiles), want >= 0.5, goal 0.8\"}\n",
        per_block / median(ours, (size_t)blocks), per_block / median(raw, (size_t)blocks), ratio, BATCH,
        blocks, ratios[blocks / 4], ratios[blocks * 3 / 4]);
    ak_store_close(store);
    (void)close(fd);
    static const char *const endings[] = {
        "/ledger.db", "/ledger.db-wal", "/ledger.db-shm", "/ledger.db-reserve", "/raw"};
    for (size_t i = 0; i < AK_COUNT(endings); i++) {
        (void)snprintf(path, sizeof path, "%s%s", folder, endings[i]);
        (void)unlink(path);
    }
    return rmdir(folder) == 0 ? 0 : 1;
}
