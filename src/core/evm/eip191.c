/* Personal messages. The search for sign-in texts runs over code points as they are decomposed, so it needs
 * no copy of the message: what NFKC would compose again holds a mark and is no letter of the phrase. */
#include "core/evm/eip191.h"

#include <utf8proc.h>

#include "base/buf.h"
#include "base/crypto/keccak.h"

void ak_eip191_digest(struct ak_span message, uint8_t out_digest[32])
{
    uint8_t digits[20];
    struct ak_buf len = AK_BUF_ARR(digits);
    ak_buf_put_dec(&len, message.len);
    const struct ak_span parts[] = {AK_SPAN_LIT("\x19"
                                                "Ethereum Signed Message:\n"),
        ak_buf_span(&len), message};
    ak_keccak256_parts(parts, AK_COUNT(parts), out_digest);
}

/* How much of the phrase the letters seen last make up. */
static const char phrase[] = "wantsyoutosigninwithyour";
enum { PHRASE_LEN = sizeof(phrase) - 1, SECOND_W = 16 };

static size_t advance(size_t matched, uint8_t letter)
{
    if (matched == PHRASE_LEN || letter == (uint8_t)phrase[matched]) {
        return matched == PHRASE_LEN ? matched : matched + 1;
    }
    /* The only prefix that is also a suffix of a longer one is "w", at the w of "with". */
    if (matched == SECOND_W + 1 && letter == (uint8_t)phrase[1]) return 2;
    return letter == (uint8_t)phrase[0] ? 1 : 0;
}

static bool is_invisible(utf8proc_int32_t code_point)
{
    utf8proc_category_t category = utf8proc_category(code_point);
    return category == UTF8PROC_CATEGORY_ZS || category == UTF8PROC_CATEGORY_ZL ||
           category == UTF8PROC_CATEGORY_ZP || category == UTF8PROC_CATEGORY_CC ||
           category == UTF8PROC_CATEGORY_CF;
}

static size_t advance_ascii(size_t matched, uint8_t byte)
{
    if (byte <= 0x20 || byte == 0x7f) return matched;
    if (byte >= 'A' && byte <= 'Z') byte = (uint8_t)(byte - 'A' + 'a');
    return advance(matched, byte);
}

static size_t advance_code_point(size_t matched, utf8proc_int32_t code_point)
{
    utf8proc_int32_t folded[64]; /* the longest decomposition has 18 */
    int bound_class = 0;
    const utf8proc_option_t options =
        (utf8proc_option_t)(UTF8PROC_STABLE | UTF8PROC_DECOMPOSE | UTF8PROC_COMPAT | UTF8PROC_CASEFOLD |
                            UTF8PROC_IGNORE);
    utf8proc_ssize_t count =
        utf8proc_decompose_char(code_point, folded, AK_COUNT(folded), options, &bound_class);
    if (count < 0 || count > (utf8proc_ssize_t)AK_COUNT(folded)) return advance(matched, 0);
    for (utf8proc_ssize_t i = 0; i < count; i++) {
        if (folded[i] < 0x80) {
            matched = advance_ascii(matched, (uint8_t)folded[i]);
        } else if (!is_invisible(folded[i])) {
            matched = advance(matched, 0);
        }
    }
    return matched;
}

/* Bytes that are not UTF-8 are stepped over: they must not hide the phrase. */
static bool is_near_siwe(struct ak_span message, bool *out_utf8)
{
    size_t matched = 0;
    *out_utf8 = true;
    for (size_t at = 0; at < message.len;) {
        if (message.ptr[at] < 0x80) {
            matched = advance_ascii(matched, message.ptr[at++]);
            continue;
        }
        utf8proc_int32_t code_point = 0;
        utf8proc_ssize_t used =
            utf8proc_iterate(message.ptr + at, (utf8proc_ssize_t)(message.len - at), &code_point);
        if (used <= 0) {
            *out_utf8 = false;
            at++;
            continue;
        }
        matched = advance_code_point(matched, code_point);
        at += (size_t)used;
    }
    return matched == PHRASE_LEN;
}

unsigned ak_eip191_check_plain(struct ak_span message)
{
    unsigned reasons = AK_EIP191_FINE;
    bool utf8 = true;
    if (is_near_siwe(message, &utf8)) reasons |= AK_EIP191_NEAR_SIWE;
    if (!utf8) reasons |= AK_EIP191_NOT_UTF8;
    if (ak_span_starts(message, AK_SPAN_LIT("AgentKeys "))) reasons |= AK_EIP191_OWN_STATEMENT;
    if (message.len == 32) reasons |= AK_EIP191_DIGEST_SIZE;
    return reasons;
}
