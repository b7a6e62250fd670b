/* The re-encryptor's question and answer: every cut, every byte, every lie is noticed by one of the two. */
#include "unit/check.h"

#include "core/vault/reencrypt.h"
#include "unit/vault/given.h"

static uint8_t question_memory[AK_REENCRYPT_QUESTION_MAX], answer_memory[AK_REENCRYPT_ANSWER_MAX];
static const struct ak_blob_head new_head = {.dek_id = {2}, .nonce = {8}};
static uint8_t blob_memory[AK_BLOB_LEN_MAX], scratch[2 * AK_LIMIT_VALUE];
static const uint8_t old_id[32] = {1}, new_id[32] = {2};
static const struct ak_secret32 old_dek = {{3}}, new_dek = {{4}};

struct move {
    struct ak_blob_place from, to;
    struct ak_span blob;
    struct ak_reencrypt question;
};

static void set_up(struct move *move, struct ak_span value)
{
    struct ak_blob_head head = {.nonce = {9}};
    struct ak_buf blob = AK_BUF_ARR(blob_memory);
    move->from = move->to = given_place("agent-1");
    move->to.epoch++;
    move->to.blob_id[15] ^= 1;
    memcpy(head.dek_id, old_id, 32);
    assert_int_equal(ak_blob_seal(&head, &move->from, &old_dek, value, &blob), AK_OK);
    move->blob = ak_buf_span(&blob);
    move->question = (struct ak_reencrypt){.old_dek = &old_dek,
        .new_dek = &new_dek,
        .old_place = &move->from,
        .new_place = &move->to,
        .new_head = new_head,
        .old_blob = move->blob};
}

static struct ak_span put(const struct move *move)
{
    struct ak_buf buf = AK_BUF_ARR(question_memory);
    assert_int_equal(ak_reencrypt_put(&move->question, &buf), AK_OK);
    return ak_buf_span(&buf);
}

static struct ak_span answer(struct ak_span question)
{
    struct ak_buf buf = AK_BUF_ARR(answer_memory);
    memset(scratch, 0xaa, sizeof scratch);
    ak_reencrypt_answer(question, scratch, &buf);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    for (size_t i = 0; i < AK_LIMIT_VALUE; i++) assert_true(scratch[i] == 0 || scratch[i] == 0xaa); /* I2 */
    return ak_buf_span(&buf);
}

static enum ak_err compare(const struct move *move, struct ak_span blob)
{
    struct ak_blob_side one = {move->blob, &move->from, old_id, &old_dek};
    struct ak_blob_side two = {blob, &move->to, new_id, &new_dek};
    return ak_blob_compare(&one, &two, scratch);
}

static void test_moves_values_of_all_sizes(void **state)
{
    (void)state;
    static uint8_t value[AK_LIMIT_VALUE];
    static const size_t sizes[] = {0, 1, 15, 16, 17, 1024, AK_LIMIT_VALUE - 1, AK_LIMIT_VALUE};
    for (size_t i = 0; i < sizeof value; i++) value[i] = (uint8_t)(i * 7);
    for (size_t i = 0; i < AK_COUNT(sizes); i++) {
        struct move move;
        struct ak_span blob;
        set_up(&move, ak_span(value, sizes[i]));
        assert_int_equal(ak_reencrypt_parse(answer(put(&move)), &new_head, &blob), AK_OK);
        assert_int_equal(compare(&move, blob), AK_OK);
    }
}

static void test_refuses_a_blob_that_does_not_open(void **state)
{
    (void)state;
    struct move move;
    struct ak_span blob;
    set_up(&move, AK_SPAN_LIT("value"));
    move.question.old_dek = &new_dek;
    assert_int_equal(ak_reencrypt_parse(answer(put(&move)), &new_head, &blob), AK_E_AUTH);
    move.question.old_dek = &old_dek;
    move.from.label[0] ^= 1;
    assert_int_equal(ak_reencrypt_parse(answer(put(&move)), &new_head, &blob), AK_E_AUTH);
    assert_int_equal(blob.len, 0);
}

/* Whatever arrives cut or with a byte turned: malformed, unopened, or a blob that does not pass the keeper's
 * comparison; never one that does. */
static void test_every_byte_of_the_question(void **state)
{
    (void)state;
    struct move move;
    struct ak_span blob;
    set_up(&move, AK_SPAN_LIT("value"));
    size_t len = put(&move).len;
    for (size_t i = 0; i < len; i++) {
        (void)put(&move);
        question_memory[i] ^= 0x10;
        enum ak_err err = ak_reencrypt_parse(answer(ak_span(question_memory, len)), &new_head, &blob);
        if (!err) err = compare(&move, blob);
        if (err == AK_OK) fail_msg("byte %zu", i);
    }
    for (size_t cut = 0; cut < len; cut++) {
        (void)put(&move);
        assert_int_not_equal(
            ak_reencrypt_parse(answer(ak_span(question_memory, cut)), &new_head, &blob), AK_OK);
    }
}

static void test_every_byte_of_the_answer(void **state)
{
    (void)state;
    struct move move;
    struct ak_span blob;
    set_up(&move, AK_SPAN_LIT("value"));
    struct ak_span good = answer(put(&move));
    for (size_t i = 0; i < good.len; i++) {
        answer_memory[i] ^= 1;
        enum ak_err err = ak_reencrypt_parse(good, &new_head, &blob);
        if (!err) err = compare(&move, blob);
        if (err == AK_OK) fail_msg("byte %zu", i);
        answer_memory[i] ^= 1;
    }
    for (size_t cut = 0; cut < good.len; cut++) {
        enum ak_err err = ak_reencrypt_parse(ak_span_sub(good, 0, cut), &new_head, &blob);
        if (!err) err = compare(&move, blob);
        assert_int_not_equal(err, AK_OK);
    }
}

static void test_limits(void **state)
{
    (void)state;
    struct move move;
    struct ak_span blob;
    static uint8_t long_blob[AK_BLOB_LEN_MAX + 1];
    set_up(&move, AK_SPAN_LIT("value"));
    struct ak_buf small = ak_buf(question_memory, put(&move).len - 1);
    assert_int_equal(ak_reencrypt_put(&move.question, &small), AK_E_FULL);
    move.question.old_blob = AK_SPAN_ARR(long_blob);
    struct ak_buf buf = AK_BUF_ARR(question_memory);
    assert_int_equal(ak_reencrypt_put(&move.question, &buf), AK_E_LIMIT);
    /* statuses that bring what they may not, or nothing where they must */
    assert_int_equal(ak_reencrypt_parse(AK_SPAN_LIT("\1\0"), &new_head, &blob), AK_E_FORMAT);
    assert_int_equal(ak_reencrypt_parse(AK_SPAN_LIT("\1\1x"), &new_head, &blob), AK_E_FORMAT);
    assert_int_equal(ak_reencrypt_parse(AK_SPAN_LIT("\1\2"), &new_head, &blob), AK_E_FORMAT);
    assert_int_equal(ak_reencrypt_parse(AK_SPAN_LIT("\1\3"), &new_head, &blob), AK_E_FORMAT);
    assert_int_equal(ak_reencrypt_parse(AK_SPAN_LIT("\2\1"), &new_head, &blob), AK_E_UNSUPPORTED);
    assert_int_equal(ak_reencrypt_parse(AK_SPAN_LIT("\1"), &new_head, &blob), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_moves_values_of_all_sizes),
        cmocka_unit_test(test_refuses_a_blob_that_does_not_open),
        cmocka_unit_test(test_every_byte_of_the_question),
        cmocka_unit_test(test_every_byte_of_the_answer),
        cmocka_unit_test(test_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
