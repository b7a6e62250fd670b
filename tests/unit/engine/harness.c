/* The box: engine, clock, randomness, ledger in memory. */
#include "unit/engine/harness.h"

#include "base/codec/jose.h"
#include "base/crypto/sha256.h"

/* ---- hooks ---- */

static void *grow(void *ctx, size_t len)
{
    struct h *h = ctx;
    if (h->allocs_left == 0) return NULL;
    if (h->allocs_left != UINT64_MAX) h->allocs_left--;
    return calloc(1, len);
}

static void *grow_always(void *ctx, size_t len)
{
    (void)ctx;
    return calloc(1, len);
}

static void release(void *ctx, void *ptr, size_t len)
{
    (void)ctx;
    (void)len;
    free(ptr);
}

void h_random(void *ctx, void *out, size_t len)
{
    struct h *h = ctx;
    uint8_t *at = out;
    while (len) {
        uint64_t block[3] = {h->seed, h->drawn++, 0x72616e64};
        uint8_t digest[32];
        ak_sha256(ak_span(block, sizeof block), digest);
        size_t n = len < sizeof digest ? len : sizeof digest;
        memcpy(at, digest, n);
        at += n;
        len -= n;
    }
}

/* ---- life ---- */

void h_broker_key(struct ak_p256_signer *out_signer, struct ak_p256_pub *out_pub)
{
    const struct ak_secret32 scalar = {{0, 0xb0}};
    H_CHECK(ak_p256_pub_from_scalar(&scalar, out_pub) == AK_OK);
    H_CHECK(ak_p256_signer_open(out_signer, &scalar) == AK_OK);
}

struct ak_engine_conf h_conf(void)
{
    struct ak_engine_conf conf = {.worker_id = {0xa1, 2, 3},
        .log_id = {0xb1, 2, 3},
        .issuer = AK_SPAN_LIT(H_ISSUER),
        .origins = {AK_SPAN_LIT("https://worker.example"), AK_SPAN_LIT(H_ISSUER)},
        .origin_count = 2,
        .verify_before_release = true,
        .sign_in_local = true,
        .session_secs = AK_TOKEN_SESSION_SECS,
        .agent_token_secs = AK_TOKEN_AGENT_SECS,
        .oidc_audience = AK_SPAN_LIT("sts.amazonaws.com"),
        .oidc_token_secs = AK_OIDC_SECS,
        .sts_secs = AK_OIDC_STS_SECS,
        .mints_per_hour = 30,
        .recovery_wait_ms = H_DAY_MS,
        .recovery_wait_code_ms = H_DAY_MS / 4,
        .broker_url = AK_SPAN_LIT(H_BROKER),
        .has_broker_key = true,
        .version = AK_SPAN_LIT("0.0.test")};
    struct ak_p256_signer signer;
    h_broker_key(&signer, &conf.broker_key);
    ak_p256_signer_close(&signer);
    return conf;
}

static void open_root(struct h *h)
{
    struct ak_secret32 msk;
    memset(msk.bytes, 0x5a, sizeof msk.bytes);
    H_CHECK(ak_root_open(&h->root, 1, AK_SUITE_AK1, AK_ROOT_BORN, &msk) == AK_OK);
}

static void new_engine(struct h *h)
{
    ak_arena_init(&h->arena, (struct ak_arena_hooks){grow, release, h}, h->arena_cap);
    struct ak_engine_hooks hooks = {h_random, h};
    H_CHECK(ak_engine_new(&h->engine, &h->arena, &h->conf, hooks, &h->root, &h->root) == AK_OK);
}

void h_open(struct h *h)
{
    h_open_with(h, NULL);
}

void h_open_with(struct h *h, const struct ak_engine_conf *conf)
{
    static const uint8_t config[32] = {0xc0};
    memset(h, 0, sizeof *h);
    h->conf = conf ? *conf : h_conf();
    h->wall_ms = H_START_MS;
    h->mono_ms = 5000;
    h->counter = 1;
    h->arena_cap = (size_t)256 << 20;
    h->allocs_left = UINT64_MAX;
    h->read_memory = malloc(sizeof *h->read_memory);
    H_CHECK(h->read_memory);
    open_root(h);
    new_engine(h);
    H_CHECK(ak_engine_create(h->engine, config, h->wall_ms) == AK_OK);
    h_settle(h);
    H_CHECK(ak_engine_start(h->engine, true, h->counter, h->wall_ms, h->mono_ms) == AK_OK);
    h_settle(h);
}

