/* The real gateway process, confined as always, with the test as its keeper and its clients. One a test
 * program; every call fails the test where it does not do what it says. */
#ifndef AK_TESTS_UNIT_PROGRAMS_WORKER_GATEWAY_HARNESS_H
#define AK_TESTS_UNIT_PROGRAMS_WORKER_GATEWAY_HARNESS_H

#include "unit/check.h"

#include <sys/types.h>
#include <unistd.h>

#include "core/frames/reply.h"
#include "core/frames/request.h"
#include "core/frames/status.h"
#include "core/wire/msg_error.h"
#include "io/proc/channel.h"

enum { GW_WAIT_MS = 10000, GW_ANSWER_MAX = 256 * 1024, GW_EXIT_LOST = 3 };

#define GW_NONCE "nnnnnnnnnnnnnnnnnnnnnn"
#define OMNI     "abababababababababababababababababababababababababababababababab"

/* Pieces of requests. */
#define H         " HTTP/1.1\r\nHost: a\r\n"
#define TOKEN     "Authorization: DPoP tok\r\n"
#define PROOF     "DPoP: p\r\n"
#define JSON      "Content-Type: application/json\r\n"
#define EMPTY     "Content-Length: 2\r\n\r\n{}"
#define CHANGE    "POST /v1/agents/a/suspend" H TOKEN PROOF JSON
#define SIGN_BODY "{\"omni_account\":\"" OMNI "\",\"message_hex\":\"00ff\",\"path\":\"/a\"}"
#define HEADERS                                                                                              \
    "Host: a\r\nAuthorization: DPoP tok\r\nDPoP: proof\r\nContent-Type: application/json\r\n"                \
    "Content-Length: 116\r\n\r\n"
#define SIGN "POST /tee/sign-message HTTP/1.1\r\n" HEADERS SIGN_BODY
_Static_assert(sizeof SIGN_BODY - 1 == 116, "the length that HEADERS says");

extern struct gw {
    struct ak_channel channel;
    int warning; /* where it says that an entry is about to come */
    pid_t pid;
    uint16_t port;
    char unix_path[108], operator_path[108], broker_path[108];
    uint8_t frame[AK_FRAME_MAX];
    uint8_t body[AK_FRAME_BODY_MAX];
    char answer[GW_ANSWER_MAX]; /* the newest one heard */
    size_t answer_len;
} gw;

/* ---- as its keeper ---- */
void gw_start(void);
void gw_welcome(bool dev);
void gw_push_status(uint32_t bits);
/* The three above: it serves. */
void gw_serve(bool dev);
struct ak_span gw_pull(unsigned *out_type, struct ak_reader *reader);
struct ak_frame_request gw_take_request(void);
/* Closes the client's end and waits for the frame that says so: the next test would meet it. */
void gw_take_closed(int fd);
void gw_push_reply(
    const struct ak_frame_request *request, enum ak_code code, struct ak_span body, const char *notice);
struct ak_span gw_sign_reply(void);
struct ak_span gw_error_reply(const struct ak_msg_error_reply *reply);
/* By a signal, or (0) by closing its channel; gives its exit status. */
int gw_end_with(int signal_number);
/* Set-up and tear-down of a group of tests over one serving gateway. */
int gw_open_serving(void **state);
int gw_close_serving(void **state);

/* ---- as its client ---- */
/* NULL: over TCP. */
int gw_dial(const char *path);
void gw_say(int fd, const char *text);
/* One whole answer; gives its status. */
unsigned gw_hear(int fd);
unsigned gw_ask(const char *path, const char *request);
void gw_assert_header(const char *line);
void gw_assert_error(const char *code);

#endif
