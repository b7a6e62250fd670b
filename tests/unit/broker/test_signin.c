/* What may happen to a sign-in in which state: every call in every state, tries, ends, one delivery (I10). */
#include "unit/check.h"

#include "core/broker/signin.h"

enum { NOW = 1000000, END = NOW + AK_SIGNIN_MAIL_S };

static const uint8_t mine[32] = {1}, other[32] = {2};
static const uint8_t token[32] = {3}, code[32] = {4}, wrong[32] = {5};
static struct ak_signin signin;

static int fresh(void **state)
{
    (void)state;
    signin = (struct ak_signin){.kind = AK_SIGNIN_MAIL, .state = AK_SIGNIN_PENDING, .expires_s = END};
    memcpy(signin.jkt, mine, 32);
    memcpy(signin.token_hash, token, 32);
    memcpy(signin.match_hash, code, 32);
    return 0;
}

static void the_right_way(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_PENDING);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_OK);
    ak_signin_deliver(&signin);
    assert_int_equal(signin.state, AK_SIGNIN_DELIVERED);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(ak_signin_take(&signin, mine, END + 1), AK_CODE_ALREADY_CONSUMED);
}

static void two_polls_one_delivery(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_PENDING);
    assert_int_equal(ak_signin_take(&signin, mine, NOW + AK_SIGNIN_TAKEN_S - 1), AK_CODE_PENDING);
    /* the first one's process died: its time is over */
    assert_int_equal(ak_signin_take(&signin, mine, NOW + AK_SIGNIN_TAKEN_S), AK_CODE_OK);
    ak_signin_give_back(&signin);
    assert_int_equal(signin.state, AK_SIGNIN_ANSWERED);
    assert_int_equal(ak_signin_take(&signin, mine, NOW + AK_SIGNIN_TAKEN_S), AK_CODE_OK);
}

/* Who looks takes nothing, and is told no more than who takes. */
static void a_look_changes_nothing(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_look(&signin, mine, NOW), AK_CODE_PENDING);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_look(&signin, other, NOW), AK_CODE_NOT_FOUND);
    for (int i = 0; i < 2; i++) assert_int_equal(ak_signin_look(&signin, mine, END - 1), AK_CODE_OK);
    assert_int_equal(signin.state, AK_SIGNIN_ANSWERED);
    assert_int_equal(ak_signin_look(&signin, mine, END), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_look(&signin, mine, NOW), AK_CODE_PENDING);
    ak_signin_deliver(&signin);
    assert_int_equal(ak_signin_look(&signin, mine, NOW), AK_CODE_ALREADY_CONSUMED);
}

static void another_device_gets_nothing(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_take(&signin, other, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, other, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(signin.state, AK_SIGNIN_ANSWERED);
}

static void wrong_token_costs_no_try(void **state)
{
    (void)state;
    for (int i = 0; i < 10; i++)
        assert_int_equal(ak_signin_answer(&signin, wrong, code, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(signin.tries, 0);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_answer(&signin, wrong, code, NOW), AK_CODE_NOT_FOUND);
}

static void three_wrong_codes_end_it(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_answer(&signin, token, wrong, NOW), AK_CODE_INVALID_REQUEST);
    assert_int_equal(ak_signin_answer(&signin, token, wrong, NOW), AK_CODE_INVALID_REQUEST);
    assert_int_equal(ak_signin_answer(&signin, token, wrong, NOW), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(signin.state, AK_SIGNIN_BLOCKED);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_EXPIRED_REQUEST);
}

static void two_wrong_codes_do_not(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_answer(&signin, token, wrong, NOW), AK_CODE_INVALID_REQUEST);
    assert_int_equal(ak_signin_answer(&signin, token, wrong, NOW), AK_CODE_INVALID_REQUEST);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
}

