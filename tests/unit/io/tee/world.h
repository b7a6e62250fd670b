/* A worker's folder in memory: sealed.bin in folder 0, the software backend in 1, its slots in 2. The state's
 * checkpoint size stands for what the worker remembers. */
#ifndef AK_TESTS_UNIT_IO_TEE_WORLD_H
#define AK_TESTS_UNIT_IO_TEE_WORLD_H

#include <string.h>

#include "io/tee/sealed_file.h"
#include "unit/io/tee/memfs.h"

static struct memfs fs;
static struct ak_file_ops fs_ops;
static struct ak_tee tee;
static struct ak_sealed_file sealed;
/* What the settings say of trust; none of these tests reads it. */
static const uint8_t world_config[] = {0xc0, 0xcf};
static struct ak_sealed_trust world_trust = {.config = {world_config, sizeof world_config}, .legacy = {0x1e}};

static inline void world_state(struct ak_seal_state *state, uint64_t remembered)
{
    memset(state, 0, sizeof *state);
    state->checkpoint_size = remembered;
    state->root_count = 1;
    state->roots[0].version = 1;
    state->roots[0].suite = AK_SEAL_ROOT_AK1;
    memset(state->roots[0].secret.bytes, 0x5e, 32);
    memcpy(state->trust, world_config, sizeof world_config);
    state->trust_len = sizeof world_config;
}

static inline enum ak_err world_open_tee(bool create)
{
    fs_ops = memfs_ops(&fs);
    const struct ak_tee_open how = {MEMFS_DIR_FD + 1, create, &fs_ops, MEMFS_DIR_FD + 2};
    return ak_tee_open(&ak_tee_software, &how, &tee);
}

static inline enum ak_sealed_result world_init(uint64_t remembered)
{
    struct ak_seal_state state;
    world_state(&state, remembered);
    enum ak_sealed_result result = ak_sealed_result_of_tee(world_open_tee(true));
    if (result != AK_SEALED_OK) return result;
    result = ak_sealed_file_open(&sealed, MEMFS_DIR_FD, &fs_ops, &tee, &world_trust);
    return result == AK_SEALED_OK ? ak_sealed_file_create(&sealed, &state) : result;
}

static inline enum ak_sealed_result world_start(struct ak_seal_state *out_state)
{
    memset(out_state, 0, sizeof *out_state);
    enum ak_sealed_result result = ak_sealed_result_of_tee(world_open_tee(false));
    if (result != AK_SEALED_OK) return result;
    result = ak_sealed_file_open(&sealed, MEMFS_DIR_FD, &fs_ops, &tee, &world_trust);
    return result == AK_SEALED_OK ? ak_sealed_file_start(&sealed, out_state) : result;
}

static inline void world_stop(void)
{
    ak_sealed_file_close(&sealed);
    ak_tee_close(&tee);
}

#endif
