/* Moving blobs to another epoch: through the re-encryptor, opened and compared, durable. Some at a time are
 * asked before the first answer is read, so that both processes work; all that a call brings become durable
 * together. */
#include <stdlib.h>

#include "core/vault/reencrypt.h"
#include "io/proc/message.h"
#include "io/vault/internal.h"
#include "io/vault/secret.h"

/* Questions under way: with the answers to them they fit into the socket's buffers (208 KiB each way), so
 * that neither side waits for the other to read. Their blobs are no longer together than one may be. */
enum {
    ASKED_MAX = 24,
    SCRATCH = 2 * AK_LIMIT_VALUE,
    QUESTIONS = ASKED_MAX * (AK_MESSAGE_HEAD + AK_REENCRYPT_QUESTION_MAX - AK_BLOB_LEN_MAX) + AK_BLOB_LEN_MAX,
    ANSWERS = ASKED_MAX * (AK_MESSAGE_HEAD + 2) + AK_BLOB_LEN_MAX,
};

struct pair {
    struct ak_secret32 from, to;
};

/* One blob under way; the old one lies in the mover's memory. */
struct asked {
    const struct ak_vault_work *work;
    struct ak_vault_result *result;
    struct pair deks;
    struct ak_span old_blob;
};

struct mover {
    struct ak_vault *vault;
    struct ak_buf questions; /* locked memory, as the scratch */
    uint8_t *scratch;
    struct ak_message_in answers;
    struct ak_buf old_blobs;
    struct asked asked[ASKED_MAX];
    size_t asked_count;
};

static void forget_asked(struct mover *mover)
{
    ak_wipe(mover->asked, sizeof mover->asked);
    mover->asked_count = 0;
    mover->old_blobs.len = 0;
}

static void mover_done(struct mover *mover)
{
    forget_asked(mover);
    ak_secmem_free(mover->questions.ptr);
    ak_secmem_free(mover->scratch);
    free(mover->answers.memory);
    free(mover->old_blobs.ptr);
}

static enum ak_err mover_open(struct mover *mover)
{
    uint8_t *old_blobs = malloc(AK_BLOB_LEN_MAX);
    mover->old_blobs = ak_buf(old_blobs, AK_BLOB_LEN_MAX);
    mover->answers = (struct ak_message_in){.fd = mover->vault->reencrypt_fd,
        .memory = malloc(ANSWERS),
        .cap = ANSWERS,
        .max = AK_REENCRYPT_ANSWER_MAX};
    mover->questions = ak_buf(ak_secmem_alloc(QUESTIONS), QUESTIONS);
    mover->scratch = ak_secmem_alloc(SCRATCH);
    bool ok = old_blobs && mover->answers.memory && mover->questions.ptr && mover->scratch;
    return ok ? AK_OK : AK_E_IO;
}

/* ---- asking ---- */

/* The same two keys as the blob before, most of the time. */
static enum ak_err find_deks(const struct mover *mover, struct asked *asked)
{
    const struct ak_vault_work *work = asked->work;
    const struct asked *before = mover->asked_count ? asked - 1 : NULL;
    if (before && memcmp(before->work->from.anchor, work->from.anchor, 32) == 0 &&
        before->work->from.epoch == work->from.epoch && before->work->to.epoch == work->to.epoch &&
        memcmp(before->work->from_dek, work->from_dek, 32) == 0 &&
        memcmp(before->work->to_dek, work->to_dek, 32) == 0) {
        asked->deks = before->deks;
        return AK_OK;
    }
    AK_TRY(ak_vault_dek_of(mover->vault, &work->from, work->from_dek, &asked->deks.from));
    return ak_vault_dek_of(mover->vault, &work->to, work->to_dek, &asked->deks.to);
}

static enum ak_err fetch(struct mover *mover, struct asked *asked)
{
    struct ak_buf *all = &mover->old_blobs;
    struct ak_buf blob = ak_buf(all->ptr + all->len, all->cap - all->len);
    AK_TRY(ak_vault_fetch(mover->vault, &asked->work->from, asked->work->hash, &blob));
    all->len += blob.len;
    asked->old_blob = ak_buf_span(&blob);
    return AK_OK;
}

static enum ak_err put_question(struct mover *mover, const struct asked *asked)
{
    const struct ak_vault_work *work = asked->work;
    struct ak_reencrypt question = {.old_dek = &asked->deks.from,
        .new_dek = &asked->deks.to,
        .old_place = &work->from,
        .new_place = &work->to,
        .old_blob = asked->old_blob};
    memcpy(question.new_head.dek_id, work->to_dek, sizeof question.new_head.dek_id);
    memcpy(question.new_head.nonce, work->nonce, sizeof question.new_head.nonce);
    size_t begun = ak_message_begin(&mover->questions);
    AK_TRY(ak_reencrypt_put(&question, &mover->questions));
    ak_message_end(&mover->questions, begun);
    return AK_OK;
}

static enum ak_err ask(struct mover *mover, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    struct asked *asked = &mover->asked[mover->asked_count];
    *asked = (struct asked){.work = work, .result = result};
    if (mover->vault->broken) return AK_E_IO;
    AK_TRY(fetch(mover, asked));
    AK_TRY(find_deks(mover, asked));
    AK_TRY(put_question(mover, asked));
    mover->asked_count++;
    return AK_OK;
}

