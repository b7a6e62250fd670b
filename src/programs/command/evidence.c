/* Loading and fixing what a profile demands of its worker's evidence. */
#include "programs/command/evidence.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/codec/hex.h"
#include "base/reader.h"

#define POLICY_FILE  "evidence.json"
#define CONFIG_FILE  "config.pin"
#define LEDGER_FILE  "ledger.pin"
#define COUNTER_FILE "counter.pin"

enum { TEXT_MAX = 8 * 1024 };

bool ak_cli_wants_evidence(const struct ak_cli *cli)
{
    return ak_conf_choice(&cli->conf, AK_CLIENT_EVIDENCE) != 0;
}

static int fail_kept(struct ak_cli *cli, enum ak_err err, const char *name)
{
    char problem[96];
    (void)snprintf(problem, sizeof problem, "the kept %s cannot be used", name);
    return ak_cli_fail_state(cli, err, problem);
}

/* ---- what was fixed ---- */

static enum ak_err read_hex(
    const struct ak_cli *cli, const char *name, uint8_t *out, size_t len, bool *out_known)
{
    uint8_t text[2 * AK_CHANNEL_LEDGER_LEN + 1];
    size_t text_len = 0;
    enum ak_err err = ak_profile_read(&cli->profile, name, text, sizeof text, &text_len);
    *out_known = false;
    if (err == AK_E_NOT_FOUND) return AK_OK;
    if (!err) err = ak_hex_decode_fixed(ak_span(text, text_len), out, len);
    *out_known = err == AK_OK;
    return err;
}

static enum ak_err read_policy(const struct ak_cli *cli, struct ak_client_evidence *evidence, bool *out_known)
{
    struct ak_attest_policy_fault fault;
    size_t len = 0;
    enum ak_err err =
        ak_profile_read(&cli->profile, POLICY_FILE, evidence->learnt, sizeof evidence->learnt, &len);
    *out_known = false;
    if (err == AK_E_NOT_FOUND) return AK_OK;
    if (!err) err = ak_attest_policy_parse(ak_span(evidence->learnt, len), &evidence->policy, &fault);
    *out_known = err == AK_OK;
    return err;
}

static enum ak_err read_counter(const struct ak_cli *cli, uint64_t *out_counter)
{
    uint8_t bytes[8] = {0};
    bool known = false;
    enum ak_err err = read_hex(cli, COUNTER_FILE, bytes, sizeof bytes, &known);
    struct ak_reader reader = ak_reader(AK_SPAN_ARR(bytes));
    *out_counter = ak_reader_u64(&reader);
    return err;
}

/* *out_known: nothing is left to be fixed. A policy may have been put there by hand before the first meeting.
 * Without a profile (a doctor on a new machine) nothing was fixed. */
static int load(struct ak_cli *cli, struct ak_client_evidence *evidence, bool *out_known)
{
    bool has_policy = false;
    uint64_t counter = 0;
    *out_known = false;
    evidence->learn = true;
    if (cli->profile.dir_fd < 0) return 0;
    enum ak_err err = read_policy(cli, evidence, &has_policy);
    if (err) return fail_kept(cli, err, POLICY_FILE);
    err = read_hex(cli, CONFIG_FILE, evidence->config, sizeof evidence->config, &evidence->has_config);
    if (err) return fail_kept(cli, err, CONFIG_FILE);
    err = read_hex(cli, LEDGER_FILE, evidence->ledger, sizeof evidence->ledger, &evidence->has_ledger);
    if (err) return fail_kept(cli, err, LEDGER_FILE);
    err = read_counter(cli, &counter);
    if (err) return fail_kept(cli, err, COUNTER_FILE);
    if (has_policy && counter > 0) (void)ak_client_evidence_floor(evidence, counter);
    evidence->learn = !has_policy;
    *out_known = has_policy && evidence->has_config && evidence->has_ledger;
    return 0;
}

/* ---- the first meeting ---- */

static enum ak_err write_hex(struct ak_cli *cli, const char *name, struct ak_span bytes)
{
    uint8_t text[2 * AK_CHANNEL_LEDGER_LEN];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_hex_encode(&buf, bytes);
    AK_TRY(ak_buf_check(&buf));
    return ak_profile_write(&cli->profile, name, ak_buf_span(&buf));
}

/* Another process may have seen a later one. What cannot be kept is told, and costs only that an older worker
 * would be taken once more. */
static void keep_counter(void *ctx, uint64_t counter)
{
    struct ak_cli *cli = ctx;
    uint8_t bytes[8];
    struct ak_buf buf = AK_BUF_ARR(bytes);
    uint64_t kept = 0;
    ak_buf_put_u64(&buf, counter);
    if (cli->profile.dir_fd < 0) return;
    if (read_counter(cli, &kept) == AK_OK && kept >= counter) return;
    if (write_hex(cli, COUNTER_FILE, AK_SPAN_ARR(bytes)) != AK_OK)
        (void)fprintf(stderr, "warning: the worker's counter cannot be kept in %.200s\n", cli->profile.path);
}

