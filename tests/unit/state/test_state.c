/* The fold: entries that cannot follow the state are refused, whoever wrote them; unknown kinds stop a start
 * (I4). */
#include "unit/state/state_box.h"

/* Each refusal on a box of its own: a state that refused is not used further. */
static void refused(struct ak_entry entry)
{
    struct box box;
    fill(&box);
    assert_int_equal(put(&box, &entry), AK_E_MEANING);
    ak_arena_done(&box.arena);
}

static void test_what_cannot_follow(void **state)
{
    (void)state;
    struct ak_entry entry;
    refused(of(AK_ENTRY_LEDGER_OPENED));
    entry = of(AK_ENTRY_ROOT_CREATED);
    entry.root_version = 3;
    refused(entry);
    entry = of(AK_ENTRY_ACCOUNT_OPENED); /* again */
    memset(entry.omni, 0xaa, 32);
    refused(entry);
    refused(device(AK_ENTRY_DEVICE_ENROLLED, 1));
    refused(device(AK_ENTRY_DEVICE_REMOVED, 1)); /* the last one */
    refused(device(AK_ENTRY_DEVICE_REMOVED, 9));
    refused(device(AK_ENTRY_SESSION_ENDED, 9));
    refused(labelled(AK_ENTRY_PATH_ACTIVATED, "a", 0));
    refused(labelled(AK_ENTRY_PATH_ACTIVATED, "gone", 0)); /* I6 */
    refused(labelled(AK_ENTRY_PATH_ACTIVATED, "new", 1));
    const enum ak_entry_type changes[] = {AK_ENTRY_PATH_SUSPENDED, AK_ENTRY_PATH_RESUMED,
        AK_ENTRY_PATH_DECOMMISSIONED, AK_ENTRY_POLICY_CHANGED, AK_ENTRY_PATH_ROTATED};
    for (size_t i = 0; i < AK_COUNT(changes); i++) {
        refused(labelled(changes[i], "gone", 0));
        refused(labelled(changes[i], "never", 0));
        if (changes[i] != AK_ENTRY_POLICY_CHANGED) refused(labelled(changes[i], "a", 1));
    }
    entry = labelled(AK_ENTRY_POLICY_CHANGED, "a", 0);
    ak_entry_mark(&entry, AK_F_VALID_UNTIL_HEIGHT);
    refused(entry);
    entry = of(AK_ENTRY_RECOVERY_CANCELLED);
    entry.what = AK_RECOVERY_ACCOUNT_RESUME;
    refused(entry);
    entry.type = AK_ENTRY_RECOVERY_DONE;
    refused(entry);
    entry = labelled(AK_ENTRY_MESSAGE_SIGNED, "gone", 0);
    ak_entry_mark(&entry, AK_F_LABEL);
    refused(entry);
    entry = of((enum ak_entry_type)127);
    refused(entry);
    entry = of((enum ak_entry_type)255);
    refused(entry);
}

/* What a device saw brings its wait nearer, never further away. */
static void test_seen_brings_nearer(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    struct ak_entry wait = device(AK_ENTRY_RECOVERY_STARTED, 1);
    wait.what = AK_RECOVERY_DEVICE_REMOVE;
    wait.ready_at_ms = 1000;
    expect(&box, wait, AK_OK);
    wait.type = AK_ENTRY_RECOVERY_SEEN;
    wait.ready_at_ms = 999;
    expect(&box, wait, AK_OK);
    expect(&box, wait, AK_E_MEANING);
    ak_arena_done(&box.arena);
}

/* An account's name is the identity that it was opened with. */
static void test_an_account_of_another_name(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    struct ak_entry opened = of(AK_ENTRY_ACCOUNT_OPENED);
    opened.identity_type = AK_SPAN_LIT("email");
    memset(box.anchor, 0xbb, 32);
    memset(opened.omni, 0xcc, 32);
    expect(&box, opened, AK_E_MEANING);
    ak_arena_done(&box.arena);
}

