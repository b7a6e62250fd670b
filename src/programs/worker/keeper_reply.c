/* From a request frame to its reply frame: the step, what the answer waits for, and letting it go once all is
 * done (I3). */
#include <stdlib.h>

#include "base/assert.h"
#include "core/wire/call.h"
#include "core/wire/msg_error.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/worker/keeper.h"

static void send_reply(struct ak_keeper *keeper, uint32_t slot, uint32_t slot_use, uint16_t call,
    enum ak_code code, struct ak_span notice, struct ak_span body)
{
    struct ak_frame_reply reply = {.slot = slot,
        .slot_use = slot_use,
        .call = call,
        .code = (uint16_t)code,
        .notice = notice,
        .body = body};
    struct ak_buf frame = AK_BUF_ARR(keeper->frame);
    if (keeper->gateway.broken) return; /* nobody reads it any more */
    if (ak_frame_reply_encode(&reply, &frame) != AK_OK ||
        ak_channel_send(&keeper->gateway, ak_buf_span(&frame)) != AK_OK) {
        ak_log_event(AK_LOG_ERROR, "gateway_channel_full");
        keeper->fatal = true; /* a gateway that does not read is a broken gateway */
    }
}

static struct ak_span error_body(struct ak_keeper *keeper, enum ak_code code)
{
    struct ak_msg_error_reply error = {
        .error = ak_span_str(ak_code_name(code)), .message = ak_span_str(ak_code_text(code))};
    struct ak_buf body = AK_BUF_ARR(keeper->body);
    return ak_msg_encode(&ak_error_reply_msg, &error, &body) == AK_OK ? ak_buf_span(&body) : AK_SPAN_EMPTY;
}

/* ---- the places of answers that wait ---- */

static struct ak_pending *take_pending(struct ak_keeper *keeper)
{
    struct ak_pending *pending = keeper->free_pending;
    if (!pending) return NULL;
    keeper->free_pending = pending->next_free;
    keeper->in_flight++;
    return pending;
}

static void give_pending(struct ak_keeper *keeper, struct ak_pending *pending)
{
    free(pending->big);
    free(pending->vault);
    pending->big = NULL;
    pending->vault = NULL;
    pending->next_free = keeper->free_pending;
    keeper->free_pending = pending;
    keeper->in_flight--;
}

static void append(struct ak_pending_list *list, struct ak_pending *pending, size_t link)
{
    struct ak_pending **next = (struct ak_pending **)(void *)((uint8_t *)pending + link);
    *next = NULL;
    if (list->last)
        *(struct ak_pending **)(void *)((uint8_t *)list->last + link) = pending;
    else
        list->first = pending;
    list->last = pending;
}

/* Lists are in order of size, so what is reached stands at the front. */
static struct ak_pending *pop(struct ak_pending_list *list, size_t link, uint64_t reached)
{
    struct ak_pending *first = list->first;
    if (!first || first->size > reached) return NULL;
    list->first = *(struct ak_pending **)(void *)((uint8_t *)first + link);
    if (!list->first) list->last = NULL;
    return first;
}

uint8_t *ak_keeper_body(struct ak_pending *pending)
{
    return pending->big ? pending->big : pending->body;
}

/* Large answers may be ready together and be more than the channel holds: those that do not fit wait until
 * the gateway has read some. */
static void finish(struct ak_keeper *keeper, struct ak_pending *pending)
{
    if (!ak_keeper_may_send(keeper)) {
        append(&keeper->held, pending, offsetof(struct ak_pending, next_durable));
        return;
    }
    struct ak_span body = ak_span(ak_keeper_body(pending), pending->body_len);
    if (pending->call == AK_CALL_CHECKPOINT_SEAL && pending->code == AK_CODE_OK) {
        keeper->outcome.code = pending->code;
        keeper->outcome.body = AK_BUF_ARR(keeper->body);
        ak_engine_late(keeper->engine, pending->call, &keeper->outcome);
        pending->code = keeper->outcome.code;
        body = ak_buf_span(&keeper->outcome.body);
    }
    if (pending->code == AK_CODE_INTERNAL) body = error_body(keeper, AK_CODE_INTERNAL);
    send_reply(keeper, pending->slot, pending->slot_use, pending->call, pending->code,
        ak_span(pending->notice, pending->notice_len), body);
    give_pending(keeper, pending);
}

