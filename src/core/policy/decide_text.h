/* The texts of a refusal: what was seen, the limit, and what whoever is refused can do. Bytes from outside
 * stand in them as printable ASCII, cut. For decide.c only. Pure. */
#ifndef AK_CORE_POLICY_DECIDE_TEXT_H
#define AK_CORE_POLICY_DECIDE_TEXT_H

#include "core/policy/decide.h"

/* Fills seen, limit and remedy of a decision whose rule stands. */
void ak_decide_texts(const struct ak_policy_request *request, const struct ak_policy_record *record,
    const struct ak_policy_now *now, struct ak_decision *decision);

#endif
