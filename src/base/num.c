/* Canonical decimal parsing. */
#include "base/num.h"

enum ak_err ak_num_parse_u64(struct ak_span text, uint64_t max, uint64_t *out_value)
{
    *out_value = 0;
    if (text.len == 0 || (text.len > 1 && text.ptr[0] == '0')) return AK_E_FORMAT;
    uint64_t value = 0;
    for (size_t i = 0; i < text.len; i++) {
        if (text.ptr[i] < '0' || text.ptr[i] > '9') return AK_E_FORMAT;
        uint64_t digit = (uint64_t)(text.ptr[i] - '0');
        if (__builtin_mul_overflow(value, (uint64_t)10, &value)) return AK_E_LIMIT;
        if (__builtin_add_overflow(value, digit, &value)) return AK_E_LIMIT;
    }
    if (value > max) return AK_E_LIMIT;
    *out_value = value;
    return AK_OK;
}
