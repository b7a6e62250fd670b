/* Names of agents: one spelling each, every other refused. */
#include "unit/check.h"

#include "core/keys/path.h"

static enum ak_err parse(struct ak_span text)
{
    static const struct ak_path zeros;
    struct ak_path path;
    enum ak_err err = ak_path_parse(text, &path);
    if (err != AK_OK) assert_memory_equal(&path, &zeros, sizeof path);
    return err;
}

static void reads_and_writes_the_same_text(void **state)
{
    (void)state;
    static const char *const good[] = {"/agent-1", "/agent-1/0", "/a", "/0", "/a/4294967295", "/a/4294967294",
        "/build-bot/10", "/a.b_c-d/1", "/a--b", "/a..b", "/9_9/100"};
    for (size_t i = 0; i < AK_COUNT(good); i++) {
        struct ak_path path;
        uint8_t text[AK_PATH_TEXT_MAX];
        struct ak_buf buf = AK_BUF_ARR(text);
        assert_int_equal(ak_path_parse(ak_span_str(good[i]), &path), AK_OK);
        ak_path_put(&buf, &path);
        assert_int_equal(ak_buf_check(&buf), AK_OK);
        assert_true(ak_span_eq(ak_buf_span(&buf), ak_span_str(good[i])));
    }
}

static void tells_the_parts(void **state)
{
    (void)state;
    struct ak_path path;
    assert_int_equal(ak_path_parse(AK_SPAN_LIT("/agent-1/12"), &path), AK_OK);
    assert_true(ak_span_eq(ak_path_label(&path), AK_SPAN_LIT("agent-1")));
    assert_true(path.has_generation);
    assert_int_equal(path.generation, 12);
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_path_put_base(&buf, &path);
    assert_true(ak_span_eq(ak_buf_span(&buf), AK_SPAN_LIT("/agent-1")));
    assert_int_equal(ak_path_parse(AK_SPAN_LIT("/agent-1"), &path), AK_OK);
    assert_false(path.has_generation);
    assert_int_equal(path.generation, 0);
    assert_int_equal(ak_path_make(AK_SPAN_LIT("x"), 5, &path), AK_OK);
    assert_true(path.has_generation && path.generation == 5 && path.label_len == 1);
    assert_int_equal(ak_path_make(AK_SPAN_LIT("X"), 5, &path), AK_E_FORMAT);
    assert_false(path.has_generation);
}

static void refuses_labels_of_every_bad_shape(void **state)
{
    (void)state;
    static const char *const bad[] = {"", "/", "//", "agent-1", "agent-1/0", "/-a", "/a-", "/_a", "/a_",
        "/.a", "/a.", "/.", "/..", "/-", "/A", "/Agent-1", "/aB", "/a b", "/ a", "/a ", "/a\n", "/a\t",
        "/a%2f", "/a*", "/a?", "/a#", "/a:b", "/a@b", "/a,b", "/a\\b", "/\xc3\xa4",
        "/a\xff"
        "b",
        "//agent-1", "/agent-1//0", "/agent-1/", "/agent-1/0/", "/agent-1/0/0", "/../agent-1", "/./0",
        "/agent-1/../0"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (parse(ak_span_str(bad[i])) != AK_E_FORMAT) fail_msg("accepted: %s", bad[i]);
    }
    assert_int_equal(parse(ak_span("/a\0b", 4)), AK_E_FORMAT);
    assert_int_equal(parse(ak_span("/a\0", 3)), AK_E_FORMAT);
    assert_int_equal(parse(ak_span("\0", 1)), AK_E_FORMAT);
}

static void takes_only_the_listed_bytes(void **state)
{
    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        const uint8_t middle[] = {'a', (uint8_t)byte, 'a'};
        const uint8_t first[] = {(uint8_t)byte, 'a'};
        const uint8_t last[] = {'a', (uint8_t)byte};
        bool alnum = (byte >= 'a' && byte <= 'z') || (byte >= '0' && byte <= '9');
        assert_int_equal(
            ak_path_label_valid(AK_SPAN_ARR(middle)), alnum || byte == '-' || byte == '_' || byte == '.');
        assert_int_equal(ak_path_label_valid(AK_SPAN_ARR(first)), alnum);
        assert_int_equal(ak_path_label_valid(AK_SPAN_ARR(last)), alnum);
    }
}

static void takes_labels_up_to_64(void **state)
{
    (void)state;
    char text[2 + AK_LIMIT_LABEL + 3];
    memset(text, 'a', sizeof text);
    text[0] = '/';
    struct ak_path path;
    assert_int_equal(ak_path_parse(ak_span(text, 1 + 63), &path), AK_OK);
    assert_int_equal(ak_path_parse(ak_span(text, 1 + 64), &path), AK_OK);
    assert_int_equal(path.label_len, 64);
    assert_int_equal(parse(ak_span(text, 1 + 65)), AK_E_LIMIT);
    assert_int_equal(ak_path_parse_label(ak_span(text + 1, 64), &path), AK_OK);
    assert_int_equal(ak_path_parse_label(ak_span(text + 1, 65), &path), AK_E_LIMIT);
    text[65] = '/';
    text[66] = '7';
    assert_int_equal(ak_path_parse(ak_span(text, 67), &path), AK_OK);
    assert_int_equal(path.generation, 7);
    assert_false(ak_path_label_valid(AK_SPAN_EMPTY));
}

static void takes_canonical_generations_up_to_a_u32(void **state)
{
    (void)state;
    struct ak_path path;
    assert_int_equal(ak_path_parse(AK_SPAN_LIT("/a/4294967295"), &path), AK_OK);
    assert_int_equal(path.generation, UINT32_MAX);
    static const char *const over[] = {"/a/4294967296", "/a/18446744073709551615", "/a/18446744073709551616",
        "/a/99999999999999999999999999999999"};
    for (size_t i = 0; i < AK_COUNT(over); i++) assert_int_equal(parse(ak_span_str(over[i])), AK_E_LIMIT);
    static const char *const bad[] = {"/a/00", "/a/01", "/a/0001", "/a/-1", "/a/+1", "/a/1 ", "/a/ 1",
        "/a/0x1", "/a/1.0", "/a/1e3", "/a/a", "/a/1a", "/a/1\n", "/a/\xd9\xa1"};
    for (size_t i = 0; i < AK_COUNT(bad); i++) {
        if (parse(ak_span_str(bad[i])) != AK_E_FORMAT) fail_msg("accepted: %s", bad[i]);
    }
    assert_int_equal(parse(ak_span("/a/1\0", 5)), AK_E_FORMAT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_and_writes_the_same_text),
        cmocka_unit_test(tells_the_parts),
        cmocka_unit_test(refuses_labels_of_every_bad_shape),
        cmocka_unit_test(takes_only_the_listed_bytes),
        cmocka_unit_test(takes_labels_up_to_64),
        cmocka_unit_test(takes_canonical_generations_up_to_a_u32),
    };
    return cmocka_run_group_tests_name("path", tests, NULL, NULL);
}
