/* Destroying an epoch's key takes with it what was made for that account and epoch, or an older one, and
 * never recorded: a first put that another one overtook left a blob under such a key (I13). */
#include "store.h"

#include "io/vault/internal.h"

static struct ak_vault vault;

/* A key of that epoch that no entry names. */
static struct ak_epoch_record stray(uint8_t account, uint32_t epoch)
{
    struct ak_epoch_record record = store_record(account, epoch);
    memset(record.key.dek_id, 0xee, sizeof record.key.dek_id);
    return record;
}

static void add_stray(uint8_t account, uint32_t epoch)
{
    const struct ak_epoch_record record = stray(account, epoch);
    const struct ak_epoch_change change = {.extra = &record, .extra_count = 1};
    assert_int_equal(ak_vault_epochs_write(&epochs, &change), AK_OK);
    assert_int_equal(ak_vault_epochs_apply(&epochs, &change), AK_OK);
}

static bool has_stray(uint8_t account, uint32_t epoch)
{
    const struct ak_epoch_record record = stray(account, epoch);
    return ak_epoch_find(&epochs.table, &record.key) != NULL;
}

static void add_all(void)
{
    for (uint8_t account = 1; account < 4; account++)
        for (uint32_t epoch = 1; epoch < 4; epoch++) {
            assert_int_equal(store_add(account, epoch), AK_OK);
            add_stray(account, epoch);
        }
}

static void destroy(const struct ak_epoch_key *items, uint32_t count)
{
    const struct ak_vault_work work = {.kind = AK_VAULT_DESTROY, .items = items, .item_count = count};
    struct ak_vault_result result = {.code = AK_VAULT_DONE};
    vault = (struct ak_vault){.epochs = epochs};
    assert_int_equal(ak_vault_destroy_deks(&vault, items, count), AK_OK);
    ak_vault_apply(&vault, &work, &result);
    assert_null(vault.gone);
    epochs = vault.epochs;
}

static void look(uint32_t first_of_1, uint32_t first_of_2, uint32_t first_of_3)
{
    const uint32_t first[] = {0, first_of_1, first_of_2, first_of_3};
    for (uint8_t account = 1; account < 4; account++)
        for (uint32_t epoch = 1; epoch < 4; epoch++) {
            assert_int_equal(store_has(&epochs.table, account, epoch), epoch >= first[account]);
            assert_int_equal(has_stray(account, epoch), epoch >= first[account]);
        }
}

static void what_was_never_recorded_goes_too(void **state)
{
    (void)state;
    add_all();
    const struct ak_epoch_key one = store_record(2, 1).key;
    destroy(&one, 1);
    look(1, 2, 1);
    assert_int_equal(store_restart(), AK_OK);
    look(1, 2, 1);
}

static void a_batch_takes_each_accounts(void **state)
{
    (void)state;
    add_all();
    const struct ak_epoch_key items[] = {store_record(1, 2).key, store_record(3, 1).key};
    destroy(items, AK_COUNT(items));
    look(3, 1, 2);
    assert_int_equal(store_restart(), AK_OK);
    look(3, 1, 2);
}

static void a_key_that_is_gone_already(void **state)
{
    (void)state;
    add_all();
    const struct ak_epoch_key items[] = {store_record(0, 1).key, store_record(9, 1).key};
    destroy(items, AK_COUNT(items));
    look(1, 1, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_was_never_recorded_goes_too, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(a_batch_takes_each_accounts, store_setup, store_teardown),
        cmocka_unit_test_setup_teardown(a_key_that_is_gone_already, store_setup, store_teardown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
