/* The local operator's sign-in, and logout. */
#include "core/engine/sign_in.h"
#include "core/state/identity_state.h"
#include "core/wire/msg_session.h"

static enum ak_code reply_session(
    struct ak_step *step, const struct ak_identity *identity, const uint8_t omni[32], bool is_new)
{
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    struct ak_buf token = AK_BUF_ARR(memory);
    const struct ak_account *account = step->caller.account;
    struct ak_msg_session_reply reply = {
        .identity_type = identity->type_text, .identity_value = identity->value};
    enum ak_code code = ak_step_issue_session(step, "local", &token, &reply.expires_at);
    if (code) return code;
    reply.session_jwt = ak_buf_span(&token);
    memcpy(reply.omni_account, omni, 32);
    memcpy(reply.anchor, account->anchor, 32);
    memcpy(reply.wallet_address, account->home_wallet, 20);
    reply.account_new = is_new;
    reply.device_count = account->device_count;
    reply.recovery_hash_taken = (is_new || step->code_set) && account->has_recovery;
    if (reply.recovery_hash_taken) reply.present |= 1u << AK_SESSION_REPLY_RECOVERY_HASH_TAKEN;
    return ak_step_reply(step, &ak_session_reply_msg, &reply);
}

enum ak_code ak_call_local_session(struct ak_step *step)
{
    struct ak_msg_local_session_request request;
    struct ak_identity identity;
    uint8_t omni[32];
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    if (!step->engine->conf.sign_in_local)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "local sign-in is off (sign_in.local)");
    if (ak_identity_parse(request.identity, &identity) != AK_OK ||
        ak_identity_omni(identity.type_text, identity.value, omni) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST,
            "identity is type:value with a lower-case e-mail or 0x address, such as "
            "email:alice@demo.example");
    step->caller.account = ak_state_identity(&step->engine->state, omni, &step->caller.account_number);
    bool is_new = step->caller.account == NULL;
    const uint8_t *hash =
        ak_msg_has(&request, AK_LOCAL_SESSION_REQUEST_RECOVERY_HASH) ? request.recovery_hash : NULL;
    if (is_new) code = ak_step_check_new(step, &identity, omni);
    if (is_new && !code) code = ak_step_open_account(step, &identity, omni, request.device_name, hash);
    if (!code && !ak_state_device(&step->engine->state, step->caller.account, step->caller.jkt)) {
        step->caller.account = NULL;
        return ak_step_fail(step, AK_CODE_DEVICE_NOT_ENROLLED,
            "the account has devices and this is none of them; ask one of them to add it: agentkeys device "
            "add");
    }
    if (!code && !is_new) code = ak_step_begin_again(step, omni, hash);
    return code ? code : reply_session(step, &identity, omni, is_new);
}

enum ak_code ak_call_logout(struct ak_step *step)
{
    struct ak_entry ended = ak_step_entry(step, AK_ENTRY_SESSION_ENDED);
    memcpy(ended.device, step->caller.jkt, 32);
    enum ak_code code = ak_step_emit(step, &ended);
    return code ? code : ak_step_reply_done(step, "logged_out");
}
