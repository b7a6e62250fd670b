/* A read-only view of bytes: pointer and length. Does not own. The empty span may have a NULL pointer. */
#ifndef AK_BASE_SPAN_H
#define AK_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct ak_span {
    const uint8_t *ptr;
    size_t len;
};

#define AK_SPAN_EMPTY ((struct ak_span){NULL, 0})
/* A span over a string literal or a char array, without its terminating NUL. */
#define AK_SPAN_LIT(s) ((struct ak_span){(const uint8_t *)(s), sizeof(s) - 1})
/* A span over a whole byte array. */
#define AK_SPAN_ARR(a) ((struct ak_span){(const uint8_t *)(a), sizeof(a)})

static inline struct ak_span ak_span(const void *ptr, size_t len)
{
    return (struct ak_span){(const uint8_t *)ptr, len};
}

/* Over a NUL-terminated string; NULL gives the empty span. */
static inline struct ak_span ak_span_str(const char *s)
{
    return (struct ak_span){(const uint8_t *)s, s ? strlen(s) : 0};
}

/* Not constant time: for public bytes only. */
static inline bool ak_span_eq(struct ak_span a, struct ak_span b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* Bytewise order, shorter first on a common prefix: negative, 0, positive. Public bytes only. */
int ak_span_cmp(struct ak_span a, struct ak_span b);
bool ak_span_starts(struct ak_span s, struct ak_span prefix);
bool ak_span_ends(struct ak_span s, struct ak_span suffix);
/* Index of the first `byte` at or after `from`; s.len where there is none. */
size_t ak_span_find(struct ak_span s, size_t from, uint8_t byte);
/* True where `needle` (not empty) occurs in `s`. */
bool ak_span_contains(struct ak_span s, struct ak_span needle);
/* The part [from, from+len), cut to what there is. */
struct ak_span ak_span_sub(struct ak_span s, size_t from, size_t len);

#endif
