/* Canonical decimal numbers and checked arithmetic for lengths and times that come from outside. */
#ifndef AK_BASE_NUM_H
#define AK_BASE_NUM_H

#include "base/err.h"
#include "base/span.h"

/* Digits only, no sign, no leading zero ("0" itself is fine). AK_E_FORMAT, AK_E_LIMIT above `max`. */
AK_MUST_USE enum ak_err ak_num_parse_u64(struct ak_span text, uint64_t max, uint64_t *out_value);

/* Saturating sum and product: UINT64_MAX where the true result does not fit. */
static inline uint64_t ak_num_add_sat(uint64_t a, uint64_t b)
{
    uint64_t sum = 0;
    return __builtin_add_overflow(a, b, &sum) ? UINT64_MAX : sum;
}
static inline uint64_t ak_num_mul_sat(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    return __builtin_mul_overflow(a, b, &product) ? UINT64_MAX : product;
}
/* a - b, or 0 where b is larger. */
static inline uint64_t ak_num_sub_sat(uint64_t a, uint64_t b)
{
    return a > b ? a - b : 0;
}

#endif
