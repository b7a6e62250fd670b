/* Both queues are linear buffers of fixed size: data are moved to the front only where the next frame would
 * not fit behind them, so that most frames are read and written without a copy. */
#include "io/proc/channel.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/wipe.h"
#include "io/proc/clock.h"

enum { IN_CAP = 2 * (AK_CHANNEL_FRAME_MAX + AK_CHANNEL_HEADER_LEN) };

enum ak_err ak_channel_pair(int out_fds[2])
{
    out_fds[0] = out_fds[1] = -1;
    return socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, out_fds) ? AK_E_IO : AK_OK;
}

static uint8_t *map_pages(size_t len)
{
    void *pages = mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}

enum ak_err ak_channel_init(struct ak_channel *channel, int fd, size_t out_cap)
{
    *channel = (struct ak_channel){.fd = -1};
    if (fd < 0 || (out_cap && out_cap < AK_CHANNEL_HEADER_LEN + 1)) return AK_E_ARG;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK)) return AK_E_IO;
    channel->in_cap = IN_CAP;
    channel->out_cap = out_cap ? out_cap : AK_CHANNEL_OUT_DEFAULT;
    channel->in = map_pages(channel->in_cap);
    channel->out = map_pages(channel->out_cap);
    if (!channel->in || !channel->out) {
        ak_channel_done(channel);
        return AK_E_FULL;
    }
    channel->fd = fd;
    return AK_OK;
}

static void unmap_wiped(uint8_t *pages, size_t used, size_t cap)
{
    if (!pages) return;
    ak_wipe(pages, used);
    (void)munmap(pages, cap);
}

void ak_channel_done(struct ak_channel *channel)
{
    if (channel->fd >= 0) (void)close(channel->fd);
    unmap_wiped(channel->in, channel->in ? channel->in_cap : 0, channel->in_cap);
    unmap_wiped(channel->out, channel->out ? channel->out_high : 0, channel->out_cap);
    *channel = (struct ak_channel){.fd = -1};
}

/* Moves what is there to the front. */
static void compact(uint8_t *bytes, size_t *start, size_t *end)
{
    memmove(bytes, bytes + *start, *end - *start);
    *end -= *start;
    *start = 0;
}

size_t ak_channel_room(const struct ak_channel *channel)
{
    size_t left = channel->out_cap - (channel->out_end - channel->out_start);
    if (left <= AK_CHANNEL_HEADER_LEN) return 0;
    left -= AK_CHANNEL_HEADER_LEN;
    return left < AK_CHANNEL_FRAME_MAX ? left : AK_CHANNEL_FRAME_MAX;
}

enum ak_err ak_channel_send2(struct ak_channel *channel, struct ak_span head, struct ak_span body)
{
    if (channel->broken || channel->fd < 0) return AK_E_STATE;
    if (head.len > AK_CHANNEL_FRAME_MAX || body.len > AK_CHANNEL_FRAME_MAX - head.len) return AK_E_LIMIT;
    size_t len = head.len + body.len;
    if (len == 0) return AK_E_LIMIT;
    if (len > ak_channel_room(channel)) return AK_E_FULL;
    if (channel->out_cap - channel->out_end < AK_CHANNEL_HEADER_LEN + len)
        compact(channel->out, &channel->out_start, &channel->out_end);
    uint8_t *at = channel->out + channel->out_end;
    for (unsigned i = 0; i < AK_CHANNEL_HEADER_LEN; i++) at[i] = (uint8_t)(len >> (24 - 8 * i));
    if (head.len) memcpy(at + AK_CHANNEL_HEADER_LEN, head.ptr, head.len);
    if (body.len) memcpy(at + AK_CHANNEL_HEADER_LEN + head.len, body.ptr, body.len);
    channel->out_end += AK_CHANNEL_HEADER_LEN + len;
    if (channel->out_end > channel->out_high) channel->out_high = channel->out_end;
    return AK_OK;
}

enum ak_err ak_channel_send(struct ak_channel *channel, struct ak_span frame)
{
    return ak_channel_send2(channel, frame, AK_SPAN_EMPTY);
}

bool ak_channel_wants_write(const struct ak_channel *channel)
{
    return channel->out_end > channel->out_start && !channel->broken;
}

