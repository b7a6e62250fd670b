/* What is stored, without values. */
#include <string.h>

#include "programs/command/out.h"
#include "programs/command/pages.h"
#include "programs/command/vault.h"

static void print_item(const struct ak_msg_credential_item *item)
{
    char service[AK_LIMIT_SERVICE + 1], path[80], reader[80], written[AK_OUT_TIME_LEN], read[AK_OUT_TIME_LEN];
    char stored[24];
    bool was_read = ak_msg_has(item, AK_CREDENTIAL_ITEM_LAST_READ_AT);
    ak_out_shown(item->service, service, sizeof service);
    ak_out_shown(item->path.len ? item->path : AK_SPAN_LIT("-"), path, sizeof path);
    ak_out_shown(item->last_reader.len ? item->last_reader : AK_SPAN_LIT("a session"), reader, sizeof reader);
    ak_out_shown(item->stored, stored, sizeof stored);
    ak_out_time(item->written_at, written);
    ak_out_time(item->last_read_at, read);
    ak_out_line("%-24s %-12s v%-4llu %6llu bytes  epoch %-4llu written %s  %s%s%s%s%s%s", service, path,
        (unsigned long long)item->version, (unsigned long long)item->size, (unsigned long long)item->epoch,
        written, was_read ? "read " : "never read", was_read ? read : "", was_read ? " by " : "",
        was_read ? reader : "", stored[0] ? "  ITS FILE IS " : "", stored);
}

static int list_page(
    struct ak_cli *cli, void *ctx, struct ak_span after, struct ak_buf *next, unsigned *count)
{
    struct ak_msg_credential_list_request request = {.after = after};
    struct ak_msg_credential_list_reply reply;
    struct ak_msg_credential_item item;
    (void)ctx;
    if (after.len) request.present = 1u << AK_CREDENTIAL_LIST_REQUEST_AFTER;
    int status = ak_cli_call(cli, AK_CALL_CREDENTIAL_LIST, &request, &reply, "listing credentials");
    if (status) return status;
    if (cli->json) ak_out_json(cli->client.raw);
    for (; ak_list_next(&reply.credentials, &ak_credential_item_msg, &item); ++*count)
        if (!cli->json) print_item(&item);
    if (ak_msg_has(&reply, AK_CREDENTIAL_LIST_REPLY_NEXT)) ak_buf_put(next, reply.next);
    return 0;
}

int ak_cli_list_credentials(struct ak_cli *cli)
{
    return ak_cli_pages(cli, list_page, NULL, "No credentials. A person stores one: agentkeys store SERVICE");
}
