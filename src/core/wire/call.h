/* Every call of the worker's wire contract: method, URL pattern, messages, and what it must be proved by.
 * Gateway, keeper, clients and the API description all read this one table. What is not in it answers 404. */
#ifndef AK_CORE_WIRE_CALL_H
#define AK_CORE_WIRE_CALL_H

#include "core/wire/field.h"

enum ak_call_id {
    AK_CALL_DERIVE_ADDRESS,
    AK_CALL_SIGN_MESSAGE,
    AK_CALL_ATTESTATION,
    AK_CALL_LOCAL_SESSION,
    AK_CALL_LOGOUT,
    AK_CALL_ACCOUNT,
    AK_CALL_ACCOUNT_SUSPEND,
    AK_CALL_ACCOUNT_RESUME,
    AK_CALL_RECOVERY_LIST,
    AK_CALL_RECOVERY_CANCEL,
    AK_CALL_DEVICE_REQUEST,
    AK_CALL_DEVICE_LIST,
    AK_CALL_DEVICE_REMOVE,
    AK_CALL_PAIR_REQUEST,
    AK_CALL_PAIR_LIST,
    AK_CALL_PAIR_STATUS,
    AK_CALL_PAIR_APPROVE,
    AK_CALL_PAIR_REFUSE,
    AK_CALL_PAIR_INVITE,
    AK_CALL_PAIR_REDEEM,
    AK_CALL_AGENT_LIST,
    AK_CALL_AGENT_SHOW,
    AK_CALL_AGENT_SUSPEND,
    AK_CALL_AGENT_RESUME,
    AK_CALL_AGENT_ROTATE,
    AK_CALL_AGENT_POLICY,
    AK_CALL_AGENT_DECOMMISSION,
    AK_CALL_AGENT_LINEAGE,
    AK_CALL_TOKEN,
    AK_CALL_EXPLAIN,
    AK_CALL_AUDIT,
    AK_CALL_CHECKPOINT,
    AK_CALL_CHECKPOINT_SEAL,
    AK_CALL_INCLUSION,
    AK_CALL_CONSISTENCY,
    AK_CALL_DELIVERY_KEY,
    AK_CALL_CREDENTIAL_PUT,
    AK_CALL_CREDENTIAL_READ,
    AK_CALL_CREDENTIAL_DELETE,
    AK_CALL_CREDENTIAL_LIST,
    AK_CALL_CREDENTIAL_ROLLBACK,
    AK_CALL_SERVICE_DEFINE,
    AK_CALL_SERVICE_SHOW,
    AK_CALL_SERVICE_LIST,
    AK_CALL_EPOCH_LIST,
    AK_CALL_EPOCH_ROTATE,
    AK_CALL_EPOCH_DESTROY,
    AK_CALL_OIDC_CONFIGURATION,
    AK_CALL_JWKS,
    AK_CALL_MINT_OIDC_JWT,
    AK_CALL_TRUST,
    AK_CALL_TRUST_CHANGE,
    AK_CALL_SIGN_IN_NONCE,
    AK_CALL_WALLET_STARTED,
    AK_CALL_WALLET_ANSWERED,
    AK_CALL_IDENTITY_ANSWERED,
    AK_CALL_RECOVERY_SEEN,
    AK_CALL_LINK,
    AK_CALL_UNLINK,
    AK_CALL_LINK_LIST,
    AK_CALL_NOTICES,
    AK_CALL_RECOVERY_CODE,
    AK_CALL_COUNT
};

/* What a call must bring. */
enum ak_call_auth {
    AK_AUTH_PUBLIC, /* nothing */
    AK_AUTH_PROOF,  /* a DPoP proof by the caller's device key, no token */
    AK_AUTH_USE,    /* a token; a proof once a connection */
    AK_AUTH_CHANGE, /* a session token and a fresh proof with ak_bh */
    AK_AUTH_SIGN_IN /* a proof by a device's key for the broker's URL, passed on; no token */
};

enum ak_call_flags {
    AK_CALL_SIGNER = 1,     /* path stands under the signer's prefix, /dev or /tee */
    AK_CALL_SESSION = 2,    /* an agent's token is refused */
    AK_CALL_LOCAL = 4,      /* only on the operator's own socket */
    AK_CALL_DEV = 8,        /* alive on the development signer too */
    AK_CALL_GIVES = 32,     /* gives rights: refused while the account is suspended */
    AK_CALL_STORE = 16,     /* answered from the stored ledger, by the reader thread */
    AK_CALL_INTERNAL = 128, /* only on the broker's socket, where nothing else is taken */
    AK_CALL_VALUE = 64,     /* brings a sealed value: its body may have AK_LIMIT_VALUE_BODY bytes */
};

struct ak_call {
    const char *name; /* what ak_bh and Idempotency-Key name it by */
    const char *method;
    const char *path; /* {field} stands for a field of the request */
    enum ak_call_auth auth;
    unsigned flags;
    const struct ak_msg *request;
    const struct ak_msg *reply;
    const char *doc; /* one sentence: what it does */
};

/* NULL beyond the table. */
const struct ak_call *ak_call_get(unsigned id);

/* Bytes that a body of the call may have, as JSON and as a frame's body; AK_LIMIT_BODY beyond the table. */
size_t ak_call_body_max(unsigned id);

/* Finds the call of method and path (without query). `prefix` is the live signer prefix, "/tee" or "/dev".
 * Path fields are appended to `params` (cap >= 4) as views into `path`, not percent-decoded: a label needs no
 * escapes. AK_E_NOT_FOUND, AK_E_UNSUPPORTED (the path takes another method). */
AK_MUST_USE enum ak_err ak_call_match(struct ak_span method, struct ak_span path, const char *prefix,
    struct ak_msg_param *params, size_t *out_param_count, unsigned *out_id);

/* The same over another program's table of calls. *out_id is `count` on failure. */
AK_MUST_USE enum ak_err ak_call_table_match(const struct ak_call *table, unsigned count,
    struct ak_span method, struct ak_span path, const char *prefix, struct ak_msg_param *params,
    size_t *out_param_count, unsigned *out_id);

/* Writes the URL path of a call from its body, with the query where `with_query`. For clients, and for the
 * keeper to say which `htu` a proof must have. */
AK_MUST_USE enum ak_err ak_call_put_path_of(
    const struct ak_call *call, const char *prefix, struct ak_span body, bool with_query, struct ak_buf *out);
AK_MUST_USE enum ak_err ak_call_put_path(
    unsigned id, const char *prefix, struct ak_span body, bool with_query, struct ak_buf *out);

#endif
