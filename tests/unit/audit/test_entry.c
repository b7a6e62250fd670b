/* Entries against ledger.cddl: the lines of types and fields are read from the file itself, an entry is made
 * for each and taken apart by every rule: a field missing, one too many, of another form, at each limit, in
 * another order. */
#include "audit/entry_table.h"
#include "unit/audit/gen.h"
#include "unit/audit/verify.h"

enum { FIELDS = 80, CDDL_MAX = 16384 };
__extension__ typedef unsigned __int128 key_set;

enum form { FORM_NONE, FORM_UINT, FORM_BYTES, FORM_TEXT };
struct field {
    char name[32];
    enum form form;
    uint64_t min, max;
};
struct type {
    char name[32];
    unsigned number;
    bool account, control;
    key_set required, optional; /* keys from 16 on */
};

static char cddl[CDDL_MAX];
static struct field fields[FIELDS];
static struct type types[256];
static unsigned type_count;

/* ---- ledger.cddl ---- */

static void read_field(const char *line)
{
    char name[32], rest[96];
    unsigned key = 0;
    unsigned long long min = 0, max = 0;
    if (sscanf(line, "%31[a-z_0-9] = ( %u => %95[^\n]", name, &key, rest) != 3) return;
    assert_in_range(key, 16, FIELDS - 1);
    struct field *f = &fields[key];
    snprintf(f->name, sizeof f->name, "%s", name);
    if (strcmp(rest, "number )") == 0) {
        f->form = FORM_UINT, f->max = INT64_MAX;
    } else if (sscanf(rest, "bstr .size %llu )", &max) == 1) {
        f->form = FORM_BYTES, f->min = f->max = max;
    } else if (sscanf(rest, "bstr .size (%llu..%llu) )", &min, &max) == 2) {
        f->form = FORM_BYTES, f->min = min, f->max = max;
    } else if (sscanf(rest, "tstr .size (%llu..%llu) )", &min, &max) == 2) {
        f->form = FORM_TEXT, f->min = min, f->max = max;
    } else if (sscanf(rest, "%llu..%llu )", &min, &max) == 2) {
        f->form = FORM_UINT, f->min = min, f->max = max;
    } else {
        fail_msg("unreadable: %s", line);
    }
}

static uint64_t key_of(const char *name)
{
    for (uint64_t key = 16; key < FIELDS; key++) {
        if (strcmp(fields[key].name, name) == 0) return key;
    }
    fail_msg("no field %s", name);
    return 0;
}

static void read_type(const char *line)
{
    struct type t = {0};
    int at = 0;
    if (sscanf(line, "%31[A-Za-z] = { head<%u>%n", t.name, &t.number, &at) != 2 || at == 0) return;
    for (const char *p = line + at; *p == ','; p += at) {
        char mark[2] = "", name[32] = "";
        if (sscanf(p, ", %1[?] %31[a-z_]%n", mark, name, &at) != 2) {
            mark[0] = '\0';
            assert_int_equal(sscanf(p, ", %31[a-z_]%n", name, &at), 1);
        }
        if (strcmp(name, "account") == 0)
            t.account = true;
        else if (strcmp(name, "control") == 0)
            t.control = true;
        else if (mark[0] == '?')
            t.optional |= (key_set)1 << key_of(name);
        else
            t.required |= (key_set)1 << key_of(name);
    }
    types[type_count++] = t;
}

static int setup(void **state)
{
    (void)state;
    FILE *stream = fopen(AK_DOCS_FORMATS "/ledger.cddl", "rb");
    if (!stream) return 1;
    size_t len = fread(cddl, 1, sizeof cddl - 1, stream);
    fclose(stream);
    cddl[len] = '\0';
    for (unsigned pass = 0; pass < 2; pass++) {
        struct ak_span rest = ak_span(cddl, len);
        while (rest.len > 0) {
            char line[256] = "";
            struct ak_span text = verify_next_line(&rest);
            memcpy(line, text.ptr, text.len < sizeof line ? text.len : sizeof line - 1);
            if (pass == 0) read_field(line);
            if (pass == 1) read_type(line);
        }
    }
    return type_count == 40 ? 0 : 1;
}