/* ---- the conversation ---- */

/* Whatever goes wrong with it, it cannot be gone on with. */
static enum ak_err conversation(struct mover *mover, enum ak_err err)
{
    if (!err) return AK_OK;
    mover->vault->broken = true;
    return AK_E_IO;
}

static enum ak_err send_questions(struct mover *mover)
{
    struct ak_buf *questions = &mover->questions;
    enum ak_err err =
        conversation(mover, ak_message_send(mover->vault->reencrypt_fd, questions, AK_VAULT_REENCRYPT_MS));
    ak_wipe(questions->ptr, questions->len);
    questions->len = 0;
    return err;
}

/* ---- answers ---- */

/* Whether the old blob really does not open: AK_E_AUTH. */
static enum ak_err check_old(const struct mover *mover, const struct ak_blob_side *old)
{
    size_t len = 0;
    enum ak_err err =
        ak_blob_open(old->blob, old->dek_id, old->place, old->dek, mover->scratch, AK_LIMIT_VALUE, &len);
    ak_wipe(mover->scratch, len);
    return err;
}

/* AK_E_AUTH only where the old blob is at fault: what the re-encryptor says counts for nothing by itself. */
static enum ak_err check(
    const struct mover *mover, const struct asked *asked, struct ak_span answer, struct ak_span *out_blob)
{
    const struct ak_vault_work *work = asked->work;
    struct ak_blob_head head;
    memcpy(head.dek_id, work->to_dek, sizeof head.dek_id);
    memcpy(head.nonce, work->nonce, sizeof head.nonce);
    enum ak_err err = ak_reencrypt_parse(answer, &head, out_blob);
    struct ak_blob_side from = {asked->old_blob, &work->from, work->from_dek, &asked->deks.from};
    struct ak_blob_side to = {*out_blob, &work->to, work->to_dek, &asked->deks.to};
    if (err == AK_E_AUTH && check_old(mover, &from) == AK_E_AUTH) return AK_E_AUTH;
    return !err && ak_blob_compare(&from, &to, mover->scratch) == AK_OK ? AK_OK : AK_E_IO;
}

static enum ak_err take_answer(struct mover *mover, struct asked *asked, bool alone)
{
    struct ak_span answer, blob;
    if (mover->vault->broken) return AK_E_IO;
    AK_TRY(conversation(mover, ak_message_next(&mover->answers, AK_VAULT_REENCRYPT_MS, &answer)));
    AK_TRY(check(mover, asked, answer, &blob));
    return alone ? ak_vault_store(mover->vault, &asked->work->to, blob, asked->result)
                 : ak_vault_stage(mover->vault, &asked->work->to, blob, asked->result);
}

/* More than was asked for is no answer, and those that follow would be the wrong ones. */
static void take_answers(struct mover *mover, bool alone)
{
    enum ak_err err = mover->asked_count ? send_questions(mover) : AK_OK;
    for (size_t i = 0; i < mover->asked_count; i++) {
        struct asked *asked = &mover->asked[i];
        asked->result->code = ak_vault_code_of(err ? err : take_answer(mover, asked, alone));
    }
    if (mover->answers.len > 0) (void)conversation(mover, AK_E_FORMAT);
    forget_asked(mover);
}

/* ---- all of them ---- */

static bool is_full(const struct mover *mover, const struct ak_vault_work *next)
{
    return mover->asked_count == ASKED_MAX ||
           (mover->asked_count &&
               mover->old_blobs.cap - mover->old_blobs.len < (size_t)next->size + AK_BLOB_OVERHEAD);
}

static void move_all(
    struct mover *mover, const struct ak_vault_work *works, struct ak_vault_result *results, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (is_full(mover, &works[i])) take_answers(mover, false);
        results[i].code = ak_vault_code_of(ask(mover, &works[i], &results[i]));
    }
    take_answers(mover, count == 1);
}

/* What was staged is stored once it is durable, else not at all. */
static void commit(const struct ak_vault *vault, const struct ak_vault_work *works,
    struct ak_vault_result *results, size_t count)
{
    struct ak_blob_name *names = calloc(count, sizeof *names);
    size_t staged = 0;
    for (size_t i = 0; names && i < count; i++)
        if (results[i].code == AK_VAULT_DONE) names[staged++] = ak_blob_name_of(&works[i].to);
    enum ak_err err = names ? vault->blobs.ops->commit(vault->blobs.impl, names, staged) : AK_E_IO;
    for (size_t i = 0; err && i < count; i++)
        if (results[i].code == AK_VAULT_DONE) results[i].code = ak_vault_code_of(err);
    free(names);
}

void ak_vault_move(
    struct ak_vault *vault, const struct ak_vault_work *works, struct ak_vault_result *results, size_t count)
{
    struct mover mover = {.vault = vault};
    for (size_t i = 0; i < count; i++) results[i] = (struct ak_vault_result){.code = AK_VAULT_UNAVAILABLE};
    enum ak_err err = mover_open(&mover);
    if (!err) move_all(&mover, works, results, count);
    mover_done(&mover);
    if (!err && count > 1) commit(vault, works, results, count);
}
