/* What a refusal says: seen, limit, remedy. Bytes from outside are shown as printable ASCII, cut; in a remedy
 * they stand only where a shell would take them as they are, else a word in capitals stands for them. */
#include "core/policy/decide_text.h"

#include "base/assert.h"
#include "base/codec/hex.h"
#include "core/evm/rfc3339.h"
#include "core/keys/path.h"

enum { SHOWN_MAX = 96 };

/* A refusal in the making. */
struct refusal {
    const struct ak_policy_request *q;
    const struct ak_policy_record *r;
    const struct ak_policy_now *now;
    struct ak_buf seen, limit, remedy;
    uint32_t wait_secs;
};

static bool printable(uint8_t c)
{
    return c >= 0x20 && c < 0x7f;
}

static void put_shown(struct ak_buf *buf, struct ak_span bytes)
{
    struct ak_span cut = ak_span_sub(bytes, 0, SHOWN_MAX);
    for (size_t i = 0; i < cut.len; i++) ak_buf_put_u8(buf, printable(cut.ptr[i]) ? cut.ptr[i] : '?');
    if (cut.len < bytes.len) ak_buf_put_str(buf, "...");
}

static bool typable(struct ak_span bytes)
{
    for (size_t i = 0; i < bytes.len; i++) {
        uint8_t c = bytes.ptr[i];
        bool alnum = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
        if (!alnum && (c == 0 || !strchr(".:/_-", c))) return false;
    }
    return bytes.len > 0 && bytes.len <= SHOWN_MAX;
}

static void put_typed(struct ak_buf *buf, struct ak_span bytes, const char *otherwise)
{
    if (typable(bytes)) {
        ak_buf_put(buf, bytes);
    } else {
        ak_buf_put_str(buf, otherwise);
    }
}

static void put_path(struct ak_buf *buf, struct ak_span label, uint32_t generation)
{
    ak_buf_put_u8(buf, '/');
    put_shown(buf, label);
    ak_buf_put_u8(buf, '/');
    ak_buf_put_dec(buf, generation);
}

/* "agentkeys agents policy agent-1 ARGS" */
static void put_policy_command(struct refusal *f, const char *args)
{
    ak_buf_put_str(&f->remedy, "agentkeys agents policy ");
    put_typed(&f->remedy, f->r->label, "LABEL");
    ak_buf_put_u8(&f->remedy, ' ');
    ak_buf_put_str(&f->remedy, args);
}

static bool is_session(const struct refusal *f)
{
    return f->r && f->r->subject == AK_SUBJECT_SESSION;
}

/* ---- one function a rule ---- */

static void say_path_unknown(struct refusal *f)
{
    bool good = ak_path_label_valid(f->q->label);
    ak_buf_put_u8(&f->seen, '/');
    put_shown(&f->seen, f->q->label);
    ak_buf_put_str(&f->limit, "a path that the account's owner approved");
    ak_buf_put_str(&f->remedy, "agentkeys-daemon pair --label ");
    put_typed(&f->remedy, good ? f->q->label : AK_SPAN_EMPTY, "LABEL");
}

static void say_decommissioned(struct refusal *f)
{
    ak_buf_put_u8(&f->seen, '/');
    put_shown(&f->seen, f->r->label);
    ak_buf_put_str(&f->seen, " is decommissioned");
    ak_buf_put_str(&f->limit, "a decommissioned path never acts again");
    ak_buf_put_str(&f->remedy, "agentkeys-daemon pair --label NEW-LABEL");
}

static void say_generation(struct refusal *f)
{
    bool by_path = f->q->has_path_generation && f->q->path_generation != f->r->generation;
    if (by_path) {
        ak_buf_put_str(&f->seen, "path_retired: ");
        put_path(&f->seen, f->r->label, f->q->path_generation);
    } else if (f->q->has_token_generation) {
        ak_buf_put_str(&f->seen, "path_retired: token for ");
        put_path(&f->seen, f->r->label, f->q->token_generation);
    } else {
        ak_buf_put_str(&f->seen, "a token without generation");
    }
    ak_buf_put_str(&f->limit, "current: ");
    put_path(&f->limit, f->r->label, f->r->generation);
    if (by_path) {
        ak_buf_put_str(&f->remedy, "use ");
        put_path(&f->remedy, f->r->label, f->r->generation);
    } else {
        ak_buf_put_str(&f->remedy, "agentkeys-daemon token --renew");
    }
}

