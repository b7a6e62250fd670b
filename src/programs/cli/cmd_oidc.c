/* agentkeys oidc: a person's token for a cloud. */
#include "programs/cli/commands.h"
#include "programs/command/minting.h"

int ak_cmd_oidc(struct ak_cli *cli)
{
    struct ak_msg_mint_reply reply;
    int status = ak_cli_open_session(cli);
    if (status) return status;
    enum ak_err err = ak_cli_try_mint(cli, ak_cli_value(cli, "aud"), &reply);
    return ak_cli_finish_mint(cli, err, &reply);
}
