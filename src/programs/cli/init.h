/* Inside agentkeys init and recover: what their ways of signing in share. Secret: the recovery code, wiped by
 * ak_init_done. One thread. */
#ifndef AK_PROGRAMS_CLI_INIT_H
#define AK_PROGRAMS_CLI_INIT_H

#include "programs/command/cli.h"

struct ak_init {
    struct ak_cli *cli;
    char identity[AK_SAVED_TEXT_MAX]; /* "email:alice@demo.example" */
    char device_name[65];
    uint8_t omni[32];
    struct ak_secret32 recovery; /* for an account that is new, or whose code is spent */
    bool recover;                /* open none */
    bool account_new;
    bool code_taken; /* the recovery code is ours */
    bool pending;    /* no session yet: a recovery of this account waits */
    uint8_t wait_anchor[32];
    uint64_t ready_at;
    uint8_t wallet[20];
    uint64_t device_count;
    bool derived_signs_in; /* the account's own address was linked and shown to sign in */
};
void ak_init_done(struct ak_init *init);

/* Sets the identity from what was typed: `type` is "email:", "evm:", or "" where the value names it. 0 or the
 * exit status. */
int ak_init_name(struct ak_init *init, const char *type, const char *value);
/* Opens worker, device and connection; draws the recovery code. */
int ak_init_begin(struct ak_init *init);
/* Reads the account back and shows it, or what waits. */
int ak_init_end(struct ak_init *init);

/* A session as worker or broker gave it. */
struct ak_init_session {
    struct ak_span token;
    uint64_t expires_at;
    const uint8_t *omni, *anchor; /* 32 bytes */
    const uint8_t *wallet;        /* 20 bytes */
    bool account_new;
    bool code_taken;
    uint64_t device_count;
};
/* Holds it to the identity, and uses it; ak_init_end saves it. 0 or the exit status. */
int ak_init_keep(struct ak_init *init, const struct ak_init_session *session);

/* By the broker: a mail with a link and a code that is typed there; a text that the wallet signs; a provider
 * of the broker's, whose name stands where the identity will (nobody knows it before). The session is kept,
 * or init->pending set and what waits is kept. 0 or the exit status. */
int ak_init_by_mail(struct ak_init *init);
int ak_init_by_wallet(struct ak_init *init);
int ak_init_by_oauth2(struct ak_init *init);
/* Then, for an account that is new: its own address is linked and signs in, on this device. */
int ak_init_by_derived(struct ak_init *init);
/* init->identity for that: "oauth2_" and the provider's name. */
int ak_init_name_provider(struct ak_init *init, const char *provider);
/* What these ways share: name, hash of the new recovery code, and the old one where a file gives it; and what
 * the broker answers in the end. */
int ak_init_say(struct ak_init *init, struct ak_msg_sign_in *out_says);
int ak_init_take(struct ak_init *init, const struct ak_msg_signed_in_reply *reply);

/* ---- what came of it ---- */
/* Whether this profile has met a worker's ledger, and not forgotten it. */
bool ak_init_has_met_ledger(const struct ak_init *init);
/* Whether a new recovery code is offered: not where this identity's at that worker was shown on this device
 * already. */
bool ak_init_offers_code(const struct ak_init *init);
int ak_init_show(const struct ak_init *init);
/* A recovery waits: kept in the profile, forgotten, read again (false: there is none), shown. */
int ak_init_await(struct ak_init *init, const uint8_t anchor[32], uint64_t ready_at);
void ak_init_wait_over(struct ak_init *init);
bool ak_init_load_waiting(struct ak_init *init);
int ak_init_show_waiting(const struct ak_init *init);

#endif
