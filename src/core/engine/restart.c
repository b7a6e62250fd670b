/* Between an account's opening and its first use a client may die with the recovery code unseen. Until there
 * is anything to protect, whoever opened it may say another one. */
#include "base/num.h"
#include "core/engine/recovery_code.h"
#include "core/engine/sign_in.h"
#include "core/state/identity_state.h"

/* Nothing stored, approved or linked, no other device, nothing that waits; and only for a day. */
static bool is_untouched(const struct ak_step *step)
{
    const struct ak_engine *engine = step->engine;
    const struct ak_account *account = step->caller.account;
    bool young =
        ak_num_sub_sat(engine->time.logic_ms, account->opened_ms) < engine->conf.recovery_wait_code_ms;
    return young && account->device_count == 1 && account->path_count == 0 && account->waiting_count == 0 &&
           account->epoch == AK_INDEX_NONE && account->credential_names == 0 && account->service_count == 0 &&
           !account->suspended && ak_state_own_identities(&engine->state, account) == 1;
}

enum ak_code ak_step_begin_again(struct ak_step *step, const uint8_t omni[32], const uint8_t *hash)
{
    const struct ak_account *account = step->caller.account;
    if (!hash || memcmp(omni, account->anchor, 32) != 0 || !is_untouched(step)) return AK_CODE_OK;
    step->code_set = account->has_recovery && memcmp(hash, account->recovery_hash, 32) == 0;
    return step->code_set ? AK_CODE_OK : ak_step_set_code(step, hash);
}
