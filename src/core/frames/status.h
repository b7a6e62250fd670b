/* What the keeper tells the gateway every second and at each change: readiness, the DPoP nonce, figures. The
 * gateway answers /healthz, /readyz, /metrics and the nonce header from the newest one. */
#ifndef AK_CORE_FRAMES_STATUS_H
#define AK_CORE_FRAMES_STATUS_H

#include "core/frames/frame.h"

enum { AK_STATUS_NONCE_LEN = 22 };

/* Why the worker does not serve; 0 where it does. The names are those of /readyz. What the check of the vault
 * says is shown, but keeps nobody from being served. */
enum ak_status_bits {
    AK_STATUS_STARTING = 1,
    AK_STATUS_STOPPING = 2,
    AK_STATUS_STORAGE_LOW = 4, /* use entries are refused, policy changes pass */
    AK_STATUS_LEDGER_DAMAGED = 8,
    AK_STATUS_VAULT_CHECKING = 16, /* since the start, or since something failed, not all was looked at */
    AK_STATUS_VAULT_DIFFERS = 32,
    AK_STATUS_NOT_SERVING =
        AK_STATUS_STARTING | AK_STATUS_STOPPING | AK_STATUS_STORAGE_LOW | AK_STATUS_LEDGER_DAMAGED
};

enum ak_figure {
    AK_FIGURE_LEDGER_SIZE,
    AK_FIGURE_LEDGER_VERIFIED_TO,
    AK_FIGURE_CHECKPOINT_SIZE,
    AK_FIGURE_COUNTER,
    AK_FIGURE_ACCOUNTS,
    AK_FIGURE_PATHS,
    AK_FIGURE_REQUESTS,
    AK_FIGURE_SIGNATURES,
    AK_FIGURE_DENIALS,
    AK_FIGURE_BATCHES,
    AK_FIGURE_PAIR_PENDING,
    AK_FIGURE_IN_FLIGHT,
    AK_FIGURE_MINTED,
    AK_FIGURE_VAULT_BLOBS,
    AK_FIGURE_VAULT_CHECKED,
    AK_FIGURE_VAULT_MISSING,
    AK_FIGURE_VAULT_ALTERED,
    AK_FIGURE_VAULT_UNREADABLE,
    AK_FIGURE_VAULT_KEYS_MISSING,
    AK_FIGURE_VAULT_ORPHANS,
    AK_FIGURE_VAULT_CHECKS,
    AK_FIGURE_COUNT
};

/* "ledger_size" and so on; NULL beyond the enum. */
const char *ak_figure_name(unsigned figure);
/* Whether it only grows (a counter) or goes up and down (a gauge). */
bool ak_figure_is_counter(unsigned figure);

struct ak_frame_status {
    uint32_t bits; /* enum ak_status_bits */
    uint8_t nonce[AK_STATUS_NONCE_LEN];
    uint64_t figures[AK_FIGURE_COUNT];
};

AK_MUST_USE enum ak_err ak_frame_status_encode(const struct ak_frame_status *status, struct ak_buf *buf);
AK_MUST_USE enum ak_err ak_frame_status_decode(struct ak_reader *reader, struct ak_frame_status *out_status);

#endif
