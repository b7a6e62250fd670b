/* What a verifier knows beforehand: a pinned key, the log's id, an earlier checkpoint, a receipt. Forks and
 * rollbacks show against them, also where the file by itself is faultless. */
#include "unit/audit/gen.h"
#include "unit/audit/verify.h"

enum { COUNT = 21, ACCOUNTS = 2, FILE_MAX = 64 * 1024 };

static struct gen_log written, forked; /* they part after ten entries */
static uint8_t full_bytes[FILE_MAX], part_bytes[FILE_MAX], memory[FILE_MAX], earlier_bytes[1024];
static struct ak_buf full, part, file, earlier;
static struct ak_audit_options options;

static int setup(void **state)
{
    (void)state;
    gen_log_make(&written, COUNT, ACCOUNTS);
    gen_log_make(&forked, COUNT, ACCOUNTS);
    for (size_t i = 10; i < COUNT; i++)
        gen_signed(&forked.entries[i], (uint64_t)GEN_START_MS * 1000 + i + 1, i % 2, i / 2,
            forked.entries[i - 2].leaf);
    full = AK_BUF_ARR(full_bytes);
    gen_full(&full, &written);
    part = AK_BUF_ARR(part_bytes);
    gen_part(&part, &written, 0, ACCOUNTS);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    gen_log_free(&written);
    gen_log_free(&forked);
    return 0;
}

static int fresh(void **state)
{
    (void)state;
    options = (struct ak_audit_options){0};
    return 0;
}

static struct ak_audit_report verify_full(void)
{
    return verify_file(ak_buf_span(&full), &options);
}

static struct ak_audit_report verify_part(void)
{
    return verify_file(ak_buf_span(&part), &options);
}

static void earlier_of(const struct gen_log *log, size_t size)
{
    earlier = AK_BUF_ARR(earlier_bytes);
    gen_note(&earlier, log, size);
    options.earlier = ak_buf_span(&earlier);
}

/* A full file with another checkpoint. */
static struct ak_audit_report verify_with_note(const struct ak_buf *note)
{
    struct ak_span rest = ak_buf_span(&full);
    file = AK_BUF_ARR(memory);
    verify_next_line(&rest);
    gen_header(&file, &written, NULL, ak_buf_span(note));
    ak_buf_put(&file, rest);
    assert_false(file.failed);
    return verify_file(ak_buf_span(&file), &options);
}

static void pinned_key(void **state)
{
    uint8_t other[32] = {1};
    (void)state;
    options.ledger_key = written.key;
    assert_int_equal(verify_full().key, AK_AUDIT_KEY_PINNED);
    assert_fault(verify_full(), AK_AUDIT_SOUND);
    options.ledger_key = other;
    assert_fault(verify_full(), AK_AUDIT_BAD_SIGNATURE);
    assert_fault(verify_part(), AK_AUDIT_BAD_SIGNATURE);
}

static void expected_log(void **state)
{
    uint8_t id[16];
    (void)state;
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT(gen_log_hex), id, 16), AK_OK);
    options.log_id = id;
    assert_fault(verify_full(), AK_AUDIT_SOUND);
    id[15] ^= 1;
    assert_fault(verify_full(), AK_AUDIT_OTHER_LOG);
    assert_fault(verify_part(), AK_AUDIT_OTHER_LOG);
}

static void checkpoint_is_of_the_file(void **state)
{
    static const char other_hex[] = "1f0e0d0c0b0a09080706050403020100";
    uint8_t root[32], note_bytes[1024];
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    struct ak_secret32 other_seed = {{1}};
    (void)state;
    gen_root(written.entries, COUNT, root);
    gen_note_of(&note, gen_log_hex, COUNT, root, &written.seed);
    assert_fault(verify_with_note(&note), AK_AUDIT_SOUND);
    note.len = 0;
    gen_note_of(&note, other_hex, COUNT, root, &written.seed);
    assert_fault(verify_with_note(&note), AK_AUDIT_OTHER_LOG);
    note.len = 0;
    gen_note_of(&note, gen_log_hex, COUNT, root, &other_seed);
    assert_fault(verify_with_note(&note), AK_AUDIT_BAD_SIGNATURE);
    note.len = 0;
    gen_note_of(&note, gen_log_hex, 0, root, &written.seed);
    assert_fault(verify_with_note(&note), AK_AUDIT_MALFORMED);
    note.len--;
    assert_fault(verify_with_note(&note), AK_AUDIT_MALFORMED);
    note.len = 0;
    gen_note_of(&note, gen_log_hex, COUNT + 1, root, &written.seed);
    assert_fault_at(verify_with_note(&note), AK_AUDIT_CUT_TAIL, COUNT);
    note.len = 0;
    gen_note_of(&note, gen_log_hex, COUNT - 1, root, &written.seed);
    assert_fault_at(verify_with_note(&note), AK_AUDIT_ROLLED_BACK, COUNT - 1);
    note.len = 0;
    root[0] ^= 1;
    gen_note_of(&note, gen_log_hex, COUNT, root, &written.seed);
    assert_fault(verify_with_note(&note), AK_AUDIT_ROOT);
}

