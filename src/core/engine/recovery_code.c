/* Only a hash is kept of it, compared in constant time; what leaves a device is sealed. */
#include "core/engine/recovery_code.h"

#include "base/crypto/sha256.h"
#include "base/ct.h"
#include "core/keys/service.h"
#include "core/token/sealed_code.h"

static enum ak_err open_code(
    const struct ak_step *step, const uint8_t sealed[AK_SEALED_CODE_LEN], struct ak_secret32 *out_code)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 delivery = {{0}};
    AK_TRY(ak_service_secret32(step->engine->service_root, AK_SPAN_LIT(AK_PURPOSE_DELIVERY), &delivery));
    return ak_sealed_code_open(&delivery, step->caller.jkt, sealed, out_code);
}

enum ak_code ak_step_check_code(struct ak_step *step, const uint8_t sealed[AK_SEALED_CODE_LEN])
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 code = {{0}};
    uint8_t hash[32];
    const struct ak_account *account = step->caller.account;
    if (open_code(step, sealed, &code) != AK_OK)
        return ak_step_fail(step, AK_CODE_BAD_SIGNATURE,
            "the recovery code does not open; seal it to this worker's delivery key, for this device");
    ak_sha256(AK_SPAN_ARR(code.bytes), hash);
    if (account->has_recovery && ak_ct_eq(AK_SPAN_ARR(hash), AK_SPAN_ARR(account->recovery_hash)))
        return AK_CODE_OK;
    return ak_step_fail(step, AK_CODE_BAD_SIGNATURE, "the recovery code is not this account's");
}

enum ak_code ak_step_check_next(struct ak_step *step, const uint8_t *next_hash)
{
    const struct ak_account *account = step->caller.account;
    if (!next_hash || !account->has_recovery || memcmp(next_hash, account->recovery_hash, 32) != 0)
        return AK_CODE_OK;
    return ak_step_fail(
        step, AK_CODE_INVALID_REQUEST, "recovery_hash is of the code before; it is used once");
}

enum ak_code ak_step_set_code(struct ak_step *step, const uint8_t *next_hash)
{
    struct ak_entry entry = ak_step_entry(step, AK_ENTRY_RECOVERY_CODE_SET);
    entry.has_idempotency = false; /* what it goes with carries it */
    if (next_hash) {
        memcpy(entry.recovery_hash, next_hash, 32);
        ak_entry_mark(&entry, AK_F_RECOVERY_HASH);
    }
    step->code_set = true;
    return ak_step_emit(step, &entry);
}
