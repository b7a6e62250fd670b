/* The vault's part of the fold: entries that cannot follow the state are refused, whoever wrote them; and
 * what a blob costs in memory. */
#include "unit/check.h"
#include "unit/heap_hooks.h"

#include "core/state/vault_state.h"

static struct ak_arena arena;
static struct ak_state fold_state;
static uint64_t next_index;
static uint8_t anchor[32];

static enum ak_err put(struct ak_entry entry)
{
    struct ak_entry_ref ref = {.index = next_index++};
    const struct ak_entry_type_info *info = ak_entry_type_info(entry.type);
    const struct ak_account *account = ak_state_account(&fold_state, anchor, NULL);
    memset(ref.leaf, (int)(ref.index % 250 + 1), 32);
    entry.present |= info->required;
    entry.time_ms = fold_state.last_ms + 1;
    if (info->account) {
        entry.has_anchor = true;
        memcpy(entry.anchor, anchor, 32);
        entry.seq = account ? account->seq + 1 : 1;
        if (account) memcpy(entry.prev_leaf, account->last_leaf, 32);
    }
    return ak_state_apply(&fold_state, &ref, &entry);
}

static struct ak_entry rotated(uint64_t from, uint64_t to)
{
    struct ak_entry entry = {.type = AK_ENTRY_EPOCH_ROTATED, .from = from, .to = to};
    memset(entry.dek_id, (int)to, sizeof entry.dek_id);
    return entry;
}

static struct ak_entry written(const char *service, uint64_t version, uint64_t epoch, uint8_t id)
{
    struct ak_entry entry = {.type = AK_ENTRY_BLOB_WRITTEN,
        .credential = ak_span_str(service),
        .epoch = epoch,
        .value_version = version,
        .size = 5};
    memset(entry.blob_id, id, sizeof entry.blob_id);
    memset(entry.hash, id, sizeof entry.hash);
    return entry;
}

static struct ak_entry moved(const char *service, uint64_t from, uint64_t to, uint8_t old_id, uint8_t id)
{
    struct ak_entry entry = {
        .type = AK_ENTRY_BLOB_MOVED, .credential = ak_span_str(service), .from = from, .to = to};
    memset(entry.old_blob_id, old_id, sizeof entry.old_blob_id);
    memset(entry.blob_id, id, sizeof entry.blob_id);
    return entry;
}

static struct ak_entry of_blob(enum ak_entry_type type, const char *service, uint8_t id)
{
    struct ak_entry entry = {.type = type, .credential = ak_span_str(service), .epoch = 1};
    memset(entry.blob_id, id, sizeof entry.blob_id);
    return entry;
}

static struct ak_entry with_label(struct ak_entry entry, const char *label)
{
    entry.label = ak_span_str(label);
    ak_entry_mark(&entry, AK_F_LABEL);
    return entry;
}

static struct ak_entry restoring(struct ak_entry entry, uint64_t version)
{
    entry.restores = version;
    ak_entry_mark(&entry, AK_F_RESTORES);
    return entry;
}

static int setup(void **state)
{
    static const uint64_t seed[2] = {UINT64_C(0x9e3779b97f4a7c15), UINT64_C(0xbf58476d1ce4e5b9)};
    struct ak_entry root = {.type = AK_ENTRY_ROOT_CREATED, .root_version = 1};
    struct ak_entry opened = {.type = AK_ENTRY_ACCOUNT_OPENED, .identity_type = AK_SPAN_LIT("email")};
    (void)state;
    next_index = 0;
    memset(anchor, 0xaa, sizeof anchor);
    memset(opened.omni, 0xaa, sizeof opened.omni);
    ak_arena_init(&arena, ak_test_heap_hooks(), (size_t)256 << 20);
    assert_int_equal(ak_state_init(&fold_state, &arena, seed), AK_OK);
    assert_int_equal(put((struct ak_entry){.type = AK_ENTRY_LEDGER_OPENED}), AK_OK);
    assert_int_equal(put(root), AK_OK);
    assert_int_equal(put(opened), AK_OK);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_arena_done(&arena);
    return 0;
}

static void epochs_follow_each_other(void **state)
{
    (void)state;
    static const uint64_t bad[][2] = {{0, 2}, {1, 2}, {1, 1}};
    for (size_t i = 0; i < AK_COUNT(bad); i++)
        assert_int_equal(put(rotated(bad[i][0], bad[i][1])), AK_E_MEANING);
    assert_int_equal(put(rotated(0, 1)), AK_OK);
    assert_int_equal(put(rotated(0, 1)), AK_E_MEANING);
    assert_int_equal(put(rotated(1, 2)), AK_OK);
    assert_int_equal(put(rotated(2, 3)), AK_E_MEANING); /* two are live */
}

