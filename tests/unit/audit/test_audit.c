/* What is done to a file is found and named: edits, drops, doublings, reorderings, cuts, in files that were
 * left as they are and in files whose hashes, indexes and counts were made again by someone without the key.
 */
#include "unit/audit/file_world.h"

static void generated_files_verify(void **state)
{
    (void)state;
    struct ak_audit_report report = verify_file(ak_buf_span(&full), NULL);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.entries, COUNT);
    assert_int_equal(report.accounts, ACCOUNTS);
    assert_int_equal(report.controls, 1 + ACCOUNTS);
    report = verify_file(ak_buf_span(&part), NULL);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.entries, 7);
    for (size_t size = 1; size <= COUNT; size++) { /* every size of log, every shape of tree */
        struct gen_log log = written;
        log.count = size;
        file = AK_BUF_ARR(memory);
        gen_full(&file, &log);
        assert_fault(verify_file(ak_buf_span(&file), NULL), AK_AUDIT_SOUND);
        if (size < 3) continue;
        file = AK_BUF_ARR(memory);
        gen_part(&file, &log, 0, ACCOUNTS);
        assert_fault(verify_file(ak_buf_span(&file), NULL), AK_AUDIT_SOUND);
    }
}

static void empty_file(void **state)
{
    (void)state;
    assert_fault(verify_file(AK_SPAN_EMPTY, NULL), AK_AUDIT_CUT_TAIL);
    assert_fault(verify_file(AK_SPAN_LIT("\n"), NULL), AK_AUDIT_MALFORMED);
    assert_fault(verify_file(AK_SPAN_LIT("x"), NULL), AK_AUDIT_CUT_TAIL);
}

/* ---- lines of a file moved about ---- */

static void dropped_line_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct lines lines = split(&full);
        drop_line(&lines, 1 + i);
        struct ak_audit_report report = verify_lines(&lines);
        if (i + 1 < COUNT) assert_fault_at(report, AK_AUDIT_DROPPED, i);
        if (i + 1 == COUNT) assert_fault_at(report, AK_AUDIT_CUT_TAIL, i);
    }
    for (size_t i = 0; i < 7; i++) {
        struct lines lines = split(&part);
        drop_line(&lines, 1 + i);
        struct ak_audit_report report = verify_lines(&lines);
        if (i < 6) assert_fault_at(report, AK_AUDIT_GAP, 3 + ACCOUNTS * (i + 1));
        if (i < 6) assert_int_equal(report.finding.has_other, i > 0); /* the entry before, if there is one */
        if (i < 6 && i > 0) assert_int_equal(report.finding.other, 3 + ACCOUNTS * (i - 1));
        if (i == 6) assert_fault(report, AK_AUDIT_CUT_TAIL);
    }
}

static void doubled_line_is_named(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct lines lines = split(&full);
        struct ak_span line = lines.line[1 + i];
        memmove(&lines.line[2 + i], &lines.line[1 + i], (lines.count - 1 - i - 1) * sizeof line);
        lines.line[1 + i] = line; /* in place of the last line */
        assert_fault_at(verify_lines(&lines), AK_AUDIT_DOUBLED, i);
    }
    struct lines lines = split(&part);
    lines.line[4] = lines.line[3];
    assert_fault_at(verify_lines(&lines), AK_AUDIT_DOUBLED, 9);
}

static void moved_line_is_named(void **state)
{
    (void)state;
    for (size_t from = 1; from <= COUNT; from++) {
        for (size_t to = 1; to <= COUNT; to++) {
            struct lines lines = split(&full);
            if (from == to) continue;
            move_line(&lines, from, to);
            /* The first index that is not where it belongs turns up further down. */
            assert_fault_at(verify_lines(&lines), AK_AUDIT_REORDERED, (from < to ? from : to) - 1);
        }
    }
    for (size_t from = 1; from <= 7; from++) {
        for (size_t to = 1; to <= 7; to++) {
            struct lines lines = split(&part);
            if (from == to) continue;
            move_line(&lines, from, to);
            assert_fault_at(verify_lines(&lines), AK_AUDIT_REORDERED, ACCOUNTS * (from < to ? from : to));
        }
    }
}

/* While it is looked for, what is no line at all is passed over. */
static void a_missing_line_is_looked_for_in_lines_only(void **state)
{
    static struct ak_audit audit;
    struct ak_arena arena;
    struct ak_audit_report report;
    (void)state;
    struct lines lines = split(&full);
    ak_arena_init(&arena, ak_test_heap_hooks(), (size_t)1 << 20);
    ak_audit_open(&audit, NULL, &arena);
    assert_int_equal(ak_audit_line(&audit, lines.line[0]), AK_OK);
    assert_int_equal(ak_audit_line(&audit, lines.line[1]), AK_OK);
    assert_int_equal(ak_audit_line(&audit, lines.line[3]), AK_OK); /* without the second */
    assert_int_equal(ak_audit_line(&audit, AK_SPAN_EMPTY), AK_OK);
    assert_int_equal(ak_audit_line(&audit, AK_SPAN_LIT("\n")), AK_OK);
    assert_int_equal(ak_audit_line(&audit, lines.line[2]), AK_E_STATE); /* there it is */
    assert_int_equal(ak_audit_finish(&audit, &report), AK_OK);
    assert_fault_at(report, AK_AUDIT_REORDERED, 1);
    ak_arena_done(&arena);
}

