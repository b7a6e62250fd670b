/* A blob opens as what it was sealed as and as nothing else: each field of its place, each byte, each length.
 */
#include "unit/check.h"

#include "unit/vault/given.h"

static uint8_t value[AK_LIMIT_VALUE + 1];
static uint8_t memory[AK_BLOB_LEN_MAX + 1];
static uint8_t opened[AK_LIMIT_VALUE];
static uint8_t scratch[GIVEN_SCRATCH];
static struct ak_blob_place place;
static struct ak_blob_head head;
static struct ak_secret32 dek;
static struct ak_buf blob;

static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof value; i++) value[i] = (uint8_t)(i * 7);
    place = given_place("agent-1");
    head = given_head(0xd2);
    dek = given_secret(0xde);
    return 0;
}

static void seal(size_t len)
{
    blob = AK_BUF_ARR(memory);
    assert_int_equal(ak_blob_seal(&head, &place, &dek, ak_span(value, len), &blob), AK_OK);
    assert_int_equal(blob.len, len + AK_BLOB_OVERHEAD);
}

static enum ak_err open_as(const struct ak_blob_place *as)
{
    size_t len = 7;
    memset(opened, 0x77, sizeof opened);
    enum ak_err err = ak_blob_open(ak_buf_span(&blob), head.dek_id, as, &dek, opened, sizeof opened, &len);
    if (err) assert_int_equal(len, 0);
    return err;
}

static void round_trips_at_each_limit(void **state)
{
    (void)state;
    static const size_t lens[] = {0, 1, 15, 16, 17, 1024, AK_LIMIT_VALUE - 1, AK_LIMIT_VALUE};
    for (size_t i = 0; i < sizeof lens / sizeof *lens; i++) {
        size_t len = 0;
        seal(lens[i]);
        assert_int_equal(
            ak_blob_open(ak_buf_span(&blob), head.dek_id, &place, &dek, opened, lens[i], &len), AK_OK);
        assert_int_equal(len, lens[i]);
        assert_memory_equal(opened, value, len);
    }
}

static void refuses_what_is_too_long(void **state)
{
    (void)state;
    struct ak_blob_head seen;
    size_t len = 0;
    blob = AK_BUF_ARR(memory);
    assert_int_equal(
        ak_blob_seal(&head, &place, &dek, ak_span(value, AK_LIMIT_VALUE + 1), &blob), AK_E_LIMIT);
    assert_int_equal(blob.len, 0);
    blob = ak_buf(memory, 10 + AK_BLOB_OVERHEAD - 1);
    assert_int_equal(ak_blob_seal(&head, &place, &dek, ak_span(value, 10), &blob), AK_E_FULL);
    assert_int_equal(blob.len, 0);
    assert_int_equal(ak_blob_parse(ak_span(memory, AK_BLOB_LEN_MAX + 1), &seen), AK_E_LIMIT);
    seal(10);
    assert_int_equal(ak_blob_open(ak_buf_span(&blob), head.dek_id, &place, &dek, opened, 9, &len), AK_E_FULL);
}

static void each_byte_altered_is_refused(void **state)
{
    (void)state;
    seal(24);
    for (size_t i = 0; i < blob.len; i++) {
        memory[i] ^= 0x01;
        enum ak_err err = open_as(&place);
        assert_int_equal(err, i < 4 ? AK_E_FORMAT : (i == 4 ? AK_E_UNSUPPORTED : AK_E_AUTH));
        if (i >= AK_BLOB_HEAD_LEN)
            for (size_t j = 0; j < 24; j++) assert_int_equal(opened[j], 0);
        memory[i] ^= 0x01;
    }
    assert_int_equal(open_as(&place), AK_OK);
}

static void each_cut_is_refused(void **state)
{
    (void)state;
    seal(24);
    size_t whole = blob.len;
    for (size_t len = 0; len < whole; len++) {
        blob.len = len;
        assert_int_equal(open_as(&place), len < AK_BLOB_OVERHEAD ? AK_E_FORMAT : AK_E_AUTH);
    }
    blob.len = whole + 1;
    assert_int_equal(open_as(&place), AK_E_AUTH);
}

/* Another account's, agent's, service's, epoch's, version's (id) blob, and one of another wallet. */
static void opens_for_its_own_place_only(void **state)
{
    (void)state;
    seal(24);
    for (size_t i = 0; i < 7; i++) {
        struct ak_blob_place other = place;
        if (i == 0) other.anchor[31] ^= 1;
        if (i == 1) other.label[6] = '2';
        if (i == 2) other.service[9] = 's';
        if (i == 3) other.epoch = 3;
        if (i == 4) other.blob_id[15] ^= 1;
        if (i == 5) other.home_wallet[0] ^= 1;
        if (i == 6) other.label_len = 0;
        assert_int_equal(open_as(&other), AK_E_AUTH);
    }
    assert_int_equal(open_as(&place), AK_OK);
}