/* A use type of a later version is passed over. */
static void test_unknown_use(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    struct ak_entry entry = of((enum ak_entry_type)255);
    entry.unknown_use = true;
    assert_int_equal(put(&box, &entry), AK_OK);
    entry.time_ms = 0;
    entry.has_anchor = true;
    memcpy(entry.anchor, box.anchor, 32);
    const struct ak_account *account = ak_state_account(&box.state, box.anchor, NULL);
    entry.seq = account->seq + 1;
    memcpy(entry.prev_leaf, account->last_leaf, 32);
    assert_int_equal(put(&box, &entry), AK_OK);
    assert_int_equal(account->seq, entry.seq);
    ak_arena_done(&box.arena);
}

/* Rotations only count up by one, whatever an entry says (I6). */
static void test_generations(void **state)
{
    (void)state;
    const uint64_t bad[][2] = {{0, 0}, {0, 2}, {1, 2}, {1, 0}, {UINT32_MAX, 0}};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        struct ak_entry entry = labelled(AK_ENTRY_PATH_ROTATED, "a", 0);
        entry.from = bad[i][0];
        entry.to = bad[i][1];
        refused(entry);
    }
    struct box box;
    fill(&box);
    struct ak_entry entry = labelled(AK_ENTRY_PATH_ROTATED, "a", 0);
    entry.to = 1;
    memset(entry.address, 7, 20);
    expect(&box, entry, AK_OK);
    const struct ak_path_state *path = ak_state_path(&box.state, 0, AK_SPAN_LIT("a"), NULL);
    assert_int_equal(path->generation, 1);
    assert_int_equal(path->device[0], 0xd1); /* kept */
    assert_int_equal(path->address[0], 7);
    assert_int_equal(path->rate, 5);
    ak_arena_done(&box.arena);
}

static void test_the_chain_of_an_account(void **state)
{
    (void)state;
    for (int fault = 0; fault < 3; fault++) {
        struct box box;
        fill(&box);
        struct ak_entry entry = of(AK_ENTRY_ACCOUNT_SUSPENDED);
        struct ak_entry_ref ref = {.index = 100};
        const struct ak_account *account = ak_state_account(&box.state, box.anchor, NULL);
        entry.has_anchor = true;
        memcpy(entry.anchor, box.anchor, 32);
        entry.seq = account->seq + (fault == 0 ? 2 : 1);
        memcpy(entry.prev_leaf, account->last_leaf, 32);
        if (fault == 1) entry.prev_leaf[31] ^= 1;
        if (fault == 2) entry.anchor[0] ^= 1; /* an account that was never opened */
        assert_int_equal(ak_state_apply(&box.state, &ref, &entry), AK_E_MEANING);
        ak_arena_done(&box.arena);
    }
}

static void test_bounds(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    for (uint8_t i = 2; i <= AK_LIMIT_DEVICES; i++) expect(&box, device(AK_ENTRY_DEVICE_ENROLLED, i), AK_OK);
    expect(&box, device(AK_ENTRY_DEVICE_ENROLLED, 200), AK_E_MEANING);
    for (uint8_t i = 0; i < AK_STATE_WAITING_ACCOUNT; i++) {
        struct ak_entry entry = device(AK_ENTRY_RECOVERY_STARTED, i);
        entry.what = AK_RECOVERY_DEVICE_REMOVE;
        expect(&box, entry, AK_OK);
        expect(&box, entry, AK_E_MEANING);
    }
    struct ak_entry entry = device(AK_ENTRY_RECOVERY_STARTED, 100);
    entry.what = AK_RECOVERY_DEVICE_REMOVE;
    expect(&box, entry, AK_E_MEANING);
    /* ended in the middle, at the front and at the end of the list */
    const uint8_t ended[] = {3, AK_STATE_WAITING_ACCOUNT - 1, 0};
    for (size_t i = 0; i < AK_COUNT(ended); i++) {
        entry = device(AK_ENTRY_RECOVERY_CANCELLED, ended[i]);
        entry.what = AK_RECOVERY_DEVICE_REMOVE;
        expect(&box, entry, AK_OK);
        expect(&box, entry, AK_E_MEANING);
    }
    const struct ak_account *account = ak_state_account(&box.state, box.anchor, NULL);
    assert_int_equal(account->waiting_count, AK_STATE_WAITING_ACCOUNT - 3);
    uint32_t count = 0;
    for (uint32_t at = account->first_waiting; at != AK_INDEX_NONE; count++)
        at = ((const struct ak_waiting *)ak_vec_at(&box.state.waiting, at))->next;
    assert_int_equal(count, AK_STATE_WAITING_ACCOUNT - 3);
    ak_arena_done(&box.arena);
}

