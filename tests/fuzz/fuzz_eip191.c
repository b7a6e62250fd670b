/* Plain messages: letter case, white space and controls put between the bytes change no answer about sign-in
 * texts. */
#include "fuzz/fuzz.h"

#include "core/evm/eip191.h"

enum { MAX = 4096 };

/* The message with its letters in the other case and a space after each ASCII byte. */
static struct ak_span dressed(struct ak_span message, uint8_t out_bytes[2 * MAX])
{
    size_t len = 0;
    for (size_t i = 0; i < message.len; i++) {
        uint8_t c = message.ptr[i];
        bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
        out_bytes[len++] = letter ? c ^ 0x20 : c;
        if (c < 0x80) out_bytes[len++] = ' ';
    }
    return ak_span(out_bytes, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
    static uint8_t memory[2 * MAX];
    struct ak_span message = ak_span(data, len);
    uint8_t digest[32];
    if (len > MAX) return 0;
    unsigned plain = ak_eip191_check_plain(message);
    unsigned other = ak_eip191_check_plain(dressed(message, memory));
    AK_FUZZ_CHECK((plain & AK_EIP191_NEAR_SIWE) == (other & AK_EIP191_NEAR_SIWE));
    AK_FUZZ_CHECK((plain & AK_EIP191_NOT_UTF8) == (other & AK_EIP191_NOT_UTF8));
    if (ak_span_contains(message, AK_SPAN_LIT("wants you to sign in with your"))) {
        AK_FUZZ_CHECK(plain & AK_EIP191_NEAR_SIWE);
    }
    ak_eip191_digest(message, digest);
    return 0;
}
