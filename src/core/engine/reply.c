/* Answers: the call's body, or the error body with its refusal, and the notice header. */
#include "core/engine/internal.h"
#include "core/engine/waiting.h"
#include "core/wire/msg_session.h"

enum ak_code ak_step_fail(struct ak_step *step, enum ak_code code, const char *message)
{
    step->message = message;
    return code;
}

enum ak_code ak_step_reply(struct ak_step *step, const struct ak_msg *msg, const void *message)
{
    step->out->body.len = 0;
    step->out->body.failed = false;
    return ak_msg_encode(msg, message, &step->out->body) == AK_OK ? AK_CODE_OK : AK_CODE_INTERNAL;
}

enum ak_code ak_step_reply_done(struct ak_step *step, const char *status)
{
    struct ak_msg_done_reply done = {.status = ak_span_str(status), .entry_index = step->ref.index};
    memcpy(done.entry_leaf_hash, step->ref.leaf, 32);
    done.present = 1u << AK_DONE_REPLY_ENTRY_INDEX | 1u << AK_DONE_REPLY_ENTRY_LEAF_HASH;
    const struct ak_account *account = step->caller.account;
    if (account && account->suspended)
        done.cloud_until = ak_engine_cloud_until(step->engine, account->cloud_until_ms);
    done.recovery_code_spent = step->code_set;
    if (step->code_set) done.present |= 1u << AK_DONE_REPLY_RECOVERY_CODE_SPENT;
    if (done.cloud_until) done.present |= 1u << AK_DONE_REPLY_CLOUD_UNTIL;
    return ak_step_reply(step, &ak_done_reply_msg, &done);
}

static struct ak_span text_of(const struct ak_policy_text *text)
{
    return ak_span(text->text, text->len);
}

void ak_step_put_error(struct ak_step *step, enum ak_code code)
{
    struct ak_msg_error_reply error = {
        .error = ak_span_str(ak_code_name(code)),
        .message = ak_span_str(step->message ? step->message : ak_code_text(code)),
    };
    if (step->refused_by_policy) {
        error.rule = ak_span_str(ak_rule_name(step->decision.rule));
        error.seen = text_of(&step->decision.seen);
        error.limit = text_of(&step->decision.limit);
        error.remedy = text_of(&step->decision.remedy);
        error.present |= 1u << AK_ERROR_REPLY_RULE | 1u << AK_ERROR_REPLY_SEEN | 1u << AK_ERROR_REPLY_LIMIT |
                         1u << AK_ERROR_REPLY_REMEDY;
    }
    if (step->retry_after_secs) {
        error.retry_after_secs = step->retry_after_secs;
        error.present |= 1u << AK_ERROR_REPLY_RETRY_AFTER_SECS;
    }
    step->out->body.len = 0;
    step->out->body.failed = false;
    if (ak_msg_encode(&ak_error_reply_msg, &error, &step->out->body) != AK_OK) step->out->body.len = 0;
}

/* "device-remove ready_at=1790000000"; the newest are there, as far as there is room: recovery lists all. */
static void put_notices(const struct ak_step *step, bool sign_ins, struct ak_buf *notice)
{
    enum { ITEM_MAX = 48 }; /* "; account-resume ready_at=" and a number */
    for (uint32_t at = step->caller.account->first_waiting; at != AK_INDEX_NONE;) {
        const struct ak_waiting *waiting = ak_vec_at(&step->engine->state.waiting, at);
        at = waiting->next;
        if (ak_waiting_is_sign_in(waiting->what) != sign_ins) continue;
        if (notice->cap - notice->len < ITEM_MAX) break;
        if (notice->len) ak_buf_put_str(notice, "; ");
        ak_buf_put_str(notice, ak_waiting_name(waiting->what));
        if (waiting->ready_at_ms == 0) continue; /* for a second device alone */
        ak_buf_put_str(notice, " ready_at=");
        ak_buf_put_dec(notice, (waiting->ready_at_ms + step->engine->time.unseen_ms) / 1000);
    }
}

/* What waits for this account, shown on every answer until it is over; before everything else devices that
 * recover it, so that nothing a thief starts hides them (I9). */
void ak_step_put_notice(struct ak_step *step)
{
    const struct ak_account *account = step->caller.account;
    struct ak_buf notice = AK_BUF_ARR(step->out->notice);
    step->out->notice_len = 0;
    if (!account || account->waiting_count == 0) return;
    put_notices(step, true, &notice);
    put_notices(step, false, &notice);
    step->out->notice_len = notice.len;
}
