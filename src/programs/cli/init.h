/* Inside agentkeys init: what its ways of signing in share. Secret: the recovery code, wiped by the command.
 */
#ifndef AK_PROGRAMS_CLI_INIT_H
#define AK_PROGRAMS_CLI_INIT_H

#include "programs/cli/cli.h"

struct ak_init {
    struct ak_cli *cli;
    const char *identity; /* "email:alice@demo.example" */
    char identity_text[AK_SAVED_TEXT_MAX];
    char device_name[65];
    uint8_t omni[32];
    struct ak_secret32 recovery; /* for an account that is new */
    bool account_new;
    bool pending; /* no session yet: a recovery waits */
    uint8_t wallet[20];
    uint64_t device_count;
};

/* A session as worker or broker gave it. */
struct ak_init_session {
    struct ak_span token;
    uint64_t expires_at;
    const uint8_t *omni, *anchor; /* 32 bytes */
    const uint8_t *wallet;        /* 20 bytes */
    bool account_new;
    uint64_t device_count;
};
/* Holds it to the identity, and saves it. 0 or the exit status. */
int ak_init_keep(struct ak_init *init, const struct ak_init_session *session);

/* By the broker: a mail with a link and a code that is typed there; a text that the wallet signs. The session
 * is kept, or init->pending set and what waits was printed. 0 or the exit status. */
int ak_init_by_mail(struct ak_init *init);
int ak_init_by_wallet(struct ak_init *init);

#endif