/* ---- making entries ---- */

/* What to make of key k: by default the least value of its form. */
struct recipe {
    const struct type *type;
    key_set keys; /* set of keys to write */
    uint64_t twist_key;
    enum form twist_form; /* another form for twist_key; FORM_NONE: as it should be */
    bool twist;
    uint64_t twist_value; /* number or length for twist_key */
};

static const struct field common[12] = {{"", FORM_UINT, 1, 1}, {"", FORM_UINT, 0, 0},
    {"", FORM_UINT, 0, INT64_MAX}, {"", FORM_BYTES, 32, 32}, {"", FORM_TEXT, 1, 32}, {"", FORM_BYTES, 16, 16},
    {"", FORM_UINT, 1, INT64_MAX}, {"", FORM_BYTES, 32, 32}, {"", FORM_BYTES, 16, 16},
    {"", FORM_BYTES, 32, 32}, {"", FORM_BYTES, 32, 32}, {"", FORM_TEXT, 1, 64}};

static const struct field *field_of(uint64_t key)
{
    return key < AK_COUNT(common) ? &common[key] : &fields[key];
}

static key_set head_keys(const struct type *t)
{
    return 0x37 | (t->account ? 0xc8 : 0) | (t->control ? 0x200 : 0);
}

static void put_value(struct ak_buf *buf, enum form form, uint64_t value)
{
    static uint8_t bytes[AK_AUDIT_ENTRY_MAX], text[AK_AUDIT_ENTRY_MAX];
    memset(text, 'a', sizeof text);
    if (form == FORM_UINT) ak_cbor_put_uint(buf, value);
    if (form == FORM_BYTES) ak_cbor_put_bytes(buf, ak_span(bytes, (size_t)value));
    if (form == FORM_TEXT) ak_cbor_put_text(buf, ak_span(text, (size_t)value));
}

static uint64_t count_keys(key_set keys)
{
    uint64_t count = 0;
    for (; keys; keys >>= 1) count += keys & 1;
    return count;
}

static struct ak_span make(struct ak_buf *buf, const struct recipe *r)
{
    buf->len = 0;
    ak_cbor_put_map(buf, count_keys(r->keys));
    for (uint64_t key = 0; key < FIELDS; key++) {
        if (!(r->keys >> key & 1)) continue;
        const struct field *f = field_of(key);
        uint64_t value = key == 1 ? r->type->number : f->min;
        bool twist = r->twist && key == r->twist_key;
        ak_cbor_put_uint(buf, key);
        put_value(buf, twist && r->twist_form ? r->twist_form : f->form, twist ? r->twist_value : value);
    }
    assert_false(buf->failed);
    return ak_buf_span(buf);
}

static bool parses(struct ak_span bytes)
{
    static const struct ak_audit_entry zero;
    struct ak_audit_entry entry;
    enum ak_err err = ak_audit_entry_parse(bytes, &entry);
    if (err != AK_OK) assert_memory_equal(&entry, &zero, sizeof zero);
    return err == AK_OK;
}

static uint8_t memory[8192];
static struct ak_buf buf = {memory, 0, sizeof memory, false};

static bool recipe_parses(const struct recipe *r)
{
    return parses(make(&buf, r));
}

/* ---- tests ---- */

static void table_is_the_cddl(void **state)
{
    (void)state;
    for (unsigned i = 0; i < type_count; i++) {
        const struct type *t = &types[i];
        assert_string_equal(ak_audit_types[t->number].name, t->name);
        assert_int_equal(t->control, t->number < AK_AUDIT_TYPE_USE_FIRST);
        struct recipe least = {.type = t, .keys = head_keys(t) | t->required};
        assert_true(recipe_parses(&least));
        struct recipe most = {.type = t, .keys = least.keys | t->optional | 0x100 | (t->control ? 0xc00 : 0)};
        assert_true(recipe_parses(&most));
    }
    assert_null(ak_audit_types[100].name);
    assert_null(ak_audit_types[0].name);
    assert_null(ak_audit_types[250].name);
}

