/* Names of blobs: one spelling each, everything else is none. */
#include "unit/check.h"

#include "core/vault/name.h"
#include "unit/vault/given.h"

#define WALLET "3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a"

static void put(uint32_t epoch, struct ak_buf *buf)
{
    struct ak_blob_place place = given_place("agent-1");
    place.epoch = epoch;
    struct ak_blob_name name = ak_blob_name_of(&place);
    buf->len = 0;
    ak_blob_name_put(buf, &name);
    assert_int_equal(ak_buf_check(buf), AK_OK);
}

static void reads_back(void **state)
{
    (void)state;
    static const uint32_t epochs[] = {0, 1, 9, 10, 99999999, 100000000, UINT32_MAX};
    uint8_t memory[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_blob_name name;
    for (size_t i = 0; i < sizeof epochs / sizeof *epochs; i++) {
        put(epochs[i], &buf);
        assert_int_equal(ak_blob_name_parse(ak_buf_span(&buf), &name), AK_OK);
        assert_int_equal(name.epoch, epochs[i]);
        assert_int_equal(name.service_len, 10);
    }
    put(2, &buf);
    assert_true(ak_span_starts(ak_buf_span(&buf), AK_SPAN_LIT(WALLET "/openrouter/00000002/")));
}

static void the_longest_fits(void **state)
{
    (void)state;
    uint8_t memory[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    struct ak_blob_name name = {.epoch = UINT32_MAX, .service_len = AK_LIMIT_SERVICE}, seen;
    memset(name.service, 'z', sizeof name.service);
    ak_blob_name_put(&buf, &name);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_int_equal(buf.len, AK_BLOB_NAME_MAX);
    assert_int_equal(ak_blob_name_parse(ak_buf_span(&buf), &seen), AK_OK);
    assert_memory_equal(&seen, &name, sizeof name);
}

static void refuse(struct ak_span text)
{
    static const struct ak_blob_name zero;
    struct ak_blob_name name;
    assert_int_equal(ak_blob_name_parse(text, &name), AK_E_FORMAT);
    assert_memory_equal(&name, &zero, sizeof zero);
}

static void other_spellings_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/", "///", WALLET, WALLET "/openrouter/00000002/",
        WALLET "/openrouter/2/00000000000000000000000000000000.enc",
        WALLET "/openrouter/000000002/00000000000000000000000000000000.enc",
        WALLET "/openrouter/0000000x/00000000000000000000000000000000.enc",
        WALLET "/openrouter//00000000000000000000000000000000.enc",
        WALLET "/openrouter/04294967296/00000000000000000000000000000000.enc",
        WALLET "/../00000002/00000000000000000000000000000000.enc",
        WALLET "/Open/00000002/00000000000000000000000000000000.enc",
        WALLET "//00000002/00000000000000000000000000000000.enc",
        WALLET "/openrouter/00000002/00000000000000000000000000000000.ENC",
        WALLET "/openrouter/00000002/00000000000000000000000000000000.enc ",
        WALLET "/openrouter/00000002/0000000000000000000000000000000A.enc",
        WALLET "/openrouter/00000002/000000000000000000000000000000.enc",
        "3A3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a/openrouter/00000002/00000000000000000000000000000000.enc",
        "0x3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a3a/openrouter/00000002/"
        "00000000000000000000000000000000.enc"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) refuse(ak_span_str(bad[i]));
}

static void each_cut_and_byte_is_refused_or_another(void **state)
{
    (void)state;
    uint8_t memory[AK_BLOB_NAME_MAX], again_memory[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    put(2, &buf);
    for (size_t len = 0; len < buf.len; len++) refuse(ak_span(memory, len));
    for (size_t i = 0; i < buf.len; i++) {
        struct ak_buf again = AK_BUF_ARR(again_memory);
        struct ak_blob_name name;
        memory[i] ^= 0x01;
        if (ak_blob_name_parse(ak_buf_span(&buf), &name) == AK_OK) {
            ak_blob_name_put(&again, &name);
            assert_true(ak_span_eq(ak_buf_span(&again), ak_buf_span(&buf)));
        }
        memory[i] ^= 0x01;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_back),
        cmocka_unit_test(the_longest_fits),
        cmocka_unit_test(other_spellings_are_refused),
        cmocka_unit_test(each_cut_and_byte_is_refused_or_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
