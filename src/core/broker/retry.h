/* What follows from trying to send a mail: it is gone, given up, or tried again, and how long the sender
 * rests. One server takes all mails, so while it does not answer the sender rests longer and longer, a minute
 * at the most; a refusal of one mail delays that one only. How long a mail is worth sending is its own
 * matter: a link until it has expired, a notice for a day. Pure: time is an argument. spec:
 * docs/operations.md, Broker */
#ifndef AK_CORE_BROKER_RETRY_H
#define AK_CORE_BROKER_RETRY_H

#include <stdbool.h>
#include <stdint.h>

#include "base/err.h"

enum { AK_RETRY_PAUSE_MAX_S = 60, AK_RETRY_TEMPORARY = 400 };

enum ak_retry_end { AK_RETRY_GONE, AK_RETRY_GIVEN_UP, AK_RETRY_LATER };

struct ak_retry {
    enum ak_retry_end end;
    unsigned tries;  /* of this mail, with this one */
    uint64_t next_s; /* LATER: not before */
};

/* 1, 2, 4 ... 60 s after so many failures; 0 after none. */
uint64_t ak_retry_pause_s(unsigned failures);

/* `err`: of sending (AK_E_EXPIRED, AK_E_MEANING and AK_E_ARG: never); `status`: the server's newest answer,
 * 0: none; `tries`: before this one. *failures: of the server, one after the other; 0 again once it answers.
 */
struct ak_retry ak_retry_after(
    enum ak_err err, unsigned status, unsigned tries, uint64_t now_s, unsigned *failures);

#endif
