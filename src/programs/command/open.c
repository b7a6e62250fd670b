/* Opening what a command needs, in steps: where the worker is, who this device is, the connection, the
 * session. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/num.h"
#include "core/token/token.h"
#include "io/proc/clock.h"
#include "programs/command/again.h"
#include "programs/command/args.h"
#include "programs/command/cli.h"
#include "programs/command/evidence.h"
#include "programs/command/out.h"

#define PIN_FILE "worker.pin"

static void note(const struct ak_cli *cli, const char *text)
{
    (void)fprintf(stderr, "%s: %s\n", cli->program->name, text);
}

/* ---- the worker ---- */

int ak_cli_open_target(struct ak_cli *cli)
{
    const char *reason = "";
    const char *url = ak_conf_text(&cli->conf, AK_CLIENT_SIGNER_URL);
    bool wants_evidence = ak_cli_wants_evidence(cli);
    if (ak_target_parse(url, &cli->target, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "signer_url is not usable", reason);
    if (wants_evidence && !cli->target.tls)
        return ak_cli_fail(cli, AK_CATEGORY_AUTH, "this worker cannot prove what it runs on",
            "evidence = required, and evidence is bound to a TLS connection, which this is not",
            "use its https:// address");
    if (!wants_evidence && !cli->target.local)
        return ak_cli_fail(cli, AK_CATEGORY_AUTH, "this worker is not on this machine",
            "without evidence a client talks to loopback and Unix sockets only",
            "agentkeys attest --evidence required, where it has a TPM; or ssh -L 8092:127.0.0.1:8092 HOST, "
            "and "
            "http://127.0.0.1:8092/tee");
    bool dev = strcmp(cli->target.prefix, "/dev") == 0;
    if (dev || !wants_evidence)
        note(cli, dev ? "DEV ONLY: replaced by the TEE in production"
                      : "evidence = none: nothing proves what this worker runs on");
    return 0;
}

/* ---- the device ---- */

int ak_cli_open_device(struct ak_cli *cli, const char *label)
{
    const char *state = ak_conf_text(&cli->conf, AK_CLIENT_STATE_DIR);
    const char *name = ak_conf_text(&cli->conf, AK_CLIENT_PROFILE);
    enum ak_err err = ak_profile_open(state, name, label, true, &cli->profile);
    if (err) return ak_cli_fail_state(cli, err, "the folder of this profile cannot be used");
    err = ak_client_device_open(cli->profile.dir_fd, &cli->device, &cli->device_made);
    return err ? ak_cli_fail_state(cli, err, "the device key cannot be used") : 0;
}

/* ---- the connection ---- */

static bool hex_pin(struct ak_span text, uint8_t out_pin[32])
{
    return ak_hex_decode_fixed(text, out_pin, 32) == AK_OK;
}

static int meet(struct ak_cli *cli, uint8_t out_pin[32])
{
    char text[65], question[256];
    struct ak_buf buf = AK_BUF_ARR(text);
    if (ak_fetch_peer_pin(&cli->target, ak_conf_ms(&cli->conf, AK_CLIENT_TIMEOUT), out_pin) != AK_OK) {
        ak_client_error_set(&cli->error, "unreachable", "no TLS connection to the worker");
        return ak_cli_fail_call(cli, "meeting the worker");
    }
    ak_hex_encode(&buf, ak_span(out_pin, 32));
    if (ak_buf_terminate(&buf) != AK_OK) return AK_CATEGORY_FAILURE;
    (void)snprintf(question, sizeof question,
        "First meeting with %.80s.\nIts key's SHA-256 is %s.\nIs that what its operator told you",
        cli->target.origin, text);
    int status = ak_cli_confirm(cli, question);
    if (status) return status;
    enum ak_err err = ak_profile_write(&cli->profile, PIN_FILE, ak_buf_span(&buf));
    return err ? ak_cli_fail_state(cli, err, "the worker's key cannot be kept") : 0;
}

/* Setting over file over meeting it now. */
static int find_pin(struct ak_cli *cli, bool enrol, uint8_t out_pin[32], const uint8_t **out_use)
{
    uint8_t text[65];
    size_t len = 0;
    const char *setting = ak_conf_text(&cli->conf, AK_CLIENT_WORKER_PIN);
    *out_use = NULL;
    if (!cli->target.tls) return 0;
    *out_use = out_pin;
    if (setting[0])
        return hex_pin(ak_span_str(setting), out_pin)
                   ? 0
                   : ak_cli_fail_usage(cli, "worker_pin is not usable", "it is 64 lower-case hex digits");
    enum ak_err err = ak_profile_read(&cli->profile, PIN_FILE, text, sizeof text, &len);
    if (!err && hex_pin(ak_span(text, len), out_pin)) return 0;
    if (err && err != AK_E_NOT_FOUND)
        return ak_cli_fail_state(cli, err, "the kept key of the worker cannot be read");
    if (enrol || (isatty(STDIN_FILENO) && !cli->yes)) return meet(cli, out_pin);
    return ak_cli_fail(cli, AK_CATEGORY_AUTH, "this worker's key is not known",
        "it is fixed at the first meeting, where a person compares it, or by the setting worker_pin",
        "export AGENTKEYS_WORKER_PIN=HEX, as the worker's operator says it");
}

/* AGENTKEYS_TRACE names a file to which calls are recorded, without tokens, codes and addresses. */
static int open_trace(struct ak_cli *cli)
{
    const char *path = getenv("AGENTKEYS_TRACE");
    if (!path || !path[0] || cli->trace_fd >= 0) return 0;
    cli->trace_fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600);
    return cli->trace_fd < 0 ? ak_cli_fail_usage(cli, "AGENTKEYS_TRACE cannot be written", strerror(errno))
                             : 0;
}

