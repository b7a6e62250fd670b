/* Snapshots of any bytes: refused, or read into a state that writes the same bytes again; never a crash,
 * never more memory than its cap. Authentic ones are told by their hash before any use; this is what stands
 * behind that. */
#include <malloc.h>

#include "core/engine/internal.h"
#include "core/engine/snapshot.h"
#include "fuzz/fuzz.h"
#include "unit/engine/harness.h"

enum { CAP = 64 << 20 };

/* One engine for all inputs: its tables are large, and a snapshot fills only state and log. */
static struct ak_engine *the_engine(void)
{
    static struct h h;
    if (!h.engine) {
        h_open(&h);
        (void)mallopt(M_TRIM_THRESHOLD, 2 * CAP); /* or each input gets its memory from the kernel anew */
    }
    return h.engine;
}

static void *grow(void *ctx, size_t len)
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

struct check {
    struct ak_span rest;
};

static enum ak_err same(void *ctx, struct ak_span bytes)
{
    struct check *check = ctx;
    AK_FUZZ_CHECK(ak_span_starts(check->rest, bytes));
    check->rest = ak_span_sub(check->rest, bytes.len, check->rest.len);
    return AK_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const uint64_t seed[2] = {3, 5};
    struct ak_engine *engine = the_engine();
    struct ak_arena arena;
    ak_arena_init(&arena, (struct ak_arena_hooks){grow, release, NULL}, CAP);
    AK_FUZZ_CHECK(ak_state_init(&engine->state, &arena, seed) == AK_OK);
    ak_ledger_log_init(&engine->log, engine->conf.log_id);
    enum ak_err err = ak_engine_snapshot_read(engine, ak_span(data, len));
    if (err == AK_OK) {
        struct check check = {ak_span(data, len)};
        struct ak_snapshot_sink sink = {same, &check};
        AK_FUZZ_CHECK(ak_engine_snapshot_write(engine, &sink) == AK_OK);
        AK_FUZZ_CHECK(check.rest.len == 0);
    }
    AK_FUZZ_CHECK(arena.held <= CAP);
    ak_arena_done(&arena);
    return 0;
}
