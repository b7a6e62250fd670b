/* Signing in through the broker: by a mail with a link, at a provider, by a person's own wallet. What a
 * session brings is the keeper's answer, handed on. Text and bytes are views into the body a message was
 * decoded from. spec: docs/wire.md, Broker */
#ifndef AK_CORE_WIRE_MSG_BROKER_H
#define AK_CORE_WIRE_MSG_BROKER_H

#include "core/wire/msg_sign_in.h"

enum { AK_BROKER_REQUEST_ID = 16, AK_BROKER_TOKEN_TEXT = 43, AK_BROKER_MATCH_CODE = 6 };

/* What the device says of itself stands in email_request and wallet_verify_request: its name, the hash of
 * the recovery code for an account that is opened, the code itself for one that is recovered. The proof that
 * goes with the answer (the poll, wallet-verify) is bound to exactly these by its ak_bh. */
struct ak_msg_email_request {
    uint32_t present;
    struct ak_span email;
    struct ak_span device_name;
    uint8_t recovery_hash[32];
    uint8_t recovery_code[AK_SEALED_CODE_LEN];
    bool recover;
};
enum ak_email_request_field {
    AK_EMAIL_REQUEST_EMAIL,
    AK_EMAIL_REQUEST_DEVICE_NAME,
    AK_EMAIL_REQUEST_RECOVERY_HASH,
    AK_EMAIL_REQUEST_RECOVERY_CODE,
    AK_EMAIL_REQUEST_RECOVER,
};
extern const struct ak_msg ak_email_request_msg;

/* match_code: shown by the client, typed on the page. */
struct ak_msg_email_reply {
    uint32_t present;
    uint8_t request_id[AK_BROKER_REQUEST_ID];
    uint64_t expires_in_seconds;
    struct ak_span poll_url;
    struct ak_span match_code;
};
enum ak_email_reply_field {
    AK_EMAIL_REPLY_REQUEST_ID,
    AK_EMAIL_REPLY_EXPIRES_IN_SECONDS,
    AK_EMAIL_REPLY_POLL_URL,
    AK_EMAIL_REPLY_MATCH_CODE,
};
extern const struct ak_msg ak_email_reply_msg;

/* From the landing page. */
struct ak_msg_email_verify_request {
    uint32_t present;
    struct ak_span token;
    uint8_t request_id[AK_BROKER_REQUEST_ID];
    struct ak_span match_code;
};
enum ak_email_verify_request_field {
    AK_EMAIL_VERIFY_REQUEST_TOKEN,
    AK_EMAIL_VERIFY_REQUEST_REQUEST_ID,
    AK_EMAIL_VERIFY_REQUEST_MATCH_CODE,
};
extern const struct ak_msg ak_email_verify_request_msg;

struct ak_msg_email_verify_reply {
    uint32_t present;
    bool ok;
};
enum ak_email_verify_reply_field { AK_EMAIL_VERIFY_REPLY_OK };
extern const struct ak_msg ak_email_verify_reply_msg;

struct ak_msg_email_status_request {
    uint32_t present;
    uint8_t id[AK_BROKER_REQUEST_ID];
};
enum ak_email_status_request_field { AK_EMAIL_STATUS_REQUEST_ID };
extern const struct ak_msg ak_email_status_request_msg;

/* Signing in at a provider of the broker's (OpenID Connect); the rest as in email_request. */
struct ak_msg_oauth2_start_request {
    uint32_t present;
    struct ak_span provider;
    struct ak_span device_name;
    uint8_t recovery_hash[32];
    uint8_t recovery_code[AK_SEALED_CODE_LEN];
    bool recover;
};
enum ak_oauth2_start_request_field {
    AK_OAUTH2_START_REQUEST_PROVIDER,
    AK_OAUTH2_START_REQUEST_DEVICE_NAME,
    AK_OAUTH2_START_REQUEST_RECOVERY_HASH,
    AK_OAUTH2_START_REQUEST_RECOVERY_CODE,
    AK_OAUTH2_START_REQUEST_RECOVER,
};
extern const struct ak_msg ak_oauth2_start_request_msg;

struct ak_msg_oauth2_start_reply {
    uint32_t present;
    uint8_t request_id[AK_BROKER_REQUEST_ID];
    struct ak_span authorization_url;
    uint64_t expires_in_seconds;
    struct ak_span poll_url;
    struct ak_span match_code;
};
enum ak_oauth2_start_reply_field {
    AK_OAUTH2_START_REPLY_REQUEST_ID,
    AK_OAUTH2_START_REPLY_AUTHORIZATION_URL,
    AK_OAUTH2_START_REPLY_EXPIRES_IN_SECONDS,
    AK_OAUTH2_START_REPLY_POLL_URL,
    AK_OAUTH2_START_REPLY_MATCH_CODE,
};
extern const struct ak_msg ak_oauth2_start_reply_msg;

/* What the provider sends the browser back with; the broker's own, no call of a client. spec: RFC 6749 4.1.2,
 * RFC 9207 2 */
