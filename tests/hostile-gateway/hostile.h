/* A gateway of the test's own in front of the real keeper process: it sends what it likes, and signs proofs
 * for devices of its own. */
#ifndef AK_TESTS_HOSTILE_H
#define AK_TESTS_HOSTILE_H

#include "unit/check.h"

#include "base/crypto/p256.h"
#include "core/frames/closed.h"
#include "core/frames/hello.h"
#include "core/frames/reply.h"
#include "core/frames/request.h"
#include "core/frames/status.h"
#include "core/frames/tls_sign.h"
#include "core/token/dpop.h"
#include "core/wire/call.h"
#include "core/wire/msg_error.h"
#include "io/proc/channel.h"
#include "io/proc/spawn.h"

#define HOSTILE_ORIGIN "http://127.0.0.1:1"
#define HOSTILE_BROKER "http://127.0.0.1:2"
/* The provider `demo` of the trust configuration; `gone` is retired. */
#define HOSTILE_ISSUER    "https://id.demo.example"
#define HOSTILE_PROVIDERS "demo " HOSTILE_ISSUER " agentkeys, gone https://gone.demo.example"

enum { HOSTILE_WAIT_MS = 20000, HOSTILE_TOKEN_MAX = 4096 };

struct hostile {
    const char *exe;
    const char *settings; /* further lines of the keeper's configuration, set before its start; or NULL */
    char folder[64];
    struct ak_child keeper;
    int exit_status; /* of the keeper that ended last; -1: a signal */
    struct ak_channel channel, tls;
    struct ak_frame_status status; /* the newest */
    uint8_t worker_key[32];        /* SHA-256 of its SPKI */
    char nonce[AK_STATUS_NONCE_LEN + 1];
    uint32_t slot, use;
    uint8_t frame[AK_FRAME_MAX];
    uint8_t body[AK_LIMIT_BODY];
    uint8_t reply_body[AK_FRAME_BODY_MAX]; /* what the newest answer's texts point into */
};

struct hostile_device {
    struct ak_p256_signer signer;
    struct ak_p256_pub pub;
    uint8_t jkt[32];
    char token[HOSTILE_TOKEN_MAX];
};

/* Makes a folder and a worker in it; on the TPM that AGENTKEYS_TEE_TCTI names where it is set. */
void hostile_init(struct hostile *h, const char *exe);
/* The same, whose broker is at HOSTILE_BROKER and signs by the key in this file (JWK). */
void hostile_init_for_broker(struct hostile *h, const char *exe, const char *key_path);
void hostile_done(struct hostile *h);

/* Starts the keeper on the folder; without `hello` it waits for the first frame. */
void hostile_start(struct hostile *h, bool hello);
/* Waits for the keeper's end. True where it ended by itself, without a signal. */
bool hostile_ended(struct hostile *h);
/* SIGTERM, and its end. */
void hostile_stop(struct hostile *h);
bool hostile_alive(const struct hostile *h);

void hostile_send(struct hostile *h, struct ak_span frame);
/* Reads until the channel ends. */
void hostile_read_to_end(struct hostile *h);
/* The next reply frame; statuses on the way are noted. Its body is copied, its texts live until the next. */
void hostile_reply(struct hostile *h, struct ak_frame_reply *out_reply);

void hostile_device_make(struct hostile_device *device, uint8_t seed);

/* One call as this gateway tells it. Zero members are filled in: conn, transport, source. */
struct hostile_call {
    unsigned id;
    const void *request; /* struct of the call's table; NULL: raw_body */
    struct ak_span raw_body;
    const struct hostile_device *device; /* who signs; NULL: no proof */
    const char *token;                   /* NULL: none */
    uint64_t conn;
    uint64_t source;
    uint8_t transport;
    struct ak_span proof;      /* used instead of a fresh one */
    const uint8_t *reader_key; /* the proof's ak_rk; NULL: none */
    const void *approved;      /* what the person's ak_bh is over, where it is not the request */
    const char *at_broker;     /* the proof is for this path of HOSTILE_BROKER … */
    const char *method;        /* … and method; NULL: the call's own */
    const uint8_t *bh;         /* the proof's ak_bh; NULL: the call's own */
};
/* Writes the proof the call would carry. */
void hostile_proof(struct hostile *h, const struct hostile_call *call, struct ak_buf *out_proof);
/* Sends, waits for its answer, gives its code. */
enum ak_code hostile_ask(
    struct hostile *h, const struct hostile_call *call, struct ak_frame_reply *out_reply);
/* The same; fails the test where the code is another. */
void hostile_expect(struct hostile *h, const struct hostile_call *call, enum ak_code want);
/* The same, and decodes a good answer into `out_reply`; fails the test where it is not one. */
void hostile_must(struct hostile *h, const struct hostile_call *call, void *out_reply);
/* Sends only. */
void hostile_tell(struct hostile *h, const struct hostile_call *call);

#endif
