/* A table of the newest readers, by the first bits of their keys: who falls together with another is worked
 * out again. */
#include "io/vault/readers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "base/crypto/x25519.h"
#include "core/keys/service.h"
#include "io/proc/secmem.h"

struct known {
    bool there;
    uint8_t key[32];
    struct ak_secret32 secret;
};
struct ak_vault_readers {
    pthread_mutex_t lock;
    struct known *known; /* AK_VAULT_READERS of them; NULL: none yet, or no memory for them */
    bool has_delivery;
    uint8_t delivery[32];
};

struct ak_vault_readers *ak_vault_readers_new(void)
{
    struct ak_vault_readers *readers = calloc(1, sizeof *readers);
    if (readers && pthread_mutex_init(&readers->lock, NULL) == 0) return readers;
    free(readers);
    return NULL;
}

void ak_vault_readers_free(struct ak_vault_readers *readers)
{
    if (!readers) return;
    ak_secmem_free(readers->known);
    (void)pthread_mutex_destroy(&readers->lock);
    free(readers);
}

static struct known *place_of(const struct ak_vault_readers *readers, const uint8_t key[32])
{
    unsigned at = (unsigned)key[0] | (unsigned)key[1] << 8;
    return readers->known ? &readers->known[at % AK_VAULT_READERS] : NULL;
}

static bool find(struct ak_vault_readers *readers, const uint8_t key[32], struct ak_secret32 *out_secret,
    uint8_t out_delivery[32])
{
    (void)pthread_mutex_lock(&readers->lock);
    const struct known *known = place_of(readers, key);
    bool found = known && known->there && memcmp(known->key, key, 32) == 0;
    if (found) *out_secret = known->secret;
    if (found) memcpy(out_delivery, readers->delivery, 32);
    (void)pthread_mutex_unlock(&readers->lock);
    return found;
}

static void remember(struct ak_vault_readers *readers, const uint8_t key[32],
    const struct ak_secret32 *secret, const uint8_t delivery[32])
{
    (void)pthread_mutex_lock(&readers->lock);
    if (!readers->known) readers->known = ak_secmem_alloc(AK_VAULT_READERS * sizeof *readers->known);
    struct known *known = place_of(readers, key);
    if (known) {
        *known = (struct known){.there = true, .secret = *secret};
        memcpy(known->key, key, 32);
    }
    readers->has_delivery = true;
    memcpy(readers->delivery, delivery, 32);
    (void)pthread_mutex_unlock(&readers->lock);
}

static bool knows_delivery(struct ak_vault_readers *readers, uint8_t out_delivery[32])
{
    (void)pthread_mutex_lock(&readers->lock);
    bool has = readers->has_delivery;
    memcpy(out_delivery, readers->delivery, 32);
    (void)pthread_mutex_unlock(&readers->lock);
    return has;
}

static enum ak_err work_out(struct ak_vault_readers *readers, const struct ak_root *root,
    const uint8_t key[32], struct ak_secret32 *out_secret, uint8_t out_delivery[32])
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 scalar = {{0}};
    AK_TRY(ak_service_secret32(root, AK_SPAN_LIT(AK_PURPOSE_DELIVERY), &scalar));
    if (!knows_delivery(readers, out_delivery)) AK_TRY(ak_x25519_pub(&scalar, out_delivery));
    AK_TRY(ak_x25519_shared(&scalar, key, out_secret));
    remember(readers, key, out_secret, out_delivery);
    return AK_OK;
}

enum ak_err ak_vault_reader_secret(struct ak_vault_readers *readers, const struct ak_root *root,
    const uint8_t key[32], struct ak_secret32 *out_secret, uint8_t out_delivery[32])
{
    if (find(readers, key, out_secret, out_delivery)) return AK_OK;
    enum ak_err err = work_out(readers, root, key, out_secret, out_delivery);
    if (err) ak_wipe(out_secret, sizeof *out_secret);
    if (err) memset(out_delivery, 0, 32);
    return err;
}
