/* Agents of one account on a running worker, made by the real protocol: the operator's session, a pairing
 * request of each agent, approvals with scope and rate, tokens. And the requests that they send. One thread.
 */
#ifndef AK_BENCH_COMMON_FLEET_H
#define AK_BENCH_COMMON_FLEET_H

#include "base/limits.h"
#include "bench/common/worker.h"
#include "io/client/client.h"

enum { BENCH_AGENTS_MAX = 256 };

struct bench_agent {
    struct ak_client_device device;
    char label[16];
    char token[AK_LIMIT_TOKEN];
    size_t token_len;
};

struct bench_fleet {
    struct ak_client person; /* with the account's session */
    struct ak_client_device device;
    char session[AK_LIMIT_TOKEN];
    uint8_t anchor[32];
    char nonce[AK_FETCH_NONCE_MAX + 1];
    const uint8_t *reader_key; /* 32 bytes that each proof names; NULL: none */
    struct ak_target target;
    const char *scope; /* of each agent */
    size_t count;
    struct bench_agent agents[BENCH_AGENTS_MAX];
};

/* Opens the account and makes `count` agents with the largest rate there is. */
void bench_fleet_open(struct bench_fleet *fleet, const struct bench_worker *worker, size_t count);
/* The same with an account of its own for each agent, for limits that an account has. */
void bench_fleet_open_apart(
    struct bench_fleet *fleet, const struct bench_worker *worker, size_t count, const char *scope);
void bench_fleet_close(struct bench_fleet *fleet);

/* Appends one whole HTTP request of an agent: sign a plain text. `proof`: with a DPoP proof for a new
 * connection. *out_counter_at is where eight hex-coded digits of the message stand, to be varied. */
void bench_fleet_request(
    struct bench_fleet *fleet, size_t number, bool proof, struct ak_buf *out, size_t *out_counter_at);
/* The account's credential "bench", of `len` bytes, which the agents may read. */
void bench_fleet_store(struct bench_fleet *fleet, const char *service, size_t len);
/* Appends one whole POST of an agent; `proof` as above. */
void bench_fleet_post(struct bench_fleet *fleet, size_t number, const char *path, struct ak_span body,
    bool proof, struct ak_buf *out);
/* Appends one whole GET of an agent at `path`, the query included; `proof` as above. */
void bench_fleet_get(
    struct bench_fleet *fleet, size_t number, const char *path, bool proof, struct ak_buf *out);
/* The message that those requests sign, with eight digits in it. */
enum { BENCH_DIGITS_AT = 18, BENCH_DIGITS = 8 };
extern const char bench_message[];

#endif
