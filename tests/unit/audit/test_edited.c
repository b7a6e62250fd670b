/* Entries that were changed, taken out, doubled or exchanged, with the rest of the file made to fit: what
 * does not fit all the same is named. */
#include "unit/audit/file_world.h"

/* A byte of an entry changed; its leaf hash as before, or made again. */
static void edited_entry_is_named(void **state)
{
    struct gen_log forged = copy_of(&written);
    (void)state;
    for (size_t i = 2; i < COUNT; i++) {
        struct gen_entry *entry = &forged.entries[i];
        entry->bytes[entry->len - 1] ^= 1; /* in the rate's time, or in the HMAC */
        assert_fault_at(verify_forged(&forged), AK_AUDIT_EDITED, i);
        gen_leaf(entry);
        struct ak_audit_report report = verify_forged(&forged);
        if (i + ACCOUNTS < COUNT) { /* the account's next entry says what this one was */
            assert_fault_at(report, AK_AUDIT_EDITED, i + ACCOUNTS);
            assert_true(report.finding.has_other);
            assert_int_equal(report.finding.other, i);
        } else {
            assert_fault(report, AK_AUDIT_ROOT);
            assert_false(report.finding.has_index);
        }
        *entry = written.entries[i];
    }
    free(forged.entries);
}

static void edited_leaf_hash_is_named(void **state)
{
    struct gen_log forged = copy_of(&written);
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        forged.entries[i].leaf[31] ^= 1;
        assert_fault_at(verify_forged(&forged), AK_AUDIT_EDITED, i);
        forged.entries[i].leaf[31] ^= 1;
    }
    free(forged.entries);
}

/* A whole chain made again: each link fits, only the root does not. */
static void rewritten_chain_does_not_make_the_root(void **state)
{
    struct gen_log forged = copy_of(&written);
    (void)state;
    for (size_t i = 8; i < COUNT; i += ACCOUNTS) {
        uint64_t now = (uint64_t)GEN_START_MS * 1000 + i;
        gen_signed(&forged.entries[i], now, 0, (i - 2) / ACCOUNTS + 1, forged.entries[i - ACCOUNTS].leaf);
        if (i > 8) continue;
        assert_memory_equal(forged.entries[i].bytes, written.entries[i].bytes, written.entries[i].len);
        forged.entries[i].bytes[forged.entries[i].len - 1] ^= 1;
        gen_leaf(&forged.entries[i]);
    }
    assert_fault(verify_forged(&forged), AK_AUDIT_ROOT);
    free(forged.entries);
}

/* An entry taken out, the ones after it numbered anew. */
static void dropped_and_renumbered_is_a_gap(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        struct gen_log forged = copy_of(&written);
        memmove(&forged.entries[i], &forged.entries[i + 1], (--forged.count - i) * sizeof *forged.entries);
        struct ak_audit_report report = verify_forged(&forged);
        if (i == 0)
            assert_fault_at(report, AK_AUDIT_DROPPED, 0); /* LedgerOpened */
        else if (i >= 2 && i + ACCOUNTS < COUNT)
            assert_fault_at(report, AK_AUDIT_GAP, i + ACCOUNTS - 1);
        else
            assert_fault_at(report, AK_AUDIT_CUT_TAIL, COUNT - 1);
        free(forged.entries);
    }
}

/* Two entries of one account, or of two, exchanged and numbered anew. */
static void swapped_and_renumbered_is_named(void **state)
{
    struct gen_log forged = copy_of(&written);
    (void)state;
    forged.entries[8] = written.entries[11];
    forged.entries[11] = written.entries[8];
    assert_fault_at(verify_forged(&forged), AK_AUDIT_REORDERED, 11);
    forged.entries[8] = written.entries[9];
    forged.entries[9] = written.entries[8];
    forged.entries[11] = written.entries[11];
    assert_fault_at(verify_forged(&forged), AK_AUDIT_TIME_BACK, 9);
    free(forged.entries);
}

static void doubled_and_renumbered_is_named(void **state)
{
    struct gen_log forged = copy_of(&written);
    (void)state;
    memmove(&forged.entries[9], &forged.entries[8], (COUNT - 9) * sizeof *forged.entries);
    struct ak_audit_report report = verify_forged(&forged);
    assert_fault_at(report, AK_AUDIT_DOUBLED, 9);
    assert_int_equal(report.finding.other, 8);
    /* Another entry with a number that was used: the one before, the one before that. */
    forged.entries[8] = written.entries[8];
    for (uint64_t seq = 3; seq >= 2; seq--) {
        uint8_t prev[32] = {1};
        gen_signed(&forged.entries[9], (uint64_t)GEN_START_MS * 1000 + 8, 0, seq, prev);
        report = verify_forged(&forged);
        assert_fault_at(report, AK_AUDIT_REORDERED, 9);
        assert_int_equal(report.finding.other, 8);
    }
    free(forged.entries);
}

static void tail_cut_and_counted_anew(void **state)
{
    struct gen_log forged = written;
    (void)state;
    for (forged.count = 1; forged.count < COUNT; forged.count++)
        assert_fault_at(verify_forged(&forged), AK_AUDIT_CUT_TAIL, forged.count);
}

static void more_than_the_checkpoint(void **state)
{
    struct gen_log forged = copy_of(&written);
    (void)state;
    gen_worker_started(&forged.entries[COUNT], (uint64_t)GEN_START_MS * 1000 + COUNT, COUNT);
    forged.count++;
    assert_fault_at(verify_forged(&forged), AK_AUDIT_ROLLED_BACK, COUNT);
    free(forged.entries);
}

static void first_entry_opens_this_log(void **state)
{
    struct gen_log forged = copy_of(&written);
    (void)state;
    gen_worker_started(&forged.entries[0], 0, 0);
    assert_fault_at(verify_forged(&forged), AK_AUDIT_DROPPED, 0);
    gen_opened(&forged.entries[0], (uint64_t)GEN_START_MS * 1000);
    gen_opened(&forged.entries[1], (uint64_t)GEN_START_MS * 1000);
    assert_fault_at(verify_forged(&forged), AK_AUDIT_OTHER_LOG, 1);
    size_t id_at = forged.entries[0].len - 16 - 11 - 36 - 3; /* before worker_id, config, format */
    assert_memory_equal(forged.entries[0].bytes + id_at, "\x0f\x0e\x0d", 3);
    forged.entries[0].bytes[id_at] ^= 1;
    gen_leaf(&forged.entries[0]);
    assert_fault_at(verify_forged(&forged), AK_AUDIT_OTHER_LOG, 0);
    free(forged.entries);
}

static void control_entry_without_hmac(void **state)
{
    struct gen_log forged = copy_of(&written);
    (void)state;
    struct gen_entry *entry = &forged.entries[2];
    entry->bytes[0]--;
    entry->len -= 35;
    gen_leaf(entry);
    assert_fault_at(verify_forged(&forged), AK_AUDIT_MALFORMED, 2);
    free(forged.entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(edited_entry_is_named),
        cmocka_unit_test(edited_leaf_hash_is_named),
        cmocka_unit_test(rewritten_chain_does_not_make_the_root),
        cmocka_unit_test(dropped_and_renumbered_is_a_gap),
        cmocka_unit_test(swapped_and_renumbered_is_named),
        cmocka_unit_test(doubled_and_renumbered_is_named),
        cmocka_unit_test(tail_cut_and_counted_anew),
        cmocka_unit_test(more_than_the_checkpoint),
        cmocka_unit_test(first_entry_opens_this_log),
        cmocka_unit_test(control_entry_without_hmac),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
