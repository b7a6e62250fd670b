/* The real gateway process, confined as always, with this test as its keeper and its clients: what becomes a
 * frame and how, what is answered without the keeper, what answers look like, and how it ends when the keeper
 * breaks the protocol. */
#include "unit/check.h"

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

enum { WAIT_MS = 10000, ANSWER_MAX = 256 * 1024, EXIT_LOST = 3 };

#define NONCE "nnnnnnnnnnnnnnnnnnnnnn"
#define OMNI  "abababababababababababababababababababababababababababababababab"

static struct {
    struct ak_channel channel;
    pid_t pid;
    uint16_t port;
    char unix_path[108], operator_path[108];
    uint8_t frame[AK_FRAME_MAX];
    uint8_t body[AK_FRAME_BODY_MAX];
    char answer[ANSWER_MAX];
    size_t answer_len;
} the;

/* ---- the process ---- */

static int listen_tcp(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, len), 0);
    assert_int_equal(listen(fd, 16), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    the.port = ntohs(address.sin_port);
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

AK_NORETURN static void be_gateway(int conf, int channel, const int listeners[3])
{
    int from[] = {conf, channel, listeners[0], listeners[1], listeners[2]};
    const int to[] = {AK_FD_CONF, AK_FD_PEER, AK_FD_FIRST, AK_FD_FIRST + 1, AK_FD_FIRST + 2};
    for (size_t i = 0; i < AK_COUNT(from); i++) from[i] = dup2(from[i], (int)(60 + i));
    for (size_t i = 0; i < AK_COUNT(from); i++)
        if (dup2(from[i], to[i]) < 0) _exit(99);
    close(AK_FD_STATUS);
    close_range(AK_FD_FIRST + 3, ~0u, 0);
    _exit(ak_gateway_main());
}

static void start(void)
{
    int fds[2];
    int conf = -1;
    assert_int_equal(ak_channel_pair(fds), AK_OK);
    assert_int_equal(
        ak_spawn_text_fd(AK_SPAN_LIT("data_dir = /nonexistent\nlog_level = error\n"), &conf), AK_OK);
    const int listeners[3] = {
        listen_tcp(), listen_unix(the.unix_path, "u"), listen_unix(the.operator_path, "o")};
    the.pid = fork();
    assert_true(the.pid >= 0);
    if (the.pid == 0) be_gateway(conf, fds[1], listeners);
    close(fds[1]);
    close(conf);
    for (size_t i = 0; i < 3; i++) close(listeners[i]);
    assert_int_equal(ak_channel_init(&the.channel, fds[0], 0), AK_OK);
}

static void push(struct ak_buf *buf)
{
    assert_int_equal(ak_buf_check(buf), AK_OK);
    assert_int_equal(ak_channel_send(&the.channel, ak_buf_span(buf)), AK_OK);
    assert_int_equal(ak_channel_drain(&the.channel, WAIT_MS), AK_OK);
}

static void push_status(uint32_t bits)
{
    struct ak_buf buf = AK_BUF_ARR(the.frame);
    struct ak_frame_status status = {.bits = bits};
    memcpy(status.nonce, NONCE, AK_STATUS_NONCE_LEN);
    status.figures[AK_FIGURE_LEDGER_SIZE] = 4711;
    assert_int_equal(ak_frame_status_encode(&status, &buf), AK_OK);
    push(&buf);
}

static struct ak_span pull(unsigned *out_type, struct ak_reader *reader)
{
    struct ak_span frame;
    assert_int_equal(ak_channel_wait(&the.channel, WAIT_MS, &frame), AK_OK);
    *reader = ak_reader(frame);
    assert_int_equal(ak_frame_read_head(reader, out_type), AK_OK);
    return frame;
}

static void welcome(bool dev)
{
    struct ak_frame_hello hello;
    struct ak_reader reader;
    unsigned type = 0;
    pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_HELLO);
    assert_int_equal(ak_frame_hello_decode(&reader, &hello), AK_OK);
    assert_true(ak_span_eq(hello.version, AK_SPAN_LIT(AK_VERSION)));
    struct ak_buf buf = AK_BUF_ARR(the.frame);
    const struct ak_frame_welcome frame = {.dev = dev, .caps = 1u << 6};
    assert_int_equal(ak_frame_welcome_encode(&frame, &buf), AK_OK);
    push(&buf);
}

