/* Opening, reading, putting, and which step does which kind of work. */
#include "io/vault/vault.h"

#include <stdlib.h>

#include "base/crypto/hpke.h"
#include "base/crypto/sha256.h"
#include "base/crypto/x25519.h"
#include "core/keys/service.h"
#include "core/vault/delivery.h"
#include "io/log/log.h"
#include "io/proc/random.h"
#include "io/vault/internal.h"
#include "io/vault/secret.h"

enum ak_err ak_vault_open(struct ak_vault *vault, const struct ak_vault_open *how)
{
    *vault = (struct ak_vault){.root = how->root,
        .reencrypt_fd = how->reencrypt_fd,
        .readers = ak_vault_readers_new(),
        .can_erase = (how->tee->ops->caps(how->tee->impl) & AK_TEE_ERASE) != 0};
    if (!vault->readers) return AK_E_FULL;
    AK_TRY(ak_blob_directory_open(how->data_dir_fd, NULL, &vault->blobs));
    return ak_vault_epochs_open(&vault->epochs, how->tee, how->data_dir_fd, NULL, how->log_id);
}

void ak_vault_close(struct ak_vault *vault)
{
    ak_vault_forget(vault);
    ak_vault_readers_free(vault->readers);
    vault->readers = NULL;
    ak_vault_epochs_done(&vault->epochs);
    ak_blob_store_close(&vault->blobs);
}

static enum ak_err delivery_scalar(const struct ak_root *root, struct ak_secret32 *out_scalar)
{
    return ak_service_secret32(root, AK_SPAN_LIT(AK_PURPOSE_DELIVERY), out_scalar);
}

enum ak_err ak_vault_delivery_key(const struct ak_root *root, uint8_t out_public[32])
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    AK_TRY(delivery_scalar(root, &scalar));
    return ak_x25519_pub(&scalar, out_public);
}

/* ---- pieces ---- */

enum ak_err ak_vault_dek(
    const struct ak_root *root, const struct ak_epoch_record *record, struct ak_secret32 *out_dek)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 shielding = {{0}};
    if (!record) return AK_E_STATE;
    AK_TRY(ak_service_secret32(root, AK_SPAN_LIT(AK_PURPOSE_SHIELDING), &shielding));
    return ak_dek_unwrap(&shielding, record, out_dek);
}

enum ak_err ak_vault_dek_of(const struct ak_vault *vault, const struct ak_blob_place *place,
    const uint8_t dek_id[32], struct ak_secret32 *out_dek)
{
    struct ak_epoch_key key = {.epoch = place->epoch};
    memcpy(key.anchor, place->anchor, sizeof key.anchor);
    memcpy(key.dek_id, dek_id, sizeof key.dek_id);
    for (size_t i = 0; i < vault->fresh_count; i++)
        if (memcmp(&vault->fresh[i].key, &key, sizeof key) == 0)
            return ak_vault_dek(vault->root, &vault->fresh[i], out_dek);
    return ak_vault_dek(vault->root, ak_epoch_find(&vault->epochs.table, &key), out_dek);
}

enum ak_err ak_vault_fetch(const struct ak_vault *vault, const struct ak_blob_place *place,
    const uint8_t hash[32], struct ak_buf *out_blob)
{
    struct ak_blob_name name = ak_blob_name_of(place);
    uint8_t found[32];
    enum ak_err err =
        vault->blobs.ops->read(vault->blobs.impl, &name, out_blob->ptr, out_blob->cap, &out_blob->len);
    if (err) return err == AK_E_LIMIT ? AK_E_AUTH : err;
    ak_sha256(ak_buf_span(out_blob), found);
    return memcmp(found, hash, sizeof found) == 0 ? AK_OK : AK_E_AUTH;
}

static void describe(struct ak_span blob, struct ak_vault_result *result)
{
    ak_sha256(blob, result->hash);
    result->size = (uint32_t)(blob.len - AK_BLOB_OVERHEAD);
}

enum ak_err ak_vault_store(const struct ak_vault *vault, const struct ak_blob_place *place,
    struct ak_span blob, struct ak_vault_result *result)
{
    struct ak_blob_name name = ak_blob_name_of(place);
    AK_TRY(vault->blobs.ops->write(vault->blobs.impl, &name, blob));
    describe(blob, result);
    return AK_OK;
}

enum ak_err ak_vault_stage(const struct ak_vault *vault, const struct ak_blob_place *place,
    struct ak_span blob, struct ak_vault_result *result)
{
    struct ak_blob_name name = ak_blob_name_of(place);
    AK_TRY(vault->blobs.ops->stage(vault->blobs.impl, &name, blob));
    describe(blob, result);
    return AK_OK;
}

enum ak_vault_code ak_vault_code_of(enum ak_err err)
{
    switch ((int)err) {
    case AK_OK: return AK_VAULT_DONE;
    case AK_E_NOT_FOUND: return AK_VAULT_MISSING;
    case AK_E_STATE: return AK_VAULT_NO_DEK;
    case AK_E_FULL: return AK_VAULT_FULL;
    case AK_E_AUTH:
    case AK_E_FORMAT:
    case AK_E_LIMIT: return AK_VAULT_TAMPERED;
    default: return AK_VAULT_UNAVAILABLE;
    }
}

