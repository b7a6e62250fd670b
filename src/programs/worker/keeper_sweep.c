/* Blobs that nobody names: what a crash between a blob and its entry leaves, or a file whose removal failed.
 * The helper lists names, the loop holds them against the ledger, and what nobody names an hour past the time
 * in its id is removed as any other file. In pieces, so that neither is kept long. */
#include <stdlib.h>

#include "io/log/log.h"
#include "io/proc/clock.h"
#include "programs/worker/keeper.h"

enum { HOUR_MS = 3600 * 1000, AGAIN_MS = 24 * HOUR_MS };

static bool is_young(const struct ak_vault_sweep *sweep, const struct ak_blob_name *name)
{
    uint64_t made_ms = 0;
    return ak_blob_id_ms(name->blob_id, &made_ms) == AK_OK && made_ms >= sweep->before_ms;
}

static enum ak_err list(struct ak_vault_sweep *sweep)
{
    const struct ak_blob_store_ops *ops = sweep->blobs->ops;
    struct ak_blob_name name;
    if (!sweep->walk) AK_TRY(ops->walk(sweep->blobs->impl, &sweep->walk));
    for (size_t seen = 0; seen < AK_COUNT(sweep->names); seen++) {
        AK_TRY(ops->walk_next(sweep->walk, &name));
        if (!is_young(sweep, &name)) sweep->names[sweep->count++] = name;
    }
    return AK_OK;
}

void ak_vault_sweep_list(struct ak_vault_sweep *sweep)
{
    sweep->count = 0;
    sweep->result = list(sweep);
    if (sweep->result == AK_OK) return; /* there is more */
    sweep->blobs->ops->walk_end(sweep->walk);
    sweep->walk = NULL;
    if (sweep->result == AK_E_NOT_FOUND) sweep->result = AK_OK;
}

void ak_keeper_sweep_end(struct ak_vaulting *vaulting)
{
    if (vaulting->sweep_walk) vaulting->vault.blobs.ops->walk_end(vaulting->sweep_walk);
    vaulting->sweep_walk = NULL;
}

/* The first one soon after the start, the next when what that run found too young has aged, then daily. */
static bool is_due(const struct ak_vaulting *vaulting, uint64_t now_ms)
{
    if (vaulting->sweep_walk) return true;
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
    call->sweep->walk = vaulting->sweep_walk;
    vaulting->sweep_walk = NULL;
    call->sweep->before_ms = wall_ms > HOUR_MS ? wall_ms - HOUR_MS : 0;
    return call;
}

static struct ak_blob_place place_of(const struct ak_blob_name *name)
{
    struct ak_blob_place place = {.service_len = name->service_len, .epoch = name->epoch};
    memcpy(place.home_wallet, name->home_wallet, sizeof place.home_wallet);
    memcpy(place.service, name->service, sizeof place.service);
    memcpy(place.blob_id, name->blob_id, sizeof place.blob_id);
    return place;
}

static size_t remove_orphans(struct ak_keeper *keeper, const struct ak_vault_sweep *sweep)
{
    struct ak_blob_place places[AK_VAULT_TOGETHER];
    size_t found = 0, count = 0;
    for (size_t i = 0; i < sweep->count; i++) {
        if (ak_engine_vault_has_blob(keeper->engine, &sweep->names[i])) continue;
        places[count++] = place_of(&sweep->names[i]);
        found++;
        if (count < AK_COUNT(places)) continue;
        ak_keeper_vault_remove(keeper, places, count);
        count = 0;
    }
    if (count) ak_keeper_vault_remove(keeper, places, count);
    return found;
}

void ak_keeper_sweep_done(struct ak_keeper *keeper, struct ak_vault_call *call)
{
    struct ak_vaulting *vaulting = &keeper->vaulting;
    const struct ak_vault_sweep *sweep = call->sweep;
    size_t found = remove_orphans(keeper, sweep);
    vaulting->sweep_walk = sweep->walk;
    if (!sweep->walk) vaulting->sweeps++;
    vaulting->swept_ms = ak_clock_mono_ms();
    if (sweep->result) ak_keeper_check_suspect(keeper);
    if (sweep->result) ak_log(AK_LOG_WARN, "orphans_not_listed", ak_log_err(sweep->result));
    if (found) ak_log(AK_LOG_INFO, "orphans_found", ak_log_u64("blobs", found));
    free(call->sweep);
    free(call);
}
