/* Feeds a whole file to the verifier, as a program would: line by line. */
#ifndef AK_TESTS_AUDIT_VERIFY_H
#define AK_TESTS_AUDIT_VERIFY_H

#include "unit/check.h"

#include "audit/audit.h"
#include "unit/heap_hooks.h"

/* The file's next line with its line feed, cut where it is longer than any line may be. */
static inline struct ak_span verify_next_line(struct ak_span *rest)
{
    size_t end = ak_span_find(*rest, 0, '\n');
    struct ak_span line = ak_span_sub(*rest, 0, end < rest->len ? end + 1 : end);
    *rest = ak_span_sub(*rest, line.len, rest->len);
    return ak_span_sub(line, 0, AK_AUDIT_LINE_MAX + 1);
}

/* The result of the verification; `cap` bytes of arena. Feeds on after a finding, to see that it is harmless.
 */
static inline enum ak_err verify_with(struct ak_span file, const struct ak_audit_options *options, size_t cap,
    struct ak_audit_report *out_report)
{
    static struct ak_audit audit;
    struct ak_arena arena;
    bool final = false;
    ak_arena_init(&arena, ak_test_heap_hooks(), cap);
    ak_audit_open(&audit, options, &arena);
    while (file.len > 0) {
        enum ak_err err = ak_audit_line(&audit, verify_next_line(&file));
        assert_false(final && err == AK_OK); /* once final, always final */
        final = final || err != AK_OK;
    }
    enum ak_err err = ak_audit_finish(&audit, out_report);
    ak_arena_done(&arena);
    return err;
}

static inline struct ak_audit_report verify_file(struct ak_span file, const struct ak_audit_options *options)
{
    struct ak_audit_report report;
    assert_int_equal(verify_with(file, options, (size_t)64 << 20, &report), AK_OK);
    assert_int_equal(report.ok, report.finding.fault == AK_AUDIT_SOUND);
    assert_int_equal(report.mac, AK_AUDIT_NOT_CHECKED);
    assert_true(report.ok == (report.finding.text == NULL));
    return report;
}

#define assert_fault(report, wanted)                                                                         \
    assert_string_equal(ak_audit_fault_name((report).finding.fault), ak_audit_fault_name(wanted))
#define assert_fault_at(report, wanted, entry)                                                               \
    do {                                                                                                     \
        assert_fault(report, wanted);                                                                        \
        assert_true((report).finding.has_index);                                                             \
        assert_int_equal((report).finding.index, (entry));                                                   \
    } while (0)

#endif
