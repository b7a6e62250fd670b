/* The nonce function that libsecp256k1 takes, over the RFC's own. */
#include "base/crypto/k256_nonce.h"

#include <stddef.h>

#include "base/assert.h"
#include "base/crypto/rfc6979.h"

int ak_k256_nonce_rfc6979(unsigned char *out_nonce32, const unsigned char *msg32, const unsigned char *key32,
    const unsigned char *algo16, void *data, unsigned int attempt)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0,
        0x36, 0x41, 0x41};
    ak_assert(algo16 == NULL && data == NULL);
    ak_rfc6979_nonce(order, msg32, key32, attempt, out_nonce32);
    return 1;
}
