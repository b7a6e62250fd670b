#include "io/tee/tpm2_wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/reader.h"
#include "io/proc/clock.h"

static struct tpm2_wire *of(TSS2_TCTI_CONTEXT *context)
{
    return (struct tpm2_wire *)(void *)context;
}

static TSS2_RC broken(struct tpm2_wire *wire)
{
    tpm2_wire_close(wire);
    return TSS2_TCTI_RC_IO_ERROR;
}

static bool wait_for(int fd, short events, uint64_t deadline_ms)
{
    for (;;) {
        struct pollfd poll_fd = {.fd = fd, .events = events};
        uint64_t now_ms = ak_clock_mono_ms();
        if (now_ms >= deadline_ms) return false;
        int ready = poll(&poll_fd, 1, (int)(deadline_ms - now_ms));
        if (ready > 0) return true;
        if (ready < 0 && errno != EINTR) return false;
    }
}

static TSS2_RC wire_transmit(TSS2_TCTI_CONTEXT *context, size_t size, const uint8_t *command)
{
    struct tpm2_wire *wire = of(context);
    uint64_t deadline_ms = ak_clock_mono_ms() + AK_TPM2_WAIT_MS;
    if (wire->fd < 0) return TSS2_TCTI_RC_IO_ERROR;
    while (size > 0) {
        if (!wait_for(wire->fd, POLLOUT, deadline_ms)) return broken(wire);
        ssize_t wrote = write(wire->fd, command, size);
        if (wrote < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (wrote <= 0) return broken(wire);
        command += wrote;
        size -= (size_t)wrote;
    }
    return TSS2_RC_SUCCESS;
}

/* tag (2), size (4), code (4) */
static size_t announced(const uint8_t *answer, size_t len)
{
    if (len < AK_TPM2_HEADER_LEN) return AK_TPM2_MESSAGE_MAX;
    struct ak_reader reader = ak_reader(ak_span(answer + 2, 4));
    return ak_reader_u32(&reader);
}

/* A device gives an answer by one read, a socket in pieces. */
static TSS2_RC wire_receive(TSS2_TCTI_CONTEXT *context, size_t *size, uint8_t *answer, int32_t timeout)
{
    struct tpm2_wire *wire = of(context);
    uint8_t bytes[AK_TPM2_MESSAGE_MAX];
    uint64_t deadline_ms = ak_clock_mono_ms() + AK_TPM2_WAIT_MS;
    size_t len = 0;
    (void)timeout;
    if (!answer) {
        *size = AK_TPM2_MESSAGE_MAX;
        return TSS2_RC_SUCCESS;
    }
    if (wire->fd < 0) return TSS2_TCTI_RC_IO_ERROR;
    while (len < AK_TPM2_HEADER_LEN || len < announced(bytes, len)) {
        if (announced(bytes, len) > sizeof bytes || !wait_for(wire->fd, POLLIN, deadline_ms))
            return broken(wire);
        ssize_t got = read(wire->fd, bytes + len, sizeof bytes - len);
        if (got < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (got <= 0) return broken(wire);
        len += (size_t)got;
    }
    if (len != announced(bytes, len) || len > *size) return broken(wire);
    memcpy(answer, bytes, len);
    *size = len;
    return TSS2_RC_SUCCESS;
}

static TSS2_RC wire_cancel(TSS2_TCTI_CONTEXT *context)
{
    (void)context;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC wire_poll_handles(
    TSS2_TCTI_CONTEXT *context, TSS2_TCTI_POLL_HANDLE *handles, size_t *num_handles)
{
    (void)context;
    (void)handles;
    (void)num_handles;
    return TSS2_TCTI_RC_NOT_IMPLEMENTED;
}

static TSS2_RC wire_locality(TSS2_TCTI_CONTEXT *context, uint8_t locality)
{
    (void)context;
    return locality ? TSS2_TCTI_RC_NOT_IMPLEMENTED : TSS2_RC_SUCCESS;
}

static void wire_finalize(TSS2_TCTI_CONTEXT *context)
{
    tpm2_wire_close(of(context));
}

void tpm2_wire_init(struct tpm2_wire *wire, int fd)
{
    *wire = (struct tpm2_wire){.fd = fd,
        .common = {.magic = 0x616b74706d32, /* "aktpm2" */
            .version = 1,
            .transmit = wire_transmit,
            .receive = wire_receive,
            .finalize = wire_finalize,
            .cancel = wire_cancel,
            .getPollHandles = wire_poll_handles,
            .setLocality = wire_locality}};
}

void tpm2_wire_close(struct tpm2_wire *wire)
{
    if (wire->fd >= 0) (void)close(wire->fd);
    wire->fd = -1;
}

/* ---- opening ---- */

static int connect_to(int family, const void *address, socklen_t len)
{
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd >= 0 && connect(fd, address, len) == 0) return fd;
    if (fd >= 0) (void)close(fd);
    return -1;
}

static enum ak_err open_path(const char *path, int *out_fd)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    if (strlen(path) >= sizeof address.sun_path) return AK_E_FORMAT;
    memcpy(address.sun_path, path, strlen(path) + 1);
    *out_fd = connect_to(AF_UNIX, &address, sizeof address);
    return *out_fd < 0 ? AK_E_IO : AK_OK;
}

/* One to five digits and nothing else; 0: no port. */
static uint16_t port_of(const char *text)
{
    size_t len = strlen(text);
    uint32_t port = 0;
    if (len == 0 || len > 5 || strspn(text, "0123456789") != len) return 0;
    for (; *text; text++) port = port * 10 + (uint32_t)(*text - '0');
    return port > UINT16_MAX ? 0 : (uint16_t)port;
}

/* Loopback only: whoever sits between could hold commands back at will. */
static enum ak_err open_port(const char *host_and_port, int *out_fd)
{
    char host[16] = {0};
    struct sockaddr_in address = {.sin_family = AF_INET};
    const char *comma = strstr(host_and_port, ",port=");
    size_t len = comma ? (size_t)(comma - host_and_port) : sizeof host;
    if (len >= sizeof host || strncmp(host_and_port, "127.", 4) != 0) return AK_E_FORMAT;
    memcpy(host, host_and_port, len);
    uint16_t port = port_of(comma + strlen(",port="));
    if (port == 0 || inet_pton(AF_INET, host, &address.sin_addr) != 1) return AK_E_FORMAT;
    address.sin_port = htons(port);
    *out_fd = connect_to(AF_INET, &address, sizeof address);
    return *out_fd < 0 ? AK_E_IO : AK_OK;
}

static const char *after(const char *text, const char *prefix)
{
    size_t len = strlen(prefix);
    return strncmp(text, prefix, len) == 0 ? text + len : NULL;
}

enum ak_err tpm2_wire_open(struct tpm2_wire *wire, const char *where)
{
    int fd = -1;
    enum ak_err err = AK_E_FORMAT;
    const char *device = after(where, "device:/");
    const char *path = after(where, "swtpm:path=/");
    const char *host = after(where, "swtpm:host=");
    if (device) {
        fd = open(device - 1, O_RDWR | O_CLOEXEC | O_NOCTTY);
        err = fd < 0 ? AK_E_IO : AK_OK;
    } else if (path) {
        err = open_path(path - 1, &fd);
    } else if (host) {
        err = open_port(host, &fd);
    }
    tpm2_wire_init(wire, fd);
    return err;
}
