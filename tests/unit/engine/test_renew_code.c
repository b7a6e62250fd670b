/* Another recovery code in the place of one that was lost or seen: by that code at once, or after the waiting
 * time, because a stolen device would take the owner's last way back. */
#include "base/crypto/sha256.h"
#include "core/wire/msg_account.h"
#include "core/wire/msg_devices.h"
#include "unit/engine/link_box.h"
#include "unit/engine/sign_in_box.h"
#include "unit/engine/world.h"

static const char alice[] = "alice@demo.example";

/* `code` NULL: it is lost. `next`: the new code is 32 of them. */
static struct ak_msg_recovery_code_request ask_for(
    struct h *h, const struct h_device *device, const uint8_t *code, uint8_t next)
{
    struct ak_msg_recovery_code_request request = {0};
    uint8_t bytes[32];
    memset(bytes, next, sizeof bytes);
    ak_sha256(AK_SPAN_ARR(bytes), request.recovery_hash);
    if (code) h_seal_code(h, device, code, request.recovery_code);
    if (code) request.present = 1u << AK_RECOVERY_CODE_REQUEST_RECOVERY_CODE;
    return request;
}

static enum ak_code renew(struct world *w, struct h_person *by, const uint8_t *code, uint8_t next)
{
    const struct ak_msg_recovery_code_request request = ask_for(&w->h, &by->device, code, next);
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_RECOVERY_CODE, &request);
}

static enum ak_code suspend(struct world *w, struct h_person *by)
{
    struct ak_msg_account_change_request request = {0};
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_ACCOUNT_SUSPEND, &request);
}

/* Whether this code is the account's; it is not spent. */
static bool is_code(struct world *w, struct h_person *by, const uint8_t *code)
{
    struct ak_msg_recovery_code_request request = ask_for(&w->h, &by->device, code, 0);
    ak_sha256(ak_span(code, 32), request.recovery_hash); /* the same again: told only to who has it, or not */
    struct ak_msg_account_change_request resume = {.present = 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE |
                                                              1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_HASH};
    memcpy(resume.recovery_code, request.recovery_code, sizeof resume.recovery_code);
    memcpy(resume.recovery_hash, request.recovery_hash, sizeof resume.recovery_hash);
    enum ak_code code_of_suspend = suspend(w, by);
    assert_true(code_of_suspend == AK_CODE_OK || code_of_suspend == AK_CODE_ALREADY_DONE);
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_ACCOUNT_RESUME, &resume) ==
           AK_CODE_INVALID_REQUEST;
}

static void code_of(uint8_t number, uint8_t out_code[32])
{
    memset(out_code, number, 32);
}

static void wait_for_ms(struct world *w, uint64_t ms, struct h_person *one, struct h_person *two)
{
    for (; ms > 3600000; ms -= 3600000) h_tick(&w->h, 3600000);
    h_tick(&w->h, ms);
    assert_int_equal(h_sign_in(&w->h, one, "alice"), AK_CODE_OK);
    if (two) assert_int_equal(h_sign_in(&w->h, two, "alice"), AK_CODE_OK);
}

static void status_is(struct world *w, const char *status, bool spent)
{
    struct ak_msg_done_reply done;
    h_reply(&w->h, &ak_done_reply_msg, &done);
    assert_true(ak_span_eq(done.status, ak_span_str(status)));
    assert_int_equal(spent, ak_msg_has(&done, AK_DONE_REPLY_RECOVERY_CODE_SPENT) && done.recovery_code_spent);
}

static enum ak_code cancel(struct world *w, struct h_person *by, const struct h_device *whose)
{
    struct ak_msg_recovery_cancel_request request = {
        .what = AK_SPAN_LIT("recovery-code"), .present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE};
    memcpy(request.device, whose->jkt, 32);
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_RECOVERY_CANCEL, &request);
}

