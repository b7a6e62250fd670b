/* Genuine evidence, read in place from AK_SHARED and held against the facts of its expected.json. A test
 * whose files are absent is skipped, with the reason printed. */
#ifndef AK_TESTS_VECTORS_ATTEST_EVIDENCE_H
#define AK_TESTS_VECTORS_ATTEST_EVIDENCE_H

#include "vectors/vec.h"

#include "core/attest/attest.h"

enum { EVIDENCE_FILE_MAX = 64 * 1024 };

struct evidence_file {
    uint8_t bytes[EVIDENCE_FILE_MAX];
    size_t len;
};

/* False, after a printed reason, where it is absent. `name` is below evidence/. */
static inline bool evidence_load(const char *name, struct evidence_file *out_file)
{
    const char *shared = getenv("AK_SHARED");
    char path[1024];
    (void)snprintf(path, sizeof path, "%s/evidence/%s", shared ? shared : "../shared", name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        printf("no file %s (set AK_SHARED)\n", path);
        return false;
    }
    out_file->len = fread(out_file->bytes, 1, sizeof out_file->bytes, file);
    assert_int_equal(ferror(file), 0);
    (void)fclose(file);
    assert_true(out_file->len > 0 && out_file->len < sizeof out_file->bytes);
    return true;
}

static inline struct ak_span evidence_span(const struct evidence_file *file)
{
    return ak_span(file->bytes, file->len);
}

static inline void evidence_policy(const char *json, struct ak_attest_policy *out_policy)
{
    struct ak_attest_policy_fault fault;
    if (ak_attest_policy_parse(ak_span_str(json), out_policy, &fault) != AK_OK)
        fail_msg("policy: %s %s", fault.member, fault.reason);
}

/* Lists as the verifier writes them: numbers apart by spaces; banks of PCRs as "sha256:0,2". */
static inline void evidence_list(const json_t *list, char *out, size_t cap)
{
    size_t i = 0, k = 0, len = 0;
    json_t *item = NULL, *pcr = NULL;
    json_array_foreach(list, i, item)
    {
        if (json_is_integer(item)) {
            len += (size_t)snprintf(
                out + len, cap - len, "%s%d", i > 0 ? " " : "", (int)json_integer_value(item));
            continue;
        }
        len += (size_t)snprintf(
            out + len, cap - len, "%s%s", i > 0 ? " " : "", json_string_value(json_array_get(item, 0)));
        json_array_foreach(json_array_get(item, 1), k, pcr) len +=
            (size_t)snprintf(out + len, cap - len, "%c%d", k > 0 ? ',' : ':', (int)json_integer_value(pcr));
    }
    assert_true(len < cap);
}

static inline void evidence_check_fact(
    const struct ak_attest_verdict *verdict, const char *name, const json_t *expected)
{
    const struct ak_attest_fact *fact = ak_attest_fact(verdict, name);
    if (fact == NULL) {
        fail_msg("no fact %s", name);
        return;
    }
    struct ak_span value = ak_attest_fact_value(verdict, fact);
    bool same = false;
    char list[512];
    switch (fact->type) {
    case AK_FACT_NULL: same = json_is_null(expected); break;
    case AK_FACT_BOOL:
        same = json_is_boolean(expected) && json_is_true(expected) == (fact->number != 0);
        break;
    case AK_FACT_NUMBER:
        same = json_is_integer(expected) && (uint64_t)json_integer_value(expected) == fact->number;
        break;
    case AK_FACT_TEXT:
        if (json_is_array(expected)) evidence_list(expected, list, sizeof list);
        same = ak_span_eq(value, ak_span_str(json_is_array(expected) ? list : json_string_value(expected)));
        break;
    }
    if (!same) fail_msg("fact %s is %.*s", name, (int)value.len, (const char *)value.ptr);
}

/* Every fact that expected.json has of "snp/milan-v2". */
static inline void evidence_check_facts(const struct ak_attest_verdict *verdict, const char *name)
{
    static struct evidence_file file;
    const char *key = NULL;
    json_t *value = NULL;
    assert_true(evidence_load("expected.json", &file));
    json_t *all = json_loadb((const char *)file.bytes, file.len, 0, NULL);
    json_t *facts = json_object_get(all, name);
    assert_true(json_object_size(facts) > 0);
    json_object_foreach(facts, key, value) evidence_check_fact(verdict, key, value);
    json_decref(all);
}

/* Exactly these checks failed. */
static inline void evidence_check_failed(const struct ak_attest_verdict *verdict, uint32_t wanted)
{
    for (size_t i = 0; i < AK_ATTEST_CHECK_COUNT; i++)
        if ((verdict->failed >> i & 1) != (wanted >> i & 1))
            fail_msg("check %s: %s", ak_attest_check_name((enum ak_attest_check)i), verdict->details[i]);
    assert_int_equal(verdict->accepted, wanted == 0);
}

#define FAILED(check) (UINT32_C(1) << AK_ATTEST_CHECK_##check)

#endif
