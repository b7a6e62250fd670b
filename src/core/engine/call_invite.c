/* Invites: a one-time code of 160 bits, made by a person beforehand, that needs nobody at the other end. In
 * memory only. */
#include "base/assert.h"
#include "base/codec/base64.h"
#include "base/crypto/sha256.h"
#include "base/ct.h"
#include "core/engine/pair.h"

/* Open, and made by a device that is enrolled ever since: who was removed has no say in who comes (I9), nor
 * gets it back by coming again. */
static bool is_open(const struct ak_engine *engine, const struct ak_invite *invite)
{
    if (!invite->live || invite->expires_ms <= engine->time.logic_ms) return false;
    const struct ak_account *account = ak_state_account_at(&engine->state, invite->account);
    const struct ak_device *device = ak_state_device(&engine->state, account, invite->made_by);
    return device && device->enrolled_ms == invite->enrolled_ms;
}

static unsigned count_of(const struct ak_engine *engine, uint32_t account)
{
    unsigned count = 0;
    for (size_t i = 0; i < AK_ENGINE_INVITES; i++)
        count += engine->invites[i].account == account && is_open(engine, &engine->invites[i]);
    return count;
}

static unsigned times(const uint32_t accounts[AK_ENGINE_INVITES], uint32_t account)
{
    unsigned count = 0;
    for (size_t i = 0; i < AK_ENGINE_INVITES; i++) count += accounts[i] == account;
    return count;
}

/* Of a table that is full of open ones: the first to end of an account that has more than its share, `own`
 * being the asker's. Devices are not looked through for each pair of them. */
static struct ak_invite *give_way(struct ak_engine *engine, unsigned own)
{
    struct ak_invite *first = NULL;
    uint32_t accounts[AK_ENGINE_INVITES];
    for (size_t i = 0; i < AK_ENGINE_INVITES; i++) accounts[i] = engine->invites[i].account;
    for (size_t i = 0; i < AK_ENGINE_INVITES; i++) {
        struct ak_invite *one = &engine->invites[i];
        bool sooner = !first || one->expires_ms < first->expires_ms;
        if (sooner && times(accounts, one->account) > own + 1) first = one;
    }
    return first;
}

/* NULL where the account has its share. */
static struct ak_invite *take_invite(struct ak_engine *engine, uint32_t account)
{
    unsigned own = count_of(engine, account);
    if (own >= AK_ENGINE_INVITES_ACCOUNT) return NULL;
    for (size_t i = 0; i < AK_ENGINE_INVITES; i++)
        if (!is_open(engine, &engine->invites[i])) return &engine->invites[i];
    return give_way(engine, own);
}

static void hash_code(struct ak_span code, uint8_t out_hash[32])
{
    const struct ak_span parts[] = {AK_SPAN_LIT("agentkeys-invite-v1:"), code};
    ak_sha256_parts(parts, AK_COUNT(parts), out_hash);
}

static void name_maker(const struct ak_step *step, struct ak_invite *invite)
{
    const struct ak_device *maker =
        ak_state_device(&step->engine->state, step->caller.account, step->caller.jkt);
    ak_assert(maker); /* a session of it was checked just before */
    memcpy(invite->made_by, maker->thumbprint, sizeof invite->made_by);
    invite->enrolled_ms = maker->enrolled_ms;
}

