/* A log in several files: together they are as one, each by itself says what it leaves out, and none can be
 * left out, doubled, swapped, taken from another log or begun elsewhere. */
#include "unit/audit/file_world.h"

enum { PARTS = 3 };
static const size_t borders[PARTS + 1] = {0, 6, 15, COUNT}; /* ends of subtrees of all kinds */
static uint8_t part_memory[PARTS][FILE_MAX];
static struct ak_buf parts[PARTS];

/* Roots of the complete subtrees of the first `size` entries, the lowest first. */
static void put_before(struct ak_buf *buf, const struct gen_log *log, size_t size)
{
    uint8_t root[32];
    bool begun = false;
    for (size_t level = 0, end = size; end > 0; level++) {
        size_t len = (size_t)1 << level;
        if (!(end & len)) continue;
        end -= len;
        gen_root(log->entries + end, len, root);
        ak_buf_put_str(buf, begun ? ",\"" : "\"");
        ak_hex_encode(buf, AK_SPAN_ARR(root));
        ak_buf_put_str(buf, "\"");
        begun = true;
    }
}

/* Puts `more` into a header that was just written, before its checkpoint. */
static void insert(struct ak_buf *buf, size_t start, struct ak_span more)
{
    static uint8_t copy[FILE_MAX];
    size_t at = ak_span_find(ak_buf_span(buf), start, ',');
    while (!ak_span_starts(ak_span_sub(ak_buf_span(buf), at, buf->len), AK_SPAN_LIT(",\"checkpoint\"")))
        at = ak_span_find(ak_buf_span(buf), at + 1, ',');
    size_t tail = buf->len - at;
    memcpy(copy, buf->ptr + at, tail);
    buf->len = at;
    ak_buf_put(buf, more);
    ak_buf_put(buf, ak_span(copy, tail));
}

static void put_segment(struct ak_buf *buf, const struct gen_log *log, size_t from, size_t to)
{
    uint8_t note_bytes[1024], more_bytes[1024];
    struct ak_buf note = AK_BUF_ARR(note_bytes), more = AK_BUF_ARR(more_bytes);
    gen_note(&note, log, to);
    gen_header(buf, log, NULL, ak_buf_span(&note));
    if (from) {
        size_t kind = 46; /* of "full" */
        static uint8_t copy[4096];
        size_t tail = buf->len - kind - 4;
        assert_memory_equal(buf->ptr + kind, "full", 4);
        memcpy(copy, buf->ptr + kind + 4, tail);
        buf->len = kind;
        ak_buf_put_str(buf, "segment");
        ak_buf_put(buf, ak_span(copy, tail));
        ak_buf_put_str(&more, ",\"from\":");
        ak_buf_put_dec(&more, from);
        ak_buf_put_str(&more, ",\"before\":[");
        put_before(&more, log, from);
        ak_buf_put_str(&more, "]");
        insert(buf, 0, ak_buf_span(&more));
    }
    for (size_t i = from; i < to; i++) gen_entry_line(buf, i, &log->entries[i], NULL);
    gen_end(buf, to - from);
    assert_false(buf->failed);
}

static int make(void **state)
{
    setup(state);
    for (size_t i = 0; i < PARTS; i++) {
        parts[i] = AK_BUF_ARR(part_memory[i]);
        put_segment(&parts[i], &written, borders[i], borders[i + 1]);
    }
    return 0;
}

static struct ak_audit_report verify_parts(
    const struct ak_buf *const *list, size_t count, const struct ak_audit_options *given)
{
    static struct ak_audit audit;
    struct ak_audit_options options = given ? *given : (struct ak_audit_options){0};
    struct ak_audit_report report;
    struct ak_arena arena;
    options.files = count;
    ak_arena_init(&arena, ak_test_heap_hooks(), (size_t)64 << 20);
    ak_audit_open(&audit, &options, &arena);
    for (size_t i = 0; i < count; i++) {
        struct ak_span rest = ak_buf_span(list[i]);
        if (i > 0 && ak_audit_next_file(&audit) != AK_OK) break;
        while (rest.len > 0)
            if (ak_audit_line(&audit, verify_next_line(&rest)) != AK_OK) break;
    }
    assert_int_equal(ak_audit_finish(&audit, &report), AK_OK);
    ak_arena_done(&arena);
    return report;
}

