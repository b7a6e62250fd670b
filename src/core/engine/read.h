/* Answering questions from the stored ledger, away from the engine's thread: an account's entries with
 * proofs, inclusion, consistency. Every entry and hash that is shown was held against an authentic root
 * before (I11). Pure: bytes come through the source. Threads: any, one a source. */
#ifndef AK_CORE_ENGINE_READ_H
#define AK_CORE_ENGINE_READ_H

#include "core/engine/engine.h"

enum { AK_READ_SCAN_MAX = 20000, AK_READ_BODY_MAX = AK_FRAME_BODY_MAX };

struct ak_read_batch {
    uint64_t first;
    uint64_t count;
    struct ak_span entries;
    struct ak_span leaves;
};

struct ak_read_source {
    /* The stored batch that holds entry `index`; views live until the next call. */
    enum ak_err (*batch)(void *ctx, uint64_t index, struct ak_read_batch *out_batch);
    void *ctx;
    struct ak_merkle_source tree;
    uint64_t archived; /* entries before this one are in files, and not in the store */
};

/* Memory for one answer. */
struct ak_read_memory {
    uint8_t items[AK_READ_BODY_MAX];
    uint8_t body[AK_READ_BODY_MAX];
};

/* Whether a broker is told of entries of this type (notices). */
bool ak_read_is_notice(enum ak_entry_type type);

/* Fills the body with the call's answer. AK_CODE_LEDGER_DAMAGED where stored bytes do not lead to the root:
 * *out_bad_index names the entry; the caller then stops all serving. AK_CODE_LEDGER_ARCHIVED: what was asked
 * for is in a file. */
enum ak_code ak_read_answer(const struct ak_read *read, const struct ak_read_source *source,
    struct ak_read_memory *memory, struct ak_span *out_body, uint64_t *out_bad_index);

#endif
