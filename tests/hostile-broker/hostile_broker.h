/* A broker that has gone over, and its victim: Alice with one device and an agent, whose tokens and proofs
 * passed through it. It has its signing key, the socket to the worker, and a device of its own. */
#ifndef AK_TESTS_HOSTILE_BROKER_H
#define AK_TESTS_HOSTILE_BROKER_H

#include "core/token/identity_answer.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_link.h"
#include "core/wire/msg_sign_in.h"
#include "hostile-gateway/hostile.h"

#define HB_POLL "/v1/auth/email/status/0123456789abcdef"
#define HB_MAIL "alice@demo.example"

extern struct hostile h;
extern const char *hb_worker; /* the program; before hb_make */
extern struct hostile_device alice, agent, mallory;
extern uint8_t alice_anchor[32], alice_wallet[20];

/* Starts all of it, and ends it. */
int hb_make(void **state);
int hb_drop(void **state);

/* ---- its word ---- */
void hb_meaning(const struct ak_msg_sign_in *says, uint8_t out_meaning[32]);
struct ak_identity_answer hb_word(const char *type, const char *value, const struct hostile_device *device);
/* A call with the word and the device's proof for its poll, as it passes through the broker. */
struct hb_passed {
    uint8_t text[AK_IDENTITY_ANSWER_MAX];
    size_t len;
    uint8_t proof[AK_LIMIT_PROOF];
    size_t proof_len;
    uint8_t meaning[32];
    struct ak_msg_identity_answered_request request;
    struct hostile_call call;
};
void hb_sign_word(struct hb_passed *out, const struct ak_identity_answer *answer, const char *iss);
void hb_pass(struct hb_passed *out, const struct hostile_device *device, const struct ak_msg_sign_in *says);
/* Makes the proof now: the same one whenever the call is asked. */
void hb_keep_proof(struct hb_passed *out);
/* Word and call for a mail address; the second asks, too. */
void hb_make_word(struct hb_passed *out, const char *mail, const struct hostile_device *device);
enum ak_code hb_say(const char *mail, const struct hostile_device *device, struct ak_frame_reply *reply);
/* While it is honest: the session is the device's. */
void hb_sign_in(struct hostile_device *device, const char *mail, struct ak_msg_sign_in_reply *out_reply);

/* ---- what came of it ---- */
bool hb_has_session(const struct ak_frame_reply *reply);
/* Whether the device's next call says that somebody signs in. */
bool hb_is_shown(const struct hostile_device *device);
/* Alice cancels the recovery of that device. */
void hb_cancel(const struct hostile_device *device);
/* A test of its own, for the end: one device, one agent, nothing waits. */
void hb_the_account_is_as_it_was(void **state);

/* ---- wallets ---- */
struct hb_wallet {
    struct ak_secret32 scalar;
    uint8_t address[20];
};
struct hb_text {
    char bytes[2048];
    size_t len;
    uint8_t signature[65];
};
struct hb_wallet hb_wallet(uint8_t number);
/* The text that the keeper composes for address and device. */
void hb_get_text(struct hb_text *text, const uint8_t address[20], const struct hostile_device *device);
void hb_sign_text(struct hb_text *text, const struct hb_wallet *wallet);
enum ak_code hb_answer(
    const struct hb_text *text, const struct hostile_device *device, struct ak_frame_reply *reply);

#endif
