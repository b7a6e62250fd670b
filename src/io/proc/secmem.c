/* Mapping and locking of the pages; the blocks inside are secmem_pool's. A guard page lies at each end. */
#include "io/proc/secmem.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <openssl/crypto.h>

#include "base/wipe.h"
#include "io/proc/secmem_pool.h"

enum { POOL_MIN = 64 * 1024, POOL_MAX = 16 * 1024 * 1024 };

static struct ak_pool pool;
static pthread_mutex_t pool_lock = PTHREAD_MUTEX_INITIALIZER;
static _Thread_local struct ak_secmem_keep *kept; /* NULL: this thread keeps nothing */

static size_t page_len(void)
{
    return (size_t)sysconf(_SC_PAGESIZE);
}

/* Address space for `len` bytes between two pages that nobody may touch. */
static uint8_t *reserve_guarded(size_t len)
{
    size_t page = page_len();
    uint8_t *all = mmap(NULL, len + 2 * page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    return all == MAP_FAILED ? NULL : all + page;
}

static void unmap_guarded(void *base, size_t len)
{
    (void)munmap((uint8_t *)base - page_len(), len + 2 * page_len());
}

/* memfd_secret pages over the reserved range: locked, undumpable and unmapped in the kernel by their nature.
 * They are shared mappings, which a fork must not see at all (DONTFORK in place of WIPEONFORK). */
static bool map_secret(uint8_t *base, size_t len)
{
    int fd = (int)syscall(SYS_memfd_secret, (unsigned)O_CLOEXEC);
    if (fd < 0) return false;
    bool ok = ftruncate(fd, (off_t)len) == 0 &&
              mmap(base, len, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) != MAP_FAILED &&
              madvise(base, len, MADV_DONTFORK) == 0;
    (void)close(fd);
    return ok;
}

/* Ordinary pages, locked as far as the limit allows. */
static bool map_plain(uint8_t *base, size_t len, struct ak_secmem_report *report)
{
    void *at = mmap(base, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
    if (at == MAP_FAILED) return false;
    report->dump_excluded = madvise(base, len, MADV_DONTDUMP) == 0;
    if (madvise(base, len, MADV_WIPEONFORK)) return false;
    report->locked = mlock(base, len) == 0;
    return true;
}

static bool map_pool(uint8_t *base, size_t len, struct ak_secmem_report *report)
{
    if (map_secret(base, len)) {
        report->secret = report->locked = report->dump_excluded = true;
        return true;
    }
    return map_plain(base, len, report);
}

static size_t round_pool(size_t size)
{
    size_t rounded = POOL_MIN;
    while (rounded < size && rounded < POOL_MAX) rounded *= 2;
    return rounded;
}

enum ak_err ak_secmem_init(size_t size, bool require_lock, struct ak_secmem_report *out_report)
{
    *out_report = (struct ak_secmem_report){0};
    if (pool.base) return AK_E_STATE;
    if (size > POOL_MAX) return AK_E_LIMIT;
    size = round_pool(size);
    uint8_t *state = calloc(size / AK_POOL_UNIT, 1);
    uint8_t *base = reserve_guarded(size);
    struct ak_secmem_report report = {.size = size};
    enum ak_err err = !state || !base ? AK_E_FULL : map_pool(base, size, &report) ? AK_OK : AK_E_IO;
    if (!err && require_lock && !(report.locked && report.dump_excluded)) err = AK_E_IO;
    if (err) {
        if (base) unmap_guarded(base, size);
        free(state);
        return err;
    }
    ak_pool_init(&pool, base, size, state);
    *out_report = report;
    return AK_OK;
}

void ak_secmem_done(void)
{
    if (!pool.base) return;
    ak_wipe(pool.base, pool.size);
    unmap_guarded(pool.base, pool.size);
    free(pool.state);
    pool = (struct ak_pool){0};
}

static void *take_kept(size_t len)
{
    unsigned order = ak_pool_order(len);
    if (!kept || order >= AK_SECMEM_KEEP_ORDERS || kept->count[order] == 0) return NULL;
    void *block = kept->blocks[order][--kept->count[order]];
    ak_pool_take_again(&pool, block);
    return block;
}

static unsigned most_kept(unsigned order)
{
    unsigned most = AK_SECMEM_KEEP_BYTES / ((unsigned)AK_POOL_UNIT << order);
    return most < AK_SECMEM_KEEP_EACH ? most : AK_SECMEM_KEEP_EACH;
}

static bool keep_block(void *block)
{
    if (!kept) return false;
    unsigned order = ak_pool_block_order(&pool, block);
    if (order >= AK_SECMEM_KEEP_ORDERS || kept->count[order] == most_kept(order)) return false;
    ak_pool_put_aside(&pool, block);
    kept->blocks[order][kept->count[order]++] = block;
    return true;
}

void ak_secmem_keep_begin(struct ak_secmem_keep *keep)
{
    *keep = (struct ak_secmem_keep){.count = {0}};
    kept = keep;
}

void ak_secmem_keep_end(void)
{
    struct ak_secmem_keep *keep = kept;
    kept = NULL;
    for (unsigned order = 0; keep && order < AK_SECMEM_KEEP_ORDERS; order++)
        while (keep->count[order]) {
            void *block = keep->blocks[order][--keep->count[order]];
            ak_pool_take_again(&pool, block);
            ak_secmem_free(block);
        }
}

void *ak_secmem_alloc(size_t len)
{
    if (len > AK_SECMEM_ALLOC_MAX || !pool.base) return NULL;
    void *again = take_kept(len);
    if (again) return again;
    (void)pthread_mutex_lock(&pool_lock);
    void *block = ak_pool_alloc(&pool, len ? len : 1);
    (void)pthread_mutex_unlock(&pool_lock);
    return block;
}

void ak_secmem_free(void *ptr)
{
    if (!ptr || keep_block(ptr)) return;
    (void)pthread_mutex_lock(&pool_lock);
    ak_pool_free(&pool, ptr);
    (void)pthread_mutex_unlock(&pool_lock);
}

void *ak_secmem_realloc(void *ptr, size_t len)
{
    if (!ptr) return ak_secmem_alloc(len);
    size_t have = (size_t)AK_POOL_UNIT << ak_pool_block_order(&pool, ptr);
    if (len <= have && len > have / 4) return ptr;
    void *moved = ak_secmem_alloc(len);
    if (!moved) return NULL;
    memcpy(moved, ptr, len < have ? len : have);
    ak_secmem_free(ptr);
    return moved;
}

bool ak_secmem_owns(const void *ptr)
{
    return ak_pool_owns(&pool, ptr);
}

size_t ak_secmem_used(void)
{
    return pool.used;
}

size_t ak_secmem_peak(void)
{
    return pool.peak;
}

static void *openssl_malloc(size_t len, const char *file, int line)
{
    (void)file;
    (void)line;
    return ak_secmem_alloc(len);
}

static void openssl_free(void *ptr, const char *file, int line)
{
    (void)file;
    (void)line;
    if (!ptr || ak_secmem_owns(ptr))
        ak_secmem_free(ptr);
    else
        free(ptr);
}

static void *openssl_realloc(void *ptr, size_t len, const char *file, int line)
{
    if (ptr && !ak_secmem_owns(ptr)) return realloc(ptr, len);
    if (len == 0) {
        openssl_free(ptr, file, line);
        return NULL;
    }
    return ak_secmem_realloc(ptr, len);
}

enum ak_err ak_secmem_install_openssl(void)
{
    static bool installed; /* OpenSSL itself would let it be set again */
    if (!pool.base || installed) return AK_E_STATE;
    installed = CRYPTO_set_mem_functions(openssl_malloc, openssl_realloc, openssl_free) == 1;
    return installed ? AK_OK : AK_E_STATE;
}

enum ak_err ak_secmem_stack(size_t len, bool require_lock, void **out_base, size_t *out_len)
{
    *out_base = NULL;
    *out_len = 0;
    size_t page = page_len();
    if (len == 0 || len > POOL_MAX) return AK_E_LIMIT;
    size_t rounded = (len + page - 1) / page * page;
    uint8_t *base = reserve_guarded(rounded);
    if (!base) return AK_E_FULL;
    struct ak_secmem_report report = {0};
    bool mapped = map_plain(base, rounded, &report);
    if (!mapped || (require_lock && !(report.locked && report.dump_excluded))) {
        unmap_guarded(base, rounded);
        return mapped ? AK_E_IO : AK_E_FULL;
    }
    *out_base = base;
    *out_len = rounded;
    return AK_OK;
}

/* A stack that grows must have reached its pages before they can be locked; one in a frame of its own, so
 * that the array lies where later calls will. */
enum { OWN_STACK_MAX = 256 * 1024 };
static __attribute__((noinline)) enum ak_err lock_below(size_t len, bool require_lock)
{
    uint8_t reach[OWN_STACK_MAX];
    uintptr_t page = page_len();
    uintptr_t end = (uintptr_t)(reach + sizeof reach);
    uintptr_t start = (end - len) / page * page;
    uint8_t *at = reach + sizeof reach - (end - start);
    ak_wipe(reach, sizeof reach);
    bool locked = mlock(at, end - start) == 0;
    /* advice takes whole pages; the frames above hold nothing of later calls */
    bool dump_excluded = madvise(at, (end - start) / page * page, MADV_DONTDUMP) == 0;
    return require_lock && !(locked && dump_excluded) ? AK_E_IO : AK_OK;
}

enum ak_err ak_secmem_stack_lock(size_t len, bool require_lock)
{
    if (len == 0 || len > OWN_STACK_MAX - page_len()) return AK_E_LIMIT;
    return lock_below(len, require_lock);
}

void ak_secmem_stack_free(void *base, size_t len)
{
    if (!base) return;
    ak_wipe(base, len);
    unmap_guarded(base, len);
}