/* The fields are prefixed: no two places have the same additional data. */
static void fields_do_not_run_together(void **state)
{
    (void)state;
    struct ak_blob_place other = place;
    seal(24);
    other.label_len = (uint8_t)(place.label_len - 1); /* "/agent-" and "1openrouter" */
    other.service[0] = '1';
    memcpy(other.service + 1, "openrouter", 10);
    other.service_len = 11;
    assert_int_equal(open_as(&other), AK_E_AUTH);
}

static void another_key_does_not_open(void **state)
{
    (void)state;
    size_t len = 0;
    struct ak_secret32 other = given_secret(0xdf);
    uint8_t other_id[32];
    memset(other_id, 0xd3, sizeof other_id);
    seal(24);
    assert_int_equal(
        ak_blob_open(ak_buf_span(&blob), head.dek_id, &place, &other, opened, sizeof opened, &len),
        AK_E_AUTH);
    assert_int_equal(
        ak_blob_open(ak_buf_span(&blob), other_id, &place, &dek, opened, sizeof opened, &len), AK_E_AUTH);
}

static void ids_are_uuid_v7(void **state)
{
    (void)state;
    static const uint8_t random[10] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    uint8_t id[16];
    uint64_t ms = 0;
    ak_blob_id_make(0x0123456789ab, random, id);
    static const uint8_t expected[16] = {
        0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0x7f, 0xff, 0xbf, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
    assert_memory_equal(id, expected, 16);
    assert_int_equal(ak_blob_id_ms(id, &ms), AK_OK);
    assert_int_equal(ms, 0x0123456789ab);
    id[6] = 0x4f;
    assert_int_equal(ak_blob_id_ms(id, &ms), AK_E_FORMAT);
    assert_int_equal(ms, 0);
    id[6] = 0x7f;
    id[8] = 0xff;
    assert_int_equal(ak_blob_id_ms(id, &ms), AK_E_FORMAT);
}

/* What a re-encryptor gives back counts only where it is the same value at the new place. */
static void compare_believes_nothing(void **state)
{
    (void)state;
    static uint8_t new_memory[AK_BLOB_LEN_MAX];
    struct ak_blob_place to = place;
    struct ak_blob_head to_head = given_head(0xd3);
    struct ak_secret32 to_dek = given_secret(0xdf);
    static const size_t lens[] = {0, 24, AK_LIMIT_VALUE};
    to.epoch = 3;
    to.blob_id[15] ^= 1;
    for (size_t i = 0; i < 3; i++) {
        struct ak_buf fresh = AK_BUF_ARR(new_memory);
        seal(lens[i]);
        struct ak_blob_side from = {ak_buf_span(&blob), &place, head.dek_id, &dek};
        assert_int_equal(ak_blob_seal(&to_head, &to, &to_dek, ak_span(value, lens[i]), &fresh), AK_OK);
        struct ak_blob_side side = {ak_buf_span(&fresh), &to, to_head.dek_id, &to_dek};
        assert_int_equal(ak_blob_compare(&from, &side, scratch), AK_OK);
        for (size_t j = 0; j < sizeof scratch; j++) assert_int_equal(scratch[j], 0);
        struct ak_blob_side rubbish = side;
        rubbish.blob = AK_SPAN_EMPTY;
        assert_int_equal(ak_blob_compare(&from, &rubbish, scratch), AK_E_FORMAT);
        rubbish.blob = from.blob; /* the old one handed back */
        assert_int_equal(ak_blob_compare(&from, &rubbish, scratch), AK_E_AUTH);
        fresh.len = 0; /* another value, one byte more or other */
        value[0] ^= 1;
        assert_int_equal(
            ak_blob_seal(&to_head, &to, &to_dek, ak_span(value, lens[i] ? lens[i] : 1), &fresh), AK_OK);
        value[0] ^= 1;
        side.blob = ak_buf_span(&fresh);
        assert_int_equal(ak_blob_compare(&from, &side, scratch), AK_E_AUTH);
        for (size_t j = 0; j < sizeof scratch; j++) assert_int_equal(scratch[j], 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(round_trips_at_each_limit),
        cmocka_unit_test(refuses_what_is_too_long),
        cmocka_unit_test(each_byte_altered_is_refused),
        cmocka_unit_test(each_cut_is_refused),
        cmocka_unit_test(opens_for_its_own_place_only),
        cmocka_unit_test(fields_do_not_run_together),
        cmocka_unit_test(another_key_does_not_open),
        cmocka_unit_test(ids_are_uuid_v7),
        cmocka_unit_test(compare_believes_nothing),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
