/* Pairing: codes that people compare, the bounded table of pending requests, and the limit on wrong codes.
 * A code is 40 random bits as 8 characters of an alphabet without 0 O 1 I, shown as ABCD-EFGH. The table
 * lives in memory only: after a restart people ask again. Full tables refuse new requests and never drop a
 * live one (I18); a request is answered once (I10). Codes are secret until shown: compared in constant time,
 * never logged. One thread. */
#ifndef AK_CORE_POLICY_PAIRING_H
#define AK_CORE_POLICY_PAIRING_H

#include "base/err.h"
#include "base/limits.h"
#include "base/span.h"

enum {
    AK_PAIR_CODE_LEN = 8,        /* characters kept, without the dash */
    AK_PAIR_CODE_TEXT_LEN = 9,   /* ABCD-EFGH */
    AK_PAIR_CODE_RANDOM_LEN = 5, /* 40 bits */
    AK_PAIR_LIFETIME_MS = 600 * 1000,
    AK_PAIR_WRONG_MAX = 10 /* wrong codes an hour an account */
};
struct ak_pair_code {
    char text[AK_PAIR_CODE_LEN]; /* upper case, no dash, no NUL */
};

/* From 5 random bytes, each code as likely as any other. */
void ak_pair_code_make(const uint8_t random[5], struct ak_pair_code *out_code);
/* Takes what a person types: upper or lower case, with or without the dash in the middle. AK_E_FORMAT. */
AK_MUST_USE enum ak_err ak_pair_code_parse(struct ak_span typed, struct ak_pair_code *out_code);
/* ABCD-EFGH and a NUL. */
void ak_pair_code_format(const struct ak_pair_code *code, char out_text[AK_PAIR_CODE_TEXT_LEN + 1]);
/* In constant time. */
bool ak_pair_code_eq(const struct ak_pair_code *a, const struct ak_pair_code *b);

/* ---- wrong codes: at most ten in any hour; zeroed is none ---- */
struct ak_pair_wrong {
    uint64_t at_ms[AK_PAIR_WRONG_MAX]; /* ring of the last ten */
    uint8_t next;
    uint8_t count;
};
/* True where another try is allowed; else *out_wait_secs (rounded up). Times are seen time in ms. */
bool ak_pair_wrong_may_try(const struct ak_pair_wrong *wrong, uint64_t now_ms, uint32_t *out_wait_secs);
void ak_pair_wrong_note(struct ak_pair_wrong *wrong, uint64_t now_ms);

/* ---- pending requests ---- */
enum ak_pair_state {
    AK_PAIR_FREE = 0,
    AK_PAIR_PENDING,
    AK_PAIR_APPROVED, /* the agent fetches its token until the request expires */
    AK_PAIR_REFUSED
};
struct ak_pair_slot {
    uint8_t id[16]; /* request id, random */
    struct ak_pair_code code;
    uint64_t source;     /* hash of where it came from; its upper half is the network's */
    uint64_t expires_ms; /* logic time */
    enum ak_pair_state state;
};
/* Slot numbers are stable while a request lives: the caller keeps its own facts in a parallel array. */
struct ak_pair_table {
    struct ak_pair_slot *slots; /* caller's memory, zeroed */
    uint32_t cap;               /* at most AK_LIMIT_PAIR_PENDING */
    uint32_t live;
};
void ak_pair_table_init(struct ak_pair_table *table, struct ak_pair_slot *slots, uint32_t cap);
/* Places a request; expired ones make room first. AK_E_FULL (table), AK_E_LIMIT (100 of this source,
 * or 1000 of its network), AK_E_EXISTS (the code or id is taken: give other random bytes). */
AK_MUST_USE enum ak_err ak_pair_table_add(struct ak_pair_table *table, const uint8_t id[16],
    const struct ak_pair_code *code, uint64_t source, uint64_t now_ms, uint32_t *out_slot);
/* AK_E_NOT_FOUND for an unknown or expired one. Every slot is compared in constant time. */
AK_MUST_USE enum ak_err ak_pair_table_by_code(
    const struct ak_pair_table *table, const struct ak_pair_code *code, uint64_t now_ms, uint32_t *out_slot);
AK_MUST_USE enum ak_err ak_pair_table_by_id(
    const struct ak_pair_table *table, const uint8_t id[16], uint64_t now_ms, uint32_t *out_slot);
/* Pending -> approved or refused, once: AK_E_CONFLICT (`already_consumed`) for one that is answered,
 * AK_E_EXPIRED, AK_E_NOT_FOUND for a free slot. */
AK_MUST_USE enum ak_err ak_pair_table_answer(
    struct ak_pair_table *table, uint32_t slot, enum ak_pair_state answer, uint64_t now_ms);
/* Frees a slot (the token was fetched, or the account is gone); fine on a free one. */
void ak_pair_table_drop(struct ak_pair_table *table, uint32_t slot);

#endif
