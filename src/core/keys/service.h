/* Keys of the service itself, each bound to a purpose such as "session/v1" or "ledger/v1/<log id>".
 * Guarantees: purposes come from a closed list, and each has one kind of key, so that no two kinds share
 * bytes. Only a root born in the TEE gives any (AK_E_STATE otherwise). Secret: outputs. Public: purposes.
 * Threads: as the root's. spec: docs/formats/keys.md, Service keys */
#ifndef AK_CORE_KEYS_SERVICE_H
#define AK_CORE_KEYS_SERVICE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"
#include "core/keys/derive.h"

/* P-256 scalars */
#define AK_PURPOSE_SESSION     "session/v1"
#define AK_PURPOSE_AGENT_TOKEN "agent-token/v1"
#define AK_PURPOSE_OIDC        "oidc/issuer/v"  /* + version, from 1 */
#define AK_PURPOSE_WORKER_TLS  "worker-tls/v1/" /* + worker id */
/* 32 bytes: Ed25519 seed, HMAC key, AES key, X25519 scalar */
#define AK_PURPOSE_LEDGER     "ledger/v1/"     /* + log id */
#define AK_PURPOSE_LEDGER_MAC "ledger-mac/v1/" /* + log id */
#define AK_PURPOSE_SHIELDING  "shielding/v1"
#define AK_PURPOSE_IMPORT     "import/v1"
#define AK_PURPOSE_DELIVERY   "delivery/v1"

enum ak_purpose_kind { AK_PURPOSE_UNKNOWN, AK_PURPOSE_SECRET32, AK_PURPOSE_P256 };
/* The longest purpose with its id. */
enum { AK_PURPOSE_MAX = 96, AK_PURPOSE_ID_MAX = 64 };

/* What kind of key the purpose has; AK_PURPOSE_UNKNOWN for a text that is no purpose. The version may be any
 * canonical decimal from 1 ("/v2"). Ids are 1 to 64 of A-Z a-z 0-9 - _ . */
enum ak_purpose_kind ak_purpose_kind(struct ak_span purpose);

/* 32 bytes for a purpose of that kind. AK_E_ARG (unknown purpose or other kind), AK_E_STATE, AK_E_CRYPTO;
 * zeros then. */
AK_MUST_USE enum ak_err ak_service_secret32(
    const struct ak_root *root, struct ak_span purpose, struct ak_secret32 *out_key);
/* A P-256 scalar: 48 bytes reduced mod (n-1), plus 1. Errors as above. spec: FIPS 186-5 A.2.1 */
AK_MUST_USE enum ak_err ak_service_p256(
    const struct ak_root *root, struct ak_span purpose, struct ak_secret32 *out_scalar);

/* The same for version `version` of the issuer's key. */
AK_MUST_USE enum ak_err ak_service_oidc(
    const struct ak_root *root, uint32_t version, struct ak_secret32 *out_scalar);

#endif
