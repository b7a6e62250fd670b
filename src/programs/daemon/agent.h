/* One agent's state on this host: its folder by label, its device key, its token and the account that owns
 * it. Secret: the token. */
#ifndef AK_PROGRAMS_DAEMON_AGENT_H
#define AK_PROGRAMS_DAEMON_AGENT_H

#include "core/wire/msg_oidc.h"
#include "core/wire/msg_pair.h"
#include "programs/command/cli.h"

extern const struct ak_cli_program ak_daemon_program;

enum { AK_AGENT_RENEW_EARLY_S = 30 };

struct ak_agent {
    struct ak_cli *cli;
    char label[AK_LIMIT_LABEL + 1];
    bool has_anchor; /* the account that owns it, as demanded or as it was paired */
    uint8_t anchor[32];
    bool has_token; /* cli->saved holds one, over or not */
};

/* Label (--label, or the only agent there is), folder, device key, connection, saved token. 0 or the exit
 * status. */
int ak_agent_open(struct ak_cli *cli, bool enrol, struct ak_agent *out_agent);
/* POST /v1/token, and keeps what comes. AK_E_NOT_FOUND where no account is known; else as ak_client_call. */
AK_MUST_USE enum ak_err ak_agent_renew(struct ak_agent *agent);
/* For cli->renew, with the agent as its context: renews where the worker wants it; cli->error says why not.
 */
bool ak_agent_renew_for(struct ak_cli *cli, void *agent);
/* Where there is no fresh token, renews it. 0 or the exit status. */
int ak_agent_need_token(struct ak_agent *agent, bool may_renew);
/* Keeps the token of an approved pairing: it must be for this label, and for the account that was demanded.
 */
int ak_agent_keep_paired(struct ak_agent *agent, const struct ak_msg_pair_status_reply *reply);

/* The token that was used is over, or for a generation that is retired. */
bool ak_agent_wants_new_token(const struct ak_client_error *error);

int ak_daemon_pair(struct ak_cli *cli);
int ak_daemon_token(struct ak_cli *cli);
int ak_daemon_sign(struct ak_cli *cli);
int ak_daemon_status(struct ak_cli *cli);
int ak_daemon_read(struct ak_cli *cli);
int ak_daemon_run(struct ak_cli *cli);
int ak_daemon_credentials(struct ak_cli *cli);
int ak_daemon_oidc(struct ak_cli *cli);

#endif
