/* What the front refuses before anything reads a request: a head that two programs could read in two ways.
 * libmicrohttpd 0.9.75 parses a head in place: it ends names and values by zeros where ':' and CR LF stood,
 * and copies a folded line elsewhere. So the places of names and values tell what stood between them: each
 * must begin exactly where the one before ended. A library that lays a head out in another way is refused
 * wholly, which the unit tests show. Pure. spec: RFC 9112 2.2, 5, 6.3 */
#ifndef AK_IO_HTTP_FRONT_H
#define AK_IO_HTTP_FRONT_H

#include "io/http/http.h"

struct ak_front {
    const char *fault; /* why the head is refused, NULL while it is good */
    const char *next;  /* where the next line must begin */
    struct ak_span headers[AK_HTTP_HEADER_COUNT];
    unsigned counts[AK_HTTP_HEADER_COUNT];
};

/* The request line. `place` is where the target stands, `target` its text as it came: the library decodes it
 * in place before the head is whole. */
void ak_front_line(struct ak_front *front, const char *method, const char *place, struct ak_span target,
    const char *version);
/* Each header in its order. */
void ak_front_header(
    struct ak_front *front, const char *name, size_t name_len, const char *value, size_t value_len);
/* After the last one; `end` is behind the empty line. */
void ak_front_end(struct ak_front *front, const char *version, const char *end);

#endif
