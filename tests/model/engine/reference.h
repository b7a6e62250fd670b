/* What accounts and paths are, told as simply as possible: no log, no bytes, no indexes. Copied whole to go
 * back. */
#ifndef AK_TESTS_MODEL_ENGINE_REFERENCE_H
#define AK_TESTS_MODEL_ENGINE_REFERENCE_H

#include <stdbool.h>
#include <stdint.h>

enum { REF_ACCOUNTS = 3, REF_PATHS = 4, REF_SESSION_RATE = 100 };

struct ref_bucket {
    uint64_t debt_us; /* at the moment below */
    uint64_t at_us;   /* seen time */
};
struct ref_path {
    bool exists, suspended, decommissioned, may_sign;
    uint32_t generation, rate;
    unsigned device;
    struct ref_bucket bucket;
};
struct ref_account {
    uint8_t code_turn; /* of the recovery code that is in force */
    bool suspended, logged_out;
    struct ref_bucket bucket;
    struct ref_path paths[REF_PATHS];
};
struct ref {
    struct ref_account accounts[REF_ACCOUNTS];
    uint64_t unseen_ms;
    uint64_t last_entry_ms;
};

enum ref_answer { REF_OK, REF_DENIED, REF_RATE };

/* Whether a use passes now; takes it where it does. */
bool ref_bucket_take(struct ref_bucket *bucket, uint32_t rate, uint64_t seen_us);
/* Every bucket is empty for a minute: after a crash. */
void ref_empty_all(struct ref *ref, uint64_t seen_us);

/* The use of a path by a token of `generation` from `device`; *out_rule names why not. */
enum ref_answer ref_sign(struct ref_account *account, struct ref_path *path, uint32_t generation,
    unsigned device, uint64_t seen_us, const char **out_rule);
enum ref_answer ref_token(struct ref_account *account, struct ref_path *path, unsigned device,
    uint64_t seen_us, const char **out_rule);
enum ref_answer ref_session_sign(struct ref_account *account, uint64_t seen_us, const char **out_rule);

#endif
