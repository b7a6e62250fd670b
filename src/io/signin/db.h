/* What the broker remembers, in SQLite (WAL, every commit synced): sign-ins under way, mails that wait,
 * proofs that were used, and how often whom. Each call is one transaction, so two brokers, or the threads of
 * one with a handle each, may share the file, and a kill between any two calls leaves a state that goes on.
 * Guarantees: a proof is used once, a sign-in is taken by one, a mail is leased to one (I10). Holds no
 * address, token or code in clear: the caller seals and hashes. Not guaranteed: that a mail leaves only
 * once, where a process dies between the server's word and its own. One thread a handle. */
#ifndef AK_IO_SIGNIN_DB_H
#define AK_IO_SIGNIN_DB_H

#include "base/err.h"
#include "base/span.h"
#include "core/broker/signin.h"

enum {
    AK_SIGNIN_PENDING_MAX = 10000, /* sign-ins that are not over */
    AK_SIGNIN_FROM_LEN = 16,
    AK_SIGNIN_SEALED_MAX = 2304, /* a sealed address, or what a wallet signs */
    AK_SIGNIN_MAIL_MAX = 768,    /* a sealed mail: token and address */
};

struct ak_signin_db; /* opaque */

/* Hashes of the network that a sign-in was started from, and of the source in it: for sharing out the room.
 */
struct ak_signin_from {
    uint8_t net[AK_SIGNIN_FROM_LEN];
    uint8_t source[AK_SIGNIN_FROM_LEN];
};
/* A sign-in with what belongs to it. */
struct ak_signin_row {
    struct ak_signin signin;
    struct ak_signin_from from; /* read by ak_signin_db_add alone */
    size_t sealed_len;
    uint8_t sealed[AK_SIGNIN_SEALED_MAX];
};

/* Opens the database, makes it where it is missing (mode 0600). AK_E_IO, AK_E_FORMAT (another program's, or
 * of a later version), AK_E_FULL. */
AK_MUST_USE enum ak_err ak_signin_db_open(const char *path, struct ak_signin_db **out_db);
void ak_signin_db_close(struct ak_signin_db *db);

/* Stores a new sign-in, and its mail where there is one. Where there are AK_SIGNIN_PENDING_MAX, one gives
 * way: of the network that has most, of the source that has most in it, the one that ends first, unless a
 * thread is at it. So a network that floods keeps out nobody but itself, and of itself those who have no
 * fewer than its fullest source. AK_E_LIMIT (the caller's own network and source are the fullest),
 * AK_E_EXISTS, AK_E_FULL (disk), AK_E_IO. */
AK_MUST_USE enum ak_err ak_signin_db_add(
    struct ak_signin_db *db, const struct ak_signin_row *row, struct ak_span mail, uint64_t now_s);

/* Reads the sign-in `id`, lets `step` change its state, and with that token_hash, owner, failure and what is
 * sealed, and stores it, all in one. `step` gives the code that *out_code becomes. AK_E_NOT_FOUND, AK_E_IO.
 */
typedef enum ak_code (*ak_signin_step)(void *ctx, struct ak_signin_row *row);
AK_MUST_USE enum ak_err ak_signin_db_step(struct ak_signin_db *db, const uint8_t id[16], ak_signin_step step,
    void *ctx, struct ak_signin_row *out_row, enum ak_code *out_code);

/* AK_E_REPLAY where this proof was used before. */
AK_MUST_USE enum ak_err ak_signin_db_use_proof(
    struct ak_signin_db *db, const uint8_t jti_hash[32], uint64_t forget_s);

/* Counts one use of `key` (see core/broker/window.h). AK_E_LIMIT with *out_retry_s, AK_E_IO. */
AK_MUST_USE enum ak_err ak_signin_db_count(struct ak_signin_db *db, const uint8_t key[32], uint64_t now_s,
    uint64_t length_s, size_t max, uint64_t *out_retry_s);

/* ---- mails ---- */
struct ak_signin_mail {
    int64_t number;
    uint8_t id[16];   /* the sign-in's */
    uint64_t until_s; /* not worth sending later */
    unsigned tries;
    size_t sealed_len;
    uint8_t sealed[AK_SIGNIN_MAIL_MAX];
};
/* Leases the mail that has waited longest and may go now, for `lease_s`. AK_E_NOT_FOUND. */
AK_MUST_USE enum ak_err ak_signin_db_mail_take(
    struct ak_signin_db *db, uint64_t now_s, uint64_t lease_s, struct ak_signin_mail *out_mail);
/* It left, or is not to be tried again. */
AK_MUST_USE enum ak_err ak_signin_db_mail_done(struct ak_signin_db *db, int64_t number);
AK_MUST_USE enum ak_err ak_signin_db_mail_later(
    struct ak_signin_db *db, int64_t number, unsigned tries, uint64_t next_s);

/* ---- who is told of recoveries ---- */
enum { AK_SIGNIN_KNOWN_MAX = 32, AK_SIGNIN_KNOWN_LEN = 400 };
/* Remembers an account's sealed address; `hash` names the address. AK_E_LIMIT: too long, or the account has
 * as many already: whoever links one after the other puts out none that was there before. An account has 17
 * identities at the most, so there is room for some whose end was not heard of. */
AK_MUST_USE enum ak_err ak_signin_db_know(
    struct ak_signin_db *db, const uint8_t anchor[32], const uint8_t hash[32], struct ak_span sealed);
AK_MUST_USE enum ak_err ak_signin_db_forget(struct ak_signin_db *db, const uint8_t hash[32]);
struct ak_signin_known {
    size_t count;
    size_t lens[AK_SIGNIN_KNOWN_MAX];
    uint8_t sealed[AK_SIGNIN_KNOWN_MAX][AK_SIGNIN_KNOWN_LEN];
};
AK_MUST_USE enum ak_err ak_signin_db_known(
    struct ak_signin_db *db, const uint8_t anchor[32], struct ak_signin_known *out_known);
/* How far the worker's notices were read, and in which log: an index means nothing in another one. */
struct ak_signin_cursor {
    uint64_t next;    /* notices below were told */
    uint64_t page;    /* the call that goes on begins here; notices from here to `next` are passed over */
    bool has_root;    /* false: of a file that did not know it */
    uint8_t root[32]; /* of the first `page` entries */
};
AK_MUST_USE enum ak_err ak_signin_db_notices(struct ak_signin_db *db, struct ak_signin_cursor *out_cursor);
/* Moves on from `from` to `to` and stores the mails of one notice, in one. AK_E_CONFLICT: another broker was
 * faster. */
AK_MUST_USE enum ak_err ak_signin_db_notice(struct ak_signin_db *db, const struct ak_signin_cursor *from,
    const struct ak_signin_cursor *to, const struct ak_signin_mail *mails, size_t count, uint64_t now_s);

/* Forgets what is over. */
AK_MUST_USE enum ak_err ak_signin_db_sweep(struct ak_signin_db *db, uint64_t now_s);

/* Whether anything can be written now, by writing and syncing what is there already: forgetting writes
 * nothing where nothing is over. AK_E_FULL, AK_E_IO. */
AK_MUST_USE enum ak_err ak_signin_db_try_write(struct ak_signin_db *db);

struct ak_signin_figures {
    uint64_t signins; /* not over */
    uint64_t mails;   /* waiting */
};
AK_MUST_USE enum ak_err ak_signin_db_figures(
    struct ak_signin_db *db, uint64_t now_s, struct ak_signin_figures *out_figures);

#endif