bool ak_keeper_may_send(const struct ak_keeper *keeper)
{
    return ak_channel_room(&keeper->gateway) == AK_CHANNEL_FRAME_MAX;
}

void ak_keeper_send_held(struct ak_keeper *keeper)
{
    while (keeper->held.first && ak_keeper_may_send(keeper))
        finish(keeper, pop(&keeper->held, offsetof(struct ak_pending, next_durable), UINT64_MAX));
}

void ak_keeper_release(struct ak_keeper *keeper, struct ak_pending *pending, unsigned wait)
{
    pending->wait &= ~wait;
    if (pending->wait == 0) finish(keeper, pending);
}

void ak_keeper_release_durable(struct ak_keeper *keeper)
{
    struct ak_pending *pending;
    while ((pending = pop(&keeper->durable, offsetof(struct ak_pending, next_durable), keeper->durable_size)))
        ak_keeper_release(keeper, pending, AK_WAIT_DURABLE);
}

void ak_keeper_release_sealed(struct ak_keeper *keeper)
{
    struct ak_pending *pending;
    while (
        (pending = pop(&keeper->sealing_list, offsetof(struct ak_pending, next_sealed), keeper->sealed_size)))
        ak_keeper_release(keeper, pending, AK_WAIT_SEALED);
}

static struct ak_pending *pending_of(struct ak_pool_item *item)
{
    return (struct ak_pending *)(void *)((uint8_t *)item - offsetof(struct ak_pending, item));
}

static void run_key_job(struct ak_pool_item *item, struct ak_job_keys *keys)
{
    ak_job_run(&pending_of(item)->job, keys);
}

static void run_read(struct ak_pool_item *item, struct ak_job_keys *keys)
{
    struct ak_pending *pending = pending_of(item);
    struct ak_vault_call *call = pending->vault;
    (void)keys;
    ak_vault_read(call->vault, &call->work, call->has_dek ? &call->dek : NULL,
        ak_span(ak_keeper_body(pending), pending->body_len), &call->result);
}

static void job_done(struct ak_keeper *keeper, struct ak_pool_item *item)
{
    struct ak_pending *pending = pending_of(item);
    if (pending->vault) {
        ak_keeper_vault_read_done(keeper, pending);
        return;
    }
    struct ak_buf body = ak_buf(ak_keeper_body(pending), pending->body_len);
    body.len = pending->body_len;
    if (ak_job_patch(&pending->job, &body) != AK_OK) {
        ak_log(AK_LOG_ERROR, "key_job_failed", ak_log_err(pending->job.result));
        pending->code = AK_CODE_INTERNAL;
    }
    ak_keeper_release(keeper, pending, AK_WAIT_JOB);
}

void ak_keeper_release_jobs(struct ak_keeper *keeper)
{
    struct ak_pool_item *next = NULL;
    for (struct ak_pool_item *item = ak_pool_take(&keeper->pool); item; item = next) {
        next = item->next;
        job_done(keeper, item);
    }
}

/* A lone request's batch most often becomes durable while its key job runs or just after: to be woken for it
 * costs more than to look for it a little longer. Where the disk is slower than that, this is seldom tried.
 */
enum { LOOK_NS = 20000, MISSES_MAX = 4, TRY_EVERY = 64 };
static void look_for_commit(struct ak_keeper *keeper)
{
    if (keeper->lone_misses >= MISSES_MAX && ++keeper->lone_skipped % TRY_EVERY) return;
    keeper->lone_misses = ak_helper_look(&keeper->committer, LOOK_NS) ? 0 : keeper->lone_misses + 1;
}

