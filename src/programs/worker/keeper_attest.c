/* Evidence for clients' connections. The TEE is slow (a TPM takes 20 to 500 ms), so it is asked on a thread
 * of its own, at most twice a second and half of its time, for all that wait at once: a flood costs no
 * signature and no more reports. The gateway says what it sees of a connection; whose key answers, and what
 * is claimed, is put in here. */
#include <stdio.h>

#include "base/num.h"
#include "core/wire/call.h"
#include "core/wire/msg_attestation.h"
#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/worker/keeper.h"

_Static_assert((int)AK_WIRE_EVIDENCE_MAX == (int)AK_CHANNEL_MESSAGE_MAX, "an answer holds any message");

static void work(void *ctx)
{
    struct ak_attesting *attesting = ctx;
    attesting->report = AK_BUF_ARR(attesting->report_bytes);
    attesting->result =
        attesting->tee->ops->report(attesting->tee->impl, attesting->root, &attesting->report);
    if (attesting->result && attesting->tee->ops->why) /* it is this thread's */
        (void)snprintf(attesting->why, sizeof attesting->why, "%s", attesting->tee->ops->why());
}

enum ak_err ak_keeper_attest_start(struct ak_keeper *keeper)
{
    keeper->attesting.tee = &keeper->tee;
    if (!(keeper->tee.ops->caps(keeper->tee.impl) & AK_TEE_REPORT)) return AK_OK;
    return ak_helper_start(&keeper->attesting.helper, work, &keeper->attesting, keeper->event_fd);
}

/* ---- what is claimed ---- */

static void put_suites(const struct ak_seal_state *state, struct ak_channel_claims *claims)
{
    bool has[3] = {false, false, false};
    static const char *const names[] = {NULL, "ak1", "signer-v0"};
    for (size_t i = 0; i < state->root_count; i++) {
        uint8_t suite = state->roots[i].suite;
        if (suite >= AK_COUNT(names) || !names[suite] || has[suite]) continue;
        has[suite] = true;
        claims->suites[claims->suite_count++] = ak_span_str(names[suite]);
    }
}

static enum ak_err encode_claims(struct ak_keeper *keeper)
{
    struct ak_attesting *attesting = &keeper->attesting;
    struct ak_channel_claims claims = {.version = AK_SPAN_LIT(AK_VERSION),
        .checkpoint = ak_engine_note(keeper->engine),
        .caps = keeper->tee.ops->caps(keeper->tee.impl)};
    (void)keeper->tee.ops->measurement(keeper->tee.impl, claims.measurement); /* zeros where there is none */
    put_suites(keeper->state, &claims);
    memcpy(claims.config, keeper->sealed.config, sizeof claims.config);
    ak_engine_delivery_pub(keeper->engine, claims.delivery_key);
    ak_engine_ledger_pub(keeper->engine, claims.ledger);
    memcpy(claims.ledger + 32, keeper->state->log_id, sizeof keeper->state->log_id);
    memcpy(claims.worker_id, keeper->state->worker_id, sizeof claims.worker_id);
    attesting->claims = AK_BUF_ARR(attesting->claims_bytes);
    return ak_channel_claims_encode(&claims, &attesting->claims);
}

/* ---- asking ---- */

static void bind_all(struct ak_keeper *keeper)
{
    struct ak_attesting *attesting = &keeper->attesting;
    struct ak_channel_binding binding = {.role = AK_CHANNEL_WORKER_TO_CLIENT};
    struct ak_p256_pub pub;
    uint8_t spki[91];
    (void)ak_engine_tls_signer(keeper->engine, &pub);
    ak_p256_pub_spki(&pub, spki);
    ak_sha256(AK_SPAN_ARR(spki), binding.worker);
    for (size_t i = 0; i < attesting->asked_count; i++) {
        const struct ak_frame_attest *asked = &attesting->asked[i];
        memcpy(binding.nonce, asked->nonce, sizeof binding.nonce);
        memcpy(binding.client, asked->client, sizeof binding.client);
        memcpy(binding.exporter, asked->exporter, sizeof binding.exporter);
        ak_channel_bind(&binding, ak_buf_span(&attesting->claims), attesting->nodes[i]);
    }
    ak_channel_tree(attesting->nodes, attesting->asked_count, attesting->root);
}

static void begin(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_attesting *attesting = &keeper->attesting;
    attesting->begun_ms = now_ms;
    attesting->asked_count = attesting->waiting_count;
    attesting->answered = 0;
    memcpy(attesting->asked, attesting->waiting, attesting->waiting_count * sizeof *attesting->asked);
    attesting->waiting_count = 0;
    attesting->result = encode_claims(keeper);
    if (attesting->result) {
        attesting->next_ms = now_ms + AK_ATTEST_EVERY_MS;
        attesting->reported = true;
        return;
    }
    bind_all(keeper);
    ak_helper_give(&attesting->helper);
}

