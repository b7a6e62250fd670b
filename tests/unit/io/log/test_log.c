/* Each line is one valid JSON object whatever the fields hold; levels, cuts, escapes. */
#include "unit/check.h"

#include <errno.h>
#include <fcntl.h>
#include <time.h>
#include <unistd.h>

#include "base/codec/json.h"
#include "io/log/log.h"

static int pipe_fds[2];

static int open_pipe(void **state)
{
    (void)state;
    if (pipe2(pipe_fds, O_NONBLOCK)) return -1;
    ak_log_init(AK_LOG_INFO, "test", pipe_fds[1]);
    return 0;
}

static int close_pipe(void **state)
{
    (void)state;
    close(pipe_fds[0]);
    close(pipe_fds[1]);
    return 0;
}

/* Reads one line into `line` and parses it; the caller ends the document. */
static size_t read_line(uint8_t line[8192], struct ak_json *json)
{
    ssize_t len = read(pipe_fds[0], line, 8192);
    assert_true(len > 1);
    assert_int_equal(line[len - 1], '\n');
    assert_null(memchr(line, '\n', (size_t)len - 1));
    assert_int_equal(ak_json_parse(ak_span(line, (size_t)len - 1), 8192, json), AK_OK);
    return (size_t)len;
}

static void assert_member(const struct ak_json *json, const char *key, const char *want)
{
    struct ak_span text = AK_SPAN_EMPTY;
    assert_int_equal(ak_json_string(ak_json_get(ak_json_root(json), key), &text), AK_OK);
    assert_int_equal(text.len, strlen(want));
    assert_memory_equal(text.ptr, want, text.len);
}

static void writes_one_object(void **state)
{
    (void)state;
    uint8_t line[8192];
    struct ak_json json = {NULL};
    const uint8_t id[2] = {0xab, 0x01};
    ak_log(AK_LOG_WARN, "thing_done", ak_log_u64("count", INT64_MAX), ak_log_request(AK_SPAN_LIT("r-1")),
        ak_log_hex("id", AK_SPAN_ARR(id)), ak_log_err(AK_E_AUTH));
    read_line(line, &json);
    assert_member(&json, "level", "warn");
    assert_member(&json, "role", "test");
    assert_member(&json, "event", "thing_done");
    assert_member(&json, "request", "r-1");
    assert_member(&json, "id", "ab01");
    assert_member(&json, "error", "auth");
    ak_json_done(&json);
    assert_non_null(strstr((char *)line, "\"count\":9223372036854775807"));
}

static void time_is_rfc3339(void **state)
{
    (void)state;
    uint8_t line[8192];
    struct ak_json json = {NULL};
    ak_log_event(AK_LOG_INFO, "tick");
    read_line(line, &json);
    struct ak_span text = AK_SPAN_EMPTY;
    assert_int_equal(ak_json_string(ak_json_get(ak_json_root(&json), "time"), &text), AK_OK);
    assert_int_equal(text.len, 24);
    char now[32], got[32] = {0};
    memcpy(got, text.ptr, 10);
    time_t t = time(NULL);
    struct tm tm;
    strftime(now, sizeof now, "%Y-%m-%d", gmtime_r(&t, &tm));
    assert_string_equal(got, now);
    assert_int_equal(text.ptr[23], 'Z');
    ak_json_done(&json);
}

static void level_off_writes_nothing(void **state)
{
    (void)state;
    char byte;
    ak_log(AK_LOG_DEBUG, "hidden", ak_log_u64("n", 1));
    ak_log_write(AK_LOG_DEBUG, "hidden", NULL, 0);
    assert_int_equal(read(pipe_fds[0], &byte, 1), -1);
    ak_log_init(AK_LOG_DEBUG, "test", pipe_fds[1]);
    ak_log_event(AK_LOG_DEBUG, "seen");
    assert_int_equal(read(pipe_fds[0], &byte, 1), 1);
}

static void foreign_text_is_escaped(void **state)
{
    (void)state;
    uint8_t line[8192];
    for (unsigned byte = 1; byte < 256; byte++) {
        struct ak_json json = {NULL};
        uint8_t text[] = {'a', (uint8_t)byte, '"', '\n', 'b'};
        ak_log(AK_LOG_INFO, "foreign", ak_log_span("text", AK_SPAN_ARR(text)));
        size_t len = read_line(line, &json);
        for (size_t i = 0; i + 1 < len; i++) assert_true(line[i] >= 0x20);
        ak_json_done(&json);
    }
}

/* The project's own parser refuses NUL in strings, so this one is compared as text. */
static void nul_is_escaped(void **state)
{
    (void)state;
    char line[1024] = {0};
    ak_log(AK_LOG_INFO, "foreign", ak_log_span("text", ak_span("a\0b", 3)));
    assert_true(read(pipe_fds[0], line, sizeof line - 1) > 0);
    assert_non_null(strstr(line, "\"text\":\"a\\u0000b\"}\n"));
}