static size_t renewals(struct world *w, struct h_person *by, const struct h_device *first)
{
    struct ak_msg_recovery_list_reply reply;
    struct ak_msg_recovery_item item;
    size_t count = 0;
    assert_int_equal(h_call(&w->h, &by->device, h_token(by), AK_CALL_RECOVERY_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_recovery_list_reply_msg, &reply);
    for (; ak_list_next(&reply.items, &ak_recovery_item_msg, &item); count++) {
        assert_true(ak_span_eq(item.what, AK_SPAN_LIT("recovery-code")));
        if (count == 0 && first) assert_memory_equal(item.device, first->jkt, 32);
    }
    return count;
}

static void test_a_lost_code(void **state)
{
    struct world *w = *state;
    uint8_t next[32];
    code_of(60, next);
    assert_int_equal(renew(w, &w->alice, NULL, 50), AK_CODE_PENDING);
    status_is(w, "waiting", false);
    assert_true(ak_span_starts(
        ak_span(w->h.out.notice, w->h.out.notice_len), AK_SPAN_LIT("recovery-code ready_at=")));
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_RECOVERY_CODE_SET), 0);
    assert_true(is_code(w, &w->alice, w->alice.recovery_code)); /* in force all the while */
    h_restart(&w->h, true);
    wait_for_ms(w, H_DAY_MS - 1, &w->alice, NULL);
    assert_int_equal(renew(w, &w->alice, NULL, 60), AK_CODE_PENDING);
    h_tick(&w->h, 1);
    assert_int_equal(renew(w, &w->alice, NULL, 60), AK_CODE_OK);
    status_is(w, "renewed", true);
    assert_true(w->h.out.wait & AK_WAIT_SEALED); /* the one before is dead when this is answered */
    assert_int_equal(w->h.out.notice_len, 0);
    assert_false(is_code(w, &w->alice, w->alice.recovery_code));
    assert_true(is_code(w, &w->alice, next));
    h_restart(&w->h, true);
    assert_false(is_code(w, &w->alice, w->alice.recovery_code));
    assert_true(is_code(w, &w->alice, next));
}

static void test_by_the_code_before(void **state)
{
    struct world *w = *state;
    uint8_t wrong[32], next[32];
    struct ak_msg_notice_item told[8];
    size_t told_count;
    memcpy(wrong, w->alice.recovery_code, 32);
    wrong[0] ^= 1;
    code_of(60, next);
    assert_int_equal(renew(w, &w->alice, wrong, 60), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(renew(w, &w->alice, w->bob.recovery_code, 60), AK_CODE_BAD_SIGNATURE);
    struct ak_msg_recovery_code_request of_another =
        ask_for(&w->h, &w->bob.device, w->alice.recovery_code, 60);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_RECOVERY_CODE, &of_another),
        AK_CODE_BAD_SIGNATURE);
    assert_int_equal(renew(w, &w->alice, w->alice.recovery_code, w->alice.recovery_code[0]),
        AK_CODE_INVALID_REQUEST); /* the same once more */
    assert_int_equal(renew(w, &w->alice, NULL, w->alice.recovery_code[0]), AK_CODE_INVALID_REQUEST);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_RECOVERY_STARTED), 0);
    assert_int_equal(renew(w, &w->alice, NULL, 50), AK_CODE_PENDING); /* the code ends what waits, too */
    uint64_t before = h_size(&w->h);
    assert_int_equal(renew(w, &w->alice, w->alice.recovery_code, 60), AK_CODE_OK);
    status_is(w, "renewed", true);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_RECOVERY_CODE_SET), 1);
    assert_int_equal(w->h.out.notice_len, 0);
    assert_int_equal(renew(w, &w->alice, w->alice.recovery_code, 61), AK_CODE_BAD_SIGNATURE);
    (void)box_notices(&w->h, before, 0, told, AK_COUNT(told), &told_count); /* for the owner's mail */
    assert_in_range(told_count, 1, AK_COUNT(told));
    const struct ak_msg_notice_item *last = &told[told_count - 1];
    assert_true(ak_span_eq(last->state, AK_SPAN_LIT("replaced")));
    assert_true(ak_span_eq(last->what, AK_SPAN_LIT("recovery-code")));
    assert_memory_equal(last->anchor, w->alice.anchor, 32);
    assert_true(is_code(w, &w->alice, next));
    h_restart(&w->h, false);
    assert_true(is_code(w, &w->alice, next));
}

/* Asked again with the same key: the first answer, and no further code. */
static void test_a_repeat_changes_nothing(void **state)
{
    struct world *w = *state;
    uint8_t next[32];
    const struct h_how how = {.key = "renew-1"};
    const struct ak_msg_recovery_code_request request =
        ask_for(&w->h, &w->alice.device, w->alice.recovery_code, 60);
    code_of(60, next);
    for (int i = 0; i < 2; i++)
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_RECOVERY_CODE, &request, &how),
            AK_CODE_OK);
    status_is(w, "done", false);
    assert_int_equal(h_count(&w->h, 0, AK_ENTRY_RECOVERY_CODE_SET), 1);
    assert_true(is_code(w, &w->alice, next));
}

