/* A provider's discovery document, read for what a code flow needs. Guarantees: the document speaks for the
 * issuer that was asked for, byte for byte; each address is an https URL, or http on loopback where the
 * issuer itself is; what it says of PKCE, response types and signatures allows what is done here. Public
 * bytes; the result is a plain value. Pure but for the JSON reader's memory. spec: OpenID Connect
 * Discovery 1.0 3, 4.3; RFC 8414 2; RFC 9207 3 */
#ifndef AK_CORE_RP_DISCOVERY_H
#define AK_CORE_RP_DISCOVERY_H

#include "core/rp/url.h"

enum { AK_RP_DISCOVERY_MAX = 65536 };

/* How the client's secret goes to the token endpoint. */
enum ak_rp_auth { AK_RP_AUTH_BASIC, AK_RP_AUTH_POST, AK_RP_AUTH_NONE };

struct ak_rp_text {
    uint16_t len;
    uint8_t bytes[AK_RP_URL_MAX];
};
struct ak_rp_discovery {
    struct ak_rp_text authorization, token, jwks; /* endpoints */
    enum ak_rp_auth auth;                         /* BASIC where the document says nothing */
    bool iss_parameter; /* its answers name the issuer: ak_rp_callback_iss_fits insists on it */
};
static inline struct ak_span ak_rp_text(const struct ak_rp_text *text)
{
    return ak_span(text->bytes, text->len);
}

/* Appends the document's address: issuer without a trailing slash, "/.well-known/openid-configuration".
 * AK_E_ARG for an issuer that is not valid, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_rp_discovery_url(struct ak_buf *buf, struct ak_span issuer);
/* AK_E_LIMIT (length), AK_E_FORMAT (not JSON, a member of another type or missing), AK_E_AUTH (another
 * issuer's), AK_E_MEANING (an address that is not taken), AK_E_UNSUPPORTED (no code flow, S256, RS256 or
 * ES256, or no way of authentication that is known). out is zeroed then. */
AK_MUST_USE enum ak_err ak_rp_discovery_parse(
    struct ak_span text, struct ak_span issuer, struct ak_rp_discovery *out_discovery);
/* Whether the parameter `iss` of a callback (empty: absent) is the issuer's; it may be absent only where the
 * provider does not promise it. spec: RFC 9207 2.4 */
bool ak_rp_callback_iss_fits(
    const struct ak_rp_discovery *discovery, struct ak_span issuer, struct ak_span iss_parameter);

#endif
