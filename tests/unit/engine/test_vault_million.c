/* A million credentials, without files and the ledger's hashes: what they cost in memory, that a snapshot
 * holds them, and that no step of a sweep becomes dearer the more there are; were one to look at all of them
 * each time, this test would run for hours. */
#include "core/engine/internal.h"
#include "core/state/vault_state.h"
#include "unit/check.h"
#include "unit/engine/harness.h"

enum { ACCOUNTS = 1000, EACH = 1000, BLOBS = ACCOUNTS * EACH, DROPS = 4096 };

static struct h h;
static struct ak_state *folded;
static uint8_t anchor[32];
static struct ak_vault_work works[AK_VAULT_TOGETHER];

static void put(struct ak_entry entry)
{
    struct ak_entry_ref ref = {.index = 1, .leaf = {1}};
    const struct ak_entry_type_info *info = ak_entry_type_info(entry.type);
    const struct ak_account *account = ak_state_account(folded, anchor, NULL);
    entry.present |= info->required;
    entry.time_ms = folded->last_ms;
    entry.has_anchor = true;
    memcpy(entry.anchor, anchor, 32);
    entry.seq = account ? account->seq + 1 : 1;
    if (account) memcpy(entry.prev_leaf, account->last_leaf, 32);
    enum ak_err err = ak_state_apply(folded, &ref, &entry);
    if (err) fail_msg("entry type %d: error %d", (int)entry.type, (int)err);
}

static void be(unsigned account)
{
    memset(anchor, 0x3c, sizeof anchor);
    memcpy(anchor, &account, sizeof account);
}

static struct ak_span service_of(unsigned number)
{
    static char text[16];
    (void)snprintf(text, sizeof text, "service-%u", number);
    return ak_span_str(text);
}

static void make_id(unsigned account, unsigned service, uint8_t epoch, uint8_t out_id[16])
{
    memset(out_id, epoch, 16);
    memcpy(out_id, &account, sizeof account);
    memcpy(out_id + 8, &service, sizeof service);
}

static void rotate(unsigned to)
{
    struct ak_entry entry = {.type = AK_ENTRY_EPOCH_ROTATED, .from = to - 1, .to = to};
    memset(entry.dek_id, (int)to, sizeof entry.dek_id);
    put(entry);
}

static void fill_account(unsigned account)
{
    struct ak_entry opened = {.type = AK_ENTRY_ACCOUNT_OPENED, .identity_type = AK_SPAN_LIT("email")};
    be(account);
    memcpy(opened.omni, anchor, sizeof opened.omni);
    memcpy(opened.home_wallet, anchor, sizeof opened.home_wallet);
    put(opened);
    rotate(1);
    for (unsigned i = 0; i < EACH; i++) {
        struct ak_entry entry = {.type = AK_ENTRY_BLOB_WRITTEN,
            .credential = service_of(i),
            .epoch = 1,
            .value_version = 1,
            .size = 1024};
        make_id(account, i, 1, entry.blob_id);
        put(entry);
    }
}

static bool has(unsigned account, unsigned service, uint8_t epoch)
{
    struct ak_blob_name name = {.epoch = epoch};
    struct ak_span text = service_of(service);
    be(account);
    memcpy(name.home_wallet, anchor, sizeof name.home_wallet);
    memcpy(name.service, text.ptr, text.len);
    name.service_len = (uint8_t)text.len;
    make_id(account, service, epoch, name.blob_id);
    return ak_engine_vault_has_blob(h.engine, &name);
}

static void memory_and_snapshot(size_t before)
{
    struct h_bytes bytes = {0};
    assert_int_equal(folded->blob_count, BLOBS);
    print_message("%.1f bytes a blob\n", (double)(h.arena.used - before) / BLOBS);
    assert_true(h.arena.used - before <= (size_t)BLOBS * 200);
    h_snapshot(h.engine, &bytes);
    struct ak_arena arena;
    struct ak_engine *again = h_replay(&h, 0, &arena);
    assert_int_equal(ak_engine_snapshot_read(again, ak_span(bytes.ptr, bytes.len)), AK_OK);
    assert_int_equal(ak_engine_state(again)->blob_count, BLOBS);
    assert_true(arena.used <= h.arena.used);
    ak_engine_free(again);
    ak_arena_done(&arena);
    free(bytes.ptr);
}

