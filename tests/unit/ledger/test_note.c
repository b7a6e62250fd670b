/* Checkpoint notes: a published key id, each altered byte, foreign lines, wrong forms. */
#include "unit/check.h"

#include "unit/ledger/fixture.h"

#include "base/codec/base64.h"
#include "base/crypto/ed25519.h"

static uint8_t note_bytes[AK_NOTE_LEN_MAX + 64];
static struct ak_span note;
static uint8_t pub[32];

static int setup(void **state)
{
    (void)state;
    struct ak_secret32 seed;
    struct ak_checkpoint checkpoint = {.size = 8};
    memset(seed.bytes, 0x5e, sizeof seed.bytes);
    memset(checkpoint.log_id, 0x0f, sizeof checkpoint.log_id);
    memset(checkpoint.root, 0xaa, sizeof checkpoint.root);
    struct ak_buf buf = AK_BUF_ARR(note_bytes);
    assert_int_equal(ak_checkpoint_sign(&checkpoint, &seed, &buf), AK_OK);
    assert_int_equal(ak_ed25519_pub(&seed, pub), AK_OK);
    note = ak_buf_span(&buf);
    return 0;
}

/* The example key of the first implementation of signed notes, Go's sumdb/note. */
static void key_id_of_the_specification(void **state)
{
    (void)state;
    uint8_t key[33];
    uint8_t id[4];
    size_t len = 0;
    struct ak_span text = AK_SPAN_LIT("ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW");
    assert_int_equal(ak_base64_decode(text, key, sizeof key, &len), AK_OK);
    assert_int_equal(len, 33);
    assert_int_equal(key[0], 0x01);
    ak_note_key_id(AK_SPAN_LIT("PeterNeumann"), key + 1, id);
    assert_memory_equal(id, "\xc7\x4f\x20\xa3", 4);
}

static void verifies_what_was_signed(void **state)
{
    (void)state;
    struct ak_checkpoint c;
    assert_int_equal(ak_checkpoint_verify(note, pub, &c), AK_OK);
    assert_int_equal(c.size, 8);
    assert_int_equal(c.root[31], 0xaa);
    assert_int_equal(c.log_id[0], 0x0f);
    assert_true(ak_span_starts(note, AK_SPAN_LIT("agentkeys/ledger/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\n8\n")));
    uint8_t other[32];
    memcpy(other, pub, 32);
    other[0] ^= 1;
    assert_int_equal(ak_checkpoint_verify(note, other, &c), AK_E_AUTH);
    assert_int_equal(c.size, 0);
}

static void each_altered_byte_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[1024] = {0};
    struct ak_span text = ak_span(bytes, note.len);
    memcpy(bytes, note.ptr, note.len);
    for (size_t at = 0; at < note.len; at++) {
        for (unsigned value = 0; value < 256; value++) {
            struct ak_checkpoint c = {.size = 1};
            if (value == note.ptr[at]) continue;
            bytes[at] = (uint8_t)value;
            assert_int_not_equal(ak_checkpoint_verify(text, pub, &c), AK_OK);
            assert_int_equal(c.size, 0);
        }
        bytes[at] = note.ptr[at];
    }
    for (size_t len = 0; len < note.len; len++) {
        struct ak_checkpoint c;
        assert_int_equal(ak_checkpoint_verify(ak_span(bytes, len), pub, &c), AK_E_FORMAT);
    }
}

/* The note with something after it. */
static enum ak_err with(const char *more, size_t *out_count)
{
    static uint8_t bytes[AK_NOTE_LEN_MAX + 1024];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    struct ak_checkpoint c;
    struct ak_note parsed;
    ak_buf_put(&buf, note);
    ak_buf_put_str(&buf, more);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    enum ak_err err = ak_note_parse(ak_buf_span(&buf), &parsed);
    if (err == AK_OK) err = ak_checkpoint_verify(ak_buf_span(&buf), pub, &c);
    *out_count = parsed.count;
    return err;
}

#define DASH    "\xe2\x80\x94 "
#define WITNESS DASH "witness.example/w1 AAAAAQAAAAAAAAAA\n"

static void lines_of_witnesses_pass(void **state)
{
    (void)state;
    size_t count = 0;
    assert_int_equal(with(WITNESS, &count), AK_OK);
    assert_int_equal(count, 2);
    char many[AK_NOTE_SIGNATURES_MAX * sizeof WITNESS] = "";
    size_t len = 0;
    for (size_t i = 1; i < AK_NOTE_SIGNATURES_MAX; i++, len += sizeof WITNESS - 1)
        memcpy(many + len, WITNESS, sizeof WITNESS);
    assert_int_equal(with(many, &count), AK_OK);
    assert_int_equal(count, AK_NOTE_SIGNATURES_MAX);
    memcpy(many + len, WITNESS, sizeof WITNESS);
    assert_int_equal(with(many, &count), AK_E_LIMIT);
}

static void lines_of_wrong_form_are_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"\n", "x\n", DASH "\n", DASH "w\n", DASH "w \n",
        DASH " AAAAAQAAAAAAAAAA\n", DASH "w AAAAAQAAAAAAAAAA", DASH "w AAAAAQ==\n", DASH "w AAAAAQA\n",
        DASH "w AAAAAQB=\n", DASH "w+x AAAAAQAAAAAAAAAA\n", DASH "w\tx AAAAAQAAAAAAAAAA\n",
        DASH "w AAAAAQAAAAAAAAAA \n", DASH "w AAAAAQAAAAAAAAAA\r\n", "- w AAAAAQAAAAAAAAAA\n",
        DASH "\xc3\xa9 AAAAAQAAAAAAAAAA\n"};
    size_t count = 0;
    for (size_t i = 0; i < AK_COUNT(wrong); i++) assert_int_not_equal(with(wrong[i], &count), AK_OK);
    assert_int_equal(with(DASH "w AAAAAQA=\n", &count), AK_OK);
}

