/* Signing in by the broker's word: new accounts, enrolled devices, recoveries that every device is shown, and
 * what such a word cannot do (I9, I10, I15, I20). */
#include "base/crypto/sha256.h"
#include "unit/engine/account_box.h"

static const char alice[] = "alice@demo.example";

static enum ak_code about(
    struct h *h, struct h_person *person, unsigned call, const char *what, const struct h_device *device)
{
    struct ak_msg_recovery_cancel_request request = {
        .what = ak_span_str(what), .present = 1u << AK_RECOVERY_CANCEL_REQUEST_DEVICE};
    memcpy(request.device, device->jkt, 32);
    return h_call(h, &person->device, h_token(person), call, &request);
}

static bool notice_says(const struct h *h, const char *what)
{
    return h->out.notice_len > 0 && memmem(h->out.notice, h->out.notice_len, what, strlen(what)) != NULL;
}

static struct ak_msg_sign_in with_code(
    struct h *h, const struct h_person *person, const struct h_device *device)
{
    struct ak_msg_sign_in says = {.present = 1u << AK_SIGN_IN_RECOVERY_CODE};
    h_seal_code(h, device, person->recovery_code, says.recovery_code);
    return says;
}

static void test_a_new_identity_opens_an_account(void **state)
{
    struct world *w = *state;
    struct h_person carol = {0};
    struct ak_msg_account_reply account;
    struct ak_msg_sign_in_reply reply;
    struct ak_msg_sign_in says = {.device_name = AK_SPAN_LIT("carol's laptop"),
        .present = 1u << AK_SIGN_IN_DEVICE_NAME | 1u << AK_SIGN_IN_RECOVERY_HASH};
    h_device(&carol.device, 30);
    memset(carol.recovery_code, 9, 32);
    ak_sha256(AK_SPAN_ARR(carol.recovery_code), says.recovery_hash);
    assert_int_equal(box_mail(&w->h, &carol.device, "carol@demo.example", &says), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_true(reply.account_new && reply.device_count == 1);
    assert_true(ak_span_eq(reply.identity_value, AK_SPAN_LIT("carol@demo.example")));
    box_take_session(&w->h, &carol);
    assert_int_equal(h_call(&w->h, &carol.device, h_token(&carol), AK_CALL_ACCOUNT, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_account_reply_msg, &account);
    assert_true(account.recovery_code_set && account.device_count == 1);
    assert_true(reply.recovery_hash_taken);
    /* and again, on the same device: a session, nothing new */
    says.present = 1u << AK_SIGN_IN_DEVICE_NAME;
    assert_int_equal(box_mail(&w->h, &carol.device, "carol@demo.example", &says), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_false(reply.account_new || reply.recovery_hash_taken);
    assert_memory_equal(reply.anchor, carol.anchor, 32);
    h_device_done(&carol.device);
}

static void test_another_device_waits_and_every_device_is_shown_it(void **state)
{
    struct world *w = *state;
    struct h_person thief = {0};
    struct ak_msg_sign_in_reply reply;
    h_device(&thief.device, 31);
    assert_int_equal(box_mail(&w->h, &thief.device, alice, NULL), AK_CODE_PENDING);
    box_reply(&w->h, &reply);
    assert_true(ak_span_eq(reply.state, AK_SPAN_LIT("recovery_pending")) && reply.session_jwt.len == 0);
    assert_int_equal(reply.ready_at, (w->h.wall_ms + H_DAY_MS) / 1000);
    assert_int_equal(w->h.out.notice_len, 0); /* a stranger is told nothing else */
    /* I9: shown on the next answer to the device, and to the agent */
    assert_int_equal(box_waiting(&w->h, &w->alice), 1);
    assert_true(notice_says(&w->h, "sign-in ready_at="));
    assert_int_equal(h_agent_sign(&w->h, &w->agent, "x"), AK_CODE_OK);
    assert_true(notice_says(&w->h, "sign-in ready_at="));
    /* asking again changes nothing, and neither does a restart */
    assert_int_equal(box_mail(&w->h, &thief.device, alice, NULL), AK_CODE_PENDING);
    h_restart(&w->h, true);
    assert_int_equal(box_waiting(&w->h, &w->alice), 1);
    /* cancelled: the same device begins anew */
    assert_int_equal(about(&w->h, &w->alice, AK_CALL_RECOVERY_CANCEL, "sign-in", &thief.device), AK_CODE_OK);
    assert_int_equal(box_waiting(&w->h, &w->alice), 0);
    h_tick(&w->h, H_DAY_MS);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    assert_int_equal(box_mail(&w->h, &thief.device, alice, NULL), AK_CODE_PENDING);
    h_device_done(&thief.device);
}

static void test_after_the_wait_the_device_is_enrolled(void **state)
{
    struct world *w = *state;
    struct h_person again = {0};
    struct ak_msg_device_remove_request remove = {0};
    h_device(&again.device, 32);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, H_DAY_MS - 1000);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, 2000);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_OK);
    box_take_session(&w->h, &again);
    assert_memory_equal(again.anchor, w->alice.anchor, 32);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    assert_int_equal(box_waiting(&w->h, &w->alice), 0);
    /* for a while it removes no other device, not even with the recovery code; then as any */
    memcpy(remove.id, w->alice.device.jkt, 32);
    h_seal_code(&w->h, &again.device, w->alice.recovery_code, remove.recovery_code);
    remove.present = 1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE;
    assert_int_equal(
        h_call(&w->h, &again.device, h_token(&again), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_DENIED);
    h_restart(&w->h, true); /* I7: a restart does not shorten it */
    assert_int_equal(
        h_call(&w->h, &again.device, h_token(&again), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_DENIED);
    h_tick(&w->h, H_DAY_MS / 4);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_OK);
    box_take_session(&w->h, &again);
    assert_int_equal(
        h_call(&w->h, &again.device, h_token(&again), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    h_device_done(&again.device);
}

static void test_being_seen_shortens_the_wait(void **state)
{
    struct world *w = *state;
    struct h_person again = {0};
    h_device(&again.device, 33);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_PENDING);
    assert_int_equal(
        about(&w->h, &w->bob, AK_CALL_RECOVERY_SEEN, "sign-in", &again.device), AK_CODE_NOT_FOUND);
    assert_int_equal(about(&w->h, &w->alice, AK_CALL_RECOVERY_SEEN, "sign-in", &again.device), AK_CODE_OK);
    assert_int_equal(
        about(&w->h, &w->alice, AK_CALL_RECOVERY_SEEN, "sign-in", &again.device), AK_CODE_ALREADY_DONE);
    h_restart(&w->h, true);
    h_tick(&w->h, H_DAY_MS / 4 - 1000);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, 2000);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_OK);
    h_device_done(&again.device);
}

