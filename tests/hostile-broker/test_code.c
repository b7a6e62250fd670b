/* A recovery code that passed through it, sealed: it opens for no other device, and counts once. With it the
 * broker has no session, no recovery that nobody cancels, no other code and no change (I9, I10, I15). */
#include "hostile-broker/hostile_broker.h"

#include "base/crypto/sha256.h"
#include "core/token/sealed_code.h"
#include "core/wire/msg_vault.h"

static const char bobs_mail[] = "bob@demo.example";
static struct hostile_device bob, laptop;
static uint8_t delivery[32];
static const uint8_t code[32] = {0xc0}, next[32] = {0xc1}, its_own[32] = {0x66};
static struct ak_msg_sign_in captured; /* what bob's laptop said on its way */

static void seal_for(const struct hostile_device *device, const uint8_t what[32], uint8_t *out_sealed)
{
    static struct ak_secret32 ephemeral = {{0, 3}};
    ephemeral.bytes[0]++;
    assert_int_equal(ak_sealed_code_make(delivery, &ephemeral, device->jkt, what, out_sealed), AK_OK);
}

static void read_delivery_key(void)
{
    const struct ak_msg_delivery_key_request request = {0};
    struct ak_msg_delivery_key_reply reply;
    const struct hostile_call call = {.id = AK_CALL_DELIVERY_KEY, .request = &request};
    hostile_must(&h, &call, &reply);
    memcpy(delivery, reply.public_key, 32);
}

static enum ak_code say_with(
    const struct hostile_device *device, const struct ak_msg_sign_in *says, struct ak_frame_reply *reply)
{
    static struct hb_passed passed;
    struct ak_identity_answer answer = hb_word("email", bobs_mail, device);
    hb_sign_word(&passed, &answer, HOSTILE_BROKER);
    hb_pass(&passed, device, says);
    return hostile_ask(&h, &passed.call, reply);
}

/* Bob opens his account with a code, loses his device, and begins his recovery by it on his laptop. */
static int make(void **state)
{
    struct ak_frame_reply reply;
    struct ak_msg_sign_in_reply got;
    struct ak_msg_sign_in says = {.present = 1u << AK_SIGN_IN_RECOVERY_HASH};
    if (hb_make(state)) return 1;
    hostile_device_make(&bob, 8);
    hostile_device_make(&laptop, 9);
    read_delivery_key();
    ak_sha256(ak_span(code, 32), says.recovery_hash);
    assert_int_equal(say_with(&bob, &says, &reply), AK_CODE_OK);
    assert_int_equal(ak_msg_decode(&ak_sign_in_reply_msg, reply.body, &got, NULL), AK_OK);
    assert_true(got.account_new && got.recovery_hash_taken && got.session_jwt.len < sizeof bob.token);
    memcpy(bob.token, got.session_jwt.ptr, got.session_jwt.len);
    captured =
        (struct ak_msg_sign_in){.present = 1u << AK_SIGN_IN_RECOVERY_HASH | 1u << AK_SIGN_IN_RECOVERY_CODE};
    ak_sha256(ak_span(next, 32), captured.recovery_hash);
    seal_for(&laptop, code, captured.recovery_code);
    return 0;
}

static unsigned recoveries_by_code(void)
{
    const struct ak_msg_recovery_list_request list = {0};
    struct ak_msg_recovery_list_reply waiting;
    struct ak_msg_recovery_item item;
    unsigned count = 0;
    const struct hostile_call what = {
        .id = AK_CALL_RECOVERY_LIST, .request = &list, .device = &bob, .token = bob.token};
    hostile_must(&h, &what, &waiting);
    while (ak_list_next(&waiting.items, &ak_recovery_item_msg, &item))
        count += ak_span_eq(item.what, AK_SPAN_LIT("sign-in-by-code"));
    return count;
}

/* Before it ever handed it on, and with whatever it puts around it: on its own device it is no code. */
static void it_opens_for_no_other_device(void **state)
{
    (void)state;
    struct ak_frame_reply reply;
    for (int i = 0; i < 3; i++) {
        struct ak_msg_sign_in says = captured;
        if (i == 1) ak_sha256(ak_span(its_own, 32), says.recovery_hash);
        if (i == 2) says.present = 1u << AK_SIGN_IN_RECOVERY_CODE;
        assert_int_equal(say_with(&mallory, &says, &reply), AK_CODE_BAD_SIGNATURE);
        assert_false(hb_has_session(&reply));
    }
    assert_int_equal(recoveries_by_code(), 0);
}

/* The laptop's proof covers the code: it is not left out, not altered, and put into no other word of it. */
static void it_goes_with_its_proof_alone(void **state)
{
    (void)state;
    static struct hb_passed passed;
    for (int i = 0; i < 4; i++) {
        struct ak_identity_answer answer = hb_word("email", i == 3 ? HB_MAIL : bobs_mail, &laptop);
        hb_sign_word(&passed, &answer, HOSTILE_BROKER);
        hb_pass(&passed, &laptop, &captured);
        if (i == 0) passed.request.present = 0;
        if (i == 1) seal_for(&laptop, its_own, passed.request.device.recovery_code);
        if (i == 2) ak_sha256(ak_span(its_own, 32), passed.request.device.recovery_hash);
        hostile_expect(&h, &passed.call, AK_CODE_BAD_SIGNATURE); /* 3: it is not Alice's code */
    }
    assert_int_equal(recoveries_by_code(), 0);
}