static void an_epoch_in_use_is_not_destroyed(void **state)
{
    (void)state;
    struct ak_entry destroyed = {.type = AK_ENTRY_EPOCH_DESTROYED, .epoch = 1};
    assert_int_equal(put(destroyed), AK_E_MEANING);
    assert_int_equal(put(rotated(0, 1)), AK_OK);
    assert_int_equal(put(written("a", 1, 1, 1)), AK_OK);
    assert_int_equal(put(destroyed), AK_E_MEANING); /* the current one */
    assert_int_equal(put(rotated(1, 2)), AK_OK);
    assert_int_equal(put(destroyed), AK_E_MEANING); /* I14 */
    assert_int_equal(put(of_blob(AK_ENTRY_BLOB_REFUSED, "a", 1)), AK_OK);
    assert_int_equal(put(destroyed), AK_E_MEANING); /* refused is not superseded */
    assert_int_equal(put(moved("a", 1, 2, 1, 2)), AK_OK);
    destroyed.epoch = 2;
    assert_int_equal(put(destroyed), AK_E_MEANING);
    destroyed.epoch = 1;
    assert_int_equal(put(destroyed), AK_OK);
    assert_int_equal(put(destroyed), AK_E_MEANING);
}

static void values_go_into_the_current_epoch(void **state)
{
    (void)state;
    assert_int_equal(put(written("a", 1, 1, 1)), AK_E_MEANING); /* there is none */
    assert_int_equal(put(rotated(0, 1)), AK_OK);
    assert_int_equal(put(written("a", 1, 2, 1)), AK_E_MEANING);
    assert_int_equal(put(with_label(written("a", 1, 1, 1), "nobody")), AK_E_MEANING);
    assert_int_equal(put(written("a", 2, 1, 1)), AK_E_MEANING);
    struct ak_entry large = written("a", 1, 1, 1);
    large.size = AK_LIMIT_VALUE + 1;
    assert_int_equal(put(large), AK_E_MEANING);
    assert_int_equal(put(written("a", 1, 1, 1)), AK_OK);
    assert_int_equal(put(written("a", 1, 1, 2)), AK_E_MEANING);
    assert_int_equal(put(rotated(1, 2)), AK_OK);
    assert_int_equal(put(written("a", 2, 1, 2)), AK_E_MEANING);
    assert_int_equal(put(written("a", 2, 2, 2)), AK_OK);
}

static void a_roll_back_names_a_kept_version(void **state)
{
    (void)state;
    assert_int_equal(put(rotated(0, 1)), AK_OK);
    assert_int_equal(put(restoring(written("a", 1, 1, 1), 0)), AK_E_MEANING);
    assert_int_equal(put(written("a", 1, 1, 1)), AK_OK);
    assert_int_equal(put(written("a", 2, 1, 2)), AK_OK);
    assert_int_equal(put(restoring(written("a", 3, 1, 2), 2)), AK_E_MEANING); /* the current one */
    assert_int_equal(put(restoring(written("a", 3, 1, 3), 9)), AK_E_MEANING);
    struct ak_entry other = restoring(written("a", 3, 1, 1), 1);
    other.hash[0] ^= 1;
    assert_int_equal(put(other), AK_E_MEANING); /* the same blob with another hash */
    assert_int_equal(put(restoring(written("a", 3, 1, 1), 1)), AK_OK);
    assert_int_equal(fold_state.blob_count, 2);
    assert_int_equal(put(rotated(1, 2)), AK_OK);
    assert_int_equal(put(restoring(written("a", 4, 2, 2), 2)), AK_E_MEANING); /* that blob is of epoch 1 */
    assert_int_equal(put(restoring(written("a", 4, 2, 7), 2)), AK_OK);
    assert_int_equal(fold_state.blob_count, 2);
}

static void a_move_is_compare_and_swap(void **state)
{
    (void)state;
    assert_int_equal(put(moved("a", 0, 1, 1, 2)), AK_E_MEANING);
    assert_int_equal(put(rotated(0, 1)), AK_OK);
    assert_int_equal(put(written("a", 1, 1, 1)), AK_OK);
    assert_int_equal(put(moved("a", 1, 1, 1, 2)), AK_E_MEANING);
    assert_int_equal(put(rotated(1, 2)), AK_OK);
    assert_int_equal(put(moved("b", 1, 2, 1, 2)), AK_E_MEANING);
    assert_int_equal(put(with_label(moved("a", 1, 2, 1, 2), "nobody")), AK_E_MEANING);
    assert_int_equal(put(moved("a", 1, 2, 9, 2)), AK_E_MEANING);
    assert_int_equal(put(moved("a", 2, 2, 1, 2)), AK_E_MEANING);
    assert_int_equal(put(moved("a", 1, 3, 1, 2)), AK_E_MEANING);
    assert_int_equal(put(moved("a", 1, 2, 1, 2)), AK_OK);
    assert_int_equal(put(moved("a", 1, 2, 1, 2)), AK_E_MEANING);
}

