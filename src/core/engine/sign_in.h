/* Signing in: what follows from an identity that answered. A new one opens the account; an enrolled device
 * gets a session; any other device starts a recovery, which every enrolled device is shown and waits for
 * (I9). spec: docs/policy.md, Signing in, Recovery */
#ifndef AK_CORE_ENGINE_SIGN_IN_H
#define AK_CORE_ENGINE_SIGN_IN_H

#include "core/engine/internal.h"
#include "core/evm/siwe.h"
#include "core/identity/identity.h"
#include "core/token/identity_answer.h"
#include "core/wire/msg_sign_in.h"

/* An identity that answered on the caller's device. */
struct ak_sign_in {
    const char *how; /* "wallet", "email", "oauth2": in the entry of the session */
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

/* A sign-in text that this worker composed for the caller's device, signed by the address it names; it counts
 * once. AK_CODE_INVALID_SIWE, AK_CODE_BAD_SIGNATURE, AK_CODE_ALREADY_CONSUMED, AK_CODE_EXPIRED_REQUEST. */
enum ak_code ak_step_check_wallet(
    struct ak_step *step, struct ak_span text, const uint8_t signature[65], struct ak_siwe *out_siwe);
/* The broker's word for the caller's device; it counts once. Sets identity (views into *out_answer), omni and
 * how of *in. Codes as above, AK_CODE_INVALID_REQUEST for an identity that its word does not count for,
 * AK_CODE_DENIED for a provider that the trust configuration does not have, or not with that issuer. */
enum ak_code ak_step_check_answer(
    struct ak_step *step, struct ak_span text, struct ak_identity_answer *out_answer, struct ak_sign_in *in);

/* Whether an identity without an account may open one: not where its omni is an account's name, nor where it
 * is an address that is derived here. */
enum ak_code ak_step_check_new(
    struct ak_step *step, const struct ak_identity *identity, const uint8_t omni[32]);
/* Opens the account of `omni` with the caller's device as its only one and makes it the step's account.
 * `recovery_hash`: 32 bytes, or NULL. */
enum ak_code ak_step_open_account(struct ak_step *step, const struct ak_identity *identity,
    const uint8_t omni[32], struct ak_span device_name, const uint8_t *recovery_hash);

/* The hash of the next recovery code, NULL where the device gave none. */
const uint8_t *ak_sign_in_next_hash(const struct ak_sign_in *in);
/* An account that was opened, but in which nothing was done, begins again on the device that opened it: the
 * recovery code, which a person may never have seen, is replaced. AK_CODE_OK also where it does not. `hash`
 * NULL: it goes on as it is. restart.c. */
enum ak_code ak_step_begin_again(struct ak_step *step, const uint8_t omni[32], const uint8_t *hash);

/* Whether a proof of a sign-in call is bound (`ak_bh`) to what its request says of the device. */
enum ak_code ak_sign_in_check_meaning(struct ak_step *step, const struct ak_dpop_proof *proof);

#endif
