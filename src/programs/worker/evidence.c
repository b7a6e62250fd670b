/* `agentkeys-worker evidence`: what the TEE says of this machine, program and counter, asked with 64 bytes of
 * the asker's own, as files that `agentkeys attest verify` reads. The worker must be stopped: it takes its
 * lock. Nothing secret is written. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/codec/cbor.h"
#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "io/conf/worker_conf.h"
#include "io/log/log.h"
#include "io/proc/durable.h"
#include "io/tee/sealed_file.h"
#include "programs/worker/folder.h"
#include "programs/worker/roles.h"
#include "programs/worker/usage.h"

enum { EVIDENCE_MAX = 8192, REPORT_DATA_LEN = 64 };

/* The members of the map in docs/formats/sealed.md, TPM backend, from 1 on. */
enum { PART_AK_PUBLIC = 0, PART_PCRS = 3 };
static const char *const part_names[] = {
    "ak.public", "quote.attest", "quote.sig", "pcrs.bin", "counter.attest", "counter.sig"};

struct evidence {
    struct ak_conf conf;
    struct ak_tee tee;
    struct ak_sealed_file lock;
    int data_fd, tee_fd, out_fd;
    uint8_t report_data[REPORT_DATA_LEN];
    uint8_t bytes[EVIDENCE_MAX];
    struct ak_buf buf;
};

static void fail(const struct evidence *evidence, const char *code, const char *reason)
{
    ak_boot_fail(code, "tee", ak_conf_text(&evidence->conf, AK_WORKER_TEE), reason,
        "docs/operations.md#start-up-failures");
}

static void open_tee(struct evidence *evidence)
{
    const struct ak_conf *conf = &evidence->conf;
    const struct ak_tee_ops *ops = ak_tee_find(ak_span_str(ak_conf_text(conf, AK_WORKER_TEE)));
    if (!ops) fail(evidence, "tee_unknown", "this backend is not built");
    if (ak_folder_open(ak_conf_text(conf, AK_WORKER_DATA_DIR), false, false, &evidence->data_fd,
            &evidence->tee_fd) != AK_OK)
        fail(evidence, "no_sealed_state", "there is no worker here; make one: agentkeys-worker init");
    enum ak_sealed_result result =
        ak_sealed_file_open(&evidence->lock, evidence->data_fd, NULL, &evidence->tee, NULL);
    struct ak_tee_open how = {.dir_fd = evidence->tee_fd, .tcti = ak_conf_text(conf, AK_WORKER_TEE_TCTI)};
    if (result == AK_SEALED_OK) result = ak_sealed_result_of_tee(ak_tee_open(ops, &how, &evidence->tee));
    if (result != AK_SEALED_OK)
        fail(evidence, ak_sealed_result_code(result), ak_sealed_result_reason(result, ops));
}

static enum ak_err write_file(const struct evidence *evidence, const char *name, struct ak_span bytes)
{
    const struct ak_file_ops ops = ak_file_ops_system();
    return ak_durable_write(&ops, evidence->out_fd, name, bytes);
}

static void print_row(const char *name, const char *prefix, struct ak_span bytes)
{
    char hex[2 * AK_SHA256_LEN + 1];
    struct ak_buf text = AK_BUF_ARR(hex);
    ak_hex_encode(&text, bytes);
    if (ak_buf_terminate(&text) == AK_OK) (void)printf("%-18s%s%s\n", name, prefix, hex);
}

/* What clients compare at their first meeting, in the words in which they show it. */
static void print_part(size_t part, struct ak_span bytes)
{
    static const char *const registers[] = {"pcr0", "pcr2", "pcr4", "pcr7", "pcr23"};
    uint8_t digest[AK_SHA256_LEN];
    if (part == PART_AK_PUBLIC) {
        ak_sha256(ak_span_sub(bytes, 2, bytes.len), digest); /* of the area, without the length before it */
        print_row("attestation key", "000b", AK_SPAN_ARR(digest));
    }
    for (size_t i = 0; part == PART_PCRS && i < AK_COUNT(registers); i++)
        print_row(registers[i], "", ak_span_sub(bytes, i * AK_SHA256_LEN, AK_SHA256_LEN));
}

static enum ak_err write_parts(const struct evidence *evidence)
{
    struct ak_reader outer = ak_reader(ak_buf_span(&evidence->buf));
    if (ak_cbor_array(&outer) != 2) return AK_E_FORMAT;
    (void)ak_cbor_text(&outer);
    struct ak_reader map = ak_reader(ak_cbor_bytes(&outer));
    (void)ak_cbor_map(&map);
    (void)ak_cbor_uint(&map);
    (void)ak_cbor_uint(&map); /* version */
    AK_TRY(ak_reader_finish(&outer));
    for (size_t i = 0; i < AK_COUNT(part_names); i++) {
        uint64_t key = ak_cbor_uint(&map);
        struct ak_span bytes = ak_cbor_bytes(&map);
        if (key != i + 1 || map.failed) return AK_E_FORMAT;
        AK_TRY(write_file(evidence, part_names[i], bytes));
        print_part(i, bytes);
    }
    AK_TRY(ak_reader_finish(&map));
    return write_file(evidence, "evidence.cbor", ak_buf_span(&evidence->buf));
}

static int usage(void)
{
    (void)fputs("usage: agentkeys-worker evidence HEX FOLDER [OPTIONS]\n\n"
                "  HEX      64 bytes of your own, 128 hex digits: the evidence is made for them alone\n"
                "  FOLDER   made where it is missing; gets ak.public, quote.attest, quote.sig, pcrs.bin,\n"
                "           counter.attest, counter.sig and evidence.cbor\n\n"
                "The worker must be stopped. example:\n"
                "  agentkeys-worker evidence $(openssl rand -hex 64) ./evidence --tee tpm2\n",
        stderr);
    return 2;
}

int ak_worker_evidence(int argc, char **argv)
{
    static struct evidence evidence;
    struct ak_conf_dirs dirs;
    if (argc < 3 || ak_hex_decode_fixed(ak_span_str(argv[1]), evidence.report_data, REPORT_DATA_LEN) != AK_OK)
        return usage();
    const char *folder = argv[2];
    memmove(&argv[1], &argv[3], (size_t)(argc - 2) * sizeof *argv); /* with the NULL at the end */
    ak_worker_load(argc - 2, argv, "evidence", &evidence.conf, &dirs);
    ak_log_init(AK_LOG_ERROR, "evidence", 2);
    open_tee(&evidence);
    evidence.buf = ak_buf(evidence.bytes, sizeof evidence.bytes);
    enum ak_err err = evidence.tee.ops->report(evidence.tee.impl, evidence.report_data, &evidence.buf);
    if (err == AK_E_UNSUPPORTED) fail(&evidence, "no_evidence", "this backend has no evidence to give");
    if (err)
        fail(&evidence, "tee_unavailable", evidence.tee.ops->why ? evidence.tee.ops->why() : "no evidence");
    err = ak_durable_open_dir(folder, true, &evidence.out_fd);
    if (!err) err = write_parts(&evidence);
    if (err)
        (void)fprintf(
            stderr, "agentkeys-worker: %s cannot be written (it must be yours, mode 0700)\n", folder);
    ak_tee_close(&evidence.tee);
    ak_sealed_file_close(&evidence.lock);
    return err ? 1 : 0;
}
