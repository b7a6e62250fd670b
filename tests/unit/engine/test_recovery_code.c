/* The recovery code: sealed for the keeper and one device, used once, replaced by it; an account that was
 * never used begins again; and room for who has shown enough (I9, I10, I15). */
#include "base/crypto/sha256.h"
#include "unit/engine/account_box.h"

static const char alice[] = "alice@demo.example";

static void hash_of(uint8_t number, uint8_t out_hash[32])
{
    uint8_t code[32];
    memset(code, number, sizeof code);
    ak_sha256(AK_SPAN_ARR(code), out_hash);
}

/* What a device says that has `code`, and offers the one of that number; 0: none. */
static struct ak_msg_sign_in says_code(
    struct h *h, const struct h_device *device, const uint8_t *code, uint8_t next)
{
    struct ak_msg_sign_in says = {.present = 0};
    if (code) says.present |= 1u << AK_SIGN_IN_RECOVERY_CODE;
    if (code) h_seal_code(h, device, code, says.recovery_code);
    if (next) says.present |= 1u << AK_SIGN_IN_RECOVERY_HASH;
    if (next) hash_of(next, says.recovery_hash);
    return says;
}

static enum ak_code suspend(struct world *w, struct h_person *by)
{
    struct ak_msg_account_change_request request = {0};
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_ACCOUNT_SUSPEND, &request);
}

static enum ak_code resume(struct world *w, struct h_person *by, const uint8_t *code, uint8_t next)
{
    struct ak_msg_account_change_request request = {.present = 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE};
    h_seal_code(&w->h, &by->device, code, request.recovery_code);
    if (next) request.present |= 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_HASH;
    if (next) hash_of(next, request.recovery_hash);
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_ACCOUNT_RESUME, &request);
}

static bool has_code(struct world *w, struct h_person *person)
{
    struct ak_msg_account_reply reply;
    assert_int_equal(h_call(&w->h, &person->device, h_token(person), AK_CALL_ACCOUNT, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_account_reply_msg, &reply);
    return reply.recovery_code_set;
}

/* ---- once ---- */

static void test_a_change_uses_it_up(void **state)
{
    struct world *w = *state;
    struct ak_msg_done_reply done;
    uint8_t next[32];
    memset(next, 77, sizeof next);
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code, w->alice.recovery_code[0]),
        AK_CODE_INVALID_REQUEST); /* the same once more */
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code, 77), AK_CODE_OK);
    h_reply(&w->h, &ak_done_reply_msg, &done);
    assert_true(done.recovery_code_spent);
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    h_reply(&w->h, &ak_done_reply_msg, &done);
    assert_false(done.recovery_code_spent);
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code, 78), AK_CODE_BAD_SIGNATURE);
    h_restart(&w->h, true);
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code, 78), AK_CODE_BAD_SIGNATURE);
    assert_true(has_code(w, &w->alice));
    assert_int_equal(resume(w, &w->alice, next, 0), AK_CODE_OK);
    assert_false(has_code(w, &w->alice)); /* none was offered */
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_int_equal(resume(w, &w->alice, next, 78), AK_CODE_BAD_SIGNATURE);
    h_restart(&w->h, false);
    assert_false(has_code(w, &w->alice));
}

/* I15: sealed for one device, and whole. */
static void test_it_is_for_one_device(void **state)
{
    struct world *w = *state;
    struct ak_msg_account_change_request request = {.present = 1u << AK_ACCOUNT_CHANGE_REQUEST_RECOVERY_CODE};
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    h_seal_code(&w->h, &w->bob.device, w->alice.recovery_code, request.recovery_code);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_RESUME, &request),
        AK_CODE_BAD_SIGNATURE);
    for (size_t i = 0; i < AK_SEALED_CODE_LEN; i += 13) {
        h_seal_code(&w->h, &w->alice.device, w->alice.recovery_code, request.recovery_code);
        request.recovery_code[i] ^= 1;
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_RESUME, &request),
            AK_CODE_BAD_SIGNATURE);
    }
    memset(request.recovery_code, 0, sizeof request.recovery_code); /* a key of small order */
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT_RESUME, &request),
        AK_CODE_BAD_SIGNATURE);
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code, 9), AK_CODE_OK);
}

