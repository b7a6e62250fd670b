/* A small ledger of fixed inputs that the tests and the worked example of docs/formats share. */
#ifndef AK_TESTS_UNIT_LEDGER_FIXTURE_H
#define AK_TESTS_UNIT_LEDGER_FIXTURE_H

#include "core/ledger/log.h"
#include "core/ledger/note.h"

#define FIXTURE_TIME_MS UINT64_C(1767225600000)
enum { FIXTURE_ENTRIES = 8, FIXTURE_FIRST_BATCH = 5 };

struct fixture {
    struct ak_hmac_key mac_key;
    struct ak_secret32 seed;
    uint8_t log_id[16];
    struct ak_ledger_log log;
    uint8_t account_leaf[32]; /* of the account's newest entry */
    uint64_t account_seq;
    uint8_t segment_bytes[2][16384];
    uint8_t leaf_bytes[2][1024];
    uint8_t record_bytes[2][AK_RECORD_LEN_MAX];
    struct ak_span segments[2];
    struct ak_span leaves[2];
    struct ak_span records[2];
    struct ak_span entries[FIXTURE_ENTRIES];
    uint8_t leaf[FIXTURE_ENTRIES][32];
};

/* Two batches, five and three entries, of one account. */
void fixture_open(struct fixture *f);
void fixture_close(struct fixture *f);
/* The i-th entry as it is appended: everything but seq and prev_leaf. */
struct ak_entry fixture_entry(size_t i);
/* An entry of the type with all required fields, and all optional ones where `full`, at their greatest
 * lengths and numbers; its chain as the account's first entry. */
struct ak_entry fixture_greatest(const struct ak_entry_type_info *info, bool full);
/* Bytes that repeat `byte`. */
void fixture_fill(void *at, uint8_t byte, size_t len);
/* A source over an array of leaf hashes. */
struct fixture_leaves {
    const uint8_t (*leaves)[32];
    uint64_t count;
    unsigned calls;
};
struct ak_merkle_source fixture_source(struct fixture_leaves *leaves);

#endif
