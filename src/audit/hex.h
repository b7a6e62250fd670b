/* Lower-case hex to bytes, eight characters a step: most of an export is hex, so this decides how fast a
 * verifier is. Public bytes only. Threads: any. spec: docs/formats/ledger.md, Export */
#ifndef AK_AUDIT_HEX_H
#define AK_AUDIT_HEX_H

#include <stdbool.h>

#include "base/span.h"

/* Decodes the whole text to text.len / 2 bytes. False for an odd length and for any character that is not 0
 * to 9 or a to f; `out_bytes` then holds nothing of use. */
bool ak_audit_hex_decode(struct ak_span text, uint8_t *out_bytes);

#endif