static void say_active(struct refusal *f)
{
    if (f->r->account_suspended) {
        ak_buf_put_str(&f->seen, "the account is suspended");
        ak_buf_put_str(&f->limit, "an account that is not suspended");
        ak_buf_put_str(&f->remedy, "agentkeys account resume");
        return;
    }
    ak_buf_put_u8(&f->seen, '/');
    put_shown(&f->seen, f->r->label);
    ak_buf_put_str(&f->seen, f->r->active ? " is suspended" : " is not approved yet");
    ak_buf_put_str(&f->limit, "an approved path that is not suspended");
    if (f->r->active) {
        ak_buf_put_str(&f->remedy, "agentkeys agents resume ");
        put_typed(&f->remedy, f->r->label, "LABEL");
    } else {
        ak_buf_put_str(&f->remedy, "agentkeys pair approve CODE");
    }
}

static void say_valid_until(struct refusal *f)
{
    bool by_time = f->r->valid_until_ms != 0 && f->now->logic_ms >= f->r->valid_until_ms;
    ak_buf_put_str(&f->seen, by_time ? "now " : "height ");
    ak_buf_put_str(&f->limit, by_time ? "valid until " : "valid until height ");
    if (by_time) {
        ak_rfc3339_put(&f->seen, f->now->logic_ms);
        ak_rfc3339_put(&f->limit, f->r->valid_until_ms);
    } else {
        ak_buf_put_dec(&f->seen, f->now->height);
        ak_buf_put_dec(&f->limit, f->r->valid_until_height);
    }
    put_policy_command(f, "--valid-for 30d");
}

static void say_device(struct refusal *f)
{
    ak_buf_put_str(&f->seen, "another device key");
    if (is_session(f)) {
        ak_buf_put_str(&f->limit, "the device that the session was issued to");
        ak_buf_put_str(&f->remedy, "agentkeys device add");
        return;
    }
    ak_buf_put_str(&f->limit, "the device key approved for /");
    put_shown(&f->limit, f->r->label);
    ak_buf_put_str(&f->remedy, "agentkeys-daemon pair --label ");
    put_typed(&f->remedy, f->r->label, "LABEL");
}

/* Content that nobody may sign, or not this caller; NULL where the content is not the reason. */
struct content_text {
    const char *seen, *limit, *remedy;
};
static const struct content_text content_texts[] = {
    [AK_CONTENT_LIKE_SIWE] = {"a message that reads like a sign-in", "sign-ins are signed by sign-siwe only",
        "give the whole EIP-4361 text, with cap:sign-siwe in the scope"},
    [AK_CONTENT_OWN_STATEMENT] = {"a statement in the name of AgentKeys", "no generic operation signs those",
        "none: nothing allows it"},
    [AK_CONTENT_OWN_SITE] = {"a sign-in to this service itself", "only an owner's session signs in here",
        "agentkeys init"},
    [AK_CONTENT_OWN_AUDIENCE] = {"a token for this service itself or its vault", "those are never minted",
        "name the cloud's audience, such as sts.amazonaws.com"},
};

static void say_three(struct refusal *f, const char *seen, const char *limit, const char *remedy)
{
    ak_buf_put_str(&f->seen, seen);
    ak_buf_put_str(&f->limit, limit);
    ak_buf_put_str(&f->remedy, remedy);
}

