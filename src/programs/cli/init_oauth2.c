/* Signing in at a provider of the broker's: the person opens its address, signs in there, and types the code
 * that is shown here into the page that comes then. Who it was the answer says: it is held to the account's
 * name as every identity is. */
#include <stdio.h>
#include <string.h>

#include "core/identity/identity.h"
#include "programs/cli/at_broker.h"
#include "programs/cli/init.h"

static const char type_prefix[] = "oauth2_";

int ak_init_name_provider(struct ak_init *init, const char *provider)
{
    struct ak_buf text = AK_BUF_ARR(init->identity);
    if (ak_identity_provider_check(ak_span_str(provider)) != AK_OK)
        return ak_cli_fail_usage(
            init->cli, "not a provider", "it is a name of the broker's oauth2.providers, such as google");
    ak_buf_put_str(&text, type_prefix);
    ak_buf_put_str(&text, provider);
    return ak_buf_terminate(&text) == AK_OK ? 0 : AK_CATEGORY_FAILURE;
}

/* Printable ASCII, https or http: what a terminal may show and a person may open. */
static bool is_shown(struct ak_span url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~') return false;
    return ak_span_starts(url, AK_SPAN_LIT("https://")) || ak_span_starts(url, AK_SPAN_LIT("http://"));
}

static int ask(struct ak_init *init, struct ak_client *broker, const struct ak_msg_sign_in *says,
    struct ak_mail_asked *out_asked)
{
    struct ak_msg_oauth2_start_reply asked;
    struct ak_msg_oauth2_start_request request = {
        .provider = ak_span_str(init->identity + strlen(type_prefix)),
        .device_name = says->device_name,
        .present = says->present << AK_OAUTH2_START_REQUEST_DEVICE_NAME};
    memcpy(request.recovery_hash, says->recovery_hash, sizeof request.recovery_hash);
    memcpy(request.recovery_code, says->recovery_code, sizeof request.recovery_code);
    request.recover = says->recover;
    int status = ak_at_broker_call(init->cli, broker, AK_BROKER_CALL_OAUTH2_START, NULL, &request, &asked,
        "asking for the provider's address");
    ak_wipe(&request, sizeof request);
    if (status) return status;
    if (!is_shown(asked.authorization_url))
        return ak_cli_fail(init->cli, AK_CATEGORY_FAILURE, "the broker gave no address to open",
            "its answer is against the contract", "agentkeys doctor");
    memcpy(out_asked->request_id, asked.request_id, sizeof out_asked->request_id);
    out_asked->polls = asked.expires_in_seconds * 1000 / AK_POLL_MS;
    (void)fprintf(stderr,
        "Open this address in a browser and sign in there:\n\n  %.*s\n\n"
        "Then type this code on the page that comes: %.*s\n",
        (int)asked.authorization_url.len, (const char *)asked.authorization_url.ptr,
        (int)asked.match_code.len, (const char *)asked.match_code.ptr);
    return 0;
}

static int fail(struct ak_init *init, struct ak_span reason)
{
    static const char again[] = "the same command, once more";
    if (ak_span_eq(reason, AK_SPAN_LIT("user_denied")))
        return ak_cli_fail(init->cli, AK_CATEGORY_DENIED, "the sign-in was declined",
            "the provider says that its person did not want it", again);
    if (ak_span_eq(reason, AK_SPAN_LIT("id_token_invalid")))
        return ak_cli_fail(init->cli, AK_CATEGORY_AUTH, "the provider's word does not hold",
            "its id_token is not one for this broker and this device", "the broker's log says what is wrong");
    return ak_cli_fail(init->cli, AK_CATEGORY_FAILURE, "the provider did not take the broker's request",
        "the sign-in took too long, was interrupted, or the broker is not registered there as it is set up",
        again);
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

static int poll(struct ak_init *init, struct ak_client *broker, const struct ak_mail_asked *asked,
    const struct ak_msg_sign_in *says)
{
    struct ak_msg_email_status_request request = {0};
    struct ak_msg_signed_in_reply reply = {0};
    memcpy(request.id, asked->request_id, sizeof request.id);
    for (uint64_t i = 0; i < asked->polls; i++) {
        int status = ak_at_broker_call(init->cli, broker, AK_BROKER_CALL_OAUTH2_STATUS, says, &request,
            &reply, "asking whether you signed in there");
        if (status) return status;
        if (ak_span_eq(reply.state, AK_SPAN_LIT("failed"))) return fail(init, reply.reason);
        if (!ak_span_eq(reply.state, AK_SPAN_LIT("pending"))) {
            status = name(init, &reply);
            return status ? status : ak_init_take(init, &reply);
        }
        ak_at_broker_pause();
    }
    return ak_cli_fail(init->cli, AK_CATEGORY_NOT_FOUND, "nobody signed in there in time",
        "the address is good for ten minutes", "the same command, once more");
}

int ak_init_by_oauth2(struct ak_init *init)
{
    struct ak_client broker = {0};
    struct ak_msg_sign_in says;
    struct ak_mail_asked asked = {0};
    int status = ak_init_say(init, &says);
    if (!status) status = ak_at_broker_open(init->cli, &broker);
    if (!status) status = ask(init, &broker, &says, &asked);
    if (!status) status = poll(init, &broker, &asked, &says);
    ak_client_close(&broker);
    ak_wipe(&says, sizeof says);
    return status;
}
