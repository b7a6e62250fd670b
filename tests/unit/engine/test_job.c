/* Jobs: what is damaged gives no signature (I1), and no scalar stays behind (I2). */
#include "core/evm/address.h"
#include "core/evm/eip191.h"
#include "unit/engine/world.h"

#include <ucontext.h>

/* AddressSanitizer may keep locals elsewhere. */
#if defined(__SANITIZE_ADDRESS__)
#define AK_TEST_FAKE_STACK 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define AK_TEST_FAKE_STACK 1
#endif
#endif
#ifndef AK_TEST_FAKE_STACK
#define AK_TEST_FAKE_STACK 0
#endif

static void run_once(struct ak_job *job)
{
    struct ak_job_keys keys = {0};
    ak_job_run(job, &keys);
    ak_job_keys_done(&keys);
}

static void prepare(struct world *w, bool agent)
{
    w->h.manual = true;
    assert_int_equal(
        agent ? h_agent_sign(&w->h, &w->agent, "x") : h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
}

static void prepare_lineage(struct world *w)
{
    struct ak_msg_agent_show_request request = {.label = AK_SPAN_LIT("agent-1")};
    w->h.manual = true;
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &request), AK_CODE_OK);
}

static bool all_zero(const void *bytes, size_t len)
{
    const uint8_t *at = bytes;
    for (size_t i = 0; i < len; i++)
        if (at[i]) return false;
    return true;
}

/* A job whose cached points, names or key were altered in any byte refuses; its reply keeps no signature. */
static void refuses(const struct ak_job *good, size_t offset, size_t len, struct ak_buf *body)
{
    for (size_t i = 0; i < len; i++) {
        struct ak_job job = *good;
        uint8_t before[512];
        assert_true(body->len <= sizeof before);
        memcpy(before, body->ptr, body->len);
        ((uint8_t *)&job)[offset + i] ^= 0x01;
        run_once(&job);
        assert_int_not_equal(job.result, AK_OK);
        assert_true(all_zero(job.signature, 65) && all_zero(job.second, 65));
        assert_int_equal(ak_job_patch(&job, body), AK_E_STATE);
        assert_memory_equal(before, body->ptr, body->len);
    }
}

static void test_damaged_agent_job(void **state)
{
    struct world *w = *state;
    prepare(w, true);
    const struct ak_job *job = &w->h.out.job;
    assert_int_equal(job->kind, AK_JOB_SIGN_AGENT);
    refuses(job, offsetof(struct ak_job, user33) + 1, 32, &w->h.out.body);
    refuses(job, offsetof(struct ak_job, base33) + 1, 32, &w->h.out.body);
    refuses(job, offsetof(struct ak_job, anchor), 32, &w->h.out.body);
    refuses(job, offsetof(struct ak_job, generation), 4, &w->h.out.body);
    refuses(job, offsetof(struct ak_job, child), 1, &w->h.out.body);
    assert_int_equal(h_job(&w->h), AK_OK);
}

static void test_damaged_user_job(void **state)
{
    struct world *w = *state;
    prepare(w, false);
    const struct ak_job *job = &w->h.out.job;
    assert_int_equal(job->kind, AK_JOB_SIGN_USER);
    refuses(job, offsetof(struct ak_job, anchor), 32, &w->h.out.body);
    refuses(job, offsetof(struct ak_job, user), 1, &w->h.out.body);
    assert_int_equal(h_job(&w->h), AK_OK);
}

/* Where the second signature fails, the first is not given either. */
static void test_damaged_lineage_job(void **state)
{
    struct world *w = *state;
    prepare_lineage(w);
    const struct ak_job *job = &w->h.out.job;
    assert_int_equal(job->kind, AK_JOB_LINEAGE);
    refuses(job, offsetof(struct ak_job, base33) + 1, 4, &w->h.out.body);
    refuses(job, offsetof(struct ak_job, child), 1, &w->h.out.body);
    refuses(job, offsetof(struct ak_job, user), 1, &w->h.out.body);
    assert_int_equal(h_job(&w->h), AK_OK);
}

