/* The record of what was archived: sizes and a state of the log, with the HMAC last. */
#include "core/ledger/archive.h"

#include "base/ct.h"

#define ARCHIVE_MAC_DOMAIN "agentkeys-archive-mac-v1:"
enum { ARCHIVE_VERSION = 1, MAC_LEN = 32 };

uint64_t ak_ledger_archived(const struct ak_ledger_archive *archive)
{
    return archive->count ? archive->sizes[archive->count - 1] : 0;
}

enum ak_err ak_ledger_archive_find(
    const struct ak_ledger_archive *archive, uint64_t index, size_t *out_file, uint64_t *out_from)
{
    *out_file = 0;
    *out_from = 0;
    if (index >= ak_ledger_archived(archive)) return AK_E_NOT_FOUND;
    size_t file = 0;
    while (index >= archive->sizes[file]) file++;
    *out_file = file;
    *out_from = file ? archive->sizes[file - 1] : 0;
    return AK_OK;
}

enum ak_err ak_ledger_archive_add(struct ak_ledger_archive *archive, const struct ak_ledger_log *log)
{
    if (log->tree.size <= ak_ledger_archived(archive)) return AK_E_ARG;
    if (archive->count == AK_ARCHIVE_FILES_MAX) return AK_E_FULL;
    archive->sizes[archive->count++] = log->tree.size;
    archive->log = *log;
    return AK_OK;
}

/* The HMAC covers the record's bytes up to itself. */
static void compute_mac(struct ak_hmac_key *mac_key, struct ak_span covered, uint8_t out_mac[32])
{
    struct ak_span parts[] = {AK_SPAN_LIT(ARCHIVE_MAC_DOMAIN), covered};
    ak_hmac_key_mac(mac_key, parts, AK_COUNT(parts), out_mac);
}

enum ak_err ak_ledger_archive_seal(
    const struct ak_ledger_archive *archive, struct ak_hmac_key *mac_key, struct ak_buf *buf)
{
    uint8_t mac[MAC_LEN];
    if (archive->count == 0) return AK_E_ARG;
    size_t start = buf->len;
    ak_buf_put_u8(buf, ARCHIVE_VERSION);
    ak_buf_put_u32(buf, (uint32_t)archive->count);
    for (size_t i = 0; i < archive->count; i++) ak_buf_put_u64(buf, archive->sizes[i]);
    ak_ledger_log_put(&archive->log, buf);
    AK_TRY(ak_buf_check(buf));
    compute_mac(mac_key, ak_span(buf->ptr + start, buf->len - start), mac);
    ak_buf_put(buf, AK_SPAN_ARR(mac));
    return ak_buf_check(buf);
}

static enum ak_err decode(struct ak_reader *reader, struct ak_ledger_archive *archive)
{
    uint8_t version = ak_reader_u8(reader);
    uint32_t count = ak_reader_u32(reader);
    if (reader->failed || version != ARCHIVE_VERSION) return AK_E_FORMAT;
    if (count == 0 || count > AK_ARCHIVE_FILES_MAX) return AK_E_FORMAT;
    for (archive->count = 0; archive->count < count; archive->count++) {
        uint64_t size = ak_reader_u64(reader);
        if (reader->failed || size <= ak_ledger_archived(archive)) return AK_E_FORMAT;
        archive->sizes[archive->count] = size;
    }
    AK_TRY(ak_ledger_log_read(reader, &archive->log));
    AK_TRY(ak_reader_finish(reader));
    return archive->log.tree.size == ak_ledger_archived(archive) ? AK_OK : AK_E_FORMAT;
}

enum ak_err ak_ledger_archive_open(struct ak_span bytes, struct ak_hmac_key *mac_key,
    const uint8_t log_id[16], struct ak_ledger_archive *out_archive)
{
    uint8_t mac[MAC_LEN];
    memset(out_archive, 0, sizeof *out_archive);
    if (bytes.len <= MAC_LEN) return AK_E_FORMAT;
    struct ak_span covered = ak_span(bytes.ptr, bytes.len - MAC_LEN);
    compute_mac(mac_key, covered, mac);
    if (!ak_ct_eq(AK_SPAN_ARR(mac), ak_span(bytes.ptr + covered.len, MAC_LEN))) return AK_E_AUTH;
    struct ak_reader reader = ak_reader(covered);
    enum ak_err err = decode(&reader, out_archive);
    if (!err && memcmp(out_archive->log.log_id, log_id, 16) != 0) err = AK_E_AUTH;
    if (err) memset(out_archive, 0, sizeof *out_archive);
    return err;
}