static void say_operation(struct refusal *f)
{
    unsigned content = (unsigned)f->q->facts.content;
    if (!ak_operation_known(f->q->operation)) {
        say_three(f, "an unknown operation", "only operations that are known", "agentkeys explain --help");
    } else if (content < AK_COUNT(content_texts) && content_texts[content].seen) {
        const struct content_text *text = &content_texts[content];
        say_three(f, text->seen, text->limit, text->remedy);
    } else {
        ak_buf_put_str(&f->seen, is_session(f) ? "a session asks for " : "an agent asks for ");
        ak_buf_put_str(&f->seen, ak_operation_name(f->q->operation));
        say_three(f, "", "only the agent's own token acts for its path", "agentkeys-daemon sign");
    }
}

static void say_scope(struct refusal *f)
{
    const char *cap = ak_operation_cap(f->q->operation);
    struct ak_span wanted = cap ? ak_span_str(cap) : f->q->facts.service;
    bool good = cap || ak_scope_is_service(wanted);
    put_shown(&f->seen, wanted);
    if (is_session(f)) {
        ak_buf_put_str(&f->limit, "a service name of a-z 0-9 -");
        ak_buf_put_str(&f->remedy, "give a service name");
        return;
    }
    ak_buf_put_str(&f->limit, f->r->scope.len > 0 ? "scope " : "an empty scope");
    put_shown(&f->limit, f->r->scope);
    put_policy_command(f, "--scope +");
    put_typed(&f->remedy, good ? wanted : AK_SPAN_EMPTY, "SERVICE");
}

/* value / 10 in place; the remainder. */
static unsigned wei_shift_out(uint8_t value[32])
{
    unsigned rest = 0;
    for (size_t i = 0; i < 32; i++) {
        unsigned part = rest << 8 | value[i];
        value[i] = (uint8_t)(part / 10);
        rest = part % 10;
    }
    return rest;
}

static void put_wei(struct ak_buf *buf, const uint8_t wei[32])
{
    uint8_t left[32], digits[78];
    memcpy(left, wei, sizeof left);
    for (size_t i = sizeof digits; i-- > 0;) digits[i] = (uint8_t)('0' + wei_shift_out(left));
    size_t first = 0;
    while (first + 1 < sizeof digits && digits[first] == '0') first++;
    ak_buf_put(buf, ak_span(digits + first, sizeof digits - first));
}

static void put_tx_item(struct refusal *f)
{
    const struct ak_tx_facts *tx = &f->q->facts.tx;
    ak_buf_put_str(&f->remedy, "cap:sign-tx?chain=");
    ak_buf_put_dec(&f->remedy, tx->chain);
    if (!tx->creates) {
        ak_buf_put_str(&f->remedy, "&to=0x");
        ak_hex_encode(&f->remedy, AK_SPAN_ARR(tx->to));
    }
    if (tx->priced) {
        ak_buf_put_str(&f->remedy, "&max-value=");
        put_wei(&f->remedy, tx->cost);
    }
}

/* The item that would allow it, as far as it can be typed. */
static void put_wanted_item(struct refusal *f)
{
    const struct ak_scope_facts *facts = &f->q->facts;
    switch ((unsigned)f->q->operation) {
    case AK_OP_SIGN_MESSAGE: ak_buf_put_str(&f->remedy, "cap:sign-message?bytes=1"); break;
    case AK_OP_SIGN_SIWE:
        ak_buf_put_str(&f->remedy, "cap:sign-siwe?domain=");
        put_typed(&f->remedy, facts->domain, "DOMAIN");
        break;
    case AK_OP_OIDC:
        ak_buf_put_str(&f->remedy, "cap:oidc?aud=");
        put_typed(&f->remedy, facts->aud, "AUD");
        break;
    default: put_tx_item(f); break;
    }
}

static void put_narrowing_seen(struct refusal *f)
{
    const struct ak_scope_facts *facts = &f->q->facts;
    switch ((unsigned)f->q->operation) {
    case AK_OP_SIGN_MESSAGE: ak_buf_put_str(&f->seen, "a digest approval: 32 bytes, or not UTF-8"); break;
    case AK_OP_SIGN_SIWE:
        ak_buf_put_str(&f->seen, "domain ");
        put_shown(&f->seen, facts->domain);
        break;
    case AK_OP_OIDC:
        ak_buf_put_str(&f->seen, "aud ");
        put_shown(&f->seen, facts->aud);
        break;
    case AK_OP_SIGN_TX:
        ak_buf_put_str(
            &f->seen, facts->tx.priced ? "a transaction on chain " : "unpriced calldata on chain ");
        ak_buf_put_dec(&f->seen, facts->tx.chain);
        break;
    default: ak_buf_put_str(&f->seen, "a Permit"); break;
    }
}

