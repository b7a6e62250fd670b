/* agentkeys doctor: everything between this terminal and a signature, each with what to do about it. */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec/json.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_ledger.h"
#include "core/wire/msg_vault.h"
#include "io/proc/clock.h"
#include "programs/cli/broker_state.h"
#include "programs/cli/commands.h"
#include "programs/cli/ledger.h"
#include "programs/cli/worker_binary.h"
#include "programs/command/again.h"
#include "programs/command/evidence.h"
#include "programs/command/out.h"

enum { SKEW_WARN_S = 30, SKEW_FAIL_S = 240, JSON_MAX = 16 * 1024, CREDENTIALS_SHOWN = 10 };

enum finding { FINE, WARN, FAIL };
static const char *const finding_names[] = {"ok", "warn", "fail"};

struct doctor {
    struct ak_cli *cli;
    unsigned failures;
    uint8_t memory[JSON_MAX];
    struct ak_buf json;
    struct ak_json_writer writer;
};

static void put(struct ak_json_writer *w, const char *key, const char *text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, ak_span_str(text));
}

/* One line; `remedy` is shown where it is not fine. */
static void report(
    struct doctor *doctor, enum finding finding, const char *check, const char *seen, const char *remedy)
{
    doctor->failures += finding == FAIL;
    if (doctor->cli->json) {
        ak_json_open_object(&doctor->writer);
        put(&doctor->writer, "check", check);
        put(&doctor->writer, "state", finding_names[finding]);
        put(&doctor->writer, "seen", seen);
        if (finding != FINE) put(&doctor->writer, "remedy", remedy);
        ak_json_close_object(&doctor->writer);
        return;
    }
    ak_out_line("%-5s %-16s %s", finding_names[finding], check, seen);
    if (finding != FINE) ak_out_line("      %-16s %s", "", remedy);
}

/* ---- this side ---- */

static void check_binary(struct doctor *doctor)
{
    char path[AK_WORKER_PATH_MAX];
    if (ak_cli_find_worker(path))
        report(doctor, FINE, "worker program", path, "");
    else
        report(
            doctor, WARN, "worker program", "not beside this program nor on PATH", "meson install -C build");
}

static void check_config(struct doctor *doctor)
{
    char path[AK_CONF_TEXT_MAX];
    (void)snprintf(path, sizeof path, "%s/config", doctor->cli->dirs.home);
    /* what stands in it was read before this runs; a bad file stops every command */
    report(doctor, FINE, "config", access(path, F_OK) ? "no file; settings are the defaults" : path, "");
}

static void check_profile(struct doctor *doctor)
{
    struct ak_cli *cli = doctor->cli;
    char remedy[AK_PROFILE_PATH_MAX + 32];
    const char *state = ak_conf_text(&cli->conf, AK_CLIENT_STATE_DIR);
    enum ak_err err =
        ak_profile_open(state, ak_conf_text(&cli->conf, AK_CLIENT_PROFILE), NULL, false, &cli->profile);
    (void)snprintf(remedy, sizeof remedy, "chmod 700 %s", cli->profile.path);
    if (err == AK_E_NOT_FOUND)
        report(doctor, WARN, "profile", "not made yet", ak_cli_sign_in(cli));
    else if (err)
        report(doctor, FAIL, "profile", "its folder is open to others, or not yours", remedy);
    else
        report(doctor, FINE, "profile", cli->profile.path, "");
}

static void check_files(struct doctor *doctor)
{
    static const char *const files[] = {
        AK_DEVICE_FILE, "token.json", "ledger.pin", "checkpoint.note", "worker.pin"};
    struct ak_cli *cli = doctor->cli;
    char remedy[AK_PROFILE_PATH_MAX + 48];
    for (size_t i = 0; cli->profile.dir_fd >= 0 && i < AK_COUNT(files); i++) {
        enum ak_err err = ak_client_check_file(cli->profile.dir_fd, files[i]);
        (void)snprintf(remedy, sizeof remedy, "chmod 600 %s/%s", cli->profile.path, files[i]);
        if (err == AK_OK) report(doctor, FINE, files[i], "yours alone (mode 0600)", "");
        if (err && err != AK_E_NOT_FOUND)
            report(doctor, FAIL, files[i], "others may read it, or it is not yours", remedy);
    }
}

