/* The account as a whole: what it shows of itself; suspended it gives nothing, and comes back by the code, by
 * waiting, by a second device (I9). */
#include "base/crypto/sha256.h"
#include "unit/engine/account_box.h"

/* With a code comes the hash of the next, which the person then has. */
static enum ak_code change(struct world *w, struct h_person *by, unsigned call, const uint8_t *recovery)
{
    struct ak_msg_account_change_request request = {0};
    uint8_t next[32];
    if (recovery) {
        h_seal_code(&w->h, &by->device, recovery, request.recovery_code);
        request.present =
            1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE | 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_HASH;
        memcpy(next, recovery, 32);
        next[0]++;
        ak_sha256(AK_SPAN_ARR(next), request.recovery_hash);
    }
    enum ak_code code = h_call(&w->h, &by->device, h_token(by), call, &request);
    if (recovery && code == AK_CODE_OK) memcpy(by->recovery_code, next, 32);
    return code;
}

static enum ak_code suspend(struct world *w, struct h_person *by)
{
    return change(w, by, AK_CALL_ACCOUNT_SUSPEND, NULL);
}

static enum ak_code resume(struct world *w, struct h_person *by, const uint8_t *recovery)
{
    return change(w, by, AK_CALL_ACCOUNT_RESUME, recovery);
}

static void test_read_back(void **state)
{
    struct world *w = *state;
    struct ak_msg_account_reply reply;
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_account_reply_msg, &reply);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
    assert_memory_equal(reply.home_wallet, w->alice.wallet, 20);
    assert_true(ak_span_eq(reply.identity_type, AK_SPAN_LIT("email")));
    assert_int_equal(reply.device_count, 1);
    assert_int_equal(reply.agent_count, 1);
    assert_true(reply.recovery_code_set && !reply.suspended);
    assert_int_equal(reply.opened_at, H_START_MS / 1000);
}

/* One device key may serve two accounts; nothing of one is the other's. */
static void test_one_device_two_accounts(void **state)
{
    struct world *w = *state;
    struct h_person work;
    h_person(&w->h, &work, "alice.work", 1);
    assert_memory_not_equal(work.anchor, w->alice.anchor, 32);
    assert_int_equal(suspend(w, &work), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &work, "x"), AK_CODE_DENIED);
    h_device_done(&work.device);
}

static void test_suspend_the_account(void **state)
{
    struct world *w = *state;
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(suspend(w, &w->alice), AK_CODE_ALREADY_DONE);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_DENIED);
    assert_string_equal(h_rule(&w->h), "active");
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_DENIED);
    assert_int_equal(h_agent_renew(&w->h, &w->agent), AK_CODE_DENIED);
    assert_int_equal(h_agent_sign(&w->h, &w->bobs, "x"), AK_CODE_OK);
}

static void test_suspended_account_gives_nothing(void **state)
{
    struct world *w = *state;
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_SUSPEND, "agent-1"), AK_CODE_OK);
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        const struct ak_call *call = ak_call_get(id);
        if (!(call->flags & AK_CALL_GIVES)) continue;
        uint64_t none[64] = {0};
        struct ak_span label = AK_SPAN_LIT("agent-1"), kind = AK_SPAN_LIT("agent"),
                       sealed = AK_SPAN_LIT("sixteen bytes of");
        for (size_t i = 0; i < call->request->count; i++) {
            const struct ak_field *field = &call->request->fields[i];
            if (!strcmp(field->name, "label")) memcpy((uint8_t *)none + field->offset, &label, sizeof label);
            if (!strcmp(field->name, "kind")) memcpy((uint8_t *)none + field->offset, &kind, sizeof kind);
            if (!strcmp(field->name, "service")) memcpy((uint8_t *)none + field->offset, &kind, sizeof kind);
            if (!strncmp(field->name, "identity_", 9))
                memcpy((uint8_t *)none + field->offset, &kind, sizeof kind);
            if (!strcmp(field->name, "sealed") || !strcmp(field->name, "trust"))
                memcpy((uint8_t *)none + field->offset, &sealed, sizeof sealed);
        }
        assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), id, none), AK_CODE_DENIED);
        assert_string_equal(h_rule(&w->h), "active");
    }
    /* what takes rights away still works */
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_ROTATE, "agent-1"), AK_CODE_OK);
    assert_int_equal(h_change(&w->h, &w->alice, AK_CALL_AGENT_DECOMMISSION, "agent-1"), AK_CODE_OK);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &w->alice.device, NULL), AK_CODE_ALREADY_DONE);
}

static void test_resume_by_code(void **state)
{
    struct world *w = *state;
    uint8_t wrong[32];
    memcpy(wrong, w->alice.recovery_code, 32);
    wrong[31] ^= 1;
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_ALREADY_DONE);
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_int_equal(resume(w, &w->alice, wrong), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(resume(w, &w->alice, w->bob.recovery_code), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(box_waiting(&w->h, &w->alice), 0);
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    /* the code that ends what was waiting */
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    assert_int_equal(box_waiting(&w->h, &w->alice), 1);
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(box_waiting(&w->h, &w->alice), 0);
    h_restart(&w->h, true);
}

/* One device alone waits; time that nobody saw does not count. */
static void test_resume_by_waiting(void **state)
{
    struct world *w = *state;
    struct ak_msg_done_reply done;
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    h_reply(&w->h, &ak_done_reply_msg, &done);
    assert_true(ak_span_eq(done.status, AK_SPAN_LIT("waiting")));
    assert_int_equal(done.ready_at, (H_START_MS + H_DAY_MS) / 1000);
    assert_true(w->h.out.notice_len > 0);
    assert_true(ak_span_starts(
        ak_span(w->h.out.notice, w->h.out.notice_len), AK_SPAN_LIT("account-resume ready_at=")));
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    assert_int_equal(box_waiting(&w->h, &w->alice), 1);
    for (int i = 0; i < 12; i++) h_tick(&w->h, 3600000);
    box_refresh(&w->h, &w->alice); /* the newest entry says how long this run was seen */
    h_restart(&w->h, true);
    w->h.wall_ms += 30 * H_DAY_MS; /* it was off for a month */
    h_restart(&w->h, true);
    box_refresh(&w->h, &w->alice);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, 12 * 3600000 - 1);
    box_refresh(&w->h, &w->alice);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, 1);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.notice_len, 0);
    h_restart(&w->h, true);
}

static void test_resume_by_a_second_device(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    h_second(&w->h, &w->alice, &phone, 3);
    box_pass_ms(&w->h, H_DAY_MS, &w->alice, &phone);
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING); /* the same one confirms nothing */
    assert_int_equal(resume(w, &phone, NULL), AK_CODE_OK);
    assert_int_equal(box_waiting(&w->h, &phone), 0);
    h_device_done(&phone.device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_read_back),
        WORLD_TEST(test_one_device_two_accounts),
        WORLD_TEST(test_suspend_the_account),
        WORLD_TEST(test_suspended_account_gives_nothing),
        WORLD_TEST(test_resume_by_code),
        WORLD_TEST(test_resume_by_waiting),
        WORLD_TEST(test_resume_by_a_second_device),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
