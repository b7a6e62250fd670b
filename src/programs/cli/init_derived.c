/* The account's own address, right after its opening: derived again, linked, and shown to sign in here, which
 * it does on a device of the account alone. What goes wrong here takes nothing from the account. */
#include <stdio.h>
#include <string.h>

#include "core/wire/msg_link.h"
#include "core/wire/msg_sign.h"
#include "programs/cli/at_broker.h"
#include "programs/cli/init.h"
#include "programs/command/out.h"
#include "programs/command/signing.h"

static int derive(struct ak_init *init)
{
    struct ak_msg_derive_request request = {0};
    struct ak_msg_derive_reply reply;
    memcpy(request.omni_account, init->cli->saved.anchor, 32);
    int status =
        ak_cli_call(init->cli, AK_CALL_DERIVE_ADDRESS, &request, &reply, "deriving the account's address");
    if (status || memcmp(reply.address, init->wallet, 20) == 0) return status;
    return ak_cli_fail(init->cli, AK_CATEGORY_FAILURE, "the account's address is another one",
        "what the worker derives is not what it told at the opening", "agentkeys doctor");
}

static int link_it(struct ak_init *init, struct ak_client *broker)
{
    char text[AK_OUT_ADDRESS_LEN + 1];
    struct ak_msg_link_reply reply;
    ak_out_address(init->wallet, text);
    for (char *at = text; *at; at++)
        if (*at >= 'A' && *at <= 'F') *at = (char)(*at | 0x20);
    const struct ak_msg_wallet_link_request request = {
        .identity_type = AK_SPAN_LIT("evm"), .identity_value = ak_span_str(text)};
    enum ak_err err =
        ak_client_broker_call(broker, AK_BROKER_CALL_LINK, NULL, &request, &reply, &init->cli->error);
    bool before = err == AK_E_MEANING && strcmp(init->cli->error.code, "already_done") == 0;
    if (!err || before) return 0;
    return ak_at_broker_fail(init->cli, AK_BROKER_CALL_LINK, "linking the account's address");
}

/* The worker signs its own sign-in text for the device that it names, and no other. */
static int sign_in(struct ak_init *init, struct ak_client *broker)
{
    static const struct ak_msg_sign_in nothing;
    struct ak_cli *cli = init->cli;
    struct ak_wallet_text text;
    struct ak_msg_sign_reply made;
    struct ak_msg_signed_in_reply reply;
    struct ak_msg_wallet_verify_request verify = {0};
    int status = ak_at_broker_wallet_text(cli, broker, init->wallet, &text);
    if (status) return status;
    if (ak_cli_try_sign(cli, ak_span(text.bytes, text.len), AK_SPAN_EMPTY, &made) != AK_OK)
        return ak_cli_fail_call(cli, "signing in by the account's address");
    memcpy(verify.request_id, text.request_id, sizeof verify.request_id);
    memcpy(verify.signature, made.signature, sizeof verify.signature);
    status = ak_at_broker_call(cli, broker, AK_BROKER_CALL_WALLET_VERIFY, &nothing, &verify, &reply,
        "signing in by the account's address");
    if (status) return status;
    if (ak_span_eq(reply.state, AK_SPAN_LIT("verified")) && !reply.account_new &&
        memcmp(reply.anchor, cli->saved.anchor, 32) == 0)
        return 0;
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the account's address signs in elsewhere",
        "the broker's answer is not a session of this account", "agentkeys doctor");
}

int ak_init_by_derived(struct ak_init *init)
{
    struct ak_client broker = {0};
    bool json = init->cli->json;
    init->cli->json = false; /* one answer goes to standard output, and it is not this one */
    int status = derive(init);
    if (!status) status = ak_at_broker_open(init->cli, &broker);
    if (!status) ak_client_use_token(&broker, ak_span_str(init->cli->saved.token));
    if (!status) status = link_it(init, &broker);
    if (!status) status = sign_in(init, &broker);
    ak_client_close(&broker);
    init->cli->json = json;
    init->derived_signs_in = status == 0;
    return status;
}
