/* A software TPM for one benchmark, on Unix sockets in a folder of its own. One thread. */
#ifndef AK_BENCH_COMMON_TPM_H
#define AK_BENCH_COMMON_TPM_H

#include <stddef.h>
#include <sys/types.h>

/* Starts swtpm; `out_tcti` says how a worker reaches it. -1 where there is none. End it with bench_end. */
pid_t bench_tpm_start(const char *folder, char *out_tcti, size_t cap);
/* What firmware would have measured: a fresh chip has zeros in register 0, which verifiers refuse. */
void bench_tpm_measure(const char *tcti);

#endif
