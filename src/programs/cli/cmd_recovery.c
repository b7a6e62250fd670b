/* agentkeys recovery share: a holder opens the share that is theirs and seals it to a restoring worker, after
 * having seen what for. Offline; the share is in memory only, and wiped. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "core/attest/channel.h"
#include "core/recovery/request.h"
#include "io/proc/clock.h"
#include "io/proc/random.h"
#include "io/recovery/cms.h"
#include "programs/cli/commands.h"
#include "programs/command/out.h"
#include "programs/command/vault.h"

struct handing {
    struct ak_cli *cli;
    uint8_t request_bytes[AK_RECOVERY_REQUEST_MAX + 1];
    struct ak_recovery_request request;
    uint8_t fingerprint[32];
    uint8_t plain[AK_SHARE_LEN_MAX]; /* secret */
    size_t plain_len;
    struct ak_share share; /* secret */
};

static int read_option(struct handing *handing, const char *name, struct ak_buf *out)
{
    char problem[48];
    const char *path = ak_cli_value(handing->cli, name);
    (void)snprintf(problem, sizeof problem, "--%s %s", name, path ? "cannot be read" : "is missing");
    if (!path || ak_cli_read_file(path, out) != AK_OK || out->len == 0)
        return ak_cli_fail_usage(handing->cli, problem, path ? path : "see --help");
    return 0;
}

static int read_request(struct handing *handing)
{
    struct ak_buf buf = AK_BUF_ARR(handing->request_bytes);
    int status = read_option(handing, "for", &buf);
    if (status) return status;
    enum ak_err err = ak_recovery_request_parse(ak_buf_span(&buf), &handing->request);
    if (!err) err = ak_recovery_fingerprint(&handing->request, handing->fingerprint);
    if (err == AK_E_UNSUPPORTED)
        return ak_cli_fail_usage(handing->cli, "--for is a request of a later version", "use that version");
    return err ? ak_cli_fail_usage(handing->cli, "--for is no request",
                     "it is what agentkeys-worker restore --request wrote")
               : 0;
}

/* ---- the share ---- */

/* Asked for where the key has one and there is a person. */
static int read_passphrase(struct handing *handing, struct ak_span key, struct ak_value *out)
{
    out->len = 0;
    bool locked = memmem(key.ptr, key.len, "ENCRYPTED", 9) != NULL;
    if (!locked) return 0;
    if (!isatty(STDIN_FILENO))
        return ak_cli_fail_usage(handing->cli, "the key has a passphrase",
            "it is asked for on a terminal; or give the key on standard input: openssl pkey -in KEY.pem |");
    enum ak_err err = ak_secret_prompt(STDIN_FILENO, "passphrase of the key: ", out);
    (void)fputs("\n", stderr);
    return err ? ak_cli_fail_usage(handing->cli, "no passphrase was read", "try again") : 0;
}

static int fail_open(struct handing *handing, enum ak_err err)
{
    if (err == AK_E_MEANING)
        return ak_cli_fail_usage(
            handing->cli, "--key does not open", "it is no private key in PEM, or the passphrase is wrong");
    if (err == AK_E_AUTH)
        return ak_cli_fail(handing->cli, AK_CATEGORY_USAGE, "the share does not open with this key",
            "it is another holder's share, or was altered",
            "openssl cms -cmsout -print -inform DER -in SHARE");
    return ak_cli_fail_usage(handing->cli, "--open is no share", "it is a file that init wrote for a holder");
}

static int parse_share(struct handing *handing)
{
    enum ak_err err = ak_share_parse(ak_span(handing->plain, handing->plain_len), &handing->share);
    if (err == AK_OK) return 0;
    const char *cause = err == AK_E_MEANING ? "it is a zero share, which says nothing of any key"
                        : err == AK_E_AUTH  ? "it is not what its set committed to"
                                            : "what is in it is no share that this version reads";
    return ak_cli_fail(handing->cli, AK_CATEGORY_USAGE, "the share is not usable", cause,
        "tell the worker's operator, who may have another holder's");
}

static int open_share(struct handing *handing, struct ak_value *passphrase)
{
    static uint8_t cms[AK_CMS_LEN_MAX], key[AK_CMS_LEN_MAX];
    struct ak_buf cms_buf = AK_BUF_ARR(cms), key_buf = AK_BUF_ARR(key), plain = AK_BUF_ARR(handing->plain);
    int status = read_option(handing, "open", &cms_buf);
    if (!status) status = read_option(handing, "key", &key_buf);
    if (!status) status = read_passphrase(handing, ak_buf_span(&key_buf), passphrase);
    enum ak_err err = AK_OK;
    if (!status)
        err = ak_cms_open(ak_buf_span(&cms_buf), ak_buf_span(&key_buf),
            ak_span(passphrase->bytes, passphrase->len), &plain);
    ak_wipe(key, sizeof key);
    handing->plain_len = plain.len;
    if (status) return status;
    return err ? fail_open(handing, err) : parse_share(handing);
}

/* ---- what it is for ---- */

/* The quote, held to --policy with the request as its nonce. */
static enum ak_err judge(
    struct handing *handing, const struct ak_attest_policy *policy, struct ak_attest_verdict *out_verdict)
{
    struct ak_attest_policy bound = *policy;
    struct ak_channel_tpm2 parts;
    uint8_t report_data[64];
    struct ak_attest_input input = {
        .kind = AK_ATTEST_TPM, .at_s = ak_clock_wall_ms() / 1000, .policy = &bound};
    AK_TRY(ak_channel_tpm2_parse(handing->request.evidence, &parts));
    ak_recovery_report_data(handing->fingerprint, report_data);
    bound.without_freshness = false;
    bound.nonce = (struct ak_attest_data){.given = true, .len = AK_SHA256_LEN};
    ak_sha256(AK_SPAN_ARR(report_data), bound.nonce.bytes);
    input.parts[AK_ATTEST_PART_EVIDENCE] = parts.quote;
    input.parts[AK_ATTEST_PART_SIGNATURE] = parts.quote_signature;
    input.parts[AK_ATTEST_PART_AK_PUBLIC] = parts.ak_public;
    input.parts[AK_ATTEST_PART_PCRS] = parts.pcrs;
    return ak_attest_verify(&input, out_verdict);
}

