/* What ties the steps of one sign-in at a provider together (OAuth2 code flow): `state`, `nonce` and the PKCE
 * verifier, all made from the broker's file key and the request's id, so that nothing of them is stored and
 * two brokers with one key agree. Guarantees: a state that reads was made under the key for this provider and
 * request; the nonce differs for each device, request and provider; no value tells another. Not guaranteed:
 * that a state comes once; that is the caller's, by the request. Secret: the key and the verifier. Pure.
 * spec: docs/wire.md, Broker; RFC 6749 10.12, RFC 7636, OpenID Connect Core 3.1.2.1 */
#ifndef AK_CORE_RP_FLOW_H
#define AK_CORE_RP_FLOW_H

#include "base/buf.h"
#include "base/wipe.h"

enum {
    AK_RP_ID_LEN = 16,
    AK_RP_STATE_MAX = 16 + 1 + 64, /* provider, a dot, base64url of id and MAC */
    AK_RP_TEXT_LEN = 43,           /* verifier, challenge and nonce: base64url of 32 bytes */
};

/* Appends `<provider>.<base64url(id || HMAC)>`. */
void ak_rp_state_put(const struct ak_secret32 *key, const uint8_t id[AK_RP_ID_LEN], struct ak_span provider,
    struct ak_buf *buf);
/* The request and the provider of a state; `out_provider` is a view into the text. AK_E_FORMAT, AK_E_AUTH:
 * not made under this key; outputs are empty then. The MAC is compared in constant time. */
AK_MUST_USE enum ak_err ak_rp_state_read(const struct ak_secret32 *key, struct ak_span text,
    uint8_t out_id[AK_RP_ID_LEN], struct ak_span *out_provider);

/* The nonce of the id_token that is asked for: covers device, request and provider. No NUL at the end. */
void ak_rp_nonce(const struct ak_secret32 *key, const uint8_t id[AK_RP_ID_LEN], struct ak_span provider,
    const uint8_t jkt[32], char out_text[AK_RP_TEXT_LEN]);

/* The PKCE verifier of a request, secret until the code was exchanged, and what is sent ahead of it:
 * base64url(SHA-256(verifier)). No NUL at the end. spec: RFC 7636 4.1, 4.2 */
void ak_rp_verifier(
    const struct ak_secret32 *key, const uint8_t id[AK_RP_ID_LEN], char out_text[AK_RP_TEXT_LEN]);
void ak_rp_challenge(struct ak_span verifier, char out_text[AK_RP_TEXT_LEN]);

#endif
