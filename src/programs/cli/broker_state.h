/* What the broker of broker_url says of itself, for status and doctor. */
#ifndef AK_PROGRAMS_CLI_BROKER_STATE_H
#define AK_PROGRAMS_CLI_BROKER_STATE_H

#include "programs/command/cli.h"

enum { AK_BROKER_SEEN_MAX = 1024, AK_BROKER_SAYS_MAX = 512 };

struct ak_broker_seen {
    bool answers, ready;
    char says[AK_BROKER_SAYS_MAX]; /* for people: "ready at http://127.0.0.1:8091: sign-in by wallet" */
    size_t json_len;               /* 0: it gave none */
    uint8_t json[AK_BROKER_SEEN_MAX];
};

/* Asks its /readyz, and waits three seconds at the most. */
void ak_cli_ask_broker(struct ak_cli *cli, struct ak_broker_seen *out_seen);

#endif