/* A line under our name and key id that is not ours, and our line twice. */
static void our_line_must_be_the_only_one(void **state)
{
    (void)state;
    struct ak_span body_end = AK_SPAN_LIT("\n\n");
    size_t at = 0;
    while (!ak_span_starts(ak_span_sub(note, at, 2), body_end)) at++;
    char line[512] = "";
    memcpy(line, note.ptr + at + 2, note.len - at - 2);
    size_t count = 0;
    assert_int_equal(with(line, &count), AK_E_AUTH);
    size_t len = strlen(line);
    char *digit = &line[len - 20];
    *digit = *digit == 'A' ? 'B' : 'A';
    assert_int_equal(with(line, &count), AK_E_AUTH);
    /* of our name, with another key id: a rotated key, not ours to judge */
    uint8_t raw[68] = {1, 2, 3, 4};
    struct ak_buf buf = ak_buf(line, sizeof line);
    ak_buf_put_str(&buf, DASH "agentkeys/ledger/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f ");
    ak_base64_encode(&buf, AK_SPAN_ARR(raw));
    ak_buf_put_str(&buf, "\n");
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_int_equal(with(line, &count), AK_OK);
    /* our key id with a signature of another length */
    memcpy(raw, "\0\0\0\0", 4);
    ak_note_key_id(AK_SPAN_LIT("agentkeys/ledger/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f"), pub, raw);
    buf = ak_buf(line, sizeof line);
    ak_buf_put_str(&buf, DASH "agentkeys/ledger/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f ");
    ak_base64_encode(&buf, ak_span(raw, 67));
    ak_buf_put_str(&buf, "\n");
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_int_equal(with(line, &count), AK_E_AUTH);
}

static void bodies_of_wrong_form_are_refused(void **state)
{
    (void)state;
#define ORIGIN "agentkeys/ledger/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\n"
#define ROOT   "qqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n"
    static const struct {
        const char *text;
        enum ak_err want;
    } cases[] = {
        {ORIGIN "8\n" ROOT "\n" WITNESS, AK_OK},
        {ORIGIN "18446744073709551615\n" ROOT "\n" WITNESS, AK_OK},
        {ORIGIN "18446744073709551616\n" ROOT "\n" WITNESS, AK_E_LIMIT},
        {ORIGIN "08\n" ROOT "\n" WITNESS, AK_E_FORMAT},
        {ORIGIN "+8\n" ROOT "\n" WITNESS, AK_E_FORMAT},
        {ORIGIN "\n" ROOT "\n" WITNESS, AK_E_FORMAT},
        {ORIGIN "8\n" ROOT "extension\n\n" WITNESS, AK_E_FORMAT},
        {ORIGIN "8\n" ROOT "extension\n" WITNESS, AK_E_FORMAT}, /* which nobody signed */
        {ORIGIN "8\n" ROOT "\n", AK_E_FORMAT},
        {ORIGIN "8\n" ROOT, AK_E_FORMAT},
        {ORIGIN "8\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqp=\n\n" WITNESS, AK_E_FORMAT},
        {ORIGIN "8\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\n\n" WITNESS, AK_E_FORMAT},
        {ORIGIN "8\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqq\n\n" WITNESS, AK_E_FORMAT},
        {"agentkeys/ledger/0F0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\n8\n" ROOT "\n" WITNESS, AK_E_FORMAT},
        {"agentkeys/ledger/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f\n8\n" ROOT "\n" WITNESS, AK_E_FORMAT},
        {"agentkeys/logbook/0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0\n8\n" ROOT "\n" WITNESS, AK_E_FORMAT},
        {"", AK_E_FORMAT},
    };
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_note parsed;
        assert_int_equal(ak_note_parse(ak_span_str(cases[i].text), &parsed), cases[i].want);
    }
    struct ak_note parsed;
    assert_int_equal(ak_note_parse(ak_span(note_bytes, AK_NOTE_LEN_MAX + 1), &parsed), AK_E_LIMIT);
    assert_int_equal(ak_note_parse(AK_SPAN_EMPTY, &parsed), AK_E_FORMAT);
}

static void full_memory_is_told(void **state)
{
    (void)state;
    struct ak_secret32 seed = {{0}};
    struct ak_checkpoint checkpoint = {0};
    uint8_t bytes[512];
    struct ak_buf buf = ak_buf(bytes, 10);
    assert_int_equal(ak_checkpoint_sign(&checkpoint, &seed, &buf), AK_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(key_id_of_the_specification),
        cmocka_unit_test(verifies_what_was_signed),
        cmocka_unit_test(each_altered_byte_is_refused),
        cmocka_unit_test(lines_of_witnesses_pass),
        cmocka_unit_test(lines_of_wrong_form_are_refused),
        cmocka_unit_test(our_line_must_be_the_only_one),
        cmocka_unit_test(bodies_of_wrong_form_are_refused),
        cmocka_unit_test(full_memory_is_told),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