static void works_once(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(ak_signin_answer(&signin, token, wrong, NOW), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(signin.tries, 0);
}

static void ends_to_the_second(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_take(&signin, mine, END - 1), AK_CODE_PENDING);
    assert_int_equal(ak_signin_take(&signin, mine, END), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(ak_signin_answer(&signin, token, code, END), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(ak_signin_answer(&signin, token, code, END - 1), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, mine, END), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(ak_signin_take(&signin, mine, END - 1), AK_CODE_OK);
}

static void wallets_need_no_page(void **state)
{
    (void)state;
    signin.kind = AK_SIGNIN_WALLET;
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(ak_signin_take(&signin, other, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_PENDING);
    ak_signin_give_back(&signin);
    assert_int_equal(signin.state, AK_SIGNIN_PENDING);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_OK);
    ak_signin_deliver(&signin);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_ALREADY_CONSUMED);
}

/* ---- at a provider ---- */
enum { LEASE = 20 };
static const uint8_t owner[AK_SIGNIN_OWNER_LEN] = {6}, rival[AK_SIGNIN_OWNER_LEN] = {7};

static int fresh_oauth2(void **state)
{
    (void)fresh(state);
    signin.kind = AK_SIGNIN_OAUTH2;
    memset(signin.token_hash, 0, sizeof signin.token_hash);
    return 0;
}

static void a_provider_confirms(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_PENDING);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(ak_signin_begin(&signin, owner, LEASE, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_PENDING);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(ak_signin_confirm(&signin, owner, token, NOW + LEASE - 1), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, mine, NOW + LEASE), AK_CODE_PENDING);
    assert_int_equal(ak_signin_answer(&signin, wrong, code, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(ak_signin_answer(&signin, token, wrong, NOW), AK_CODE_INVALID_REQUEST);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(ak_signin_take(&signin, other, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_PENDING);
    ak_signin_give_back(&signin);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_OK);
    ak_signin_deliver(&signin);
    assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_ALREADY_CONSUMED);
}

/* I10: whatever came of it, a second callback exchanges nothing. */
static void one_owner_exchanges_once(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_begin(&signin, owner, LEASE, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_begin(&signin, rival, LEASE, NOW), AK_CODE_PENDING);
    assert_int_equal(ak_signin_begin(&signin, owner, LEASE, NOW), AK_CODE_PENDING);
    assert_int_equal(ak_signin_confirm(&signin, rival, token, NOW), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(ak_signin_fail(&signin, rival, AK_SIGNIN_USER_DENIED, NOW), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(signin.state, AK_SIGNIN_PROCESSING);
    assert_int_equal(ak_signin_confirm(&signin, owner, token, NOW), AK_CODE_OK);
    const struct ak_signin before = signin;
    assert_int_equal(ak_signin_confirm(&signin, owner, wrong, NOW), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(ak_signin_begin(&signin, rival, LEASE, NOW), AK_CODE_ALREADY_CONSUMED);
    assert_memory_equal(&signin, &before, sizeof before);
    assert_int_equal(ak_signin_answer(&signin, token, code, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_begin(&signin, rival, LEASE, NOW), AK_CODE_ALREADY_CONSUMED);
}

static void an_owner_that_is_gone_has_failed(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_begin(&signin, owner, LEASE, NOW), AK_CODE_OK);
    assert_int_equal(ak_signin_begin(&signin, rival, LEASE, NOW + LEASE - 1), AK_CODE_PENDING);
    const struct ak_signin before = signin;
    assert_int_equal(ak_signin_begin(&signin, rival, LEASE, NOW + LEASE), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(signin.failure, AK_SIGNIN_CODE_EXCHANGE_FAILED);
    signin = before;
    assert_int_equal(ak_signin_confirm(&signin, owner, token, NOW + LEASE), AK_CODE_ALREADY_CONSUMED);
    assert_int_equal(signin.state, AK_SIGNIN_FAILED);
    signin = before;
    assert_int_equal(ak_signin_take(&signin, mine, NOW + LEASE - 1), AK_CODE_PENDING);
    assert_int_equal(ak_signin_take(&signin, mine, NOW + LEASE), AK_CODE_DENIED);
    assert_int_equal(ak_signin_answer(&signin, signin.token_hash, code, NOW), AK_CODE_ALREADY_CONSUMED);
}

static void a_failure_is_told_to_its_device(void **state)
{
    (void)state;
    static const enum ak_signin_failure failures[] = {
        AK_SIGNIN_USER_DENIED, AK_SIGNIN_ID_TOKEN_INVALID, AK_SIGNIN_CODE_EXCHANGE_FAILED};
    static const char *const names[] = {"user_denied", "id_token_invalid", "code_exchange_failed"};
    for (size_t i = 0; i < AK_COUNT(failures); i++) {
        (void)fresh_oauth2(state);
        assert_int_equal(ak_signin_begin(&signin, owner, LEASE, NOW), AK_CODE_OK);
        assert_int_equal(ak_signin_fail(&signin, owner, failures[i], NOW), AK_CODE_OK);
        assert_int_equal(ak_signin_take(&signin, other, NOW), AK_CODE_NOT_FOUND);
        assert_int_equal(ak_signin_take(&signin, mine, NOW), AK_CODE_DENIED);
        assert_int_equal(ak_signin_take(&signin, mine, END), AK_CODE_DENIED);
        assert_int_equal(signin.failure, failures[i]);
        assert_string_equal(ak_signin_failure_name(signin.failure), names[i]);
        assert_int_equal(ak_signin_begin(&signin, owner, LEASE, NOW), AK_CODE_ALREADY_CONSUMED);
    }
    assert_null(ak_signin_failure_name(AK_SIGNIN_NOT_FAILED));
}

static void a_callback_comes_in_time_and_for_its_kind(void **state)
{
    (void)state;
    assert_int_equal(ak_signin_begin(&signin, owner, LEASE, END), AK_CODE_EXPIRED_REQUEST);
    signin.kind = AK_SIGNIN_MAIL;
    assert_int_equal(ak_signin_begin(&signin, owner, LEASE, NOW), AK_CODE_NOT_FOUND);
    assert_int_equal(ak_signin_confirm(&signin, owner, token, NOW), AK_CODE_ALREADY_CONSUMED);
    signin.kind = AK_SIGNIN_OAUTH2;
    assert_int_equal(ak_signin_begin(&signin, owner, LEASE, END - 1), AK_CODE_OK);
    assert_int_equal(ak_signin_confirm(&signin, owner, token, END), AK_CODE_OK);
    assert_int_equal(ak_signin_answer(&signin, token, code, END), AK_CODE_EXPIRED_REQUEST);
    assert_int_equal(ak_signin_take(&signin, mine, END), AK_CODE_EXPIRED_REQUEST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test_setup(the_right_way, fresh),
        cmocka_unit_test_setup(two_polls_one_delivery, fresh),
        cmocka_unit_test_setup(a_look_changes_nothing, fresh),
        cmocka_unit_test_setup(another_device_gets_nothing, fresh),
        cmocka_unit_test_setup(wrong_token_costs_no_try, fresh),
        cmocka_unit_test_setup(three_wrong_codes_end_it, fresh),
        cmocka_unit_test_setup(two_wrong_codes_do_not, fresh), cmocka_unit_test_setup(works_once, fresh),
        cmocka_unit_test_setup(ends_to_the_second, fresh),
        cmocka_unit_test_setup(wallets_need_no_page, fresh),
        cmocka_unit_test_setup(a_provider_confirms, fresh_oauth2),
        cmocka_unit_test_setup(one_owner_exchanges_once, fresh_oauth2),
        cmocka_unit_test_setup(an_owner_that_is_gone_has_failed, fresh_oauth2),
        cmocka_unit_test_setup(a_failure_is_told_to_its_device, fresh_oauth2),
        cmocka_unit_test_setup(a_callback_comes_in_time_and_for_its_kind, fresh_oauth2)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
