/* Operations: stable numbers, names and what each needs (snapshot). */
#include "base/attr.h"
#include "core/policy/operation.h"
#include "unit/check.h"

struct row {
    enum ak_operation operation;
    int number;
    const char *name, *cap;
    bool needs_scope, counts;
};
static const struct row rows[] = {
    {AK_OP_DERIVE_ADDRESS, 1, "derive-address", NULL, false, false},
    {AK_OP_SIGN_MESSAGE, 2, "sign-message", "cap:sign-message", true, true},
    {AK_OP_SIGN_SIWE, 3, "sign-siwe", "cap:sign-siwe", true, true},
    {AK_OP_SIGN_TYPED_DATA, 4, "sign-typed-data", "cap:sign-typed-data", true, true},
    {AK_OP_SIGN_TX, 5, "sign-tx", "cap:sign-tx", true, true},
    {AK_OP_OIDC, 6, "oidc", "cap:oidc", true, true},
    {AK_OP_READ_CREDENTIAL, 7, "read-credential", NULL, true, true},
    {AK_OP_TOKEN, 8, "token", NULL, false, true},
};

static void test_table(void **state)
{
    (void)state;
    assert_int_equal(AK_COUNT(rows) + 1, AK_OP_COUNT);
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        const struct row *r = &rows[i];
        assert_int_equal(r->operation, r->number);
        assert_string_equal(ak_operation_name(r->operation), r->name);
        assert_int_equal(ak_operation_parse(ak_span_str(r->name)), r->operation);
        assert_true(ak_operation_known(r->operation));
        assert_int_equal(ak_operation_needs_scope(r->operation), r->needs_scope);
        assert_int_equal(ak_operation_counts(r->operation), r->counts);
        if (r->cap) {
            assert_string_equal(ak_operation_cap(r->operation), r->cap);
        } else {
            assert_null(ak_operation_cap(r->operation));
        }
    }
}

/* I4: what is not in the table is unknown, needs a scope and counts. */
static void test_unknown(void **state)
{
    (void)state;
    const int unknown[] = {0, AK_OP_COUNT, AK_OP_COUNT + 1, -1, 1 << 20};
    for (size_t i = 0; i < AK_COUNT(unknown); i++) {
        enum ak_operation operation = (enum ak_operation)unknown[i];
        assert_false(ak_operation_known(operation));
        assert_string_equal(ak_operation_name(operation), "unknown");
        assert_null(ak_operation_cap(operation));
        assert_true(ak_operation_needs_scope(operation));
        assert_true(ak_operation_counts(operation));
    }
    const char *names[] = {"", "unknown", "none", "Sign-message", "sign-message ", "sign", "export-key"};
    for (size_t i = 0; i < AK_COUNT(names); i++) {
        assert_int_equal(ak_operation_parse(ak_span_str(names[i])), AK_OP_NONE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_table), cmocka_unit_test(test_unknown)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
