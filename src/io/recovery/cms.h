/* A share encrypted to its holder's X.509 certificate, as CMS in DER that `openssl cms -decrypt` opens, too:
 * AuthEnvelopedData with AES-256-GCM; to RSA keys by OAEP with SHA-256, to EC keys by ephemeral ECDH with
 * SHA-256. Guarantees: only the certificate's key opens it, and what opens is what was sealed. Not
 * guaranteed: who wrote it. Secret: the plaintext, the private key; the library's copies are wiped when
 * freed. Threads: any. spec: RFC 5652 6.1, RFC 5083, RFC 5084, RFC 5753 */
#ifndef AK_IO_RECOVERY_CMS_H
#define AK_IO_RECOVERY_CMS_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"

enum { AK_CMS_LEN_MAX = 16 * 1024, AK_CMS_NAME_MAX = 64 };

/* One certificate, PEM or DER. AK_E_FORMAT: none, or more than one; AK_E_UNSUPPORTED: neither RSA of 2048
 * bits or more nor EC P-256, P-384, P-521; AK_E_MEANING: its key usage forbids this; AK_E_EXPIRED: not valid
 * at `at_s`. `out_name`: its common name, or its fingerprint's first 16 digits where it has none that can be
 * shown; AK_CMS_NAME_MAX + 1 bytes. `out_der` gets its DER, `out_hash` its SHA-256. */
AK_MUST_USE enum ak_err ak_cms_recipient(
    struct ak_span file, uint64_t at_s, struct ak_buf *out_der, char *out_name, uint8_t out_hash[32]);
/* AK_E_FORMAT, AK_E_FULL, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_cms_seal(struct ak_span cert_der, struct ak_span plain, struct ak_buf *out_cms);
/* `key`: PEM of the private key. AK_E_LIMIT, AK_E_FORMAT (no CMS), AK_E_MEANING (the key cannot be read, or
 * is encrypted under another passphrase), AK_E_AUTH (not for this key, or altered), AK_E_FULL. */
AK_MUST_USE enum ak_err ak_cms_open(
    struct ak_span cms, struct ak_span key, struct ak_span passphrase, struct ak_buf *out_plain);

#endif
