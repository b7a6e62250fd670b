/* The first frame each way: the gateway says its version, the keeper says how to serve. */
#ifndef AK_CORE_FRAMES_HELLO_H
#define AK_CORE_FRAMES_HELLO_H

#include <stdbool.h>

#include "core/frames/frame.h"

enum { AK_HELLO_VERSION_MAX = 32, AK_WELCOME_SPKI_MAX = 128, AK_WELCOME_CERTIFICATE_MAX = 1024 };

struct ak_frame_hello {
    struct ak_span version; /* of the program: both ends come from one binary, so it must be equal */
};
struct ak_frame_welcome {
    bool dev;            /* the development signer: prefix /dev */
    uint32_t caps;       /* capability bits of the backend */
    struct ak_span spki; /* of the worker's TLS key; empty without TLS */
    /* Self-signed by that key, DER; made by the keeper, as its key signs nothing else for the gateway.
     * Clients pin the key, so nothing in it but the key matters. Empty without TLS. */
    struct ak_span certificate;
    uint8_t worker_id[16];
};

AK_MUST_USE enum ak_err ak_frame_hello_encode(const struct ak_frame_hello *hello, struct ak_buf *buf);
AK_MUST_USE enum ak_err ak_frame_hello_decode(struct ak_reader *reader, struct ak_frame_hello *out_hello);
AK_MUST_USE enum ak_err ak_frame_welcome_encode(const struct ak_frame_welcome *welcome, struct ak_buf *buf);
AK_MUST_USE enum ak_err ak_frame_welcome_decode(
    struct ak_reader *reader, struct ak_frame_welcome *out_welcome);

#endif
