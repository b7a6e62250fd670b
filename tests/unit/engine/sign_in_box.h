/* What a broker passes on, made for tests: answers by its key, wallets of people, and the calls with the
 * proofs that go with them. */
#ifndef AK_TESTS_UNIT_ENGINE_SIGN_IN_BOX_H
#define AK_TESTS_UNIT_ENGINE_SIGN_IN_BOX_H

#include "core/token/identity_answer.h"
#include "unit/engine/harness.h"

#define BOX_POLL "/v1/auth/email/status/0123"

/* An answer for `device`, made now; each differs in its jti. */
struct ak_identity_answer box_answer(struct h *h, const struct h_device *device, const char *email);
/* Signs it as the broker does and passes it on with the device's proof. `says` NULL: nothing of itself. */
enum ak_code box_pass(struct h *h, struct h_device *device, const struct ak_identity_answer *answer,
    const struct ak_msg_sign_in *says, const struct h_how *how);
/* Both. */
enum ak_code box_mail(
    struct h *h, struct h_device *device, const char *email, const struct ak_msg_sign_in *says);

/* A wallet of a person's own. */
struct box_wallet {
    struct ak_secret32 scalar;
    uint8_t address[20];
};
void box_wallet(struct box_wallet *wallet, uint8_t number);
/* The text that the keeper composes for it; 0 where it refuses. */
size_t box_wallet_text(struct h *h, struct h_device *device, const struct box_wallet *wallet, char *out_text);
enum ak_code box_wallet_answer(struct h *h, struct h_device *device, struct ak_span text,
    const uint8_t signature[65], const struct ak_msg_sign_in *says, const struct h_how *how);
void box_wallet_sign(const struct box_wallet *wallet, struct ak_span text, uint8_t out_signature[65]);
/* All of it. */
enum ak_code box_wallet_in(struct h *h, struct h_device *device, const struct box_wallet *wallet);

/* The last answer: "session" or "recovery_pending". */
void box_reply(struct h *h, struct ak_msg_sign_in_reply *out_reply);
/* The session of the last answer, for a person on this device. */
void box_take_session(struct h *h, struct h_person *person);

#endif
