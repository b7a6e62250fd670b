/* Status frames: encode, decode, names of the figures. */
#include "core/frames/status.h"

static const struct {
    const char *name;
    bool counter;
} figures[AK_FIGURE_COUNT] = {
    [AK_FIGURE_LEDGER_SIZE] = {"ledger_size", true},
    [AK_FIGURE_LEDGER_VERIFIED_TO] = {"ledger_verified_to", false},
    [AK_FIGURE_CHECKPOINT_SIZE] = {"checkpoint_size", true},
    [AK_FIGURE_COUNTER] = {"sealed_counter", true},
    [AK_FIGURE_ACCOUNTS] = {"accounts", false},
    [AK_FIGURE_PATHS] = {"paths", false},
    [AK_FIGURE_REQUESTS] = {"requests_total", true},
    [AK_FIGURE_SIGNATURES] = {"signatures_total", true},
    [AK_FIGURE_DENIALS] = {"denials_total", true},
    [AK_FIGURE_BATCHES] = {"batches_total", true},
    [AK_FIGURE_PAIR_PENDING] = {"pair_requests_pending", false},
    [AK_FIGURE_IN_FLIGHT] = {"requests_in_flight", false},
    [AK_FIGURE_MINTED] = {"oidc_minted_total", true},
    [AK_FIGURE_VAULT_BLOBS] = {"vault_blobs", false},
    [AK_FIGURE_VAULT_CHECKED] = {"vault_checked", false},
    [AK_FIGURE_VAULT_MISSING] = {"vault_missing", false},
    [AK_FIGURE_VAULT_ALTERED] = {"vault_altered", false},
    [AK_FIGURE_VAULT_UNREADABLE] = {"vault_unreadable", false},
    [AK_FIGURE_VAULT_KEYS_MISSING] = {"vault_keys_missing", false},
    [AK_FIGURE_VAULT_ORPHANS] = {"vault_orphans", false},
    [AK_FIGURE_VAULT_CHECKS] = {"vault_checks_total", true},
};

const char *ak_figure_name(unsigned figure)
{
    return figure < AK_FIGURE_COUNT ? figures[figure].name : NULL;
}

bool ak_figure_is_counter(unsigned figure)
{
    return figure < AK_FIGURE_COUNT && figures[figure].counter;
}

enum ak_err ak_frame_status_encode(const struct ak_frame_status *status, struct ak_buf *buf)
{
    ak_frame_put_head(buf, AK_FRAME_STATUS);
    ak_buf_put_u32(buf, status->bits);
    ak_buf_put(buf, AK_SPAN_ARR(status->nonce));
    for (size_t i = 0; i < AK_FIGURE_COUNT; i++) ak_buf_put_u64(buf, status->figures[i]);
    return ak_buf_check(buf);
}

static bool nonce_char(uint8_t c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

enum ak_err ak_frame_status_decode(struct ak_reader *reader, struct ak_frame_status *out_status)
{
    struct ak_frame_status status = {0};
    memset(out_status, 0, sizeof *out_status);
    status.bits = ak_reader_u32(reader);
    ak_reader_copy(reader, status.nonce, sizeof status.nonce);
    for (size_t i = 0; i < AK_FIGURE_COUNT; i++) status.figures[i] = ak_reader_u64(reader);
    AK_TRY(ak_reader_finish(reader));
    for (size_t i = 0; i < sizeof status.nonce; i++)
        if (!nonce_char(status.nonce[i])) return AK_E_FORMAT;
    *out_status = status;
    return AK_OK;
}
