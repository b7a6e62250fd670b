/* Records of the state and how they are found. */
#include "core/state/identity_state.h"
#include "core/state/vault_state.h"

enum ak_err ak_state_init(struct ak_state *state, struct ak_arena *arena, const uint64_t seed[2])
{
    memset(state, 0, sizeof *state);
    state->arena = arena;
    state->issuer_version = 1;
    state->free_waiting = AK_INDEX_NONE;
    ak_vec_init(&state->accounts, arena, sizeof(struct ak_account));
    ak_vec_init(&state->devices, arena, sizeof(struct ak_device));
    ak_vec_init(&state->paths, arena, sizeof(struct ak_path_state));
    ak_vec_init(&state->waiting, arena, sizeof(struct ak_waiting));
    ak_vec_init(&state->texts, arena, sizeof(struct ak_span));
    ak_index_init(&state->by_anchor, arena, seed);
    ak_index_init(&state->by_path, arena, seed);
    ak_index_init(&state->by_text, arena, seed);
    ak_state_linked_init(state, seed);
    AK_TRY(ak_state_vault_init(state, seed));
    state->idempotent = ak_arena_alloc(arena, AK_STATE_IDEMPOTENT * sizeof *state->idempotent);
    return state->idempotent ? AK_OK : AK_E_FULL;
}

/* What is looked for in an index. */
struct key {
    const struct ak_state *state;
    uint32_t account;
    struct ak_span bytes;
};

static bool same_anchor(const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_account *account = ak_vec_at(&key->state->accounts, number);
    return memcmp(account->anchor, key->bytes.ptr, 32) == 0;
}

static uint64_t hash_anchor(const struct ak_index *index, const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_account *account = ak_vec_at(&key->state->accounts, number);
    return ak_index_hash(index, 0, AK_SPAN_ARR(account->anchor));
}

static bool same_path(const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_path_state *path = ak_vec_at(&key->state->paths, number);
    return path->account == key->account && ak_span_eq(ak_span(path->label, path->label_len), key->bytes);
}

static uint64_t hash_path(const struct ak_index *index, const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_path_state *path = ak_vec_at(&key->state->paths, number);
    return ak_index_hash(index, path->account, ak_span(path->label, path->label_len));
}

static bool same_text(const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_span *text = ak_vec_at(&key->state->texts, number);
    return ak_span_eq(*text, key->bytes);
}

static uint64_t hash_text(const struct ak_index *index, const void *ctx, uint32_t number)
{
    const struct key *key = ctx;
    const struct ak_span *text = ak_vec_at(&key->state->texts, number);
    return ak_index_hash(index, 0, *text);
}

struct ak_account *ak_state_account(
    const struct ak_state *state, const uint8_t anchor[32], uint32_t *out_number)
{
    struct key key = {.state = state, .bytes = ak_span(anchor, 32)};
    struct ak_index_ops ops = {same_anchor, hash_anchor, &key};
    uint32_t number = ak_index_find(&state->by_anchor, ak_index_hash(&state->by_anchor, 0, key.bytes), &ops);
    if (out_number) *out_number = number;
    return number == AK_INDEX_NONE ? NULL : ak_vec_at(&state->accounts, number);
}

struct ak_account *ak_state_account_at(const struct ak_state *state, uint32_t number)
{
    return ak_vec_at(&state->accounts, number);
}

struct ak_path_state *ak_state_path(
    const struct ak_state *state, uint32_t account, struct ak_span label, uint32_t *out_number)
{
    struct key key = {.state = state, .account = account, .bytes = label};
    struct ak_index_ops ops = {same_path, hash_path, &key};
    uint32_t number = ak_index_find(&state->by_path, ak_index_hash(&state->by_path, account, label), &ops);
    if (out_number) *out_number = number;
    return number == AK_INDEX_NONE ? NULL : ak_vec_at(&state->paths, number);
}

struct ak_path_state *ak_state_path_at(const struct ak_state *state, uint32_t number)
{
    return ak_vec_at(&state->paths, number);
}

