/* What becomes a frame and how, and what answers look like. */
#include "gateway_harness.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/wait.h>

#include "core/frames/closed.h"
#include "core/wire/call.h"
#include "core/wire/msg_sign.h"
#include "programs/worker/gateway.h"

static void passes_a_call(void **state)
{
    (void)state;
    int fd = gw_dial(NULL);
    gw_say(fd, SIGN);
    struct ak_frame_request request = gw_take_request();
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
    gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), "suspended soon");
    assert_int_equal(gw_hear(fd), 200);
    gw_assert_header("DPoP-Nonce: " GW_NONCE);
    gw_assert_header("AgentKeys-Notice: suspended soon");
    assert_non_null(strstr(gw.answer, "\"signature\":\"0x1111"));
    assert_non_null(strstr(gw.answer, "\"entry\":{\"index\":9,"));
    char want[64] = "X-Request-Id: ";
    for (size_t i = 0; i < 16; i++) (void)snprintf(want + 14 + 2 * i, 3, "%02x", id[i]);
    gw_assert_header(want);
    close(fd);
    struct ak_frame_closed closed;
    struct ak_reader reader;
    unsigned type = 0;
    uint64_t conn = request.conn;
    gw_pull(&type, &reader);
    assert_int_equal(type, AK_FRAME_CLOSED);
    assert_int_equal(ak_frame_closed_decode(&reader, &closed), AK_OK);
    assert_int_equal(closed.conn, conn);
}

/* One connection keeps its number and source; two connections have two numbers and, from one address, one
 * source; a user of the Unix socket another. */
static void names_connections(void **state)
{
    (void)state;
    int fds[] = {gw_dial(NULL), gw_dial(NULL), gw_dial(gw.unix_path)};
    uint64_t conns[4];
    uint64_t sources[4];
    uint8_t transports[4];
    for (size_t i = 0; i < 4; i++) {
        int fd = fds[i ? i - 1 : 0];
        gw_say(fd, SIGN);
        struct ak_frame_request request = gw_take_request();
        conns[i] = request.conn;
        sources[i] = request.source;
        transports[i] = request.transport;
        gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), NULL);
        assert_int_equal(gw_hear(fd), 200);
    }
    assert_true(conns[0] == conns[1] && conns[1] != conns[2] && conns[2] != conns[3]);
    assert_true(sources[0] == sources[1] && sources[1] == sources[2] && sources[2] != sources[3]);
    assert_int_equal(transports[2], AK_TRANSPORT_LOOPBACK);
    assert_int_equal(transports[3], AK_TRANSPORT_UNIX);
    for (size_t i = 0; i < AK_COUNT(fds); i++) gw_take_closed(fds[i]);
}

#define LOCAL_BODY "{\"identity\":\"email:a@b.example\"}"
#define LOCAL                                                                                                \
    "POST /v1/local/session HTTP/1.1\r\nHost: a\r\nConnection: close\r\nDPoP: p\r\n"                         \
    "Content-Type: Application/JSON; charset=utf-8\r\nContent-Length: 32\r\n\r\n" LOCAL_BODY

static void knows_the_operator(void **state)
{
    (void)state;
    assert_int_equal(gw_ask(NULL, LOCAL), 404);
    gw_assert_error("not_found");
    assert_int_equal(gw_ask(gw.unix_path, LOCAL), 404);
    int fd = gw_dial(gw.operator_path);
    gw_say(fd, LOCAL);
    struct ak_frame_request request = gw_take_request();
    assert_int_equal(request.transport, AK_TRANSPORT_OPERATOR);
    assert_int_equal(request.token.len, 0);
    const struct ak_msg_error_reply error = {
        .error = AK_SPAN_LIT("nonce_expired"), .message = AK_SPAN_LIT("late")};
    gw_push_reply(&request, AK_CODE_NONCE_EXPIRED, gw_error_reply(&error), NULL);
    assert_int_equal(gw_hear(fd), 401);
    gw_assert_header("WWW-Authenticate: DPoP algs=\"ES256\", error=\"nonce_expired\"");
    gw_take_closed(fd);
}

