/* Approving a pairing request by its code: shows what asks, then approves exactly what was shown (I15).
 * Shared by `pair approve` and `device add CODE`. */
#ifndef AK_PROGRAMS_COMMAND_APPROVE_H
#define AK_PROGRAMS_COMMAND_APPROVE_H

#include "core/wire/msg_pair.h"
#include "programs/command/cli.h"

/* The one pending request with this code; its texts are copied into `memory`. 0 or the exit status. */
int ak_cli_find_request(
    struct ak_cli *cli, const char *code, struct ak_buf *memory, struct ak_msg_pair_item *out_item);
/* Shows the request, asks, approves, prints. `kind` is what it must be: "agent" or "device". */
int ak_cli_approve(struct ak_cli *cli, const char *code, const char *kind);

#define AK_CLI_WAIT                                                                                          \
    {                                                                                                        \
        "wait", "DURATION", "How long to wait for the approval; default: until the request is over."         \
    }
/* The asker's side: polls with growing pauses until the request is answered or over (ten minutes at most),
 * the worker is silent for half a minute, or `wait_s`, unless 0, is over: then the status is
 * AK_CATEGORY_CONFLICT. Approved, *out_reply holds the token. 0 or the exit status. */
int ak_cli_await_approval(struct ak_cli *cli, const uint8_t request_id[16], uint64_t lifetime_s,
    uint64_t wait_s, struct ak_msg_pair_status_reply *out_reply);
/* The approved answer as JSON, without its token: that is kept, not shown. */
void ak_cli_print_paired(const struct ak_msg_pair_status_reply *reply);
/* Prints code, thumbprint and what to type on the other side. */
void ak_cli_show_code(
    const struct ak_cli *cli, const struct ak_msg_pair_reply *reply, const char *approve_with);

#endif
