/* Batch records: a CBOR array of fixed shape with the HMAC as its last item. */
#include "core/ledger/record.h"

#include "base/codec/cbor.h"
#include "base/ct.h"

#define RECORD_MAC_DOMAIN "agentkeys-batch-record-mac-v1:"
enum { RECORD_ITEMS = 9, MAC_ITEM_LEN = 34 };

static bool sizes_fit(const struct ak_batch_record *record)
{
    uint64_t size = 0;
    return record->count > 0 && !__builtin_add_overflow(record->first, record->count, &size) &&
           size == record->size;
}

/* The HMAC covers the record's bytes up to its last item. */
static void compute_mac(struct ak_hmac_key *mac_key, struct ak_span covered, uint8_t out_mac[32])
{
    struct ak_span parts[] = {AK_SPAN_LIT(RECORD_MAC_DOMAIN), covered};
    ak_hmac_key_mac(mac_key, parts, AK_COUNT(parts), out_mac);
}

enum ak_err ak_batch_record_seal(
    struct ak_batch_record *record, struct ak_hmac_key *mac_key, struct ak_buf *buf)
{
    memset(record->mac, 0, sizeof record->mac);
    if (!sizes_fit(record)) return AK_E_ARG;
    uint8_t bytes[AK_RECORD_LEN_MAX];
    struct ak_buf out = AK_BUF_ARR(bytes);
    ak_cbor_put_array(&out, RECORD_ITEMS);
    ak_cbor_put_uint(&out, AK_RECORD_VERSION);
    ak_cbor_put_bytes(&out, AK_SPAN_ARR(record->log_id));
    ak_cbor_put_uint(&out, record->first);
    ak_cbor_put_uint(&out, record->count);
    ak_cbor_put_uint(&out, record->size);
    ak_cbor_put_bytes(&out, AK_SPAN_ARR(record->root));
    ak_cbor_put_uint(&out, record->counter);
    ak_cbor_put_bytes(&out, AK_SPAN_ARR(record->prev_mac));
    AK_TRY(ak_buf_check(&out));
    compute_mac(mac_key, ak_buf_span(&out), record->mac);
    ak_cbor_put_bytes(&out, AK_SPAN_ARR(record->mac));
    AK_TRY(ak_buf_check(&out));
    ak_buf_put(buf, ak_buf_span(&out));
    return ak_buf_check(buf);
}

static enum ak_err decode(struct ak_span bytes, struct ak_batch_record *record)
{
    if (bytes.len > AK_RECORD_LEN_MAX) return AK_E_LIMIT;
    struct ak_reader reader = ak_reader(bytes);
    if (ak_cbor_array(&reader) != RECORD_ITEMS) return AK_E_FORMAT;
    uint64_t version = ak_cbor_uint(&reader);
    if (reader.failed) return AK_E_FORMAT;
    if (version != AK_RECORD_VERSION) return AK_E_UNSUPPORTED;
    ak_cbor_bytes_fixed(&reader, record->log_id, sizeof record->log_id);
    record->first = ak_cbor_uint(&reader);
    record->count = ak_cbor_uint(&reader);
    record->size = ak_cbor_uint(&reader);
    ak_cbor_bytes_fixed(&reader, record->root, sizeof record->root);
    record->counter = ak_cbor_uint(&reader);
    ak_cbor_bytes_fixed(&reader, record->prev_mac, sizeof record->prev_mac);
    ak_cbor_bytes_fixed(&reader, record->mac, sizeof record->mac);
    AK_TRY(ak_reader_finish(&reader));
    return sizes_fit(record) ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_batch_record_decode(struct ak_span bytes, struct ak_batch_record *out_record)
{
    *out_record = (struct ak_batch_record){0};
    enum ak_err err = decode(bytes, out_record);
    if (err != AK_OK) *out_record = (struct ak_batch_record){0};
    return err;
}

enum ak_err ak_batch_record_open(struct ak_span bytes, struct ak_hmac_key *mac_key, const uint8_t log_id[16],
    struct ak_batch_record *out_record)
{
    struct ak_batch_record record;
    *out_record = (struct ak_batch_record){0};
    AK_TRY(ak_batch_record_decode(bytes, &record));
    uint8_t mac[32];
    compute_mac(mac_key, ak_span(bytes.ptr, bytes.len - MAC_ITEM_LEN), mac);
    if (!ak_ct_eq(AK_SPAN_ARR(mac), AK_SPAN_ARR(record.mac))) return AK_E_AUTH;
    if (!ak_span_eq(ak_span(log_id, 16), AK_SPAN_ARR(record.log_id))) return AK_E_AUTH;
    *out_record = record;
    return AK_OK;
}
