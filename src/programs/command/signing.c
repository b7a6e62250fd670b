/* Signing. */
#include "programs/command/signing.h"

#include <stdio.h>
#include <string.h>

#include "base/codec/hex.h"
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "core/wire/msg_sign.h"
#include "programs/command/args.h"
#include "programs/command/out.h"

static int unreadable(struct ak_cli *cli, const char *file, enum ak_err err)
{
    char cause[512];
    (void)snprintf(cause, sizeof cause, "%s: %s", file,
        err == AK_E_NOT_FOUND ? "there is no such file" : "not a file that this user may read");
    return ak_cli_fail_usage(cli, "the message's file cannot be read", cause);
}

int ak_cli_read_message(struct ak_cli *cli, struct ak_buf *out_message)
{
    const char *text = ak_cli_value(cli, "message"), *hex = ak_cli_value(cli, "message-hex");
    const char *file = ak_cli_value(cli, "message-file"), *reason = "";
    enum ak_err err = AK_OK;
    if (!!text + !!hex + !!file != 1)
        return ak_cli_fail_usage(
            cli, "one message", "give exactly one of --message, --message-hex, --message-file");
    if (text) ak_buf_put_str(out_message, text);
    if (hex && ak_args_hex(hex, out_message, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "--message-hex is not usable", reason);
    if (file) err = ak_cli_read_file(file, out_message);
    if (err == AK_E_NOT_FOUND || err == AK_E_IO) return unreadable(cli, file, err);
    if (!err) err = ak_buf_check(out_message);
    return err ? ak_cli_fail_usage(cli, "the message is too long", "at most 30 KiB are signed") : 0;
}

int ak_cli_read_path(struct ak_cli *cli, struct ak_buf *out_path)
{
    const char *reason = "", *text = ak_cli_value(cli, "path");
    if (!text || ak_args_path(text, out_path, &reason) == AK_OK) return 0;
    return ak_cli_fail_usage(cli, "--path is not usable", reason);
}

/* The same members as the wire's, `v` 27 or 28 where that was asked for. */
static int print_json(const struct ak_cli *cli, const struct ak_msg_sign_reply *reply, bool as_wire)
{
    uint8_t body_memory[512], json_memory[1024];
    struct ak_buf body = AK_BUF_ARR(body_memory), json = AK_BUF_ARR(json_memory);
    if (as_wire) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    if (ak_msg_encode(&ak_sign_reply_msg, reply, &body) != AK_OK ||
        ak_msg_to_json(&ak_sign_reply_msg, ak_buf_span(&body), false, &json) != AK_OK)
        return AK_CATEGORY_FAILURE;
    ak_out_json(ak_buf_span(&json));
    return 0;
}

static int print_signed(const struct ak_cli *cli, struct ak_msg_sign_reply *reply)
{
    char hex[2 * 65 + 3];
    struct ak_buf buf = AK_BUF_ARR(hex);
    bool v27 = ak_cli_has(cli, "v27");
    if (v27) reply->signature[64] = (uint8_t)(reply->signature[64] + 27);
    if (cli->json) return print_json(cli, reply, !v27);
    ak_buf_put_str(&buf, "0x");
    ak_hex_encode(&buf, AK_SPAN_ARR(reply->signature));
    if (ak_buf_terminate(&buf) != AK_OK) return AK_CATEGORY_FAILURE;
    ak_out_row("signature", hex);
    ak_out_row_address("address", reply->address);
    ak_out_row_number("key version", reply->key_version);
    ak_out_row_entry(reply->entry_index, reply->entry_leaf_hash);
    return 0;
}

enum ak_err ak_cli_try_sign(
    struct ak_cli *cli, struct ak_span message, struct ak_span path, struct ak_msg_sign_reply *out_reply)
{
    struct ak_msg_sign_request request = {.message = message, .path = path};
    uint8_t digest[32];
    memcpy(request.omni_account, cli->saved.anchor, 32);
    if (path.len) request.present = 1u << AK_SIGN_REQUEST_PATH;
    enum ak_err err = ak_client_call(&cli->client, AK_CALL_SIGN_MESSAGE, &request, out_reply, &cli->error);
    ak_cli_show_notice(cli, &cli->client);
    if (err) return err;
    ak_eip191_digest(message, digest);
    if (ak_evm_verify(digest, out_reply->signature, out_reply->address) == AK_OK) return AK_OK;
    ak_client_error_set(
        &cli->error, "bad_answer", "the signature does not verify against the address that the worker named");
    return AK_E_FORMAT;
}

int ak_cli_finish_sign(struct ak_cli *cli, enum ak_err err, struct ak_msg_sign_reply *reply)
{
    return err ? ak_cli_fail_call(cli, "signing") : print_signed(cli, reply);
}
