/* Signing in by the broker, from the person's side: by mail, by a wallet of one's own. The device's key
 * proves each step; what is said of the device is bound by the proof that fetches the session (I15). */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "core/evm/siwe.h"
#include "core/wire/msg_oidc.h"
#include "programs/cli/init.h"
#include "programs/cli/out.h"
#include "programs/cli/recovery.h"

enum { POLL_MS = 1000, URL_MAX = 300, SIGNATURE_TEXT_MAX = 256 };

static const char next_step[] = "agentkeys-broker must run, and broker_url be its address";

/* ---- the broker ---- */

static int open_broker(struct ak_init *init, struct ak_client *out_client)
{
    char url[URL_MAX];
    struct ak_target target;
    const char *reason = "";
    const char *broker = ak_conf_text(&init->cli->conf, AK_CLIENT_BROKER_URL);
    size_t len = strlen(broker);
    while (len > 0 && broker[len - 1] == '/') len--;
    /* a signer's prefix is part of such a URL; the broker has none */
    (void)snprintf(url, sizeof url, "%.*s/tee", (int)len, broker);
    if (len == 0 || len > URL_MAX - 8 || ak_target_parse(url, &target, &reason) != AK_OK)
        return ak_cli_fail_usage(
            init->cli, "broker_url is not usable", reason[0] ? reason : "it is a URL like https://host:port");
    return ak_cli_open_at(init->cli, &target, NULL, out_client);
}

static int call(struct ak_init *init, struct ak_client *broker, unsigned id,
    const struct ak_msg_sign_in *says, const void *request, void *out_reply, const char *problem)
{
    enum ak_err err = ak_client_broker_call(broker, id, says, request, out_reply, &init->cli->error);
    if (!err) return 0;
    if (err == AK_E_IO)
        return ak_cli_fail(init->cli, AK_CATEGORY_UNREACHABLE, problem, init->cli->error.message, next_step);
    return ak_cli_fail_call(init->cli, problem);
}

/* Name, hash of the new recovery code, and the old one where a file gives it. */
static int say(struct ak_init *init, struct ak_msg_sign_in *out_says)
{
    bool has_code = false;
    *out_says = (struct ak_msg_sign_in){.device_name = ak_span_str(init->device_name),
        .present = 1u << AK_SIGN_IN_DEVICE_NAME | 1u << AK_SIGN_IN_RECOVERY_HASH};
    ak_sha256(AK_SPAN_ARR(init->recovery.bytes), out_says->recovery_hash);
    int status = ak_cli_read_recovery(init->cli, out_says->recovery_code, &has_code);
    if (has_code) out_says->present |= 1u << AK_SIGN_IN_RECOVERY_CODE;
    return status;
}

/* ---- what the broker answers in the end ---- */

static int print_pending(struct ak_init *init, const struct ak_msg_signed_in_reply *reply)
{
    uint8_t memory[512];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&json);
    init->pending = true;
    if (!init->cli->json) {
        ak_out_line("This device is none of the account's. Its recovery has begun: every device of the "
                    "account is shown it, and may cancel it.");
        ak_out_row_time("ready at", reply->ready_at);
        ak_out_line("\nNext, from then on: the same command again.");
        return 0;
    }
    ak_json_open_object(&w);
    ak_json_key(&w, "state");
    ak_json_put_string(&w, reply->state);
    ak_json_key(&w, "ready_at");
    ak_json_put_u64(&w, reply->ready_at);
    ak_json_key(&w, "anchor");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(reply->anchor));
    ak_json_close_object(&w);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
    return 0;
}

static int take(struct ak_init *init, const struct ak_msg_signed_in_reply *reply)
{
    if (ak_span_eq(reply->state, AK_SPAN_LIT("recovery_pending"))) return print_pending(init, reply);
    if (!ak_span_eq(reply->state, AK_SPAN_LIT("verified")) || reply->session_jwt.len == 0)
        return ak_cli_fail(init->cli, AK_CATEGORY_FAILURE, "the broker gave no session",
            "its answer is against the contract", "agentkeys doctor");
    const struct ak_init_session session = {.token = reply->session_jwt,
        .expires_at = reply->expires_at,
        .omni = reply->omni_account,
        .anchor = reply->anchor,
        .wallet = reply->wallet_address,
        .account_new = reply->account_new,
        .device_count = reply->device_count};
    return ak_init_keep(init, &session);
}