static void test_with_the_code_it_is_short_and_not_cancelled(void **state)
{
    struct world *w = *state;
    struct h_person again = {0};
    h_device(&again.device, 34);
    struct ak_msg_sign_in says = with_code(&w->h, &w->alice, &again.device);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_PENDING);
    says.recovery_code[AK_SEALED_CODE_LEN - 1] ^= 1;
    assert_int_equal(box_mail(&w->h, &again.device, alice, &says), AK_CODE_BAD_SIGNATURE);
    says.recovery_code[AK_SEALED_CODE_LEN - 1] ^= 1;
    assert_int_equal(box_mail(&w->h, &again.device, alice, &says), AK_CODE_PENDING);
    assert_int_equal(box_waiting(&w->h, &w->alice), 1); /* in place of the one without the code */
    assert_true(notice_says(&w->h, "sign-in-by-code ready_at="));
    assert_int_equal(
        about(&w->h, &w->alice, AK_CALL_RECOVERY_CANCEL, "sign-in-by-code", &again.device), AK_CODE_DENIED);
    h_tick(&w->h, H_DAY_MS / 4);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_OK); /* the code was shown once */
    box_take_session(&w->h, &again);
    assert_memory_equal(again.anchor, w->alice.anchor, 32);
    h_device_done(&again.device);
}

