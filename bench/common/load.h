/* A closed loop over keep-alive connections: each sends its next request as soon as its answer is there. It
 * knows no more of HTTP than where an answer ends. One thread, one epoll. */
#ifndef AK_BENCH_COMMON_LOAD_H
#define AK_BENCH_COMMON_LOAD_H

#include "base/buf.h"
#include "bench/common/bench.h"

enum { BENCH_REQUEST_MAX = 8192, BENCH_CONNECTIONS_MAX = 256, BENCH_LATENCIES_MAX = 1 << 20 };

/* The request of one connection, varied by a number in eight digits, each as two hex digits ("30" to "39"),
 * or one digit as it is. counter_at 0: not varied. */
struct bench_request {
    char bytes[BENCH_REQUEST_MAX];
    size_t len;
    size_t counter_at;
    size_t counter_step; /* 2: hex-coded; 1: plain */
};

struct bench_load;

/* Opens `count` connections to `where`: "http://127.0.0.1:PORT" or a Unix socket's path. `request` fills in
 * what a connection sends; `first` (may be NULL) what it sends once before, whose answer must be 2xx. */
struct bench_load *bench_load_open(const char *where, size_t count,
    void (*request)(void *ctx, size_t connection, struct bench_request *out),
    void (*first)(void *ctx, size_t connection, struct bench_request *out), void *ctx);
void bench_load_close(struct bench_load *load);

struct bench_load_result {
    uint64_t answers; /* 2xx without "error"; any other ends the program */
    double seconds;
    double p50_us;
    double p99_us;
};
/* Runs for the time, waits for what is under way, and says how it went. */
struct bench_load_result bench_load_run(struct bench_load *load, double seconds);

#endif