/* What a look for orphans asks of each file's name. */
static void every_name_is_found(void)
{
    for (unsigned account = 0; account < ACCOUNTS; account++)
        for (unsigned i = 0; i < EACH; i += 4)
            if (!has(account, i, 1) || has(account, i, 2)) fail_msg("blob %u of %u", i, account);
}

static void tell(size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct ak_vault_result result = {.code = AK_VAULT_DONE, .size = works[i].size};
        if (!ak_engine_has_room(h.engine)) h_settle(&h);
        ak_engine_vault_done(h.engine, &works[i], &result, NULL);
    }
    h_settle(&h);
}

/* Through the engine, until the files that are left behind are as many as it remembers. */
static void some_are_moved(void)
{
    size_t moved = 0;
    while (ak_engine_vault_next(h.engine, works)) {
        assert_int_equal(works[0].kind, AK_VAULT_MOVE);
        size_t count = ak_engine_vault_more(h.engine, works, AK_COUNT(works));
        assert_true(count > 1 || moved == DROPS - 1);
        tell(count);
        moved += count;
    }
    assert_int_equal(moved, DROPS);
    h_tick(&h, AK_STATE_DROP_MS);
    for (size_t removed = 0; removed < DROPS; removed += AK_VAULT_TOGETHER) {
        assert_true(ak_engine_vault_next(h.engine, works));
        assert_int_equal(works[0].kind, AK_VAULT_DELETE_FILE);
        assert_int_equal(ak_engine_vault_more(h.engine, works, AK_COUNT(works)), AK_VAULT_TOGETHER);
        tell(AK_VAULT_TOGETHER);
    }
    assert_true(ak_engine_vault_next(h.engine, works));
    assert_int_equal(works[0].kind, AK_VAULT_MOVE);
}

static void the_rest_is_moved(void)
{
    struct ak_blob_place place;
    uint8_t hash[32];
    for (uint64_t cursor = 0; ak_engine_vault_next_blob(h.engine, &cursor, &place, hash);) {
        if (place.epoch == 2) continue;
        struct ak_entry entry = {.type = AK_ENTRY_BLOB_MOVED,
            .credential = ak_span(place.service, place.service_len),
            .from = 1,
            .to = 2};
        memcpy(anchor, place.anchor, sizeof anchor);
        memcpy(entry.old_blob_id, place.blob_id, 16);
        memcpy(entry.blob_id, place.blob_id, 16);
        entry.blob_id[15] ^= 0xff;
        put(entry);
    }
}

/* All thousand epochs in one piece of work, which is one rewrite of the store. */
static void all_epochs_are_destroyed_at_once(void)
{
    unsigned destroyed = 0;
    h_tick(&h, AK_VAULT_DEADLINE_MS);
    for (unsigned pieces = 0; destroyed < ACCOUNTS; pieces++) {
        assert_true(pieces < 2 * DROPS && ak_engine_vault_next(h.engine, works));
        if (works[0].kind == AK_VAULT_DESTROY) {
            assert_int_equal(works[0].item_count, ACCOUNTS);
            destroyed += works[0].item_count;
        }
        tell(1);
    }
    while (h.engine->vault->writing) {
        h_settle(&h);
        (void)ak_engine_vault_next(h.engine, works);
    }
    h_settle(&h);
    assert_int_equal(h_count(&h, 0, AK_ENTRY_EPOCH_DESTROYED), ACCOUNTS);
}

static void a_million_credentials(void **state)
{
    (void)state;
    h_open(&h);
    folded = &h.engine->state;
    size_t before = h.arena.used;
    for (unsigned i = 0; i < ACCOUNTS; i++) fill_account(i);
    memory_and_snapshot(before);
    every_name_is_found();
    for (unsigned i = 0; i < ACCOUNTS; i++) {
        be(i);
        rotate(2);
    }
    some_are_moved();
    the_rest_is_moved();
    all_epochs_are_destroyed_at_once();
    h_close(&h);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_million_credentials)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
