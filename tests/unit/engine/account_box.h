/* Calls that people make on their account, and what waits there, made for tests. */
#ifndef AK_TESTS_UNIT_ENGINE_ACCOUNT_BOX_H
#define AK_TESTS_UNIT_ENGINE_ACCOUNT_BOX_H

#include "unit/engine/sign_in_box.h"
#include "unit/engine/world.h"

/* `code` NULL: without the recovery code. */
enum ak_code box_remove_device(
    struct h *h, struct h_person *by, const struct h_device *which, const uint8_t code[32]);
/* Ends what waits of kind `what` for `id`: a device's thumbprint, an identity, a trust configuration. NULL:
 * names none. */
enum ak_code box_cancel(struct h *h, struct h_person *by, const char *what, const uint8_t id[32]);
/* How many changes and recoveries wait. */
size_t box_waiting(struct h *h, struct h_person *by);
/* A new session of alice's, by the local sign-in. */
void box_refresh(struct h *h, struct h_person *alice);
/* Seen time passes; sessions of both, alice's, are made anew. */
void box_pass_ms(struct h *h, uint64_t ms, struct h_person *one, struct h_person *two);

#endif
