/* What a token endpoint answers: an id_token, or an error. Other tokens are not looked at and not kept.
 * Secret: the answer; the JSON reader's copy of it is not wiped, and an access token that is never used opens
 * what the scope asked for, which is the person's name there. Pure but for that reader's memory. spec: RFC
 * 6749 5.1, 5.2; OpenID Connect Core 3.1.3.3 */
#ifndef AK_CORE_RP_TOKEN_ANSWER_H
#define AK_CORE_RP_TOKEN_ANSWER_H

#include "base/buf.h"
#include "core/rp/id_token.h"

enum { AK_RP_ANSWER_MAX = 65536, AK_RP_ERROR_MAX = 64 };

/* Appends the id_token (at most AK_RP_ID_TOKEN_MAX). AK_E_LIMIT, AK_E_FORMAT (not such an answer, or no
 * id_token), AK_E_FULL; AK_E_MEANING where it is an error (RFC 6749 5.2), whose code is in out_error, cut and
 * with what is not [a-z0-9_] as "?"; out_error ("" otherwise) may be NULL. */
AK_MUST_USE enum ak_err ak_rp_token_answer_parse(
    struct ak_span text, struct ak_buf *out_id_token, char out_error[AK_RP_ERROR_MAX + 1]);

#endif
