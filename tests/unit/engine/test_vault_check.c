/* What a check of the store found: kept beside the state, shown to its owner, forgotten once it is well. */
#include "unit/engine/vault_box.h"
#include "unit/engine/world.h"

static struct box box;

static int setup(void **state)
{
    (void)world_setup(state);
    struct world *w = *state;
    box_open(&box, &w->h);
    return 0;
}

static int teardown(void **state)
{
    box_close(&box);
    return world_teardown(state);
}

static void put_one(struct world *w, const char *service)
{
    assert_int_equal(box_put(&w->h, &w->alice, service, NULL, AK_SPAN_LIT("x")), AK_CODE_OK);
}

static void expect_stored(struct world *w, const char *service, const char *want)
{
    struct ak_msg_credential_list_reply reply;
    struct ak_msg_credential_item item;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_CREDENTIAL_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_credential_list_reply_msg, &reply);
    while (ak_list_next(&reply.credentials, &ak_credential_item_msg, &item)) {
        if (!ak_span_eq(item.service, ak_span_str(service))) continue;
        assert_true(ak_span_eq(item.stored, ak_span_str(want)));
        assert_int_equal(ak_msg_has(&item, AK_CREDENTIAL_ITEM_STORED), want[0] != 0);
        return;
    }
    fail_msg("%s is not listed", service);
}

static struct ak_blob_place place_at(struct world *w, unsigned number)
{
    struct ak_blob_place place;
    uint8_t hash[32];
    uint64_t cursor = 0;
    for (unsigned i = 0; i <= number; i++)
        assert_true(ak_engine_vault_next_blob(w->h.engine, &cursor, &place, hash));
    return place;
}

static void what_a_check_found_is_listed(void **state)
{
    struct world *w = *state;
    static const char *const services[] = {"a", "b", "c"};
    for (size_t i = 0; i < AK_COUNT(services); i++) put_one(w, services[i]);
    struct ak_blob_place places[] = {place_at(w, 0), place_at(w, 1), place_at(w, 2)};
    uint64_t size = h_size(&w->h);
    assert_true(ak_engine_vault_found(w->h.engine, &places[0], AK_VAULT_MISSING));
    assert_true(ak_engine_vault_found(w->h.engine, &places[1], AK_VAULT_TAMPERED));
    assert_true(ak_engine_vault_found(w->h.engine, &places[2], AK_VAULT_UNAVAILABLE));
    expect_stored(w, "a", "missing");
    expect_stored(w, "b", "altered");
    expect_stored(w, "c", "unreadable");
    ak_engine_vault_checked(w->h.engine); /* the next check finds one well, and one otherwise */
    assert_true(ak_engine_vault_found(w->h.engine, &places[0], AK_VAULT_DONE));
    assert_true(ak_engine_vault_found(w->h.engine, &places[2], AK_VAULT_MISSING));
    expect_stored(w, "a", "");
    expect_stored(w, "b", "altered"); /* not looked at again yet */
    expect_stored(w, "c", "missing");
    ak_engine_vault_checked(w->h.engine);
    expect_stored(w, "b", "");
    expect_stored(w, "c", "missing");
    assert_int_equal(h_size(&w->h), size); /* the ledger knows nothing of it */
    put_one(w, "c");
    expect_stored(w, "c", ""); /* another file */
    places[0].blob_id[15] ^= 1;
    assert_false(ak_engine_vault_found(w->h.engine, &places[0], AK_VAULT_MISSING)); /* nobody names it */
}

static void what_is_kept_is_bounded(void **state)
{
    struct world *w = *state;
    char name[16];
    for (unsigned i = 0; i <= AK_VAULT_DAMAGE_MAX; i++) {
        (void)snprintf(name, sizeof name, "s%u", i);
        put_one(w, name);
    }
    struct ak_blob_place first = place_at(w, 0), last = place_at(w, AK_VAULT_DAMAGE_MAX);
    for (unsigned i = 0; i <= AK_VAULT_DAMAGE_MAX; i++) {
        struct ak_blob_place place = place_at(w, i);
        assert_true(ak_engine_vault_found(w->h.engine, &place, AK_VAULT_MISSING));
    }
    expect_stored(w, "s0", "missing");
    assert_true(ak_engine_vault_found(w->h.engine, &first, AK_VAULT_DONE)); /* makes room for one */
    assert_true(ak_engine_vault_found(w->h.engine, &last, AK_VAULT_TAMPERED));
    expect_stored(w, "s0", "");
    ak_engine_vault_checked(w->h.engine);
    ak_engine_vault_checked(w->h.engine);
    expect_stored(w, "s1", "");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(what_a_check_found_is_listed), T(what_is_kept_is_bounded)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