static int end_with(int signal_number)
{
    int status = 0;
    if (signal_number)
        kill(the.pid, signal_number);
    else
        ak_channel_done(&the.channel);
    assert_int_equal(waitpid(the.pid, &status, 0), the.pid);
    ak_channel_done(&the.channel);
    unlink(the.unix_path);
    unlink(the.operator_path);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

/* ---- the client ---- */

static int dial(const char *path)
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
        address.in.sin_port = htons(the.port);
        address.in.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    }
    int fd = socket(address.any.sa_family, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, &address.any, len), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof limit), 0);
    return fd;
}

static void say(int fd, const char *text)
{
    assert_int_equal(send(fd, text, strlen(text), MSG_NOSIGNAL), (ssize_t)strlen(text));
}

/* One whole answer; gives its status. */
static unsigned hear(int fd)
{
    the.answer_len = 0;
    for (;;) {
        ssize_t n = recv(fd, the.answer + the.answer_len, sizeof the.answer - 1 - the.answer_len, 0);
        if (n <= 0) break;
        the.answer_len += (size_t)n;
        the.answer[the.answer_len] = 0;
        const char *body = strstr(the.answer, "\r\n\r\n");
        const char *length = strstr(the.answer, "Content-Length: ");
        if (body && length &&
            the.answer_len >= (size_t)(body + 4 - the.answer) + strtoul(length + 16, NULL, 10))
            break;
    }
    the.answer[the.answer_len] = 0;
    return the.answer_len > 12 ? (unsigned)strtoul(the.answer + 9, NULL, 10) : 0;
}

static unsigned ask(const char *path, const char *request)
{
    int fd = dial(path);
    say(fd, request);
    unsigned status = hear(fd);
    close(fd);
    return status;
}

static void assert_header(const char *line)
{
    if (!strstr(the.answer, line)) fail_msg("no %s in\n%s", line, the.answer);
}

static void assert_error(const char *code)
{
    char want[80];
    snprintf(want, sizeof want, "{\"error\":\"%s\",", code);
    if (!strstr(the.answer, want)) fail_msg("no %s in\n%s", code, the.answer);
    assert_header("X-Request-Id: ");
    assert_header("Cache-Control: no-store");
    assert_header("Content-Type: application/json");
}

#define SIGN_BODY "{\"omni_account\":\"" OMNI "\",\"message_hex\":\"00ff\",\"path\":\"/a\"}"
#define HEADERS                                                                                              \
    "Host: a\r\nAuthorization: DPoP tok\r\nDPoP: proof\r\nContent-Type: application/json\r\n"                \
    "Content-Length: 116\r\n\r\n"
#define SIGN "POST /tee/sign-message HTTP/1.1\r\n" HEADERS SIGN_BODY
_Static_assert(sizeof SIGN_BODY - 1 == 116, "the length that HEADERS says");

static struct ak_frame_request take_request(void)
{
    struct ak_frame_request request;
    struct ak_reader reader;
    unsigned type = 0;
    pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_REQUEST);
    assert_int_equal(ak_frame_request_decode(&reader, &request), AK_OK);
    return request;
}

static void push_reply(
    const struct ak_frame_request *request, enum ak_code code, struct ak_span body, const char *notice)
{
    struct ak_buf buf = AK_BUF_ARR(the.frame);
    const struct ak_frame_reply reply = {.slot = request->slot,
        .slot_use = request->slot_use,
        .call = request->call,
        .code = (uint16_t)code,
        .notice = ak_span_str(notice),
        .body = body};
    assert_int_equal(ak_frame_reply_encode(&reply, &buf), AK_OK);
    push(&buf);
}

static struct ak_span sign_reply(void)
{
    struct ak_buf body = AK_BUF_ARR(the.body);
    struct ak_msg_sign_reply reply = {.key_version = 1, .entry_index = 9};
    memset(reply.signature, 0x11, sizeof reply.signature);
    assert_int_equal(ak_msg_encode(&ak_sign_reply_msg, &reply, &body), AK_OK);
    return ak_buf_span(&body);
}

