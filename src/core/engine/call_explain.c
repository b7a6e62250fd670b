/* What would be decided, by the same function that decides; nothing is done, counted or written. */
#include "core/engine/internal.h"
#include "core/wire/msg_explain.h"

static struct ak_span text_of(const struct ak_policy_text *text)
{
    return ak_span(text->text, text->len);
}

/* The request that a named operation, or a message's own content, stands for. */
static enum ak_code read_question(
    struct ak_step *step, const struct ak_msg_explain_request *request, struct ak_policy_request *ask)
{
    struct ak_span nonce;
    if (ak_msg_has(request, AK_EXPLAIN_REQUEST_MESSAGE))
        return ak_step_classify(step, request->message, request->path, ask, &nonce);
    ask->operation = ak_operation_parse(request->operation);
    ask->facts.domain = request->domain;
    if (ask->operation == AK_OP_NONE && ak_scope_is_service(request->operation)) {
        ask->operation = AK_OP_READ_CREDENTIAL;
        ask->facts.service = request->operation;
    }
    if (request->operation.len == 0)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, "give an operation or a message_hex");
    if (ask->operation == AK_OP_OIDC)
        return ak_step_audience(step, ak_msg_has(request, AK_EXPLAIN_REQUEST_AUD), request->aud, ask);
    return AK_CODE_OK;
}

enum ak_code ak_call_explain(struct ak_step *step)
{
    struct ak_msg_explain_request request;
    struct ak_policy_request ask = {0};
    struct ak_path_state *path = NULL;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = read_question(step, &request, &ask);
    if (!code) code = ak_step_decide(step, &ask, request.path, true, &path);
    if (code) return code;
    uint64_t after = 0;
    if (ask.operation == AK_OP_OIDC && step->decision.allowed) (void)ak_step_hour_allows(step, &after);
    const struct ak_decision *decision = &step->decision;
    struct ak_msg_explain_reply reply = {
        .decision = decision->allowed ? AK_SPAN_LIT("allow") : AK_SPAN_LIT("deny"),
        .operation = ak_span_str(ak_operation_name(ask.operation))};
    if (!decision->allowed) {
        reply.rule = ak_span_str(ak_rule_name(decision->rule));
        reply.seen = text_of(&decision->seen);
        reply.limit = text_of(&decision->limit);
        reply.remedy = text_of(&decision->remedy);
        reply.retry_after_secs = decision->retry_after_secs;
        reply.present = 1u << AK_EXPLAIN_REPLY_RULE | 1u << AK_EXPLAIN_REPLY_SEEN |
                        1u << AK_EXPLAIN_REPLY_LIMIT | 1u << AK_EXPLAIN_REPLY_REMEDY;
        if (decision->retry_after_secs) reply.present |= 1u << AK_EXPLAIN_REPLY_RETRY_AFTER_SECS;
    }
    if (ask.facts.content == AK_CONTENT_BYTES) {
        reply.note =
            AK_SPAN_LIT("32 bytes or not text: signing this approves a digest whose meaning nobody sees");
        reply.present |= 1u << AK_EXPLAIN_REPLY_NOTE;
    }
    return ak_step_reply(step, &ak_explain_reply_msg, &reply);
}
