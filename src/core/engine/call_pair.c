/* Pairing: an agent or a further device asks, a person looks and approves exactly what was shown, the asker
 * fetches its token. Requests and invites live in memory; what was approved is one control entry (I10, I15).
 */
#include "base/codec/hex.h"
#include "core/engine/internal.h"
#include "core/engine/pair.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_devices.h"
#include "core/wire/msg_session.h"

static struct ak_pair_facts *facts_of(struct ak_step *step, uint32_t slot)
{
    return &step->engine->pair_facts[slot];
}

static enum ak_code full(struct ak_step *step, enum ak_err err)
{
    step->retry_after_secs = AK_PAIR_LIFETIME_MS / 1000;
    return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED,
        err == AK_E_LIMIT ? "this source has 100 requests pending, or its network 1000"
                          : "10000 requests are pending");
}

/* Enters a request with fresh random id and code and answers it. */
static enum ak_code enter(struct ak_step *step, const struct ak_pair_facts *facts)
{
    struct ak_engine *engine = step->engine;
    struct ak_pair_code code;
    uint8_t random[16 + AK_PAIR_CODE_RANDOM_LEN];
    char code_text[AK_PAIR_CODE_TEXT_LEN + 1];
    uint8_t url[64];
    struct ak_buf poll = AK_BUF_ARR(url);
    uint32_t slot = 0;
    enum ak_err err = AK_E_EXISTS;
    for (int tries = 0; err == AK_E_EXISTS && tries < 8; tries++) {
        engine->hooks.random(engine->hooks.ctx, random, sizeof random);
        ak_pair_code_make(random + 16, &code);
        err = ak_pair_table_add(
            &engine->pairs, random, &code, step->request->source, engine->time.logic_ms, &slot);
    }
    if (err) return full(step, err);
    *facts_of(step, slot) = *facts;
    memcpy(facts_of(step, slot)->jkt, step->caller.jkt, 32);
    ak_pair_code_format(&code, code_text);
    ak_buf_put_str(&poll, "/v1/pair/");
    ak_hex_encode(&poll, ak_span(random, 16));
    struct ak_msg_pair_reply reply = {.pairing_code = ak_span(code_text, AK_PAIR_CODE_TEXT_LEN),
        .expires_in_seconds = AK_PAIR_LIFETIME_MS / 1000,
        .poll_url = ak_buf_span(&poll)};
    memcpy(reply.request_id, random, 16);
    return ak_step_reply(step, &ak_pair_reply_msg, &reply);
}

enum ak_code ak_call_pair_request(struct ak_step *step)
{
    struct ak_msg_pair_request request;
    struct ak_pair_facts facts = {0};
    struct ak_buf want = AK_BUF_ARR(facts.want);
    struct ak_scope_error why = {0};
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    if (!ak_path_label_valid(request.label))
        return ak_step_fail(step, AK_CODE_INVALID_PATH,
            "a label is 1 to 64 of a-z 0-9 - _ . with a letter or digit at both ends");
    if (ak_scope_canonicalise(request.want, &want, &why) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST,
            why.fault ? ak_scope_fault_text(why.fault) : "want is over 512 bytes");
    facts.want_len = (uint16_t)want.len;
    facts.label_len = (uint8_t)request.label.len;
    memcpy(facts.label, request.label.ptr, request.label.len);
    facts.has_account = ak_msg_has(&request, AK_PAIR_REQUEST_ACCOUNT);
    memcpy(facts.account, request.account, 32);
    return enter(step, &facts);
}

enum ak_code ak_call_device_request(struct ak_step *step)
{
    struct ak_msg_device_request request;
    struct ak_pair_facts facts = {.device = true, .has_account = true};
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    facts.label_len = (uint8_t)request.name.len;
    memcpy(facts.label, request.name.ptr, request.name.len);
    memcpy(facts.account, request.account, 32);
    return enter(step, &facts);
}

static struct ak_msg_pair_item item_of(const struct ak_pair_slot *slot, const struct ak_pair_facts *facts)
{
    struct ak_msg_pair_item item = {.kind = facts->device ? AK_SPAN_LIT("device") : AK_SPAN_LIT("agent"),
        .label = ak_span(facts->label, facts->label_len),
        .want = ak_span(facts->want, facts->want_len),
        .expires_at = slot->expires_ms / 1000};
    memcpy(item.request_id, slot->id, 16);
    memcpy(item.device, facts->jkt, 32);
    return item;
}

