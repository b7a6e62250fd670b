/* Options of one subcommand that are no settings: taken out of the arguments before those are read. One
 * thread. */
#ifndef AK_PROGRAMS_WORKER_TAKE_H
#define AK_PROGRAMS_WORKER_TAKE_H

#include <stdbool.h>
#include <stddef.h>

/* Removes each `--name VALUE` and `--name=VALUE` and gives the values in order; more than `max`, or one
 * without a value, ends the process. The number of them. */
size_t ak_take_options(int *argc, char **argv, const char *name, const char **out_values, size_t max);
/* The one value; NULL: not given. Twice ends the process. */
const char *ak_take_option(int *argc, char **argv, const char *name);
/* Removes each `--name`; whether there was one. */
bool ak_take_switch(int *argc, char **argv, const char *name);

#endif
