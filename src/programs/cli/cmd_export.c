/* agentkeys export, export-key, import --key-file: a copy to keep elsewhere, sealed line by line. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/base64.h"
#include "base/codec/hex.h"
#include "base/crypto/hpke.h"
#include "base/crypto/x25519.h"
#include "core/vault/delivery.h"
#include "io/proc/random.h"
#include "programs/cli/commands.h"
#include "programs/cli/export.h"
#include "programs/command/args.h"
#include "programs/command/out.h"
#include "programs/command/pages.h"
#include "programs/command/vault.h"

enum { LINE_MAX_LEN = 96 * 1024 };

struct export
{
    struct ak_cli *cli;
    int fd;
    uint8_t recipient[32];
    struct ak_value *value;
    uint8_t *line; /* LINE_MAX_LEN */
    unsigned count;
};

/* ---- writing ---- */

static int fail_file(struct ak_cli *cli, int why)
{
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, "the file cannot be written", strerror(why),
        why == EEXIST ? "choose another name: an export overwrites nothing" : "df -h .");
}

static int write_line(struct export *e, struct ak_buf *line)
{
    ak_buf_put_u8(line, '\n');
    if (ak_buf_check(line) != AK_OK) return fail_file(e->cli, EFBIG);
    for (size_t done = 0; done < line->len;) {
        ssize_t put = write(e->fd, line->ptr + done, line->len - done);
        if (put < 0 && errno == EINTR) continue;
        if (put <= 0) return fail_file(e->cli, put < 0 ? errno : EIO);
        done += (size_t)put;
    }
    return 0;
}

static int write_head(struct export *e)
{
    struct ak_buf line = ak_buf(e->line, LINE_MAX_LEN);
    struct ak_json_writer w = ak_json_writer(&line);
    ak_json_open_object(&w);
    ak_json_key(&w, "format");
    ak_json_put_string(&w, AK_SPAN_LIT(AK_EXPORT_FORMAT));
    ak_json_key(&w, "anchor");
    ak_json_put_hex(&w, "", AK_SPAN_ARR(e->cli->saved.anchor));
    ak_json_key(&w, "to");
    ak_json_put_base64url(&w, AK_SPAN_ARR(e->recipient));
    ak_json_key(&w, "note");
    ak_json_put_string(
        &w, AK_SPAN_LIT("outside forward secrecy: who has this file and its key reads it, whatever "
                        "epoch is destroyed"));
    ak_json_close_object(&w);
    return write_line(e, &line);
}

static void put_item(struct ak_json_writer *w, const struct ak_msg_credential_read_reply *reply,
    const uint8_t enc[32], struct ak_span sealed)
{
    ak_json_open_object(w);
    ak_json_key(w, "service");
    ak_json_put_string(w, reply->service);
    ak_json_key(w, "path");
    ak_json_put_string(w, reply->path);
    ak_json_key(w, "version");
    ak_json_put_u64(w, reply->version);
    ak_json_key(w, "enc");
    ak_json_put_base64url(w, ak_span(enc, 32));
    ak_json_key(w, "sealed");
    ak_json_put_base64url(w, sealed);
    ak_json_close_object(w);
}

/* Sealed where it lies: what is written from there on is ciphertext. */
static int write_item(struct export *e, const struct ak_msg_credential_read_reply *reply)
{
    static uint8_t sealed[AK_WIRE_SEALED_MAX];
    uint8_t memory[AK_VAULT_INFO_MAX], enc[32];
    struct ak_buf info = AK_BUF_ARR(memory), line = ak_buf(e->line, LINE_MAX_LEN);
    struct ak_json_writer w = ak_json_writer(&line);
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 ephemeral;
    ak_random_bytes(&ephemeral, sizeof ephemeral);
    ak_vault_put_info(&info, "export", e->cli->saved.anchor, reply->service, reply->path);
    enum ak_err err = ak_hpke_seal(e->recipient, &ephemeral, ak_buf_span(&info), AK_SPAN_EMPTY,
        ak_span(e->value->bytes, e->value->len), enc, sealed);
    if (err) return ak_cli_fail_usage(e->cli, "--to is not usable", "nothing can be sealed to that key");
    put_item(&w, reply, enc, ak_span(sealed, e->value->len + AK_HPKE_OVERHEAD));
    return write_line(e, &line);
}

/* `name` views into memory of the caller: the list's own goes with the next call. */
static int export_one(struct export *e, const struct ak_vault_name *name)
{
    char problem[AK_LIMIT_SERVICE + 16];
    struct ak_msg_credential_read_reply reply;
    (void)snprintf(problem, sizeof problem, "reading %.*s", (int)name->service.len, name->service.ptr);
    if (ak_cli_get_value(e->cli, name, 0, e->value, &reply) != AK_OK)
        return ak_cli_fail_call(e->cli, problem);
    int status = write_item(e, &reply);
    ak_value_done(e->value);
    e->count += status == 0;
    return status;
}

struct names {
    size_t count;
    char texts[AK_WIRE_CREDENTIAL_PAGE][2][AK_LIMIT_LABEL + 2];
};

