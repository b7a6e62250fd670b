/* State, nonce and verifier: three HMACs of one id under one key, each for its own purpose. */
#include "core/rp/flow.h"

#include "base/codec/base64.h"
#include "base/crypto/sha256.h"
#include "base/ct.h"
#include "core/broker/code.h"
#include "core/identity/identity.h"

enum { STATE_BYTES = AK_RP_ID_LEN + 32, STATE_TEXT_LEN = 64 };

static void mac_state(const struct ak_secret32 *key, const uint8_t id[AK_RP_ID_LEN], struct ak_span provider,
    uint8_t out_mac[32])
{
    ak_broker_hash(key, "oauth2-state", ak_span(id, AK_RP_ID_LEN), provider, out_mac);
}

static void put_text(const uint8_t hash[32], char out_text[AK_RP_TEXT_LEN])
{
    struct ak_buf text = ak_buf(out_text, AK_RP_TEXT_LEN);
    ak_base64url_encode(&text, ak_span(hash, 32));
}

void ak_rp_state_put(const struct ak_secret32 *key, const uint8_t id[AK_RP_ID_LEN], struct ak_span provider,
    struct ak_buf *buf)
{
    uint8_t bytes[STATE_BYTES];
    memcpy(bytes, id, AK_RP_ID_LEN);
    mac_state(key, id, provider, bytes + AK_RP_ID_LEN);
    ak_buf_put(buf, provider);
    ak_buf_put_u8(buf, '.');
    ak_base64url_encode(buf, AK_SPAN_ARR(bytes));
}

enum ak_err ak_rp_state_read(const struct ak_secret32 *key, struct ak_span text, uint8_t out_id[AK_RP_ID_LEN],
    struct ak_span *out_provider)
{
    uint8_t bytes[STATE_BYTES], mac[32];
    memset(out_id, 0, AK_RP_ID_LEN);
    *out_provider = AK_SPAN_EMPTY;
    size_t dot = ak_span_find(text, 0, '.');
    struct ak_span provider = ak_span_sub(text, 0, dot);
    AK_TRY(ak_identity_provider_check(provider));
    AK_TRY(ak_base64url_decode_fixed(ak_span_sub(text, dot + 1, text.len), bytes, sizeof bytes));
    mac_state(key, bytes, provider, mac);
    if (!ak_ct_eq(AK_SPAN_ARR(mac), ak_span(bytes + AK_RP_ID_LEN, sizeof mac))) return AK_E_AUTH;
    memcpy(out_id, bytes, AK_RP_ID_LEN);
    *out_provider = provider;
    return AK_OK;
}

void ak_rp_nonce(const struct ak_secret32 *key, const uint8_t id[AK_RP_ID_LEN], struct ak_span provider,
    const uint8_t jkt[32], char out_text[AK_RP_TEXT_LEN])
{
    uint8_t about[32 + AK_PROVIDER_MAX], hash[32];
    struct ak_buf buf = AK_BUF_ARR(about);
    ak_buf_put(&buf, ak_span(jkt, 32));
    ak_buf_put(&buf, provider);
    ak_broker_hash(key, "oauth2-nonce", ak_span(id, AK_RP_ID_LEN), ak_buf_span(&buf), hash);
    put_text(hash, out_text);
}

void ak_rp_verifier(
    const struct ak_secret32 *key, const uint8_t id[AK_RP_ID_LEN], char out_text[AK_RP_TEXT_LEN])
{
    struct ak_secret32 secret;
    ak_broker_hash(key, "oauth2-verifier", ak_span(id, AK_RP_ID_LEN), AK_SPAN_EMPTY, secret.bytes);
    put_text(secret.bytes, out_text);
    ak_secret32_done(&secret);
}

void ak_rp_challenge(struct ak_span verifier, char out_text[AK_RP_TEXT_LEN])
{
    uint8_t hash[32];
    ak_sha256(verifier, hash);
    put_text(hash, out_text);
}
