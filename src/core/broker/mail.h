/* The text of a mail: ASCII, CR LF, one link. Nothing in it comes from a stranger but the recipient's own
 * address, which holds no control byte. Secret: the link. Pure. spec: RFC 5322 */
#ifndef AK_CORE_BROKER_MAIL_H
#define AK_CORE_BROKER_MAIL_H

#include <stdbool.h>

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_MAIL_TEXT_MAX = 4096 };

struct ak_mail_head {
    struct ak_span from, to;
    struct ak_span domain; /* of message ids */
    const uint8_t *id;     /* 16 bytes, of the message: a sign-in's, or one of its own */
    uint64_t now_s;
};

struct ak_mail_text {
    struct ak_mail_head head;
    struct ak_span origin; /* of the broker: "https://signin.example" */
    struct ak_span token;  /* base64url */
    uint64_t until_s;
};

/* AK_E_FULL. */
AK_MUST_USE enum ak_err ak_mail_put(const struct ak_mail_text *mail, struct ak_buf *out);
/* That something of the account waits, was cancelled or came to pass, or its recovery code is another one. */
struct ak_mail_notice {
    struct ak_mail_head head;
    bool started, cancelled; /* neither: done */
    bool sign_in;            /* a recovery by signing in; else another change that waits */
    bool code;               /* none of these: the recovery code was replaced, or spent */
    uint64_t ready_s;        /* of one that was started; 0: never by time alone */
};
/* AK_E_FULL. */
AK_MUST_USE enum ak_err ak_mail_put_notice(const struct ak_mail_notice *notice, struct ak_buf *out);

/* "Thu, 26 Nov 2026 07:10:00 +0000". spec: RFC 5322 3.3 */
void ak_mail_put_date(struct ak_buf *out, uint64_t unix_s);

#endif
