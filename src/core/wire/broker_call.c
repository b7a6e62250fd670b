/* The broker's table of calls. */
#include "core/wire/broker_call.h"

static const struct ak_call calls[AK_BROKER_CALL_COUNT] = {
    [AK_BROKER_CALL_EMAIL_REQUEST] = {"email-request", "POST", "/v1/auth/email/request", AK_AUTH_PROOF, 0,
        &ak_email_request_msg, &ak_email_reply_msg,
        "Sends a mail with a link; whoever opens it types the match code there."},
    [AK_BROKER_CALL_EMAIL_VERIFY] = {"email-verify", "POST", "/v1/auth/email/verify", AK_AUTH_PUBLIC, 0,
        &ak_email_verify_request_msg, &ak_email_verify_reply_msg,
        "The link's token and the match code, from the landing page."},
    [AK_BROKER_CALL_EMAIL_STATUS] = {"email-status", "GET", "/v1/auth/email/status/{id}", AK_AUTH_PROOF, 0,
        &ak_email_status_request_msg, &ak_signed_in_reply_msg,
        "How far the sign-in is, to the device that asked for it; its session, once."},
    [AK_BROKER_CALL_WALLET_START] = {"wallet-start", "POST", "/v1/auth/wallet/start", AK_AUTH_PROOF, 0,
        &ak_wallet_start_request_msg, &ak_wallet_start_reply_msg,
        "The Sign-In with Ethereum text that the wallet is to sign; the keeper writes it."},
    [AK_BROKER_CALL_WALLET_VERIFY] = {"wallet-verify", "POST", "/v1/auth/wallet/verify", AK_AUTH_PROOF, 0,
        &ak_wallet_verify_request_msg, &ak_signed_in_reply_msg,
        "The wallet's signature over that text, for a session."},
    [AK_BROKER_CALL_LINK] = {"link", "POST", "/v1/wallet/link", AK_AUTH_CHANGE, AK_CALL_SESSION,
        &ak_wallet_link_request_msg, &ak_link_reply_msg,
        "Links an identity to the account: its own address at once, another one answered for in the last ten "
        "minutes."},
    [AK_BROKER_CALL_UNLINK] = {"unlink", "POST", "/v1/wallet/unlink", AK_AUTH_CHANGE, AK_CALL_SESSION,
        &ak_unlink_request_msg, &ak_done_reply_msg, "Ends a link, perhaps after a waiting time."},
    [AK_BROKER_CALL_LINK_LIST] = {"links", "GET", "/v1/wallet/links", AK_AUTH_USE, AK_CALL_SESSION,
        &ak_link_list_request_msg, &ak_link_list_reply_msg, "The identities of the account."},
    [AK_BROKER_CALL_OAUTH2_START] = {"oauth2-start", "POST", "/v1/auth/oauth2/start", AK_AUTH_PROOF, 0,
        &ak_oauth2_start_request_msg, &ak_oauth2_start_reply_msg,
        "The address at the provider that the person is to open; afterwards the page asks for the match "
        "code."},
    [AK_BROKER_CALL_OAUTH2_CONFIRM] = {"oauth2-confirm", "POST", "/v1/auth/oauth2/confirm", AK_AUTH_PUBLIC, 0,
        &ak_oauth2_confirm_request_msg, &ak_email_verify_reply_msg,
        "The page's token and the match code, from the page that the provider sent the browser back to."},
    [AK_BROKER_CALL_OAUTH2_STATUS] = {"oauth2-status", "GET", "/v1/auth/oauth2/status/{id}", AK_AUTH_PROOF, 0,
        &ak_email_status_request_msg, &ak_signed_in_reply_msg,
        "How far the sign-in is, to the device that asked for it; its session, once."},
    [AK_BROKER_CALL_OAUTH2_IDENTITY] = {"oauth2-identity", "GET", "/v1/auth/oauth2/identity/{id}",
        AK_AUTH_PROOF, 0, &ak_email_status_request_msg, &ak_signed_in_reply_msg,
        "Who signed in there, to the device that asked; for a link, which names the identity."},
};

const struct ak_call *ak_broker_call_get(unsigned id)
{
    return id < AK_BROKER_CALL_COUNT ? &calls[id] : NULL;
}

enum ak_err ak_broker_call_match(struct ak_span method, struct ak_span path, struct ak_msg_param *params,
    size_t *out_param_count, unsigned *out_id)
{
    return ak_call_table_match(
        calls, AK_BROKER_CALL_COUNT, method, path, "", params, out_param_count, out_id);
}
