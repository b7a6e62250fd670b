/* agentkeys init: sign in, on the machine itself or by a broker. Opens the account where it is new, makes the
 * recovery code, then reads the account back and stops loudly unless it is new and this device its only one
 * (I9). */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "base/wipe.h"
#include "core/identity/identity.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_devices.h"
#include "core/wire/msg_ledger.h"
#include "core/wire/msg_session.h"
#include "io/proc/random.h"
#include "programs/cli/args.h"
#include "programs/cli/commands.h"
#include "programs/cli/init.h"
#include "programs/cli/ledger.h"
#include "programs/cli/out.h"

static void init_done(struct ak_init *init)
{
    ak_secret32_done(&init->recovery);
}

static int check_identity(struct ak_init *init)
{
    struct ak_identity identity;
    struct ak_span text = ak_span_str(init->identity);
    if (ak_identity_parse(text, &identity) == AK_OK &&
        ak_identity_omni(identity.type_text, identity.value, init->omni) == AK_OK)
        return 0;
    return ak_cli_fail_usage(
        init->cli, "not an identity", "it is type:value in lower case, such as email:alice@demo.example");
}

/* Over the operator's own socket. */
static int sign_in(struct ak_init *init, struct ak_client *operator_client)
{
    struct ak_cli *cli = init->cli;
    struct ak_msg_session_reply reply;
    struct ak_msg_local_session_request request = {.identity = ak_span_str(init->identity),
        .present = 1u << AK_LOCAL_SESSION_REQUEST_DEVICE_NAME | 1u << AK_LOCAL_SESSION_REQUEST_RECOVERY_HASH};
    request.device_name = ak_span_str(init->device_name);
    ak_sha256(AK_SPAN_ARR(init->recovery.bytes), request.recovery_hash);
    enum ak_err err = ak_client_call(operator_client, AK_CALL_LOCAL_SESSION, &request, &reply, &cli->error);
    ak_cli_show_notice(cli, operator_client);
    if (err) return ak_cli_fail_call(cli, "signing in");
    const struct ak_init_session session = {.token = reply.session_jwt,
        .expires_at = reply.expires_at,
        .omni = reply.omni_account,
        .anchor = reply.anchor,
        .wallet = reply.wallet_address,
        .account_new = reply.account_new,
        .device_count = reply.device_count};
    return ak_init_keep(init, &session);
}

static int open_operator(struct ak_init *init, struct ak_client *out_client)
{
    struct ak_cli *cli = init->cli;
    struct ak_target target;
    const char *path = ak_conf_text(&cli->conf, AK_CLIENT_OPERATOR_SOCKET);
    if (!path[0] || ak_target_socket(path, &cli->target, &target) != AK_OK)
        return ak_cli_fail_usage(
            cli, "operator_socket is not usable", "it is a socket's path of 1 to 107 bytes");
    if (access(path, R_OK | W_OK))
        return ak_cli_fail(cli, AK_CATEGORY_UNREACHABLE, "the worker's operator socket is not there", path,
            "agentkeys up, in another terminal and as the same user");
    return ak_cli_open_at(cli, &target, NULL, out_client);
}

int ak_init_keep(struct ak_init *init, const struct ak_init_session *session)
{
    struct ak_cli *cli = init->cli;
    if (memcmp(session->omni, init->omni, 32) != 0 || session->token.len >= sizeof cli->saved.token ||
        strlen(init->identity) >= sizeof cli->saved.identity)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the session is not for that identity",
            "the worker answered with another account's name", "agentkeys doctor");
    init->account_new = session->account_new;
    init->device_count = session->device_count;
    memcpy(init->wallet, session->wallet, 20);
    cli->saved = (struct ak_saved){.kind = AK_SAVED_SESSION, .expires_at = session->expires_at};
    memcpy(cli->saved.anchor, session->anchor, 32);
    memcpy(cli->saved.address, session->wallet, 20);
    memcpy(cli->saved.token, session->token.ptr, session->token.len);
    memcpy(cli->saved.identity, init->identity, strlen(init->identity));
    return ak_cli_keep_saved(cli);
}

