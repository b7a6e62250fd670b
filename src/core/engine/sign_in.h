/* Signing in: what follows from an identity that answered. A new one opens the account; an enrolled device
 * gets a session; any other device starts a recovery, which every enrolled device is shown and waits for
 * (I9). spec: docs/policy.md, Signing in, Recovery */
#ifndef AK_CORE_ENGINE_SIGN_IN_H
#define AK_CORE_ENGINE_SIGN_IN_H

#include "core/engine/internal.h"
#include "core/identity/identity.h"
#include "core/wire/msg_sign_in.h"

/* An identity that answered on the caller's device. */
struct ak_sign_in {
    const char *how; /* "wallet", "email": in the entry of the session */
    struct ak_identity identity;
    uint8_t omni[32];
    bool checked; /* by the keeper itself, not by the broker's word: a shorter wait */
    struct ak_msg_sign_in device;
};

/* Session, new account or recovery: the answer is made. AK_CODE_OK, AK_CODE_PENDING, or what to answer. */
enum ak_code ak_step_sign_in(struct ak_step *step, const struct ak_sign_in *in);
/* The same for an address that is derived here: a session on an enrolled device of its own account, else
 * refused; it opens and recovers nothing. */
enum ak_code ak_step_sign_in_derived(
    struct ak_step *step, const struct ak_sign_in *in, struct ak_account *account, uint32_t account_number);

/* Opens the account of `omni` with the caller's device as its only one and makes it the step's account.
 * `recovery_hash`: 32 bytes, or NULL. */
enum ak_code ak_step_open_account(struct ak_step *step, const struct ak_identity *identity,
    const uint8_t omni[32], struct ak_span device_name, const uint8_t *recovery_hash);

/* Whether a proof of a sign-in call is bound (`ak_bh`) to what its request says of the device. */
enum ak_code ak_sign_in_check_meaning(struct ak_step *step, const struct ak_dpop_proof *proof);

#endif