int ak_cli_open_at(
    struct ak_cli *cli, const struct ak_target *target, const uint8_t *pin, struct ak_client *out_client)
{
    int status = open_trace(cli);
    if (status) return status;
    if (ak_client_open(out_client, target, &cli->device, pin, ak_conf_ms(&cli->conf, AK_CLIENT_TIMEOUT)) !=
        AK_OK)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "no client can be made", "the HTTP library refused",
            "agentkeys doctor");
    ak_client_trace(out_client, cli->trace_fd);
    return 0;
}

int ak_cli_open_client(struct ak_cli *cli, bool enrol)
{
    uint8_t pin[32];
    const uint8_t *use = NULL;
    int status = find_pin(cli, enrol, pin, &use);
    if (!status) status = ak_cli_open_at(cli, &cli->target, use, &cli->client);
    return status ? status : ak_cli_demand_evidence(cli, enrol);
}

int ak_cli_open_another(struct ak_cli *cli, struct ak_client *out_client)
{
    uint8_t pin[32];
    const uint8_t *use = NULL;
    int status = find_pin(cli, false, pin, &use);
    if (!status) status = ak_cli_open_at(cli, &cli->target, use, out_client);
    if (!status) status = ak_cli_demand_same(cli, out_client);
    if (!status) ak_client_use_token(out_client, cli->client.token);
    return status;
}

/* ---- the session ---- */

enum ak_err ak_cli_load_saved(struct ak_cli *cli)
{
    enum ak_err err = ak_profile_load(&cli->profile, &cli->saved);
    enum ak_saved_kind kind = cli->program->agent ? AK_SAVED_AGENT : AK_SAVED_SESSION;
    if (!err && cli->saved.kind != kind) err = AK_E_NOT_FOUND;
    if (err) ak_saved_done(&cli->saved);
    return err;
}

