/* Comparison of secret bytes whose time depends on the length only (I17). */
#ifndef AK_BASE_CT_H
#define AK_BASE_CT_H

#include <stdbool.h>

#include "base/span.h"

/* True where both have the same length (not secret) and the same bytes (secret). */
bool ak_ct_eq(struct ak_span a, struct ak_span b);
/* True where all bytes are zero, in time that depends on the length only. */
bool ak_ct_is_zero(struct ak_span a);

#endif
