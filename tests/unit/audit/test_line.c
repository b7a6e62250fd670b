/* The three kinds of line: each in one form only. */
#include "unit/audit/gen.h"
#include "unit/audit/verify.h"

#define HEX32 "000102030405060708090a0b0c0d0e0f"
#define HEX64 HEX32 HEX32
#define FULL                                                                                                 \
    "{\"format\":\"agentkeys-ledger-export/1\",\"kind\":\"full\",\"log_id\":\"" HEX32                        \
    "\",\"origin\":\"agentkeys/ledger/" HEX32 "\",\"ledger_key\":\"" HEX64 "\",\"checkpoint\":\""
#define PART                                                                                                 \
    "{\"format\":\"agentkeys-ledger-export/1\",\"kind\":\"account\",\"log_id\":\"" HEX32                     \
    "\",\"origin\":\"agentkeys/ledger/" HEX32 "\",\"ledger_key\":\"" HEX64 "\",\"anchor\":\"" HEX64          \
    "\",\"checkpoint\":\""

static struct ak_audit_header header;
static struct ak_audit_entry_line entry;

static bool header_reads(const char *line)
{
    return ak_audit_line_header(ak_span_str(line), &header) == AK_OK;
}

static bool entry_reads(const char *line)
{
    return ak_audit_line_entry(ak_span_str(line), false, &entry) == AK_OK;
}

static bool part_reads(const char *line)
{
    return ak_audit_line_entry(ak_span_str(line), true, &entry) == AK_OK;
}

static bool note_is(const char *text)
{
    return ak_span_eq(ak_span(header.note, header.note_len), ak_span_str(text));
}

/* Every line of a list is refused. */
static void refused(bool (*reads)(const char *line), const char *const *lines)
{
    for (; *lines; lines++) {
        if (reads(*lines)) fail_msg("read: %s", *lines);
    }
}

static void header_of_both_kinds(void **state)
{
    uint8_t want[32];
    (void)state;
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT(HEX64), want, 32), AK_OK);
    assert_true(header_reads(FULL "a\\nb\xe2\x80\x94\\\"\\\\\"}"));
    assert_false(header.account);
    assert_memory_equal(header.log_id, want, 16);
    assert_memory_equal(header.origin_log_id, want, 16);
    assert_memory_equal(header.ledger_key, want, 32);
    assert_true(note_is("a\nb\xe2\x80\x94\"\\"));
    assert_true(header_reads(PART "\"}"));
    assert_true(header.account);
    assert_memory_equal(header.anchor, want, 32);
    assert_int_equal(header.note_len, 0);
}

static void header_has_one_form(void **state)
{
    static const char *const bad[] = {"", "{}", FULL, FULL "\"", FULL "\"}x", FULL "\"} ", FULL "\",\"x\":1}",
        FULL "a\nb\"}", FULL "a\tb\"}", FULL "a\\tb\"}", FULL "a\\u0041\"}", FULL "a\\/\"}", FULL "\\\"}",
        FULL "\xe2\x80\x93\"}", FULL "\xe2\x80\"}", FULL "\x7f\"}", FULL "\xc3\xa4\"}", FULL "\r\"}", NULL};
    (void)state;
    refused(header_reads, bad);
}

/* Each byte of the fixed part of a header is needed as it is. */
static void header_members_are_fixed(void **state)
{
    char line[] = PART "x\"}";
    (void)state;
    assert_true(header_reads(line));
    for (size_t at = 0; at < sizeof line - 4; at++) {
        uint8_t kept = (uint8_t)line[at];
        bool digit = (kept >= '0' && kept <= '9') || (kept >= 'a' && kept <= 'f');
        line[at] = 'g';
        if (kept != 'g') assert_false(header_reads(line));
        line[at] = (char)(kept ^ 0x20);
        assert_false(header_reads(line));
        line[at] = 'a';
        if (!digit) assert_false(header_reads(line));
        line[at] = (char)kept;
    }
}

static void note_has_a_limit(void **state)
{
    static char line[sizeof FULL + AK_AUDIT_NOTE_MAX + 8];
    (void)state;
    for (size_t len = AK_AUDIT_NOTE_MAX; len <= AK_AUDIT_NOTE_MAX + 1; len++) {
        size_t at = strlen(FULL);
        memcpy(line, FULL, at);
        memset(line + at, 'x', len);
        memcpy(line + at + len, "\"}", 3);
        assert_int_equal(header_reads(line), len <= AK_AUDIT_NOTE_MAX);
    }
}

static void entry_is_taken_apart(void **state)
{
    uint8_t want[32];
    (void)state;
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT(HEX64), want, 32), AK_OK);
    assert_true(entry_reads("{\"index\":12,\"entry\":\"a1b2c3\",\"leaf_hash\":\"" HEX64 "\"}"));
    assert_int_equal(entry.index, 12);
    assert_int_equal(entry.entry_len, 3);
    assert_memory_equal(entry.room, "\x00\xa1\xb2\xc3", 4);
    assert_memory_equal(entry.leaf_hash, want, 32);
    assert_int_equal(entry.proof_len, 0);
    assert_true(part_reads("{\"index\":0,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\",\"proof\":[]}"));
    assert_int_equal(entry.proof_len, 0);
    assert_true(part_reads("{\"index\":0,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\",\"proof\":[\"" HEX64
                           "\",\"" HEX64 "\"]}"));
    assert_int_equal(entry.proof_len, 64);
    assert_memory_equal(entry.proof + 32, want, 32);
    assert_true(entry_reads("{\"index\":9223372036854775807,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\"}"));
    assert_int_equal(entry.index, INT64_MAX);
}

