/* Questions to the ledger. Checkpoints come from memory and only sealed ones leave; everything stored is read
 * by the reader's thread, for the caller's own account. */
#include "core/engine/internal.h"
#include "core/wire/msg_ledger.h"
#include "core/wire/msg_link.h"

static struct ak_read *new_read(struct ak_step *step)
{
    struct ak_engine *engine = step->engine;
    struct ak_read *read = &step->out->read;
    memset(read, 0, offsetof(struct ak_read, note));
    read->call = step->request->call;
    read->size = engine->durable_size;
    memcpy(read->root, engine->durable_root, 32);
    read->note_len = engine->note_len;
    memcpy(read->note, engine->note, engine->note_len);
    memcpy(read->ledger_pub, engine->ledger_pub, 32);
    if (step->caller.account) {
        read->has_anchor = true;
        memcpy(read->anchor, step->caller.account->anchor, 32);
    }
    step->out->wait |= AK_WAIT_READ;
    return read;
}

/* Proofs are given for the newest sealed checkpoint, so what is read ends there. */
static void under_checkpoint(struct ak_step *step, struct ak_read *read)
{
    read->size = step->engine->checkpoint_size;
    memcpy(read->root, step->engine->checkpoint_root, 32);
}

enum ak_code ak_call_audit(struct ak_step *step)
{
    struct ak_msg_audit_request request;
    struct ak_path path = {0};
    enum ak_entry_type type = 0;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_step_check_agent(step);
    if (code) return code;
    if (request.proofs && step->engine->note_len == 0)
        return ak_step_fail(step, AK_CODE_NOT_READY, "no checkpoint is sealed yet");
    if (request.type.len && ak_entry_type_parse(request.type, &type) != AK_OK)
        return ak_step_fail(step, AK_CODE_INVALID_REQUEST, "type is no entry type, such as MessageSigned");
    if (request.path.len && ak_path_parse(request.path, &path) != AK_OK) return AK_CODE_INVALID_PATH;
    if (step->caller.kind == AK_CALLER_AGENT) /* an agent sees its own part only */
        if (ak_path_parse_label(ak_span(step->caller.claims.label, step->caller.claims.label_len), &path) !=
            AK_OK)
            return AK_CODE_INTERNAL;
    struct ak_read *read = new_read(step);
    read->since = request.since;
    read->limit = ak_msg_has(&request, AK_AUDIT_REQUEST_LIMIT) ? request.limit : 100;
    read->proofs = request.proofs;
    read->type = type;
    read->label_len = path.label_len;
    memcpy(read->label, path.label, sizeof read->label);
    if (read->proofs) under_checkpoint(step, read);
    return AK_CODE_OK;
}

static enum ak_err put_checkpoint(const struct ak_engine *engine, struct ak_buf *body)
{
    struct ak_msg_checkpoint_reply reply = {
        .checkpoint = ak_span(engine->note, engine->note_len), .size = engine->checkpoint_size};
    memcpy(reply.root_hash, engine->checkpoint_root, 32);
    memcpy(reply.key, engine->ledger_pub, 32);
    body->len = 0;
    body->failed = false;
    return ak_msg_encode(&ak_checkpoint_reply_msg, &reply, body);
}

enum ak_code ak_call_checkpoint(struct ak_step *step)
{
    if (step->engine->note_len == 0)
        return ak_step_fail(step, AK_CODE_NOT_READY, "no checkpoint is sealed yet");
    return put_checkpoint(step->engine, &step->out->body) == AK_OK ? AK_CODE_OK : AK_CODE_INTERNAL;
}

/* Waits until everything so far is sealed; the answer is the checkpoint of that moment, put in by
 * ak_engine_late. */
enum ak_code ak_call_checkpoint_seal(struct ak_step *step)
{
    const struct ak_engine *engine = step->engine;
    uint64_t size = engine->log.tree.size;
    if (engine->checkpoint_size == size) return ak_call_checkpoint(step);
    enum ak_code code = ak_step_pay_seal(step);
    if (code) return code;
    if (engine->durable_size < size) step->out->wait |= AK_WAIT_DURABLE;
    step->out->wait |= AK_WAIT_SEALED;
    step->out->size = size;
    return AK_CODE_OK;
}

void ak_engine_late(struct ak_engine *engine, unsigned call, struct ak_outcome *out)
{
    if (call != AK_CALL_CHECKPOINT_SEAL || out->code != AK_CODE_OK) return;
    if (put_checkpoint(engine, &out->body) != AK_OK) out->code = AK_CODE_INTERNAL;
}

enum ak_code ak_call_notices(struct ak_step *step)
{
    struct ak_msg_notice_request request;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    struct ak_read *read = new_read(step);
    read->since = request.since;
    read->limit = ak_msg_has(&request, AK_NOTICE_REQUEST_LIMIT) ? request.limit : 100;
    read->unseen_ms = step->engine->time.unseen_ms;
    return AK_CODE_OK;
}

enum ak_code ak_call_inclusion(struct ak_step *step)
{
    struct ak_msg_inclusion_request request;
    enum ak_code code = ak_step_read(step, &request);
    if (!code) code = ak_step_check_agent(step);
    if (code) return code;
    uint64_t size =
        ak_msg_has(&request, AK_INCLUSION_REQUEST_SIZE) ? request.size : step->engine->checkpoint_size;
    if (size > step->engine->checkpoint_size || request.index >= size)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "index and size must be under the newest checkpoint");
    struct ak_read *read = new_read(step);
    under_checkpoint(step, read);
    read->since = request.index;
    read->to = size;
    return AK_CODE_OK;
}

enum ak_code ak_call_consistency(struct ak_step *step)
{
    struct ak_msg_consistency_request request;
    enum ak_code code = ak_step_read(step, &request);
    if (code) return code;
    uint64_t to =
        ak_msg_has(&request, AK_CONSISTENCY_REQUEST_TO) ? request.to : step->engine->checkpoint_size;
    if (to > step->engine->checkpoint_size || request.from > to)
        return ak_step_fail(step, AK_CODE_NOT_FOUND, "from and to must be under the newest checkpoint");
    struct ak_read *read = new_read(step);
    under_checkpoint(step, read);
    read->since = request.from;
    read->to = to;
    return AK_CODE_OK;
}
