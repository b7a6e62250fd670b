/* The subcommands of agentkeys-daemon. */
#include "programs/cli/signing.h"
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
    {"resume", NULL, "Wait for the answer of a request made with --no-wait."},
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
static const struct ak_cli_option status_options[] = {LABEL};

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
    {"status", NULL, "", 0, 0, "Show what the agent may do and how much of it is left.",
        "agentkeys-daemon status --label agent-1", "the wire's answer of GET /v1/agents/{label}",
        AK_CLI_OPTIONS(status_options), .run = ak_daemon_status},
};

const struct ak_cli_program ak_daemon_program = {.name = "agentkeys-daemon",
    .summary = "An agent's side: ask for rights, hold the token, sign.",
    .commands = commands,
    .count = AK_COUNT(commands),
    .sign_in = "agentkeys-daemon pair --label LABEL",
    .agent = true};