static void entry_has_one_form(void **state)
{
#define ENTRY "{\"index\":0,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\""
    static const char *const bad[] = {"", "{", ENTRY, ENTRY "}}", ENTRY "} ", ENTRY ",\"proof\":[]}",
        "{\"index\":00,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":-1,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":1e0,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":9223372036854775808,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":99999999999999999999,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":0,\"entry\":\"\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":0,\"entry\":\"0\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":0,\"entry\":\"0A\",\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\":0,\"entry\":\"00\",\"leaf_hash\":\"" HEX32 "\"}",
        "{\"index\":0,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "00\"}",
        "{\"entry\":\"00\",\"index\":0,\"leaf_hash\":\"" HEX64 "\"}",
        "{\"index\": 0,\"entry\":\"00\",\"leaf_hash\":\"" HEX64 "\"}", "{\"index\":0,\"entry\":\"00", NULL};
    static const char *const bad_parts[] = {ENTRY "}", ENTRY ",\"proof\":[", ENTRY ",\"proof\":[\"\"]}",
        ENTRY ",\"proof\":[\"" HEX64 "\",]}", ENTRY ",\"proof\":[,\"" HEX64 "\"]}",
        ENTRY ",\"proof\":[\"" HEX64 "\"", ENTRY ",\"proof\":[\"" HEX64 "\"\"" HEX64 "\"]}",
        ENTRY ",\"proof\":[\"" HEX64 "\", \"" HEX64 "\"]}", ENTRY ",\"proof\":[\"" HEX64 "00\"]}",
        ENTRY ",\"proof\":[]]}", NULL};
    (void)state;
    assert_true(entry_reads(ENTRY "}"));
    refused(entry_reads, bad);
    refused(part_reads, bad_parts);
}

static void entry_and_proof_have_limits(void **state)
{
    static uint8_t memory[2 * AK_AUDIT_LINE_MAX];
    static struct gen_entry small;
    (void)state;
    for (size_t len = AK_AUDIT_ENTRY_MAX; len <= AK_AUDIT_ENTRY_MAX + 1; len++) {
        struct ak_buf buf = AK_BUF_ARR(memory);
        ak_buf_put_str(&buf, "{\"index\":0,\"entry\":\"");
        for (size_t i = 0; i < len; i++) ak_buf_put_str(&buf, "00");
        ak_buf_put_str(&buf, "\",\"leaf_hash\":\"" HEX64 "\"}");
        assert_int_equal(
            ak_audit_line_entry(ak_buf_span(&buf), false, &entry) == AK_OK, len <= AK_AUDIT_ENTRY_MAX);
    }
    small.len = 1;
    for (size_t hashes = AK_AUDIT_LEVELS; hashes <= AK_AUDIT_LEVELS + 1; hashes++) {
        uint8_t zeros[(AK_AUDIT_LEVELS + 1) * AK_AUDIT_HASH] = {0};
        struct ak_buf buf = AK_BUF_ARR(memory), proof = {zeros, 32 * hashes, sizeof zeros, false};
        gen_entry_line(&buf, 0, &small, &proof);
        struct ak_span line = ak_span(memory, buf.len - 1);
        assert_int_equal(ak_audit_line_entry(line, true, &entry) == AK_OK, hashes <= AK_AUDIT_LEVELS);
    }
}

static bool end_reads(const char *line)
{
    uint64_t entries = 0;
    return ak_audit_line_end(ak_span_str(line), &entries) == AK_OK;
}

static void end_has_one_form(void **state)
{
    static const char *const bad[] = {"", "{\"end\":true,\"entries\":}", "{\"end\":true,\"entries\":1",
        "{\"end\":true,\"entries\":1}}", "{\"end\":true,\"entries\":01}", "{\"end\":false,\"entries\":1}",
        "{\"end\":true, \"entries\":1}", "{\"end\":true,\"entries\":\"1\"}", NULL};
    uint64_t entries = 0;
    (void)state;
    assert_int_equal(ak_audit_line_end(AK_SPAN_LIT("{\"end\":true,\"entries\":70}"), &entries), AK_OK);
    assert_int_equal(entries, 70);
    refused(end_reads, bad);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(header_of_both_kinds),
        cmocka_unit_test(header_has_one_form),
        cmocka_unit_test(header_members_are_fixed),
        cmocka_unit_test(note_has_a_limit),
        cmocka_unit_test(entry_is_taken_apart),
        cmocka_unit_test(entry_has_one_form),
        cmocka_unit_test(entry_and_proof_have_limits),
        cmocka_unit_test(end_has_one_form),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
