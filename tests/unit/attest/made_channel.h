/* A worker's answer to GET /tee/attestation, made at run time on a made TPM: bound to what a test says, with
 * its own claims, alone or among others in a tree. */
#ifndef AK_TESTS_UNIT_ATTEST_MADE_CHANNEL_H
#define AK_TESTS_UNIT_ATTEST_MADE_CHANNEL_H

#include "core/attest/channel.h"
#include "unit/attest/made_tpm.h"

struct made_channel {
    struct made_tpm quote, counter; /* one key */
    struct ak_channel_claims claims;
    struct ak_channel_binding binding;
    size_t index, count; /* its place; the other bindings are made up */
    uint8_t claims_bytes[AK_CHANNEL_CLAIMS_MAX], message[AK_CHANNEL_MESSAGE_MAX];
    size_t claims_len, message_len;
};

/* Fixed claims, binding and place (alone). The measurement is in register 23. */
void made_channel_init(struct made_channel *made);
/* Everything anew. */
void made_channel_make(struct made_channel *made);
/* The policy that takes it, and a client's question that is right. */
void made_channel_ask(
    const struct made_channel *made, struct ak_attest_policy *policy, struct ak_channel_ask *out_ask);
void made_channel_done(struct made_channel *made);

/* Claims and binding as docs/formats/attestation.md has them. */
void made_channel_fixed(struct ak_channel_claims *claims, struct ak_channel_binding *binding);

#endif
