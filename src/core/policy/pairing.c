/* Pairing codes: 5 bits a character, so every code is as likely as any other without trying again. */
#include "core/policy/pairing.h"

#include "base/assert.h"
#include "base/ct.h"

static const char alphabet[32] = {'A', 'B', 'C', 'D', 'E', 'F', 'G', 'H', 'J', 'K', 'L', 'M', 'N', 'P', 'Q',
    'R', 'S', 'T', 'U', 'V', 'W', 'X', 'Y', 'Z', '2', '3', '4', '5', '6', '7', '8', '9'};

void ak_pair_code_make(const uint8_t random[5], struct ak_pair_code *out_code)
{
    uint64_t bits = 0;
    for (size_t i = 0; i < AK_PAIR_CODE_RANDOM_LEN; i++) bits = bits << 8 | random[i];
    for (size_t i = 0; i < AK_PAIR_CODE_LEN; i++) out_code->text[i] = alphabet[bits >> (35 - 5 * i) & 31];
}

/* The character in upper case; 0 where it is not of the alphabet. */
static char code_char(uint8_t c)
{
    if (c >= 'a' && c <= 'z') c = (uint8_t)(c - 'a' + 'A');
    return c != 0 && memchr(alphabet, c, sizeof alphabet) ? (char)c : 0;
}

enum ak_err ak_pair_code_parse(struct ak_span typed, struct ak_pair_code *out_code)
{
    *out_code = (struct ak_pair_code){{0}};
    struct ak_pair_code code;
    bool dash = typed.len == AK_PAIR_CODE_TEXT_LEN;
    if (!dash && typed.len != AK_PAIR_CODE_LEN) return AK_E_FORMAT;
    if (dash && typed.ptr[4] != '-') return AK_E_FORMAT;
    for (size_t i = 0; i < AK_PAIR_CODE_LEN; i++) {
        code.text[i] = code_char(typed.ptr[i + (dash && i >= 4)]);
        if (code.text[i] == 0) return AK_E_FORMAT;
    }
    *out_code = code;
    return AK_OK;
}

void ak_pair_code_format(const struct ak_pair_code *code, char out_text[AK_PAIR_CODE_TEXT_LEN + 1])
{
    memcpy(out_text, code->text, 4);
    out_text[4] = '-';
    memcpy(out_text + 5, code->text + 4, 4);
    out_text[AK_PAIR_CODE_TEXT_LEN] = 0;
}

bool ak_pair_code_eq(const struct ak_pair_code *a, const struct ak_pair_code *b)
{
    return ak_ct_eq(AK_SPAN_ARR(a->text), AK_SPAN_ARR(b->text));
}

/* ---- wrong codes ---- */

#define HOUR_MS UINT64_C(3600000)

bool ak_pair_wrong_may_try(const struct ak_pair_wrong *wrong, uint64_t now_ms, uint32_t *out_wait_secs)
{
    *out_wait_secs = 0;
    if (wrong->count < AK_PAIR_WRONG_MAX) return true;
    uint64_t oldest_ms = wrong->at_ms[wrong->next];
    uint64_t age_ms = now_ms > oldest_ms ? now_ms - oldest_ms : 0;
    if (age_ms >= HOUR_MS) return true;
    *out_wait_secs = (uint32_t)((HOUR_MS - age_ms + 999) / 1000);
    return false;
}

void ak_pair_wrong_note(struct ak_pair_wrong *wrong, uint64_t now_ms)
{
    wrong->at_ms[wrong->next] = now_ms;
    wrong->next = (uint8_t)((wrong->next + 1) % AK_PAIR_WRONG_MAX);
    if (wrong->count < AK_PAIR_WRONG_MAX) wrong->count++;
}
