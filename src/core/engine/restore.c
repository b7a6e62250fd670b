#include "core/engine/restore.h"

#include "base/codec/hex.h"
#include "base/crypto/ed25519.h"
#include "core/engine/internal.h"
#include "core/keys/service.h"

static enum ak_err old_key(
    const struct ak_root *root, const char *purpose, const uint8_t log_id[16], struct ak_secret32 *out_key)
{
    uint8_t text[AK_PURPOSE_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_buf_put_str(&buf, purpose);
    ak_hex_encode(&buf, ak_span(log_id, 16));
    return ak_service_secret32(root, ak_buf_span(&buf), out_key);
}

enum ak_err ak_restore_open(struct ak_restore *out_restore, struct ak_engine *engine,
    const struct ak_root *service_root, const uint8_t old_log_id[16])
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 key = {{0}};
    *out_restore = (struct ak_restore){.engine = engine};
    memcpy(out_restore->log_id, old_log_id, sizeof out_restore->log_id);
    AK_TRY(old_key(service_root, AK_PURPOSE_LEDGER, old_log_id, &key));
    AK_TRY(ak_ed25519_pub(&key, out_restore->ledger_pub));
    AK_TRY(old_key(service_root, AK_PURPOSE_LEDGER_MAC, old_log_id, &key));
    return ak_hmac_key_open(&out_restore->mac_key, AK_SPAN_ARR(key.bytes));
}

void ak_restore_close(struct ak_restore *restore)
{
    ak_hmac_key_close(&restore->mac_key);
}

/* The first entry opens the new log as it opened the old one. */
static enum ak_err open_log(struct ak_restore *restore, const struct ak_entry *entry)
{
    uint8_t worker[32];
    struct ak_buf text = AK_BUF_ARR(worker);
    if (entry->type != AK_ENTRY_LEDGER_OPENED) return AK_E_MEANING;
    if (memcmp(entry->log_id, restore->log_id, sizeof entry->log_id) != 0) return AK_E_MEANING;
    ak_hex_encode(&text, AK_SPAN_ARR(restore->engine->conf.worker_id));
    if (!ak_span_eq(entry->worker_id, ak_buf_span(&text))) return AK_E_MEANING;
    memcpy(restore->config, entry->config, sizeof restore->config);
    return ak_engine_create(restore->engine, entry->config, entry->time_ms);
}

/* What the new log has of its own, and what lies in stores that are gone. */
static bool left_out(const struct ak_restore *restore, const struct ak_entry *entry)
{
    switch ((int)entry->type) {
    case AK_ENTRY_SNAPSHOT:
    case AK_ENTRY_EPOCH_ROTATED:
    case AK_ENTRY_EPOCH_DESTROYED:
    case AK_ENTRY_BLOB_WRITTEN:
    case AK_ENTRY_BLOB_MOVED:
    case AK_ENTRY_BLOB_DELETED: return true;
    case AK_ENTRY_ROOT_CREATED: return entry->root_version <= restore->engine->state.root_version;
    default: return false;
    }
}

static enum ak_err write_again(struct ak_restore *restore, struct ak_entry *entry)
{
    struct ak_entry_ref ref;
    if (entry->type == AK_ENTRY_LEDGER_OPENED) return AK_E_MEANING;
    if (left_out(restore, entry)) return AK_OK;
    entry->has_idempotency = false;
    restore->engine->time.logic_ms = entry->time_ms;
    return ak_engine_emit(restore->engine, entry, &ref);
}

enum ak_err ak_restore_entry(struct ak_restore *restore, struct ak_span bytes)
{
    struct ak_entry entry;
    AK_TRY(ak_entry_decode(bytes, &entry));
    bool first = restore->seen == 0;
    restore->seen++;
    if (!ak_entry_is_control(entry.type)) return first ? AK_E_MEANING : AK_OK;
    AK_TRY(ak_entry_mac_check(bytes, &restore->mac_key, restore->control_leaf));
    ak_merkle_leaf(bytes, restore->control_leaf);
    return first ? open_log(restore, &entry) : write_again(restore, &entry);
}

enum ak_err ak_restore_finish(struct ak_restore *restore, const uint8_t old_root[32], uint64_t wall_ms)
{
    struct ak_entry_ref ref;
    struct ak_entry entry = {.type = AK_ENTRY_STATE_RESTORED, .size = restore->seen};
    if (restore->seen == 0) return AK_E_STATE;
    memcpy(entry.log_id, restore->log_id, sizeof entry.log_id);
    memcpy(entry.hash, old_root, sizeof entry.hash);
    restore->engine->time.logic_ms = wall_ms;
    return ak_engine_emit(restore->engine, &entry, &ref);
}