static int list_page(struct export *e, struct ak_span after, struct ak_buf *next, struct names *out_names)
{
    struct ak_msg_credential_list_request request = {.after = after};
    struct ak_msg_credential_list_reply reply;
    struct ak_msg_credential_item item;
    if (after.len) request.present = 1u << AK_CREDENTIAL_LIST_REQUEST_AFTER;
    int status = ak_cli_call(e->cli, AK_CALL_CREDENTIAL_LIST, &request, &reply, "listing credentials");
    out_names->count = 0;
    if (status) return status;
    while (out_names->count < AK_WIRE_CREDENTIAL_PAGE &&
           ak_list_next(&reply.credentials, &ak_credential_item_msg, &item)) {
        if (item.path.len > AK_LIMIT_LABEL + 1) continue; /* no base path: nothing that a keeper lists */
        char(*texts)[AK_LIMIT_LABEL + 2] = out_names->texts[out_names->count++];
        memset(texts, 0, sizeof out_names->texts[0]);
        memcpy(texts[0], item.service.ptr, item.service.len);
        if (item.path.len) memcpy(texts[1], item.path.ptr, item.path.len);
    }
    if (ak_msg_has(&reply, AK_CREDENTIAL_LIST_REPLY_NEXT)) ak_buf_put(next, reply.next);
    return 0;
}

static int export_page(
    struct ak_cli *cli, void *ctx, struct ak_span after, struct ak_buf *next, unsigned *count)
{
    static struct names names;
    struct export *e = ctx;
    (void)cli;
    int status = list_page(e, after, next, &names);
    for (size_t i = 0; !status && i < names.count; i++, ++*count) {
        const struct ak_vault_name name = {
            .service = ak_span_str(names.texts[i][0]), .path = ak_span_str(names.texts[i][1])};
        status = export_one(e, &name);
    }
    return status;
}

static int export_all(struct export *e)
{
    int status = write_head(e);
    if (!status) status = ak_cli_pages(e->cli, export_page, e, NULL);
    if (!status && fsync(e->fd) != 0 && errno != EINVAL) status = fail_file(e->cli, errno);
    return status;
}

static int print_exported(const struct export *e)
{
    char json[64];
    if (e->cli->json) {
        (void)snprintf(json, sizeof json, "{\"credentials\":%u}", e->count);
        ak_out_json(ak_span_str(json));
        return 0;
    }
    ak_out_line(
        "%u credentials, sealed to that key. This copy is outside forward secrecy: destroying an epoch "
        "does not reach it.",
        e->count);
    return 0;
}

/* A file that was begun and not finished is no copy: it goes. */
static int export_to(struct export *e, const char *path)
{
    e->fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (e->fd < 0) return fail_file(e->cli, errno);
    int status = export_all(e);
    if (close(e->fd) != 0 && !status) status = fail_file(e->cli, errno);
    if (status) (void)unlink(path);
    return status ? status : print_exported(e);
}

int ak_cmd_export(struct ak_cli *cli)
{
    struct export e = {.cli = cli, .fd = -1};
    const char *to = ak_cli_value(cli, "to"), *reason = "";
    if (!to || ak_args_thumbprint(to, e.recipient, &reason) != AK_OK)
        return ak_cli_fail_usage(
            cli, "--to is not usable", "a public key as export-key prints it, 43 characters");
    int status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_meet_keeper(cli);
    if (status) return status;
    e.value = ak_value_new();
    e.line = malloc(LINE_MAX_LEN);
    status = e.value && e.line
                 ? export_to(&e, cli->operands[0])
                 : ak_cli_fail(cli, AK_CATEGORY_FAILURE, "no memory", "the system refused", "free memory");
    free(e.line);
    ak_value_free(e.value);
    return status;
}

/* ---- the key ---- */

int ak_cmd_export_key(struct ak_cli *cli)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar;
    char hex[65], text[AK_OUT_PRINT_LEN + 1], json[96];
    uint8_t pub[32];
    struct ak_buf secret = AK_BUF_ARR(hex);
    ak_random_bytes(&scalar, sizeof scalar);
    ak_hex_encode(&secret, AK_SPAN_ARR(scalar.bytes));
    ak_buf_put_u8(&secret, '\n');
    int fd = open(cli->operands[0], O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool written = fd >= 0 && ak_x25519_pub(&scalar, pub) == AK_OK &&
                   write(fd, hex, secret.len) == (ssize_t)secret.len && fsync(fd) == 0;
    int why = errno;
    ak_wipe(hex, sizeof hex);
    if (fd >= 0 && close(fd) != 0) written = false;
    if (!written && fd >= 0) (void)unlink(cli->operands[0]); /* half a key opens nothing */
    if (!written) return fail_file(cli, why);
    ak_out_print(pub, text);
    (void)snprintf(json, sizeof json, "{\"public_key\":\"%s\"}", text);
    if (cli->json)
        ak_out_json(ak_span_str(json));
    else
        ak_out_line("%s", text);
    return 0;
}

/* ---- back ---- */