enum ak_code ak_call_pair_invite(struct ak_step *step)
{
    struct ak_msg_pair_invite_request request;
    struct ak_engine *engine = step->engine;
    uint8_t memory[AK_LIMIT_SCOPE_TEXT];
    uint8_t random[20], code_text[40];
    struct ak_buf scope = AK_BUF_ARR(memory);
    struct ak_buf text = AK_BUF_ARR(code_text);
    struct ak_grant grant = {0};
    enum ak_code code = ak_step_read(step, &request);
    if (!code && !ak_path_label_valid(request.label)) code = AK_CODE_INVALID_PATH;
    grant = (struct ak_grant){.has_scope = ak_msg_has(&request, AK_PAIR_INVITE_REQUEST_SCOPE),
        .has_rate = ak_msg_has(&request, AK_PAIR_INVITE_REQUEST_RATE),
        .has_valid_until = ak_msg_has(&request, AK_PAIR_INVITE_REQUEST_VALID_UNTIL_AT),
        .scope = request.scope,
        .rate = request.rate};
    if (!code) code = ak_pair_read_grant(step, request.valid_until_at, &scope, &grant);
    if (code) return code;
    code = ak_step_pay(step);
    if (code) return code;
    struct ak_invite *invite = take_invite(engine, step->caller.account_number);
    if (!invite)
        return ak_step_fail(
            step, AK_CODE_RATE_LIMIT_EXCEEDED, "too many invites are open; they end after 24 h");
    *invite = (struct ak_invite){.live = true,
        .account = step->caller.account_number,
        .expires_ms = engine->time.logic_ms + AK_ENGINE_INVITE_MS,
        .grant = grant,
        .label_len = (uint8_t)request.label.len};
    if (grant.scope.len) memcpy(invite->scope, grant.scope.ptr, grant.scope.len);
    invite->grant.scope = ak_span(invite->scope, grant.scope.len);
    name_maker(step, invite);
    memcpy(invite->label, request.label.ptr, request.label.len);
    engine->hooks.random(engine->hooks.ctx, random, sizeof random);
    ak_buf_put_str(&text, "inv-");
    ak_base64url_encode(&text, AK_SPAN_ARR(random));
    hash_code(ak_buf_span(&text), invite->code_hash);
    struct ak_msg_pair_invite_reply reply = {
        .code = ak_buf_span(&text), .expires_at = invite->expires_ms / 1000};
    return ak_step_reply(step, &ak_pair_invite_reply_msg, &reply);
}

static struct ak_invite *find_invite(struct ak_engine *engine, struct ak_span code)
{
    uint8_t hash[32];
    struct ak_invite *found = NULL;
    hash_code(code, hash);
    for (size_t i = 0; i < AK_ENGINE_INVITES; i++) {
        struct ak_invite *one = &engine->invites[i];
        bool same = ak_ct_eq(AK_SPAN_ARR(hash), AK_SPAN_ARR(one->code_hash));
        if (same && is_open(engine, one)) found = one;
    }
    return found;
}

enum ak_code ak_call_pair_redeem(struct ak_step *step)
{
    struct ak_msg_pair_redeem_request request;
    struct ak_msg_pair_status_reply reply = {.status = AK_SPAN_LIT("approved"), .kind = AK_SPAN_LIT("agent")};
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    uint8_t path_memory[AK_PATH_TEXT_MAX];
    struct ak_buf token = AK_BUF_ARR(memory);
    struct ak_buf path = AK_BUF_ARR(path_memory);
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    struct ak_invite *invite = find_invite(step->engine, request.code);
    if (!invite) return ak_step_fail(step, AK_CODE_EXPIRED_REQUEST, "the invite is unknown, used or over");
    step->caller.account = ak_state_account_at(&step->engine->state, invite->account);
    step->caller.account_number = invite->account;
    if (step->caller.account->suspended)
        return ak_step_fail(step, AK_CODE_DENIED, "the account is suspended");
    struct ak_grant grant = invite->grant;
    grant.label = ak_span(invite->label, invite->label_len);
    grant.device = step->caller.jkt;
    code = ak_pair_grant_agent(step, &grant);
    if (code) return code;
    invite->live = false;
    memcpy(reply.anchor, step->caller.account->anchor, 32);
    reply.label = grant.label;
    reply.present = 1u << AK_PAIR_STATUS_REPLY_ANCHOR | 1u << AK_PAIR_STATUS_REPLY_LABEL;
    code = ak_pair_deliver_agent(step, grant.label, &reply, &token, &path);
    return code ? code : ak_step_reply(step, &ak_pair_status_reply_msg, &reply);
}
