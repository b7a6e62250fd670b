/* The connection to the broker, its calls, and mails: asked for, with the code that is typed on the page. */
#include "programs/cli/at_broker.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "programs/command/out.h"

enum { URL_MAX = 300 };

static const char next_step[] = "agentkeys-broker must run, and broker_url be its address";

static bool find(const struct ak_cli *cli, struct ak_target *out_target, const char **out_reason)
{
    char url[URL_MAX];
    const char *broker = ak_conf_text(&cli->conf, AK_CLIENT_BROKER_URL);
    size_t len = strlen(broker);
    *out_reason = "it is a URL like https://host:port";
    while (len > 0 && broker[len - 1] == '/') len--;
    if (len == 0 || len > URL_MAX - 8) return false;
    /* a signer's prefix is part of such a URL; the broker has none */
    (void)snprintf(url, sizeof url, "%.*s/tee", (int)len, broker);
    return ak_target_parse(url, out_target, out_reason) == AK_OK;
}

int ak_at_broker_open(struct ak_cli *cli, struct ak_client *out_broker)
{
    struct ak_target target;
    const char *reason;
    if (!find(cli, &target, &reason)) return ak_cli_fail_usage(cli, "broker_url is not usable", reason);
    return ak_cli_open_at(cli, &target, NULL, out_broker);
}

bool ak_at_broker_is_named(const struct ak_cli *cli)
{
    struct ak_target target;
    const char *reason;
    return find(cli, &target, &reason);
}

int ak_at_broker_open_session(struct ak_cli *cli, struct ak_client *out_broker)
{
    int status = ak_at_broker_open(cli, out_broker);
    if (!status) ak_client_use_token(out_broker, ak_span_str(cli->saved.token));
    return status;
}

int ak_at_broker_call(struct ak_cli *cli, struct ak_client *broker, unsigned id,
    const struct ak_msg_sign_in *says, const void *request, void *out_reply, const char *problem)
{
    enum ak_err err = ak_client_broker_call(broker, id, says, request, out_reply, &cli->error);
    if (!err) return 0;
    if (err == AK_E_IO)
        return ak_cli_fail(cli, AK_CATEGORY_UNREACHABLE, problem, cli->error.message, next_step);
    return ak_at_broker_fail(cli, id, problem);
}

/* ---- mail ---- */

int ak_at_broker_ask_mail(struct ak_cli *cli, struct ak_client *broker, const char *email,
    const struct ak_msg_sign_in *says, struct ak_asked *out_asked)
{
    static const struct ak_msg_sign_in nothing;
    const struct ak_msg_sign_in *said = says ? says : &nothing;
    struct ak_msg_email_reply asked;
    char code[AK_BROKER_MATCH_CODE + 1];
    struct ak_msg_email_request request = {.email = ak_span_str(email),
        .device_name = said->device_name,
        .present = said->present << AK_EMAIL_REQUEST_DEVICE_NAME};
    memcpy(request.recovery_hash, said->recovery_hash, sizeof request.recovery_hash);
    memcpy(request.recovery_code, said->recovery_code, sizeof request.recovery_code);
    request.recover = said->recover;
    int status = ak_at_broker_call(
        cli, broker, AK_BROKER_CALL_EMAIL_REQUEST, NULL, &request, &asked, "asking for the mail");
    ak_wipe(&request, sizeof request);
    if (status) return status;
    memcpy(out_asked->request_id, asked.request_id, sizeof out_asked->request_id);
    out_asked->polls = asked.expires_in_seconds * 1000 / AK_POLL_MS;
    ak_out_shown(asked.match_code, code, sizeof code);
    (void)fprintf(
        stderr, "A mail is on its way. Open its link on any device, and type this code there: %s\n", code);
    return 0;
}

void ak_at_broker_pause(void)
{
    struct timespec time = {AK_POLL_MS / 1000, (long)(AK_POLL_MS % 1000) * 1000000};
    (void)fflush(stdout);
    (void)nanosleep(&time, NULL);
}

int ak_at_broker_unanswered(struct ak_cli *cli)
{
    return ak_cli_fail(cli, AK_CATEGORY_NOT_FOUND, "the mail was not answered in time",
        "a link is good for ten minutes", "the same command, once more");
}
