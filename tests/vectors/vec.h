/* Published vectors in JSON, read in place from AK_SHARED. A program whose file is absent says so and ends
 * with 77, which Meson counts as skipped. */
#ifndef AK_TESTS_VECTORS_VEC_H
#define AK_TESTS_VECTORS_VEC_H

#include "unit/check.h"

#include <jansson.h>

#include "base/span.h"

enum { VEC_SKIP = 77, VEC_BYTES_MAX = 16384 };

/* NULL, after a printed reason, where the file is absent. A broken file ends the test program. `flags` are
 * the JSON library's. */
static inline json_t *vec_load_with(const char *name, size_t flags)
{
    const char *shared = getenv("AK_SHARED");
    char path[1024];
    int len = snprintf(path, sizeof path, "%s/vectors/%s", shared ? shared : "../shared", name);
    if (len < 0 || (size_t)len >= sizeof path) abort();
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        printf("skipped: no file %s (set AK_SHARED)\n", path);
        return NULL;
    }
    json_error_t error;
    json_t *root = json_loadf(file, flags, &error);
    (void)fclose(file);
    if (root == NULL) {
        printf("%s:%d: %s\n", path, error.line, error.text);
        exit(1);
    }
    return root;
}

static inline json_t *vec_load(const char *name)
{
    return vec_load_with(name, 0);
}

static inline const char *vec_str(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));
    if (text == NULL) fail_msg("no string \"%s\"", key);
    return text;
}

static inline long vec_int(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);
    if (!json_is_integer(value)) fail_msg("no integer \"%s\"", key);
    return (long)json_integer_value(value);
}

static inline bool vec_is(const json_t *object, const char *key, const char *expected)
{
    return strcmp(vec_str(object, key), expected) == 0;
}

/* The bytes of a hex member ("0x" or not) in `mem`, which holds VEC_BYTES_MAX. */
static inline struct ak_span vec_hex(const json_t *object, const char *key, uint8_t *mem)
{
    const char *hex = vec_str(object, key);
    if (strncmp(hex, "0x", 2) == 0) hex += 2;
    size_t len = strlen(hex);
    if (len % 2 != 0 || len / 2 > VEC_BYTES_MAX) fail_msg("\"%s\" is no hex within the limit", key);
    for (size_t i = 0; i < len / 2; i++) {
        unsigned int byte = 0;
        if (sscanf(hex + 2 * i, "%2x", &byte) != 1) fail_msg("\"%s\" is no hex", key);
        mem[i] = (uint8_t)byte;
    }
    return ak_span(mem, len / 2);
}

/* As vec_hex, but exactly `len` bytes. */
static inline void vec_hex_exact(const json_t *object, const char *key, uint8_t *out, size_t len)
{
    uint8_t mem[VEC_BYTES_MAX];
    struct ak_span bytes = vec_hex(object, key, mem);
    if (bytes.len != len) fail_msg("\"%s\" has %zu bytes, not %zu", key, bytes.len, len);
    memcpy(out, bytes.ptr, len);
}

/* What a run must have seen, so that an emptied file or a skipped branch does not pass. */
struct vec_count {
    size_t accepted, refused, not_applicable;
};

/* A vector that was taken, or refused, as its file says. */
static inline void vec_note(struct vec_count *count, bool accepted)
{
    *(accepted ? &count->accepted : &count->refused) += 1;
}

static inline void vec_report(const char *name, struct vec_count count)
{
    printf("%s: %zu accepted, %zu refused, %zu not applicable\n", name, count.accepted, count.refused,
        count.not_applicable);
}

/* Calls `one` for each test of each group of a Wycheproof file. */
static inline void vec_each_wycheproof(const json_t *root,
    void (*one)(const json_t *group, const json_t *test, struct vec_count *count), struct vec_count *count)
{
    size_t g, t;
    json_t *group, *test;
    json_array_foreach(json_object_get(root, "testGroups"), g, group)
    {
        json_array_foreach(json_object_get(group, "tests"), t, test) one(group, test, count);
    }
    assert_int_equal(
        count->accepted + count->refused + count->not_applicable, (size_t)vec_int(root, "numberOfTests"));
}

/* Runs the one test of a file, or skips. */
#define VEC_MAIN(file, test)                                                                                 \
    int main(void)                                                                                           \
    {                                                                                                        \
        json_t *root = vec_load(file);                                                                       \
        if (root == NULL) return VEC_SKIP;                                                                   \
        const struct CMUnitTest tests[] = {cmocka_unit_test_prestate(test, root)};                           \
        int failed = cmocka_run_group_tests(tests, NULL, NULL);                                              \
        json_decref(root);                                                                                   \
        return failed;                                                                                       \
    }

#endif
