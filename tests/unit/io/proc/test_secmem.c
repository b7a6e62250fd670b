/* What the pages really are by /proc/self/smaps and by touching the guards, the report with and without a
 * limit on locking, OpenSSL inside the pool, a thread on a locked stack. */
#include "unit/check.h"

#include <pthread.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include "io/proc/secmem.h"

#if defined(__SANITIZE_ADDRESS__)
#define UNDER_SANITIZER
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNDER_SANITIZER
#endif
#endif

static struct ak_secmem_report report;

static int setup(void **state)
{
    (void)state;
    return ak_secmem_init(AK_SECMEM_POOL_DEFAULT, false, &report) == AK_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ak_secmem_done();
    return 0;
}

/* Flags of the mapping that holds `ptr`, as the kernel tells them. */
static void vm_flags(const void *ptr, char out[512])
{
    FILE *smaps = fopen("/proc/self/smaps", "r");
    assert_non_null(smaps);
    char line[512];
    bool here = false;
    out[0] = '\0';
    while (fgets(line, sizeof line, smaps)) {
        unsigned long from = 0, to = 0;
        if (sscanf(line, "%lx-%lx ", &from, &to) == 2)
            here = (uintptr_t)ptr >= from && (uintptr_t)ptr < to;
        else if (here && strncmp(line, "VmFlags:", 8) == 0)
            memcpy(out, line + 8, sizeof line - 8);
    }
    fclose(smaps);
}

static void pages_are_locked_and_out_of_dumps(void **state)
{
    (void)state;
    char flags[512];
    assert_int_equal(report.size, AK_SECMEM_POOL_DEFAULT);
    assert_true(report.locked);
    void *block = ak_secmem_alloc(100);
    vm_flags(block, flags);
    assert_non_null(strstr(flags, " lo"));
    assert_non_null(strstr(flags, " dd"));
    assert_non_null(strstr(flags, report.secret ? " dc" : " wf"));
    ak_secmem_free(block);
}

