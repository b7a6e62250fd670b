/* The one decision: may this caller do this with this path now. Pure; the same function serves `explain`.
 * Default deny (I4): what no rule names is refused. The rules are asked in the order of the enum and the
 * first that refuses answers, with what was seen, the limit, and the least change that would allow it, as a
 * command a person can type. Texts show the caller's own facts only; bytes from outside are shown as
 * printable ASCII, and in a remedy only where they are safe to type. No secret arguments. Threads: any. Never
 * fails. */
#ifndef AK_CORE_POLICY_DECIDE_H
#define AK_CORE_POLICY_DECIDE_H

#include "core/policy/counter.h"
#include "core/policy/scope.h"

/* Ids are stable: they go into entries and answers. */
enum ak_rule {
    AK_RULE_NONE = 0,
    AK_RULE_PATH_UNKNOWN = 1,
    AK_RULE_DECOMMISSIONED = 2,
    AK_RULE_GENERATION = 3,
    AK_RULE_ACTIVE = 4,
    AK_RULE_VALID_UNTIL = 5,
    AK_RULE_DEVICE = 6,
    AK_RULE_OPERATION = 7,
    AK_RULE_SCOPE = 8,
    AK_RULE_NARROWING = 9,
    AK_RULE_RATE = 10,
    AK_RULE_COUNTER = 11,
    AK_RULE_COUNT
};
/* "path_unknown", "decommissioned", …; "unknown" beyond the enum. */
const char *ak_rule_name(enum ak_rule rule);

enum ak_subject {
    AK_SUBJECT_NONE = 0, /* refused as path_unknown */
    AK_SUBJECT_AGENT,    /* an agent with its own token (or, for AK_OP_TOKEN, its device's proof) */
    AK_SUBJECT_SESSION   /* an owner's session: ak_policy_record_session */
};

/* A view of what is stored; the spans live as long as the caller's state. */
struct ak_policy_record {
    enum ak_subject subject;
    struct ak_span label; /* without the slash; empty for a session */
    bool active;          /* approved */
    bool suspended;
    bool decommissioned;
    bool account_suspended;
    uint32_t generation;
    uint32_t rate_per_min;
    uint32_t uses_per_day; /* 0: no limit */
    struct ak_span scope;  /* canonical */
    uint64_t tat_us;
    struct ak_day_counter day;
    uint64_t valid_until_ms;     /* logic time at which it has ended; 0: none */
    uint64_t valid_until_height; /* sealed control height at which it has ended; 0: none */
    uint8_t device[32];          /* thumbprint; all zeros: no device, refuses everybody */
};
/* What a session acts as: all operations on the account's own key (bare capabilities, so a digest approval
 * still needs an agent with `cap:sign-message?bytes=1`; every service may be read), active while the account
 * is, AK_RATE_PER_MINUTE_DEFAULT uses a minute. `device` is the session's thumbprint; that it is still
 * enrolled is the caller's check (`device_not_enrolled`). */
struct ak_policy_record ak_policy_record_session(
    const uint8_t device[32], bool account_suspended, uint64_t tat_us);

struct ak_policy_request {
    enum ak_operation operation;
    struct ak_scope_facts facts;
    struct ak_span label; /* as asked, for the text of path_unknown; may be foreign bytes */
    /* The path was given with a generation; `path_retired` where it is not the current one. */
    bool has_path_generation;
    uint32_t path_generation;
    /* An agent's token names a generation. An agent without one may only ask for AK_OP_TOKEN. */
    bool has_token_generation;
    uint32_t token_generation;
    /* A session that names an agent's path may derive its address, and nothing else: the engine then gives
     * the agent's record's facts by ak_policy_check_path first. */
    bool session_on_agent_path;
    uint8_t thumbprint[32]; /* of the key that proved possession */
};

/* The times and heights that enter; spec: core/policy/logic_time.h */
struct ak_policy_now {
    uint64_t logic_ms;
    uint64_t seen_us;
    uint64_t floor_us; /* ak_bucket_floor(start) after an unclean stop, else 0 */
    uint64_t height;   /* sealed control height */
};

/* Bounded text: printable ASCII, NUL-terminated. */
enum { AK_POLICY_TEXT_CAP = 320 };
struct ak_policy_text {
    uint16_t len;
    char text[AK_POLICY_TEXT_CAP + 1];
};
struct ak_decision {
    bool allowed;
    enum ak_rule rule;         /* AK_RULE_NONE where allowed */
    bool counted;              /* allowed, and the two values below are to be stored with the use */
    uint64_t tat_us;           /* after the use */
    struct ak_day_counter day; /* after the use */
    uint32_t retry_after_secs; /* rules rate and counter; else 0 */
    struct ak_policy_text seen, limit, remedy; /* empty where allowed */
};

/* `record` NULL: no such path in the caller's account. Fills *out_decision whole, except the texts' bytes
 * beyond their NUL. */
void ak_policy_decide(const struct ak_policy_request *request, const struct ak_policy_record *record,
    const struct ak_policy_now *now, struct ak_decision *out_decision);

/* The rules about the path itself (path_unknown, decommissioned, generation, active): for a session that asks
 * about an agent's path, before ak_policy_decide with the session's own record. True where nothing refuses.
 */
bool ak_policy_check_path(const struct ak_policy_request *request, const struct ak_policy_record *agent,
    struct ak_decision *out_decision);

#endif
