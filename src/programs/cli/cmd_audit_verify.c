/* agentkeys audit verify: an export is checked by src/audit, which shares nothing with its writer. Offline.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "audit/audit.h"
#include "base/codec/hex.h"
#include "core/wire/msg_ledger.h"
#include "io/proc/arena_hooks.h"
#include "io/proc/random.h"
#include "programs/cli/commands.h"
#include "programs/cli/ledger.h"
#include "programs/command/args.h"
#include "programs/command/out.h"

enum { PROOF_JSON_MAX = 16 * 1024, REPORT_MAX = 4096 };
#define ARENA_CAP (UINT64_C(4) << 30)

struct verify {
    struct ak_cli *cli;
    struct ak_audit_options options;
    uint8_t key[32];
    uint8_t earlier[AK_AUDIT_NOTE_MAX];
    uint8_t proof[AK_MERKLE_PROOF_MAX * 32];
    struct ak_audit_receipt receipt;
    struct ak_audit audit;
    struct ak_audit_report report;
    const char *path; /* of the file read last */
};

/* ---- what to hold the file against ---- */

/* --key, else the key that was fixed at enrolment, else none. */
static int read_key(struct verify *verify)
{
    struct ak_cli *cli = verify->cli;
    bool known = false;
    const char *typed = ak_cli_value(cli, "key");
    if (typed) {
        if (ak_hex_decode_fixed(ak_span_str(typed), verify->key, 32) != AK_OK)
            return ak_cli_fail_usage(cli, "--key is not usable", "it is 64 lower-case hex digits");
        verify->options.ledger_key = verify->key;
        return 0;
    }
    const char *state = ak_conf_text(&cli->conf, AK_CLIENT_STATE_DIR);
    if (ak_profile_open(state, ak_conf_text(&cli->conf, AK_CLIENT_PROFILE), NULL, false, &cli->profile) !=
        AK_OK)
        return 0;
    int status = ak_cli_ledger_key(cli, verify->key, &known);
    if (known) verify->options.ledger_key = verify->key;
    return status;
}

static int read_earlier(struct verify *verify)
{
    const char *path = ak_cli_value(verify->cli, "checkpoint");
    struct ak_buf note = AK_BUF_ARR(verify->earlier);
    if (!path) return 0;
    if (ak_cli_read_file(path, &note) != AK_OK || note.len == 0)
        return ak_cli_fail_usage(verify->cli, "the earlier checkpoint cannot be read", path);
    verify->options.earlier = ak_buf_span(&note);
    return 0;
}

/* The worker's answer of GET /v1/ledger/proof/consistency. */
static int read_consistency(struct verify *verify)
{
    uint8_t json_memory[PROOF_JSON_MAX], body_memory[PROOF_JSON_MAX];
    struct ak_buf json = AK_BUF_ARR(json_memory), body = AK_BUF_ARR(body_memory);
    struct ak_msg_consistency_reply reply;
    struct ak_merkle_proof proof;
    struct ak_msg_fault fault;
    const char *path = ak_cli_value(verify->cli, "consistency");
    if (!path) return 0;
    bool good = ak_cli_read_file(path, &json) == AK_OK;
    const struct ak_msg_input input = {.json = ak_buf_span(&json)};
    good = good && ak_msg_from_json(&ak_consistency_reply_msg, &input, &body, &fault) == AK_OK &&
           ak_msg_decode(&ak_consistency_reply_msg, ak_buf_span(&body), &reply, NULL) == AK_OK &&
           ak_cli_read_proof(reply.proof, &proof) == AK_OK;
    if (!good) return ak_cli_fail_usage(verify->cli, "the consistency proof cannot be read", path);
    for (size_t i = 0; i < proof.count; i++) memcpy(verify->proof + 32 * i, proof.hashes[i], 32);
    verify->options.earlier_proof = ak_span(verify->proof, 32 * proof.count);
    return 0;
}

