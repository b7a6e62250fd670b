/* Signing in by a person's own wallet: the keeper composes the text and checks the signature itself. */
#include "unit/engine/sign_in_box.h"
#include "unit/engine/world.h"

static void test_opens_and_signs_in(void **state)
{
    struct world *w = *state;
    struct box_wallet wallet;
    struct h_person eve = {0};
    struct ak_msg_sign_in_reply reply;
    char value[43];
    box_wallet(&wallet, 1);
    h_device(&eve.device, 30);
    assert_int_equal(box_wallet_in(&w->h, &eve.device, &wallet), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_true(reply.account_new && ak_span_eq(reply.identity_type, AK_SPAN_LIT("evm")));
    world_address(wallet.address, value);
    for (char *at = value + 2; *at; at++)
        if (*at >= 'A' && *at <= 'F') *at = (char)(*at + 32);
    assert_true(ak_span_eq(reply.identity_value, ak_span_str(value)));
    box_take_session(&w->h, &eve);
    assert_int_equal(h_call(&w->h, &eve.device, h_token(&eve), AK_CALL_ACCOUNT, NULL), AK_CODE_OK);
    assert_int_equal(box_wallet_in(&w->h, &eve.device, &wallet), AK_CODE_OK);
    box_reply(&w->h, &reply);
    assert_false(reply.account_new);
    /* on another device: a recovery, with the shorter wait, as the keeper itself saw the signature */
    assert_int_equal(box_wallet_in(&w->h, &w->bobs.device, &wallet), AK_CODE_PENDING);
    box_reply(&w->h, &reply);
    assert_int_equal(reply.ready_at, (w->h.wall_ms + H_DAY_MS / 4) / 1000);
    h_device_done(&eve.device);
}

/* A text of ours, once, on its device, in this run of the keeper. */
static void test_texts(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet, other;
    char text[2048];
    uint8_t signature[65];
    box_wallet(&wallet, 1);
    box_wallet(&other, 2);
    struct h_device *device = &w->bob.device;
    size_t len = box_wallet_text(h, device, &wallet, text);
    assert_true(len > 0);
    box_wallet_sign(&wallet, ak_span(text, len), signature);
    assert_int_equal(box_wallet_answer(h, &w->alice.device, ak_span(text, len), signature, NULL, NULL),
        AK_CODE_INVALID_SIWE);
    uint8_t bad[65];
    box_wallet_sign(&other, ak_span(text, len), bad);
    assert_int_equal(
        box_wallet_answer(h, device, ak_span(text, len), bad, NULL, NULL), AK_CODE_BAD_SIGNATURE);
    assert_int_equal(box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL), AK_CODE_OK);
    assert_int_equal(
        box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL), AK_CODE_ALREADY_CONSUMED);
    /* over after 45 minutes, and with this start */
    len = box_wallet_text(h, device, &wallet, text);
    box_wallet_sign(&wallet, ak_span(text, len), signature);
    h_tick(h, UINT64_C(45) * 60 * 1000 + 1000);
    assert_int_equal(
        box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL), AK_CODE_EXPIRED_REQUEST);
    len = box_wallet_text(h, device, &wallet, text);
    box_wallet_sign(&wallet, ak_span(text, len), signature);
    h_restart(h, true);
    assert_int_equal(
        box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL), AK_CODE_INVALID_SIWE);
}

/* Each character of the text, and each byte of the signature, changed. */
static void test_every_change_is_refused(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct box_wallet wallet;
    char text[2048] = {0};
    uint8_t signature[65];
    struct h_device *device = &w->bob.device;
    box_wallet(&wallet, 1);
    size_t len = box_wallet_text(h, device, &wallet, text);
    for (size_t i = 0; i < len; i++) {
        char was = text[i];
        text[i] = was == '0' ? '1' : '0';
        box_wallet_sign(&wallet, ak_span(text, len), signature);
        assert_int_not_equal(
            box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL), AK_CODE_OK);
        text[i] = was;
    }
    char *nonce = strstr(text, "Nonce: ");
    assert_non_null(nonce);
    char digit = nonce[7];
    nonce[7] = 'z'; /* a nonce of EIP-4361, and none of ours */
    box_wallet_sign(&wallet, ak_span(text, len), signature);
    assert_int_equal(
        box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL), AK_CODE_INVALID_SIWE);
    nonce[7] = digit;
    box_wallet_sign(&wallet, ak_span(text, len), signature);
    for (size_t i = 0; i < sizeof signature; i++) {
        signature[i] ^= 4;
        assert_int_equal(
            box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL), AK_CODE_BAD_SIGNATURE);
        signature[i] ^= 4;
    }
    assert_int_equal(box_wallet_answer(h, device, ak_span(text, len), signature, NULL, NULL), AK_CODE_OK);
}