/* ---- mail ---- */

static void pause_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};
    (void)fflush(stdout);
    (void)nanosleep(&time, NULL);
}

static int poll_mail(struct ak_init *init, struct ak_client *broker, const struct ak_msg_email_reply *asked,
    const struct ak_msg_sign_in *says)
{
    struct ak_msg_email_status_request request = {0};
    struct ak_msg_signed_in_reply reply = {0};
    memcpy(request.id, asked->request_id, sizeof request.id);
    for (uint64_t waited_ms = 0; waited_ms < asked->expires_in_seconds * 1000; waited_ms += POLL_MS) {
        int status = call(init, broker, AK_BROKER_CALL_EMAIL_STATUS, says, &request, &reply,
            "asking whether the mail was answered");
        if (status) return status;
        if (!ak_span_eq(reply.state, AK_SPAN_LIT("pending"))) return take(init, &reply);
        pause_ms(POLL_MS);
    }
    return ak_cli_fail(init->cli, AK_CATEGORY_NOT_FOUND, "the mail was not answered in time",
        "a link is good for ten minutes", "agentkeys init --email ADDRESS, once more");
}

static int ask_mail(struct ak_init *init, struct ak_client *broker, struct ak_msg_sign_in *says)
{
    struct ak_msg_email_reply asked;
    struct ak_msg_email_request request = {.email = ak_span_str(ak_cli_value(init->cli, "email")),
        .device_name = says->device_name,
        .present = says->present << AK_EMAIL_REQUEST_DEVICE_NAME};
    memcpy(request.recovery_hash, says->recovery_hash, 32);
    memcpy(request.recovery_code, says->recovery_code, 32);
    int status =
        call(init, broker, AK_BROKER_CALL_EMAIL_REQUEST, NULL, &request, &asked, "asking for the mail");
    ak_wipe(&request, sizeof request);
    if (status) return status;
    (void)fprintf(stderr,
        "A mail is on its way. Open its link on any device, and type this code there: %.*s\n",
        (int)asked.match_code.len, (const char *)asked.match_code.ptr);
    return poll_mail(init, broker, &asked, says);
}

int ak_init_by_mail(struct ak_init *init)
{
    struct ak_client broker = {0};
    struct ak_msg_sign_in says;
    int status = say(init, &says);
    if (!status) status = open_broker(init, &broker);
    if (!status) status = ask_mail(init, &broker, &says);
    ak_client_close(&broker);
    ak_wipe(&says, sizeof says);
    return status;
}

/* ---- wallets ---- */

static bool has_resource(const struct ak_siwe *siwe, struct ak_span urn)
{
    for (size_t i = 0; i < siwe->resource_count; i++)
        if (ak_span_eq(siwe->resources[i], urn)) return true;
    return false;
}

/* https://keys.example: as its URI, and keys.example as its domain. */
static bool is_site(const struct ak_siwe *siwe, struct ak_span issuer)
{
    static const char after[] = "://";
    size_t scheme = strlen(after) + siwe->domain.len;
    if (!ak_span_eq(siwe->uri, issuer) || scheme > issuer.len) return false;
    struct ak_span end = ak_span_sub(issuer, issuer.len - scheme, scheme);
    return ak_span_starts(end, AK_SPAN_LIT("://")) &&
           ak_span_eq(ak_span_sub(end, strlen(after), end.len), siwe->domain);
}

/* A wallet signs nothing that was not looked at: for the worker's own site, as the worker names it, this
 * address and this device, and nobody else's text: a broker could have it sign in anywhere. */
