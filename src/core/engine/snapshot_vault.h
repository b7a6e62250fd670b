/* Inside the snapshot: the vault's part. */
#ifndef AK_CORE_ENGINE_SNAPSHOT_VAULT_H
#define AK_CORE_ENGINE_SNAPSHOT_VAULT_H

#include "base/buf.h"
#include "base/reader.h"
#include "core/engine/vault_state.h"

/* Where bytes go: room for `len` more in `buf`. */
struct ak_snapshot_writer;
AK_MUST_USE enum ak_err ak_snapshot_room(struct ak_snapshot_writer *w, size_t len, struct ak_buf **out_buf);

AK_MUST_USE enum ak_err ak_snapshot_write_vault(struct ak_snapshot_writer *w, const struct ak_state *state);
/* AK_E_FORMAT, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_snapshot_read_vault(struct ak_state *state, struct ak_reader *reader);

#endif
