/* agentkeys store, read, run, credentials: a person's side of the vault. */
#include <stdio.h>

#include "core/wire/msg_session.h"
#include "programs/cli/commands.h"
#include "programs/cli/recovery.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/command/vault.h"

static int print_stored(const struct ak_cli *cli, const struct ak_msg_credential_reply *reply)
{
    if (cli->json) {
        ak_out_json(cli->client.raw);
        return 0;
    }
    ak_out_row_text("service", reply->service);
    if (ak_msg_has(reply, AK_CREDENTIAL_REPLY_PATH)) ak_out_row_text("path", reply->path);
    ak_out_row_number("version", reply->version);
    ak_out_row_number("epoch", reply->epoch);
    ak_out_row_entry(reply->entry_index, reply->entry_leaf_hash);
    return 0;
}

/* ---- store ---- */

static int store(struct ak_cli *cli, const struct ak_vault_name *name, struct ak_value *value)
{
    uint8_t key[32];
    char question[AK_LIMIT_SERVICE + 16];
    struct ak_msg_credential_reply reply;
    (void)snprintf(question, sizeof question, "value of %.*s", (int)name->service.len, name->service.ptr);
    int status = ak_cli_read_secret(cli, question, value);
    if (!status) status = ak_cli_delivery_key(cli, key);
    if (!status) status = ak_cli_put_value(cli, key, name, value, &reply);
    return status ? status : print_stored(cli, &reply);
}

static int fail_memory(struct ak_cli *cli)
{
    return ak_cli_fail(
        cli, AK_CATEGORY_FAILURE, "no memory for a value", "the system refused", "free memory");
}

int ak_cmd_store(struct ak_cli *cli)
{
    struct ak_vault_name name;
    int status = ak_cli_read_vault_name(cli, cli->operands[0], &name);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_value *value = ak_value_new();
    status = value ? store(cli, &name, value) : fail_memory(cli);
    ak_value_free(value);
    return status;
}

/* ---- read ---- */

static int read_version(struct ak_cli *cli, uint64_t *out_version)
{
    const char *typed = ak_cli_value(cli, "version-number"), *reason = "";
    *out_version = 0;
    if (!typed) return 0;
    if (ak_args_number(typed, out_version, &reason) == AK_OK && *out_version) return 0;
    return ak_cli_fail_usage(cli, "--version-number is not usable", "it is a number from 1");
}

static int reveal(
    struct ak_cli *cli, const struct ak_vault_name *name, uint64_t version, struct ak_value *value)
{
    struct ak_msg_credential_read_reply reply;
    enum ak_err err = ak_cli_get_value(cli, name, version, value, &reply);
    return err ? ak_cli_fail_call(cli, "reading") : ak_cli_print_value(cli, &reply, value);
}

int ak_cmd_read(struct ak_cli *cli)
{
    struct ak_vault_name name;
    uint64_t version = 0;
    int status = ak_cli_read_vault_name(cli, cli->operands[0], &name);
    if (!status) status = read_version(cli, &version);
    if (!status && !ak_cli_has(cli, "reveal"))
        status = ak_cli_fail_usage(cli, "values are not shown unasked",
            "--reveal prints it; credentials list shows all but the values");
    if (!status) status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_meet_keeper(cli);
    if (status) return status;
    struct ak_value *value = ak_value_new();
    status = value ? reveal(cli, &name, version, value) : fail_memory(cli);
    ak_value_free(value);
    return status;
}

/* ---- run ---- */

static enum ak_err get_current(struct ak_cli *cli, void *ctx, const struct ak_vault_name *name,
    struct ak_value *out_value, struct ak_msg_credential_read_reply *out_reply)
{
    (void)ctx;
    return ak_cli_get_value(cli, name, 0, out_value, out_reply);
}

int ak_cmd_run(struct ak_cli *cli)
{
    int status = ak_cli_check_run(cli);
    if (!status) status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_meet_keeper(cli);
    return status ? status : ak_cli_run(cli, get_current, NULL);
}

/* ---- what is stored ---- */

int ak_cmd_credentials_list(struct ak_cli *cli)
{
    int status = ak_cli_open_session(cli);
    return status ? status : ak_cli_list_credentials(cli);
}

int ak_cmd_credentials_rollback(struct ak_cli *cli)
{
    struct ak_vault_name name;
    struct ak_msg_credential_reply reply;
    uint64_t version = 0;
    int status = ak_cli_read_vault_name(cli, cli->operands[0], &name);
    if (!status) status = read_version(cli, &version);
    if (!status && !version)
        status =
            ak_cli_fail_usage(cli, "to which version", "--version-number says it; the last three are kept");
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_credential_rollback_request request = {
        .service = name.service, .path = name.path, .version = version};
    if (name.path.len) request.present = 1u << AK_CREDENTIAL_ROLLBACK_REQUEST_PATH;
    status = ak_cli_call(cli, AK_CALL_CREDENTIAL_ROLLBACK, &request, &reply, "rolling back");
    return status ? status : print_stored(cli, &reply);
}

int ak_cmd_credentials_delete(struct ak_cli *cli)
{
    struct ak_vault_name name;
    struct ak_msg_done_reply reply;
    char question[AK_LIMIT_SERVICE + 80];
    int status = ak_cli_read_vault_name(cli, cli->operands[0], &name);
    if (status) return status;
    (void)snprintf(question, sizeof question, "All versions of %.*s will be gone. Do it",
        (int)name.service.len, name.service.ptr);
    status = ak_cli_confirm(cli, question);
    if (!status) status = ak_cli_open_session(cli);
    if (status) return status;
    struct ak_msg_credential_delete_request request = {.service = name.service, .path = name.path};
    if (name.path.len) request.present = 1u << AK_CREDENTIAL_DELETE_REQUEST_PATH;
    status = ak_cli_call(cli, AK_CALL_CREDENTIAL_DELETE, &request, &reply, "deleting");
    return status ? status : ak_cli_print_done(cli, &reply);
}