static struct ak_audit_report verify_three(
    const struct ak_buf *a, const struct ak_buf *b, const struct ak_buf *c)
{
    const struct ak_buf *list[] = {a, b, c};
    return verify_parts(list, c ? 3 : b ? 2 : 1, NULL);
}

static void together_they_are_the_log(void **state)
{
    (void)state;
    struct ak_audit_report report = verify_three(&parts[0], &parts[1], &parts[2]);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.entries, COUNT);
    assert_int_equal(report.size, COUNT);
    assert_int_equal(report.accounts, ACCOUNTS);
    assert_int_equal(report.from, 0);
    assert_int_equal(report.files, PARTS);
    assert_string_equal(ak_audit_kind_name(&report), "full");
    for (size_t from = 1; from < COUNT; from++) { /* every border: every shape of tree before it */
        struct ak_buf a = AK_BUF_ARR(memory), b = AK_BUF_ARR(part_memory[0]);
        put_segment(&a, &written, 0, from);
        put_segment(&b, &written, from, COUNT);
        assert_fault(verify_three(&a, &b, NULL), AK_AUDIT_SOUND);
        assert_fault(verify_three(&b, NULL, NULL), AK_AUDIT_SOUND);
    }
}

static void one_by_itself_says_what_it_leaves_out(void **state)
{
    (void)state;
    struct ak_audit_report report = verify_three(&parts[1], NULL, NULL);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.from, borders[1]);
    assert_int_equal(report.entries, borders[2] - borders[1]);
    assert_string_equal(ak_audit_kind_name(&report), "segment");
    report = verify_three(&parts[1], &parts[2], NULL);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.from, borders[1]);
    char text[4096];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_audit_report_put(&buf, &report);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_non_null(strstr(text, "kind: segment\nfrom: 6\nfiles: 2\n"));
}

static void a_missing_doubled_or_swapped_file_is_named(void **state)
{
    (void)state;
    assert_fault_at(verify_three(&parts[0], &parts[2], NULL), AK_AUDIT_DROPPED, borders[1]);
    assert_fault_at(verify_three(&parts[0], &parts[1], &parts[1]), AK_AUDIT_REORDERED, borders[1]);
    assert_fault(verify_three(&parts[1], &parts[0], NULL), AK_AUDIT_MALFORMED);
    assert_fault_at(verify_three(&parts[2], &parts[1], NULL), AK_AUDIT_REORDERED, borders[1]);
    assert_fault(verify_three(&part, &parts[1], NULL), AK_AUDIT_MALFORMED);
    struct ak_buf empty = ak_buf(memory, 0);
    assert_fault(verify_three(&parts[0], &empty, &parts[1]), AK_AUDIT_CUT_TAIL);
    parts[0].len -= 20;
    assert_fault(verify_three(&parts[0], &parts[1], &parts[2]), AK_AUDIT_CUT_TAIL);
}

static void each_altered_byte_is_found(void **state)
{
    (void)state;
    for (size_t i = 0; i < PARTS; i++)
        for (size_t at = 0; at < parts[i].len; at += 7) {
            parts[i].ptr[at] ^= 1;
            assert_false(verify_three(&parts[0], &parts[1], &parts[2]).ok);
            parts[i].ptr[at] ^= 1;
        }
    assert_true(verify_three(&parts[0], &parts[1], &parts[2]).ok);
}