static void say_narrowing(struct refusal *f)
{
    struct ak_scope_match match = ak_scope_find(f->r->scope, f->q->operation, &f->q->facts);
    put_narrowing_seen(f);
    put_shown(&f->limit, match.item);
    if (f->q->operation == AK_OP_SIGN_TYPED_DATA ||
        (f->q->operation == AK_OP_SIGN_TX && f->q->facts.tx.creates && !f->q->facts.tx.priced)) {
        ak_buf_put_str(&f->remedy, "none: nothing allows it yet");
        return;
    }
    bool bare_tx = f->q->operation == AK_OP_SIGN_TX && ak_span_eq(match.item, AK_SPAN_LIT("cap:sign-tx"));
    if (is_session(f)) {
        ak_buf_put_str(&f->remedy, "agentkeys pair approve CODE --scope '");
    } else {
        put_policy_command(f, bare_tx ? "--scope '-cap:sign-tx,+" : "--scope '+");
    }
    put_wanted_item(f);
    ak_buf_put_u8(&f->remedy, '\'');
}

static void put_wait(struct refusal *f)
{
    ak_buf_put_str(&f->remedy, "wait ");
    ak_buf_put_dec(&f->remedy, f->wait_secs);
    ak_buf_put_str(&f->remedy, " s");
}

static void say_rate(struct refusal *f)
{
    ak_buf_put_str(&f->seen, "every use of the last minute is taken");
    ak_buf_put_dec(&f->limit, f->r->rate_per_min);
    ak_buf_put_str(&f->limit, "/min");
    put_wait(f);
}

static void say_counter(struct refusal *f)
{
    ak_buf_put_dec(&f->seen, ak_day_counter_uses(&f->r->day, f->now->seen_us));
    ak_buf_put_str(&f->seen, " uses today");
    ak_buf_put_dec(&f->limit, f->r->uses_per_day);
    ak_buf_put_str(&f->limit, "/day");
    put_wait(f);
}

static void (*const says[AK_RULE_COUNT])(struct refusal *f) = {
    [AK_RULE_PATH_UNKNOWN] = say_path_unknown,
    [AK_RULE_DECOMMISSIONED] = say_decommissioned,
    [AK_RULE_GENERATION] = say_generation,
    [AK_RULE_ACTIVE] = say_active,
    [AK_RULE_VALID_UNTIL] = say_valid_until,
    [AK_RULE_DEVICE] = say_device,
    [AK_RULE_OPERATION] = say_operation,
    [AK_RULE_SCOPE] = say_scope,
    [AK_RULE_NARROWING] = say_narrowing,
    [AK_RULE_RATE] = say_rate,
    [AK_RULE_COUNTER] = say_counter,
};

static void finish(struct ak_policy_text *text, const struct ak_buf *buf)
{
    ak_assert(!buf->failed); /* every text is bounded by what it is made of */
    text->len = (uint16_t)buf->len;
    text->text[buf->len] = 0;
}

void ak_decide_texts(const struct ak_policy_request *request, const struct ak_policy_record *record,
    const struct ak_policy_now *now, struct ak_decision *decision)
{
    struct refusal f = {
        .q = request,
        .r = record,
        .now = now,
        .seen = ak_buf(decision->seen.text, AK_POLICY_TEXT_CAP),
        .limit = ak_buf(decision->limit.text, AK_POLICY_TEXT_CAP),
        .remedy = ak_buf(decision->remedy.text, AK_POLICY_TEXT_CAP),
        .wait_secs = decision->retry_after_secs,
    };
    says[decision->rule](&f);
    finish(&decision->seen, &f.seen);
    finish(&decision->limit, &f.limit);
    finish(&decision->remedy, &f.remedy);
}
