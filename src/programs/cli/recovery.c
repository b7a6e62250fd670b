/* Reading the recovery code, and answers of changes that may wait. */
#include "programs/cli/recovery.h"

#include "base/wipe.h"
#include "core/wire/msg_session.h"
#include "programs/cli/args.h"
#include "programs/cli/out.h"

enum { FILE_MAX = 512 };

int ak_cli_read_recovery(struct ak_cli *cli, uint8_t out_code[32], bool *out_there)
{
    uint8_t memory[FILE_MAX];
    struct ak_buf bytes = AK_BUF_ARR(memory);
    const char *path = ak_cli_value(cli, "recovery-code-file");
    *out_there = path != NULL;
    if (!path) return 0;
    enum ak_err err = ak_cli_read_file(path, &bytes);
    if (!err) err = ak_args_recovery_parse(ak_buf_span(&bytes), out_code);
    ak_wipe(memory, sizeof memory);
    if (!err) return 0;
    return ak_cli_fail_usage(
        cli, "no recovery code in that file", "it holds 64 hex digits, as init printed them");
}

int ak_cli_print_done(const struct ak_cli *cli, const void *done_reply)
{
    const struct ak_msg_done_reply *reply = done_reply;
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    ak_out_row_text("status", reply->status);
    if (ak_msg_has(reply, AK_DONE_REPLY_READY_AT)) {
        ak_out_row_time("ready at", reply->ready_at);
        ak_out_line("Repeat the command then, or now from a second device or with --recovery-code-file.");
    }
    if (ak_msg_has(reply, AK_DONE_REPLY_CLOUD_UNTIL)) ak_out_row_time("cloud until", reply->cloud_until);
    if (ak_msg_has(reply, AK_DONE_REPLY_ENTRY_INDEX))
        ak_out_row_entry(reply->entry_index, reply->entry_leaf_hash);
    return 0;
}
