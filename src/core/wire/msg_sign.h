/* Deriving an address and signing a message: the same shape for every backend (`POST /{dev,tee}/…`).
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_SIGN_H
#define AK_CORE_WIRE_MSG_SIGN_H

#include "core/wire/field.h"

struct ak_msg_derive_request {
    uint32_t present;
    uint8_t omni_account[32];
    struct ak_span path;
};
enum ak_derive_request_field {
    AK_DERIVE_REQUEST_OMNI_ACCOUNT,
    AK_DERIVE_REQUEST_PATH,
};
extern const struct ak_msg ak_derive_request_msg;

struct ak_msg_derive_reply {
    uint32_t present;
    uint8_t address[20];
    uint64_t key_version;
    uint64_t generation;
};
enum ak_derive_reply_field {
    AK_DERIVE_REPLY_ADDRESS,
    AK_DERIVE_REPLY_KEY_VERSION,
    AK_DERIVE_REPLY_GENERATION,
};
extern const struct ak_msg ak_derive_reply_msg;

struct ak_msg_sign_request {
    uint32_t present;
    uint8_t omni_account[32];
    struct ak_span message;
    struct ak_span path;
};
enum ak_sign_request_field {
    AK_SIGN_REQUEST_OMNI_ACCOUNT,
    AK_SIGN_REQUEST_MESSAGE,
    AK_SIGN_REQUEST_PATH,
};
extern const struct ak_msg ak_sign_request_msg;

struct ak_msg_sign_reply {
    uint32_t present;
    uint8_t signature[65];
    uint8_t address[20];
    uint64_t key_version;
    uint64_t entry_index;
    uint8_t entry_leaf_hash[32];
};
enum ak_sign_reply_field {
    AK_SIGN_REPLY_SIGNATURE,
    AK_SIGN_REPLY_ADDRESS,
    AK_SIGN_REPLY_KEY_VERSION,
    AK_SIGN_REPLY_ENTRY_INDEX,
    AK_SIGN_REPLY_ENTRY_LEAF_HASH,
};
extern const struct ak_msg ak_sign_reply_msg;

#endif
