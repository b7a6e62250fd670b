/* The answer of GET /tee/attestation: a conceptual message wrapper around claims, place in the tree and the
 * backend's report, which is a wrapper of its own. spec: RFC 9999 3.1 */
#include "base/codec/cbor.h"
#include "core/attest/channel.h"

#define MESSAGE_TYPE "application/vnd.agentkeys.attestation+cbor"
#define TPM2_TYPE    "application/vnd.agentkeys.tpm2+cbor"

enum { VERSION = 1, MESSAGE_PARTS = 6, TPM2_PARTS = 7, NODE = AK_CHANNEL_RD_LEN };

static enum ak_err validate(const struct ak_channel_message *message)
{
    bool good = message->claims.len >= 1 && message->claims.len <= AK_CHANNEL_CLAIMS_MAX &&
                message->report.len >= 1 && message->report.len <= AK_CHANNEL_REPORT_MAX &&
                message->count >= 1 && message->count <= AK_CHANNEL_TREE_MAX &&
                message->index < message->count && message->path.len % NODE == 0 &&
                message->path.len / NODE <= AK_CHANNEL_PATH_MAX;
    return good ? AK_OK : AK_E_LIMIT;
}

static void put_map(struct ak_buf *buf, const struct ak_channel_message *message)
{
    ak_cbor_put_map(buf, MESSAGE_PARTS);
    ak_cbor_put_uint(buf, 0);
    ak_cbor_put_uint(buf, VERSION);
    ak_cbor_put_uint(buf, 1);
    ak_cbor_put_bytes(buf, message->claims);
    ak_cbor_put_uint(buf, 2);
    ak_cbor_put_uint(buf, message->index);
    ak_cbor_put_uint(buf, 3);
    ak_cbor_put_uint(buf, message->count);
    ak_cbor_put_uint(buf, 4);
    ak_cbor_put_bytes(buf, message->path);
    ak_cbor_put_uint(buf, 5);
    ak_cbor_put_bytes(buf, message->report);
}

enum ak_err ak_channel_message_encode(const struct ak_channel_message *message, struct ak_buf *buf)
{
    uint8_t memory[AK_CHANNEL_MESSAGE_MAX];
    struct ak_buf map = AK_BUF_ARR(memory);
    AK_TRY(validate(message));
    put_map(&map, message);
    AK_TRY(ak_buf_check(&map));
    ak_cbor_put_array(buf, 2);
    ak_cbor_put_text(buf, AK_SPAN_LIT(MESSAGE_TYPE));
    ak_cbor_put_bytes(buf, ak_buf_span(&map));
    return ak_buf_check(buf);
}

static void expect(struct ak_reader *in, uint64_t key)
{
    if (ak_cbor_uint(in) != key) in->failed = true;
}

static struct ak_span take_bytes(struct ak_reader *in, uint64_t key)
{
    expect(in, key);
    return ak_cbor_bytes(in);
}

/* [media type, bytes], and nothing behind it. */
static enum ak_err unwrap(struct ak_span wrapper, struct ak_span type, struct ak_reader *out_map)
{
    struct ak_reader in = ak_reader(wrapper);
    if (ak_cbor_array(&in) != 2) return AK_E_FORMAT;
    struct ak_span found = ak_cbor_text(&in);
    *out_map = ak_reader(ak_cbor_bytes(&in));
    AK_TRY(ak_reader_finish(&in));
    return ak_span_eq(found, type) ? AK_OK : AK_E_UNSUPPORTED;
}

/* The map's head and version, which is its first member. */
static enum ak_err open_map(struct ak_reader *map, uint64_t parts)
{
    uint64_t count = ak_cbor_map(map);
    expect(map, 0);
    uint64_t version = ak_cbor_uint(map);
    if (map->failed) return AK_E_FORMAT;
    if (version != VERSION) return AK_E_UNSUPPORTED;
    return count == parts ? AK_OK : AK_E_FORMAT;
}

static enum ak_err read_message(struct ak_span bytes, struct ak_channel_message *out)
{
    struct ak_reader map;
    AK_TRY(unwrap(bytes, AK_SPAN_LIT(MESSAGE_TYPE), &map));
    AK_TRY(open_map(&map, MESSAGE_PARTS));
    out->claims = take_bytes(&map, 1);
    expect(&map, 2);
    out->index = ak_cbor_uint(&map);
    expect(&map, 3);
    out->count = ak_cbor_uint(&map);
    out->path = take_bytes(&map, 4);
    out->report = take_bytes(&map, 5);
    AK_TRY(ak_reader_finish(&map));
    return validate(out);
}

enum ak_err ak_channel_message_parse(struct ak_span bytes, struct ak_channel_message *out_message)
{
    *out_message = (struct ak_channel_message){.index = 0};
    enum ak_err err = bytes.len > AK_CHANNEL_MESSAGE_MAX ? AK_E_LIMIT : read_message(bytes, out_message);
    if (err) *out_message = (struct ak_channel_message){.index = 0};
    return err;
}

static enum ak_err read_tpm2(struct ak_span report, struct ak_channel_tpm2 *out)
{
    struct ak_reader map;
    AK_TRY(unwrap(report, AK_SPAN_LIT(TPM2_TYPE), &map));
    AK_TRY(open_map(&map, TPM2_PARTS));
    out->ak_public = take_bytes(&map, 1);
    out->quote = take_bytes(&map, 2);
    out->quote_signature = take_bytes(&map, 3);
    out->pcrs = take_bytes(&map, 4);
    out->counter = take_bytes(&map, 5);
    out->counter_signature = take_bytes(&map, 6);
    return ak_reader_finish(&map);
}

enum ak_err ak_channel_tpm2_parse(struct ak_span report, struct ak_channel_tpm2 *out_parts)
{
    *out_parts = (struct ak_channel_tpm2){.pcrs = AK_SPAN_EMPTY};
    enum ak_err err = report.len > AK_CHANNEL_REPORT_MAX ? AK_E_LIMIT : read_tpm2(report, out_parts);
    if (err) *out_parts = (struct ak_channel_tpm2){.pcrs = AK_SPAN_EMPTY};
    return err;
}
