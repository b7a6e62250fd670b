/* The export of a log, or of one account's part of it, as JSON lines that a stranger's script can recompute;
 * and the JSON of proofs. Lines have exactly these members in this order without white space, each ends with
 * a line feed. Writing only: src/audit reads. No secrets. spec: docs/formats/ledger.md, Export */
#ifndef AK_CORE_LEDGER_EXPORT_H
#define AK_CORE_LEDGER_EXPORT_H

#include "base/buf.h"
#include "base/codec/json.h"
#include "base/err.h"
#include "core/ledger/merkle.h"

enum { AK_EXPORT_LINE_MAX = 24 * 1024 }; /* room for any one line */

struct ak_export_header {
    uint8_t log_id[16];
    uint8_t ledger_pub[32];
    const uint8_t *anchor;     /* 32 bytes: an account's part; NULL: the whole log */
    struct ak_span checkpoint; /* the note */
};
void ak_export_put_header(struct ak_buf *buf, const struct ak_export_header *header);
/* `proof` for an account's part, NULL in the whole log. */
void ak_export_put_entry(struct ak_buf *buf, uint64_t index, struct ak_span entry, const uint8_t leaf[32],
    const struct ak_merkle_proof *proof);
/* The last line. */
void ak_export_put_end(struct ak_buf *buf, uint64_t entries);

struct ak_inclusion {
    uint64_t index;
    uint64_t size;
    uint8_t leaf[32];
    uint8_t root[32];
    struct ak_merkle_proof proof;
};
struct ak_consistency {
    uint64_t from;
    uint64_t to;
    uint8_t root_from[32];
    uint8_t root_to[32];
    struct ak_merkle_proof proof;
};
/* Members of an object that the caller opened: index, size, leaf_hash, root, proof. */
void ak_inclusion_put_json(struct ak_json_writer *w, const struct ak_inclusion *inclusion);
/* from, to, root_from, root_to, proof. */
void ak_consistency_put_json(struct ak_json_writer *w, const struct ak_consistency *consistency);

#endif
