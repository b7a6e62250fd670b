/* The report's words are what people compare and scripts look for: all of them as they are (snapshot), and no
 * more than what was verified. */
#include "unit/check.h"

#include "audit/report.h"

static char text[2048];
static struct ak_buf buf;
static struct ak_audit_report report;

static int fresh(void **state)
{
    (void)state;
    buf = AK_BUF_ARR(text);
    report = (struct ak_audit_report){.finding = {.line = 7, .index = 8, .other = 9, .text = "why"}};
    return 0;
}

static void put(const char *wanted)
{
    buf.len = 0;
    ak_audit_report_put(&buf, &report);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    if (!ak_span_eq(ak_buf_span(&buf), ak_span_str(wanted)))
        fail_msg("%.*s\nnot\n%s", (int)buf.len, text, wanted);
}

#define COUNTS                                                                                               \
    "entries: 0\ncontrol: 0\nuse: 0\nunknown_use: 0\nunknown_control: 0\naccounts: 0\n"                      \
    "earlier: none given\nreceipt: none given\nmac: none given\n"

static void each_fault_has_its_name(void **state)
{
    static const char *const names[] = {"sound", "malformed", "bad_signature", "other_log", "other_account",
        "edited", "dropped", "doubled", "reordered", "gap", "time_back", "cut_tail", "not_included", "root",
        "forked", "rolled_back", "not_consistent", "unknown_control"};
    (void)state;
    assert_int_equal(AK_COUNT(names), AK_AUDIT_FAULT_COUNT);
    for (size_t i = 0; i < AK_COUNT(names); i++)
        assert_string_equal(ak_audit_fault_name((enum ak_audit_fault)i), names[i]);
    assert_string_equal(ak_audit_fault_name(AK_AUDIT_FAULT_COUNT), "unknown");
    assert_string_equal(ak_audit_fault_name((enum ak_audit_fault) - 1), "unknown");
}

/* Of the log nothing is said before its checkpoint was verified. */
static void a_finding_says_what_it_has(void **state)
{
    (void)state;
    put("result: sound\n" COUNTS);
    report.finding.fault = AK_AUDIT_DOUBLED;
    put("result: doubled\nproblem: why\nline: 7\n" COUNTS);
    report.finding.has_index = true;
    put("result: doubled\nproblem: why\nentry: 8\nline: 7\n" COUNTS);
    report.finding.has_other = true;
    put("result: doubled\nproblem: why\nentry: 8\nother_entry: 9\nline: 7\n" COUNTS);
    report.finding.line = 0;
    put("result: doubled\nproblem: why\nentry: 8\nother_entry: 9\n" COUNTS);
}

#define ONES16 "01010101010101010101010101010101"
#define TWOS32 "0202020202020202020202020202020202020202020202020202020202020202"
#define KEY32  "0303030303030303030303030303030303030303030303030303030303030303"
#define ROOT64 "BAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ="

static void set_log(void)
{
    memset(report.log_id, 1, sizeof report.log_id);
    memset(report.anchor, 2, sizeof report.anchor);
    memset(report.ledger_key, 3, sizeof report.ledger_key);
    memset(report.root, 4, sizeof report.root);
    report.size = 1;
}

static void the_log_and_whose_key_it_is(void **state)
{
    (void)state;
    set_log();
    put("result: sound\nkind: full\nlog_id: " ONES16 "\nledger_key: " KEY32
        "\nkey: believed: the file names it\nsize: 1\nroot: " ROOT64 "\n" COUNTS);
    report.key = AK_AUDIT_KEY_BY_EARLIER;
    put("result: sound\nkind: full\nlog_id: " ONES16 "\nledger_key: " KEY32
        "\nkey: verifies the earlier checkpoint\nsize: 1\nroot: " ROOT64 "\n" COUNTS);
    report.key = AK_AUDIT_KEY_PINNED;
    report.account = true;
    put("result: sound\nkind: account\nlog_id: " ONES16 "\nanchor: " TWOS32 "\nledger_key: " KEY32
        "\nkey: pinned\nsize: 1\nroot: " ROOT64 "\n" COUNTS);
}

static void counts_and_checks(void **state)
{
    (void)state;
    report.entries = 1;
    report.controls = 2;
    report.uses = 3;
    report.unknown_uses = 4;
    report.unknown_controls = 5;
    report.accounts = 6;
    report.earlier = AK_AUDIT_CHECKED;
    report.receipt = AK_AUDIT_DOES_NOT_HOLD;
    report.mac = AK_AUDIT_NOT_CHECKED;
    put("result: sound\nentries: 1\ncontrol: 2\nuse: 3\nunknown_use: 4\nunknown_control: 5\naccounts: 6\n"
        "earlier: checked\nreceipt: does not hold\nmac: not checked\n");
}

/* With the largest numbers it fits the room that the header names; a byte less than it needs is an error. */
static void fits_its_room(void **state)
{
    (void)state;
    set_log();
    report.account = true;
    report.finding = (struct ak_audit_finding){.fault = AK_AUDIT_UNKNOWN_CONTROL,
        .line = UINT64_MAX,
        .has_index = true,
        .has_other = true,
        .index = UINT64_MAX,
        .other = UINT64_MAX,
        .text = "the entry's proof does not lead to the checkpoint: the entry, its index or the proof is "
                "false"};
    report.size = report.entries = report.controls = report.uses = UINT64_MAX;
    report.unknown_uses = report.unknown_controls = report.accounts = UINT64_MAX;
    report.earlier = report.receipt = report.mac = AK_AUDIT_DOES_NOT_HOLD;
    ak_audit_report_put(&buf, &report);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    size_t len = buf.len;
    buf = ak_buf(text, len);
    ak_audit_report_put(&buf, &report);
    assert_int_equal(ak_buf_check(&buf), AK_OK);
    buf = ak_buf(text, len - 1);
    ak_audit_report_put(&buf, &report);
    assert_int_equal(ak_buf_check(&buf), AK_E_FULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(each_fault_has_its_name, fresh),
        cmocka_unit_test_setup(a_finding_says_what_it_has, fresh),
        cmocka_unit_test_setup(the_log_and_whose_key_it_is, fresh),
        cmocka_unit_test_setup(counts_and_checks, fresh),
        cmocka_unit_test_setup(fits_its_room, fresh),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
