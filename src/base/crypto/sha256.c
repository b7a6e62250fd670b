/* SHA-256 over the caller's memory. One-shots wipe their state too: the input may have been a secret. */
#include "base/crypto/sha2_lib.h"

#include "base/crypto/sha256.h"
#include "base/wipe.h"

_Static_assert(sizeof(struct ak_sha256_state) == sizeof(SHA256_CTX), "state must hold the library's");

static SHA256_CTX *lib_state(struct ak_sha256_stream *stream)
{
    return (SHA256_CTX *)stream->state.opaque;
}

void ak_sha256_parts(const struct ak_span *parts, size_t count, uint8_t out_digest[32])
{
    SHA256_CTX ctx;
    ak_sha2_256_start(&ctx);
    for (size_t i = 0; i < count; i++) ak_sha2_256_add(&ctx, parts[i]);
    ak_sha2_256_end(&ctx, out_digest);
    ak_wipe(&ctx, sizeof ctx);
}

void ak_sha256(struct ak_span in, uint8_t out_digest[32])
{
    ak_sha256_parts(&in, 1, out_digest);
}

void ak_sha256_stream_init(struct ak_sha256_stream *stream)
{
    ak_sha2_256_start(lib_state(stream));
}

void ak_sha256_stream_update(struct ak_sha256_stream *stream, struct ak_span in)
{
    ak_sha2_256_add(lib_state(stream), in);
}

void ak_sha256_stream_final(struct ak_sha256_stream *stream, uint8_t out_digest[32])
{
    ak_sha2_256_end(lib_state(stream), out_digest);
    ak_sha256_stream_done(stream);
}

void ak_sha256_stream_done(struct ak_sha256_stream *stream)
{
    ak_wipe(stream, sizeof *stream);
}
