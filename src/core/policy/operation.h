/* What can be asked of a path, one enum with stable names. What is not in this table does not exist: unknown
 * operations are refused (I4). No secret arguments. Threads: any. */
#ifndef AK_CORE_POLICY_OPERATION_H
#define AK_CORE_POLICY_OPERATION_H

#include <stdbool.h>

#include "base/span.h"

/* The numbers go into entries and frames and keep their meaning for ever; 0 is never an operation. */
enum ak_operation {
    AK_OP_NONE = 0,
    AK_OP_DERIVE_ADDRESS = 1,  /* no scope needed, not counted: it releases nothing */
    AK_OP_SIGN_MESSAGE = 2,    /* EIP-191 */
    AK_OP_SIGN_SIWE = 3,       /* EIP-4361 */
    AK_OP_SIGN_TYPED_DATA = 4, /* EIP-712 */
    AK_OP_SIGN_TX = 5,
    AK_OP_OIDC = 6,            /* mint a token for a cloud */
    AK_OP_READ_CREDENTIAL = 7, /* of one service */
    AK_OP_TOKEN = 8,           /* the agent renews its own token: no scope needed, counted */
    AK_OP_COUNT
};

/* "derive-address", "sign-message", …, "read-credential", "token"; "unknown" for anything else. */
const char *ak_operation_name(enum ak_operation operation);
/* The capability of a scope that allows it ("cap:sign-message"); NULL where none does (reading is allowed by
 * the service's name, derive-address and token need no item). */
const char *ak_operation_cap(enum ak_operation operation);
/* AK_OP_NONE for an unknown name. */
enum ak_operation ak_operation_parse(struct ak_span name);
/* True for the values of the enum except AK_OP_NONE and AK_OP_COUNT. */
bool ak_operation_known(enum ak_operation operation);
/* True where an item of the scope is needed. */
bool ak_operation_needs_scope(enum ak_operation operation);
/* True where a use takes from the rate bucket and the counters. */
bool ak_operation_counts(enum ak_operation operation);

#endif
