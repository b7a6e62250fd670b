/* From stored bytes to the state: the newest snapshot that the log names and the tail after it, or the whole
 * log. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/crypto/sha256.h"
#include "core/engine/snapshot.h"
#include "core/ledger/segment.h"
#include "io/log/log.h"
#include "io/proc/arena_hooks.h"
#include "io/proc/random.h"
#include "programs/worker/keeper.h"

static const char *const hint_key =
    "snapshot"; /* size (8) and hash (32): where to look, never what to believe */

/* The random bytes of entries come from a store that is filled by one system call for many; whatever may be a
 * key is longer and never lies there. */
static void engine_random(void *ctx, void *out, size_t len)
{
    struct ak_random_store *store = ctx;
    if (len > AK_ENTRY_RANDOM_LEN) {
        ak_random_bytes(out, len);
        return;
    }
    if (store->left < len) {
        ak_random_bytes(store->bytes, sizeof store->bytes);
        store->left = sizeof store->bytes;
    }
    store->left -= len;
    memcpy(out, store->bytes + store->left, len);
    ak_wipe(store->bytes + store->left, len);
}

static enum ak_err fresh_engine(struct ak_keeper *keeper)
{
    struct ak_engine_hooks hooks = {engine_random, &keeper->random};
    ak_engine_free(keeper->engine);
    keeper->engine = NULL;
    ak_arena_done(&keeper->arena);
    ak_arena_init(&keeper->arena, ak_arena_hooks_mmap(), (size_t)AK_ARENA_CAP_MIB << 20);
    return ak_engine_new(&keeper->engine, &keeper->arena, &keeper->engine_conf, hooks, &keeper->root,
        keeper->dev ? &keeper->born : &keeper->root);
}

void ak_keeper_name_damage(const struct ak_store_batch *batch, uint64_t *bad_index)
{
    struct ak_reader reader = ak_reader(batch->entries);
    for (uint64_t i = 0; i < batch->count && (i + 1) * 32 <= batch->leaves.len; i++) {
        struct ak_span entry = AK_SPAN_EMPTY;
        uint8_t leaf[32];
        bool whole = ak_segment_next(&reader, &entry) == AK_OK;
        ak_merkle_leaf(entry, leaf);
        if (whole && memcmp(leaf, batch->leaves.ptr + i * 32, 32) == 0) continue;
        *bad_index = batch->first + i;
        return;
    }
}

static enum ak_err replay_rest(struct ak_keeper *keeper, uint64_t *out_bad_index)
{
    uint64_t height = 0;
    AK_TRY(ak_store_height(keeper->store, &height));
    while (ak_engine_log(keeper->engine)->tree.size < height) {
        struct ak_store_batch batch;
        uint64_t at = ak_engine_log(keeper->engine)->tree.size;
        *out_bad_index = at;
        AK_TRY(ak_keeper_read_batch(keeper, keeper->store, at, &batch));
        if (batch.first != at) return AK_E_AUTH;
        enum ak_err err = ak_engine_replay(keeper->engine, batch.entries, batch.record, out_bad_index);
        if (err == AK_E_AUTH || err == AK_E_FORMAT) ak_keeper_name_damage(&batch, out_bad_index);
        if (err) return err;
    }
    return AK_OK;
}

static void snapshot_name(uint64_t size, char out_name[48])
{
    (void)snprintf(out_name, 48, "snapshot-%llu.bin", (unsigned long long)size);
}

static enum ak_err read_into(int fd, uint8_t *memory, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = read(fd, memory + at, len - at);
        if (got < 0 && errno == EINTR) continue;
        if (got <= 0) return AK_E_IO;
        at += (size_t)got;
    }
    return AK_OK;
}

/* Reads the file into memory of its own and holds that against the hint's hash; the caller unmaps. Pages of
 * the file itself could be dropped after they were hashed and come back from the disk as others (I11). */
