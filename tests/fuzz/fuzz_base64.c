/* Base64, both alphabets: what is accepted is the one text of its bytes, and all bytes come back. */
#include "fuzz/fuzz.h"

#include "base/codec/base64.h"

struct codec {
    enum ak_err (*decode)(struct ak_span text, uint8_t *out_bytes, size_t out_cap, size_t *out_len);
    void (*encode)(struct ak_buf *buf, struct ak_span bytes);
};

static void check_text(const struct codec *codec, struct ak_span text)
{
    static uint8_t bytes[1 << 16], back[1 << 17];
    size_t len = 9;
    if (codec->decode(text, bytes, sizeof bytes, &len) != AK_OK) {
        AK_FUZZ_CHECK(len == 0);
        return;
    }
    struct ak_buf buf = AK_BUF_ARR(back);
    codec->encode(&buf, ak_span(bytes, len));
    AK_FUZZ_CHECK(ak_span_eq(ak_buf_span(&buf), text));
    if (len) AK_FUZZ_CHECK(codec->decode(text, bytes, len - 1, &len) == AK_E_LIMIT);
}

static void check_bytes(const struct codec *codec, struct ak_span bytes)
{
    static uint8_t text[1 << 17], back[1 << 16];
    size_t len = 0;
    struct ak_buf buf = AK_BUF_ARR(text);
    codec->encode(&buf, bytes);
    AK_FUZZ_CHECK(codec->decode(ak_buf_span(&buf), back, bytes.len, &len) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_span(back, len), bytes));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static const struct codec codecs[] = {
        {ak_base64url_decode, ak_base64url_encode}, {ak_base64_decode, ak_base64_encode}};
    static uint8_t free_size[1 << 16], fixed[1 << 16];
    size_t got = 0;
    if (len > sizeof fixed) return 0;
    for (size_t i = 0; i < AK_COUNT(codecs); i++) {
        check_text(&codecs[i], ak_span(data, len));
        check_bytes(&codecs[i], ak_span(data, len));
    }
    enum ak_err err = ak_base64url_decode(ak_span(data, len), free_size, sizeof free_size, &got);
    AK_FUZZ_CHECK((ak_base64url_decode_fixed(ak_span(data, len), fixed, err == AK_OK ? got : len * 3 / 4) ==
                      AK_OK) == (err == AK_OK));
    AK_FUZZ_CHECK(ak_base64url_decode_fixed(ak_span(data, len), fixed, got + 1) != AK_OK || err != AK_OK);
    return 0;
}
