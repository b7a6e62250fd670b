/* The gateway alone: its process with a keeper that answers every sign-message at once. Prints the address,
 * then at SIGTERM what one request cost the gateway. usage: fake_keeper [verify] */
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "core/frames/closed.h"
#include "core/frames/hello.h"
#include "core/frames/reply.h"
#include "core/frames/request.h"
#include "core/frames/status.h"
#include "core/wire/call.h"
#include "core/wire/msg_sign.h"
#include "io/proc/channel.h"
#include "io/proc/clock.h"
#include "io/proc/spawn.h"
#include "programs/worker/roles.h"

static volatile sig_atomic_t stop;
static uint64_t requests;
static uint8_t frame_memory[AK_FRAME_MAX];

static void on_term(int signal_number)
{
    (void)signal_number;
    stop = 1;
}

static void check(bool ok, const char *what)
{
    if (ok) return;
    perror(what);
    exit(1);
}

static int listen_any(uint16_t *out_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    check(fd >= 0 && bind(fd, (struct sockaddr *)&address, len) == 0 && listen(fd, 512) == 0, "listen");
    check(getsockname(fd, (struct sockaddr *)&address, &len) == 0, "getsockname");
    *out_port = ntohs(address.sin_port);
    return fd;
}

static pid_t start_gateway(int listener, int channel, const char *conf)
{
    int conf_fd = -1;
    check(ak_spawn_text_fd(ak_span_str(conf), &conf_fd) == AK_OK, "conf");
    pid_t pid = fork();
    check(pid >= 0, "fork");
    if (pid) return pid;
    int high[3] = {dup2(conf_fd, 60), dup2(channel, 61), dup2(listener, 62)};
    check(dup2(high[0], AK_FD_CONF) >= 0 && dup2(high[1], AK_FD_PEER) >= 0 &&
              dup2(high[2], AK_FD_FIRST + AK_GATEWAY_FD_TCP) >= 0,
        "dup2");
    (void)close_range(AK_FD_FIRST + 1, ~0u, 0);
    (void)close(AK_FD_STATUS);
    _exit(ak_gateway_main());
}

static void send_status(struct ak_channel *channel)
{
    struct ak_buf buf = AK_BUF_ARR(frame_memory);
    struct ak_frame_status status = {0};
    memset(status.nonce, 'n', sizeof status.nonce);
    check(ak_frame_status_encode(&status, &buf) == AK_OK &&
              ak_channel_send(channel, ak_buf_span(&buf)) == AK_OK,
        "status");
}

static void send_welcome(struct ak_channel *channel)
{
    struct ak_buf buf = AK_BUF_ARR(frame_memory);
    const struct ak_frame_welcome welcome = {0};
    check(ak_frame_welcome_encode(&welcome, &buf) == AK_OK &&
              ak_channel_send(channel, ak_buf_span(&buf)) == AK_OK,
        "welcome");
}

static void answer(struct ak_channel *channel, struct ak_reader *reader)
{
    static uint8_t body_memory[1024];
    struct ak_frame_request request;
    struct ak_msg_sign_reply reply = {.key_version = 1, .entry_index = requests};
    struct ak_buf body = AK_BUF_ARR(body_memory);
    struct ak_buf buf = AK_BUF_ARR(frame_memory);
    check(ak_frame_request_decode(reader, &request) == AK_OK && request.call == AK_CALL_SIGN_MESSAGE,
        "request");
    check(ak_msg_encode(&ak_sign_reply_msg, &reply, &body) == AK_OK, "body");
    const struct ak_frame_reply frame = {.slot = request.slot,
        .slot_use = request.slot_use,
        .call = request.call,
        .code = AK_CODE_OK,
        .body = ak_buf_span(&body)};
    check(
        ak_frame_reply_encode(&frame, &buf) == AK_OK && ak_channel_send(channel, ak_buf_span(&buf)) == AK_OK,
        "reply");
    requests++;
}

static bool take(struct ak_channel *channel, struct ak_span frame)
{
    struct ak_reader reader = ak_reader(frame);
    unsigned type = 0;
    if (ak_frame_read_head(&reader, &type) != AK_OK) return false;
    if (type == AK_FRAME_HELLO) {
        send_welcome(channel);
        send_status(channel);
    } else if (type == AK_FRAME_REQUEST) {
        answer(channel, &reader);
    }
    return true;
}

static void serve(struct ak_channel *channel)
{
    uint64_t told = 0;
    while (!stop) {
        struct pollfd pfd = {channel->fd, POLLIN, 0};
        struct ak_span frame;
        (void)poll(&pfd, 1, 500);
        if (ak_channel_fill(channel) != AK_OK) break;
        while (ak_channel_next(channel, &frame) == AK_OK)
            if (!take(channel, frame)) return;
        if (told && ak_clock_mono_ms() - told > 1000) send_status(channel);
        if (!told || ak_clock_mono_ms() - told > 1000) told = ak_clock_mono_ms();
        if (ak_channel_flush(channel) != AK_OK) break;
    }
}

int main(void)
{
    int fds[2];
    uint16_t port = 0;
    struct ak_channel channel;
    struct rusage use;
    int status = 0;
    (void)signal(SIGTERM, on_term);
    int listener = listen_any(&port);
    check(ak_channel_pair(fds) == AK_OK, "pair");
    pid_t gateway = start_gateway(listener, fds[1], "data_dir = /nonexistent\n");
    (void)close(fds[1]);
    (void)close(listener);
    check(ak_channel_init(&channel, fds[0], 0) == AK_OK, "channel");
    (void)printf("{\"port\":%u}\n", port);
    (void)fflush(stdout);
    serve(&channel);
    (void)kill(gateway, SIGTERM);
    check(wait4(gateway, &status, 0, &use) == gateway, "wait");
    double user = (double)use.ru_utime.tv_sec * 1e6 + (double)use.ru_utime.tv_usec;
    double sys = (double)use.ru_stime.tv_sec * 1e6 + (double)use.ru_stime.tv_usec;
    double n = requests ? (double)requests : 1;
    (void)printf("{\"requests\":%llu,\"gateway_user_us\":%.2f,\"gateway_system_us\":%.2f,\"gateway_us\":%.2f,"
                 "\"exit\":%d}\n",
        (unsigned long long)requests, user / n, sys / n, (user + sys) / n, status);
    return 0;
}
