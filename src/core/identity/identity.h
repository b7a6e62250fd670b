/* Names of people: a type from a closed list and a value, hashed to the 32-byte omni account.
 * Guarantees: what passes here has one spelling only (lower-case addresses, no control bytes), so that a
 * person has one omni. Does not prove that the identity is anybody's, nor that a provider is configured.
 * No secret arguments. Views point into the caller's text. Threads: any. */
#ifndef AK_CORE_IDENTITY_IDENTITY_H
#define AK_CORE_IDENTITY_IDENTITY_H

#include "base/err.h"
#include "base/span.h"

enum { AK_OMNI_LEN = 32, AK_OMNI_TEXT_LEN = 64, AK_PROVIDER_MIN = 2, AK_PROVIDER_MAX = 16 };

enum ak_identity_type {
    AK_IDENTITY_EMAIL, /* "email": a lower-case ASCII address */
    AK_IDENTITY_EVM,   /* "evm": "0x" and 40 lower-case hex digits */
    AK_IDENTITY_OAUTH2 /* "oauth2_<provider>": the provider's `sub`, printable ASCII */
};

/* Views into the text that was parsed. */
struct ak_identity {
    enum ak_identity_type type;
    struct ak_span type_text; /* "email", "evm", "oauth2_google" */
    struct ak_span provider;  /* "google"; empty but for AK_IDENTITY_OAUTH2 */
    struct ak_span value;
};

/* Checks a type's text and a value and gives the identity. AK_E_UNSUPPORTED (type not in the list),
 * AK_E_LIMIT (value over 320 bytes), AK_E_FORMAT (empty, NUL, control byte, upper case in an address, not an
 * address). spec: docs/formats/keys.md, Identity */
AK_MUST_USE enum ak_err ak_identity_validate(
    struct ak_span type_text, struct ak_span value, struct ak_identity *out_identity);
/* The same from "type:value", cut at the first colon. AK_E_FORMAT where there is none. */
AK_MUST_USE enum ak_err ak_identity_parse(struct ak_span text, struct ak_identity *out_identity);

/* SHA-256("agentkeys" || type || value), after the checks of ak_identity_validate. Errors as there; the omni
 * is zeros then. spec: docs/formats/keys.md, Identity */
AK_MUST_USE enum ak_err ak_identity_omni(
    struct ak_span type_text, struct ak_span value, uint8_t out_omni[32]);

/* `name` is [a-z0-9]{2,16}. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_identity_provider_check(struct ak_span name);
/* The whole list of a trust configuration: each name is well-formed (AK_E_FORMAT) and none is equal to, or a
 * prefix of, another (AK_E_CONFLICT), because the omni joins type and value without a separator. */
AK_MUST_USE enum ak_err ak_identity_providers_check(const struct ak_span *names, size_t count);

#endif
