/* The subcommands that need the data folder: `init` and `ledger`. The worker must be stopped: they take its
 * lock. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/crypto/k256.h"
#include "base/crypto/sha256.h"
#include "base/num.h"
#include "core/ledger/export.h"
#include "core/ledger/segment.h"
#include "io/conf/boot_fail.h"
#include "io/conf/program.h"
#include "io/conf/worker_conf.h"
#include "io/log/log.h"
#include "io/proc/secmem.h"
#include "programs/worker/command.h"
#include "programs/worker/init.h"
#include "programs/worker/roles.h"
#include "programs/worker/take.h"
#include "programs/worker/usage.h"

#define DEV_SECRET_VARIABLE "DEV_KEY_SERVICE_MASTER_SECRET"

int ak_worker_init(int argc, char **argv)
{
    static struct ak_conf conf;
    static struct ak_worker_shares shares;
    struct ak_conf_dirs dirs;
    const struct ak_init_how how = {.dev = getenv(DEV_SECRET_VARIABLE) != NULL,
        .json = ak_take_switch(&argc, argv, "json"),
        .warn = !ak_take_switch(&argc, argv, "no-warning")};
    ak_worker_shares_take(&shares, &argc, argv);
    ak_worker_load(argc, argv, "init", &conf, &dirs);
    return ak_init_run(&conf, &how, &shares);
}

/* Opens the folder as a start does, every entry verified, and leaves the sealed state as it was found. */
void ak_worker_open_folder(struct ak_keeper *keeper, const char *command, int argc, char **argv)
{
    struct ak_conf_dirs dirs;
    struct ak_secmem_report report;
    ak_worker_load(argc, argv, command, &keeper->conf, &dirs);
    memcpy(keeper->conf.values[AK_WORKER_VERIFY_ALL].text, "on", sizeof "on");
    keeper->conf.values[AK_WORKER_VERIFY_ALL].number = 1;
    ak_log_init(AK_LOG_ERROR, command, 2);
    if (ak_secmem_init(AK_SECMEM_POOL_DEFAULT, AK_RELEASE, &report) != AK_OK ||
        ak_secmem_install_openssl() != AK_OK)
        ak_conf_program_locked("key memory");
    keeper->dev = false;
    ak_keeper_open(keeper);
}

static int close_ledger(struct ak_keeper *keeper, int status)
{
    if (ak_sealed_file_write(&keeper->sealed, keeper->state) != AK_OK) status = 1;
    ak_keeper_close(keeper);
    return status;
}

static int write_line(struct ak_buf *line)
{
    bool ok = ak_buf_check(line) == AK_OK && fwrite(line->ptr, 1, line->len, stdout) == line->len;
    line->len = 0;
    return ok ? 0 : 1;
}

static int export_batch(const struct ak_store_batch *batch, uint64_t from, struct ak_buf *line)
{
    struct ak_reader reader = ak_reader(batch->entries);
    int status = 0;
    for (uint64_t i = 0; i < batch->count && !status; i++) {
        struct ak_span entry;
        if (ak_segment_next(&reader, &entry) != AK_OK) return 1;
        if (batch->first + i < from) continue;
        ak_export_put_entry(line, batch->first + i, entry, batch->leaves.ptr + 32 * i, NULL);
        status = write_line(line);
    }
    return status;
}

enum ak_err ak_command_cover_all(struct ak_keeper *keeper)
{
    struct ak_seal_state *state = keeper->state;
    struct ak_buf note = AK_BUF_ARR(state->note);
    if (state->checkpoint_size == keeper->durable_size) return AK_OK;
    state->checkpoint_size = keeper->durable_size;
    ak_merkle_root(&ak_engine_log(keeper->engine)->tree, state->checkpoint_root);
    AK_TRY(ak_engine_checkpoint(keeper->engine, state->checkpoint_size, state->checkpoint_root, &note));
    state->note_len = note.len;
    return AK_OK;
}

