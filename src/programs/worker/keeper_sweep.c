/* Blobs that nobody names: what a crash between a blob and its entry leaves, or a file whose removal failed.
 * The helper lists names, the loop holds them against the ledger, and what nobody names an hour past the time
 * in its id is removed as any other file. In pieces, so that neither is kept long. */
#include <stdlib.h>

#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/worker/keeper.h"

enum { HOUR_MS = 3600 * 1000, AGAIN_MS = 24 * HOUR_MS };

static bool take_name(void *ctx, const struct ak_blob_name *name)
{
    struct ak_vault_sweep *sweep = ctx;
    uint64_t made_ms = 0;
    if (sweep->seen++ < sweep->from) return true;
    if (ak_blob_id_ms(name->blob_id, &made_ms) == AK_OK && made_ms >= sweep->before_ms) return true;
    sweep->names[sweep->count++] = *name;
    return sweep->count < AK_COUNT(sweep->names);
}

void ak_vault_sweep_list(struct ak_vault_sweep *sweep)
{
    sweep->count = sweep->seen = 0;
    sweep->result = sweep->blobs->ops->list(sweep->blobs->impl, take_name, sweep);
}

/* The first one soon after the start, the next when what that run found too young has aged, then daily. */
static bool is_due(const struct ak_vaulting *vaulting, uint64_t now_ms)
{
    if (vaulting->sweep_from) return true;
    uint64_t pause_ms = vaulting->sweeps == 0 ? 0 : vaulting->sweeps == 1 ? HOUR_MS + 1 : AGAIN_MS;
    return now_ms - vaulting->swept_ms >= pause_ms;
}

struct ak_vault_call *ak_keeper_sweep_due(struct ak_keeper *keeper, uint64_t now_ms)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    static const struct ak_vault_work none = {.kind = AK_VAULT_NONE};
    if (!is_due(vaulting, now_ms)) return NULL;
    struct ak_vault_call *call = ak_keeper_vault_call(keeper, NULL, &none);
    if (call) call->sweep = calloc(1, sizeof *call->sweep);
    if (!call || !call->sweep) {
        free(call);
        return NULL;
    }
    uint64_t wall_ms = ak_clock_wall_ms();
    call->sweep->blobs = &vaulting->vault.blobs;
    call->sweep->from = vaulting->sweep_from;
    call->sweep->before_ms = wall_ms > HOUR_MS ? wall_ms - HOUR_MS : 0;
    return call;
}

static void remove_later(struct ak_keeper *keeper, const struct ak_blob_name *name)
{
    struct ak_blob_place place = {.service_len = name->service_len, .epoch = name->epoch};
    memcpy(place.home_wallet, name->home_wallet, sizeof place.home_wallet);
    memcpy(place.service, name->service, sizeof place.service);
    memcpy(place.blob_id, name->blob_id, sizeof place.blob_id);
    ak_keeper_vault_remove(keeper, &place);
}

void ak_keeper_sweep_done(struct ak_keeper *keeper, struct ak_vault_call *call)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    const struct ak_vault_sweep *sweep = call->sweep;
    uint64_t found = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        if (ak_engine_vault_has_blob(keeper->engine, &sweep->names[i])) continue;
        remove_later(keeper, &sweep->names[i]);
        found++;
    }
    bool more = sweep->result == AK_OK && sweep->count == AK_COUNT(sweep->names);
    vaulting->sweep_from = more ? sweep->seen - found : 0; /* what is removed moves the others up */
    if (!more) vaulting->sweeps++;
    vaulting->swept_ms = ak_clock_mono_ms();
    if (sweep->result) ak_log(AK_LOG_WARN, "orphans_not_listed", ak_log_err(sweep->result));
    if (found) ak_log(AK_LOG_INFO, "orphans_found", ak_log_u64("blobs", found));
    free(call->sweep);
    free(call);
}