static struct ak_entry identity(enum ak_entry_type type, uint8_t fill, const char *how)
{
    struct ak_entry entry = {.type = type, .identity_type = AK_SPAN_LIT("evm"), .how = ak_span_str(how)};
    memset(entry.omni, fill, 32);
    memset(entry.address, fill, 20);
    ak_entry_mark(&entry, AK_F_ADDRESS);
    return entry;
}

static struct ak_entry linked(uint8_t fill)
{
    return identity(AK_ENTRY_IDENTITY_LINKED, fill, "siwe");
}

static struct ak_entry unlinked(uint8_t fill)
{
    return identity(AK_ENTRY_IDENTITY_UNLINKED, fill, "");
}

/* Whose it is, for a request and for a sign-in. */
static void resolves(struct box *box, uint8_t fill, bool named, bool signs_in)
{
    uint8_t omni[32];
    uint32_t number = 7;
    memset(omni, fill, 32);
    const struct ak_account *account = ak_state_account_of(&box->state, omni, &number);
    assert_int_equal(account != NULL, named);
    assert_int_equal(number, named ? 0 : AK_INDEX_NONE);
    account = ak_state_identity(&box->state, omni, &number);
    assert_int_equal(account != NULL, signs_in);
    assert_int_equal(number, signs_in ? 0 : AK_INDEX_NONE);
}

/* An omni belongs to one account; the last identity that can open it stays; an anchor is its name for ever.
 */
static void test_identities(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    resolves(&box, 0xaa, true, true);
    resolves(&box, 1, false, false);
    expect(&box, unlinked(0xaa), AK_E_MEANING); /* the last */
    expect(&box, identity(AK_ENTRY_IDENTITY_LINKED, 9, "derived"), AK_OK);
    expect(&box, unlinked(0xaa), AK_E_MEANING); /* an own address is none that could open it */
    expect(&box, linked(1), AK_OK);
    expect(&box, linked(1), AK_E_MEANING);
    expect(&box, linked(0xaa), AK_E_MEANING);
    resolves(&box, 1, true, true);
    expect(&box, unlinked(0xaa), AK_OK);
    expect(&box, unlinked(0xaa), AK_E_MEANING);
    resolves(&box, 0xaa, true, false); /* still its name */
    expect(&box, unlinked(1), AK_E_MEANING);
    expect(&box, linked(0xaa), AK_OK); /* it comes back, as what it was */
    resolves(&box, 0xaa, true, true);
    expect(&box, unlinked(1), AK_OK);
    resolves(&box, 1, false, false);
    expect(&box, unlinked(1), AK_E_MEANING);
    expect(&box, unlinked(9), AK_OK); /* an own address goes whatever is left */
    expect(&box, unlinked(77), AK_E_MEANING);
    assert_int_equal(ak_state_account(&box.state, box.anchor, NULL)->linked_count, 0);
    ak_arena_done(&box.arena);
}

/* What is linked elsewhere opens no account and is nobody else's; after it was let go it may. */
static void test_identities_of_two(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    expect(&box, linked(0xbb), AK_OK);
    memset(box.anchor, 0xbb, 32);
    struct ak_entry opened = of(AK_ENTRY_ACCOUNT_OPENED);
    memcpy(opened.omni, box.anchor, 32);
    opened.identity_type = AK_SPAN_LIT("evm");
    expect(&box, opened, AK_E_MEANING);
    memset(box.anchor, 0xaa, 32);
    expect(&box, unlinked(0xbb), AK_OK);
    memset(box.anchor, 0xbb, 32);
    expect(&box, opened, AK_OK);
    expect(&box, linked(0xaa), AK_E_MEANING); /* the other's anchor */
    expect(&box, linked(5), AK_OK);
    memset(box.anchor, 0xaa, 32);
    expect(&box, linked(0xbb), AK_E_MEANING);
    expect(&box, linked(5), AK_E_MEANING);
    expect(&box, unlinked(5), AK_E_MEANING); /* not its own */
    ak_arena_done(&box.arena);
}

/* As many as may be, let go in the middle, in front and at the end, and linked again: no record is lost, none
 * is made twice. */
