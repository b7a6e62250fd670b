/* A chain of certificates up to a pinned root. The library builds it from what is given, checks it, and is
 * not let leave anything out; it has no store of its own, so nothing else can be trusted. */
#include "base/crypto/x509.h"

#include <openssl/x509.h>
#include <openssl/x509_vfy.h>

#include "base/crypto/ossl.h"

#define LAST_SECOND UINT64_C(253402300799) /* of the year 9999 */

static void store_free(X509_STORE **store)
{
    X509_STORE_free(*store);
}

static void store_ctx_free(X509_STORE_CTX **ctx)
{
    X509_STORE_CTX_free(*ctx);
}

static void stack_free(STACK_OF(X509) * *stack)
{
    sk_X509_free(*stack);
}

static STACK_OF(X509) * stack_of(const struct ak_x509 *certs, size_t count)
{
    STACK_OF(X509) *stack = sk_X509_new_null();
    for (size_t i = 0; stack != NULL && i < count; i++) {
        if (sk_X509_push(stack, certs[i].cert) > 0) continue;
        sk_X509_free(stack);
        return NULL;
    }
    return stack;
}

static enum ak_err why(int code)
{
    switch (code) {
    case X509_V_ERR_CERT_NOT_YET_VALID:
    case X509_V_ERR_CERT_HAS_EXPIRED: return AK_E_EXPIRED;
    case X509_V_ERR_INVALID_CA:
    case X509_V_ERR_PATH_LENGTH_EXCEEDED:
    case X509_V_ERR_INVALID_PURPOSE:
    case X509_V_ERR_INVALID_EXTENSION:
    case X509_V_ERR_KEYUSAGE_NO_CERTSIGN:
    case X509_V_ERR_UNHANDLED_CRITICAL_EXTENSION:
    case X509_V_ERR_EE_KEY_TOO_SMALL:
    case X509_V_ERR_CA_KEY_TOO_SMALL:
    case X509_V_ERR_CA_MD_TOO_WEAK: return AK_E_MEANING;
    case X509_V_ERR_OUT_OF_MEM: return AK_E_CRYPTO;
    default: return AK_E_AUTH;
    }
}

/* Leaf, everything that was given, root: in this order. */
static bool is_as_given(
    X509_STORE_CTX *ctx, const struct ak_x509 *certs, size_t count, const struct ak_x509 *root)
{
    STACK_OF(X509) *chain = X509_STORE_CTX_get0_chain(ctx);
    if ((size_t)sk_X509_num(chain) != count + 2) return false;
    for (size_t i = 0; i < count; i++)
        if (X509_cmp(sk_X509_value(chain, (int)i + 1), certs[i].cert) != 0) return false;
    return X509_cmp(sk_X509_value(chain, (int)count + 1), root->cert) == 0;
}

enum ak_err ak_x509_chain_verify(const struct ak_x509 *leaf, const struct ak_x509 *certs, size_t count,
    const struct ak_x509 *root, uint64_t at_s)
{
    if (count > AK_X509_CHAIN_MAX || at_s > LAST_SECOND) return AK_E_LIMIT;
    AK_CLEANUP(store_free) X509_STORE *store = X509_STORE_new();
    AK_CLEANUP(stack_free) STACK_OF(X509) *given = stack_of(certs, count);
    AK_CLEANUP(store_ctx_free) X509_STORE_CTX *ctx = X509_STORE_CTX_new();
    if (store == NULL || given == NULL || ctx == NULL || X509_STORE_add_cert(store, root->cert) != 1 ||
        X509_STORE_CTX_init(ctx, store, leaf->cert, given) != 1)
        return ak_ossl_failed(AK_E_CRYPTO);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(ctx);
    X509_VERIFY_PARAM_set_time(param, (time_t)at_s);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_PARTIAL_CHAIN); /* a pinned root need not be self-signed */
    X509_VERIFY_PARAM_set_auth_level(param, 2);                    /* 112 bits: RSA-2048, SHA-256 */
    X509_VERIFY_PARAM_set_depth(param, AK_X509_CHAIN_MAX);
    if (X509_verify_cert(ctx) == 1) return is_as_given(ctx, certs, count, root) ? AK_OK : AK_E_AUTH;
    return ak_ossl_failed(why(X509_STORE_CTX_get_error(ctx)));
}
