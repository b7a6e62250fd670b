/* An agent's token, proved by the device key of its path alone: the way to the current generation after a
 * rotation. */
#include "core/engine/pair.h"
#include "core/wire/msg_token.h"

/* Who does not hold the path's device key learns nothing about accounts and paths: all are unknown to it. */
static enum ak_code refuse_unknown(struct ak_step *step, struct ak_span label)
{
    struct ak_policy_request ask = {.operation = AK_OP_TOKEN, .label = label};
    struct ak_policy_now now = ak_engine_now(step->engine);
    step->caller.account = NULL;
    ak_policy_decide(&ask, NULL, &now, &step->decision);
    step->refused_by_policy = true;
    return AK_CODE_DENIED;
}

enum ak_code ak_call_token(struct ak_step *step)
{
    struct ak_msg_token_request request;
    struct ak_msg_pair_status_reply made = {0};
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    uint8_t path_memory[AK_PATH_TEXT_MAX];
    struct ak_buf token = AK_BUF_ARR(memory);
    struct ak_buf path = AK_BUF_ARR(path_memory);
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    step->caller.account =
        ak_state_account(&step->engine->state, request.account, &step->caller.account_number);
    const struct ak_path_state *state =
        step->caller.account
            ? ak_state_path(&step->engine->state, step->caller.account_number, request.label, NULL)
            : NULL;
    if (!state || memcmp(state->device, step->caller.jkt, 32) != 0)
        return refuse_unknown(step, request.label);
    code = ak_pair_deliver_agent(step, request.label, &made, &token, &path);
    if (code) return code;
    struct ak_msg_token_reply reply = {.agent_token = made.agent_token,
        .expires_at = made.expires_at,
        .path = made.path,
        .generation = made.generation};
    memcpy(reply.address, made.address, 20);
    return ak_step_reply(step, &ak_token_reply_msg, &reply);
}