static void test_many_identities(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    for (uint8_t i = 1; i <= AK_STATE_LINKED_ACCOUNT; i++) expect(&box, linked(i), AK_OK);
    expect(&box, linked(100), AK_E_MEANING);
    const uint8_t ended[] = {3, AK_STATE_LINKED_ACCOUNT, 1, 2};
    for (size_t i = 0; i < AK_COUNT(ended); i++) expect(&box, unlinked(ended[i]), AK_OK);
    for (size_t i = 0; i < AK_COUNT(ended); i++) expect(&box, linked(ended[i]), AK_OK);
    expect(&box, linked(100), AK_E_MEANING);
    assert_int_equal(box.state.linked.count, AK_STATE_LINKED_ACCOUNT);
    const struct ak_account *account = ak_state_account(&box.state, box.anchor, NULL);
    uint8_t order[AK_STATE_LINKED_ACCOUNT];
    uint32_t count = 0;
    for (uint32_t at = account->first_linked; at != AK_INDEX_NONE; count++) {
        const struct ak_linked *one = ak_vec_at(&box.state.linked, at);
        order[count] = one->omni[0];
        at = one->next;
    }
    assert_int_equal(count, AK_STATE_LINKED_ACCOUNT);
    assert_int_equal(order[0], 4);
    assert_memory_equal(order + AK_STATE_LINKED_ACCOUNT - 4, ended, sizeof ended);
    ak_arena_done(&box.arena);
}

/* Thousands of records: growing indexes and pieces loses none. */
static void test_many(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    enum { MANY = 5000 };
    for (unsigned i = 0; i < MANY; i++) {
        char label[32];
        (void)snprintf(label, sizeof label, "many-%u", i);
        struct ak_entry entry = labelled(AK_ENTRY_PATH_ACTIVATED, label, 0);
        entry.scope = i % 2 ? ak_span_str(label) : AK_SPAN_LIT("common");
        expect(&box, entry, AK_OK);
    }
    for (unsigned i = 0; i < MANY; i++) {
        char label[32];
        (void)snprintf(label, sizeof label, "many-%u", i);
        const struct ak_path_state *path = ak_state_path(&box.state, 0, ak_span_str(label), NULL);
        assert_non_null(path);
        assert_true(ak_span_eq(
            ak_span(path->scope, path->scope_len), i % 2 ? ak_span_str(label) : AK_SPAN_LIT("common")));
    }
    assert_null(ak_state_path(&box.state, 0, AK_SPAN_LIT("many-5000"), NULL));
    assert_null(ak_state_path(&box.state, 1, AK_SPAN_LIT("many-1"), NULL));
    uint32_t count = 0;
    const struct ak_account *account = ak_state_account(&box.state, box.anchor, NULL);
    for (uint32_t at = account->first_path; at != AK_INDEX_NONE; count++)
        at = ak_state_path_at(&box.state, at)->next;
    assert_int_equal(count, MANY + 2);
    ak_arena_done(&box.arena);
}

/* After an unclean stop every bucket is empty for a minute of seen time; gaps are no seen time (I7). */
static void test_starts(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    uint64_t last = box.state.last_ms;
    struct ak_entry entry = of(AK_ENTRY_WORKER_STARTED);
    entry.clean = 1;
    entry.time_ms = last + 1000;
    expect(&box, entry, AK_OK);
    uint64_t unseen = box.state.unseen_ms;
    assert_int_equal(unseen, 1000);
    assert_int_equal(box.state.floor_us, 0);
    entry.clean = 0;
    entry.time_ms = last + 5000;
    expect(&box, entry, AK_OK);
    assert_int_equal(box.state.unseen_ms, unseen + 4000);
    assert_true(box.state.floor_us >= (last + 5000 - box.state.unseen_ms) * 1000 + 60000000);
    ak_arena_done(&box.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_cannot_follow),
        cmocka_unit_test(test_seen_brings_nearer),
        cmocka_unit_test(test_an_account_of_another_name),
        cmocka_unit_test(test_unknown_use),
        cmocka_unit_test(test_generations),
        cmocka_unit_test(test_the_chain_of_an_account),
        cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_identities),
        cmocka_unit_test(test_identities_of_two),
        cmocka_unit_test(test_many_identities),
        cmocka_unit_test(test_many),
        cmocka_unit_test(test_starts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
