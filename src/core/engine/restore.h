/* A log whose machine is lost, begun anew: the old log's control entries are checked under the old log's MAC
 * key and written again under a new log id, with their times; then StateRestored, whose fold suspends every
 * agent, ends every session, empties the buckets and drops what waits. Guarantees: nothing is written that
 * the old log's holder of the MAC key did not write, in that order. Not guaranteed: that the export is whole
 * or the newest; the caller holds it against its checkpoint. Credentials, their epochs and uses are not
 * carried over. Secret: the MAC key. One thread. spec: docs/formats/recovery.md, Restored log */
#ifndef AK_CORE_ENGINE_RESTORE_H
#define AK_CORE_ENGINE_RESTORE_H

#include "core/engine/engine.h"

struct ak_restore {
    struct ak_engine *engine; /* of the new log; nothing written yet */
    struct ak_hmac_key mac_key;
    uint8_t log_id[16]; /* of the old log */
    uint8_t ledger_pub[32];
    uint8_t control_leaf[32];
    uint64_t seen;      /* entries of the old log */
    uint8_t config[32]; /* of the trust configuration that the old log was opened with */
};

/* Keys of the old log. AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_restore_open(struct ak_restore *out_restore, struct ak_engine *engine,
    const struct ak_root *service_root, const uint8_t old_log_id[16]);
/* Wipes. */
void ak_restore_close(struct ak_restore *restore);
/* The old log's next entry. AK_E_AUTH: not of a log that these roots wrote, or not the next control entry;
 * AK_E_MEANING: it cannot follow, or is of another worker; AK_E_FORMAT, AK_E_UNSUPPORTED, AK_E_FULL. There
 * must be room: ak_engine_has_room. */
AK_MUST_USE enum ak_err ak_restore_entry(struct ak_restore *restore, struct ak_span bytes);
/* After the last: StateRestored{from log, its height and root}. AK_E_STATE: there was none. */
AK_MUST_USE enum ak_err ak_restore_finish(
    struct ak_restore *restore, const uint8_t old_root[32], uint64_t wall_ms);

#endif