static void test_a_few_recoveries_at_a_time(void **state)
{
    struct world *w = *state;
    struct h_device device;
    for (unsigned i = 0; i < 5; i++) {
        h_device(&device, 40 + i);
        assert_int_equal(
            box_mail(&w->h, &device, alice, NULL), i < 4 ? AK_CODE_PENDING : AK_CODE_RATE_LIMIT_EXCEEDED);
        h_device_done(&device);
    }
    struct h_person phone; /* what the owner's devices start has room yet */
    h_second(&w->h, &w->alice, &phone, 50);
    struct ak_msg_device_remove_request remove = {0};
    memcpy(remove.id, phone.device.jkt, 32);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_PENDING);
    h_device_done(&phone.device);
}

static void spend_changes(struct h *h, struct h_person *person)
{
    struct ak_msg_agent_policy_request request = {
        .label = AK_SPAN_LIT("agent-1"), .rate = 30, .present = 1u << AK_AGENT_POLICY_REQUEST_RATE};
    enum ak_code code = AK_CODE_OK;
    for (unsigned i = 0; i < 2 * AK_ENGINE_CONTROL_PER_MINUTE && code == AK_CODE_OK; i++)
        code = h_call(h, &person->device, h_token(person), AK_CALL_AGENT_POLICY, &request);
    assert_int_equal(code, AK_CODE_RATE_LIMIT_EXCEEDED);
}

/* A stolen device that spends the account's changes stops nobody who has the code, neither at the beginning
 * nor, between the entries, at the end. */
static void test_spent_changes_stop_no_recovery_by_code(void **state)
{
    struct world *w = *state;
    struct h_person again = {0};
    h_device(&again.device, 39);
    struct ak_msg_sign_in says = with_code(&w->h, &w->alice, &again.device);
    spend_changes(&w->h, &w->alice);
    assert_int_equal(box_mail(&w->h, &again.device, alice, &says), AK_CODE_PENDING);
    h_tick(&w->h, H_DAY_MS / 4);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    spend_changes(&w->h, &w->alice);
    assert_int_equal(box_mail(&w->h, &again.device, alice, NULL), AK_CODE_OK);
    box_take_session(&w->h, &again);
    h_device_done(&again.device);
}

/* A device that was let in otherwise recovers nothing any more: removed later, it waits as long as any. */
static void test_a_recovery_ends_with_the_devices_enrolment(void **state)
{
    struct world *w = *state;
    struct h_person tablet;
    struct h_device same;
    struct ak_msg_device_remove_request remove = {.present = 1u << AK_DEVICE_REMOVE_REQUEST_RECOVERY_CODE};
    h_device(&same, 38);
    assert_int_equal(box_mail(&w->h, &same, alice, NULL), AK_CODE_PENDING);
    h_second(&w->h, &w->alice, &tablet, 38);
    assert_memory_equal(tablet.device.jkt, same.jkt, 32);
    assert_int_equal(box_waiting(&w->h, &w->alice), 0);
    h_tick(&w->h, H_DAY_MS);
    assert_int_equal(h_sign_in(&w->h, &w->alice, "alice"), AK_CODE_OK);
    memcpy(remove.id, same.jkt, 32);
    h_seal_code(&w->h, &w->alice.device, w->alice.recovery_code, remove.recovery_code);
    assert_int_equal(
        h_call(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_DEVICE_REMOVE, &remove), AK_CODE_OK);
    assert_int_equal(box_mail(&w->h, &same, alice, NULL), AK_CODE_PENDING);
    h_device_done(&same);
    h_device_done(&tablet.device);
}

/* I10: of an answer from a clock that is ahead, too, whose minutes begin after it was used. */
static void test_an_early_answer_works_once(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    h_tick(h, 300000 - h->wall_ms % 300000 - 5000);
    struct ak_identity_answer answer = box_answer(h, &w->alice.device, alice);
    answer.iat += AK_IDENTITY_ANSWER_EARLY_SECS;
    answer.exp += AK_IDENTITY_ANSWER_EARLY_SECS;
    assert_int_equal(box_pass(h, &w->alice.device, &answer, NULL, NULL), AK_CODE_OK);
    h_tick(h, 10000);
    assert_int_equal(box_pass(h, &w->alice.device, &answer, NULL, NULL), AK_CODE_ALREADY_CONSUMED);
}

