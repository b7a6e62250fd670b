/* agentkeys import: many credentials at once, from what people have them in. */
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#include "programs/cli/commands.h"
#include "programs/cli/export.h"
#include "programs/command/import.h"
#include "programs/command/out.h"
#include "programs/command/vault.h"

/* Text and parsed values, on pages of their own. Secret. */
struct work {
    size_t text_len;
    uint8_t text[AK_IMPORT_TEXT_MAX];
    struct ak_import import;
    struct ak_value value;
};

static struct work *work_new(void)
{
    struct work *work = mmap(NULL, sizeof *work, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (work == MAP_FAILED) return NULL;
    (void)mlock(work, sizeof *work);
    (void)madvise(work, sizeof *work, MADV_DONTDUMP);
    return work;
}

static void work_free(struct work *work)
{
    if (!work) return;
    ak_wipe(work, sizeof *work);
    (void)munmap(work, sizeof *work);
}

static int read_format(struct ak_cli *cli, enum ak_import_format *out_format)
{
    static const char *const names[] = {"any", "env", "json", "vault"};
    const char *typed = ak_cli_value(cli, "format");
    *out_format = AK_IMPORT_ANY;
    if (!typed) return 0;
    for (size_t i = 0; i < AK_COUNT(names); i++)
        if (strcmp(typed, names[i]) == 0) {
            *out_format = (enum ak_import_format)i;
            return 0;
        }
    return ak_cli_fail_usage(cli, "--format is not usable", "it is env, json or vault");
}

static int read_text(struct ak_cli *cli, struct work *work)
{
    enum ak_import_format format;
    struct ak_buf text = AK_BUF_ARR(work->text);
    int status = read_format(cli, &format);
    if (status) return status;
    enum ak_err err = ak_cli_read_file(cli->operands[0], &text);
    if (err)
        return ak_cli_fail_usage(
            cli, "the file cannot be read", err == AK_E_LIMIT ? "it has over 1 MiB" : cli->operands[0]);
    if (ak_import_parse(ak_buf_span(&text), format, &work->import) == AK_OK) return 0;
    return ak_cli_fail_usage(cli, "nothing was imported", work->import.reason);
}

static void print_item(const struct ak_cli *cli, const struct ak_import_item *item, uint64_t version)
{
    if (cli->json)
        ak_out_json(cli->client.raw);
    else if (version)
        ak_out_line(
            "%-40s version %llu, %zu bytes", item->service, (unsigned long long)version, item->value.len);
    else
        ak_out_line("%-40s %zu bytes", item->service, item->value.len);
}

static int store(struct ak_cli *cli, struct work *work, const uint8_t key[32])
{
    for (size_t i = 0; i < work->import.count; i++) {
        const struct ak_import_item *item = &work->import.items[i];
        struct ak_vault_name name;
        struct ak_msg_credential_reply reply;
        int status = ak_cli_read_vault_name(cli, item->service, &name);
        work->value.len = item->value.len;
        if (item->value.len) memcpy(work->value.bytes, item->value.ptr, item->value.len);
        if (!status) status = ak_cli_put_value(cli, key, &name, &work->value, &reply);
        if (status) {
            (void)fprintf(stderr, "%s: %zu of %zu were stored; %s was not, nor what follows\n",
                cli->program->name, i, work->import.count, item->service);
            return status;
        }
        print_item(cli, item, reply.version);
    }
    return 0;
}

static int import(struct ak_cli *cli, struct work *work)
{
    uint8_t key[32];
    int status = read_text(cli, work);
    if (status) return status;
    if (ak_cli_has(cli, "dry-run")) {
        for (size_t i = 0; i < work->import.count && !cli->json; i++)
            print_item(cli, &work->import.items[i], 0);
        return 0;
    }
    status = ak_cli_open_session(cli);
    if (!status) status = ak_cli_delivery_key(cli, key);
    return status ? status : store(cli, work, key);
}

int ak_cmd_import(struct ak_cli *cli)
{
    if (ak_cli_value(cli, "key-file")) return ak_cli_import_export(cli);
    struct work *work = work_new();
    int status = work ? import(cli, work)
                      : ak_cli_fail(cli, AK_CATEGORY_FAILURE, "no memory for the values",
                            "the system refused", "free memory");
    work_free(work);
    return status;
}
