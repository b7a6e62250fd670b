/* The worker's claims as a map of deterministic CBOR: one encoding for one meaning, every key there. */
#include "base/codec/cbor.h"
#include "core/attest/channel.h"

enum { CLAIMS = 9, CAPS_MAX = UINT16_MAX };

static bool text_fits(struct ak_span text)
{
    return text.len >= 1 && text.len <= AK_CHANNEL_TEXT_MAX;
}

static enum ak_err validate(const struct ak_channel_claims *claims)
{
    bool good = text_fits(claims->version) && claims->suite_count >= 1 &&
                claims->suite_count <= AK_CHANNEL_SUITES_MAX &&
                claims->checkpoint.len <= AK_CHANNEL_CHECKPOINT_MAX && claims->caps <= CAPS_MAX;
    for (size_t i = 0; good && i < claims->suite_count; i++) good = text_fits(claims->suites[i]);
    return good ? AK_OK : AK_E_LIMIT;
}

static void put_bytes(struct ak_buf *buf, unsigned key, struct ak_span bytes)
{
    ak_cbor_put_uint(buf, key);
    ak_cbor_put_bytes(buf, bytes);
}

enum ak_err ak_channel_claims_encode(const struct ak_channel_claims *claims, struct ak_buf *buf)
{
    AK_TRY(validate(claims));
    ak_cbor_put_map(buf, CLAIMS);
    ak_cbor_put_uint(buf, 1);
    ak_cbor_put_text(buf, claims->version);
    put_bytes(buf, 2, AK_SPAN_ARR(claims->measurement));
    ak_cbor_put_uint(buf, 3);
    ak_cbor_put_array(buf, claims->suite_count);
    for (size_t i = 0; i < claims->suite_count; i++) ak_cbor_put_text(buf, claims->suites[i]);
    put_bytes(buf, 4, claims->checkpoint);
    ak_cbor_put_uint(buf, 5);
    ak_cbor_put_uint(buf, claims->caps);
    put_bytes(buf, 6, AK_SPAN_ARR(claims->config));
    put_bytes(buf, 7, AK_SPAN_ARR(claims->delivery_key));
    put_bytes(buf, 8, AK_SPAN_ARR(claims->ledger));
    put_bytes(buf, 9, AK_SPAN_ARR(claims->worker_id));
    return ak_buf_check(buf);
}

static void expect_key(struct ak_reader *in, uint64_t key)
{
    if (ak_cbor_uint(in) != key) in->failed = true;
}

static void read_fixed(struct ak_reader *in, uint64_t key, uint8_t *out, size_t len)
{
    expect_key(in, key);
    ak_cbor_bytes_fixed(in, out, len);
}

static void read_suites(struct ak_reader *in, struct ak_channel_claims *out)
{
    expect_key(in, 3);
    uint64_t count = ak_cbor_array(in);
    if (count > AK_CHANNEL_SUITES_MAX) in->failed = true;
    for (size_t i = 0; !in->failed && i < count; i++) out->suites[i] = ak_cbor_text(in);
    out->suite_count = in->failed ? 0 : (size_t)count;
}

static enum ak_err read_claims(struct ak_span bytes, struct ak_channel_claims *out)
{
    struct ak_reader in = ak_reader(bytes);
    if (ak_cbor_map(&in) != CLAIMS) return AK_E_FORMAT;
    expect_key(&in, 1);
    out->version = ak_cbor_text(&in);
    read_fixed(&in, 2, out->measurement, sizeof out->measurement);
    read_suites(&in, out);
    expect_key(&in, 4);
    out->checkpoint = ak_cbor_bytes(&in);
    expect_key(&in, 5);
    uint64_t caps = ak_cbor_uint(&in);
    read_fixed(&in, 6, out->config, sizeof out->config);
    read_fixed(&in, 7, out->delivery_key, sizeof out->delivery_key);
    read_fixed(&in, 8, out->ledger, sizeof out->ledger);
    read_fixed(&in, 9, out->worker_id, sizeof out->worker_id);
    AK_TRY(ak_reader_finish(&in));
    if (caps > CAPS_MAX) return AK_E_LIMIT;
    out->caps = (uint32_t)caps;
    return validate(out);
}

enum ak_err ak_channel_claims_parse(struct ak_span bytes, struct ak_channel_claims *out_claims)
{
    memset(out_claims, 0, sizeof *out_claims);
    enum ak_err err = bytes.len > AK_CHANNEL_CLAIMS_MAX ? AK_E_LIMIT : read_claims(bytes, out_claims);
    if (err) memset(out_claims, 0, sizeof *out_claims);
    return err;
}
