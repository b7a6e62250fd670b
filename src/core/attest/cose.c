/* Reading with the deterministic reader, whose unprotected map is empty or small; the signed structure is put
 * together again from the items as they stood. */
#include "core/attest/cose.h"

#include "base/assert.h"
#include "base/codec/cbor.h"

enum { TAG_SIGN1 = 0xd2, CONTEXT_MAX = 16 };

static const struct {
    uint8_t header[4];
    uint8_t len;
    enum ak_sig_alg alg;
} algorithms[] = {
    {{0xa1, 0x01, 0x26}, 3, AK_SIG_P256_SHA256},
    {{0xa1, 0x01, 0x38, 0x22}, 4, AK_SIG_P384_SHA384},
};

static enum ak_err read_alg(struct ak_span header, enum ak_sig_alg *out_alg)
{
    for (size_t i = 0; i < AK_COUNT(algorithms); i++) {
        if (!ak_span_eq(header, ak_span(algorithms[i].header, algorithms[i].len))) continue;
        *out_alg = algorithms[i].alg;
        return AK_OK;
    }
    return AK_E_UNSUPPORTED;
}

/* The byte string that comes next: its content, and itself with its head. */
static struct ak_span take_bytes(struct ak_reader *in, struct ak_span *out_item)
{
    const uint8_t *start = in->ptr;
    size_t left = in->len;
    struct ak_span content = ak_cbor_bytes(in);
    *out_item = in->failed ? AK_SPAN_EMPTY : ak_span(start, left - in->len);
    return content;
}

enum ak_err ak_cose_sign1_parse(struct ak_span bytes, struct ak_cose_sign1 *out_sign1)
{
    struct ak_cose_sign1 got = {0};
    *out_sign1 = got;
    if (bytes.len > AK_COSE_MAX) return AK_E_LIMIT;
    if (bytes.len > 0 && bytes.ptr[0] == TAG_SIGN1) bytes = ak_span_sub(bytes, 1, bytes.len);
    struct ak_reader in = ak_reader(bytes);
    if (ak_cbor_array(&in) != 4) return AK_E_FORMAT;
    struct ak_span header = take_bytes(&in, &got.protected_);
    if (ak_cbor_peek(&in) != AK_CBOR_MAP) return AK_E_FORMAT;
    got.unprotected = ak_cbor_skip(&in);
    got.payload = take_bytes(&in, &got.payload_item);
    got.sig = ak_cbor_bytes(&in);
    AK_TRY(ak_reader_finish(&in));
    AK_TRY(read_alg(header, &got.alg));
    *out_sign1 = got;
    return AK_OK;
}

enum ak_err ak_cose_sign1_verify(const struct ak_cose_sign1 *sign1, const struct ak_pubkey *key)
{
    uint8_t memory[CONTEXT_MAX + AK_COSE_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_cbor_put_array(&buf, 4);
    ak_cbor_put_text(&buf, AK_SPAN_LIT("Signature1"));
    ak_buf_put(&buf, sign1->protected_);
    ak_cbor_put_bytes(&buf, AK_SPAN_EMPTY);
    ak_buf_put(&buf, sign1->payload_item);
    ak_assert(ak_buf_check(&buf) == AK_OK);
    return ak_pubkey_verify(key, sign1->alg, ak_buf_span(&buf), sign1->sig);
}
