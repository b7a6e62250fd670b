/* Sign-In with Ethereum texts: strict reader, renderer and time check.
 * Guarantees: whatever is read renders back byte for byte; every field has the form that EIP-4361 gives it,
 * the address its checksum, URIs and the domain the form of RFC 3986, times that of RFC 3339.
 * Does not decide whose domain, nonce or resource is acceptable. No secret arguments; views point into the
 * text. Threads: any. spec: EIP-4361 */
#ifndef AK_CORE_EVM_SIWE_H
#define AK_CORE_EVM_SIWE_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_SIWE_RESOURCES_MAX = 16, AK_SIWE_NONCE_MIN = 8 };

/* Text fields are views; an absent optional one has ptr NULL (an empty request id is present and empty). */
struct ak_siwe {
    struct ak_span scheme; /* optional: "https" */
    struct ak_span domain; /* an authority: host, port, even userinfo; compare it whole */
    uint8_t address[20];
    struct ak_span statement; /* optional */
    struct ak_span uri;
    uint64_t chain_id;
    struct ak_span nonce;
    struct ak_span issued_at;
    struct ak_span expiration_time; /* optional */
    struct ak_span not_before;      /* optional */
    struct ak_span request_id;      /* optional */
    bool has_resources;             /* the line "Resources:" stands there, even with none below */
    size_t resource_count;
    struct ak_span resources[AK_SIWE_RESOURCES_MAX];
    /* The times as Unix ms, set by ak_siwe_parse; 0 and UINT64_MAX where the optional ones are absent. */
    uint64_t issued_at_ms;
    uint64_t not_before_ms;
    uint64_t expiration_ms;
};

/* Reads the whole text. AK_E_FORMAT, AK_E_AUTH (address without its checksum), AK_E_LIMIT (over 16 resources,
 * chain id over a u64, over 30 KiB, a time outside 1970 to 9999); *out_siwe is zeros then. */
AK_MUST_USE enum ak_err ak_siwe_parse(struct ak_span text, struct ak_siwe *out_siwe);
/* The same; *out_reason is a literal that names the first line at fault, "" on success. */
AK_MUST_USE enum ak_err ak_siwe_read(struct ak_span text, struct ak_siwe *out_siwe, const char **out_reason);
/* Renders the text from its fields (the *_ms are not looked at). What it renders from fields of bad form does
 * not parse: a composer parses its own text before it is used. */
void ak_siwe_put(struct ak_buf *buf, const struct ak_siwe *siwe);
/* AK_E_EXPIRED before not_before and from expiration_time on. */
AK_MUST_USE enum ak_err ak_siwe_check_time(const struct ak_siwe *siwe, uint64_t now_ms);

/* Whether `domain` names the same site as `authority` ("host" or "host:port"), whatever userinfo, letter
 * case, final dot or default port (80, 443) it is dressed with. To refuse a site of one's own; who accepts a
 * domain compares it whole. */
bool ak_siwe_same_site(struct ak_span domain, struct ak_span authority);

#endif