static void refuse(struct ak_keeper *keeper, const struct ak_frame_attest *asked, enum ak_code code)
{
    ak_keeper_reply(keeper, asked->slot, asked->slot_use, AK_CALL_ATTESTATION, code, AK_SPAN_EMPTY);
}

void ak_keeper_attest_take(struct ak_keeper *keeper, const struct ak_frame_attest *asked)
{
    struct ak_attesting *attesting = &keeper->attesting;
    if (!attesting->helper.started) {
        refuse(keeper, asked, AK_CODE_NO_EVIDENCE);
    } else if (attesting->waiting_count == AK_CHANNEL_TREE_MAX) {
        refuse(keeper, asked, AK_CODE_NOT_READY);
    } else {
        attesting->waiting[attesting->waiting_count++] = *asked;
    }
}

/* ---- answering ---- */

static enum ak_err encode_answer(struct ak_attesting *attesting, size_t index, struct ak_buf *out_body)
{
    uint8_t path[AK_CHANNEL_PATH_MAX * AK_CHANNEL_RD_LEN], memory[AK_CHANNEL_MESSAGE_MAX];
    struct ak_buf sides = AK_BUF_ARR(path), evidence = AK_BUF_ARR(memory);
    ak_channel_tree_path(attesting->nodes, attesting->asked_count, index, &sides);
    const struct ak_channel_message message = {.claims = ak_buf_span(&attesting->claims),
        .index = index,
        .count = attesting->asked_count,
        .path = ak_buf_span(&sides),
        .report = ak_buf_span(&attesting->report)};
    AK_TRY(ak_channel_message_encode(&message, &evidence));
    const struct ak_msg_attestation_reply reply = {.evidence = ak_buf_span(&evidence)};
    return ak_msg_encode(&ak_attestation_reply_msg, &reply, out_body);
}

static void answer(struct ak_keeper *keeper, size_t index)
{
    const struct ak_frame_attest *asked = &keeper->attesting.asked[index];
    struct ak_buf body = AK_BUF_ARR(keeper->body);
    enum ak_err err = keeper->attesting.result;
    if (!err) err = encode_answer(&keeper->attesting, index, &body);
    if (err)
        refuse(keeper, asked, AK_CODE_NOT_READY);
    else
        ak_keeper_reply(
            keeper, asked->slot, asked->slot_use, AK_CALL_ATTESTATION, AK_CODE_OK, ak_buf_span(&body));
}

/* Twice a second at most, and the TEE is left alone for as long as it was busy: sealing needs it, too. */
static void take_report(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_attesting *attesting = &keeper->attesting;
    if (!ak_helper_done(&attesting->helper)) return;
    uint64_t took_ms = ak_num_sub_sat(now_ms, attesting->begun_ms);
    attesting->next_ms =
        attesting->begun_ms + (2 * took_ms > AK_ATTEST_EVERY_MS ? 2 * took_ms : AK_ATTEST_EVERY_MS);
    attesting->reported = true;
    if (attesting->result)
        ak_log(
            AK_LOG_ERROR, "report_failed", ak_log_err(attesting->result), ak_log_str("why", attesting->why));
}

void ak_keeper_attest_turn(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_attesting *attesting = &keeper->attesting;
    if (!attesting->helper.started) return;
    take_report(keeper, now_ms);
    while (attesting->reported && attesting->answered < attesting->asked_count && ak_keeper_may_send(keeper))
        answer(keeper, attesting->answered++);
    if (attesting->reported && attesting->answered == attesting->asked_count) {
        attesting->reported = false;
        attesting->asked_count = 0;
    }
    bool free = attesting->asked_count == 0 && attesting->waiting_count > 0;
    if (free && now_ms >= attesting->next_ms) begin(keeper, now_ms);
}

int ak_keeper_attest_wait_ms(struct ak_keeper *keeper, int most_ms)
{
    const struct ak_attesting *attesting = &keeper->attesting;
    if (attesting->waiting_count == 0 || attesting->asked_count > 0) return most_ms;
    uint64_t left_ms = ak_num_sub_sat(attesting->next_ms, ak_clock_mono_ms());
    if (left_ms == 0) return 1;
    return left_ms < (uint64_t)most_ms ? (int)left_ms : most_ms;
}

void ak_keeper_attest_stop(struct ak_keeper *keeper)
{
    struct ak_attesting *attesting = &keeper->attesting;
    ak_helper_stop(&attesting->helper);
    for (size_t i = attesting->answered; i < attesting->asked_count && ak_keeper_may_send(keeper); i++)
        refuse(keeper, &attesting->asked[i], AK_CODE_NOT_READY);
    for (size_t i = 0; i < attesting->waiting_count && ak_keeper_may_send(keeper); i++)
        refuse(keeper, &attesting->waiting[i], AK_CODE_NOT_READY);
    attesting->asked_count = attesting->waiting_count = 0;
}
