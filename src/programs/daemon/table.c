/* The subcommands of agentkeys-daemon. */
#include "programs/command/approve.h"
#include "programs/command/minting.h"
#include "programs/command/signing.h"
#include "programs/command/vault.h"
#include "programs/daemon/agent.h"

#define LABEL                                                                                                \
    {                                                                                                        \
        "label", "LABEL", "Which agent; default: the only one on this host."                                 \
    }

static const struct ak_cli_option pair_options[] = {
    {"label", "LABEL", "The agent's name: a-z 0-9 - _ . with a letter or digit at both ends."},
    {"want", "ITEMS", "What it wishes to do, such as openrouter,cap:sign-message."},
    {"invite", "FILE", "File with an invite, which needs nobody to approve."},
    {"no-wait", NULL, "Print the code and do not wait for the approval."},
    {"resume", NULL, "Wait for the answer of a request that was made before."},
    AK_CLI_WAIT,
};
static const struct ak_cli_option token_options[] = {
    LABEL,
    {"renew", NULL, "Get a new token even where the saved one is good."},
};
static const struct ak_cli_option sign_options[] = {
    LABEL,
    AK_CLI_MESSAGE_TEXT,
    AK_CLI_MESSAGE_HEX,
    AK_CLI_MESSAGE_FILE,
    {"path", "PATH", "The path that is meant, such as /agent-1/0; default: its own, current one."},
    {"v27", NULL, "Recovery byte 27 or 28, as some contracts want it."},
    {"no-renew", NULL, "Use the saved token as it is."},
};
static const struct ak_cli_option oidc_options[] = {
    LABEL,
    AK_CLI_AUD,
};
static const struct ak_cli_option status_options[] = {LABEL};
static const struct ak_cli_option run_options[] = {LABEL, AK_CLI_ENV};

static const struct ak_cli_command commands[] = {
    {"pair", NULL, "", 0, 0, "Ask a person for the right to act, show the code, wait for the approval.",
        "agentkeys-daemon pair --label agent-1 --want openrouter,cap:sign-siwe",
        "the wire's answer of POST /v1/pair/request, then that of GET /v1/pair/{id} without its token",
        AK_CLI_OPTIONS(pair_options), .run = ak_daemon_pair},
    {"token", NULL, "", 0, 0, "Print the agent's token, renewed where it is over.",
        "agentkeys-daemon token --label agent-1", "the wire's answer of POST /v1/token",
        AK_CLI_OPTIONS(token_options), .run = ak_daemon_token},
    {"sign", NULL, "", 0, 0, "Sign a message or a sign-in text with the agent's key.",
        "agentkeys-daemon sign --label agent-1 --message 'hello'",
        "the wire's answer of POST /tee/sign-message", AK_CLI_OPTIONS(sign_options), .run = ak_daemon_sign},
    {"oidc", NULL, "", 0, 0, "Print a short-lived token by which a cloud knows this agent.",
        "agentkeys-daemon oidc --label agent-1 --aud sts.amazonaws.com",
        "the wire's answer of POST /v1/mint-oidc-jwt", AK_CLI_OPTIONS(oidc_options), .run = ak_daemon_oidc},
    {"status", NULL, "", 0, 0, "Show what the agent may do and how much of it is left.",
        "agentkeys-daemon status --label agent-1", "the wire's answer of GET /v1/agents/{label}",
        AK_CLI_OPTIONS(status_options), .run = ak_daemon_status},
    {"read", NULL, "SERVICE", 1, 1, "Print a credential that is in the agent's scope.",
        "agentkeys-daemon read openrouter --label agent-1", "service, path, version, epoch, value_base64url",
        AK_CLI_OPTIONS(status_options), .run = ak_daemon_read},
    {"run", NULL, "COMMAND [ARGUMENTS]", 1, 4096,
        "Start a command with credentials in its environment alone.",
        "agentkeys-daemon run --label agent-1 --env OPENROUTER_API_KEY=openrouter -- ./agent",
        "nothing: what is printed is the command's", AK_CLI_OPTIONS(run_options), .run = ak_daemon_run},
    {"credentials", NULL, "", 0, 0, "List the credentials that the agent may read; never a value.",
        "agentkeys-daemon credentials --label agent-1",
        "the wire's answer of GET /v1/credentials, a line a page", AK_CLI_OPTIONS(status_options),
        .run = ak_daemon_credentials},
};

const struct ak_cli_program ak_daemon_program = {.name = "agentkeys-daemon",
    .summary = "An agent's side: ask for rights, hold the token, sign, read credentials.",
    .commands = commands,
    .count = AK_COUNT(commands),
    .agent = true};
