/* One sign-in, from its start to the session: what may happen to it in which state. Mail: pending ->
 * answered by link and match code -> taken by one poll of its device -> delivered. A poll that fails, or
 * whose process dies, gives it back. Wallet: pending -> taken -> delivered. OAuth2: pending -> processing,
 * once, by one owner who exchanges the code -> confirmed or failed -> answered by page and match code, and on
 * as mail; an owner who does not end in its time has failed. Nothing happens to it after its end or after
 * three wrong match codes. Pure: time, hashes and the record are arguments; who stores it keeps each step
 * atomic. Secrets enter as hashes only, compared in constant time. spec: docs/wire.md, Broker */
#ifndef AK_CORE_BROKER_SIGNIN_H
#define AK_CORE_BROKER_SIGNIN_H

#include <stdbool.h>

#include "base/span.h"
#include "core/wire/code.h"

enum {
    AK_SIGNIN_MAIL_S = 600, /* OAuth2, too */
    AK_SIGNIN_WALLET_S = 2700,
    AK_SIGNIN_TRIES = 3,
    AK_SIGNIN_TAKEN_S = 60, /* longer than any answer of the worker takes */
    AK_SIGNIN_OWNER_LEN = 16,
};

enum ak_signin_kind { AK_SIGNIN_MAIL = 1, AK_SIGNIN_WALLET = 2, AK_SIGNIN_OAUTH2 = 3 };
enum ak_signin_state {
    AK_SIGNIN_PENDING = 1,
    AK_SIGNIN_ANSWERED = 2,
    AK_SIGNIN_TAKEN = 3,
    AK_SIGNIN_DELIVERED = 4,
    AK_SIGNIN_BLOCKED = 5, /* three wrong match codes */
    AK_SIGNIN_PROCESSING = 6,
    AK_SIGNIN_CONFIRMED = 7, /* the provider said who it is; the match code is asked for */
    AK_SIGNIN_FAILED = 8,
};
enum ak_signin_failure {
    AK_SIGNIN_NOT_FAILED = 0,
    AK_SIGNIN_USER_DENIED = 1,
    AK_SIGNIN_ID_TOKEN_INVALID = 2,
    AK_SIGNIN_CODE_EXCHANGE_FAILED = 3,
};

struct ak_signin {
    uint8_t id[16];
    enum ak_signin_kind kind;
    enum ak_signin_state state;
    uint8_t jkt[32]; /* the device that asked */
    uint64_t expires_s;
    uint64_t taken_until_s; /* TAKEN, PROCESSING: a lease */
    uint8_t token_hash[32];
    uint8_t match_hash[32];
    uint8_t tries;                      /* wrong match codes so far */
    uint8_t owner[AK_SIGNIN_OWNER_LEN]; /* PROCESSING: who does */
    enum ak_signin_failure failure;
};

/* "user_denied"; NULL for AK_SIGNIN_NOT_FAILED and what is no failure. */
const char *ak_signin_failure_name(enum ak_signin_failure failure);

/* The provider sent the browser back: `owner` exchanges the code within `lease_s`. OK: it alone does.
 * PENDING: another one is at it. ALREADY_CONSUMED: that was done before, whatever came of it.
 * EXPIRED_REQUEST. NOT_FOUND: no such kind. */
enum ak_code ak_signin_begin(
    struct ak_signin *signin, const uint8_t owner[AK_SIGNIN_OWNER_LEN], uint64_t lease_s, uint64_t now_s);
/* How that ended; `token_hash` is the page's. ALREADY_CONSUMED: it is no longer this owner's. */
enum ak_code ak_signin_confirm(struct ak_signin *signin, const uint8_t owner[AK_SIGNIN_OWNER_LEN],
    const uint8_t token_hash[32], uint64_t now_s);
enum ak_code ak_signin_fail(struct ak_signin *signin, const uint8_t owner[AK_SIGNIN_OWNER_LEN],
    enum ak_signin_failure failure, uint64_t now_s);

/* What the page brings. A wrong token changes nothing: it is a guess of somebody without the mail, and says
 * not_found, and nobody has the right one before the provider has spoken. OK: answered. INVALID_REQUEST:
 * wrong code, with tries left. ALREADY_CONSUMED: answered before. EXPIRED_REQUEST: too late, or blocked. */
enum ak_code ak_signin_answer(
    struct ak_signin *signin, const uint8_t token_hash[32], const uint8_t match_hash[32], uint64_t now_s);

/* A poll, or a wallet's answer, of the device `jkt`. OK: taken, the caller asks the worker and says how it
 * ended. PENDING: not answered yet, or another poll has it. DENIED: failed, and `failure` says how.
 * NOT_FOUND: another device's. EXPIRED_REQUEST, ALREADY_CONSUMED. */
enum ak_code ak_signin_take(struct ak_signin *signin, const uint8_t jkt[32], uint64_t now_s);
/* The same codes, and nothing is taken: the device asks who answered. */
enum ak_code ak_signin_look(struct ak_signin *signin, const uint8_t jkt[32], uint64_t now_s);
/* The worker gave a session: this was the one delivery. */
void ak_signin_deliver(struct ak_signin *signin);
/* The worker gave none: the next poll may ask again. */
void ak_signin_give_back(struct ak_signin *signin);

#endif
