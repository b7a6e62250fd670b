/* Reading an account's entries page by page, and showing them. */
#ifndef AK_PROGRAMS_CLI_AUDIT_H
#define AK_PROGRAMS_CLI_AUDIT_H

#include "core/wire/msg_ledger.h"
#include "programs/cli/cli.h"

struct ak_cli_pages {
    struct ak_cli *cli;
    struct ak_msg_audit_request request; /* since moves on from page to page */
    uint64_t left;                       /* items still wanted */
    /* Called for each item, with the page it is on; a status other than 0 ends the walk. */
    int (*on_item)(void *ctx, const struct ak_msg_audit_item *item, const struct ak_msg_audit_reply *page);
    void *ctx;
    uint64_t next; /* where the walk ended, and the ledger's size then */
    uint64_t size;
};
/* Until the ledger's end, or nothing is left that is wanted. 0 or the exit status. */
int ak_cli_walk_audit(struct ak_cli_pages *pages);

/* One entry as a line, and in full. */
void ak_cli_print_entry_line(const struct ak_msg_audit_item *item);
void ak_cli_print_entry(const struct ak_msg_audit_item *item);

#endif
