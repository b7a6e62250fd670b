/* Names, statuses and sentences of the answer codes. */
#include "core/wire/code.h"

struct row {
    const char *name;
    unsigned status;
    const char *text;
};

static const struct row rows[AK_CODE_COUNT] = {
    [AK_CODE_OK] = {"ok", 200, "done"},
    [AK_CODE_INVALID_JSON] = {"invalid_json", 400, "the body is not one JSON object within the limits"},
    [AK_CODE_INVALID_REQUEST] = {"invalid_request", 400, "a field is missing, unknown or out of range"},
    [AK_CODE_INVALID_OMNI_ACCOUNT] = {"invalid_omni_account", 400,
        "omni_account is 64 lower-case hex characters"},
    [AK_CODE_INVALID_MESSAGE_HEX] = {"invalid_message_hex", 400,
        "message_hex is lower-case hex of at most 30720 bytes"},
    [AK_CODE_INVALID_SIWE] = {"invalid_siwe", 400,
        "the text asks for a sign-in but is not a valid EIP-4361 message"},
    [AK_CODE_INVALID_PATH] = {"invalid_path", 400, "a path is /label or /label/generation"},
    [AK_CODE_UNAUTHORIZED] = {"unauthorized", 401, "send Authorization: DPoP with a session or agent token"},
    [AK_CODE_INVALID_TOKEN] = {"invalid_token", 401, "the token is not one this worker issued for this use"},
    [AK_CODE_TOKEN_EXPIRED] = {"token_expired", 401, "the token has expired; ask for a new one"},
    [AK_CODE_PROOF_REQUIRED] = {"proof_required", 401, "send a DPoP proof by the device's key"},
    [AK_CODE_USE_DPOP_NONCE] = {"use_dpop_nonce", 401,
        "repeat the proof with the nonce of the DPoP-Nonce header"},
    [AK_CODE_PROOF_REPLAYED] = {"proof_replayed", 401, "a proof works once; make a new one"},
    [AK_CODE_NONCE_EXPIRED] = {"nonce_expired", 401,
        "the proof's time is not now; check the clock and make a new one"},
    [AK_CODE_BAD_SIGNATURE] = {"bad_signature", 401, "the proof does not match the call"},
    [AK_CODE_DENIED] = {"denied", 403, "the agent's policy does not allow this"},
    [AK_CODE_ACCOUNT_MISMATCH] = {"account_mismatch", 403, "the token belongs to another account"},
    [AK_CODE_DEVICE_NOT_ENROLLED] = {"device_not_enrolled", 403,
        "this device is not enrolled for the account"},
    [AK_CODE_NOT_FOUND] = {"not_found", 404, "no such thing for this account"},
    [AK_CODE_NO_EVIDENCE] = {"no_evidence", 404, "this backend has no attestation evidence"},
    [AK_CODE_METHOD_NOT_ALLOWED] = {"method_not_allowed", 405, "this path takes another method"},
    [AK_CODE_ALREADY_CONSUMED] = {"already_consumed", 409, "it was used already"},
    [AK_CODE_ALREADY_EXISTS] = {"already_exists", 409, "it exists already"},
    [AK_CODE_ALREADY_DONE] = {"already_done", 409, "it is in that state already"},
    [AK_CODE_GENERATION_CONFLICT] = {"generation_conflict", 409,
        "the generation moved on; read it and try again"},
    [AK_CODE_GENERATION_EXHAUSTED] = {"generation_exhausted", 409, "the last generation is reached"},
    [AK_CODE_EXPIRED_REQUEST] = {"expired_request", 410, "the request has expired; start again"},
    [AK_CODE_TOO_LARGE] = {"too_large", 413, "the body is over 65536 bytes (98304 where a value is stored)"},
    [AK_CODE_IDEMPOTENCY_MISMATCH] = {"idempotency_mismatch", 422,
        "this Idempotency-Key was used for another call"},
    [AK_CODE_RATE_LIMIT_EXCEEDED] = {"rate_limit_exceeded", 429, "too many calls; see retry_after_secs"},
    [AK_CODE_INTERNAL] = {"internal", 500, "the worker failed; see its log"},
    [AK_CODE_SIGNER_DISABLED] = {"signer_disabled", 503,
        "this prefix is not live: the worker serves either /tee or, with the development secret, /dev"},
    [AK_CODE_SIGNER_AUTH_NOT_CONFIGURED] = {"signer_auth_not_configured", 503,
        "the worker has no key to check tokens"},
    [AK_CODE_NOT_READY] = {"not_ready", 503, "the worker is starting or stopping; try again"},
    [AK_CODE_LEDGER_UNAVAILABLE] = {"ledger_unavailable", 503,
        "the ledger did not take the entry; nothing was done"},
    [AK_CODE_LEDGER_DAMAGED] = {"ledger_damaged", 503, "the ledger does not verify; see the worker's log"},
    [AK_CODE_STORAGE_FULL] = {"storage_full", 507,
        "the disk is nearly full; only changes of policy are taken"},
    [AK_CODE_PENDING] = {"pending", 202,
        "accepted; it takes effect at ready_at, or when a second device confirms"},
    [AK_CODE_EPOCH_BUSY] = {"epoch_busy", 409,
        "stored values still need that epoch, or two epochs are live; wait for the sweep (epoch list)"},
    [AK_CODE_TAMPERED] = {"tampered", 500,
        "what is stored is missing or is not what the ledger names; nothing of it was opened"},
    [AK_CODE_NOT_OPERATOR] = {"not_operator", 403, "the trust configuration does not name this account"},
    [AK_CODE_TRUST_PINNED] = {"trust_pinned", 409,
        "a setting that would change stands in the worker's own settings; take it out there, start again, "
        "repeat"},
    [AK_CODE_UPSTREAM_ERROR] = {"upstream_error", 502,
        "the server behind this one does not answer; try again"},
    [AK_CODE_LEDGER_ARCHIVED] = {"ledger_archived", 410,
        "the entry was moved to an archive file of the ledger; its operator has it (agentkeys audit verify)"},
};

static const struct row *row_of(enum ak_code code)
{
    return (unsigned)code < AK_CODE_COUNT ? &rows[code] : &rows[AK_CODE_INTERNAL];
}

const char *ak_code_name(enum ak_code code)
{
    return row_of(code)->name;
}

unsigned ak_code_status(enum ak_code code)
{
    return row_of(code)->status;
}

const char *ak_code_text(enum ak_code code)
{
    return row_of(code)->text;
}
