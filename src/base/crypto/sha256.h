/* SHA-256 over one or several spans, and as a stream. Digests are public; a stream over secret bytes must be
 * ended by final() or done(), which wipe it. The state lives in the caller's memory: nothing is allocated,
 * nothing is kept per thread. Threads: any, each with its own stream. spec: FIPS 180-4 */
#ifndef AK_BASE_CRYPTO_SHA256_H
#define AK_BASE_CRYPTO_SHA256_H

#include "base/span.h"

enum { AK_SHA256_LEN = 32 };

/* The library's running state. */
struct ak_sha256_state {
    uint64_t opaque[14];
};

void ak_sha256(struct ak_span in, uint8_t out_digest[32]);
/* Hash of the concatenation of `count` parts. */
void ak_sha256_parts(const struct ak_span *parts, size_t count, uint8_t out_digest[32]);

struct ak_sha256_stream {
    struct ak_sha256_state state;
};
void ak_sha256_stream_init(struct ak_sha256_stream *stream);
void ak_sha256_stream_update(struct ak_sha256_stream *stream, struct ak_span in);
/* Gives the digest, ends and wipes the stream. */
void ak_sha256_stream_final(struct ak_sha256_stream *stream, uint8_t out_digest[32]);
/* Ends and wipes the stream without a digest; fine on a zeroed or finished one. */
void ak_sha256_stream_done(struct ak_sha256_stream *stream);

#endif
