/* What the front refuses, seen from a raw socket: heads that two programs could read in two ways. Each case
 * differs from a good request in one thing. */
#include "unit/io/http/harness.h"

#include <microhttpd.h>

#include "io/http/front.h"

static struct harness h;

static int open_server(void **state)
{
    (void)state;
    harness_open(&h, NULL);
    return 0;
}

static int close_server(void **state)
{
    (void)state;
    ak_http_close(h.server);
    return 0;
}

#define HEAD "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
#define GET  "GET /x HTTP/1.1\r\nHost: a\r\n"

struct example {
    const char *name;
    const char *bytes;
    size_t len;
    unsigned status;
};
#define CASE(name, bytes, status)                                                                            \
    {                                                                                                        \
        (name), (bytes), sizeof(bytes) - 1, (status)                                                         \
    }

static const struct example good[] = {
    CASE("get", GET "\r\n", 200),
    CASE("post", HEAD "\r\n{}", 200),
    CASE("old protocol without host", "GET /x HTTP/1.0\r\n\r\n", 200),
    CASE("no space after colon", "GET /x HTTP/1.1\r\nHost:a\r\n\r\n", 200),
    CASE("spaces around a value", "GET /x HTTP/1.1\r\nHost: \t a \t \r\n\r\n", 200),
    CASE("empty value", GET "X-Empty:\r\n\r\n", 200),
    CASE("empty value, space", GET "X-Empty: \r\n\r\n", 200),
    CASE("colon in value", GET "X: a:b: c\r\n\r\n", 200),
    CASE("cookies", GET "Cookie: a=b; c=\"d\"\r\nX: y\r\n\r\n", 200),
    CASE("query", "GET /x?a=%41&b=c+d&&e HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    CASE("escaped path", "GET /%2e%2e/x HTTP/1.1\r\nHost: a\r\n\r\n", 200),
    CASE("empty body", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n", 200),
    CASE("empty line before", "\r\n" GET "\r\n", 200),
    CASE("latin-1 in value", GET "X: \xe9\r\n\r\n", 200),
    CASE("tab in value", GET "X: a\tb\r\n\r\n", 200),
};

static const struct example bad[] = {
    CASE("length and transfer-encoding", HEAD "Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n\r\n", 400),
    CASE("transfer-encoding before length",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 2\r\n\r\n{}", 400),
    CASE("transfer-encoding alone",
        "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400),
    CASE("transfer-encoding identity", "POST /x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: identity\r\n\r\n{}",
        400),
    CASE("two lengths", HEAD "Content-Length: 3\r\n\r\n{} ", 400),
    CASE("two equal lengths", HEAD "Content-Length: 2\r\n\r\n{}", 400),
    CASE("two lengths, other case", HEAD "content-length: 2\r\n\r\n{}", 400),
    CASE("list of lengths", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 2, 2\r\n\r\n{}", 400),
    CASE("length with sign", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: +2\r\n\r\n{}", 400),
    CASE("length with zero", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 02\r\n\r\n{}", 400),
    CASE("negative length", "POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: -2\r\n\r\n{}", 400),
    CASE("two hosts", GET "Host: a\r\n\r\n", 400),
    CASE("two hosts, other case", GET "hOST: b\r\n\r\n", 400),
    CASE("no host", "GET /x HTTP/1.1\r\nX: y\r\n\r\n", 400),
    CASE("no header at all", "GET /x HTTP/1.1\r\n\r\n", 400),
    CASE("folded by space", GET "X: a\r\n b\r\n\r\n", 400),
    CASE("folded by tab", GET "X: a\r\n\tb\r\nY: z\r\n\r\n", 400),
    CASE("folded twice", GET "X: a\r\n b\r\n c\r\n\r\n", 400),
    CASE("folded empty", GET "X: a\r\n \r\n\r\n", 400),
    CASE("folded host", "GET /x HTTP/1.1\r\nHost:\r\n a\r\n\r\n", 400),
    CASE("first header folded", "GET /x HTTP/1.1\r\n Host: a\r\nHost: a\r\n\r\n", 400),
    CASE("cr inside value", GET "X: a\rb\r\n\r\n", 400),
    CASE("cr as line end", GET "X: a\rTransfer-Encoding: chunked\r\n\r\n", 400),
    CASE("cr before crlf", GET "X: a\r\r\n\r\n", 400),
    CASE("cr in name", GET "X\rY: a\r\n\r\n", 400),
    CASE("bare lf after value", GET "X: a\nY: b\r\n\r\n", 400),
    CASE("bare lf after last", "GET /x HTTP/1.1\r\nHost: a\n\r\n", 400),
    CASE("bare lf after request line", "GET /x HTTP/1.1\nHost: a\r\n\r\n", 400),
    CASE("bare lf at the end", GET "\n", 400),
    CASE("only bare lf", "GET /x HTTP/1.1\nHost: a\n\n", 400),
    CASE("zero in value", GET "X: a\0b\r\n\r\n", 400),
    CASE("zero at the end of a value", GET "X: a\0\r\n\r\n", 400),
    CASE("two zeros in value", GET "X: a\0\0Y: b\r\n\r\n", 400),
    CASE("zero in name", GET "X\0: a\r\n\r\n", 400),
    CASE("zero in request line", "GET /x\0y HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("delete in value", GET "X: a\x7f\r\n\r\n", 400),
    CASE("delete in a long value",
        GET "X: aaaaaaaaaaaaaaaaaaaa\x7f"
            "bbbbbbbbbbb\r\n\r\n",
        400),
    CASE("bell in a long value", GET "X: aaaaaaaaaaaaaaaaaaaa\abbbbbbbbbbb\r\n\r\n", 400),
    CASE("space before colon", GET "X : a\r\n\r\n", 400),
    CASE("tab before colon", GET "X\t: a\r\n\r\n", 400),
    CASE("empty name", GET ": a\r\n\r\n", 400),
    CASE("name with brackets", GET "X(y): a\r\n\r\n", 400),
    CASE("line without colon", GET "nonsense\r\n\r\n", 400),
    CASE("space in url", "GET /x y HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("two spaces before url", "GET  /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("two spaces after url", "GET /x  HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("space after protocol", "GET /x HTTP/1.1 \r\nHost: a\r\n\r\n", 400),
    CASE("tab in url", "GET /x\ty HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("delete in url", "GET /x\x7f HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("later protocol", "GET /x HTTP/1.2\r\nHost: a\r\n\r\n", 400),
    CASE("byte over ascii in url", "GET /x\xc3\xa9 HTTP/1.1\r\nHost: a\r\n\r\n", 400),
    CASE("method with brackets", "G(T /x HTTP/1.1\r\nHost: a\r\n\r\n", 400),
};

static void takes_good_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        unsigned before = h.asked;
        unsigned status = harness_talk(&h, good[i].bytes, good[i].len);
        if (status != good[i].status || h.asked != before + 1)
            fail_msg("%s: %u\n%s", good[i].name, status, h.answer);
    }
}

/* The hook never sees them, the answer is the contract's, and the connection ends. */
static void refuses_bad_requests(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        unsigned before = h.asked;
        unsigned status = harness_talk(&h, bad[i].bytes, bad[i].len);
        if (status != bad[i].status || h.asked != before)
            fail_msg("%s: %u\n%s", bad[i].name, status, h.answer);
        if (!strstr(h.answer, "Connection: close")) fail_msg("%s keeps the connection", bad[i].name);
    }
}

static void refuses_in_json(void **state)
{
    (void)state;
    assert_int_equal(harness_talk(&h, GET "Host: b\r\n\r\n", sizeof GET "Host: b\r\n\r\n" - 1), 400);
    assert_non_null(strstr(h.answer, "\"error\":\"invalid_request\""));
    assert_non_null(strstr(h.answer, "Host stands there twice"));
    assert_non_null(strstr(h.answer, "X-Request-Id: "));
    assert_non_null(strstr(h.answer, "Cache-Control: no-store"));
    assert_non_null(strstr(h.answer, "Content-Type: application/json"));
}

/* Protocols that are not ours never reach the hook, whoever answers. */
static void refuses_other_protocols(void **state)
{
    (void)state;
    static const char *const lines[] = {"GET /x HTTP/2.0\r\nHost: a\r\n\r\n",
        "GET /x HTTP/0.9\r\nHost: a\r\n\r\n", "GET /x\r\nHost: a\r\n\r\n", "GET\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "\x16\x03\x01\x02\r\n\r\n",
        "GET /x HTTP/1.1.1\r\nHost: a\r\n\r\n", "GET /x http/1.1\r\nHost: a\r\n\r\n"};
    unsigned before = h.asked;
    for (size_t i = 0; i < AK_COUNT(lines); i++)
        assert_int_not_equal(harness_talk(&h, lines[i], strlen(lines[i])), 200);
    assert_int_equal(h.asked, before);
}

/* Each byte of a good head, replaced by each of the bytes that mean something to a parser: whatever reaches
 * the hook has a path without white space, and the body the length says (I18). */
static void alters_each_byte(void **state)
{
    (void)state;
    static const char request[] = HEAD "DPoP: abc\r\nAuthorization: DPoP xyz\r\n\r\n{}";
    static const char replacements[] = {0, '\r', '\n', '\t', ' ', ':', 0x7f, (char)0x80, ',', 'H'};
    for (size_t i = 0; i < sizeof request - 1; i++) {
        for (size_t k = 0; k < sizeof replacements; k++) {
            char altered[sizeof request];
            memcpy(altered, request, sizeof request);
            altered[i] = replacements[k];
            unsigned before = h.asked;
            (void)harness_talk(&h, altered, sizeof request - 1);
            assert_true(h.asked <= before + 1);
            if (h.asked == before) continue;
            assert_true(strlen(h.path) <= 2 && !strpbrk(h.path, " \t\r\n"));
            assert_true(h.body_len <= 2);
        }
    }
}

static size_t big_head(char *out, size_t token_len)
{
    size_t len = (size_t)snprintf(out, 64, "%sAuthorization: DPoP ", GET);
    memset(out + len, 't', token_len);
    len += token_len;
    memcpy(out + len, "\r\nX: y\r\n\r\n", 10);
    return len + 10;
}

/* The places of names and values hold however the head comes in. */
static void takes_heads_in_pieces(void **state)
{
    (void)state;
    static char bytes[16 * 1024];
    const size_t tokens[] = {10, 700, 3000, 8192};
    const size_t pieces[] = {1, 7, 100, 1460, 5000};
    for (size_t t = 0; t < AK_COUNT(tokens); t++) {
        size_t len = big_head(bytes, tokens[t]);
        for (size_t p = tokens[t] > 700 ? 1 : 0; p < AK_COUNT(pieces); p++) {
            int fd = harness_connect(&h);
            h.answer_len = 0;
            h.ended = false;
            for (size_t at = 0; at < len; at += pieces[p]) {
                size_t rest = len - at;
                harness_send(&h, fd, bytes + at, rest < pieces[p] ? rest : pieces[p]);
                harness_turn(&h);
            }
            harness_settle(&h, fd, 1);
            assert_int_equal(harness_status(&h), 200);
            assert_int_equal(h.token_len, tokens[t] + 5);
            close(fd);
        }
    }
}

static void refuses_a_head_that_is_too_large(void **state)
{
    (void)state;
    static char bytes[AK_HTTP_HEAD_MAX + 1024];
    unsigned before = h.asked;
    size_t len = big_head(bytes, AK_HTTP_HEAD_MAX);
    unsigned status = harness_talk(&h, bytes, len);
    assert_true(status == 431 || status == 0 || status == 413);
    assert_int_equal(h.asked, before);
}

static void bounds_the_url(void **state)
{
    (void)state;
    static char bytes[4 * AK_HTTP_TARGET_MAX + 128];
    const size_t targets[] = {AK_HTTP_TARGET_MAX - 1, AK_HTTP_TARGET_MAX, AK_HTTP_TARGET_MAX + 1,
        2 * AK_HTTP_TARGET_MAX, 4 * AK_HTTP_TARGET_MAX};
    for (size_t i = 0; i < AK_COUNT(targets); i++) {
        size_t target = targets[i];
        memcpy(bytes, "GET /", 5);
        memset(bytes + 5, 'p', target - 1);
        size_t len = 4 + target;
        memcpy(bytes + len, " HTTP/1.1\r\nHost: a\r\n\r\n", 22);
        assert_int_equal(harness_talk(&h, bytes, len + 22), target <= AK_HTTP_TARGET_MAX ? 200 : 400);
    }
}

/* ---- places: what the library could hand over, without it ---- */

/* A head as the library leaves it, and where in it each part stands. */
struct laid {
    char bytes[64];
    size_t place, version, name, name_len, value, value_len, end;
};

/* "GET /x HTTP/1.1", "Host: a", the empty line. */
static const struct laid in_order = {.bytes = "GET\0/x\0HTTP/1.1\0\0Host\0 a\0\0\0\0",
    .place = 4,
    .version = 7,
    .name = 17,
    .name_len = 4,
    .value = 23,
    .value_len = 1,
    .end = 28};

static const char *judge(const struct laid *laid, struct ak_front *out_front)
{
    const char *at = laid->bytes, *version = at + laid->version;
    ak_front_line(out_front, at, at + laid->place, AK_SPAN_LIT("/x"), version);
    ak_front_header(out_front, at + laid->name, laid->name_len, at + laid->value, laid->value_len);
    ak_front_end(out_front, version, at + laid->end);
    return out_front->fault;
}

static void assert_fault(const struct laid *laid, const char *why)
{
    struct ak_front front;
    const char *fault = judge(laid, &front);
    if (!fault || strcmp(fault, why) != 0) fail_msg("%s, not %s", fault ? fault : "good", why);
}

#if MHD_VERSION < 0x00097700
/* Each differs from the good one in one place or in one byte between two. */
static void each_part_begins_where_the_one_before_ended(void **state)
{
    (void)state;
    static const char line[] = "the request line is malformed";
    static const char folded[] = "a header line is folded or malformed";
    static const char lines_end[] = "a header line does not end with CR LF";
    struct ak_front front;
    assert_null(judge(&in_order, &front));
    struct laid laid = in_order;
    laid.place = 5;
    assert_fault(&laid, line);
    laid = in_order;
    memcpy(laid.bytes, "GET\0/x\0\0HTTP/1.1\0\0Host\0a\0\0\0\0", 29); /* a byte more before the version */
    laid.version = 8, laid.name = 18;
    assert_fault(&laid, line);
    laid = in_order;
    laid.bytes[16] = 'X'; /* one zero behind the version */
    assert_fault(&laid, line);
    laid = in_order;
    laid.name = 18, laid.name_len = 3;
    assert_fault(&laid, folded);
    laid = in_order;
    laid.value = 4; /* copied elsewhere */
    assert_fault(&laid, folded);
    laid = in_order;
    laid.name_len = 3; /* no zero behind the name */
    assert_fault(&laid, folded);
    laid = in_order;
    laid.bytes[22] = 'X';
    assert_fault(&laid, folded);
    laid = in_order;
    laid.bytes[25] = 'X';
    assert_fault(&laid, lines_end);
    laid = in_order;
    laid.end = 27;
    assert_fault(&laid, lines_end);
    laid = in_order;
    laid.bytes[27] = 'X';
    assert_fault(&laid, lines_end);
}
#endif

static void names_the_first_fault_and_keeps_the_first_value(void **state)
{
    (void)state;
    struct ak_front front;
    struct laid laid = in_order;
    laid.name_len = 0;
    assert_fault(&laid, "a header's name is malformed");
    static const char twice[] = "GET\0/x\0HTTP/1.1\0\0DPoP\0 a\0\0DPoP\0 b\0\0Host\0 c\0\0\0\0";
    ak_front_line(&front, twice, twice + 4, AK_SPAN_LIT("/x"), twice + 7);
    for (size_t at = 17; at <= 35; at += 9) ak_front_header(&front, twice + at, 4, twice + at + 6, 1);
    ak_front_end(&front, twice + 7, twice + 46);
    assert_null(front.fault);
    assert_int_equal(front.counts[AK_HTTP_DPOP], 2);
    assert_true(ak_span_eq(front.headers[AK_HTTP_DPOP], AK_SPAN_LIT("a")));
}

/* The target as it came is all that is looked at, not what the library made of it. */
static void bounds_the_target_by_itself(void **state)
{
    (void)state;
    struct ak_front front;
    static const char text[AK_HTTP_TARGET_MAX + 1] = "";
    const size_t lens[] = {0, AK_HTTP_TARGET_MAX + 1};
    for (size_t i = 0; i < AK_COUNT(lens); i++) {
        ak_front_line(&front, "GET", text, ak_span(text, lens[i]), "HTTP/1.1");
        assert_string_equal(front.fault, "the URL is empty or too long");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(takes_good_requests),
        cmocka_unit_test(refuses_bad_requests),
        cmocka_unit_test(refuses_in_json),
        cmocka_unit_test(refuses_other_protocols),
        cmocka_unit_test(alters_each_byte),
        cmocka_unit_test(takes_heads_in_pieces),
        cmocka_unit_test(refuses_a_head_that_is_too_large),
        cmocka_unit_test(bounds_the_url),
#if MHD_VERSION < 0x00097700
        cmocka_unit_test(each_part_begins_where_the_one_before_ended),
#endif
        cmocka_unit_test(names_the_first_fault_and_keeps_the_first_value),
        cmocka_unit_test(bounds_the_target_by_itself),
    };
    return cmocka_run_group_tests(tests, open_server, close_server);
}
