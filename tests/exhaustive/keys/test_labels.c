/* All short texts over small alphabets as labels and as paths, held against a regular expression. */
#include "unit/check.h"

#include <regex.h>

#include "base/attr.h"
#include "core/keys/path.h"

#define LABEL "[a-z0-9]([a-z0-9._-]{0,62}[a-z0-9])?"

static bool matches(const regex_t *expression, const char *text, size_t len)
{
    regmatch_t range = {0, (regoff_t)len};
    return regexec(expression, text, 1, &range, REG_STARTEND) == 0 && range.rm_so == 0 &&
           (size_t)range.rm_eo == len;
}

/* Calls `one` for every text of up to `max_len` bytes over the alphabet; the number of calls. */
static size_t for_each_text(const char *alphabet, size_t letters, size_t max_len, const regex_t *expression,
    bool (*one)(const regex_t *, const char *, size_t))
{
    size_t total = 0;
    size_t accepted = 0;
    size_t count = 1;
    for (size_t len = 0; len <= max_len; len++, count *= letters) {
        for (size_t code = 0; code < count; code++) {
            char text[16];
            for (size_t i = 0, rest = code; i < len; i++, rest /= letters) text[i] = alphabet[rest % letters];
            accepted += one(expression, text, len);
            total++;
        }
    }
    print_message("%zu texts, %zu accepted\n", total, accepted);
    assert_true(accepted > 0 && accepted < total);
    return total;
}

static bool one_label(const regex_t *expression, const char *text, size_t len)
{
    struct ak_path path;
    bool expected = matches(expression, text, len);
    bool accepted = ak_path_parse_label(ak_span(text, len), &path) == AK_OK;
    if (accepted != expected) fail_msg("label %.*s", (int)len, text);
    assert_int_equal(ak_path_label_valid(ak_span(text, len)), expected);
    if (accepted) assert_true(ak_span_eq(ak_path_label(&path), ak_span(text, len)));
    return accepted;
}

static bool one_path(const regex_t *expression, const char *text, size_t len)
{
    struct ak_path path;
    bool expected = matches(expression, text, len);
    bool accepted = ak_path_parse(ak_span(text, len), &path) == AK_OK;
    if (accepted != expected) fail_msg("path %.*s", (int)len, text);
    if (!accepted) return false;
    uint8_t memory[AK_PATH_TEXT_MAX];
    struct ak_buf buf = AK_BUF_ARR(memory);
    ak_path_put(&buf, &path);
    assert_true(ak_span_eq(ak_buf_span(&buf), ak_span(text, len)));
    return true;
}

static void all_labels_up_to_six_bytes(void **state)
{
    (void)state;
    static const char alphabet[] = {'a', '9', '-', '_', '.', 'Z', '/', ' ', '\0', '\x80'};
    regex_t expression;
    assert_int_equal(regcomp(&expression, "^" LABEL "$", REG_EXTENDED), 0);
    assert_int_equal(for_each_text(alphabet, sizeof alphabet, 6, &expression, one_label), 1111111);
    regfree(&expression);
}

static void all_paths_up_to_eight_bytes(void **state)
{
    (void)state;
    static const char alphabet[] = {'/', 'a', '0', '7', '-'};
    regex_t expression;
    assert_int_equal(regcomp(&expression, "^/" LABEL "(/(0|[1-9][0-9]*))?$", REG_EXTENDED), 0);
    for_each_text(alphabet, sizeof alphabet, 8, &expression, one_path);
    regfree(&expression);
}

/* Every length with every one of the listed bytes at both ends. */
static void all_lengths_around_64(void **state)
{
    (void)state;
    static const char ends[] = {'a', '0', '-', '_', '.'};
    for (size_t len = 1; len <= 70; len++) {
        for (size_t first = 0; first < sizeof ends; first++) {
            for (size_t last = 0; last < sizeof ends; last++) {
                char text[70];
                struct ak_path path;
                memset(text, '.', sizeof text);
                text[len - 1] = ends[last];
                text[0] = ends[first];
                bool good_ends = first < 2 && (last < 2 || len == 1);
                enum ak_err expected = len > 64 ? AK_E_LIMIT : good_ends ? AK_OK : AK_E_FORMAT;
                assert_int_equal(ak_path_parse_label(ak_span(text, len), &path), expected);
            }
        }
    }
}

static void all_generations_around_the_last(void **state)
{
    (void)state;
    for (uint64_t value = UINT64_C(4294967000); value < UINT64_C(4294968000); value++) {
        char text[32];
        struct ak_path path;
        int len = snprintf(text, sizeof text, "/a/%llu", (unsigned long long)value);
        enum ak_err err = ak_path_parse(ak_span(text, (size_t)len), &path);
        assert_int_equal(err, value <= UINT32_MAX ? AK_OK : AK_E_LIMIT);
        if (err == AK_OK) assert_int_equal(path.generation, value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_labels_up_to_six_bytes),
        cmocka_unit_test(all_paths_up_to_eight_bytes),
        cmocka_unit_test(all_lengths_around_64),
        cmocka_unit_test(all_generations_around_the_last),
    };
    return cmocka_run_group_tests_name("labels", tests, NULL, NULL);
}
