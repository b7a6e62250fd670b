/* The data folder: <data>/sealed.bin, lock, ledger.db, snapshot-N.bin, <data>/tee/ and <data>/blobs/; and
 * outside of it the erasure slots. */
#include "programs/worker/folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/crypto/sha256.h"
#include "io/conf/worker_conf.h"
#include "io/proc/durable.h"

static enum ak_err open_one(const char *path, bool create, int *out_fd)
{
    struct stat st;
    if (!create && stat(path, &st) != 0) return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
    return ak_durable_open_dir(path, create, out_fd);
}

enum ak_err ak_folder_open(const char *data_dir, bool dev, bool create, int *out_data_fd, int *out_tee_fd)
{
    char path[600];
    *out_data_fd = *out_tee_fd = -1;
    (void)snprintf(path, sizeof path, "%s%s", data_dir, dev ? "/dev" : "");
    AK_TRY(open_one(path, create, out_data_fd));
    (void)snprintf(path, sizeof path, "%s%s/tee", data_dir, dev ? "/dev" : "");
    return open_one(path, create, out_tee_fd);
}

enum ak_err ak_folder_open_slots(const struct ak_conf *conf, bool dev, bool create, int *out_fd)
{
    char dir[600], path[640];
    *out_fd = -1;
    AK_TRY(ak_worker_conf_slot_dir(conf, dir, sizeof dir));
    (void)snprintf(path, sizeof path, "%s%s", dir, dev ? "/dev" : "");
    return open_one(path, create, out_fd);
}

enum ak_err ak_folder_claim_slots(int slot_fd, const uint8_t worker_id[16])
{
    const struct ak_file_ops ops = ak_file_ops_system();
    uint8_t want[33], found[sizeof want];
    struct ak_buf text = AK_BUF_ARR(want);
    size_t len = 0;
    ak_hex_encode(&text, ak_span(worker_id, 16));
    ak_buf_put_u8(&text, '\n');
    enum ak_err err = ak_durable_read(&ops, slot_fd, "worker", found, sizeof found, &len);
    if (err == AK_E_NOT_FOUND) return ak_durable_write(&ops, slot_fd, "worker", ak_buf_span(&text));
    if (err && err != AK_E_LIMIT) return err;
    return !err && ak_span_eq(ak_span(found, len), ak_buf_span(&text)) ? AK_OK : AK_E_CONFLICT;
}

void ak_folder_store_path(const char *data_dir, bool dev, char *out_path, size_t cap)
{
    (void)snprintf(out_path, cap, "%s%s/ledger.db", data_dir, dev ? "/dev" : "");
}

void ak_folder_config_hash(const struct ak_conf *conf, uint8_t out_hash[32])
{
    static const unsigned keys[] = {AK_WORKER_ISSUER, AK_WORKER_RECOVERY_WAIT, AK_WORKER_RECOVERY_WAIT_CODE};
    struct ak_sha256_stream hash;
    ak_sha256_stream_init(&hash);
    ak_sha256_stream_update(&hash, AK_SPAN_LIT("agentkeys-config-v1\n"));
    for (size_t i = 0; i < AK_COUNT(keys); i++) {
        ak_sha256_stream_update(&hash, ak_span_str(conf->table->keys[keys[i]].name));
        ak_sha256_stream_update(&hash, AK_SPAN_LIT("="));
        ak_sha256_stream_update(&hash, ak_span_str(ak_conf_text(conf, keys[i])));
        ak_sha256_stream_update(&hash, AK_SPAN_LIT("\n"));
    }
    ak_sha256_stream_final(&hash, out_hash);
}