static struct ak_span error_reply(const struct ak_msg_error_reply *reply)
{
    struct ak_buf body = AK_BUF_ARR(the.body);
    assert_int_equal(ak_msg_encode(&ak_error_reply_msg, reply, &body), AK_OK);
    return ak_buf_span(&body);
}

/* ---- serving ---- */

static int open_serving(void **state)
{
    (void)state;
    start();
    welcome(false);
    push_status(0);
    return 0;
}

/* A frame of the gateway's that a test did not wait for would be met by the next one. */
static int close_serving(void **state)
{
    (void)state;
    return end_with(SIGTERM) == 0 ? 0 : -1;
}

static void passes_a_call(void **state)
{
    (void)state;
    int fd = dial(NULL);
    say(fd, SIGN);
    struct ak_frame_request request = take_request();
    struct ak_msg_sign_request message;
    assert_int_equal(request.call, AK_CALL_SIGN_MESSAGE);
    assert_int_equal(request.transport, AK_TRANSPORT_LOOPBACK);
    assert_true(ak_span_eq(request.token, AK_SPAN_LIT("tok")));
    assert_true(ak_span_eq(request.proof, AK_SPAN_LIT("proof")));
    assert_int_equal(request.idempotency_key.len, 0);
    assert_int_equal(ak_msg_decode(&ak_sign_request_msg, request.body, &message, NULL), AK_OK);
    assert_true(ak_span_eq(message.message, AK_SPAN_LIT("\0\xff")));
    assert_true(ak_span_eq(message.path, AK_SPAN_LIT("/a")));
    uint8_t id[16];
    memcpy(id, request.request_id, 16);
    push_reply(&request, AK_CODE_OK, sign_reply(), "suspended soon");
    assert_int_equal(hear(fd), 200);
    assert_header("DPoP-Nonce: " NONCE);
    assert_header("AgentKeys-Notice: suspended soon");
    assert_non_null(strstr(the.answer, "\"signature\":\"0x1111"));
    assert_non_null(strstr(the.answer, "\"entry\":{\"index\":9,"));
    char want[64] = "X-Request-Id: ";
    for (size_t i = 0; i < 16; i++) (void)snprintf(want + 14 + 2 * i, 3, "%02x", id[i]);
    assert_header(want);
    close(fd);
    struct ak_frame_closed closed;
    struct ak_reader reader;
    unsigned type = 0;
    uint64_t conn = request.conn;
    pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_CLOSED);
    assert_int_equal(ak_frame_closed_decode(&reader, &closed), AK_OK);
    assert_int_equal(closed.conn, conn);
}

/* One connection keeps its number and source; two connections have two numbers and, from one address, one
 * source; a user of the Unix socket another. */
static void names_connections(void **state)
{
    (void)state;
    int fds[] = {dial(NULL), dial(NULL), dial(the.unix_path)};
    uint64_t conns[4];
    uint64_t sources[4];
    uint8_t transports[4];
    for (size_t i = 0; i < 4; i++) {
        int fd = fds[i ? i - 1 : 0];
        say(fd, SIGN);
        struct ak_frame_request request = take_request();
        conns[i] = request.conn;
        sources[i] = request.source;
        transports[i] = request.transport;
        push_reply(&request, AK_CODE_OK, sign_reply(), NULL);
        assert_int_equal(hear(fd), 200);
    }
    assert_true(conns[0] == conns[1] && conns[1] != conns[2] && conns[2] != conns[3]);
    assert_true(sources[0] == sources[1] && sources[1] == sources[2] && sources[2] != sources[3]);
    assert_int_equal(transports[2], AK_TRANSPORT_LOOPBACK);
    assert_int_equal(transports[3], AK_TRANSPORT_UNIX);
    for (size_t i = 0; i < AK_COUNT(fds); i++) close(fds[i]);
    for (size_t i = 0; i < AK_COUNT(fds); i++) {
        struct ak_reader reader;
        unsigned type = 0;
        pull(&type, &reader);
        assert_int_equal(type, AK_FRAME_CLOSED);
    }
}

#define LOCAL_BODY "{\"identity\":\"email:a@b.example\"}"
#define LOCAL                                                                                                \
    "POST /v1/local/session HTTP/1.1\r\nHost: a\r\nConnection: close\r\nDPoP: p\r\n"                         \
    "Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: 32\r\n\r\n" LOCAL_BODY

