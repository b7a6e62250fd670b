/* Starts the gateway as the supervisor does and speaks to it from both sides. */
#include "gateway_harness.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/limits.h"
#include "core/frames/closed.h"
#include "core/frames/hello.h"
#include "core/frames/reply.h"
#include "core/frames/request.h"
#include "core/frames/status.h"
#include "core/wire/call.h"
#include "core/wire/msg_error.h"
#include "core/wire/msg_sign.h"
#include "io/proc/channel.h"
#include "io/proc/spawn.h"
#include "programs/worker/roles.h"

enum { WAIT_MS = GW_WAIT_MS };

#define NONCE GW_NONCE

struct gw gw;

/* ---- the process ---- */

static int listen_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    gw.port = ntohs(address.sin_port);
    return fd;
}

static int listen_unix(char path[108], const char *name)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    snprintf(path, 108, "/tmp/ak-gateway-test-%d-%s", (int)getpid(), name);
    unlink(path);
    memcpy(address.sun_path, path, strlen(path) + 1);
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof address), 0);
    assert_int_equal(listen(fd, 16), 0);
    return fd;
}

AK_NORETURN static void be_gateway(int conf, int channel, int warning, const int listeners[4])
{
    enum { WARNING = AK_FD_FIRST + AK_GATEWAY_FD_WARNING };
    int from[] = {conf, channel, listeners[0], listeners[1], listeners[2], listeners[3], warning};
    const int to[] = {
        AK_FD_CONF, AK_FD_PEER, AK_FD_FIRST, AK_FD_FIRST + 1, AK_FD_FIRST + 2, AK_FD_FIRST + 3, WARNING};
    for (size_t i = 0; i < AK_COUNT(from); i++) from[i] = dup2(from[i], (int)(60 + i));
    for (size_t i = 0; i < AK_COUNT(from); i++)
        if (dup2(from[i], to[i]) < 0) _exit(99);
    close(AK_FD_STATUS);
    close_range(AK_FD_FIRST + 4, WARNING - 1, 0);
    close_range(WARNING + 1, ~0u, 0);
    _exit(ak_gateway_main());
}

void gw_start(void)
{
    int fds[2], warning[2];
    int conf = -1;
    assert_int_equal(ak_channel_pair(fds), AK_OK);
    assert_int_equal(ak_channel_pair(warning), AK_OK);
    assert_int_equal(
        ak_spawn_text_fd(AK_SPAN_LIT("data_dir = /nonexistent\nlog_level = error\n"), &conf), AK_OK);
    const int listeners[4] = {listen_tcp(), listen_unix(gw.unix_path, "u"),
        listen_unix(gw.operator_path, "o"), listen_unix(gw.broker_path, "b")};
    gw.pid = fork();
    assert_true(gw.pid >= 0);
    if (gw.pid == 0) be_gateway(conf, fds[1], warning[1], listeners);
    close(fds[1]);
    close(warning[1]);
    gw.warning = warning[0];
    close(conf);
    for (size_t i = 0; i < 4; i++) close(listeners[i]);
    assert_int_equal(ak_channel_init(&gw.channel, fds[0], 0), AK_OK);
}

static void push(struct ak_buf *buf)
{
    assert_int_equal(ak_buf_check(buf), AK_OK);
    assert_int_equal(ak_channel_send(&gw.channel, ak_buf_span(buf)), AK_OK);
    assert_int_equal(ak_channel_drain(&gw.channel, WAIT_MS), AK_OK);
}

void gw_push_status(uint32_t bits)
{
    struct ak_buf buf = AK_BUF_ARR(gw.frame);
    struct ak_frame_status status = {.bits = bits};
    memcpy(status.nonce, NONCE, AK_STATUS_NONCE_LEN);
    status.figures[AK_FIGURE_LEDGER_SIZE] = 4711;
    status.figures[AK_FIGURE_VAULT_BLOBS] = 100;
    status.figures[AK_FIGURE_VAULT_CHECKED] = 12;
    if (bits & AK_STATUS_VAULT_DIFFERS)
        for (unsigned i = AK_FIGURE_VAULT_MISSING; i <= AK_FIGURE_VAULT_KEYS_MISSING; i++)
            status.figures[i] = i - AK_FIGURE_VAULT_MISSING;
    assert_int_equal(ak_frame_status_encode(&status, &buf), AK_OK);
    push(&buf);
}

struct ak_span gw_pull(unsigned *out_type, struct ak_reader *reader)
{
    struct ak_span frame;
    assert_int_equal(ak_channel_wait(&gw.channel, WAIT_MS, &frame), AK_OK);
    *reader = ak_reader(frame);
    assert_int_equal(ak_frame_read_head(reader, out_type), AK_OK);
    return frame;
}

void gw_welcome(bool dev)
{
    struct ak_frame_hello hello;
    struct ak_reader reader;
    unsigned type = 0;
    gw_pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_HELLO);
    assert_int_equal(ak_frame_hello_decode(&reader, &hello), AK_OK);
    assert_true(ak_span_eq(hello.version, AK_SPAN_LIT(AK_VERSION)));
    struct ak_buf buf = AK_BUF_ARR(gw.frame);
    const struct ak_frame_welcome frame = {.dev = dev, .caps = 1u << 6};
    assert_int_equal(ak_frame_welcome_encode(&frame, &buf), AK_OK);
    push(&buf);
}

