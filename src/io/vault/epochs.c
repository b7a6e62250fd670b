/* Reading, rewriting and re-keying the epoch store. */
#include "io/vault/epochs.h"

#include <stdlib.h>

#include "base/ct.h"
#include "core/vault/epoch_order.h"

enum { READ_FIRST = 64 * 1024, SPARE_RECORDS = 1024 };

/* ---- slots ---- */

/* AK_E_NOT_FOUND where it is empty: no file, or zeros. */
static enum ak_err read_slot(const struct ak_vault_epochs *epochs, unsigned slot, struct ak_secret32 *out_ek)
{
    static const uint8_t zeros[32];
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ek = {{0}};
    struct ak_buf buf = AK_BUF_ARR(ek.bytes);
    enum ak_err err = epochs->tee->ops->slot_read(epochs->tee->impl, slot, &buf);
    if (err) return err == AK_E_FULL ? AK_E_AUTH : err;
    if (buf.len != sizeof ek.bytes) return AK_E_AUTH;
    if (ak_ct_eq(AK_SPAN_ARR(ek.bytes), AK_SPAN_ARR(zeros))) return AK_E_NOT_FOUND;
    *out_ek = ek;
    return AK_OK;
}

static enum ak_err new_key(const struct ak_vault_epochs *epochs, unsigned slot, struct ak_secret32 *out_ek)
{
    AK_TRY(epochs->tee->ops->random(epochs->tee->impl, out_ek->bytes, sizeof out_ek->bytes));
    return epochs->tee->ops->slot_write(epochs->tee->impl, slot, AK_SPAN_ARR(out_ek->bytes));
}

/* Erases it where it holds anything, and looks. */
static enum ak_err empty_slot(const struct ak_vault_epochs *epochs, unsigned slot)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ek = {{0}};
    if (read_slot(epochs, slot, &ek) == AK_E_NOT_FOUND) return AK_OK;
    AK_TRY(epochs->tee->ops->slot_erase(epochs->tee->impl, slot));
    enum ak_err err = read_slot(epochs, slot, &ek);
    return err == AK_E_NOT_FOUND ? AK_OK : AK_E_IO;
}

/* ---- opening ---- */

/* The whole file in memory of its own. AK_E_NOT_FOUND: none. */
static enum ak_err read_file(const struct ak_vault_epochs *epochs, uint8_t **out_file, size_t *out_len)
{
    for (size_t cap = READ_FIRST;; cap *= 2) {
        uint8_t *file = malloc(cap);
        if (!file) return AK_E_FULL;
        enum ak_err err = ak_durable_read(&epochs->ops, epochs->dir_fd, AK_EPOCHS_NAME, file, cap, out_len);
        *out_file = file;
        if (!err) return AK_OK;
        free(file);
        if (err != AK_E_LIMIT || cap >= ak_epoch_store_len(AK_EPOCH_RECORDS_MAX)) return err;
    }
}

/* Wrapped keys are wiped, too: memory that is read later must not have one whose epoch was destroyed. */
static void free_records(const struct ak_epoch_table *table)
{
    if (table->records) ak_wipe(table->records, table->cap * sizeof *table->records);
    free(table->records);
}

static enum ak_err reserve(struct ak_vault_epochs *epochs, size_t count)
{
    struct ak_epoch_table *table = &epochs->table;
    if (count <= table->cap) return AK_OK;
    size_t cap = count + count / 2 + SPARE_RECORDS;
    struct ak_epoch_record *more = malloc(cap * sizeof *more);
    if (!more) return AK_E_FULL;
    if (table->count) memcpy(more, table->records, table->count * sizeof *more);
    free_records(table);
    table->records = more;
    table->cap = cap;
    return AK_OK;
}

static enum ak_err write_under(struct ak_vault_epochs *epochs, const struct ak_epoch_change *change,
    unsigned slot, const struct ak_secret32 *ek)
{
    uint8_t nonce[12];
    size_t cap = ak_epoch_store_len(epochs->table.count + change->extra_count);
    AK_TRY(epochs->tee->ops->random(epochs->tee->impl, nonce, sizeof nonce));
    uint8_t *memory = malloc(cap);
    if (!memory) return AK_E_FULL;
    struct ak_buf file = ak_buf(memory, cap);
    enum ak_err err =
        ak_epoch_store_encode(&epochs->table, change, (uint8_t)slot, epochs->log_id, nonce, ek, &file);
    if (!err) {
        epochs->unsure = true;
        err = ak_durable_write(&epochs->ops, epochs->dir_fd, AK_EPOCHS_NAME, ak_buf_span(&file));
    }
    if (!err) {
        epochs->exists = true;
        epochs->slot = slot;
        epochs->unsure = false;
    }
    ak_wipe(memory, cap);
    free(memory);
    return err;
}

/* A process that died between rename and sync leaves a store that is seen but perhaps not durable: with the
 * other slot emptied, a power cut would then bring back a store without a key. */
static enum ak_err settle(struct ak_vault_epochs *epochs, const struct ak_secret32 *ek)
{
    static const struct ak_epoch_change none;
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 other = {{0}};
    if (read_slot(epochs, 1 - epochs->slot, &other) == AK_E_NOT_FOUND) return AK_OK;
    AK_TRY(write_under(epochs, &none, epochs->slot, ek));
    return empty_slot(epochs, 1 - epochs->slot);
}

static enum ak_err open_store(struct ak_vault_epochs *epochs, uint8_t *file, size_t len)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ek = {{0}};
    struct ak_epoch_store_head head;
    AK_TRY(ak_epoch_store_parse(ak_span(file, len), &head));
    AK_TRY(reserve(epochs, head.count));
    AK_TRY(read_slot(epochs, head.slot, &ek));
    AK_TRY(ak_epoch_store_decode(file, len, epochs->log_id, &ek, &epochs->table));
    epochs->exists = true;
    epochs->slot = head.slot;
    return settle(epochs, &ek);
}

