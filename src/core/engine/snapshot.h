/* The state as bytes, so that a start need not replay the whole log: deterministic, equal states give equal
 * bytes (I16). Writing streams through a sink; reading takes one span whose SHA-256 the log names in a
 * Snapshot entry; before that was seen nothing of it may be used (I11). Cached points are not in it: they are
 * computed again. spec: docs/formats/snapshot.md */
#ifndef AK_CORE_ENGINE_SNAPSHOT_H
#define AK_CORE_ENGINE_SNAPSHOT_H

#include "core/engine/engine.h"

enum { AK_SNAPSHOT_VERSION = 4 };

struct ak_snapshot_sink {
    enum ak_err (*put)(void *ctx, struct ak_span bytes);
    void *ctx;
};

/* Writes state and log position. Between batches only: AK_E_STATE where entries are pending. Sink errors pass
 * through. */
AK_MUST_USE enum ak_err ak_engine_snapshot_write(
    const struct ak_engine *engine, const struct ak_snapshot_sink *sink);
/* After writing: the control entry that names it. */
AK_MUST_USE enum ak_err ak_engine_snapshot_record(
    struct ak_engine *engine, uint64_t size, const uint8_t hash[32], uint64_t bytes);
/* Fills a fresh engine from snapshot bytes; then replay goes on from their log position. AK_E_FORMAT,
 * AK_E_UNSUPPORTED, AK_E_MEANING (another log), AK_E_FULL; the engine is not to be used then. */
AK_MUST_USE enum ak_err ak_engine_snapshot_read(struct ak_engine *engine, struct ak_span bytes);

#endif
