/* The devices of an account: asking to be added, listing, removing.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_DEVICES_H
#define AK_CORE_WIRE_MSG_DEVICES_H

#include "core/wire/msg_sign_in.h"

/* A new device asks to join; approved like a pairing. */
struct ak_msg_device_request {
    uint32_t present;
    uint8_t account[32];
    struct ak_span name;
};
enum ak_device_request_field {
    AK_DEVICE_REQUEST_ACCOUNT,
    AK_DEVICE_REQUEST_NAME,
};
extern const struct ak_msg ak_device_request_msg;

struct ak_msg_device_item {
    uint32_t present;
    uint8_t device[32];
    struct ak_span name;
    uint64_t enrolled_at;
    bool current;
};
enum ak_device_item_field {
    AK_DEVICE_ITEM_DEVICE,
    AK_DEVICE_ITEM_NAME,
    AK_DEVICE_ITEM_ENROLLED_AT,
    AK_DEVICE_ITEM_CURRENT,
};
extern const struct ak_msg ak_device_item_msg;

struct ak_msg_device_list_request {
    uint32_t present;
};
extern const struct ak_msg ak_device_list_request_msg;

struct ak_msg_device_list_reply {
    uint32_t present;
    struct ak_list devices; /* of struct ak_msg_device_item */
};
enum ak_device_list_reply_field {
    AK_DEVICE_LIST_REPLY_DEVICES,
};
extern const struct ak_msg ak_device_list_reply_msg;

struct ak_msg_device_remove_request {
    uint32_t present;
    uint8_t id[32];
    uint8_t recovery_code[AK_SEALED_CODE_LEN];
    uint8_t recovery_hash[32]; /* of the code that takes its place */
};
enum ak_device_remove_request_field {
    AK_DEVICE_REMOVE_REQUEST_ID,
    AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE,
    AK_DEVICE_REMOVE_REQUEST_RECOVERY_HASH,
};
extern const struct ak_msg ak_device_remove_request_msg;

#endif
