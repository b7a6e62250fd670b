/* The device key's file: 8 bytes of magic, 32 of scalar. */
#include "io/client/device.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/codec/jose.h"
#include "io/proc/durable.h"
#include "io/proc/random.h"

enum { MAGIC_LEN = 8, FILE_LEN = MAGIC_LEN + 32, LOCK_TRIES = 100, LOCK_WAIT_NS = 20 * 1000 * 1000 };
static const uint8_t magic[MAGIC_LEN] = {'A', 'K', 'd', 'e', 'v', 'k', '0', '1'};

struct key_file {
    uint8_t bytes[FILE_LEN];
};
static void key_file_done(struct key_file *file)
{
    ak_wipe(file, sizeof *file);
}

enum ak_err ak_client_check_file(int dir_fd, const char *name)
{
    struct stat st;
    if (fstatat(dir_fd, name, &st, AT_SYMLINK_NOFOLLOW)) return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
    bool ours = S_ISREG(st.st_mode) && st.st_uid == geteuid() && (st.st_mode & 0177) == 0;
    return ours ? AK_OK : AK_E_MEANING;
}

static enum ak_err open_scalar(const struct ak_secret32 *scalar, struct ak_client_device *device)
{
    AK_TRY(ak_p256_pub_from_scalar(scalar, &device->pub));
    AK_TRY(ak_p256_signer_open(&device->signer, scalar));
    ak_jwk_thumbprint(&device->pub, device->thumbprint);
    return AK_OK;
}

enum ak_err ak_client_device_load(int dir_fd, struct ak_client_device *out_device)
{
    AK_CLEANUP(key_file_done) struct key_file file = {{0}};
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    struct ak_file_ops ops = ak_file_ops_system();
    size_t len = 0;
    memset(out_device, 0, sizeof *out_device);
    AK_TRY(ak_client_check_file(dir_fd, AK_DEVICE_FILE));
    enum ak_err err = ak_durable_read(&ops, dir_fd, AK_DEVICE_FILE, file.bytes, sizeof file.bytes, &len);
    if (err == AK_E_LIMIT) return AK_E_FORMAT;
    if (err) return err;
    if (len != FILE_LEN || memcmp(file.bytes, magic, MAGIC_LEN) != 0) return AK_E_FORMAT;
    memcpy(scalar.bytes, file.bytes + MAGIC_LEN, sizeof scalar.bytes);
    err = open_scalar(&scalar, out_device);
    return err == AK_E_MEANING ? AK_E_FORMAT : err;
}

static enum ak_err make(int dir_fd)
{
    AK_CLEANUP(key_file_done) struct key_file file = {{0}};
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    struct ak_file_ops ops = ak_file_ops_system();
    uint8_t seed[48];
    ak_random_bytes(seed, sizeof seed);
    enum ak_err err = ak_p256_scalar_from_48(seed, &scalar);
    ak_wipe(seed, sizeof seed);
    if (err) return err;
    memcpy(file.bytes, magic, MAGIC_LEN);
    memcpy(file.bytes + MAGIC_LEN, scalar.bytes, sizeof scalar.bytes);
    return ak_durable_write(&ops, dir_fd, AK_DEVICE_FILE, AK_SPAN_ARR(file.bytes));
}

enum ak_err ak_client_lock(int dir_fd, int *out_fd)
{
    const struct timespec wait = {0, LOCK_WAIT_NS};
    for (int i = 0; i < LOCK_TRIES; i++) {
        enum ak_err err = ak_durable_lock(dir_fd, out_fd);
        if (err != AK_E_CONFLICT) return err;
        (void)nanosleep(&wait, NULL);
    }
    return AK_E_CONFLICT;
}

enum ak_err ak_client_device_open(int dir_fd, struct ak_client_device *out_device, bool *out_made)
{
    int lock = -1;
    *out_made = false;
    enum ak_err err = ak_client_device_load(dir_fd, out_device);
    if (err != AK_E_NOT_FOUND) return err;
    AK_TRY(ak_client_lock(dir_fd, &lock));
    err = ak_client_device_load(dir_fd, out_device);
    if (err == AK_E_NOT_FOUND) {
        err = make(dir_fd);
        if (!err) err = ak_client_device_load(dir_fd, out_device);
        *out_made = err == AK_OK;
    }
    (void)close(lock);
    return err;
}

void ak_client_device_close(struct ak_client_device *device)
{
    ak_p256_signer_close(&device->signer);
    memset(device, 0, sizeof *device);
}
