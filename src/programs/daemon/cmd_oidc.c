/* agentkeys-daemon oidc: the agent's token for a cloud. */
#include "programs/command/minting.h"
#include "programs/daemon/agent.h"

/* Mints with the agent's token, renewed where it is over or of a retired generation. */
static enum ak_err mint(struct ak_agent *agent, const char *aud, struct ak_msg_mint_reply *out_reply)
{
    struct ak_cli *cli = agent->cli;
    enum ak_err err = ak_cli_try_mint(cli, aud, out_reply);
    if (!err || !ak_agent_renew_for(cli, agent)) return err;
    return ak_cli_try_mint(cli, aud, out_reply);
}

int ak_daemon_oidc(struct ak_cli *cli)
{
    struct ak_agent agent;
    struct ak_msg_mint_reply reply;
    int status = ak_agent_open(cli, false, &agent);
    if (!status) status = ak_agent_need_token(&agent, true);
    if (status) return status;
    enum ak_err err = mint(&agent, ak_cli_value(cli, "aud"), &reply);
    return ak_cli_finish_mint(cli, err, &reply);
}
