/* Tables of the messages in msg_attestation.h. */
#include "core/wire/msg_attestation.h"

static const struct ak_field request_fields[] = {
    AK_FIELD(ak_msg_attestation_request, nonce, "nonce", AK_KIND_FIXED, AK_MSG_QUERY, 0, 32),
};
const struct ak_msg ak_attestation_request_msg =
    AK_MSG("attestation_request", ak_msg_attestation_request, request_fields);

static const struct ak_field reply_fields[] = {
    AK_FIELD(ak_msg_attestation_reply, evidence, "evidence", AK_KIND_B64, 0, 1, AK_WIRE_EVIDENCE_MAX),
};
const struct ak_msg ak_attestation_reply_msg =
    AK_MSG("attestation_reply", ak_msg_attestation_reply, reply_fields);
