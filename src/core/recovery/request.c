#include "core/recovery/request.h"

#include "base/codec/cbor.h"
#include "base/crypto/sha256.h"
#include "base/crypto/sha512.h"

enum { BACKEND_MAX = 16 };

static bool at(struct ak_reader *reader, uint64_t key)
{
    return ak_cbor_uint(reader) == key && !reader->failed;
}

/* ---- request ---- */

/* It is shown to holders beside the fingerprint that they compare: nothing in it may move or hide that. */
static bool is_backend(struct ak_span name)
{
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] < 0x20 || name.ptr[i] > 0x7e) return false;
    return name.len > 0 && name.len <= BACKEND_MAX;
}

static void put_request(const struct ak_recovery_request *request, bool evidence, struct ak_buf *buf)
{
    ak_cbor_put_map(buf, evidence ? 6 : 5);
    ak_cbor_put_uint(buf, 0);
    ak_cbor_put_uint(buf, AK_RECOVERY_VERSION);
    ak_cbor_put_uint(buf, 1);
    ak_cbor_put_bytes(buf, AK_SPAN_ARR(request->key));
    ak_cbor_put_uint(buf, 2);
    ak_cbor_put_bytes(buf, AK_SPAN_ARR(request->random));
    ak_cbor_put_uint(buf, 3);
    ak_cbor_put_uint(buf, request->time_ms);
    ak_cbor_put_uint(buf, 4);
    ak_cbor_put_text(buf, request->backend);
    if (!evidence) return;
    ak_cbor_put_uint(buf, 5);
    ak_cbor_put_bytes(buf, request->evidence);
}

enum ak_err ak_recovery_request_encode(const struct ak_recovery_request *request, struct ak_buf *out_bytes)
{
    if (!is_backend(request->backend)) return AK_E_ARG;
    if (request->evidence.len > AK_RECOVERY_EVIDENCE_MAX) return AK_E_ARG;
    put_request(request, request->evidence.len > 0, out_bytes);
    return ak_buf_check(out_bytes);
}

static enum ak_err read_request(struct ak_reader *reader, struct ak_recovery_request *out)
{
    uint64_t pairs = ak_cbor_map(reader);
    if ((pairs != 5 && pairs != 6) || !at(reader, 0)) return AK_E_FORMAT;
    uint64_t version = ak_cbor_uint(reader);
    if (reader->failed) return AK_E_FORMAT;
    if (version != AK_RECOVERY_VERSION) return AK_E_UNSUPPORTED;
    if (!at(reader, 1)) return AK_E_FORMAT;
    ak_cbor_bytes_fixed(reader, out->key, sizeof out->key);
    if (!at(reader, 2)) return AK_E_FORMAT;
    ak_cbor_bytes_fixed(reader, out->random, sizeof out->random);
    if (!at(reader, 3)) return AK_E_FORMAT;
    out->time_ms = ak_cbor_uint(reader);
    if (!at(reader, 4)) return AK_E_FORMAT;
    out->backend = ak_cbor_text(reader);
    if (!is_backend(out->backend)) return AK_E_FORMAT;
    if (pairs == 6) {
        if (!at(reader, 5)) return AK_E_FORMAT;
        out->evidence = ak_cbor_bytes(reader);
        if (out->evidence.len == 0) return AK_E_FORMAT;
        if (out->evidence.len > AK_RECOVERY_EVIDENCE_MAX) return AK_E_LIMIT;
    }
    return ak_reader_finish(reader);
}

enum ak_err ak_recovery_request_parse(struct ak_span bytes, struct ak_recovery_request *out_request)
{
    struct ak_reader reader = ak_reader(bytes);
    memset(out_request, 0, sizeof *out_request);
    enum ak_err err = bytes.len > AK_RECOVERY_REQUEST_MAX ? AK_E_LIMIT : read_request(&reader, out_request);
    if (err) memset(out_request, 0, sizeof *out_request);
    return err;
}

enum ak_err ak_recovery_fingerprint(const struct ak_recovery_request *request, uint8_t out_fingerprint[32])
{
    uint8_t memory[256];
    struct ak_buf buf = AK_BUF_ARR(memory);
    put_request(request, false, &buf);
    AK_TRY(ak_buf_check(&buf));
    ak_sha256(ak_buf_span(&buf), out_fingerprint);
    return AK_OK;
}

