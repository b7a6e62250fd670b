/* What people and mails carry: the match code (6 characters of an alphabet without look-alikes, 30 bits) and
 * the link's token (256 bits). Both are kept as hashes under the broker's file key only: the match code is
 * short enough to be found from a plain hash. Secret: token, code, key. Pure. */
#ifndef AK_CORE_BROKER_CODE_H
#define AK_CORE_BROKER_CODE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

enum { AK_MATCH_CODE_LEN = 6, AK_LINK_TOKEN_LEN = 32, AK_LINK_TOKEN_TEXT_LEN = 43 };

/* From random bytes; no NUL at the end. */
void ak_match_code_make(const uint8_t random[AK_MATCH_CODE_LEN], char out_code[AK_MATCH_CODE_LEN]);
/* As a person types it: lower case, spaces and a hyphen are forgiven. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_match_code_read(struct ak_span typed, char out_code[AK_MATCH_CODE_LEN]);

/* HMAC-SHA256 under the file key: of a request's match code, of a token, of what a limit counts by. */
void ak_broker_hash(const struct ak_secret32 *key, const char *what, struct ak_span about,
    struct ak_span value, uint8_t out_hash[32]);

#endif