static void each_key_is_required_optional_or_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < type_count; i++) {
        const struct type *t = &types[i];
        struct recipe least = {.type = t, .keys = head_keys(t) | t->required};
        for (uint64_t key = 0; key < FIELDS; key++) {
            key_set bit = (key_set)1 << key;
            if (key >= 12 && fields[key].form == FORM_NONE) continue;
            struct recipe other = least;
            other.keys ^= bit;
            bool allowed = !(least.keys & bit) && ((t->optional & bit) || key == 8);
            assert_int_equal(recipe_parses(&other), allowed);
        }
    }
}

static void idempotency_comes_in_pairs(void **state)
{
    (void)state;
    for (unsigned i = 0; i < type_count; i++) {
        struct recipe r = {.type = &types[i], .keys = head_keys(&types[i]) | types[i].required | 0xc00};
        assert_int_equal(recipe_parses(&r), types[i].control);
        r.keys &= ~(key_set)0x400;
        assert_false(recipe_parses(&r));
    }
}

/* Each field at its limits and one beyond, and in each other form. */
static void each_field_has_its_limits(void **state)
{
    (void)state;
    for (unsigned i = 0; i < type_count; i++) {
        const struct type *t = &types[i];
        struct recipe r = {
            .type = t, .keys = head_keys(t) | t->required | t->optional | 0x100 | (t->control ? 0xc00 : 0)};
        for (uint64_t key = 2; key < FIELDS; key++) {
            const struct field *f = field_of(key);
            if (!(r.keys >> key & 1) || key == 6) continue;
            r.twist = true, r.twist_key = key, r.twist_form = FORM_NONE;
            r.twist_value = f->min;
            assert_true(recipe_parses(&r));
            r.twist_value = f->max;
            assert_true(recipe_parses(&r));
            r.twist_value = f->max + 1;
            assert_false(recipe_parses(&r));
            r.twist_value = f->min - 1;
            if (f->min > 0) assert_false(recipe_parses(&r));
            for (enum form form = FORM_UINT; form <= FORM_TEXT; form++) {
                if (form == f->form || (key == 4 && form == FORM_BYTES)) continue;
                r.twist_form = form, r.twist_value = f->min;
                assert_false(recipe_parses(&r));
            }
        }
    }
}

/* In each field of text, its last byte made one that no text has. */
static void each_text_is_utf8(void **state)
{
    (void)state;
    unsigned texts = 0;
    for (unsigned i = 0; i < type_count; i++) {
        const struct type *t = &types[i];
        struct recipe r = {
            .type = t, .keys = head_keys(t) | t->required | t->optional | 0x100 | (t->control ? 0xc00 : 0)};
        for (uint64_t key = 2; key < FIELDS; key++) {
            if (!(r.keys >> key & 1) || field_of(key)->form != FORM_TEXT) continue;
            r.twist = true, r.twist_key = key, r.twist_value = 1;
            struct ak_span bytes = make(&buf, &r);
            assert_true(parses(bytes));
            struct recipe longer = r;
            longer.twist_value = 0;
            size_t at = 0; /* where the two encodings part stands the text's length, behind it its byte */
            uint8_t other_bytes[sizeof memory];
            struct ak_buf other = AK_BUF_ARR(other_bytes);
            (void)make(&other, &longer);
            while (other_bytes[at] == memory[at]) at++;
            memory[at + 1] = 0xff;
            assert_false(parses(bytes));
            texts++;
        }
    }
    assert_true(texts > type_count);
}

static void actor_is_thumbprint_or_service(void **state)
{
    (void)state;
    struct recipe r = {.type = &types[0], .keys = head_keys(&types[0]) | types[0].required};
    r.twist = true, r.twist_key = 4, r.twist_form = FORM_BYTES;
    for (uint64_t len = 0; len < 64; len++) {
        r.twist_value = len;
        assert_int_equal(recipe_parses(&r), len == 32);
    }
}

