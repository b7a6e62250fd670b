/* The stable answer codes of the wire contract: name, HTTP status, and the sentence a person reads where
 * nothing more precise is known. Clients match on the name; numbers are only used between our own processes
 * of one build. */
#ifndef AK_CORE_WIRE_CODE_H
#define AK_CORE_WIRE_CODE_H

#include "base/err.h"

enum ak_code {
    AK_CODE_OK = 0,
    AK_CODE_INVALID_JSON,
    AK_CODE_INVALID_REQUEST,
    AK_CODE_INVALID_OMNI_ACCOUNT,
    AK_CODE_INVALID_MESSAGE_HEX,
    AK_CODE_INVALID_SIWE,
    AK_CODE_INVALID_PATH,
    AK_CODE_UNAUTHORIZED,
    AK_CODE_INVALID_TOKEN,
    AK_CODE_TOKEN_EXPIRED,
    AK_CODE_PROOF_REQUIRED,
    AK_CODE_USE_DPOP_NONCE,
    AK_CODE_PROOF_REPLAYED,
    AK_CODE_NONCE_EXPIRED,
    AK_CODE_BAD_SIGNATURE,
    AK_CODE_DENIED,
    AK_CODE_ACCOUNT_MISMATCH,
    AK_CODE_DEVICE_NOT_ENROLLED,
    AK_CODE_NOT_FOUND,
    AK_CODE_NO_EVIDENCE,
    AK_CODE_METHOD_NOT_ALLOWED,
    AK_CODE_ALREADY_CONSUMED,
    AK_CODE_ALREADY_EXISTS,
    AK_CODE_ALREADY_DONE,
    AK_CODE_GENERATION_CONFLICT,
    AK_CODE_GENERATION_EXHAUSTED,
    AK_CODE_EXPIRED_REQUEST,
    AK_CODE_TOO_LARGE,
    AK_CODE_IDEMPOTENCY_MISMATCH,
    AK_CODE_RATE_LIMIT_EXCEEDED,
    AK_CODE_INTERNAL,
    AK_CODE_SIGNER_DISABLED,
    AK_CODE_SIGNER_AUTH_NOT_CONFIGURED,
    AK_CODE_NOT_READY,
    AK_CODE_LEDGER_UNAVAILABLE,
    AK_CODE_LEDGER_DAMAGED,
    AK_CODE_STORAGE_FULL,
    AK_CODE_PENDING, /* 202: a change that waits for its time or a second device */
    AK_CODE_EPOCH_BUSY,
    AK_CODE_TAMPERED,
    AK_CODE_NOT_OPERATOR,
    AK_CODE_TRUST_PINNED,
    AK_CODE_UPSTREAM_ERROR, /* the broker: the worker does not answer */
    AK_CODE_LEDGER_ARCHIVED,
    AK_CODE_COUNT
};

/* Stable name ("denied"); "internal" beyond the enum. */
const char *ak_code_name(enum ak_code code);
/* HTTP status; 500 beyond the enum. */
unsigned ak_code_status(enum ak_code code);
/* One sentence for people. */
const char *ak_code_text(enum ak_code code);

#endif