static void deletions_and_reads_name_what_is_there(void **state)
{
    (void)state;
    struct ak_entry defined = {.type = AK_ENTRY_SERVICE_DEFINED, .credential = AK_SPAN_LIT("a")};
    static uint8_t text[AK_LIMIT_DEFINITION + 1];
    assert_int_equal(put(of_blob(AK_ENTRY_BLOB_DELETED, "a", 1)), AK_E_MEANING);
    assert_int_equal(put(rotated(0, 1)), AK_OK);
    assert_int_equal(put(written("a", 1, 1, 1)), AK_OK);
    assert_int_equal(put(of_blob(AK_ENTRY_BLOB_DELETED, "a", 2)), AK_E_MEANING);
    assert_int_equal(put(of_blob(AK_ENTRY_CREDS_READ, "b", 1)), AK_E_MEANING);
    assert_int_equal(put(of_blob(AK_ENTRY_CREDS_READ, "a", 1)), AK_OK);
    assert_int_equal(put(of_blob(AK_ENTRY_BLOB_REFUSED, "a", 2)), AK_OK);
    assert_int_equal(put(of_blob(AK_ENTRY_BLOB_REFUSED, "b", 2)), AK_OK);
    assert_int_equal(put(of_blob(AK_ENTRY_BLOB_DELETED, "a", 1)), AK_OK);
    assert_int_equal(put(of_blob(AK_ENTRY_BLOB_DELETED, "a", 1)), AK_E_MEANING);
    assert_int_equal(put(written("a", 1, 1, 1)), AK_E_MEANING); /* versions go on */
    assert_int_equal(put(written("a", 2, 1, 1)), AK_OK);
    defined.definition = ak_span(text, AK_LIMIT_DEFINITION + 1);
    assert_int_equal(put(defined), AK_E_LIMIT);
    defined.definition.len--;
    assert_int_equal(put(defined), AK_OK);
}

/* A definition that is changed again and again takes no more memory. */
static void definitions_reuse_their_memory(void **state)
{
    (void)state;
    static uint8_t text[AK_LIMIT_DEFINITION];
    struct ak_entry defined = {.type = AK_ENTRY_SERVICE_DEFINED, .credential = AK_SPAN_LIT("a")};
    size_t used = 0;
    for (size_t i = 0; i < 2000; i++) {
        defined.definition = ak_span(text, i % 2 ? 1 + i % 64 : AK_LIMIT_DEFINITION);
        assert_int_equal(put(defined), AK_OK);
        if (i == 1) used = arena.used;
    }
    assert_int_equal(arena.used, used);
}

static void put_many(unsigned count, unsigned names)
{
    char name[16];
    for (unsigned i = 0; i < count; i++) {
        (void)snprintf(name, sizeof name, "service-%u", i % names);
        struct ak_entry entry = written(name, i / names + 1, 1, 0);
        memcpy(entry.blob_id, &i, sizeof i);
        assert_int_equal(put(entry), AK_OK);
    }
}

/* A million blobs are 200 MB at the most: accounts of a thousand credentials each, whose services' names they
 * share; accounts, epochs and indexes included. */
static void a_blob_takes_at_most_200_bytes(void **state)
{
    (void)state;
    enum { ACCOUNTS = 100, EACH = 1000 };
    struct ak_entry opened = {.type = AK_ENTRY_ACCOUNT_OPENED, .identity_type = AK_SPAN_LIT("email")};
    size_t before = arena.used;
    for (uint8_t i = 0; i < ACCOUNTS; i++) {
        anchor[0] = i;
        memcpy(opened.omni, anchor, sizeof opened.omni);
        memset(opened.home_wallet, i, sizeof opened.home_wallet);
        assert_int_equal(put(opened), AK_OK);
        assert_int_equal(put(rotated(0, 1)), AK_OK);
        put_many(EACH, EACH);
    }
    assert_int_equal(fold_state.blob_count, ACCOUNTS * EACH);
    assert_true(arena.used - before <= (size_t)ACCOUNTS * EACH * 200);
}

/* Three versions are kept: that much and no more, however often a value changes. */
static void changed_values_reuse_their_memory(void **state)
{
    (void)state;
    assert_int_equal(put(rotated(0, 1)), AK_OK);
    put_many(4000, 1000);
    size_t used = arena.used;
    assert_int_equal(fold_state.blob_count, 3000);
    for (unsigned i = 5; i < 100; i++) assert_int_equal(put(written("service-1", i, 1, (uint8_t)i)), AK_OK);
    assert_int_equal(fold_state.blob_count, 3000);
    assert_int_equal(arena.used, used);
}

#define FOLD_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLD_TEST(epochs_follow_each_other),
        FOLD_TEST(an_epoch_in_use_is_not_destroyed),
        FOLD_TEST(values_go_into_the_current_epoch),
        FOLD_TEST(a_roll_back_names_a_kept_version),
        FOLD_TEST(a_move_is_compare_and_swap),
        FOLD_TEST(deletions_and_reads_name_what_is_there),
        FOLD_TEST(definitions_reuse_their_memory),
        FOLD_TEST(a_blob_takes_at_most_200_bytes),
        FOLD_TEST(changed_values_reuse_their_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