static void lines_stand_where_they_belong(void **state)
{
    (void)state;
    struct lines lines = split(&full);
    drop_line(&lines, 0);
    assert_fault(verify_lines(&lines), AK_AUDIT_MALFORMED); /* no header */
    lines = split(&full);
    lines.line[1] = lines.line[0];
    assert_fault(verify_lines(&lines), AK_AUDIT_MALFORMED); /* two headers */
    lines = split(&full);
    move_line(&lines, LINES_MAX - 1, 5);
    assert_fault_at(verify_lines(&lines), AK_AUDIT_CUT_TAIL, 4); /* an early last line */
    file = AK_BUF_ARR(memory);
    ak_buf_put(&file, ak_buf_span(&full));
    gen_end(&file, COUNT);
    assert_fault(verify_file(ak_buf_span(&file), NULL), AK_AUDIT_MALFORMED); /* two last lines */
    file.len = full.len;
    ak_buf_put_str(&file, "\n");
    assert_fault(verify_file(ak_buf_span(&file), NULL), AK_AUDIT_MALFORMED); /* an empty line after it */
    lines = split(&part);
    lines.line[1] = split(&full).line[4];
    assert_fault(verify_lines(&lines), AK_AUDIT_MALFORMED); /* a full log's line in an account's part */
}

static void count_of_the_last_line(void **state)
{
    (void)state;
    for (uint64_t said = COUNT - 1; said <= COUNT + 1; said++) {
        file = AK_BUF_ARR(memory);
        ak_buf_put(&file, ak_span(full_bytes, full.len - split(&full).line[COUNT + 1].len));
        gen_end(&file, said);
        enum ak_audit_fault want = said == COUNT ? AK_AUDIT_SOUND : AK_AUDIT_CUT_TAIL;
        assert_fault(verify_file(ak_buf_span(&file), NULL), said < COUNT ? AK_AUDIT_MALFORMED : want);
    }
}

static void carriage_returns_are_refused(void **state)
{
    (void)state;
    for (size_t at = 0; at < LINES_MAX; at++) {
        struct lines lines = split(&full);
        uint8_t with_cr[8192];
        struct ak_span line = lines.line[at];
        memcpy(with_cr, line.ptr, line.len - 1);
        memcpy(with_cr + line.len - 1, "\r\n", 2);
        lines.line[at] = ak_span(with_cr, line.len + 1);
        struct ak_audit_report report = verify_lines(&lines);
        assert_fault(report, AK_AUDIT_MALFORMED);
        assert_int_equal(report.finding.line, at + 1);
    }
}

static void huge_lines_are_refused(void **state)
{
    static uint8_t huge[2 * AK_AUDIT_LINE_MAX];
    static struct ak_audit audit;
    struct ak_audit_report report;
    (void)state;
    memset(huge, 'x', sizeof huge);
    struct lines lines = split(&full);
    for (size_t len = AK_AUDIT_LINE_MAX - 1; len <= AK_AUDIT_LINE_MAX + 2; len++) {
        for (unsigned ended = 0; ended < 2; ended++) {
            ak_audit_open(&audit, NULL, NULL);
            assert_int_equal(ak_audit_line(&audit, lines.line[0]), AK_OK);
            huge[len - 1] = ended ? '\n' : 'x';
            assert_int_equal(ak_audit_line(&audit, ak_span(huge, len)), AK_E_STATE);
            huge[len - 1] = 'x';
            assert_int_equal(ak_audit_finish(&audit, &report), AK_OK);
            bool cut = !ended && len <= AK_AUDIT_LINE_MAX;
            assert_fault(report, cut ? AK_AUDIT_CUT_TAIL : AK_AUDIT_MALFORMED);
        }
    }
}

/* ---- an account's part ---- */

/* The part with line `at` in place of the third. */
static struct ak_audit_report verify_part_with(struct ak_span line)
{
    struct lines lines = split(&part);
    lines.line[3] = line;
    return verify_lines(&lines);
}

static void part_holds_one_account(void **state)
{
    uint8_t other[8192];
    struct ak_buf line = AK_BUF_ARR(other);
    (void)state;
    gen_account_line(&line, &written, 8); /* account 0 */
    assert_fault_at(verify_part_with(ak_buf_span(&line)), AK_AUDIT_OTHER_ACCOUNT, 8);
    /* Entry 1 has no account; put first, where its index ascends. */
    struct lines lines = split(&part);
    line.len = 0;
    gen_account_line(&line, &written, 1);
    lines.line[1] = ak_buf_span(&line);
    assert_fault_at(verify_lines(&lines), AK_AUDIT_OTHER_ACCOUNT, 1);
}