static bool check_device(struct doctor *doctor)
{
    struct ak_cli *cli = doctor->cli;
    char print[AK_OUT_PRINT_LEN + 1];
    enum ak_err err =
        cli->profile.dir_fd < 0 ? AK_E_NOT_FOUND : ak_client_device_load(cli->profile.dir_fd, &cli->device);
    if (err == AK_E_NOT_FOUND) {
        report(doctor, WARN, "device key", "none yet", ak_cli_sign_in(cli));
        return false;
    }
    ak_out_print(cli->device.thumbprint, print);
    report(doctor, err ? FAIL : FINE, "device key", err ? "cannot be read" : print,
        "restore the file, or enrol this device anew: agentkeys device add");
    return err == AK_OK;
}

static void check_operator(struct doctor *doctor)
{
    const char *path = ak_conf_text(&doctor->cli->conf, AK_CLIENT_OPERATOR_SOCKET);
    struct stat st;
    if (!path[0] || stat(path, &st))
        report(doctor, WARN, "operator socket", path[0] ? path : "none set",
            "agentkeys up (init needs it, all else does not)");
    else if (!S_ISSOCK(st.st_mode) || (st.st_mode & 0177))
        report(
            doctor, FAIL, "operator socket", "others may use it", "stop the worker, remove it, agentkeys up");
    else
        report(doctor, FINE, "operator socket", path, "");
}

/* ---- the worker ---- */

static bool check_target(struct doctor *doctor)
{
    struct ak_cli *cli = doctor->cli;
    const char *reason = "";
    const char *url = ak_conf_text(&cli->conf, AK_CLIENT_SIGNER_URL);
    if (ak_target_parse(url, &cli->target, &reason) != AK_OK) {
        report(doctor, FAIL, "signer_url", reason, "export AGENTKEYS_SIGNER_URL=http://127.0.0.1:8092/tee");
        return false;
    }
    bool wants = ak_cli_wants_evidence(cli);
    bool usable = wants ? cli->target.tls : cli->target.local;
    report(doctor, usable ? FINE : FAIL, "signer_url", url,
        "without evidence it is loopback or a Unix socket, with evidence it is https");
    if (wants)
        report(doctor, FINE, "evidence", "required: checked on each connection", "");
    else
        report(doctor, WARN, "evidence", "none: nothing proves what the worker runs on",
            "use it for what may be lost");
    return usable;
}

static bool check_reach(struct doctor *doctor)
{
    struct ak_cli *cli = doctor->cli;
    char seen[64];
    uint64_t before = ak_clock_mono_ms();
    if (ak_cli_open_client(cli, false)) {
        bool wants = ak_cli_wants_evidence(cli);
        report(doctor, FAIL, "pin",
            wants ? "the worker's TLS key or evidence is not fixed" : "the worker's TLS key is not known",
            wants ? "agentkeys attest" : "--worker-pin, or meet it: agentkeys device add");
        return false;
    }
    if (ak_client_get(&cli->client, "/healthz", &cli->error) != AK_OK || cli->client.status != 200) {
        report(doctor, FAIL, "worker",
            cli->error.message[0] ? cli->error.message : "it does not answer as a worker does",
            "agentkeys up");
        return false;
    }
    (void)snprintf(
        seen, sizeof seen, "answers in %llu ms", (unsigned long long)(ak_clock_mono_ms() - before));
    report(doctor, FINE, "worker", seen, "");
    if (cli->target.tls) report(doctor, FINE, "pin", "the worker's TLS key is the one that was fixed", "");
    return true;
}

static void check_clock(struct doctor *doctor)
{
    char seen[64];
    uint64_t now = ak_clock_wall_ms() / 1000, there = doctor->cli->client.fetch.date_s;
    uint64_t skew = now > there ? now - there : there - now;
    if (there == 0) {
        report(doctor, WARN, "clock", "the worker's answer has no Date", "agentkeys status");
        return;
    }
    (void)snprintf(seen, sizeof seen, "%llu s %s the worker's", (unsigned long long)skew,
        now > there ? "ahead of" : "behind");
    report(doctor,
        skew > SKEW_FAIL_S   ? FAIL
        : skew > SKEW_WARN_S ? WARN
                             : FINE,
        "clock", skew ? seen : "as the worker's", "timedatectl set-ntp true");
}

/* Whether ledger and stored credentials agree. */
static void report_vault(struct doctor *doctor, const char *seen)
{
    bool checking = strncmp(seen, "checking ", 9) == 0;
    report(doctor,
        strcmp(seen, "ok") == 0 ? FINE
        : checking              ? WARN
                                : FAIL,
        "vault_store", seen,
        checking
            ? "not all was looked at yet; in a moment again: agentkeys doctor"
            : "stop the worker; agentkeys-worker ledger verify names each; bring data_dir/blobs back from a "
              "copy");
}

