/* rotate-epoch: CPU of the whole worker to move a credential of 1 KiB to a new epoch: read, decrypt and
 * encrypt in the re-encryptor, open and compare in the keeper, a durable file, a durable entry. Against one
 * process that reads such a file, decrypts, encrypts, and writes a durable one. usage: rotate-epoch BUILD
 * [FOLDER [COUNT]] */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/crypto/gcm.h"
#include "base/crypto/sha256.h"
#include "bench/common/bench.h"
#include "bench/common/fleet.h"
#include "bench/common/worker.h"
#include "core/wire/msg_vault.h"

enum { COUNT = 400, VALUE = 1024, RAW_TIMES = 400, POLL_US = 200000 };

static struct bench_worker worker;
static struct bench_fleet fleet;

static void call(unsigned id, const void *request, void *reply)
{
    struct ak_client_error error;
    if (ak_client_call(&fleet.person, id, request, reply, &error) == AK_OK) return;
    (void)fprintf(stderr, "%s: %s: %s\n", ak_call_get(id)->name, error.code, error.message);
    bench_must(false, "a call was refused");
}

static uint64_t blobs_of(uint64_t epoch)
{
    struct ak_msg_epoch_list_request request = {0};
    struct ak_msg_epoch_list_reply reply;
    struct ak_msg_epoch_item item;
    call(AK_CALL_EPOCH_LIST, &request, &reply);
    while (ak_list_next(&reply.epochs, &ak_epoch_item_msg, &item))
        if (item.epoch == epoch) return item.blobs;
    return 0;
}

static void store_all(long count)
{
    for (long i = 0; i < count; i++) {
        char service[32];
        (void)snprintf(service, sizeof service, "bench-%ld", i);
        bench_fleet_store(&fleet, service, VALUE);
    }
}

/* Microseconds of CPU, and of the clock, a blob. */
static double rotate(long count, double *out_wall_us)
{
    struct ak_msg_epoch_rotate_request request = {0};
    struct ak_msg_epoch_rotate_reply reply;
    uint64_t cpu = bench_worker_cpu_ns(&worker), wall = bench_now_ns(CLOCK_MONOTONIC);
    call(AK_CALL_EPOCH_ROTATE, &request, &reply);
    while (blobs_of(reply.from)) bench_sleep_us(POLL_US);
    *out_wall_us = (double)(bench_now_ns(CLOCK_MONOTONIC) - wall) / 1000 / (double)count;
    return (double)(bench_worker_cpu_ns(&worker) - cpu) / 1000 / (double)count;
}

static void write_file(const char *path, const uint8_t *bytes, size_t len)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    bench_must(fd >= 0 && write(fd, bytes, len) == (ssize_t)len && fsync(fd) == 0 && close(fd) == 0, "write");
}

static double raw_us(const char *folder, bool with_files)
{
    static uint8_t sealed[VALUE + AK_GCM_TAG_LEN], plain[VALUE + AK_GCM_TAG_LEN];
    static const uint8_t nonce[AK_GCM_NONCE_LEN], aad[128];
    const struct ak_secret32 one = {{1}}, two = {{2}};
    char from[600], to[600];
    (void)snprintf(from, sizeof from, "%s/raw", folder);
    (void)snprintf(to, sizeof to, "%s/raw-new", folder);
    bench_must(ak_gcm_seal(&one, nonce, AK_SPAN_ARR(aad), ak_span(plain, VALUE), sealed) == AK_OK, "raw");
    write_file(from, sealed, sizeof sealed);
    uint64_t begin = bench_now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (int i = 0; i < RAW_TIMES; i++) {
        int fd = with_files ? open(from, O_RDONLY | O_CLOEXEC) : -1;
        if (with_files)
            bench_must(fd >= 0 && read(fd, sealed, sizeof sealed) == (ssize_t)sizeof sealed && close(fd) == 0,
                "read");
        else
            bench_must(
                ak_gcm_seal(&one, nonce, AK_SPAN_ARR(aad), ak_span(plain, VALUE), sealed) == AK_OK, "raw");
        bench_must(ak_gcm_open(&one, nonce, AK_SPAN_ARR(aad), AK_SPAN_ARR(sealed), plain) == AK_OK, "raw");
        if (!with_files) continue;
        bench_must(ak_gcm_seal(&two, nonce, AK_SPAN_ARR(aad), ak_span(plain, VALUE), sealed) == AK_OK, "raw");
        write_file(to, sealed, sizeof sealed);
        bench_must(unlink(to) == 0, "unlink");
    }
    return (double)(bench_now_ns(CLOCK_THREAD_CPUTIME_ID) - begin) / 1000 / RAW_TIMES;
}

int main(int argc, char **argv)
{
    char most[64];
    bench_name("rotate-epoch");
    bench_must(argc > 1, "usage: rotate-epoch BUILD [FOLDER [COUNT]]");
    long count = argc > 3 ? strtol(argv[3], NULL, 10) : COUNT;
    const char *folder = bench_folder(argc > 2 ? argv[2] : "/var/tmp");
    (void)snprintf(most, sizeof most, "--vault-services-max=%ld", count);
    const char *const args[] = {count > 1000 ? most : NULL, NULL};
    bench_worker_init(&worker, argv[1], folder);
    bench_worker_create(&worker);
    bench_worker_start(&worker, args);
    bench_fleet_open(&fleet, &worker, 0);
    store_all(count);
    double wall = 0, ours = rotate(count, &wall), files = raw_us(folder, true),
           crypto = raw_us(folder, false);
    bench_figure("rotate-epoch", ours, files, ours / files, "us CPU/blob",
        "%ld blobs of 1 KiB, %.0f us of the clock each; reference: read, decrypt, encrypt, write durably, in "
        "one "
        "process; the cipher alone is %.1f us, %.0f times less than ours; want <= 3",
        count, wall, crypto, ours / crypto);
    bench_fleet_close(&fleet);
    bench_worker_stop(&worker);
    return 0;
}
