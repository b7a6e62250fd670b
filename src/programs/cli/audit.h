/* Reading an account's entries page by page, and showing them. */
#ifndef AK_PROGRAMS_CLI_AUDIT_H
#define AK_PROGRAMS_CLI_AUDIT_H

#include "core/wire/msg_ledger.h"
#include "programs/command/cli.h"

struct ak_cli_pages {
    struct ak_cli *cli;
    struct ak_msg_audit_request request; /* since moves on from page to page */
    uint64_t left;                       /* items still wanted */
    /* Called for each item, with the page it is on; a status other than 0 ends the walk. */
    int (*on_item)(void *ctx, const struct ak_msg_audit_item *item, const struct ak_msg_audit_reply *page);
    void *ctx;
    uint64_t next; /* where the walk ended, and the ledger's size then */
    uint64_t size;
    uint64_t archived; /* entries before this one were asked for, and the operator has them in files */
};
/* Until the ledger's end, or nothing is left that is wanted. 0 or the exit status. */
int ak_cli_walk_audit(struct ak_cli_pages *pages);

/* To stderr, where entries were asked for that are archived. */
void ak_cli_note_archived(const struct ak_cli_pages *pages);
/* The entry is in an archive file: exit status. */
int ak_cli_fail_archived(struct ak_cli *cli, uint64_t index);

/* One entry as a line, and in full. */
void ak_cli_print_entry_line(const struct ak_msg_audit_item *item);
void ak_cli_print_entry(const struct ak_msg_audit_item *item);

#endif
