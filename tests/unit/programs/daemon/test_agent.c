/* What an agent takes for its own: a token for its label, from the account that was demanded, whole or not at
 * all. */
#include "unit/check.h"

#include <sys/stat.h>
#include <unistd.h>

#include "io/proc/clock.h"
#include "programs/daemon/agent.h"
#include "unit/programs/cli/capture.h"

static char base[64];
static struct ak_cli cli;
static struct ak_agent agent;
static struct ak_msg_pair_status_reply reply;

static int begin(void **state)
{
    (void)state;
    (void)snprintf(base, sizeof base, "/tmp/ak-agent.XXXXXX");
    if (!mkdtemp(base)) return -1;
    memset(&cli, 0, sizeof cli);
    cli.program = &ak_daemon_program;
    cli.command = &ak_daemon_program.commands[0];
    if (ak_profile_open(base, "default", "a", true, &cli.profile) != AK_OK) return -1;
    agent = (struct ak_agent){.cli = &cli, .label = "a"};
    reply = (struct ak_msg_pair_status_reply){
        .present = 1u << AK_PAIR_STATUS_REPLY_AGENT_TOKEN | 1u << AK_PAIR_STATUS_REPLY_ANCHOR |
                   1u << AK_PAIR_STATUS_REPLY_EXPIRES_AT | 1u << AK_PAIR_STATUS_REPLY_LABEL,
        .label = AK_SPAN_LIT("a"),
        .agent_token = AK_SPAN_LIT("the.agent.token"),
        .expires_at = 4102444800,
        .generation = 3};
    memset(reply.anchor, 0xab, sizeof reply.anchor);
    return 0;
}

static int end(void **state)
{
    static const char *const files[] = {"anchor", "token.json", "lock"};
    char path[160];
    (void)state;
    for (size_t i = 0; i < AK_COUNT(files); i++) (void)unlinkat(cli.profile.dir_fd, files[i], 0);
    ak_profile_close(&cli.profile);
    (void)snprintf(path, sizeof path, "%s/default/agents/a", base);
    for (size_t i = 0; i < 3; i++) {
        (void)rmdir(path);
        *strrchr(path, '/') = 0;
    }
    return rmdir(base);
}

static int keep(void)
{
    capture();
    int status = ak_agent_keep_paired(&agent, &reply);
    release();
    return status;
}

/* Refused, and nothing of it is anywhere. */
static void assert_refused(int status)
{
    struct ak_saved saved;
    assert_int_equal(keep(), status);
    assert_non_null(strstr(err_text, "agentkeys-daemon: "));
    assert_false(agent.has_token);
    assert_int_equal(ak_profile_load(&cli.profile, &saved), AK_E_NOT_FOUND);
    assert_int_equal(faccessat(cli.profile.dir_fd, "anchor", F_OK, 0), -1);
}

static void keeps_what_was_approved(void **state)
{
    (void)state;
    struct ak_saved saved;
    assert_int_equal(keep(), 0);
    assert_true(agent.has_token && agent.has_anchor);
    assert_memory_equal(agent.anchor, reply.anchor, 32);
    assert_int_equal(ak_profile_load(&cli.profile, &saved), AK_OK);
    assert_int_equal(saved.kind, AK_SAVED_AGENT);
    assert_string_equal(saved.token, "the.agent.token");
    assert_string_equal(saved.label, "a");
    assert_int_equal(saved.generation, 3);
    assert_memory_equal(saved.anchor, reply.anchor, 32);
    assert_int_equal(faccessat(cli.profile.dir_fd, "anchor", F_OK, 0), 0);
    assert_int_equal(keep(), 0); /* the same account again */
    reply.anchor[31] ^= 1;       /* and what was paired once is demanded from then on */
    assert_int_equal(keep(), AK_CATEGORY_AUTH);
    assert_int_equal(ak_profile_load(&cli.profile, &saved), AK_OK);
    assert_memory_not_equal(saved.anchor, reply.anchor, 32);
}

