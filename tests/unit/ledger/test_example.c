/* docs/formats: the worked example is made again from its fixed inputs, byte for byte, and the CDDL says what
 * the encoder's table says. With AK_WRITE_EXAMPLE set the example's files are written instead of compared. */
#include "unit/check.h"

#include "unit/ledger/fixture.h"

#include "base/codec/hex.h"
#include "base/crypto/ed25519.h"
#include "core/ledger/export.h"

enum { FILE_MAX = 65536 };

static struct ak_span read_doc(const char *name, uint8_t *bytes)
{
    char path[4096];
    (void)snprintf(path, sizeof path, "%s/formats/%s", AK_DOCS, name);
    FILE *file = fopen(path, "rb");
    assert_non_null(file);
    size_t len = fread(bytes, 1, FILE_MAX, file);
    assert_int_equal(fclose(file), 0);
    assert_true(len < FILE_MAX);
    return ak_span(bytes, len);
}

static void settle(const char *name, const struct ak_buf *made)
{
    static uint8_t bytes[FILE_MAX];
    assert_int_equal(ak_buf_check(made), AK_OK);
    if (getenv("AK_WRITE_EXAMPLE")) {
        char path[4096];
        (void)snprintf(path, sizeof path, "%s/formats/%s", AK_DOCS, name);
        FILE *file = fopen(path, "wb");
        assert_non_null(file);
        assert_int_equal(fwrite(made->ptr, 1, made->len, file), made->len);
        assert_int_equal(fclose(file), 0);
        return;
    }
    struct ak_span found = read_doc(name, bytes);
    assert_int_equal(found.len, made->len);
    assert_memory_equal(found.ptr, made->ptr, made->len);
}

static void put_line(struct ak_buf *buf, const char *name, size_t i, struct ak_span bytes)
{
    ak_buf_put_str(buf, name);
    if (i != SIZE_MAX) {
        ak_buf_put_u8(buf, ' ');
        ak_buf_put_dec(buf, i);
    }
    ak_buf_put_str(buf, " = ");
    ak_hex_encode(buf, bytes);
    ak_buf_put_u8(buf, '\n');
}

static void make_checkpoint(struct fixture *f, uint64_t size, struct ak_buf *note)
{
    struct ak_checkpoint checkpoint = {.size = size};
    struct fixture_leaves leaves = {(const uint8_t(*)[32])f->leaf, FIXTURE_ENTRIES, 0};
    struct ak_merkle_source source = fixture_source(&leaves);
    memcpy(checkpoint.log_id, f->log_id, 16);
    assert_int_equal(ak_merkle_stored_root(&source, size, checkpoint.root), AK_OK);
    assert_int_equal(ak_checkpoint_sign(&checkpoint, &f->seed, note), AK_OK);
}

static int setup(void **state)
{
    static struct fixture f;
    fixture_open(&f);
    *state = &f;
    return 0;
}

static int teardown(void **state)
{
    fixture_close((struct fixture *)*state);
    return 0;
}

static void values_are_as_written(void **state)
{
    static uint8_t bytes[FILE_MAX];
    struct fixture *f = (struct fixture *)*state;
    struct ak_buf out = AK_BUF_ARR(bytes);
    uint8_t pub[32];
    uint8_t mac_secret[32];
    uint8_t hash[32];
    memset(mac_secret, 0x11, sizeof mac_secret);
    assert_int_equal(ak_ed25519_pub(&f->seed, pub), AK_OK);
    put_line(&out, "log id", SIZE_MAX, AK_SPAN_ARR(f->log_id));
    put_line(&out, "key ledger-mac/v1", SIZE_MAX, AK_SPAN_ARR(mac_secret));
    put_line(&out, "key ledger/v1, seed", SIZE_MAX, AK_SPAN_ARR(f->seed.bytes));
    put_line(&out, "key ledger/v1, public", SIZE_MAX, AK_SPAN_ARR(pub));
    for (size_t i = 0; i < FIXTURE_ENTRIES; i++) {
        put_line(&out, "entry", i, f->entries[i]);
        put_line(&out, "leaf hash", i, AK_SPAN_ARR(f->leaf[i]));
    }
    struct ak_merkle_frontier tree;
    ak_merkle_frontier_init(&tree);
    for (size_t i = 0; i <= FIXTURE_ENTRIES; i++) {
        ak_merkle_root(&tree, hash);
        put_line(&out, "root of size", i, AK_SPAN_ARR(hash));
        if (i < FIXTURE_ENTRIES) ak_merkle_append(&tree, f->leaf[i], NULL);
    }
    for (size_t b = 0; b < 2; b++) {
        put_line(&out, "segment of batch", b, f->segments[b]);
        put_line(&out, "record of batch", b, f->records[b]);
    }
    struct fixture_leaves leaves = {(const uint8_t(*)[32])f->leaf, FIXTURE_ENTRIES, 0};
    struct ak_merkle_source source = fixture_source(&leaves);
    struct ak_merkle_proof proof;
    assert_int_equal(ak_merkle_prove_inclusion(&source, 2, 7, &proof), AK_OK);
    for (size_t i = 0; i < proof.count; i++)
        put_line(&out, "inclusion of 2 in 7, hash", i, AK_SPAN_ARR(proof.hashes[i]));
    assert_int_equal(ak_merkle_prove_consistency(&source, 5, 8, &proof), AK_OK);
    for (size_t i = 0; i < proof.count; i++)
        put_line(&out, "consistency of 5 with 8, hash", i, AK_SPAN_ARR(proof.hashes[i]));
    ak_buf_put_str(&out, "checkpoint of size 8:\n");
    make_checkpoint(f, 8, &out);
    settle("ledger-example.txt", &out);
}

