/* Checkpoints as C2SP signed notes under the ledger's Ed25519 key; lines of witnesses pass through.
 * Guaranteed: one text for each (log, size, root, key); what is accepted has exactly one line by our key and
 * it verifies. Lines by other keys are kept and not judged. The seed is secret. No allocation. spec: C2SP
 * signed-note, tlog-checkpoint; docs/formats/ledger.md, Checkpoints */
#ifndef AK_CORE_LEDGER_NOTE_H
#define AK_CORE_LEDGER_NOTE_H

#include "base/buf.h"
#include "base/err.h"
#include "base/span.h"
#include "base/wipe.h"

enum {
    AK_NOTE_LEN_MAX = 8 * 1024,
    AK_NOTE_SIGNATURES_MAX = 16,
    AK_NOTE_SIGNATURE_LEN_MAX = 256, /* decoded, with the key id: room for other algorithms */
    AK_ORIGIN_LEN = 49,              /* "agentkeys/ledger/" and 32 hex digits */
};

struct ak_checkpoint {
    uint8_t log_id[16];
    uint64_t size;
    uint8_t root[32];
};
/* One signature line; views into the note. */
struct ak_note_signature {
    struct ak_span name;
    uint8_t key_id[4];
    uint8_t bytes[AK_NOTE_SIGNATURE_LEN_MAX]; /* without the key id */
    size_t len;
};
struct ak_note {
    struct ak_span body; /* with its last line feed: what is signed */
    struct ak_checkpoint checkpoint;
    size_t count;
    struct ak_note_signature signatures[AK_NOTE_SIGNATURES_MAX];
};

/* agentkeys/ledger/<log id>: origin line and key name of a ledger. */
void ak_origin_put(struct ak_buf *buf, const uint8_t log_id[16]);
/* First 4 bytes of SHA-256(name || 0x0a || 0x01 || pub). */
void ak_note_key_id(struct ak_span name, const uint8_t pub[32], uint8_t out_id[4]);

/* Origin, size, base64(root): three lines. */
void ak_checkpoint_put_body(struct ak_buf *buf, const struct ak_checkpoint *checkpoint);
/* Appends the whole note with our signature line. AK_E_FULL, AK_E_CRYPTO. */
AK_MUST_USE enum ak_err ak_checkpoint_sign(
    const struct ak_checkpoint *checkpoint, const struct ak_secret32 *seed, struct ak_buf *buf);

/* Form only; extension lines after the root are refused, as we write none. AK_E_FORMAT, AK_E_LIMIT. */
AK_MUST_USE enum ak_err ak_note_parse(struct ak_span text, struct ak_note *out_note);
/* parse, then exactly one signature by `pub` under the origin's name, which must verify. AK_E_AUTH. */
AK_MUST_USE enum ak_err ak_checkpoint_verify(
    struct ak_span text, const uint8_t pub[32], struct ak_checkpoint *out_checkpoint);

#endif