static bool addressed_to(const struct ak_pair_facts *facts, const struct ak_account *account)
{
    return facts->has_account && memcmp(facts->account, account->anchor, 32) == 0;
}

/* An account's own count: a stranger's wrong codes are not held against it. NULL where memory is used up. */
static struct ak_pair_wrong *wrong_of(struct ak_step *step)
{
    struct ak_account *account = step->caller.account;
    if (!account->wrong) account->wrong = ak_arena_alloc(step->engine->arena, sizeof *account->wrong);
    return account->wrong;
}

static enum ak_code find_by_code(struct ak_step *step, struct ak_span typed, uint32_t *out_slot)
{
    struct ak_engine *engine = step->engine;
    struct ak_pair_code code;
    uint64_t seen_ms = ak_logic_time_seen_ms(&engine->time);
    uint32_t wait_secs = 0;
    struct ak_pair_wrong *wrong = wrong_of(step);
    if (!wrong) return ak_step_fail(step, AK_CODE_STORAGE_FULL, "the worker's memory is full");
    if (!ak_pair_wrong_may_try(wrong, seen_ms, &wait_secs)) {
        step->retry_after_secs = wait_secs;
        return ak_step_fail(step, AK_CODE_RATE_LIMIT_EXCEEDED, "ten wrong pairing codes in an hour");
    }
    bool found = ak_pair_code_parse(typed, &code) == AK_OK &&
                 ak_pair_table_by_code(&engine->pairs, &code, engine->time.logic_ms, out_slot) == AK_OK;
    if (found && facts_of(step, *out_slot)->has_account &&
        !addressed_to(facts_of(step, *out_slot), step->caller.account))
        found = false;
    if (found) return AK_CODE_OK;
    ak_pair_wrong_note(wrong, seen_ms);
    return ak_step_fail(
        step, AK_CODE_NOT_FOUND, "no pending request has this code; ask the agent for a new one");
}

enum ak_code ak_call_pair_list(struct ak_step *step)
{
    enum { MOST = 50 };
    struct ak_msg_pair_list_request request;
    uint8_t memory[MOST * 800];
    struct ak_buf items = AK_BUF_ARR(memory);
    uint32_t slot = 0;
    struct ak_engine *engine = step->engine;
    enum ak_code code = ak_step_read(step, &request);
    bool by_code = ak_msg_has(&request, AK_PAIR_LIST_REQUEST_CODE);
    if (!code && by_code) code = find_by_code(step, request.code, &slot);
    if (code) return code;
    unsigned count = 0;
    for (uint32_t i = by_code ? slot : 0; i < (by_code ? slot + 1 : engine->pairs.cap) && count < MOST; i++) {
        const struct ak_pair_slot *one = &engine->pairs.slots[i];
        if (one->state != AK_PAIR_PENDING || one->expires_ms <= engine->time.logic_ms) continue;
        if (!by_code && !addressed_to(facts_of(step, i), step->caller.account)) continue;
        struct ak_msg_pair_item item = item_of(one, facts_of(step, i));
        if (ak_list_add(&items, &ak_pair_item_msg, &item) != AK_OK) return AK_CODE_INTERNAL;
        count++;
    }
    struct ak_msg_pair_list_reply reply = {.requests = {ak_buf_span(&items)}};
    return ak_step_reply(step, &ak_pair_list_reply_msg, &reply);
}

/* ---- answering ---- */

static enum ak_code reply_enrolled(struct ak_step *step, struct ak_span name)
{
    const struct ak_account *account = step->caller.account;
    struct ak_msg_agent_change_reply reply = {.label = name,
        .path = AK_SPAN_LIT("device"),
        .status = AK_SPAN_LIT("enrolled"),
        .entry_index = step->ref.index};
    memcpy(reply.anchor, account->anchor, 32);
    memcpy(reply.address, account->home_wallet, 20);
    memcpy(reply.entry_leaf_hash, step->ref.leaf, 32);
    return ak_step_reply(step, &ak_agent_change_reply_msg, &reply);
}

