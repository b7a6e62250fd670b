/* Names of the error kinds. */
#include "base/err.h"

static const char *const names[AK_E_COUNT] = {
    [AK_OK] = "ok",
    [AK_E_ARG] = "arg",
    [AK_E_LIMIT] = "limit",
    [AK_E_FORMAT] = "format",
    [AK_E_AUTH] = "auth",
    [AK_E_MEANING] = "meaning",
    [AK_E_EXPIRED] = "expired",
    [AK_E_REPLAY] = "replay",
    [AK_E_NOT_FOUND] = "not_found",
    [AK_E_EXISTS] = "exists",
    [AK_E_CONFLICT] = "conflict",
    [AK_E_FULL] = "full",
    [AK_E_IO] = "io",
    [AK_E_CRYPTO] = "crypto",
    [AK_E_STATE] = "state",
    [AK_E_UNSUPPORTED] = "unsupported",
};

const char *ak_err_name(enum ak_err err)
{
    return (unsigned)err < AK_E_COUNT ? names[err] : "unknown";
}