/* Final ones push out only those that have shown less; where all places are of final ones, one more waits. */
static void test_as_many_with_the_code(void **state)
{
    struct world *w = *state;
    struct h_device device;
    for (unsigned i = 0; i < 5; i++) {
        h_device(&device, 40 + i);
        struct ak_msg_sign_in says = with_code(&w->h, &w->alice, &device);
        assert_int_equal(
            box_mail(&w->h, &device, alice, &says), i < 4 ? AK_CODE_PENDING : AK_CODE_RATE_LIMIT_EXCEEDED);
        h_device_done(&device);
    }
}

/* An account has as many devices as it may have: a recovery that is due adds none. */
static void test_no_device_too_many(void **state)
{
    struct world *w = *state;
    struct h_person more;
    struct h_device lost;
    for (unsigned i = 1; i < AK_LIMIT_DEVICES; i++) {
        h_second(&w->h, &w->alice, &more, 60 + i);
        h_device_done(&more.device);
    }
    h_device(&lost, 50);
    assert_int_equal(box_mail(&w->h, &lost, alice, NULL), AK_CODE_PENDING);
    h_tick(&w->h, H_DAY_MS);
    assert_int_equal(box_mail(&w->h, &lost, alice, NULL), AK_CODE_ALREADY_DONE);
    h_device_done(&lost);
}

/* I10: an answer works once; I9, I20: for its device, this issuer and this broker only, and in its minute. */
static void test_answers_are_for_one_device_and_once(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_identity_answer answer = box_answer(h, &w->alice.device, alice);
    assert_int_equal(box_pass(h, &w->alice.device, &answer, NULL, NULL), AK_CODE_OK);
    assert_int_equal(box_pass(h, &w->alice.device, &answer, NULL, NULL), AK_CODE_ALREADY_CONSUMED);
    answer = box_answer(h, &w->alice.device, alice);
    assert_int_equal(box_pass(h, &w->bob.device, &answer, NULL, NULL), AK_CODE_BAD_SIGNATURE);
    answer.iat -= AK_IDENTITY_ANSWER_SECS;
    answer.exp -= AK_IDENTITY_ANSWER_SECS;
    assert_int_equal(box_pass(h, &w->alice.device, &answer, NULL, NULL), AK_CODE_EXPIRED_REQUEST);
    answer = box_answer(h, &w->alice.device, alice);
    answer.iat += AK_IDENTITY_ANSWER_EARLY_SECS + 1;
    answer.exp += AK_IDENTITY_ANSWER_EARLY_SECS + 1;
    assert_int_equal(box_pass(h, &w->alice.device, &answer, NULL, NULL), AK_CODE_EXPIRED_REQUEST);
    answer = box_answer(h, &w->alice.device, "Alice@demo.example");
    assert_int_equal(box_pass(h, &w->alice.device, &answer, NULL, NULL), AK_CODE_INVALID_REQUEST);
    answer = box_answer(h, &w->alice.device, "0x5aaeb6053f3e94c9b9a09f33669435e7ef1beaed");
    answer.type_len = 3;
    memcpy(answer.type, "evm", 3); /* a wallet signs for itself */
    assert_int_equal(box_pass(h, &w->alice.device, &answer, NULL, NULL), AK_CODE_INVALID_REQUEST);
}

