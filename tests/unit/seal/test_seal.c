/* Round trip, the documented example byte for byte, each byte altered, each length cut, each rule broken
 * under a valid tag. */
#include "unit/check.h"

#include "base/codec/hex.h"
#include "base/crypto/gcm.h"
#include "base/crypto/sha256.h"
#include "core/seal/seal.h"

static struct ak_secret32 kek;
static struct ak_seal_header header;
static struct ak_seal_state state_in, state_out;
static uint8_t file[AK_SEAL_FILE_MAX + 1];
static size_t file_len;

/* The state of docs/formats/sealed.md. */
static int setup(void **state)
{
    (void)state;
    for (size_t i = 0; i < 32; i++) kek.bytes[i] = (uint8_t)i;
    header = (struct ak_seal_header){.suite = AK_SEAL_SUITE_AES256GCM,
        .backend = AK_SEAL_SOFTWARE,
        .n = 7,
        .kek_blob = AK_SPAN_LIT("kek")};
    memset(header.counter_id, 0xc1, 16);
    memset(header.nonce, 0x0e, 12);
    memset(&state_in, 0, sizeof state_in);
    state_in.n = 7;
    memset(state_in.worker_id, 0xaa, 16);
    memset(state_in.log_id, 0xbb, 16);
    state_in.clean = true;
    state_in.clean_size = state_in.checkpoint_size = 5;
    memset(state_in.checkpoint_root, 0xdd, 32);
    memcpy(state_in.note, "note\n", 5);
    state_in.note_len = 5;
    state_in.root_count = 1;
    state_in.roots[0].version = 1;
    state_in.roots[0].suite = AK_SEAL_ROOT_AK1;
    memset(state_in.roots[0].secret.bytes, 0x5e, 32);
    memcpy(state_in.trust, "\xa3\x00\x01\x02\x01\x03\x01", 7);
    state_in.trust_len = 7;
    ak_sha256(AK_SPAN_LIT("\xa3\x00\x01\x02\x01\x03\x01"), header.config);
    return 0;
}

static enum ak_err encode(void)
{
    struct ak_buf buf = ak_buf(file, sizeof file);
    enum ak_err err = ak_seal_encode(&header, &kek, &state_in, &buf);
    file_len = buf.len;
    return err;
}

static enum ak_err open_file(void)
{
    struct ak_seal_header seen;
    memset(&state_out, 0x77, sizeof state_out);
    return ak_seal_open(ak_span(file, file_len), &kek, &seen, &state_out);
}

static void assert_out_is_zero(void)
{
    const uint8_t *bytes = (const uint8_t *)&state_out;
    for (size_t i = 0; i < sizeof state_out; i++) assert_int_equal(bytes[i], 0);
}

static void round_trip(void **state)
{
    (void)state;
    struct ak_seal_header seen;
    assert_int_equal(encode(), AK_OK);
    assert_int_equal(
        file_len, AK_SEAL_HEADER_LEN + 3 + AK_SEAL_BODY_FIXED_LEN + 5 + AK_SEAL_ROOT_LEN + 7 + 16);
    assert_int_equal(ak_seal_open(ak_span(file, file_len), &kek, &seen, &state_out), AK_OK);
    assert_memory_equal(&state_in, &state_out, sizeof state_in);
    assert_true(ak_span_eq(seen.kek_blob, AK_SPAN_LIT("kek")));
    assert_int_equal(seen.n, 7);
    assert_int_equal(seen.format, AK_SEAL_FORMAT);
    assert_int_equal(seen.backend, AK_SEAL_SOFTWARE);
    assert_memory_equal(seen.counter_id, header.counter_id, 16);
    assert_memory_equal(seen.config, header.config, 32);
    assert_int_equal(ak_seal_parse_header(ak_span(file, file_len), &seen), AK_OK);
    assert_int_equal(seen.n, 7);
    ak_seal_state_done(&state_out);
    assert_out_is_zero();
}

