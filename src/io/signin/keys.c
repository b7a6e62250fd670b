#include "io/signin/keys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/codec/hex.h"
#include "base/codec/jose.h"
#include "base/crypto/gcm.h"
#include "io/proc/random.h"

enum { KEY_TEXT_LEN = 64, NONCE_LEN = AK_GCM_NONCE_LEN };

static enum ak_err write_new(int dir_fd, const char *name, struct ak_span bytes, mode_t mode)
{
    int fd = openat(dir_fd, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, mode);
    if (fd < 0) return errno == EEXIST ? AK_E_EXISTS : AK_E_IO;
    bool ok =
        write(fd, bytes.ptr, bytes.len) == (ssize_t)bytes.len && fchmod(fd, mode) == 0 && fsync(fd) == 0;
    return close(fd) == 0 && ok ? AK_OK : AK_E_IO;
}

static enum ak_err write_key(int dir_fd, const char *name, const struct ak_secret32 *key)
{
    char text[KEY_TEXT_LEN + 1];
    struct ak_buf buf = AK_BUF_ARR(text);
    ak_hex_encode(&buf, AK_SPAN_ARR(key->bytes));
    ak_buf_put_u8(&buf, '\n');
    enum ak_err err = write_new(dir_fd, name, ak_buf_span(&buf), 0600);
    ak_wipe(text, sizeof text);
    return err;
}

static enum ak_err write_pub(int dir_fd, const struct ak_p256_pub *pub)
{
    char text[256];
    struct ak_buf buf = AK_BUF_ARR(text);
    struct ak_json_writer w = ak_json_writer(&buf);
    ak_jwk_put(&w, pub);
    ak_buf_put_u8(&buf, '\n');
    AK_TRY(ak_buf_check(&buf));
    return write_new(dir_fd, AK_SIGNIN_PUB_FILE, ak_buf_span(&buf), 0644);
}

static enum ak_err draw(struct ak_signin_keys *keys)
{
    uint8_t okm[48];
    ak_random_bytes(okm, sizeof okm);
    ak_random_bytes(keys->file_key.bytes, sizeof keys->file_key.bytes);
    enum ak_err err = ak_p256_scalar_from_48(okm, &keys->scalar);
    ak_wipe(okm, sizeof okm);
    return err ? err : ak_p256_pub_from_scalar(&keys->scalar, &keys->pub);
}

enum ak_err ak_signin_keys_create(int dir_fd, struct ak_signin_keys *out_keys)
{
    enum ak_err err = draw(out_keys);
    if (!err) err = write_key(dir_fd, AK_SIGNIN_KEY_FILE, &out_keys->scalar);
    if (!err) err = write_key(dir_fd, AK_SIGNIN_FILE_KEY_FILE, &out_keys->file_key);
    if (!err) err = write_pub(dir_fd, &out_keys->pub);
    if (!err && fsync(dir_fd)) err = AK_E_IO;
    if (err) ak_signin_keys_done(out_keys);
    return err;
}

static enum ak_err check_file(int fd)
{
    struct stat info;
    if (fstat(fd, &info)) return AK_E_IO;
    bool closed = S_ISREG(info.st_mode) && (info.st_mode & 077) == 0;
    return closed && (info.st_uid == geteuid() || info.st_uid == 0) ? AK_OK : AK_E_MEANING;
}

static enum ak_err read_key(int dir_fd, const char *name, struct ak_secret32 *out_key)
{
    char text[KEY_TEXT_LEN + 2];
    int fd = openat(dir_fd, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
    if (fd < 0) return errno == ENOENT ? AK_E_NOT_FOUND : AK_E_IO;
    enum ak_err err = check_file(fd);
    ssize_t len = err ? 0 : read(fd, text, sizeof text);
    (void)close(fd);
    if (!err && len < 0) err = AK_E_IO;
    if (!err && (len != KEY_TEXT_LEN + 1 || text[KEY_TEXT_LEN] != '\n')) err = AK_E_FORMAT;
    if (!err) err = ak_hex_decode_fixed(ak_span(text, KEY_TEXT_LEN), out_key->bytes, sizeof out_key->bytes);
    ak_wipe(text, sizeof text);
    return err;
}

enum ak_err ak_signin_keys_load(int dir_fd, struct ak_signin_keys *out_keys)
{
    memset(out_keys, 0, sizeof *out_keys);
    enum ak_err err = read_key(dir_fd, AK_SIGNIN_KEY_FILE, &out_keys->scalar);
    if (!err) err = read_key(dir_fd, AK_SIGNIN_FILE_KEY_FILE, &out_keys->file_key);
    if (!err) err = ak_p256_pub_from_scalar(&out_keys->scalar, &out_keys->pub);
    if (err) ak_signin_keys_done(out_keys);
    return err;
}

void ak_signin_keys_done(struct ak_signin_keys *keys)
{
    ak_secret32_done(&keys->scalar);
    ak_secret32_done(&keys->file_key);
    memset(&keys->pub, 0, sizeof keys->pub);
}

enum ak_err ak_signin_seal(
    const struct ak_secret32 *key, struct ak_span about, struct ak_span plain, struct ak_buf *out)
{
    size_t before = out->len;
    uint8_t *nonce = ak_buf_grow(out, NONCE_LEN);
    uint8_t *sealed = nonce ? ak_buf_grow(out, plain.len + AK_GCM_TAG_LEN) : NULL;
    if (!sealed) return AK_E_FULL;
    ak_random_bytes(nonce, NONCE_LEN);
    enum ak_err err = ak_gcm_seal(key, nonce, about, plain, sealed);
    if (err) out->len = before;
    return err;
}

enum ak_err ak_signin_unseal(
    const struct ak_secret32 *key, struct ak_span about, struct ak_span sealed, struct ak_buf *out)
{
    if (sealed.len < AK_SIGNIN_SEAL_MORE) return AK_E_FORMAT;
    size_t before = out->len;
    uint8_t *plain = ak_buf_grow(out, sealed.len - AK_SIGNIN_SEAL_MORE);
    if (!plain) return AK_E_FULL;
    enum ak_err err = ak_gcm_open(key, sealed.ptr, about, ak_span_sub(sealed, NONCE_LEN, sealed.len), plain);
    if (err) out->len = before;
    return err;
}
