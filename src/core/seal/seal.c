#include "core/seal/seal.h"

#include <string.h>

#include "base/assert.h"
#include "base/crypto/gcm.h"
#include "base/crypto/sha256.h"
#include "base/reader.h"

static const uint8_t magic[8] = {'A', 'K', 'S', 'E', 'A', 'L', 'E', 'D'};

enum { FLAG_CLEAN = 1 };

void ak_seal_state_done(struct ak_seal_state *state)
{
    ak_wipe(state, sizeof *state);
}

static bool is_known_root_suite(uint8_t suite)
{
    return suite == AK_SEAL_ROOT_AK1 || suite == AK_SEAL_ROOT_SIGNER_V0;
}

enum ak_err ak_seal_validate(const struct ak_seal_state *state)
{
    if (state->root_count > AK_SEAL_ROOTS_MAX || state->note_len > AK_SEAL_NOTE_MAX ||
        state->trust_len > AK_SEAL_TRUST_MAX)
        return AK_E_LIMIT;
    if (state->n == 0 || state->root_count == 0) return AK_E_MEANING;
    uint32_t last = 0;
    for (size_t i = 0; i < state->root_count; i++) {
        if (state->roots[i].version <= last || !is_known_root_suite(state->roots[i].suite))
            return AK_E_MEANING;
        last = state->roots[i].version;
    }
    if (!state->clean && state->clean_size) return AK_E_MEANING;
    if (state->note_len && !state->checkpoint_size) return AK_E_MEANING;
    return AK_OK;
}

static size_t body_len(const struct ak_seal_state *state)
{
    return AK_SEAL_BODY_FIXED_LEN + state->note_len + AK_SEAL_ROOT_LEN * state->root_count + state->trust_len;
}

static void put_header(struct ak_buf *buf, const struct ak_seal_header *header, size_t sealed_len)
{
    ak_buf_put(buf, AK_SPAN_ARR(magic));
    ak_buf_put_u16(buf, AK_SEAL_FORMAT);
    ak_buf_put_u8(buf, header->suite);
    ak_buf_put_u8(buf, header->backend);
    ak_buf_put_u64(buf, header->n);
    ak_buf_put(buf, AK_SPAN_ARR(header->counter_id));
    ak_buf_put(buf, AK_SPAN_ARR(header->policy));
    ak_buf_put(buf, AK_SPAN_ARR(header->measurement));
    ak_buf_put(buf, AK_SPAN_ARR(header->config));
    ak_buf_put(buf, AK_SPAN_ARR(header->nonce));
    ak_buf_put_u16(buf, (uint16_t)header->kek_blob.len);
    ak_buf_put(buf, header->kek_blob);
    ak_buf_put_u32(buf, (uint32_t)sealed_len);
}

static void put_body(struct ak_buf *buf, const struct ak_seal_state *state)
{
    ak_buf_put_u64(buf, state->n);
    ak_buf_put(buf, AK_SPAN_ARR(state->worker_id));
    ak_buf_put(buf, AK_SPAN_ARR(state->log_id));
    ak_buf_put_u8(buf, state->clean ? FLAG_CLEAN : 0);
    ak_buf_put_u64(buf, state->clean_size);
    ak_buf_put_u64(buf, state->checkpoint_size);
    ak_buf_put(buf, AK_SPAN_ARR(state->checkpoint_root));
    ak_buf_put_u16(buf, (uint16_t)state->note_len);
    ak_buf_put(buf, ak_span(state->note, state->note_len));
    ak_buf_put_u8(buf, (uint8_t)state->root_count);
    for (size_t i = 0; i < state->root_count; i++) {
        ak_buf_put_u32(buf, state->roots[i].version);
        ak_buf_put_u8(buf, state->roots[i].suite);
        ak_buf_put(buf, AK_SPAN_ARR(state->roots[i].secret.bytes));
    }
    ak_buf_put_u16(buf, (uint16_t)state->trust_len);
    ak_buf_put(buf, ak_span(state->trust, state->trust_len));
}