static bool dies_touching(volatile uint8_t *at)
{
    pid_t pid = fork();
    if (pid == 0) {
        (void)signal(SIGSEGV, SIG_DFL); /* the test library has handlers of its own */
        (void)signal(SIGBUS, SIG_DFL);
        *at = 1;
        _exit(0);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFSIGNALED(status) && (WTERMSIG(status) == SIGSEGV || WTERMSIG(status) == SIGBUS);
}

/* A fork sees nothing of the pool; guards hold at both ends of a stack. */
static void guards_and_forks(void **state)
{
    (void)state;
    uint8_t *block = ak_secmem_alloc(64);
    *block = 7;
    if (report.secret) assert_true(dies_touching(block));
    ak_secmem_free(block);
    void *base = NULL;
    size_t len = 0;
    assert_int_equal(ak_secmem_stack(10000, true, &base, &len), AK_OK);
    assert_int_equal(len, 12288);
    uint8_t *stack = base;
    assert_true(dies_touching(stack - 1));
    assert_true(dies_touching(stack + len));
    assert_false(dies_touching(stack));
    memset(stack, 0x5a, len);
    pid_t pid = fork();
    if (pid == 0) _exit(stack[0] == 0 && stack[len - 1] == 0 ? 0 : 1); /* wiped on fork */
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(status, 0);
    assert_int_equal(stack[0], 0x5a);
    ak_secmem_stack_free(base, len);
    ak_secmem_stack_free(NULL, 0);
}

static void allocation_contract(void **state)
{
    (void)state;
    assert_null(ak_secmem_alloc(AK_SECMEM_ALLOC_MAX + 1));
    uint8_t *most = ak_secmem_alloc(AK_SECMEM_ALLOC_MAX);
    assert_non_null(most);
    ak_secmem_free(most);
    uint8_t *block = ak_secmem_alloc(0);
    assert_non_null(block);
    ak_secmem_free(block);
    ak_secmem_free(NULL);
    block = ak_secmem_realloc(NULL, 40);
    memset(block, 9, 40);
    uint8_t *same = ak_secmem_realloc(block, 64);
    assert_ptr_equal(same, block);
    uint8_t *moved = ak_secmem_realloc(block, 3000);
    for (size_t i = 0; i < 40; i++) assert_int_equal(moved[i], 9);
    assert_null(ak_secmem_realloc(moved, AK_SECMEM_ALLOC_MAX + 1));
    assert_int_equal(moved[0], 9);
    uint8_t *small = ak_secmem_realloc(moved, 10);
    assert_int_equal(small[9], 9);
    assert_int_equal(ak_secmem_used(), 64);
    ak_secmem_free(small);
    assert_int_equal(ak_secmem_used(), 0);
    assert_true(ak_secmem_peak() >= AK_SECMEM_ALLOC_MAX);
    assert_int_equal(ak_secmem_init(65536, false, &report), AK_E_STATE);
}

/* What a thread keeps comes back to it zeroed; others get nothing of it until it ends. */
static void a_thread_keeps_what_it_frees(void **state)
{
    enum { MOST = AK_SECMEM_KEEP_EACH, BIG = AK_SECMEM_KEEP_BYTES / 2048 };
    struct ak_secmem_keep keep;
    uint8_t *blocks[MOST + 1];
    (void)state;
    ak_secmem_keep_begin(&keep);
    for (size_t len = 1; len <= 4096; len *= 2) {
        uint8_t *block = ak_secmem_alloc(len);
        memset(block, 0xee, len);
        ak_secmem_free(block);
        uint8_t *again = ak_secmem_alloc(len);
        if (len <= 2048) assert_ptr_equal(again, block);
        for (size_t i = 0; i < len; i++) assert_int_equal(again[i], 0);
        ak_secmem_free(again);
    }
    size_t used = ak_secmem_used();
    assert_int_equal(used, 64 + 128 + 256 + 512 + 1024 + 2048);
    for (size_t i = 0; i <= MOST; i++) blocks[i] = ak_secmem_alloc(64);
    for (size_t i = 0; i <= MOST; i++) ak_secmem_free(blocks[i]);
    assert_int_equal(ak_secmem_used(), used + 64 * (MOST - 1)); /* one went back */
    for (size_t i = 0; i <= BIG; i++) blocks[i] = ak_secmem_alloc(2048);
    for (size_t i = 0; i <= BIG; i++) ak_secmem_free(blocks[i]);
    assert_int_equal(ak_secmem_used(), used + 64 * (MOST - 1) + 2048 * (BIG - 1));
    uint8_t *moved = ak_secmem_realloc(ak_secmem_alloc(64), 1000);
    ak_secmem_free(moved);
    ak_secmem_keep_end();
    assert_int_equal(ak_secmem_used(), 0);
    ak_secmem_keep_end(); /* nothing was begun */
}

static void *churn(void *arg)
{
    struct ak_secmem_keep keep;
    uint8_t *blocks[32] = {0};
    uint64_t seed = (uintptr_t)arg + 1;
    ak_secmem_keep_begin(&keep);
    for (int i = 0; i < 20000; i++) {
        seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        size_t at = (seed >> 40) % 32;
        size_t len = 1 + (seed >> 45) % 3000;
        if (blocks[at]) {
            assert_int_equal(blocks[at][0], (uint8_t)at + 1);
            ak_secmem_free(blocks[at]);
            blocks[at] = NULL;
            continue;
        }
        blocks[at] = ak_secmem_alloc(len);
        assert_non_null(blocks[at]);
        assert_int_equal(blocks[at][0] | blocks[at][len - 1], 0);
        memset(blocks[at], (int)at + 1, len);
    }
    for (size_t i = 0; i < 32; i++) ak_secmem_free(blocks[i]);
    ak_secmem_keep_end();
    return NULL;
}

static void threads_keep_apart(void **state)
{
    pthread_t threads[4];
    (void)state;
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, churn, (void *)(uintptr_t)i), 0);
    for (size_t i = 0; i < 4; i++) assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(ak_secmem_used(), 0);
    assert_non_null(ak_secmem_alloc(AK_SECMEM_ALLOC_MAX)); /* all joined again */
}

/* In a child, as limits do not come back: nothing can be locked. */
static void without_locking(void **state)
{
    (void)state;
#ifdef UNDER_SANITIZER
    print_message("skipped: the address sanitizer replaces mlock by one that always succeeds\n");
    skip();
#endif
    pid_t pid = fork();
    if (pid == 0) {
        const struct rlimit none = {0, 0};
        /* Root locks beyond any limit, so it must stop being root. */
        if (setrlimit(RLIMIT_MEMLOCK, &none) || (geteuid() == 0 && setuid(65534))) _exit(90);
        struct ak_secmem_report got;
        void *base;
        size_t len;
        if (ak_secmem_init(65536, true, &got) != AK_E_IO) _exit(1);
        if (ak_secmem_alloc(1)) _exit(2);
        if (ak_secmem_init(65536, false, &got) != AK_OK || got.locked || got.secret || !got.dump_excluded)
            _exit(3);
        if (!ak_secmem_alloc(1)) _exit(4);
        if (ak_secmem_stack(4096, true, &base, &len) != AK_E_IO || base) _exit(5);
        if (ak_secmem_stack(4096, false, &base, &len) != AK_OK) _exit(6);
        if (ak_secmem_stack_lock(4096, true) != AK_E_IO || ak_secmem_stack_lock(4096, false) != AK_OK)
            _exit(7);
        _exit(0);
    }
    int status = 1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_int_equal(WEXITSTATUS(status), 0);
    assert_true(WIFEXITED(status));
}

static void *work(void *seen)
{
    volatile uint8_t local = 1;
    *(uintptr_t *)seen = (uintptr_t)&local;
    return NULL;
}

