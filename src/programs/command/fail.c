/* Failures as people read them: what went wrong, why, and what to type next. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "programs/command/again.h"
#include "programs/command/cli.h"
#include "programs/command/out.h"

enum { JSON_MAX = 4096, CAUSE_MAX = 1400, NEXT_MAX = 320 };

static void print_json(const struct ak_client_error *error)
{
    uint8_t memory[JSON_MAX];
    struct ak_buf json = AK_BUF_ARR(memory);
    ak_client_error_put_json(error, &json);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
}

static int print_lines(const struct ak_cli *cli, enum ak_client_category category, const char *problem,
    const char *cause, const char *next)
{
    (void)fflush(stdout);
    (void)fprintf(stderr, "%s: %s\n  cause: %s\n  next:  %s\n", cli->program->name, problem, cause, next);
    return (int)category;
}

static const char *const category_codes[AK_CATEGORY_COUNT] = {"ok", "failure", "invalid_request", "denied",
    "not_signed_in", "rate_limit_exceeded", "not_found", "conflict", "unreachable"};

int ak_cli_fail(struct ak_cli *cli, enum ak_client_category category, const char *problem, const char *cause,
    const char *next)
{
    if (cli->json) {
        struct ak_client_error error;
        char message[512];
        (void)snprintf(message, sizeof message, "%s: %s", problem, cause);
        ak_client_error_set(&error, category_codes[category], message);
        print_json(&error);
    }
    return print_lines(cli, category, problem, cause, next);
}

int ak_cli_fail_usage(struct ak_cli *cli, const char *problem, const char *cause)
{
    char next[NEXT_MAX];
    const struct ak_cli_command *command = cli->command;
    (void)snprintf(next, sizeof next, "%s%s%s%s%s --help", cli->program->name, command ? " " : "",
        command ? command->noun : "", command && command->verb ? " " : "",
        command && command->verb ? command->verb : "");
    return ak_cli_fail(cli, AK_CATEGORY_USAGE, problem, cause, next);
}

int ak_cli_fail_state(struct ak_cli *cli, enum ak_err err, const char *problem)
{
    char word[AK_PROFILE_PATH_MAX + 64], next[AK_PROFILE_PATH_MAX + 128];
    const char *where =
        cli->profile.path[0] ? cli->profile.path : ak_conf_text(&cli->conf, AK_CLIENT_STATE_DIR);
    const char *cause = err == AK_E_MEANING  ? "others may read it, or it is not yours"
                        : err == AK_E_FORMAT ? "a file in it is damaged"
                        : err == AK_E_LIMIT  ? "its path is too long"
                        : err == AK_E_FULL ? "no space is left there; make room, then the same command again"
                                           : "the system refused";
    const char *look = err == AK_E_MEANING ? "chmod -R go=" : err == AK_E_FULL ? "df -h" : "ls -la";
    (void)snprintf(next, sizeof next, "%s %s", look, ak_out_word(where, word, sizeof word) ? word : where);
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, problem, cause, next);
}

/* ---- answers ---- */

/* Stand for the program's own way to sign in, and for the list of what the command is about. */
static const char SIGN_IN[] = "sign in", LOOK[] = "look", ASK_ANEW[] = "ask anew";

static const struct {
    const char *code;
    const char *next;
} nexts[] = {
    {"unauthorized", SIGN_IN},
    {"invalid_token", SIGN_IN},
    {"token_expired", SIGN_IN},
    {"not_signed_in", SIGN_IN},
    {"device_not_enrolled", "agentkeys device add --account ANCHOR --name NAME"},
    {"bad_signature", "agentkeys doctor"},
    {"account_mismatch", "agentkeys whoami"},
    {"not_found", LOOK},
    {"expired_request", ASK_ANEW},
    {"already_consumed", LOOK},
    {"already_exists", LOOK},
    {"already_done", LOOK},
    {"generation_conflict", LOOK},
    {"generation_exhausted", "agentkeys agents decommission LABEL"},
    {"unreachable", "agentkeys up"},
    {"not_the_worker", "agentkeys doctor"},
    {"not_ready", "agentkeys status"},
    {"signer_disabled", "agentkeys doctor"},
    {"ledger_damaged", "agentkeys up --verify-all"},
    {"storage_full", "agentkeys status"},
    {"epoch_busy", "agentkeys epoch list"},
    {"tampered", "agentkeys audit list"},
    {"not_operator", "agentkeys trust show"},
    {"trust_pinned", "agentkeys trust show"},
};

