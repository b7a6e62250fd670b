/* What the worker's subcommands share: loading the configuration, with help and version. */
#ifndef AK_PROGRAMS_WORKER_USAGE_H
#define AK_PROGRAMS_WORKER_USAGE_H

#include "io/conf/conf.h"

/* Loads file, environment and flags; handles --help and --version, which end the process with 0. Any failure,
 * or an operand that `command` does not take, ends it with a BOOT_FAIL line. */
void ak_worker_load(
    int argc, char **argv, const char *command, struct ak_conf *out_conf, struct ak_conf_dirs *out_dirs);

#endif