static void test_a_recovery_uses_it_up(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_person again = {0};
    struct h_device thief;
    struct ak_msg_sign_in_reply reply;
    h_device(&again.device, 34);
    h_device(&thief, 35);
    struct ak_msg_sign_in says = says_code(h, &again.device, w->alice.recovery_code, 80);
    assert_int_equal(box_mail(h, &thief, alice, &says), AK_CODE_BAD_SIGNATURE); /* it passed a broker */
    assert_int_equal(box_mail(h, &again.device, alice, &says), AK_CODE_PENDING);
    h_tick(h, H_DAY_MS / 4);
    says = says_code(h, &again.device, NULL, w->alice.recovery_code[0]);
    assert_int_equal(box_mail(h, &again.device, alice, &says), AK_CODE_INVALID_REQUEST);
    says = says_code(h, &again.device, NULL, 81);
    assert_int_equal(box_mail(h, &again.device, alice, &says), AK_CODE_OK);
    box_reply(h, &reply);
    assert_true(reply.recovery_hash_taken && !reply.account_new);
    box_take_session(h, &again);
    struct ak_msg_sign_in old = says_code(h, &thief, w->alice.recovery_code, 0);
    assert_int_equal(box_mail(h, &thief, alice, &old), AK_CODE_BAD_SIGNATURE);
    h_restart(h, true);
    memset(again.recovery_code, 81, 32);
    assert_int_equal(suspend(w, &again), AK_CODE_OK);
    assert_int_equal(resume(w, &again, again.recovery_code, 82), AK_CODE_OK);
    h_device_done(&again.device);
    h_device_done(&thief);
}

/* ---- an account that was opened, and no more ---- */

static enum ak_code mail_again(struct world *w, struct h_person *person, uint8_t next, bool *out_taken)
{
    struct ak_msg_sign_in_reply reply;
    struct ak_msg_sign_in says = says_code(&w->h, &person->device, NULL, next);
    enum ak_code code = box_mail(&w->h, &person->device, "carol@demo.example", &says);
    if (code) return code;
    box_reply(&w->h, &reply);
    *out_taken = reply.recovery_hash_taken;
    box_take_session(&w->h, person);
    return AK_CODE_OK;
}

static void test_an_unused_account_begins_again(void **state)
{
    struct world *w = *state;
    struct h_person carol = {0};
    struct h_device other;
    bool taken = false;
    uint8_t code[32];
    h_device(&carol.device, 30);
    h_device(&other, 31);
    assert_int_equal(mail_again(w, &carol, 50, &taken), AK_CODE_OK);
    assert_true(taken);
    assert_int_equal(mail_again(w, &carol, 0, &taken), AK_CODE_OK); /* it offers none: all stays */
    assert_false(taken);
    assert_int_equal(mail_again(w, &carol, 51, &taken), AK_CODE_OK);
    assert_true(taken);
    h_restart(&w->h, true);
    memset(code, 50, sizeof code);
    assert_int_equal(suspend(w, &carol), AK_CODE_OK);
    assert_int_equal(mail_again(w, &carol, 52, &taken), AK_CODE_OK);
    assert_false(taken); /* somebody suspended it */
    assert_int_equal(resume(w, &carol, code, 53), AK_CODE_BAD_SIGNATURE);
    memset(code, 51, sizeof code);
    assert_int_equal(resume(w, &carol, code, 53), AK_CODE_OK);
    assert_int_equal(mail_again(w, &carol, 53, &taken), AK_CODE_OK); /* what it has */
    assert_true(taken && h_count(&w->h, 0, AK_ENTRY_RECOVERY_CODE_SET) == 2);
    /* another device waits: then nothing begins again */
    assert_int_equal(box_mail(&w->h, &other, "carol@demo.example", NULL), AK_CODE_PENDING);
    assert_int_equal(mail_again(w, &carol, 54, &taken), AK_CODE_OK);
    assert_false(taken);
    h_device_done(&carol.device);
    h_device_done(&other);
}

static void test_a_used_account_does_not(void **state)
{
    struct world *w = *state;
    struct h_person carol = {0};
    struct ak_msg_sign_in_reply reply;
    bool taken = false;
    struct ak_msg_sign_in says = says_code(&w->h, &w->alice.device, NULL, 50);
    assert_int_equal(box_mail(&w->h, &w->alice.device, alice, &says), AK_CODE_OK); /* she has an agent */
    box_reply(&w->h, &reply);
    assert_false(reply.recovery_hash_taken);
    h_device(&carol.device, 30);
    assert_int_equal(mail_again(w, &carol, 50, &taken), AK_CODE_OK);
    h_tick(&w->h, H_DAY_MS / 4);
    assert_int_equal(mail_again(w, &carol, 51, &taken), AK_CODE_OK); /* a day later */
    assert_false(taken);
    h_device_done(&carol.device);
}

