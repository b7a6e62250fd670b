/* A provider of the broker's: its address and the match code are shown, and in the end who signed in there.
 */
#include <stdio.h>
#include <string.h>

#include "core/identity/identity.h"
#include "programs/cli/at_broker.h"
#include "programs/command/out.h"

int ak_at_broker_provider(struct ak_cli *cli, const char *name)
{
    if (ak_identity_provider_check(ak_span_str(name)) == AK_OK) return 0;
    return ak_cli_fail_usage(
        cli, "not a provider", "it is a name of the broker's oauth2.providers, such as google");
}

/* Printable ASCII, https or http: what a terminal may show and a person may open. */
static bool is_shown(struct ak_span url)
{
    for (size_t i = 0; i < url.len; i++)
        if (url.ptr[i] <= ' ' || url.ptr[i] > '~') return false;
    return ak_span_starts(url, AK_SPAN_LIT("https://")) || ak_span_starts(url, AK_SPAN_LIT("http://"));
}

static int ask(struct ak_cli *cli, struct ak_client *broker, const char *provider,
    const struct ak_msg_sign_in *says, struct ak_msg_oauth2_start_reply *out_asked)
{
    static const struct ak_msg_sign_in nothing;
    const struct ak_msg_sign_in *said = says ? says : &nothing;
    struct ak_msg_oauth2_start_request request = {.provider = ak_span_str(provider),
        .device_name = said->device_name,
        .present = said->present << AK_OAUTH2_START_REQUEST_DEVICE_NAME};
    memcpy(request.recovery_hash, said->recovery_hash, sizeof request.recovery_hash);
    memcpy(request.recovery_code, said->recovery_code, sizeof request.recovery_code);
    request.recover = said->recover;
    int status = ak_at_broker_call(cli, broker, AK_BROKER_CALL_OAUTH2_START, NULL, &request, out_asked,
        "asking for the provider's address");
    ak_wipe(&request, sizeof request);
    return status;
}

int ak_at_broker_ask_provider(struct ak_cli *cli, struct ak_client *broker, const char *provider,
    const struct ak_msg_sign_in *says, struct ak_asked *out_asked)
{
    struct ak_msg_oauth2_start_reply asked;
    char code[AK_BROKER_MATCH_CODE + 1];
    int status = ask(cli, broker, provider, says, &asked);
    if (status) return status;
    if (!is_shown(asked.authorization_url))
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the broker gave no address to open",
            "its answer is against the contract", "agentkeys doctor");
    memcpy(out_asked->request_id, asked.request_id, sizeof out_asked->request_id);
    out_asked->polls = asked.expires_in_seconds * 1000 / AK_POLL_MS;
    ak_out_shown(asked.match_code, code, sizeof code);
    (void)fprintf(stderr,
        "Open this address in a browser and sign in there:\n\n  %.*s\n\n"
        "Then type this code on the page that comes: %s\n",
        (int)asked.authorization_url.len, (const char *)asked.authorization_url.ptr, code);
    return 0;
}

int ak_at_broker_provider_failed(struct ak_cli *cli, struct ak_span reason)
{
    static const char again[] = "the same command, once more";
    if (ak_span_eq(reason, AK_SPAN_LIT("user_denied")))
        return ak_cli_fail(cli, AK_CATEGORY_DENIED, "the sign-in was declined",
            "the provider says that its person did not want it", again);
    if (ak_span_eq(reason, AK_SPAN_LIT("id_token_invalid")))
        return ak_cli_fail(cli, AK_CATEGORY_AUTH, "the provider's word does not hold",
            "its id_token is not one for this broker and this device", "the broker's log says what is wrong");
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the provider did not take the broker's request",
        "the sign-in took too long, was interrupted, or the broker is not registered there as it is set up",
        again);
}

int ak_at_broker_provider_silent(struct ak_cli *cli)
{
    return ak_cli_fail(cli, AK_CATEGORY_NOT_FOUND, "nobody signed in there in time",
        "the address is good for ten minutes", "the same command, once more");
}

/* The broker's word may name any person of that provider, and nobody else. */
static int take_identity(struct ak_cli *cli, const char *provider, const struct ak_msg_signed_in_reply *reply,
    char out_identity[AK_SAVED_TEXT_MAX])
{
    struct ak_buf text = ak_buf(out_identity, AK_SAVED_TEXT_MAX);
    struct ak_identity identity;
    ak_buf_put_str(&text, "oauth2_");
    ak_buf_put_str(&text, provider);
    bool same = ak_span_eq(reply->state, AK_SPAN_LIT("answered")) &&
                ak_span_eq(reply->identity_type, ak_buf_span(&text));
    ak_buf_put_u8(&text, ':');
    ak_buf_put(&text, reply->identity_value);
    same = same && ak_identity_parse(ak_buf_span(&text), &identity) == AK_OK;
    if (same && ak_buf_terminate(&text) == AK_OK) return 0;
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the broker did not say who signed in at that provider",
        "its answer names another identity", "agentkeys doctor");
}

int ak_at_broker_who(struct ak_cli *cli, struct ak_client *broker, const char *provider,
    const struct ak_asked *asked, char out_identity[AK_SAVED_TEXT_MAX])
{
    struct ak_msg_email_status_request request = {0};
    struct ak_msg_signed_in_reply reply = {0};
    memcpy(request.id, asked->request_id, sizeof request.id);
    for (uint64_t i = 0; i < asked->polls; i++) {
        int status = ak_at_broker_call(cli, broker, AK_BROKER_CALL_OAUTH2_IDENTITY, NULL, &request, &reply,
            "asking who signed in there");
        if (status) return status;
        if (ak_span_eq(reply.state, AK_SPAN_LIT("failed")))
            return ak_at_broker_provider_failed(cli, reply.reason);
        if (!ak_span_eq(reply.state, AK_SPAN_LIT("pending")))
            return take_identity(cli, provider, &reply, out_identity);
        ak_at_broker_pause();
    }
    return ak_at_broker_provider_silent(cli);
}
