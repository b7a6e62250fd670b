/* Checkpoints: one form only, exactly one line by the expected key, others by their form alone. */
#include "unit/audit/gen.h"
#include "unit/audit/verify.h"

static struct ak_secret32 seed, other_seed;
static uint8_t key[32], root[32];
static uint8_t memory[AK_AUDIT_NOTE_MAX + 64];
static struct ak_buf note;

static int setup(void **state)
{
    (void)state;
    memset(seed.bytes, 0x5e, sizeof seed.bytes);
    memset(other_seed.bytes, 0x6f, sizeof other_seed.bytes);
    memset(root, 0x7a, sizeof root);
    note = AK_BUF_ARR(memory);
    if (ak_ed25519_pub(&seed, key) != AK_OK) return 1;
    gen_note_of(&note, gen_log_hex, 12, root, &seed);
    return 0;
}

static enum ak_err verify(struct ak_span bytes)
{
    static const struct ak_audit_checkpoint zero;
    struct ak_audit_checkpoint checkpoint;
    enum ak_err err = ak_audit_note_verify(bytes, key, &checkpoint);
    if (err != AK_OK) assert_memory_equal(&checkpoint, &zero, sizeof zero);
    return err;
}

static enum ak_err verify_note(void)
{
    assert_false(note.failed);
    return verify(ak_buf_span(&note));
}

/* A note with these three lines of body, signed rightly. */
static enum ak_err verify_body(const char *origin, const char *size, const char *root_text)
{
    char body[512];
    note.len = 0;
    int len = snprintf(body, sizeof body, "%s\n%s\n%s\n", origin, size, root_text);
    ak_buf_put(&note, ak_span(body, (size_t)len));
    ak_buf_put_str(&note, "\n");
    gen_signature_line(&note, origin, &seed, ak_span(body, (size_t)len));
    return verify_note();
}

static const char origin_text[] = "agentkeys/ledger/0f0e0d0c0b0a09080706050403020100";
static const char root_text[] = "enp6enp6enp6enp6enp6enp6enp6enp6enp6enp6eno=";

static void good_note_is_read(void **state)
{
    struct ak_audit_checkpoint checkpoint;
    uint8_t id[16];
    (void)state;
    assert_int_equal(ak_audit_note_verify(ak_buf_span(&note), key, &checkpoint), AK_OK);
    assert_int_equal(checkpoint.size, 12);
    assert_memory_equal(checkpoint.root, root, 32);
    assert_int_equal(ak_audit_origin_parse(AK_SPAN_LIT(origin_text), id), AK_OK);
    assert_memory_equal(checkpoint.log_id, id, 16);
    assert_int_equal(AK_SPAN_LIT(origin_text).len, AK_AUDIT_ORIGIN);
}

