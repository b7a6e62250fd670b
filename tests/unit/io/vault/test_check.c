/* A piece of the check that ledger and store agree: what it says of each state that a stored file can be in.
 */
#include "unit/io/blob/folder.h"

#include "base/crypto/sha256.h"
#include "io/vault/check.h"

static struct folder folder;
static struct ak_blob_store store;
static struct ak_vault vault;
static struct ak_vault_check check;
static uint8_t big[AK_BLOB_LEN_MAX + 1];

static struct ak_blob_place place_of(uint8_t id)
{
    const struct ak_blob_name name = folder_name(1, 1, id);
    struct ak_blob_place place = {.service_len = name.service_len, .epoch = name.epoch};
    memcpy(place.home_wallet, name.home_wallet, sizeof place.home_wallet);
    memcpy(place.service, name.service, name.service_len);
    memcpy(place.blob_id, name.blob_id, 16);
    return place;
}

/* Stores `text` as blob `id`; the ledger names `want`. */
static void add(uint8_t id, struct ak_span text, struct ak_span want)
{
    struct ak_vault_check_blob *item = &check.items[check.count++];
    *item = (struct ak_vault_check_blob){.place = place_of(id), .found = AK_VAULT_UNOPENED};
    const struct ak_blob_name name = ak_blob_name_of(&item->place);
    ak_sha256(want, item->hash);
    if (text.ptr) assert_int_equal(store.ops->write(store.impl, &name, text), AK_OK);
}

static int setup(void **state)
{
    (void)state;
    folder_make(&folder);
    assert_int_equal(ak_blob_directory_open(folder.fd, NULL, &store), AK_OK);
    memset(&check, 0, sizeof check);
    vault = (struct ak_vault){.blobs = store};
    check.vault = &vault;
    check.what = AK_VAULT_CHECK_BLOB_FILES;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ak_vault_check_end(&check);
    ak_blob_store_close(&store);
    folder_remove(&folder);
    return 0;
}

static void each_file_is_what_its_hash_says_or_not(void **state)
{
    (void)state;
    add(1, AK_SPAN_LIT("one"), AK_SPAN_LIT("one"));
    add(2, AK_SPAN_LIT("two!"), AK_SPAN_LIT("two"));
    add(3, (struct ak_span){NULL, 0}, AK_SPAN_LIT("three"));
    add(4, AK_SPAN_LIT(""), AK_SPAN_LIT("four"));
    add(5, ak_span(big, sizeof big), ak_span(big, sizeof big)); /* one byte more than a blob can have */
    add(6, ak_span(big, sizeof big - 1), ak_span(big, sizeof big - 1));
    ak_vault_check_run(&check);
    static const enum ak_vault_code want[] = {AK_VAULT_DONE, AK_VAULT_TAMPERED, AK_VAULT_MISSING,
        AK_VAULT_TAMPERED, AK_VAULT_TAMPERED, AK_VAULT_DONE};
    for (size_t i = 0; i < AK_COUNT(want); i++) assert_int_equal(check.items[i].found, want[i]);
}

static void a_store_that_is_gone_says_nothing_of_one_blob(void **state)
{
    (void)state;
    add(1, AK_SPAN_LIT("one"), AK_SPAN_LIT("one"));
    const struct ak_blob_name name = folder_name(1, 1, 1);
    assert_int_equal(store.ops->remove(store.impl, &name), AK_OK);
    assert_int_equal(unlinkat(folder.fd, AK_BLOB_DIRECTORY, AT_REMOVEDIR), 0);
    ak_vault_check_run(&check);
    assert_int_equal(check.items[0].found, AK_VAULT_UNAVAILABLE);
}

static void names_come_in_pieces(void **state)
{
    (void)state;
    enum { MANY = AK_VAULT_CHECK_NAMES + 3 };
    for (unsigned i = 0; i < MANY; i++) {
        struct ak_blob_name name = folder_name(1, 1, 1);
        name.blob_id[14] = (uint8_t)(i >> 8);
        name.blob_id[15] = (uint8_t)i;
        assert_int_equal(store.ops->write(store.impl, &name, AK_SPAN_LIT("x")), AK_OK);
    }
    check.what = AK_VAULT_CHECK_LIST;
    ak_vault_check_run(&check);
    assert_int_equal(check.count, AK_VAULT_CHECK_NAMES);
    assert_int_equal(check.result, AK_OK);
    ak_vault_check_run(&check);
    assert_int_equal(check.count, 3);
    assert_int_equal(check.result, AK_E_NOT_FOUND); /* the end */
    assert_null(check.walk);
    ak_vault_check_run(&check); /* the next check begins anew */
    assert_int_equal(check.count, AK_VAULT_CHECK_NAMES);
}

static void an_epoch_store_that_is_none_needs_none(void **state)
{
    (void)state;
    check.what = AK_VAULT_CHECK_STORE;
    check.result = AK_E_IO;
    ak_vault_check_run(&check);
    assert_int_equal(check.result, AK_OK);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(each_file_is_what_its_hash_says_or_not),
        T(a_store_that_is_gone_says_nothing_of_one_blob), T(names_come_in_pieces),
        T(an_epoch_store_that_is_none_needs_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