static enum ak_err read_snapshot(
    struct ak_keeper *keeper, uint64_t size, const uint8_t hash[32], void **out_map, size_t *out_len)
{
    char name[48];
    struct stat st;
    uint8_t found[32];
    snapshot_name(size, name);
    int fd = openat(keeper->data_dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return AK_E_NOT_FOUND;
    *out_len = fstat(fd, &st) == 0 && st.st_size > 0 ? (size_t)st.st_size : 0;
    *out_map = *out_len ? mmap(NULL, *out_len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
                        : MAP_FAILED;
    enum ak_err err = *out_map == MAP_FAILED ? AK_E_IO : read_into(fd, *out_map, *out_len);
    close(fd);
    if (*out_map == MAP_FAILED) return err;
    if (!err) {
        ak_sha256(ak_span(*out_map, *out_len), found);
        err = memcmp(found, hash, 32) == 0 ? AK_OK : AK_E_AUTH;
    }
    if (err) munmap(*out_map, *out_len);
    return err;
}

/* A snapshot counts only where the tail, which is authenticated, names its size and hash. */
static enum ak_err load_snapshot(struct ak_keeper *keeper, uint64_t *out_bad_index)
{
    uint8_t hint[64];
    size_t len = 0;
    void *map = NULL;
    size_t map_len = 0;
    AK_TRY(ak_store_meta_get(keeper->store, hint_key, hint, sizeof hint, &len));
    struct ak_reader reader = ak_reader(ak_span(hint, len));
    uint64_t size = ak_reader_u64(&reader);
    const struct ak_span hash = ak_reader_take(&reader, 32);
    AK_TRY(ak_reader_finish(&reader));
    AK_TRY(read_snapshot(keeper, size, hash.ptr, &map, &map_len));
    enum ak_err err = ak_engine_snapshot_read(keeper->engine, ak_span(map, map_len));
    munmap(map, map_len);
    if (!err) {
        keeper->reading.verify_to = ak_engine_log(keeper->engine)->tree.size;
        ak_merkle_root(&ak_engine_log(keeper->engine)->tree, keeper->reading.verify_root);
        err = replay_rest(keeper, out_bad_index);
    }
    const struct ak_state *state = ak_engine_state(keeper->engine);
    if (!err && (state->snapshot_size != size || memcmp(state->snapshot_hash, hash.ptr, 32) != 0))
        err = AK_E_AUTH;
    return err;
}

enum ak_err ak_keeper_load(struct ak_keeper *keeper, uint64_t *out_bad_index)
{
    AK_TRY(fresh_engine(keeper));
    bool all = ak_conf_on(&keeper->conf, AK_WORKER_VERIFY_ALL);
    if (!all || !ak_archive_is_whole(&keeper->archive_files, &keeper->archive)) {
        enum ak_err err = load_snapshot(keeper, out_bad_index);
        if (!err) return AK_OK;
        if (err != AK_E_NOT_FOUND) ak_log(AK_LOG_WARN, "snapshot_not_used", ak_log_err(err));
        AK_TRY(fresh_engine(keeper));
    }
    keeper->reading.verify_to = 0;
    AK_TRY(replay_rest(keeper, out_bad_index));
    keeper->verified_to = ak_engine_log(keeper->engine)->tree.size;
    return AK_OK;
}

bool ak_keeper_has_snapshot(struct ak_keeper *keeper)
{
    const struct ak_state *state = ak_engine_state(keeper->engine);
    void *map = NULL;
    size_t map_len = 0;
    if (read_snapshot(keeper, state->snapshot_size, state->snapshot_hash, &map, &map_len) != AK_OK)
        return false;
    munmap(map, map_len);
    return true;
}

/* ---- writing one ---- */

struct sink {
    int fd;
    uint64_t len;
    struct ak_sha256_stream hash;
};

static enum ak_err sink_put(void *ctx, struct ak_span bytes)
{
    struct sink *sink = ctx;
    ak_sha256_stream_update(&sink->hash, bytes);
    sink->len += bytes.len;
    while (bytes.len) {
        ssize_t n = write(sink->fd, bytes.ptr, bytes.len);
        if (n <= 0) return AK_E_IO;
        bytes = ak_span_sub(bytes, (size_t)n, bytes.len);
    }
    return AK_OK;
}

static enum ak_err write_file(
    struct ak_keeper *keeper, uint64_t size, uint8_t out_hash[32], uint64_t *out_len)
{
    char name[48];
    struct sink sink = {0};
    struct ak_snapshot_sink out = {sink_put, &sink};
    snapshot_name(size, name);
    sink.fd = openat(
        keeper->data_dir_fd, "snapshot.tmp", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (sink.fd < 0) return AK_E_IO;
    ak_sha256_stream_init(&sink.hash);
    enum ak_err err = ak_engine_snapshot_write(keeper->engine, &out);
    ak_sha256_stream_final(&sink.hash, out_hash);
    if (!err && fsync(sink.fd)) err = AK_E_IO;
    close(sink.fd);
    if (!err && renameat(keeper->data_dir_fd, "snapshot.tmp", keeper->data_dir_fd, name)) err = AK_E_IO;
    if (!err && fsync(keeper->data_dir_fd)) err = AK_E_IO;
    *out_len = sink.len;
    return err;
}

void ak_keeper_snapshot(struct ak_keeper *keeper, uint64_t at_least)
{
    const struct ak_state *state = ak_engine_state(keeper->engine);
    uint64_t size = ak_engine_log(keeper->engine)->tree.size;
    uint64_t before = state->snapshot_size;
    uint8_t hint[40];
    struct ak_buf buf = AK_BUF_ARR(hint);
    uint8_t hash[32];
    uint64_t len = 0;
    char name[48];
    if (size - before < at_least) return;
    enum ak_err err = write_file(keeper, size, hash, &len);
    if (!err) err = ak_engine_snapshot_record(keeper->engine, size, hash, len);
    if (!err) err = ak_keeper_flush(keeper, false);
    ak_buf_put_u64(&buf, size);
    ak_buf_put(&buf, AK_SPAN_ARR(hash));
    if (!err) err = ak_store_meta_put(keeper->store, hint_key, ak_buf_span(&buf));
    if (err) {
        ak_log(AK_LOG_WARN, "snapshot_failed", ak_log_err(err));
        return;
    }
    ak_log(AK_LOG_INFO, "snapshot_written", ak_log_u64("size", size), ak_log_u64("bytes", len));
    snapshot_name(before, name);
    if (before) (void)unlinkat(keeper->data_dir_fd, name, 0);
}
