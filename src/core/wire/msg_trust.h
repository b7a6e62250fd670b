/* The trust configuration: reading it, and an operator's change of it. Its bytes are those of core/trust.
 * Text and bytes are views into the body a message was decoded from. */
#ifndef AK_CORE_WIRE_MSG_TRUST_H
#define AK_CORE_WIRE_MSG_TRUST_H

#include "core/wire/field.h"

struct ak_msg_trust_request {
    uint32_t present;
};
extern const struct ak_msg ak_trust_request_msg;

struct ak_msg_trust_reply {
    uint32_t present;
    uint8_t config[32];     /* SHA-256 of `trust` */
    struct ak_span trust;   /* docs/formats/trust.md */
    struct ak_span items;   /* the same for people: "recovery_wait = 604800s" and so on, a line each */
    bool operator_;         /* the caller's account may change it */
    uint8_t proposed[32];   /* what waits for the account's second device */
    uint8_t started_by[32]; /* the device that proposed it */
};
enum ak_trust_reply_field {
    AK_TRUST_REPLY_CONFIG,
    AK_TRUST_REPLY_TRUST,
    AK_TRUST_REPLY_ITEMS,
    AK_TRUST_REPLY_OPERATOR,
    AK_TRUST_REPLY_PROPOSED,
    AK_TRUST_REPLY_STARTED_BY,
};
extern const struct ak_msg ak_trust_reply_msg;

struct ak_msg_trust_change_request {
    uint32_t present;
    uint8_t from[32];     /* the configuration that the caller saw */
    uint8_t to[32];       /* SHA-256 of `trust` */
    struct ak_span trust; /* the whole of the new one */
};
enum ak_trust_change_request_field {
    AK_TRUST_CHANGE_REQUEST_FROM,
    AK_TRUST_CHANGE_REQUEST_TO,
    AK_TRUST_CHANGE_REQUEST_TRUST,
};
extern const struct ak_msg ak_trust_change_request_msg;

#endif
