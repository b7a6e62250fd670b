#include "core/broker/signin.h"

#include "base/assert.h"
#include "base/ct.h"

static bool over(const struct ak_signin *signin, uint64_t now_s)
{
    return now_s >= signin->expires_s || signin->state == AK_SIGNIN_BLOCKED;
}

/* An owner that is not heard of any more has failed, whoever looks first. */
static void settle(struct ak_signin *signin, uint64_t now_s)
{
    if (signin->state != AK_SIGNIN_PROCESSING || now_s < signin->taken_until_s) return;
    signin->state = AK_SIGNIN_FAILED;
    signin->failure = AK_SIGNIN_CODE_EXCHANGE_FAILED;
}

const char *ak_signin_failure_name(enum ak_signin_failure failure)
{
    switch (failure) {
    case AK_SIGNIN_USER_DENIED: return "user_denied";
    case AK_SIGNIN_ID_TOKEN_INVALID: return "id_token_invalid";
    case AK_SIGNIN_CODE_EXCHANGE_FAILED: return "code_exchange_failed";
    case AK_SIGNIN_NOT_FAILED: break;
    }
    return NULL;
}

/* ---- what the provider says ---- */
enum ak_code ak_signin_begin(
    struct ak_signin *signin, const uint8_t owner[AK_SIGNIN_OWNER_LEN], uint64_t lease_s, uint64_t now_s)
{
    if (signin->kind != AK_SIGNIN_OAUTH2) return AK_CODE_NOT_FOUND;
    if (over(signin, now_s)) return AK_CODE_EXPIRED_REQUEST;
    settle(signin, now_s);
    if (signin->state == AK_SIGNIN_PROCESSING) return AK_CODE_PENDING;
    if (signin->state != AK_SIGNIN_PENDING) return AK_CODE_ALREADY_CONSUMED;
    signin->state = AK_SIGNIN_PROCESSING;
    signin->taken_until_s = now_s + lease_s;
    memcpy(signin->owner, owner, AK_SIGNIN_OWNER_LEN);
    return AK_CODE_OK;
}

static enum ak_code end(struct ak_signin *signin, const uint8_t owner[AK_SIGNIN_OWNER_LEN],
    enum ak_signin_state state, uint64_t now_s)
{
    settle(signin, now_s);
    if (signin->kind != AK_SIGNIN_OAUTH2 || signin->state != AK_SIGNIN_PROCESSING ||
        !ak_span_eq(AK_SPAN_ARR(signin->owner), ak_span(owner, AK_SIGNIN_OWNER_LEN)))
        return AK_CODE_ALREADY_CONSUMED;
    signin->state = state;
    return AK_CODE_OK;
}

enum ak_code ak_signin_confirm(struct ak_signin *signin, const uint8_t owner[AK_SIGNIN_OWNER_LEN],
    const uint8_t token_hash[32], uint64_t now_s)
{
    enum ak_code code = end(signin, owner, AK_SIGNIN_CONFIRMED, now_s);
    if (!code) memcpy(signin->token_hash, token_hash, sizeof signin->token_hash);
    return code;
}

enum ak_code ak_signin_fail(struct ak_signin *signin, const uint8_t owner[AK_SIGNIN_OWNER_LEN],
    enum ak_signin_failure failure, uint64_t now_s)
{
    enum ak_code code = end(signin, owner, AK_SIGNIN_FAILED, now_s);
    if (!code) signin->failure = failure;
    return code;
}

/* ---- page and polls ---- */
/* The state in which a page may answer: after the mail was sent, or once the provider has spoken. */
static enum ak_signin_state asked(const struct ak_signin *signin)
{
    return signin->kind == AK_SIGNIN_OAUTH2 ? AK_SIGNIN_CONFIRMED : AK_SIGNIN_PENDING;
}

/* Whether the provider, or the mail's page, has still to speak. */
static bool waits(enum ak_signin_state state)
{
    return state == AK_SIGNIN_PENDING || state == AK_SIGNIN_PROCESSING || state == AK_SIGNIN_CONFIRMED;
}

enum ak_code ak_signin_answer(
    struct ak_signin *signin, const uint8_t token_hash[32], const uint8_t match_hash[32], uint64_t now_s)
{
    bool token = ak_ct_eq(ak_span(signin->token_hash, 32), ak_span(token_hash, 32));
    bool match = ak_ct_eq(ak_span(signin->match_hash, 32), ak_span(match_hash, 32));
    if (signin->kind == AK_SIGNIN_WALLET || !token) return AK_CODE_NOT_FOUND;
    if (over(signin, now_s)) return AK_CODE_EXPIRED_REQUEST;
    if (signin->state != asked(signin)) return AK_CODE_ALREADY_CONSUMED;
    if (match) {
        signin->state = AK_SIGNIN_ANSWERED;
        return AK_CODE_OK;
    }
    if (++signin->tries < AK_SIGNIN_TRIES) return AK_CODE_INVALID_REQUEST;
    signin->state = AK_SIGNIN_BLOCKED;
    return AK_CODE_EXPIRED_REQUEST;
}

/* A poll that never came back lets go after its time. */
static enum ak_signin_state state_now(const struct ak_signin *signin, uint64_t now_s)
{
    return signin->state == AK_SIGNIN_TAKEN && now_s >= signin->taken_until_s ? AK_SIGNIN_ANSWERED
                                                                              : signin->state;
}

enum ak_code ak_signin_look(struct ak_signin *signin, const uint8_t jkt[32], uint64_t now_s)
{
    if (!ak_span_eq(ak_span(signin->jkt, 32), ak_span(jkt, 32))) return AK_CODE_NOT_FOUND;
    settle(signin, now_s);
    enum ak_signin_state state = state_now(signin, now_s);
    if (state == AK_SIGNIN_DELIVERED) return AK_CODE_ALREADY_CONSUMED;
    if (state == AK_SIGNIN_FAILED) return AK_CODE_DENIED;
    if (over(signin, now_s)) return AK_CODE_EXPIRED_REQUEST;
    if (state == AK_SIGNIN_TAKEN) return AK_CODE_PENDING;
    return waits(state) && signin->kind != AK_SIGNIN_WALLET ? AK_CODE_PENDING : AK_CODE_OK;
}

enum ak_code ak_signin_take(struct ak_signin *signin, const uint8_t jkt[32], uint64_t now_s)
{
    enum ak_code code = ak_signin_look(signin, jkt, now_s);
    if (code) return code;
    signin->state = AK_SIGNIN_TAKEN;
    signin->taken_until_s = now_s + AK_SIGNIN_TAKEN_S;
    return AK_CODE_OK;
}

void ak_signin_deliver(struct ak_signin *signin)
{
    ak_assert(signin->state == AK_SIGNIN_TAKEN);
    signin->state = AK_SIGNIN_DELIVERED;
}

void ak_signin_give_back(struct ak_signin *signin)
{
    ak_assert(signin->state == AK_SIGNIN_TAKEN);
    signin->state = signin->kind == AK_SIGNIN_WALLET ? AK_SIGNIN_PENDING : AK_SIGNIN_ANSWERED;
}
