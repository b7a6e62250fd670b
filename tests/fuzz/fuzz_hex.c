/* Hex: what is accepted is the one text of its bytes; the wider decoder agrees but for case. */
#include "fuzz/fuzz.h"

#include "base/codec/hex.h"

static void check_text(struct ak_span text)
{
    static uint8_t lower[1 << 16], any[1 << 16], back[1 << 17];
    size_t lower_len = 9;
    size_t any_len = 9;
    enum ak_err lower_err = ak_hex_decode(text, lower, sizeof lower, &lower_len);
    enum ak_err any_err = ak_hex_decode_any(text, any, sizeof any, &any_len);
    AK_FUZZ_CHECK(lower_err != AK_OK || any_err == AK_OK);
    AK_FUZZ_CHECK((lower_err == AK_OK) == (ak_hex_decode_fixed(text, back, text.len / 2) == AK_OK));
    if (lower_err != AK_OK) AK_FUZZ_CHECK(lower_len == 0);
    if (any_err != AK_OK) {
        AK_FUZZ_CHECK(any_len == 0);
        return;
    }
    struct ak_buf buf = AK_BUF_ARR(back);
    ak_hex_encode(&buf, ak_span(any, any_len));
    AK_FUZZ_CHECK(!buf.failed && buf.len == text.len);
    for (size_t i = 0; i < buf.len; i++)
        AK_FUZZ_CHECK(back[i] == (text.ptr[i] | 0x20) || back[i] == text.ptr[i]);
    AK_FUZZ_CHECK((lower_err == AK_OK) == ak_span_eq(ak_buf_span(&buf), text));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t text[1 << 17], back[1 << 16];
    size_t back_len = 0;
    if (len > sizeof back) return 0;
    check_text(ak_span(data, len));
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_hex_encode(&buf, ak_span(data, len));
    AK_FUZZ_CHECK(ak_hex_decode(ak_buf_span(&buf), back, len, &back_len) == AK_OK);
    AK_FUZZ_CHECK(ak_span_eq(ak_span(back, back_len), ak_span(data, len)));
    if (len) AK_FUZZ_CHECK(ak_hex_decode(ak_buf_span(&buf), back, len - 1, &back_len) == AK_E_LIMIT);
    return 0;
}
