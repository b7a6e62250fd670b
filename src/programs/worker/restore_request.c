/* Step 1 of a restore: the request with an ephemeral key that the holders of shares answer, kept beside its
 * private key until it is answered. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/crypto/x25519.h"
#include "core/recovery/request.h"
#include "io/proc/clock.h"
#include "io/proc/durable.h"
#include "io/proc/random.h"
#include "programs/worker/folder.h"
#include "programs/worker/restore.h"

#define REQUEST_NAME "restore.request" /* in the data folder: what the holders got */
#define KEY_NAME     "restore.key" /* its private key, sealed by the TEE for the counter's present number */

static enum ak_err read_at(const struct ak_restoring *restore, const char *name, struct ak_buf *out)
{
    const struct ak_file_ops ops = ak_file_ops_system();
    out->len = 0;
    return ak_durable_read(&ops, restore->making.data_fd, name, out->ptr, out->cap, &out->len);
}

static void refuse_second(const struct ak_restoring *restore)
{
    struct stat st;
    char path[600];
    ak_folder_store_path(ak_conf_text(&restore->conf, AK_WORKER_DATA_DIR), false, path, sizeof path);
    if (fstatat(restore->making.data_fd, REQUEST_NAME, &st, AT_SYMLINK_NOFOLLOW) == 0)
        ak_making_fail(&restore->making, "restore_request",
            "a request is open here already; go on with it, or remove the folder to begin anew");
    if (stat(path, &st) == 0)
        ak_making_fail(&restore->making, "data_dir", "is not empty; restore into a new folder");
}

/* The evidence is for the fingerprint, and that for the key. */
static void add_evidence(
    const struct ak_restoring *restore, struct ak_recovery_request *request, struct ak_buf *out)
{
    const struct ak_tee *tee = &restore->making.tee;
    uint8_t report_data[64];
    ak_recovery_report_data(restore->fingerprint, report_data);
    enum ak_err err = tee->ops->report(tee->impl, report_data, out);
    if (err && err != AK_E_UNSUPPORTED)
        ak_making_fail(&restore->making, "tee_unavailable", "the TEE gives no evidence for the request");
    if (!err) request->evidence = ak_buf_span(out);
}

static void seal_key(struct ak_restoring *restore)
{
    const struct ak_tee *tee = &restore->making.tee;
    const struct ak_file_ops ops = ak_file_ops_system();
    uint8_t id[AK_TEE_COUNTER_ID_LEN], memory[AK_TEE_KEK_BLOB_MAX];
    struct ak_buf blob = AK_BUF_ARR(memory);
    uint64_t n = 0;
    enum ak_err err = tee->ops->counter_read(tee->impl, id, &n);
    if (!err) err = tee->ops->seal(tee->impl, &restore->secrets->scalar, n, &blob);
    if (!err) err = ak_durable_write(&ops, restore->making.data_fd, KEY_NAME, ak_buf_span(&blob));
    if (err) ak_making_fail(&restore->making, "tee_unavailable", "the request's key cannot be sealed");
}

static void write_request(const struct ak_restoring *restore, struct ak_span bytes)
{
    const struct ak_file_ops ops = ak_file_ops_system();
    FILE *file = fopen(restore->request, "wbxe");
    if (!file)
        ak_restoring_fail(
            "restore_request", "request", restore->request, "cannot be made, or is there already");
    bool good = fwrite(bytes.ptr, 1, bytes.len, file) == bytes.len;
    if (fclose(file) != 0 || !good)
        ak_restoring_fail("restore_request", "request", restore->request, "cannot be written");
    if (ak_durable_write(&ops, restore->making.data_fd, REQUEST_NAME, bytes) != AK_OK)
        ak_making_fail(&restore->making, "data_dir", "cannot be written");
}

static void print_request(const struct ak_restoring *restore, bool evidence)
{
    uint8_t text[64];
    struct ak_buf hex = AK_BUF_ARR(text);
    ak_hex_encode(&hex, AK_SPAN_ARR(restore->fingerprint));
    printf("request:      %s\nfingerprint:  %.*s\nevidence:     %s\n\n"
           "Send the request to the holders of the shares, and tell them the fingerprint on another way.\n"
           "Each runs: agentkeys recovery share --open SHARE --key KEY.pem --for REQUEST\n"
           "With enough of their replies: agentkeys-worker restore --share REPLY... --ledger EXPORT\n",
        restore->request, (int)hex.len, (const char *)text,
        evidence ? "of this machine's TEE, in the request"
                 : "none: this backend cannot prove what runs here");
}

void ak_restoring_ask(struct ak_restoring *restore)
{
    static uint8_t evidence[AK_RECOVERY_EVIDENCE_MAX], bytes[AK_RECOVERY_REQUEST_MAX];
    struct ak_making *making = &restore->making;
    struct ak_buf evidence_buf = AK_BUF_ARR(evidence), buf = AK_BUF_ARR(bytes);
    refuse_second(restore);
    struct ak_recovery_request request = {
        .time_ms = ak_clock_wall_ms(), .backend = ak_span_str(making->tee.ops->name)};
    enum ak_err err = making->tee.ops->random(
        making->tee.impl, restore->secrets->scalar.bytes, sizeof restore->secrets->scalar.bytes);
    ak_random_bytes(request.random, sizeof request.random);
    if (!err) err = ak_x25519_pub(&restore->secrets->scalar, request.key);
    if (!err) err = ak_recovery_fingerprint(&request, restore->fingerprint);
    if (err) ak_making_fail(making, "tee_unavailable", "the request's key cannot be made");
    add_evidence(restore, &request, &evidence_buf);
    if (ak_recovery_request_encode(&request, &buf) != AK_OK)
        ak_making_fail(making, "tee_unavailable", "the TEE's evidence is too long for a request");
    seal_key(restore);
    write_request(restore, ak_buf_span(&buf));
    print_request(restore, request.evidence.len > 0);
}

void ak_restoring_open_request(struct ak_restoring *restore)
{
    static uint8_t bytes[AK_RECOVERY_REQUEST_MAX];
    const struct ak_tee *tee = &restore->making.tee;
    uint8_t id[AK_TEE_COUNTER_ID_LEN], memory[AK_TEE_KEK_BLOB_MAX];
    struct ak_buf buf = AK_BUF_ARR(bytes), blob = AK_BUF_ARR(memory);
    struct ak_recovery_request request;
    uint64_t n = 0;
    if (read_at(restore, REQUEST_NAME, &buf) != AK_OK || read_at(restore, KEY_NAME, &blob) != AK_OK)
        ak_making_fail(&restore->making, "restore_request",
            "no request was made here; begin with: agentkeys-worker restore --request FILE");
    enum ak_err err = ak_recovery_request_parse(ak_buf_span(&buf), &request);
    if (!err) err = ak_recovery_fingerprint(&request, restore->fingerprint);
    if (!err) err = tee->ops->counter_read(tee->impl, id, &n);
    if (!err) err = tee->ops->unseal(tee->impl, ak_buf_span(&blob), n, &restore->secrets->scalar);
    if (err)
        ak_making_fail(&restore->making, "restore_request",
            "the request's key does not open: it was made on another machine or in another state of it");
}

void ak_restoring_close_request(const struct ak_restoring *restore)
{
    const struct ak_file_ops ops = ak_file_ops_system();
    (void)!ak_durable_erase(&ops, restore->making.data_fd, KEY_NAME); /* the TEE does not open it any more */
    (void)unlinkat(restore->making.data_fd, REQUEST_NAME, 0);
}
