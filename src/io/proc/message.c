/* Reading and writing whole messages, each wait bounded. */
#include "io/proc/message.h"

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static enum ak_err wait_for(int fd, short events, unsigned timeout_ms)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    int ready;
    do ready = poll(&waiting, 1, (int)timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return AK_E_IO;
    return ready ? AK_OK : AK_E_EXPIRED;
}

static bool again(void)
{
    return errno == EINTR || errno == EAGAIN || errno == EWOULDBLOCK;
}

static enum ak_err write_all(int fd, struct ak_span bytes, unsigned timeout_ms)
{
    while (bytes.len > 0) {
        AK_TRY(wait_for(fd, POLLOUT, timeout_ms));
        ssize_t done = send(fd, bytes.ptr, bytes.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0 && again()) continue;
        if (done <= 0) return AK_E_IO;
        bytes = ak_span(bytes.ptr + done, bytes.len - (size_t)done);
    }
    return AK_OK;
}

enum ak_err ak_message_write(int fd, struct ak_span bytes, unsigned timeout_ms)
{
    if (bytes.len == 0 || bytes.len > UINT32_MAX) return AK_E_ARG;
    const uint8_t head[4] = {(uint8_t)(bytes.len >> 24), (uint8_t)(bytes.len >> 16),
        (uint8_t)(bytes.len >> 8), (uint8_t)bytes.len};
    AK_TRY(write_all(fd, AK_SPAN_ARR(head), timeout_ms));
    return write_all(fd, bytes, timeout_ms);
}

/* *out_len: how much came before the peer ended or the error. */
static enum ak_err read_all(int fd, uint8_t *out, size_t len, unsigned timeout_ms, size_t *out_len)
{
    *out_len = 0;
    while (*out_len < len) {
        AK_TRY(wait_for(fd, POLLIN, timeout_ms));
        ssize_t got = recv(fd, out + *out_len, len - *out_len, MSG_DONTWAIT);
        if (got < 0 && again()) continue;
        if (got < 0) return AK_E_IO;
        if (got == 0) return AK_E_STATE;
        *out_len += (size_t)got;
    }
    return AK_OK;
}

enum ak_err ak_message_read(int fd, uint8_t *out_bytes, size_t cap, unsigned timeout_ms, size_t *out_len)
{
    uint8_t head[4];
    size_t got = 0;
    *out_len = 0;
    enum ak_err err = read_all(fd, head, sizeof head, timeout_ms, &got);
    if (err == AK_E_STATE && got > 0) return AK_E_FORMAT;
    AK_TRY(err);
    size_t len = (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
    if (len == 0) return AK_E_FORMAT;
    if (len > cap) return AK_E_LIMIT;
    err = read_all(fd, out_bytes, len, timeout_ms, &got);
    if (err == AK_E_STATE) return AK_E_FORMAT;
    AK_TRY(err);
    *out_len = len;
    return AK_OK;
}