/* Witnesses' names may hold what JSON escapes. */
static void witnesses_do_not_disturb(void **state)
{
    uint8_t note_bytes[1024];
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    (void)state;
    gen_note(&note, &written, COUNT);
    ak_buf_put_str(&note, "\xe2\x80\x94 w\"\\w AAAAAAE=\n");
    assert_fault(verify_with_note(&note), AK_AUDIT_SOUND);
}

/* Too much of a note is as bad as a false one: also where the rest of the file would do. */
static void notes_have_limits(void **state)
{
    uint8_t note_bytes[1024];
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    (void)state;
    gen_note(&note, &written, COUNT);
    for (unsigned lines = 2; lines <= 17; lines++) {
        ak_buf_put_str(&note, "\xe2\x80\x94 w AAAAAAE=\n");
        assert_fault(verify_with_note(&note), lines <= 16 ? AK_AUDIT_SOUND : AK_AUDIT_MALFORMED);
        options.earlier = ak_buf_span(&note);
        assert_fault(verify_full(), lines <= 16 ? AK_AUDIT_SOUND : AK_AUDIT_MALFORMED);
        options.earlier = AK_SPAN_EMPTY;
    }
}

/* Whoever has all entries needs no proof, and a bad one shows nothing. */
static void full_needs_no_proof(void **state)
{
    (void)state;
    earlier_of(&written, 12);
    options.earlier_proof = AK_SPAN_LIT("no proof");
    struct ak_audit_report report = verify_full();
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.earlier, AK_AUDIT_CHECKED);
}

static void header_names_one_log(void **state)
{
    (void)state;
    file = AK_BUF_ARR(memory);
    ak_buf_put(&file, ak_buf_span(&full));
    size_t at = sizeof("{\"format\":\"agentkeys-ledger-export/1\",\"kind\":\"full\",\"log_id\":\"") - 1;
    assert_memory_equal(memory + at, "0f0e", 4);
    memory[at] = '1';
    assert_fault(verify_file(ak_buf_span(&file), NULL), AK_AUDIT_OTHER_LOG);
    memory[at] = '0';
    at += 32 + sizeof("\",\"origin\":\"agentkeys/ledger/") - 1;
    assert_memory_equal(memory + at, "0f0e", 4);
    memory[at] = '1';
    assert_fault(verify_file(ak_buf_span(&file), NULL), AK_AUDIT_OTHER_LOG);
}

static void full_begins_with_any_earlier_tree(void **state)
{
    (void)state;
    for (size_t size = 0; size <= COUNT; size++) {
        earlier_of(&written, size);
        struct ak_audit_report report = verify_full();
        assert_fault(report, AK_AUDIT_SOUND);
        assert_int_equal(report.earlier, AK_AUDIT_CHECKED);
        assert_int_equal(report.key, AK_AUDIT_KEY_BY_EARLIER);
    }
    options.ledger_key = written.key;
    assert_int_equal(verify_full().key, AK_AUDIT_KEY_PINNED);
}

