/* What a value that travels sealed is bound to: the info of HPKE. The same bytes at client and keeper.
 * Public. Threads: any. spec: docs/formats/vault.md, Delivery */
#ifndef AK_CORE_VAULT_DELIVERY_H
#define AK_CORE_VAULT_DELIVERY_H

#include "base/buf.h"
#include "base/span.h"
#include "core/vault/limits.h"

/* Appends ["agentkeys-hpke-v1", call, anchor, service, path], deterministic CBOR; `call` is "credential-put"
 * or "credential-read", `path` is "/label" or empty: where the credential lies, as the answer says it. At
 * most AK_VAULT_INFO_MAX bytes. */
void ak_vault_put_info(struct ak_buf *buf, const char *call, const uint8_t anchor[32], struct ak_span service,
    struct ak_span path);

#endif
