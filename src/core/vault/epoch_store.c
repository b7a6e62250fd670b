/* The epoch store's file: writing a table with a change, and reading it back. */
#include "base/crypto/gcm.h"
#include "base/reader.h"
#include "core/vault/epoch_order.h"

enum { VERSION = 1, NONCE_AT = 28 };
static const uint8_t magic[4] = {'A', 'K', 'e', 's'};

size_t ak_epoch_store_len(size_t count)
{
    return AK_EPOCH_HEAD_LEN + count * AK_EPOCH_RECORD_LEN + AK_GCM_TAG_LEN;
}

static void put_record(struct ak_buf *buf, const struct ak_epoch_record *record)
{
    ak_buf_put(buf, AK_SPAN_ARR(record->key.anchor));
    ak_buf_put_u32(buf, record->key.epoch);
    ak_buf_put(buf, AK_SPAN_ARR(record->key.dek_id));
    ak_buf_put(buf, AK_SPAN_ARR(record->nonce));
    ak_buf_put(buf, AK_SPAN_ARR(record->wrapped));
}

/* Three sorted lists on their way into one. */
struct merge {
    const struct ak_epoch_table *table;
    const struct ak_epoch_change *change;
    size_t at, extra_at, without_at;
};

/* The next record in order, from the table or the extra ones; NULL at the end or where both have it. */
static const struct ak_epoch_record *next_of_both(struct merge *m, enum ak_err *out_err)
{
    bool has = m->at < m->table->count, has_extra = m->extra_at < m->change->extra_count;
    const struct ak_epoch_record *record = has ? &m->table->records[m->at] : NULL;
    const struct ak_epoch_record *extra = has_extra ? &m->change->extra[m->extra_at] : NULL;
    if (extra && m->extra_at && ak_epoch_cmp(&extra[-1].key, &extra->key) >= 0) *out_err = AK_E_ARG;
    int order = !has ? 1 : (!has_extra ? -1 : ak_epoch_cmp(&record->key, &extra->key));
    if (has && has_extra && order == 0) *out_err = AK_E_EXISTS;
    if (*out_err || (!has && !has_extra)) return NULL;
    if (order < 0) m->at++;
    if (order > 0) m->extra_at++;
    return order < 0 ? record : extra;
}

static bool left_out(struct merge *m, const struct ak_epoch_key *key)
{
    while (
        m->without_at < m->change->without_count && ak_epoch_cmp(&m->change->without[m->without_at], key) < 0)
        m->without_at++;
    return m->without_at < m->change->without_count &&
           ak_epoch_cmp(&m->change->without[m->without_at], key) == 0;
}

static enum ak_err put_records(
    const struct ak_epoch_table *table, const struct ak_epoch_change *change, struct ak_buf *buf)
{
    struct merge merge = {.table = table, .change = change};
    enum ak_err err = AK_OK;
    for (size_t i = 1; i < change->without_count; i++)
        if (ak_epoch_cmp(&change->without[i - 1], &change->without[i]) >= 0) return AK_E_ARG;
    for (;;) {
        const struct ak_epoch_record *record = next_of_both(&merge, &err);
        if (!record) return err ? err : ak_buf_check(buf);
        if (!left_out(&merge, &record->key)) put_record(buf, record);
    }
}

static void put_head(struct ak_buf *buf, const struct ak_epoch_store_head *head)
{
    ak_buf_put(buf, AK_SPAN_ARR(magic));
    ak_buf_put_u8(buf, VERSION);
    ak_buf_put_u8(buf, head->slot);
    ak_buf_put_u16(buf, 0);
    ak_buf_put(buf, AK_SPAN_ARR(head->log_id));
    ak_buf_put_u32(buf, head->count);
    ak_buf_put(buf, AK_SPAN_ARR(head->nonce));
}

static enum ak_err encode(const struct ak_epoch_table *table, const struct ak_epoch_change *change,
    struct ak_epoch_store_head *head, const struct ak_secret32 *ek, struct ak_buf *file)
{
    size_t start = file->len;
    put_head(file, head); /* room for it; the count is known only below */
    AK_TRY(put_records(table, change, file));
    size_t plain_len = file->len - start - AK_EPOCH_HEAD_LEN;
    if (plain_len / AK_EPOCH_RECORD_LEN > AK_EPOCH_RECORDS_MAX) return AK_E_LIMIT;
    if (!ak_buf_grow(file, AK_GCM_TAG_LEN)) return AK_E_FULL;
    head->count = (uint32_t)(plain_len / AK_EPOCH_RECORD_LEN);
    uint8_t *at = file->ptr + start;
    struct ak_buf again = ak_buf(at, AK_EPOCH_HEAD_LEN);
    put_head(&again, head);
    return ak_gcm_seal(ek, head->nonce, ak_span(at, AK_EPOCH_HEAD_LEN),
        ak_span(at + AK_EPOCH_HEAD_LEN, plain_len), at + AK_EPOCH_HEAD_LEN);
}

