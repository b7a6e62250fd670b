/* Operations: one row each. */
#include "core/policy/operation.h"

#include <stddef.h>

struct operation_row {
    const char *name;
    const char *cap;
    bool needs_scope;
    bool counts;
};

static const struct operation_row operations[AK_OP_COUNT] = {
    [AK_OP_DERIVE_ADDRESS] = {"derive-address", NULL, false, false},
    [AK_OP_SIGN_MESSAGE] = {"sign-message", "cap:sign-message", true, true},
    [AK_OP_SIGN_SIWE] = {"sign-siwe", "cap:sign-siwe", true, true},
    [AK_OP_SIGN_TYPED_DATA] = {"sign-typed-data", "cap:sign-typed-data", true, true},
    [AK_OP_SIGN_TX] = {"sign-tx", "cap:sign-tx", true, true},
    [AK_OP_OIDC] = {"oidc", "cap:oidc", true, true},
    [AK_OP_READ_CREDENTIAL] = {"read-credential", NULL, true, true},
    [AK_OP_TOKEN] = {"token", NULL, false, true},
};

bool ak_operation_known(enum ak_operation operation)
{
    return (unsigned)operation > AK_OP_NONE && (unsigned)operation < AK_OP_COUNT;
}

const char *ak_operation_name(enum ak_operation operation)
{
    return ak_operation_known(operation) ? operations[operation].name : "unknown";
}

const char *ak_operation_cap(enum ak_operation operation)
{
    return ak_operation_known(operation) ? operations[operation].cap : NULL;
}

enum ak_operation ak_operation_parse(struct ak_span name)
{
    for (unsigned i = AK_OP_NONE + 1; i < AK_OP_COUNT; i++) {
        if (ak_span_eq(name, ak_span_str(operations[i].name))) return (enum ak_operation)i;
    }
    return AK_OP_NONE;
}

bool ak_operation_needs_scope(enum ak_operation operation)
{
    return !ak_operation_known(operation) || operations[operation].needs_scope;
}

bool ak_operation_counts(enum ak_operation operation)
{
    return !ak_operation_known(operation) || operations[operation].counts;
}
