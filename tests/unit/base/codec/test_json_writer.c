/* The JSON writer: commas, escapes, depth and room at their limits; what it writes parses back. */
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "unit/check.h"

#include "base/codec/json.h"
#include "base/limits.h"

static void writes_a_document(void **state)
{
    (void)state;
    char text[256];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_json_open_object(&w);
    ak_json_key(&w, "a");
    ak_json_put_string(&w, AK_SPAN_LIT("b"));
    ak_json_key(&w, "list");
    ak_json_open_array(&w);
    ak_json_put_u64(&w, UINT64_MAX);
    ak_json_put_bool(&w, true);
    ak_json_open_object(&w);
    ak_json_close_object(&w);
    ak_json_open_array(&w);
    ak_json_close_array(&w);
    ak_json_put_bool(&w, false);
    ak_json_put_null(&w);
    ak_json_close_array(&w);
    ak_json_key(&w, "hex");
    ak_json_put_hex(&w, "0x", AK_SPAN_LIT("\x01\xff"));
    ak_json_key(&w, "raw");
    ak_json_put_raw(&w, AK_SPAN_LIT("{\"x\":1}"));
    ak_json_key(&w, "in\"ner");
    ak_json_open_object(&w);
    ak_json_key(&w, "k");
    ak_json_put_u64(&w, 0);
    ak_json_close_object(&w);
    ak_json_close_object(&w);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(text,
        "{\"a\":\"b\",\"list\":[18446744073709551615,true,{},[],false,null],\"hex\":\"0x01ff\","
        "\"raw\":{\"x\":1},\"in\\\"ner\":{\"k\":0}}");
}

static void escapes_what_must_be(void **state)
{
    (void)state;
    char text[128];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_json_put_string(&w, AK_SPAN_LIT("\"\\/\b\f\n\r\t\x01\x1f\x7f\0 \xc3\xbc\xf0\x9f\x98\x80"));
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(
        text, "\"\\\"\\\\/\\b\\f\\n\\r\\t\\u0001\\u001f\x7f\\u0000 \xc3\xbc\xf0\x9f\x98\x80\"");
}

static void foreign_bytes_become_replacement(void **state)
{
    (void)state;
    char text[64];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_json_put_string(&w, AK_SPAN_LIT("a\xff"
                                       "b\xe2\x82"));
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(text, "\"a\xef\xbf\xbd"
                              "b\xef\xbf\xbd\xef\xbf\xbd\"");
}

/* Each single byte and each pair with a quote comes back from the parser, bytes beyond ASCII replaced. */
static void strings_come_back(void **state)
{
    (void)state;
    for (unsigned c = 1; c < 256; c++) {
        char text[64];
        uint8_t string[3] = {(uint8_t)c, '"', (uint8_t)c};
        struct ak_buf buf = AK_BUF_ARR(text);
        struct ak_json_writer w = ak_json_writer(&buf);
        ak_json_open_object(&w);
        ak_json_key(&w, "s");
        ak_json_put_string(&w, AK_SPAN_ARR(string));
        ak_json_close_object(&w);
        struct ak_json json;
        assert_int_equal(ak_json_parse(ak_buf_span(&buf), sizeof text, &json), AK_OK);
        struct ak_span want = c < 128 ? AK_SPAN_ARR(string) : AK_SPAN_LIT("\xef\xbf\xbd\"\xef\xbf\xbd");
        assert_true(ak_json_string_is(ak_json_get(ak_json_root(&json), "s"), want));
        ak_json_done(&json);
    }
}

