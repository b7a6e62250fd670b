/* The payload of our tokens: one layout, written and read byte by byte. For token.c only. */
#ifndef AK_CORE_TOKEN_TOKEN_PAYLOAD_H
#define AK_CORE_TOKEN_TOKEN_PAYLOAD_H

#include "core/token/token.h"

/* The claims' text; the writer fails where it does not fit. Values are checked before. */
void ak_token_payload_put(
    struct ak_buf *buf, const struct ak_token_issuer *issuer, const struct ak_token_claims *claims);
/* Reads exactly what the writer writes for `kind`. AK_E_FORMAT; AK_E_MEANING for another iss or aud. */
AK_MUST_USE enum ak_err ak_token_payload_read(struct ak_span payload, enum ak_token_kind kind,
    const struct ak_token_issuer *issuer, struct ak_token_claims *out_claims);

#endif
