/* Devices of an account: listed, enrolled up to a limit, and removed by no other device alone (I9). */
#include "unit/engine/account_box.h"

static void test_device_list(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct ak_msg_device_list_reply reply;
    struct ak_msg_device_item item;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_DEVICE_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_device_list_reply_msg, &reply);
    assert_true(ak_list_next(&reply.devices, &ak_device_item_msg, &item));
    assert_true(item.current && ak_span_eq(item.name, AK_SPAN_LIT("phone")));
    assert_memory_equal(item.device, phone.device.jkt, 32);
    assert_true(ak_list_next(&reply.devices, &ak_device_item_msg, &item));
    assert_true(!item.current && ak_span_eq(item.name, AK_SPAN_LIT("laptop")));
    assert_false(ak_list_next(&reply.devices, &ak_device_item_msg, &item));
    h_restart(&w->h, true);
    h_device_done(&phone.device);
}

static void test_remove_devices(void **state)
{
    struct world *w = *state;
    struct h_person phone, tablet;
    assert_int_equal(box_remove_device(&w->h, &w->alice, &w->alice.device, NULL), AK_CODE_ALREADY_DONE);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &w->bob.device, NULL), AK_CODE_NOT_FOUND);
    h_second(&w->h, &w->alice, &phone, 3);
    h_second(&w->h, &w->alice, &tablet, 4);
    /* one's own, at once */
    assert_int_equal(box_remove_device(&w->h, &tablet, &tablet.device, NULL), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_person_sign(&w->h, &tablet, "x"), AK_CODE_DEVICE_NOT_ENROLLED);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &tablet.device, NULL), AK_CODE_NOT_FOUND);
    /* another's: waits, or a second device, or the code */
    assert_int_equal(box_remove_device(&w->h, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_OK);
    assert_true(w->h.out.notice_len > 0); /* every device is shown it */
    assert_int_equal(box_cancel(&w->h, &phone, "device-remove", w->alice.device.jkt), AK_CODE_NOT_FOUND);
    assert_int_equal(box_cancel(&w->h, &phone, "device-remove", NULL), AK_CODE_NOT_FOUND);
    assert_int_equal(box_cancel(&w->h, &phone, "nothing", NULL), AK_CODE_NOT_FOUND);
    assert_int_equal(box_cancel(&w->h, &phone, "device-remove", phone.device.jkt), AK_CODE_OK);
    assert_int_equal(box_waiting(&w->h, &phone), 0);
    uint8_t wrong[32] = {1};
    assert_int_equal(box_remove_device(&w->h, &w->alice, &phone.device, wrong), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &phone.device, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_DEVICE_NOT_ENROLLED);
    h_restart(&w->h, false);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_DEVICE_NOT_ENROLLED);
    h_device_done(&phone.device);
    h_device_done(&tablet.device);
}

static void test_remove_confirmed_by_a_second_device(void **state)
{
    struct world *w = *state;
    struct h_person phone, tablet;
    h_second(&w->h, &w->alice, &phone, 3);
    h_second(&w->h, &w->alice, &tablet, 4);
    box_pass_ms(&w->h, H_DAY_MS, &w->alice, &tablet);
    box_refresh(&w->h, &phone);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(box_remove_device(&w->h, &tablet, &phone.device, NULL), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_DEVICE_NOT_ENROLLED);
    assert_int_equal(box_waiting(&w->h, &w->alice), 0);
    h_device_done(&phone.device);
    h_device_done(&tablet.device);
}

/* A stolen device enrols another one and asks with both, in either order: no second voice before the new one
 * has been there for the waiting time, a stop not counted (I7). */
static void test_a_young_device_confirms_nothing(void **state)
{
    struct world *w = *state;
    struct h_person thief, phone;
    h_second(&w->h, &w->alice, &phone, 3);
    box_pass_ms(&w->h, 3 * H_DAY_MS, &w->alice, &phone);
    h_second(&w->h, &w->alice, &thief, 4);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(box_remove_device(&w->h, &thief, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(box_cancel(&w->h, &phone, "device-remove", phone.device.jkt), AK_CODE_OK);
    assert_int_equal(box_remove_device(&w->h, &thief, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(box_cancel(&w->h, &phone, "device-remove", phone.device.jkt), AK_CODE_OK);
    w->h.wall_ms += 30 * H_DAY_MS;
    h_restart(&w->h, true);
    box_pass_ms(&w->h, H_DAY_MS - 1, &w->alice, &thief);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(box_remove_device(&w->h, &thief, &phone.device, NULL), AK_CODE_PENDING);
    h_tick(&w->h, 1);
    assert_int_equal(box_remove_device(&w->h, &thief, &phone.device, NULL), AK_CODE_OK);
    h_device_done(&thief.device);
    h_device_done(&phone.device);
}

/* A device that left by itself leaves nothing waiting; if it comes back, nobody may throw it out for that.
 * And its sessions of before stay over. */
static void test_a_device_that_comes_back(void **state)
{
    struct world *w = *state;
    struct h_person phone, again;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    for (int i = 0; i < 24; i++) h_tick(&w->h, 3600000);
    box_refresh(&w->h, &w->alice);
    box_refresh(&w->h, &phone);
    assert_int_equal(box_remove_device(&w->h, &phone, &phone.device, NULL), AK_CODE_OK);
    assert_int_equal(box_waiting(&w->h, &w->alice), 0);
    h_second(&w->h, &w->alice, &again, 3);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_INVALID_TOKEN);
    assert_int_equal(h_person_sign(&w->h, &again, "x"), AK_CODE_OK);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &again.device, NULL), AK_CODE_PENDING);
    h_restart(&w->h, true);
    h_device_done(&phone.device);
    h_device_done(&again.device);
}

/* Records of removed ones are used again: whoever comes into one is a device as any other. */
static void test_devices_without_end(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    for (unsigned i = 0; i < AK_STATE_DEVICES_ACCOUNT + 2; i++) {
        h_second(&w->h, &w->alice, &phone, 300 + i);
        assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_OK);
        assert_int_equal(box_remove_device(&w->h, &phone, &phone.device, NULL), AK_CODE_OK);
        h_device_done(&phone.device);
        h_tick(&w->h, 1000);
    }
    h_second(&w->h, &w->alice, &phone, 300);
    h_restart(&w->h, true);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_OK);
    h_device_done(&phone.device);
}

