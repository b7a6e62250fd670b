/* One context for the process. It is only read after it is made, so threads share it; whichever thread makes
 * an unblinded one first wins. */
#include "base/crypto/k256_lib.h"

#include <stdatomic.h>

#include "base/assert.h"

static _Atomic(secp256k1_context *) the_context;

/* The library's own handler prints; ours ends the process in silence. */
static void broken_contract(const char *text, void *data)
{
    (void)text;
    (void)data;
    ak_abort();
}

static secp256k1_context *make(void)
{
    secp256k1_context *ctx = secp256k1_context_create(SECP256K1_CONTEXT_NONE);
    ak_assert(ctx != NULL);
    secp256k1_context_set_illegal_callback(ctx, broken_contract, NULL);
    secp256k1_context_set_error_callback(ctx, broken_contract, NULL);
    return ctx;
}

/* False where another one is in place already; `ctx` is destroyed then. */
static bool install(secp256k1_context *ctx)
{
    secp256k1_context *none = NULL;
    if (atomic_compare_exchange_strong(&the_context, &none, ctx)) return true;
    secp256k1_context_destroy(ctx);
    return false;
}

enum ak_err ak_k256_init(const uint8_t blind32[32])
{
    secp256k1_context *ctx = make();
    if (secp256k1_context_randomize(ctx, blind32) != 1) {
        secp256k1_context_destroy(ctx);
        return AK_E_CRYPTO;
    }
    return install(ctx) ? AK_OK : AK_E_STATE;
}

const secp256k1_context *ak_k256_lib(void)
{
    secp256k1_context *ctx = atomic_load_explicit(&the_context, memory_order_acquire);
    if (ctx != NULL) return ctx;
    (void)install(make());
    return atomic_load(&the_context);
}
