/* Checkpoints: C2SP signed notes with a tlog-checkpoint body, of logs named agentkeys/ledger/<log id>.
 * Strict: a note has one form. Signatures by other names or keys are looked at for their form only. Public
 * bytes only. Threads: any. spec: docs/formats/ledger.md, Checkpoints */
#ifndef AK_AUDIT_NOTE_H
#define AK_AUDIT_NOTE_H

#include "base/err.h"
#include "base/span.h"

enum {
    AK_AUDIT_NOTE_MAX = 8192,
    AK_AUDIT_NOTE_SIGNATURES = 16,
    AK_AUDIT_ORIGIN = 49 /* agentkeys/ledger/ and 32 hex digits */
};

struct ak_audit_checkpoint {
    uint8_t log_id[16];
    uint64_t size;
    uint8_t root[32];
};

/* Reads `note` and verifies it under the Ed25519 key. `out_checkpoint` is zeroed on failure. AK_E_LIMIT
 * (over 8192 bytes, over 16 signatures), AK_E_FORMAT (not of the one form), AK_E_AUTH (no line, or more than
 * one, by this key, or one that does not verify), AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_audit_note_verify(
    struct ak_span note, const uint8_t key[32], struct ak_audit_checkpoint *out_checkpoint);
/* The 16 bytes of the log id in an origin line (without line feed). AK_E_FORMAT; zeroed on failure. */
AK_MUST_USE enum ak_err ak_audit_origin_parse(struct ak_span origin, uint8_t out_log_id[16]);

#endif