static struct ak_span info_of(struct ak_buf *buf, const char *call, const struct ak_blob_place *place)
{
    uint8_t path[1 + AK_LIMIT_LABEL] = {'/'};
    memcpy(path + 1, place->label, place->label_len);
    ak_vault_put_info(buf, call, place->anchor, ak_span(place->service, place->service_len),
        ak_span(path, place->label_len ? 1 + (size_t)place->label_len : 0));
    return ak_buf_span(buf);
}

/* ---- reading ---- */

static enum ak_err open_blob(const struct ak_vault *vault, const struct ak_vault_work *work,
    const struct ak_epoch_record *record, struct ak_buf *blob, struct ak_vault_plain *plain)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 dek = {{0}};
    AK_TRY(ak_vault_fetch(vault, &work->from, work->hash, blob));
    AK_TRY(ak_vault_dek(vault->root, record, &dek));
    return ak_blob_open(
        ak_buf_span(blob), work->from_dek, &work->from, &dek, plain->bytes, work->size, &plain->len);
}

/* Ciphertext: ordinary memory, but not a pool thread's small stack. */
static enum ak_err open_stored(const struct ak_vault *vault, const struct ak_vault_work *work,
    const struct ak_epoch_record *record, struct ak_vault_plain *plain)
{
    size_t cap = (size_t)work->size + AK_BLOB_OVERHEAD;
    uint8_t *memory = malloc(cap);
    if (!memory) return AK_E_IO;
    struct ak_buf blob = ak_buf(memory, cap);
    enum ak_err err = open_blob(vault, work, record, &blob, plain);
    free(memory);
    return err;
}

static enum ak_err seal_for(const struct ak_vault *vault, const struct ak_vault_work *work,
    const struct ak_vault_plain *plain, struct ak_span body)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ephemeral = {{0}};
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 shared = {{0}};
    uint8_t info[AK_VAULT_INFO_MAX], delivery[32];
    struct ak_buf buf = AK_BUF_ARR(info);
    if (body.len < work->enc_at + (size_t)AK_HPKE_ENC_LEN ||
        body.len < work->sealed_at + plain->len + AK_HPKE_TAG_LEN)
        return AK_E_ARG;
    AK_TRY(ak_vault_reader_secret(vault->readers, vault->root, work->peer, &shared, delivery));
    const struct ak_hpke_psk psk = {AK_SPAN_ARR(shared.bytes), AK_SPAN_ARR(delivery)};
    ak_random_bytes(ephemeral.bytes, sizeof ephemeral.bytes);
    uint8_t *out = (uint8_t *)(uintptr_t)body.ptr;
    return ak_hpke_seal_psk(work->peer, &ephemeral, &psk, info_of(&buf, "credential-read", &work->from),
        AK_SPAN_EMPTY, ak_span(plain->bytes, plain->len), out + work->enc_at, out + work->sealed_at);
}

void ak_vault_read(const struct ak_vault *vault, const struct ak_vault_work *work,
    const struct ak_epoch_record *dek, struct ak_span body, struct ak_vault_result *out_result)
{
    AK_CLEANUP(ak_vault_plain_done) struct ak_vault_plain plain = ak_vault_plain_new(work->size);
    *out_result = (struct ak_vault_result){.code = AK_VAULT_UNAVAILABLE};
    if (!plain.bytes) return;
    enum ak_err err = open_stored(vault, work, dek, &plain);
    out_result->code = ak_vault_code_of(err);
    if (!err && (plain.len != work->size || seal_for(vault, work, &plain, body) != AK_OK))
        out_result->code = AK_VAULT_UNAVAILABLE;
}

/* ---- putting ---- */

static enum ak_err open_value(
    const struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_plain *plain)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    uint8_t info[AK_VAULT_INFO_MAX];
    struct ak_buf buf = AK_BUF_ARR(info);
    if (work->sealed.len < AK_HPKE_TAG_LEN) return AK_E_FORMAT;
    plain->len = work->sealed.len - AK_HPKE_TAG_LEN;
    AK_TRY(delivery_scalar(vault->root, &scalar));
    return ak_hpke_open(&scalar, work->peer, info_of(&buf, "credential-put", &work->to), AK_SPAN_EMPTY,
        work->sealed, plain->bytes);
}

static enum ak_err seal_blob(const struct ak_vault *vault, const struct ak_vault_work *work,
    const struct ak_vault_plain *plain, struct ak_vault_result *result)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 dek = {{0}};
    uint8_t memory[AK_BLOB_LEN_MAX];
    struct ak_buf blob = AK_BUF_ARR(memory);
    struct ak_blob_head head;
    memcpy(head.dek_id, work->to_dek, sizeof head.dek_id);
    memcpy(head.nonce, work->nonce, sizeof head.nonce);
    AK_TRY(ak_vault_dek_of(vault, &work->to, work->to_dek, &dek));
    AK_TRY(ak_blob_seal(&head, &work->to, &dek, ak_span(plain->bytes, plain->len), &blob));
    return ak_vault_store(vault, &work->to, ak_buf_span(&blob), result);
}

