/* Signing in by the broker, from the person's side: by mail, by a wallet of one's own. The device's key
 * proves each step; what is said of the device is bound by the proof that fetches the session (I15). */
#include <string.h>

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "programs/cli/at_broker.h"
#include "programs/cli/init.h"
#include "programs/cli/recovery.h"

int ak_init_say(struct ak_init *init, struct ak_msg_sign_in *out_says)
{
    bool has_code = false;
    *out_says = (struct ak_msg_sign_in){.device_name = ak_span_str(init->device_name),
        .recover = init->recover,
        .present = 1u << AK_SIGN_IN_DEVICE_NAME};
    if (init->recover) out_says->present |= 1u << AK_SIGN_IN_RECOVER;
    if (ak_init_offers_code(init)) out_says->present |= 1u << AK_SIGN_IN_RECOVERY_HASH;
    ak_sha256(AK_SPAN_ARR(init->recovery.bytes), out_says->recovery_hash);
    int status = ak_cli_seal_recovery(init->cli, out_says->recovery_code, &has_code);
    if (has_code) out_says->present |= 1u << AK_SIGN_IN_RECOVERY_CODE;
    return status;
}

/* ---- what the broker answers in the end ---- */

int ak_init_take(struct ak_init *init, const struct ak_msg_signed_in_reply *reply)
{
    init->pending = ak_span_eq(reply->state, AK_SPAN_LIT("recovery_pending"));
    if (init->pending) return ak_init_await(init, reply->anchor, reply->ready_at);
    if (!ak_span_eq(reply->state, AK_SPAN_LIT("verified")) || reply->session_jwt.len == 0)
        return ak_cli_fail(init->cli, AK_CATEGORY_FAILURE, "the broker gave no session",
            "its answer is against the contract", "agentkeys doctor");
    const struct ak_init_session session = {.token = reply->session_jwt,
        .expires_at = reply->expires_at,
        .omni = reply->omni_account,
        .anchor = reply->anchor,
        .wallet = reply->wallet_address,
        .account_new = reply->account_new,
        .code_taken = reply->recovery_hash_taken,
        .device_count = reply->device_count};
    return ak_init_keep(init, &session);
}

/* ---- mail ---- */

static int poll_mail(struct ak_init *init, struct ak_client *broker, const struct ak_asked *asked,
    const struct ak_msg_sign_in *says)
{
    struct ak_msg_email_status_request request = {0};
    struct ak_msg_signed_in_reply reply = {0};
    memcpy(request.id, asked->request_id, sizeof request.id);
    for (uint64_t i = 0; i < asked->polls; i++) {
        int status = ak_at_broker_call(init->cli, broker, AK_BROKER_CALL_EMAIL_STATUS, says, &request, &reply,
            "asking whether the mail was answered");
        if (status) return status;
        if (!ak_span_eq(reply.state, AK_SPAN_LIT("pending"))) return ak_init_take(init, &reply);
        ak_at_broker_pause();
    }
    return ak_at_broker_unanswered(init->cli);
}

int ak_init_by_mail(struct ak_init *init)
{
    struct ak_client broker = {0};
    struct ak_msg_sign_in says;
    struct ak_asked asked;
    const char *address = init->identity + strlen("email:"); /* it is one: checked before */
    int status = ak_init_say(init, &says);
    if (!status) status = ak_at_broker_open(init->cli, &broker);
    if (!status) status = ak_at_broker_ask_mail(init->cli, &broker, address, &says, &asked);
    if (!status) status = poll_mail(init, &broker, &asked, &says);
    ak_client_close(&broker);
    ak_wipe(&says, sizeof says);
    return status;
}

/* ---- wallets ---- */

static int verify(struct ak_init *init, struct ak_client *broker, const struct ak_wallet_text *text,
    const uint8_t signature[65], const struct ak_msg_sign_in *says)
{
    struct ak_msg_signed_in_reply reply = {0};
    struct ak_msg_wallet_verify_request verify = {
        .device_name = says->device_name, .present = says->present << AK_WALLET_VERIFY_REQUEST_DEVICE_NAME};
    memcpy(verify.request_id, text->request_id, sizeof verify.request_id);
    memcpy(verify.signature, signature, sizeof verify.signature);
    memcpy(verify.recovery_hash, says->recovery_hash, sizeof verify.recovery_hash);
    memcpy(verify.recovery_code, says->recovery_code, sizeof verify.recovery_code);
    verify.recover = says->recover;
    int status = ak_at_broker_call(
        init->cli, broker, AK_BROKER_CALL_WALLET_VERIFY, says, &verify, &reply, "signing in by the wallet");
    ak_wipe(&verify, sizeof verify);
    return status ? status : ak_init_take(init, &reply);
}

static int ask_wallet(struct ak_init *init, struct ak_client *broker, const struct ak_msg_sign_in *says)
{
    struct ak_wallet_text text;
    uint8_t address[20], signature[65];
    /* the identity is evm:0x and 40 digits: checked before */
    if (ak_hex_decode_fixed(ak_span_str(init->identity + strlen("evm:0x")), address, 20) != AK_OK)
        return AK_CATEGORY_FAILURE;
    int status = ak_at_broker_wallet_text(init->cli, broker, address, &text);
    if (!status) status = ak_at_broker_wallet_sign(init->cli, &text, signature);
    return status ? status : verify(init, broker, &text, signature, says);
}

int ak_init_by_wallet(struct ak_init *init)
{
    struct ak_client broker = {0};
    struct ak_msg_sign_in says;
    int status = ak_init_say(init, &says);
    if (!status) status = ak_at_broker_open(init->cli, &broker);
    if (!status) status = ask_wallet(init, &broker, &says);
    ak_client_close(&broker);
    ak_wipe(&says, sizeof says);
    return status;
}
