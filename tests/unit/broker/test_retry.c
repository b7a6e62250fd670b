/* When a mail is tried again, and what one mail's refusal does to the others: nothing. */
#include "unit/check.h"

#include "core/broker/retry.h"

enum { NOW = 1000000 };

static void pauses_double_up_to_a_minute(void **state)
{
    (void)state;
    static const uint64_t wanted[] = {0, 1, 2, 4, 8, 16, 32, 60, 60};
    for (unsigned i = 0; i < AK_COUNT(wanted); i++) assert_int_equal(ak_retry_pause_s(i), wanted[i]);
    assert_int_equal(ak_retry_pause_s(UINT32_MAX), 60);
}

static void an_end_is_an_end(void **state)
{
    (void)state;
    static const enum ak_err never[] = {AK_E_EXPIRED, AK_E_MEANING, AK_E_ARG};
    unsigned failures = 5;
    assert_int_equal(ak_retry_after(AK_OK, 250, 3, NOW, &failures).end, AK_RETRY_GONE);
    assert_int_equal(failures, 0);
    for (size_t i = 0; i < AK_COUNT(never); i++) {
        failures = 5;
        assert_int_equal(ak_retry_after(never[i], 550, 0, NOW, &failures).end, AK_RETRY_GIVEN_UP);
        assert_int_equal(failures, 0);
    }
}

static void a_silent_server_rests_the_sender(void **state)
{
    (void)state;
    static const enum ak_err silent[] = {AK_E_IO, AK_E_AUTH, AK_E_STATE, AK_E_FULL};
    for (size_t i = 0; i < AK_COUNT(silent); i++) {
        unsigned failures = 2;
        struct ak_retry after = ak_retry_after(silent[i], 0, 3, NOW, &failures);
        assert_int_equal(after.end, AK_RETRY_LATER);
        assert_int_equal(after.tries, 4);
        assert_int_equal(after.next_s, NOW + 8);
        assert_int_equal(failures, 3);
    }
}

static void a_refusal_delays_one_mail_only(void **state)
{
    (void)state;
    static const struct {
        unsigned status, failures;
    } rows[] = {{399, 3}, {400, 0}, {451, 0}};
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        unsigned failures = 2;
        struct ak_retry after = ak_retry_after(AK_E_IO, rows[i].status, 0, NOW, &failures);
        assert_int_equal(after.end, AK_RETRY_LATER);
        assert_int_equal(after.next_s, NOW + 1);
        assert_int_equal(failures, rows[i].failures);
    }
}

static void counts_do_not_wrap(void **state)
{
    (void)state;
    unsigned failures = UINT32_MAX;
    struct ak_retry after = ak_retry_after(AK_E_IO, 0, UINT32_MAX, NOW, &failures);
    assert_int_equal(after.tries, UINT32_MAX);
    assert_int_equal(failures, UINT32_MAX);
    assert_int_equal(after.next_s, NOW + 60);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pauses_double_up_to_a_minute),
        cmocka_unit_test(an_end_is_an_end),
        cmocka_unit_test(a_silent_server_rests_the_sender),
        cmocka_unit_test(a_refusal_delays_one_mail_only),
        cmocka_unit_test(counts_do_not_wrap),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
