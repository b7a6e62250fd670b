/* What people did while gateway and broker were honest: signed in, and paired an agent. Tokens are kept in
 * the devices; a failure fails the test. */
#ifndef AK_TESTS_HOSTILE_PEOPLE_H
#define AK_TESTS_HOSTILE_PEOPLE_H

#include "core/wire/msg_session.h"
#include "hostile-gateway/hostile.h"

void hostile_keep_token(struct hostile_device *device, struct ak_span token);
/* By the operator's word; texts of the answer live until the next one. */
void hostile_sign_in(struct hostile *h, struct hostile_device *device, const char *identity,
    struct ak_msg_session_reply *out_reply);
/* `agent` becomes "/agent-1" of the account, which `person` approves; it may sign messages. */
void hostile_pair_agent(struct hostile *h, const struct hostile_device *person, const uint8_t anchor[32],
    struct hostile_device *agent);

#endif