/* The secret is nowhere in the file. */
static void body_is_encrypted(void **state)
{
    (void)state;
    assert_int_equal(encode(), AK_OK);
    assert_false(ak_span_contains(ak_span(file, file_len), AK_SPAN_LIT("\x5e\x5e\x5e\x5e")));
    assert_false(ak_span_contains(ak_span(file, file_len), AK_SPAN_LIT("note\n")));
}

static void largest_state(void **state)
{
    (void)state;
    static const uint8_t blob[AK_SEAL_KEK_BLOB_MAX + 1] = {1};
    header.kek_blob = ak_span(blob, AK_SEAL_KEK_BLOB_MAX);
    state_in.note_len = AK_SEAL_NOTE_MAX;
    memset(state_in.note, 'n', AK_SEAL_NOTE_MAX);
    state_in.root_count = AK_SEAL_ROOTS_MAX;
    for (size_t i = 0; i < AK_SEAL_ROOTS_MAX; i++) {
        state_in.roots[i].version = (uint32_t)(3 * i + 1);
        state_in.roots[i].suite = i ? AK_SEAL_ROOT_SIGNER_V0 : AK_SEAL_ROOT_AK1;
    }
    state_in.trust_len = AK_SEAL_TRUST_MAX;
    ak_sha256(AK_SPAN_ARR(state_in.trust), header.config);
    assert_int_equal(encode(), AK_OK);
    assert_int_equal(file_len, AK_SEAL_FILE_MAX);
    assert_int_equal(open_file(), AK_OK);
    assert_memory_equal(&state_in, &state_out, sizeof state_in);
    header.kek_blob = AK_SPAN_ARR(blob);
    assert_int_equal(encode(), AK_E_LIMIT);
    header.kek_blob = AK_SPAN_EMPTY;
    assert_int_equal(encode(), AK_E_LIMIT);
    file_len = AK_SEAL_FILE_MAX + 1;
    assert_int_equal(open_file(), AK_E_LIMIT);
    assert_out_is_zero();
}

static void small_buffer_gets_nothing(void **state)
{
    (void)state;
    assert_int_equal(encode(), AK_OK);
    size_t need = file_len;
    memset(file, 0, sizeof file);
    struct ak_buf buf = ak_buf(file, need - 1);
    assert_int_equal(ak_seal_encode(&header, &kek, &state_in, &buf), AK_E_FULL);
    assert_int_equal(buf.len, 0);
    for (size_t i = 0; i < need; i++) assert_int_equal(file[i], 0);
}

/* I11: no bit of the file is used that was not authenticated. */
static void every_byte_counts(void **state)
{
    (void)state;
    assert_int_equal(encode(), AK_OK);
    for (size_t i = 0; i < file_len; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            file[i] ^= (uint8_t)(1u << bit);
            assert_int_not_equal(open_file(), AK_OK);
            assert_out_is_zero();
            file[i] ^= (uint8_t)(1u << bit);
        }
    }
    assert_int_equal(open_file(), AK_OK);
    kek.bytes[31] ^= 1;
    assert_int_equal(open_file(), AK_E_AUTH);
}

static void every_length_counts(void **state)
{
    (void)state;
    assert_int_equal(encode(), AK_OK);
    size_t whole = file_len;
    for (file_len = 0; file_len < whole; file_len++) {
        assert_int_not_equal(open_file(), AK_OK);
        assert_out_is_zero();
    }
    file_len = whole + 1;
    assert_int_equal(open_file(), AK_E_FORMAT);
}