/* I15: what the device says of itself is what it signed; the broker neither adds nor changes it. */
static void test_the_devices_part_is_bound(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct h_device device;
    h_device(&device, 35);
    static const struct ak_msg_sign_in nothing;
    struct ak_msg_sign_in says = {.present = 1u << AK_SIGN_IN_RECOVERY_HASH};
    struct ak_identity_answer answer = box_answer(h, &device, "dora@demo.example");
    struct h_how how = {.device = &nothing};
    assert_int_equal(box_pass(h, &device, &answer, &says, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.no_bh = true};
    assert_int_equal(box_pass(h, &device, &answer, &says, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.method = "POST"};
    assert_int_equal(box_pass(h, &device, &answer, &says, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.path = "/v1/auth/email/status/other"};
    assert_int_equal(box_pass(h, &device, &answer, &says, &how), AK_CODE_BAD_SIGNATURE);
    how = (struct h_how){.no_proof = true};
    assert_int_equal(box_pass(h, &device, &answer, &says, &how), AK_CODE_PROOF_REQUIRED);
    assert_int_equal(box_pass(h, &device, &answer, &says, NULL), AK_CODE_OK); /* none of these used it up */
    how = (struct h_how){.reuse_jti = true};
    answer = box_answer(h, &device, "dora@demo.example");
    assert_int_equal(box_pass(h, &device, &answer, &says, &how), AK_CODE_PROOF_REPLAYED);
    h_device_done(&device);
}

/* The calls live on the broker's socket, and nothing else does. */
static void test_sockets(void **state)
{
    struct world *w = *state;
    for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_BROKER; transport++) {
        bool broker = transport == AK_TRANSPORT_BROKER;
        struct h_how how = {.transport = transport, .conn = 0};
        struct ak_identity_answer answer = box_answer(&w->h, &w->alice.device, alice);
        assert_int_equal(
            box_pass(&w->h, &w->alice.device, &answer, NULL, &how), broker ? AK_CODE_OK : AK_CODE_NOT_FOUND);
        assert_int_equal(h_call_how(&w->h, &w->alice.device, h_token(&w->alice), AK_CALL_ACCOUNT, NULL, &how),
            broker ? AK_CODE_NOT_FOUND : AK_CODE_OK);
    }
}

static void test_nonce(void **state)
{
    struct world *w = *state;
    struct ak_frame_status status;
    struct ak_msg_sign_in_nonce_reply reply;
    ak_engine_status(w->h.engine, &status);
    assert_int_equal(h_call(&w->h, NULL, AK_SPAN_EMPTY, AK_CALL_SIGN_IN_NONCE, NULL), AK_CODE_OK);
    h_reply(&w->h, &ak_sign_in_nonce_reply_msg, &reply);
    assert_true(ak_span_eq(reply.nonce, AK_SPAN_ARR(status.nonce)));
}

/* Without a broker in the configuration there is none, and without its key its word is nobody's. */
static void test_not_configured(void **state)
{
    (void)state;
    static struct h h;
    struct h_device device;
    struct ak_engine_conf conf = h_conf();
    conf.has_broker_key = false;
    h_open_with(&h, &conf);
    h_device(&device, 36);
    assert_int_equal(box_mail(&h, &device, alice, NULL), AK_CODE_NOT_FOUND);
    h_close(&h);
    conf.broker_url = AK_SPAN_EMPTY;
    h_open_with(&h, &conf);
    assert_int_equal(box_mail(&h, &device, alice, NULL), AK_CODE_NOT_FOUND);
    struct h_person person;
    h_person(&h, &person, "pat", 37);
    assert_int_equal(
        h_call(&h, &person.device, h_token(&person), AK_CALL_LINK_LIST, NULL), AK_CODE_NOT_FOUND);
    h_device_done(&person.device);
    h_device_done(&device);
    h_close(&h);
}

/* The reserve is not for strangers: no new accounts on a full disk, while known devices sign in. */
static void test_full_disk(void **state)
{
    struct world *w = *state;
    ak_engine_storage_low(w->h.engine, true);
    assert_int_equal(box_mail(&w->h, &w->bobs.device, "new@demo.example", NULL), AK_CODE_STORAGE_FULL);
    assert_int_equal(box_mail(&w->h, &w->alice.device, alice, NULL), AK_CODE_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_a_new_identity_opens_an_account),
        WORLD_TEST(test_another_device_waits_and_every_device_is_shown_it),
        WORLD_TEST(test_after_the_wait_the_device_is_enrolled),
        WORLD_TEST(test_being_seen_shortens_the_wait),
        WORLD_TEST(test_with_the_code_it_is_short_and_not_cancelled),
        WORLD_TEST(test_a_few_recoveries_at_a_time),
        WORLD_TEST(test_spent_changes_stop_no_recovery_by_code),
        WORLD_TEST(test_a_recovery_ends_with_the_devices_enrolment),
        WORLD_TEST(test_an_early_answer_works_once),
        WORLD_TEST(test_as_many_with_the_code),
        WORLD_TEST(test_no_device_too_many),
        WORLD_TEST(test_answers_are_for_one_device_and_once),
        WORLD_TEST(test_the_devices_part_is_bound),
        WORLD_TEST(test_sockets),
        WORLD_TEST(test_nonce),
        cmocka_unit_test(test_not_configured),
        WORLD_TEST(test_full_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
