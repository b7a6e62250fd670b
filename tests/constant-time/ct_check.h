/* Constant time under valgrind's memcheck (I17): secrets are marked as undefined bytes, so that memcheck
 * reports each branch and each address that depends on one. What the product shows on purpose is declared in
 * its source by AK_DECLASSIFY, which this build (AK_CT_CHECK) turns on.
 * Not seen: instructions whose time depends on their operands, and code paths that valgrind's processor does
 * not offer (SHA-NI, AVX-512). Without valgrind the programs end with 77, which Meson counts as skipped. */
#ifndef AK_TESTS_CONSTANT_TIME_CT_CHECK_H
#define AK_TESTS_CONSTANT_TIME_CT_CHECK_H

#ifndef AK_CT_CHECK
#error "constant-time tests need the sources compiled with AK_CT_CHECK"
#endif

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <valgrind/memcheck.h>

/* From here on the bytes are secret. */
static inline void ct_secret(void *ptr, size_t len)
{
    (void)VALGRIND_MAKE_MEM_UNDEFINED(ptr, len);
}

/* The test itself may look at these bytes: results, after the call under test. */
static inline void ct_public(void *ptr, size_t len)
{
    (void)VALGRIND_MAKE_MEM_DEFINED(ptr, len);
}

/* Ends the program where the result is not the expected one, after making it public: a check which runs on
 * wrong results says nothing. */
static inline void ct_expect(int ok, const char *what)
{
    ct_public(&ok, sizeof ok);
    if (ok) return;
    printf("wrong result: %s\n", what);
    exit(2);
}

struct ct_case {
    const char *name;
    void (*run)(void);
    /* Reports that a library's declared branches cause; 0 but for the cases that say why. */
    unsigned long declared;
};

/* Runs all cases; 0 where memcheck reported no more than declared, 1 where it did, 77 outside valgrind. */
static inline int ct_main(const struct ct_case *cases, size_t count)
{
    if (!RUNNING_ON_VALGRIND) {
        printf("skipped: runs under valgrind only (Debian: apt install valgrind)\n");
        return 77;
    }
    int failed = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned long before = VALGRIND_COUNT_ERRORS;
        cases[i].run();
        unsigned long reports = VALGRIND_COUNT_ERRORS - before;
        int bad = reports > cases[i].declared;
        printf("%-28s %s (%lu reports, %lu declared)\n", cases[i].name, bad ? "DEPENDS ON SECRETS" : "ok",
            reports, cases[i].declared);
        failed |= bad;
    }
    return failed;
}

#endif