static void other_versions_are_told_apart(void **state)
{
    (void)state;
    struct ak_seal_header seen;
    assert_int_equal(encode(), AK_OK);
    for (uint8_t format = 0; format <= AK_SEAL_FORMAT + 1; format += AK_SEAL_FORMAT + 1) {
        file[9] = format;
        assert_int_equal(ak_seal_parse_header(ak_span(file, file_len), &seen), AK_E_UNSUPPORTED);
    }
    file[9] = AK_SEAL_FORMAT;
    file[10] = 2;
    assert_int_equal(ak_seal_parse_header(ak_span(file, file_len), &seen), AK_E_UNSUPPORTED);
    file[10] = 1;
    file[0] = 'a';
    assert_int_equal(ak_seal_parse_header(ak_span(file, file_len), &seen), AK_E_FORMAT);
    header.suite = 2;
    assert_int_equal(encode(), AK_E_UNSUPPORTED);
}

static void meaning_is_checked_when_written(void **state)
{
    (void)state;
    state_in.n = header.n = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    state_in.n = 8;
    assert_int_equal(encode(), AK_E_ARG);
    setup(NULL);
    state_in.root_count = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    state_in.root_count = AK_SEAL_ROOTS_MAX + 1;
    assert_int_equal(encode(), AK_E_LIMIT);
    setup(NULL);
    state_in.roots[0].version = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    state_in.root_count = 2;
    state_in.roots[1] = state_in.roots[0];
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    state_in.roots[0].suite = 3;
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    state_in.clean = false;
    assert_int_equal(encode(), AK_E_MEANING);
    state_in.clean_size = 0;
    assert_int_equal(encode(), AK_OK);
    state_in.checkpoint_size = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    state_in.note_len = 0;
    assert_int_equal(encode(), AK_OK);
    state_in.note_len = AK_SEAL_NOTE_MAX + 1;
    assert_int_equal(encode(), AK_E_LIMIT);
    setup(NULL);
    state_in.trust_len = AK_SEAL_TRUST_MAX + 1;
    assert_int_equal(encode(), AK_E_LIMIT);
    state_in.trust_len = 0;
    assert_int_equal(encode(), AK_E_MEANING);
    setup(NULL);
    header.config[31] ^= 1;
    assert_int_equal(encode(), AK_E_ARG);
}

/* Opens the body, changes one plaintext byte and seals it again: authentic, but against the rules. */
static enum ak_err open_with(size_t offset, uint8_t value)
{
    uint8_t plain[AK_SEAL_BODY_MAX];
    const size_t head = AK_SEAL_HEADER_LEN + 3;
    assert_int_equal(encode(), AK_OK);
    struct ak_span aad = ak_span(file, head);
    assert_int_equal(
        ak_gcm_open(&kek, header.nonce, aad, ak_span(file + head, file_len - head), plain), AK_OK);
    plain[offset] = value;
    assert_int_equal(
        ak_gcm_seal(&kek, header.nonce, aad, ak_span(plain, file_len - head - 16), file + head), AK_OK);
    return open_file();
}

static void meaning_is_checked_when_opened(void **state)
{
    (void)state;
    assert_int_equal(open_with(0, 0), AK_OK);
    assert_int_equal(open_with(7, 8), AK_E_MEANING); /* n is not the header's */
    assert_out_is_zero();
    assert_int_equal(open_with(40, 3), AK_E_FORMAT);          /* unknown flag */
    assert_int_equal(open_with(40, 0), AK_E_MEANING);         /* clean size without clean */
    assert_int_equal(open_with(89, 0xff), AK_E_LIMIT);        /* note length */
    assert_int_equal(open_with(90, 6), AK_E_FORMAT);          /* note one longer */
    assert_int_equal(open_with(91 + 5, 0), AK_E_FORMAT);      /* no root: bytes left over */
    assert_int_equal(open_with(91 + 5, 17), AK_E_LIMIT);      /* too many */
    assert_int_equal(open_with(92 + 5 + 3, 0), AK_E_MEANING); /* version 0 */
    assert_int_equal(open_with(92 + 5 + 4, 9), AK_E_MEANING); /* suite */
    const size_t trust = 92 + 5 + AK_SEAL_ROOT_LEN;
    assert_int_equal(open_with(trust, 0xff), AK_E_LIMIT);       /* its length */
    assert_int_equal(open_with(trust + 1, 0), AK_E_FORMAT);     /* none */
    assert_int_equal(open_with(trust + 1, 8), AK_E_FORMAT);     /* one longer */
    assert_int_equal(open_with(trust + 2, 0xa4), AK_E_MEANING); /* not the one of the header */
    assert_out_is_zero();
}