static void report_checks(struct doctor *doctor, struct ak_json_value checks)
{
    for (size_t i = 0; i < ak_json_len(checks); i++) {
        struct ak_span key, text = AK_SPAN_EMPTY;
        char name[40], seen[160];
        if (ak_json_string(ak_json_member(checks, i, &key), &text) != AK_OK) continue;
        ak_out_shown(key, name, sizeof name);
        ak_out_shown(text, seen, sizeof seen);
        if (strcmp(name, "vault_store") == 0) {
            report_vault(doctor, seen);
            continue;
        }
        report(doctor, strcmp(seen, "ok") == 0 ? FINE : FAIL, name, seen,
            "journalctl -u agentkeys-worker, or what agentkeys up prints");
    }
}

static void report_not_held(struct doctor *doctor, struct ak_json_value list)
{
    for (size_t i = 0; i < ak_json_len(list); i++) {
        struct ak_span text = AK_SPAN_EMPTY;
        char seen[96];
        if (ak_json_string(ak_json_at(list, i), &text) != AK_OK) continue;
        if (ak_span_eq(text, AK_SPAN_LIT("maker"))) {
            report(doctor, WARN, "capability",
                "the chip is not shown to be of a maker: its host may emulate it",
                "ek_roots with tee = tpm2; see docs/operations.md#tpm");
            continue;
        }
        (void)snprintf(seen, sizeof seen, "%.*s does not hold here", (int)(text.len < 40 ? text.len : 40),
            (const char *)text.ptr);
        report(doctor, WARN, "capability", seen, "a backend with hardware; see docs/threat-model.md");
    }
}

static void check_ready(struct doctor *doctor)
{
    struct ak_cli *cli = doctor->cli;
    struct ak_json json;
    if (ak_client_get(&cli->client, "/readyz", &cli->error) != AK_OK ||
        ak_json_parse(cli->client.raw, cli->client.raw.len, &json) != AK_OK) {
        report(doctor, FAIL, "readyz", "no answer that can be read", "agentkeys up");
        return;
    }
    struct ak_json_value root = ak_json_root(&json);
    report(doctor, cli->client.status == 200 ? FINE : FAIL, "readyz",
        cli->client.status == 200 ? "ready" : "not ready", "wait, then agentkeys status");
    report_checks(doctor, ak_json_get(root, "checks"));
    report_not_held(doctor, ak_json_get(root, "capabilities_not_held"));
    ak_json_done(&json);
}

static void report_credential(struct doctor *doctor, const struct ak_msg_credential_item *item)
{
    char service[AK_LIMIT_SERVICE + 1], path[80], stored[24], seen[AK_LIMIT_SERVICE + 160];
    char words[2][4 * sizeof path], remedy[sizeof words + 100];
    ak_out_shown(item->service, service, sizeof service);
    ak_out_shown(item->path, path, sizeof path);
    ak_out_shown(item->stored, stored, sizeof stored);
    (void)snprintf(seen, sizeof seen, "%s%s%s v%llu: its file is %s", service, path[0] ? " of " : "", path,
        (unsigned long long)item->version, stored);
    bool fit =
        ak_out_word(service, words[0], sizeof words[0]) && ak_out_word(path, words[1], sizeof words[1]);
    (void)snprintf(remedy, sizeof remedy,
        "bring data_dir/blobs back from a copy, or store it anew: agentkeys store %s%s%s",
        fit ? words[0] : "SERVICE", fit && path[0] ? " --path " : "", fit && path[0] ? words[1] : "");
    report(doctor, FAIL, "credential", seen, remedy);
}

/* Those of this account, by name: the worker's check says how many there are, of all accounts. */
static void check_credentials(struct doctor *doctor)
{
    struct ak_cli *cli = doctor->cli;
    uint8_t memory[AK_LIMIT_SERVICE + 80];
    struct ak_buf after = AK_BUF_ARR(memory);
    unsigned count = 0, bad = 0;
    do {
        struct ak_msg_credential_list_request request = {.after = ak_buf_span(&after)};
        struct ak_msg_credential_list_reply reply;
        struct ak_msg_credential_item item;
        if (after.len) request.present = 1u << AK_CREDENTIAL_LIST_REQUEST_AFTER;
        if (ak_client_call(&cli->client, AK_CALL_CREDENTIAL_LIST, &request, &reply, &cli->error) != AK_OK) {
            report(doctor, WARN, "credentials", cli->error.message, "agentkeys credentials list");
            return;
        }
        after.len = 0;
        for (; ak_list_next(&reply.credentials, &ak_credential_item_msg, &item); count++)
            if (item.stored.len && bad++ < CREDENTIALS_SHOWN) report_credential(doctor, &item);
        if (ak_msg_has(&reply, AK_CREDENTIAL_LIST_REPLY_NEXT)) ak_buf_put(&after, reply.next);
    } while (after.len && ak_buf_check(&after) == AK_OK);
    char seen[64];
    (void)snprintf(seen, sizeof seen, "%u stored, %u damaged", count, bad);
    report(doctor, bad ? FAIL : FINE, "credentials", seen, "store the damaged ones anew: agentkeys store");
}

