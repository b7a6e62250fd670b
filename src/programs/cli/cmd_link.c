/* agentkeys link, unlink, links: the identities of an account. The broker has a person answer for a new one;
 * the worker decides. */
#include <stdio.h>
#include <string.h>

#include "base/codec/hex.h"
#include "base/wipe.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_link.h"
#include "core/wire/msg_session.h"
#include "programs/cli/at_broker.h"
#include "programs/cli/commands.h"
#include "programs/cli/identities.h"
#include "programs/cli/links.h"
#include "programs/cli/recovery.h"
#include "programs/command/args.h"
#include "programs/command/out.h"

/* One identity on its way. */
struct linking {
    struct ak_cli *cli;
    struct ak_client broker;
    char identity[AK_SAVED_TEXT_MAX];
    struct ak_msg_wallet_link_request request; /* views into identity */
    struct ak_msg_link_reply reply;
};

static const char problem[] = "linking the identity";

static int name_identity(struct linking *linking, const char *type, const char *value)
{
    char typed[AK_SAVED_TEXT_MAX];
    const char *reason = "too long";
    struct ak_buf text = AK_BUF_ARR(linking->identity);
    int len = snprintf(typed, sizeof typed, "%s%s", type, value);
    if (len < 0 || (size_t)len >= sizeof typed || ak_args_identity(typed, &text, &reason) != AK_OK ||
        ak_buf_terminate(&text) != AK_OK)
        return ak_cli_fail_usage(linking->cli, "not an identity", reason);
    struct ak_span whole = ak_span_str(linking->identity);
    size_t colon = ak_span_find(whole, 0, ':');
    linking->request.identity_type = ak_span_sub(whole, 0, colon);
    linking->request.identity_value = ak_span_sub(whole, colon + 1, whole.len);
    return 0;
}

static int ask(struct linking *linking)
{
    return ak_at_broker_call(linking->cli, &linking->broker, AK_BROKER_CALL_LINK, NULL, &linking->request,
        &linking->reply, problem);
}

/* ---- the four ways ---- */

/* Until the page was answered, the broker says that it is not ready. */
static int link_when_answered(struct linking *linking, uint64_t polls)
{
    struct ak_cli *cli = linking->cli;
    for (uint64_t i = 0; i < polls; i++) {
        ak_at_broker_pause();
        enum ak_err err = ak_client_broker_call(
            &linking->broker, AK_BROKER_CALL_LINK, NULL, &linking->request, &linking->reply, &cli->error);
        if (!err) return 0;
        if (err != AK_E_MEANING || strcmp(cli->error.code, "not_ready") != 0)
            return ak_at_broker_fail(cli, AK_BROKER_CALL_LINK, problem);
    }
    return ak_at_broker_unanswered(cli);
}

static int by_mail(struct linking *linking, const char *address)
{
    struct ak_asked asked;
    int status = name_identity(linking, "email:", address);
    if (!status)
        status = ak_at_broker_ask_mail(
            linking->cli, &linking->broker, (const char *)linking->request.identity_value.ptr, NULL, &asked);
    if (status) return status;
    memcpy(linking->request.request_id, asked.request_id, sizeof asked.request_id);
    linking->request.present = 1u << AK_WALLET_LINK_REQUEST_REQUEST_ID;
    return link_when_answered(linking, asked.polls);
}

static int by_wallet(struct linking *linking, const char *typed)
{
    struct ak_wallet_text text;
    uint8_t address[20];
    int status = name_identity(linking, "evm:", typed);
    /* it is 0x and 40 digits: checked just before */
    if (!status && ak_hex_decode_fixed(ak_span_sub(linking->request.identity_value, 2, 42), address, 20))
        status = AK_CATEGORY_FAILURE;
    if (!status) status = ak_at_broker_wallet_text(linking->cli, &linking->broker, address, &text);
    if (!status) status = ak_at_broker_wallet_sign(linking->cli, &text, linking->request.signature);
    if (status) return status;
    memcpy(linking->request.request_id, text.request_id, sizeof text.request_id);
    linking->request.present =
        1u << AK_WALLET_LINK_REQUEST_REQUEST_ID | 1u << AK_WALLET_LINK_REQUEST_SIGNATURE;
    return ask(linking);
}

/* Who it is the provider says, by the broker: that is shown, and what the device's proof then covers. */
static int by_provider(struct linking *linking, const char *provider)
{
    struct ak_asked asked;
    char identity[AK_SAVED_TEXT_MAX];
    int status = ak_at_broker_provider(linking->cli, provider);
    if (!status) status = ak_at_broker_ask_provider(linking->cli, &linking->broker, provider, NULL, &asked);
    if (!status) status = ak_at_broker_who(linking->cli, &linking->broker, provider, &asked, identity);
    if (!status) status = name_identity(linking, "", identity);
    if (status) return status;
    memcpy(linking->request.request_id, asked.request_id, sizeof asked.request_id);
    linking->request.present = 1u << AK_WALLET_LINK_REQUEST_REQUEST_ID;
    return ask(linking);
}

