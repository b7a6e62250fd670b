/* What a broker is told of recoveries: each step once, in order, page by page. */
#include "unit/engine/link_box.h"

static void test_notices(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_notice_item items[8];
    size_t count = 0;
    uint64_t from = box_notices(h, 0, 0, items, 8, &count);
    assert_int_equal(count, 0);
    assert_int_equal(from, h_size(h));
    assert_int_equal(box_mail(h, &w->bob.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(h_person_sign(h, &w->bob, "x"), AK_CODE_OK);
    struct ak_msg_recovery_cancel_request seen = {
        .what = AK_SPAN_LIT("sign-in"), .present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE};
    memcpy(seen.device, w->bob.device.jkt, 32);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_RECOVERY_SEEN, &seen), AK_CODE_OK);
    assert_int_equal(box_cancel(h, &w->alice, "sign-in", w->bob.device.jkt), AK_CODE_OK);
    uint64_t next = box_notices(h, from, 0, items, 8, &count);
    assert_int_equal(next, h_size(h));
    assert_int_equal(count, 3);
    const char *const states[] = {"started", "seen", "cancelled"};
    for (size_t i = 0; i < count; i++) {
        assert_true(ak_span_eq(items[i].state, ak_span_str(states[i])));
        assert_true(ak_span_eq(items[i].what, AK_SPAN_LIT("sign-in")));
        assert_memory_equal(items[i].anchor, w->alice.anchor, 32);
        assert_memory_equal(items[i].device, w->bob.device.jkt, 32);
        assert_int_equal(ak_msg_has(&items[i], AK_NOTICE_ITEM_READY_AT), i < 2);
    }
    assert_int_equal(items[0].ready_at, (h->wall_ms + H_DAY_MS) / 1000);
    /* page by page, none twice; beyond the end nothing */
    for (size_t i = 0; i < 3; i++) {
        from = box_notices(h, from, 1, items, 8, &count);
        assert_int_equal(count, 1);
        assert_true(ak_span_eq(items[0].state, ak_span_str(states[i])));
    }
    assert_int_equal(box_notices(h, UINT64_MAX, 0, items, 8, &count), h_size(h));
    assert_int_equal(count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_notices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