/* The blocks of docs/formats/sealed.md: 0 is what the code writes, 1 a file of format 1. */
static void read_example(unsigned wanted_block, struct ak_buf *wanted)
{
    FILE *doc = fopen(AK_SOURCE_ROOT "/docs/formats/sealed.md", "r");
    assert_non_null(doc);
    char line[256];
    bool inside = false;
    unsigned blocks = 0;
    while (fgets(line, sizeof line, doc)) {
        if (strncmp(line, "```", 3) == 0) {
            inside = strcmp(line, "```hex\n") == 0;
            blocks += inside;
        } else if (inside && blocks == wanted_block + 1) {
            ak_buf_put(wanted, ak_span(line, strcspn(line, "\n")));
        }
    }
    fclose(doc);
}

static void documented_example(void **state)
{
    (void)state;
    char want[2 * sizeof file + 1], got[2 * sizeof file + 1] = "";
    struct ak_buf wanted = ak_buf(want, sizeof want - 1);
    read_example(0, &wanted);
    want[wanted.len] = 0;
    assert_int_equal(encode(), AK_OK);
    struct ak_buf buf = ak_buf(got, sizeof got - 1);
    ak_hex_encode(&buf, ak_span(file, file_len));
    assert_string_equal(got, want);
}

/* A folder of an earlier version is read as it was; only its trust configuration is not there. */
static void format_1_opens(void **state)
{
    (void)state;
    char want[2 * sizeof file + 1];
    struct ak_buf wanted = AK_BUF_ARR(want);
    struct ak_seal_header seen;
    read_example(1, &wanted);
    file_len = wanted.len / 2;
    assert_int_equal(ak_hex_decode_fixed(ak_buf_span(&wanted), file, file_len), AK_OK);
    assert_int_equal(ak_seal_open(ak_span(file, file_len), &kek, &seen, &state_out), AK_OK);
    assert_int_equal(seen.format, AK_SEAL_FORMAT_OLD);
    memset(header.config, 0xcf, 32);
    assert_memory_equal(seen.config, header.config, 32);
    state_in.trust_len = 0;
    memset(state_in.trust, 0, sizeof state_in.trust);
    assert_memory_equal(&state_in, &state_out, sizeof state_in);
    for (size_t i = 0; i < file_len; i++) {
        file[i] ^= 1;
        assert_int_not_equal(open_file(), AK_OK);
        assert_out_is_zero();
        file[i] ^= 1;
    }
    size_t whole = file_len;
    for (file_len = 0; file_len < whole; file_len++) assert_int_not_equal(open_file(), AK_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(round_trip, setup),
        cmocka_unit_test_setup(body_is_encrypted, setup),
        cmocka_unit_test_setup(largest_state, setup),
        cmocka_unit_test_setup(small_buffer_gets_nothing, setup),
        cmocka_unit_test_setup(every_byte_counts, setup),
        cmocka_unit_test_setup(every_length_counts, setup),
        cmocka_unit_test_setup(other_versions_are_told_apart, setup),
        cmocka_unit_test_setup(meaning_is_checked_when_written, setup),
        cmocka_unit_test_setup(meaning_is_checked_when_opened, setup),
        cmocka_unit_test_setup(documented_example, setup),
        cmocka_unit_test_setup(format_1_opens, setup),
    };
    return cmocka_run_group_tests_name("seal", tests, NULL, NULL);
}
