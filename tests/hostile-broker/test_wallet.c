/* Texts for wallets: of the keeper's for another device, of its own making, for addresses that are derived
 * here (I9, I10, I15). */
#include "hostile-broker/hostile_broker.h"

#include "core/wire/msg_sign.h"

/* It hands Carol the text for its own device. Whoever signs that without looking starts a recovery; the text
 * for her device is worth nothing on another, nor twice, nor after a restart. */
static void hands_out_texts_for_its_own_device(void **state)
{
    (void)state;
    static struct hostile_device carol;
    struct hb_wallet own = hb_wallet(1);
    struct ak_frame_reply reply;
    static struct hb_text text;
    hostile_device_make(&carol, 4);
    hb_get_text(&text, own.address, &carol);
    hb_sign_text(&text, &own);
    assert_int_equal(hb_answer(&text, &mallory, &reply), AK_CODE_INVALID_SIWE);
    assert_int_equal(hb_answer(&text, &carol, &reply), AK_CODE_OK);
    assert_true(hb_has_session(&reply));
    assert_int_equal(hb_answer(&text, &carol, &reply), AK_CODE_ALREADY_CONSUMED);
    hb_get_text(&text, own.address, &mallory);
    hb_sign_text(&text, &own);
    assert_int_equal(hb_answer(&text, &mallory, &reply), AK_CODE_PENDING);
    assert_false(hb_has_session(&reply));
    hb_get_text(&text, own.address, &carol);
    hb_sign_text(&text, &own);
    hostile_stop(&h);
    hostile_start(&h, true);
    assert_int_equal(hb_answer(&text, &carol, &reply), AK_CODE_INVALID_SIWE);
}

/* Texts of its own making: other sites, other devices, other times, signed by the right wallet. */
static void makes_texts_of_its_own(void **state)
{
    (void)state;
    struct hb_wallet own = hb_wallet(2);
    struct ak_frame_reply reply;
    static struct hb_text text;
    static const char *const swaps[][2] = {
        {"127.0.0.1:1 wants", "127.0.0.1:9 wants"},
        {"URI: http://127.0.0.1:1", "URI: http://127.0.0.1:9"},
        {"Chain ID: 1", "Chain ID: 5"},
        {"Nonce: ", "Nonce: 0"},
        {"urn:agentkeys:device:", "urn:agentkeys:devicf:"},
        {"Issued At: 2", "Issued At: 3"},
    };
    for (size_t i = 0; i < AK_COUNT(swaps); i++) {
        hb_get_text(&text, own.address, &mallory);
        char *at = memmem(text.bytes, text.len, swaps[i][0], strlen(swaps[i][0]));
        assert_non_null(at);
        size_t was = strlen(swaps[i][0]), now = strlen(swaps[i][1]);
        memmove(at + now, at + was, (size_t)(text.bytes + text.len - (at + was)));
        memcpy(at, swaps[i][1], now);
        text.len = text.len - was + now;
        hb_sign_text(&text, &own);
        assert_int_equal(hb_answer(&text, &mallory, &reply), AK_CODE_INVALID_SIWE);
    }
}

/* Keys that the worker derives prove nothing to it: her agent does not sign such a text, and her own address
 * opens and recovers nothing. */
static void derived_addresses_recover_nothing(void **state)
{
    (void)state;
    static struct hb_text text;
    struct ak_frame_reply reply;
    hb_get_text(&text, alice_wallet, &mallory);
    struct ak_msg_sign_request request = {.present = 3, .message = ak_span(text.bytes, text.len)};
    memcpy(request.omni_account, alice_anchor, 32);
    struct hostile_call call = {
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &alice, .token = alice.token};
    hostile_expect(&h, &call, AK_CODE_INVALID_SIWE); /* not for this device */
    request.path = AK_SPAN_LIT("/agent-1");
    request.present = 7;
    call.device = &agent;
    call.token = agent.token;
    assert_int_not_equal(hostile_ask(&h, &call, NULL), AK_CODE_OK);
    hb_get_text(&text, alice_wallet, &alice);
    request = (struct ak_msg_sign_request){.present = 3, .message = ak_span(text.bytes, text.len)};
    memcpy(request.omni_account, alice_anchor, 32);
    struct ak_msg_sign_reply signed_by;
    call = (struct hostile_call){
        .id = AK_CALL_SIGN_MESSAGE, .request = &request, .device = &alice, .token = alice.token};
    hostile_must(&h, &call, &signed_by);
    memcpy(text.signature, signed_by.signature, 65);
    assert_int_equal(hb_answer(&text, &mallory, &reply), AK_CODE_INVALID_SIWE);
    assert_int_equal(hb_answer(&text, &alice, &reply), AK_CODE_OK);
}

int main(int argc, char **argv)
{
    if (argc < 2) return 77;
    hb_worker = argv[1];
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hands_out_texts_for_its_own_device),
        cmocka_unit_test(makes_texts_of_its_own),
        cmocka_unit_test(derived_addresses_recover_nothing),
        cmocka_unit_test(hb_the_account_is_as_it_was),
    };
    return cmocka_run_group_tests(tests, hb_make, hb_drop);
}
