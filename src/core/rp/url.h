/* URLs and forms of the OAuth2 code flow: which addresses are taken from a provider, and what is sent there.
 * Every value is percent-encoded but for RFC 3986's unreserved characters, so none can add a parameter. Not
 * guaranteed: that an address is not inside the host's own network; a provider is trusted to say where it
 * is. Secret: the code, the verifier and the client's secret. Pure.
 * spec: RFC 6749 2.3.1, 4.1.1, 4.1.3, appendix B; RFC 3986 2.1; RFC 7636 4.3 */
#ifndef AK_CORE_RP_URL_H
#define AK_CORE_RP_URL_H

#include <stdbool.h>

#include "base/buf.h"

enum {
    AK_RP_URL_MAX = 511,        /* of an endpoint */
    AK_RP_VALUE_MAX = 511,      /* of a client_id, redirect_uri, scope, secret */
    AK_RP_CODE_MAX = 2048,      /* of an authorization code */
    AK_RP_AUTHORIZE_MAX = 8192, /* no authorization URL is longer */
    AK_RP_FORM_MAX = 16384,     /* nor a form */
};

/* An absolute URL without user, password and fragment, at most AK_RP_URL_MAX characters: https, or http to a
 * loopback address where `plain` allows it. */
bool ak_rp_url_valid(struct ak_span url, bool plain);
/* Whether it starts with http: and names localhost, 127.0.0.1 or [::1]. */
bool ak_rp_url_is_plain_loopback(struct ak_span url);

/* Appends the value percent-encoded. spec: RFC 3986 2.3 */
void ak_rp_put_encoded(struct ak_buf *buf, struct ak_span value);

struct ak_rp_authorize {
    struct ak_span endpoint; /* authorization_endpoint; a query of its own stays */
    struct ak_span client_id;
    struct ak_span redirect_uri;
    struct ak_span scope; /* "openid" and what else the operator wants */
    struct ak_span state;
    struct ak_span nonce;
    struct ak_span challenge; /* S256 */
};
/* Appends the URL that the person's browser is sent to. AK_E_ARG (an endpoint that is not valid, an empty
 * value, one over AK_RP_VALUE_MAX), AK_E_FULL; nothing is appended then. */
AK_MUST_USE enum ak_err ak_rp_authorize_url(struct ak_buf *buf, const struct ak_rp_authorize *authorize);

struct ak_rp_exchange {
    struct ak_span client_id;
    struct ak_span redirect_uri; /* as in the authorization URL */
    struct ak_span code;
    struct ak_span verifier;
    struct ak_span
        secret; /* the client's, in the form (client_secret_post); empty: public, or in the header */
};
/* Appends the form for the token endpoint. AK_E_ARG, AK_E_FULL; nothing is appended then. */
AK_MUST_USE enum ak_err ak_rp_exchange_form(struct ak_buf *buf, const struct ak_rp_exchange *exchange);
/* Appends "Basic …", the value of the Authorization header (client_secret_basic). AK_E_ARG, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_rp_basic(struct ak_buf *buf, struct ak_span client_id, struct ak_span secret);

#endif