static int by_own_address(struct linking *linking)
{
    const struct ak_msg_account_request request = {0};
    struct ak_msg_account_reply account;
    char address[AK_OUT_ADDRESS_LEN + 1];
    int status = ak_cli_call(linking->cli, AK_CALL_ACCOUNT, &request, &account, "reading the account");
    if (status) return status;
    ak_out_address(account.home_wallet, address);
    status = name_identity(linking, "evm:", address);
    return status ? status : ask(linking);
}

static int link_one(struct linking *linking)
{
    struct ak_cli *cli = linking->cli;
    const char *email = ak_cli_value(cli, "email"), *wallet = ak_cli_value(cli, "wallet"),
               *provider = ak_cli_value(cli, "oauth2");
    bool own = ak_cli_has(cli, "derived");
    if ((email != NULL) + (wallet != NULL) + (provider != NULL) + own != 1)
        return ak_cli_fail_usage(cli, "one of --email, --oauth2, --wallet and --derived says what is linked",
            "--email ADDRESS by a mail, --oauth2 PROVIDER at a provider, --wallet 0x... by its signature, "
            "--derived the account's own address");
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_at_broker_open_session(cli, &linking->broker);
    if (status) return status;
    if (own) return by_own_address(linking);
    if (provider) return by_provider(linking, provider);
    return email ? by_mail(linking, email) : by_wallet(linking, wallet);
}

int ak_cmd_link(struct ak_cli *cli)
{
    struct linking linking = {.cli = cli};
    int status = link_one(&linking);
    if (!status) ak_cli_remember(cli, linking.identity);
    if (!status && cli->json) ak_out_json(linking.broker.raw);
    if (!status && !cli->json) {
        ak_out_line("Linked: from now on it signs in to this account.");
        ak_out_row("identity", linking.identity);
        ak_out_row_hex("omni", AK_SPAN_ARR(linking.reply.omni_account));
        ak_out_row_hex("account", AK_SPAN_ARR(linking.reply.anchor));
    }
    ak_client_close(&linking.broker);
    return status;
}

/* ---- ending a link ---- */

int ak_cmd_unlink(struct ak_cli *cli)
{
    struct ak_client broker = {0};
    struct ak_msg_unlink_request request = {0};
    struct ak_msg_done_reply reply;
    const char *reason = "";
    AK_CLEANUP(ak_cli_code_done) struct ak_cli_code code = {0};
    if (ak_args_omni(cli->operands[0], request.omni_account, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "not an identity", reason);
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_take_code(cli, &code);
    if (!status) status = ak_at_broker_open_session(cli, &broker);
    if (status) return status;
    memcpy(request.recovery_code, code.sealed, sizeof request.recovery_code);
    memcpy(request.recovery_hash, code.next_hash, sizeof request.recovery_hash);
    if (code.there)
        request.present = 1u << AK_UNLINK_REQUEST_RECOVERY_CODE | 1u << AK_UNLINK_REQUEST_RECOVERY_HASH;
    status = ak_at_broker_call(
        cli, &broker, AK_BROKER_CALL_UNLINK, NULL, &request, &reply, "unlinking the identity");
    status = ak_cli_print_changed(cli, status, &reply, broker.raw, &code);
    ak_client_close(&broker);
    return status;
}

/* ---- listing ---- */

void ak_links_print(struct ak_cli *cli, const struct ak_msg_link_list_reply *reply)
{
    struct ak_list rest = reply->links;
    struct ak_msg_link_item item;
    while (ak_list_next(&rest, &ak_link_item_msg, &item)) {
        char name[AK_SAVED_TEXT_MAX], type[33], how[17], time[AK_OUT_TIME_LEN], omni[65];
        struct ak_buf hex = AK_BUF_ARR(omni);
        ak_out_shown(item.identity_type, type, sizeof type);
        ak_out_shown(item.how, how, sizeof how);
        ak_out_time(item.linked_at, time);
        ak_cli_identity_name(cli, &item, name, sizeof name);
        ak_hex_encode(&hex, AK_SPAN_ARR(item.omni_account));
        if (ak_buf_terminate(&hex) != AK_OK) return;
        ak_out_line("%s  %s  %-7s  %s%s%s", omni, time, how, type, name[0] ? ":" : "", name);
    }
}

int ak_cmd_links(struct ak_cli *cli)
{
    struct ak_client broker = {0};
    const struct ak_msg_link_list_request request = {0};
    struct ak_msg_link_list_reply reply;
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_at_broker_open_session(cli, &broker);
    if (!status)
        status = ak_at_broker_call(
            cli, &broker, AK_BROKER_CALL_LINK_LIST, NULL, &request, &reply, "listing the identities");
    if (!status && cli->json) ak_out_json(broker.raw);
    if (!status && !cli->json) ak_links_print(cli, &reply);
    ak_client_close(&broker);
    return status;
}
