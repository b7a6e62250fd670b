/* Lists that come in pages, shown as one. Guarantees: it ends; a worker whose next page would begin where
 * this one did is told on. One thread. spec: docs/api/openapi.yaml, after and next */
#ifndef AK_PROGRAMS_COMMAND_PAGES_H
#define AK_PROGRAMS_COMMAND_PAGES_H

#include "programs/command/cli.h"

enum { AK_CLI_CURSOR_MAX = 140 };

/* Asks for the page behind `after` (empty: the first) and does what is to be done with it. Adds to *count the
 * items there were; puts into `next` where the next page begins, nothing at the end. 0 or the exit status. */
typedef int ak_cli_page_fn(
    struct ak_cli *cli, void *ctx, struct ak_span after, struct ak_buf *next, unsigned *count);

/* All pages, one after the other. Where there was no item at all prints the line `none` (NULL: nothing), but
 * not with --json. 0 or the exit status. */
int ak_cli_pages(struct ak_cli *cli, ak_cli_page_fn *page, void *ctx, const char *none);

#endif
