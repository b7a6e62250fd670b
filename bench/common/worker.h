/* A real worker as a child of the benchmark: its own data folder, loopback TCP on a port that the system
 * chose, the operator's socket; and what its processes use. One thread. */
#ifndef AK_BENCH_COMMON_WORKER_H
#define AK_BENCH_COMMON_WORKER_H

#include <stdint.h>
#include <sys/types.h>

#include "io/client/target.h"

enum { BENCH_WORKER_PROCESSES = 4, BENCH_WORKER_ARGS = 8 };

struct bench_worker {
    char exe[512];
    char folder[512]; /* holds data/, the sockets, log */
    char data[600];
    pid_t pids[BENCH_WORKER_PROCESSES]; /* supervisor, keeper, gateway, reencryptor */
    struct ak_target tcp;
    char socket[700]; /* the clients' Unix socket */
    struct ak_target operator_socket;
    uint64_t ready_ns; /* from the start of the process to READY=1 */
};

/* The program in a build folder. */
void bench_worker_init(struct bench_worker *worker, const char *build, const char *folder);
/* `agentkeys-worker init`: a new data folder. */
void bench_worker_create(const struct bench_worker *worker);
/* Starts it and waits until it is ready. `args` are further arguments, NULL-ended; NULL: none. */
void bench_worker_start(struct bench_worker *worker, const char *const *args);
/* SIGTERM, and waits. */
void bench_worker_stop(struct bench_worker *worker);

/* CPU time of all its processes so far, user and system. */
uint64_t bench_worker_cpu_ns(const struct bench_worker *worker);
/* Proportional set size of one process (0 supervisor, 1 keeper, 2 gateway), in bytes. */
uint64_t bench_worker_pss(const struct bench_worker *worker, unsigned process);

/* CPU time of any process of ours. */
uint64_t bench_process_cpu_ns(pid_t pid);
/* Starts a program; its output goes to the end of a file, its errors to the one with ".err" behind. */
pid_t bench_spawn(const char *const *argv, const char *out_path);
/* SIGTERM, and waits. */
void bench_end(pid_t pid);

#endif
