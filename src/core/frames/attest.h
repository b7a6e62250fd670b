/* A client asks for evidence of its connection. What binds it to the connection is the gateway's word: one
 * that lies gets evidence that the client refuses, as it computes the same itself. The worker's own key, and
 * all that is claimed, the keeper puts in. The answer is a reply frame of the call `attestation`. */
#ifndef AK_CORE_FRAMES_ATTEST_H
#define AK_CORE_FRAMES_ATTEST_H

#include "core/frames/frame.h"

struct ak_frame_attest {
    uint32_t slot, slot_use; /* as in a request */
    uint8_t nonce[32];       /* the client's */
    uint8_t client[32];      /* SHA-256 of its certificate's SPKI; zeros: it showed none */
    uint8_t exporter[32];    /* of the TLS connection */
};

AK_MUST_USE enum ak_err ak_frame_attest_encode(const struct ak_frame_attest *attest, struct ak_buf *buf);
AK_MUST_USE enum ak_err ak_frame_attest_decode(struct ak_reader *reader, struct ak_frame_attest *out_attest);

#endif
