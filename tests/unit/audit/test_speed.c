/* A large full export, and how many times slower than SHA-256 of the same bytes its verification is (the
 * figure ledger-verify). argv[1]: number of entries; without it a small log, where only the result counts. */
#include "unit/audit/gen.h"
#include "unit/audit/verify.h"

#include <time.h>

static size_t entry_count = 5000;

static double cpu_seconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static double seconds_to_hash(struct ak_span bytes)
{
    uint8_t digest[32];
    double start = cpu_seconds();
    ak_sha256(bytes, digest);
    return cpu_seconds() - start;
}

static double seconds_to_verify(struct ak_span file, size_t accounts)
{
    double start = cpu_seconds();
    struct ak_audit_report report = verify_file(file, NULL);
    double taken = cpu_seconds() - start;
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.entries, entry_count);
    assert_int_equal(report.accounts, accounts);
    return taken;
}

static void measure(size_t accounts)
{
    struct gen_log log;
    double verify = 1e9, hash = 1e9;
    size_t cap = 2048 + 900 * entry_count, entry_bytes = 0;
    uint8_t *memory = malloc(cap);
    assert_non_null(memory);
    struct ak_buf file = ak_buf(memory, cap);
    gen_log_make(&log, entry_count, accounts);
    gen_full(&file, &log);
    for (size_t i = 0; i < log.count; i++) entry_bytes += log.entries[i].len;
    for (unsigned round = 0; round < 5; round++) {
        double v = seconds_to_verify(ak_buf_span(&file), accounts), h = seconds_to_hash(ak_buf_span(&file));
        if (v < verify) verify = v;
        if (h < hash) hash = h;
    }
    printf("{\"figure\":\"ledger-verify\",\"entries\":%zu,\"accounts\":%zu,\"bytes\":%zu,\"entry_bytes\":%zu,"
           "\"verify_ns_per_entry\":%.0f,\"sha256_ns_per_entry\":%.0f,\"times\":%.2f}\n",
        entry_count, accounts, file.len, entry_bytes, 1e9 * verify / (double)entry_count,
        1e9 * hash / (double)entry_count, verify / hash);
    gen_log_free(&log);
    free(memory);
}

static void few_accounts(void **state)
{
    (void)state;
    measure(10);
}

static void many_accounts(void **state)
{
    (void)state;
    measure(entry_count / 5);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(few_accounts), cmocka_unit_test(many_accounts)};
    if (argc > 1) entry_count = strtoul(argv[1], NULL, 10);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