static void test_the_operators_socket_begins_again(void **state)
{
    struct world *w = *state;
    struct h_person dora = {0};
    struct ak_msg_session_reply reply;
    struct ak_msg_local_session_request request = {.identity = AK_SPAN_LIT("email:dora@demo.example"),
        .present = 1u << AK_LOCAL_SESSION_REQUEST_RECOVERY_HASH};
    h_device(&dora.device, 33);
    for (uint8_t i = 1; i <= 2; i++) {
        hash_of(i, request.recovery_hash);
        assert_int_equal(
            h_call(&w->h, &dora.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request), AK_CODE_OK);
        h_reply(&w->h, &ak_session_reply_msg, &reply);
        assert_true(reply.recovery_hash_taken && reply.account_new == (i == 1));
    }
    h_device_done(&dora.device);
}

/* Who recovers opens nothing by a slip of the pen. */
static void test_recovering_opens_no_account(void **state)
{
    struct world *w = *state;
    struct h_device device;
    struct ak_msg_sign_in says = {.recover = true, .present = 1u << AK_SIGN_IN_RECOVER};
    h_device(&device, 36);
    assert_int_equal(box_mail(&w->h, &device, "nobody@demo.example", &says), AK_CODE_NOT_FOUND);
    assert_int_equal(box_mail(&w->h, &device, alice, &says), AK_CODE_PENDING);
    says.recover = false;
    assert_int_equal(box_mail(&w->h, &device, "nobody@demo.example", &says), AK_CODE_OK);
    h_device_done(&device);
}

/* ---- room ---- */

static void fill(struct world *w, unsigned from)
{
    struct h_person more;
    for (unsigned i = from; i < AK_LIMIT_DEVICES; i++) {
        h_second(&w->h, &w->alice, &more, 60 + i);
        h_device_done(&more.device);
    }
}

