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
#include "programs/cli/commands.h"
#include "programs/cli/identities.h"
#include "programs/cli/init.h"
#include "programs/cli/ledger.h"
#include "programs/command/again.h"
#include "programs/command/args.h"
#include "programs/command/out.h"

int ak_init_name(struct ak_init *init, const char *type, const char *value)
{
    char typed[AK_SAVED_TEXT_MAX];
    struct ak_identity identity;
    const char *reason = "too long";
    struct ak_buf text = AK_BUF_ARR(init->identity);
    int len = snprintf(typed, sizeof typed, "%s%s", type, value);
    if (len > 0 && (size_t)len < sizeof typed && ak_args_identity(typed, &text, &reason) == AK_OK &&
        ak_identity_parse(ak_buf_span(&text), &identity) == AK_OK &&
        ak_identity_omni(identity.type_text, identity.value, init->omni) == AK_OK &&
        ak_buf_terminate(&text) == AK_OK)
        return 0;
    return ak_cli_fail_usage(init->cli, "not an identity", reason);
}

/* Over the operator's own socket. */
static int sign_in(struct ak_init *init, struct ak_client *operator_client)
{
    struct ak_cli *cli = init->cli;
    struct ak_msg_session_reply reply;
    struct ak_msg_local_session_request request = {
        .identity = ak_span_str(init->identity), .present = 1u << AK_LOCAL_SESSION_REQUEST_DEVICE_NAME};
    if (ak_init_offers_code(init)) request.present |= 1u << AK_LOCAL_SESSION_REQUEST_RECOVERY_HASH;
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
        .code_taken = reply.recovery_hash_taken,
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
    init->code_taken = session->code_taken;
    init->device_count = session->device_count;
    memcpy(init->wallet, session->wallet, 20);
    cli->saved = (struct ak_saved){.kind = AK_SAVED_SESSION, .expires_at = session->expires_at};
    memcpy(cli->saved.anchor, session->anchor, 32);
    memcpy(cli->saved.address, session->wallet, 20);
    memcpy(cli->saved.token, session->token.ptr, session->token.len);
    memcpy(cli->saved.identity, init->identity, strlen(init->identity));
    ak_cli_remember(cli, init->identity);
    ak_init_wait_over(init);
    ak_client_use_token(&cli->client, ak_span_str(cli->saved.token)); /* kept once it was read back */
    return 0;
}

/* ---- reading back ---- */

static int stop_loudly(struct ak_init *init, const char *what)
{
    return ak_cli_fail(init->cli, AK_CATEGORY_FAILURE,
        "STOP: the account is not new and yours alone; the session was thrown away", what,
        "agentkeys-worker ledger export >log.jsonl, and look at who else uses this worker");
}

/* A new account where ours was not: at another worker, if its ledger is not the one that was met. */
static int stop_for_new(struct ak_init *init, const char *what)
{
    int status = ak_init_has_met_ledger(init) ? ak_cli_pin_ledger(init->cli) : 0;
    return status ? status : stop_loudly(init, what);
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
        return stop_for_new(init, "the new account has agents already, or not this recovery code");
    bool dev = strcmp(cli->target.prefix, "/dev") == 0; /* which has no devices and no ledger calls */
    if (dev) return 0;
    status = check_devices(init);
    return status ? status : ak_cli_pin_ledger(cli);
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

static int choose(struct ak_init *init)
{
    struct ak_cli *cli = init->cli;
    const char *local = ak_cli_value(cli, "local"), *email = ak_cli_value(cli, "email"),
               *wallet = ak_cli_value(cli, "wallet"), *provider = ak_cli_value(cli, "oauth2");
    if ((local != NULL) + (email != NULL) + (wallet != NULL) + (provider != NULL) != 1)
        return ak_cli_fail_usage(cli, "one of --email, --oauth2, --wallet and --local says who you are",
            "--email ADDRESS, --oauth2 PROVIDER and --wallet 0x... sign in by the broker, --local TYPE:VALUE "
            "on this machine");
    if (provider) return ak_init_name_provider(init, provider);
    if (local) return ak_init_name(init, "", local);
    return email ? ak_init_name(init, "email:", email) : ak_init_name(init, "evm:", wallet);
}

static int name_device(struct ak_init *init)
{
    const char *given = ak_cli_value(init->cli, "name"), *reason = "";
    if (given && ak_args_name(given, &reason) != AK_OK)
        return ak_cli_fail_usage(init->cli, "--name is not usable", reason);
    if (given)
        memcpy(init->device_name, given, strlen(given) + 1);
    else if (gethostname(init->device_name, sizeof init->device_name - 1) || !init->device_name[0])
        memcpy(init->device_name, "first device", 13);
    return 0;
}

int ak_init_begin(struct ak_init *init)
{
    int status = name_device(init);
    if (status) return status;
    ak_random_bytes(init->recovery.bytes, sizeof init->recovery.bytes);
    status = ak_cli_open_target(init->cli);
    if (!status) status = ak_cli_open_device(init->cli, NULL);
    return status ? status : ak_cli_open_client(init->cli, true);
}

static void keep_way(struct ak_cli *cli)
{
    static const char *const ways[] = {"local", "email", "oauth2", "wallet"};
    for (size_t i = 0; i < AK_COUNT(ways); i++) {
        const char *value = ak_cli_value(cli, ways[i]);
        if (!value) continue;
        ak_cli_keep_way(cli, ways[i], value);
        return;
    }
}

int ak_init_end(struct ak_init *init)
{
    if (init->pending) return ak_init_show_waiting(init);
    int status = read_back(init), derived = 0;
    if (!status) status = ak_cli_keep_saved(init->cli);
    if (status) return status;
    keep_way(init->cli);
    if (init->account_new && !ak_cli_value(init->cli, "local")) derived = ak_init_by_derived(init);
    status = ak_init_show(init); /* whatever came of the address, the code is seen */
    return status ? status : derived;
}

static int run(struct ak_init *init)
{
    int status = choose(init);
    if (!status) status = ak_init_begin(init);
    if (status) return status;
    if (ak_cli_value(init->cli, "local")) return by_operator(init);
    if (ak_cli_value(init->cli, "oauth2")) return ak_init_by_oauth2(init);
    return ak_cli_value(init->cli, "email") ? ak_init_by_mail(init) : ak_init_by_wallet(init);
}

void ak_init_done(struct ak_init *init)
{
    ak_secret32_done(&init->recovery);
}

int ak_cmd_init(struct ak_cli *cli)
{
    AK_CLEANUP(ak_init_done) struct ak_init init = {.cli = cli};
    int status = run(&init);
    return status ? status : ak_init_end(&init);
}