static void long_text_is_cut(void **state)
{
    (void)state;
    char text[400];
    uint8_t line[8192];
    for (size_t len = AK_LOG_TEXT_MAX - 1; len <= AK_LOG_TEXT_MAX + 1; len++) {
        memset(text, 'x', sizeof text);
        struct ak_json json = {NULL};
        struct ak_span seen = AK_SPAN_EMPTY;
        ak_log(AK_LOG_INFO, "long", ak_log_span("text", ak_span(text, len)));
        read_line(line, &json);
        assert_int_equal(ak_json_string(ak_json_get(ak_json_root(&json), "text"), &seen), AK_OK);
        assert_int_equal(seen.len, len < AK_LOG_TEXT_MAX ? len : AK_LOG_TEXT_MAX);
        ak_json_done(&json);
    }
    for (size_t i = 0; i + 1 < sizeof text; i += 2) memcpy(text + i, "\xc3\xa9", 2);
    memmove(text + 1, text, sizeof text - 1); /* the cut would fall into a character */
    struct ak_json json = {NULL};
    struct ak_span seen = AK_SPAN_EMPTY;
    text[0] = 'a';
    ak_log(AK_LOG_INFO, "long", ak_log_span("text", ak_span(text, sizeof text)));
    read_line(line, &json);
    assert_int_equal(ak_json_string(ak_json_get(ak_json_root(&json), "text"), &seen), AK_OK);
    assert_int_equal(seen.len, AK_LOG_TEXT_MAX - 1);
    ak_json_done(&json);
}

static void line_is_bounded(void **state)
{
    (void)state;
    uint8_t line[8192], text[AK_LOG_TEXT_MAX];
    memset(text, 0x01, sizeof text); /* six bytes each once escaped */
    struct ak_log_field fields[AK_LOG_FIELDS_MAX + 1];
    for (size_t i = 0; i < AK_COUNT(fields); i++) fields[i] = ak_log_span("field", AK_SPAN_ARR(text));
    for (size_t i = 1; i < AK_COUNT(fields); i++) fields[i] = ak_log_u64("n", i);
    fields[0].key = "first";
    struct ak_json json = {NULL};
    uint8_t unique[AK_COUNT(fields)][2];
    for (size_t i = 1; i < AK_COUNT(fields); i++) {
        unique[i][0] = (uint8_t)('a' + i);
        unique[i][1] = 0;
        fields[i].key = (const char *)unique[i];
    }
    ak_log_write(AK_LOG_INFO, "many", fields, AK_COUNT(fields));
    assert_true(read_line(line, &json) <= AK_LOG_LINE_MAX);
    bool cut = false;
    assert_int_equal(ak_json_bool(ak_json_get(ak_json_root(&json), "cut"), &cut), AK_OK);
    assert_true(cut);
    ak_json_done(&json);
    fields[1] = ak_log_span("second", AK_SPAN_ARR(text));
    fields[2] = ak_log_span("third", AK_SPAN_ARR(text));
    ak_log_write(AK_LOG_INFO, "large", fields, 3);
    assert_true(read_line(line, &json) <= AK_LOG_LINE_MAX);
    assert_int_equal(ak_json_bool(ak_json_get(ak_json_root(&json), "cut"), &cut), AK_OK);
    ak_json_done(&json);
}

static void keeps_errno_on_a_full_pipe(void **state)
{
    (void)state;
    errno = EBADMSG;
    for (int i = 0; i < 2000; i++) ak_log_event(AK_LOG_INFO, "flood");
    assert_int_equal(errno, EBADMSG);
}

/* A reader who forgets us, as most pipes have one: in blocking mode. Nobody waits; what was lost is counted.
 */
static void forgotten_reader_stops_nobody(void **state)
{
    (void)state;
    enum { LINES = 3000 };
    uint8_t bytes[4096], line[8192];
    uint64_t seen = 0, lost = 0;
    ssize_t got;
    assert_int_equal(fcntl(pipe_fds[1], F_SETFL, 0), 0);
    (void)alarm(20);                    /* were it to block, it would be for ever */
    ak_log_event(AK_LOG_INFO, "first"); /* takes up what the test before has lost */
    for (int i = 1; i < LINES; i++) ak_log_event(AK_LOG_INFO, "flood");
    (void)alarm(0);
    while ((got = read(pipe_fds[0], bytes, sizeof bytes)) > 0)
        for (ssize_t i = 0; i < got; i++) seen += bytes[i] == '\n';
    assert_true(seen > 100 && seen < LINES);
    struct ak_json json = {NULL};
    ak_log_event(AK_LOG_INFO, "back");
    (void)read_line(line, &json);
    assert_member(&json, "event", "back");
    assert_int_equal(ak_json_u64(ak_json_get(ak_json_root(&json), "lost"), &lost), AK_OK);
    assert_int_equal(lost, LINES - seen);
    ak_json_done(&json);
    ak_log_event(AK_LOG_INFO, "again");
    (void)read_line(line, &json);
    assert_int_equal(ak_json_type(ak_json_get(ak_json_root(&json), "lost")), AK_JSON_ABSENT);
    ak_json_done(&json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(writes_one_object, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(time_is_rfc3339, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(level_off_writes_nothing, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(foreign_text_is_escaped, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(nul_is_escaped, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(long_text_is_cut, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(line_is_bounded, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(keeps_errno_on_a_full_pipe, open_pipe, close_pipe),
        cmocka_unit_test_setup_teardown(forgotten_reader_stops_nobody, open_pipe, close_pipe),
    };
    return cmocka_run_group_tests_name("log", tests, NULL, NULL);
}
