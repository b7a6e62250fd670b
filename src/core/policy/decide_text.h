/* The texts of a refusal. For decide.c only. */
#ifndef AK_CORE_POLICY_DECIDE_TEXT_H
#define AK_CORE_POLICY_DECIDE_TEXT_H

#include "core/policy/decide.h"

/* Fills seen, limit and remedy of a decision whose rule stands. */
void ak_decide_texts(const struct ak_policy_request *request, const struct ak_policy_record *record,
    const struct ak_policy_now *now, struct ak_decision *decision);

#endif