enum ak_err ak_epoch_store_encode(const struct ak_epoch_table *table, const struct ak_epoch_change *change,
    uint8_t slot, const uint8_t log_id[16], const uint8_t nonce[12], const struct ak_secret32 *ek,
    struct ak_buf *out_file)
{
    static const struct ak_epoch_change none;
    struct ak_epoch_store_head head = {.slot = slot};
    size_t start = out_file->len;
    if (slot > 1) return AK_E_ARG;
    memcpy(head.log_id, log_id, sizeof head.log_id);
    memcpy(head.nonce, nonce, sizeof head.nonce);
    enum ak_err err = encode(table, change ? change : &none, &head, ek, out_file);
    if (err) {
        out_file->len = start;
        out_file->failed = false;
    }
    return err;
}

enum ak_err ak_epoch_store_parse(struct ak_span file, struct ak_epoch_store_head *out_head)
{
    struct ak_epoch_store_head head = {0};
    struct ak_reader reader = ak_reader(file);
    memset(out_head, 0, sizeof *out_head);
    if (file.len < AK_EPOCH_HEAD_LEN) return AK_E_FORMAT;
    if (!ak_span_eq(ak_reader_take(&reader, sizeof magic), AK_SPAN_ARR(magic))) return AK_E_FORMAT;
    if (ak_reader_u8(&reader) != VERSION) return AK_E_UNSUPPORTED;
    head.slot = ak_reader_u8(&reader);
    uint16_t zero = ak_reader_u16(&reader);
    ak_reader_copy(&reader, head.log_id, sizeof head.log_id);
    head.count = ak_reader_u32(&reader);
    ak_reader_copy(&reader, head.nonce, sizeof head.nonce);
    if (head.slot > 1 || zero) return AK_E_FORMAT;
    if (head.count > AK_EPOCH_RECORDS_MAX) return AK_E_LIMIT;
    if (file.len != ak_epoch_store_len(head.count)) return AK_E_FORMAT;
    *out_head = head;
    return AK_OK;
}

static enum ak_err read_records(struct ak_reader *reader, uint32_t count, struct ak_epoch_table *table)
{
    for (uint32_t i = 0; i < count; i++) {
        struct ak_epoch_record *record = &table->records[i];
        ak_reader_copy(reader, record->key.anchor, sizeof record->key.anchor);
        record->key.epoch = ak_reader_u32(reader);
        ak_reader_copy(reader, record->key.dek_id, sizeof record->key.dek_id);
        ak_reader_copy(reader, record->nonce, sizeof record->nonce);
        ak_reader_copy(reader, record->wrapped, sizeof record->wrapped);
        if (i && ak_epoch_cmp(&record[-1].key, &record->key) >= 0) return AK_E_FORMAT;
    }
    AK_TRY(ak_reader_finish(reader));
    table->count = count;
    return AK_OK;
}

enum ak_err ak_epoch_store_decode(uint8_t *file, size_t len, const uint8_t log_id[16],
    const struct ak_secret32 *ek, struct ak_epoch_table *out_table)
{
    struct ak_epoch_store_head head;
    out_table->count = 0;
    AK_TRY(ak_epoch_store_parse(ak_span(file, len), &head));
    if (memcmp(head.log_id, log_id, sizeof head.log_id) != 0) return AK_E_AUTH;
    if (head.count > out_table->cap) return AK_E_FULL;
    uint8_t *records = file + AK_EPOCH_HEAD_LEN;
    AK_TRY(ak_gcm_open(ek, file + NONCE_AT, ak_span(file, AK_EPOCH_HEAD_LEN),
        ak_span(records, len - AK_EPOCH_HEAD_LEN), records));
    struct ak_reader reader = ak_reader(ak_span(records, (size_t)head.count * AK_EPOCH_RECORD_LEN));
    return read_records(&reader, head.count, out_table);
}