static bool is_config_of(const struct ak_seal_header *header, const struct ak_seal_state *state)
{
    uint8_t hash[32];
    ak_sha256(ak_span(state->trust, state->trust_len), hash);
    return memcmp(hash, header->config, sizeof hash) == 0;
}

enum ak_err ak_seal_encode(const struct ak_seal_header *header, const struct ak_secret32 *kek,
    const struct ak_seal_state *state, struct ak_buf *out_file)
{
    if (header->n != state->n) return AK_E_ARG;
    if (header->suite != AK_SEAL_SUITE_AES256GCM) return AK_E_UNSUPPORTED;
    if (header->kek_blob.len == 0 || header->kek_blob.len > AK_SEAL_KEK_BLOB_MAX) return AK_E_LIMIT;
    AK_TRY(ak_seal_validate(state));
    if (state->trust_len == 0) return AK_E_MEANING;
    if (!is_config_of(header, state)) return AK_E_ARG;
    size_t plain_len = body_len(state);
    size_t head_len = AK_SEAL_HEADER_LEN + header->kek_blob.len;
    size_t start = out_file->len;
    uint8_t *file = ak_buf_grow(out_file, head_len + plain_len + AK_GCM_TAG_LEN);
    if (!file) return AK_E_FULL;
    struct ak_buf head = ak_buf(file, head_len), body = ak_buf(file + head_len, plain_len);
    put_header(&head, header, plain_len + AK_GCM_TAG_LEN);
    put_body(&body, state);
    ak_assert(ak_buf_check(&head) == AK_OK && head.len == head_len);
    ak_assert(ak_buf_check(&body) == AK_OK && body.len == plain_len);
    enum ak_err err =
        ak_gcm_seal(kek, header->nonce, ak_span(file, head_len), ak_buf_span(&body), file + head_len);
    if (err) {
        ak_wipe(file, head_len + plain_len);
        out_file->len = start;
    }
    return err;
}

/* The header; the reader then stands at the sealed body, whose length was checked. */
static enum ak_err read_header(struct ak_reader *reader, struct ak_seal_header *out_header)
{
    struct ak_seal_header header = {0};
    if (!ak_span_eq(ak_reader_take(reader, sizeof magic), AK_SPAN_ARR(magic))) return AK_E_FORMAT;
    header.format = ak_reader_u16(reader);
    if (reader->failed) return AK_E_FORMAT;
    if (header.format != AK_SEAL_FORMAT && header.format != AK_SEAL_FORMAT_OLD) return AK_E_UNSUPPORTED;
    header.suite = ak_reader_u8(reader);
    if (!reader->failed && header.suite != AK_SEAL_SUITE_AES256GCM) return AK_E_UNSUPPORTED;
    header.backend = ak_reader_u8(reader);
    header.n = ak_reader_u64(reader);
    ak_reader_copy(reader, header.counter_id, sizeof header.counter_id);
    ak_reader_copy(reader, header.policy, sizeof header.policy);
    ak_reader_copy(reader, header.measurement, sizeof header.measurement);
    ak_reader_copy(reader, header.config, sizeof header.config);
    ak_reader_copy(reader, header.nonce, sizeof header.nonce);
    size_t blob_len = ak_reader_u16(reader);
    if (blob_len > AK_SEAL_KEK_BLOB_MAX) return AK_E_LIMIT;
    header.kek_blob = ak_reader_take(reader, blob_len);
    uint32_t sealed_len = ak_reader_u32(reader);
    if (reader->failed || blob_len == 0 || sealed_len != reader->len) return AK_E_FORMAT;
    size_t fixed_len = AK_SEAL_BODY_FIXED_LEN - (header.format == AK_SEAL_FORMAT_OLD ? 2 : 0);
    if (sealed_len < fixed_len + AK_GCM_TAG_LEN) return AK_E_FORMAT;
    *out_header = header;
    return AK_OK;
}