static enum ak_code grant_device(struct ak_step *step, const struct ak_pair_facts *facts)
{
    const struct ak_account *account = step->caller.account;
    if (ak_state_device(&step->engine->state, account, facts->jkt))
        return ak_step_fail(step, AK_CODE_ALREADY_EXISTS, "this device is enrolled already");
    if (account->device_count >= AK_LIMIT_DEVICES)
        return ak_step_fail(step, AK_CODE_STORAGE_FULL, "the account has 32 devices; remove one first");
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_DEVICE_ENROLLED);
    memcpy(entry.device, facts->jkt, 32);
    entry.name = ak_span(facts->label, facts->label_len);
    enum ak_code code = ak_step_emit(step, &entry);
    return code ? code : reply_enrolled(step, entry.name);
}

/* What the person signed must be what was asked: id, kind, label and device. */
static enum ak_code check_shown(struct ak_step *step, const struct ak_msg_pair_approve_request *request,
    const struct ak_pair_facts *facts)
{
    struct ak_span kind = facts->device ? AK_SPAN_LIT("device") : AK_SPAN_LIT("agent");
    if (!ak_span_eq(request->kind, kind) ||
        !ak_span_eq(request->label, ak_span(facts->label, facts->label_len)) ||
        memcmp(request->device, facts->jkt, 32) != 0)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, "what was approved is not what was asked for");
    if (facts->device && (request->scope.len || request->rate || request->valid_until_at))
        return ak_step_fail(
            step, AK_CODE_INVALID_REQUEST, "a device has no scope, rate or expiry of its own");
    if (facts->has_account && !addressed_to(facts, step->caller.account)) return AK_CODE_NOT_FOUND;
    return AK_CODE_OK;
}

static enum ak_code find_pending(struct ak_step *step, const uint8_t id[16], uint32_t *out_slot)
{
    struct ak_engine *engine = step->engine;
    if (ak_pair_table_by_id(&engine->pairs, id, engine->time.logic_ms, out_slot) != AK_OK)
        return ak_step_fail(
            step, AK_CODE_EXPIRED_REQUEST, "the request is unknown or over 600 s old; ask again");
    return engine->pairs.slots[*out_slot].state == AK_PAIR_PENDING ? AK_CODE_OK : AK_CODE_ALREADY_CONSUMED;
}

enum ak_code ak_call_pair_approve(struct ak_step *step)
{
    struct ak_msg_pair_approve_request request;
    uint8_t memory[AK_LIMIT_SCOPE_TEXT];
    struct ak_buf scope = AK_BUF_ARR(memory);
    struct ak_grant grant = {0};
    uint32_t slot = 0;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = find_pending(step, request.request_id, &slot);
    if (code) return code;
    struct ak_pair_facts *facts = facts_of(step, slot);
    code = check_shown(step, &request, facts);
    grant = (struct ak_grant){.has_scope = ak_msg_has(&request, AK_PAIR_APPROVE_REQUEST_SCOPE),
        .has_rate = ak_msg_has(&request, AK_PAIR_APPROVE_REQUEST_RATE),
        .has_valid_until = ak_msg_has(&request, AK_PAIR_APPROVE_REQUEST_VALID_UNTIL_AT),
        .scope = request.scope,
        .rate = request.rate};
    if (!code) code = ak_pair_read_grant(step, request.valid_until_at, &scope, &grant);
    if (code) return code;
    grant.label = ak_span(facts->label, facts->label_len);
    grant.device = facts->jkt;
    code = facts->device ? grant_device(step, facts) : ak_pair_grant_agent(step, &grant);
    if (code) return code;
    facts->has_account = true;
    memcpy(facts->account, step->caller.account->anchor, 32);
    enum ak_err err =
        ak_pair_table_answer(&step->engine->pairs, slot, AK_PAIR_APPROVED, step->engine->time.logic_ms);
    return err ? AK_CODE_INTERNAL : AK_CODE_OK;
}

