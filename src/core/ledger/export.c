/* Lines of an export. */
#include "core/ledger/export.h"

#include "base/codec/json.h"
#include "core/ledger/note.h"

#define EXPORT_FORMAT "agentkeys-ledger-export/1"

static void put_hex(struct ak_json_writer *w, const char *key, const uint8_t *bytes, size_t len)
{
    ak_json_key(w, key);
    ak_json_put_hex(w, "", ak_span(bytes, len));
}

static void put_u64(struct ak_json_writer *w, const char *key, uint64_t value)
{
    ak_json_key(w, key);
    ak_json_put_u64(w, value);
}

static void put_proof(struct ak_json_writer *w, const struct ak_merkle_proof *proof)
{
    ak_json_key(w, "proof");
    ak_json_open_array(w);
    for (size_t i = 0; i < proof->count; i++) ak_json_put_hex(w, "", AK_SPAN_ARR(proof->hashes[i]));
    ak_json_close_array(w);
}

static const char *kind_of(const struct ak_export_header *header)
{
    return header->anchor ? "account" : header->from ? "segment" : "full";
}

/* The lowest subtree first, as in a snapshot. */
static void put_before(struct ak_json_writer *w, const struct ak_merkle_frontier *before)
{
    ak_json_key(w, "before");
    ak_json_open_array(w);
    for (unsigned level = 0; level < AK_MERKLE_LEVELS; level++)
        if (before->size >> level & 1) ak_json_put_hex(w, "", AK_SPAN_ARR(before->peaks[level]));
    ak_json_close_array(w);
}

void ak_export_put_header(struct ak_buf *buf, const struct ak_export_header *header)
{
    uint8_t origin_bytes[AK_ORIGIN_LEN];
    struct ak_buf origin = AK_BUF_ARR(origin_bytes);
    ak_origin_put(&origin, header->log_id);
    struct ak_json_writer w = ak_json_writer(buf);
    ak_json_open_object(&w);
    ak_json_key(&w, "format");
    ak_json_put_string(&w, AK_SPAN_LIT(EXPORT_FORMAT));
    ak_json_key(&w, "kind");
    ak_json_put_string(&w, ak_span_str(kind_of(header)));
    put_hex(&w, "log_id", header->log_id, 16);
    ak_json_key(&w, "origin");
    ak_json_put_string(&w, ak_buf_span(&origin));
    put_hex(&w, "ledger_key", header->ledger_pub, 32);
    if (header->anchor) put_hex(&w, "anchor", header->anchor, 32);
    if (header->from) put_u64(&w, "from", header->from);
    if (header->from && !header->anchor) put_before(&w, header->before);
    ak_json_key(&w, "checkpoint");
    ak_json_put_string(&w, header->checkpoint);
    ak_json_close_object(&w);
    ak_buf_put_u8(buf, '\n');
}

void ak_export_put_entry(struct ak_buf *buf, uint64_t index, struct ak_span entry, const uint8_t leaf[32],
    const struct ak_merkle_proof *proof)
{
    struct ak_json_writer w = ak_json_writer(buf);
    ak_json_open_object(&w);
    put_u64(&w, "index", index);
    ak_json_key(&w, "entry");
    ak_json_put_hex(&w, "", entry);
    put_hex(&w, "leaf_hash", leaf, 32);
    if (proof) put_proof(&w, proof);
    ak_json_close_object(&w);
    ak_buf_put_u8(buf, '\n');
}

void ak_export_put_end(struct ak_buf *buf, uint64_t entries)
{
    struct ak_json_writer w = ak_json_writer(buf);
    ak_json_open_object(&w);
    ak_json_key(&w, "end");
    ak_json_put_bool(&w, true);
    put_u64(&w, "entries", entries);
    ak_json_close_object(&w);
    ak_buf_put_u8(buf, '\n');
}
