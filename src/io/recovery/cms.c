#include "io/recovery/cms.h"

#include <openssl/cms.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>

#include "base/codec/hex.h"
#include "base/codec/utf8.h"
#include "base/crypto/sha256.h"
#include "base/wipe.h"

AK_MUST_USE static enum ak_err failed(enum ak_err err)
{
    ERR_clear_error();
    return err;
}

static void free_bio(BIO **bio)
{
    BIO_free_all(*bio);
}
static void free_cms(CMS_ContentInfo **cms)
{
    CMS_ContentInfo_free(*cms);
}
static void free_key(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
}
static void free_cert(X509 **cert)
{
    X509_free(*cert);
}

static int no_passphrase(char *buf, int size, int rwflag, void *ctx)
{
    (void)buf;
    (void)size;
    (void)rwflag;
    (void)ctx;
    return 0;
}

/* ---- certificates ---- */

static X509 *parse_cert(struct ak_span file)
{
    const unsigned char *at = file.ptr;
    X509 *cert = d2i_X509(NULL, &at, (long)file.len);
    if (cert && at == file.ptr + file.len) return cert;
    X509_free(cert);
    AK_CLEANUP(free_bio) BIO *bio = BIO_new_mem_buf(file.ptr, (int)file.len);
    cert = bio ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    X509 *second = cert ? PEM_read_bio_X509(bio, NULL, no_passphrase, NULL) : NULL;
    if (!second) return cert;
    X509_free(second);
    X509_free(cert);
    return NULL;
}

static bool key_strong(const X509 *cert)
{
    const EVP_PKEY *key = X509_get0_pubkey(cert);
    int bits = key ? EVP_PKEY_get_bits(key) : 0;
    if (key && EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA) return bits >= 2048 && bits <= 8192;
    if (!key || EVP_PKEY_get_base_id(key) != EVP_PKEY_EC) return false;
    return bits == 256 || bits == 384 || bits == 521;
}

/* Without the extension any use is allowed. */
static bool usage_allows(X509 *cert)
{
    bool rsa = EVP_PKEY_get_base_id(X509_get0_pubkey(cert)) == EVP_PKEY_RSA;
    uint32_t usage = X509_get_key_usage(cert);
    return (usage & (rsa ? KU_KEY_ENCIPHERMENT : KU_KEY_AGREEMENT)) != 0;
}

static bool valid_at(const X509 *cert, uint64_t at_s)
{
    time_t at = (time_t)at_s;
    return X509_cmp_time(X509_get0_notBefore(cert), &at) < 0 &&
           X509_cmp_time(X509_get0_notAfter(cert), &at) > 0;
}

static bool can_be_shown(struct ak_span name)
{
    if (name.len == 0 || name.len > AK_CMS_NAME_MAX || ak_utf8_validate(name) != AK_OK) return false;
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] < 0x20 || name.ptr[i] == 0x7f) return false;
    return true;
}

static void name_of(const X509 *cert, const uint8_t hash[32], char *out_name)
{
    const X509_NAME *subject = X509_get_subject_name(cert);
    int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
    unsigned char *text = NULL;
    int len =
        at < 0 ? 0 : ASN1_STRING_to_UTF8(&text, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
    struct ak_span name = ak_span(text, len > 0 ? (size_t)len : 0);
    struct ak_buf buf = ak_buf(out_name, AK_CMS_NAME_MAX);
    if (can_be_shown(name))
        ak_buf_put(&buf, name);
    else
        ak_hex_encode(&buf, ak_span(hash, 8));
    out_name[buf.len] = '\0';
    OPENSSL_free(text);
}

enum ak_err ak_cms_recipient(
    struct ak_span file, uint64_t at_s, struct ak_buf *out_der, char *out_name, uint8_t out_hash[32])
{
    if (file.len == 0 || file.len > AK_CMS_LEN_MAX) return AK_E_FORMAT;
    AK_CLEANUP(free_cert) X509 *cert = parse_cert(file);
    if (!cert) return failed(AK_E_FORMAT);
    if (!key_strong(cert)) return failed(AK_E_UNSUPPORTED);
    if (!usage_allows(cert)) return failed(AK_E_MEANING);
    if (!valid_at(cert, at_s)) return failed(AK_E_EXPIRED);
    int len = i2d_X509(cert, NULL);
    unsigned char *to = len > 0 ? ak_buf_grow(out_der, (size_t)len) : NULL;
    if (!to) return failed(AK_E_FULL);
    const uint8_t *der = to;
    if (i2d_X509(cert, &to) != len) return failed(AK_E_CRYPTO);
    ak_sha256(ak_span(der, (size_t)len), out_hash);
    name_of(cert, out_hash, out_name);
    return failed(AK_OK);
}

/* ---- sealing ---- */

static bool choose_scheme(CMS_RecipientInfo *info)
{
    EVP_PKEY_CTX *ctx = CMS_RecipientInfo_get0_pkey_ctx(info);
    if (!ctx) return false;
    if (CMS_RecipientInfo_type(info) == CMS_RECIPINFO_AGREE)
        return EVP_PKEY_CTX_set_ecdh_kdf_md(ctx, EVP_sha256()) > 0;
    return EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING) > 0 &&
           EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()) > 0 &&
           EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()) > 0;
}