enum ak_code ak_pair_answer_repeat(struct ak_step *step)
{
    struct ak_msg_pair_approve_request request;
    struct ak_path_state *path = NULL;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    if (ak_span_eq(request.kind, AK_SPAN_LIT("device"))) return reply_enrolled(step, request.label);
    code = ak_step_find_path(step, request.label, &path);
    return code ? code : ak_step_reply_path(step, path, ak_path_status(path));
}

enum ak_code ak_call_pair_refuse(struct ak_step *step)
{
    struct ak_msg_pair_refuse_request request;
    uint32_t slot = 0;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = find_pending(step, request.request_id, &slot);
    if (code) return code;
    if (facts_of(step, slot)->has_account && !addressed_to(facts_of(step, slot), step->caller.account))
        return AK_CODE_NOT_FOUND;
    if (ak_pair_table_answer(&step->engine->pairs, slot, AK_PAIR_REFUSED, step->engine->time.logic_ms) !=
        AK_OK)
        return AK_CODE_ALREADY_CONSUMED;
    struct ak_msg_done_reply done = {.status = AK_SPAN_LIT("refused")};
    return ak_step_reply(step, &ak_done_reply_msg, &done);
}

/* ---- the asker's side ---- */

/* Becomes the caller that the approval made it: its account, and the decision for its first token. */
static enum ak_code become(struct ak_step *step, const uint8_t anchor[32])
{
    step->caller.account = ak_state_account(&step->engine->state, anchor, &step->caller.account_number);
    return step->caller.account ? AK_CODE_OK : AK_CODE_NOT_FOUND;
}

static enum ak_code deliver(struct ak_step *step, uint32_t slot, struct ak_msg_pair_status_reply *reply)
{
    uint8_t memory[AK_TOKEN_TEXT_MAX];
    uint8_t text[AK_PATH_TEXT_MAX];
    struct ak_buf token = AK_BUF_ARR(memory);
    struct ak_buf path = AK_BUF_ARR(text);
    const struct ak_pair_facts *facts = facts_of(step, slot);
    enum ak_code code = become(step, facts->account);
    if (code) return code;
    memcpy(reply->anchor, facts->account, 32);
    reply->present |= 1u << AK_PAIR_STATUS_REPLY_ANCHOR;
    if (facts->device) {
        code = ak_step_issue_session(step, "paired", &token, &reply->expires_at);
        reply->session_jwt = ak_buf_span(&token);
        reply->present |= 1u << AK_PAIR_STATUS_REPLY_SESSION_JWT | 1u << AK_PAIR_STATUS_REPLY_EXPIRES_AT;
    } else {
        code = ak_pair_deliver_agent(step, ak_span(facts->label, facts->label_len), reply, &token, &path);
    }
    if (!code) code = ak_step_reply(step, &ak_pair_status_reply_msg, reply);
    if (!code) ak_pair_table_drop(&step->engine->pairs, slot); /* delivered once */
    return code;
}

enum ak_code ak_call_pair_status(struct ak_step *step)
{
    struct ak_msg_pair_status_request request;
    struct ak_engine *engine = step->engine;
    uint32_t slot = 0;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    if (ak_pair_table_by_id(&engine->pairs, request.id, engine->time.logic_ms, &slot) != AK_OK)
        return ak_step_fail(
            step, AK_CODE_EXPIRED_REQUEST, "the request is unknown, delivered or over 600 s old; ask again");
    const struct ak_pair_facts *facts = facts_of(step, slot);
    if (memcmp(facts->jkt, step->caller.jkt, 32) != 0) return AK_CODE_NOT_FOUND;
    struct ak_msg_pair_status_reply reply = {
        .kind = facts->device ? AK_SPAN_LIT("device") : AK_SPAN_LIT("agent"),
        .label = ak_span(facts->label, facts->label_len),
        .present = 1u << AK_PAIR_STATUS_REPLY_LABEL};
    enum ak_pair_state state = engine->pairs.slots[slot].state;
    reply.status = state == AK_PAIR_PENDING    ? AK_SPAN_LIT("pending")
                   : state == AK_PAIR_APPROVED ? AK_SPAN_LIT("approved")
                                               : AK_SPAN_LIT("refused");
    if (state == AK_PAIR_APPROVED) return deliver(step, slot, &reply);
    return ak_step_reply(step, &ak_pair_status_reply_msg, &reply);
}
