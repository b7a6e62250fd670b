/* One table of the members; each has a reader of its own. */
#include "base/codec/cbor.h"
#include "core/attest/nitro.h"

static bool read_module_id(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    doc->module_id = ak_cbor_text(in);
    return doc->module_id.len >= 1 && doc->module_id.len <= AK_NITRO_MODULE_ID_MAX;
}

static bool read_digest(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    (void)doc;
    return ak_span_eq(ak_cbor_text(in), AK_SPAN_LIT("SHA384"));
}

static bool read_timestamp(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    doc->timestamp_ms = ak_cbor_uint(in);
    return doc->timestamp_ms > 0;
}

static bool read_pcrs(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    uint64_t count = ak_cbor_map(in);
    if (count < 1 || count > AK_NITRO_PCRS_MAX) return false;
    for (uint64_t i = 0; i < count; i++) {
        uint64_t index = ak_cbor_uint(in);
        struct ak_span value = ak_cbor_bytes(in);
        if (in->failed || index >= AK_NITRO_PCRS_MAX || value.len != AK_NITRO_PCR_LEN) return false;
        if ((doc->pcr_mask >> index & 1) != 0) return false;
        doc->pcr_mask |= UINT32_C(1) << index;
        doc->pcrs[index] = value.ptr;
    }
    return true;
}

static bool read_certificate(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    doc->certificate = ak_cbor_bytes(in);
    return doc->certificate.len >= 1 && doc->certificate.len <= AK_NITRO_FIELD_MAX;
}

static bool read_cabundle(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    uint64_t count = ak_cbor_array(in);
    if (count < 1 || count > AK_X509_CHAIN_MAX) return false;
    for (uint64_t i = 0; i < count; i++) {
        struct ak_span cert = ak_cbor_bytes(in);
        if (cert.len < 1 || cert.len > AK_NITRO_FIELD_MAX) return false;
        doc->cabundle[doc->cabundle_count++] = cert;
    }
    return true;
}

static bool read_field(struct ak_reader *in, struct ak_nitro_field *field)
{
    if (ak_cbor_peek(in) == AK_CBOR_NULL) {
        ak_cbor_null(in);
        return true;
    }
    field->bytes = ak_cbor_bytes(in);
    field->given = true;
    return field->bytes.len <= AK_NITRO_FIELD_MAX;
}

static bool read_public_key(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    return read_field(in, &doc->public_key);
}

static bool read_user_data(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    return read_field(in, &doc->user_data);
}

static bool read_nonce(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    return read_field(in, &doc->nonce);
}

static const struct member {
    const char *name;
    bool (*read)(struct ak_reader *in, struct ak_nitro_doc *doc);
    bool optional;
} members[] = {
    {"module_id", read_module_id, false},
    {"digest", read_digest, false},
    {"timestamp", read_timestamp, false},
    {"pcrs", read_pcrs, false},
    {"certificate", read_certificate, false},
    {"cabundle", read_cabundle, false},
    {"public_key", read_public_key, true},
    {"user_data", read_user_data, true},
    {"nonce", read_nonce, true},
};

/* Index of the member, or one beyond the table. */
static size_t find(struct ak_span name)
{
    size_t at = 0;
    while (at < AK_COUNT(members) && !ak_span_eq(name, ak_span_str(members[at].name))) at++;
    return at;
}

static bool read_members(struct ak_reader *in, struct ak_nitro_doc *doc)
{
    uint32_t seen = 0;
    uint64_t count = ak_cbor_map(in);
    if (count > AK_COUNT(members)) return false;
    for (uint64_t i = 0; i < count; i++) {
        size_t at = find(ak_cbor_text(in));
        if (at == AK_COUNT(members) || (seen >> at & 1) != 0) return false;
        seen |= UINT32_C(1) << at;
        if (!members[at].read(in, doc) || in->failed) return false;
    }
    for (size_t at = 0; at < AK_COUNT(members); at++)
        if (!members[at].optional && (seen >> at & 1) == 0) return false;
    return true;
}

enum ak_err ak_nitro_doc_parse(struct ak_span payload, struct ak_nitro_doc *out_doc)
{
    struct ak_nitro_doc doc = {0};
    struct ak_reader in = ak_reader(payload);
    *out_doc = doc;
    if (!read_members(&in, &doc)) return AK_E_FORMAT;
    AK_TRY(ak_reader_finish(&in));
    *out_doc = doc;
    return AK_OK;
}
