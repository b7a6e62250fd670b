/* A service's definition: into which requests a proxy may inject its credential. Kept as one text of five
 * lines (inject, hosts, methods, path prefixes, template), so that entry and state hold what the person
 * signed. Strict: what a proxy would have to guess about is refused. Public. Threads: any.
 * spec: docs/formats/ledger.md, ServiceDefined */
#ifndef AK_CORE_VAULT_SERVICE_H
#define AK_CORE_VAULT_SERVICE_H

#include "base/attr.h"
#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "core/vault/limits.h"

/* Lists are comma separated, without blanks. Views. */
struct ak_service_definition {
    struct ak_span inject;        /* header, basic, query, sigv4 */
    struct ak_span hosts;         /* "api.example.org", "127.0.0.1:8080"; lower case, at least one */
    struct ak_span methods;       /* "GET,POST"; at least one */
    struct ak_span path_prefixes; /* "/v1/"; at least one */
    struct ak_span template; /* header: "Authorization: Bearer {value}"; query: "key={value}"; else empty */
};

/* What is wrong, for people; NULL where it is good. */
const char *ak_service_definition_fault(const struct ak_service_definition *definition);
/* Appends the text. AK_E_LIMIT over AK_LIMIT_DEFINITION, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_service_definition_put(
    struct ak_buf *buf, const struct ak_service_definition *definition);
/* Takes a text apart. AK_E_FORMAT where it is not five lines; the definition is empty then. */
AK_MUST_USE enum ak_err ak_service_definition_parse(
    struct ak_span text, struct ak_service_definition *out_definition);

#endif
