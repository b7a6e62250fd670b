/* The broker's two keys, each a file of 64 hex characters in its folder, closed to others: the signing key
 * (P-256), by which the keeper knows this broker's answers, and the file key, under which mail addresses lie
 * in the database and by which tokens, codes and sources are hashed. The public half of the first stands
 * beside it for the worker. Guarantees: nothing is ever written over. Not guaranteed: safety from whoever
 * reads both the folder and the database. Secret: all but the public half. */
#ifndef AK_IO_SIGNIN_KEYS_H
#define AK_IO_SIGNIN_KEYS_H

#include "base/buf.h"
#include "base/crypto/p256.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

#define AK_SIGNIN_KEY_FILE      "broker.key"
#define AK_SIGNIN_PUB_FILE      "broker.pub.jwk"
#define AK_SIGNIN_FILE_KEY_FILE "file.key"

struct ak_signin_keys {
    struct ak_secret32 scalar;
    struct ak_secret32 file_key;
    struct ak_p256_pub pub;
};

/* Draws both and writes the three files. AK_E_EXISTS: there is a key already. AK_E_IO. */
AK_MUST_USE enum ak_err ak_signin_keys_create(int dir_fd, struct ak_signin_keys *out_keys);
/* AK_E_NOT_FOUND, AK_E_MEANING (open to others, or not a key), AK_E_FORMAT, AK_E_IO. */
AK_MUST_USE enum ak_err ak_signin_keys_load(int dir_fd, struct ak_signin_keys *out_keys);
void ak_signin_keys_done(struct ak_signin_keys *keys);

enum { AK_SIGNIN_SEAL_MORE = 12 + 16 };
/* AES-256-GCM under the file key with a random nonce before it: plain.len + 28 bytes. `about` binds the value
 * to its place. AK_E_FULL, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_signin_seal(
    const struct ak_secret32 *key, struct ak_span about, struct ak_span plain, struct ak_buf *out);
/* Writes sealed.len - 28 bytes. AK_E_FORMAT, AK_E_AUTH, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_signin_unseal(
    const struct ak_secret32 *key, struct ak_span about, struct ak_span sealed, struct ak_buf *out);

#endif