/* Two devices of long standing, one of them stolen: it neither confirms nor completes what the owner began,
 * as the new code would be its own; and what it begins itself is shown, and goes with it. */
static void test_each_device_waits_for_itself(void **state)
{
    struct world *w = *state;
    struct h_person stolen;
    uint8_t next[32];
    code_of(62, next);
    h_second(&w->h, &w->alice, &stolen, 3);
    wait_for_ms(w, H_DAY_MS, &w->alice, &stolen);
    assert_int_equal(renew(w, &w->alice, NULL, 60), AK_CODE_PENDING);
    h_tick(&w->h, 1000);
    assert_int_equal(renew(w, &stolen, NULL, 61), AK_CODE_PENDING);
    assert_int_equal(renewals(w, &w->alice, &stolen.device), 2);
    assert_int_equal(cancel(w, &w->alice, &stolen.device), AK_CODE_OK);
    assert_int_equal(cancel(w, &w->alice, &stolen.device), AK_CODE_NOT_FOUND);
    assert_int_equal(renewals(w, &w->alice, &w->alice.device), 1);
    wait_for_ms(w, H_DAY_MS - 1000, &w->alice, &stolen);
    assert_int_equal(renew(w, &stolen, NULL, 61), AK_CODE_PENDING); /* from the beginning */
    assert_int_equal(renew(w, &w->alice, NULL, 62), AK_CODE_OK);
    assert_int_equal(renewals(w, &w->alice, NULL), 0); /* the other's is over, too */
    assert_true(is_code(w, &w->alice, next));
    h_restart(&w->h, true);
    assert_true(is_code(w, &w->alice, next));
    assert_int_equal(renew(w, &stolen, NULL, 63), AK_CODE_PENDING);
    struct ak_msg_device_remove_request remove = {.present = 1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE |
                                                             1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_HASH};
    memcpy(remove.id, stolen.device.jkt, 32);
    assert_int_equal(renewals(w, &w->alice, &stolen.device), 1);
    h_seal_code(&w->h, &w->alice.device, next, remove.recovery_code);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    assert_int_equal(renewals(w, &w->alice, NULL), 0);
    h_restart(&w->h, false);
    assert_int_equal(renewals(w, &w->alice, NULL), 0);
    h_device_done(&stolen.device);
}

/* A device that gives up its own rights waits for nothing any more. */
static void test_a_device_that_goes(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct ak_msg_device_remove_request remove = {0};
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(renew(w, &phone, NULL, 60), AK_CODE_PENDING);
    assert_int_equal(renewals(w, &w->alice, &phone.device), 1);
    memcpy(remove.id, phone.device.jkt, 32);
    assert_int_equal(
        h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    assert_int_equal(renewals(w, &w->alice, NULL), 0);
    h_restart(&w->h, false);
    assert_int_equal(renewals(w, &w->alice, NULL), 0);
    h_device_done(&phone.device);
}

/* A stolen device began it; the owner uses the code elsewhere: what follows that stays in force. */
static void test_a_code_that_is_used_ends_it(void **state)
{
    struct world *w = *state;
    uint8_t next[32];
    code_of(70, next);
    assert_int_equal(renew(w, &w->alice, NULL, 60), AK_CODE_PENDING);
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    struct ak_msg_account_change_request resume = {.present = 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE |
                                                              1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_HASH};
    h_seal_code(&w->h, &w->alice.device, w->alice.recovery_code, resume.recovery_code);
    ak_sha256(AK_SPAN_ARR(next), resume.recovery_hash);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_RESUME, &resume), AK_CODE_OK);
    assert_int_equal(w->h.out.notice_len, 0);
    wait_for_ms(w, H_DAY_MS, &w->alice, NULL);
    assert_int_equal(renew(w, &w->alice, NULL, 60), AK_CODE_PENDING); /* from the beginning */
    h_restart(&w->h, false);
    assert_true(is_code(w, &w->alice, next));
}

