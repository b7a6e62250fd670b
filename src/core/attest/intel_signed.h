/* Intel's collateral in JSON: `{"tcbInfo":BODY,"signature":"…"}`, where the signature is over the bytes of
 * BODY as they stand, and the few kinds of values inside. Internal to core/attest. spec: Intel SGX and TDX
 * Provisioning Certification Service API v4 */
#ifndef AK_CORE_ATTEST_INTEL_SIGNED_H
#define AK_CORE_ATTEST_INTEL_SIGNED_H

#include "base/codec/json.h"

enum { AK_INTEL_JSON_MAX = 256 * 1024 };

/* `name` is "tcbInfo" or "enclaveIdentity". The form is the one that Intel's service gives, without white
 * space, a line feed at the end at most: nothing but that has a place outside the signed bytes. AK_E_FORMAT,
 * AK_E_LIMIT; empty then. The body is a view, and JSON only once ak_json_parse has said so. */
AK_MUST_USE enum ak_err ak_intel_signed_split(
    struct ak_span text, const char *name, struct ak_span *out_body, uint8_t out_signature[64]);

/* Hex of either case. AK_E_FORMAT also where it is not there. */
AK_MUST_USE enum ak_err ak_intel_json_hex(
    struct ak_json_value object, const char *name, uint8_t *out_bytes, size_t len);
/* 0 to max. */
AK_MUST_USE enum ak_err ak_intel_json_number(
    struct ak_json_value object, const char *name, uint64_t max, uint64_t *out_number);
/* "2025-06-19T10:32:27Z" as seconds since 1970, of the years 1970 to 9999. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_intel_time_parse(struct ak_span text, uint64_t *out_seconds);

enum { AK_INTEL_TIME_LEN = 20 };
/* When collateral was made, and when the next is due. */
struct ak_intel_window {
    uint64_t from_s, until_s;
    uint8_t from[AK_INTEL_TIME_LEN], until[AK_INTEL_TIME_LEN]; /* the same as text */
};
/* issueDate and nextUpdate. */
AK_MUST_USE enum ak_err ak_intel_json_window(struct ak_json_value object, struct ak_intel_window *out_window);

#endif
