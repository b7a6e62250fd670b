/* Question, answer, and the one step between them. */
#include "core/vault/reencrypt.h"

#include "base/crypto/gcm.h"
#include "base/reader.h"

enum { VERSION = 1 };

/* The question as it stands on the wire: views. */
struct wire {
    struct ak_secret32 old_dek, new_dek;
    struct ak_span new_head, old_fields, new_fields, old_blob;
};

static void wire_done(struct wire *wire)
{
    ak_wipe(wire, sizeof *wire);
}

/* A u16 length and the additional data behind the header. */
static void put_fields(struct ak_buf *buf, const struct ak_blob_place *place)
{
    static const struct ak_blob_head none;
    uint8_t memory[AK_BLOB_AAD_MAX];
    struct ak_buf aad = AK_BUF_ARR(memory);
    ak_blob_put_aad(&aad, &none, place);
    size_t len = aad.len - AK_BLOB_HEAD_LEN;
    ak_buf_put_u16(buf, (uint16_t)len);
    ak_buf_put(buf, ak_span(memory + AK_BLOB_HEAD_LEN, len));
}

static void put_head(struct ak_buf *buf, const struct ak_reencrypt *question)
{
    uint8_t memory[AK_BLOB_AAD_MAX];
    struct ak_buf aad = AK_BUF_ARR(memory);
    ak_blob_put_aad(&aad, &question->new_head, question->new_place);
    ak_buf_put(buf, ak_span(memory, AK_BLOB_HEAD_LEN));
}

enum ak_err ak_reencrypt_put(const struct ak_reencrypt *question, struct ak_buf *buf)
{
    if (question->old_blob.len > AK_BLOB_LEN_MAX) return AK_E_LIMIT;
    ak_buf_put_u8(buf, VERSION);
    ak_buf_put(buf, AK_SPAN_ARR(question->old_dek->bytes));
    ak_buf_put(buf, AK_SPAN_ARR(question->new_dek->bytes));
    put_head(buf, question);
    put_fields(buf, question->old_place);
    put_fields(buf, question->new_place);
    ak_buf_put(buf, question->old_blob);
    return ak_buf_check(buf);
}

static struct ak_span take_fields(struct ak_reader *reader)
{
    size_t len = ak_reader_u16(reader);
    if (len > AK_REENCRYPT_FIELDS_MAX) reader->failed = true;
    return ak_reader_take(reader, len);
}

static enum ak_err parse(struct ak_span question, struct wire *out_wire)
{
    struct ak_reader reader = ak_reader(question);
    struct ak_blob_head head;
    uint8_t version = ak_reader_u8(&reader);
    ak_reader_copy(&reader, out_wire->old_dek.bytes, 32);
    ak_reader_copy(&reader, out_wire->new_dek.bytes, 32);
    out_wire->new_head = ak_reader_take(&reader, AK_BLOB_HEAD_LEN);
    out_wire->old_fields = take_fields(&reader);
    out_wire->new_fields = take_fields(&reader);
    out_wire->old_blob = ak_reader_take(&reader, reader.len);
    AK_TRY(ak_reader_finish(&reader));
    if (version != VERSION) return AK_E_UNSUPPORTED;
    return ak_blob_parse(out_wire->old_blob, &head);
}

static struct ak_span make_aad(struct ak_buf *memory, struct ak_span head, struct ak_span fields)
{
    memory->len = 0;
    ak_buf_put(memory, head);
    ak_buf_put(memory, fields);
    return ak_buf_span(memory);
}

static const uint8_t *nonce_of(struct ak_span head)
{
    return head.ptr + AK_BLOB_HEAD_LEN - AK_GCM_NONCE_LEN;
}

static enum ak_err reencrypt(const struct wire *wire, uint8_t *scratch, struct ak_buf *answer)
{
    uint8_t memory[AK_BLOB_AAD_MAX];
    struct ak_buf aad = AK_BUF_ARR(memory);
    struct ak_span old_head = ak_span_sub(wire->old_blob, 0, AK_BLOB_HEAD_LEN);
    struct ak_span sealed = ak_span_sub(wire->old_blob, AK_BLOB_HEAD_LEN, wire->old_blob.len);
    AK_TRY(ak_gcm_open(
        &wire->old_dek, nonce_of(old_head), make_aad(&aad, old_head, wire->old_fields), sealed, scratch));
    ak_buf_put(answer, wire->new_head);
    uint8_t *out = ak_buf_grow(answer, sealed.len);
    if (!out) return AK_E_FULL;
    return ak_gcm_seal(&wire->new_dek, nonce_of(wire->new_head),
        make_aad(&aad, wire->new_head, wire->new_fields), ak_span(scratch, sealed.len - AK_GCM_TAG_LEN), out);
}

void ak_reencrypt_answer(struct ak_span question, uint8_t *scratch, struct ak_buf *answer)
{
    AK_CLEANUP(wire_done) struct wire wire = {.new_head = AK_SPAN_EMPTY};
    size_t status_at = answer->len + 1;
    ak_buf_put_u8(answer, VERSION);
    ak_buf_put_u8(answer, AK_REENCRYPT_DONE);
    enum ak_err err = parse(question, &wire);
    bool malformed = err != AK_OK;
    if (!err) err = reencrypt(&wire, scratch, answer);
    if (!malformed) ak_wipe(scratch, wire.old_blob.len - AK_BLOB_OVERHEAD); /* no more was written there */
    if (!err) return;
    answer->len = status_at + 1;
    answer->ptr[status_at] = malformed ? AK_REENCRYPT_MALFORMED : AK_REENCRYPT_UNOPENED;
}

enum ak_err ak_reencrypt_parse(
    struct ak_span answer, const struct ak_blob_head *new_head, struct ak_span *out_blob)
{
    struct ak_reader reader = ak_reader(answer);
    struct ak_blob_head head;
    uint8_t version = ak_reader_u8(&reader);
    uint8_t status = ak_reader_u8(&reader);
    *out_blob = AK_SPAN_EMPTY;
    if (reader.failed) return AK_E_FORMAT;
    if (version != VERSION) return AK_E_UNSUPPORTED;
    struct ak_span blob = ak_reader_take(&reader, reader.len);
    if (status == AK_REENCRYPT_UNOPENED && blob.len == 0) return AK_E_AUTH;
    if (status != AK_REENCRYPT_DONE || ak_blob_parse(blob, &head) != AK_OK) return AK_E_FORMAT;
    if (memcmp(head.dek_id, new_head->dek_id, sizeof head.dek_id) != 0 ||
        memcmp(head.nonce, new_head->nonce, sizeof head.nonce) != 0)
        return AK_E_FORMAT;
    *out_blob = blob;
    return AK_OK;
}
