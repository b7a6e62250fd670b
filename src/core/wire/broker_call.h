/* The broker's calls, as call.h has the worker's: server, clients and the API description read this one
 * table. Every call but the pages' carries a device's proof that the keeper checks, too. */
#ifndef AK_CORE_WIRE_BROKER_CALL_H
#define AK_CORE_WIRE_BROKER_CALL_H

#include "core/wire/call.h"
#include "core/wire/msg_broker.h"
#include "core/wire/msg_link.h"
#include "core/wire/msg_session.h"

enum ak_broker_call_id {
    AK_BROKER_CALL_EMAIL_REQUEST,
    AK_BROKER_CALL_EMAIL_VERIFY,
    AK_BROKER_CALL_EMAIL_STATUS,
    AK_BROKER_CALL_WALLET_START,
    AK_BROKER_CALL_WALLET_VERIFY,
    AK_BROKER_CALL_LINK,
    AK_BROKER_CALL_UNLINK,
    AK_BROKER_CALL_LINK_LIST,
    AK_BROKER_CALL_OAUTH2_START,
    AK_BROKER_CALL_OAUTH2_CONFIRM,
    AK_BROKER_CALL_OAUTH2_STATUS,
    AK_BROKER_CALL_OAUTH2_IDENTITY,
    AK_BROKER_CALL_COUNT
};

/* NULL beyond the table. */
const struct ak_call *ak_broker_call_get(unsigned id);
/* As ak_call_match, without a signer's prefix. */
AK_MUST_USE enum ak_err ak_broker_call_match(struct ak_span method, struct ak_span path,
    struct ak_msg_param *params, size_t *out_param_count, unsigned *out_id);

#endif
