/* What a check of the store found, kept beside the state: it says nothing about the ledger, so it is no part
 * of the fold (I16), and is gone after a restart, which checks anew. */
#include "core/engine/vault_work.h"

static struct ak_vault_damage *find(struct ak_vault_run *run, const uint8_t blob_id[16])
{
    for (uint32_t i = 0; i < run->damage_count; i++)
        if (memcmp(run->damage[i].blob_id, blob_id, 16) == 0) return &run->damage[i];
    return NULL;
}

static void note(struct ak_vault_run *run, const uint8_t blob_id[16], enum ak_vault_code code)
{
    struct ak_vault_damage *damage = find(run, blob_id);
    if (code == AK_VAULT_DONE && damage) *damage = run->damage[--run->damage_count];
    if (code == AK_VAULT_DONE) return;
    if (!damage && run->damage_count == AK_VAULT_DAMAGE_MAX) return;
    if (!damage) damage = &run->damage[run->damage_count++];
    memcpy(damage->blob_id, blob_id, 16);
    damage->code = code;
    damage->seen = true;
}

bool ak_engine_vault_found(
    struct ak_engine *engine, const struct ak_blob_place *place, enum ak_vault_code code)
{
    bool named = ak_engine_vault_has_place(engine, place);
    if (named) note(engine->vault, place->blob_id, code);
    return named;
}

void ak_engine_vault_checked(struct ak_engine *engine)
{
    struct ak_vault_run *run = engine->vault;
    for (uint32_t i = run->damage_count; i-- > 0;) {
        bool seen = run->damage[i].seen;
        run->damage[i].seen = false;
        if (!seen) run->damage[i] = run->damage[--run->damage_count];
    }
}

struct ak_span ak_vault_stored(const struct ak_engine *engine, const struct ak_blob_state *blob)
{
    const struct ak_vault_damage *damage = find(engine->vault, blob->blob_id);
    if (!damage) return AK_SPAN_EMPTY;
    if (damage->code == AK_VAULT_MISSING) return AK_SPAN_LIT("missing");
    return damage->code == AK_VAULT_TAMPERED ? AK_SPAN_LIT("altered") : AK_SPAN_LIT("unreadable");
}