static void forget_batches(struct h *h, size_t from)
{
    for (size_t i = from; i < h->batch_count; i++) {
        free(h->batches[i].bytes);
        free(h->batches[i].subtrees);
    }
    h->batch_count = from;
}

void h_close(struct h *h)
{
    ak_engine_free(h->engine);
    ak_arena_done(&h->arena);
    ak_root_close(&h->root);
    forget_batches(h, 0);
    free(h->batches);
    free(h->read_memory);
}

void h_device(struct h_device *device, unsigned number)
{
    struct ak_secret32 scalar;
    unsigned seed[2] = {number, 0x64657669};
    ak_sha256(ak_span(seed, sizeof seed), scalar.bytes);
    scalar.bytes[0] &= 0x7f; /* under the order */
    H_CHECK(ak_p256_pub_from_scalar(&scalar, &device->pub) == AK_OK);
    H_CHECK(ak_p256_signer_open(&device->signer, &scalar) == AK_OK);
    ak_jwk_thumbprint(&device->pub, device->jkt);
}

void h_device_done(struct h_device *device)
{
    ak_p256_signer_close(&device->signer);
}

void h_tick(struct h *h, uint64_t ms)
{
    h->wall_ms += ms;
    h->mono_ms += ms;
    ak_engine_tick(h->engine, h->wall_ms, h->mono_ms);
}

/* ---- ledger ---- */

static struct ak_span keep(uint8_t **at, struct ak_span bytes)
{
    struct ak_span kept = ak_span(*at, bytes.len);
    memcpy(*at, bytes.ptr, bytes.len);
    *at += bytes.len;
    return kept;
}

void h_take(struct h *h)
{
    struct ak_engine_batch batch;
    if (ak_engine_pending(h->engine) == 0) return;
    H_CHECK(ak_engine_batch_take(h->engine, h->counter, &batch) == AK_OK);
    if (h->batch_count == h->batch_cap) {
        h->batch_cap = h->batch_cap ? h->batch_cap * 2 : 64;
        h->batches = realloc(h->batches, h->batch_cap * sizeof *h->batches);
        H_CHECK(h->batches);
    }
    struct h_batch *kept = &h->batches[h->batch_count++];
    struct ak_span segment = ak_buf_span(&batch.batch->entries);
    struct ak_span leaves = ak_buf_span(&batch.batch->leaves);
    kept->bytes = malloc(segment.len + leaves.len + batch.record.len);
    H_CHECK(kept->bytes);
    uint8_t *at = kept->bytes;
    kept->segment = keep(&at, segment);
    kept->leaves = keep(&at, leaves);
    kept->record = keep(&at, batch.record);
    kept->first = batch.batch->first;
    kept->size = batch.size;
    kept->control = batch.control;
    kept->subtrees = NULL;
    kept->subtree_count = batch.batch->subtree_count;
    if (kept->subtree_count) {
        kept->subtrees = calloc(kept->subtree_count, sizeof *kept->subtrees);
        H_CHECK(kept->subtrees);
        memcpy(kept->subtrees, batch.batch->subtrees, kept->subtree_count * sizeof *kept->subtrees);
    }
    memcpy(kept->root, batch.root, 32);
    H_CHECK(kept->size == kept->first + batch.batch->count && kept->leaves.len == 32 * batch.batch->count);
}

void h_durable(struct h *h, size_t count)
{
    if (count > h->batch_count) count = h->batch_count;
    if (count <= h->durable) return;
    h->durable = count;
    ak_engine_durable(h->engine, h->batches[count - 1].size, h->batches[count - 1].root);
}

void h_seal(struct h *h)
{
    uint8_t text[AK_NOTE_LEN_MAX];
    struct ak_buf note = AK_BUF_ARR(text);
    if (h->durable == 0) return;
    const struct h_batch *last = &h->batches[h->durable - 1];
    H_CHECK(ak_engine_checkpoint(h->engine, last->size, last->root, &note) == AK_OK);
    h->counter++;
    ak_engine_sealed(h->engine, last->size, last->root, ak_buf_span(&note), h->counter);
}

