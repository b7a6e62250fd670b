/* agentkeys audit export: this account's part of the ledger with proofs, so that it can be checked without
 * the worker. One checkpoint for all; entries behind it are left out. spec: docs/formats/ledger.md, Export */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "core/ledger/export.h"
#include "programs/cli/audit.h"
#include "programs/cli/commands.h"
#include "programs/cli/ledger.h"
#include "programs/command/out.h"

struct export
{
    struct ak_cli *cli;
    struct ak_cli_checkpoint checkpoint;
    FILE *file;
    uint64_t count, from;
    struct ak_client side; /* for single proofs, while a page is being read */
};

/* Who stopped reading knows. What is said here of standard output is not said again at the program's end. */
static int fail_write(const struct export *export, int why)
{
    if (why == EPIPE) return AK_CATEGORY_FAILURE;
    clearerr(stdout);
    return ak_cli_fail(export->cli, AK_CATEGORY_FAILURE, "the export cannot be written", strerror(why),
        why == ENOSPC || why == EDQUOT ? "df -h ." : "a file in a folder that is yours");
}

static int put_line(struct export *export, struct ak_buf *line)
{
    bool good = ak_buf_check(line) == AK_OK && fwrite(line->ptr, 1, line->len, export->file) == line->len;
    line->len = 0;
    return good ? 0 : fail_write(export, errno);
}

static int bad_proof(struct export *export)
{
    return ak_cli_fail(export->cli, AK_CATEGORY_FAILURE, "an entry's proof does not hold",
        "it does not lead to the signed root", "agentkeys up --verify-all");
}

static int put_entry(
    struct export *export, const struct ak_msg_audit_item *item, const struct ak_merkle_proof *proof)
{
    static uint8_t memory[AK_EXPORT_LINE_MAX];
    struct ak_buf line = AK_BUF_ARR(memory);
    const struct ak_checkpoint *checkpoint = &export->checkpoint.checkpoint;
    uint8_t leaf[32];
    ak_merkle_leaf(item->entry, leaf);
    if (ak_merkle_verify_inclusion(leaf, item->index, checkpoint->size, proof, checkpoint->root) != AK_OK)
        return bad_proof(export);
    ak_export_put_entry(&line, item->index, item->entry, leaf, proof);
    export->count++;
    return put_line(export, &line);
}

static bool same_checkpoint(const struct export *export, struct ak_span note)
{
    return ak_span_eq(note, ak_span(export->checkpoint.note, export->checkpoint.note_len));
}

/* The proof for our checkpoint, by itself. */
static int fetch_proof(struct export *export, uint64_t index, struct ak_merkle_proof *out_proof)
{
    struct ak_cli *cli = export->cli;
    struct ak_msg_inclusion_request request = {.index = index,
        .size = export->checkpoint.checkpoint.size,
        .present = 1u << AK_INCLUSION_REQUEST_SIZE};
    struct ak_msg_inclusion_reply reply;
    int status = export->side.fetch.curl ? 0 : ak_cli_open_another(cli, &export->side);
    if (status) return status;
    if (ak_client_call(&export->side, AK_CALL_INCLUSION, &request, &reply, &cli->error) != AK_OK)
        return ak_cli_fail_call(cli, "getting a proof");
    return ak_cli_read_proof(reply.proof, out_proof) == AK_OK ? 0 : bad_proof(export);
}

/* Pages are proved under the newest checkpoint, which may have moved on since ours. */
static int on_item(void *ctx, const struct ak_msg_audit_item *item, const struct ak_msg_audit_reply *page)
{
    struct export *export = ctx;
    struct ak_merkle_proof proof;
    if (item->index >= export->checkpoint.checkpoint.size) return 0;
    if (!same_checkpoint(export, page->checkpoint)) {
        int status = fetch_proof(export, item->index, &proof);
        if (status) return status;
    } else if (ak_cli_read_proof(item->proof, &proof) != AK_OK) {
        return bad_proof(export);
    }
    return put_entry(export, item, &proof);
}