/* s and n - s: only the low one. */
static void test_high_s(void **state)
{
    static const uint8_t order[32] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
        0xff, 0xff, 0xff, 0xfe, 0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0,
        0x36, 0x41, 0x41};
    struct world *w = *state;
    struct box_wallet wallet;
    char text[2048];
    uint8_t signature[65];
    int borrow = 0;
    box_wallet(&wallet, 1);
    size_t len = box_wallet_text(&w->h, &w->bob.device, &wallet, text);
    box_wallet_sign(&wallet, ak_span(text, len), signature);
    for (int i = 31; i >= 0; i--) {
        int digit = order[i] - signature[32 + i] - borrow;
        borrow = digit < 0;
        signature[32 + i] = (uint8_t)(digit & 0xff);
    }
    signature[64] ^= 1;
    assert_int_equal(box_wallet_answer(&w->h, &w->bob.device, ak_span(text, len), signature, NULL, NULL),
        AK_CODE_BAD_SIGNATURE);
}

/* An address derived here signs in on an enrolled device of its account; it opens and recovers nothing. */
static void test_derived_addresses(void **state)
{
    struct world *w = *state;
    struct h *h = &w->h;
    struct ak_msg_sign_request sign = {0};
    struct ak_msg_sign_reply signed_by;
    struct ak_msg_sign_in_reply reply;
    struct box_wallet own = {{{0}}, {0}};
    char text[2048];
    memcpy(own.address, w->alice.wallet, 20);
    size_t len = box_wallet_text(h, &w->alice.device, &own, text);
    assert_true(len > 0);
    memcpy(sign.omni_account, w->alice.anchor, 32);
    sign.message = ak_span(text, len);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_SIGN_MESSAGE, &sign), AK_CODE_OK);
    h_reply(h, &ak_sign_reply_msg, &signed_by);
    assert_int_equal(
        box_wallet_answer(h, &w->alice.device, ak_span(text, len), signed_by.signature, NULL, NULL),
        AK_CODE_OK);
    box_reply(h, &reply);
    assert_memory_equal(reply.anchor, w->alice.anchor, 32);
    assert_false(reply.account_new);
    /* somebody who has the key itself gets nothing on a device that is none of the account's */
    struct ak_secret32 scalar, chain_code;
    uint8_t signature[65];
    assert_int_equal(ak_keys_user(&h->root, w->alice.anchor, &scalar, &chain_code), AK_OK);
    own.scalar = scalar;
    len = box_wallet_text(h, &w->bob.device, &own, text);
    box_wallet_sign(&own, ak_span(text, len), signature);
    assert_int_equal(box_wallet_answer(h, &w->bob.device, ak_span(text, len), signature, NULL, NULL),
        AK_CODE_DEVICE_NOT_ENROLLED);
    /* for another device the owner's session does not even sign such a text (policy) */
    len = box_wallet_text(h, &w->bob.device, &own, text);
    sign.message = ak_span(text, len);
    assert_int_equal(
        h_call(h, &w->alice.device, h_token(&w->alice), AK_CALL_SIGN_MESSAGE, &sign), AK_CODE_INVALID_SIWE);
}

static void test_requests(void **state)
{
    struct world *w = *state;
    struct ak_msg_wallet_started_request request = {.chain_id = 1};
    struct h_how how = {.path = "/v1/auth/wallet/verify"};
    assert_int_equal(h_call_how(&w->h, &w->bob.device, AK_SPAN_EMPTY, AK_CALL_WALLET_STARTED, &request, &how),
        AK_CODE_BAD_SIGNATURE);
    assert_int_equal(h_call(&w->h, &w->bob.device, h_token(&w->bob), AK_CALL_WALLET_STARTED, &request),
        AK_CODE_INVALID_TOKEN);
    uint8_t signature[65] = {0};
    assert_int_equal(
        box_wallet_answer(&w->h, &w->bob.device, AK_SPAN_LIT("no such text"), signature, NULL, NULL),
        AK_CODE_INVALID_SIWE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(test_opens_and_signs_in),
        WORLD_TEST(test_texts),
        WORLD_TEST(test_every_change_is_refused),
        WORLD_TEST(test_high_s),
        WORLD_TEST(test_derived_addresses),
        WORLD_TEST(test_requests),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