enum ak_err ak_channel_flush(struct ak_channel *channel)
{
    if (channel->broken || channel->fd < 0) return AK_E_IO;
    size_t len = channel->out_end - channel->out_start;
    if (len == 0) return AK_OK;
    ssize_t sent = send(channel->fd, channel->out + channel->out_start, len, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent < 0) {
        if (errno == EAGAIN || errno == EINTR) return AK_OK;
        channel->broken = true;
        return AK_E_IO;
    }
    channel->out_start += (size_t)sent;
    if (channel->out_start == channel->out_end) channel->out_start = channel->out_end = 0;
    return AK_OK;
}

enum ak_err ak_channel_fill(struct ak_channel *channel)
{
    if (channel->broken || channel->fd < 0) return AK_E_IO;
    if (channel->eof) return AK_E_STATE;
    if (channel->in_cap - channel->in_end < AK_CHANNEL_FRAME_MAX + AK_CHANNEL_HEADER_LEN)
        compact(channel->in, &channel->in_start, &channel->in_end);
    size_t room = channel->in_cap - channel->in_end;
    if (room == 0) return AK_OK; /* whole frames are waiting: take them first */
    ssize_t got = recv(channel->fd, channel->in + channel->in_end, room, MSG_DONTWAIT);
    if (got > 0) {
        channel->in_end += (size_t)got;
        return AK_OK;
    }
    if (got == 0) {
        channel->eof = true;
        return channel->in_end > channel->in_start ? AK_OK : AK_E_STATE;
    }
    if (errno == EAGAIN || errno == EINTR) return AK_OK;
    channel->broken = true;
    return AK_E_IO;
}

enum ak_err ak_channel_next(struct ak_channel *channel, struct ak_span *out_frame)
{
    *out_frame = AK_SPAN_EMPTY;
    if (channel->broken || channel->fd < 0) return AK_E_FORMAT;
    size_t have = channel->in_end - channel->in_start;
    if (have < AK_CHANNEL_HEADER_LEN) return AK_E_NOT_FOUND;
    const uint8_t *at = channel->in + channel->in_start;
    size_t len = (size_t)at[0] << 24 | (size_t)at[1] << 16 | (size_t)at[2] << 8 | at[3];
    if (len == 0 || len > AK_CHANNEL_FRAME_MAX) {
        channel->broken = true;
        return AK_E_FORMAT;
    }
    if (have - AK_CHANNEL_HEADER_LEN < len) return AK_E_NOT_FOUND;
    *out_frame = ak_span(at + AK_CHANNEL_HEADER_LEN, len);
    channel->in_start += AK_CHANNEL_HEADER_LEN + len;
    if (channel->in_start == channel->in_end) channel->in_start = channel->in_end = 0;
    return AK_OK;
}

/* Waits for `events` until the deadline; false where it has passed. */
static bool wait_for(int fd, short events, uint64_t deadline_ms)
{
    for (;;) {
        uint64_t now = ak_clock_mono_ms();
        if (now >= deadline_ms) return false;
        struct pollfd pfd = {fd, events, 0};
        if (poll(&pfd, 1, (int)(deadline_ms - now)) > 0) return true;
    }
}

enum ak_err ak_channel_wait(struct ak_channel *channel, unsigned timeout_ms, struct ak_span *out_frame)
{
    uint64_t deadline = ak_clock_mono_ms() + timeout_ms;
    for (;;) {
        enum ak_err err = ak_channel_next(channel, out_frame);
        if (err != AK_E_NOT_FOUND) return err;
        if (!channel->eof && !wait_for(channel->fd, POLLIN, deadline)) return AK_E_EXPIRED;
        AK_TRY(ak_channel_fill(channel));
    }
}

enum ak_err ak_channel_drain(struct ak_channel *channel, unsigned timeout_ms)
{
    uint64_t deadline = ak_clock_mono_ms() + timeout_ms;
    while (ak_channel_wants_write(channel)) {
        if (!wait_for(channel->fd, POLLOUT, deadline)) return AK_E_EXPIRED;
        AK_TRY(ak_channel_flush(channel));
    }
    return channel->broken ? AK_E_IO : AK_OK;
}
