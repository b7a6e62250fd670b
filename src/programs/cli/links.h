/* The list of an account's identities, as people read it. Personal, not secret. */
#ifndef AK_PROGRAMS_CLI_LINKS_H
#define AK_PROGRAMS_CLI_LINKS_H

#include "core/wire/msg_link.h"
#include "programs/command/cli.h"

/* A line each: omni, time, how it came, and the name where this device knows it. */
void ak_links_print(struct ak_cli *cli, const struct ak_msg_link_list_reply *reply);

#endif