/* Both signed by the log: it has two histories. */
static void a_segment_of_a_fork_is_named(void **state)
{
    (void)state;
    struct gen_log fork = {0};
    gen_log_make(&fork, COUNT, ACCOUNTS + 1);
    struct ak_buf forked = AK_BUF_ARR(memory);
    put_segment(&forked, &fork, borders[1], COUNT);
    assert_true(verify_three(&forked, NULL, NULL).ok);
    assert_fault(verify_three(&parts[0], &forked, NULL), AK_AUDIT_FORKED);
    gen_log_free(&fork);
    gen_log_make(&fork, COUNT, ACCOUNTS);
    memset(fork.seed.bytes, 0x5f, sizeof fork.seed.bytes);
    assert_int_equal(ak_ed25519_pub(&fork.seed, fork.key), AK_OK);
    forked = AK_BUF_ARR(memory);
    put_segment(&forked, &fork, borders[1], COUNT);
    assert_true(verify_three(&forked, NULL, NULL).ok);
    assert_fault(verify_three(&parts[0], &forked, NULL), AK_AUDIT_BAD_SIGNATURE);
    gen_log_free(&fork);
}

static void hashes_before_it_fit_where_it_begins(void **state)
{
    (void)state;
    struct ak_buf bad = AK_BUF_ARR(memory);
    struct ak_span whole = ak_buf_span(&parts[1]);
    size_t at = 0;
    while (!ak_span_starts(ak_span_sub(whole, at, whole.len), AK_SPAN_LIT("\"before\":["))) at++;
    at += 10;
    ak_buf_put(&bad, ak_span_sub(whole, 0, at)); /* one hash less: 6 has two */
    ak_buf_put(&bad, ak_span_sub(whole, at + 67, whole.len));
    assert_fault(verify_three(&bad, NULL, NULL), AK_AUDIT_MALFORMED);
    bad = AK_BUF_ARR(memory);
    ak_buf_put(&bad, ak_span_sub(whole, 0, at + 67));
    ak_buf_put(&bad, ak_span_sub(whole, at, whole.len)); /* one too many */
    assert_fault(verify_three(&bad, NULL, NULL), AK_AUDIT_MALFORMED);
    bad = AK_BUF_ARR(memory);
    put_segment(&bad, &written, 7, 7); /* nothing in it */
    assert_fault(verify_three(&bad, NULL, NULL), AK_AUDIT_MALFORMED);
}

/* ---- what a verifier knows beforehand ---- */

static void earlier_checkpoints_hold_over_files(void **state)
{
    (void)state;
    const struct ak_buf *all[] = {&parts[0], &parts[1], &parts[2]};
    uint8_t note_bytes[1024];
    for (size_t size = 1; size <= COUNT; size++) {
        struct ak_buf note = AK_BUF_ARR(note_bytes);
        gen_note(&note, &written, size);
        struct ak_audit_options options = {.earlier = ak_buf_span(&note)};
        struct ak_audit_report report = verify_parts(all, PARTS, &options);
        assert_fault(report, AK_AUDIT_SOUND);
        assert_int_equal(report.earlier, AK_AUDIT_CHECKED);
        report = verify_parts(all + 1, 2, &options); /* before the first of these it cannot be checked */
        assert_fault(report, AK_AUDIT_SOUND);
        assert_int_equal(report.earlier, size < borders[1] ? AK_AUDIT_NOT_CHECKED : AK_AUDIT_CHECKED);
        if (size > borders[2]) assert_fault(verify_parts(all, 2, &options), AK_AUDIT_ROLLED_BACK);
        if (size >= borders[1]) continue;
        uint8_t proof_bytes[64 * 32];
        struct ak_buf proof = AK_BUF_ARR(proof_bytes);
        gen_subproof(written.entries, COUNT, size, true, &proof);
        options.earlier_proof = ak_buf_span(&proof);
        assert_int_equal(verify_parts(all + 2, 1, &options).earlier, AK_AUDIT_CHECKED);
        proof_bytes[0] ^= 1;
        assert_fault(verify_parts(all + 2, 1, &options), AK_AUDIT_NOT_CONSISTENT);
    }
}