/* Handed on at last: a recovery that Bob is shown. The same once more, and after a restart: nothing more. */
static void replayed_it_begins_nothing(void **state)
{
    (void)state;
    static struct hb_passed passed, again;
    struct ak_frame_reply reply;
    struct ak_identity_answer answer = hb_word("email", bobs_mail, &laptop);
    hb_sign_word(&passed, &answer, HOSTILE_BROKER);
    hb_pass(&passed, &laptop, &captured);
    hb_keep_proof(&passed);
    assert_int_equal(hostile_ask(&h, &passed.call, &reply), AK_CODE_PENDING);
    assert_false(hb_has_session(&reply));
    assert_int_equal(recoveries_by_code(), 1);
    hostile_expect(&h, &passed.call, AK_CODE_PROOF_REPLAYED);
    answer = hb_word("email", bobs_mail, &laptop); /* a fresh word, with the proof that it kept */
    hb_sign_word(&again, &answer, HOSTILE_BROKER);
    hb_pass(&again, &laptop, &captured);
    again.call.proof = passed.call.proof;
    hostile_expect(&h, &again.call, AK_CODE_PROOF_REPLAYED);
    hostile_stop(&h);
    hostile_start(&h, true);
    hostile_expect(&h, &again.call, AK_CODE_USE_DPOP_NONCE);
    assert_int_equal(say_with(&mallory, &captured, &reply), AK_CODE_BAD_SIGNATURE);
    assert_false(hb_has_session(&reply));
    assert_int_equal(recoveries_by_code(), 1);
}

static struct hostile_call renewal(const struct ak_msg_recovery_code_request *request)
{
    return (struct hostile_call){.id = AK_CALL_RECOVERY_CODE, .request = request, .token = bob.token};
}

/* What sets another code is Bob's device alone: with his token, and the code as it passed, it sets none. */
static void it_sets_no_other_code(void **state)
{
    (void)state;
    static struct hb_passed polled;
    struct ak_msg_recovery_code_request request = {.present = 1u << AK_RECOVERY_CODE_REQUEST_RECOVERY_CODE};
    struct ak_identity_answer answer = hb_word("email", bobs_mail, &bob);
    memcpy(request.recovery_code, captured.recovery_code, sizeof request.recovery_code);
    ak_sha256(ak_span(its_own, 32), request.recovery_hash);
    hb_sign_word(&polled, &answer, HOSTILE_BROKER);
    hb_pass(&polled, &bob, NULL);
    hb_keep_proof(&polled);
    struct hostile_call call = renewal(&request);
    hostile_expect(&h, &call, AK_CODE_PROOF_REQUIRED);
    call.device = &mallory;
    hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE);
    call.device = &bob;
    call.proof = polled.call.proof; /* made for a poll */
    hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE);
    call.proof = AK_SPAN_EMPTY;
    call.transport = AK_TRANSPORT_BROKER;
    hostile_expect(&h, &call, AK_CODE_NOT_FOUND);
    /* Bob himself renews, with a code of his own device; it alters what he asked for, or repeats it. */
    struct ak_msg_recovery_code_request his = request;
    seal_for(&bob, code, his.recovery_code);
    ak_sha256(ak_span(next, 32), his.recovery_hash);
    struct ak_msg_recovery_code_request altered = his;
    memcpy(altered.recovery_hash, request.recovery_hash, 32);
    call = renewal(&altered);
    call.device = &bob;
    call.approved = &his;
    hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE);
    uint8_t memory[AK_LIMIT_PROOF];
    struct ak_buf proof = AK_BUF_ARR(memory);
    call = renewal(&his);
    call.device = &bob;
    hostile_proof(&h, &call, &proof);
    call.proof = ak_buf_span(&proof);
    hostile_expect(&h, &call, AK_CODE_OK);
    hostile_expect(&h, &call, AK_CODE_PROOF_REPLAYED);
    call.proof = AK_SPAN_EMPTY;
    hostile_expect(&h, &call, AK_CODE_BAD_SIGNATURE); /* even by him: it is spent */
}

/* The code is spent now: on the very device that it was sealed for it is none any more. */
static void spent_it_is_no_code(void **state)
{
    (void)state;
    static struct hostile_device tablet;
    struct ak_frame_reply reply;
    struct ak_msg_sign_in says = captured;
    hostile_device_make(&tablet, 10);
    seal_for(&tablet, code, says.recovery_code);
    assert_int_equal(say_with(&tablet, &says, &reply), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(recoveries_by_code(), 1);
    seal_for(&tablet, next, says.recovery_code);
    assert_int_equal(say_with(&tablet, &says, &reply), AK_CODE_PENDING);
    assert_int_equal(recoveries_by_code(), 2);
    ak_p256_signer_close(&tablet.signer);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    hb_worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_opens_for_no_other_device),
        cmocka_unit_test(it_goes_with_its_proof_alone),
        cmocka_unit_test(replayed_it_begins_nothing),
        cmocka_unit_test(it_sets_no_other_code),
        cmocka_unit_test(spent_it_is_no_code),
        cmocka_unit_test(hb_the_account_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, make, hb_drop);
}
