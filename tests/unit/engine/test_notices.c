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

static void ask(struct h *h, uint64_t since, struct ak_msg_notice_reply *out_reply)
{
    const struct ak_msg_notice_request request = {.since = since};
    assert_int_equal(h_call(h, NULL, AK_SPAN_EMPTY, AK_CALL_NOTICES, &request), AK_CODE_OK);
    assert_int_equal(h_read(h), AK_CODE_OK);
    h_reply(h, &ak_notice_reply_msg, out_reply);
}

/* An index alone does not say in which log it counts: after a restore another one may have grown beyond it.
 * So each answer has the root of what was read before, which is the root of the answer before and no other
 * log's. */
static void test_which_log(void **state)
{
    struct world *w = *state;
    struct ak_merkle_frontier tree;
    struct ak_msg_notice_reply reply;
    uint8_t root[32], leaf[32], last[32];
    ak_merkle_frontier_init(&tree);
    for (uint64_t i = 0; i < h_size(&w->h); i++) {
        ask(&w->h, i, &reply);
        ak_merkle_root(&tree, root);
        assert_memory_equal(reply.since_root_hash, root, 32);
        h_leaf(&w->h, i, leaf);
        ak_merkle_append(&tree, leaf, NULL);
        memcpy(last, reply.root_hash, 32);
    }
    ak_merkle_root(&tree, root);
    assert_memory_equal(last, root, 32);
    const uint64_t ends[] = {h_size(&w->h), h_size(&w->h) + 1, UINT64_MAX};
    for (size_t i = 0; i < AK_COUNT(ends); i++) {
        ask(&w->h, ends[i], &reply);
        assert_int_equal(reply.next, h_size(&w->h));
        assert_memory_equal(reply.since_root_hash, root, 32);
        assert_memory_equal(reply.root_hash, root, 32);
    }
    /* it grows: what was read stays what it was */
    uint64_t before = h_size(&w->h);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    ask(&w->h, before, &reply);
    assert_memory_equal(reply.since_root_hash, root, 32);
    assert_memory_not_equal(reply.root_hash, root, 32);
    /* what is stored does not lead to the authentic root: nothing is said of it (I11) */
    const struct ak_msg_notice_request request = {.since = before};
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_NOTICES, &request), AK_CODE_OK);
    w->h.out.read.root[0] ^= 1;
    assert_int_equal(h_read(&w->h), AK_CODE_LEDGER_DAMAGED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_notices),
        WORLD_TEST(test_which_log),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
