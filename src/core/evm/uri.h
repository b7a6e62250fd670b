/* The grammar of RFC 3986 as far as sign-in texts and providers need it. Answers yes or no, changes nothing,
 * normalises nothing. IPvFuture literals are refused. No secret arguments. Threads: any. */
#ifndef AK_CORE_EVM_URI_H
#define AK_CORE_EVM_URI_H

#include <stdbool.h>

#include "base/span.h"

/* A URI with scheme; not a relative reference. spec: RFC 3986 3 */
bool ak_uri_valid(struct ak_span uri);
/* [userinfo "@"] host [":" port], the host not empty. spec: RFC 3986 3.2 */
bool ak_uri_authority_valid(struct ak_span authority);
/* spec: RFC 3986 3.1 */
bool ak_uri_scheme_valid(struct ak_span scheme);
/* Any number of `pchar`, none included. spec: RFC 3986 3.3 */
bool ak_uri_pchars_valid(struct ak_span text);
/* reserved or unreserved characters and spaces, at least one: a SIWE statement. spec: EIP-4361 */
bool ak_uri_statement_valid(struct ak_span text);

/* Whether it starts with http: and names localhost, 127.0.0.1 or [::1]. */
bool ak_uri_is_plain_loopback(struct ak_span uri);
/* A place to fetch from: https without user, password and fragment; where `plain` allows it http, to a
 * loopback address only. spec: RFC 9110 4.2 */
bool ak_uri_is_web(struct ak_span uri, bool plain);

#endif
