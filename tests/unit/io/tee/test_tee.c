/* The interface's contract on the software backend: sealing is bound to its number, the counter only goes
 * forward, damage is noticed, nothing is claimed. */
#include "unit/check.h"

#include <errno.h>

#include "unit/io/tee/world.h"

static int setup(void **state)
{
    (void)state;
    memfs_init(&fs);
    return world_open_tee(true) == AK_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ak_tee_close(&tee);
    ak_tee_close(&tee);
    return 0;
}

static void claims_nothing(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    assert_int_equal(tee.ops->caps(tee.impl), AK_TEE_INSECURE_DEV);
    memset(bytes, 1, sizeof bytes);
    assert_int_equal(tee.ops->measurement(tee.impl, bytes), AK_E_UNSUPPORTED);
    assert_int_equal(bytes[0], 0);
    assert_int_equal(tee.ops->report(tee.impl, bytes, &buf), AK_E_UNSUPPORTED);
    assert_int_equal(buf.len, 0);
    assert_int_equal(tee.ops->probe(), AK_OK);
    assert_non_null(strstr(tee.ops->warning(), "does not protect"));
    assert_ptr_equal(ak_tee_find(AK_SPAN_LIT("software")), &ak_tee_software);
    assert_null(ak_tee_find(AK_SPAN_LIT("sev-snp")));
    assert_null(ak_tee_find(AK_SPAN_EMPTY));
    assert_string_equal(ak_tee_cap_names[0], "report");
    assert_string_equal(ak_tee_cap_names[6], "insecure_dev");
    assert_string_equal(ak_tee_cap_names[7], "maker");
    assert_null(ak_tee_cap_names[8]);
}

static void sealing_is_bound(void **state)
{
    (void)state;
    struct ak_secret32 kek, back;
    uint8_t blob[AK_TEE_KEK_BLOB_MAX], small[59];
    struct ak_buf buf = AK_BUF_ARR(blob), tight = AK_BUF_ARR(small);
    assert_int_equal(tee.ops->random(tee.impl, kek.bytes, 32), AK_OK);
    assert_int_equal(tee.ops->seal(tee.impl, &kek, 5, &buf), AK_OK);
    assert_int_equal(buf.len, 60);
    assert_int_equal(tee.ops->unseal(tee.impl, ak_buf_span(&buf), 5, &back), AK_OK);
    assert_memory_equal(kek.bytes, back.bytes, 32);
    assert_int_equal(tee.ops->unseal(tee.impl, ak_buf_span(&buf), 4, &back), AK_E_AUTH);
    assert_int_equal(tee.ops->unseal(tee.impl, ak_buf_span(&buf), 6, &back), AK_E_AUTH);
    for (size_t i = 0; i < buf.len; i++) {
        blob[i] ^= 0x10;
        assert_int_equal(tee.ops->unseal(tee.impl, ak_buf_span(&buf), 5, &back), AK_E_AUTH);
        for (size_t b = 0; b < 32; b++) assert_int_equal(back.bytes[b], 0);
        blob[i] ^= 0x10;
    }
    for (size_t len = 0; len <= 62; len++)
        if (len != 60) assert_int_equal(tee.ops->unseal(tee.impl, ak_span(blob, len), 5, &back), AK_E_AUTH);
    assert_int_equal(tee.ops->seal(tee.impl, &kek, 5, &tight), AK_E_FULL);
    /* Another installation's key opens nothing. */
    teardown(NULL);
    assert_int_equal(setup(NULL), 0);
    assert_int_equal(tee.ops->unseal(tee.impl, ak_span(blob, 60), 5, &back), AK_E_AUTH);
}

static void counter_only_goes_forward(void **state)
{
    (void)state;
    uint8_t id[16], again[16];
    uint64_t value = 9;
    assert_int_equal(tee.ops->counter_read(tee.impl, id, &value), AK_OK);
    assert_true(value == 0);
    assert_int_equal(tee.ops->counter_advance(tee.impl, 1), AK_E_CONFLICT);
    assert_int_equal(tee.ops->counter_advance(tee.impl, 0), AK_OK);
    assert_int_equal(tee.ops->counter_advance(tee.impl, 0), AK_E_CONFLICT);
    teardown(NULL);
    assert_int_equal(world_open_tee(false), AK_OK);
    assert_int_equal(tee.ops->counter_read(tee.impl, again, &value), AK_OK);
    assert_true(value == 1);
    assert_memory_equal(id, again, 16);
    /* create again changes neither */
    teardown(NULL);
    assert_int_equal(world_open_tee(true), AK_OK);
    assert_int_equal(tee.ops->counter_read(tee.impl, again, &value), AK_OK);
    assert_true(value == 1);
    assert_memory_equal(id, again, 16);
}

