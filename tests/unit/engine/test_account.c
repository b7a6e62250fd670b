/* The account as a whole: sessions, devices, suspending, what waits, logout (I5, I9). */
#include "base/crypto/sha256.h"
#include "unit/engine/sign_in_box.h"
#include "unit/engine/world.h"

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

static enum ak_code remove_device(
    struct world *w, struct h_person *by, const struct h_device *which, const uint8_t *recovery)
{
    struct ak_msg_device_remove_request request = {0};
    memcpy(request.id, which->jkt, 32);
    if (recovery) {
        h_seal_code(&w->h, &by->device, recovery, request.recovery_code);
        request.present = 1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE;
    }
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_DEVICE_REMOVE, &request);
}

static enum ak_code cancel(
    struct world *w, struct h_person *by, const char *what, const struct h_device *which)
{
    struct ak_msg_recovery_cancel_request request = {.what = ak_span_str(what)};
    if (which) {
        memcpy(request.device, which->jkt, 32);
        request.present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE;
    }
    return h_call(&w->h, &by->device, h_token(by), AK_CALL_RECOVERY_CANCEL, &request);
}

static size_t waiting(struct world *w, struct h_person *by)
{
    struct ak_msg_recovery_list_reply reply;
    struct ak_msg_recovery_item item;
    size_t count = 0;
    assert_int_equal(h_call(&w->h, &by->device, h_token(by), AK_CALL_RECOVERY_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_recovery_list_reply_msg, &reply);
    while (ak_list_next(&reply.items, &ak_recovery_item_msg, &item)) count++;
    return count;
}

static void refresh(struct world *w, struct h_person *person)
{
    assert_int_equal(h_sign_in(&w->h, person, "alice"), AK_CODE_OK);
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

/* ---- sessions ---- */

static void test_local_sessions(void **state)
{
    struct world *w = *state;
    const struct {
        const char *identity;
        enum ak_code code;
    } rows[] = {
        {"email:alice@demo.example", AK_CODE_OK},
        {"email:Alice@demo.example", AK_CODE_INVALID_REQUEST},
        {"alice@demo.example", AK_CODE_INVALID_REQUEST},
        {"phone:1234", AK_CODE_INVALID_REQUEST},
        {"email:", AK_CODE_INVALID_REQUEST},
        {"email:bob@demo.example", AK_CODE_DEVICE_NOT_ENROLLED},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct ak_msg_local_session_request request = {.identity = ak_span_str(rows[i].identity)};
        assert_int_equal(
            h_call(&w->h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request), rows[i].code);
    }
    struct ak_msg_local_session_request request = {.identity = AK_SPAN_LIT("email:carol@demo.example")};
    for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_PLAIN; transport++) {
        if (transport == AK_TRANSPORT_OPERATOR) continue;
        struct h_how how = {.transport = transport};
        assert_int_equal(
            h_call_how(&w->h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request, &how),
            AK_CODE_NOT_FOUND);
    }
    assert_int_equal(
        h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request), AK_CODE_PROOF_REQUIRED);
}

static void test_local_sign_in_off(void **state)
{
    (void)state;
    static struct h h;
    struct ak_engine_conf conf = h_conf();
    struct h_device device;
    conf.sign_in_local = false;
    h_open_with(&h, &conf);
    h_device(&device, 1);
    struct ak_msg_local_session_request request = {.identity = AK_SPAN_LIT("email:carol@demo.example")};
    assert_int_equal(h_call(&h, &device, AK_SPAN_EMPTY, AK_CALL_LOCAL_SESSION, &request), AK_CODE_NOT_FOUND);
    h_device_done(&device);
    h_close(&h);
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

static void test_logout(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_INVALID_TOKEN);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_OK);
    h_restart(&w->h, true);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_INVALID_TOKEN);
    refresh(w, &w->alice);
    assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
    h_device_done(&phone.device);
}

/* Sign in and out again within one second: each logout ends every session before it. */
static void test_logout_twice_in_a_second(void **state)
{
    struct world *w = *state;
    struct h_person old[5];
    h_tick(&w->h, 250);
    for (size_t i = 0; i < AK_COUNT(old); i++) {
        old[i] = w->alice;
        assert_int_equal(
            h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
        h_tick(&w->h, 10);
        refresh(w, &w->alice);
        assert_int_equal(h_person_sign(&w->h, &w->alice, "x"), AK_CODE_OK);
        for (size_t k = 0; k <= i; k++)
            assert_int_equal(h_person_sign(&w->h, &old[k], "x"), AK_CODE_INVALID_TOKEN);
    }
    h_restart(&w->h, true);
    for (size_t k = 0; k < AK_COUNT(old); k++)
        assert_int_equal(h_person_sign(&w->h, &old[k], "x"), AK_CODE_INVALID_TOKEN);
}

/* A logout at a full second, with the session of that very second. */
static void test_logout_on_the_second(void **state)
{
    struct world *w = *state;
    struct h_person old = w->alice;
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_LOGOUT, NULL), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &old, "x"), AK_CODE_INVALID_TOKEN);
}