/* A job alone in flight is run here, on a stack that is locked as the pool's are: two hand-overs between
 * threads cost more than they could win. Its entry goes to the committer first, so that the sync runs beside
 * it. */
static void run_alone(struct ak_keeper *keeper)
{
    struct ak_pool_item *item = keeper->jobs_first;
    keeper->jobs_first = keeper->jobs_last = NULL;
    keeper->job_count = 0;
    ak_keeper_commit_if_due(keeper, ak_clock_mono_ns() / 1000);
    (void)ak_helper_hush(&keeper->committer, true); /* looked for here, and once more before sleeping */
    item->run(item, &keeper->job_keys);
    job_done(keeper, item);
    if (!ak_helper_idle(&keeper->committer)) look_for_commit(keeper);
    ak_keeper_commit_done(keeper);
}

void ak_keeper_send_jobs(struct ak_keeper *keeper)
{
    if (!keeper->job_count) return;
    if (keeper->in_flight == 1) {
        run_alone(keeper);
        return;
    }
    ak_pool_give(&keeper->pool, keeper->jobs_first, keeper->jobs_last, keeper->job_count);
    keeper->jobs_first = keeper->jobs_last = NULL;
    keeper->job_count = 0;
}

static void queue_job(struct ak_keeper *keeper, struct ak_pending *pending)
{
    pending->item.run = pending->vault ? run_read : run_key_job;
    pending->item.next = NULL;
    if (keeper->jobs_last)
        keeper->jobs_last->next = &pending->item;
    else
        keeper->jobs_first = &pending->item;
    keeper->jobs_last = &pending->item;
    keeper->job_count++;
}

/* ---- the step ---- */

static bool keep_body(struct ak_pending *pending, struct ak_span body)
{
    pending->body_len = body.len;
    free(pending->big);
    pending->big = NULL;
    if (body.len > sizeof pending->body) {
        pending->big = malloc(body.len);
        if (!pending->big) return false;
    }
    if (body.len) memcpy(ak_keeper_body(pending), body.ptr, body.len);
    return true;
}

/* A job or a read for the pool, or work for the vault's helper. */
static void take_work(struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_outcome *out)
{
    bool vault = (out->wait & AK_WAIT_VAULT) || out->vault.kind == AK_VAULT_READ;
    pending->job = out->job;
    if (vault && !ak_keeper_vault_take(keeper, pending, &out->vault)) {
        pending->code = AK_CODE_INTERNAL;
        ak_keeper_release(keeper, pending, AK_WAIT_JOB | AK_WAIT_VAULT);
        return;
    }
    if (out->wait & AK_WAIT_JOB) queue_job(keeper, pending);
}

static void wait_for(struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_outcome *out)
{
    pending->wait = out->wait;
    pending->size = out->size;
    if (out->wait & AK_WAIT_DURABLE)
        append(&keeper->durable, pending, offsetof(struct ak_pending, next_durable));
    if (out->wait & AK_WAIT_SEALED)
        append(&keeper->sealing_list, pending, offsetof(struct ak_pending, next_sealed));
    if (out->wait & (AK_WAIT_JOB | AK_WAIT_VAULT)) take_work(keeper, pending, out);
    if (out->wait & AK_WAIT_READ) ak_keeper_read_later(keeper, pending, &out->read);
}

static void refuse(struct ak_keeper *keeper, const struct ak_frame_request *request, enum ak_code code)
{
    send_reply(keeper, request->slot, request->slot_use, request->call, code, AK_SPAN_EMPTY,
        error_body(keeper, code));
}

