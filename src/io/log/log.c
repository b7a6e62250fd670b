/* A line is built in a stack buffer and written once. The JSON writer escapes; what does not fit is left out
 * whole, so that a line is always valid JSON. */
#include "io/log/log.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "base/assert.h"
#include "base/buf.h"
#include "base/codec/json.h"

enum { PATIENCE_MS = 100, FIELD_ROOM = 64, HEX_MAX = 64 }; /* room kept for the line's end */

enum ak_log_level ak_log_threshold = AK_LOG_INFO;
static const char *log_role = "";
static int log_fd = 2;
static atomic_uint_fast64_t lost; /* lines since the last that was written */

static const char *const level_names[] = {"error", "warn", "info", "debug"};

void ak_log_init(enum ak_log_level level, const char *role, int fd)
{
    ak_log_threshold = level;
    log_role = role;
    log_fd = fd;
}

static void put_digits(struct ak_buf *buf, unsigned value, unsigned digits)
{
    unsigned scale = 1;
    for (unsigned i = 1; i < digits; i++) scale *= 10;
    for (; scale; scale /= 10) ak_buf_put_u8(buf, (uint8_t)('0' + value / scale % 10));
}

/* RFC 3339 in UTC by calendar arithmetic: gmtime_r may open the time zone's file, which the sandbox forbids.
 */
static void put_time(struct ak_buf *buf, const struct timespec *now)
{
    uint64_t seconds = now->tv_sec > 0 ? (uint64_t)now->tv_sec : 0;
    uint64_t days = seconds / 86400 + 719468; /* since 0000-03-01 */
    unsigned of_day = (unsigned)(seconds % 86400);
    uint64_t era = days / 146097;
    unsigned doe = (unsigned)(days % 146097);
    unsigned yoe = (doe - doe / 1460 + doe / 36524 - doe / 146096) / 365;
    unsigned doy = doe - (365 * yoe + yoe / 4 - yoe / 100);
    unsigned mp = (5 * doy + 2) / 153;
    unsigned month = mp < 10 ? mp + 3 : mp - 9;
    unsigned year = (unsigned)(yoe + era * 400) + (month <= 2);
    const struct {
        unsigned value, digits;
        char after;
    } parts[] = {{year, 4, '-'}, {month, 2, '-'}, {doy - (153 * mp + 2) / 5 + 1, 2, 'T'},
        {of_day / 3600, 2, ':'}, {of_day / 60 % 60, 2, ':'}, {of_day % 60, 2, '.'},
        {(unsigned)(now->tv_nsec / 1000000), 3, 'Z'}};
    for (size_t i = 0; i < AK_COUNT(parts); i++) {
        put_digits(buf, parts[i].value, parts[i].digits);
        ak_buf_put_u8(buf, (uint8_t)parts[i].after);
    }
}

/* Cuts at AK_LOG_TEXT_MAX without leaving half a UTF-8 character. */
static struct ak_span cut_text(struct ak_span text)
{
    if (text.len <= AK_LOG_TEXT_MAX) return text;
    size_t len = AK_LOG_TEXT_MAX;
    while (len > AK_LOG_TEXT_MAX - 3 && (text.ptr[len] & 0xc0) == 0x80) len--;
    return ak_span(text.ptr, len);
}

static void put_value(struct ak_json_writer *w, const struct ak_log_field *field)
{
    switch (field->kind) {
    case AK_LOG_KIND_U64: ak_json_put_u64(w, field->number); return;
    case AK_LOG_KIND_HEX: ak_json_put_hex(w, "", ak_span_sub(field->text, 0, HEX_MAX)); return;
    case AK_LOG_KIND_TEXT: ak_json_put_string(w, cut_text(field->text)); return;
    }
    ak_abort();
}

/* False where the field did not fit; the writer is then as before it. */
static bool put_field(struct ak_json_writer *w, const struct ak_log_field *field)
{
    struct ak_json_writer saved = *w;
    size_t len = w->buf->len;
    ak_json_key(w, field->key);
    put_value(w, field);
    if (!w->buf->failed && w->buf->len + FIELD_ROOM <= w->buf->cap) return true;
    *w = saved;
    w->buf->len = len;
    w->buf->failed = false;
    return false;
}

static void put_head(struct ak_json_writer *w, enum ak_log_level level, const char *event)
{
    struct timespec now = {0, 0};
    (void)clock_gettime(CLOCK_REALTIME, &now);
    uint8_t time_text[32];
    struct ak_buf time_buf = AK_BUF_ARR(time_text);
    put_time(&time_buf, &now);
    ak_json_key(w, "time");
    ak_json_put_string(w, ak_buf_span(&time_buf));
    ak_json_key(w, "level");
    ak_json_put_string(w, ak_span_str(level_names[level]));
    ak_json_key(w, "role");
    ak_json_put_string(w, ak_span_str(log_role));
    ak_json_key(w, "event");
    ak_json_put_string(w, ak_span_str(event));
}

/* A reader who forgets us must not stop a worker: where the pipe is full, a line waits a moment, and those
 * behind it not at all. What poll promises holds a whole line (PIPE_BUF); two processes that ask at the very
 * same moment may be promised the same room. */
static bool has_room(void)
{
    struct pollfd out = {.fd = log_fd, .events = POLLOUT};
    int wait_ms = atomic_load(&lost) ? 0 : PATIENCE_MS;
    int ready = poll(&out, 1, wait_ms);
    return ready > 0 || (ready < 0 && errno != EINTR);
}

static void put_lost(struct ak_json_writer *w)
{
    uint64_t count = atomic_exchange(&lost, 0);
    if (count == 0) return;
    ak_json_key(w, "lost");
    ak_json_put_u64(w, count);
}

void ak_log_write(enum ak_log_level level, const char *event, const struct ak_log_field *fields, size_t count)
{
    if (!ak_log_enabled(level)) return;
    int saved_errno = errno;
    if (!has_room()) {
        atomic_fetch_add(&lost, 1);
        errno = saved_errno;
        return;
    }
    uint8_t line[AK_LOG_LINE_MAX];
    struct ak_buf buf = AK_BUF_ARR(line);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_json_open_object(&w);
    put_head(&w, level, event);
    bool cut = count > AK_LOG_FIELDS_MAX;
    for (size_t i = 0; i < count && i < AK_LOG_FIELDS_MAX; i++) cut |= !put_field(&w, &fields[i]);
    if (cut) {
        ak_json_key(&w, "cut");
        ak_json_put_bool(&w, true);
    }
    put_lost(&w);
    ak_json_close_object(&w);
    ak_buf_put_u8(&buf, '\n');
    ak_assert(!buf.failed);
    ssize_t written = write(log_fd, line, buf.len); /* a line that cannot be written is lost */
    (void)written;
    errno = saved_errno;
}