#define NONCE_CALL "GET /internal/v1/nonce" H "\r\n"

/* Each side's calls are no calls on the other side's socket. */
static void keeps_the_brokers_calls_apart(void **state)
{
    (void)state;
    const char *const others[] = {NULL, gw.unix_path, gw.operator_path};
    for (size_t i = 0; i < AK_COUNT(others); i++) {
        assert_int_equal(gw_ask(others[i], NONCE_CALL), 404);
        gw_assert_error("not_found");
    }
    assert_int_equal(gw_ask(gw.broker_path, "GET /v1/agents" H TOKEN "\r\n"), 404);
    gw_assert_error("not_found");
    assert_int_equal(gw_ask(gw.broker_path, SIGN), 404);
    assert_int_equal(gw_ask(gw.broker_path, "POST /internal/v1/wallet-started" H JSON EMPTY), 401);
    gw_assert_error("proof_required");
    assert_int_equal(gw_ask(gw.broker_path, "POST /internal/v1/wallet-started" H PROOF JSON
                                            "Content-Length: 9\r\n\r\n{\"no\":1} "),
        400);
    gw_assert_error("invalid_request");
    int fd = gw_dial(gw.broker_path);
    gw_say(fd, NONCE_CALL);
    struct ak_frame_request request = gw_take_request();
    assert_int_equal(request.call, AK_CALL_SIGN_IN_NONCE);
    assert_int_equal(request.transport, AK_TRANSPORT_BROKER);
    const struct ak_msg_error_reply error = {.error = AK_SPAN_LIT("x"), .message = AK_SPAN_LIT("y")};
    gw_push_reply(&request, AK_CODE_INTERNAL, gw_error_reply(&error), NULL);
    assert_int_equal(gw_hear(fd), 500);
    gw_take_closed(fd);
}

/* ---- who is at the other end ---- */

static struct ak_gateway own; /* none that runs: what a connection counts as needs nothing else */

static uint8_t kind_of(enum ak_transport listener, int fd, bool loopback, size_t address_len)
{
    struct ak_http_conn conn = {.fd = fd, .loopback = loopback, .address_len = (uint8_t)address_len};
    own.transports[0] = (uint8_t)listener;
    ak_gateway_opened(&own, &conn);
    return conn.kind;
}

static void believes_no_address_but_its_own(void **state)
{
    (void)state;
    assert_int_equal(kind_of(AK_TRANSPORT_LOOPBACK, -1, true, 4), AK_TRANSPORT_LOOPBACK);
    assert_int_equal(kind_of(AK_TRANSPORT_LOOPBACK, -1, false, 4), AK_TRANSPORT_PLAIN);
    assert_int_equal(kind_of(AK_TRANSPORT_LOOPBACK, -1, false, 16), AK_TRANSPORT_PLAIN);
    assert_int_equal(kind_of(AK_TRANSPORT_TLS, -1, false, 4), AK_TRANSPORT_TLS);
    assert_int_equal(kind_of(AK_TRANSPORT_OPERATOR, -1, false, 0), AK_TRANSPORT_PLAIN); /* nobody is there */
    assert_int_equal(kind_of(AK_TRANSPORT_BROKER, -1, false, 0), AK_TRANSPORT_PLAIN);
    assert_int_equal(kind_of(AK_TRANSPORT_UNIX, -1, false, 0), AK_TRANSPORT_PLAIN);
}