static void version_and_type_are_in_range(void **state)
{
    struct type t = types[type_count - 1];
    (void)state;
    struct recipe r = {.type = &t, .keys = head_keys(&t) | t.required, .twist = true, .twist_key = 0};
    for (r.twist_value = 0; r.twist_value < 3; r.twist_value++)
        assert_int_equal(recipe_parses(&r), r.twist_value == 1);
    r.twist = false;
    t.number = 0;
    assert_false(recipe_parses(&r));
    t.number = 255;
    assert_true(recipe_parses(&r));
    t.number = 256;
    assert_false(recipe_parses(&r));
}

static void first_number_has_no_predecessor(void **state)
{
    static const uint8_t zero[32];
    uint8_t one[32] = {0};
    struct gen_entry entry;
    (void)state;
    one[31] = 1;
    gen_signed(&entry, 1, 0, 1, zero);
    assert_true(parses(ak_span(entry.bytes, entry.len)));
    gen_signed(&entry, 1, 0, 2, zero);
    assert_false(parses(ak_span(entry.bytes, entry.len)));
    gen_signed(&entry, 1, 0, 1, one);
    assert_false(parses(ak_span(entry.bytes, entry.len)));
    gen_signed(&entry, 1, 0, INT64_MAX, one);
    assert_true(parses(ak_span(entry.bytes, entry.len)));
    gen_signed(&entry, 1, 0, (uint64_t)INT64_MAX + 1, one);
    assert_false(parses(ak_span(entry.bytes, entry.len)));
}

static void fields_are_given_back(void **state)
{
    struct ak_audit_entry out;
    struct gen_entry entry;
    uint8_t anchor[32], prev[32], id[16];
    (void)state;
    gen_anchor(7, anchor);
    memset(prev, 0x12, sizeof prev);
    gen_signed(&entry, 1234567890123, 7, 3, prev);
    assert_int_equal(ak_audit_entry_parse(ak_span(entry.bytes, entry.len), &out), AK_OK);
    assert_int_equal(out.type, 130);
    assert_true(out.known);
    assert_int_equal(out.time_ms, 1234567890123);
    assert_memory_equal(out.anchor, anchor, 32);
    assert_memory_equal(out.prev, prev, 32);
    assert_int_equal(out.seq, 3);
    assert_null(out.log_id);
    gen_opened(&entry, 5);
    assert_int_equal(ak_audit_entry_parse(ak_span(entry.bytes, entry.len), &out), AK_OK);
    assert_int_equal(ak_hex_decode_fixed(AK_SPAN_LIT(gen_log_hex), id, 16), AK_OK);
    assert_memory_equal(out.log_id, id, 16);
    assert_null(out.anchor);
}

/* One byte more or less anywhere is another item, or none. */
static void no_cut_and_no_rest(void **state)
{
    struct gen_entry entry;
    static const uint8_t zero[32];
    (void)state;
    gen_signed(&entry, 1234567890123, 7, 1, zero);
    for (size_t len = 0; len < entry.len; len++) assert_false(parses(ak_span(entry.bytes, len)));
    assert_true(parses(ak_span(entry.bytes, entry.len)));
    entry.bytes[entry.len] = 0;
    assert_false(parses(ak_span(entry.bytes, entry.len + 1)));
    entry.bytes[0]++;
    assert_false(parses(ak_span(entry.bytes, entry.len)));
}

static bool hex_parses(const char *hex)
{
    size_t len = 0;
    assert_int_equal(ak_hex_decode(ak_span_str(hex), memory, sizeof memory, &len), AK_OK);
    return parses(ak_span(memory, len));
}

#define RANDOM  "0550a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0a0"
#define WORKER  "046177"
#define STEPPED "00010118840200" WORKER RANDOM

