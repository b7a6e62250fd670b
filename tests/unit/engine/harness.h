/* An engine in a box for tests: fixed root, counted randomness, given clock, fake device keys, and a ledger
 * that is a list of batches in memory. Checks of itself abort, so that model, fuzz and unit tests share it.
 * Every call made here is held against I3: what a step wrote, its answer waits for. */
#ifndef AK_TESTS_UNIT_ENGINE_HARNESS_H
#define AK_TESTS_UNIT_ENGINE_HARNESS_H

#include <stdio.h>
#include <stdlib.h>

#include "core/engine/engine.h"
#include "core/engine/read.h"
#include "core/engine/snapshot.h"
#include "core/token/oidc.h"
#include "core/wire/call.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_agents.h"
#include "core/wire/msg_devices.h"
#include "core/wire/msg_error.h"
#include "core/wire/msg_explain.h"
#include "core/wire/msg_ledger.h"
#include "core/wire/msg_link.h"
#include "core/wire/msg_oidc.h"
#include "core/wire/msg_pair.h"
#include "core/wire/msg_session.h"
#include "core/wire/msg_sign.h"
#include "core/wire/msg_sign_in.h"
#include "core/wire/msg_token.h"

#define H_CHECK(cond)                                                                                        \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            fprintf(stderr, "%s:%d: harness: %s\n", __FILE__, __LINE__, #cond);                              \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#define H_START_MS UINT64_C(1767225600000)
#define H_ISSUER   "http://127.0.0.1:8092"
#define H_BROKER   "http://127.0.0.1:8091"
#define H_DAY_MS   (UINT64_C(24) * 3600 * 1000)

struct h_device {
    struct ak_p256_pub pub;
    struct ak_p256_signer signer;
    uint8_t jkt[32];
};

struct h_batch {
    uint8_t *bytes; /* segment, leaves, record: one block */
    struct ak_span segment, leaves, record;
    uint64_t first, size;
    uint8_t root[32];
    bool control;
    struct ak_merkle_subtree *subtrees; /* NULL where it completed none */
    size_t subtree_count;
};

/* How one call differs from a fault-free one. */
struct h_how {
    const struct ak_msg_sign_in *device; /* sign-in: what the proof's ak_bh is over; NULL: nothing */
    bool no_proof, raw_proof;
    struct ak_span proof;      /* raw_proof */
    const char *method, *path; /* of the proof */
    const uint8_t *bh;         /* of the proof, in place of the call's own */
    bool no_bh;
    const uint8_t *rk; /* the proof's reader's key, in place of the key of a read */
    bool no_rk;
    struct ak_span nonce, proof_token; /* in place of the right ones */
    bool wrong_token;                  /* proof_token counts, even if empty */
    int64_t iat_shift;
    struct h_device *proof_by; /* signs in place of the caller */
    const char *key;           /* Idempotency-Key */
    uint8_t transport;
    uint64_t conn, source;
    bool raw_body;
    struct ak_span body;
    bool reuse_jti; /* of the last proof */
};

struct h {
    struct ak_root root;
    struct ak_engine_conf conf;
    struct ak_arena arena;
    struct ak_engine *engine;
    uint64_t wall_ms, mono_ms;
    uint64_t seed, drawn; /* randomness */
    uint64_t counter;     /* of the sealed state */
    uint64_t jti, request;
    size_t arena_cap;
    uint64_t allocs_left; /* of the arena; UINT64_MAX: no limit */
    bool manual;          /* calls do not commit and seal */
    /* does the vault's work (vault_box.h); NULL: calls that need it are left as they are */
    void (*vault)(
        void *ctx, const struct ak_vault_work *work, struct ak_buf *body, struct ak_vault_result *result);
    void *vault_ctx;

    struct h_batch *batches; /* all that were taken */
    size_t batch_count, batch_cap;
    size_t durable; /* of them */

    struct ak_outcome out;
    uint8_t body[AK_FRAME_BODY_MAX];
    uint8_t request_body[AK_LIMIT_VALUE_BODY];
    uint8_t proof[AK_LIMIT_PROOF];
    size_t proof_len;
    uint64_t calls[AK_CALL_COUNT]; /* made, by call */
    struct ak_read_memory *read_memory;
    uint64_t bad_index;
    size_t damage_batch, damage_at; /* for reads: this byte of that batch's segment reads altered */
    uint64_t archived;              /* entries before it are said to be in files */
    uint8_t damage_by;
};

/* A new ledger and a started engine. Close with h_close. */
void h_open(struct h *h);
void h_open_with(struct h *h, const struct ak_engine_conf *conf); /* NULL: h_conf() */
struct ak_engine_conf h_conf(void);
void h_close(struct h *h);

/* The broker's signing key, whose public half is in h_conf(). */
void h_broker_key(struct ak_p256_signer *out_signer, struct ak_p256_pub *out_pub);
void h_device(struct h_device *device, unsigned number);
void h_device_done(struct h_device *device);

