/* Every combination of a small domain, decided and compared with an oracle that is written the other way
 * round: it collects all rules that refuse and takes the first, and its scopes are a table typed by hand. */
#include "core/policy/bucket.h"
#include "core/policy/decide.h"
#include "unit/check.h"

enum { SUBJECTS = 3, FLAGS = 16, GENERATIONS = 3, UNTIL = 5, DEVICES = 3, CONTENTS = 7, SCOPES = 5 };

/* One point of the domain, as small numbers. */
struct point {
    int subject;             /* 0 no record, 1 agent, 2 session */
    int flags;               /* bits: not approved, suspended, decommissioned, account suspended */
    int path_gen, token_gen; /* 0 none, 1 current, 2 other */
    int until;               /* 0 none, 1 time over, 2 time ahead, 3 height over, 4 height ahead */
    int device;              /* 0 right, 1 wrong, 2 none */
    int operation, content, scope;
    int empty_bucket, full_day; /* 0 or 1 */
    int on_agent_path;
};

static const char *const scopes[SCOPES] = {"", "openrouter",
    "cap:sign-message,cap:sign-siwe?domain=a.example",
    "cap:sign-message?bytes=1,cap:sign-typed-data,openrouter",
    "cap:oidc?aud=other,cap:sign-siwe,cap:sign-tx?chain=1"};

/* A allowed, S no item, N narrowed, - needs none; columns: operations 1 to 8 in the order of the enum. */
static const char *const agent_plain[SCOPES] = {"-SSSSSS-", "-SSSSSA-", "-AASSSS-", "-ASASSA-", "-SASANS-"};
static const char agent_bytes[] = "SSNAS";  /* sign-message, by scope */
static const char agent_permit[] = "SSSNS"; /* sign-typed-data, by scope */
static const char session_plain[] = "-AAAAAA-";

static char scope_letter(const struct point *p)
{
    bool session = p->subject == 2;
    if (p->content == AK_CONTENT_BYTES) return session ? 'N' : agent_bytes[p->scope];
    if (p->content == AK_CONTENT_PERMIT) return session ? 'N' : agent_permit[p->scope];
    return (session ? session_plain : agent_plain[p->scope])[p->operation - 1];
}

static bool known(const struct point *p)
{
    return p->operation >= 1 && p->operation <= 8;
}

static bool operation_is_wrong(const struct point *p)
{
    if (!known(p)) return true;
    bool message = p->operation == AK_OP_SIGN_MESSAGE, typed = p->operation == AK_OP_SIGN_TYPED_DATA;
    bool siwe = p->operation == AK_OP_SIGN_SIWE, session = p->subject == 2;
    const bool content_is_wrong[CONTENTS] = {false, !message, true, true, !(siwe && session), !typed, true};
    if (content_is_wrong[p->content]) return true;
    if (!session) return p->on_agent_path;
    return p->operation == AK_OP_TOKEN || (p->on_agent_path && p->operation != AK_OP_DERIVE_ADDRESS);
}

/* All rules that refuse, a bit each. */
static unsigned refusing(const struct point *p)
{
    unsigned all = 0;
    bool agent = p->subject == 1;
    if (p->subject == 0) all |= 1U << AK_RULE_PATH_UNKNOWN;
    if (p->flags & 4) all |= 1U << AK_RULE_DECOMMISSIONED;
    if (agent && p->path_gen == 2) all |= 1U << AK_RULE_GENERATION;
    if (agent && p->token_gen != 1 && p->operation != AK_OP_TOKEN) all |= 1U << AK_RULE_GENERATION;
    if (p->flags & (1 | 2 | 8)) all |= 1U << AK_RULE_ACTIVE;
    if (p->until == 1 || p->until == 3) all |= 1U << AK_RULE_VALID_UNTIL;
    if (p->device != 0) all |= 1U << AK_RULE_DEVICE;
    if (operation_is_wrong(p)) return all | 1U << AK_RULE_OPERATION;
    if (scope_letter(p) == 'S') all |= 1U << AK_RULE_SCOPE;
    if (scope_letter(p) == 'N') all |= 1U << AK_RULE_NARROWING;
    if (p->operation != AK_OP_DERIVE_ADDRESS && p->empty_bucket) all |= 1U << AK_RULE_RATE;
    if (p->operation != AK_OP_DERIVE_ADDRESS && p->full_day) all |= 1U << AK_RULE_COUNTER;
    return all;
}

static enum ak_rule oracle(const struct point *p)
{
    unsigned all = refusing(p);
    return all == 0 ? AK_RULE_NONE : (enum ak_rule)__builtin_ctz(all);
}

/* ---- the same point as the real thing ---- */

static const struct ak_policy_now now = {.logic_ms = 1000000, .seen_us = 500000000, .height = 50};

