/* Evidence for one connection: GET /tee/attestation. Bytes are views into the body a message was decoded
 * from. spec: docs/formats/attestation.md */
#ifndef AK_CORE_WIRE_MSG_ATTESTATION_H
#define AK_CORE_WIRE_MSG_ATTESTATION_H

#include "core/wire/field.h"

enum { AK_WIRE_EVIDENCE_MAX = 14 * 1024 };

struct ak_msg_attestation_request {
    uint32_t present;
    uint8_t nonce[32];
};
extern const struct ak_msg ak_attestation_request_msg;

struct ak_msg_attestation_reply {
    uint32_t present;
    struct ak_span evidence; /* the message of docs/formats/attestation.md */
};
extern const struct ak_msg ak_attestation_reply_msg;

#endif