/* Where to look, by what the command is about. */
static const char *look_at(const struct ak_cli *cli)
{
    const char *noun = cli->command->noun;
    if (strcmp(noun, "device") == 0) return "agentkeys device list";
    if (strcmp(noun, "account") == 0) return "agentkeys account show";
    if (strcmp(noun, "pair") == 0) return "agentkeys-daemon pair --label LABEL, on the agent's side";
    if (strcmp(noun, "trust") == 0) return "agentkeys trust show";
    if (strcmp(noun, "epoch") == 0) return "agentkeys epoch list";
    if (strcmp(noun, "service") == 0) return "agentkeys service list";
    if (strcmp(noun, "link") == 0 || strcmp(noun, "unlink") == 0) return "agentkeys links";
    if (strcmp(noun, "recover") == 0) return "agentkeys recover";
    if (strcmp(noun, "init") == 0) return "agentkeys status"; /* which ways the broker has */
    static const char *const vault[] = {"store", "read", "run", "credentials", "import", "export"};
    for (size_t i = 0; i < AK_COUNT(vault); i++)
        if (strcmp(noun, vault[i]) == 0)
            return cli->program->agent ? "agentkeys-daemon credentials" : "agentkeys credentials list";
    return "agentkeys agents list";
}

/* Whose request is over: the agent's, or the person's own. */
static const char *ask_anew(const struct ak_cli *cli)
{
    bool pairing = strcmp(cli->command->noun, "pair") == 0;
    return pairing || cli->program->agent ? "agentkeys-daemon pair --label LABEL" : "the same command again";
}

int ak_cli_fail_output(const struct ak_cli *cli, int status, int why)
{
    char cause[160];
    if (why == EPIPE) return status ? status : AK_CATEGORY_FAILURE;
    const char *next = !cli->command ? "make room where it goes to" : look_at(cli);
    (void)snprintf(cause, sizeof cause, "%s%s", strerror(why),
        status == 0 && cli->command ? "; what was asked for is done, only the answer is lost" : "");
    if (cli->command && cli->program->agent) next = "agentkeys-daemon status";
    (void)print_lines(cli, AK_CATEGORY_FAILURE, "standard output cannot be written", cause, next);
    return status ? status : AK_CATEGORY_FAILURE;
}

/* A refused recovery code is no matter of this machine's. */
static bool is_about_recovery_code(const struct ak_cli *cli)
{
    return strcmp(cli->error.code, "bad_signature") == 0 &&
           strstr(cli->error.message, "recovery code") != NULL;
}

static const char *next_by_code(const struct ak_cli *cli, const char *code)
{
    if (is_about_recovery_code(cli))
        return "compare it with the newest one that was shown; if it is lost: agentkeys recover --new-code";
    for (size_t i = 0; i < AK_COUNT(nexts); i++) {
        if (strcmp(nexts[i].code, code) != 0) continue;
        if (nexts[i].next == SIGN_IN) return ak_cli_sign_in(cli);
        if (strcmp(code, "not_the_worker") == 0 && cli->client.evidence) return "agentkeys attest";
        if (nexts[i].next == ASK_ANEW) return ask_anew(cli);
        return nexts[i].next == LOOK ? look_at(cli) : nexts[i].next;
    }
    return NULL;
}

static const char *next_of(const struct ak_cli *cli, char *room, size_t cap)
{
    const struct ak_client_error *error = &cli->error;
    if (error->has_denial && error->remedy[0]) return error->remedy;
    if (error->has_retry) {
        (void)snprintf(room, cap, "try again in %llu s", (unsigned long long)error->retry_after_secs);
        return room;
    }
    const char *next = next_by_code(cli, error->code);
    if (next) return next;
    (void)snprintf(room, cap, "%s %s%s%s --help", cli->program->name, cli->command->noun,
        cli->command->verb ? " " : "", cli->command->verb ? cli->command->verb : "");
    return room;
}

/* "denied by rule scope: saw sign-message, allowed: openrouter", or the worker's own sentence. */
static void put_cause(const struct ak_client_error *error, char *out, size_t cap)
{
    if (error->has_denial)
        (void)snprintf(out, cap, "rule %s: saw %s; limit: %s%s", error->rule, error->seen, error->limit,
            error->has_retry ? "; it comes back with time" : "");
    else
        (void)snprintf(out, cap, "%s (%s)", error->message, error->code);
}

int ak_cli_fail_call(struct ak_cli *cli, const char *problem)
{
    char cause[CAUSE_MAX], next[NEXT_MAX], what[256];
    enum ak_client_category category = ak_client_error_category(&cli->error);
    (void)snprintf(what, sizeof what, "%s%s", problem,
        category == AK_CATEGORY_DENIED ? ": denied"
        : category == AK_CATEGORY_RATE ? ": too often"
                                       : " failed");
    put_cause(&cli->error, cause, sizeof cause);
    if (cli->json) print_json(&cli->error);
    return print_lines(cli, category, what, cause, next_of(cli, next, sizeof next));
}