/* The tree of the first `size` entries, proved by the root over all. */
static enum ak_err tree_at(struct ak_keeper *keeper, uint64_t size, struct ak_merkle_frontier *out_tree)
{
    const struct ak_merkle_frontier *tree = &ak_engine_log(keeper->engine)->tree;
    const struct ak_merkle_source source = ak_store_merkle_source(keeper->store);
    uint8_t root[32], past[32], found[32];
    ak_merkle_frontier_init(out_tree);
    out_tree->size = size;
    for (unsigned level = 0; level < AK_MERKLE_LEVELS; level++) {
        if (!(size >> level & 1)) continue;
        AK_TRY(source.node(source.ctx, level, (size >> level) - 1, out_tree->peaks[level]));
    }
    ak_merkle_root(tree, root);
    ak_merkle_root(out_tree, found);
    AK_TRY(ak_merkle_past_root(&source, size, tree->size, root, past));
    return memcmp(past, found, sizeof past) == 0 ? AK_OK : AK_E_AUTH;
}

static void check_from(struct ak_keeper *keeper, uint64_t from)
{
    char text[32];
    uint64_t size = ak_engine_log(keeper->engine)->tree.size;
    (void)snprintf(text, sizeof text, "%llu", (unsigned long long)size);
    if (from >= size)
        ak_boot_fail("export_beyond_end", "from", text, "entries are in the ledger; --from is less than that",
            "docs/operations.md#archive");
    if (from < ak_ledger_archived(&keeper->archive) &&
        !ak_archive_is_whole(&keeper->archive_files, &keeper->archive))
        ak_keeper_archive_fail(keeper, AK_E_NOT_FOUND, from);
}

/* The log from an entry on to standard output, in the form that `agentkeys audit verify` reads. */
static int export_all(struct ak_keeper *keeper, uint64_t from)
{
    static uint8_t memory[AK_EXPORT_LINE_MAX];
    struct ak_buf line = AK_BUF_ARR(memory);
    struct ak_merkle_frontier before;
    check_from(keeper, from);
    if (ak_command_cover_all(keeper) != AK_OK) return 1;
    if (from && tree_at(keeper, from, &before) != AK_OK) return 1;
    struct ak_export_header header = {.checkpoint = ak_span(keeper->state->note, keeper->state->note_len),
        .from = from,
        .before = from ? &before : NULL};
    memcpy(header.log_id, keeper->state->log_id, 16);
    ak_engine_ledger_pub(keeper->engine, header.ledger_pub);
    ak_export_put_header(&line, &header);
    int status = write_line(&line);
    uint64_t size = keeper->state->checkpoint_size;
    uint64_t at = from;
    while (!status && at < size) {
        struct ak_store_batch batch;
        enum ak_err err = ak_keeper_read_batch(keeper, keeper->reading.store, at, &batch);
        if (err && at < ak_ledger_archived(&keeper->archive)) ak_keeper_archive_fail(keeper, err, at);
        if (err) return 1;
        if (batch.first + batch.count > size) batch.count = size - batch.first;
        status = export_batch(&batch, from, &line);
        at = batch.first + batch.count;
    }
    ak_export_put_end(&line, at - from);
    return status ? status : write_line(&line);
}

static void print_blob(const struct ak_blob_name *name, const char *what)
{
    uint8_t text[AK_BLOB_NAME_MAX];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_blob_name_put(&buf, name);
    (void)fprintf(stderr, "%s: blobs/%.*s\n", what, (int)buf.len, (const char *)text);
}

/* Every stored value that the ledger names is there and has its hash. */
static int verify_blobs(struct ak_keeper *keeper, uint64_t *out_count)
{
    static uint8_t memory[AK_BLOB_LEN_MAX];
    const struct ak_blob_store *blobs = &keeper->vaulting.vault.blobs;
    struct ak_blob_place place;
    uint8_t want[32], found[32];
    uint64_t cursor = 0;
    int status = 0;
    while (ak_engine_vault_next_blob(keeper->engine, &cursor, &place, want)) {
        struct ak_blob_name name = ak_blob_name_of(&place);
        size_t len = 0;
        enum ak_err err = blobs->ops->read(blobs->impl, &name, memory, sizeof memory, &len);
        ak_sha256(ak_span(memory, len), found);
        bool good = !err && memcmp(found, want, sizeof want) == 0;
        if (!good)
            print_blob(&name, err == AK_E_NOT_FOUND ? "missing" : err == AK_E_IO ? "unreadable" : "altered");
        if (!good) status = 1;
        (*out_count)++;
    }
    return status;
}

