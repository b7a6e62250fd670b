/* An agent and a request that is allowed, for tests to spoil one fact at a time. */
#ifndef AK_TESTS_UNIT_POLICY_AGENT_H
#define AK_TESTS_UNIT_POLICY_AGENT_H

#include "core/policy/decide.h"
#include "unit/check.h"

#define TEST_NOW_MS  UINT64_C(1767225600000)
#define TEST_SEEN_US UINT64_C(5000000000)

static inline struct ak_policy_record test_agent(void)
{
    struct ak_policy_record record = {
        .subject = AK_SUBJECT_AGENT,
        .label = AK_SPAN_LIT("agent-1"),
        .active = true,
        .generation = 3,
        .rate_per_min = 100,
        .scope = AK_SPAN_LIT("cap:sign-message,cap:sign-siwe?domain=a.example,openrouter"),
    };
    memset(record.device, 0xd1, sizeof record.device);
    return record;
}

static inline struct ak_policy_request test_request(enum ak_operation operation)
{
    struct ak_policy_request request = {
        .operation = operation,
        .facts = {.service = AK_SPAN_LIT("openrouter"), .domain = AK_SPAN_LIT("a.example")},
        .label = AK_SPAN_LIT("agent-1"),
        .has_token_generation = true,
        .token_generation = 3,
    };
    memset(request.thumbprint, 0xd1, sizeof request.thumbprint);
    return request;
}

static inline struct ak_policy_now test_now(void)
{
    return (struct ak_policy_now){.logic_ms = TEST_NOW_MS, .seen_us = TEST_SEEN_US, .height = 10};
}

#endif