static void fork_is_named(void **state)
{
    (void)state;
    for (size_t size = 1; size <= COUNT; size++) {
        earlier_of(&forked, size);
        struct ak_audit_report report = verify_full();
        assert_fault(report, size <= 10 ? AK_AUDIT_SOUND : AK_AUDIT_FORKED);
        assert_int_equal(report.earlier, size <= 10 ? AK_AUDIT_CHECKED : AK_AUDIT_DOES_NOT_HOLD);
    }
    earlier_of(&forked, COUNT);
    assert_fault(verify_part(), AK_AUDIT_FORKED);
    uint8_t root[32] = {0};
    earlier.len = 0;
    gen_note_of(&earlier, gen_log_hex, 0, root, &written.seed); /* an empty log with entries */
    options.earlier = ak_buf_span(&earlier);
    assert_fault(verify_full(), AK_AUDIT_FORKED);
    assert_fault(verify_part(), AK_AUDIT_FORKED);
}

static void rollback_is_named(void **state)
{
    struct gen_log longer;
    (void)state;
    gen_log_make(&longer, COUNT + 1, ACCOUNTS);
    earlier_of(&longer, COUNT + 1);
    assert_fault(verify_full(), AK_AUDIT_ROLLED_BACK);
    assert_fault(verify_part(), AK_AUDIT_ROLLED_BACK);
    gen_log_free(&longer);
}

static void earlier_is_itself_verified(void **state)
{
    uint8_t root[32];
    struct ak_secret32 other_seed = {{1}};
    (void)state;
    gen_root(written.entries, 5, root);
    earlier = AK_BUF_ARR(earlier_bytes);
    gen_note_of(&earlier, gen_log_hex, 5, root, &other_seed);
    options.earlier = ak_buf_span(&earlier);
    assert_fault(verify_full(), AK_AUDIT_BAD_SIGNATURE);
    earlier.len = 0;
    gen_note_of(&earlier, "1f0e0d0c0b0a09080706050403020100", 5, root, &written.seed);
    options.earlier = ak_buf_span(&earlier);
    assert_fault(verify_full(), AK_AUDIT_OTHER_LOG);
    options.earlier.len--;
    assert_fault(verify_full(), AK_AUDIT_MALFORMED);
}

/* Against an earlier checkpoint, an altered entry after it is known to be after it. */
static void root_is_narrowed_down(void **state)
{
    struct gen_entry kept = written.entries[COUNT - 1];
    (void)state;
    earlier_of(&written, 12);
    uint8_t note_bytes[1024];
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    gen_note(&note, &written, COUNT);
    written.entries[COUNT - 1].bytes[kept.len - 1] ^= 1;
    gen_leaf(&written.entries[COUNT - 1]);
    file = AK_BUF_ARR(memory);
    gen_header(&file, &written, NULL, ak_buf_span(&note));
    for (size_t i = 0; i < COUNT; i++) gen_entry_line(&file, i, &written.entries[i], NULL);
    gen_end(&file, COUNT);
    assert_fault_at(verify_file(ak_buf_span(&file), &options), AK_AUDIT_ROOT, 12);
    earlier_of(&forked, 12); /* and without a believable earlier one, not */
    struct ak_audit_report report = verify_file(ak_buf_span(&file), &options);
    assert_fault(report, AK_AUDIT_ROOT);
    assert_false(report.finding.has_index);
    written.entries[COUNT - 1] = kept;
}

static void part_needs_a_consistency_proof(void **state)
{
    uint8_t proof_bytes[2048];
    (void)state;
    for (size_t size = 0; size <= COUNT; size++) {
        struct ak_buf proof = AK_BUF_ARR(proof_bytes);
        earlier_of(&written, size);
        options.earlier_proof = AK_SPAN_EMPTY;
        struct ak_audit_report report = verify_part();
        assert_fault(report, AK_AUDIT_SOUND);
        assert_int_equal(
            report.earlier, size == 0 || size == COUNT ? AK_AUDIT_CHECKED : AK_AUDIT_NOT_CHECKED);
        if (size == 0 || size == COUNT) continue;
        gen_subproof(written.entries, COUNT, size, true, &proof);
        options.earlier_proof = ak_buf_span(&proof);
        report = verify_part();
        assert_fault(report, AK_AUDIT_SOUND);
        assert_int_equal(report.earlier, AK_AUDIT_CHECKED);
        proof_bytes[proof.len - 1] ^= 1;
        assert_fault(verify_part(), AK_AUDIT_NOT_CONSISTENT);
        proof_bytes[proof.len - 1] ^= 1;
        earlier_of(&forked, size);
        assert_fault(verify_part(), size <= 10 ? AK_AUDIT_SOUND : AK_AUDIT_NOT_CONSISTENT);
    }
}