/* Random bytes of the box, for engines of its own making. */
void h_random(void *ctx, void *out, size_t len);
/* Time passes on both clocks. */
void h_tick(struct h *h, uint64_t ms);

/* ---- calls: the code; the answer is in h->out, read by h_reply or h_error ---- */
/* `device` NULL: no proof; `token` empty: none; `message` NULL: no fields. */
enum ak_code h_call(
    struct h *h, struct h_device *device, struct ak_span token, unsigned call, const void *message);
enum ak_code h_call_how(struct h *h, struct h_device *device, struct ak_span token, unsigned call,
    const void *message, const struct h_how *how);
/* Only the step, with neither job nor commit; checks the outcome against I3. */
enum ak_code h_step(struct h *h, struct h_device *device, struct ak_span token, unsigned id,
    const void *message, const struct h_how *how);
/* Decodes the answer of the last call. Aborts where it is none. */
void h_reply(struct h *h, const struct ak_msg *msg, void *out_message);
void h_error(struct h *h, struct ak_msg_error_reply *out_error);
/* Denial's rule of the last answer; "" where there is none. */
const char *h_rule(struct h *h);
/* Does the vault work of the last outcome until none is left. */
void h_vault(struct h *h);
/* Runs the last outcome's job and patches its body; the job's result. */
enum ak_err h_job(struct h *h);
/* Answers the last outcome's read from the durable batches. */
enum ak_code h_read(struct h *h);
/* The stored leaf hash of a durable entry. */
void h_leaf(struct h *h, uint64_t index, uint8_t out_hash[32]);

/* ---- ledger ---- */
/* Takes the open batch, if it has entries. */
void h_take(struct h *h);
/* Makes batches durable, up to `count` of the list. */
void h_durable(struct h *h, size_t count);
void h_seal(struct h *h);
/* All three. */
void h_settle(struct h *h);
uint64_t h_size(const struct h *h);
/* Entry `index` of the batches that were taken. */
void h_entry(const struct h *h, uint64_t index, struct ak_entry *out_entry);
/* Entries of `type` from `from` on. */
size_t h_count(const struct h *h, uint64_t from, enum ak_entry_type type);

/* ---- state as bytes ---- */
struct h_bytes {
    uint8_t *ptr;
    size_t len, cap;
};
void h_snapshot(const struct ak_engine *engine, struct h_bytes *out_bytes);
/* SHA-256 of it. */
void h_state_hash(const struct ak_engine *engine, uint8_t out_hash[32]);

/* Ends the engine, as kill -9 or as a clean stop does, and starts another from the first `durable` batches;
 * later ones are forgotten. Checks I16: replay and a snapshot of it give the same bytes. Time stands still.
 */
void h_restart(struct h *h, bool clean);
/* A second engine from the first `count` batches, not started. Its arena is *out_arena. */
struct ak_engine *h_replay(struct h *h, size_t count, struct ak_arena *out_arena);

/* ---- people and agents ---- */
/* A recovery code as that device sends it: for the keeper's delivery key. */
void h_seal_code(struct h *h, const struct h_device *device, const uint8_t code[32], uint8_t *out_sealed);
struct h_person {
    struct h_device device;
    uint8_t anchor[32];
    uint8_t wallet[20];
    uint8_t recovery_code[32];
    size_t token_len;
    uint8_t token[AK_TOKEN_TEXT_MAX];
};
struct h_agent {
    struct h_device device;
    uint8_t anchor[32];
    uint8_t address[20];
    char label[AK_LIMIT_LABEL + 1];
    uint64_t generation;
    size_t token_len;
    uint8_t token[AK_TOKEN_TEXT_MAX];
};
static inline struct ak_span h_token(const struct h_person *person)
{
    return ak_span(person->token, person->token_len);
}
static inline struct ak_span h_agent_token(const struct h_agent *agent)
{
    return ak_span(agent->token, agent->token_len);
}
/* Opens the account of "email:<name>@demo.example" on device `number`, with a recovery code. */
void h_person(struct h *h, struct h_person *person, const char *name, unsigned number);
/* A session on the person's device. */
enum ak_code h_sign_in(struct h *h, struct h_person *person, const char *name);
/* Pairs an agent on device `number`; rate 0: default. */
void h_agent(struct h *h, struct h_person *owner, struct h_agent *agent, unsigned number, const char *label,
    const char *scope, uint64_t rate);
enum ak_code h_agent_renew(struct h *h, struct h_agent *agent);
/* A further device of the person, approved by its first one; *out_person has its own session. */
void h_second(struct h *h, struct h_person *person, struct h_person *out_person, unsigned number);
/* Signs with the caller's own key. */
enum ak_code h_agent_sign(struct h *h, struct h_agent *agent, const char *text);
enum ak_code h_person_sign(struct h *h, struct h_person *person, const char *text);
/* A call on an agent by its label: AK_CALL_AGENT_SUSPEND and the like. */
enum ak_code h_change(struct h *h, struct h_person *person, unsigned call, const char *label);

#endif
