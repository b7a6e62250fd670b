/* HKDF in the two steps of RFC 5869 over the HMAC of this folder. */
#include "base/crypto/hkdf.h"

#include "base/wipe.h"

enum { HASH = 32 };

enum ak_err ak_hkdf_sha256_extract(struct ak_hmac_key *out_prk, struct ak_span ikm, struct ak_span salt)
{
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 prk;
    ak_hmac_sha256(salt, &ikm, 1, prk.bytes);
    return ak_hmac_key_open(out_prk, AK_SPAN_ARR(prk.bytes));
}

enum ak_err ak_hkdf_sha256_expand(
    const struct ak_hmac_key *prk, struct ak_span info, uint8_t *out_okm, size_t out_len)
{
    if (out_len > AK_HKDF_OKM_MAX) {
        ak_wipe(out_okm, out_len);
        return AK_E_LIMIT;
    }
    AK_CLEANUP(ak_secret32_done) struct ak_secret32 block = {{0}};
    uint8_t number = 0;
    for (size_t done = 0; done < out_len; done += HASH) {
        size_t previous_len = number == 0 ? 0 : HASH;
        number++;
        struct ak_span parts[] = {ak_span(block.bytes, previous_len), info, ak_span(&number, 1)};
        ak_hmac_key_mac(prk, parts, AK_COUNT(parts), block.bytes);
        size_t left = out_len - done;
        memcpy(out_okm + done, block.bytes, left < HASH ? left : HASH);
    }
    return AK_OK;
}

enum ak_err ak_hkdf_sha256(
    struct ak_span ikm, struct ak_span salt, struct ak_span info, uint8_t *out_okm, size_t out_len)
{
    AK_CLEANUP(ak_hmac_key_close) struct ak_hmac_key prk = {0};
    AK_TRY(ak_hkdf_sha256_extract(&prk, ikm, salt));
    return ak_hkdf_sha256_expand(&prk, info, out_okm, out_len);
}
