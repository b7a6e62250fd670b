#include "unit/engine/account_box.h"

enum ak_code box_remove_device(
    struct h *h, struct h_person *by, const struct h_device *which, const uint8_t code[32])
{
    struct ak_msg_device_remove_request request = {0};
    memcpy(request.id, which->jkt, 32);
    if (code) {
        h_seal_code(h, &by->device, code, request.recovery_code);
        request.present = 1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE;
    }
    return h_call(h, &by->device, h_token(by), AK_CALL_DEVICE_REMOVE, &request);
}

enum ak_code box_cancel(struct h *h, struct h_person *by, const char *what, const uint8_t id[32])
{
    struct ak_msg_recovery_cancel_request request = {.what = ak_span_str(what)};
    if (id) {
        memcpy(request.device, id, 32);
        request.present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE;
    }
    return h_call(h, &by->device, h_token(by), AK_CALL_RECOVERY_CANCEL, &request);
}

size_t box_waiting(struct h *h, struct h_person *by)
{
    struct ak_msg_recovery_list_reply reply;
    struct ak_msg_recovery_item item;
    size_t count = 0;
    assert_int_equal(h_call(h, &by->device, h_token(by), AK_CALL_RECOVERY_LIST, NULL), AK_CODE_OK);
    h_reply(h, &ak_recovery_list_reply_msg, &reply);
    while (ak_list_next(&reply.items, &ak_recovery_item_msg, &item)) count++;
    return count;
}

void box_refresh(struct h *h, struct h_person *alice)
{
    assert_int_equal(h_sign_in(h, alice, "alice"), AK_CODE_OK);
}

void box_pass_ms(struct h *h, uint64_t ms, struct h_person *one, struct h_person *two)
{
    for (; ms > 3600000; ms -= 3600000) h_tick(h, 3600000);
    h_tick(h, ms);
    box_refresh(h, one);
    box_refresh(h, two);
}
