#include "hostile-gateway/people.h"

#include "core/wire/msg_agents.h"
#include "core/wire/msg_pair.h"

void hostile_keep_token(struct hostile_device *device, struct ak_span token)
{
    assert_true(token.len > 0 && token.len < sizeof device->token);
    memcpy(device->token, token.ptr, token.len);
    device->token[token.len] = 0;
}

void hostile_sign_in(struct hostile *h, struct hostile_device *device, const char *identity,
    struct ak_msg_session_reply *out_reply)
{
    const struct ak_msg_local_session_request request = {.identity = ak_span_str(identity)};
    const struct hostile_call call = {.id = AK_CALL_LOCAL_SESSION,
        .request = &request,
        .device = device,
        .transport = AK_TRANSPORT_OPERATOR};
    hostile_must(h, &call, out_reply);
    hostile_keep_token(device, out_reply->session_jwt);
}

static void approve(struct hostile *h, const struct hostile_device *person, const uint8_t request_id[16],
    const struct hostile_device *agent)
{
    struct ak_msg_agent_change_reply approved;
    struct ak_msg_pair_approve_request request = {.present = 0x3f,
        .kind = AK_SPAN_LIT("agent"),
        .label = AK_SPAN_LIT("agent-1"),
        .scope = AK_SPAN_LIT("cap:sign-message"),
        .rate = 1000};
    memcpy(request.request_id, request_id, 16);
    memcpy(request.device, agent->jkt, 32);
    const struct hostile_call call = {
        .id = AK_CALL_PAIR_APPROVE, .request = &request, .device = person, .token = person->token};
    hostile_must(h, &call, &approved);
}

void hostile_pair_agent(struct hostile *h, const struct hostile_device *person, const uint8_t anchor[32],
    struct hostile_device *agent)
{
    struct ak_msg_pair_request ask = {
        .present = 7, .label = AK_SPAN_LIT("agent-1"), .want = AK_SPAN_LIT("cap:sign-message")};
    struct ak_msg_pair_reply asked;
    struct ak_msg_pair_status_request poll = {0};
    struct ak_msg_pair_status_reply got;
    memcpy(ask.account, anchor, 32);
    const struct hostile_call pair = {.id = AK_CALL_PAIR_REQUEST, .request = &ask, .device = agent};
    hostile_must(h, &pair, &asked);
    memcpy(poll.id, asked.request_id, 16);
    approve(h, person, poll.id, agent);
    const struct hostile_call status = {.id = AK_CALL_PAIR_STATUS, .request = &poll, .device = agent};
    hostile_must(h, &status, &got);
    hostile_keep_token(agent, got.agent_token);
}
