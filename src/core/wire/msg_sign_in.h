/* Signing people in: what the broker passes on, for the keeper to check. A device's proof comes with each,
 * made for the broker's URL; whatever opens an account or answers a recovery is bound by its `ak_bh` to
 * struct ak_msg_sign_in, the part that the device itself says.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_SIGN_IN_H
#define AK_CORE_WIRE_MSG_SIGN_IN_H

#include "base/limits.h"
#include "core/wire/field.h"

/* The recovery code as it travels: for the keeper alone, from one device (core/token/sealed_code.h). */
enum { AK_SEALED_CODE_LEN = AK_LIMIT_SEALED_CODE };

struct ak_msg_sign_in_nonce_request {
    uint32_t present;
};
extern const struct ak_msg ak_sign_in_nonce_request_msg;

/* The nonce that a proof needs now (`DPoP-Nonce`). spec: RFC 9449 8 */
struct ak_msg_sign_in_nonce_reply {
    uint32_t present;
    struct ak_span nonce;
};
enum ak_sign_in_nonce_reply_field { AK_SIGN_IN_NONCE_REPLY_NONCE };
extern const struct ak_msg ak_sign_in_nonce_reply_msg;

/* What the device says about itself, signed as the meaning of a call "sign-in". */
struct ak_msg_sign_in {
    uint32_t present;
    struct ak_span device_name;
    uint8_t recovery_hash[32]; /* SHA-256 of the next recovery code: taken where the account is opened, begun
                                * again, or recovered by the code before */
    uint8_t recovery_code[AK_SEALED_CODE_LEN]; /* of an account that has one: a shorter wait, which no device
                                                * cancels */
    bool recover;                              /* only an account that there is: none is opened */
};
enum ak_sign_in_field {
    AK_SIGN_IN_DEVICE_NAME,
    AK_SIGN_IN_RECOVERY_HASH,
    AK_SIGN_IN_RECOVERY_CODE,
    AK_SIGN_IN_RECOVER,
};
extern const struct ak_msg ak_sign_in_msg;
#define AK_SIGN_IN_CALL "sign-in"

struct ak_msg_wallet_started_request {
    uint32_t present;
    uint8_t address[20];
    uint64_t chain_id;
};
enum ak_wallet_started_request_field {
    AK_WALLET_STARTED_REQUEST_ADDRESS,
    AK_WALLET_STARTED_REQUEST_CHAIN_ID,
};
extern const struct ak_msg ak_wallet_started_request_msg;

struct ak_msg_wallet_started_reply {
    uint32_t present;
    struct ak_span siwe_message;
    struct ak_span nonce; /* as it stands in the text */
    uint64_t expires_at;
};
enum ak_wallet_started_reply_field {
    AK_WALLET_STARTED_REPLY_SIWE_MESSAGE,
    AK_WALLET_STARTED_REPLY_NONCE,
    AK_WALLET_STARTED_REPLY_EXPIRES_AT,
};
extern const struct ak_msg ak_wallet_started_reply_msg;

struct ak_msg_wallet_answered_request {
    uint32_t present;
    struct ak_span siwe_message;
    uint8_t signature[65];
    struct ak_msg_sign_in device; /* its members stand beside the others */
};
enum ak_wallet_answered_request_field {
    AK_WALLET_ANSWERED_REQUEST_SIWE_MESSAGE,
    AK_WALLET_ANSWERED_REQUEST_SIGNATURE,
    AK_WALLET_ANSWERED_REQUEST_DEVICE_NAME,
    AK_WALLET_ANSWERED_REQUEST_RECOVERY_HASH,
    AK_WALLET_ANSWERED_REQUEST_RECOVERY_CODE,
    AK_WALLET_ANSWERED_REQUEST_RECOVER,
};
extern const struct ak_msg ak_wallet_answered_request_msg;

/* `answer`: a JWS by the broker's key (core/token/identity_answer.h). `poll_path`: the broker's path that the
 * device's proof is for. */
struct ak_msg_identity_answered_request {
    uint32_t present;
    struct ak_span answer;
    struct ak_span poll_path;
    struct ak_msg_sign_in device;
};
enum ak_identity_answered_request_field {
    AK_IDENTITY_ANSWERED_REQUEST_ANSWER,
    AK_IDENTITY_ANSWERED_REQUEST_POLL_PATH,
    AK_IDENTITY_ANSWERED_REQUEST_DEVICE_NAME,
    AK_IDENTITY_ANSWERED_REQUEST_RECOVERY_HASH,
    AK_IDENTITY_ANSWERED_REQUEST_RECOVERY_CODE,
    AK_IDENTITY_ANSWERED_REQUEST_RECOVER,
};
extern const struct ak_msg ak_identity_answered_request_msg;

/* state "session" with all but ready_at, or "recovery_pending" with ready_at and the account. */
struct ak_msg_sign_in_reply {
    uint32_t present;
    struct ak_span state;
    struct ak_span session_jwt;
    uint64_t expires_at;
    uint8_t omni_account[32];
    uint8_t anchor[32];
    struct ak_span identity_type;
    struct ak_span identity_value;
    uint8_t wallet_address[20];
    bool account_new;
    uint64_t device_count;
    uint64_t ready_at;
    bool recovery_hash_taken; /* the recovery code is the one whose hash came */
};
enum ak_sign_in_reply_field {
    AK_SIGN_IN_REPLY_STATE,
    AK_SIGN_IN_REPLY_SESSION_JWT,
    AK_SIGN_IN_REPLY_EXPIRES_AT,
    AK_SIGN_IN_REPLY_OMNI_ACCOUNT,
    AK_SIGN_IN_REPLY_ANCHOR,
    AK_SIGN_IN_REPLY_IDENTITY_TYPE,
    AK_SIGN_IN_REPLY_IDENTITY_VALUE,
    AK_SIGN_IN_REPLY_WALLET_ADDRESS,
    AK_SIGN_IN_REPLY_ACCOUNT_NEW,
    AK_SIGN_IN_REPLY_DEVICE_COUNT,
    AK_SIGN_IN_REPLY_READY_AT,
    AK_SIGN_IN_REPLY_RECOVERY_HASH_TAKEN,
};
extern const struct ak_msg ak_sign_in_reply_msg;

#endif
