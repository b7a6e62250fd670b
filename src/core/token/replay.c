/* Seen proofs: one open-addressed table a live slot, emptied whole when its slot is over. */
#include "core/token/replay.h"

static void empty(struct ak_replay *replay, unsigned which)
{
    memset(replay->places[which], 0, ((size_t)replay->mask + 1) * sizeof(struct ak_replay_place));
    replay->used[which] = 0;
}

enum ak_err ak_replay_init(struct ak_replay *replay, struct ak_replay_place *places, uint32_t count,
    const uint8_t seed[16], uint64_t slot)
{
    *replay = (struct ak_replay){0};
    if (count < 4 || (count & (count - 1)) != 0) return AK_E_ARG;
    replay->places[0] = places;
    replay->places[1] = places + count;
    replay->mask = count - 1;
    replay->slot = slot;
    memcpy(replay->seed, seed, sizeof replay->seed);
    empty(replay, 0);
    empty(replay, 1);
    return AK_OK;
}

/* Never back. The table of the slot that begins held what is two slots old. */
static void advance(struct ak_replay *replay, uint64_t slot)
{
    if (slot <= replay->slot) return;
    if (slot - replay->slot > 1) empty(replay, (unsigned)((slot - 1) & 1));
    empty(replay, (unsigned)(slot & 1));
    replay->slot = slot;
}

static struct ak_replay_place *place_of(
    const struct ak_replay *replay, unsigned which, const struct ak_replay_place *wanted)
{
    uint64_t mixed = (wanted->hash[0] ^ replay->seed[0]) * (replay->seed[1] | 1);
    for (uint32_t i = (uint32_t)(mixed >> 32);; i++) {
        struct ak_replay_place *place = &replay->places[which][i & replay->mask];
        bool is_free = place->hash[0] == 0 && place->hash[1] == 0;
        if (is_free || memcmp(place, wanted, sizeof *place) == 0) return place;
    }
}

enum ak_err ak_replay_use(
    struct ak_replay *replay, const uint8_t jti_hash[32], uint64_t slot, uint64_t current_slot)
{
    if (slot > current_slot) return AK_E_ARG;
    advance(replay, current_slot);
    if (slot != replay->slot && slot + 1 != replay->slot) return AK_E_EXPIRED;
    struct ak_replay_place wanted;
    memcpy(wanted.hash, jti_hash, sizeof wanted.hash);
    wanted.hash[1] |= 1; /* never the mark of a free place */
    unsigned which = (unsigned)(slot & 1);
    struct ak_replay_place *place = place_of(replay, which, &wanted);
    if (place->hash[1] != 0) return AK_E_REPLAY;
    /* A quarter stays free, so that looking ends soon. */
    if (replay->used[which] >= (replay->mask + 1) / 4 * 3) return AK_E_FULL;
    *place = wanted;
    replay->used[which]++;
    return AK_OK;
}
