/* HPKE, modes base and psk, one message: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM. Guarantees:
 * only the holder of the recipient's scalar opens it, only with the same info and aad; in mode psk only who
 * has the PSK can have sealed it. Not guaranteed: who sealed it in mode base, nor that it came once. Secret:
 * scalars and plaintext; info, aad, keys and what is sealed are public. Threads: any. spec: RFC
 * 9180 5.1.1, 5.1.2, 6.1 */
#ifndef AK_BASE_CRYPTO_HPKE_H
#define AK_BASE_CRYPTO_HPKE_H

#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

enum { AK_HPKE_KEY_LEN = 32, AK_HPKE_OVERHEAD = 16, AK_HPKE_INFO_MAX = 1024 };

/* A secret of at least 32 bytes that both sides have, and a name for it, which is public. */
struct ak_hpke_psk {
    struct ak_span secret;
    struct ak_span id;
};

/* Writes the encapsulated key and plain.len + 16 bytes (may be equal to plain.ptr). `ephemeral`: 32 fresh
 * random bytes, for this message alone. AK_E_LIMIT (info over AK_HPKE_INFO_MAX, plain over 2 GiB), AK_E_AUTH
 * (the recipient's key is of small order), AK_E_CRYPTO; outputs are zeroed then. */
AK_MUST_USE enum ak_err ak_hpke_seal(const uint8_t recipient[32], const struct ak_secret32 *ephemeral,
    struct ak_span info, struct ak_span aad, struct ak_span plain, uint8_t out_enc[32], uint8_t *out_sealed);
/* Writes sealed.len - 16 bytes (may be equal to sealed.ptr). AK_E_FORMAT (too short), AK_E_LIMIT, AK_E_AUTH
 * (not sealed to this key, or with other info or aad; an altered byte), AK_E_CRYPTO; zeros then. */
AK_MUST_USE enum ak_err ak_hpke_open(const struct ak_secret32 *recipient, const uint8_t enc[32],
    struct ak_span info, struct ak_span aad, struct ak_span sealed, uint8_t *out_plain);

/* The same in mode psk; NULL: base. Errors as above. */
AK_MUST_USE enum ak_err ak_hpke_seal_psk(const uint8_t recipient[32], const struct ak_secret32 *ephemeral,
    const struct ak_hpke_psk *psk, struct ak_span info, struct ak_span aad, struct ak_span plain,
    uint8_t out_enc[32], uint8_t *out_sealed);
AK_MUST_USE enum ak_err ak_hpke_open_psk(const struct ak_secret32 *recipient, const uint8_t enc[32],
    const struct ak_hpke_psk *psk, struct ak_span info, struct ak_span aad, struct ak_span sealed,
    uint8_t *out_plain);

#endif