struct ak_msg_oauth2_callback {
    uint32_t present;
    struct ak_span state;
    struct ak_span code;
    struct ak_span error;
    struct ak_span iss;
};
enum ak_oauth2_callback_field {
    AK_OAUTH2_CALLBACK_STATE,
    AK_OAUTH2_CALLBACK_CODE,
    AK_OAUTH2_CALLBACK_ERROR,
    AK_OAUTH2_CALLBACK_ISS,
};
extern const struct ak_msg ak_oauth2_callback_msg;

/* From the page that the callback answers with: the same members as a mail's link has. */
extern const struct ak_msg ak_oauth2_confirm_request_msg;

/* state: pending, recovery_pending (ready_at, anchor), verified (the session), failed (reason: user_denied,
 * id_token_invalid, code_exchange_failed). A session is delivered once. */
struct ak_msg_signed_in_reply {
    uint32_t present;
    struct ak_span state;
    uint64_t ready_at;
    struct ak_span session_jwt;
    uint64_t expires_at;
    uint8_t omni_account[32];
    uint8_t anchor[32];
    struct ak_span identity_type;
    struct ak_span identity_value;
    uint8_t wallet_address[20];
    bool account_new;
    uint64_t device_count;
    struct ak_span reason;
    bool recovery_hash_taken;
};
enum ak_signed_in_reply_field {
    AK_SIGNED_IN_REPLY_STATE,
    AK_SIGNED_IN_REPLY_READY_AT,
    AK_SIGNED_IN_REPLY_SESSION_JWT,
    AK_SIGNED_IN_REPLY_EXPIRES_AT,
    AK_SIGNED_IN_REPLY_OMNI_ACCOUNT,
    AK_SIGNED_IN_REPLY_ANCHOR,
    AK_SIGNED_IN_REPLY_IDENTITY_TYPE,
    AK_SIGNED_IN_REPLY_IDENTITY_VALUE,
    AK_SIGNED_IN_REPLY_WALLET_ADDRESS,
    AK_SIGNED_IN_REPLY_ACCOUNT_NEW,
    AK_SIGNED_IN_REPLY_DEVICE_COUNT,
    AK_SIGNED_IN_REPLY_REASON,
    AK_SIGNED_IN_REPLY_RECOVERY_HASH_TAKEN,
};
extern const struct ak_msg ak_signed_in_reply_msg;

struct ak_msg_wallet_start_request {
    uint32_t present;
    uint8_t address[20];
    uint64_t chain_id;
};
enum ak_wallet_start_request_field { AK_WALLET_START_REQUEST_ADDRESS, AK_WALLET_START_REQUEST_CHAIN_ID };
extern const struct ak_msg ak_wallet_start_request_msg;

struct ak_msg_wallet_start_reply {
    uint32_t present;
    uint8_t request_id[AK_BROKER_REQUEST_ID];
    struct ak_span siwe_message;
    struct ak_span nonce;
    uint64_t expires_in_seconds;
    uint64_t expires_at;
};
enum ak_wallet_start_reply_field {
    AK_WALLET_START_REPLY_REQUEST_ID,
    AK_WALLET_START_REPLY_SIWE_MESSAGE,
    AK_WALLET_START_REPLY_NONCE,
    AK_WALLET_START_REPLY_EXPIRES_IN_SECONDS,
    AK_WALLET_START_REPLY_EXPIRES_AT,
};
extern const struct ak_msg ak_wallet_start_reply_msg;

struct ak_msg_wallet_verify_request {
    uint32_t present;
    uint8_t request_id[AK_BROKER_REQUEST_ID];
    uint8_t signature[65];
    struct ak_span device_name;
    uint8_t recovery_hash[32];
    uint8_t recovery_code[AK_SEALED_CODE_LEN];
    bool recover;
};
enum ak_wallet_verify_request_field {
    AK_WALLET_VERIFY_REQUEST_REQUEST_ID,
    AK_WALLET_VERIFY_REQUEST_SIGNATURE,
    AK_WALLET_VERIFY_REQUEST_DEVICE_NAME,
    AK_WALLET_VERIFY_REQUEST_RECOVERY_HASH,
    AK_WALLET_VERIFY_REQUEST_RECOVERY_CODE,
    AK_WALLET_VERIFY_REQUEST_RECOVER,
};
extern const struct ak_msg ak_wallet_verify_request_msg;

/* request_id: of the sign-in by which the person answered for the identity; signature: of a wallet over that
 * sign-in's text. Neither for the account's own address. The proof's ak_bh is the meaning of the worker's
 * call "link" over type and value. */
struct ak_msg_wallet_link_request {
    uint32_t present;
    struct ak_span identity_type;
    struct ak_span identity_value;
    uint8_t request_id[AK_BROKER_REQUEST_ID];
    uint8_t signature[65];
};
enum ak_wallet_link_request_field {
    AK_WALLET_LINK_REQUEST_IDENTITY_TYPE,
    AK_WALLET_LINK_REQUEST_IDENTITY_VALUE,
    AK_WALLET_LINK_REQUEST_REQUEST_ID,
    AK_WALLET_LINK_REQUEST_SIGNATURE,
};
extern const struct ak_msg ak_wallet_link_request_msg;

#endif