/* ---- reading back ---- */

static int stop_loudly(struct ak_init *init, const char *what)
{
    bool forgotten = ak_profile_forget(&init->cli->profile) == AK_OK;
    return ak_cli_fail(init->cli, AK_CATEGORY_FAILURE,
        forgotten ? "STOP: the account is not new and yours alone; the session was thrown away"
                  : "STOP: the account is not new and yours alone; erase the session by agentkeys logout",
        what, "agentkeys-worker ledger export FILE, and look at who else uses this worker");
}

static int check_devices(struct ak_init *init)
{
    struct ak_cli *cli = init->cli;
    struct ak_msg_device_list_request request = {0};
    struct ak_msg_device_list_reply reply;
    struct ak_msg_device_item item;
    unsigned count = 0;
    bool own = false;
    int status = ak_cli_call(cli, AK_CALL_DEVICE_LIST, &request, &reply, "reading the devices back");
    if (status) return status;
    for (; ak_list_next(&reply.devices, &ak_device_item_msg, &item); count++)
        own = own || memcmp(item.device, cli->device.thumbprint, 32) == 0;
    if (!own) return stop_loudly(init, "this device is not among the account's devices");
    if (init->account_new && count != 1)
        return stop_loudly(init, "the new account has other devices already");
    init->device_count = count;
    return 0;
}

static int read_back(struct ak_init *init)
{
    struct ak_cli *cli = init->cli;
    struct ak_msg_account_request request = {0};
    struct ak_msg_account_reply reply;
    int status = ak_cli_call(cli, AK_CALL_ACCOUNT, &request, &reply, "reading the account back");
    if (status) return status;
    if (memcmp(reply.anchor, cli->saved.anchor, 32) != 0 || memcmp(reply.home_wallet, init->wallet, 20) != 0)
        return stop_loudly(init, "what is read back is another account");
    if (init->account_new && memcmp(reply.anchor, init->omni, 32) != 0)
        return stop_loudly(init, "the new account is another identity's");
    if (init->account_new && (reply.agent_count != 0 || !reply.recovery_code_set))
        return stop_loudly(init, "the new account has agents already, or not this recovery code");
    bool dev = strcmp(cli->target.prefix, "/dev") == 0; /* which has no devices and no ledger calls */
    if (dev) return 0;
    status = check_devices(init);
    return status ? status : ak_cli_pin_ledger(cli);
}

/* ---- saying it ---- */

static void put_text(struct ak_json_writer *w, const char *key, const char *text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, ak_span_str(text));
}

static void print_json(const struct ak_init *init, const char *recovery)
{
    uint8_t memory[2048];
    char print[AK_OUT_PRINT_LEN + 1];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&json);
    ak_out_print(init->cli->device.thumbprint, print);
    ak_json_open_object(&w);
    ak_json_key(&w, "anchor");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(init->cli->saved.anchor));
    put_text(&w, "identity", init->identity);
    ak_json_key(&w, "wallet_address");
    ak_json_put_hex(&w, "0x", AK_SPAN_ARR(init->wallet));
    put_text(&w, "device", print);
    ak_json_key(&w, "device_count");
    ak_json_put_u64(&w, init->device_count);
    ak_json_key(&w, "account_new");
    ak_json_put_bool(&w, init->account_new);
    ak_json_key(&w, "expires_at");
    ak_json_put_u64(&w, init->cli->saved.expires_at);
    if (init->account_new) put_text(&w, "recovery_code", recovery);
    ak_json_close_object(&w);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
    ak_wipe(memory, sizeof memory);
}

