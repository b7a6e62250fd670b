/* Moving a blob to another epoch: through the re-encryptor, opened and compared, durable. */
#include "core/vault/reencrypt.h"
#include "io/proc/message.h"
#include "io/vault/internal.h"
#include "io/vault/secret.h"

struct pair {
    struct ak_secret32 from, to;
};

static void pair_done(struct pair *pair)
{
    ak_secret32_done(&pair->from);
    ak_secret32_done(&pair->to);
}

/* Question and answer. Whatever goes wrong with the conversation, it cannot be gone on with. */
static enum ak_err ask(struct ak_vault *vault, const struct ak_reencrypt *question, struct ak_buf *answer)
{
    AK_CLEANUP(ak_vault_plain_done)
    struct ak_vault_plain memory = ak_vault_plain_new(AK_REENCRYPT_QUESTION_MAX);
    if (!memory.bytes) return AK_E_IO;
    struct ak_buf buf = ak_buf(memory.bytes, AK_REENCRYPT_QUESTION_MAX);
    AK_TRY(ak_reencrypt_put(question, &buf));
    enum ak_err err = ak_message_write(vault->reencrypt_fd, ak_buf_span(&buf), AK_VAULT_REENCRYPT_MS);
    if (!err)
        err = ak_message_read(
            vault->reencrypt_fd, answer->ptr, answer->cap, AK_VAULT_REENCRYPT_MS, &answer->len);
    if (!err) return AK_OK;
    vault->broken = true;
    return AK_E_IO;
}

/* Two values side by side, as ak_blob_compare needs them. */
static enum ak_err compare(const struct ak_blob_side *from, const struct ak_blob_side *to)
{
    AK_CLEANUP(ak_vault_plain_done) struct ak_vault_plain scratch = ak_vault_plain_new(2 * AK_LIMIT_VALUE);
    return scratch.bytes ? ak_blob_compare(from, to, scratch.bytes) : AK_E_IO;
}

/* Whether the old blob really does not open: AK_E_AUTH. */
static enum ak_err check_old(const struct ak_blob_side *old)
{
    size_t len = 0;
    AK_CLEANUP(ak_vault_plain_done) struct ak_vault_plain value = ak_vault_plain_new(AK_LIMIT_VALUE);
    if (!value.bytes) return AK_E_IO;
    return ak_blob_open(old->blob, old->dek_id, old->place, old->dek, value.bytes, AK_LIMIT_VALUE, &len);
}

/* AK_E_AUTH only where the old blob is at fault: what the re-encryptor says counts for nothing by itself. */
static enum ak_err reencrypt(struct ak_vault *vault, const struct ak_vault_work *work,
    const struct pair *deks, struct ak_span old_blob, struct ak_buf *answer, struct ak_span *out_blob)
{
    struct ak_reencrypt question = {.old_dek = &deks->from,
        .new_dek = &deks->to,
        .old_place = &work->from,
        .new_place = &work->to,
        .old_blob = old_blob};
    memcpy(question.new_head.dek_id, work->to_dek, sizeof question.new_head.dek_id);
    memcpy(question.new_head.nonce, work->nonce, sizeof question.new_head.nonce);
    AK_TRY(ask(vault, &question, answer));
    enum ak_err err = ak_reencrypt_parse(ak_buf_span(answer), &question.new_head, out_blob);
    struct ak_blob_side from = {old_blob, &work->from, work->from_dek, &deks->from};
    struct ak_blob_side to = {*out_blob, &work->to, work->to_dek, &deks->to};
    if (err == AK_E_AUTH && check_old(&from) == AK_E_AUTH) return AK_E_AUTH;
    return !err && compare(&from, &to) == AK_OK ? AK_OK : AK_E_IO;
}

enum ak_err ak_vault_move(
    struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    AK_CLEANUP(pair_done) struct pair deks = {{{0}}, {{0}}};
    uint8_t old_memory[AK_BLOB_LEN_MAX], answer_memory[AK_REENCRYPT_ANSWER_MAX];
    struct ak_buf old_blob = AK_BUF_ARR(old_memory);
    struct ak_buf answer = AK_BUF_ARR(answer_memory);
    struct ak_span moved;
    AK_TRY(ak_vault_fetch(vault, &work->from, work->hash, &old_blob));
    AK_TRY(ak_vault_dek_of(vault, &work->from, work->from_dek, &deks.from));
    AK_TRY(ak_vault_dek_of(vault, &work->to, work->to_dek, &deks.to));
    AK_TRY(reencrypt(vault, work, &deks, ak_buf_span(&old_blob), &answer, &moved));
    return ak_vault_store(vault, &work->to, moved, result);
}