static void thread_runs_on_a_locked_stack(void **state)
{
    (void)state;
    void *base = NULL;
    uintptr_t seen = 0;
    size_t len = 0;
    pthread_attr_t attr;
    pthread_t thread;
    assert_int_equal(ak_secmem_stack(128 * 1024, true, &base, &len), AK_OK);
    assert_int_equal(pthread_attr_init(&attr), 0);
    assert_int_equal(pthread_attr_setstack(&attr, base, len), 0);
    assert_int_equal(pthread_create(&thread, &attr, work, &seen), 0);
    assert_int_equal(pthread_join(thread, NULL), 0);
    assert_true(seen > (uintptr_t)base && seen < (uintptr_t)base + len);
    pthread_attr_destroy(&attr);
    ak_secmem_stack_free(base, len);
    assert_int_equal(ak_secmem_stack(0, true, &base, &len), AK_E_LIMIT);
    assert_int_equal(ak_secmem_stack(16 * 1024 * 1024 + 1, true, &base, &len), AK_E_LIMIT);
    assert_int_equal(ak_secmem_init(16 * 1024 * 1024 + 1, false, &report), AK_E_LIMIT);
}

/* Memory that OpenSSL had before goes back to where it came from. */
static void openssl_frees_what_is_older(void)
{
    size_t used = ak_secmem_used();
    uint8_t *older = malloc(16);
    assert_non_null(older);
    older[15] = 7;
    older = CRYPTO_realloc(older, 4096, __FILE__, __LINE__);
    assert_false(ak_secmem_owns(older));
    assert_int_equal(older[15], 7);
    CRYPTO_free(older, __FILE__, __LINE__);
    void *own = CRYPTO_malloc(100, __FILE__, __LINE__);
    assert_true(ak_secmem_owns(own));
    assert_null(CRYPTO_realloc(own, 0, __FILE__, __LINE__));
    assert_int_equal(ak_secmem_used(), used);
}

/* What the next call in the same place puts on the stack lies in pages that are locked and in no core. */
static __attribute__((noinline)) void flags_of_a_call(size_t deep, char out_flags[512])
{
    uint8_t frame[96 * 1024];
    frame[sizeof frame - 1 - deep] = 1;
    vm_flags(frame + sizeof frame - 1 - deep, out_flags);
}

static void own_stack_is_locked(void **state)
{
    (void)state;
    enum { LEN = 128 * 1024, MOST = 256 * 1024 };
    char flags[512];
    size_t page = (size_t)sysconf(_SC_PAGESIZE);
    assert_int_equal(ak_secmem_stack_lock(0, true), AK_E_LIMIT);
    assert_int_equal(ak_secmem_stack_lock(MOST - page + 1, true), AK_E_LIMIT);
    assert_int_equal(ak_secmem_stack_lock(LEN, true), AK_OK);
#ifndef UNDER_SANITIZER /* which keeps locals elsewhere and answers mlock itself */
    static const size_t depths[] = {8192, 64 * 1024, 96 * 1024 - 1};
    for (size_t i = 0; i < AK_COUNT(depths); i++) {
        flags_of_a_call(depths[i], flags);
        assert_non_null(strstr(flags, " lo"));
        assert_non_null(strstr(flags, " dd"));
    }
#else
    flags_of_a_call(0, flags);
#endif
    assert_int_equal(ak_secmem_stack_lock(MOST - page, true), AK_OK);
}

/* Last, as OpenSSL keeps the allocator for the life of the process. */
static void openssl_lives_in_the_pool(void **state)
{
    (void)state;
    assert_int_equal(ak_secmem_install_openssl(), AK_E_STATE);
    assert_int_equal(ak_secmem_init(AK_SECMEM_POOL_DEFAULT, false, &report), AK_OK);
    assert_int_equal(ak_secmem_install_openssl(), AK_OK);
    assert_int_equal(ak_secmem_used(), 0);
    EVP_PKEY *key = EVP_EC_gen("P-256");
    assert_non_null(key);
    assert_true(ak_secmem_owns(key));
    print_message("OpenSSL holds %zu bytes, peak %zu of %zu, %s\n", ak_secmem_used(), ak_secmem_peak(),
        report.size, report.secret ? "memfd_secret" : "locked");
    assert_true(ak_secmem_peak() < report.size / 2);
    EVP_PKEY_free(key);
    openssl_frees_what_is_older();
    assert_int_equal(ak_secmem_install_openssl(), AK_E_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(pages_are_locked_and_out_of_dumps, setup, teardown),
        cmocka_unit_test_setup_teardown(guards_and_forks, setup, teardown),
        cmocka_unit_test_setup_teardown(allocation_contract, setup, teardown),
        cmocka_unit_test_setup_teardown(a_thread_keeps_what_it_frees, setup, teardown),
        cmocka_unit_test_setup_teardown(threads_keep_apart, setup, teardown),
        cmocka_unit_test(without_locking),
        cmocka_unit_test(thread_runs_on_a_locked_stack),
        cmocka_unit_test(own_stack_is_locked),
        cmocka_unit_test(openssl_lives_in_the_pool),
    };
    return cmocka_run_group_tests_name("secmem", tests, NULL, NULL);
}
