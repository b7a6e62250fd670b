/* A broker that claims identities of providers: it may say so of those in the trust configuration, and gets
 * by it what it gets by a mail address: a new account, a recovery that is shown, no session of a stranger's
 * (I9). */
#include "hostile-broker/hostile_broker.h"

static struct hb_passed passed;

static enum ak_code claim(const char *type, const char *sub, const char *iss,
    const struct hostile_device *device, struct ak_frame_reply *reply)
{
    struct ak_identity_answer answer = hb_word(type, sub, device);
    answer.iss_len = (uint8_t)strlen(iss);
    memcpy(answer.iss, iss, answer.iss_len);
    hb_sign_word(&passed, &answer, HOSTILE_BROKER);
    hb_pass(&passed, device, NULL);
    return hostile_ask(&h, &passed.call, reply);
}

/* Of no other provider, issuer or spelling, and not of an e-mail address through one. */
static void of_no_other_provider(void **state)
{
    (void)state;
    static const struct {
        const char *type, *sub, *iss;
        enum ak_code code;
    } rows[] = {
        {"oauth2_other", "7", HOSTILE_ISSUER, AK_CODE_DENIED},
        {"oauth2_dem", "o7", HOSTILE_ISSUER, AK_CODE_DENIED}, /* would hash as oauth2_demo and 7 */
        {"oauth2_demo7", "7", HOSTILE_ISSUER, AK_CODE_DENIED},
        {"oauth2_gone", "7", "https://gone.demo.example", AK_CODE_DENIED},
        {"oauth2_demo", "7", "https://mallory.example", AK_CODE_DENIED},
        {"oauth2_demo", "7", HOSTILE_ISSUER "/", AK_CODE_DENIED},
        {"oauth2_Demo", "7", HOSTILE_ISSUER, AK_CODE_INVALID_REQUEST},
        {"oauth2_", "7", HOSTILE_ISSUER, AK_CODE_INVALID_REQUEST},
    };
    for (size_t i = 0; i < AK_COUNT(rows); i++) {
        struct ak_frame_reply reply;
        assert_int_equal(claim(rows[i].type, rows[i].sub, rows[i].iss, &mallory, &reply), rows[i].code);
        assert_false(hb_has_session(&reply));
    }
}

/* It opens an account of its own with whom it likes; that person's later sign-in is a recovery, and shows. */
static void opens_accounts(void **state)
{
    (void)state;
    struct ak_frame_reply reply;
    assert_int_equal(claim("oauth2_demo", "stranger", HOSTILE_ISSUER, &mallory, &reply), AK_CODE_OK);
    assert_int_equal(claim("oauth2_demo", "stranger", HOSTILE_ISSUER, &agent, &reply), AK_CODE_PENDING);
    assert_false(hb_has_session(&reply));
}

static enum ak_code link_hers(void)
{
    struct ak_identity_answer answer = hb_word("oauth2_demo", "alice", &alice);
    answer.iss_len = sizeof HOSTILE_ISSUER - 1;
    memcpy(answer.iss, HOSTILE_ISSUER, answer.iss_len);
    hb_sign_word(&passed, &answer, HOSTILE_BROKER);
    const struct ak_msg_link_request request = {.identity_type = AK_SPAN_LIT("oauth2_demo"),
        .identity_value = AK_SPAN_LIT("alice"),
        .answer = ak_span(passed.text, passed.len),
        .present = 1u << AK_LINK_REQUEST_ANSWER};
    const struct hostile_call link = {.id = AK_CALL_LINK,
        .request = &request,
        .device = &alice,
        .token = alice.token,
        .at_broker = "/v1/wallet/link"};
    return hostile_ask(&h, &link, NULL);
}

/* An identity that Alice linked: a recovery that she and her agent are shown, however often it is claimed. */
static void starts_recoveries_that_show(void **state)
{
    (void)state;
    struct ak_frame_reply reply;
    assert_int_equal(link_hers(), AK_CODE_OK);
    assert_false(hb_is_shown(&alice));
    for (int i = 0; i < 5; i++) {
        assert_int_equal(claim("oauth2_demo", "alice", HOSTILE_ISSUER, &mallory, &reply), AK_CODE_PENDING);
        assert_false(hb_has_session(&reply));
    }
    /* the mail address beside it is the same broker's word, and shortens nothing */
    assert_int_equal(hb_say(HB_MAIL, &mallory, &reply), AK_CODE_PENDING);
    assert_false(hb_has_session(&reply));
    assert_true(hb_is_shown(&alice));
    assert_true(hb_is_shown(&agent));
    hb_cancel(&mallory);
    assert_false(hb_is_shown(&alice));
}

/* Her own word for her own device, with a proof that is not hers. */
static void a_word_is_for_one_device(void **state)
{
    (void)state;
    struct ak_identity_answer answer = hb_word("oauth2_demo", "alice", &alice);
    answer.iss_len = sizeof HOSTILE_ISSUER - 1;
    memcpy(answer.iss, HOSTILE_ISSUER, answer.iss_len);
    hb_sign_word(&passed, &answer, HOSTILE_BROKER);
    hb_pass(&passed, &alice, NULL);
    passed.call.device = &mallory;
    hostile_expect(&h, &passed.call, AK_CODE_BAD_SIGNATURE);
    passed.call.device = &alice;
    hostile_expect(&h, &passed.call, AK_CODE_OK);
    hostile_expect(&h, &passed.call, AK_CODE_ALREADY_CONSUMED);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    hb_worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_no_other_provider),
        cmocka_unit_test(opens_accounts),
        cmocka_unit_test(starts_recoveries_that_show),
        cmocka_unit_test(a_word_is_for_one_device),
        cmocka_unit_test(hb_the_account_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, hb_make, hb_drop);
}