static bool is_there(struct world *w, struct h_person *by, unsigned number)
{
    struct ak_msg_device_list_reply reply;
    struct ak_msg_device_item item;
    struct h_device device;
    bool there = false;
    h_device(&device, number);
    assert_int_equal(h_call(&w->h, &by->device, h_token(by), AK_CALL_DEVICE_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_device_list_reply_msg, &reply);
    while (ak_list_next(&reply.devices, &ak_device_item_msg, &item))
        there |= memcmp(item.device, device.jkt, 32) == 0;
    h_device_done(&device);
    return there;
}

/* A stolen device adds others until the account is full: who has the code takes the newest one's place, and
 * where all have been there for long, too. */
static void test_the_code_makes_room(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_person owner[2] = {{.token_len = 0}};
    uint8_t code[32];
    memcpy(code, w->alice.recovery_code, 32);
    for (uint8_t i = 0; i < 2; i++) {
        fill(w, i ? AK_LIMIT_DEVICES : 1);
        h_device(&owner[i].device, 50 + i);
        struct ak_msg_sign_in says = says_code(h, &owner[i].device, code, (uint8_t)(90 + i));
        assert_int_equal(box_mail(h, &owner[i].device, alice, &says), AK_CODE_PENDING);
        h_tick(h, i ? 2 * H_DAY_MS : H_DAY_MS / 4);
        assert_int_equal(box_mail(h, &owner[i].device, alice, &says), AK_CODE_OK);
        box_take_session(h, &owner[i]);
        assert_int_equal(h_count(h, 0, AK_ENTRY_DEVICE_REMOVED), i + 1);
        memset(code, 90 + i, sizeof code);
    }
    assert_false(is_there(w, &owner[1], 60 + AK_LIMIT_DEVICES - 1)); /* the newest one */
    assert_true(is_there(w, &owner[1], 60 + AK_LIMIT_DEVICES - 2));
    assert_false(is_there(w, &owner[1], 50)); /* then the first owner's: it came last */
    h_restart(h, true);
    h_device_done(&owner[0].device);
    h_device_done(&owner[1].device);
}

/* ---- cancelling ---- */

/* A stolen device spends the account's changes, and its own cancelling: the owner still cancels. */
static void test_cancelling_is_each_devices_own(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_person stolen;
    struct h_device thief;
    struct ak_msg_agent_policy_request policy = {
        .label = AK_SPAN_LIT("agent-1"), .rate = 30, .present = 1u << AK_AGENT_POLICY_REQUEST_RATE};
    enum ak_code code = AK_CODE_OK;
    h_second(h, &w->alice, &stolen, 40);
    h_device(&thief, 41);
    assert_int_equal(box_mail(h, &thief, alice, NULL), AK_CODE_PENDING);
    for (unsigned i = 0; i < 2 * AK_ENGINE_CONTROL_PER_MINUTE && code == AK_CODE_OK; i++)
        code = h_call(h, &stolen.device, h_token(&stolen), AK_CALL_AGENT_POLICY, &policy);
    assert_int_equal(code, AK_CODE_RATE_LIMIT_EXCEEDED);
    unsigned cancelled = 0;
    for (code = AK_CODE_OK; code == AK_CODE_OK && cancelled <= AK_ENGINE_CANCELS_PER_MINUTE; cancelled++) {
        assert_int_equal(box_remove_device(&w->h, &stolen, &w->alice.device, NULL), AK_CODE_PENDING);
        code = box_cancel(&w->h, &stolen, "device-remove", w->alice.device.jkt);
    }
    assert_int_equal(code, AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(cancelled, AK_ENGINE_CANCELS_PER_MINUTE + 1);
    assert_int_equal(box_cancel(&w->h, &w->alice, "device-remove", w->alice.device.jkt), AK_CODE_OK);
    assert_int_equal(box_cancel(&w->h, &w->alice, "sign-in", thief.jkt), AK_CODE_OK);
    assert_int_equal(h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_AGENT_POLICY, &policy),
        AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(box_remove_device(&w->h, &w->alice, &stolen.device, w->alice.recovery_code), AK_CODE_OK);
    h_device_done(&stolen.device);
    h_device_done(&thief);
}

/* ---- waiting, and what comes in between ---- */

/* A clock that is pushed forward, while the keeper runs or while it does not, brings no device in sooner. */
static void test_a_clock_pushed_forward(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_device thief;
    h_device(&thief, 41);
    assert_int_equal(box_mail(h, &thief, alice, NULL), AK_CODE_PENDING);
    h->wall_ms += 30 * H_DAY_MS; /* it runs: only the monotonic clock counts */
    h_tick(h, 1000);
    h->wall_ms -= 30 * H_DAY_MS;
    assert_int_equal(box_mail(h, &thief, alice, NULL), AK_CODE_PENDING);
    for (int i = 0; i < 2; i++) { /* it was off for a month, in order or not: nobody saw that time */
        ak_engine_stop(h->engine);
        h_settle(h);
        h->wall_ms += 30 * H_DAY_MS;
        h_restart(h, i == 0);
        h_tick(h, 1000);
        assert_int_equal(box_mail(h, &thief, alice, NULL), AK_CODE_PENDING);
    }
    h_tick(h, H_DAY_MS);
    assert_int_equal(box_mail(h, &thief, alice, NULL), AK_CODE_OK);
    h_device_done(&thief);
}

/* Cancelled in the moment it is due, or done in the moment it is cancelled: one of the two, for good. */
static void test_cancelled_and_done_at_once(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_device one, two;
    struct h_person owner = {0};
    h_device(&one, 41);
    h_device(&two, 42);
    h_device(&owner.device, 43);
    assert_int_equal(box_mail(h, &one, alice, NULL), AK_CODE_PENDING);
    assert_int_equal(box_mail(h, &two, alice, NULL), AK_CODE_PENDING);
    assert_int_equal(box_mail(h, &owner.device, alice, NULL), AK_CODE_PENDING);
    h_tick(h, H_DAY_MS);
    assert_int_equal(h_sign_in(h, &w->alice, "alice"), AK_CODE_OK);
    assert_int_equal(box_cancel(&w->h, &w->alice, "sign-in", one.jkt), AK_CODE_OK);
    assert_int_equal(box_mail(h, &one, alice, NULL), AK_CODE_PENDING); /* from the beginning */
    assert_int_equal(box_mail(h, &owner.device, alice, NULL), AK_CODE_OK);
    box_take_session(h, &owner);
    assert_int_equal(box_cancel(&w->h, &w->alice, "sign-in", owner.device.jkt), AK_CODE_NOT_FOUND);
    assert_int_equal(
        box_cancel(&w->h, &owner, "sign-in", two.jkt), AK_CODE_OK); /* one that came in cancels, too */
    assert_int_equal(box_mail(h, &two, alice, NULL), AK_CODE_PENDING);
    h_restart(h, true);
    assert_int_equal(box_mail(h, &one, alice, NULL), AK_CODE_PENDING);
    h_device_done(&one);
    h_device_done(&two);
    h_device_done(&owner.device);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_change_uses_it_up),
        WORLD_TEST(test_it_is_for_one_device),
        WORLD_TEST(test_a_recovery_uses_it_up),
        WORLD_TEST(test_an_unused_account_begins_again),
        WORLD_TEST(test_a_used_account_does_not),
        WORLD_TEST(test_the_operators_socket_begins_again),
        WORLD_TEST(test_recovering_opens_no_account),
        WORLD_TEST(test_the_code_makes_room),
        WORLD_TEST(test_cancelling_is_each_devices_own),
        WORLD_TEST(test_a_clock_pushed_forward),
        WORLD_TEST(test_cancelled_and_done_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