static int verify(struct ak_keeper *keeper, bool json)
{
    uint64_t blobs = 0;
    unsigned long long archived = ak_ledger_archived(&keeper->archive);
    bool by_hashes = keeper->reading.verify_to > 0; /* files are missing */
    if (verify_blobs(keeper, &blobs)) return 1;
    if (json) {
        printf("{\"entries\":%llu,\"sealed_checkpoint\":%llu,\"stored_values\":%llu,\"archived\":%llu,"
               "\"archive_read\":%s}\n",
            (unsigned long long)ak_engine_log(keeper->engine)->tree.size,
            (unsigned long long)keeper->state->checkpoint_size, (unsigned long long)blobs, archived,
            archived && !by_hashes ? "true" : "false");
        return 0;
    }
    if (archived)
        printf("ok: %llu entries are archived: %s\n", archived,
            by_hashes ? "files are missing, so their hashes were verified" : "their files were read");
    printf("ok: %llu entries verified; newest sealed checkpoint covers %llu\n",
        (unsigned long long)ak_engine_log(keeper->engine)->tree.size,
        (unsigned long long)keeper->state->checkpoint_size);
    printf("ok: %llu stored values are as the ledger names them\n", (unsigned long long)blobs);
    return 0;
}

static int usage(bool asked)
{
    (void)fputs(
        "usage: agentkeys-worker ledger export|verify|archive [OPTIONS]\n\n"
        "  export [--from N]   write the log, from entry N on, to standard output (agentkeys audit verify "
        "reads it)\n"
        "  verify              check every entry, record and root; with --json: entries, sealed_checkpoint, "
        "stored_values,\n"
        "                      archived, archive_read\n"
        "  archive --before N  move entries before N to a file in data_dir/archive, and keep their hashes; "
        "with --json:\n"
        "                      archived, from, entries, file\n\n"
        "The worker must be stopped. example:\n"
        "  agentkeys-worker ledger export --data-dir /var/lib/agentkeys > log.jsonl\n"
        "  agentkeys-worker ledger archive --before 100000 --data-dir /var/lib/agentkeys\n",
        asked ? stdout : stderr);
    return asked ? 0 : 2;
}

/* The number of an option, at least 1. False: not given. */
static bool take_number(int *argc, char **argv, const char *name, uint64_t *out_number)
{
    const char *typed = ak_take_option(argc, argv, name);
    if (typed && (ak_num_parse_u64(ak_span_str(typed), INT64_MAX, out_number) != AK_OK || *out_number == 0))
        ak_boot_fail("bad_value", name, typed, "must be the number of an entry, 1 or more",
            "docs/operations.md#archive");
    return typed != NULL;
}

int ak_worker_ledger(int argc, char **argv)
{
    static struct ak_keeper keeper;
    const char *verb = argc > 1 ? argv[1] : "";
    bool is_export = strcmp(verb, "export") == 0, is_archive = strcmp(verb, "archive") == 0;
    uint64_t number = 0;
    if (!is_export && !is_archive && strcmp(verb, "verify") != 0)
        return usage(strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0);
    memmove(&argv[1], &argv[2], (size_t)(argc - 1) * sizeof *argv);
    argc--;
    if (is_export) (void)take_number(&argc, argv, "from", &number);
    if (is_archive && !take_number(&argc, argv, "before", &number)) return usage(false);
    bool json = !is_export && ak_take_switch(&argc, argv, "json"); /* an export is JSON lines anyway */
    ak_worker_open_folder(&keeper, "ledger", argc, argv);
    int status = is_export    ? export_all(&keeper, number)
                 : is_archive ? ak_command_archive(&keeper, number, json)
                              : verify(&keeper, json);
    return close_ledger(&keeper, status);
}
