/* Help, man pages and completion, all out of the table of subcommands. Pure but for the table. */
#ifndef AK_PROGRAMS_COMMAND_HELP_H
#define AK_PROGRAMS_COMMAND_HELP_H

#include "base/buf.h"
#include "programs/command/cli.h"

/* Options that every command has: --json, --yes, --help. */
enum { AK_CLI_COMMON_JSON, AK_CLI_COMMON_YES, AK_CLI_COMMON_HELP, AK_CLI_COMMON_COUNT };
extern const struct ak_cli_option ak_cli_common[AK_CLI_COMMON_COUNT];

/* Exit statuses and their meaning, in order of numbers. */
struct ak_cli_status {
    int status;
    const char *meaning;
};
extern const struct ak_cli_status ak_cli_statuses[AK_CATEGORY_COUNT];

/* "agentkeys pair approve [OPTIONS] CODE" */
void ak_help_usage(
    const struct ak_cli_program *program, const struct ak_cli_command *command, struct ak_buf *out);
/* --help of the program, and of one command. */
void ak_help_program(const struct ak_cli_program *program, struct ak_buf *out);
void ak_help_command(
    const struct ak_cli_program *program, const struct ak_cli_command *command, struct ak_buf *out);

/* What the help of each command has: common options, what --json prints; and at its end, exit statuses. */
void ak_help_common(const struct ak_cli_command *command, struct ak_buf *out);
void ak_help_statuses(struct ak_buf *out);

/* docs/man/<program>.1, data/completion/<program>.bash and _<program>. */
void ak_help_man(const struct ak_cli_program *program, struct ak_buf *out);
void ak_help_bash(const struct ak_cli_program *program, struct ak_buf *out);
void ak_help_zsh(const struct ak_cli_program *program, struct ak_buf *out);
/* docs/man/agentkeys-worker.1 and agentkeys-broker.1, whose settings are tables too. */
void ak_help_man_worker(struct ak_buf *out);
void ak_help_man_broker(struct ak_buf *out);

#endif