void ak_keeper_step(struct ak_keeper *keeper, const struct ak_frame_request *request)
{
    struct ak_outcome *out = &keeper->outcome;
    if (keeper->damaged) {
        refuse(keeper, request, AK_CODE_LEDGER_DAMAGED);
        return;
    }
    if (!keeper->free_pending || !ak_engine_has_room(keeper->engine)) {
        refuse(keeper, request, AK_CODE_NOT_READY);
        return;
    }
    out->body = AK_BUF_ARR(keeper->body);
    ak_engine_step(keeper->engine, request, out);
    if (out->wait == 0) {
        send_reply(keeper, request->slot, request->slot_use, request->call, out->code,
            ak_span(out->notice, out->notice_len), ak_buf_span(&out->body));
        return;
    }
    struct ak_pending *pending = take_pending(keeper);
    ak_assert(pending);
    pending->slot = request->slot;
    pending->slot_use = request->slot_use;
    pending->call = request->call;
    pending->code = out->code;
    pending->notice_len = out->notice_len;
    memcpy(pending->notice, out->notice, out->notice_len);
    if (!keep_body(pending, ak_buf_span(&out->body))) {
        pending->body_len = 0;
        pending->code = AK_CODE_INTERNAL;
        out->wait &= (unsigned)~(AK_WAIT_JOB | AK_WAIT_READ);
    }
    wait_for(keeper, pending, out);
}

void ak_keeper_answer_read(
    struct ak_keeper *keeper, struct ak_pending *pending, enum ak_code code, struct ak_span body)
{
    if (code != AK_CODE_OK) body = error_body(keeper, code);
    pending->code = code;
    /* What was read may have to wait for what stood before it to be durable: until then its place stands in
     * that list and is not given back. */
    if (!keep_body(pending, body)) {
        pending->body_len = 0;
        pending->code = AK_CODE_INTERNAL;
    }
    ak_keeper_release(keeper, pending, AK_WAIT_READ);
}

void ak_keeper_replace_answer(struct ak_pending *pending, const struct ak_outcome *out)
{
    pending->code = out->code;
    pending->notice_len = out->notice_len;
    memcpy(pending->notice, out->notice, out->notice_len);
    if (!keep_body(pending, ak_buf_span(&out->body))) {
        pending->body_len = 0;
        pending->code = AK_CODE_INTERNAL;
    }
}

void ak_keeper_answer_late(struct ak_keeper *keeper, struct ak_pending *pending, const struct ak_outcome *out)
{
    ak_keeper_replace_answer(pending, out);
    wait_for(keeper, pending, out);
    if (out->wait == 0) finish(keeper, pending); /* else whoever takes the last wait away does */
}

void ak_keeper_reply(struct ak_keeper *keeper, uint32_t slot, uint32_t slot_use, uint16_t call,
    enum ak_code code, struct ak_span body)
{
    send_reply(keeper, slot, slot_use, call, code, AK_SPAN_EMPTY,
        code == AK_CODE_OK ? body : error_body(keeper, code));
}

void ak_keeper_fail_all(struct ak_keeper *keeper, enum ak_code code)
{
    for (size_t i = 0; i < AK_PENDING_MAX; i++) {
        struct ak_pending *pending = &keeper->pendings[i];
        if (pending->wait == 0) continue;
        send_reply(keeper, pending->slot, pending->slot_use, pending->call, code, AK_SPAN_EMPTY,
            error_body(keeper, code));
        pending->wait = 0;
    }
}

void ak_keeper_send_status(struct ak_keeper *keeper)
{
    struct ak_frame_status status;
    struct ak_buf frame = AK_BUF_ARR(keeper->frame);
    ak_engine_status(keeper->engine, &status);
    if (keeper->gateway.broken) return;
    if (keeper->damaged) status.bits |= AK_STATUS_LEDGER_DAMAGED;
    ak_keeper_check_status(keeper, &status);
    status.figures[AK_FIGURE_LEDGER_VERIFIED_TO] = keeper->verified_to;
    status.figures[AK_FIGURE_IN_FLIGHT] = keeper->in_flight;
    if (ak_frame_status_encode(&status, &frame) != AK_OK ||
        ak_channel_send(&keeper->gateway, ak_buf_span(&frame)) != AK_OK)
        keeper->fatal = true;
}