static void each_bit_counts(void **state)
{
    (void)state;
    for (size_t bit = 0; bit < 8 * note.len; bit++) {
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_not_equal(verify_note(), AK_OK);
        memory[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_int_equal(verify_note(), AK_OK);
}

static void each_cut_is_refused(void **state)
{
    (void)state;
    for (size_t len = 0; len < note.len; len++) assert_int_equal(verify(ak_span(memory, len)), AK_E_FORMAT);
}

static void body_has_one_form(void **state)
{
    (void)state;
    assert_int_equal(verify_body(origin_text, "12", root_text), AK_OK);
    assert_int_equal(verify_body(origin_text, "0", root_text), AK_OK);
    assert_int_equal(verify_body(origin_text, "9223372036854775807", root_text), AK_OK);
    assert_int_equal(verify_body(origin_text, "9223372036854775808", root_text), AK_E_FORMAT);
    assert_int_equal(verify_body(origin_text, "012", root_text), AK_E_FORMAT);
    assert_int_equal(verify_body(origin_text, "", root_text), AK_E_FORMAT);
    assert_int_equal(verify_body(origin_text, "+1", root_text), AK_E_FORMAT);
    assert_int_equal(verify_body(origin_text, "12 ", root_text), AK_E_FORMAT);
    assert_int_equal(verify_body(origin_text, "12", "enp6"), AK_E_FORMAT);
    assert_int_equal(
        verify_body(origin_text, "12", "enp6enp6enp6enp6enp6enp6enp6enp6enp6enp6enp="), AK_E_FORMAT);
    assert_int_equal(
        verify_body(origin_text, "12", "enp6enp6enp6enp6enp6enp6enp6enp6enp6enp6eno"), AK_E_FORMAT);
    assert_int_equal(
        verify_body(origin_text, "12", "enp6enp6enp6enp6enp6enp6enp6enp6enp6enp6eno=\nextra"), AK_E_FORMAT);
    assert_int_equal(
        verify_body("agentkeys/ledger/0F0e0d0c0b0a09080706050403020100", "12", root_text), AK_E_FORMAT);
    assert_int_equal(
        verify_body("agentkeys/ledger/0f0e0d0c0b0a0908070605040302010", "12", root_text), AK_E_FORMAT);
    assert_int_equal(
        verify_body("agentkeys/ledgers/0f0e0d0c0b0a09080706050403020100", "12", root_text), AK_E_FORMAT);
}

static void an_empty_line_parts_body_and_signatures(void **state)
{
    (void)state;
    size_t body = ak_span_find(ak_buf_span(&note), 0, '=') + 2;
    assert_int_equal(memory[body], '\n');
    memmove(memory + body + 1, memory + body, note.len++ - body);
    memory[body] = 'x';
    assert_int_equal(verify_note(), AK_E_FORMAT);
    memory[body] = '\n'; /* two of them */
    assert_int_equal(verify_note(), AK_E_FORMAT);
}

static void witnesses_are_passed_over(void **state)
{
    size_t start = note.len;
    (void)state;
    ak_buf_put_str(&note, "\xe2\x80\x94 witness.example/w AAAAAAE=\n");      /* 5 bytes, the least */
    gen_signature_line(&note, origin_text, &other_seed, AK_SPAN_LIT("any")); /* our name, another key */
    assert_int_equal(verify_note(), AK_OK);
    /* The same key id under another name is another's. */
    note.len = start;
    gen_signature_line(&note, "witness", &seed, AK_SPAN_LIT("any"));
    assert_int_equal(verify_note(), AK_OK);
}

/* A signature line by `name` with `len` bytes of blob. */
static enum ak_err verify_with_line(const char *name, size_t len)
{
    uint8_t blob[300] = {1};
    size_t start = note.len;
    ak_buf_put_str(&note, "\xe2\x80\x94 ");
    ak_buf_put_str(&note, name);
    ak_buf_put_str(&note, " ");
    ak_base64_encode(&note, ak_span(blob, len));
    ak_buf_put_str(&note, "\n");
    enum ak_err err = verify_note();
    note.len = start;
    return err;
}

static void signature_lines_have_a_form(void **state)
{
    (void)state;
    assert_int_equal(verify_with_line("w", 5), AK_OK);
    assert_int_equal(verify_with_line("w", 4), AK_E_FORMAT);
    assert_int_equal(verify_with_line("w", 260), AK_OK);
    assert_int_equal(verify_with_line("w", 261), AK_E_FORMAT);
    assert_int_equal(verify_with_line("!~", 5), AK_OK);
    assert_int_equal(verify_with_line("", 5), AK_E_FORMAT);
    assert_int_equal(verify_with_line("a b", 5), AK_E_FORMAT);
    assert_int_equal(verify_with_line("a+b", 5), AK_E_FORMAT);
    assert_int_equal(verify_with_line("a\x7f", 5), AK_E_FORMAT);
    assert_int_equal(verify_with_line("\xc3\xa4", 5), AK_E_FORMAT);
    const char *bad[] = {"\n", "- w AAAAAAE=\n", "\xe2\x80\x94w AAAAAAE=\n", "\xe2\x80\x94 w\n",
        "\xe2\x80\x94 w AAAAAAF=\n", "\xe2\x80\x94 w AAAAAAE= \n", "\xe2\x80\x94 w AAAAAAE=\r\n",
        "\xe2\x80\x94 w AAAAAAE="};
    for (unsigned i = 0; i < AK_COUNT(bad); i++) {
        size_t start = note.len;
        ak_buf_put_str(&note, bad[i]);
        assert_int_equal(verify_note(), AK_E_FORMAT);
        note.len = start;
    }
}

static void our_line_is_there_once(void **state)
{
    (void)state;
    struct ak_span body = ak_span(memory, ak_span_find(ak_buf_span(&note), 0, '=') + 2);
    size_t start = note.len;
    gen_signature_line(&note, origin_text, &seed, body);
    assert_int_equal(verify_note(), AK_E_AUTH);
    note.len = body.len + 1;
    assert_int_equal(verify_note(), AK_E_FORMAT); /* none at all */
    gen_signature_line(&note, origin_text, &other_seed, body);
    assert_int_equal(verify_note(), AK_E_AUTH); /* none of ours */
    note.len = body.len + 1;
    gen_signature_line(&note, origin_text, &seed, ak_span(memory, body.len - 1));
    assert_int_equal(note.len, start);
    assert_int_equal(verify_note(), AK_E_AUTH); /* over another text */
}

static void limits_are_exact(void **state)
{
    (void)state;
    for (unsigned lines = 2; lines <= AK_AUDIT_NOTE_SIGNATURES + 1; lines++) {
        ak_buf_put_str(&note, "\xe2\x80\x94 w AAAAAAE=\n");
        assert_int_equal(verify_note(), lines <= AK_AUDIT_NOTE_SIGNATURES ? AK_OK : AK_E_LIMIT);
    }
    setup(NULL);
    struct ak_buf start = note;
    for (size_t len = AK_AUDIT_NOTE_MAX; len <= AK_AUDIT_NOTE_MAX + 1; len++) { /* a name up to the limit */
        note = start;
        ak_buf_put_str(&note, "\xe2\x80\x94 ");
        while (note.len < len - 10) ak_buf_put_str(&note, "w");
        ak_buf_put_str(&note, " AAAAAAE=\n");
        assert_int_equal(note.len, len);
        assert_int_equal(verify_note(), len <= AK_AUDIT_NOTE_MAX ? AK_OK : AK_E_LIMIT);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(good_note_is_read, setup),
        cmocka_unit_test_setup(each_bit_counts, setup),
        cmocka_unit_test_setup(each_cut_is_refused, setup),
        cmocka_unit_test_setup(body_has_one_form, setup),
        cmocka_unit_test_setup(an_empty_line_parts_body_and_signatures, setup),
        cmocka_unit_test_setup(witnesses_are_passed_over, setup),
        cmocka_unit_test_setup(signature_lines_have_a_form, setup),
        cmocka_unit_test_setup(our_line_is_there_once, setup),
        cmocka_unit_test_setup(limits_are_exact, setup),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
