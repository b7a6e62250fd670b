/* agentkeys attest: the worker's evidence on a connection of its own. agentkeys attest verify: evidence of a
 * file is held against a policy, without the worker and without a network. */
#include <stdio.h>
#include <string.h>

#include "core/attest/attest.h"
#include "core/evm/rfc3339.h"
#include "io/proc/clock.h"
#include "programs/cli/commands.h"
#include "programs/command/args.h"
#include "programs/command/evidence.h"
#include "programs/command/out.h"

enum { FILES_MAX = 3 * 1024 * 1024, FILE_MAX = 1024 * 1024, TEXT_MAX = 64 * 1024 };

/* The option that names the file of each part; the evidence is the operand. */
static const char *const part_options[AK_ATTEST_PART_COUNT] = {
    [AK_ATTEST_PART_LEAF] = "certificate",
    [AK_ATTEST_PART_CHAIN] = "chain",
    [AK_ATTEST_PART_SIGNATURE] = "signature",
    [AK_ATTEST_PART_AK_PUBLIC] = "ak-public",
    [AK_ATTEST_PART_PCRS] = "pcrs",
    [AK_ATTEST_PART_TCB_INFO] = "tcb-info",
    [AK_ATTEST_PART_QE_IDENTITY] = "qe-identity",
    [AK_ATTEST_PART_TCB_CHAIN] = "tcb-chain",
    [AK_ATTEST_PART_PCK_CRL] = "pck-crl",
    [AK_ATTEST_PART_ROOT_CRL] = "root-crl",
};

static int read_kind(struct ak_cli *cli, enum ak_attest_kind *out_kind)
{
    const char *typed = ak_cli_value(cli, "kind");
    if (typed && ak_attest_kind_parse(ak_span_str(typed), out_kind) == AK_OK) return 0;
    return ak_cli_fail_usage(cli, typed ? "--kind is not known" : "the kind of the evidence is missing",
        "--kind is snp, nitro, tdx, sgx, tpm or tpm-certify");
}

/* --at as RFC 3339 or seconds since 1970; now where it is not given. */
static int read_time(struct ak_cli *cli, uint64_t *out_s)
{
    const char *typed = ak_cli_value(cli, "at"), *reason = "";
    uint64_t ms = ak_clock_wall_ms();
    *out_s = ms / 1000;
    if (!typed || ak_args_number(typed, out_s, &reason) == AK_OK) return 0;
    if (ak_rfc3339_parse(ak_span_str(typed), &ms) != AK_OK)
        return ak_cli_fail_usage(
            cli, "--at is not usable", "it is a time such as 2026-01-31T12:00:00Z, or seconds since 1970");
    *out_s = ms / 1000;
    return 0;
}

/* Appends a file of at most `max` bytes; the part is a view of it. */
static int read_file(
    struct ak_cli *cli, const char *path, size_t max, struct ak_buf *memory, struct ak_span *out_part)
{
    size_t room = memory->cap - memory->len;
    struct ak_buf file = ak_buf(memory->ptr + memory->len, room < max ? room : max);
    enum ak_err err = ak_cli_read_file(path, &file);
    if (err == AK_E_LIMIT) return ak_cli_fail_usage(cli, "a file is too long", path);
    if (err)
        return ak_cli_fail(
            cli, AK_CATEGORY_NOT_FOUND, "a file cannot be read", path, "agentkeys attest verify --help");
    memory->len += file.len;
    *out_part = ak_buf_span(&file);
    return 0;
}

static int read_parts(struct ak_cli *cli, struct ak_buf *memory, struct ak_attest_input *input)
{
    int status = read_file(cli, cli->operands[0], FILE_MAX, memory, &input->parts[AK_ATTEST_PART_EVIDENCE]);
    for (size_t i = 0; !status && i < AK_ATTEST_PART_COUNT; i++) {
        const char *path = part_options[i] ? ak_cli_value(cli, part_options[i]) : NULL;
        if (path) status = read_file(cli, path, FILE_MAX, memory, &input->parts[i]);
    }
    return status;
}