/* INDEX:LEAFHASH, as an answer's entry said it. */
static int read_receipt(struct verify *verify)
{
    char index[24];
    const char *reason = "", *typed = ak_cli_value(verify->cli, "receipt");
    const char *colon = typed ? strchr(typed, ':') : NULL;
    if (!typed) return 0;
    bool good = colon && (size_t)(colon - typed) < sizeof index;
    if (good) (void)snprintf(index, sizeof index, "%.*s", (int)(colon - typed), typed);
    good = good && ak_args_number(index, &verify->receipt.index, &reason) == AK_OK &&
           ak_hex_decode_fixed(ak_span_str(colon + 1), verify->receipt.leaf_hash, 32) == AK_OK;
    if (!good) return ak_cli_fail_usage(verify->cli, "--receipt is not usable", "it is INDEX:LEAFHASH");
    verify->options.receipt = &verify->receipt;
    return 0;
}

/* ---- reading ---- */

static enum ak_err feed(struct verify *verify, FILE *file)
{
    static char line[AK_AUDIT_LINE_MAX + 2];
    enum ak_err err = AK_OK;
    size_t len = 0;
    int c;
    while (!err && (c = getc(file)) != EOF) {
        line[len++] = (char)c;
        if (c != '\n' && len < sizeof line - 1) continue;
        err = ak_audit_line(&verify->audit, ak_span(line, len));
        len = 0;
    }
    if (!err && len) err = ak_audit_line(&verify->audit, ak_span(line, len));
    if (ferror(file)) return AK_E_IO;
    return err == AK_E_STATE ? AK_OK : err;
}

/* One file; *out_err AK_E_STATE: there is a finding, and the next ones would not change it. */
static int check_file(struct verify *verify, const char *path, enum ak_err *out_err)
{
    FILE *file = strcmp(path, "-") == 0 ? stdin : fopen(path, "re");
    verify->path = path;
    if (!file) {
        char problem[300];
        (void)snprintf(problem, sizeof problem, "the export cannot be read: %.200s", path);
        return ak_cli_fail(
            verify->cli, AK_CATEGORY_NOT_FOUND, problem, strerror(errno), "agentkeys audit export FILE");
    }
    *out_err = feed(verify, file);
    if (file != stdin) (void)fclose(file);
    return 0;
}

/* The files of one log, one after another; or the only one. */
static int check_files(struct verify *verify, enum ak_err *out_err)
{
    int status = 0;
    for (int i = 0; i < verify->cli->operand_count && !status && !*out_err; i++) {
        if (i > 0) *out_err = ak_audit_next_file(&verify->audit);
        if (!*out_err) status = check_file(verify, verify->cli->operands[i], out_err);
    }
    if (*out_err == AK_E_STATE) *out_err = AK_OK;
    return status;
}

static int check(struct verify *verify)
{
    struct ak_arena arena;
    enum ak_err err = AK_OK;
    ak_arena_init(&arena, ak_arena_hooks_mmap(), ARENA_CAP);
    ak_random_bytes(&verify->options.hash_seed, sizeof verify->options.hash_seed);
    verify->options.files = (size_t)verify->cli->operand_count;
    ak_audit_open(&verify->audit, &verify->options, &arena);
    int status = check_files(verify, &err);
    if (!status && !err) err = ak_audit_finish(&verify->audit, &verify->report);
    ak_arena_done(&arena);
    if (status || !err) return status;
    return ak_cli_fail(verify->cli, AK_CATEGORY_FAILURE, "no verdict is possible",
        err == AK_E_IO ? "the file cannot be read to its end" : "memory or the crypto library failed",
        "try again");
}

/* ---- saying it ---- */

static void put_number(struct ak_json_writer *w, const char *key, uint64_t number)
{
    ak_json_key(w, key);
    ak_json_put_u64(w, number);
}

static void put_text(struct ak_json_writer *w, const char *key, const char *text)
{
    ak_json_key(w, key);
    ak_json_put_string(w, ak_span_str(text));
}

