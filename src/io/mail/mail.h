/* One mail to one address by SMTP, through libcurl. TLS 1.2 or later with the server's certificate checked,
 * implicit (smtps://) or by STARTTLS, which is then demanded; plain only where the caller says so. No proxy,
 * no netrc, no redirect. Secret: password and text; nothing is logged. Not guaranteed: that a mail the server
 * took arrives, or that one whose answer was lost did not leave. Blocks for at most twice the time-out. One
 * thread a sender. */
#ifndef AK_IO_MAIL_MAIL_H
#define AK_IO_MAIL_MAIL_H

#include <stdatomic.h>
#include <stdbool.h>

#include "base/err.h"
#include "base/span.h"

enum { AK_MAIL_PASSWORD_MAX = 256, AK_MAIL_REASON_MAX = 256 };

struct ak_mail_server {
    const char *url; /* smtps://host[:port] or smtp://host[:port] */
    bool plain;      /* smtp:// without STARTTLS */
    const char *from;
    const char *user; /* empty: none */
    char password[AK_MAIL_PASSWORD_MAX];
    struct ak_span authorities; /* PEM; empty: the system's */
    unsigned timeout_s;
};

struct ak_mail_sender {
    const struct ak_mail_server *server;
    const atomic_bool *stop;         /* true: break off within a second */
    unsigned status;                 /* the server's last word on the newest one; 0: it did not speak */
    char reason[AK_MAIL_REASON_MAX]; /* why the newest one did not leave; no address in it */
};

/* `to` is an address without angle brackets, `text` the whole mail with CR LF. AK_E_IO: try again later.
 * AK_E_MEANING: the server will not have it (5xx), trying again does not help. AK_E_AUTH: the server is not
 * who it should be, or refuses our user. AK_E_ARG: an address that cannot stand in SMTP. */
AK_MUST_USE enum ak_err ak_mail_send(struct ak_mail_sender *sender, struct ak_span to, struct ak_span text);

#endif
