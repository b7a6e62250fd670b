/* Changes that one device alone may only start, and devices that recover an account: they wait for their
 * time, a second device, or the recovery code. */
#ifndef AK_CORE_ENGINE_WAITING_H
#define AK_CORE_ENGINE_WAITING_H

#include "core/engine/recovery_code.h"

/* "device-remove", "account-resume", "sign-in", "sign-in-by-code", "trust-change", "identity-unlink",
 * "sign-in-by-two", "recovery-code". */
const char *ak_waiting_name(uint64_t what);
/* 0 for an unknown name. */
uint64_t ak_waiting_parse(struct ak_span name);
/* A device that recovers the account by signing in. */
bool ak_waiting_is_sign_in(uint64_t what);
/* One of those that no device cancels. */
bool ak_waiting_is_final(uint64_t what);
/* How many of them wait. */
uint32_t ak_waiting_recoveries(const struct ak_state *state, const struct ak_account *account);
/* Whether the account's devices may start one more change that waits: their places are not those of
 * recoveries, nor the other way round. */
bool ak_step_may_start_change(const struct ak_step *step);

/* Two devices confirm a change: the one that started it and the caller's, another one, both enrolled for the
 * waiting time itself. */
bool ak_step_is_second_voice(const struct ak_step *step, const struct ak_waiting *waiting);

/* Whether the caller's device came by a recovery only now: it takes nothing away from the others then. In
 * call_devices.c. */
bool ak_step_recovered_just_now(const struct ak_step *step);

/* Sets *out_ready where the change may be made now: the recovery code fits, another device started it and
 * both have been enrolled for the waiting time, or its time has come; RecoveryDone is written where it was
 * waiting. Otherwise it is started (or still waits), the answer AK_CODE_PENDING is made, and *out_ready stays
 * false. `device` NULL: the account. A code that confirms is used by it, and the next one set. */
enum ak_code ak_step_wait_or_confirm(struct ak_step *step, uint64_t what, const uint8_t *device,
    const struct ak_code_given *given, bool *out_ready);

#endif
