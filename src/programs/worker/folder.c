/* The data folder: <data>/sealed.bin, lock, ledger.db, snapshot-N.bin and <data>/tee/. */
#include "programs/worker/folder.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

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