/* A point in the state that was damaged after it was computed: the same. */
static void test_damaged_cache(void **state)
{
    struct world *w = *state;
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    uint32_t number = 0;
    const struct ak_state *s = ak_engine_state(w->h.engine);
    assert_non_null(ak_state_account(s, w->alice.anchor, &number));
    struct ak_path_state *path = ak_state_path(s, number, AK_SPAN_LIT("agent-1"), NULL);
    path->base33[5] ^= 1;
    prepare(w, true);
    assert_int_equal(h_job(&w->h), AK_E_STATE);
    struct ak_msg_sign_reply reply;
    h_reply(&w->h, &ak_sign_reply_msg, &reply);
    assert_true(all_zero(reply.signature, 65));
}

/* A recorded address that the root does not derive (another root, an altered ledger): no job is made at all.
 */
static void test_an_address_that_does_not_follow(void **state)
{
    struct world *w = *state;
    uint32_t number = 0;
    const struct ak_state *s = ak_engine_state(w->h.engine);
    struct ak_account *account = ak_state_account(s, w->alice.anchor, &number);
    struct ak_path_state *path = ak_state_path(s, number, AK_SPAN_LIT("agent-1"), NULL);
    struct ak_msg_agent_show_request show = {.label = AK_SPAN_LIT("agent-1")};
    path->address[0] ^= 1;
    uint64_t size = h_size(&w->h);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_INTERNAL);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_LINEAGE, &show), AK_CODE_INTERNAL);
    path->address[0] ^= 1;
    account->home_wallet[0] ^= 1;
    account->has_points = false;
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_INTERNAL);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_INTERNAL);
    assert_int_equal(h_size(&w->h), size);
    account->home_wallet[0] ^= 1;
}

static void test_odd_jobs(void **state)
{
    (void)state;
    uint8_t memory[64] = {0};
    struct ak_buf body = AK_BUF_ARR(memory);
    struct ak_job none = {.kind = AK_JOB_NONE};
    run_once(&none);
    assert_int_equal(none.result, AK_OK);
    assert_int_equal(ak_job_patch(&none, &body), AK_OK);
    struct ak_job unknown = {.kind = (enum ak_job_kind)99};
    run_once(&unknown);
    assert_int_equal(unknown.result, AK_E_ARG);
    struct ak_job fits = {.kind = AK_JOB_SIGN_USER};
    assert_int_equal(ak_job_patch(&fits, &body), AK_E_STATE); /* no 65 bytes there */
    body.len = 64;
    assert_int_equal(ak_job_patch(&fits, &body), AK_E_STATE);
}

/* Without verification a damaged cache gives a wrong signature, never another key's: the setting says what it
 * does. */
static void test_verification_off(void **state)
{
    (void)state;
    static struct h h;
    struct ak_engine_conf conf = h_conf();
    struct h_person alice;
    conf.verify_before_release = false;
    h_open_with(&h, &conf);
    h_person(&h, &alice, "alice", 1);
    h.manual = true;
    assert_int_equal(h_person_sign(&h, &alice, "x"), AK_CODE_OK);
    assert_false(h.out.job.verify);
    assert_int_equal(h_job(&h), AK_OK);
    struct ak_msg_sign_reply reply;
    uint8_t digest[32];
    h_reply(&h, &ak_sign_reply_msg, &reply);
    ak_eip191_digest(AK_SPAN_LIT("x"), digest);
    assert_int_equal(ak_evm_verify(digest, reply.signature, alice.wallet), AK_OK);
    h_device_done(&alice.device);
    h_close(&h);
}

/* ---- I2 ---- */

static bool found_in(const void *memory, size_t len, const uint8_t secret[32])
{
    const uint8_t *at = memory;
    for (size_t i = 0; i + 32 <= len; i++)
        if (at[i] == secret[0] && memcmp(at + i, secret, 32) == 0) return true;
    return false;
}

/* Work runs on a stack of ours, so that what it leaves there can be looked at. */
static uint8_t own_stack[256 * 1024] __attribute__((aligned(64)));
static ucontext_t outside, inside;
static struct ak_job *job_to_run;
static const uint8_t *secret_to_plant;

static void run_job(void)
{
    run_once(job_to_run);
}

static void plant(void)
{
    volatile uint8_t local[64];
    for (size_t i = 0; i < sizeof local; i++) local[i] = secret_to_plant[i % 32];
    (void)local[0];
}