static void heads_are_shortest_and_keys_ascend(void **state)
{
    (void)state;
    assert_true(hex_parses("a7" STEPPED "183301183402"));
    assert_false(hex_parses("b807" STEPPED "183301183402"));   /* count not shortest */
    assert_false(hex_parses("a7" STEPPED "19003301183402"));   /* key not shortest */
    assert_false(hex_parses("a7" STEPPED "18331801183402"));   /* value not shortest */
    assert_false(hex_parses("a7" STEPPED "18331817183402"));   /* 23 in two bytes */
    assert_true(hex_parses("a7" STEPPED "18331818183402"));    /* 24 in two bytes */
    assert_false(hex_parses("a7" STEPPED "18331900ff183402")); /* 255 in three */
    assert_true(hex_parses("a7" STEPPED "1833190100183402"));
    assert_false(hex_parses("a7" STEPPED "18331a0000ffff183402"));
    assert_true(hex_parses("a7" STEPPED "18331a00010000183402"));
    assert_false(hex_parses("a7" STEPPED "18331b00000000ffffffff183402"));
    assert_true(hex_parses("a7" STEPPED "18331b0000000100000000183402"));
    assert_true(hex_parses("a7" STEPPED "18331b7fffffffffffffff183402"));
    assert_false(hex_parses("a7" STEPPED "18331b8000000000000000183402"));
    assert_false(hex_parses("a7" STEPPED "18331c183402")); /* reserved */
    assert_false(hex_parses("a7" STEPPED "18331f183402")); /* indefinite */
    assert_false(hex_parses("a7" STEPPED "183402183301")); /* order */
    assert_false(hex_parses("a7" STEPPED "183301183301")); /* twice */
    assert_false(hex_parses("a8" STEPPED "183301183301183402"));
    assert_false(hex_parses("a7" STEPPED "18331c00000000000000000000000000000001183402"));
    assert_false(hex_parses("a7" STEPPED "18332018340200"));   /* negative */
    assert_false(hex_parses("a7" STEPPED "1833c101183402"));   /* tag */
    assert_false(hex_parses("a7" STEPPED "1833f4183402"));     /* bool */
    assert_false(hex_parses("a7" STEPPED "1833f90000183402")); /* float */
    assert_false(hex_parses("bf" STEPPED "183301183402ff"));   /* indefinite map */
    assert_false(hex_parses("87" STEPPED "183301183402"));     /* array */
    assert_false(hex_parses("a7" STEPPED "6133011834"
                            "02"));                        /* text key */
    assert_false(hex_parses("a7" STEPPED "583301183402")); /* keys that are no numbers, of the same value */
    assert_false(hex_parses("a7" STEPPED "383301183402"));
    assert_false(hex_parses("a6" STEPPED "0c00"));                             /* key 12 in a known type */
    assert_false(hex_parses("a8" STEPPED "1833011834021b000000010000000000")); /* far beyond all keys */
    assert_false(hex_parses("a0"));
    assert_false(hex_parses(""));
}

static void text_is_utf8(void **state)
{
    (void)state;
    assert_true(hex_parses("a7000101188402000462c3a4" RANDOM "183301183402"));
    assert_false(hex_parses("a7000101188402000461c3" RANDOM "183301183402"));
    assert_false(hex_parses("a7000101188402000463eda080" RANDOM "183301183402")); /* surrogate */
    assert_false(hex_parses("a7000101188402000462c080" RANDOM "183301183402"));   /* overlong */
}

static void unknown_use_types_may_hold_anything(void **state)
{
#define LATER                                                                                                \
    "000101"                                                                                                 \
    "18ff"                                                                                                   \
    "0200" WORKER RANDOM
#define NEST4 "81818181"
    (void)state;
    assert_true(hex_parses("a5" LATER));
    assert_true(hex_parses("a6" LATER "0c00"));
    assert_true(hex_parses("a7" LATER "0ca16161f60fa0"));
    assert_true(hex_parses("a6" LATER "19ffff20"));
    assert_true(hex_parses("a6" LATER "0c" NEST4 NEST4 NEST4 "81818180"));
    assert_false(hex_parses("a6" LATER "0c" NEST4 NEST4 NEST4 NEST4 NEST4 "80"));
    assert_false(hex_parses("a6" LATER "0cf90000"));         /* float */
    assert_false(hex_parses("a6" LATER "0cc100"));           /* tag */
    assert_false(hex_parses("a6" LATER "0c1800"));           /* not shortest */
    assert_false(hex_parses("a6" LATER "0c9f00ff"));         /* indefinite */
    assert_false(hex_parses("a6" LATER "0ca2616100616100")); /* twice the same key */
    assert_false(hex_parses("a6" LATER "0c61ff"));           /* not UTF-8 */
    assert_false(hex_parses("a6" LATER "0c"));
    assert_false(hex_parses("a6" LATER "0a00")); /* idempotency in a use entry */
    assert_false(hex_parses("a6" LATER "095820"
                            "0000000000000000000000000000000000000000000000000000000000000000"));
    assert_false(hex_parses("a6" LATER "0d00ff"));
    assert_false(hex_parses("a6000101"
                            "18ff"
                            "0200" WORKER RANDOM "0601")); /* number without account */
}

