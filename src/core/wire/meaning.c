/* What a device signs when it changes policy: the call and its fields in deterministic CBOR, so that gateway,
 * proxy and broker cannot alter what a person approved (I15). docs/formats/meaning.cddl describes it. */
#include "base/codec/cbor.h"
#include "base/crypto/sha256.h"
#include "core/wire/field.h"

static uint64_t number_of(struct ak_span value)
{
    struct ak_reader reader = ak_reader(value);
    return ak_reader_u64(&reader);
}

static void put_texts(struct ak_buf *buf, struct ak_span joined)
{
    uint64_t count = joined.len ? 1 : 0;
    for (size_t i = 0; i < joined.len; i++) count += joined.ptr[i] == ',';
    ak_cbor_put_array(buf, count);
    for (size_t from = 0; count; count--) {
        size_t comma = ak_span_find(joined, from, ',');
        ak_cbor_put_text(buf, ak_span_sub(joined, from, comma - from));
        from = comma + 1;
    }
}

/* A sealed value may be far longer than everything else: its bytes go to the hash from where they lie. */
static enum ak_err hash_bytes(struct ak_sha256_stream *hash, struct ak_buf *buf, struct ak_span value)
{
    ak_cbor_put_bytes_head(buf, value.len);
    AK_TRY(ak_buf_check(buf));
    ak_sha256_stream_update(hash, ak_buf_span(buf));
    ak_sha256_stream_update(hash, value);
    buf->len = 0;
    return AK_OK;
}

static enum ak_err put_value(
    struct ak_sha256_stream *hash, struct ak_buf *buf, const struct ak_field *field, struct ak_span value)
{
    switch (field->kind) {
    case AK_KIND_B64: return hash_bytes(hash, buf, value);
    case AK_KIND_TEXT: ak_cbor_put_text(buf, value); return AK_OK;
    case AK_KIND_TEXTS: put_texts(buf, value); return AK_OK;
    case AK_KIND_U64: ak_cbor_put_uint(buf, number_of(value)); return AK_OK;
    case AK_KIND_BOOL: ak_cbor_put_bool(buf, value.ptr[0] == 1); return AK_OK;
    case AK_KIND_HEX:
    case AK_KIND_HEX0X:
    case AK_KIND_FIXED:
    case AK_KIND_FIXED0X:
    case AK_KIND_PRINT: ak_cbor_put_bytes(buf, value); return AK_OK;
    case AK_KIND_LINES:
    case AK_KIND_LIST:
    case AK_KIND_JSON: return AK_E_UNSUPPORTED; /* answers only: nobody signs them */
    }
    return AK_E_UNSUPPORTED;
}

static enum ak_err count_present(const struct ak_msg *msg, struct ak_span body, uint64_t *out_count)
{
    struct ak_reader reader = ak_reader(body);
    *out_count = 0;
    for (size_t i = 0; i < msg->count; i++) {
        bool there = false;
        struct ak_span value;
        AK_TRY(ak_field_read(&msg->fields[i], &reader, &there, &value));
        *out_count += there && !(msg->fields[i].flags & AK_MSG_UNSIGNED);
    }
    return ak_reader_finish(&reader);
}

static enum ak_err hash_meaning(
    struct ak_sha256_stream *hash, const struct ak_msg *msg, const char *call, struct ak_span body)
{
    uint8_t memory[8 * 1024]; /* a policy change is at most a scope and a few names */
    struct ak_buf cbor = AK_BUF_ARR(memory);
    uint64_t count = 0;
    AK_TRY(count_present(msg, body, &count));
    ak_cbor_put_array(&cbor, 3);
    ak_cbor_put_text(&cbor, AK_SPAN_LIT("agentkeys-call-v1"));
    ak_cbor_put_text(&cbor, ak_span_str(call));
    ak_cbor_put_map(&cbor, count);
    struct ak_reader reader = ak_reader(body);
    for (size_t i = 0; i < msg->count; i++) {
        bool there = false;
        struct ak_span value;
        AK_TRY(ak_field_read(&msg->fields[i], &reader, &there, &value));
        if (!there || msg->fields[i].flags & AK_MSG_UNSIGNED) continue;
        ak_cbor_put_uint(&cbor, i);
        AK_TRY(put_value(hash, &cbor, &msg->fields[i], value));
    }
    AK_TRY(ak_buf_check(&cbor));
    ak_sha256_stream_update(hash, ak_buf_span(&cbor));
    return AK_OK;
}

enum ak_err ak_msg_meaning(
    const struct ak_msg *msg, const char *call, struct ak_span body, uint8_t out_hash[32])
{
    struct ak_sha256_stream hash;
    memset(out_hash, 0, 32);
    ak_sha256_stream_init(&hash);
    enum ak_err err = hash_meaning(&hash, msg, call, body);
    if (err)
        ak_sha256_stream_done(&hash);
    else
        ak_sha256_stream_final(&hash, out_hash);
    return err;
}
