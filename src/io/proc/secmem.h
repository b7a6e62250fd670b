/* Memory for key material: one pool, fixed in size, that no swap, core dump or fork sees, between guard
 * pages; memfd_secret where the kernel has it (out of the kernel's own direct map too). Freed blocks are
 * wiped. The pool never grows: an allocation that does not fit gives NULL. Guarantees hold only as far as the
 * report says: RLIMIT_MEMLOCK (8 MiB by default) bounds what can be locked. Not guaranteed: registers, and
 * copies that libraries make on the stack; threads that use keys run on stacks from here. Stacks are plain
 * locked pages, not memfd_secret, as a futex on the latter cannot be joined. Threads: any, after init. */
#ifndef AK_IO_PROC_SECMEM_H
#define AK_IO_PROC_SECMEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/err.h"

enum { AK_SECMEM_POOL_DEFAULT = 4 * 1024 * 1024, AK_SECMEM_ALLOC_MAX = 512 * 1024 };

struct ak_secmem_report {
    size_t size;
    bool locked; /* cannot be swapped */
    bool secret; /* memfd_secret */
    bool dump_excluded;
};

/* Makes the pool, `size` bytes rounded up to a power of two (64 KiB to 16 MiB). With `require_lock` (release
 * builds) AK_E_IO where pages cannot be locked; without, the report says so and the caller logs it.
 * AK_E_STATE: made already. */
AK_MUST_USE enum ak_err ak_secmem_init(size_t size, bool require_lock, struct ak_secmem_report *out_report);
/* Wipes and unmaps; for tests. Nothing may be in use. */
void ak_secmem_done(void);

/* Zeroed, aligned to 16 or better; NULL where there is no room, no pool, or len > AK_SECMEM_ALLOC_MAX. */
void *ak_secmem_alloc(size_t len);
/* Contents kept up to the smaller length; the old block is wiped when it moves. NULL: the old one stays. */
void *ak_secmem_realloc(void *ptr, size_t len);
/* NULL is fine; a pointer that is not the start of a live block aborts. */
void ak_secmem_free(void *ptr);
bool ak_secmem_owns(const void *ptr);
/* From here to the end the calling thread keeps some of the small blocks that it frees, wiped, for its next
 * allocations, and takes no lock for them; to others they count as in use. `keep` is the thread's, not in the
 * pool. Ending gives them back; a thread ends what it began before it ends itself. */
enum { AK_SECMEM_KEEP_ORDERS = 6, AK_SECMEM_KEEP_EACH = 64 }; /* 64 bytes to 2 KiB */
enum { AK_SECMEM_KEEP_BYTES = 8192 };                         /* of one size at most */
struct ak_secmem_keep {
    unsigned count[AK_SECMEM_KEEP_ORDERS];
    void *blocks[AK_SECMEM_KEEP_ORDERS][AK_SECMEM_KEEP_EACH];
};
void ak_secmem_keep_begin(struct ak_secmem_keep *keep);
void ak_secmem_keep_end(void);
/* Bytes in use and the highest mark, as blocks take them. */
size_t ak_secmem_used(void);
size_t ak_secmem_peak(void);

/* Makes the pool OpenSSL's allocator. Before the first call into OpenSSL of this process; AK_E_STATE where
 * that is too late or there is no pool. Blocks OpenSSL got elsewhere before are handed to free(3). */
AK_MUST_USE enum ak_err ak_secmem_install_openssl(void);

/* A locked stack with a guard page at each end for pthread_attr_setstack: `len` usable bytes, rounded up to
 * pages. AK_E_FULL; AK_E_IO where require_lock and it cannot be locked. */
AK_MUST_USE enum ak_err ak_secmem_stack(size_t len, bool require_lock, void **out_base, size_t *out_len);
/* Locks `len` bytes of the calling thread's own stack, from its caller's frame down, and keeps them out of
 * core files: for a thread that was not started on one of the above. Errors likewise. They stay locked. */
AK_MUST_USE enum ak_err ak_secmem_stack_lock(size_t len, bool require_lock);
/* Wipes and unmaps, after the thread was joined. */
void ak_secmem_stack_free(void *base, size_t len);

#endif
