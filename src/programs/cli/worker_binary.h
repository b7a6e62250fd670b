/* Where agentkeys-worker and agentkeys-broker are: beside this program, so that an installation runs its own,
 * else on PATH. Only that a file is there and may be run is checked. */
#ifndef AK_PROGRAMS_CLI_WORKER_BINARY_H
#define AK_PROGRAMS_CLI_WORKER_BINARY_H

#include <stdbool.h>

enum { AK_WORKER_PATH_MAX = 4096 };

/* `name` without a slash. Where there is none: false, and the path means nothing. */
bool ak_cli_find_program(const char *name, char out_path[AK_WORKER_PATH_MAX]);
bool ak_cli_find_worker(char out_path[AK_WORKER_PATH_MAX]);

#endif