enum ak_err ak_seal_parse_header(struct ak_span file, struct ak_seal_header *out_header)
{
    *out_header = (struct ak_seal_header){0};
    if (file.len > AK_SEAL_FILE_MAX) return AK_E_LIMIT;
    struct ak_reader reader = ak_reader(file);
    return read_header(&reader, out_header);
}

static enum ak_err read_roots(struct ak_reader *reader, struct ak_seal_state *out_state)
{
    out_state->root_count = ak_reader_u8(reader);
    if (out_state->root_count > AK_SEAL_ROOTS_MAX) return AK_E_LIMIT;
    for (size_t i = 0; i < out_state->root_count; i++) {
        out_state->roots[i].version = ak_reader_u32(reader);
        out_state->roots[i].suite = ak_reader_u8(reader);
        ak_reader_copy(reader, out_state->roots[i].secret.bytes, sizeof out_state->roots[i].secret.bytes);
    }
    return AK_OK;
}

static enum ak_err read_trust(struct ak_reader *reader, struct ak_seal_state *out_state)
{
    out_state->trust_len = ak_reader_u16(reader);
    if (out_state->trust_len > AK_SEAL_TRUST_MAX) return AK_E_LIMIT;
    ak_reader_copy(reader, out_state->trust, out_state->trust_len);
    return out_state->trust_len ? AK_OK : AK_E_FORMAT;
}

static enum ak_err read_body(
    struct ak_span body, const struct ak_seal_header *header, struct ak_seal_state *out_state)
{
    struct ak_reader reader = ak_reader(body);
    out_state->n = ak_reader_u64(&reader);
    ak_reader_copy(&reader, out_state->worker_id, sizeof out_state->worker_id);
    ak_reader_copy(&reader, out_state->log_id, sizeof out_state->log_id);
    uint8_t flags = ak_reader_u8(&reader);
    if (flags & ~FLAG_CLEAN) return AK_E_FORMAT;
    out_state->clean = flags & FLAG_CLEAN;
    out_state->clean_size = ak_reader_u64(&reader);
    out_state->checkpoint_size = ak_reader_u64(&reader);
    ak_reader_copy(&reader, out_state->checkpoint_root, sizeof out_state->checkpoint_root);
    out_state->note_len = ak_reader_u16(&reader);
    if (out_state->note_len > AK_SEAL_NOTE_MAX) return AK_E_LIMIT;
    ak_reader_copy(&reader, out_state->note, out_state->note_len);
    AK_TRY(read_roots(&reader, out_state));
    if (header->format != AK_SEAL_FORMAT_OLD) AK_TRY(read_trust(&reader, out_state));
    AK_TRY(ak_reader_finish(&reader));
    AK_TRY(ak_seal_validate(out_state));
    if (out_state->n != header->n) return AK_E_MEANING;
    return header->format == AK_SEAL_FORMAT_OLD || is_config_of(header, out_state) ? AK_OK : AK_E_MEANING;
}

enum ak_err ak_seal_open(struct ak_span file, const struct ak_secret32 *kek,
    struct ak_seal_header *out_header, struct ak_seal_state *out_state)
{
    uint8_t body[AK_SEAL_BODY_MAX];
    ak_wipe(out_state, sizeof *out_state);
    *out_header = (struct ak_seal_header){0};
    if (file.len > AK_SEAL_FILE_MAX) return AK_E_LIMIT;
    struct ak_reader reader = ak_reader(file);
    struct ak_seal_header header;
    AK_TRY(read_header(&reader, &header));
    struct ak_span sealed = ak_span(reader.ptr, reader.len);
    if (sealed.len > sizeof body + AK_GCM_TAG_LEN) return AK_E_LIMIT;
    enum ak_err err = ak_gcm_open(kek, header.nonce, ak_span(file.ptr, file.len - sealed.len), sealed, body);
    if (!err) err = read_body(ak_span(body, sealed.len - AK_GCM_TAG_LEN), &header, out_state);
    ak_wipe(body, sizeof body);
    if (err)
        ak_wipe(out_state, sizeof *out_state);
    else
        *out_header = header;
    return err;
}
