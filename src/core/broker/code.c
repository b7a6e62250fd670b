#include "core/broker/code.h"

#include "base/crypto/hmac.h"

/* Crockford's, upper case: no I, L, O, U. */
static const char alphabet[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ";

void ak_match_code_make(const uint8_t random[AK_MATCH_CODE_LEN], char out_code[AK_MATCH_CODE_LEN])
{
    for (size_t i = 0; i < AK_MATCH_CODE_LEN; i++) out_code[i] = alphabet[random[i] & 31];
}

/* What looks like a digit is one. */
static char as_meant(uint8_t c)
{
    if (c >= 'a' && c <= 'z') c = (uint8_t)(c - 'a' + 'A');
    if (c == 'O') return '0';
    return c == 'I' || c == 'L' ? '1' : (char)c;
}

enum ak_err ak_match_code_read(struct ak_span typed, char out_code[AK_MATCH_CODE_LEN])
{
    char code[AK_MATCH_CODE_LEN];
    size_t count = 0;
    memset(out_code, 0, AK_MATCH_CODE_LEN);
    for (size_t i = 0; i < typed.len; i++) {
        char c = as_meant(typed.ptr[i]);
        if (c == ' ' || c == '-' || c == '+') continue; /* a plus is a form's space */
        if (count == AK_MATCH_CODE_LEN || c == 0 || !strchr(alphabet, c)) return AK_E_FORMAT;
        code[count++] = c;
    }
    if (count < AK_MATCH_CODE_LEN) return AK_E_FORMAT;
    memcpy(out_code, code, sizeof code);
    return AK_OK;
}

void ak_broker_hash(const struct ak_secret32 *key, const char *what, struct ak_span about,
    struct ak_span value, uint8_t out_hash[32])
{
    const uint8_t lengths[] = {(uint8_t)strlen(what), (uint8_t)(about.len >> 8), (uint8_t)about.len};
    const struct ak_span parts[] = {AK_SPAN_ARR(lengths), ak_span_str(what), about, value};
    ak_hmac_sha256(AK_SPAN_ARR(key->bytes), parts, AK_COUNT(parts), out_hash);
}
