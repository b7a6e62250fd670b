/* A value's plaintext while one piece of work needs it: locked memory, wiped when it goes. */
#ifndef AK_IO_VAULT_SECRET_H
#define AK_IO_VAULT_SECRET_H

#include "base/attr.h"
#include "core/vault/limits.h"
#include "io/proc/secmem.h"

struct ak_vault_plain {
    uint8_t *bytes; /* `cap` of them; NULL: no memory */
    size_t len;
};

static inline struct ak_vault_plain ak_vault_plain_new(size_t cap)
{
    return (struct ak_vault_plain){ak_secmem_alloc(cap ? cap : 1), 0};
}
/* For AK_CLEANUP. */
static inline void ak_vault_plain_done(struct ak_vault_plain *plain)
{
    ak_secmem_free(plain->bytes);
    plain->bytes = NULL;
}

#endif