int gw_end_with(int signal_number)
{
    int status = 0;
    if (signal_number)
        kill(gw.pid, signal_number);
    else
        ak_channel_done(&gw.channel);
    assert_int_equal(waitpid(gw.pid, &status, 0), gw.pid);
    ak_channel_done(&gw.channel);
    close(gw.warning);
    unlink(gw.unix_path);
    unlink(gw.operator_path);
    unlink(gw.broker_path);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- the client ---- */

int gw_dial(const char *path)
{
    union {
        struct sockaddr any;
        struct sockaddr_in in;
        struct sockaddr_un un;
    } address;
    const struct timeval limit = {10, 0};
    memset(&address, 0, sizeof address);
    socklen_t len = sizeof address.in;
    if (path) {
        address.un.sun_family = AF_UNIX;
        memcpy(address.un.sun_path, path, strlen(path) + 1);
        len = sizeof address.un;
    } else {
        address.in.sin_family = AF_INET;
        address.in.sin_port = htons(gw.port);
        address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, &address.any, len), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return fd;
}

void gw_say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* One whole answer; gives its status. */
unsigned gw_hear(int fd)
{
    gw.answer_len = 0;
    for (;;) {
        ssize_t n = recv(fd, gw.answer + gw.answer_len, sizeof gw.answer - 1 - gw.answer_len, 0);
        if (n <= 0) break;
        gw.answer_len += (size_t)n;
        gw.answer[gw.answer_len] = 0;
        const char *body = strstr(gw.answer, "\r\n\r\n");
        const char *length = strstr(gw.answer, "Content-Length: ");
        if (body && length &&
            gw.answer_len >= (size_t)(body + 4 - gw.answer) + strtoul(length + 16, NULL, 10))
            break;
    }
    gw.answer[gw.answer_len] = 0;
    return gw.answer_len > 12 ? (unsigned)strtoul(gw.answer + 9, NULL, 10) : 0;
}

unsigned gw_ask(const char *path, const char *request)
{
    int fd = gw_dial(path);
    gw_say(fd, request);
    unsigned status = gw_hear(fd);
    close(fd);
    return status;
}

void gw_assert_header(const char *line)
{
    if (!strstr(gw.answer, line)) fail_msg("no %s in\n%s", line, gw.answer);
}

void gw_assert_error(const char *code)
{
    char want[80];
    snprintf(want, sizeof want, "{\"error\":\"%s\",", code);
    if (!strstr(gw.answer, want)) fail_msg("no %s in\n%s", code, gw.answer);
    gw_assert_header("X-Request-Id: ");
    gw_assert_header("Cache-Control: no-store");
    gw_assert_header("Content-Type: application/json");
}

struct ak_frame_request gw_take_request(void)
{
    struct ak_frame_request request;
    struct ak_reader reader;
    unsigned type = 0;
    gw_pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_REQUEST);
    assert_int_equal(ak_frame_request_decode(&reader, &request), AK_OK);
    return request;
}

void gw_push_reply(
    const struct ak_frame_request *request, enum ak_code code, struct ak_span body, const char *notice)
{
    struct ak_buf buf = AK_BUF_ARR(gw.frame);
    const struct ak_frame_reply reply = {.slot = request->slot,
        .slot_use = request->slot_use,
        .call = request->call,
        .code = (uint16_t)code,
        .notice = ak_span_str(notice),
        .body = body};
    assert_int_equal(ak_frame_reply_encode(&reply, &buf), AK_OK);
    push(&buf);
}

struct ak_span gw_sign_reply(void)
{
    struct ak_buf body = AK_BUF_ARR(gw.body);
    struct ak_msg_sign_reply reply = {.key_version = 1, .entry_index = 9};
    memset(reply.signature, 0x11, sizeof reply.signature);
    assert_int_equal(ak_msg_encode(&ak_sign_reply_msg, &reply, &body), AK_OK);
    return ak_buf_span(&body);
}

struct ak_span gw_error_reply(const struct ak_msg_error_reply *reply)
{
    struct ak_buf body = AK_BUF_ARR(gw.body);
    assert_int_equal(ak_msg_encode(&ak_error_reply_msg, reply, &body), AK_OK);
    return ak_buf_span(&body);
}

void gw_take_closed(int fd)
{
    struct ak_reader reader;
    unsigned type = 0;
    close(fd);
    gw_pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_CLOSED);
}

void gw_serve(bool dev)
{
    gw_start();
    gw_welcome(dev);
    gw_push_status(0);
}

int gw_open_serving(void **state)
{
    (void)state;
    gw_serve(false);
    return 0;
}

/* A frame of the gateway's that a test did not wait for would be met by the next one. */
int gw_close_serving(void **state)
{
    (void)state;
    return gw_end_with(SIGTERM) == 0 ? 0 : -1;
}