static void part_entries_lead_to_the_checkpoint(void **state)
{
    uint8_t other[8192], proof_bytes[2048];
    struct ak_buf line = AK_BUF_ARR(other), proof = AK_BUF_ARR(proof_bytes);
    struct gen_entry entry = written.entries[9];
    (void)state;
    gen_inclusion(written.entries, COUNT, 9, &proof);
    gen_entry_line(&line, 10, &entry, &proof); /* at another index */
    assert_fault_at(verify_part_with(ak_buf_span(&line)), AK_AUDIT_NOT_INCLUDED, 10);
    proof.len -= 32; /* a hash short */
    line.len = 0;
    gen_entry_line(&line, 9, &entry, &proof);
    assert_fault_at(verify_part_with(ak_buf_span(&line)), AK_AUDIT_NOT_INCLUDED, 9);
    proof.len += 32; /* another entry, hashed anew */
    entry.bytes[entry.len - 1] ^= 1;
    gen_leaf(&entry);
    line.len = 0;
    gen_entry_line(&line, 9, &entry, &proof);
    assert_fault_at(verify_part_with(ak_buf_span(&line)), AK_AUDIT_NOT_INCLUDED, 9);
    line.len = 0;
    gen_entry_line(&line, COUNT, &written.entries[9], &proof); /* beyond the checkpoint */
    assert_fault_at(verify_part_with(ak_buf_span(&line)), AK_AUDIT_ROLLED_BACK, COUNT);
}

/* ---- types that nobody knows ---- */

/* The last `count` entries are of that type. */
static struct ak_audit_report verify_log_with_type(unsigned type, size_t count)
{
    struct gen_log log = copy_of(&written);
    for (size_t i = COUNT - count; i < COUNT; i++) {
        struct ak_buf buf = AK_BUF_ARR(log.entries[i].bytes);
        gen_head(&buf, type < 128 ? 6 : 5, type, (uint64_t)GEN_START_MS * 1000 + COUNT);
        gen_text(&buf, 4, "worker");
        gen_bytes(&buf, 5, 1, 16);
        if (type < 128) gen_bytes(&buf, 9, 1, 32);
        gen_finish(&log.entries[i], &buf);
    }
    file = AK_BUF_ARR(memory);
    gen_full(&file, &log);
    free(log.entries);
    return verify_file(ak_buf_span(&file), NULL);
}

static void unknown_types(void **state)
{
    (void)state;
    struct ak_audit_report report = verify_log_with_type(200, 1);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.unknown_uses, 1);
    assert_int_equal(report.uses, COUNT - 1 - ACCOUNTS);
    report = verify_log_with_type(100, 3);
    assert_fault_at(report, AK_AUDIT_UNKNOWN_CONTROL, COUNT - 3); /* the first */
    assert_int_equal(report.unknown_controls, 3);
    report = verify_log_with_type(100, 1);
    assert_fault_at(report, AK_AUDIT_UNKNOWN_CONTROL, COUNT - 1);
    assert_int_equal(report.unknown_controls, 1);
    assert_int_equal(report.entries, COUNT);
    /* What was done to the tree says more than that. */
    file.ptr[split(&full).line[0].len + 30] ^= 1;
    assert_false(verify_file(ak_buf_span(&file), NULL).finding.fault == AK_AUDIT_UNKNOWN_CONTROL);
}

/* ---- memory ---- */

static void full_arena_gives_no_verdict(void **state)
{
    static const struct ak_audit_report zero;
    struct ak_audit_report report;
    (void)state;
    assert_int_equal(verify_with(ak_buf_span(&full), NULL, 0, &report), AK_E_FULL);
    assert_memory_equal(&report, &zero, sizeof zero);
    assert_int_equal(verify_with(ak_buf_span(&part), NULL, 0, &report), AK_OK); /* a part needs none */
    assert_true(report.ok);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(generated_files_verify),
        cmocka_unit_test(empty_file),
        cmocka_unit_test(dropped_line_is_named),
        cmocka_unit_test(doubled_line_is_named),
        cmocka_unit_test(moved_line_is_named),
        cmocka_unit_test(a_missing_line_is_looked_for_in_lines_only),
        cmocka_unit_test(lines_stand_where_they_belong),
        cmocka_unit_test(count_of_the_last_line),
        cmocka_unit_test(carriage_returns_are_refused),
        cmocka_unit_test(huge_lines_are_refused),
        cmocka_unit_test(part_holds_one_account),
        cmocka_unit_test(part_entries_lead_to_the_checkpoint),
        cmocka_unit_test(unknown_types),
        cmocka_unit_test(full_arena_gives_no_verdict),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