static struct ak_policy_record record_of(const struct point *p)
{
    static const uint8_t device[32] = {0xd1};
    struct ak_policy_record r = ak_policy_record_session(device, false, 0);
    if (p->subject == 1) {
        r.subject = AK_SUBJECT_AGENT;
        r.label = AK_SPAN_LIT("agent-1");
        r.generation = 4;
        r.scope = ak_span_str(scopes[p->scope]);
    }
    r.active = !(p->flags & 1);
    r.suspended = p->flags & 2;
    r.decommissioned = p->flags & 4;
    r.account_suspended = p->flags & 8;
    r.valid_until_ms = p->until == 1 ? now.logic_ms : p->until == 2 ? now.logic_ms + 1 : 0;
    r.valid_until_height = p->until == 3 ? now.height : p->until == 4 ? now.height + 1 : 0;
    if (p->device == 2) memset(r.device, 0, sizeof r.device);
    if (p->empty_bucket) r.tat_us = now.seen_us + 60000000;
    r.uses_per_day = 3;
    r.day = (struct ak_day_counter){now.seen_us - 1, p->full_day ? 3 : 2};
    return r;
}

static struct ak_policy_request request_of(const struct point *p)
{
    struct ak_policy_request q = {
        .operation = (enum ak_operation)p->operation,
        .facts = {.service = AK_SPAN_LIT("openrouter"),
            .domain = AK_SPAN_LIT("a.example"),
            .aud = AK_SPAN_LIT("sts"),
            .content = (enum ak_content)p->content,
            .tx = {.chain = 1, .priced = true}},
        .has_path_generation = p->path_gen != 0,
        .path_generation = p->path_gen == 1 ? 4 : 5,
        .has_token_generation = p->token_gen != 0,
        .token_generation = p->token_gen == 1 ? 4 : 3,
        .session_on_agent_path = p->on_agent_path,
        .thumbprint = {p->device == 0   ? 0xd1
                       : p->device == 1 ? 0xd2
                                        : 0},
    };
    return q;
}

static void check(const struct point *p)
{
    struct ak_policy_record record = record_of(p);
    struct ak_policy_request request = request_of(p);
    struct ak_decision d;
    ak_policy_decide(&request, p->subject == 0 ? NULL : &record, &now, &d);
    enum ak_rule want = oracle(p);
    if (d.rule != want) {
        print_error(
            "%s, want %s: subject %d flags %d gens %d %d until %d device %d op %d content %d scope %d "
            "bucket %d day %d on path %d\n",
            ak_rule_name(d.rule), ak_rule_name(want), p->subject, p->flags, p->path_gen, p->token_gen,
            p->until, p->device, p->operation, p->content, p->scope, p->empty_bucket, p->full_day,
            p->on_agent_path);
        fail();
    }
    bool counts = want == AK_RULE_NONE && p->operation != AK_OP_DERIVE_ADDRESS;
    if (d.allowed != (want == AK_RULE_NONE) || d.counted != counts) fail();
    if (counts && (d.tat_us <= now.seen_us || d.day.uses != 3)) fail();
    if (!counts && p->subject != 0 && (d.tat_us != record.tat_us || d.day.uses != record.day.uses)) fail();
    if (!d.allowed && (d.seen.len == 0 || d.limit.len == 0 || d.remedy.len == 0)) fail();
}

static unsigned long what_is_asked(struct point *p)
{
    unsigned long count = 0;
    for (p->operation = 0; p->operation <= AK_OP_COUNT; p->operation++)
        for (p->content = 0; p->content < CONTENTS; p->content++)
            for (p->scope = 0; p->scope < SCOPES; p->scope++)
                for (int last = 0; last < 8; last++) {
                    p->empty_bucket = last & 1;
                    p->full_day = last >> 1 & 1;
                    p->on_agent_path = last >> 2;
                    check(p);
                    count++;
                }
    return count;
}

static void test_whole_domain(void **state)
{
    (void)state;
    unsigned long count = 0;
    struct point p = {0};
    for (p.subject = 0; p.subject < SUBJECTS; p.subject++)
        for (p.flags = 0; p.flags < FLAGS; p.flags++)
            for (p.until = 0; p.until < UNTIL; p.until++)
                for (p.device = 0; p.device < DEVICES; p.device++)
                    for (p.path_gen = 0; p.path_gen < GENERATIONS; p.path_gen++)
                        for (p.token_gen = 0; p.token_gen < GENERATIONS; p.token_gen++)
                            count += what_is_asked(&p);
    print_message("%lu decisions\n", count);
    assert_true(count == 3UL * 16 * 5 * 3 * 9 * 10 * 7 * 5 * 8);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_whole_domain)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
