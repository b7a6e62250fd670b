/* agentkeys epoch: data keys of the account, their rotation and their end. What is moved is shown while it
 * goes on; the worker goes on by itself where nobody looks. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/num.h"
#include "core/wire/msg_session.h"
#include "core/wire/msg_vault.h"
#include "io/proc/clock.h"
#include "programs/cli/commands.h"
#include "programs/cli/recovery.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/command/pages.h"

enum { POLL_MS = 500, EPOCHS_MAX = 4 };

static void print_item(const struct ak_msg_epoch_item *item)
{
    char state[20], created[AK_OUT_TIME_LEN], other[AK_OUT_TIME_LEN];
    bool destroyed = ak_msg_has(item, AK_EPOCH_ITEM_DESTROYED_AT);
    bool deadline = ak_msg_has(item, AK_EPOCH_ITEM_DEADLINE_AT);
    ak_out_shown(item->state, state, sizeof state);
    ak_out_time(item->created_at, created);
    ak_out_time(destroyed ? item->destroyed_at : item->deadline_at, other);
    ak_out_line("epoch %-6llu %-10s %8llu blobs  since %s  %s%s%s", (unsigned long long)item->epoch, state,
        (unsigned long long)item->blobs, created,
        destroyed  ? "destroyed "
        : deadline ? "until "
                   : "",
        destroyed || deadline ? other : "",
        destroyed ? (item->erased ? ", erased" : ", but this backend cannot erase for certain") : "");
}

/* The cursor is a number that goes down, in decimal; one that does not is given back as it came, which
 * ak_cli_pages tells on. */
static int list_page(
    struct ak_cli *cli, void *ctx, struct ak_span after, struct ak_buf *next, unsigned *count)
{
    struct ak_msg_epoch_list_request request = {0};
    struct ak_msg_epoch_list_reply reply;
    struct ak_msg_epoch_item item;
    (void)ctx;
    if (after.len && ak_num_parse_u64(after, UINT64_MAX, &request.before) == AK_OK)
        request.present = 1u << AK_EPOCH_LIST_REQUEST_BEFORE;
    int status = ak_cli_call(cli, AK_CALL_EPOCH_LIST, &request, &reply, "listing epochs");
    if (status) return status;
    if (cli->json) ak_out_json(cli->client.raw);
    for (; ak_list_next(&reply.epochs, &ak_epoch_item_msg, &item); ++*count)
        if (!cli->json) print_item(&item);
    if (!ak_msg_has(&reply, AK_EPOCH_LIST_REPLY_NEXT)) return 0;
    if (after.len && reply.next >= request.before)
        ak_buf_put(next, after);
    else
        ak_buf_put_dec(next, reply.next);
    return 0;
}

int ak_cmd_epoch_list(struct ak_cli *cli)
{
    int status = ak_cli_open_session(cli);
    if (status) return status;
    return ak_cli_pages(
        cli, list_page, NULL, "No epochs: the first credential makes one. agentkeys store SERVICE");
}

/* ---- waiting for the sweep ---- */

/* Blobs that still name `epoch`; 0 too where it is destroyed or not in the newest page. */
static int blobs_left(struct ak_cli *cli, uint64_t epoch, uint64_t *out_left)
{
    struct ak_msg_epoch_list_request request = {
        .before = epoch + 1, .present = 1u << AK_EPOCH_LIST_REQUEST_BEFORE};
    struct ak_msg_epoch_list_reply reply;
    struct ak_msg_epoch_item item;
    int status = ak_cli_call(cli, AK_CALL_EPOCH_LIST, &request, &reply, "asking for the progress");
    *out_left = 0;
    while (!status && ak_list_next(&reply.epochs, &ak_epoch_item_msg, &item))
        if (item.epoch == epoch) *out_left = item.blobs;
    return status;
}

static void pause_ms(long ms)
{
    const struct timespec time = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    (void)nanosleep(&time, NULL);
}

/* Shows how many are left until none is or the time is over; both are fine, the worker goes on. */
static int await(struct ak_cli *cli, uint64_t epoch, uint64_t seconds)
{
    uint64_t left = 0, shown = UINT64_MAX, end_ms = ak_clock_mono_ms() + seconds * 1000;
    int status = blobs_left(cli, epoch, &left);
    while (!status && left && ak_clock_mono_ms() < end_ms) {
        if (left != shown)
            (void)fprintf(stderr, "%s: %llu left in epoch %llu\n", cli->program->name,
                (unsigned long long)left, (unsigned long long)epoch);
        shown = left;
        pause_ms(POLL_MS);
        status = blobs_left(cli, epoch, &left);
    }
    if (!status && left)
        (void)fprintf(stderr, "%s: %llu left in epoch %llu; the worker moves them within its deadline\n",
            cli->program->name, (unsigned long long)left, (unsigned long long)epoch);
    return status;
}

/* ---- changes ---- */

int ak_cmd_epoch_rotate(struct ak_cli *cli)
{
    const struct ak_msg_epoch_rotate_request request = {0};
    struct ak_msg_epoch_rotate_reply reply;
    uint64_t seconds = 0;
    int status = ak_cli_read_wait(cli, &seconds);
    if (!status) status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_call(cli, AK_CALL_EPOCH_ROTATE, &request, &reply, "rotating the epoch");
    if (status) return status;
    if (cli->json) {
        ak_out_json(cli->client.raw);
    } else {
        ak_out_row_number("from", reply.from);
        ak_out_row_number("to", reply.to);
        ak_out_row_entry(reply.entry_index, reply.entry_leaf_hash);
    }
    return seconds && reply.from ? await(cli, reply.from, seconds) : 0;
}

int ak_cmd_epoch_destroy(struct ak_cli *cli)
{
    struct ak_msg_epoch_destroy_request request = {0};
    struct ak_msg_done_reply reply;
    uint64_t seconds = 0;
    const char *reason = "";
    char question[96];
    int status = ak_cli_read_wait(cli, &seconds);
    if (status) return status;
    if (ak_args_number(cli->operands[0], &request.epoch, &reason) != AK_OK || request.epoch == 0 ||
        request.epoch > AK_LIMIT_EPOCH)
        return ak_cli_fail_usage(cli, "not an epoch", "a number, as epoch list shows it");
    (void)snprintf(question, sizeof question,
        "Nothing written under epoch %llu will ever be readable again. Do it",
        (unsigned long long)request.epoch);
    status = ak_cli_confirm(cli, question);
    if (!status) status = ak_cli_open_session(cli);
    if (!status && seconds) status = await(cli, request.epoch, seconds);
    if (!status) status = ak_cli_call(cli, AK_CALL_EPOCH_DESTROY, &request, &reply, "destroying the epoch");
    return status ? status : ak_cli_print_done(cli, &reply);
}