static void knows_the_operator(void **state)
{
    (void)state;
    assert_int_equal(ask(NULL, LOCAL), 404);
    assert_error("not_found");
    assert_int_equal(ask(the.unix_path, LOCAL), 404);
    int fd = dial(the.operator_path);
    say(fd, LOCAL);
    struct ak_frame_request request = take_request();
    assert_int_equal(request.transport, AK_TRANSPORT_OPERATOR);
    assert_int_equal(request.token.len, 0);
    const struct ak_msg_error_reply error = {
        .error = AK_SPAN_LIT("nonce_expired"), .message = AK_SPAN_LIT("late")};
    push_reply(&request, AK_CODE_NONCE_EXPIRED, error_reply(&error), NULL);
    assert_int_equal(hear(fd), 401);
    assert_header("WWW-Authenticate: DPoP algs=\"ES256\", error=\"nonce_expired\"");
    close(fd);
    struct ak_reader reader;
    unsigned type = 0;
    pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_CLOSED);
}

static void says_when_to_come_back(void **state)
{
    (void)state;
    int fd = dial(NULL);
    say(fd, SIGN);
    struct ak_frame_request request = take_request();
    const struct ak_msg_error_reply error = {
        .present = 1u << AK_ERROR_REPLY_RETRY_AFTER_SECS | 1u << AK_ERROR_REPLY_RULE,
        .error = AK_SPAN_LIT("rate_limit_exceeded"),
        .message = AK_SPAN_LIT("wait"),
        .rule = AK_SPAN_LIT("rate"),
        .retry_after_secs = 17};
    push_reply(&request, AK_CODE_RATE_LIMIT_EXCEEDED, error_reply(&error), NULL);
    assert_int_equal(hear(fd), 429);
    assert_header("Retry-After: 17\r\n");
    assert_non_null(strstr(the.answer, "\"denial\":{\"rule\":\"rate\"},\"retry_after_secs\":17}"));
    close(fd);
    struct ak_reader reader;
    unsigned type = 0;
    pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_CLOSED);
}

struct direct {
    const char *request;
    unsigned status;
    const char *code;
};

#define H      " HTTP/1.1\r\nHost: a\r\n"
#define TOKEN  "Authorization: DPoP tok\r\n"
#define PROOF  "DPoP: p\r\n"
#define JSON   "Content-Type: application/json\r\n"
#define EMPTY  "Content-Length: 2\r\n\r\n{}"
#define CHANGE "POST /v1/agents/a/suspend" H TOKEN PROOF JSON

