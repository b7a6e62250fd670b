/* Identities are taken away by no device alone (I9, I15), the last one by nobody; the name of an account
 * stays when the identity it was opened with goes. */
#include "unit/engine/link_box.h"

/* A link of old is not taken away by one device alone; the last one is by nobody. */
static void test_unlinking_waits(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    uint8_t omni[32];
    box_wallet(&wallet, 1);
    box_omni("evm", box_value(wallet.address).text, omni);
    assert_int_equal(box_unlink(h, &w->alice, w->alice.anchor, NULL), AK_CODE_DENIED); /* the last */
    assert_int_equal(box_link_own(h, &w->alice, w->alice.wallet), AK_CODE_OK);
    assert_int_equal(box_unlink(h, &w->alice, w->alice.anchor, NULL), AK_CODE_DENIED);
    assert_int_equal(box_link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    assert_int_equal(box_unlink(h, &w->bob, omni, NULL), AK_CODE_NOT_FOUND); /* I8 */
    assert_int_equal(box_unlink(h, &w->alice, w->alice.anchor, NULL), AK_CODE_PENDING);
    assert_true(memmem(h->out.notice, h->out.notice_len, "identity-unlink", 15) != NULL);
    assert_int_equal(box_cancel(h, &w->alice, "identity-unlink", w->alice.anchor), AK_CODE_OK);
    assert_int_equal(box_unlink(h, &w->alice, omni, NULL), AK_CODE_OK); /* linked just now: at once */
    assert_int_equal(box_link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    box_a_day(w);
    assert_int_equal(box_unlink(h, &w->alice, omni, NULL), AK_CODE_PENDING); /* not new any more */
    uint8_t wrong[32] = {1};
    assert_int_equal(box_unlink(h, &w->alice, omni, wrong), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(box_unlink(h, &w->alice, omni, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(box_unlink(h, &w->alice, w->alice.anchor, w->alice.recovery_code), AK_CODE_DENIED);
}

/* The identity an account was opened with can go, its name stays: nobody opens another one under it. */
static void test_without_the_first_identity(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct ak_msg_link_item items[AK_STATE_LINKED_ACCOUNT + 1];
    const char first[] = "alice@demo.example";
    box_wallet(&wallet, 1);
    assert_int_equal(box_link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    assert_int_equal(box_unlink(h, &w->alice, w->alice.anchor, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(box_mail(h, &w->alice.device, first, NULL), AK_CODE_DENIED);
    assert_int_equal(box_mail(h, &w->bob.device, first, NULL), AK_CODE_DENIED);
    struct ak_msg_local_session_request local = {.identity = AK_SPAN_LIT("email:alice@demo.example")};
    assert_int_equal(
        h_call(h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &local), AK_CODE_DENIED);
    assert_int_equal(box_derive(h, &w->alice, w->alice.anchor), AK_CODE_OK); /* still the account's name */
    assert_int_equal(box_links(h, &w->alice, items), 1);
    assert_int_equal(box_wallet_in(h, &w->alice.device, &wallet), AK_CODE_OK);
    assert_int_equal(box_link_mail(h, &w->bob, &w->bob.device, first, first), AK_CODE_ALREADY_EXISTS);
    assert_int_equal(box_link_mail(h, &w->alice, &w->alice.device, first, first), AK_CODE_OK);
    assert_int_equal(box_mail(h, &w->alice.device, first, NULL), AK_CODE_OK);
    assert_int_equal(box_links(h, &w->alice, items), 2);
}

/* A device that came by a recovery takes nothing away for a while, and a broker is told that it came. */
static void test_after_a_recovery(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct h_person again = {0};
    struct ak_msg_notice_item items[8];
    size_t count = 0;
    uint8_t omni[32];
    box_wallet(&wallet, 1);
    box_omni("evm", box_value(wallet.address).text, omni);
    assert_int_equal(box_link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    h_device(&again.device, 70);
    assert_int_equal(box_mail(h, &again.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    uint64_t from = box_notices(h, 0, 0, items, 8, &count);
    box_a_day(w);
    assert_int_equal(box_mail(h, &again.device, "alice@demo.example", NULL), AK_CODE_OK);
    box_take_session(h, &again);
    assert_int_equal(box_unlink(h, &again, omni, NULL), AK_CODE_DENIED);
    (void)box_notices(h, from, 0, items, 8, &count);
    assert_int_equal(count, 1);
    assert_true(ak_span_eq(items[0].state, AK_SPAN_LIT("done")));
    h_device_done(&again.device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_unlinking_waits),
        WORLD_TEST(test_without_the_first_identity),
        WORLD_TEST(test_after_a_recovery),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
