/* Inside the snapshot: the vault's part, written from a state and read into an empty one. Limits and
 * references are checked on reading. No secrets: DEKs stand in the epoch store.
 * spec: docs/formats/snapshot.md */
#ifndef AK_CORE_ENGINE_SNAPSHOT_VAULT_H
#define AK_CORE_ENGINE_SNAPSHOT_VAULT_H

#include "base/buf.h"
#include "base/reader.h"
#include "core/state/vault_state.h"

struct ak_snapshot_writer;
/* Where bytes go: `out_buf` has room for `len` more, until the next call. Errors of the sink. */
AK_MUST_USE enum ak_err ak_snapshot_room(struct ak_snapshot_writer *w, size_t len, struct ak_buf **out_buf);

AK_MUST_USE enum ak_err ak_snapshot_write_vault(struct ak_snapshot_writer *w, const struct ak_state *state);
/* AK_E_FORMAT (not what the writer writes), AK_E_FULL (the state's arena); the state is of no use then. */
AK_MUST_USE enum ak_err ak_snapshot_read_vault(struct ak_state *state, struct ak_reader *reader);

#endif
