/* What a signature costs with nothing around it: HKDF expansion, two HMAC-SHA512 steps with their scalar
 * additions, the EIP-191 digest, libsecp256k1's recoverable signature with its own nonce function, and its
 * verification against a parsed point. Measured by a thread at about 5 % duty while the load runs, in CPU
 * time, so that clock drift and busy caches meet both sides. */
#ifndef AK_BENCH_COMMON_RAW_H
#define AK_BENCH_COMMON_RAW_H

#include "bench/common/bench.h"

/* Makes keys and checks that the operations give what the worker's own functions give. */
void bench_raw_init(void);
/* One operation, the message varied. */
void bench_raw_sign(bool verify);

/* Starts measuring, with verification or without; ends it and gives microseconds an operation (median of its
 * slices). */
void bench_raw_begin(bool verify);
double bench_raw_end(void);

#endif