void h_settle(struct h *h)
{
    size_t before = h->durable;
    h_take(h);
    h_durable(h, h->batch_count);
    if (h->durable != before) h_seal(h);
}

uint64_t h_size(const struct h *h)
{
    return ak_engine_log(h->engine)->tree.size;
}

static struct ak_span entry_bytes(const struct h *h, uint64_t index)
{
    for (size_t i = 0; i < h->batch_count; i++) {
        const struct h_batch *batch = &h->batches[i];
        if (index < batch->first || index >= batch->size) continue;
        struct ak_reader reader = ak_reader(batch->segment);
        struct ak_span bytes = AK_SPAN_EMPTY;
        for (uint64_t at = batch->first; at <= index; at++)
            H_CHECK(ak_segment_next(&reader, &bytes) == AK_OK);
        return bytes;
    }
    return AK_SPAN_EMPTY;
}

void h_entry(const struct h *h, uint64_t index, struct ak_entry *out_entry)
{
    struct ak_span bytes = entry_bytes(h, index);
    H_CHECK(bytes.len && ak_entry_decode(bytes, out_entry) == AK_OK);
}

size_t h_count(const struct h *h, uint64_t from, enum ak_entry_type type)
{
    size_t count = 0;
    for (size_t i = 0; i < h->batch_count; i++) {
        struct ak_reader reader = ak_reader(h->batches[i].segment);
        struct ak_span bytes;
        for (uint64_t at = h->batches[i].first; ak_segment_next(&reader, &bytes) == AK_OK; at++) {
            struct ak_entry entry;
            H_CHECK(ak_entry_decode(bytes, &entry) == AK_OK);
            count += at >= from && entry.type == type;
        }
    }
    return count;
}

/* ---- reads from the list of batches ---- */

static enum ak_err read_batch(void *ctx, uint64_t index, struct ak_read_batch *out_batch)
{
    struct h *h = ctx;
    static uint8_t altered[AK_SEGMENT_LEN_MAX];
    for (size_t i = 0; i < h->durable; i++) {
        const struct h_batch *batch = &h->batches[i];
        if (index < batch->first || index >= batch->size) continue;
        *out_batch =
            (struct ak_read_batch){batch->first, batch->size - batch->first, batch->segment, batch->leaves};
        if (h->damage_by && h->damage_batch == i) {
            memcpy(altered, batch->segment.ptr, batch->segment.len);
            altered[h->damage_at % batch->segment.len] ^= h->damage_by;
            out_batch->entries = ak_span(altered, batch->segment.len);
        }
        return AK_OK;
    }
    return AK_E_NOT_FOUND;
}

/* Level 0 from the stored leaves, higher ones computed. */
static enum ak_err read_node(void *ctx, unsigned level, uint64_t index, uint8_t out_hash[32])
{
    struct h *h = ctx;
    if (level == 0) {
        for (size_t i = 0; i < h->durable; i++) {
            const struct h_batch *batch = &h->batches[i];
            if (index < batch->first || index >= batch->size) continue;
            memcpy(out_hash, batch->leaves.ptr + 32 * (index - batch->first), 32);
            return AK_OK;
        }
        return AK_E_NOT_FOUND;
    }
    uint8_t left[32], right[32];
    AK_TRY(read_node(ctx, level - 1, 2 * index, left));
    AK_TRY(read_node(ctx, level - 1, 2 * index + 1, right));
    ak_merkle_node(left, right, out_hash);
    return AK_OK;
}

void h_leaf(struct h *h, uint64_t index, uint8_t out_hash[32])
{
    H_CHECK(read_node(h, 0, index, out_hash) == AK_OK);
}

enum ak_code h_read(struct h *h)
{
    struct ak_read_source source = {read_batch, h, {read_node, h}, h->archived};
    struct ak_span body;
    H_CHECK(h->out.wait & AK_WAIT_READ);
    enum ak_code code = ak_read_answer(&h->out.read, &source, h->read_memory, &body, &h->bad_index);
    H_CHECK((code == AK_CODE_OK) == (body.len > 0) || code == AK_CODE_OK);
    H_CHECK((code == AK_CODE_LEDGER_DAMAGED) == (h->bad_index != UINT64_MAX));
    if (code == AK_CODE_OK) {
        memcpy(h->body, body.ptr, body.len);
        h->out.body = AK_BUF_ARR(h->body);
        h->out.body.len = body.len;
    }
    h->out.code = code;
    return code;
}

