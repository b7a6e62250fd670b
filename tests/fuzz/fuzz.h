/* What every fuzz target includes. A target is one function over arbitrary bytes that checks properties: what
 * is accepted re-encodes to itself, outputs are empty on failure, two ways to the same answer agree. */
#ifndef AK_TESTS_FUZZ_H
#define AK_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Defined by each target; called by libFuzzer, or by fuzz_replay_main.c with seeds and mutations of them. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whether every byte of an output is zero, as it has to be after a failure. */
static inline int fuzz_is_empty(const void *output, size_t len)
{
    const uint8_t *bytes = (const uint8_t *)output;
    size_t at = 0;
    while (at < len && bytes[at] == 0) at++;
    return at == len;
}

/* A property that must hold for every input; the driver then shows the input. */
#define AK_FUZZ_CHECK(cond)                                                                                  \
    do {                                                                                                     \
        if (!(cond)) {                                                                                       \
            fprintf(stderr, "%s:%d: property broken: %s\n", __FILE__, __LINE__, #cond);                      \
            abort();                                                                                         \
        }                                                                                                    \
    } while (0)

#endif
