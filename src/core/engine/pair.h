/* Pairing, shared by its calls: what a grant is, making it, and the first token. */
#ifndef AK_CORE_ENGINE_PAIR_H
#define AK_CORE_ENGINE_PAIR_H

#include "core/engine/internal.h"
#include "core/wire/msg_pair.h"

/* Checks scope (made canonical, into `memory`) and expiry of an approval or an invite; fills in what was not
 * said. */
enum ak_code ak_pair_read_grant(
    struct ak_step *step, uint64_t valid_until_at, struct ak_buf *memory, struct ak_grant *grant);
/* A path that exists moves to the new device by a rotation and keeps its policy but for what the person said
 * (I15); a new one is activated. Makes the reply. */
enum ak_code ak_pair_grant_agent(struct ak_step *step, const struct ak_grant *grant);
/* The first token of an agent whose device is the caller. `token` and `path_text` are memory for the reply's
 * views. */
enum ak_code ak_pair_deliver_agent(struct ak_step *step, struct ak_span label,
    struct ak_msg_pair_status_reply *reply, struct ak_buf *token, struct ak_buf *path_text);

#endif