/* ---- suspending the account ---- */

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
    assert_int_equal(remove_device(w, &w->alice, &w->alice.device, NULL), AK_CODE_ALREADY_DONE);
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
    assert_int_equal(waiting(w, &w->alice), 0);
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    /* the code that ends what was waiting */
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    assert_int_equal(waiting(w, &w->alice), 1);
    assert_int_equal(resume(w, &w->alice, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(waiting(w, &w->alice), 0);
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
    assert_int_equal(waiting(w, &w->alice), 1);
    for (int i = 0; i < 12; i++) h_tick(&w->h, 3600000);
    refresh(w, &w->alice); /* the newest entry says how long this run was seen */
    h_restart(&w->h, true);
    w->h.wall_ms += 30 * H_DAY_MS; /* it was off for a month */
    h_restart(&w->h, true);
    refresh(w, &w->alice);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, 12 * 3600000 - 1);
    refresh(w, &w->alice);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, 1);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_OK);
    assert_int_equal(w->h.out.notice_len, 0);
    h_restart(&w->h, true);
}

/* Seen time passes; sessions are made anew. */
static void wait_for_ms(struct world *w, uint64_t ms, struct h_person *one, struct h_person *two)
{
    for (; ms > 3600000; ms -= 3600000) h_tick(&w->h, 3600000);
    h_tick(&w->h, ms);
    refresh(w, one);
    refresh(w, two);
}

static void test_resume_by_a_second_device(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    h_second(&w->h, &w->alice, &phone, 3);
    wait_for_ms(w, H_DAY_MS, &w->alice, &phone);
    assert_int_equal(suspend(w, &w->alice), AK_CODE_OK);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING);
    assert_int_equal(resume(w, &w->alice, NULL), AK_CODE_PENDING); /* the same one confirms nothing */
    assert_int_equal(resume(w, &phone, NULL), AK_CODE_OK);
    assert_int_equal(waiting(w, &phone), 0);
    h_device_done(&phone.device);
}

/* ---- devices ---- */