static int show_verdict(struct handing *handing, struct ak_span json)
{
    static struct ak_attest_policy policy;
    static struct ak_attest_verdict verdict;
    static uint8_t text[16 * 1024];
    struct ak_attest_policy_fault fault;
    struct ak_buf buf = AK_BUF_ARR(text);
    if (ak_attest_policy_parse(json, &policy, &fault) != AK_OK)
        return ak_cli_fail_usage(handing->cli, "--policy is not usable", "see docs/formats/attest-policy.md");
    if (judge(handing, &policy, &verdict) != AK_OK)
        return ak_cli_fail_usage(
            handing->cli, "the request's evidence does not read", "ask for another request");
    ak_attest_verdict_put_text(&buf, &verdict);
    (void)fwrite(text, 1, buf.len, stderr);
    if (verdict.accepted) return 0;
    return ak_cli_fail(handing->cli, AK_CATEGORY_DENIED, "the restoring machine's evidence is refused",
        "it is not one that the policy takes, or the request was altered", "do not hand the share over");
}

/* Without a policy there is nothing to hold it to, and that is said. */
static int show_evidence(struct handing *handing)
{
    static uint8_t json[AK_RECOVERY_EVIDENCE_MAX * 2];
    struct ak_buf policy = AK_BUF_ARR(json);
    bool wanted = ak_cli_value(handing->cli, "policy") != NULL;
    if (handing->request.evidence.len == 0) {
        (void)fprintf(stderr, "evidence:     none: nothing proves which machine and program asks\n");
        return wanted ? ak_cli_fail(handing->cli, AK_CATEGORY_DENIED, "the request has no evidence",
                            "--policy demands it", "do not hand the share over")
                      : 0;
    }
    if (!wanted) (void)fprintf(stderr, "evidence:     there, but not judged: give --policy FILE\n");
    int status = wanted ? read_option(handing, "policy", &policy) : 0;
    return status || !wanted ? status : show_verdict(handing, ak_buf_span(&policy));
}

static void show_request(const struct handing *handing)
{
    char time[AK_OUT_TIME_LEN];
    uint8_t memory[128];
    const struct ak_share *share = &handing->share;
    struct ak_span holder = ak_share_holder(share);
    struct ak_buf hex = AK_BUF_ARR(memory);
    ak_hex_encode(&hex, AK_SPAN_ARR(share->set.worker_id));
    (void)fprintf(stderr, "share:        %u of %u, %u are needed; holder %.*s\nworker:       %.*s\n",
        share->x, share->set.n, share->set.m, (int)holder.len, (const char *)holder.ptr, (int)hex.len,
        (const char *)memory);
    hex.len = 0;
    ak_hex_encode(&hex, AK_SPAN_ARR(handing->fingerprint));
    ak_out_time(handing->request.time_ms / 1000, time);
    (void)fprintf(stderr, "request:      of %s, on a worker with TEE %.*s\nfingerprint:  %.*s\n", time,
        (int)handing->request.backend.len, (const char *)handing->request.backend.ptr, (int)hex.len,
        (const char *)memory);
}

/* ---- the reply ---- */

static int write_reply(struct handing *handing)
{
    static uint8_t bytes[AK_RECOVERY_REPLY_MAX];
    struct ak_buf reply = AK_BUF_ARR(bytes);
    const char *path = ak_cli_value(handing->cli, "out");
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ephemeral;
    ak_random_bytes(&ephemeral, sizeof ephemeral);
    if (ak_recovery_reply_make(
            &handing->request, &ephemeral, ak_span(handing->plain, handing->plain_len), &reply) != AK_OK)
        return ak_cli_fail_usage(handing->cli, "nothing can be sealed to this request", "its key is none");
    FILE *file = fopen(path, "wbxe");
    bool good = file && fwrite(bytes, 1, reply.len, file) == reply.len;
    if (file && fclose(file) != 0) good = false;
    return good ? 0 : ak_cli_fail_usage(handing->cli, "--out cannot be written, or is there already", path);
}

static int hand_over(struct handing *handing, struct ak_value *passphrase)
{
    const char *out = ak_cli_value(handing->cli, "out");
    if (!out)
        return ak_cli_fail_usage(handing->cli, "--out is missing", "the file that goes back to the worker");
    int status = read_request(handing);
    if (!status) status = open_share(handing, passphrase);
    if (status) return status;
    show_request(handing);
    status = show_evidence(handing);
    if (!status)
        status =
            ak_cli_confirm(handing->cli, "Is this the fingerprint that the operator told you, and do you "
                                         "want this worker to be restored there?");
    if (!status) status = write_reply(handing);
    if (!status) ak_out_line("reply in %s: send it to whoever restores; it opens there alone", out);
    return status;
}

int ak_cmd_recovery_share(struct ak_cli *cli)
{
    static struct handing handing;
    struct ak_value *passphrase = ak_value_new();
    if (!passphrase) return ak_cli_fail_usage(cli, "no memory", "");
    (void)mlock(&handing, sizeof handing);
    handing = (struct handing){.cli = cli};
    int status = hand_over(&handing, passphrase);
    ak_wipe(&handing, sizeof handing);
    ak_value_free(passphrase);
    return status;
}