struct ak_device *ak_state_device(
    const struct ak_state *state, const struct ak_account *account, const uint8_t thumbprint[32])
{
    for (uint32_t at = account->first_device; at != AK_INDEX_NONE;) {
        struct ak_device *device = ak_vec_at(&state->devices, at);
        if (!device->removed && memcmp(device->thumbprint, thumbprint, 32) == 0) return device;
        at = device->next;
    }
    return NULL;
}

struct ak_waiting *ak_state_waiting(
    const struct ak_state *state, const struct ak_account *account, uint64_t what, const uint8_t *device)
{
    static const uint8_t none[32];
    for (uint32_t at = account->first_waiting; at != AK_INDEX_NONE;) {
        struct ak_waiting *waiting = ak_vec_at(&state->waiting, at);
        if (!waiting->over && waiting->what == what &&
            memcmp(waiting->device, device ? device : none, 32) == 0)
            return waiting;
        at = waiting->next;
    }
    return NULL;
}

const struct ak_idempotent *ak_state_idempotent(
    const struct ak_state *state, uint32_t account, const uint8_t key_hash[32], uint64_t now_ms)
{
    enum { KEPT_MS = 24 * 3600 * 1000 };
    for (uint32_t i = 0; i < state->idempotent_count; i++) {
        const struct ak_idempotent *one = &state->idempotent[i];
        if (one->account == account && memcmp(one->key_hash, key_hash, 32) == 0 &&
            now_ms - one->time_ms < KEPT_MS)
            return one;
    }
    return NULL;
}

enum ak_err ak_state_reserve(struct ak_state *state)
{
    /* an entry brings at most one record of each kind and two texts: a label or name, and a scope */
    enum { TEXTS = 2 * AK_LIMIT_SCOPE_TEXT + 2 * AK_LIMIT_LABEL + 64 }; /* a definition is rounded up */
    struct key key = {.state = state};
    struct ak_index_ops anchors = {same_anchor, hash_anchor, &key};
    struct ak_index_ops paths = {same_path, hash_path, &key};
    struct ak_index_ops texts = {same_text, hash_text, &key};
    struct ak_vec *vecs[] = {
        &state->accounts, &state->devices, &state->paths, &state->waiting, &state->texts};
    for (size_t i = 0; i < AK_COUNT(vecs); i++) AK_TRY(ak_vec_reserve(vecs[i]));
    AK_TRY(ak_index_reserve(&state->by_anchor, &anchors));
    AK_TRY(ak_index_reserve(&state->by_path, &paths));
    AK_TRY(ak_index_reserve(&state->by_text, &texts));
    AK_TRY(ak_state_linked_reserve(state));
    AK_TRY(ak_state_vault_reserve(state));
    return ak_arena_reserve(state->arena, TEXTS);
}

static uint32_t find_text(const struct ak_state *state, struct ak_span text)
{
    struct key key = {.state = state, .bytes = text};
    struct ak_index_ops ops = {same_text, hash_text, &key};
    return ak_index_find(&state->by_text, ak_index_hash(&state->by_text, 0, text), &ops);
}

enum ak_err ak_state_intern(struct ak_state *state, struct ak_span text, struct ak_span *out_kept)
{
    struct key key = {.state = state, .bytes = text};
    struct ak_index_ops ops = {same_text, hash_text, &key};
    uint64_t hash = ak_index_hash(&state->by_text, 0, text);
    uint32_t number = find_text(state, text);
    *out_kept = AK_SPAN_EMPTY;
    if (number == AK_INDEX_NONE) {
        struct ak_span *fresh = ak_vec_add(&state->texts);
        if (!fresh) return AK_E_FULL;
        AK_TRY(ak_arena_copy(state->arena, text, fresh));
        number = state->texts.count - 1;
        AK_TRY(ak_index_add(&state->by_text, hash, number, &ops));
    }
    struct ak_span *kept = ak_vec_at(&state->texts, number);
    *out_kept = *kept;
    return AK_OK;
}

