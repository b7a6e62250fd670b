/* What people type, parsed: durations, rates, labels, paths, hex. Pure. No secrets except the recovery code.
 * Each gives a literal reason for people. Threads: any. */
#ifndef AK_PROGRAMS_COMMAND_ARGS_H
#define AK_PROGRAMS_COMMAND_ARGS_H

#include "base/buf.h"
#include "base/err.h"
#include "core/keys/path.h"

/* "90s" "10m" "5h" "30d" "2w", at least 1 s, at most 100 years; a unit is needed. AK_E_FORMAT, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_args_duration(const char *text, uint64_t *out_seconds, const char **out_reason);
/* "100", "100/min" or "2/s" as uses a minute, 1 to 10000. AK_E_FORMAT, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_args_rate(const char *text, uint64_t *out_per_minute, const char **out_reason);
/* "agent-1", "/agent-1" or "/agent-1/0". AK_E_FORMAT, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_args_label(const char *text, struct ak_path *out_path, const char **out_reason);
/* "agent-1" or a path; appends the path as the wire has it. AK_E_FORMAT, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_args_path(const char *text, struct ak_buf *out_path, const char **out_reason);
/* Exactly 64 lower-case hex digits. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_args_anchor(const char *text, uint8_t out_anchor[32], const char **out_reason);
/* 43 characters of base64url. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_args_thumbprint(const char *text, uint8_t out_print[32], const char **out_reason);
/* A device's name as it may be sent: 1 to 64 bytes of UTF-8, no control characters. AK_E_FORMAT, AK_E_LIMIT.
 */
AK_MUST_USE enum ak_err ak_args_name(const char *text, const char **out_reason);
/* Whole number. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_args_number(const char *text, uint64_t *out_number, const char **out_reason);
/* Hex of any case with or without 0x, appended as bytes. AK_E_FORMAT, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_args_hex(const char *text, struct ak_buf *out_bytes, const char **out_reason);
/* Items separated by commas; blanks around them are dropped, empty items refused. AK_E_FORMAT, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_args_items(const char *text, struct ak_buf *out_joined, const char **out_reason);

/* "email:alice@demo.example", "alice@demo.example", "evm:0x..." or "0x...": appends "type:value" in its one
 * spelling, lower case unless it is a provider's. AK_E_FORMAT, AK_E_LIMIT, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_args_identity(
    const char *text, struct ak_buf *out_identity, const char **out_reason);
/* The omni of such an identity, or its 64 lower-case hex digits themselves. Errors as there. */
AK_MUST_USE enum ak_err ak_args_omni(const char *text, uint8_t out_omni[32], const char **out_reason);

/* The recovery code: 32 bytes shown as 16 groups of 4 hex digits. `out_text` gets 79 characters and a NUL. */
enum { AK_RECOVERY_TEXT_LEN = 79 };
void ak_args_recovery_format(const uint8_t code[32], char out_text[AK_RECOVERY_TEXT_LEN + 1]);
/* Takes upper and lower case, blanks, line ends and dashes anywhere. AK_E_FORMAT; zeros then. */
AK_MUST_USE enum ak_err ak_args_recovery_parse(struct ak_span text, uint8_t out_code[32]);

#endif
