/* One item of a scope: the table of capabilities and their narrowing keys, and its parser. For scope*.c only.
 */
#ifndef AK_CORE_POLICY_SCOPE_ITEM_H
#define AK_CORE_POLICY_SCOPE_ITEM_H

#include "core/policy/scope.h"

enum { AK_SCOPE_KEYS_MAX = 3 };

/* Values of a narrowing in the order of the capability's keys; ptr NULL where absent. */
struct ak_scope_values {
    struct ak_span of[AK_SCOPE_KEYS_MAX];
};
struct ak_scope_cap {
    const char *name; /* "cap:sign-tx" */
    size_t name_len;
    const char *keys[AK_SCOPE_KEYS_MAX];
    bool (*valid[AK_SCOPE_KEYS_MAX])(struct ak_span value);
};

/* The capability that `item` names, narrowed or not; NULL where it names none. */
const struct ak_scope_cap *ak_scope_cap_of(struct ak_span item);
/* Splits what follows the "?" of an item. */
enum ak_scope_fault ak_scope_split_narrowing(
    struct ak_span narrowing, const struct ak_scope_cap *cap, struct ak_scope_values *out_values);
/* Checks an item and appends its canonical form. */
enum ak_scope_fault ak_scope_put_item(struct ak_buf *buf, struct ak_span item);
/* Canonical decimal of at most 78 digits, below 2^256, big-endian. */
bool ak_scope_parse_wei(struct ak_span text, uint8_t out_wei[32]);
/* "0x" and 40 lower-case hex digits. */
bool ak_scope_parse_address(struct ak_span text, uint8_t out_address[20]);

#endif
