/* A provider for tests: an RSA and a P-256 key, its key set as JSON, and tokens over any header and payload.
 */
#ifndef AK_TESTS_UNIT_RP_PROVIDER_H
#define AK_TESTS_UNIT_RP_PROVIDER_H

#include "unit/check.h"

#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include "base/codec/base64.h"
#include "base/crypto/hmac.h"
#include "core/rp/id_token.h"
#include "core/rp/jwks.h"
#include "unit/attest/made.h"
#include "unit/token/keys.h"

struct provider {
    EVP_PKEY *rsa, *small_rsa; /* 2048 and 1024 bits */
    struct test_key ec;
    struct ak_rp_jwks jwks; /* kid "r" and "e" */
};

static inline void provider_put_number(struct ak_buf *buf, EVP_PKEY *key, const char *param, const char *name)
{
    uint8_t bytes[600];
    BIGNUM *number = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, param, &number), 1);
    int len = BN_bn2bin(number, bytes);
    BN_free(number);
    ak_buf_put_str(buf, name);
    ak_base64url_encode(buf, ak_span(bytes, (size_t)len));
    ak_buf_put_str(buf, "\"");
}

/* {"kty":"RSA",<more>"n":…,"e":…}; `more` ends with a comma where it is not empty. */
static inline void provider_put_rsa(struct ak_buf *buf, EVP_PKEY *key, const char *more)
{
    ak_buf_put_str(buf, "{\"kty\":\"RSA\",");
    ak_buf_put_str(buf, more);
    provider_put_number(buf, key, OSSL_PKEY_PARAM_RSA_N, "\"n\":\"");
    provider_put_number(buf, key, OSSL_PKEY_PARAM_RSA_E, ",\"e\":\"");
    ak_buf_put_str(buf, "}");
}

static inline void provider_put_ec(struct ak_buf *buf, const struct ak_p256_pub *pub, const char *more)
{
    ak_buf_put_str(buf, "{\"kty\":\"EC\",\"crv\":\"P-256\",");
    ak_buf_put_str(buf, more);
    ak_buf_put_str(buf, "\"x\":\"");
    ak_base64url_encode(buf, ak_span(pub->xy, 32));
    ak_buf_put_str(buf, "\",\"y\":\"");
    ak_base64url_encode(buf, ak_span(pub->xy + 32, 32));
    ak_buf_put_str(buf, "\"}");
}

static inline void provider_open(struct provider *provider)
{
    char text[2048];
    struct ak_buf buf = AK_BUF_ARR(text);
    provider->rsa = made_rsa(2048);
    provider->small_rsa = made_rsa(1024);
    provider->ec = test_key(0x21);
    ak_buf_put_str(&buf, "{\"keys\":[");
    provider_put_rsa(&buf, provider->rsa, "\"kid\":\"r\",\"use\":\"sig\",\"alg\":\"RS256\",");
    ak_buf_put_str(&buf, ",");
    provider_put_ec(&buf, &provider->ec.pub, "\"kid\":\"e\",");
    ak_buf_put_str(&buf, "]}");
    assert_int_equal(ak_rp_jwks_parse(ak_buf_span(&buf), &provider->jwks), AK_OK);
}

static inline void provider_close(struct provider *provider)
{
    EVP_PKEY_free(provider->rsa);
    EVP_PKEY_free(provider->small_rsa);
    ak_p256_signer_close(&provider->ec.signer);
}

static inline void provider_put_parts(struct ak_buf *buf, const char *header, struct ak_span payload)
{
    ak_base64url_encode(buf, ak_span_str(header));
    ak_buf_put_u8(buf, '.');
    ak_base64url_encode(buf, payload);
}

static inline size_t provider_sign_rsa(EVP_PKEY *key, struct ak_span message, uint8_t sig[512])
{
    size_t len = 512;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit_ex(ctx, NULL, "SHA256", NULL, NULL, key, NULL), 1);
    assert_int_equal(EVP_DigestSign(ctx, sig, &len, message.ptr, message.len), 1);
    EVP_MD_CTX_free(ctx);
    return len;
}

static inline struct ak_span provider_finish(struct ak_buf *buf, struct ak_span sig)
{
    ak_buf_put_u8(buf, '.');
    ak_base64url_encode(buf, sig);
    assert_int_equal(ak_buf_check(buf), AK_OK);
    return ak_buf_span(buf);
}

/* RS256 over any header and payload. */
static inline struct ak_span provider_rs256(
    EVP_PKEY *key, const char *header, struct ak_span payload, struct ak_buf *buf)
{
    uint8_t sig[512];
    buf->len = 0;
    provider_put_parts(buf, header, payload);
    size_t len = provider_sign_rsa(key, ak_buf_span(buf), sig);
    return provider_finish(buf, ak_span(sig, len));
}

/* HS256 with a key of any bytes. */
static inline struct ak_span provider_hs256(
    struct ak_span key, const char *header, struct ak_span payload, struct ak_buf *buf)
{
    uint8_t mac[32];
    buf->len = 0;
    provider_put_parts(buf, header, payload);
    struct ak_span message = ak_buf_span(buf);
    ak_hmac_sha256(key, &message, 1, mac);
    return provider_finish(buf, AK_SPAN_ARR(mac));
}

/* The provider of a test program, and room for the token it makes last. */
static struct provider provider;
static char text[2 * AK_RP_ID_TOKEN_MAX];
static struct ak_buf buf;

static inline int open_all(void **state)
{
    (void)state;
    provider_open(&provider);
    buf = AK_BUF_ARR(text);
    return 0;
}

static inline int close_all(void **state)
{
    (void)state;
    provider_close(&provider);
    return 0;
}

#endif