/* Plain runs are found in words of eight bytes with a rest: one character to escape in each place. */
static void escapes_in_every_place(void **state)
{
    static const char *const escapes[] = {"\"", "\\", "\x1f", "\xff"};
    static const char *const written[] = {"\\\"", "\\\\", "\\u001f", "\xef\xbf\xbd"};
    (void)state;
    for (size_t place = 0; place < 20; place++)
        for (size_t i = 0; i < AK_COUNT(escapes); i++) {
            uint8_t memory[64];
            char text[48], want[64];
            struct ak_buf buf = AK_BUF_ARR(memory);
            struct ak_json_writer w = ak_json_writer(&buf);
            (void)snprintf(text, sizeof text, "%.*s%s%.*s", (int)place, "aaaaaaaaaaaaaaaaaaaa", escapes[i],
                (int)(19 - place), "aaaaaaaaaaaaaaaaaaaa");
            (void)snprintf(want, sizeof want, "\"%.*s%s%.*s\"", (int)place, "aaaaaaaaaaaaaaaaaaaa",
                written[i], (int)(19 - place), "aaaaaaaaaaaaaaaaaaaa");
            ak_json_put_string(&w, ak_span_str(text));
            assert_true(ak_span_eq(ak_buf_span(&buf), ak_span_str(want)));
        }
}

static void runs_full(void **state)
{
    (void)state;
    for (size_t cap = 0; cap <= 10; cap++) {
        char text[10];
        struct ak_buf buf = ak_buf(text, cap);
        struct ak_json_writer w = ak_json_writer(&buf);
        ak_json_open_object(&w);
        ak_json_key(&w, "a");
        ak_json_put_string(&w, AK_SPAN_LIT("\xff"));
        ak_json_close_object(&w);
        assert_int_equal(ak_buf_check(&buf), cap < 11 ? AK_E_FULL : AK_OK);
    }
}

static void depth_at_its_limit(void **state)
{
    (void)state;
    char text[64];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    for (int i = 0; i < AK_LIMIT_JSON_DEPTH; i++) ak_json_open_array(&w);
    ak_json_put_u64(&w, 1);
    ak_json_put_u64(&w, 2);
    for (int i = 0; i < AK_LIMIT_JSON_DEPTH; i++) ak_json_close_array(&w);
    assert_int_equal(ak_buf_terminate(&buf), AK_OK);
    assert_string_equal(text, "[[[[[[[[[[[[[[[[1,2]]]]]]]]]]]]]]]]");
}

static void too_deep(struct ak_json_writer *w)
{
    for (int i = 0; i <= AK_LIMIT_JSON_DEPTH; i++) ak_json_open_array(w);
}

static void key_on_top(struct ak_json_writer *w)
{
    ak_json_key(w, "a");
}

static void key_behind_key(struct ak_json_writer *w)
{
    ak_json_open_object(w);
    ak_json_key(w, "a");
    ak_json_key(w, "b");
}

static void close_behind_key(struct ak_json_writer *w)
{
    ak_json_open_object(w);
    ak_json_key(w, "a");
    ak_json_close_object(w);
}

static void close_on_top(struct ak_json_writer *w)
{
    ak_json_close_array(w);
}

static bool aborts(void (*misuse)(struct ak_json_writer *))
{
    pid_t child = fork();
    if (child == 0) {
        char text[64];
        struct ak_buf buf = AK_BUF_ARR(text);
        struct ak_json_writer w = ak_json_writer(&buf);
        signal(SIGABRT, SIG_DFL);
        misuse(&w);
        _exit(0);
    }
    int status = 0;
    assert_true(child > 0 && waitpid(child, &status, 0) == child);
    return WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT;
}

static void misuse_aborts(void **state)
{
    (void)state;
    assert_true(aborts(too_deep));
    assert_true(aborts(key_on_top));
    assert_true(aborts(key_behind_key));
    assert_true(aborts(close_behind_key));
    assert_true(aborts(close_on_top));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_document),
        cmocka_unit_test(escapes_what_must_be),
        cmocka_unit_test(foreign_bytes_become_replacement),
        cmocka_unit_test(strings_come_back),
        cmocka_unit_test(escapes_in_every_place),
        cmocka_unit_test(runs_full),
        cmocka_unit_test(depth_at_its_limit),
        cmocka_unit_test(misuse_aborts),
    };
    return cmocka_run_group_tests_name("json_writer", tests, NULL, NULL);
}