/* Whoever came in by a mailbox alone takes no code away for a while; with the code in hand one may. */
static void test_not_just_after_a_recovery(void **state)
{
    struct world *w = *state;
    struct h_person thief = {0};
    h_device(&thief.device, 34);
    assert_int_equal(box_mail(&w->h, &thief.device, alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, H_DAY_MS);
    assert_int_equal(box_mail(&w->h, &thief.device, alice, NULL), AK_CODE_OK);
    box_take_session(&w->h, &thief);
    assert_int_equal(renew(w, &thief, NULL, 60), AK_CODE_DENIED);
    assert_int_equal(renew(w, &thief, w->alice.recovery_code, 61), AK_CODE_OK);
    h_tick(&w->h, H_DAY_MS / 4 - 1);
    assert_int_equal(box_mail(&w->h, &thief.device, alice, NULL), AK_CODE_OK);
    box_take_session(&w->h, &thief);
    assert_int_equal(renew(w, &thief, NULL, 62), AK_CODE_DENIED);
    h_tick(&w->h, 1);
    assert_int_equal(renew(w, &thief, NULL, 62), AK_CODE_PENDING);
    h_device_done(&thief.device);
}

/* Whoever saw the code and has the mailbox, too, began a recovery by it. A code that is renewed now is no end
 * of that, as who has a stolen device and the code would end the owner's; and the recovery takes its own code
 * along. A second device of long standing turns it out. */
static void test_a_recovery_that_the_code_before_began(void **state)
{
    struct world *w = *state;
    struct h_person thief = {0}, phone;
    struct ak_msg_device_remove_request remove = {0};
    struct ak_msg_sign_in says = {.present = 1u << AK_SIGN_IN_RECOVERY_CODE | 1u << AK_SIGN_IN_RECOVERY_HASH};
    uint8_t mine[32], theirs[32];
    code_of(60, mine);
    code_of(80, theirs);
    h_second(&w->h, &w->alice, &phone, 3);
    wait_for_ms(w, H_DAY_MS, &w->alice, &phone);
    h_device(&thief.device, 34);
    h_seal_code(&w->h, &thief.device, w->alice.recovery_code, says.recovery_code);
    ak_sha256(AK_SPAN_ARR(theirs), says.recovery_hash);
    assert_int_equal(box_mail(&w->h, &thief.device, alice, &says), AK_CODE_PENDING);
    assert_int_equal(renew(w, &w->alice, w->alice.recovery_code, 60), AK_CODE_OK);
    assert_true(is_code(w, &w->alice, mine));
    assert_true(ak_span_starts(
        ak_span(w->h.out.notice, w->h.out.notice_len), AK_SPAN_LIT("sign-in-by-code ready_at=")));
    wait_for_ms(w, H_DAY_MS / 4, &w->alice, &phone);
    assert_int_equal(box_mail(&w->h, &thief.device, alice, &says), AK_CODE_OK);
    box_take_session(&w->h, &thief);
    assert_false(is_code(w, &w->alice, mine));
    assert_true(is_code(w, &w->alice, theirs));
    memcpy(remove.id, w->alice.device.jkt, 32);
    assert_int_equal(
        h_call(&w->h, &thief.device, h_token(&thief), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_DENIED);
    memcpy(remove.id, thief.device.jkt, 32);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_PENDING);
    assert_int_equal(
        h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    h_device_done(&thief.device);
    h_device_done(&phone.device);
}

/* I8: another account's session says nothing about this one's code. */
static void test_it_is_the_callers_own(void **state)
{
    struct world *w = *state;
    assert_int_equal(renew(w, &w->bob, w->bob.recovery_code, 60), AK_CODE_OK);
    assert_true(is_code(w, &w->alice, w->alice.recovery_code));
    const struct ak_msg_recovery_code_request request =
        ask_for(&w->h, &w->alice.device, w->alice.recovery_code, 61);
    assert_int_equal(h_call(&w->h, &w->bob.device, h_token(&w->alice), AK_CALL_RECOVERY_CODE, &request),
        AK_CODE_BAD_SIGNATURE);
    assert_int_equal(
        h_call(&w->h, &w->agent.device, h_agent_token(&w->agent), AK_CALL_RECOVERY_CODE, &request),
        AK_CODE_INVALID_TOKEN);
    assert_true(is_code(w, &w->alice, w->alice.recovery_code));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_lost_code),
        WORLD_TEST(test_by_the_code_before),
        WORLD_TEST(test_a_repeat_changes_nothing),
        WORLD_TEST(test_each_device_waits_for_itself),
        WORLD_TEST(test_a_device_that_goes),
        WORLD_TEST(test_a_code_that_is_used_ends_it),
        WORLD_TEST(test_not_just_after_a_recovery),
        WORLD_TEST(test_a_recovery_that_the_code_before_began),
        WORLD_TEST(test_it_is_the_callers_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