static struct ak_export_header header_of(struct fixture *f, struct ak_buf *note)
{
    struct ak_export_header header = {0};
    memcpy(header.log_id, f->log_id, 16);
    assert_int_equal(ak_ed25519_pub(&f->seed, header.ledger_pub), AK_OK);
    make_checkpoint(f, FIXTURE_ENTRIES, note);
    header.checkpoint = ak_buf_span(note);
    return header;
}

static void full_export_is_as_written(void **state)
{
    static uint8_t bytes[FILE_MAX];
    struct fixture *f = (struct fixture *)*state;
    uint8_t note_bytes[512];
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    struct ak_buf out = AK_BUF_ARR(bytes);
    struct ak_export_header header = header_of(f, &note);
    ak_export_put_header(&out, &header);
    for (size_t i = 0; i < FIXTURE_ENTRIES; i++)
        ak_export_put_entry(&out, i, f->entries[i], f->leaf[i], NULL);
    ak_export_put_end(&out, FIXTURE_ENTRIES);
    settle("ledger-example-full.jsonl", &out);
}

static void account_export_is_as_written(void **state)
{
    static uint8_t bytes[FILE_MAX];
    struct fixture *f = (struct fixture *)*state;
    uint8_t note_bytes[512];
    uint8_t anchor[32];
    struct ak_buf note = AK_BUF_ARR(note_bytes);
    struct ak_buf out = AK_BUF_ARR(bytes);
    struct ak_export_header header = header_of(f, &note);
    struct fixture_leaves leaves = {(const uint8_t(*)[32])f->leaf, FIXTURE_ENTRIES, 0};
    struct ak_merkle_source source = fixture_source(&leaves);
    memset(anchor, 0x33, sizeof anchor);
    header.anchor = anchor;
    ak_export_put_header(&out, &header);
    uint64_t entries = 0;
    for (size_t i = 0; i < FIXTURE_ENTRIES; i++) {
        struct ak_merkle_proof proof;
        if (!fixture_entry(i).has_anchor) continue;
        assert_int_equal(ak_merkle_prove_inclusion(&source, i, FIXTURE_ENTRIES, &proof), AK_OK);
        ak_export_put_entry(&out, i, f->entries[i], f->leaf[i], &proof);
        entries++;
    }
    ak_export_put_end(&out, entries);
    settle("ledger-example-account.jsonl", &out);
}

