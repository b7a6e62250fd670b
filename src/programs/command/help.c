/* Help texts. */
#include "programs/command/help.h"

#include <string.h>

const struct ak_cli_option ak_cli_common[AK_CLI_COMMON_COUNT] = {
    [AK_CLI_COMMON_JSON] = {"json", NULL, "Print the answer for machines, as the wire has it."},
    [AK_CLI_COMMON_YES] = {"yes", NULL, "Answer questions with yes, for scripts."},
    [AK_CLI_COMMON_HELP] = {"help", NULL, "Print help."},
};

const struct ak_cli_status ak_cli_statuses[AK_CATEGORY_COUNT] = {
    {AK_CATEGORY_OK, "success"},
    {AK_CATEGORY_FAILURE, "failure"},
    {AK_CATEGORY_USAGE, "wrong usage"},
    {AK_CATEGORY_DENIED, "denied by policy"},
    {AK_CATEGORY_AUTH, "not signed in, or not authentic"},
    {AK_CATEGORY_RATE, "rate limited"},
    {AK_CATEGORY_NOT_FOUND, "not found, or expired"},
    {AK_CATEGORY_CONFLICT, "conflict with the present state"},
    {AK_CATEGORY_UNREACHABLE, "worker unreachable or not ready"},
};

static void put_padded(struct ak_buf *out, size_t from, size_t width)
{
    do ak_buf_put_u8(out, ' ');
    while (out->len - from < width && !out->failed);
}

void ak_help_usage(
    const struct ak_cli_program *program, const struct ak_cli_command *command, struct ak_buf *out)
{
    ak_buf_put_str(out, program->name);
    ak_buf_put_u8(out, ' ');
    ak_buf_put_str(out, command->noun);
    if (command->verb) {
        ak_buf_put_u8(out, ' ');
        ak_buf_put_str(out, command->verb);
    }
    ak_buf_put_str(out, " [OPTIONS]");
    if (command->operands[0]) {
        ak_buf_put_u8(out, ' ');
        ak_buf_put_str(out, command->operands);
    }
}

static void put_option(struct ak_buf *out, const struct ak_cli_option *option)
{
    size_t from = out->len;
    ak_buf_put_str(out, "  --");
    ak_buf_put_str(out, option->name);
    if (option->value) {
        ak_buf_put_u8(out, ' ');
        ak_buf_put_str(out, option->value);
    }
    put_padded(out, from, 30);
    ak_buf_put_str(out, option->doc);
    ak_buf_put_u8(out, '\n');
}

void ak_help_statuses(struct ak_buf *out)
{
    ak_buf_put_str(out, "\nexit status:");
    for (size_t i = 0; i < AK_CATEGORY_COUNT; i++) {
        ak_buf_put_str(out, i ? ", " : " ");
        ak_buf_put_dec(out, (uint64_t)ak_cli_statuses[i].status);
        ak_buf_put_u8(out, ' ');
        ak_buf_put_str(out, ak_cli_statuses[i].meaning);
    }
    ak_buf_put_u8(out, '\n');
}

void ak_help_common(const struct ak_cli_command *command, struct ak_buf *out)
{
    for (size_t i = 0; i < AK_CLI_COMMON_COUNT; i++) put_option(out, &ak_cli_common[i]);
    ak_buf_put_str(out, "\nwith --json: ");
    ak_buf_put_str(out, command->json);
    ak_buf_put_u8(out, '\n');
}

void ak_help_program(const struct ak_cli_program *program, struct ak_buf *out)
{
    ak_buf_put_str(out, "usage: ");
    ak_buf_put_str(out, program->name);
    ak_buf_put_str(out, " COMMAND [OPTIONS] [OPERANDS]\n\n");
    ak_buf_put_str(out, program->summary);
    ak_buf_put_str(out, "\n\n");
    for (size_t i = 0; i < program->count; i++) {
        const struct ak_cli_command *command = &program->commands[i];
        size_t from = out->len;
        ak_buf_put_str(out, "  ");
        ak_buf_put_str(out, command->noun);
        if (command->verb) {
            ak_buf_put_u8(out, ' ');
            ak_buf_put_str(out, command->verb);
        }
        put_padded(out, from, 24);
        ak_buf_put_str(out, command->doc);
        ak_buf_put_u8(out, '\n');
    }
    ak_buf_put_str(out, "\nexample:\n  ");
    ak_buf_put_str(out, program->commands[0].example);
    ak_buf_put_str(out,
        "\n\nEach command has --help, --json and an example. Settings may also stand before the command.\n");
    ak_help_statuses(out);
}

void ak_help_command(
    const struct ak_cli_program *program, const struct ak_cli_command *command, struct ak_buf *out)
{
    ak_buf_put_str(out, "usage: ");
    ak_help_usage(program, command, out);
    ak_buf_put_str(out, "\n\n");
    ak_buf_put_str(out, command->doc);
    ak_buf_put_str(out, "\n\nexample:\n  ");
    ak_buf_put_str(out, command->example);
    ak_buf_put_str(out, "\n\noptions:\n");
    for (size_t i = 0; i < command->option_count; i++) put_option(out, &command->options[i]);
    ak_help_common(command, out);
    ak_buf_put_str(out, "\nsettings (each is also a key of ~/.config/agentkeys/config and AGENTKEYS_...):\n");
    ak_conf_document(&ak_client_conf_table, AK_CONF_DOC_HELP, out);
    ak_help_statuses(out);
}