static void receipts_hold_over_files(void **state)
{
    (void)state;
    const struct ak_buf *all[] = {&parts[0], &parts[1], &parts[2]};
    for (size_t i = 0; i < COUNT; i++) {
        struct ak_audit_receipt receipt = {.index = i};
        struct ak_audit_options options = {.receipt = &receipt};
        memcpy(receipt.leaf_hash, written.entries[i].leaf, 32);
        assert_int_equal(verify_parts(all, PARTS, &options).receipt, AK_AUDIT_CHECKED);
        struct ak_audit_report report = verify_parts(all + 1, 2, &options);
        assert_int_equal(report.receipt, i < borders[1] ? AK_AUDIT_NOT_CHECKED : AK_AUDIT_CHECKED);
        assert_fault(report, AK_AUDIT_SOUND);
        receipt.leaf_hash[0] ^= 1;
        assert_fault_at(verify_parts(all, PARTS, &options), AK_AUDIT_EDITED, i);
    }
    struct ak_audit_receipt receipt = {.index = COUNT};
    struct ak_audit_options options = {.receipt = &receipt};
    assert_fault_at(verify_parts(all, PARTS, &options), AK_AUDIT_ROLLED_BACK, COUNT);
}

/* An account's part that begins later says so; without a word it is a gap. */
static void an_account_may_begin_later_where_it_says_so(void **state)
{
    (void)state;
    struct lines lines = split(&part);
    drop_line(&lines, 1);
    assert_fault(verify_lines(&lines), AK_AUDIT_GAP);
    struct ak_buf later = AK_BUF_ARR(part_memory[0]);
    ak_buf_put(&later, lines.line[0]);
    insert(&later, 0, AK_SPAN_LIT(",\"from\":6"));
    for (size_t i = 1; i + 1 < lines.count; i++) ak_buf_put(&later, lines.line[i]);
    gen_end(&later, 6);
    struct ak_audit_report report = verify_three(&later, NULL, NULL);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.from, 6);
    assert_string_equal(ak_audit_kind_name(&report), "account");
    later = AK_BUF_ARR(part_memory[0]); /* an entry before it is there all the same */
    ak_buf_put(&later, split(&part).line[0]);
    insert(&later, 0, AK_SPAN_LIT(",\"from\":6"));
    for (size_t i = 1; i < split(&part).count; i++) ak_buf_put(&later, split(&part).line[i]);
    assert_fault_at(verify_three(&later, NULL, NULL), AK_AUDIT_REORDERED, 3);
    later = AK_BUF_ARR(part_memory[0]);
    ak_buf_put(&later, split(&full).line[0]);
    insert(&later, 0, AK_SPAN_LIT(",\"from\":6")); /* a full one leaves nothing out */
    assert_fault(verify_three(&later, NULL, NULL), AK_AUDIT_MALFORMED);
    later = AK_BUF_ARR(part_memory[0]);
    ak_buf_put(&later, split(&part).line[0]);
    insert(&later, 0, AK_SPAN_LIT(",\"from\":0"));
    assert_fault(verify_three(&later, NULL, NULL), AK_AUDIT_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(together_they_are_the_log, make, teardown),
        cmocka_unit_test_setup_teardown(one_by_itself_says_what_it_leaves_out, make, teardown),
        cmocka_unit_test_setup_teardown(a_missing_doubled_or_swapped_file_is_named, make, teardown),
        cmocka_unit_test_setup_teardown(each_altered_byte_is_found, make, teardown),
        cmocka_unit_test_setup_teardown(a_segment_of_a_fork_is_named, make, teardown),
        cmocka_unit_test_setup_teardown(hashes_before_it_fit_where_it_begins, make, teardown),
        cmocka_unit_test_setup_teardown(earlier_checkpoints_hold_over_files, make, teardown),
        cmocka_unit_test_setup_teardown(receipts_hold_over_files, make, teardown),
        cmocka_unit_test_setup_teardown(an_account_may_begin_later_where_it_says_so, make, teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
