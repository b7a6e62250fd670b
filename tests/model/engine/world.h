/* What a random history goes on in: people, what their agents hold, tokens on their way, the ledger and how
 * much of it is durable. A crash loses what is not. */
#ifndef AK_TESTS_MODEL_ENGINE_WORLD_H
#define AK_TESTS_MODEL_ENGINE_WORLD_H

#include "base/buf.h"
#include "model/engine/reference.h"
#include "model/random.h"
#include "unit/check.h"
#include "unit/engine/harness.h"

enum { DEVICES = 16, RUNS = 8, STEPS = 13000, SECONDS = 55, FLIGHT = 64 };

struct client { /* what an agent's program holds */
    unsigned device;
    bool has_token;
    uint32_t generation;
    uint64_t exp_s;
    size_t token_len;
    uint8_t token[AK_TOKEN_TEXT_MAX];
};
struct flight { /* a token on its way: the client has it once its entry is durable */
    uint64_t size;
    unsigned account, path;
    struct client client;
};
struct world {
    struct h h;
    struct test_random random;
    struct ref ref;
    struct ref *saved; /* of each batch */
    size_t saved_cap;
    struct h_person people[REF_ACCOUNTS];
    uint64_t session_exp_s[REF_ACCOUNTS];
    struct client clients[REF_ACCOUNTS][REF_PATHS];
    struct h_device devices[DEVICES];
    struct flight flights[FLIGHT];
    size_t flight_count;
    uint32_t highest[REF_ACCOUNTS][REF_PATHS]; /* generation whose rotation was durable */
    bool ended[REF_ACCOUNTS][REF_PATHS];       /* its decommissioning was durable */
    uint64_t signatures, refusals, crashes, stops;
};

static const char *const names[REF_ACCOUNTS] = {"alice", "bob", "carol"};
static const char *const labels[REF_PATHS] = {"a0", "a1", "a2", "a3"};

static inline uint64_t pick(struct world *w, uint64_t n)
{
    return test_random_below(&w->random, n);
}

static inline uint64_t now_s(const struct world *w)
{
    return w->h.wall_ms / 1000;
}

static inline uint64_t seen_us(const struct world *w)
{
    return (w->h.wall_ms - w->ref.unseen_ms) * 1000;
}

/* ---- ledger and releases ---- */

static inline void note_entries(struct world *w, uint64_t size_before)
{
    if (h_size(&w->h) != size_before) w->ref.last_entry_ms = w->h.wall_ms;
}

static inline void take(struct world *w)
{
    size_t before = w->h.batch_count;
    h_take(&w->h);
    if (w->h.batch_count == before) return;
    if (w->h.batch_count > w->saved_cap) {
        w->saved_cap = w->h.batch_count * 2;
        w->saved = realloc(w->saved, w->saved_cap * sizeof *w->saved);
        assert_non_null(w->saved);
    }
    w->saved[w->h.batch_count - 1] = w->ref;
}

static inline void release(struct world *w)
{
    size_t kept = 0;
    uint64_t size = w->h.durable ? w->h.batches[w->h.durable - 1].size : 0;
    const struct ref *ref = &w->saved[w->h.durable - 1];
    for (size_t i = 0; i < w->flight_count; i++) {
        struct flight *flight = &w->flights[i];
        if (flight->size > size) {
            w->flights[kept++] = *flight;
            continue;
        }
        w->clients[flight->account][flight->path] = flight->client;
    }
    w->flight_count = kept;
    for (unsigned a = 0; a < REF_ACCOUNTS; a++)
        for (unsigned p = 0; p < REF_PATHS; p++) {
            assert_true(ref->accounts[a].paths[p].generation >= w->highest[a][p]); /* I6 */
            w->highest[a][p] = ref->accounts[a].paths[p].generation;
            w->ended[a][p] |= ref->accounts[a].paths[p].decommissioned;
            assert_true(!w->ended[a][p] || ref->accounts[a].paths[p].decommissioned);
        }
}

static inline void make_durable(struct world *w, size_t count)
{
    size_t before = w->h.durable;
    h_durable(&w->h, count);
    if (w->h.durable != before) release(w);
}

static inline void settle(struct world *w)
{
    take(w);
    make_durable(w, w->h.batch_count);
    h_seal(&w->h);
}

static inline void after_start(struct world *w, bool clean)
{
    struct ref *ref = &w->ref;
    ref->unseen_ms += w->h.wall_ms > ref->last_entry_ms ? w->h.wall_ms - ref->last_entry_ms : 0;
    ref->last_entry_ms = w->h.wall_ms;
    if (!clean) ref_empty_all(ref, seen_us(w));
    for (size_t i = w->h.durable - 1; i < w->h.durable;
         i++) { /* WorkerStarted's batch, settled by the harness */
        if (w->h.durable > w->saved_cap) {
            w->saved_cap = w->h.durable * 2;
            w->saved = realloc(w->saved, w->saved_cap * sizeof *w->saved);
            assert_non_null(w->saved);
        }
        w->saved[i] = *ref;
    }
}

static inline void crash(struct world *w)
{
    if (pick(w, 2)) take(w);
    w->flight_count = 0;
    w->ref = w->saved[w->h.durable - 1];
    w->h.wall_ms += pick(w, 4) ? pick(w, 5000) : pick(w, 3600000);
    h_restart(&w->h, false);
    after_start(w, false);
    w->crashes++;
}

static inline void stop(struct world *w)
{
    uint64_t size = h_size(&w->h);
    settle(w);
    ak_engine_stop(w->h.engine); /* h_restart does it again, which changes nothing */
    note_entries(w, size);
    settle(w);
    w->h.wall_ms += pick(w, 4) ? pick(w, 5000) : pick(w, 3600000);
    h_restart(&w->h, true);
    after_start(w, true);
    w->stops++;
}

#endif
