/* The one error type of the code: what kind of thing went wrong, never a message.
 * 0 is success. A denial by policy is a value (core/policy), not an error. No secret arguments. */
#ifndef AK_BASE_ERR_H
#define AK_BASE_ERR_H

#include "base/attr.h"

enum ak_err {
    AK_OK = 0,
    AK_E_ARG,       /* the caller broke the contract in a way it could not have known before */
    AK_E_LIMIT,     /* a size, count or range limit is exceeded */
    AK_E_FORMAT,    /* bytes do not have the form they must have */
    AK_E_AUTH,      /* a signature, tag, MAC or digest does not match */
    AK_E_MEANING,   /* well-formed and authentic, but not acceptable here */
    AK_E_EXPIRED,   /* too old, or not yet valid */
    AK_E_REPLAY,    /* single-use thing used again */
    AK_E_NOT_FOUND, /* no such record */
    AK_E_EXISTS,    /* the record is there already */
    AK_E_CONFLICT,  /* the state moved on since the caller looked */
    AK_E_FULL,      /* a bounded table, arena or disk is full */
    AK_E_IO,        /* the operating system refused */
    AK_E_CRYPTO,    /* the library failed for a reason that is not the input's */
    AK_E_STATE,     /* not possible in the present state */
    AK_E_UNSUPPORTED,
    AK_E_COUNT
};

/* Stable lower-case name of `err`, for logs and tests ("limit", "auth"…); "unknown" beyond the enum. */
const char *ak_err_name(enum ak_err err);

/* Returns from the calling function with the error, if there is one. */
#define AK_TRY(expr)                                                                                         \
    do {                                                                                                     \
        enum ak_err ak_try_err_ = (expr);                                                                    \
        if (ak_try_err_ != AK_OK) return ak_try_err_;                                                        \
    } while (0)

#endif
