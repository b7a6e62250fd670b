/* Its word and what passed through it: it gets no session, signature, credential or token; a recovery that it
 * starts is shown to device and agent on their next call (I9, I10, I15, I20). */
#include "hostile-broker/hostile_broker.h"

#include "core/wire/msg_oidc.h"
#include "core/wire/msg_sign.h"
#include "core/wire/msg_token.h"
#include "core/wire/msg_vault.h"

/* However often it says that Alice answered on its own device: a recovery, no session; and all see it. */
static void its_word_starts_a_recovery_that_all_see(void **state)
{
    (void)state;
    struct ak_frame_reply reply;
    assert_false(hb_is_shown(&alice));
    for (int i = 0; i < 20; i++) {
        assert_int_equal(hb_say(HB_MAIL, &mallory, &reply), AK_CODE_PENDING);
        assert_false(hb_has_session(&reply));
        assert_int_equal(reply.notice.len, 0);
    }
    assert_true(hb_is_shown(&alice));
    assert_true(hb_is_shown(&agent));
    hb_cancel(&mallory);
    assert_false(hb_is_shown(&alice));
    assert_int_equal(hb_say(HB_MAIL, &mallory, &reply), AK_CODE_PENDING); /* from the beginning, and seen */
    assert_true(hb_is_shown(&alice));
    hb_cancel(&mallory);
}

/* Two at once, and after a restart: a word and a proof count once (I10). */
static void what_passed_counts_once(void **state)
{
    (void)state;
    static struct hb_passed passed, other;
    struct ak_frame_reply replies[2];
    hb_make_word(&passed, HB_MAIL, &alice);
    hb_keep_proof(&passed);
    hostile_tell(&h, &passed.call);
    hostile_tell(&h, &passed.call);
    hostile_reply(&h, &replies[0]);
    bool first = replies[0].code == AK_CODE_OK;
    hostile_reply(&h, &replies[1]);
    assert_true(first != (replies[1].code == AK_CODE_OK));
    other = passed; /* the same word with a fresh proof of hers, as if she had polled again */
    other.call.request = &other.request;
    other.call.proof = AK_SPAN_EMPTY;
    hostile_expect(&h, &other.call, AK_CODE_ALREADY_CONSUMED);
    hb_make_word(&other, HB_MAIL, &alice); /* a fresh word with the proof that passed before */
    other.call.proof = passed.call.proof;
    hostile_expect(&h, &other.call, AK_CODE_PROOF_REPLAYED);
    hb_make_word(&passed, HB_MAIL, &alice);
    hb_keep_proof(&passed);
    hostile_stop(&h);
    hostile_start(&h, true);
    hostile_expect(&h, &passed.call, AK_CODE_USE_DPOP_NONCE);
}

/* Her proof with a word for its own device, its own proof with a word for hers. */
static void a_word_and_a_proof_are_for_one_device(void **state)
{
    (void)state;
    static struct hb_passed hers, its;
    hb_make_word(&hers, HB_MAIL, &alice);
    hb_make_word(&its, HB_MAIL, &mallory);
    hers.call.device = &mallory;
    hostile_expect(&h, &hers.call, AK_CODE_BAD_SIGNATURE);
    its.call.device = &alice;
    hostile_expect(&h, &its.call, AK_CODE_BAD_SIGNATURE);
}

/* Nothing of what a device says of itself is added, left out or changed. */
static void what_a_device_says_stays(void **state)
{
    (void)state;
    static struct hb_passed passed;
    struct ak_msg_sign_in says = {.device_name = AK_SPAN_LIT("laptop"), .present = 7};
    memset(says.recovery_hash, 1, 32);
    for (unsigned i = 0; i < 5; i++) {
        struct ak_identity_answer answer = hb_word("email", "new@demo.example", &mallory);
        hb_sign_word(&passed, &answer, HOSTILE_BROKER);
        hb_pass(&passed, &mallory, &says);
        if (i == 0) passed.request.device.device_name = AK_SPAN_LIT("desktop");
        if (i == 1) passed.request.device.recovery_hash[31] ^= 1;
        if (i == 2) passed.request.device.recovery_code[0] ^= 1;
        if (i == 3) passed.request.present = 3u << AK_IDENTITY_ANSWERED_REQUEST_DEVICE_NAME;
        if (i == 4) passed.request.poll_path = AK_SPAN_LIT("/v1/auth/email/status/other");
        hostile_expect(&h, &passed.call, AK_CODE_BAD_SIGNATURE);
    }
}

