/* Tables of the messages in msg_devices.h. */
#include "core/wire/msg_devices.h"

#include "base/limits.h"

static const struct ak_field device_request_fields[] = {
    AK_FIELD_BAD(
        ak_msg_device_request, account, "account", AK_KIND_FIXED, 0, 0, 32, AK_CODE_INVALID_OMNI_ACCOUNT),
    AK_FIELD(ak_msg_device_request, name, "name", AK_KIND_TEXT, 0, 1, 64),
};
const struct ak_msg ak_device_request_msg =
    AK_MSG("device_request", ak_msg_device_request, device_request_fields);

static const struct ak_field device_item_fields[] = {
    AK_FIELD(ak_msg_device_item, device, "device", AK_KIND_PRINT, 0, 0, 32),
    AK_FIELD(ak_msg_device_item, name, "name", AK_KIND_TEXT, 0, 0, 64),
    AK_FIELD(ak_msg_device_item, enrolled_at, "enrolled_at", AK_KIND_U64, 0, 0, UINT64_MAX),
    AK_FIELD(ak_msg_device_item, current, "current", AK_KIND_BOOL, 0, 0, 1),
};
const struct ak_msg ak_device_item_msg = AK_MSG("device_item", ak_msg_device_item, device_item_fields);

const struct ak_msg ak_device_list_request_msg = {
    .name = "device_list_request", .size = sizeof(struct ak_msg_device_list_request)};

static const struct ak_field device_list_reply_fields[] = {
    AK_FIELD_LIST(ak_msg_device_list_reply, devices, "devices", &ak_device_item_msg),
};
const struct ak_msg ak_device_list_reply_msg =
    AK_MSG("device_list_reply", ak_msg_device_list_reply, device_list_reply_fields);

static const struct ak_field device_remove_request_fields[] = {
    AK_FIELD(ak_msg_device_remove_request, id, "id", AK_KIND_PRINT, AK_MSG_PATH, 0, 32),
    AK_FIELD(ak_msg_device_remove_request, recovery_code, "recovery_code", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0,
        AK_SEALED_CODE_LEN),
    AK_FIELD(
        ak_msg_device_remove_request, recovery_hash, "recovery_hash", AK_KIND_FIXED, AK_MSG_OPTIONAL, 0, 32),
};
const struct ak_msg ak_device_remove_request_msg =
    AK_MSG("device_remove_request", ak_msg_device_remove_request, device_remove_request_fields);
