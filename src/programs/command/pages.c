/* Page after page. */
#include "programs/command/pages.h"

#include "programs/command/out.h"

int ak_cli_pages(struct ak_cli *cli, ak_cli_page_fn *page, void *ctx, const char *none)
{
    uint8_t memory[2][AK_CLI_CURSOR_MAX];
    struct ak_span after = AK_SPAN_EMPTY;
    unsigned count = 0;
    for (unsigned turn = 0;; turn ^= 1) {
        struct ak_buf next = AK_BUF_ARR(memory[turn]);
        int status = page(cli, ctx, after, &next, &count);
        if (status) return status;
        if (next.failed || (next.len && ak_span_eq(ak_buf_span(&next), after)))
            return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the list does not go on",
                "the worker says that its next page begins nowhere, or where this one did",
                "agentkeys doctor");
        if (next.len == 0) break;
        after = ak_buf_span(&next);
    }
    if (count == 0 && none && !cli->json) ak_out_line("%s", none);
    return 0;
}
