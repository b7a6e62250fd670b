/* Sending and receiving whole messages, each wait bounded. No call asks whether there is something before it
 * tries. */
#include "io/proc/message.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>

#include "base/assert.h"
#include "base/wipe.h"

static void put_length(uint8_t head[AK_MESSAGE_HEAD], size_t len)
{
    for (size_t i = 0; i < AK_MESSAGE_HEAD; i++) head[i] = (uint8_t)(len >> 8 * (AK_MESSAGE_HEAD - 1 - i));
}

static size_t length_of(const uint8_t head[AK_MESSAGE_HEAD])
{
    return (size_t)head[0] << 24 | (size_t)head[1] << 16 | (size_t)head[2] << 8 | head[3];
}

size_t ak_message_begin(struct ak_buf *buf)
{
    size_t begun = buf->len;
    ak_buf_put_u32(buf, 0);
    return begun;
}

void ak_message_end(struct ak_buf *buf, size_t begun)
{
    size_t len = buf->len - begun - AK_MESSAGE_HEAD;
    if (!buf->failed && len > 0 && len <= UINT32_MAX)
        put_length(buf->ptr + begun, len);
    else
        buf->failed = true;
}

static enum ak_err wait_for(int fd, short events, unsigned timeout_ms)
{
    struct pollfd waiting = {.fd = fd, .events = events};
    int ready;
    do ready = poll(&waiting, 1, (int)timeout_ms);
    while (ready < 0 && errno == EINTR);
    if (ready < 0) return AK_E_IO;
    return ready ? AK_OK : AK_E_EXPIRED;
}

/* After a call that did nothing: AK_OK is to try again. */
static enum ak_err again(int fd, short events, unsigned timeout_ms)
{
    if (errno == EINTR) return AK_OK;
    return errno == EAGAIN || errno == EWOULDBLOCK ? wait_for(fd, events, timeout_ms) : AK_E_IO;
}

enum ak_err ak_message_send(int fd, const struct ak_buf *messages, unsigned timeout_ms)
{
    struct ak_span rest = ak_buf_span(messages);
    if (messages->failed || rest.len == 0) return AK_E_ARG;
    while (rest.len > 0) {
        ssize_t done = send(fd, rest.ptr, rest.len, MSG_NOSIGNAL | MSG_DONTWAIT);
        if (done < 0)
            AK_TRY(again(fd, POLLOUT, timeout_ms));
        else
            rest = ak_span(rest.ptr + done, rest.len - (size_t)done);
    }
    return AK_OK;
}

void ak_message_forget(struct ak_message_in *in)
{
    ak_wipe(in->memory + in->at - in->shown, in->shown);
    in->shown = 0;
    if (in->len == 0) in->at = 0;
}

bool ak_message_is_there(const struct ak_message_in *in)
{
    return in->len >= AK_MESSAGE_HEAD && in->len - AK_MESSAGE_HEAD >= length_of(in->memory + in->at);
}

/* To the front, where its end has no room: nothing of it stays behind. */
static void make_room(struct ak_message_in *in, size_t want)
{
    if (in->cap - in->at >= want) return;
    memmove(in->memory, in->memory + in->at, in->len);
    ak_wipe(in->memory + in->len, in->at);
    in->at = 0;
}

static enum ak_err receive(struct ak_message_in *in, unsigned timeout_ms)
{
    uint8_t *end = in->memory + in->at + in->len;
    ssize_t got = recv(in->fd, end, in->cap - in->at - in->len, MSG_DONTWAIT);
    if (got < 0) return again(in->fd, POLLIN, timeout_ms);
    if (got == 0) return in->len > 0 ? AK_E_FORMAT : AK_E_STATE;
    in->len += (size_t)got;
    return AK_OK;
}

/* A length that no message may have. */
static enum ak_err check_length(const struct ak_message_in *in)
{
    if (in->len < AK_MESSAGE_HEAD) return AK_OK;
    size_t len = length_of(in->memory + in->at);
    return len == 0 ? AK_E_FORMAT : len > in->max ? AK_E_LIMIT : AK_OK;
}

enum ak_err ak_message_next(struct ak_message_in *in, unsigned timeout_ms, struct ak_span *out_message)
{
    ak_assert(in->cap >= AK_MESSAGE_HEAD + in->max);
    *out_message = AK_SPAN_EMPTY;
    ak_message_forget(in);
    make_room(in, AK_MESSAGE_HEAD + in->max);
    AK_TRY(check_length(in));
    while (!ak_message_is_there(in)) {
        AK_TRY(receive(in, timeout_ms));
        AK_TRY(check_length(in));
    }
    size_t len = length_of(in->memory + in->at);
    *out_message = ak_span(in->memory + in->at + AK_MESSAGE_HEAD, len);
    in->shown = AK_MESSAGE_HEAD + len;
    in->at += in->shown;
    in->len -= in->shown;
    return AK_OK;
}