/* One entry stands in the text with a remark to each byte; its hex digits are all that is compared. */
static void annotated_entry_is_in_the_text(void **state)
{
    static uint8_t bytes[FILE_MAX];
    struct fixture *f = (struct fixture *)*state;
    struct ak_span text = read_doc("ledger.md", bytes);
    uint8_t want_bytes[1024];
    uint8_t found_bytes[1024];
    struct ak_buf want = AK_BUF_ARR(want_bytes);
    struct ak_buf found = AK_BUF_ARR(found_bytes);
    ak_hex_encode(&want, f->entries[FIXTURE_ENTRIES - 1]);
    bool inside = false;
    for (size_t at = 0; at < text.len;) {
        size_t end = ak_span_find(text, at, '\n');
        struct ak_span line = ak_span_sub(text, at, end - at);
        at = end + 1;
        if (ak_span_eq(line, AK_SPAN_LIT("```hex"))) inside = true;
        if (!inside || ak_span_starts(line, AK_SPAN_LIT("```hex"))) continue;
        if (ak_span_starts(line, AK_SPAN_LIT("```"))) break;
        for (size_t i = 0; i < line.len && line.ptr[i] != '|'; i++)
            if (line.ptr[i] != ' ') ak_buf_put_u8(&found, line.ptr[i]);
    }
    assert_int_equal(ak_buf_check(&found), AK_OK);
    assert_int_equal(found.len, want.len);
    assert_memory_equal(found_bytes, want_bytes, want.len);
}

/* ---- the CDDL ---- */
static void expect_line(struct ak_span file, const char *line)
{
    char whole[512];
    int len = snprintf(whole, sizeof whole, "\n%s\n", line);
    assert_true(len > 0 && (size_t)len < sizeof whole);
    if (!ak_span_contains(file, ak_span(whole, (size_t)len)))
        print_error("missing in ledger.cddl: %s\n", line);
    assert_true(ak_span_contains(file, ak_span(whole, (size_t)len)));
}

static void type_line(const struct ak_entry_type_info *info, char *line, size_t cap)
{
    int at = snprintf(line, cap, "%s = { head<%d>%s%s", info->name, (int)info->type,
        info->account ? ", account" : "", ak_entry_is_control(info->type) ? ", control" : "");
    for (uint64_t left = info->required | info->optional; left; left &= left - 1) {
        enum ak_entry_field field = (enum ak_entry_field)__builtin_ctzll(left);
        at += snprintf(line + at, cap - (size_t)at, ", %s%s", info->optional & AK_F_BIT(field) ? "? " : "",
            ak_entry_field_info(field)->name);
    }
    (void)snprintf(line + at, cap - (size_t)at, " }");
}

static void field_line(enum ak_entry_field field, char *line, size_t cap)
{
    const struct ak_entry_field_info *info = ak_entry_field_info(field);
    unsigned long long min = info->min;
    unsigned long long max = info->max;
    int at = snprintf(line, cap, "%s = ( %d => ", info->name, 16 + (int)field);
    if (info->kind == AK_ENTRY_FIXED)
        at += snprintf(line + at, cap - (size_t)at, "bstr .size %llu", max);
    else if (info->kind == AK_ENTRY_TEXT)
        at += snprintf(line + at, cap - (size_t)at, "tstr .size (%llu..%llu)", min, max);
    else if (info->kind == AK_ENTRY_BYTES)
        at += snprintf(line + at, cap - (size_t)at, "bstr .size (%llu..%llu)", min, max);
    else if (max == AK_ENTRY_UINT_MAX && min == 0)
        at += snprintf(line + at, cap - (size_t)at, "number");
    else
        at += snprintf(line + at, cap - (size_t)at, "%llu..%llu", min, max);
    (void)snprintf(line + at, cap - (size_t)at, " )");
}

static size_t count_of(struct ak_span file, struct ak_span text)
{
    size_t count = 0;
    for (size_t at = 0; at + text.len <= file.len; at++)
        if (ak_span_starts(ak_span_sub(file, at, text.len), text)) count++;
    return count;
}

static void cddl_and_table_agree(void **state)
{
    (void)state;
    static uint8_t bytes[FILE_MAX];
    struct ak_span file = read_doc("ledger.cddl", bytes);
    char line[512];
    size_t types = 0;
    for (; ak_entry_type_at(types); types++) {
        type_line(ak_entry_type_at(types), line, sizeof line);
        expect_line(file, line);
    }
    for (int field = 0; field < AK_F_COUNT_; field++) {
        field_line((enum ak_entry_field)field, line, sizeof line);
        expect_line(file, line);
    }
    /* and nothing more: each type's line and the one for later use types, each field's line */
    assert_int_equal(count_of(file, AK_SPAN_LIT(" = { head<")), types + 1);
    assert_int_equal(count_of(file, AK_SPAN_LIT(" = ( ")), AK_F_COUNT_);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_as_written),
        cmocka_unit_test(full_export_is_as_written),
        cmocka_unit_test(account_export_is_as_written),
        cmocka_unit_test(annotated_entry_is_in_the_text),
        cmocka_unit_test(cddl_and_table_agree),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
