/* Well-formed UTF-8: no overlong forms, no surrogates, nothing above U+10FFFF. Whether a text is acceptable
 * (normal form, controls) is the caller's business. Public bytes. Threads: any. spec: RFC 3629 3, 4 */
#ifndef AK_BASE_CODEC_UTF8_H
#define AK_BASE_CODEC_UTF8_H

#include "base/err.h"
#include "base/span.h"

/* Length in bytes (1 to 4) of the character that `text` starts with; 0 where it does not start with one. */
size_t ak_utf8_step(struct ak_span text);
/* AK_OK where `text` is well-formed UTF-8; AK_E_FORMAT. The empty text is well-formed. */
AK_MUST_USE enum ak_err ak_utf8_validate(struct ak_span text);

#endif