/* Without a file the empty policy, which refuses everything and so says what there is to decide. */
static int read_policy(struct ak_cli *cli, struct ak_buf *memory, struct ak_attest_policy *policy)
{
    const char *path = ak_cli_value(cli, "policy");
    struct ak_span json = AK_SPAN_LIT("{}");
    struct ak_attest_policy_fault fault;
    char cause[192];
    int status = path ? read_file(cli, path, AK_ATTEST_POLICY_MAX, memory, &json) : 0;
    if (status || ak_attest_policy_parse(json, policy, &fault) == AK_OK) return status;
    (void)snprintf(cause, sizeof cause, "%s%s%s", fault.member, fault.member[0] ? " " : "it ", fault.reason);
    return ak_cli_fail_usage(cli, "the policy is not usable", cause);
}

/* JSON or text as it is; the exit status. */
static int put_verdict(struct ak_cli *cli, const struct ak_buf *out, bool accepted)
{
    if (ak_buf_check(out) != AK_OK)
        return ak_cli_fail(
            cli, AK_CATEGORY_FAILURE, "the verdict cannot be printed", "it is too long", "try again");
    if (cli->json)
        ak_out_json(ak_buf_span(out));
    else
        (void)fwrite(out->ptr, 1, out->len, stdout);
    return accepted ? AK_CATEGORY_OK : AK_CATEGORY_DENIED;
}

static int print(struct ak_cli *cli, const struct ak_attest_verdict *verdict)
{
    static uint8_t text[TEXT_MAX];
    struct ak_buf out = AK_BUF_ARR(text);
    if (cli->json)
        ak_attest_verdict_put_json(&out, verdict);
    else
        ak_attest_verdict_put_text(&out, verdict);
    return put_verdict(cli, &out, verdict->accepted);
}

int ak_cmd_attest_verify(struct ak_cli *cli)
{
    static uint8_t files[FILES_MAX];
    static struct ak_attest_policy policy;
    static struct ak_attest_verdict verdict;
    struct ak_attest_input input = {.policy = &policy};
    struct ak_buf memory = AK_BUF_ARR(files);
    int status = read_kind(cli, &input.kind);
    if (!status) status = read_time(cli, &input.at_s);
    if (!status) status = read_policy(cli, &memory, &policy);
    if (!status) status = read_parts(cli, &memory, &input);
    if (status) return status;
    enum ak_err err = ak_attest_verify(&input, &verdict);
    if (err == AK_E_UNSUPPORTED)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "no verdict is possible",
            "this version does not verify this kind", "agentkeys attest verify --help");
    if (err)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "no verdict is possible",
            "memory or the crypto library failed", "try again");
    return print(cli, &verdict);
}

/* ---- the worker's own ---- */

static int print_channel(struct ak_cli *cli, const struct ak_channel_verdict *verdict)
{
    static uint8_t text[TEXT_MAX];
    struct ak_buf out = AK_BUF_ARR(text);
    if (cli->json)
        ak_channel_put_json(&out, verdict, ak_channel_cap_names);
    else
        ak_channel_put_text(&out, verdict, ak_channel_cap_names);
    return put_verdict(cli, &out, verdict->accepted);
}

int ak_cmd_attest(struct ak_cli *cli)
{
    if (!ak_cli_wants_evidence(cli))
        return ak_cli_fail_usage(
            cli, "this profile demands no evidence", "evidence = none: say --evidence required");
    int status = ak_cli_open_target(cli);
    if (!status) status = ak_cli_open_device(cli, NULL);
    if (!status && ak_cli_has(cli, "enrol")) status = ak_cli_forget_evidence(cli);
    if (!status) status = ak_cli_open_client(cli, true);
    if (status) return status;
    enum ak_err err = ak_client_attest(&cli->client, &cli->error);
    const struct ak_client_evidence *evidence = cli->client.evidence;
    bool judged = !err || (err == AK_E_AUTH && evidence->verdict.failed != 0);
    if (!judged) return ak_cli_fail_call(cli, "asking the worker for evidence");
    return print_channel(cli, &evidence->verdict);
}