/* As user 65533, with a socket that user 65534 made; the first thing that is not so, 0: all is. */
static int look_as_another(void)
{
    int theirs[2], mine[2];
    if (seteuid(65534) || socketpair(AF_UNIX, SOCK_STREAM, 0, theirs) || seteuid(0)) return 1;
    if (seteuid(65533) || socketpair(AF_UNIX, SOCK_STREAM, 0, mine)) return 2;
    own.broker_uid = (uid_t)-1;
    if (kind_of(AK_TRANSPORT_UNIX, theirs[0], false, 0) != AK_TRANSPORT_UNIX) return 3;
    if (kind_of(AK_TRANSPORT_OPERATOR, mine[0], false, 0) != AK_TRANSPORT_OPERATOR) return 4;
    if (kind_of(AK_TRANSPORT_OPERATOR, theirs[0], false, 0) != AK_TRANSPORT_UNIX) return 5;
    if (kind_of(AK_TRANSPORT_BROKER, mine[0], false, 0) != AK_TRANSPORT_BROKER) return 6;
    if (kind_of(AK_TRANSPORT_BROKER, theirs[0], false, 0) != AK_TRANSPORT_PLAIN) return 7;
    own.broker_uid = 65534;
    if (kind_of(AK_TRANSPORT_BROKER, theirs[0], false, 0) != AK_TRANSPORT_BROKER) return 8;
    if (kind_of(AK_TRANSPORT_OPERATOR, theirs[0], false, 0) != AK_TRANSPORT_UNIX) return 9;
    return 0;
}

static void another_user_is_neither_operator_nor_broker(void **state)
{
    (void)state;
    if (geteuid() != 0) {
        print_message("skipped: only root can be two users\n");
        skip();
    }
    pid_t pid = fork();
    if (pid == 0) _exit(look_as_another());
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void says_when_to_come_back(void **state)
{
    (void)state;
    int fd = gw_dial(NULL);
    gw_say(fd, SIGN);
    struct ak_frame_request request = gw_take_request();
    const struct ak_msg_error_reply error = {
        .present = 1u << AK_ERROR_REPLY_RETRY_AFTER_SECS | 1u << AK_ERROR_REPLY_RULE,
        .error = AK_SPAN_LIT("rate_limit_exceeded"),
        .message = AK_SPAN_LIT("wait"),
        .rule = AK_SPAN_LIT("rate"),
        .retry_after_secs = 17};
    gw_push_reply(&request, AK_CODE_RATE_LIMIT_EXCEEDED, gw_error_reply(&error), NULL);
    assert_int_equal(gw_hear(fd), 429);
    gw_assert_header("Retry-After: 17\r\n");
    assert_non_null(strstr(gw.answer, "\"denial\":{\"rule\":\"rate\"},\"retry_after_secs\":17}"));
    gw_take_closed(fd);
}

static void forgets_a_late_answer(void **state)
{
    (void)state;
    int fd = gw_dial(NULL);
    gw_say(fd, SIGN);
    struct ak_frame_request request = gw_take_request();
    struct ak_frame_request late = {
        .slot = request.slot, .slot_use = request.slot_use - 1, .call = request.call};
    gw_push_reply(&late, AK_CODE_OK, gw_sign_reply(), "not mine");
    late.slot = 100000;
    gw_push_reply(&late, AK_CODE_OK, gw_sign_reply(), "not mine");
    gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), "mine");
    assert_int_equal(gw_hear(fd), 200);
    gw_assert_header("AgentKeys-Notice: mine");
    gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), "twice");
    gw_say(fd, SIGN);
    request = gw_take_request();
    gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), NULL);
    assert_int_equal(gw_hear(fd), 200);
    assert_null(strstr(gw.answer, "twice"));
    gw_take_closed(fd);
}

/* A body that the table does not take is the worker's fault, not the client's. */
static void answers_500_for_a_damaged_body(void **state)
{
    (void)state;
    int fd = gw_dial(NULL);
    gw_say(fd, SIGN);
    struct ak_frame_request request = gw_take_request();
    gw_push_reply(&request, AK_CODE_OK, AK_SPAN_LIT("damaged"), NULL);
    assert_int_equal(gw_hear(fd), 500);
    gw_assert_error("internal");
    gw_take_closed(fd);
}

