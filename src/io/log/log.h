/* Logs: one JSON line on stderr an event, one write(2) a line, so lines of several processes never mix.
 * Guarantees: foreign text is escaped and cut to 256 bytes, a line is at most 3 KiB, nothing is buffered,
 * a reader who is not there holds up nobody (100 ms, once), a disabled level costs one load and a branch. Not
 * guaranteed: delivery: a full pipe drops the line, and the next one that is written says how many (`lost`).
 * Secrets: fields are numbers, error names and spans of public text; `struct ak_secret32` and its like do not
 * fit, and personal addresses, tokens, codes never go in (I19). Threads: any; set up before threads start. */
#ifndef AK_IO_LOG_LOG_H
#define AK_IO_LOG_LOG_H

#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum ak_log_level { AK_LOG_ERROR, AK_LOG_WARN, AK_LOG_INFO, AK_LOG_DEBUG };

enum { AK_LOG_TEXT_MAX = 256, AK_LOG_LINE_MAX = 3072, AK_LOG_FIELDS_MAX = 16 };

enum ak_log_kind { AK_LOG_KIND_TEXT, AK_LOG_KIND_U64, AK_LOG_KIND_HEX };
/* Build by the functions below. `key` is a literal of ours, lower_case. */
struct ak_log_field {
    const char *key;
    enum ak_log_kind kind;
    struct ak_span text;
    uint64_t number;
};

static inline struct ak_log_field ak_log_span(const char *key, struct ak_span text)
{
    return (struct ak_log_field){key, AK_LOG_KIND_TEXT, text, 0};
}
static inline struct ak_log_field ak_log_str(const char *key, const char *text)
{
    return ak_log_span(key, ak_span_str(text));
}
static inline struct ak_log_field ak_log_u64(const char *key, uint64_t number)
{
    return (struct ak_log_field){key, AK_LOG_KIND_U64, AK_SPAN_EMPTY, number};
}
/* Bytes as lower-case hex: ids and hashes. */
static inline struct ak_log_field ak_log_hex(const char *key, struct ak_span bytes)
{
    return (struct ak_log_field){key, AK_LOG_KIND_HEX, bytes, 0};
}
static inline struct ak_log_field ak_log_err(enum ak_err err)
{
    return ak_log_str("error", ak_err_name(err));
}
/* The id that also goes out as X-Request-Id. */
static inline struct ak_log_field ak_log_request(struct ak_span request_id)
{
    return ak_log_span("request", request_id);
}

/* `role` is a literal ("keeper"); fd is 2 except in tests. Before it: role "", level info, fd 2. */
void ak_log_init(enum ak_log_level level, const char *role, int fd);
extern enum ak_log_level ak_log_threshold;
static inline bool ak_log_enabled(enum ak_log_level level)
{
    return level <= ak_log_threshold;
}

/* Writes the line; fields beyond AK_LOG_FIELDS_MAX or beyond the line are left out and `"cut":true` says so.
 */
void ak_log_write(
    enum ak_log_level level, const char *event, const struct ak_log_field *fields, size_t count);

/* ak_log(AK_LOG_INFO, "session_issued", ak_log_request(id), ak_log_u64("count", n)); at least one field. */
#define ak_log(level, event, ...)                                                                            \
    do {                                                                                                     \
        if (ak_log_enabled(level)) {                                                                         \
            const struct ak_log_field ak_log_fields_[] = {__VA_ARGS__};                                      \
            ak_log_write((level), (event), ak_log_fields_, AK_COUNT(ak_log_fields_));                        \
        }                                                                                                    \
    } while (0)
/* The same without fields. */
#define ak_log_event(level, event)                                                                           \
    do {                                                                                                     \
        if (ak_log_enabled(level)) ak_log_write((level), (event), NULL, 0);                                  \
    } while (0)

#endif
