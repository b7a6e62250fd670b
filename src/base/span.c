/* Comparisons and searches over views of public bytes. */
#include "base/span.h"

int ak_span_cmp(struct ak_span a, struct ak_span b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common ? memcmp(a.ptr, b.ptr, common) : 0;
    if (order != 0) return order;
    return (a.len > b.len) - (a.len < b.len);
}

bool ak_span_starts(struct ak_span s, struct ak_span prefix)
{
    return s.len >= prefix.len && ak_span_eq(ak_span(s.ptr, prefix.len), prefix);
}

bool ak_span_ends(struct ak_span s, struct ak_span suffix)
{
    return s.len >= suffix.len && ak_span_eq(ak_span_sub(s, s.len - suffix.len, suffix.len), suffix);
}

size_t ak_span_find(struct ak_span s, size_t from, uint8_t byte)
{
    if (from >= s.len) return s.len;
    const uint8_t *hit = memchr(s.ptr + from, byte, s.len - from);
    return hit ? (size_t)(hit - s.ptr) : s.len;
}

bool ak_span_contains(struct ak_span s, struct ak_span needle)
{
    if (needle.len == 0 || s.len < needle.len) return false;
    return memmem(s.ptr, s.len, needle.ptr, needle.len) != NULL;
}

struct ak_span ak_span_sub(struct ak_span s, size_t from, size_t len)
{
    if (from >= s.len) return AK_SPAN_EMPTY;
    size_t rest = s.len - from;
    return ak_span(s.ptr + from, len < rest ? len : rest);
}
