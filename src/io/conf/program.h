/* A program that runs as a service, as far as its settings go: --help, --version, the subcommands, and
 * reading the configuration from file, environment and flags. What cannot go on ends the process as
 * ak_boot_fail does. Not guaranteed: that values fit together; each program validates its own. One thread, at
 * the start. */
#ifndef AK_IO_CONF_PROGRAM_H
#define AK_IO_CONF_PROGRAM_H

#include "io/conf/conf.h"

struct ak_conf_command {
    const char *name;
    int (*run)(
        int argc, char **argv); /* argv[0] is the program's, the command is taken out; the exit status */
};
struct ak_conf_program {
    const struct ak_conf_table *table; /* names the program, too */
    const char *file;                  /* the configuration where --config names no other */
    const char *help;                  /* what --help says before the table's keys */
    const char *see;                   /* doc section for operands that are none */
    const struct ak_conf_command *commands;
    size_t command_count;
    int (*otherwise)(int argc, char **argv); /* without a command */
};

void ak_conf_program_help(const struct ak_conf_program *program);
/* The settings, and the folders that defaults point to. `command` is for messages. */
void ak_conf_program_load(const struct ak_conf_program *program, int argc, char **argv, const char *command,
    struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs);
/* Ends the program where the system grants fewer open files than max_connections (`setting`) takes. */
void ak_conf_program_files(const struct ak_conf *conf, size_t setting, uint64_t need);
/* Ends the program because `what` ("key memory") could not be locked, with the limit as it is and as it has
 * to be. Asked after the lock has failed: root, for one, locks whatever the limit says. */
AK_NORETURN void ak_conf_program_locked(const char *what);
/* Prints settings that were read, with their sources, in the file's syntax or as JSON; the exit status. */
int ak_conf_program_print(const struct ak_conf *conf, bool json);
/* Runs the subcommand that argv[1] names, else `otherwise`. Standard output that did not take all is a
 * failure that is told, as by --help and --version. */
int ak_conf_program_run(const struct ak_conf_program *program, int argc, char **argv);

#endif
