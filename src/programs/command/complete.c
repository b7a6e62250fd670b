/* Shell completion out of the table: nouns, verbs, then the options of that command. */
#include <string.h>

#include "programs/command/help.h"

static bool first_of_noun(const struct ak_cli_program *program, size_t at)
{
    for (size_t i = 0; i < at; i++)
        if (strcmp(program->commands[i].noun, program->commands[at].noun) == 0) return false;
    return true;
}

static void put_nouns(const struct ak_cli_program *program, struct ak_buf *out)
{
    for (size_t i = 0; i < program->count; i++) {
        if (!first_of_noun(program, i)) continue;
        ak_buf_put_str(out, program->commands[i].noun);
        ak_buf_put_u8(out, ' ');
    }
    ak_buf_put_str(out, "--help --version");
}

static void put_verbs(const struct ak_cli_program *program, const char *noun, struct ak_buf *out)
{
    const char *glue = "";
    for (size_t i = 0; i < program->count; i++) {
        if (strcmp(program->commands[i].noun, noun) != 0 || !program->commands[i].verb) continue;
        ak_buf_put_str(out, glue);
        ak_buf_put_str(out, program->commands[i].verb);
        glue = " ";
    }
}

static void put_flag(struct ak_buf *out, const char *name, const char *glue)
{
    ak_buf_put_str(out, glue);
    ak_buf_put_str(out, "--");
    for (; *name; name++) ak_buf_put_u8(out, (uint8_t)(*name == '_' ? '-' : *name));
}

static void put_flags(const struct ak_cli_command *command, struct ak_buf *out)
{
    const char *glue = "";
    for (size_t i = 0; i < command->option_count; i++, glue = " ")
        put_flag(out, command->options[i].name, glue);
    for (size_t i = 0; i < AK_CLI_COMMON_COUNT; i++, glue = " ") put_flag(out, ak_cli_common[i].name, glue);
    for (size_t i = 0; i < ak_client_conf_table.count; i++)
        put_flag(out, ak_client_conf_table.keys[i].name, " ");
}

static void put_name(const struct ak_cli_command *command, struct ak_buf *out)
{
    ak_buf_put_str(out, command->noun);
    if (!command->verb) return;
    ak_buf_put_u8(out, ' ');
    ak_buf_put_str(out, command->verb);
}

/* The function's name: agentkeys-daemon has a hyphen, which names of functions lack. */
static void put_function(const char *name, struct ak_buf *out)
{
    ak_buf_put_u8(out, '_');
    for (; *name; name++) ak_buf_put_u8(out, (uint8_t)(*name == '-' ? '_' : *name));
}

/* case "pair approve") words="--scope ..." ;; for each command, and the verbs of each noun. */
static void put_cases(
    const struct ak_cli_program *program, const char *set, const char *end, struct ak_buf *out)
{
    for (size_t i = 0; i < program->count; i++) {
        const struct ak_cli_command *command = &program->commands[i];
        if (command->verb && first_of_noun(program, i)) {
            ak_buf_put_str(out, "    \"");
            ak_buf_put_str(out, command->noun);
            ak_buf_put_str(out, "\") ");
            ak_buf_put_str(out, set);
            put_verbs(program, command->noun, out);
            ak_buf_put_str(out, end);
        }
        ak_buf_put_str(out, "    \"");
        put_name(command, out);
        ak_buf_put_str(out, "\") ");
        ak_buf_put_str(out, set);
        put_flags(command, out);
        ak_buf_put_str(out, end);
    }
}

void ak_help_bash(const struct ak_cli_program *program, struct ak_buf *out)
{
    ak_buf_put_str(out, "# bash completion, made from the program's own table\n");
    put_function(program->name, out);
    ak_buf_put_str(out, "()\n{\n"
                        "    local cur=${COMP_WORDS[COMP_CWORD]} name=${COMP_WORDS[1]-} words=\n"
                        "    if [ \"$COMP_CWORD\" -gt 2 ]; then name=\"$name ${COMP_WORDS[2]}\"; fi\n"
                        "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        words='");
    put_nouns(program, out);
    ak_buf_put_str(out, "'\n    else\n    case $name in\n");
    put_cases(program, "words='", "' ;;\n", out);
    ak_buf_put_str(out, "    esac\n    fi\n"
                        "    # a command without a verb: its options stand behind the first word\n"
                        "    if [ -z \"$words\" ]; then\n    case ${COMP_WORDS[1]-} in\n");
    for (size_t i = 0; i < program->count; i++) {
        if (program->commands[i].verb) continue;
        ak_buf_put_str(out, "    ");
        ak_buf_put_str(out, program->commands[i].noun);
        ak_buf_put_str(out, ") words='");
        put_flags(&program->commands[i], out);
        ak_buf_put_str(out, "' ;;\n");
    }
    ak_buf_put_str(out, "    esac\n    fi\n    mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$cur\")\n"
                        "    if [ \"${#COMPREPLY[@]}\" -eq 0 ]; then mapfile -t COMPREPLY < <(compgen -f -- "
                        "\"$cur\"); fi\n}\n"
                        "complete -F ");
    put_function(program->name, out);
    ak_buf_put_u8(out, ' ');
    ak_buf_put_str(out, program->name);
    ak_buf_put_u8(out, '\n');
}

void ak_help_zsh(const struct ak_cli_program *program, struct ak_buf *out)
{
    ak_buf_put_str(out, "#compdef ");
    ak_buf_put_str(out, program->name);
    ak_buf_put_str(out, "\n# zsh completion, made from the program's own table\n"
                        "local name=${words[2]-}\nlocal -a found\n"
                        "if (( CURRENT > 3 )); then name=\"$name ${words[3]}\"; fi\n"
                        "if (( CURRENT == 2 )); then\n    found=(");
    put_nouns(program, out);
    ak_buf_put_str(out, ")\nelse\n    case $name in\n");
    put_cases(program, "found=(", ") ;;\n", out);
    ak_buf_put_str(out, "    esac\n    if (( ! $#found )); then\n    case ${words[2]-} in\n");
    for (size_t i = 0; i < program->count; i++) {
        if (program->commands[i].verb) continue;
        ak_buf_put_str(out, "    ");
        ak_buf_put_str(out, program->commands[i].noun);
        ak_buf_put_str(out, ") found=(");
        put_flags(&program->commands[i], out);
        ak_buf_put_str(out, ") ;;\n");
    }
    ak_buf_put_str(out, "    esac\n    fi\nfi\ncompadd -- $found || _files\n");
}