/* `from`: entries before are archived; the header says so, as the part cannot begin with the first one. */
static int put_header(struct export *export, uint64_t from)
{
    static uint8_t memory[AK_EXPORT_LINE_MAX];
    struct ak_buf line = AK_BUF_ARR(memory);
    struct ak_export_header header = {.anchor = export->cli->saved.anchor,
        .checkpoint = ak_span(export->checkpoint.note, export->checkpoint.note_len),
        .from = from};
    memcpy(header.log_id, export->checkpoint.checkpoint.log_id, sizeof header.log_id);
    memcpy(header.ledger_pub, export->checkpoint.key, sizeof header.ledger_pub);
    ak_export_put_header(&line, &header);
    return put_line(export, &line);
}

/* Nothing but where the kept entries begin. */
static int ask_archived(struct export *export)
{
    struct ak_msg_audit_request request = {
        .limit = 1, .present = 1u << AK_AUDIT_REQUEST_SINCE | 1u << AK_AUDIT_REQUEST_LIMIT};
    struct ak_msg_audit_reply reply;
    int status = ak_cli_call(export->cli, AK_CALL_AUDIT, &request, &reply, "reading the ledger");
    if (!status && ak_msg_has(&reply, AK_AUDIT_REPLY_ARCHIVED)) export->from = reply.archived;
    return status;
}

static int write_all(struct export *export)
{
    uint8_t memory[256];
    struct ak_buf line = AK_BUF_ARR(memory);
    struct ak_cli_pages pages = {.cli = export->cli, .on_item = on_item, .ctx = export, .left = UINT64_MAX};
    pages.request.proofs = true;
    pages.request.present = 1u << AK_AUDIT_REQUEST_PROOFS;
    int status = ak_cli_checkpoint(export->cli, true, &export->checkpoint);
    if (!status) status = ask_archived(export);
    if (!status) status = put_header(export, export->from);
    if (!status) status = ak_cli_walk_audit(&pages);
    ak_cli_note_archived(&pages);
    ak_client_close(&export->side);
    if (status) return status;
    ak_export_put_end(&line, export->count);
    return put_line(export, &line);
}

/* A file takes its name only when it is whole. */
static int to_file(struct export *export, const char *path)
{
    char temp[4096];
    struct ak_cli *cli = export->cli;
    int len = snprintf(temp, sizeof temp, "%s.part", path);
    int fd = len > 0 && (size_t)len < sizeof temp
                 ? open(temp, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600)
                 : -1;
    export->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!export->file)
        return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the file cannot be made", strerror(errno),
            errno == ENOSPC ? "df -h ." : "a file in a folder that is yours");
    int status = write_all(export);
    bool written = fflush(export->file) == 0 && fsync(fd) == 0;
    written = fclose(export->file) == 0 && written && (status || rename(temp, path) == 0);
    if (!status && !written) status = fail_write(export, errno);
    if (status) (void)unlink(temp);
    return status;
}

/* A pipe or a device is written to, never replaced: /dev/stdout, /dev/full, a named pipe. */
static int to_special(struct export *export, const char *path)
{
    int fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY);
    export->file = fd < 0 ? NULL : fdopen(fd, "w");
    if (!export->file)
        return ak_cli_fail(export->cli, AK_CATEGORY_FAILURE, "the export cannot be written", strerror(errno),
            "a file in a folder that is yours");
    int status = write_all(export);
    if (fclose(export->file) != 0 && !status) status = fail_write(export, errno);
    return status;
}

static bool is_special(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && !S_ISREG(st.st_mode);
}

static void print_result(const struct export *export, const char *path)
{
    if (export->cli->json) {
        ak_out_line("{\"entries\":%llu,\"size\":%llu}", (unsigned long long)export->count,
            (unsigned long long)export->checkpoint.checkpoint.size);
        return;
    }
    ak_out_row("written", path);
    ak_out_row_number("entries", export->count);
    ak_out_row_number("ledger size", export->checkpoint.checkpoint.size);
    char word[4096];
    ak_out_line("Next: agentkeys audit verify %s", ak_out_word(path, word, sizeof word) ? word : path);
}

int ak_cmd_audit_export(struct ak_cli *cli)
{
    static struct export export;
    bool to_stdout = strcmp(cli->operands[0], "-") == 0;
    export.cli = cli;
    int status = ak_cli_open_session(cli);
    if (status) return status;
    if (to_stdout) {
        export.file = stdout;
        return write_all(&export);
    }
    if (is_special(cli->operands[0])) return to_special(&export, cli->operands[0]);
    status = to_file(&export, cli->operands[0]);
    if (!status) print_result(&export, cli->operands[0]);
    return status;
}