/* ---- state as bytes ---- */

static enum ak_err put(void *ctx, struct ak_span bytes)
{
    struct h_bytes *all = ctx;
    if (all->len + bytes.len > all->cap) {
        all->cap = (all->len + bytes.len) * 2;
        all->ptr = realloc(all->ptr, all->cap);
        H_CHECK(all->ptr);
    }
    memcpy(all->ptr + all->len, bytes.ptr, bytes.len);
    all->len += bytes.len;
    return AK_OK;
}

void h_snapshot(const struct ak_engine *engine, struct h_bytes *out_bytes)
{
    struct ak_snapshot_sink sink = {put, out_bytes};
    *out_bytes = (struct h_bytes){0};
    H_CHECK(ak_engine_snapshot_write(engine, &sink) == AK_OK);
}

void h_state_hash(const struct ak_engine *engine, uint8_t out_hash[32])
{
    struct h_bytes bytes;
    h_snapshot(engine, &bytes);
    ak_sha256(ak_span(bytes.ptr, bytes.len), out_hash);
    free(bytes.ptr);
}

struct ak_engine *h_replay(struct h *h, size_t count, struct ak_arena *out_arena)
{
    struct ak_engine *engine = NULL;
    uint64_t bad = 0;
    ak_arena_init(out_arena, (struct ak_arena_hooks){grow_always, release, NULL}, h->arena_cap);
    struct ak_engine_hooks hooks = {h_random, h};
    H_CHECK(ak_engine_new(&engine, out_arena, &h->conf, hooks, &h->root, &h->root) == AK_OK);
    for (size_t i = 0; i < count; i++)
        H_CHECK(ak_engine_replay(engine, h->batches[i].segment, h->batches[i].record, &bad) == AK_OK);
    return engine;
}

static void check_same(const struct ak_engine *a, const struct ak_engine *b)
{
    struct h_bytes x, y;
    h_snapshot(a, &x);
    h_snapshot(b, &y);
    size_t at = 0;
    while (at < x.len && at < y.len && x.ptr[at] == y.ptr[at]) at++;
    if (at < x.len || at < y.len)
        fprintf(stderr, "states differ at byte %zu of %zu and %zu\n", at, x.len, y.len);
    H_CHECK(at == x.len && at == y.len);
    free(x.ptr);
    free(y.ptr);
}

/* The replayed state written, read and written again is the same bytes. */
static void check_snapshot(struct h *h, const struct ak_engine *engine)
{
    struct h_bytes bytes;
    struct ak_arena arena;
    struct ak_engine *again = h_replay(h, 0, &arena);
    h_snapshot(engine, &bytes);
    H_CHECK(ak_engine_snapshot_read(again, ak_span(bytes.ptr, bytes.len)) == AK_OK);
    check_same(engine, again);
    ak_engine_free(again);
    ak_arena_done(&arena);
    free(bytes.ptr);
}

void h_restart(struct h *h, bool clean)
{
    if (clean) {
        ak_engine_stop(h->engine);
        h_settle(h);
    }
    bool whole = h->durable == h->batch_count && ak_engine_pending(h->engine) == 0;
    struct ak_engine *before = h->engine;
    struct ak_arena before_arena = h->arena;
    h->arena = (struct ak_arena){0};
    h->engine = NULL;
    h->allocs_left = UINT64_MAX;
    h->engine = h_replay(h, h->durable, &h->arena);
    h->arena.hooks = (struct ak_arena_hooks){grow, release, h};
    if (whole) check_same(before, h->engine);
    check_snapshot(h, h->engine);
    ak_engine_free(before);
    ak_arena_done(&before_arena);
    forget_batches(h, h->durable);
    h->counter++; /* a start always advances */
    H_CHECK(ak_engine_start(h->engine, clean, h->counter, h->wall_ms, h->mono_ms) == AK_OK);
    h_settle(h);
}