enum ak_err ak_vault_epochs_open(struct ak_vault_epochs *epochs, const struct ak_tee *tee, int dir_fd,
    const struct ak_file_ops *ops, const uint8_t log_id[16])
{
    uint8_t *file = NULL;
    size_t len = 0;
    *epochs =
        (struct ak_vault_epochs){.tee = tee, .dir_fd = dir_fd, .ops = ops ? *ops : ak_file_ops_system()};
    memcpy(epochs->log_id, log_id, 16);
    enum ak_err err = read_file(epochs, &file, &len);
    if (err) return err == AK_E_NOT_FOUND ? AK_OK : err;
    err = open_store(epochs, file, len);
    ak_wipe(file, len); /* it was opened in place: wrapped keys, whose epochs may be destroyed later */
    free(file);
    return err;
}

void ak_vault_epochs_done(struct ak_vault_epochs *epochs)
{
    free_records(&epochs->table);
    epochs->table = ak_epoch_table(NULL, 0);
}

/* ---- writing ---- */

/* After a write that failed: which store is on disk is read, and it is written once more, because until one
 * is durable for certain the other's key may still be needed. */
static enum ak_err be_sure(struct ak_vault_epochs *epochs)
{
    static const struct ak_epoch_change none;
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ek = {{0}};
    uint8_t *file = NULL;
    size_t len = 0;
    struct ak_epoch_store_head head;
    if (!epochs->unsure) return AK_OK;
    enum ak_err err = read_file(epochs, &file, &len);
    if (err == AK_E_NOT_FOUND && !epochs->exists) {
        epochs->unsure = false;
        return AK_OK;
    }
    AK_TRY(err);
    err = ak_epoch_store_parse(ak_span(file, len), &head);
    free(file);
    AK_TRY(err);
    AK_TRY(read_slot(epochs, head.slot, &ek));
    return write_under(epochs, &none, head.slot, &ek);
}

enum ak_err ak_vault_epochs_write(struct ak_vault_epochs *epochs, const struct ak_epoch_change *change)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ek = {{0}};
    AK_TRY(be_sure(epochs));
    unsigned slot = epochs->exists ? epochs->slot : 0;
    AK_TRY(epochs->exists ? read_slot(epochs, slot, &ek) : new_key(epochs, slot, &ek));
    return write_under(epochs, change, slot, &ek);
}

enum ak_err ak_vault_epochs_destroy(struct ak_vault_epochs *epochs, const struct ak_epoch_change *change)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ek = {{0}};
    AK_TRY(be_sure(epochs));
    unsigned old = epochs->exists ? epochs->slot : 1;
    /* What an attempt that failed left there, or a key that still opens an older store: it is overwritten in
     * place, because a file that is only replaced stays on the disk (I13). The store names the other slot. */
    AK_TRY(empty_slot(epochs, 1 - old));
    AK_TRY(new_key(epochs, 1 - old, &ek));
    AK_TRY(write_under(epochs, change, 1 - old, &ek));
    return empty_slot(epochs, old);
}

/* ---- looking ---- */

static bool has_all(const struct ak_epoch_table *found, const struct ak_epoch_table *want)
{
    for (size_t i = 0; i < want->count; i++) {
        const struct ak_epoch_record *record = ak_epoch_find(found, &want->records[i].key);
        if (!record || memcmp(record, &want->records[i], sizeof *record) != 0) return false;
    }
    return true;
}

static enum ak_err compare_store(const struct ak_vault_epochs *epochs, uint8_t *file, size_t len)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ek = {{0}};
    struct ak_epoch_store_head head;
    AK_TRY(ak_epoch_store_parse(ak_span(file, len), &head));
    if (head.slot != epochs->slot) return AK_E_STATE;
    AK_TRY(read_slot(epochs, head.slot, &ek));
    size_t size = (head.count ? head.count : 1) * sizeof(struct ak_epoch_record);
    struct ak_epoch_record *records = malloc(size);
    if (!records) return AK_E_FULL;
    struct ak_epoch_table table = ak_epoch_table(records, head.count);
    enum ak_err err = ak_epoch_store_decode(file, len, epochs->log_id, &ek, &table);
    if (!err && !has_all(&table, &epochs->table)) err = AK_E_STATE;
    ak_wipe(records, size);
    free(records);
    return err;
}

enum ak_err ak_vault_epochs_check(struct ak_vault_epochs *epochs)
{
    uint8_t *file = NULL;
    size_t len = 0;
    AK_TRY(be_sure(epochs));
    if (!epochs->exists) return AK_OK;
    AK_TRY(read_file(epochs, &file, &len));
    enum ak_err err = compare_store(epochs, file, len);
    ak_wipe(file, len);
    free(file);
    return err;
}

static int compare(const void *a, const void *b)
{
    return ak_epoch_cmp(a, b);
}

static bool is_kept(void *ctx, const struct ak_epoch_key *key)
{
    const struct ak_epoch_change *change = ctx;
    return !bsearch(key, change->without, change->without_count, sizeof *key, compare);
}

enum ak_err ak_vault_epochs_apply(struct ak_vault_epochs *epochs, const struct ak_epoch_change *change)
{
    struct ak_epoch_change copy = *change;
    AK_TRY(reserve(epochs, epochs->table.count + change->extra_count));
    if (change->without_count) (void)ak_epoch_keep(&epochs->table, is_kept, &copy);
    for (size_t i = 0; i < change->extra_count; i++) AK_TRY(ak_epoch_add(&epochs->table, &change->extra[i]));
    return AK_OK;
}
