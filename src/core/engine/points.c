/* Public points beside accounts and paths: computed when first used, and only taken where they give the
 * recorded address. */
#include "core/engine/internal.h"

enum ak_err ak_engine_account_points(struct ak_engine *engine, struct ak_account *account)
{
    if (account->has_points) return AK_OK;
    AK_TRY(ak_keys_user_points(engine->root, account->anchor, &account->points));
    if (memcmp(account->points.address, account->home_wallet, 20) != 0) return AK_E_AUTH;
    account->has_points = true;
    return AK_OK;
}

enum ak_err ak_engine_path_points(struct ak_engine *engine, struct ak_path_state *path)
{
    struct ak_path_points points;
    struct ak_path name;
    struct ak_account *account = ak_state_account_at(&engine->state, path->account);
    AK_TRY(ak_engine_account_points(engine, account));
    if (path->flags & AK_PATH_POINTS) return AK_OK;
    AK_TRY(ak_path_make(ak_span(path->label, path->label_len), path->generation, &name));
    AK_TRY(ak_keys_path_points(engine->root, account->anchor, &name, &points));
    if (memcmp(points.address, path->address, 20) != 0) return AK_E_AUTH;
    memcpy(path->base33, points.base33, 33);
    path->child = points.child;
    path->flags |= AK_PATH_POINTS;
    return AK_OK;
}