static void point_scope(struct ak_path_state *path, const uint8_t *text, size_t len)
{
    path->scope = text;
    path->scope_len = (uint16_t)len;
}

/* Grows in powers of two. The text may be the one that lies there. */
static enum ak_err keep_own_scope(struct ak_state *state, struct ak_path_state *path, struct ak_span text)
{
    uint16_t cap = path->scope_cap ? path->scope_cap : 64;
    while (cap < text.len) cap = (uint16_t)(cap * 2);
    if (cap != path->scope_cap) {
        uint8_t *memory = ak_arena_alloc(state->arena, cap);
        if (!memory) return AK_E_FULL;
        path->scope_own = memory;
        path->scope_cap = cap;
    }
    if (text.len) memmove(path->scope_own, text.ptr, text.len);
    point_scope(path, path->scope_own, text.len);
    return AK_OK;
}

enum ak_err ak_state_set_scope(
    struct ak_state *state, struct ak_path_state *path, struct ak_span text, bool first)
{
    struct ak_span kept;
    if (text.len > AK_LIMIT_SCOPE_TEXT) return AK_E_LIMIT;
    if (!first && find_text(state, text) == AK_INDEX_NONE) return keep_own_scope(state, path, text);
    AK_TRY(ak_state_intern(state, text, &kept));
    point_scope(path, kept.ptr, kept.len);
    return AK_OK;
}

uint32_t ak_state_new_waiting(struct ak_state *state)
{
    uint32_t number = state->free_waiting;
    if (number == AK_INDEX_NONE)
        return ak_vec_add(&state->waiting) ? state->waiting.count - 1 : AK_INDEX_NONE;
    struct ak_waiting *waiting = ak_vec_at(&state->waiting, number);
    state->free_waiting = waiting->next;
    *waiting = (struct ak_waiting){.over = false};
    return number;
}

void ak_state_free_waiting(struct ak_state *state, uint32_t number)
{
    struct ak_waiting *waiting = ak_vec_at(&state->waiting, number);
    waiting->over = true;
    waiting->next = state->free_waiting;
    state->free_waiting = number;
}

enum ak_err ak_state_index_account(struct ak_state *state, uint32_t number)
{
    struct key key = {.state = state};
    struct ak_index_ops ops = {same_anchor, hash_anchor, &key};
    return ak_index_add(&state->by_anchor, hash_anchor(&state->by_anchor, &key, number), number, &ops);
}

enum ak_err ak_state_index_path(struct ak_state *state, uint32_t number)
{
    const struct ak_path_state *path = ak_vec_at(&state->paths, number);
    struct key key = {
        .state = state, .account = path->account, .bytes = ak_span(path->label, path->label_len)};
    struct ak_index_ops ops = {same_path, hash_path, &key};
    return ak_index_claim(&state->by_path, hash_path(&state->by_path, &key, number), number, &ops);
}

/* Their places lie at random in much memory: each is asked for some steps before it is needed. */
enum ak_err ak_state_index_paths(struct ak_state *state)
{
    enum { AHEAD = 16 };
    uint64_t hashes[AHEAD];
    struct key key = {.state = state};
    struct ak_index_ops ops = {same_path, hash_path, &key};
    uint32_t count = state->paths.count;
    AK_TRY(ak_index_expect(&state->by_path, count));
    for (uint32_t i = 0; i < count + AHEAD; i++) {
        if (i >= AHEAD && i - AHEAD < count) {
            const struct ak_path_state *path = ak_vec_at(&state->paths, i - AHEAD);
            key.account = path->account;
            key.bytes = ak_span(path->label, path->label_len);
            AK_TRY(ak_index_claim(&state->by_path, hashes[i % AHEAD], i - AHEAD, &ops));
        }
        if (i >= count) continue;
        hashes[i % AHEAD] = hash_path(&state->by_path, &key, i);
        ak_index_soon(&state->by_path, hashes[i % AHEAD]);
    }
    return AK_OK;
}