static void test_device_list(void **state)
{
    struct world *w = *state;
    struct h_person phone;
    struct ak_msg_device_list_reply reply;
    struct ak_msg_device_item item;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(h_call(&w->h, &phone.device, h_token(&phone), AK_CALL_DEVICE_LIST, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_device_list_reply_msg, &reply);
    assert_true(ak_list_next(&reply.devices, &ak_device_item_msg, &item));
    assert_true(item.current && ak_span_eq(item.name, AK_SPAN_LIT("phone")));
    assert_memory_equal(item.device, phone.device.jkt, 32);
    assert_true(ak_list_next(&reply.devices, &ak_device_item_msg, &item));
    assert_true(!item.current && ak_span_eq(item.name, AK_SPAN_LIT("laptop")));
    assert_false(ak_list_next(&reply.devices, &ak_device_item_msg, &item));
    h_restart(&w->h, true);
    h_device_done(&phone.device);
}

static void test_remove_devices(void **state)
{
    struct world *w = *state;
    struct h_person phone, tablet;
    assert_int_equal(remove_device(w, &w->alice, &w->alice.device, NULL), AK_CODE_ALREADY_DONE);
    assert_int_equal(remove_device(w, &w->alice, &w->bob.device, NULL), AK_CODE_NOT_FOUND);
    h_second(&w->h, &w->alice, &phone, 3);
    h_second(&w->h, &w->alice, &tablet, 4);
    /* one's own, at once */
    assert_int_equal(remove_device(w, &tablet, &tablet.device, NULL), AK_CODE_OK);
    assert_true(w->h.out.wait & AK_WAIT_SEALED);
    assert_int_equal(h_person_sign(&w->h, &tablet, "x"), AK_CODE_DEVICE_NOT_ENROLLED);
    assert_int_equal(remove_device(w, &w->alice, &tablet.device, NULL), AK_CODE_NOT_FOUND);
    /* another's: waits, or a second device, or the code */
    assert_int_equal(remove_device(w, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_OK);
    assert_true(w->h.out.notice_len > 0); /* every device is shown it */
    assert_int_equal(cancel(w, &phone, "device-remove", &w->alice.device), AK_CODE_NOT_FOUND);
    assert_int_equal(cancel(w, &phone, "device-remove", NULL), AK_CODE_NOT_FOUND);
    assert_int_equal(cancel(w, &phone, "nothing", NULL), AK_CODE_NOT_FOUND);
    assert_int_equal(cancel(w, &phone, "device-remove", &phone.device), AK_CODE_OK);
    assert_int_equal(waiting(w, &phone), 0);
    uint8_t wrong[32] = {1};
    assert_int_equal(remove_device(w, &w->alice, &phone.device, wrong), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(remove_device(w, &w->alice, &phone.device, w->alice.recovery_code), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_DEVICE_NOT_ENROLLED);
    h_restart(&w->h, false);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_DEVICE_NOT_ENROLLED);
    h_device_done(&phone.device);
    h_device_done(&tablet.device);
}

static void test_remove_confirmed_by_a_second_device(void **state)
{
    struct world *w = *state;
    struct h_person phone, tablet;
    h_second(&w->h, &w->alice, &phone, 3);
    h_second(&w->h, &w->alice, &tablet, 4);
    wait_for_ms(w, H_DAY_MS, &w->alice, &tablet);
    refresh(w, &phone);
    assert_int_equal(remove_device(w, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(remove_device(w, &tablet, &phone.device, NULL), AK_CODE_OK);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_DEVICE_NOT_ENROLLED);
    assert_int_equal(waiting(w, &w->alice), 0);
    h_device_done(&phone.device);
    h_device_done(&tablet.device);
}

/* A stolen device enrols another one and asks with both, in either order: no second voice before the new one
 * has been there for the waiting time, a stop not counted (I7). */
static void test_a_young_device_confirms_nothing(void **state)
{
    struct world *w = *state;
    struct h_person thief, phone;
    h_second(&w->h, &w->alice, &phone, 3);
    wait_for_ms(w, 3 * H_DAY_MS, &w->alice, &phone);
    h_second(&w->h, &w->alice, &thief, 4);
    assert_int_equal(remove_device(w, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(remove_device(w, &thief, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(cancel(w, &phone, "device-remove", &phone.device), AK_CODE_OK);
    assert_int_equal(remove_device(w, &thief, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(remove_device(w, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(cancel(w, &phone, "device-remove", &phone.device), AK_CODE_OK);
    w->h.wall_ms += 30 * H_DAY_MS;
    h_restart(&w->h, true);
    wait_for_ms(w, H_DAY_MS - 1, &w->alice, &thief);
    assert_int_equal(remove_device(w, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    assert_int_equal(remove_device(w, &thief, &phone.device, NULL), AK_CODE_PENDING);
    h_tick(&w->h, 1);
    assert_int_equal(remove_device(w, &thief, &phone.device, NULL), AK_CODE_OK);
    h_device_done(&thief.device);
    h_device_done(&phone.device);
}

/* A device that left by itself leaves nothing waiting; if it comes back, nobody may throw it out for that.
 * And its sessions of before stay over. */
static void test_a_device_that_comes_back(void **state)
{
    struct world *w = *state;
    struct h_person phone, again;
    h_second(&w->h, &w->alice, &phone, 3);
    assert_int_equal(remove_device(w, &w->alice, &phone.device, NULL), AK_CODE_PENDING);
    for (int i = 0; i < 24; i++) h_tick(&w->h, 3600000);
    refresh(w, &w->alice);
    refresh(w, &phone);
    assert_int_equal(remove_device(w, &phone, &phone.device, NULL), AK_CODE_OK);
    assert_int_equal(waiting(w, &w->alice), 0);
    h_second(&w->h, &w->alice, &again, 3);
    assert_int_equal(h_person_sign(&w->h, &phone, "x"), AK_CODE_INVALID_TOKEN);
    assert_int_equal(h_person_sign(&w->h, &again, "x"), AK_CODE_OK);
    assert_int_equal(remove_device(w, &w->alice, &again.device, NULL), AK_CODE_PENDING);
    h_restart(&w->h, true);
    h_device_done(&phone.device);
    h_device_done(&again.device);
}

static void test_device_limits(void **state)
{
    struct world *w = *state;
    static struct h_person more[AK_LIMIT_DEVICES];
    for (unsigned i = 1; i < AK_LIMIT_DEVICES; i++) h_second(&w->h, &w->alice, &more[i], 100 + i);
    struct ak_msg_device_request request = {.name = AK_SPAN_LIT("one more")};
    struct ak_msg_pair_reply asked;
    memcpy(request.account, w->alice.anchor, 32);
    assert_int_equal(
        h_call(&w->h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request yes = {.kind = AK_SPAN_LIT("device"), .label = request.name};
    memcpy(yes.request_id, asked.request_id, 16);
    memcpy(yes.device, w->bob.device.jkt, 32);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, &yes),
        AK_CODE_STORAGE_FULL);
    /* a list of all of them fits its answer; eight removals wait, the ninth does not */
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_LIST, NULL), AK_CODE_OK);
    for (unsigned i = 1; i <= AK_STATE_CHANGES_ACCOUNT; i++)
        assert_int_equal(remove_device(w, &w->alice, &more[i].device, NULL), AK_CODE_PENDING);
    assert_int_equal(remove_device(w, &w->alice, &more[20].device, NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(waiting(w, &w->alice), AK_STATE_CHANGES_ACCOUNT);
    assert_true(w->h.out.notice_len <= AK_FRAME_NOTICE_MAX);
    struct ak_span notice = ak_span(w->h.out.notice, w->h.out.notice_len);
    assert_true(notice.ptr[notice.len - 1] >= '0' && notice.ptr[notice.len - 1] <= '9'); /* no item is cut */
    h_restart(&w->h, true);
    for (unsigned i = 1; i < AK_LIMIT_DEVICES; i++) h_device_done(&more[i].device);
    /* recoveries have places of their own, and are shown before all of these (I9) */
    for (unsigned i = 1; i <= AK_STATE_RECOVERIES_ACCOUNT; i++) {
        struct h_device stranger;
        h_device(&stranger, 200 + i);
        assert_int_equal(box_mail(&w->h, &stranger, "alice@demo.example", NULL), AK_CODE_PENDING);
        h_device_done(&stranger);
    }
    assert_int_equal(waiting(w, &w->alice), AK_STATE_WAITING_ACCOUNT);
    assert_memory_equal(w->h.out.notice, "sign-in ready_at=", 17);
    assert_int_equal(remove_device(w, &w->alice, &more[20].device, NULL), AK_CODE_RATE_LIMIT_EXCEEDED);
    assert_int_equal(cancel(w, &w->alice, "device-remove", &more[1].device), AK_CODE_OK);
    assert_int_equal(remove_device(w, &w->alice, &more[20].device, NULL), AK_CODE_PENDING);
}

/* A device is not enrolled twice, and takes no scope. */
static void test_device_approvals(void **state)
{
    struct world *w = *state;
    struct ak_msg_device_request request = {.name = AK_SPAN_LIT("laptop")};
    struct ak_msg_pair_reply asked;
    memcpy(request.account, w->alice.anchor, 32);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
    h_reply(&w->h, &ak_pair_reply_msg, &asked);
    struct ak_msg_pair_approve_request yes = {.kind = AK_SPAN_LIT("device"), .label = request.name};
    memcpy(yes.request_id, asked.request_id, 16);
    memcpy(yes.device, w->alice.device.jkt, 32);
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, &yes),
        AK_CODE_ALREADY_EXISTS);
    yes.scope = AK_SPAN_LIT("openrouter");
    yes.present = 1u << AK_PAIR_APPROVE_REQUEST_SCOPE;
    assert_int_equal(h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_PAIR_APPROVE, &yes),
        AK_CODE_INVALID_REQUEST);
    /* an anchor that nobody has: asked for, and found by nobody */
    memset(request.account, 0x11, 32);
    assert_int_equal(
        h_call(&w->h, &w->agent.device, AK_SPAN_EMPTY, AK_CALL_DEVICE_REQUEST, &request), AK_CODE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_read_back),
        WORLD_TEST(test_local_sessions),
        WORLD_TEST(test_local_sign_in_off),
        WORLD_TEST(test_one_device_two_accounts),
        WORLD_TEST(test_logout),
        WORLD_TEST(test_logout_twice_in_a_second),
        WORLD_TEST(test_logout_on_the_second),
        WORLD_TEST(test_suspend_the_account),
        WORLD_TEST(test_suspended_account_gives_nothing),
        WORLD_TEST(test_resume_by_code),
        WORLD_TEST(test_resume_by_waiting),
        WORLD_TEST(test_resume_by_a_second_device),
        WORLD_TEST(test_device_list),
        WORLD_TEST(test_remove_devices),
        WORLD_TEST(test_remove_confirmed_by_a_second_device),
        WORLD_TEST(test_a_young_device_confirms_nothing),
        WORLD_TEST(test_a_device_that_comes_back),
        WORLD_TEST(test_device_limits),
        WORLD_TEST(test_device_approvals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