void ak_recovery_report_data(const uint8_t fingerprint[32], uint8_t out_report_data[64])
{
    struct ak_span parts[] = {AK_SPAN_LIT("agentkeys-restore-request-v1:"), ak_span(fingerprint, 32)};
    ak_sha512_parts(parts, AK_COUNT(parts), out_report_data);
}

/* ---- reply ---- */

static void put_info(const uint8_t fingerprint[32], struct ak_buf *info)
{
    ak_buf_put_str(info, "agentkeys-share-reply-v1:");
    ak_buf_put(info, ak_span(fingerprint, 32));
}

enum ak_err ak_recovery_reply_make(const struct ak_recovery_request *request,
    const struct ak_secret32 *ephemeral, struct ak_span share, struct ak_buf *out_bytes)
{
    uint8_t fingerprint[32], enc[32], info_bytes[64], sealed[AK_SHARE_LEN_MAX + AK_HPKE_OVERHEAD];
    struct ak_buf info = AK_BUF_ARR(info_bytes);
    if (share.len > AK_SHARE_LEN_MAX) return AK_E_LIMIT;
    AK_TRY(ak_recovery_fingerprint(request, fingerprint));
    put_info(fingerprint, &info);
    AK_TRY(ak_hpke_seal(request->key, ephemeral, ak_buf_span(&info), AK_SPAN_EMPTY, share, enc, sealed));
    ak_cbor_put_map(out_bytes, 4);
    ak_cbor_put_uint(out_bytes, 0);
    ak_cbor_put_uint(out_bytes, AK_RECOVERY_VERSION);
    ak_cbor_put_uint(out_bytes, 1);
    ak_cbor_put_bytes(out_bytes, AK_SPAN_ARR(fingerprint));
    ak_cbor_put_uint(out_bytes, 2);
    ak_cbor_put_bytes(out_bytes, AK_SPAN_ARR(enc));
    ak_cbor_put_uint(out_bytes, 3);
    ak_cbor_put_bytes(out_bytes, ak_span(sealed, share.len + AK_HPKE_OVERHEAD));
    return ak_buf_check(out_bytes);
}

struct reply {
    uint8_t fingerprint[32], enc[32];
    struct ak_span sealed;
};

static enum ak_err read_reply(struct ak_span bytes, struct reply *out)
{
    struct ak_reader reader = ak_reader(bytes);
    if (bytes.len > AK_RECOVERY_REPLY_MAX) return AK_E_LIMIT;
    if (ak_cbor_map(&reader) != 4 || !at(&reader, 0)) return AK_E_FORMAT;
    uint64_t version = ak_cbor_uint(&reader);
    if (reader.failed) return AK_E_FORMAT;
    if (version != AK_RECOVERY_VERSION) return AK_E_UNSUPPORTED;
    if (!at(&reader, 1)) return AK_E_FORMAT;
    ak_cbor_bytes_fixed(&reader, out->fingerprint, sizeof out->fingerprint);
    if (!at(&reader, 2)) return AK_E_FORMAT;
    ak_cbor_bytes_fixed(&reader, out->enc, sizeof out->enc);
    if (!at(&reader, 3)) return AK_E_FORMAT;
    out->sealed = ak_cbor_bytes(&reader);
    return ak_reader_finish(&reader);
}

enum ak_err ak_recovery_reply_open(struct ak_span bytes, const uint8_t fingerprint[32],
    const struct ak_secret32 *scalar, struct ak_buf *out_share)
{
    struct reply reply = {0};
    uint8_t info_bytes[64];
    struct ak_buf info = AK_BUF_ARR(info_bytes);
    AK_TRY(read_reply(bytes, &reply));
    if (memcmp(reply.fingerprint, fingerprint, 32) != 0) return AK_E_MEANING;
    if (reply.sealed.len <= AK_HPKE_OVERHEAD) return AK_E_FORMAT;
    uint8_t *plain = ak_buf_grow(out_share, reply.sealed.len - AK_HPKE_OVERHEAD);
    if (!plain) return AK_E_LIMIT;
    put_info(fingerprint, &info);
    enum ak_err err = ak_hpke_open(scalar, reply.enc, ak_buf_span(&info), AK_SPAN_EMPTY, reply.sealed, plain);
    if (err) out_share->len = 0;
    return err;
}
