/* `agentkeys-worker issuer rotate`: the next version of the key that signs tokens for clouds, as one entry of
 * the ledger. The worker must be stopped, so that no gateway has a part in it and no job signs with the old
 * key. */
#include <stdio.h>
#include <string.h>

#include "io/conf/boot_fail.h"
#include "io/proc/clock.h"
#include "programs/worker/keeper.h"
#include "programs/worker/roles.h"

static int usage(void)
{
    (void)fputs(
        "usage: agentkeys-worker issuer rotate [--revoke] [OPTIONS]\n\n"
        "  rotate     a new key signs tokens for clouds; the old one stays published until the last\n"
        "             token that it signed has ended\n"
        "  --revoke   the old one is not published any more: for a key that got out\n\n"
        "The worker must be stopped. Where the issuer's files are published by hand, publish them anew\n"
        "after its start: agentkeys issuer publish DIR. example:\n"
        "  agentkeys-worker issuer rotate --data-dir /var/lib/agentkeys\n",
        stderr);
    return 2;
}

/* Takes `--revoke` out of the arguments, wherever it stands. */
static bool take_revoke(int *argc, char **argv)
{
    bool revoke = false;
    int kept = 0;
    for (int i = 0; i < *argc; i++) {
        if (strcmp(argv[i], "--revoke") == 0)
            revoke = true;
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    *argc = kept;
    return revoke;
}

static void fail(const char *reason)
{
    ak_boot_fail("issuer_rotate", "data_dir", "", reason, "docs/operations.md#issuer-key");
}

/* The entry, where it may be, and a clean stop in either case: all on disk. */
static enum ak_err rotate(struct ak_keeper *keeper, bool revoke, enum ak_err *out_rotated)
{
    *out_rotated = ak_engine_issuer_rotate(keeper->engine, revoke);
    ak_engine_stop(keeper->engine);
    AK_TRY(ak_keeper_flush(keeper, false));
    return ak_keeper_flush(keeper, true);
}

static void print(const struct ak_keeper *keeper)
{
    const struct ak_state *state = ak_engine_state(keeper->engine);
    uint64_t until_ms = state->issuer_previous_until_ms, now_ms = ak_clock_wall_ms();
    printf("issuer key version %u signs from the next start on\n", state->issuer_version);
    if (until_ms > now_ms)
        printf("version %u stays published for %llu s\n", state->issuer_version - 1,
            (unsigned long long)((until_ms - now_ms + 999) / 1000));
    else
        printf("version %u is not published any more\n", state->issuer_version - 1);
}

int ak_worker_issuer(int argc, char **argv)
{
    static struct ak_keeper keeper;
    if (argc < 2 || strcmp(argv[1], "rotate") != 0) return usage();
    memmove(&argv[1], &argv[2], (size_t)(argc - 1) * sizeof *argv);
    argc--;
    bool revoke = take_revoke(&argc, argv);
    ak_worker_open_folder(&keeper, "issuer", argc, argv);
    enum ak_err err = ak_keeper_writers_start(&keeper);
    if (err) fail("the ledger's writers cannot be started");
    ak_keeper_begin(&keeper);
    enum ak_err rotated = AK_OK;
    err = rotate(&keeper, revoke, &rotated);
    ak_helper_stop(&keeper.committer);
    ak_helper_stop(&keeper.sealer);
    if (rotated == AK_E_STATE)
        fail("tokens of the key before the present one are not over yet; wait an hour, or take --revoke");
    if (err || rotated) fail("the entry could not be written; nothing was changed");
    print(&keeper);
    ak_keeper_close(&keeper);
    return 0;
}