/* Its key says who answered by mail or at a provider, here and now; nothing else. */
static void its_key_says_nothing_else(void **state)
{
    (void)state;
    static struct hb_passed passed;
    static const struct {
        const char *type, *value, *iss;
        uint64_t lifetime;
        int64_t late;
        enum ak_code code;
    } words[] = {
        {"evm", "0x00000000000000000000000000000000000000aa", HOSTILE_BROKER, 60, 0, AK_CODE_INVALID_REQUEST},
        {"email", "Alice@demo.example", HOSTILE_BROKER, 60, 0, AK_CODE_INVALID_REQUEST},
        {"email", HB_MAIL, HOSTILE_ORIGIN, 60, 0, AK_CODE_BAD_SIGNATURE},
        {"email", HB_MAIL, HOSTILE_BROKER, 60, -61, AK_CODE_EXPIRED_REQUEST},
        {"email", HB_MAIL, HOSTILE_BROKER, 60, 3600, AK_CODE_EXPIRED_REQUEST},
    };
    for (size_t i = 0; i < AK_COUNT(words); i++) {
        struct ak_identity_answer answer = hb_word(words[i].type, words[i].value, &alice);
        answer.iat += (uint64_t)words[i].late;
        answer.exp = answer.iat + words[i].lifetime;
        hb_sign_word(&passed, &answer, words[i].iss);
        hb_pass(&passed, &alice, NULL);
        hostile_expect(&h, &passed.call, words[i].code);
    }
    hb_make_word(&passed, HB_MAIL, &alice);
    for (size_t i = 0; i < passed.len; i += 5) { /* each part of it, altered */
        uint8_t was = passed.text[i];
        passed.text[i] = was == 'A' ? 'B' : 'A';
        assert_int_not_equal(hostile_ask(&h, &passed.call, NULL), AK_CODE_OK);
        passed.text[i] = was;
    }
}

/* Tokens that passed through it, with its own key, with none, and with proofs that passed: nothing signed,
 * read, minted, changed or told. */
static void tokens_that_passed_are_worth_nothing(void **state)
{
    (void)state;
    static struct hb_passed polled;
    static uint64_t none[512];
    unsigned tries = 0;
    hb_make_word(&polled, HB_MAIL, &alice);
    hb_keep_proof(&polled); /* one that she made for the broker */
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        const struct ak_call *row = ak_call_get(id);
        if (row->auth != AK_AUTH_USE && row->auth != AK_AUTH_CHANGE) continue;
        static const uint8_t zeros[1024];
        for (int how = 0; how < 3; how++) {
            struct hostile_call call = {.id = id,
                .raw_body = ak_span(zeros, 0),
                .token = id % 2 ? alice.token : agent.token,
                .device = how == 0   ? &mallory
                          : how == 2 ? &alice
                                     : NULL};
            if (row->request->size > sizeof none) fail_msg("%s: too large", row->name);
            if (how == 2) call.proof = polled.call.proof;
            if (row->request->count == 0) call.request = none;
            enum ak_code code = hostile_ask(&h, &call, NULL);
            if (code == AK_CODE_OK || code == AK_CODE_PENDING) fail_msg("%s: answered", row->name);
            tries++;
        }
    }
    assert_true(tries > 100);
}

/* The same with good bodies, where they would count. */
static void no_signature_credential_or_token(void **state)
{
    (void)state;
    struct ak_msg_sign_request sign = {.present = 3, .message = AK_SPAN_LIT("x")};
    struct ak_msg_mint_request mint = {0};
    struct ak_msg_token_request renew = {.label = AK_SPAN_LIT("agent-1")};
    struct ak_msg_credential_read_request read = {.service = AK_SPAN_LIT("openrouter")};
    memcpy(sign.omni_account, alice_anchor, 32);
    memcpy(renew.account, alice_anchor, 32);
    memset(read.key, 9, 32);
    const struct hostile_call calls[] = {
        {.id = AK_CALL_SIGN_MESSAGE, .request = &sign, .token = alice.token},
        {.id = AK_CALL_MINT_OIDC_JWT, .request = &mint, .token = alice.token},
        {.id = AK_CALL_MINT_OIDC_JWT, .request = &mint, .token = agent.token},
        {.id = AK_CALL_CREDENTIAL_READ, .request = &read, .token = agent.token, .reader_key = read.key},
        {.id = AK_CALL_TOKEN, .request = &renew},
    };
    for (size_t i = 0; i < AK_COUNT(calls); i++)
        for (uint8_t transport = AK_TRANSPORT_UNIX; transport <= AK_TRANSPORT_BROKER; transport++) {
            struct hostile_call call = calls[i];
            call.device = &mallory;
            call.transport = transport;
            assert_int_not_equal(hostile_ask(&h, &call, NULL), AK_CODE_OK);
            if (!call.token) continue;
            call.device = NULL;
            assert_int_not_equal(hostile_ask(&h, &call, NULL), AK_CODE_OK);
        }
}

/* On its socket there is nothing else, and its calls are nowhere else. */
static void its_socket_is_for_its_calls(void **state)
{
    (void)state;
    for (unsigned id = 0; id < AK_CALL_COUNT; id++) {
        const struct ak_call *row = ak_call_get(id);
        bool internal = row->flags & AK_CALL_INTERNAL;
        static uint64_t none[512];
        struct hostile_call call = {.id = id, .token = alice.token};
        if (row->request->count == 0) call.request = none;
        call.transport = internal ? AK_TRANSPORT_LOOPBACK : AK_TRANSPORT_BROKER;
        hostile_expect(&h, &call, AK_CODE_NOT_FOUND);
    }
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    hb_worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(its_word_starts_a_recovery_that_all_see),
        cmocka_unit_test(what_passed_counts_once),
        cmocka_unit_test(a_word_and_a_proof_are_for_one_device),
        cmocka_unit_test(what_a_device_says_stays),
        cmocka_unit_test(its_key_says_nothing_else),
        cmocka_unit_test(tokens_that_passed_are_worth_nothing),
        cmocka_unit_test(no_signature_credential_or_token),
        cmocka_unit_test(its_socket_is_for_its_calls),
        cmocka_unit_test(hb_the_account_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, hb_make, hb_drop);
}
