/* What passes between a restoring worker and the holders of recovery shares: its request, with an ephemeral
 * key and the evidence for it, and a holder's reply, the share sealed to that key. Guarantees: one request
 * has one encoding and one fingerprint, which the evidence covers; a reply opens for its request only. Not
 * guaranteed: whose request it is, where it has no evidence; holders compare the fingerprint with whoever
 * restores. Secret: the ephemeral scalar, shares. Threads: any. spec: docs/formats/recovery.md */
#ifndef AK_CORE_RECOVERY_REQUEST_H
#define AK_CORE_RECOVERY_REQUEST_H

#include "base/crypto/hpke.h"
#include "core/recovery/share.h"

enum {
    AK_RECOVERY_VERSION = 1,
    AK_RECOVERY_EVIDENCE_MAX = 8192,
    AK_RECOVERY_REQUEST_MAX = AK_RECOVERY_EVIDENCE_MAX + 256,
    AK_RECOVERY_REPLY_MAX = AK_SHARE_LEN_MAX + 256,
};

struct ak_recovery_request {
    uint8_t key[32]; /* X25519 */
    uint8_t random[16];
    uint64_t time_ms;
    struct ak_span backend;  /* printable ASCII, 1 to 16 bytes: the TEE's name */
    struct ak_span evidence; /* of that TEE, for ak_recovery_report_data; empty: it has none to give */
};
/* Appends. AK_E_ARG, AK_E_FULL. */
AK_MUST_USE enum ak_err ak_recovery_request_encode(
    const struct ak_recovery_request *request, struct ak_buf *out_bytes);
/* Reads exactly that; views into `bytes`. AK_E_LIMIT, AK_E_FORMAT, AK_E_UNSUPPORTED; zeroed then. */
AK_MUST_USE enum ak_err ak_recovery_request_parse(
    struct ak_span bytes, struct ak_recovery_request *out_request);
/* SHA-256 of the request without its evidence; and the 64 bytes that the evidence must be for. */
AK_MUST_USE enum ak_err ak_recovery_fingerprint(
    const struct ak_recovery_request *request, uint8_t out_fingerprint[32]);
void ak_recovery_report_data(const uint8_t fingerprint[32], uint8_t out_report_data[64]);

/* Seals an encoded share to the request. `ephemeral`: 32 fresh random bytes. AK_E_LIMIT, AK_E_AUTH (the
 * request's key is none), AK_E_FULL, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_recovery_reply_make(const struct ak_recovery_request *request,
    const struct ak_secret32 *ephemeral, struct ak_span share, struct ak_buf *out_bytes);
/* Opens a reply into `out_share` (AK_SHARE_LEN_MAX bytes, the caller's to wipe). AK_E_LIMIT, AK_E_FORMAT,
 * AK_E_UNSUPPORTED; AK_E_MEANING: for another request; AK_E_AUTH: altered. */
AK_MUST_USE enum ak_err ak_recovery_reply_open(struct ak_span bytes, const uint8_t fingerprint[32],
    const struct ak_secret32 *scalar, struct ak_buf *out_share);

#endif