static const struct direct directs[] = {
    {"GET /" H "\r\n", 404, "not_found"},
    {"GET /tee" H "\r\n", 404, "not_found"},
    {"GET /v1/none" H "\r\n", 404, "not_found"},
    {"GET /dev/sign-message" H "\r\n", 503, "signer_disabled"},
    {"POST /dev/anything" H "\r\n", 503, "signer_disabled"},
    {"GET /device" H "\r\n", 404, "not_found"},
    {"GET /tee/attestation?nonce=00" H "\r\n", 404, "no_evidence"},
    {"GET /tee/sign-message" H "\r\n", 405, "method_not_allowed"},
    {"DELETE /v1/agents" H "\r\n", 405, "method_not_allowed"},
    {"POST /healthz" H "Content-Length: 0\r\n\r\n", 405, "method_not_allowed"},
    {"GET /v1/agents" H "\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H "Authorization: Bearer tok\r\n\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H "Authorization: DPoP\r\n\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H "Authorization: DPoP \r\n\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H "Authorization: DPoPtok1\r\n\r\n", 401, "unauthorized"},
    {"GET /v1/agents" H TOKEN TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/agents" H TOKEN PROOF PROOF "\r\n", 400, "invalid_request"},
    {"POST /v1/agents/a/suspend" H TOKEN JSON EMPTY, 401, "proof_required"},
    {"POST /v1/token" H JSON EMPTY, 401, "proof_required"},
    {CHANGE "Idempotency-Key: a b\r\n" EMPTY, 400, "invalid_request"},
    {CHANGE "Idempotency-Key: a\r\nIdempotency-Key: b\r\n" EMPTY, 400, "invalid_request"},
    {CHANGE "Idempotency-Key: \xe9\r\n" EMPTY, 400, "invalid_request"},
    {CHANGE "Content-Length: 9\r\n\r\n{\"no\":1} ", 400, "invalid_request"},
    {"POST /v1/agents/a/suspend?label=b" H TOKEN PROOF JSON EMPTY, 400, "invalid_request"},
    {"POST /v1/agents/a/suspend?x=b" H TOKEN PROOF JSON EMPTY, 400, "invalid_request"},
    {"GET /v1/audit?since=1&since=2" H TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/audit?since=%zz" H TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/audit?since=x" H TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/audit?path=x" H TOKEN "\r\n", 400, "invalid_path"},
    {"GET /v1/ledger/proof/inclusion" H TOKEN "\r\n", 400, "invalid_request"},
    {"GET /v1/agents" H TOKEN JSON EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN "Content-Type: text/plain\r\n" EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN "Content-Type: application/jsonx\r\n" EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN JSON JSON EMPTY, 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN JSON "Content-Length: 0\r\n\r\n", 400, "invalid_omni_account"},
    {"POST /tee/sign-message" H TOKEN JSON EMPTY, 400, "invalid_omni_account"},
    {"POST /tee/sign-message" H TOKEN JSON "Content-Length: 2\r\n\r\n[]", 400, "invalid_json"},
    {"POST /tee/sign-message" H TOKEN JSON "Content-Length: 4\r\n\r\nnull", 400, "invalid_json"},
    {"GET /v1/agents" H TOKEN TOKEN "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400, "invalid_request"},
    {"POST /tee/sign-message" H TOKEN JSON "Content-Length: 65537\r\n\r\n", 413, "too_large"},
};

/* None of these costs the keeper anything: it sees no frame. */
static void answers_without_the_keeper(void **state)
{
    (void)state;
    for (size_t i = 0; i < AK_COUNT(directs); i++) {
        unsigned status = ask(NULL, directs[i].request);
        if (status != directs[i].status) fail_msg("%u for\n%s\n%s", status, directs[i].request, the.answer);
        assert_error(directs[i].code);
        if (status == 401) assert_header("WWW-Authenticate: DPoP algs=\"ES256\"");
        if (status == 405) assert_header("Allow: ");
    }
    struct ak_span frame;
    assert_int_equal(ak_channel_wait(&the.channel, 1, &frame), AK_E_EXPIRED);
}

static void bounds_tokens_and_proofs(void **state)
{
    (void)state;
    static char request[16 * 1024];
    static char word[AK_LIMIT_TOKEN + 2];
    for (size_t len = AK_LIMIT_TOKEN; len <= AK_LIMIT_TOKEN + 1; len++) {
        memset(word, 't', len);
        word[len] = 0;
        snprintf(request, sizeof request, "GET /v1/agents" H "Authorization: dpop %s\r\n\r\n", word);
        int fd = dial(NULL);
        say(fd, request);
        if (len <= AK_LIMIT_TOKEN) {
            struct ak_frame_request got = take_request();
            assert_int_equal(got.token.len, len);
            const struct ak_msg_error_reply error = {.error = AK_SPAN_LIT("x"), .message = AK_SPAN_LIT("y")};
            push_reply(&got, AK_CODE_INVALID_TOKEN, error_reply(&error), NULL);
            assert_int_equal(hear(fd), 401);
        } else {
            assert_int_equal(hear(fd), 401);
            assert_error("invalid_token");
        }
        close(fd);
    }
    memset(word, 'p', AK_LIMIT_PROOF + 1);
    word[AK_LIMIT_PROOF + 1] = 0;
    snprintf(request, sizeof request, "GET /v1/agents" H TOKEN "DPoP: %s\r\n\r\n", word);
    assert_int_equal(ask(NULL, request), 401);
    assert_error("bad_signature");
}

static void shows_its_health(void **state)
{
    (void)state;
    assert_int_equal(ask(NULL, "GET /healthz" H "\r\n"), 200);
    assert_non_null(strstr(the.answer, "{\"status\":\"ok\"}"));
    assert_int_equal(ask(NULL, "GET /readyz" H "\r\n"), 200);
    assert_non_null(strstr(the.answer, "\"status\":\"ready\""));
    assert_non_null(
        strstr(the.answer, "\"capabilities_not_held\":[\"report\",\"seal_hw\",\"counter_hw\",\"erase\","
                           "\"mem_isolated\",\"measured\"],\"insecure_dev\":true"));
    assert_int_equal(ask(NULL, "GET /metrics" H "\r\n"), 200);
    assert_header("Content-Type: text/plain; version=0.0.4");
    assert_non_null(strstr(the.answer, "\nagentkeys_ledger_size 4711\n"));
    assert_non_null(strstr(the.answer, "\nagentkeys_up 1\n"));
}

static void shows_what_is_wrong(void **state)
{
    (void)state;
    static const struct {
        uint32_t bits;
        const char *want;
    } states[] = {{AK_STATUS_STARTING, "\"started\":\"starting\""},
        {AK_STATUS_STORAGE_LOW, "\"storage\":\"low\""}, {AK_STATUS_LEDGER_DAMAGED, "\"ledger\":\"damaged\""}};
    for (size_t i = 0; i < AK_COUNT(states); i++) {
        push_status(states[i].bits);
        unsigned status = 0;
        for (unsigned tries = 0; tries < 1000 && status != 503; tries++)
            status = ask(NULL, "GET /readyz" H "\r\n");
        assert_int_equal(status, 503);
        assert_non_null(strstr(the.answer, states[i].want));
        assert_non_null(strstr(the.answer, "\"status\":\"not_ready\""));
        assert_int_equal(ask(NULL, "GET /healthz" H "\r\n"), 200);
        push_status(0);
        for (unsigned tries = 0; tries < 1000 && status != 200; tries++)
            status = ask(NULL, "GET /readyz" H "\r\n");
        assert_int_equal(status, 200);
    }
}

static void forgets_a_late_answer(void **state)
{
    (void)state;
    int fd = dial(NULL);
    say(fd, SIGN);
    struct ak_frame_request request = take_request();
    struct ak_frame_request late = {
        .slot = request.slot, .slot_use = request.slot_use - 1, .call = request.call};
    push_reply(&late, AK_CODE_OK, sign_reply(), "not mine");
    late.slot = 100000;
    push_reply(&late, AK_CODE_OK, sign_reply(), "not mine");
    push_reply(&request, AK_CODE_OK, sign_reply(), "mine");
    assert_int_equal(hear(fd), 200);
    assert_header("AgentKeys-Notice: mine");
    push_reply(&request, AK_CODE_OK, sign_reply(), "twice");
    say(fd, SIGN);
    request = take_request();
    push_reply(&request, AK_CODE_OK, sign_reply(), NULL);
    assert_int_equal(hear(fd), 200);
    assert_null(strstr(the.answer, "twice"));
    close(fd);
    struct ak_reader reader;
    unsigned type = 0;
    pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_CLOSED);
}

/* A body that the table does not take is the worker's fault, not the client's. */
static void answers_500_for_a_damaged_body(void **state)
{
    (void)state;
    int fd = dial(NULL);
    say(fd, SIGN);
    struct ak_frame_request request = take_request();
    push_reply(&request, AK_CODE_OK, AK_SPAN_LIT("damaged"), NULL);
    assert_int_equal(hear(fd), 500);
    assert_error("internal");
    close(fd);
    struct ak_reader reader;
    unsigned type = 0;
    pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_CLOSED);
}

/* ---- starts and ends ---- */

static void serves_the_development_signer(void **state)
{
    (void)state;
    start();
    welcome(true);
    push_status(0);
    int fd = dial(NULL);
    say(fd, "POST /dev/sign-message HTTP/1.1\r\n" HEADERS SIGN_BODY);
    struct ak_frame_request request = take_request();
    assert_int_equal(request.call, AK_CALL_SIGN_MESSAGE);
    push_reply(&request, AK_CODE_OK, sign_reply(), NULL);
    assert_int_equal(hear(fd), 200);
    close(fd);
    assert_int_equal(ask(NULL, SIGN), 503);
    assert_error("signer_disabled");
    assert_int_equal(ask(NULL, "GET /v1/agents" H TOKEN "\r\n"), 404);
    assert_int_equal(end_with(SIGTERM), 0);
}

static void is_not_ready_before_the_first_status(void **state)
{
    (void)state;
    start();
    welcome(false);
    assert_int_equal(ask(NULL, SIGN), 503);
    assert_error("not_ready");
    assert_int_equal(ask(NULL, "GET /healthz" H "\r\n"), 503);
    assert_int_equal(ask(NULL, "GET /readyz" H "\r\n"), 503);
    assert_non_null(strstr(the.answer, "\"keeper\":\"silent\""));
    assert_int_equal(end_with(SIGTERM), 0);
}

static void takes_nothing_while_the_keeper_stops(void **state)
{
    (void)state;
    start();
    welcome(false);
    push_status(0);
    int fd = dial(NULL);
    say(fd, SIGN);
    struct ak_frame_request request = take_request();
    push_status(AK_STATUS_STOPPING);
    unsigned status = 0;
    for (unsigned tries = 0; tries < 1000 && status != 503; tries++)
        status = ask(NULL, "GET /readyz" H "\r\n");
    assert_int_equal(ask(NULL, SIGN), 503);
    assert_error("not_ready");
    push_reply(&request, AK_CODE_OK, sign_reply(), NULL); /* what it has is still answered */
    assert_int_equal(hear(fd), 200);
    close(fd);
    assert_int_equal(end_with(SIGTERM), 0);
}

static void answer_frame(struct ak_span frame)
{
    struct ak_frame_request got;
    struct ak_reader reader = ak_reader(frame);
    unsigned type = 0;
    assert_int_equal(ak_frame_read_head(&reader, &type), AK_OK);
    assert_int_equal(type, AK_FRAME_REQUEST);
    assert_int_equal(ak_frame_request_decode(&reader, &got), AK_OK);
    push_reply(&got, AK_CODE_OK, sign_reply(), NULL);
}

/* A keeper that does not read: what does not fit the queue is answered 503, the rest waits, nothing is lost
 * (I18). */
static void refuses_what_the_keeper_cannot_take(void **state)
{
    (void)state;
    enum { CLIENTS = 220, MESSAGE = AK_LIMIT_MESSAGE };
    static char request[2 * MESSAGE + 1024];
    static int fds[CLIENTS];
    static struct pollfd polls[CLIENTS];
    unsigned answered = 0;
    unsigned refused = 0;
    start();
    welcome(false);
    push_status(0);
    int head = snprintf(request, sizeof request,
        "POST /tee/sign-message" H TOKEN JSON "Content-Length: %d\r\n\r\n{\"omni_account\":\"" OMNI
        "\",\"message_hex\":\"",
        98 + 2 * MESSAGE + 2);
    memset(request + head, '7', 2 * MESSAGE);
    memcpy(request + head + 2 * MESSAGE, "\"}", 3);
    for (unsigned i = 0; i < CLIENTS; i++) {
        fds[i] = dial(NULL);
        polls[i] = (struct pollfd){.fd = fds[i], .events = POLLIN};
        say(fds[i], request);
    }
    while (answered + refused < CLIENTS) {
        struct ak_span frame; /* the keeper begins to read once enough are refused */
        while (refused > 20 && ak_channel_wait(&the.channel, 10, &frame) == AK_OK) answer_frame(frame);
        assert_true(poll(polls, CLIENTS, WAIT_MS) > 0);
        for (unsigned i = 0; i < CLIENTS; i++) {
            if (polls[i].fd < 0 || !polls[i].revents) continue;
            unsigned status = hear(fds[i]);
            if (status == 503) assert_error("not_ready");
            if (status != 503) assert_int_equal(status, 200);
            refused += status == 503;
            answered += status == 200;
            polls[i].fd = -1;
        }
    }
    assert_true(answered > 20);
    for (unsigned i = 0; i < CLIENTS; i++) close(fds[i]);
    assert_int_equal(end_with(SIGTERM), 0);
}

/* Asked to stop, it answers what waits: here nobody does, so the client reads 503 after the keeper's end. */
static void answers_what_waits_when_the_keeper_ends(void **state)
{
    (void)state;
    start();
    welcome(false);
    push_status(0);
    int fd = dial(NULL);
    say(fd, SIGN);
    take_request();
    assert_int_equal(end_with(0), EXIT_LOST);
    assert_int_equal(hear(fd), 503);
    close(fd);
}

/* Each of these ends the gateway: a keeper that does not keep to the table is not the keeper. */
static void ends_on_a_frame_it_may_not_get(void **state)
{
    (void)state;
    static const struct {
        const char *bytes;
        size_t len;
    } frames[] = {
#define FRAME(text) {text, sizeof(text) - 1}
        FRAME("\1"),                                                         /* cut in the head */
        FRAME("\2\6"),                                                       /* another version */
        FRAME("\1\0"),                                                       /* no type */
        FRAME("\1\1\0\0\0\0"),                                               /* hello: the gateway's own */
        FRAME("\1\2\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"), /* welcome a second time */
        FRAME("\1\3"),                                                       /* a request */
        FRAME("\1\4"),                                                       /* a reply, cut */
        FRAME("\1\5\0\0\0\0\0\0\0\1"),                                       /* closed: the gateway's own */
        FRAME("\1\6\0\0\0\0"),                                               /* a status, cut */
        FRAME("\1\10\0"),                                                    /* signed, on this channel */
        FRAME("\1\377"),                                                     /* unknown */
    };
    for (size_t i = 0; i < AK_COUNT(frames); i++) {
        start();
        welcome(false);
        push_status(0);
        assert_int_equal(ak_channel_send(&the.channel, ak_span(frames[i].bytes, frames[i].len)), AK_OK);
        assert_int_equal(ak_channel_drain(&the.channel, WAIT_MS), AK_OK);
        struct ak_span frame;
        while (ak_channel_wait(&the.channel, WAIT_MS, &frame) == AK_OK) {
        }
        if (end_with(0) != EXIT_LOST) fail_msg("frame %zu", i);
    }
}

static void ends_on_an_answer_to_another_call(void **state)
{
    (void)state;
    start();
    welcome(false);
    push_status(0);
    int fd = dial(NULL);
    say(fd, SIGN);
    struct ak_frame_request request = take_request();
    request.call = AK_CALL_TOKEN;
    push_reply(&request, AK_CODE_OK, sign_reply(), NULL);
    struct ak_span frame;
    while (ak_channel_wait(&the.channel, WAIT_MS, &frame) == AK_OK) {
    }
    assert_int_equal(end_with(0), EXIT_LOST);
    assert_int_equal(hear(fd), 503);
    close(fd);
}

static void ends_on_a_first_frame_that_is_no_welcome(void **state)
{
    (void)state;
    start();
    push_status(0);
    struct ak_span frame;
    while (ak_channel_wait(&the.channel, WAIT_MS, &frame) == AK_OK) {
    }
    assert_int_equal(end_with(0), EXIT_LOST);
}

int main(void)
{
    const struct CMUnitTest serving[] = {
        cmocka_unit_test(passes_a_call),
        cmocka_unit_test(names_connections),
        cmocka_unit_test(knows_the_operator),
        cmocka_unit_test(says_when_to_come_back),
        cmocka_unit_test(answers_without_the_keeper),
        cmocka_unit_test(shows_its_health),
        cmocka_unit_test(shows_what_is_wrong),
        cmocka_unit_test(forgets_a_late_answer),
        cmocka_unit_test(answers_500_for_a_damaged_body),
        cmocka_unit_test(bounds_tokens_and_proofs),
    };
    const struct CMUnitTest ends[] = {
        cmocka_unit_test(serves_the_development_signer),
        cmocka_unit_test(is_not_ready_before_the_first_status),
        cmocka_unit_test(takes_nothing_while_the_keeper_stops),
        cmocka_unit_test(refuses_what_the_keeper_cannot_take),
        cmocka_unit_test(answers_what_waits_when_the_keeper_ends),
        cmocka_unit_test(ends_on_a_frame_it_may_not_get),
        cmocka_unit_test(ends_on_an_answer_to_another_call),
        cmocka_unit_test(ends_on_a_first_frame_that_is_no_welcome),
    };
    int failed = cmocka_run_group_tests(serving, open_serving, close_serving);
    return failed + cmocka_run_group_tests(ends, NULL, NULL);
}
