/* Records of what is over are used again: what one account does again and again takes no more memory. */
#include "unit/state/state_box.h"

/* ---- what one account repeats takes no more memory, which is everybody's (I18) ---- */

static void test_waits_that_come_and_go(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    for (int i = 0; i < 3000; i++) {
        struct ak_entry started = device(AK_ENTRY_RECOVERY_STARTED, (uint8_t)(i % 200));
        struct ak_entry over = device(AK_ENTRY_RECOVERY_CANCELLED, (uint8_t)(i % 200));
        started.what = over.what = AK_RECOVERY_DEVICE_REMOVE;
        expect(&box, started, AK_OK);
        expect(&box, over, AK_OK);
    }
    assert_int_equal(box.state.waiting.count, 1);
    /* one that ends in the middle gives its record to the next, and the list stays whole */
    struct ak_entry wait = device(AK_ENTRY_RECOVERY_STARTED, 1);
    wait.what = AK_RECOVERY_DEVICE_REMOVE;
    for (uint8_t i = 1; i <= 3; i++) {
        memset(wait.device, i, 32);
        expect(&box, wait, AK_OK);
    }
    struct ak_entry over = device(AK_ENTRY_RECOVERY_CANCELLED, 2);
    over.what = AK_RECOVERY_DEVICE_REMOVE;
    expect(&box, over, AK_OK);
    memset(wait.device, 4, 32);
    expect(&box, wait, AK_OK);
    const struct ak_account *account = ak_state_account(&box.state, box.anchor, NULL);
    assert_int_equal(account->waiting_count, 3);
    assert_int_equal(box.state.waiting.count, 3);
    for (uint8_t i = 1; i <= 4; i++) {
        memset(wait.device, i, 32);
        assert_int_equal(
            ak_state_waiting(&box.state, account, AK_RECOVERY_DEVICE_REMOVE, wait.device) != NULL, i != 2);
    }
    /* several that are over at a time are all used again */
    for (uint8_t i = 3; i <= 4; i++) {
        memset(over.device, i, 32);
        expect(&box, over, AK_OK);
    }
    for (uint8_t i = 5; i <= 6; i++) {
        memset(wait.device, i, 32);
        expect(&box, wait, AK_OK);
    }
    assert_int_equal(account->waiting_count, 3);
    assert_int_equal(box.state.waiting.count, 3);
    ak_arena_done(&box.arena);
}

static void test_a_policy_that_changes_again_and_again(void **state)
{
    struct box box;
    char text[AK_LIMIT_SCOPE_TEXT];
    (void)state;
    fill(&box);
    memset(text, 'a', sizeof text);
    size_t used = 0;
    for (unsigned i = 0; i < 2000; i++) {
        struct ak_entry entry = labelled(AK_ENTRY_POLICY_CHANGED, "a", 0);
        size_t len = i % 7 == 0 ? 0 : 40 + i % 2000;
        (void)snprintf(text, 12, "s%06u", i);
        text[7] = 'a';
        entry.scope = ak_span(text, len);
        expect(&box, entry, AK_OK);
        const struct ak_path_state *path = ak_state_path(&box.state, 0, AK_SPAN_LIT("a"), NULL);
        assert_true(ak_span_eq(ak_span(path->scope, path->scope_len), entry.scope));
        struct ak_entry same = labelled(AK_ENTRY_POLICY_CHANGED, "a", 0);
        same.scope = ak_span(path->scope, path->scope_len); /* its own memory */
        expect(&box, same, AK_OK);
        assert_true(ak_span_eq(ak_span(path->scope, path->scope_len), entry.scope));
        if (i == 1) used = box.arena.used;
    }
    assert_true(box.arena.used - used <= 2 * AK_LIMIT_SCOPE_TEXT);
    struct ak_entry entry = labelled(AK_ENTRY_POLICY_CHANGED, "a", 0);
    char long_text[AK_LIMIT_SCOPE_TEXT + 1];
    memset(long_text, 'a', sizeof long_text);
    entry.scope = ak_span(long_text, sizeof long_text);
    expect(&box, entry, AK_E_LIMIT);
    ak_arena_done(&box.arena);
}

static struct ak_entry numbered(enum ak_entry_type type, unsigned number)
{
    struct ak_entry entry = device(type, 0xdd);
    memcpy(entry.device, &number, sizeof number);
    return entry;
}

static const struct ak_device *find_numbered(struct box *box, unsigned number)
{
    struct ak_entry entry = numbered(AK_ENTRY_DEVICE_ENROLLED, number);
    return ak_state_device(&box->state, ak_state_account(&box->state, box->anchor, NULL), entry.device);
}

/* Of many that came and went the oldest are forgotten; so whichever comes then has no sessions of before. */
static void test_devices_that_come_and_go(void **state)
{
    struct box box;
    (void)state;
    fill(&box);
    size_t used = 0;
    for (unsigned i = 1; i < 1000; i++) {
        struct ak_entry enrolled = numbered(AK_ENTRY_DEVICE_ENROLLED, i);
        enrolled.name = ak_span_str(i % 2 ? "a long name of a device" : "x");
        expect(&box, enrolled, AK_OK);
        const struct ak_device *device = find_numbered(&box, i);
        assert_true(ak_span_eq(device->name, enrolled.name));
        bool full = i >= AK_STATE_DEVICES_ACCOUNT;
        assert_int_equal(device->sessions_after_ms, full ? box.state.last_ms : 0);
        expect(&box, numbered(AK_ENTRY_DEVICE_REMOVED, i), AK_OK);
        if (i == 2 * AK_STATE_DEVICES_ACCOUNT) used = box.arena.used;
    }
    assert_int_equal(box.state.devices.count, AK_STATE_DEVICES_ACCOUNT);
    assert_int_equal(box.arena.used, used);
    for (uint32_t i = 1; i < box.state.devices.count; i++) { /* the last ones, none of them twice */
        const struct ak_device *kept = ak_vec_at(&box.state.devices, i);
        unsigned number = 0;
        memcpy(&number, kept->thumbprint, sizeof number);
        assert_true(kept->removed && number > 1000 - AK_STATE_DEVICES_ACCOUNT);
    }
    expect(&box, numbered(AK_ENTRY_DEVICE_ENROLLED, 1), AK_OK); /* long forgotten */
    assert_int_equal(find_numbered(&box, 1)->sessions_after_ms, box.state.last_ms);
    struct ak_entry first = device(AK_ENTRY_DEVICE_ENROLLED, 1); /* the one that was there all along */
    const struct ak_account *account = ak_state_account(&box.state, box.anchor, NULL);
    assert_non_null(ak_state_device(&box.state, account, first.device));
    assert_int_equal(account->device_count, 2);
    ak_arena_done(&box.arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_waits_that_come_and_go),
        cmocka_unit_test(test_a_policy_that_changes_again_and_again),
        cmocka_unit_test(test_devices_that_come_and_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