/* The policy last: with it the profile demands evidence for ever. */
static int keep(struct ak_cli *cli, struct ak_client_evidence *evidence)
{
    const struct ak_channel_claims *claims = &evidence->verdict.claims;
    memcpy(evidence->config, claims->config, sizeof evidence->config);
    memcpy(evidence->ledger, claims->ledger, sizeof evidence->ledger);
    enum ak_err err = write_hex(cli, CONFIG_FILE, AK_SPAN_ARR(evidence->config));
    if (!err && !evidence->has_ledger) err = write_hex(cli, LEDGER_FILE, AK_SPAN_ARR(evidence->ledger));
    if (!err && evidence->learn)
        err = ak_profile_write(&cli->profile, POLICY_FILE, ak_span(evidence->learnt, evidence->learnt_len));
    if (err) return ak_cli_fail_state(cli, err, "what was fixed cannot be kept");
    evidence->has_config = evidence->has_ledger = true;
    evidence->learn = false;
    return 0;
}

static int meet(struct ak_cli *cli)
{
    static uint8_t text[TEXT_MAX];
    struct ak_client_evidence *evidence = cli->client.evidence;
    struct ak_buf out = AK_BUF_ARR(text);
    bool accepted = ak_client_attest(&cli->client, &cli->error) == AK_OK;
    if (accepted || evidence->verdict.failed) {
        ak_channel_put_text(&out, &evidence->verdict, ak_channel_cap_names);
        (void)fprintf(stderr, "First evidence of %.80s:\n", cli->target.origin);
        (void)fwrite(text, 1, out.len, stderr);
    }
    if (!accepted) return ak_cli_fail_call(cli, "asking the worker for evidence");
    int status = ak_cli_confirm(cli, "Are attestation key, registers, config and ledger key what the "
                                     "worker's operator told you, by another "
                                     "way");
    return status ? status : keep(cli, evidence);
}

/* ---- demanding ---- */

/* Without evidence: fine, unless this profile had it once. */
static int go_without(struct ak_cli *cli)
{
    if (cli->profile.dir_fd < 0) return 0; /* nor a profile */
    struct ak_client_evidence *evidence = calloc(1, sizeof *evidence);
    bool had = false;
    enum ak_err err = evidence ? read_policy(cli, evidence, &had) : AK_E_FULL;
    free(evidence);
    if (!err && !had) return 0;
    if (err) return fail_kept(cli, err, POLICY_FILE);
    return ak_cli_fail(cli, AK_CATEGORY_AUTH, "this profile demands evidence",
        "it was enrolled with evidence = required, and that is not taken back",
        "set evidence = required; for a worker without evidence use another --profile");
}

static int demand(struct ak_cli *cli, struct ak_client *client, struct ak_client_evidence *evidence)
{
    if (ak_client_demand(client, evidence) == AK_OK) return 0;
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "evidence cannot be asked for",
        "the HTTP library has no OpenSSL, or there is no TLS", "agentkeys doctor");
}

int ak_cli_demand_evidence(struct ak_cli *cli, bool enrol)
{
    bool known = false;
    if (!ak_cli_wants_evidence(cli)) return go_without(cli);
    struct ak_client_evidence *evidence = calloc(1, sizeof *evidence);
    if (!evidence) return ak_cli_fail_state(cli, AK_E_FULL, "evidence cannot be asked for");
    evidence->rose = keep_counter;
    evidence->ctx = cli;
    int status = load(cli, evidence, &known);
    if (status) {
        free(evidence);
        return status;
    }
    status = demand(cli, &cli->client, evidence);
    if (status || known) return status;
    if (enrol) return meet(cli);
    return ak_cli_fail(cli, AK_CATEGORY_AUTH, "this worker's evidence was never compared",
        "evidence = required, and nothing is fixed yet to hold it to", "agentkeys attest");
}

int ak_cli_demand_same(struct ak_cli *cli, struct ak_client *client)
{
    if (!cli->client.evidence) return 0;
    struct ak_client_evidence *copy = ak_client_demand_copy(&cli->client);
    if (!copy) return ak_cli_fail_state(cli, AK_E_FULL, "evidence cannot be asked for");
    return demand(cli, client, copy);
}

int ak_cli_forget_evidence(struct ak_cli *cli)
{
    enum ak_err err = ak_profile_erase(&cli->profile, POLICY_FILE);
    if (!err) err = ak_profile_erase(&cli->profile, CONFIG_FILE);
    if (!err) err = ak_profile_erase(&cli->profile, COUNTER_FILE);
    return err ? ak_cli_fail_state(cli, err, "what was fixed cannot be forgotten") : 0;
}

int ak_cli_attested_delivery_key(struct ak_cli *cli, uint8_t out_key[32])
{
    if (ak_client_ensure(&cli->client, &cli->error) != AK_OK)
        return ak_cli_fail_call(cli, "asking for the worker's delivery key");
    memcpy(out_key, cli->client.evidence->verdict.claims.delivery_key, 32);
    return 0;
}
