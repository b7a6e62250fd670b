/* Recovery by two identities: no device ends it, a broker alone does not have it (I9), and strangers take the
 * place of neither it nor the code. */
#include "unit/engine/link_box.h"

/* Who shows two identities of old within ten minutes recovers, and no device ends that; two of which one came
 * only now are as good as one. */
static void test_two_identities(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct h_person eve = {0};
    box_wallet(&wallet, 1);
    h_device(&eve.device, 30);
    assert_int_equal(box_link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    assert_int_equal(box_mail(h, &eve.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_wallet_in(h, &eve.device, &wallet), AK_CODE_PENDING);
    assert_int_equal(box_cancel(h, &w->alice, "sign-in", eve.device.jkt), AK_CODE_OK);
    box_a_day(w);
    assert_int_equal(box_mail(h, &eve.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    h_tick(h, UINT64_C(600) * 1000); /* too late for together */
    assert_int_equal(box_wallet_in(h, &eve.device, &wallet), AK_CODE_PENDING);
    assert_int_equal(box_cancel(h, &w->alice, "sign-in-by-two", eve.device.jkt), AK_CODE_NOT_FOUND);
    assert_int_equal(box_mail(h, &eve.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_cancel(h, &w->alice, "sign-in", eve.device.jkt), AK_CODE_NOT_FOUND);
    assert_int_equal(box_cancel(h, &w->alice, "sign-in-by-two", eve.device.jkt), AK_CODE_DENIED);
    assert_true(memmem(h->out.notice, h->out.notice_len, "sign-in-by-two ", 15) != NULL);
    assert_int_equal(box_wallet_in(h, &w->bob.device, &wallet), AK_CODE_PENDING); /* another device: one */
    assert_int_equal(box_cancel(h, &w->alice, "sign-in", w->bob.device.jkt), AK_CODE_OK);
    box_a_day(w);
    assert_int_equal(box_wallet_in(h, &eve.device, &wallet), AK_CODE_OK);
    h_device_done(&eve.device);
}

/* Two identities take the place of a device that came after the owner's, and of none that was there before.
 */
static void test_two_identities_make_room(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    struct h_person more, owner = {0}, late = {0};
    box_wallet(&wallet, 1);
    h_device(&owner.device, 30);
    h_device(&late.device, 31);
    assert_int_equal(box_link_wallet(h, &w->alice, &wallet), AK_CODE_OK);
    box_a_day(w);
    assert_int_equal(box_mail(h, &owner.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_wallet_in(h, &owner.device, &wallet), AK_CODE_PENDING);
    for (unsigned i = 1; i < AK_LIMIT_DEVICES; i++) {
        h_second(h, &w->alice, &more, 60 + i);
        h_device_done(&more.device);
    }
    for (int i = 0; i < 2; i++) h_tick(h, H_DAY_MS / 8);
    assert_int_equal(box_wallet_in(h, &owner.device, &wallet), AK_CODE_OK);
    assert_int_equal(h_count(h, 0, AK_ENTRY_DEVICE_REMOVED), 1);
    assert_int_equal(h_sign_in(h, &w->alice, "alice"), AK_CODE_OK); /* hers was there before */
    assert_int_equal(box_mail(h, &late.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_wallet_in(h, &late.device, &wallet), AK_CODE_PENDING);
    box_a_day(w);
    assert_int_equal(box_wallet_in(h, &late.device, &wallet), AK_CODE_ALREADY_DONE); /* all of old by now */
    h_device_done(&owner.device);
    h_device_done(&late.device);
}

/* I9: a broker answers for any address, so two of them are its word alone, which every device may cancel. */
static void test_two_words_of_a_broker_are_one(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_person eve = {0};
    const char second[] = "alice@other.example";
    h_device(&eve.device, 31);
    assert_int_equal(box_link_mail(h, &w->alice, &w->alice.device, second, second), AK_CODE_OK);
    box_a_day(w);
    assert_int_equal(box_mail(h, &eve.device, "alice@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(box_mail(h, &eve.device, second, NULL), AK_CODE_PENDING);
    assert_int_equal(box_cancel(h, &w->alice, "sign-in-by-two", eve.device.jkt), AK_CODE_NOT_FOUND);
    assert_int_equal(box_cancel(h, &w->alice, "sign-in", eve.device.jkt), AK_CODE_OK);
    h_device_done(&eve.device);
}

/* Strangers who start recoveries do not keep the owner of the code out; nor do they end hers. */
static void test_the_code_has_its_place(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_device strangers[AK_STATE_RECOVERIES_ACCOUNT + 1];
    struct ak_msg_sign_in says = {.present = 1u << AK_SIGN_IN_RECOVERY_CODE};
    for (unsigned i = 0; i < AK_COUNT(strangers); i++) {
        h_device(&strangers[i], 100 + i);
        assert_int_equal(box_mail(h, &strangers[i], "alice@demo.example", NULL),
            i < AK_STATE_RECOVERIES_ACCOUNT ? AK_CODE_PENDING : AK_CODE_RATE_LIMIT_EXCEEDED);
    }
    h_seal_code(h, &strangers[AK_STATE_RECOVERIES_ACCOUNT], w->alice.recovery_code, says.recovery_code);
    assert_int_equal(
        box_mail(h, &strangers[AK_STATE_RECOVERIES_ACCOUNT], "alice@demo.example", &says), AK_CODE_PENDING);
    assert_int_equal(box_cancel(h, &w->alice, "sign-in-by-code", strangers[AK_STATE_RECOVERIES_ACCOUNT].jkt),
        AK_CODE_DENIED);
    unsigned refused = 0;
    for (unsigned i = 0; i < AK_STATE_RECOVERIES_ACCOUNT; i++)
        refused += box_mail(h, &strangers[i], "alice@demo.example", NULL) == AK_CODE_RATE_LIMIT_EXCEEDED;
    assert_int_equal(refused, 1); /* whose place it took */
    for (unsigned i = 0; i < AK_COUNT(strangers); i++) h_device_done(&strangers[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_two_identities),
        WORLD_TEST(test_two_identities_make_room),
        WORLD_TEST(test_two_words_of_a_broker_are_one),
        WORLD_TEST(test_the_code_has_its_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