static enum ak_err make_own_dek(struct ak_vault *vault, const struct ak_vault_work *work)
{
    struct ak_epoch_key key = {.epoch = work->to.epoch};
    memcpy(key.anchor, work->to.anchor, sizeof key.anchor);
    memcpy(key.dek_id, work->to_dek, sizeof key.dek_id);
    return ak_vault_make_deks(vault, &key, 1);
}

static enum ak_err put(
    struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    AK_CLEANUP(ak_vault_plain_done) struct ak_vault_plain plain = {NULL, 0};
    if (work->sealed.len <= AK_LIMIT_VALUE + AK_HPKE_TAG_LEN) plain = ak_vault_plain_new(work->sealed.len);
    if (!plain.bytes) return AK_E_IO;
    if (open_value(vault, work, &plain) != AK_OK) {
        result->code = AK_VAULT_UNOPENED;
        return AK_OK;
    }
    if (work->fresh_dek) AK_TRY(make_own_dek(vault, work));
    AK_TRY(seal_blob(vault, work, &plain, result));
    result->code = AK_VAULT_DONE;
    return AK_OK;
}

/* ---- all kinds ---- */

static enum ak_err run(
    struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    struct ak_blob_name name;
    switch (work->kind) {
    case AK_VAULT_PUT: return put(vault, work, result);
    case AK_VAULT_ROTATE: return ak_vault_make_deks(vault, ak_vault_items(work), work->item_count);
    case AK_VAULT_DESTROY: return ak_vault_destroy_deks(vault, ak_vault_items(work), work->item_count);
    case AK_VAULT_DELETE_FILE:
        name = ak_blob_name_of(&work->from);
        return vault->blobs.ops->remove(vault->blobs.impl, &name);
    case AK_VAULT_NONE:
    case AK_VAULT_MOVE:
    case AK_VAULT_READ: break;
    }
    return AK_E_ARG;
}

/* One line, however many failed together. */
static void log_failed(const struct ak_vault_work *works, const struct ak_vault_result *results, size_t count)
{
    size_t failed = 0, last = 0;
    for (size_t i = 0; i < count; i++) {
        if (results[i].code == AK_VAULT_DONE) continue;
        failed++;
        last = i;
    }
    if (failed)
        ak_log(AK_LOG_WARN, "vault_work_failed", ak_log_u64("kind", works->kind),
            ak_log_u64("code", results[last].code), ak_log_u64("count", failed));
}

static void run_one(struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    *result = (struct ak_vault_result){.code = AK_VAULT_DONE, .erase = vault->can_erase};
    enum ak_err err = run(vault, work, result);
    if (!err) return;
    result->code = ak_vault_code_of(err);
    if (result->code < AK_VAULT_UNOPENED) result->code = AK_VAULT_UNAVAILABLE; /* no blob was looked at */
}

static void remove_all(
    struct ak_vault *vault, const struct ak_vault_work *works, struct ak_vault_result *results, size_t count)
{
    struct ak_blob_name *names = calloc(count, sizeof *names);
    for (size_t i = 0; names && i < count; i++) names[i] = ak_blob_name_of(&works[i].from);
    enum ak_err err = names ? vault->blobs.ops->remove_all(vault->blobs.impl, names, count) : AK_E_IO;
    for (size_t i = 0; i < count; i++)
        results[i] = (struct ak_vault_result){.code = err ? AK_VAULT_UNAVAILABLE : AK_VAULT_DONE};
    free(names);
}

void ak_vault_run_all(struct ak_vault *vault, const struct ak_vault_work *works,
    struct ak_vault_result *out_results, size_t count)
{
    if (works->kind == AK_VAULT_MOVE) {
        ak_vault_move(vault, works, out_results, count);
    } else if (works->kind == AK_VAULT_DELETE_FILE && count > 1) {
        remove_all(vault, works, out_results, count);
    } else {
        for (size_t i = 0; i < count; i++) run_one(vault, &works[i], &out_results[i]);
    }
    log_failed(works, out_results, count);
}

void ak_vault_run(
    struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_result *out_result)
{
    ak_vault_run_all(vault, work, out_result, 1);
}

void ak_vault_apply(struct ak_vault *vault, const struct ak_vault_work *work, struct ak_vault_result *result)
{
    struct ak_epoch_change change = {.extra = vault->fresh, .extra_count = vault->fresh_count};
    if (work->kind == AK_VAULT_DESTROY && result->code == AK_VAULT_DONE) {
        change.without = vault->gone;
        change.without_count = vault->gone_count;
    }
    if (ak_vault_epochs_apply(&vault->epochs, &change) != AK_OK) vault->broken = true;
    ak_vault_forget(vault);
}