static void on_own_stack(void (*work)(void))
{
    memset(own_stack, 0, sizeof own_stack);
    assert_int_equal(getcontext(&inside), 0);
    inside.uc_stack.ss_sp = own_stack;
    inside.uc_stack.ss_size = sizeof own_stack;
    inside.uc_link = &outside;
    makecontext(&inside, work, 0);
    assert_int_equal(swapcontext(&outside, &inside), 0);
}

static bool found_in_engine(struct world *w, const uint8_t secret[32])
{
    struct h_bytes bytes;
    bool found =
        found_in(&w->h.out, sizeof w->h.out, secret) || found_in(w->h.body, sizeof w->h.body, secret);
    h_snapshot(w->h.engine, &bytes);
    found = found || found_in(bytes.ptr, bytes.len, secret);
    for (size_t i = 0; i < w->h.batch_count; i++)
        found = found || found_in(w->h.batches[i].segment.ptr, w->h.batches[i].segment.len, secret);
    free(bytes.ptr);
    return found;
}

/* After signing: neither scalar nor chain code in the job, the answer, the ledger, the state, or the stack.
 */
static void test_no_scalar_stays(void **state)
{
    struct world *w = *state;
    struct ak_secret32 user, chain, agent;
    uint8_t inverted[3][32];
    assert_int_equal(ak_keys_user(&w->h.root, w->alice.anchor, &user, &chain), AK_OK);
    assert_int_equal(
        ak_keys_agent_scalar(&w->h.root, w->alice.anchor, AK_SPAN_LIT("agent-1"), 0, NULL, NULL, &agent),
        AK_OK);
    const struct ak_secret32 *secrets[] = {&user, &chain, &agent};
    for (size_t i = 0; i < AK_COUNT(secrets); i++)
        for (size_t k = 0; k < 32; k++) inverted[i][k] = (uint8_t)~secrets[i]->bytes[k];
    ak_secret32_done(&user);
    ak_secret32_done(&chain);
    ak_secret32_done(&agent);
    ak_wipe_stack();
    for (int kind = 0; kind < 3; kind++) {
        if (kind == 2)
            prepare_lineage(w);
        else
            prepare(w, kind == 1);
        run_once(&w->h.out.job);
        assert_int_equal(w->h.out.job.result, AK_OK);
        h_settle(&w->h);
        for (size_t i = 0; i < AK_COUNT(inverted); i++) {
            uint8_t secret[32];
            for (size_t k = 0; k < 32; k++) secret[k] = (uint8_t)~inverted[i][k];
            assert_false(found_in_engine(w, secret));
        }
    }
}

static void test_no_scalar_on_the_stack(void **state)
{
    struct world *w = *state;
    struct ak_secret32 agent, user, chain;
    assert_int_equal(ak_keys_user(&w->h.root, w->alice.anchor, &user, &chain), AK_OK);
    assert_int_equal(
        ak_keys_agent_scalar(&w->h.root, w->alice.anchor, AK_SPAN_LIT("agent-1"), 0, NULL, NULL, &agent),
        AK_OK);
    prepare(w, true);
    job_to_run = &w->h.out.job;
    on_own_stack(run_job);
    assert_int_equal(w->h.out.job.result, AK_OK);
    assert_false(found_in(own_stack, sizeof own_stack, agent.bytes));
    assert_false(found_in(own_stack, sizeof own_stack, user.bytes));
    assert_false(found_in(own_stack, sizeof own_stack, chain.bytes));
    secret_to_plant = agent.bytes; /* the look does find what is there */
    on_own_stack(plant);
    if (!AK_TEST_FAKE_STACK) assert_true(found_in(own_stack, sizeof own_stack, agent.bytes));
    ak_secret32_done(&agent);
    ak_secret32_done(&user);
    ak_secret32_done(&chain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_damaged_agent_job),
        WORLD_TEST(test_damaged_user_job),
        WORLD_TEST(test_damaged_lineage_job),
        WORLD_TEST(test_damaged_cache),
        WORLD_TEST(test_an_address_that_does_not_follow),
        cmocka_unit_test(test_odd_jobs),
        cmocka_unit_test(test_verification_off),
        WORLD_TEST(test_no_scalar_stays),
        WORLD_TEST(test_no_scalar_on_the_stack),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