static void another_account_is_refused(void **state)
{
    (void)state;
    agent.has_anchor = true;
    memcpy(agent.anchor, reply.anchor, 32);
    agent.anchor[0] ^= 1;
    assert_refused(AK_CATEGORY_AUTH);
    assert_non_null(strstr(err_text, "another account approved"));
}

static void another_label_is_refused(void **state)
{
    (void)state;
    reply.label = AK_SPAN_LIT("ab");
    assert_refused(AK_CATEGORY_FAILURE);
    reply.label = AK_SPAN_EMPTY;
    assert_refused(AK_CATEGORY_FAILURE);
    reply.present &= ~(1u << AK_PAIR_STATUS_REPLY_LABEL); /* whoever asked by a code is told none */
    assert_int_equal(keep(), 0);
}

static void half_an_answer_is_refused(void **state)
{
    (void)state;
    static const unsigned parts[] = {
        AK_PAIR_STATUS_REPLY_AGENT_TOKEN, AK_PAIR_STATUS_REPLY_ANCHOR, AK_PAIR_STATUS_REPLY_EXPIRES_AT};
    static char longest[AK_LIMIT_TOKEN + 1];
    const uint32_t all = reply.present;
    for (size_t i = 0; i < AK_COUNT(parts); i++) {
        reply.present = all & ~(1u << parts[i]);
        assert_refused(AK_CATEGORY_FAILURE);
    }
    reply.present = all;
    memset(longest, 't', sizeof longest);
    reply.agent_token = ak_span(longest, AK_LIMIT_TOKEN + 1);
    assert_refused(AK_CATEGORY_FAILURE);
    reply.agent_token.len = AK_LIMIT_TOKEN;
    assert_int_equal(keep(), 0);
}

static void renews_only_what_is_over(void **state)
{
    (void)state;
    uint64_t now_s = ak_clock_wall_ms() / 1000;
    agent.has_token = true;
    cli.saved.expires_at = now_s + 3600;
    assert_int_equal(ak_agent_need_token(&agent, true), 0); /* there is nobody to ask, and nobody is asked */
    cli.saved.expires_at = now_s - 1;
    assert_int_equal(ak_agent_need_token(&agent, false), 0);
    capture();
    int status = ak_agent_need_token(&agent, true); /* no account is known that could give one */
    release();
    assert_int_equal(status, AK_CATEGORY_AUTH);
    assert_string_equal(cli.error.code, "not_signed_in");
    cli.saved.expires_at = now_s + AK_AGENT_RENEW_EARLY_S - 1; /* about to be over */
    capture();
    status = ak_agent_need_token(&agent, true);
    release();
    assert_int_equal(status, AK_CATEGORY_AUTH);
}

static void knows_which_refusals_a_new_token_mends(void **state)
{
    (void)state;
    static const struct {
        const char *code, *rule;
        bool wanted;
    } cases[] = {{"token_expired", NULL, true}, {"invalid_token", NULL, true}, {"denied", "generation", true},
        {"denied", "scope", false}, {"denied", NULL, false}, {"not_ready", NULL, false}, {"", NULL, false}};
    for (size_t i = 0; i < AK_COUNT(cases); i++) {
        struct ak_client_error error;
        ak_client_error_set(&error, cases[i].code, "m");
        error.has_denial = cases[i].rule != NULL;
        (void)snprintf(error.rule, sizeof error.rule, "%s", cases[i].rule ? cases[i].rule : "generation");
        assert_int_equal(ak_agent_wants_new_token(&error), cases[i].wanted);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, begin, end)
int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(keeps_what_was_approved),
        TEST(another_account_is_refused),
        TEST(another_label_is_refused),
        TEST(half_an_answer_is_refused),
        TEST(renews_only_what_is_over),
        TEST(knows_which_refusals_a_new_token_mends),
    };
    return cmocka_run_group_tests_name("agent", tests, NULL, NULL);
}
