/* The recovery code: opened and compared, and replaced once it was used. Secret: the code, which is wiped
 * here. */
#ifndef AK_CORE_ENGINE_RECOVERY_CODE_H
#define AK_CORE_ENGINE_RECOVERY_CODE_H

#include "core/engine/internal.h"
#include "core/wire/msg_sign_in.h"

/* What a request gives; both NULL: no code. */
struct ak_code_given {
    const uint8_t *sealed;    /* AK_SEALED_CODE_LEN bytes */
    const uint8_t *next_hash; /* 32 bytes: of the code that takes its place; NULL: none will be there */
};

/* Whether it is the account's, sealed for the caller's device. AK_CODE_OK, AK_CODE_BAD_SIGNATURE. */
enum ak_code ak_step_check_code(struct ak_step *step, const uint8_t sealed[AK_SEALED_CODE_LEN]);
/* Whether the next one is another one (NULL: there will be none). AK_CODE_OK, AK_CODE_INVALID_REQUEST. */
enum ak_code ak_step_check_next(struct ak_step *step, const uint8_t *next_hash);
/* The code was used, or its account begins again: the next one's hash, or NULL for none. */
enum ak_code ak_step_set_code(struct ak_step *step, const uint8_t *next_hash);

#endif