static int read_key(struct ak_cli *cli, struct ak_secret32 *out_scalar)
{
    uint8_t memory[80];
    struct ak_buf text = AK_BUF_ARR(memory);
    enum ak_err err = ak_cli_read_file(ak_cli_value(cli, "key-file"), &text);
    while (text.len && text.ptr[text.len - 1] <= ' ') text.len--;
    if (!err) err = ak_hex_decode_fixed(ak_buf_span(&text), out_scalar->bytes, 32);
    ak_wipe(memory, sizeof memory);
    return err ? ak_cli_fail_usage(cli, "--key-file is not usable", "it is the file that export-key made")
               : 0;
}

struct back {
    struct ak_cli *cli;
    struct ak_secret32 scalar;
    uint8_t anchor[32]; /* of the account it came from */
    uint8_t delivery[32];
    struct ak_value *value;
    unsigned count;
};

static int fail_line(struct ak_cli *cli, unsigned count, const char *cause)
{
    char problem[80];
    (void)snprintf(problem, sizeof problem, "the export is not usable behind %u credentials", count);
    return ak_cli_fail(cli, AK_CATEGORY_FAILURE, problem, cause, "agentkeys export NEW-FILE --to KEY");
}

static int take_head(struct back *b, struct ak_json_value line)
{
    struct ak_span anchor;
    bool good = ak_json_string_is(ak_json_get(line, "format"), AK_SPAN_LIT(AK_EXPORT_FORMAT)) &&
                ak_json_string(ak_json_get(line, "anchor"), &anchor) == AK_OK &&
                ak_hex_decode_fixed(anchor, b->anchor, 32) == AK_OK;
    return good ? 0 : fail_line(b->cli, 0, "the first line does not say " AK_EXPORT_FORMAT);
}

static enum ak_err open_item(
    struct back *b, struct ak_json_value line, struct ak_span service, struct ak_span path)
{
    static uint8_t sealed[AK_WIRE_SEALED_MAX];
    uint8_t memory[AK_VAULT_INFO_MAX], enc[32];
    struct ak_buf info = AK_BUF_ARR(memory);
    struct ak_span text;
    size_t len = 0;
    AK_TRY(ak_json_string(ak_json_get(line, "enc"), &text));
    AK_TRY(ak_base64url_decode_fixed(text, enc, 32));
    AK_TRY(ak_json_string(ak_json_get(line, "sealed"), &text));
    AK_TRY(ak_base64url_decode(text, sealed, sizeof sealed, &len));
    ak_vault_put_info(&info, "export", b->anchor, service, path);
    AK_TRY(ak_buf_check(&info));
    AK_TRY(ak_hpke_open(
        &b->scalar, enc, ak_buf_span(&info), AK_SPAN_EMPTY, ak_span(sealed, len), b->value->bytes));
    b->value->len = len - AK_HPKE_OVERHEAD;
    return AK_OK;
}

static int take_item(struct back *b, struct ak_json_value line)
{
    struct ak_msg_credential_reply reply;
    struct ak_vault_name name = {0};
    if (ak_json_string(ak_json_get(line, "service"), &name.service) != AK_OK ||
        ak_json_string(ak_json_get(line, "path"), &name.path) != AK_OK ||
        open_item(b, line, name.service, name.path) != AK_OK)
        return fail_line(b->cli, b->count, "a line does not open with that key, or was altered");
    int status = ak_cli_put_value(b->cli, b->delivery, &name, b->value, &reply);
    ak_value_done(b->value);
    if (status) return status;
    if (b->cli->json)
        ak_out_json(b->cli->client.raw);
    else
        ak_out_row_text("stored", reply.service);
    b->count++;
    return 0;
}

static int take_line(struct back *b, char *line, size_t len, bool first)
{
    AK_CLEANUP(ak_json_done) struct ak_json json = {0};
    if (ak_json_parse(ak_span(line, len), LINE_MAX_LEN, &json) != AK_OK)
        return fail_line(b->cli, b->count, "a line is not JSON");
    return first ? take_head(b, ak_json_root(&json)) : take_item(b, ak_json_root(&json));
}

static int take_file(struct back *b, FILE *file)
{
    char *line = NULL;
    size_t cap = 0;
    int status = 0;
    bool first = true;
    for (ssize_t got; !status && (got = getline(&line, &cap, file)) > 0; first = false)
        status = take_line(b, line, (size_t)got, first);
    if (!status && first) status = fail_line(b->cli, 0, "it is empty");
    free(line);
    return status;
}

static int import_all(struct back *b)
{
    FILE *file = fopen(b->cli->operands[0], "re");
    if (!file) return ak_cli_fail_usage(b->cli, "the file cannot be read", b->cli->operands[0]);
    int status = b->value ? take_file(b, file) : fail_line(b->cli, 0, "no memory");
    (void)fclose(file);
    return status;
}

int ak_cli_import_export(struct ak_cli *cli)
{
    struct back b = {.cli = cli};
    int status = read_key(cli, &b.scalar);
    if (!status) status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_delivery_key(cli, b.delivery);
    if (!status) {
        b.value = ak_value_new();
        status = import_all(&b);
    }
    ak_value_free(b.value);
    ak_secret32_done(&b.scalar);
    return status;
}
