/* Many moves and removals that are done together. */
#include "unit/engine/vault_world.h"

static void put_many(struct world *w, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char service[16];
        (void)snprintf(service, sizeof service, "many-%u", i);
        assert_int_equal(put_text(w, service, NULL, "value"), AK_CODE_OK);
    }
}

static void many_are_moved_in_one_go(void **state)
{
    struct world *w = *state;
    put_many(w, 7);
    assert_int_equal(box_put(&w->h, &w->bob, "a", NULL, AK_SPAN_LIT("bob's")), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    assert_int_equal(box_rotate(&w->h, &w->bob), AK_CODE_OK);
    box.together = 5;
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_MOVE], 5);
    expect_read(w, "many-0", NULL, 0, "value"); /* one that waits is moved first, the rest with it */
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_MOVE], 8);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_MOVED), 8);
    expect_whole(w);
    h_tick(&w->h, AK_STATE_DROP_MS - 1);
    assert_false(box_background(&w->h, &box));
    h_tick(&w->h, 1);
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_DELETE_FILE], 5);
    assert_true(box_background(&w->h, &box));
    assert_int_equal(box.done[AK_VAULT_DELETE_FILE], 8);
    assert_int_equal(box.file_count, 8);
    assert_false(box_background(&w->h, &box));
}

/* Of a batch each is looked at again by itself: one was replaced meanwhile, one deleted, one is damaged. */
static void each_of_many_stands_alone(void **state)
{
    struct world *w = *state;
    static struct ak_vault_work works[8];
    struct ak_vault_result results[8];
    put_many(w, 4);
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    assert_true(ak_engine_vault_next(w->h.engine, works));
    assert_int_equal(ak_engine_vault_more(w->h.engine, works, AK_COUNT(works)), 4);
    for (size_t i = 0; i < 4; i++) box_work(&box, &works[i], NULL, &results[i]);
    assert_int_equal(put_text(w, "many-0", NULL, "newer"), AK_CODE_OK);
    assert_int_equal(box_delete(&w->h, &w->alice, "many-1", NULL), AK_CODE_OK);
    for (size_t i = 0; i < 4; i++) {
        if (works[i].from.service[5] == '2') results[i].code = AK_VAULT_TAMPERED;
        ak_engine_vault_done(w->h.engine, &works[i], &results[i], NULL);
    }
    h_settle(&w->h);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_MOVED), 1);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_BLOB_REFUSED), 1);
    expect_read(w, "many-0", NULL, 0, "newer");
    expect_read(w, "many-3", NULL, 0, "value");
    assert_false(ak_engine_vault_next(w->h.engine, works)); /* the damaged one is passed over */
}

/* Values of 64 KiB: not more than a MiB of them together. */
static void many_have_a_bound_in_bytes(void **state)
{
    struct world *w = *state;
    static struct ak_vault_work works[AK_VAULT_TOGETHER];
    for (unsigned i = 0; i < 18; i++) {
        char service[16];
        (void)snprintf(service, sizeof service, "big-%u", i);
        assert_int_equal(box_put(&w->h, &w->alice, service, NULL, AK_SPAN_ARR(value)), AK_CODE_OK);
    }
    assert_int_equal(box_rotate(&w->h, &w->alice), AK_CODE_OK);
    assert_true(ak_engine_vault_next(w->h.engine, works));
    assert_int_equal(ak_engine_vault_more(w->h.engine, works, AK_COUNT(works)), 16);
    assert_int_equal(ak_engine_vault_more(w->h.engine, works, 1), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        VAULT_TEST(many_are_moved_in_one_go),
        VAULT_TEST(each_of_many_stands_alone),
        VAULT_TEST(many_have_a_bound_in_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
