/* The worked example of docs/formats: both exports verify, the values in the text are found again, and each
 * byte of both files counts. */
#include "unit/audit/gen.h"
#include "unit/audit/verify.h"

enum { FILE_MAX = 32 * 1024 };

struct file {
    uint8_t bytes[FILE_MAX];
    size_t len;
};

static struct file full, part, text;

static void load(const char *name, struct file *out)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", AK_DOCS_FORMATS, name);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    out->len = fread(out->bytes, 1, sizeof out->bytes, stream);
    assert_true(out->len > 0 && out->len < sizeof out->bytes);
    fclose(stream);
}

static int setup(void **state)
{
    (void)state;
    load("ledger-example-full.jsonl", &full);
    load("ledger-example-account.jsonl", &part);
    load("ledger-example.txt", &text);
    return 0;
}

static struct ak_span span_of(const struct file *file)
{
    return ak_span(file->bytes, file->len);
}

/* The text after `name = ` in the example. */
static struct ak_span value_of(const char *name)
{
    char want[64];
    int len = snprintf(want, sizeof want, "%s = ", name);
    struct ak_span rest = span_of(&text);
    while (rest.len > 0) {
        struct ak_span line = verify_next_line(&rest);
        if (ak_span_starts(line, ak_span(want, (size_t)len)))
            return ak_span_sub(line, (size_t)len, line.len - (size_t)len - 1);
    }
    fail_msg("no value: %s", name);
    return AK_SPAN_EMPTY;
}

static void hash_of(const char *name, uint8_t out[32])
{
    assert_int_equal(ak_hex_decode_fixed(value_of(name), out, 32), AK_OK);
}

static void full_verifies(void **state)
{
    uint8_t key[32], root[32];
    (void)state;
    hash_of("key ledger/v1, public", key);
    hash_of("root of size 8", root);
    struct ak_audit_options options = {.ledger_key = key};
    struct ak_audit_report report = verify_file(span_of(&full), &options);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_int_equal(report.size, 8);
    assert_memory_equal(report.root, root, 32);
    assert_int_equal(report.entries, 8);
    assert_int_equal(report.accounts, 1);
    assert_int_equal(report.controls, 6);
    assert_int_equal(report.uses, 2);
    assert_int_equal(report.unknown_uses, 0);
    assert_int_equal(report.key, AK_AUDIT_KEY_PINNED);
    assert_int_equal(report.first_ms, 1767225600000);
    assert_int_equal(report.last_ms, 1767225607000);
}

static void part_verifies(void **state)
{
    (void)state;
    struct ak_audit_report report = verify_file(span_of(&part), NULL);
    assert_fault(report, AK_AUDIT_SOUND);
    assert_true(report.account);
    assert_int_equal(report.entries, 6);
    assert_int_equal(report.accounts, 1);
    assert_int_equal(report.key, AK_AUDIT_KEY_BELIEVED);
}

/* Leaf hashes, every root, both proofs of the text. */
static void text_agrees(void **state)
{
    struct ak_audit_tree tree = {0};
    uint8_t root[32], want[32], leaf[32], room[1 + AK_AUDIT_ENTRY_MAX], proof[4 * 32], roots[9][32];
    char name[64];
    size_t len = 0;
    (void)state;
    for (unsigned i = 0; i <= 8; i++) {
        snprintf(name, sizeof name, "root of size %u", i);
        hash_of(name, want);
        ak_audit_tree_root(&tree, root);
        assert_memory_equal(root, want, 32);
        memcpy(roots[i], root, 32);
        if (i == 8) break;
        snprintf(name, sizeof name, "entry %u", i);
        room[0] = 0;
        assert_int_equal(ak_hex_decode(value_of(name), room + 1, sizeof room - 1, &len), AK_OK);
        ak_audit_leaf_hash(ak_span(room, 1 + len), leaf);
        snprintf(name, sizeof name, "leaf hash %u", i);
        hash_of(name, want);
        assert_memory_equal(leaf, want, 32);
        ak_audit_tree_add(&tree, leaf);
    }
    for (unsigned i = 0; i < 3; i++) {
        snprintf(name, sizeof name, "inclusion of 2 in 7, hash %u", i);
        hash_of(name, proof + (size_t)32 * i);
    }
    hash_of("leaf hash 2", leaf);
    assert_true(ak_audit_inclusion_holds(2, 7, leaf, ak_span(proof, 96), roots[7]));
    for (unsigned i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "consistency of 5 with 8, hash %u", i);
        hash_of(name, proof + (size_t)32 * i);
    }
    assert_true(ak_audit_consistency_holds(5, 8, roots[5], roots[8], AK_SPAN_ARR(proof)));
}

/* No byte of a file without witnesses is free: none changed, none missing, none too many. */
static void each_byte_counts_in(const struct file *file)
{
    static struct file altered;
    for (size_t at = 0; at < file->len; at++) {
        const uint8_t flips[] = {0x01, 0x20};
        altered = *file;
        for (unsigned i = 0; i < AK_COUNT(flips); i++) {
            altered.bytes[at] = file->bytes[at] ^ flips[i];
            if (verify_file(span_of(&altered), NULL).ok) fail_msg("byte %zu ^ %#x", at, flips[i]);
        }
        memcpy(altered.bytes + at, file->bytes + at + 1, file->len - at - 1);
        altered.len = file->len - 1;
        if (verify_file(span_of(&altered), NULL).ok) fail_msg("without byte %zu", at);
        memcpy(altered.bytes + at, file->bytes + at - (at > 0), file->len - at + (at > 0));
        altered.len = file->len + 1;
        if (verify_file(span_of(&altered), NULL).ok) fail_msg("byte %zu doubled", at > 0 ? at - 1 : 0);
    }
}

static void each_byte_counts(void **state)
{
    (void)state;
    each_byte_counts_in(&full);
    each_byte_counts_in(&part);
}

/* Cut anywhere: refused, and named a cut wherever what is left is whole lines or a line's beginning. */
static void each_cut_is_named(void **state)
{
    const struct file *files[] = {&full, &part};
    (void)state;
    for (unsigned i = 0; i < AK_COUNT(files); i++) {
        for (size_t len = 0; len < files[i]->len; len++) {
            struct ak_audit_report report = verify_file(ak_span(files[i]->bytes, len), NULL);
            assert_fault(report, AK_AUDIT_CUT_TAIL);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(full_verifies),
        cmocka_unit_test(part_verifies),
        cmocka_unit_test(text_agrees),
        cmocka_unit_test(each_byte_counts),
        cmocka_unit_test(each_cut_is_named),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
