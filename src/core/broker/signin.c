#include "core/broker/signin.h"

#include "base/assert.h"
#include "base/ct.h"

static bool over(const struct ak_signin *signin, uint64_t now_s)
{
    return now_s >= signin->expires_s || signin->state == AK_SIGNIN_BLOCKED;
}

enum ak_code ak_signin_answer(
    struct ak_signin *signin, const uint8_t token_hash[32], const uint8_t match_hash[32], uint64_t now_s)
{
    bool token = ak_ct_eq(ak_span(signin->token_hash, 32), ak_span(token_hash, 32));
    bool match = ak_ct_eq(ak_span(signin->match_hash, 32), ak_span(match_hash, 32));
    if (signin->kind != AK_SIGNIN_MAIL || !token) return AK_CODE_NOT_FOUND;
    if (over(signin, now_s)) return AK_CODE_EXPIRED_REQUEST;
    if (signin->state != AK_SIGNIN_PENDING) return AK_CODE_ALREADY_CONSUMED;
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

enum ak_code ak_signin_take(struct ak_signin *signin, const uint8_t jkt[32], uint64_t now_s)
{
    if (!ak_span_eq(ak_span(signin->jkt, 32), ak_span(jkt, 32))) return AK_CODE_NOT_FOUND;
    enum ak_signin_state state = state_now(signin, now_s);
    if (state == AK_SIGNIN_DELIVERED) return AK_CODE_ALREADY_CONSUMED;
    if (over(signin, now_s)) return AK_CODE_EXPIRED_REQUEST;
    if (state == AK_SIGNIN_TAKEN) return AK_CODE_PENDING;
    if (state == AK_SIGNIN_PENDING && signin->kind == AK_SIGNIN_MAIL) return AK_CODE_PENDING;
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
    signin->state = signin->kind == AK_SIGNIN_MAIL ? AK_SIGNIN_ANSWERED : AK_SIGNIN_PENDING;
}