/* The setting `account` and the saved session name one account. */
static int check_account(struct ak_cli *cli)
{
    uint8_t anchor[32];
    const char *reason = "";
    const char *setting = ak_conf_text(&cli->conf, AK_CLIENT_ACCOUNT);
    if (!setting[0]) return 0;
    if (ak_args_anchor(setting, anchor, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "account is not usable", reason);
    if (memcmp(anchor, cli->saved.anchor, 32) == 0) return 0;
    return ak_cli_fail(cli, AK_CATEGORY_AUTH, "signed in to another account",
        "the setting account names one, the saved session is of another", "agentkeys whoami --account ''");
}

int ak_cli_open_session(struct ak_cli *cli)
{
    int status = ak_cli_open_target(cli);
    if (!status) status = ak_cli_open_device(cli, NULL);
    if (status) return status;
    enum ak_err err = ak_cli_load_saved(cli);
    if (err == AK_E_NOT_FOUND)
        return ak_cli_fail(
            cli, AK_CATEGORY_AUTH, "not signed in", "this profile has no session", ak_cli_sign_in(cli));
    if (err == AK_E_FORMAT)
        return ak_cli_fail(
            cli, AK_CATEGORY_AUTH, "not signed in", "the saved session is damaged", ak_cli_sign_in(cli));
    if (err) return ak_cli_fail_state(cli, err, "the saved session cannot be used");
    if (cli->saved.expires_at <= ak_clock_wall_ms() / 1000)
        return ak_cli_fail(
            cli, AK_CATEGORY_AUTH, "not signed in", "the session is over", ak_cli_sign_in(cli));
    status = check_account(cli);
    if (!status) status = ak_cli_open_client(cli, false);
    if (!status) ak_client_use_token(&cli->client, ak_span_str(cli->saved.token));
    return status;
}

int ak_cli_keep_saved(struct ak_cli *cli)
{
    enum ak_err err = ak_profile_save(&cli->profile, &cli->saved);
    ak_client_use_token(&cli->client, ak_span_str(cli->saved.token));
    return err ? ak_cli_fail_state(cli, err, "the token cannot be kept") : 0;
}

void ak_cli_close(struct ak_cli *cli)
{
    ak_client_close(&cli->client);
    ak_client_device_close(&cli->device);
    ak_profile_close(&cli->profile);
    ak_saved_done(&cli->saved);
    if (cli->trace_fd >= 0) (void)close(cli->trace_fd);
    cli->trace_fd = -1;
}

/* ---- calling ---- */

/* The times of a notice as people read them, behind the numbers. */
static void put_notice(const char *notice, struct ak_buf *out)
{
    static const char key[] = "ready_at=";
    for (const char *at = strstr(notice, key); at; at = strstr(notice, key)) {
        char time[AK_OUT_TIME_LEN];
        uint64_t ready_at = 0;
        at += sizeof key - 1;
        size_t digits = strspn(at, "0123456789");
        ak_buf_put(out, ak_span((const uint8_t *)notice, (size_t)(at - notice) + digits));
        notice = at + digits;
        if (ak_num_parse_u64(ak_span((const uint8_t *)at, digits), UINT64_MAX, &ready_at) != AK_OK) continue;
        ak_out_time(ready_at, time);
        ak_buf_put_str(out, " (");
        ak_buf_put_str(out, time);
        ak_buf_put_u8(out, ')');
    }
    ak_buf_put_str(out, notice);
}

void ak_cli_show_notice(struct ak_cli *cli, const struct ak_client *client)
{
    const char *notice = client->fetch.notice;
    if (notice[0] == 0 || strcmp(notice, cli->notice) == 0) return;
    memcpy(cli->notice, notice, sizeof cli->notice);
    char shown[2 * AK_FETCH_NOTICE_MAX];
    struct ak_buf text = AK_BUF_ARR(shown);
    put_notice(notice, &text);
    (void)fprintf(stderr, "%s: NOTICE: waiting in this account: %s\n", cli->program->name,
        ak_buf_terminate(&text) == AK_OK ? shown : notice);
    bool final = strstr(notice, "-by-") != NULL; /* sign-in-by-code, sign-in-by-two */
    (void)fprintf(stderr, "%s: if that was not you: agentkeys account %s\n", cli->program->name,
        final ? "suspend; no device cancels what the code or two identities began" : "cancel");
}

int ak_cli_call(struct ak_cli *cli, unsigned call, const void *request, void *out_reply, const char *problem)
{
    enum ak_err err = ak_client_call(&cli->client, call, request, out_reply, &cli->error);
    if (err && cli->renew && cli->renew(cli, cli->renew_ctx))
        err = ak_client_call(&cli->client, call, request, out_reply, &cli->error);
    ak_cli_show_notice(cli, &cli->client);
    return err ? ak_cli_fail_call(cli, problem) : 0;
}

int ak_cli_confirm(struct ak_cli *cli, const char *question)
{
    char answer[8] = {0};
    if (cli->yes) return 0;
    (void)fflush(stdout);
    if (!isatty(STDIN_FILENO)) {
        (void)fprintf(stderr, "%s?\n", question);
        return ak_cli_fail_usage(
            cli, "nobody is there to ask", "this needs a yes: from a terminal or by --yes");
    }
    (void)fprintf(stderr, "%s? [y/N] ", question);
    if (fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y')) return 0;
    return ak_cli_fail(
        cli, AK_CATEGORY_FAILURE, "nothing was done", "the answer was not yes", "ask again, or use --yes");
}

enum ak_err ak_cli_read_file(const char *path, struct ak_buf *out_bytes)
{
    int fd = strcmp(path, "-") == 0 ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    enum ak_err err = AK_OK;
    if (fd < 0) return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
    for (;;) {
        size_t room = out_bytes->cap - out_bytes->len;
        uint8_t beyond;
        ssize_t got = read(fd, room ? out_bytes->ptr + out_bytes->len : &beyond, room ? room : 1);
        if (got < 0 && errno == EINTR) continue;
        if (got < 0) err = AK_E_IO;
        if (got > 0 && room == 0) err = AK_E_LIMIT;
        if (got <= 0 || err) break;
        out_bytes->len += (size_t)got;
    }
    if (fd != STDIN_FILENO) (void)close(fd);
    return err;
}

/* ---- values that several commands take ---- */

int ak_cli_read_label(struct ak_cli *cli, const char *text, struct ak_path *out_path)
{
    const char *reason = "";
    if (ak_args_label(text, out_path, &reason) == AK_OK) return 0;
    return ak_cli_fail_usage(cli, "not a label", reason);
}

int ak_cli_read_wait(struct ak_cli *cli, uint64_t *out_seconds)
{
    const char *typed = ak_cli_value(cli, "wait"), *reason = "";
    *out_seconds = 0;
    if (!typed || ak_args_duration(typed, out_seconds, &reason) == AK_OK) return 0;
    return ak_cli_fail_usage(cli, "--wait is not usable", reason);
}

int ak_cli_read_grant(struct ak_cli *cli, struct ak_cli_grant *out_grant)
{
    const char *scope = ak_cli_value(cli, "scope"), *rate = ak_cli_value(cli, "rate");
    const char *valid = ak_cli_value(cli, "valid-for"), *reason = "";
    struct ak_buf items = AK_BUF_ARR(out_grant->scope_text);
    uint64_t seconds = 0;
    *out_grant = (struct ak_cli_grant){.has_scope = scope, .has_rate = rate, .has_valid = valid};
    if (scope && ak_args_items(scope, &items, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "not a scope", reason);
    out_grant->scope = ak_buf_span(&items);
    if (rate && ak_args_rate(rate, &out_grant->rate, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "not a rate", reason);
    if (!valid || strcmp(valid, "ever") == 0) return 0;
    if (ak_args_duration(valid, &seconds, &reason) != AK_OK)
        return ak_cli_fail_usage(cli, "not a duration", reason);
    out_grant->valid_until_at = ak_clock_wall_ms() / 1000 + seconds;
    return 0;
}