static void check_session(struct doctor *doctor)
{
    struct ak_cli *cli = doctor->cli;
    struct ak_msg_account_request request = {0};
    struct ak_msg_account_reply reply;
    if (ak_cli_load_saved(cli) != AK_OK || cli->saved.expires_at <= ak_clock_wall_ms() / 1000) {
        report(doctor, WARN, "session", "none that is valid", ak_cli_sign_in(cli));
        return;
    }
    ak_client_use_token(&cli->client, ak_span_str(cli->saved.token));
    bool good = ak_client_call(&cli->client, AK_CALL_ACCOUNT, &request, &reply, &cli->error) == AK_OK;
    ak_cli_show_notice(cli, &cli->client);
    report(doctor, good ? FINE : FAIL, "session", good ? "taken by the worker" : cli->error.message,
        ak_cli_sign_in(cli));
    if (good) check_credentials(doctor);
    if (good && reply.suspended) report(doctor, WARN, "account", "suspended", "agentkeys account resume");
}

static void check_ledger(struct doctor *doctor)
{
    struct ak_cli *cli = doctor->cli;
    struct ak_msg_checkpoint_request request = {0};
    struct ak_msg_checkpoint_reply reply;
    uint8_t key[32];
    bool known = false;
    if (strcmp(cli->target.prefix, "/dev") == 0 || cli->profile.dir_fd < 0) return;
    if (ak_cli_ledger_key(cli, key, &known) || !known) {
        report(doctor, WARN, "ledger key", "not fixed yet", "agentkeys audit proof 0");
        return;
    }
    bool good = ak_client_call(&cli->client, AK_CALL_CHECKPOINT, &request, &reply, &cli->error) == AK_OK &&
                memcmp(reply.key, key, 32) == 0;
    report(doctor, good ? FINE : FAIL, "ledger key",
        good ? "the one that was fixed" : "another, or no checkpoint",
        "ask the worker's operator; keep the profile's folder");
}

/* Only signing in needs it. */
static void check_broker(struct doctor *doctor)
{
    struct ak_broker_seen seen;
    ak_cli_ask_broker(doctor->cli, &seen);
    report(doctor,
        seen.ready     ? FINE
        : seen.answers ? FAIL
                       : WARN,
        "broker", seen.says,
        seen.answers ? "what agentkeys up prints, or journalctl -u agentkeys-broker"
                     : "agentkeys up starts one; elsewhere set broker_url (init --local needs none)");
}

static void check_all(struct doctor *doctor)
{
    check_binary(doctor);
    check_config(doctor);
    check_profile(doctor);
    check_files(doctor);
    bool has_device = check_device(doctor);
    check_operator(doctor);
    check_broker(doctor);
    if (!check_target(doctor) || !check_reach(doctor)) return;
    check_clock(doctor);
    check_ready(doctor);
    if (has_device) check_session(doctor);
    check_ledger(doctor);
}

int ak_cmd_doctor(struct ak_cli *cli)
{
    static struct doctor doctor;
    doctor.cli = cli;
    doctor.json = AK_BUF_ARR(doctor.memory);
    doctor.writer = ak_json_writer(&doctor.json);
    ak_json_open_object(&doctor.writer);
    ak_json_key(&doctor.writer, "checks");
    ak_json_open_array(&doctor.writer);
    check_all(&doctor);
    ak_json_close_array(&doctor.writer);
    ak_json_key(&doctor.writer, "ok");
    ak_json_put_bool(&doctor.writer, doctor.failures == 0);
    ak_json_close_object(&doctor.writer);
    if (cli->json && ak_buf_check(&doctor.json) == AK_OK) ak_out_json(ak_buf_span(&doctor.json));
    return doctor.failures ? AK_CATEGORY_FAILURE : AK_CATEGORY_OK;
}