static void damaged_counter_is_noticed(void **state)
{
    (void)state;
    uint8_t id[16];
    uint64_t value;
    struct memfs_inode *counter = memfs_find(&fs, 1, "counter");
    assert_int_equal(counter->len, 64);
    for (size_t i = 0; i < 64; i++) {
        counter->bytes[i] ^= 0x01;
        assert_int_equal(tee.ops->counter_read(tee.impl, id, &value), AK_E_AUTH);
        assert_int_equal(tee.ops->counter_advance(tee.impl, 0), AK_E_AUTH);
        counter->bytes[i] ^= 0x01;
    }
    counter->len = 63;
    assert_int_equal(tee.ops->counter_read(tee.impl, id, &value), AK_E_AUTH);
    counter->len = 65;
    assert_int_not_equal(tee.ops->counter_read(tee.impl, id, &value), AK_OK);
    teardown(NULL);
    assert_int_equal(world_open_tee(false), AK_E_AUTH);
    assert_int_equal(world_open_tee(true), AK_E_AUTH);
}

static void missing_files(void **state)
{
    (void)state;
    teardown(NULL);
    memfs_remove(&fs, 1, "counter");
    assert_int_equal(world_open_tee(false), AK_E_NOT_FOUND);
    assert_int_equal(world_open_tee(true), AK_OK); /* an interrupted init is taken up */
    teardown(NULL);
    memfs_remove(&fs, 1, "key"); /* a counter without key: no accident of ours */
    assert_int_equal(world_open_tee(false), AK_E_AUTH);
    assert_int_equal(world_open_tee(true), AK_E_AUTH);
    memfs_remove(&fs, 1, "counter");
    assert_int_equal(world_open_tee(false), AK_E_NOT_FOUND);
    memfs_put(&fs, 1, "key", (const uint8_t *)"short", 5);
    assert_int_equal(world_open_tee(true), AK_E_AUTH);
    uint8_t long_key[33] = {0};
    memfs_put(&fs, 1, "key", long_key, 33);
    assert_int_equal(world_open_tee(true), AK_E_AUTH);
    fs.fail_at = fs.calls + 1;
    assert_int_equal(world_open_tee(true), AK_E_IO);
    assert_null(tee.impl);
}

static void slots_hold_and_forget(void **state)
{
    (void)state;
    uint8_t bytes[AK_TEE_SLOT_MAX + 1] = {7}, back[AK_TEE_SLOT_MAX];
    struct ak_buf buf = AK_BUF_ARR(back);
    assert_int_equal(tee.ops->slot_read(tee.impl, 0, &buf), AK_E_NOT_FOUND);
    assert_int_equal(tee.ops->slot_erase(tee.impl, 0), AK_E_NOT_FOUND);
    assert_int_equal(tee.ops->slot_write(tee.impl, 0, ak_span(bytes, AK_TEE_SLOT_MAX + 1)), AK_E_LIMIT);
    assert_int_equal(tee.ops->slot_write(tee.impl, 2, ak_span(bytes, 1)), AK_E_ARG);
    assert_int_equal(tee.ops->slot_read(tee.impl, 2, &buf), AK_E_ARG);
    assert_int_equal(tee.ops->slot_erase(tee.impl, 2), AK_E_ARG);
    assert_int_equal(tee.ops->slot_write(tee.impl, 0, ak_span(bytes, AK_TEE_SLOT_MAX)), AK_OK);
    assert_int_equal(tee.ops->slot_read(tee.impl, 0, &buf), AK_OK);
    assert_int_equal(buf.len, AK_TEE_SLOT_MAX);
    assert_memory_equal(back, bytes, AK_TEE_SLOT_MAX);
    assert_int_equal(tee.ops->slot_read(tee.impl, 0, &buf), AK_E_FULL);
    /* One slot's file in the other's place is refused. */
    struct memfs_inode *file = memfs_find(&fs, 2, "slot0");
    memfs_put(&fs, 2, "slot1", file->bytes, file->len);
    buf = AK_BUF_ARR(back);
    assert_int_equal(tee.ops->slot_read(tee.impl, 1, &buf), AK_E_AUTH);
    assert_int_equal(buf.len, 0);
    file->bytes[20] ^= 1;
    assert_int_equal(tee.ops->slot_read(tee.impl, 0, &buf), AK_E_AUTH);
    assert_int_equal(tee.ops->slot_erase(tee.impl, 0), AK_OK);
    assert_int_equal(tee.ops->slot_read(tee.impl, 0, &buf), AK_E_NOT_FOUND);
    for (size_t i = 0; i < sizeof file->bytes; i++) assert_int_equal(file->bytes[i], 0);
    memfs_put(&fs, 2, "slot0", bytes, 10);
    assert_int_equal(tee.ops->slot_read(tee.impl, 0, &buf), AK_E_AUTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(claims_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(sealing_is_bound, setup, teardown),
        cmocka_unit_test_setup_teardown(counter_only_goes_forward, setup, teardown),
        cmocka_unit_test_setup_teardown(damaged_counter_is_noticed, setup, teardown),
        cmocka_unit_test_setup_teardown(missing_files, setup, teardown),
        cmocka_unit_test_setup_teardown(slots_hold_and_forget, setup, teardown),
    };
    return cmocka_run_group_tests_name("tee", tests, NULL, NULL);
}