static void unknown_control_types_keep_the_common_rules(void **state)
{
    struct ak_audit_entry entry;
    struct type t = {.number = 100, .control = true, .account = true};
    (void)state;
    struct recipe r = {.type = &t, .keys = head_keys(&t)};
    struct ak_span bytes = make(&buf, &r);
    assert_int_equal(ak_audit_entry_parse(bytes, &entry), AK_OK);
    assert_false(entry.known);
    assert_int_equal(entry.type, 100);
    r.keys |= 0xc00;
    assert_true(recipe_parses(&r));
    r.keys ^= 0x200; /* no HMAC */
    assert_false(recipe_parses(&r));
    r.keys ^= 0x208; /* a number, no anchor */
    assert_false(recipe_parses(&r));
}

static void pairs_and_bytes_are_limited(void **state)
{
    (void)state;
    for (unsigned extra = 18; extra <= 19; extra++) {
        buf.len = 0;
        ak_cbor_put_map(&buf, 5 + extra);
        gen_uint(&buf, 0, 1);
        gen_uint(&buf, 1, 200);
        gen_uint(&buf, 2, 0);
        gen_text(&buf, 4, "w");
        gen_bytes(&buf, 5, 0, 16);
        for (unsigned i = 0; i < extra; i++) gen_uint(&buf, 12 + i, 0);
        assert_int_equal(parses(ak_buf_span(&buf)), extra == 18);
    }
    for (size_t len = AK_AUDIT_ENTRY_MAX - 1; len <= AK_AUDIT_ENTRY_MAX + 1; len++) {
        static const uint8_t zeros[AK_AUDIT_ENTRY_MAX];
        buf.len = 0;
        ak_cbor_put_map(&buf, 6);
        gen_uint(&buf, 0, 1);
        gen_uint(&buf, 1, 200);
        gen_uint(&buf, 2, 0);
        gen_text(&buf, 4, "w");
        gen_bytes(&buf, 5, 0, 16);
        ak_cbor_put_uint(&buf, 12);
        ak_cbor_put_bytes(&buf, ak_span(zeros, len - buf.len - 3));
        assert_int_equal(buf.len, len);
        assert_int_equal(parses(ak_buf_span(&buf)), len <= AK_AUDIT_ENTRY_MAX);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(table_is_the_cddl),
        cmocka_unit_test(each_key_is_required_optional_or_refused),
        cmocka_unit_test(idempotency_comes_in_pairs),
        cmocka_unit_test(each_field_has_its_limits),
        cmocka_unit_test(each_text_is_utf8),
        cmocka_unit_test(actor_is_thumbprint_or_service),
        cmocka_unit_test(version_and_type_are_in_range),
        cmocka_unit_test(first_number_has_no_predecessor),
        cmocka_unit_test(fields_are_given_back),
        cmocka_unit_test(no_cut_and_no_rest),
        cmocka_unit_test(heads_are_shortest_and_keys_ascend),
        cmocka_unit_test(text_is_utf8),
        cmocka_unit_test(unknown_use_types_may_hold_anything),
        cmocka_unit_test(unknown_control_types_keep_the_common_rules),
        cmocka_unit_test(pairs_and_bytes_are_limited),
    };
    return cmocka_run_group_tests(tests, setup, NULL);
}
