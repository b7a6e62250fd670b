/* Signing in at a provider of the broker's: the person opens its address, signs in there, and types the code
 * that is shown here into the page that comes then. Who it was the answer says: it is held to the account's
 * name as every identity is. */
#include <string.h>

#include "programs/cli/at_broker.h"
#include "programs/cli/init.h"

static const char type_prefix[] = "oauth2_";

int ak_init_name_provider(struct ak_init *init, const char *provider)
{
    struct ak_buf text = AK_BUF_ARR(init->identity);
    int status = ak_at_broker_provider(init->cli, provider);
    if (status) return status;
    ak_buf_put_str(&text, type_prefix);
    ak_buf_put_str(&text, provider);
    return ak_buf_terminate(&text) == AK_OK ? 0 : AK_CATEGORY_FAILURE;
}

/* Who it is stands in the answer, and nowhere before. */
static int name(struct ak_init *init, const struct ak_msg_signed_in_reply *reply)
{
    char identity[AK_SAVED_TEXT_MAX];
    struct ak_buf text = AK_BUF_ARR(identity);
    if (!ak_span_eq(reply->state, AK_SPAN_LIT("verified"))) return 0;
    bool same = ak_span_eq(reply->identity_type, ak_span_str(init->identity));
    ak_buf_put(&text, reply->identity_type);
    ak_buf_put_u8(&text, ':');
    ak_buf_put(&text, reply->identity_value);
    if (same && ak_buf_terminate(&text) == AK_OK) return ak_init_name(init, "", identity);
    return ak_cli_fail(init->cli, AK_CATEGORY_FAILURE, "the session is not for that provider",
        "the broker's answer names another identity", "agentkeys doctor");
}

static int poll(struct ak_init *init, struct ak_client *broker, const struct ak_asked *asked,
    const struct ak_msg_sign_in *says)
{
    struct ak_msg_email_status_request request = {0};
    struct ak_msg_signed_in_reply reply = {0};
    memcpy(request.id, asked->request_id, sizeof request.id);
    for (uint64_t i = 0; i < asked->polls; i++) {
        int status = ak_at_broker_call(init->cli, broker, AK_BROKER_CALL_OAUTH2_STATUS, says, &request,
            &reply, "asking whether you signed in there");
        if (status) return status;
        if (ak_span_eq(reply.state, AK_SPAN_LIT("failed")))
            return ak_at_broker_provider_failed(init->cli, reply.reason);
        if (!ak_span_eq(reply.state, AK_SPAN_LIT("pending"))) {
            status = name(init, &reply);
            return status ? status : ak_init_take(init, &reply);
        }
        ak_at_broker_pause();
    }
    return ak_at_broker_provider_silent(init->cli);
}

int ak_init_by_oauth2(struct ak_init *init)
{
    struct ak_client broker = {0};
    struct ak_msg_sign_in says;
    struct ak_asked asked = {0};
    int status = ak_init_say(init, &says);
    if (!status) status = ak_at_broker_open(init->cli, &broker);
    const char *provider = init->identity + strlen(type_prefix);
    if (!status) status = ak_at_broker_ask_provider(init->cli, &broker, provider, &says, &asked);
    if (!status) status = poll(init, &broker, &asked, &says);
    ak_client_close(&broker);
    ak_wipe(&says, sizeof says);
    return status;
}
