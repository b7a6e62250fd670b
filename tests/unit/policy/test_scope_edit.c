/* Edits of a scope as a person types them: +item, -item, or a new scope. */
#include "core/policy/scope.h"
#include "unit/check.h"

struct edit {
    const char *scope, *edit, *result; /* result NULL: refused */
    enum ak_scope_fault fault;
    const char *item;
};
static const struct edit edits[] = {
    {"a,b", "+c", "a,b,c", AK_SCOPE_FINE, ""},
    {"", "+c", "c", AK_SCOPE_FINE, ""},
    {"a", "-a", "", AK_SCOPE_FINE, ""},
    {"a,b", "-a,+c", "b,c", AK_SCOPE_FINE, ""},
    {"a,b", "c", "c", AK_SCOPE_FINE, ""},
    {"a,b", "", "", AK_SCOPE_FINE, ""},
    {"cap:sign-siwe", "-cap:sign-siwe,+cap:sign-siwe?domain=x", "cap:sign-siwe?domain=x", AK_SCOPE_FINE, ""},
    {"cap:sign-tx?chain=1&max-value=5,x", "-cap:sign-tx?max-value=5&chain=1", "x", AK_SCOPE_FINE, ""},
    {"a", "+a", NULL, AK_SCOPE_DUPLICATE, "a"},
    {"a", "+b,+b", NULL, AK_SCOPE_DUPLICATE, "b"},
    {"a", "-b", NULL, AK_SCOPE_NOT_THERE, "b"},
    {"", "-b", NULL, AK_SCOPE_NOT_THERE, "b"},
    {"a", "+b,c", NULL, AK_SCOPE_MIXED_EDIT, "c"},
    {"a", "c,+b", NULL, AK_SCOPE_BAD_SERVICE, "+b"},
    {"a", "+", NULL, AK_SCOPE_ITEM_EMPTY, ""},
    {"a", "+b,", NULL, AK_SCOPE_MIXED_EDIT, ""},
    {"a", "++b", NULL, AK_SCOPE_BAD_SERVICE, "+b"},
    {"a", "-A", NULL, AK_SCOPE_BAD_SERVICE, "A"},
    {"a", "+cap:x", NULL, AK_SCOPE_UNKNOWN_CAP, "cap:x"},
    {"cap:sign-siwe", "+cap:sign-siwe?domain=x", NULL, AK_SCOPE_SHADOWED, "cap:sign-siwe?domain=x"},
    {"cap:sign-siwe?domain=x", "+cap:sign-siwe", NULL, AK_SCOPE_SHADOWED, "cap:sign-siwe?domain=x"},
    {"b,a", "+c", NULL, AK_SCOPE_NOT_CANONICAL, ""},
};

static void test_edits(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(edits); i++) {
        const struct edit *e = &edits[i];
        char out[256] = {0};
        struct ak_buf buf = ak_buf(out, sizeof out - 1);
        struct ak_scope_error error;
        enum ak_err err = ak_scope_edit(ak_span_str(e->scope), ak_span_str(e->edit), &buf, &error);
        if (error.fault != e->fault) print_error("%s %s\n", e->scope, e->edit);
        assert_int_equal(error.fault, e->fault);
        assert_true(ak_span_eq(error.item, ak_span_str(e->item)));
        if (e->result) {
            assert_int_equal(err, AK_OK);
            assert_string_equal(out, e->result);
        } else {
            assert_int_equal(err, e->fault == AK_SCOPE_NOT_THERE ? AK_E_NOT_FOUND : AK_E_FORMAT);
            assert_int_equal(buf.len, 0);
        }
    }
}

static void test_grows_over_the_limit(void **state)
{
    (void)state;
    char scope[AK_LIMIT_SCOPE_TEXT + 1], out[AK_LIMIT_SCOPE_TEXT];
    size_t at = 0;
    for (unsigned i = 0; i < 32; i++) {
        memset(scope + at, 'a', 64);
        scope[at + 61] = (char)('a' + i / 26);
        scope[at + 62] = (char)('a' + i % 26);
        scope[at + 63] = ',';
        at += 64;
    }
    struct ak_span full = ak_span(scope, at - 1);
    assert_int_equal(ak_scope_validate(full, NULL), AK_OK);
    struct ak_buf buf = AK_BUF_ARR(out);
    struct ak_scope_error error;
    assert_int_equal(ak_scope_edit(full, AK_SPAN_LIT("+z"), &buf, &error), AK_E_LIMIT);
    assert_int_equal(error.fault, AK_SCOPE_TEXT_TOO_LONG);
    assert_int_equal(ak_scope_edit(full, AK_SPAN_LIT("+zzzz"), &buf, NULL), AK_E_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_edits), cmocka_unit_test(test_grows_over_the_limit)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