static void print_people(const struct ak_init *init, const char *recovery)
{
    ak_out_line(init->account_new ? "Account opened." : "Signed in.");
    ak_out_row_hex("account", AK_SPAN_ARR(init->cli->saved.anchor));
    ak_out_row("identity", init->identity);
    ak_out_row_address("wallet", init->wallet);
    ak_out_row_print("this device", init->cli->device.thumbprint);
    ak_out_row_number("devices", init->device_count);
    ak_out_row_time("session until", init->cli->saved.expires_at);
    if (!init->account_new) return;
    ak_out_line(
        "\nRecovery code, shown this once; write it down and keep it away from this machine:\n\n  %s\n",
        recovery);
    ak_out_line("Next, on the agent's side: agentkeys-daemon pair --label agent-1 --want cap:sign-message");
}

static int print_result(const struct ak_init *init)
{
    char recovery[AK_RECOVERY_TEXT_LEN + 1];
    ak_args_recovery_format(init->recovery.bytes, recovery);
    if (init->cli->json)
        print_json(init, recovery);
    else
        print_people(init, recovery);
    ak_wipe(recovery, sizeof recovery);
    return 0;
}

/* ---- which way ---- */

static int by_operator(struct ak_init *init)
{
    struct ak_client operator_client = {0};
    int status = open_operator(init, &operator_client);
    if (!status) status = sign_in(init, &operator_client);
    ak_client_close(&operator_client);
    return status;
}

/* The identity's text from whichever option says it. */
static int choose(struct ak_init *init)
{
    struct ak_cli *cli = init->cli;
    const char *local = ak_cli_value(cli, "local"), *email = ak_cli_value(cli, "email"),
               *wallet = ak_cli_value(cli, "wallet");
    const char *type = email    ? "email:"
                       : wallet ? "evm:"
                                : "",
               *value = email    ? email
                        : wallet ? wallet
                                 : local;
    if ((local != NULL) + (email != NULL) + (wallet != NULL) != 1)
        return ak_cli_fail_usage(cli, "one of --email, --wallet and --local says who you are",
            "--email ADDRESS and --wallet 0x... sign in by the broker, --local TYPE:VALUE on this machine");
    struct ak_buf text = AK_BUF_ARR(init->identity_text);
    ak_buf_put_str(&text, type);
    ak_buf_put_str(&text, value);
    if (ak_buf_terminate(&text) != AK_OK) return ak_cli_fail_usage(cli, "not an identity", "too long");
    if (wallet) /* typed with its checksum, as people have it; the identity is in lower case */
        for (char *at = init->identity_text; *at; at++)
            if (*at >= 'A' && *at <= 'F') *at = (char)(*at | 0x20);
    init->identity = init->identity_text;
    return check_identity(init);
}

static void name_device(struct ak_init *init)
{
    const char *given = ak_cli_value(init->cli, "name");
    if (given && strlen(given) < sizeof init->device_name)
        memcpy(init->device_name, given, strlen(given) + 1);
    else if (gethostname(init->device_name, sizeof init->device_name - 1) || !init->device_name[0])
        memcpy(init->device_name, "first device", 13);
}

static int run(struct ak_init *init)
{
    struct ak_cli *cli = init->cli;
    int status = choose(init);
    if (status) return status;
    name_device(init);
    ak_random_bytes(init->recovery.bytes, sizeof init->recovery.bytes);
    status = ak_cli_open_target(cli);
    if (!status) status = ak_cli_open_device(cli, NULL);
    if (!status) status = ak_cli_open_client(cli, true);
    if (status) return status;
    if (ak_cli_value(cli, "local")) return by_operator(init);
    return ak_cli_value(cli, "email") ? ak_init_by_mail(init) : ak_init_by_wallet(init);
}

int ak_cmd_init(struct ak_cli *cli)
{
    AK_CLEANUP(init_done) struct ak_init init = {.cli = cli};
    int status = run(&init);
    if (!status && init.pending) return 0; /* a recovery that waits; said already */
    if (!status) status = read_back(&init);
    return status ? status : print_result(&init);
}