static void print_json(const struct verify *verify)
{
    const struct ak_audit_report *report = &verify->report;
    static const char *const trusts[] = {"believed", "by_earlier", "pinned"};
    static const char *const checks[] = {"not_asked", "checked", "not_checked", "does_not_hold"};
    uint8_t memory[REPORT_MAX];
    struct ak_buf json = AK_BUF_ARR(memory);
    struct ak_json_writer w = ak_json_writer(&json);
    ak_json_open_object(&w);
    ak_json_key(&w, "ok");
    ak_json_put_bool(&w, report->ok);
    put_text(&w, "kind", ak_audit_kind_name(report));
    put_number(&w, "from", report->from);
    put_number(&w, "entries", report->entries);
    put_number(&w, "size", report->size);
    ak_json_key(&w, "root_hash");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(report->root));
    ak_json_key(&w, "ledger_key");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(report->ledger_key));
    put_text(&w, "key", trusts[report->key]);
    put_text(&w, "earlier_checkpoint", checks[report->earlier]);
    put_text(&w, "receipt", checks[report->receipt]);
    if (report->finding.fault) {
        put_text(&w, "fault", ak_audit_fault_name(report->finding.fault));
        put_text(&w, "why", report->finding.text);
        put_number(&w, "line", report->finding.line);
        if (verify->cli->operand_count > 1) put_text(&w, "file", verify->path);
        if (report->finding.has_index) put_number(&w, "index", report->finding.index);
    }
    ak_json_close_object(&w);
    if (ak_buf_check(&json) == AK_OK) ak_out_json(ak_buf_span(&json));
}

static void print_people(const struct ak_audit_report *report)
{
    char memory[REPORT_MAX];
    struct ak_buf text = AK_BUF_ARR(memory);
    ak_audit_report_put(&text, report);
    if (ak_buf_check(&text) == AK_OK) (void)fwrite(memory, 1, text.len, stdout);
}

static int fail(struct verify *verify)
{
    char problem[400], cause[256];
    bool many = verify->cli->operand_count > 1;
    const struct ak_audit_finding *finding = &verify->report.finding;
    (void)snprintf(problem, sizeof problem, "the ledger is not sound: %s%s%.200s",
        ak_audit_fault_name(finding->fault), many ? " in " : "", many ? verify->path : "");
    if (finding->has_index)
        (void)snprintf(cause, sizeof cause, "entry %llu (line %llu): %s", (unsigned long long)finding->index,
            (unsigned long long)finding->line, finding->text);
    else
        (void)snprintf(
            cause, sizeof cause, "line %llu: %s", (unsigned long long)finding->line, finding->text);
    (void)fprintf(stderr, "%s: %s\n  cause: %s\n  next:  keep the file, export again, and compare\n",
        verify->cli->program->name, problem, cause);
    return AK_CATEGORY_FAILURE;
}

/* An account's part alone cannot show that the log only grew. */
static int ask_for_consistency(struct verify *verify)
{
    char next[256];
    (void)snprintf(next, sizeof next,
        "curl WORKER/v1/ledger/proof/consistency?from=EARLIER-SIZE\\&to=%llu > FILE, then --consistency FILE",
        (unsigned long long)verify->report.size);
    (void)fprintf(stderr,
        "%s: not held against the earlier checkpoint\n  cause: an account's part needs the consistency proof "
        "for that\n  next:  %s\n",
        verify->cli->program->name, next);
    return AK_CATEGORY_FAILURE;
}

int ak_cmd_audit_verify(struct ak_cli *cli)
{
    static struct verify verify;
    verify.cli = cli;
    int status = read_key(&verify);
    if (!status) status = read_earlier(&verify);
    if (!status) status = read_consistency(&verify);
    if (!status) status = read_receipt(&verify);
    if (!status) status = check(&verify);
    if (status) return status;
    if (cli->json)
        print_json(&verify);
    else
        print_people(&verify.report);
    (void)fflush(stdout);
    if (!verify.report.ok) return fail(&verify);
    return verify.report.earlier == AK_AUDIT_NOT_CHECKED ? ask_for_consistency(&verify) : 0;
}