static void test_device_limits(void **state)
{
    struct world *w = *state;
    static struct h_person more[AK_LIMIT_DEVICES];
    for (unsigned i = 1; i < AK_LIMIT_DEVICES; i++) h_second(&w->h, &w->alice, &more[i], 100 + i);
    struct ak_msg_device_request request = {.name = AK_SPAN_LIT("one more")};
    struct ak_msg_pair_reply asked;
    memcpy(request.account, w->alice.anchor, 32);
    assert_int_equal(
        h_call(&w->h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request yes = {.kind = AK_SPAN_LIT("device"), .label = request.name};
    memcpy(yes.request_id, asked.request_id, 16);
    memcpy(yes.device, w->bob.device.jkt, 32);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, &yes),
        AK_CODE_STORAGE_FULL);
    /* a list of all of them fits its answer; eight removals wait, the ninth does not */
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_LIST, NULL), AK_CODE_OK);
    for (unsigned i = 1; i <= AK_STATE_CHANGES_ACCOUNT; i++)
        assert_int_equal(box_remove_device(&w->h, &w->alice, &more[i].device, NULL), AK_CODE_PENDING);
    assert_int_equal(
        box_remove_device(&w->h, &w->alice, &more[20].device, NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(box_waiting(&w->h, &w->alice), AK_STATE_CHANGES_ACCOUNT);
    assert_true(w->h.out.notice_len <= AK_FRAME_NOTICE_MAX);
    struct ak_span notice = ak_span(w->h.out.notice, w->h.out.notice_len);
    assert_true(notice.ptr[notice.len - 1] >= '0' && notice.ptr[notice.len - 1] <= '9'); /* no item is cut */
    h_restart(&w->h, true);
    for (unsigned i = 1; i < AK_LIMIT_DEVICES; i++) h_device_done(&more[i].device);
    /* recoveries have places of their own, and are shown before all of these (I9) */
    for (unsigned i = 1; i <= AK_STATE_RECOVERIES_ACCOUNT; i++) {
        struct h_device stranger;
        h_device(&stranger, 200 + i);
        assert_int_equal(box_mail(&w->h, &stranger, "alice@demo.example", NULL), AK_CODE_PENDING);
        h_device_done(&stranger);
    }
    assert_int_equal(box_waiting(&w->h, &w->alice), AK_STATE_WAITING_ACCOUNT);
    assert_memory_equal(w->h.out.notice, "sign-in ready_at=", 17);
    assert_int_equal(
        box_remove_device(&w->h, &w->alice, &more[20].device, NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(box_cancel(&w->h, &w->alice, "device-remove", more[1].device.jkt), AK_CODE_OK);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &more[20].device, NULL), AK_CODE_PENDING);
}

/* A device is not enrolled twice, and takes no scope. */
static void test_device_approvals(void **state)
{
    struct world *w = *state;
    struct ak_msg_device_request request = {.name = AK_SPAN_LIT("laptop")};
    struct ak_msg_pair_reply asked;
    memcpy(request.account, w->alice.anchor, 32);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request yes = {.kind = AK_SPAN_LIT("device"), .label = request.name};
    memcpy(yes.request_id, asked.request_id, 16);
    memcpy(yes.device, w->alice.device.jkt, 32);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, &yes),
        AK_CODE_ALREADY_EXISTS);
    yes.scope = AK_SPAN_LIT("openrouter");
    yes.present = 1u << AK_PAIR_APPROVE_REQUEST_SCOPE;
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, &yes),
        AK_CODE_INVALID_REQUEST);
    /* an anchor that nobody has: asked for, and found by nobody */
    memset(request.account, 0x11, 32);
    assert_int_equal(
        h_call(&w->h, &w->agent.device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_device_list),
        WORLD_TEST(test_remove_devices),
        WORLD_TEST(test_remove_confirmed_by_a_second_device),
        WORLD_TEST(test_a_young_device_confirms_nothing),
        WORLD_TEST(test_a_device_that_comes_back),
        WORLD_TEST(test_devices_without_end),
        WORLD_TEST(test_device_limits),
        WORLD_TEST(test_device_approvals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