static size_t warnings(void)
{
    char bytes[4096];
    ssize_t got = recv(gw.warning, bytes, sizeof bytes, MSG_DONTWAIT);
    return got > 0 ? (size_t)got : 0;
}

/* Once for what the ledger keeps and is alone in flight; not for lists, and not beside others. */
static void warns_the_writer_of_a_lone_entry(void **state)
{
    (void)state;
    (void)warnings();
    int fd = gw_dial(NULL), other = gw_dial(NULL);
    gw_say(fd, "GET /v1/agents" H TOKEN "\r\n");
    struct ak_frame_request request = gw_take_request();
    gw_push_reply(&request, AK_CODE_INTERNAL, AK_SPAN_LIT(""), NULL);
    assert_int_equal(gw_hear(fd), 500);
    assert_int_equal(warnings(), 0);
    gw_say(fd, SIGN);
    request = gw_take_request();
    struct pollfd warned = {.fd = gw.warning, .events = POLLIN};
    assert_int_equal(poll(&warned, 1, GW_WAIT_MS), 1);
    assert_int_equal(warnings(), 1);
    gw_say(other, SIGN);
    struct ak_frame_request second = gw_take_request();
    gw_push_reply(&second, AK_CODE_OK, gw_sign_reply(), NULL);
    assert_int_equal(gw_hear(other), 200);
    assert_int_equal(warnings(), 0);
    gw_push_reply(&request, AK_CODE_OK, gw_sign_reply(), NULL);
    assert_int_equal(gw_hear(fd), 200);
    gw_take_closed(fd);
    gw_take_closed(other);
}

/* Modes let a whole group open the broker's socket: his user, or the worker's own, alone is believed. */
static void knows_the_broker_by_its_user(void **state)
{
    (void)state;
    enum { BROKER = 65533, STRANGER = 65534 };
    static const struct {
        uid_t who;
        enum ak_transport listener, kind;
    } rows[] = {{BROKER, AK_TRANSPORT_BROKER, AK_TRANSPORT_BROKER},
        {0, AK_TRANSPORT_BROKER, AK_TRANSPORT_BROKER}, {STRANGER, AK_TRANSPORT_BROKER, AK_TRANSPORT_PLAIN},
        {0, AK_TRANSPORT_OPERATOR, AK_TRANSPORT_OPERATOR},
        {BROKER, AK_TRANSPORT_OPERATOR, AK_TRANSPORT_UNIX}};
    if (geteuid() != 0) skip(); /* who else speaks for others */
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct ak_gateway gateway = {.broker_uid = BROKER, .transports = {0, (uint8_t)rows[i].listener}};
        int fds[2];
        assert_int_equal(seteuid(rows[i].who), 0);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
        assert_int_equal(seteuid(0), 0);
        struct ak_http_conn conn = {.listener = 1, .fd = fds[0]};
        ak_gateway_opened(&gateway, &conn);
        assert_int_equal(conn.kind, rows[i].kind);
        close(fds[0]);
        close(fds[1]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(knows_the_broker_by_its_user),
        cmocka_unit_test(passes_a_call),
        cmocka_unit_test(names_connections),
        cmocka_unit_test(knows_the_operator),
        cmocka_unit_test(keeps_the_brokers_calls_apart),
        cmocka_unit_test(believes_no_address_but_its_own),
        cmocka_unit_test(another_user_is_neither_operator_nor_broker),
        cmocka_unit_test(says_when_to_come_back),
        cmocka_unit_test(forgets_a_late_answer),
        cmocka_unit_test(answers_500_for_a_damaged_body),
        cmocka_unit_test(warns_the_writer_of_a_lone_entry),
    };
    return cmocka_run_group_tests(tests, gw_open_serving, gw_close_serving);
}
