/* This client's device key: P-256, made here, never leaving the folder it lies in. Whoever has the file is
 * the device. Secret: the scalar, which is in OpenSSL's heap while the device is open and wiped after.
 * One thread. spec: docs/policy.md, Devices and proofs */
#ifndef AK_IO_CLIENT_DEVICE_H
#define AK_IO_CLIENT_DEVICE_H

#include <stdbool.h>

#include "base/crypto/p256.h"
#include "base/err.h"

#define AK_DEVICE_FILE "device.key"

struct ak_client_device {
    struct ak_p256_signer signer;
    struct ak_p256_pub pub;
    uint8_t thumbprint[32];
};

/* Opens the key of the folder. AK_E_NOT_FOUND: none yet; AK_E_MEANING: others may read the file, or it is not
 * ours; AK_E_FORMAT: damaged; AK_E_IO, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_client_device_load(int dir_fd, struct ak_client_device *out_device);
/* The same, and makes the key where there is none; *out_made says so. Several processes at once get one key.
 */
AK_MUST_USE enum ak_err ak_client_device_open(
    int dir_fd, struct ak_client_device *out_device, bool *out_made);
/* Fine on a zeroed one. */
void ak_client_device_close(struct ak_client_device *device);

/* Whether the file is ours alone (mode 0600 or less). AK_E_NOT_FOUND, AK_E_MEANING, AK_E_IO. */
AK_MUST_USE enum ak_err ak_client_check_file(int dir_fd, const char *name);

/* The folder's lock, for whoever writes there; waits two seconds for others. AK_E_CONFLICT, AK_E_IO. Ends
 * with close. */
AK_MUST_USE enum ak_err ak_client_lock(int dir_fd, int *out_fd);

#endif
