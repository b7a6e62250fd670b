/* Sealing and opening one blob. */
#include "core/vault/blob.h"

#include "base/crypto/gcm.h"
#include "base/ct.h"
#include "base/reader.h"

enum { VERSION = 1, ID_MS_LEN = 6 };
static const uint8_t magic[4] = {'A', 'K', 'v', '1'};

void ak_blob_id_make(uint64_t unix_ms, const uint8_t random[10], uint8_t out_id[16])
{
    for (size_t i = 0; i < ID_MS_LEN; i++) out_id[i] = (uint8_t)(unix_ms >> (8 * (ID_MS_LEN - 1 - i)));
    memcpy(out_id + ID_MS_LEN, random, 10);
    out_id[6] = (uint8_t)(0x70 | (out_id[6] & 0x0f)); /* version 7 */
    out_id[8] = (uint8_t)(0x80 | (out_id[8] & 0x3f)); /* variant 10 */
}

enum ak_err ak_blob_id_ms(const uint8_t id[16], uint64_t *out_unix_ms)
{
    *out_unix_ms = 0;
    if ((id[6] & 0xf0) != 0x70 || (id[8] & 0xc0) != 0x80) return AK_E_FORMAT;
    for (size_t i = 0; i < ID_MS_LEN; i++) *out_unix_ms = *out_unix_ms << 8 | id[i];
    return AK_OK;
}

static void put_head(struct ak_buf *buf, const struct ak_blob_head *head)
{
    ak_buf_put(buf, AK_SPAN_ARR(magic));
    ak_buf_put_u8(buf, VERSION);
    ak_buf_put(buf, AK_SPAN_ARR(head->dek_id));
    ak_buf_put(buf, AK_SPAN_ARR(head->nonce));
}

static void put_field(struct ak_buf *buf, struct ak_span bytes)
{
    ak_buf_put_u16(buf, (uint16_t)bytes.len);
    ak_buf_put(buf, bytes);
}

void ak_blob_put_aad(struct ak_buf *buf, const struct ak_blob_head *head, const struct ak_blob_place *place)
{
    put_head(buf, head);
    put_field(buf, AK_SPAN_ARR(place->anchor));
    ak_buf_put_u16(buf, place->label_len ? (uint16_t)(1 + place->label_len) : 0);
    if (place->label_len) ak_buf_put_u8(buf, '/');
    ak_buf_put(buf, ak_span(place->label, place->label_len));
    put_field(buf, ak_span(place->service, place->service_len));
    ak_buf_put_u16(buf, 4);
    ak_buf_put_u32(buf, place->epoch);
    put_field(buf, AK_SPAN_ARR(place->blob_id));
    put_field(buf, AK_SPAN_ARR(place->home_wallet));
}

enum ak_err ak_blob_seal(const struct ak_blob_head *head, const struct ak_blob_place *place,
    const struct ak_secret32 *dek, struct ak_span value, struct ak_buf *out_blob)
{
    uint8_t memory[AK_BLOB_AAD_MAX];
    struct ak_buf aad = AK_BUF_ARR(memory);
    if (value.len > AK_LIMIT_VALUE) return AK_E_LIMIT;
    if (out_blob->failed || out_blob->cap - out_blob->len < value.len + AK_BLOB_OVERHEAD) return AK_E_FULL;
    ak_blob_put_aad(&aad, head, place);
    AK_TRY(ak_buf_check(&aad));
    put_head(out_blob, head);
    uint8_t *sealed = ak_buf_grow(out_blob, value.len + AK_GCM_TAG_LEN);
    enum ak_err err = ak_gcm_seal(dek, head->nonce, ak_buf_span(&aad), value, sealed);
    if (err) out_blob->len -= value.len + AK_BLOB_OVERHEAD;
    return err;
}

enum ak_err ak_blob_parse(struct ak_span blob, struct ak_blob_head *out_head)
{
    struct ak_reader reader = ak_reader(blob);
    memset(out_head, 0, sizeof *out_head);
    if (blob.len > AK_BLOB_LEN_MAX) return AK_E_LIMIT;
    if (blob.len < AK_BLOB_OVERHEAD) return AK_E_FORMAT;
    if (!ak_span_eq(ak_reader_take(&reader, sizeof magic), AK_SPAN_ARR(magic))) return AK_E_FORMAT;
    if (ak_reader_u8(&reader) != VERSION) return AK_E_UNSUPPORTED;
    ak_reader_copy(&reader, out_head->dek_id, sizeof out_head->dek_id);
    ak_reader_copy(&reader, out_head->nonce, sizeof out_head->nonce);
    return AK_OK;
}

enum ak_err ak_blob_open(struct ak_span blob, const uint8_t dek_id[32], const struct ak_blob_place *place,
    const struct ak_secret32 *dek, uint8_t *out_value, size_t cap, size_t *out_len)
{
    uint8_t memory[AK_BLOB_AAD_MAX];
    struct ak_buf aad = AK_BUF_ARR(memory);
    struct ak_blob_head head;
    *out_len = 0;
    AK_TRY(ak_blob_parse(blob, &head));
    if (blob.len - AK_BLOB_OVERHEAD > cap) return AK_E_FULL;
    if (memcmp(head.dek_id, dek_id, sizeof head.dek_id) != 0) return AK_E_AUTH;
    ak_blob_put_aad(&aad, &head, place);
    AK_TRY(ak_buf_check(&aad));
    struct ak_span sealed = ak_span_sub(blob, AK_BLOB_HEAD_LEN, blob.len - AK_BLOB_HEAD_LEN);
    AK_TRY(ak_gcm_open(dek, head.nonce, ak_buf_span(&aad), sealed, out_value));
    *out_len = blob.len - AK_BLOB_OVERHEAD;
    return AK_OK;
}

static enum ak_err open_side(const struct ak_blob_side *side, uint8_t *out_value, size_t *out_len)
{
    return ak_blob_open(side->blob, side->dek_id, side->place, side->dek, out_value, AK_LIMIT_VALUE, out_len);
}

enum ak_err ak_blob_compare(
    const struct ak_blob_side *old_side, const struct ak_blob_side *new_side, uint8_t *scratch)
{
    uint8_t *old_value = scratch, *new_value = scratch + AK_LIMIT_VALUE;
    size_t old_len = 0, new_len = 0;
    enum ak_err err = open_side(old_side, old_value, &old_len);
    if (!err) err = open_side(new_side, new_value, &new_len);
    if (!err && !ak_ct_eq(ak_span(old_value, old_len), ak_span(new_value, new_len))) err = AK_E_AUTH;
    ak_wipe(old_value, old_len);
    ak_wipe(new_value, new_len);
    return err;
}
