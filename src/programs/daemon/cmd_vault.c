/* agentkeys-daemon read, run, credentials: what an agent may have of the vault. */
#include "programs/command/out.h"
#include "programs/command/vault.h"
#include "programs/daemon/agent.h"

/* With a new token where the saved one is refused. */
static enum ak_err get(struct ak_cli *cli, void *ctx, const struct ak_vault_name *name,
    struct ak_value *out_value, struct ak_msg_credential_read_reply *out_reply)
{
    struct ak_agent *agent = ctx;
    enum ak_err err = ak_cli_get_value(cli, name, 0, out_value, out_reply);
    if (!err || !ak_agent_renew_for(cli, agent)) return err;
    return ak_cli_get_value(cli, name, 0, out_value, out_reply);
}

static int open_agent(struct ak_cli *cli, struct ak_agent *out_agent)
{
    int status = ak_agent_open(cli, false, out_agent);
    return status ? status : ak_agent_need_token(out_agent, true);
}

static int show(struct ak_agent *agent, const struct ak_vault_name *name, struct ak_value *value)
{
    struct ak_msg_credential_read_reply reply;
    enum ak_err err = get(agent->cli, agent, name, value, &reply);
    return err ? ak_cli_fail_call(agent->cli, "reading") : ak_cli_print_value(agent->cli, &reply, value);
}

int ak_daemon_read(struct ak_cli *cli)
{
    struct ak_agent agent;
    struct ak_vault_name name;
    int status = ak_cli_read_vault_name(cli, cli->operands[0], &name);
    if (!status) status = open_agent(cli, &agent);
    if (!status) status = ak_cli_meet_keeper(cli);
    if (status) return status;
    struct ak_value *value = ak_value_new();
    status = value ? show(&agent, &name, value)
                   : ak_cli_fail(cli, AK_CATEGORY_FAILURE, "no memory for a value", "the system refused",
                         "free memory");
    ak_value_free(value);
    return status;
}

int ak_daemon_run(struct ak_cli *cli)
{
    struct ak_agent agent;
    int status = ak_cli_check_run(cli);
    if (!status) status = open_agent(cli, &agent);
    if (!status) status = ak_cli_meet_keeper(cli);
    return status ? status : ak_cli_run(cli, get, &agent);
}

int ak_daemon_credentials(struct ak_cli *cli)
{
    static struct ak_agent agent; /* one run a process */
    int status = open_agent(cli, &agent);
    cli->renew = ak_agent_renew_for;
    cli->renew_ctx = &agent;
    return status ? status : ak_cli_list_credentials(cli);
}