static enum ak_err write_cms(CMS_ContentInfo *cms, struct ak_buf *out_cms)
{
    int len = i2d_CMS_ContentInfo(cms, NULL);
    if (len <= 0) return AK_E_CRYPTO;
    unsigned char *to = ak_buf_grow(out_cms, (size_t)len);
    if (!to) return AK_E_FULL;
    return i2d_CMS_ContentInfo(cms, &to) == len ? AK_OK : AK_E_CRYPTO;
}

enum ak_err ak_cms_seal(struct ak_span cert_der, struct ak_span plain, struct ak_buf *out_cms)
{
    AK_CLEANUP(free_cert) X509 *cert = parse_cert(cert_der);
    if (!cert) return failed(AK_E_FORMAT);
    AK_CLEANUP(free_bio) BIO *in = BIO_new_mem_buf(plain.ptr, (int)plain.len);
    AK_CLEANUP(free_cms) CMS_ContentInfo *cms = CMS_AuthEnvelopedData_create(EVP_aes_256_gcm());
    if (!in || !cms) return failed(AK_E_CRYPTO);
    CMS_RecipientInfo *info = CMS_add1_recipient_cert(cms, cert, CMS_KEY_PARAM);
    if (!info || !choose_scheme(info)) return failed(AK_E_CRYPTO);
    if (CMS_set_detached(cms, 0) != 1 || CMS_final(cms, in, NULL, CMS_BINARY) != 1)
        return failed(AK_E_CRYPTO);
    return failed(write_cms(cms, out_cms));
}

/* ---- opening ---- */

static int give_passphrase(char *buf, int size, int rwflag, void *ctx)
{
    const struct ak_span *passphrase = ctx;
    (void)rwflag;
    if (size < 0 || passphrase->len > (size_t)size) return 0;
    if (passphrase->len) memcpy(buf, passphrase->ptr, passphrase->len);
    return (int)passphrase->len;
}

static CMS_ContentInfo *parse_cms(struct ak_span bytes)
{
    const unsigned char *at = bytes.ptr;
    CMS_ContentInfo *cms = d2i_CMS_ContentInfo(NULL, &at, (long)bytes.len);
    if (cms && at == bytes.ptr + bytes.len &&
        OBJ_obj2nid(CMS_get0_type(cms)) == NID_id_smime_ct_authEnvelopedData)
        return cms;
    CMS_ContentInfo_free(cms);
    return NULL;
}

/* The library's buffer is wiped: its BIO would only free it. */
static enum ak_err take_plain(BIO *out, struct ak_buf *out_plain)
{
    char *ptr = NULL;
    long len = BIO_get_mem_data(out, &ptr);
    if (len <= 0) return AK_E_AUTH;
    ak_buf_put(out_plain, ak_span(ptr, (size_t)len));
    ak_wipe(ptr, (size_t)len);
    return ak_buf_check(out_plain);
}

enum ak_err ak_cms_open(
    struct ak_span cms_der, struct ak_span key_pem, struct ak_span passphrase, struct ak_buf *out_plain)
{
    if (cms_der.len > AK_CMS_LEN_MAX || key_pem.len > AK_CMS_LEN_MAX) return AK_E_LIMIT;
    AK_CLEANUP(free_cms) CMS_ContentInfo *cms = parse_cms(cms_der);
    if (!cms) return failed(AK_E_FORMAT);
    AK_CLEANUP(free_bio) BIO *key_bio = BIO_new_mem_buf(key_pem.ptr, (int)key_pem.len);
    AK_CLEANUP(free_key)
    EVP_PKEY *key = key_bio ? PEM_read_bio_PrivateKey(key_bio, NULL, give_passphrase, &passphrase) : NULL;
    if (!key) return failed(AK_E_MEANING);
    AK_CLEANUP(free_bio) BIO *out = BIO_new(BIO_s_secmem());
    if (!out || CMS_decrypt(cms, key, NULL, NULL, out, CMS_BINARY) != 1) return failed(AK_E_AUTH);
    return failed(take_plain(out, out_plain));
}
