/* One call of a client on its way to the keeper. The gateway has parsed HTTP and JSON; who the caller is, the
 * keeper finds out itself from token and proof. What the gateway says of connections is its word only (see
 * docs/threat-model.md). */
#ifndef AK_CORE_FRAMES_REQUEST_H
#define AK_CORE_FRAMES_REQUEST_H

#include "core/frames/frame.h"

/* How the client reached the gateway: where a proof may hold for a whole connection, and who may act as local
 * operator. */
enum ak_transport {
    AK_TRANSPORT_UNIX = 1,
    AK_TRANSPORT_LOOPBACK = 2,
    AK_TRANSPORT_TLS = 3,      /* ended by the gateway itself */
    AK_TRANSPORT_OPERATOR = 4, /* the operator's own socket, peer checked */
    AK_TRANSPORT_PLAIN = 5,    /* none of these: a proof in each request */
    AK_TRANSPORT_BROKER = 6    /* the broker's socket, peer checked */
};

struct ak_frame_request {
    uint32_t slot;     /* the gateway's own number, given back in the reply */
    uint32_t slot_use; /* so that a late reply cannot meet the slot's next user */
    uint64_t conn;     /* never used twice while the gateway lives */
    uint64_t
        source; /* hash of where the client comes from, for limits a source; its upper half of the network */
    uint16_t call;     /* enum ak_call_id */
    uint8_t transport; /* enum ak_transport */
    uint8_t request_id[16];
    struct ak_span token;
    struct ak_span proof;
    struct ak_span idempotency_key;
    struct ak_span body; /* core/wire message of the call */
};

enum { AK_FRAME_IDEMPOTENCY_MAX = 64 };

/* With head. AK_E_FULL (too little room, or a part over its limit). */
AK_MUST_USE enum ak_err ak_frame_request_encode(const struct ak_frame_request *request, struct ak_buf *buf);
/* After the head was read. Views point into the frame. AK_E_FORMAT, AK_E_LIMIT (call, transport out of
 * range). */
AK_MUST_USE enum ak_err ak_frame_request_decode(
    struct ak_reader *reader, struct ak_frame_request *out_request);

#endif