static int check_text(struct ak_init *init, struct ak_span text, const uint8_t address[20])
{
    struct ak_siwe siwe;
    char urn[96], print[AK_OUT_PRINT_LEN + 1];
    struct ak_msg_oidc_public_request request = {0};
    struct ak_msg_oidc_configuration_reply site;
    int status =
        ak_cli_call(init->cli, AK_CALL_OIDC_CONFIGURATION, &request, &site, "asking the worker for its site");
    if (status) return status;
    ak_out_print(init->cli->device.thumbprint, print);
    (void)snprintf(urn, sizeof urn, "urn:agentkeys:device:%s", print);
    if (ak_siwe_parse(text, &siwe) == AK_OK && memcmp(siwe.address, address, 20) == 0 &&
        is_site(&siwe, site.issuer) && has_resource(&siwe, ak_span_str(urn)))
        return 0;
    return ak_cli_fail(init->cli, AK_CATEGORY_AUTH, "the text to sign is not one for this device",
        "it must be a sign-in of this address, at the worker's own site, that names this device",
        "agentkeys doctor");
}

static int read_signature(struct ak_init *init, uint8_t out_signature[65])
{
    char line[SIGNATURE_TEXT_MAX];
    if (!fgets(line, sizeof line, stdin)) line[0] = 0;
    line[strcspn(line, "\r\n")] = 0;
    struct ak_span text = ak_span_str(line);
    if (ak_span_starts(text, AK_SPAN_LIT("0x"))) text = ak_span_sub(text, 2, text.len);
    if (ak_hex_decode_fixed(text, out_signature, 65) == AK_OK) return 0;
    return ak_cli_fail_usage(
        init->cli, "not a signature", "it is 0x and 130 lower-case hex digits, on one line");
}

static int write_text(struct ak_init *init, struct ak_span text)
{
    const char *path = ak_cli_value(init->cli, "text-file");
    if (!path) {
        (void)fprintf(stderr,
            "Sign this text with the wallet (personal_sign), and paste the signature:\n\n%.*s\n\n",
            (int)text.len, (const char *)text.ptr);
        return 0;
    }
    FILE *file = fopen(path, "wxe");
    bool done = file && fwrite(text.ptr, 1, text.len, file) == text.len;
    if (file && fclose(file) != 0) done = false;
    if (done) return 0;
    return ak_cli_fail_usage(init->cli, "--text-file cannot be written", "it must not be there yet");
}

static int ask_wallet(struct ak_init *init, struct ak_client *broker, const struct ak_msg_sign_in *says)
{
    struct ak_msg_wallet_start_request start = {.chain_id = 1};
    struct ak_msg_wallet_start_reply started;
    struct ak_msg_wallet_verify_request verify = {
        .device_name = says->device_name, .present = says->present << AK_WALLET_VERIFY_REQUEST_DEVICE_NAME};
    struct ak_msg_signed_in_reply reply = {0};
    /* the identity is evm:0x and 40 digits: checked before */
    if (ak_hex_decode_fixed(ak_span_str(init->identity + strlen("evm:0x")), start.address, 20) != AK_OK)
        return AK_CATEGORY_FAILURE;
    int status =
        call(init, broker, AK_BROKER_CALL_WALLET_START, NULL, &start, &started, "asking for the text");
    if (!status) status = check_text(init, started.siwe_message, start.address);
    if (!status) memcpy(verify.request_id, started.request_id, sizeof verify.request_id);
    if (!status) status = write_text(init, started.siwe_message);
    if (!status) status = read_signature(init, verify.signature);
    memcpy(verify.recovery_hash, says->recovery_hash, 32);
    memcpy(verify.recovery_code, says->recovery_code, 32);
    if (!status)
        status = call(
            init, broker, AK_BROKER_CALL_WALLET_VERIFY, says, &verify, &reply, "signing in by the wallet");
    ak_wipe(&verify, sizeof verify);
    return status ? status : take(init, &reply);
}

int ak_init_by_wallet(struct ak_init *init)
{
    struct ak_client broker = {0};
    struct ak_msg_sign_in says;
    int status = say(init, &says);
    if (!status) status = open_broker(init, &broker);
    if (!status) status = ask_wallet(init, &broker, &says);
    ak_client_close(&broker);
    ak_wipe(&says, sizeof says);
    return status;
}