/* The end of an account's part may be cut by whoever counts anew; who holds a receipt sees it. */
static void receipt_shows_a_cut_account(void **state)
{
    struct ak_audit_receipt receipt = {.index = 20};
    (void)state;
    memcpy(receipt.leaf_hash, written.entries[20].leaf, 32);
    struct ak_span rest = ak_buf_span(&part);
    file = AK_BUF_ARR(memory);
    for (unsigned i = 0; i < 10; i++)
        ak_buf_put(&file, verify_next_line(&rest)); /* header, entries 2 to 18 */
    gen_end(&file, 9);
    assert_fault(verify_file(ak_buf_span(&file), &options), AK_AUDIT_SOUND);
    options.receipt = &receipt;
    assert_fault_at(verify_file(ak_buf_span(&file), &options), AK_AUDIT_DROPPED, 20);
    struct ak_audit_report report = verify_part();
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.receipt, AK_AUDIT_CHECKED);
    assert_int_equal(verify_full().receipt, AK_AUDIT_CHECKED);
    receipt.leaf_hash[0] ^= 1;
    assert_fault_at(verify_part(), AK_AUDIT_EDITED, 20);
    assert_fault_at(verify_full(), AK_AUDIT_EDITED, 20);
    receipt.index = COUNT;
    assert_fault_at(verify_full(), AK_AUDIT_ROLLED_BACK, COUNT);
}

static bool printed(const struct ak_buf *buf, const char *line)
{
    return ak_span_contains(ak_buf_span(buf), ak_span_str(line));
}

static void report_says_what_was_not_checked(void **state)
{
    uint8_t text[2048];
    struct ak_buf buf = AK_BUF_ARR(text);
    (void)state;
    struct ak_audit_report report = verify_full();
    ak_audit_report_put(&buf, &report);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    assert_true(printed(&buf, "result: sound\nkind: full\nlog_id: 0f0e0d0c0b0a09080706050403020100\n"));
    assert_true(printed(&buf, "key: believed: the file names it\nsize: 21\nroot: "));
    assert_true(
        printed(&buf, "entries: 21\ncontrol: 3\nuse: 18\nunknown_use: 0\nunknown_control: 0\naccounts: 2\n"));
    assert_true(printed(&buf, "earlier: none given\nreceipt: none given\nmac: not checked\n"));
    earlier_of(&written, 5);
    report = verify_part();
    buf.len = 0;
    ak_audit_report_put(&buf, &report);
    assert_true(printed(&buf, "\nanchor: "));
    assert_true(printed(&buf, "earlier: not checked\n"));
    earlier_of(&forked, COUNT);
    report = verify_part();
    buf.len = 0;
    ak_audit_report_put(&buf, &report);
    assert_true(printed(
        &buf, "result: forked\nproblem: two checkpoints of one size have different roots\nline: 1\n"));
    assert_true(printed(&buf, "earlier: does not hold\n"));
    assert_string_equal(ak_audit_fault_name(AK_AUDIT_FAULT_COUNT), "unknown");
    assert_string_equal(ak_audit_fault_name(AK_AUDIT_UNKNOWN_CONTROL), "unknown_control");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(pinned_key, fresh),
        cmocka_unit_test_setup(expected_log, fresh),
        cmocka_unit_test_setup(checkpoint_is_of_the_file, fresh),
        cmocka_unit_test_setup(witnesses_do_not_disturb, fresh),
        cmocka_unit_test_setup(notes_have_limits, fresh),
        cmocka_unit_test_setup(full_needs_no_proof, fresh),
        cmocka_unit_test_setup(header_names_one_log, fresh),
        cmocka_unit_test_setup(full_begins_with_any_earlier_tree, fresh),
        cmocka_unit_test_setup(fork_is_named, fresh),
        cmocka_unit_test_setup(rollback_is_named, fresh),
        cmocka_unit_test_setup(earlier_is_itself_verified, fresh),
        cmocka_unit_test_setup(root_is_narrowed_down, fresh),
        cmocka_unit_test_setup(part_needs_a_consistency_proof, fresh),
        cmocka_unit_test_setup(receipt_shows_a_cut_account, fresh),
        cmocka_unit_test_setup(report_says_what_was_not_checked, fresh),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
